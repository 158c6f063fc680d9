"""The reception desk in a real browser: by keyboard alone, without JavaScript, server gone, exercise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from sonae.core import clock
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.fixtures import City
from tests.journeys.conftest import CheckPage, SignIn

pytestmark = pytest.mark.django_db(transaction=True)

POLLED = 20_000
"""Milliseconds within which a part that asks every 5 s must have noticed, on a busy machine too."""


def open_desk(page: Page, sign_in: SignIn, prefix: str = "") -> None:
    """Sign in as a clerk and choose 高台中学校."""
    sign_in(page, Role.RECEPTION, name="受付 係")
    page.goto(f"{prefix}/reception/")
    page.get_by_role("button", name="高台中学校の受付をする").click()
    expect(page.get_by_role("banner")).to_contain_text("高台中学校")


def inside(city: City) -> int:
    return safety.occupancy(city.facilities["F2"].pk).people


def test_a_scan_two_keys_and_done(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    open_desk(page, sign_in)
    check_page(page, "reception-empty")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(qr.make(qr.PERSON, "R0011", clock.now() + timedelta(days=1)))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="印の人を受付する")).to_be_focused()
    check_page(page, "reception-household")
    page.keyboard.press("Enter")
    result = page.get_by_role("status").filter(has_text="受付しました")
    expect(result).to_contain_text("備 太郎")
    expect(page.locator("#q")).to_be_focused()
    check_page(page, "reception-done")
    assert inside(city) == 1
    [timed] = safety.Sighting.objects.values_list("seconds", flat=True)
    assert timed is not None and 0 < timed < 60, "from the first key to the button"
    page.get_by_text("名簿にない人を受け付ける").click()
    page.get_by_label("氏名かフリガナ").fill("ソト ライ")
    page.get_by_role("button", name="受付する", exact=True).click()
    expect(result).to_contain_text("ソト ライ")
    second = safety.Sighting.objects.exclude(visitor=None).get().seconds
    assert second is not None and second < timed + 60


def test_a_family_by_name_then_undone(page: Page, city: City, sign_in: SignIn) -> None:
    open_desk(page, sign_in)
    page.locator("#q").fill("ソナエ タロウ")
    page.keyboard.press("Enter")
    page.get_by_label("備 花子").check()
    page.get_by_role("button", name="印の人を受付する").click()
    expect(page.get_by_role("status").filter(has_text="受付しました")).to_contain_text("備 花子")
    expect(page.locator("#live .figure-number")).to_contain_text("2")
    page.get_by_role("button", name="備 太郎の「受付」を取り消す").click()
    expect(page.locator("#live .figure-number")).to_contain_text("1")
    assert inside(city) == 1


def test_without_javascript(plain: Page, city: City, sign_in: SignIn) -> None:
    open_desk(plain, sign_in)
    plain.locator("#q").fill("C0042")
    plain.get_by_role("button", name="さがす").click()
    plain.get_by_role("button", name="印の人を受付する").click()
    expect(plain.get_by_text("受付しました")).to_be_visible()
    plain.get_by_text("名簿にない人を受け付ける").click()
    plain.get_by_label("氏名かフリガナ").fill("ソト ライ")
    plain.get_by_role("button", name="受付する", exact=True).click()
    expect(plain.get_by_text("ソト ライ").first).to_be_visible()
    assert inside(city) == 2


def test_on_a_small_tablet_nothing_is_lost_from_sight(
    narrow: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    open_desk(narrow, sign_in)
    narrow.locator("#q").fill("だれもいない")
    narrow.keyboard.press("Enter")
    expect(narrow.get_by_text("名簿に見つかりません")).to_be_visible()
    expect(narrow.get_by_label("氏名かフリガナ")).to_be_visible()
    check_page(narrow, "reception-narrow")


def test_a_server_that_is_gone_is_said_and_nothing_is_pretended(
    page: Page, city: City, sign_in: SignIn
) -> None:
    open_desk(page, sign_in)
    page.locator("#q").fill("C0011")
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="印の人を受付する")
    expect(button).to_be_enabled()

    def gone(route: Route) -> None:
        route.abort()

    page.route("**/reception/live/", gone)
    expect(page.get_by_role("alert")).to_contain_text("いま押しても記録されません", timeout=POLLED)
    expect(button).to_be_disabled()
    assert inside(city) == 0
    page.unroute("**/reception/live/", gone)
    expect(page.locator("#unreachable")).to_be_hidden(timeout=POLLED)
    expect(button).to_be_enabled()


def test_another_desk_s_arrivals_appear_by_themselves(
    page: Page, city: City, sign_in: SignIn
) -> None:
    open_desk(page, sign_in)
    expect(page.locator("#live .figure-number")).to_contain_text("0")
    terminal, _token = safety.enrol_terminal("F2", "受付2")
    safety.receive(terminal, [{
        "id": "0197c2aa-0000-7000-8000-000000000001", "direction": "in",
        "occurred_at": clock.now().isoformat(), "person": {"resident_id": "R0041"},
    }])  # fmt: skip
    expect(page.locator("#live .figure-number")).to_contain_text("1", timeout=POLLED)


def test_the_exercise_wears_its_dress(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    open_desk(page, sign_in, "/drill")
    expect(page.get_by_text("訓練", exact=True).first).to_be_visible()
    page.locator("#q").fill("C0011")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="印の人を受付する").click()
    expect(page.get_by_text("受付しました")).to_be_visible()
    check_page(page, "reception-exercise")
    assert inside(city) == 0
    with city.entered(World.EXERCISE):
        assert inside(city) == 1
