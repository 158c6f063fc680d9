"""The network is cut: what a phone kept opens, says how old it is, and is gone after signing out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.fixtures import City, flood_telegram

from .conftest import CheckPage, SignIn

TARO = "備 太郎"


@pytest.fixture
def flooded(city: City) -> City:
    """A level 4 flood warning, planned for and under inquiry."""
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    return city


def ready(page: Page, path: str) -> None:
    """Open a page twice: first the worker comes, then it is in charge."""
    page.goto(path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(path, wait_until="networkidle")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def keys(page: Page, cache: str) -> list[str]:
    """What a cache of the phone holds."""
    found: list[str] = page.evaluate(
        "name => caches.open(name).then(c => c.keys()).then(k => k.map(r => new URL(r.url).pathname))",
        cache,
    )
    return found


def keep(page: Page) -> None:
    """Press the button and wait until it says so."""
    ready(page, "/me/")
    page.get_by_role("button", name="この電話に残す").click()
    expect(page.get_by_text("この電話に残してあります。")).to_be_visible()


def test_my_answer_opens_without_a_network(
    phone: Page, flooded: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Danger, shelter, way, map, code; with its time and that it may be old; no name, no form."""
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    keep(phone)
    sentence = phone.locator("h1").inner_text()
    phone.context.set_offline(True)
    phone.goto("/me/")
    assert phone.locator("h1").inner_text() == sentence
    note = phone.locator("#kept-note")
    expect(note).to_be_visible()
    expect(note).to_contain_text("古くなっているかもしれません")
    expect(phone.locator("svg.route-map")).to_be_visible()
    expect(phone.get_by_role("heading", name="まわりの地図")).to_be_visible()
    expect(phone.get_by_role("heading", name="避難所の受付で見せるQRコード")).to_be_visible()
    text = phone.content()
    assert TARO not in text
    assert "csrfmiddlewaretoken" not in text
    phone.problems.clear()  # type: ignore[attr-defined]  # the browser reports the cut itself
    check_page(phone, "offline-me-phone")
    phone.goto("/")
    expect(phone.locator("#kept-note")).to_be_visible()
    phone.context.set_offline(False)
    phone.goto("/me/")
    expect(phone.locator("#kept-note")).to_be_hidden()


def test_the_last_answer_for_a_town_stays_without_a_log_in(
    phone: Page, flooded: City, check_page: CheckPage
) -> None:
    """The page and its piece of map; another page leads to it as well."""
    ready(phone, f"/where/?town={flooded.towns['西町'].code}")
    expect(phone.locator("#kept-note")).to_be_hidden()
    phone.wait_for_function(
        "caches.match('/where/map.svg', {cacheName: 'sonae-answer', ignoreSearch: true})"
        ".then(found => !!found)"
    )
    phone.context.set_offline(True)
    other = f"/where/map.svg?town={flooded.towns['東町'].code}"
    refused = phone.evaluate("path => fetch(path).then(() => false, () => true)", other)
    assert refused, "the map of another town is never shown in its stead"
    phone.goto(f"/where/?town={flooded.towns['西町'].code}")
    expect(phone.locator("#kept-note")).to_be_visible()
    expect(phone.locator("#kept-other")).to_be_hidden()
    phone.goto("/where/?q=somewhere-else")
    expect(phone.locator(".kicker").first).to_contain_text("西町からの避難先")
    expect(phone.locator("#kept-note")).to_be_visible()
    expect(phone.locator("#kept-other")).to_contain_text("この電話に残っていません")
    expect(phone.locator("#kept-other")).to_contain_text("最後に見た「西町からの避難先」")
    assert phone.locator("img.map").evaluate("img => img.complete && img.naturalWidth > 0")
    phone.problems.clear()  # type: ignore[attr-defined]
    check_page(phone, "offline-where-phone")


def test_the_first_page_ever_opened_is_kept(phone: Page, flooded: City) -> None:
    """A shared link or a QR code leads straight to an answer: no second page is needed to keep it."""
    path = "/where/?q=西町"
    phone.goto(path)
    kept = phone.evaluate(
        """async () => {
          const held = path => caches.match(path, {cacheName: "sonae-answer", ignoreSearch: true});
          for (let turn = 0; turn < 200; turn++) {
            if (await held("/where/") && await held("/where/map.svg")) return true;
            await new Promise(again => setTimeout(again, 100));
          }
          return false;
        }"""
    )
    assert kept
    phone.context.set_offline(True)
    phone.goto(path)
    expect(phone.locator(".kicker").first).to_contain_text("西町からの避難先")
    expect(phone.locator("#kept-note")).to_be_visible()
    expect(phone.locator("#kept-other")).to_be_hidden()
    assert phone.locator("img.map").evaluate("img => img.complete && img.naturalWidth > 0")


