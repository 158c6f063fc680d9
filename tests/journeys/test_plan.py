"""マイ・タイムライン in three questions: with a log-in it is kept, without one its address carries it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sonae.domains.evacuation.interface import HouseholdTimeline
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.fixtures import City, flood_telegram

from .conftest import CheckPage, SignIn

TARO = "備 太郎"


def test_without_a_log_in_the_address_carries_the_plan(plain: Page, city: City) -> None:
    """No JavaScript: town, three answers, five levels with times; the address opens the same plan."""
    plain.goto("/plan/")
    plain.get_by_label("いまいる町の名前").fill("西町")
    plain.get_by_role("button", name="避難先をさがす").click()
    plain.get_by_label("高齢の人").check()
    plain.get_by_label("ペット").check()
    plain.get_by_label("歩いて行く").check()
    plain.get_by_label("市が指定した避難場所").check()
    plain.get_by_role("button", name="計画を見る").click()
    third = plain.locator(".levels > li").nth(2)
    expect(third).to_contain_text("ここで出発")
    expect(third).to_contain_text("発表から15分以内に家を出ます")
    # 300 m at 0.63 m/s are 7.9 minutes; in the dark ×0.8: 9.9.
    expect(third).to_contain_text("発表から約23分（夜は約25分）")
    expect(plain.get_by_text("中央公園").first).to_be_visible()
    expect(
        plain.get_by_text("ペット：いっしょに入れるか、確かめられていません。").first
    ).to_be_visible()
    steps = plain.locator(".levels").inner_text()
    plain.goto(plain.get_by_label("この計画のアドレス").input_value())
    assert plain.locator(".levels").inner_text() == steps
    assert not HouseholdTimeline.objects.exists()


@pytest.mark.parametrize(
    ("name", "path"),
    [("plan-seek", "/plan/"), ("plan-ask", "/plan/?town=001"),
     ("plan", "/plan/?town=001&m=child,wheelchair,pets&leaving=fetched&goal=site")],
)  # fmt: skip
def test_the_pages_are_accessible_and_fit_a_phone(
    phone: Page, city: City, check_page: CheckPage, name: str, path: str
) -> None:
    phone.goto(path)
    check_page(phone, f"{name}-phone")


def test_the_name_of_an_own_destination_is_in_no_address(plain: Page, city: City) -> None:
    """Kind and town are enough for the check; what the maps say is told."""
    query = "town=001&leaving=car&goal=own&kind=relatives&name=ひみつの家&place_town=西町"
    plain.goto(f"/plan/?{query}")
    link = plain.get_by_label("この計画のアドレス").input_value()
    assert "name=" not in link
    expect(plain.get_by_text("行き先は危険区域の中です。")).to_be_visible()
    expect(plain.get_by_text("着く時刻は計算していません")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "told"),
    [("goal=own&leaving=car", "行き先がどんな所かを選んでください。"),
     ("goal=moon&leaving=car", "3つの質問すべてに答えてください。"),
     ("goal=own&leaving=car&kind=relatives&place_town=どこにもない", "見つかりませんでした。"),
     ("goal=own&leaving=car&kind=relatives&place_town=町", "行き先の町が3件あります。"),
     ("goal=upstairs&leaving=on_foot", "この家では選べません。"),
     ("goal=upstairs&leaving=on_foot&storeys=1&floor=1", "この家では選べません。"),
     ("goal=upstairs&leaving=on_foot&storeys=999&floor=x", "階は、1から60までの数字で")],
)  # fmt: skip
def test_wrong_answers_are_told_and_can_be_mended(
    plain: Page, city: City, query: str, told: str
) -> None:
    plain.goto(f"/plan/?town=001&{query}")
    expect(plain.get_by_role("alert")).to_contain_text(told)
    expect(plain.get_by_role("button", name="計画を見る")).to_be_visible()


def test_high_above_the_water_one_may_plan_to_stay(plain: Page, city: City) -> None:
    plain.goto("/plan/?town=001&goal=upstairs&leaving=on_foot&storeys=８&floor=5")
    expect(plain.locator(".levels > li").nth(3)).to_contain_text("全員が上の階へ移り、外へ出ない。")
    assert plain.get_by_text("ここで出発").count() == 0


def test_a_household_s_plan_is_kept_changed_taken_back_and_deleted(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(phone, Role.RESIDENT, city.residents[TARO].pk)
    phone.goto("/me/")
    phone.get_by_role("link", name="計画をつくる").click()
    expect(phone.get_by_label("家の上の階に残る")).to_be_disabled()
    expect(phone.get_by_label("家にとどまる")).to_be_disabled()
    phone.get_by_label("ペット").check()
    phone.get_by_label("自分たちの車で行く").check()
    phone.get_by_label("自分で決めた所").check()
    phone.get_by_text("自分で決めた所へ行く人は、ここも答えてください").click()
    check_page(phone, "my-plan-ask-phone")
    phone.get_by_label("親せき・知人の家").check()
    phone.get_by_label("名前（書かなくてもよい）").fill("姉の家")
    phone.get_by_label("行き先の町（市の中のとき）").fill("ひがしまち")
    phone.get_by_role("button", name="保存して計画を見る").click()
    expect(phone.get_by_text("計画を保存しました。")).to_be_visible()
    expect(phone.get_by_text("親せき・知人の家：姉の家（東町）").first).to_be_visible()
    check_page(phone, "my-plan-phone")
    phone.get_by_role("button", name="自分で決めた行き先を取り消す").click()
    expect(phone.get_by_text("市が指定した避難場所")).to_be_visible()
    phone.get_by_role("button", name="前の計画に戻す").click()
    expect(phone.get_by_text("親せき・知人の家：姉の家（東町）").first).to_be_visible()
    phone.get_by_text("計画を消す").first.click()
    phone.get_by_role("button", name="計画を消す").click()
    expect(phone.get_by_text("控えも残っていません")).to_be_visible()
    assert not HouseholdTimeline.objects.exists()


@pytest.mark.parametrize(
    ("town", "sentence", "note"),
    [("西町", "中央公園へ避難してください", "は、危険区域の中です。上の避難場所へ向かってください。"),
     ("", "親せき・知人の家：姉の家（場所は未記入）へ避難してください", "そこが危険かどうかは、分かっていません。")],
)  # fmt: skip
def test_the_sentence_leads_to_an_own_destination_unless_a_map_speaks_against_it(
    phone: Page, city: City, sign_in: SignIn, town: str, sentence: str, note: str
) -> None:
    """Allowed, and never into the water that is warned of."""
    from sonae.domains.evacuation.interface import timelines
    from sonae.engines.evacuation.timeline import Answers
    from tests.fixtures import actor

    taro = actor(Role.RESIDENT, 7, city.residents[TARO].pk)
    place = timelines.Destination("relatives", "姉の家", city.towns.get(town))
    timelines.state(taro, Answers(goal="own"), place)
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    sign_in(phone, Role.RESIDENT, city.residents[TARO].pk)
    phone.goto("/me/")
    expect(phone.locator("h1")).to_contain_text(sentence)
    expect(phone.locator("section.alarm").first).to_contain_text(note)
    expect(phone.get_by_role("heading", name="避難先").locator("..")).to_contain_text("中央公園")


def test_the_desk_sees_where_a_household_meant_to_go(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Counted apart, listed with what the maps know of the place."""
    from sonae.domains.evacuation.interface import timelines
    from sonae.engines.evacuation.timeline import Answers
    from tests.fixtures import actor

    taro = actor(Role.RESIDENT, 7, city.residents[TARO].pk)
    place = timelines.Destination("relatives", "=姉の家", city.towns["東町"])
    timelines.state(taro, Answers(goal="own"), place)
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/")
    page.get_by_role("link", name="自分で決めた行き先へ向かう見込み：3人").click()
    rows = page.locator("table.stacked tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("親せき・知人の家：=姉の家（東町）")
    check_page(page, "staff-own-destination")


def test_cards_for_door_to_door(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Choose towns, see it grow, fetch one file; a viewer is not let in."""
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/cards/")
    page.get_by_label("何のために配りますか").fill("出水期前の戸別訪問")
    page.locator("label.choice").first.click()
    check_page(page, "staff-cards")
    page.get_by_role("button", name="PDFを作る").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    check_page(page, "staff-cards-progress")
    outbox.drain()
    expect(page.get_by_role("link", name="PDFを取り出す")).to_be_visible()
    with page.expect_download() as fetched:
        page.get_by_role("link", name="PDFを取り出す").click()
    assert fetched.value.suggested_filename.startswith("hinan-cards-")
    check_page(page, "staff-cards-ready")
    sign_in(page, Role.VIEWER)
    answer = page.goto("/staff/cards/")
    assert answer is not None
    assert answer.status == 403


def test_at_the_window_a_clerk_writes_it_for_someone_without_a_phone(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/cards/")
    page.get_by_role("link", name="窓口：1世帯のカードと計画").click()
    page.get_by_label("氏名、フリガナ").fill("ヤマザキ")
    page.get_by_label("氏名、フリガナ").press("Enter")
    check_page(page, "window-search")
    page.get_by_role("link", name="山﨑 清").click()
    check_page(page, "window-home")
    page.get_by_role("link", name="計画をつくる").click()
    page.get_by_label("だれかに迎えに来てもらう").check()
    page.get_by_label("市が指定した避難場所").check()
    check_page(page, "window-plan-ask")
    page.get_by_role("button", name="保存して計画を見る").click()
    expect(page.get_by_text("計画を保存しました")).to_be_visible()
    check_page(page, "window-plan")
    page.get_by_role("link", name="世帯のページへ").click()
    expect(page.get_by_text("市が指定した避難場所")).to_be_visible()
