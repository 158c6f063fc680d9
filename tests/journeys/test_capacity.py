"""受入見込み in the browser: what if this place closes, side by side, and adopted by a person."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.fixtures import City, flood_telegram

from .conftest import CheckPage, SignIn


def test_a_what_if_is_asked_compared_and_adopted(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/capacity/")
    expect(page.get_by_role("heading", name="避難先ごとの見込みと試算")).to_be_visible()
    check_page(page, "staff-capacity")
    page.get_by_label("高台中学校の受入人数").fill("1")
    page.get_by_role("button", name="試算する").click()
    outbox.drain()
    page.reload()
    expect(page.get_by_role("heading", name="試算 第1号")).to_be_visible()
    check_page(page, "staff-what-if")
    page.set_viewport_size({"width": 375, "height": 740})
    check_page(page, "staff-what-if-phone")
    page.get_by_role("link", name="採用する…").click()
    page.get_by_role("button", name="採用して、報告する").click()
    asked = page.get_by_role("listitem").filter(has_text="試算 第1号")
    expect(asked).to_contain_text("採用 高台中学校の受入人数を1人にする")
    outbox.drain()
    page.reload()
    row = page.get_by_role("row").filter(has_text="高台中学校")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
