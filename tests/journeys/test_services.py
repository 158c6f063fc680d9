"""Another service in the browser: who it is, what it may know, what is taken back, and the way out."""

from __future__ import annotations

import re

from django.http import HttpResponseRedirect
from playwright.sync_api import Page, expect

from sonae.platform.access import Role
from tests.fixtures import City
from tests.web.relying import Party, party

from .conftest import CheckPage, SignIn


def known(care: Party, phone: Page) -> set[str]:
    """What the service reads with the code that the browser brought it."""
    held = care.redeem(HttpResponseRedirect(phone.url)).json()
    return set(care.info(held["access_token"]).json()) - {"sub"}


def to_the_service(phone: Page, care: Party) -> None:
    """Come from the service with its request."""
    phone.goto(f"/oauth/authorize?{care.query(scope='openid profile address')}")


def test_what_a_service_may_know_is_chosen_seen_and_taken_back(
    phone: Page, site: str, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """The service leads back to a page that is there: the city's own first one."""
    care = party(redirect_uris=[f"{site}/"])
    sign_in(phone, Role.RESIDENT, city.residents["備 太郎"].pk, name="備 太郎")
    to_the_service(phone, care)
    expect(phone.locator("h1")).to_have_text("見守りアプリに、ログインしますか")
    assert phone.locator("input[type=checkbox]:checked").count() == 0
    check_page(phone, "oauth-consent-phone")
    phone.get_by_role("row", name=re.compile("氏名")).get_by_label("はい").first.check()
    phone.get_by_role("row", name=re.compile("住所")).get_by_label("はい").first.check()
    phone.get_by_role("button", name="選んだとおりに、ログインする").click()
    phone.wait_for_url(re.compile(r"/\?code="))
    assert known(care, phone) == {"name", "address"}

    phone.goto("/me/services/")
    check_page(phone, "me-services-phone")
    phone.get_by_role("button", name=re.compile(r"ふだん、住所：\s*やめる")).click()
    expect(phone.get_by_text("見守りアプリに住所を渡すのをやめました。")).to_be_visible()
    to_the_service(phone, care)
    phone.wait_for_url(re.compile(r"/\?code="))
    assert known(care, phone) == {"name"}, "and nothing was asked again"

    phone.goto("/oauth/logout")
    check_page(phone, "oauth-logout-phone")
    phone.get_by_role("link", name="しない").click()
    phone.goto("/me/services/")
    phone.get_by_role("button", name="見守りアプリの利用をやめる").click()
    expect(phone.get_by_text("見守りアプリの利用をやめました。")).to_be_visible()
    check_page(phone, "me-services-none-phone")


def test_without_javascript_one_refuses_and_is_led_back(
    plain: Page, site: str, city: City, sign_in: SignIn
) -> None:
    care = party(redirect_uris=[f"{site}/"])
    sign_in(plain, Role.RESIDENT, city.residents["備 太郎"].pk)
    to_the_service(plain, care)
    plain.get_by_role("button", name="やめて、サービスにもどる").click()
    plain.wait_for_url(re.compile(r"/\?error=access_denied&"))
