"""Running a shelter in the browser: supper handed out, blankets asked for and sent, terminals and times looked at."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Page, expect

from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Role
from sonae.web.sheltering.names import SECTIONS
from tests.domains.safety.test_ledger import sighting
from tests.domains.sheltering.test_sheltering import full_house
from tests.fixtures import CLERK, City

from .conftest import CheckPage, SignIn


def test_a_day_at_a_shelter_and_at_headquarters(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    pk = full_house(city)
    safety.enrol_terminal("F2", "受付1")
    sign_in(page, Role.ADMINISTRATOR)
    page.goto(f"/reception/shelter/{pk}/")
    expect(page.get_by_role("heading", name="いまいる人と必要な支援")).to_be_visible()
    check_page(page, "sheltering")
    page.get_by_role("navigation").get_by_role("link", name="配食").click()
    page.get_by_label("配るもの").fill("夕食")
    page.get_by_label("卵").check()
    page.get_by_role("button", name="配り始める").click()
    page.get_by_role("link", name="配る").click()
    page.get_by_label("QR・カード・氏名・フリガナ").fill("備")
    page.get_by_role("button", name="さがす").click()
    expect(page.get_by_role("checkbox", name="備 太郎")).to_be_checked()
    check_page(page, "sheltering-meal")
    page.get_by_role("button", name="印をつけた人に渡した").click()
    expect(page.get_by_text("3人に渡しました。")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 740})
    page.goto(f"/reception/shelter/{pk}/supplies/")
    ask = page.locator("form").filter(has=page.get_by_role("button", name="要請する", exact=True))
    ask.get_by_label("分類").select_option("寝具")
    ask.get_by_label("品名").fill("毛布")
    ask.get_by_label("数量").fill("50")
    ask.get_by_label("単位").fill("枚")
    ask.get_by_role("button", name="要請する", exact=True).click()
    expect(page.get_by_text("要請しました：毛布 50枚")).to_be_visible()
    check_page(page, "sheltering-supplies-phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/staff/supplies/")
    row = page.get_by_role("row").filter(has_text="毛布")
    row.get_by_role("button", name="発送した").click()
    expect(page.get_by_role("row").filter(has_text="毛布")).to_contain_text("発送した")
    check_page(page, "staff-supplies")
    page.goto("/staff/terminals/")
    check_page(page, "staff-terminals")
    page.get_by_role("button", name="登録してQRを出す").click()
    expect(page.get_by_role("img", name="登録のQR T002")).to_be_visible()
    check_page(page, "staff-terminals-enrolled")
    page.goto("/staff/stopwatch/?people=500&hours=1&seconds=32")
    expect(
        page.get_by_role("table", name="窓口の数と待ち時間").or_(
            page.get_by_label("窓口の数と待ち時間")
        )
    ).to_be_visible()
    check_page(page, "staff-stopwatch")
    assert sheltering.meals(pk)[0].served == 3


def test_every_page_of_a_shelter_and_of_its_terminals_is_fit_to_be_seen(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Empty on a phone, full on a phone and on a desk: nothing wider than the screen, nothing axe finds."""
    pk, there = city.facilities["F2"].pk, city.facilities["F1"].pk
    pages = {
        "desk": "/reception/", "household": "/reception/?q=C0011", "overview": f"/reception/shelter/{pk}/",
        **{name: f"/reception/shelter/{pk}/{name}/" for name in SECTIONS}, "supplies-all": "/staff/supplies/",
        "terminals": "/staff/terminals/", "stopwatch": "/staff/stopwatch/",
        "family": f"/staff/people/r{city.residents['備 太郎'].pk}/family/",
        "people": f"/staff/shelters/{pk}/people/",
    }  # fmt: skip

    def walk(kind: str, width: int, only: Iterable[str] = pages) -> None:
        page.set_viewport_size({"width": width, "height": 800})
        for name in only:
            page.goto(pages[name])
            check_page(page, f"walk-{name}-{kind}-{width}")

    sign_in(page, Role.ADMINISTRATOR)
    page.goto("/reception/")
    page.get_by_role("button", name="高台中学校の受付をする").click()
    walk("empty", 375, ("overview", "moves", "rooms", "terminals", "stopwatch", "supplies-all"))
    full_house(city)
    shelters.set_state(CLERK, there, "open", ordered_by="mayor")
    move = {"minutes": 1, "offline": True}
    safety.record(
        [
            sighting(city, "備 一郎", direction="out", bound_for=there, **move),
            sighting(city, "斎藤 健", "F1", direction="out", bound_for=pk, **move),
        ]
    )
    sheltering.set_room(CLERK, pk, "体育館", "general", "20")
    sheltering.ask(
        CLERK, pk, "bedding", "毛布（子ども用をふくむ、大きさはそれぞれ）", "50", "枚", urgent=True
    )
    safety.enrol_terminal("F2", "受付1")
    walk("full", 375)
    walk("full", 1280, ("household", "moves", "supplies-all", "terminals"))
