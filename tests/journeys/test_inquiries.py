"""安否照会 in the browser: a family asks by phone, two people answer, the family reads; all accessible."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from sonae.domains.safety import interface as safety
from sonae.platform.access import SYSTEM, Role
from tests.fixtures import City

from .conftest import CheckPage, SignIn


def test_a_family_asks_and_reads_the_answer(
    plain: Page, page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    taro = city.residents["備 太郎"]
    safety.report_self([taro.pk], "safe", direction="shelter_at_home", actor=SYSTEM)
    plain.goto("/")
    plain.get_by_role("link", name="安否をたずねる").click()
    plain.get_by_label("氏名", exact=True).fill("備 太郎")
    plain.get_by_label("同居の家族").check()
    plain.get_by_label(re.compile("続柄")).fill("おば")
    plain.get_by_label("照会する人の氏名").fill("備 梅")
    plain.get_by_label(re.compile("連絡先")).fill("090-0000-0000")
    plain.get_by_label("照会の理由").fill("電話がつながらない")
    plain.get_by_role("button", name="市にたずねる").click()
    expect(plain.get_by_role("heading", name="受け付けました")).to_be_visible()

    sign_in(page, Role.OPERATOR, name="当直")
    page.goto("/staff/inquiries/")
    check_page(page, "staff-inquiries")
    page.get_by_role("link", name=re.compile("備 太郎")).click()
    page.get_by_label("確かめた方法").select_option("call_back")
    page.get_by_role("button", name="記録する").click()
    page.get_by_label("氏名・フリガナ・生年月日").fill("ソナエ タロウ")
    page.get_by_role("button", name="さがす").click()
    check_page(page, "staff-inquiry")
    page.get_by_role("button", name=re.compile("この人にする.*備 太郎")).click()
    expect(page.get_by_text("自宅にいます")).to_be_visible()
    page.get_by_role("button", name="この内容で起案する").click()
    expect(page.get_by_text("別の決裁者が決裁します")).to_be_visible()

    sign_in(phone, Role.APPROVER, name="部長")
    phone.goto("/staff/inquiries/")
    phone.get_by_role("link", name=re.compile("備 太郎")).click()
    check_page(phone, "staff-inquiry-phone")
    phone.get_by_role("button", name="決裁する").click()
    phone.get_by_role("button", name="回答した").click()
    plain.reload()
    expect(plain.get_by_text("自宅にいます")).to_be_visible()


def test_the_other_pages_are_accessible(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.ADMINISTRATOR)
    for path in ("new/", "policy/", "names/", "partners/", "pfif/"):
        page.goto(f"/staff/inquiries/{path}")
        check_page(page, f"staff-inquiries-{path.strip('/')}")
    phone.goto("/inquiry/")
    check_page(phone, "inquiry-phone")
    sign_in(phone, Role.RESIDENT, resident_pk=city.residents["備 太郎"].pk)
    phone.goto("/me/telling/")
    phone.get_by_label("答えないでほしい").first.check()
    phone.get_by_role("button", name="保存する").click()
    expect(phone.get_by_text("保存しました")).to_be_visible()
    check_page(phone, "telling-phone")
