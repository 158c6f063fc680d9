"""A resident with a log-in: my danger, my way, 無事です, my card, who looked; also without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.platform.scope import World
from tests.fixtures import VIEWER, City, flood_telegram

from .conftest import CheckPage, SignIn

TARO, KEN = "備 太郎", "斎藤 健"


@pytest.fixture
def flooded(city: City) -> City:
    """A level 4 flood warning, planned for and under inquiry."""
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    return city


def test_without_a_log_in_the_page_leads_there(page: Page, city: City) -> None:
    """And back again afterwards."""
    page.goto("/me/")
    assert "/accounts/login/?next=/me/" in page.url


def test_my_danger_my_way_and_why(
    phone: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """The decision with its rule, the designated site, the way drawn, the zone with its source."""
    taro = flooded.residents[TARO]
    sign_in(phone, Role.RESIDENT, taro.pk)
    phone.goto("/me/")
    advice = evacuation.advice_of([taro.pk])[taro.pk]
    assert advice.decision == "leave" and advice.facility is not None
    expect(phone.locator("h1")).to_contain_text(
        f"いますぐ{advice.facility.name}へ避難してください（歩いて約"
    )
    expect(phone.locator("section.alarm").first).to_contain_text(
        "想定される浸水の深さが家の一番上の階より高いので、避難します。"
    )
    goal = phone.get_by_role("heading", name="避難先").locator("..")
    expect(goal.locator(".lead")).to_have_text(advice.facility.name)
    expect(goal.locator("svg.route-map")).to_be_visible()
    risk = phone.get_by_role("heading", name="家のある場所の危険").locator("..")
    expect(risk).to_contain_text("危険区域の中")
    expect(risk).to_contain_text("出典")
    check_page(phone, "me-phone")


def test_when_it_is_too_late_to_go_the_page_does_not_say_go(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Level 5: the way may be deadly; safety first, the site only if the way is known to be safe."""
    warnings.accept(flood_telegram(5), via="test")
    outbox.drain()
    sign_in(phone, Role.RESIDENT, city.residents[TARO].pk)
    phone.goto("/me/")
    told = phone.locator("section.alarm").first
    expect(told.locator("h1")).to_contain_text("外へ出ないで、いますぐ上の階か")
    assert "避難してください" not in told.inner_text()
    expect(
        phone.get_by_text("道が安全だと分かるときだけ、ここへ向かってください。")
    ).to_be_visible()
    check_page(phone, "me-late-phone")


