"""The staff desk: one picture that renews itself, the list, the shelters, the map; also without extras."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.core.ids import uuid7
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from sonae.web import kept
from sonae.web.staff import panels
from sonae.web.templatetags import sonae as tags
from tests.fixtures import OPERATOR, City, flood_telegram

from .conftest import CheckPage, SignIn


@pytest.fixture
def flooded(city: City) -> City:
    """A level 4 flood warning, planned for and under inquiry."""
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    return city


@pytest.fixture
def no_vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation without the browser libraries."""
    found = tags._found
    monkeypatch.setattr(tags, "_found", lambda path: not path.startswith("vendor/") and found(path))
    yield


def number(page: Page) -> int:
    """The one number."""
    text = page.locator("#unaccounted-number").inner_text()
    return int("".join(sign for sign in text if sign.isdigit()))


def test_the_desk_before_anything_happened(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Every panel says what is not there yet, and what would bring it."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/")
    expect(page.get_by_text("安否確認は始まっていません")).to_be_visible()
    expect(page.get_by_text("警報が出ているかどうかは分かりません")).to_be_visible()
    expect(page.get_by_text("避難計画はまだ計算されていません")).to_be_visible()
    assert page.locator(".card .notice.error").count() == 0, "no panel is broken"
    check_page(page, "staff-empty")


def test_the_number_falls_on_the_screen_by_itself(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Eight people are shown; three report themselves; the open page shows five, not loaded again."""
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/")
    assert number(page) == safety.unaccounted_shown().unaccounted == 8, "without who is shielded"
    expect(page.locator("#panel-curve svg.chart")).to_be_visible()
    expect(page.locator("#panel-warnings")).to_contain_text("レベル４氾濫危険警報")
    expect(page.locator("#panel-plan")).to_contain_text("立ち退き避難")
    home = [flooded.residents[name].pk for name in ("備 太郎", "備 花子", "備 一郎")]
    safety.report_self(home, "safe", actor=OPERATOR)
    expect(page.locator("#unaccounted-number")).to_contain_text("5", timeout=12_000)
    expect(page.locator("#panel-chronicle")).to_contain_text("電文を受信")
    check_page(page, "staff-desk")


def test_a_panel_that_did_not_change_is_not_sent_again(
    page: Page, flooded: City, sign_in: SignIn
) -> None:
    """Each panel names what it has; the answer is 304 and the screen stays untouched."""
    sign_in(page, Role.VIEWER)
    statuses: list[int] = []
    page.on(
        "response",
        lambda answer: statuses.append(answer.status) if "/panels/orders/" in answer.url else None,
    )
    page.goto("/staff/")
    page.evaluate("document.querySelector('#panel-orders h2').dataset.mark = 'same'")
    with page.expect_response(lambda answer: "/panels/orders/" in answer.url, timeout=12_000):
        pass
    page.wait_for_timeout(200)
    assert statuses == [304]
    assert page.locator("#panel-orders h2[data-mark=same]").count() == 1


def test_a_desk_that_lost_its_server_says_so(page: Page, flooded: City, sign_in: SignIn) -> None:
    """Old figures look like new ones: the time stands, and a banner tells; it goes when all is well."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/")
    expect(page.locator("#as-of")).to_contain_text("現在")
    expect(page.locator("#stale")).to_be_hidden()
    page.context.set_offline(True)
    expect(page.locator("#stale")).to_be_visible(timeout=12_000)
    page.context.set_offline(False)
    expect(page.locator("#stale")).to_be_hidden(timeout=12_000)


def test_a_desk_whose_session_ended_leads_to_the_log_in(
    page: Page, flooded: City, sign_in: SignIn
) -> None:
    """No log-in form inside a panel."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/")
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/?next=/staff/", timeout=12_000)


def test_one_broken_panel_leaves_the_others(
    page: Page, flooded: City, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect in one part must not blind the headquarters."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr(safety, "curve", broken)
    kept.forget()
    sign_in(page, Role.VIEWER)
    page.goto("/staff/")
    expect(page.locator("#panel-curve")).to_contain_text("この欄は、いま表示できません")
    assert number(page) == 8
    assert panels.FRESH_SECONDS <= 5


def test_without_javascript_the_desk_shows_the_same(
    plain: Page, flooded: City, sign_in: SignIn
) -> None:
    """The page loads itself anew instead."""
    sign_in(plain, Role.VIEWER)
    plain.goto("/staff/")
    assert number(plain) == 8
    assert plain.locator("noscript meta[http-equiv=refresh], meta[http-equiv=refresh]").count() == 1


def test_the_list_is_ordered_filtered_and_exported(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Danger × need; a shielded person is on no list; zones and towns; CSV as of now; all recorded."""
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/safety/")
    rows = page.locator("tbody tr")
    assert rows.count() == 8
    expect(rows.first).to_contain_text("備 太郎")
    expect(rows.first).to_contain_text("要介護３")
    assert "佐藤 守" not in page.content()
    check_page(page, "staff-safety")
    page.get_by_label("区域").select_option("unknown")
    page.get_by_role("button", name="絞り込む").click()
    assert page.locator("tbody tr").count() == 2
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSVで保存").click()
    text = saved.value.path().read_bytes().decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    assert len(table) == 2 + 2 and "現在" in table[0][0]
    assert table[2][1] == "山﨑 清"
    assert AuditEntry.objects.filter(action="safety.export").count() == 1


