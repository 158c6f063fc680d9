"""いる人の名簿 in the browser: the roster of now, an answer about the posted list, the roster of before."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.core.clock import JST
from sonae.platform.access import Role
from tests.fixtures import City
from tests.web.test_sheltered_page import fill

from .conftest import CheckPage, SignIn


def test_who_is_here_who_was_and_who_may_be_posted(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    home = fill(city)
    sign_in(page, Role.OPERATOR, name="当直")
    page.goto(home.removesuffix("people/"))
    page.get_by_role("link", name="いる人の名簿").click()
    page.get_by_label("掲示してよい：備 花子").check()
    page.get_by_role("button", name="掲示の答えを記録する").click()
    expect(page.get_by_text("1人の答えを記録しました")).to_be_visible()
    check_page(page, "staff-sheltered")
    with page.expect_download() as printed:
        page.get_by_role("link", name=re.compile("掲示用に印刷")).click()
    assert printed.value.suggested_filename == "hinansha-F2.pdf"
    sign_in(phone, Role.OPERATOR, name="当直2")
    hour = clock.now().astimezone(JST).timestamp() - 3600
    local = clock.now().fromtimestamp(hour, JST).strftime("%Y-%m-%dT%H:%M")
    phone.goto(f"{home}?at={local}")
    expect(phone.get_by_role("link", name="備 太郎")).to_be_visible()
    check_page(phone, "staff-sheltered-phone")


def test_a_familys_word_is_taken_down_at_the_desk_and_on_a_phone(
    page: Page, phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.OPERATOR, name="当直")
    page.goto(f"/staff/people/r{city.residents['備 太郎'].pk}/")
    page.get_by_role("link", name="家族からの申し出を受ける").click()
    page.get_by_label("申し出た人の名前").fill("備 和子")
    page.get_by_label("本人との続柄").fill("長女")
    page.get_by_label(re.compile("電話をかけ直して")).check()
    page.get_by_label("安否").select_option("safe")
    check_page(page, "staff-family")
    page.get_by_role("button", name="申し出を記録する").click()
    expect(page.get_by_text(re.compile("備 和子（長女"))).to_be_visible()
    sign_in(phone, Role.OPERATOR, name="当直2")
    phone.goto("/staff/people/?q=旅野")
    phone.get_by_role("link", name=re.compile("家族からの申し出を受ける")).click()
    check_page(phone, "staff-family-phone")