def test_i_am_safe_with_one_press(
    phone: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """The whole household by default; the one number falls at once."""
    taro = flooded.residents[TARO]
    sign_in(phone, Role.RESIDENT, taro.pk)
    before = safety.unaccounted_count().unaccounted
    phone.goto("/me/")
    phone.get_by_role("button", name="無事です").click()
    expect(phone.get_by_text("3人の無事を市に伝えました。")).to_be_visible()
    assert safety.unaccounted_count().unaccounted == before - 3
    sources = {s.resident_id: s.source for s in safety.Sighting.objects.all()}
    assert sources[taro.pk] == "self"
    assert sources[flooded.residents["備 花子"].pk] == "family"
    expect(phone.locator(".choice").filter(has_text="備 太郎")).to_contain_text("無事です")
    check_page(phone, "me-safe-phone")


def test_only_those_ticked_and_where_they_are(phone: Page, flooded: City, sign_in: SignIn) -> None:
    """One member in the car; the others stay unaccounted for."""
    taro = flooded.residents[TARO]
    sign_in(phone, Role.RESIDENT, taro.pk)
    phone.goto("/me/")
    phone.get_by_label("備 花子").uncheck()
    phone.get_by_label("備 一郎").uncheck()
    phone.get_by_text("いまいる所も伝える").click()
    phone.get_by_label("車の中").check()
    phone.get_by_label("場所や様子（書かなくてもよい）").fill("総合公園の駐車場")
    phone.get_by_role("button", name="無事です").click()
    expect(phone.get_by_text("1人の無事を市に伝えました。")).to_be_visible()
    state = safety.state_of([taro.pk])[taro.pk]
    assert (state.direction, state.status, state.place) == ("in_car", "safe", "総合公園の駐車場")
    assert safety.state_of([flooded.residents["備 花子"].pk]) == {}


def test_needing_help_reaches_the_desk(plain: Page, flooded: City, sign_in: SignIn) -> None:
    """Without JavaScript; the desk lists the person, and 119 is named."""
    ken = flooded.residents[KEN]
    sign_in(plain, Role.RESIDENT, ken.pk)
    plain.goto("/me/")
    plain.get_by_role("button", name="助けが必要です").click()
    expect(plain.get_by_text("119番に電話してください").first).to_be_visible()
    assert [one.name for one in safety.help_wanted(VIEWER)] == [ken.name]


def test_nobody_ticked_is_told_and_stored_as_nothing(
    plain: Page, flooded: City, sign_in: SignIn
) -> None:
    """A slip of the finger, and a forged form for someone else's family."""
    sign_in(plain, Role.RESIDENT, flooded.residents[KEN].pk)
    plain.goto("/me/")
    plain.get_by_label("斎藤 健").uncheck()
    plain.get_by_role("button", name="無事です").click()
    expect(plain.get_by_text("だれのことか選ばれていません")).to_be_visible()
    assert not safety.Sighting.objects.exists()


def test_a_report_for_another_household_is_not_taken(
    page: Page, flooded: City, sign_in: SignIn, site: str
) -> None:
    """Only one's own household can be ticked, whatever the browser sends."""
    sign_in(page, Role.RESIDENT, flooded.residents[KEN].pk)
    page.goto("/me/")
    stranger = flooded.residents[TARO].pk
    page.evaluate(f"document.querySelector('[name=who]').value = '{stranger}'")
    page.get_by_role("button", name="無事です").click()
    expect(page.get_by_text("だれのことか選ばれていません")).to_be_visible()
    assert not safety.Sighting.objects.exists()


def test_a_report_in_the_drill_stays_in_the_drill(
    page: Page, flooded: City, sign_in: SignIn
) -> None:
    """The same page below /drill/ wears the stripes and writes into the other world."""
    sign_in(page, Role.RESIDENT, flooded.residents[KEN].pk)
    page.goto("/drill/me/")
    expect(page.get_by_role("note", name="訓練")).to_be_visible()
    page.get_by_role("button", name="無事です").click()
    assert "/drill/me/" in page.url
    assert not safety.Sighting.objects.exists()
    with flooded.entered(World.EXERCISE):
        assert safety.Sighting.objects.count() == 1


def test_the_card_prints_on_one_a6_page(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Names, sites per hazard, codes that the reception can verify; the menu is not printed."""
    taro = flooded.residents[TARO]
    sign_in(page, Role.RESIDENT, taro.pk)
    page.goto("/me/card/")
    card = page.locator(".paper-card")
    expect(card).to_contain_text("備 太郎、備 花子、備 一郎")
    expect(card).to_contain_text("洪水")
    assert page.locator(".qr svg").count() == 4
    check_page(page, "me-card")
    page.emulate_media(media="print")
    assert not page.locator(".site-nav").is_visible()
    assert not page.locator(".site-footer").is_visible()
    box = card.bounding_box()
    assert box is not None and box["height"] <= 105 / 25.4 * 96


def test_who_looked_is_shown_to_whom_it_concerns(
    phone: Page, flooded: City, sign_in: SignIn
) -> None:
    """A look at the list of the unaccounted appears on the page of those on it."""
    taro = flooded.residents[TARO]
    safety.unaccounted(VIEWER)
    sign_in(phone, Role.RESIDENT, taro.pk)
    phone.goto("/me/")
    seen = phone.get_by_role("heading", name="あなたの情報を見た人").locator("..")
    expect(seen.locator("li").first).to_be_visible()
    assert "まだ、だれも見ていません" not in seen.inner_text()


def test_an_account_without_a_resident_is_told_what_to_do(
    page: Page, city: City, sign_in: SignIn
) -> None:
    """No empty page: go to the window."""
    sign_in(page, Role.RESIDENT, None)
    answer = page.goto("/me/")
    assert answer is not None and answer.status == 422
    expect(page.get_by_text("市の窓口で")).to_be_visible()


def test_an_order_for_my_town_is_told_though_my_house_is_dry(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """No mapped danger at home, but the mayor's order names the town: the page must not contradict."""
    sign_in(page, Role.RESIDENT, flooded.residents["高橋 幸子"].pk)
    page.goto("/me/")
    expect(page.get_by_text("いま警戒している災害（洪水）の危険区域の外です")).to_be_visible()
    order = evacuation.EvacuationOrder.objects.create(
        number=99, level=4, hazard="flood", status="issued", drafted_by="x",
        drafted_at=clock.now(), issued_at=clock.now(),
    )  # fmt: skip
    order.towns.set([flooded.towns["東町"]])
    page.goto("/me/")
    expect(page.get_by_text("この町に避難指示が出ています。")).to_be_visible()
    assert "避難の必要はありません" not in page.content()
    check_page(page, "me-order")


def test_a_quiet_day_shows_where_to_go_per_hazard(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Nothing is warned of: the zones are told all the same, unsurveyed is not called safe."""
    sign_in(page, Role.RESIDENT, city.residents["山﨑 清"].pk)
    page.goto("/me/")
    expect(page.locator("h1")).to_contain_text("いま避難が必要かどうかは分かりません。")
    expect(page.locator("h1")).to_contain_text("洪水のときは、高台中学校へ避難します")
    expect(
        page.get_by_text("調べられていないだけで、安全という意味ではありません。")
    ).to_be_visible()
    expect(page.get_by_role("heading", name="災害ごとの避難先")).to_be_visible()
    check_page(page, "me-calm")