def test_the_list_as_of_an_earlier_time(page: Page, flooded: City, sign_in: SignIn) -> None:
    """Before the inquiry nobody was on it; a time that is none is refused with an example."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/safety/?at=2020-01-01T00:00")
    expect(page.get_by_text("2020年1月1日")).to_be_visible()
    assert page.locator("tbody tr").count() == 0
    answer = page.goto("/staff/safety/?at=yesterday")
    assert answer is not None and answer.status == 400
    expect(page.get_by_text("2026-07-01T18:00")).to_be_visible()


def test_a_viewer_looks_but_does_not_take_away_or_change(
    page: Page, flooded: City, sign_in: SignIn
) -> None:
    """The file and the reports are for operators."""
    sign_in(page, Role.VIEWER)
    answer = page.goto("/staff/safety/csv/")
    assert answer is not None and answer.status == 403
    school = flooded.facilities["F2"].pk
    page.goto(f"/staff/shelters/{school}/")
    expect(page.get_by_role("heading", name="報告の履歴")).to_be_visible()
    expect(page.get_by_role("button", name="記録する")).to_have_count(0)
    page.goto("/staff/orders/")
    expect(page.get_by_role("link", name="新しく起案する")).to_have_count(0)
    page.goto("/me/")
    page.get_by_role("link", name="自分の画面へ").click()
    expect(page.get_by_role("heading", name="概況")).to_be_visible()


def test_an_exercise_is_removed_only_when_it_is_meant(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """One click asks; the second one does it; the head's clock follows what the body says."""
    sign_in(page, Role.OPERATOR)
    page.goto("/drill/staff/exercise/")
    page.get_by_role("link", name="最初に戻す…").click()
    expect(page.get_by_text("元には戻せません")).to_be_visible()
    check_page(page, "exercise-reset")
    page.get_by_role("link", name="やめる").click()
    page.get_by_role("link", name="最初に戻す…").click()
    page.get_by_role("button", name="消して、最初に戻す").click()
    expect(page.get_by_text("最初の状態に戻しました")).to_be_visible()
    page.goto("/staff/")
    page.locator("#shown-at time").evaluate("one => { one.textContent = 'old' }")
    expect(page.locator("#shown-at time")).not_to_have_text("old", timeout=20_000)


