"""A real browser against the real server, on the tiny city of `tests.fixtures`.

``page`` is a desktop browser, ``phone`` a small one, ``plain`` one without JavaScript; each is signed
in by ``sign_in(page, Role.OPERATOR)``. ``check_page(page, name)`` lets axe look for violations of WCAG
2.2 AA, refuses console errors (the CSP reports there) and sideways scrolling, and with
SONAE_SCREENSHOTS=1 keeps its picture (docs/images for those that the documents show).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from sonae.domains.identity.interface import Account
from sonae.platform.access import Role
from sonae.web import kept
from tests.conftest import ROOT
from tests.fixtures import CODE, City

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BROWSER_ARGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""As root, and maps drawn in software where there is no graphics card."""
AXE = ROOT / "src/sonae/web/static/vendor/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
IMAGES = ROOT / "docs/images"
PICTURES = {"staff-desk", "staff-map", "public-order-phone", "resident-page-phone", "reception"}
"""Pictures that the documents show, their first screen; all others go to test-results, not kept."""
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 375, "height": 740}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as a journey; without a browser it is skipped, with the reason."""
    for item in items:
        if Path(item.fspath).parent.name != "journeys":
            continue
        item.add_marker(pytest.mark.journey)
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one per test process."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGS)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """What a process keeps between requests belongs to another test's city."""
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def site(live_server: Any, city: City) -> str:
    """The address of the running server; the city is there."""
    return str(live_server.url)


class Problems(list[str]):
    """What the browser complained about since the page was opened."""

    def hear(self, message: ConsoleMessage) -> None:
        """Keep errors; a refused inline style or script is one."""
        if message.type == "error":
            self.append(message.text)


def _context(browser: Browser, site: str, **options: Any) -> BrowserContext:
    """A fresh browser profile in Japanese at Tokyo time."""
    context = browser.new_context(
        base_url=site, locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce", **options
    )
    context.set_default_timeout(15_000)
    return context


def _opened(context: BrowserContext) -> Page:
    """A page whose complaints are heard."""
    page = context.new_page()
    page.problems = Problems()  # type: ignore[attr-defined]
    page.on("console", page.problems.hear)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
    return page


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A desktop browser."""
    with _context(browser, site, viewport=DESKTOP) as context:
        yield _opened(context)


@pytest.fixture
def phone(browser: Browser, site: str) -> Iterator[Page]:
    """A phone."""
    with _context(browser, site, viewport=PHONE, has_touch=True) as context:
        yield _opened(context)


@pytest.fixture
def plain(browser: Browser, site: str) -> Iterator[Page]:
    """A phone whose browser runs no JavaScript."""
    with _context(browser, site, viewport=PHONE, java_script_enabled=False) as context:
        yield _opened(context)


@pytest.fixture
def narrow(browser: Browser, site: str) -> Iterator[Page]:
    """The narrowest screen that must work: 320 pixels (WCAG 1.4.10)."""
    with _context(browser, site, viewport={"width": 320, "height": 640}) as context:
        yield _opened(context)


SignIn = Callable[..., Account]


@pytest.fixture
def sign_in(site: str) -> SignIn:
    """Sign a browser in as someone of a role (a resident by ``resident_pk``)."""

    def enter(page: Page, role: Role, resident_pk: int | None = None, name: str = "") -> Account:
        account = Account.objects.create_user(
            f"{role.value}-{Account.objects.count()}@example.jp",
            role=role.value, municipality=CODE, name=name or role.value, resident_pk=resident_pk,
        )  # fmt: skip
        enter_as(page, site, account)
        return account

    return enter


def enter_as(page: Page, site: str, account: Account) -> None:
    """Give a browser the session of an account, as signing in would."""
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.save()
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": site}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each."""
    if not AXE.exists():
        pytest.skip("axe-core is not in the vendor folder (./dev vendor)")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


CheckPage = Callable[[Page, str], None]


@pytest.fixture
def check_page() -> CheckPage:
    """Look at a page: accessible, without complaints, not wider than the screen; keep its picture."""

    def check(page: Page, name: str) -> None:
        page.wait_for_load_state()  # a page that a click is only leaving has no document
        assert page.problems == [], "the browser complained"  # type: ignore[attr-defined]
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} pixels wider than the screen"
        if os.environ.get("SONAE_SCREENSHOTS") == "1":
            folder = IMAGES if name in PICTURES else ROOT / "test-results"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=name not in PICTURES)
        assert violations(page) == []

    return check
