"""Signing in in a real browser: password, then a passkey made and used on a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from sonae.domains.identity import interface as identity
from sonae.platform.access import Role
from tests.fixtures import City
from tests.journeys.conftest import CheckPage

EMAIL, PASSWORD = "operator@city.example.jp", "correct horse battery"


@pytest.fixture(autouse=True)
def _officer(city: City) -> Iterator[None]:
    cache.clear()
    identity.add_account(EMAIL, PASSWORD, Role.OPERATOR, name="本部 一郎")
    yield
    cache.clear()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("メールアドレス").fill(EMAIL)
    page.get_by_label("パスワード", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="ログイン", exact=True).click()


def confirm(page: Page) -> None:
    """Give the password once more before a sensitive change."""
    expect(page.get_by_role("heading", name="本人の確認")).to_be_visible()
    page.get_by_label("パスワード", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="確かめる").click()


def with_authenticator(page: Page) -> None:
    """Give the browser a platform authenticator that recognises its owner."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_password_without_javascript(plain: Page) -> None:
    sign_in(plain)
    plain.wait_for_url("**/staff/")
    plain.goto("/accounts/")
    expect(plain.get_by_text("本部 一郎")).to_be_visible()
    plain.get_by_role("button", name="ログアウト").click()
    plain.goto("/accounts/")
    expect(plain.get_by_role("heading", name="ログイン", exact=True)).to_be_visible()


def test_wrong_password_is_told_on_the_page(page: Page, check_page: CheckPage) -> None:
    page.goto("/accounts/login/")
    check_page(page, "login")
    page.get_by_label("メールアドレス").fill(EMAIL)
    page.get_by_label("パスワード", exact=True).fill("wrong wrong wrong")
    page.get_by_role("button", name="ログイン", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    check_page(page, "login-wrong")


def test_passkey_is_made_and_used(page: Page, check_page: CheckPage) -> None:
    with_authenticator(page)
    sign_in(page)
    page.goto("/accounts/2fa/")
    check_page(page, "second-factor")
    page.get_by_role("link", name="キーを登録する").click()
    confirm(page)
    page.get_by_label("キーの名前").fill("職場のパソコン")
    page.get_by_label("パスワードなしで入れるようにする（パスキー）").check()
    check_page(page, "passkey-add")
    page.get_by_role("button", name="登録する").click()
    page.wait_for_url(lambda url: "add" not in url)

    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_text("職場のパソコン").first).to_be_visible()
    check_page(page, "passkey-list")
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="ログアウトする").click()
    page.wait_for_url("**/")

    page.goto("/accounts/login/?next=/accounts/")
    page.get_by_role("button", name="パスキーを使う").click()
    page.wait_for_url("**/accounts/")
    expect(page.get_by_text("本部 一郎")).to_be_visible()
    check_page(page, "account")


def test_a_passkey_that_fails_says_so(page: Page) -> None:
    page.goto("/accounts/login/")
    refuse = "() => { navigator.credentials.get = () => Promise.reject(new Error('no')); }"
    page.evaluate(refuse)
    page.get_by_role("button", name="パスキーを使う").click()
    expect(page.get_by_text("パスキーを使えませんでした")).to_be_visible()


def test_authenticator_app_page(phone: Page, check_page: CheckPage) -> None:
    sign_in(phone)
    phone.goto("/accounts/2fa/totp/activate/")
    confirm(phone)
    expect(phone.get_by_alt_text("認証アプリで読み取るQRコード")).to_be_visible()
    check_page(phone, "authenticator-app")