def test_opening_a_shelter_reaches_the_public_page(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """From unconfirmed to open with a remark; history, desk and public list follow."""
    sign_in(page, Role.OPERATOR, name="当直 花子")
    page.goto("/staff/shelters/?view=unknown")
    page.get_by_role("link", name="高台中学校").click()
    page.get_by_label("開設中").check()
    page.get_by_label("備考").fill("体育館のみ")
    page.get_by_role("button", name="記録する").click()
    expect(page.get_by_text("記録しました：開設中")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("当直 花子：体育館のみ")
    check_page(page, "staff-shelter")
    page.goto("/staff/shelters/")
    expect(page.locator("tbody tr")).to_have_count(1)
    check_page(page, "staff-shelters")
    kept.forget()
    page.goto("/shelters/")
    expect(page.locator("section.card").first).to_contain_text("高台中学校")


def test_people_in_a_place_nobody_opened_stand_out(
    page: Page, flooded: City, sign_in: SignIn
) -> None:
    """Neighbours opened the school themselves: the desk must see it."""
    event = safety.NewSighting(
        id=uuid7(), direction="in", occurred_at=clock.now(), clock="",
        source="reception", resident_pk=flooded.residents["斎藤 健"].pk,
        facility_pk=flooded.facilities["F1"].pk,
    )  # fmt: skip
    safety.record([event])
    sign_in(page, Role.VIEWER)
    page.goto("/staff/shelters/")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("第一小学校")
    expect(row).to_contain_text("人がいます")
    expect(row).to_contain_text("＋1")
    page.goto("/staff/")
    expect(page.get_by_text("開設の報告がないのに人がいる施設が1か所あります")).to_be_visible()


def test_what_could_not_be_read_is_an_alarm_until_a_person_looked(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Garbage is not "no warning": it is shown first, its raw text one click away."""
    warnings.accept("<Report>壊れた電文".encode(), via="socket")
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/warnings/")
    expect(page.get_by_role("heading", name="読めなかった電文が1件あります")).to_be_visible()
    check_page(page, "staff-warnings")
    page.locator("#alarms ~ ul a").first.click()
    expect(page.locator("pre")).to_contain_text("壊れた電文")
    page.goto("/staff/warnings/")
    page.get_by_role("button", name="確認した").click()
    expect(page.get_by_text("確認済みにしました")).to_be_visible()
    assert page.locator("#alarms").count() == 0
    page.goto("/staff/warnings/?all=1")
    expect(page.get_by_text("受理できない")).to_be_visible()


def test_a_telegram_is_shown_as_understood_and_as_received(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """What was read, who issued it, the raw text indented; the file is byte for byte."""
    raw = flood_telegram(4)
    sign_in(page, Role.VIEWER)
    page.goto("/staff/warnings/")
    page.locator("table a").first.click()
    expect(page.locator("h1")).to_contain_text("氾濫危険警報")
    expect(page.locator("pre")).to_contain_text("<")
    check_page(page, "staff-telegram")
    with page.expect_download() as saved:
        page.get_by_role("link", name="受信したままのファイル").click()
    stored = warnings.raw(OPERATOR, warnings.history(1)[0].pk)
    assert saved.value.path().read_bytes() == stored
    assert len(stored) == len(raw)


def test_the_map_is_a_picture_with_a_table_first(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage, no_vendor: None
) -> None:
    """Without the vendor folder nothing is missing that one needs."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/map/")
    expect(page.locator("svg.town-map")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert page.get_by_role("button", name="動かせる地図を開く").count() == 0
    page.get_by_role("link", name="危険な場所にいる人").click()
    expect(page.locator("tbody")).to_contain_text("西町")
    check_page(page, "staff-map")


def test_the_drill_wears_its_stripes_everywhere(
    page: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """The exercise world is empty of the live one, marked on every page, and links stay inside."""
    sign_in(page, Role.OPERATOR)
    for path in ("/staff/", "/staff/safety/", "/staff/warnings/", "/staff/shelters/", "/"):
        page.goto(f"/drill{path}")
        expect(page.get_by_role("note", name="訓練")).to_be_visible()
        assert "訓練" in page.title()
    page.goto("/drill/staff/")
    expect(page.get_by_text("安否確認は始まっていません")).to_be_visible()
    with flooded.entered(World.EXERCISE):
        warnings.accept(flood_telegram(4, status="exercise"), via="test")
        outbox.drain()
    page.goto("/drill/staff/")
    assert number(page) == 8
    hrefs = page.locator(".staff-nav a").evaluate_all(
        "links => links.map(a => a.getAttribute('href'))"
    )
    assert all(href.startswith("/drill/") for href in hrefs)
    check_page(page, "staff-drill")


def test_the_exercise_page_offers_the_play_only_where_there_is_one(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """A viewer sees it; a real city is told that there is nothing to play."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/exercise/")
    expect(page.locator("h1")).to_have_text("訓練")
    check_page(page, "staff-exercise")


def test_the_rules_of_decision_are_shown_with_their_sources_and_people(
    page: Page, narrow: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Reached from the response rules; how many each rule decides for is the plan's own count."""
    sign_in(page, Role.VIEWER)
    page.goto("/staff/rules/")
    page.get_by_role("link", name="判断のきまり").click()
    expect(page.get_by_role("heading", name="判断のきまり")).to_be_visible()
    expect(page.get_by_text("警戒レベル4相当が出ている")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="この場所は、この災害の調査がされていない")
    expect(row.get_by_role("cell").last).to_have_text("3")
    check_page(page, "staff-decision-rules")
    sign_in(narrow, Role.VIEWER, name="細い画面")
    narrow.goto("/staff/decision-rules/")
    check_page(narrow, "staff-decision-rules-phone")
