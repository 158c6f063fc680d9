"""The demo city and its 72 hours on the screen: what a new user sees after two commands.

With SONAE_SCREENSHOTS=1 this journey makes the pictures of the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from sonae.demo import load, play
from sonae.demo.city import generate
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import Account
from sonae.domains.municipalities.interface import forget_serving
from sonae.domains.safety import interface as safety
from sonae.platform import outbox, worlds
from sonae.platform.access import Role
from sonae.platform.scope import World
from sonae.web import kept
from tests.fixtures import CODE

from .conftest import DESKTOP, PHONE, CheckPage, _context, _opened, enter_as


@pytest.fixture
def demo(live_server: Any) -> Iterator[str]:
    """The small demo city behind the running server."""
    load.create(generate("small", 1))
    forget_serving()
    yield str(live_server.url)
    forget_serving()


@pytest.fixture
def desk(browser: Browser, demo: str) -> Iterator[Page]:
    """An operator's browser."""
    with _context(browser, demo, viewport=DESKTOP) as context:
        page = _opened(context)
        enter_as(page, demo, Account.objects.get(email="operator@sonae.example"))
        yield page


@pytest.fixture
def hand(browser: Browser, demo: str) -> Iterator[Page]:
    """A resident's phone: someone whom the plan tells to leave."""
    with _context(browser, demo, viewport=PHONE) as context:
        yield _opened(context)


def forward(hours: float) -> None:
    """Play ``hours`` of the story at once."""
    with worlds.entered(CODE, World.EXERCISE):
        play.run(20_000, hours, lambda told: None)
    kept.forget()


def number(page: Page) -> int:
    """The one number."""
    text = page.locator("#unaccounted-number").inner_text()
    return int("".join(sign for sign in text if sign.isdigit()))


def test_the_play_is_started_on_the_screen_and_moves(desk: Page, check_page: CheckPage) -> None:
    """Press play; the clock of the exercise runs; stop; the page says where it stands."""
    desk.goto("/staff/exercise/")
    expect(desk.get_by_text("まだ始めていません")).to_be_visible()
    desk.get_by_label("3600倍").check()
    desk.get_by_role("button", name="再生する").click()
    assert "/drill/staff/exercise/" in desk.url
    expect(desk.get_by_text("再生中")).to_be_visible()
    for _ in range(20):
        outbox.drain(most=3)
        if play_status()["step"] >= 1:
            break
        desk.wait_for_timeout(200)
    assert play_status()["step"] >= 1
    expect(desk.get_by_text("いまの場面：")).to_be_visible(timeout=10_000)
    desk.get_by_role("button", name="止める").click()
    expect(desk.get_by_text("停止中")).to_be_visible()
    check_page(desk, "exercise")


def play_status() -> dict[str, Any]:
    """Where the play stands."""
    with worlds.entered(CODE):
        return play.status()


def test_twelve_hours_into_the_flood(
    desk: Page, hand: Page, demo: str, check_page: CheckPage
) -> None:
    """The desk, the list, the map, the public page and a resident's page, all in the exercise."""
    forward(5)
    desk.goto("/drill/staff/")
    early = number(desk)
    forward(7)
    desk.goto("/drill/staff/")
    late = number(desk)
    assert 0 < late < early
    with worlds.entered(CODE, World.EXERCISE):
        count = safety.unaccounted_shown()
        levels = {order.level for order in evacuation.orders_in_force()}
        someone = _told_to_leave()
    assert count.unaccounted == late
    assert max(levels) == 5
    troubles = desk.locator(".card .notice.error").all_inner_texts()
    assert all("助けを求めている人" in text for text in troubles), troubles
    check_page(desk, "staff-desk")
    desk.goto("/drill/staff/safety/")
    check_page(desk, "staff-unaccounted")
    desk.goto("/drill/staff/map/?what=exposed")
    check_page(desk, "staff-map")
    _see_as_resident(hand, demo, someone, check_page)


def _told_to_leave() -> int:
    """A resident whom the plan tells to leave for a place with a way (primary key)."""
    run = evacuation.current_run()
    advice = evacuation.Advice.objects.filter(
        run=run,
        decision="leave",
        facility__isnull=False,
        resident__shielded=False,
        distance_m__gt=300,
    )
    found = advice.order_by("pk").first()
    assert found is not None
    return int(found.resident_id)


def _see_as_resident(hand: Page, demo: str, resident_pk: int, check_page: CheckPage) -> None:
    """The public page and the resident's own, on a phone."""
    account = Account.objects.create_user(
        "seen@example.jp", role=Role.RESIDENT.value, municipality=CODE, resident_pk=resident_pk
    )
    enter_as(hand, demo, account)
    hand.goto("/drill/")
    expect(hand.locator(".alarm.level-5")).to_be_visible()
    check_page(hand, "public-order-phone")
    hand.goto("/drill/me/")
    expect(hand.locator("svg.route-map")).to_be_visible()
    check_page(hand, "resident-page-phone")
    hand.goto("/")
    expect(hand.get_by_text("警報が出ているかどうかは、分かりません")).to_be_visible()
