"""A resident without a log-in: what is happening, where to go; also without JavaScript, at 320 pixels."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.web import kept
from tests.fixtures import ADMINISTRATOR, OPERATOR, City, flood_telegram

from .conftest import CheckPage

SHELL, VISIT = 14 * 1024, 100 * 1024


def heading(page: Page) -> str:
    """The first sentence."""
    return page.locator("h1").inner_text()


def test_a_town_is_found_however_it_is_written(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """In Latin letters, in kana, with a house number: one town, answered at once."""
    for typed in ("nishimachi", "にしまち", "西町1-2-3"):
        page.goto("/where/")
        page.get_by_label("いまいる町の名前").fill(typed)
        page.get_by_role("button", name="避難先をさがす").click()
        expect(page.locator(".kicker").first).to_contain_text("西町からの避難先")
    page.goto("/where/?q=zzz")
    expect(page.get_by_role("alert")).to_contain_text("見つかりませんでした")
    check_page(page, "where-list")


def test_a_quiet_day_says_so_with_its_time(page: Page, city: City, check_page: CheckPage) -> None:
    """Nothing is in force: only with a line alive is that known, and either is said."""
    page.goto("/")
    assert "警報が出ているかどうかは、分かりません" in heading(page)
    expect(page.get_by_text("電文はまだ一度も受け取っていません")).to_be_visible()
    check_page(page, "public-deaf")
    url = "https://example.jp/feed/"
    row = warnings.add_input(ADMINISTRATOR, "jma-feed", "気象庁", {"url": url})
    now = clock.now()
    warnings.WarningInput.objects.filter(pk=row.pk).update(
        state="running", started_at=now, heard_at=now
    )
    kept.forget()
    page.goto("/")
    assert "避難情報や警報は出ていません" in heading(page)
    expect(page.locator(".alarm time")).to_be_visible()
    check_page(page, "public-calm")


def test_a_warning_is_told_as_equivalent_and_never_as_an_order(
    phone: Page, city: City, check_page: CheckPage
) -> None:
    """A level 4 telegram without an order: leave by yourself; no order is out."""
    warnings.accept(flood_telegram(4), via="test")
    phone.goto("/")
    assert "市からの避難情報を待たず" in heading(phone)
    expect(phone.get_by_text("警戒レベル4相当").first).to_be_visible()
    expect(phone.get_by_text("市からの避難情報は、いまのところ出ていません")).to_be_visible()
    assert phone.locator(".alarm.level-4").count() == 0
    check_page(phone, "public-warning-phone")


def test_a_town_is_found_by_reading_and_leads_to_the_designated_site(
    phone: Page, city: City, check_page: CheckPage
) -> None:
    """The nearest school is not designated for floods and must not be named; the park is, by road."""
    warnings.accept(flood_telegram(4), via="test")
    phone.goto("/")
    phone.get_by_label("いまいる町の名前").fill("にしまち")
    phone.get_by_role("button", name="避難先をさがす").click()
    expect(phone.locator(".kicker").first).to_contain_text("西町からの避難先")
    expect(phone.locator("h1")).to_contain_text("いますぐ中央公園へ避難してください（歩いて約")
    first = phone.locator("section.card").first
    expect(first.locator("h2")).to_contain_text("洪水")
    expect(first.locator(".lead")).to_have_text("中央公園")
    expect(first).to_contain_text("道のり")
    expect(first).to_contain_text("歩いて約")
    expect(first).to_contain_text("開設は未確認")
    assert "第一小学校" not in first.inner_text()
    check_page(phone, "public-where-phone")


def test_a_hazard_nobody_is_designated_for_is_answered_plainly(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """No nearest shelter when none is designated: say so."""
    page.goto(f"/where/?town={city.towns['西町'].code}&hazard=tsunami")
    expect(page.get_by_text("津波に指定された避難場所は、市内にありません")).to_be_visible()
    assert page.locator("svg.route-map").count() == 0
    check_page(page, "public-none-designated")


def test_all_designated_sites_full_is_not_the_same_as_none(page: Page, city: City) -> None:
    """Full and closed ones are not named, and the page says that they exist."""
    for place in shelters.places():
        if "flood" in place.hazards:
            shelters.set_state(OPERATOR, place.facility.pk, "full")
    page.goto(f"/where/?town={city.towns['西町'].code}&hazard=flood")
    expect(page.get_by_text("いますべて使えないか満員です")).to_be_visible()


def test_by_position_where_the_browser_knows_it(page: Page, city: City, site: str) -> None:
    """The button leads to the answer for the place; only about ten metres exact."""
    home = city.facilities["F1"]
    page.context.grant_permissions(["geolocation"], origin=site)
    page.context.set_geolocation({"latitude": home.latitude, "longitude": home.longitude})
    page.goto("/where/?hazard=flood")
    page.get_by_role("button", name="いまいる場所でさがす").click()
    expect(page.locator(".kicker").first).to_contain_text("いまいる場所からの避難先")
    assert f"at={home.latitude:.4f}" in page.url and "hazard=flood" in page.url
    expect(page.locator("section.card .lead").first).to_have_text("中央公園")


def test_a_refused_position_leaves_the_other_way(page: Page, city: City) -> None:
    """Without permission: a sentence, and the search still there."""
    page.goto("/where/")
    page.get_by_role("button", name="いまいる場所でさがす").click()
    expect(page.get_by_text("場所が分かりませんでした")).to_be_visible()


def test_everything_works_without_javascript(plain: Page, city: City) -> None:
    """Search by a part of the name, by the list, a word that fits nothing."""
    plain.goto("/")
    assert not plain.get_by_role("button", name="いまいる場所でさがす").is_visible()
    plain.get_by_label("いまいる町の名前").fill("町")
    plain.get_by_role("button", name="避難先をさがす").click()
    expect(plain.get_by_role("heading", name="町をえらんでください")).to_be_visible()
    plain.get_by_role("link", name="中町").first.click()
    expect(plain.locator(".kicker").first).to_contain_text("中町からの避難先")
    plain.get_by_label("いまいる町の名前").fill("ほげ")
    plain.get_by_role("button", name="避難先をさがす").click()
    expect(plain.get_by_text("「ほげ」に合う町は見つかりませんでした")).to_be_visible()
    expect(plain.get_by_text("ナ行")).to_be_visible()


def test_the_list_of_shelters_tells_open_from_unknown(
    phone: Page, city: City, check_page: CheckPage
) -> None:
    """Open with its time, crowded by the head-count, unknown stays unknown, for whom it is meant."""
    school = city.facilities["F2"]
    shelters.set_state(OPERATOR, school.pk, "open")
    shelters.set_state(OPERATOR, city.facilities["F1"].pk, "closed")
    safety.report_self([city.residents["備 太郎"].pk], "safe", actor=OPERATOR)
    phone.goto("/shelters/")
    top = phone.locator("section.card").first
    expect(top).to_contain_text("高台中学校")
    expect(top).to_contain_text("開設中")
    expect(top).to_contain_text("混雑は不明")
    expect(phone.get_by_text("高齢者・障害のある人のための所")).to_be_visible()
    expect(phone.get_by_text("閉鎖")).to_be_visible()
    check_page(phone, "public-shelters-phone")


@pytest.mark.parametrize("path", ["/", "/where/", "/shelters/", "/nothing-here/"])
def test_the_narrowest_screen_needs_no_sideways_scrolling(
    narrow: Page, city: City, path: str
) -> None:
    """320 pixels, the width of an old phone."""
    warnings.accept(flood_telegram(5), via="test")
    narrow.goto(path)
    assert narrow.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_language_is_chosen_by_a_link_and_kept(page: Page, city: City) -> None:
    """English by a link, on this and the next page; やさしい日本語 is Japanese to the machine."""
    page.goto("/shelters/")
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(page.url.split("/language/")[0])
    assert page.locator("html").get_attribute("lang") == "en"
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator(".brand")).to_contain_text("Shiken City")
    page.get_by_role("link", name="やさしい日本語").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies["sonae_language"] == "ja-x-easy"


def test_the_first_visit_is_light(phone: Page, city: City) -> None:
    """HTML and CSS fit the first round trips; all bodies together stay below 100 kB."""
    warnings.accept(flood_telegram(5), via="test")
    sizes: dict[str, int] = {}
    phone.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    phone.goto("/", wait_until="networkidle")
    page_body = phone.content().encode()
    css = next(url for url in sizes if url.endswith(".css"))
    sheet = phone.request.get(css).body()
    assert len(gzip.compress(page_body)) + len(gzip.compress(sheet)) <= SHELL
    assert sum(sizes.values()) <= VISIT, sizes


def test_the_skip_link_leads_to_the_text(page: Page, city: City) -> None:
    """The keyboard reaches the text with two keys."""
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