def test_a_page_of_one_s_own_is_not_taken_for_the_town_s(phone: Page, flooded: City) -> None:
    """Nothing of one's own was kept: the town's answer is shown, and that it is another."""
    ready(phone, f"/where/?town={flooded.towns['西町'].code}")
    phone.context.set_offline(True)
    phone.goto("/me/")
    expect(phone.locator("#kept-other")).to_be_visible()


def test_nothing_kept_is_said_with_what_to_do(
    phone: Page, city: City, check_page: CheckPage
) -> None:
    ready(phone, "/")
    phone.context.set_offline(True)
    phone.goto("/me/")
    expect(phone.locator("h1")).to_have_text("いま、通信がつながりません")
    phone.problems.clear()  # type: ignore[attr-defined]
    check_page(phone, "offline-nothing-phone")


def test_signing_out_removes_the_extract(phone: Page, flooded: City, sign_in: SignIn) -> None:
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    keep(phone)
    assert keys(phone, "sonae-private") == ["/me/kept/"]
    phone.get_by_role("button", name="ログアウト").click()
    phone.wait_for_url("**/")
    assert keys(phone, "sonae-private") == []
    assert keys(phone, "sonae-answer") == []
    phone.context.set_offline(True)
    phone.goto("/me/")
    expect(phone.locator("h1")).to_have_text("いま、通信がつながりません")


def test_signing_out_of_the_exercise_removes_the_extract(
    phone: Page, flooded: City, sign_in: SignIn
) -> None:
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    keep(phone)
    phone.goto("/drill/me/")
    phone.get_by_role("button", name="ログアウト").click()
    phone.wait_for_url(lambda url: not url.endswith("/me/"))
    assert keys(phone, "sonae-private") == []


def test_signing_out_without_a_network_removes_it_too(
    phone: Page, flooded: City, sign_in: SignIn
) -> None:
    """The page is open, the network goes, the phone is handed on."""
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    keep(phone)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="ログアウト").click()
    phone.wait_for_timeout(500)
    phone.context.set_offline(False)
    phone.goto("/where/")
    assert keys(phone, "sonae-private") == []


def test_another_account_never_sees_what_was_kept(
    phone: Page, flooded: City, sign_in: SignIn
) -> None:
    """The session ended by itself; somebody else signs in on the same phone."""
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    keep(phone)
    phone.context.clear_cookies()
    sign_in(phone, Role.RESIDENT, flooded.residents["斎藤 健"].pk)
    phone.goto("/me/")
    expect(phone.get_by_role("button", name="この電話に残す")).to_be_visible()
    assert keys(phone, "sonae-private") == []


def test_nothing_is_kept_unless_asked_for_and_it_can_be_removed(
    phone: Page, flooded: City, sign_in: SignIn
) -> None:
    sign_in(phone, Role.RESIDENT, flooded.residents[TARO].pk)
    ready(phone, "/me/")
    assert keys(phone, "sonae-private") == []
    phone.get_by_role("button", name="この電話に残す").click()
    phone.get_by_role("button", name="この電話から消す").click()
    expect(phone.get_by_role("button", name="この電話に残す")).to_be_visible()
    assert keys(phone, "sonae-private") == []


def test_staff_and_exercise_are_never_kept(page: Page, flooded: City, sign_in: SignIn) -> None:
    """No manifest, no button, no copy of the exercise or of the desk."""
    sign_in(page, Role.RESIDENT, flooded.residents[TARO].pk)
    ready(page, "/me/")
    page.goto("/drill/me/")
    assert page.locator("#keep").count() == 0
    assert page.locator("link[rel=manifest]").count() == 0
    shell = keys(page, "sonae-shell")
    assert all(path.startswith(("/static/", "/offline/")) for path in shell)
    assert keys(page, "sonae-private") == keys(page, "sonae-answer") == []
    page.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.goto("/drill/me/")


def test_it_can_be_installed(page: Page, city: City) -> None:
    """A manifest with icons that exist, from every page."""
    page.goto("/")
    href = page.locator("link[rel=manifest]").get_attribute("href")
    manifest = page.request.get(str(href)).json()
    assert manifest["name"].startswith("試験市")
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        answer = page.request.get(icon["src"])
        assert answer.headers["content-type"] == "image/png"
        assert answer.body().startswith(b"\x89PNG")
        assert len(answer.body()) < 12_000
