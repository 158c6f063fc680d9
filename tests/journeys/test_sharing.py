"""緊急時の名簿提供 in the browser: declared at the desk, approved on a phone without JavaScript, ended."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from sonae.domains.consent import interface as consent
from sonae.platform.access import Role
from tests.fixtures import OPERATOR, City

from .conftest import CheckPage, SignIn


def test_two_people_open_the_roster_and_one_closes_it(
    page: Page, phone: Page, plain: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.OPERATOR, name="当直")
    page.goto("/staff/")
    page.get_by_role("link", name="名簿の提供").click()
    check_page(page, "staff-sharing")
    page.get_by_label("理由").fill("備川がはん濫し、西町の救助に要る")
    page.get_by_label(re.compile("消防機関")).check()
    page.get_by_role("button", name="起案する").click()
    expect(page.get_by_text("ほかの決裁者を待っています")).to_be_visible()

    sign_in(plain, Role.APPROVER, name="部長")
    plain.goto("/staff/sharing/")
    plain.get_by_role("link", name=re.compile("西町の救助")).click()
    plain.get_by_role("button", name="決裁して、始める").click()
    expect(plain.get_by_text("いまから、えらんだ相手に名簿を渡せます")).to_be_visible()

    taro = city.residents["備 太郎"].pk
    consent.disclose(
        OPERATOR, [taro], purpose="rescue", kinds=["name", "address"], shielded=(),
        supporter="消防機関", registrants=[taro],
    )  # fmt: skip
    sign_in(phone, Role.OPERATOR, name="当直2")
    phone.goto("/staff/sharing/")
    check_page(phone, "staff-sharing-phone")
    phone.get_by_role("main").get_by_role("link", name=re.compile("西町の救助")).last.click()
    check_page(phone, "staff-sharing-one-phone")
    phone.get_by_role("link", name=re.compile("だれのことかを見る")).click()
    expect(phone.get_by_role("link", name="備 太郎")).to_be_visible()
    check_page(phone, "staff-sharing-people-phone")
    phone.go_back()
    phone.get_by_role("button", name="いま終わらせる").click()
    expect(phone.get_by_text("終わらせました")).to_be_visible()


def test_an_officer_is_named_by_two_people(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.ADMINISTRATOR, name="管理")
    page.goto("/staff/")
    page.get_by_role("link", name="設定", exact=True).click()
    page.get_by_label("担当者に加える人").select_option(index=1)
    page.get_by_label("加える理由").fill("夜間の当直")
    page.get_by_role("button", name="提案する").click()
    expect(page.get_by_text("提案した人と、名前の出ている本人は")).to_be_visible()
    check_page(page, "staff-settings")
    sign_in(phone, Role.APPROVER, name="部長")
    phone.goto("/staff/settings/")
    phone.get_by_role("button", name=re.compile("確かめた。変える")).click()
    expect(phone.get_by_text("設定を変えました")).to_be_visible()
    check_page(phone, "staff-settings-phone")
