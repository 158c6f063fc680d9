"""The ledger's pages in the browser: a sheet goes out and comes back, a person's page, what the brigade gets."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from sonae.domains.consent import interface as consent
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PatrolLine, Visitor, VisitorFacts
from sonae.platform.access import Role
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, OPERATOR, City

from .conftest import CheckPage, SignIn


def test_a_sheet_goes_out_and_comes_back_by_keys_alone(
    page: Page, plain: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    warn(4)
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/safety/")
    page.get_by_role("link", name="見回り票").click()
    page.get_by_label("町", exact=True).select_option(label="西町（5人）")
    page.get_by_role("button", name="作る").click()
    expect(page.get_by_role("heading", name="見回り票 001")).to_be_visible()
    check_page(page, "staff-patrol-sheet")
    with page.expect_download() as download:
        page.get_by_role("link", name="印刷する").click()
    assert download.value.suggested_filename == "patrol-001.pdf"
    page.get_by_label("結果の番号").first.focus()
    for key in ("1", "Tab", "2階", "Tab", "4"):
        page.keyboard.press(key) if key == "Tab" else page.keyboard.type(key)
    page.keyboard.press("Enter")
    expect(page.get_by_text("2人の結果を記録しました")).to_be_visible()
    line = PatrolLine.objects.filter(sighting=None).order_by("place").first()
    assert line is not None
    page.goto("/staff/patrol/line/")
    expect(page.locator("input[name=code]")).to_be_focused()
    page.keyboard.type(line.code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=line.resident.name)).to_be_visible()
    check_page(page, "staff-patrol-line")
    page.keyboard.press("3")
    expect(page.get_by_text("助けが必要", exact=False).first).to_be_visible()
    assert [one.name for one in safety.help_wanted(OPERATOR)] == [line.resident.name]
    page.goto("/staff/patrol/")
    expect(page.get_by_text("一部が戻った")).to_be_visible()
    check_page(page, "staff-patrol")
    sign_in(plain, Role.OPERATOR)
    last = PatrolLine.objects.order_by("-place").first()
    assert last is not None
    plain.goto(f"/staff/patrol/line/?code={last.code}")
    plain.get_by_role("button", name="家にいて無事").click()
    expect(plain.get_by_text("記録しました")).to_be_visible()


def test_a_persons_page_says_everything_and_settles_what_cannot_be(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    warn(4)
    one = sighting(city, "備 太郎", "F1", device="T001", minutes=-4)
    safety.record([one, sighting(city, "備 太郎", "F2", device="T002", minutes=-2)])
    safety.record([sighting(city, visitor=VisitorFacts("そなえ太郎", "", "1950-04-01", ""))])
    taro = city.residents["備 太郎"].pk
    safety.link(OPERATOR, Visitor.objects.get().pk, taro, source="review", reason="同じ生年月日")
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/people/")
    page.get_by_role("link", name="備 太郎").click()
    check_page(page, "staff-person")
    page.get_by_label("第一小学校").check()
    page.get_by_label("どうやって確かめたか").fill("第一小学校に電話")
    page.get_by_role("button", name="こちらが本当").click()
    expect(page.get_by_text("食い違いを整理しました")).to_be_visible()
    page.get_by_label("だれから").select_option("family")
    page.get_by_label("安否", exact=True).select_option("safe")
    page.get_by_label("言った人の名前と続柄").fill("長女 和子、折り返して確認")
    page.get_by_role("button", name="記録する", exact=True).click()
    expect(page.get_by_text("長女 和子、折り返して確認")).to_be_visible()
    drafted = consent.declare_sharing(OPERATOR, "洪水", ["name", "address", "needs"], 24)
    consent.approve_sharing(APPROVER, drafted.pk)
    sign_in(phone, Role.OPERATOR)
    phone.goto(f"/staff/people/r{taro}/")
    check_page(phone, "staff-person-phone")
    phone.goto("/staff/safety/brigade/?show=1")
    expect(phone.get_by_text("山﨑 清")).to_be_visible()
    check_page(phone, "staff-brigade-phone")
