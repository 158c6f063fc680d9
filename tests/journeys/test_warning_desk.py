"""The new screens of the warnings desk: ending by a person, own notices, calls for help, closing."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Role
from tests.domains.safety.test_ledger import warn
from tests.engines.warnings.test_hours import telegram as hours
from tests.fixtures import CLERK, City

from .conftest import CheckPage, SignIn


def test_a_warning_is_ended_by_a_person_and_put_back(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    warn()
    now = clock.now()
    expected = {"大雨浸水危険度": ["31", "41"], "風危険度": ["30", "01"]}
    warnings.accept(hours(expected, begin=now + timedelta(hours=1)), via="jma")
    sign_in(phone, Role.OPERATOR)
    phone.goto("/staff/warnings/")
    expect(phone.get_by_role("heading", name="これからの見込み")).to_be_visible()
    check_page(phone, "staff-warnings-phone")
    phone.get_by_role("link", name=re.compile("人が終わらせる")).first.click()
    expect(phone.get_by_text("終わりの電文は届いていません。")).to_be_visible()
    check_page(phone, "staff-warning-end-phone")
    phone.get_by_label("理由").fill("気象台に電話で確認")
    phone.get_by_role("button", name="この警報を終わらせる").click()
    expect(phone.get_by_role("heading", name="人が終わらせた警報")).to_be_visible()
    expect(phone.get_by_text("気象台に電話で確認")).to_be_visible()
    check_page(phone, "staff-warning-ended-phone")
    phone.get_by_role("button", name=re.compile("元に戻す")).click()
    expect(phone.get_by_text("また発表中です")).to_be_visible()


def test_a_notice_is_written_and_waits_on_the_approvers_overview(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/messages/")
    page.get_by_role("link", name="お知らせを書く").click()
    page.get_by_role("link", name="断水").click()
    check_page(page, "staff-notice-new")
    for language in ("ja", "ja-x-easy", "en"):
        page.locator(f"#subject-{language}").fill("断水のお知らせ（西町）")
        page.locator(f"#body-{language}").fill("西町で断水しています。")
    page.get_by_role("button", name="保存する").click()
    page.get_by_role("button", name="決裁を依頼する").click()
    check_page(page, "staff-notice-own")
    page.context.clear_cookies()
    sign_in(page, Role.APPROVER)
    page.goto("/staff/")
    page.get_by_role("link", name="断水のお知らせ（西町）").click()
    page.get_by_role("button", name="決裁して送る").click()
    expect(page.get_by_text("送信を始めました")).to_be_visible()


def test_a_call_for_help_is_answered_and_the_inquiry_closed(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    warn()
    safety.report_self([city.residents["備 太郎"].pk], "needs_help", actor=CLERK)
    sign_in(phone, Role.OPERATOR)
    phone.goto("/staff/safety/")
    call = phone.locator("#help").locator("..")
    call.get_by_label(re.compile("対応")).first.select_option("progress")
    call.get_by_label("だれが行くか・わかったこと").first.fill("消防第2分団")
    call.get_by_role("button", name=re.compile("記録する")).first.click()
    expect(phone.get_by_text("消防第2分団")).to_be_visible()
    check_page(phone, "staff-calls-phone")
    phone.get_by_role("link", name="安否確認を終える…").click()
    check_page(phone, "staff-safety-close-phone")
    phone.get_by_role("button", name="安否確認を終える").click()
    expect(phone.get_by_text("安否確認を終えました")).to_be_visible()
    inquiry = safety.current_inquiry()
    assert inquiry is not None and inquiry.closed_at is not None
