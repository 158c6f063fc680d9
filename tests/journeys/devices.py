"""A reception terminal in a real browser: enrolled by its code, cut off, started again."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from sonae.domains.safety import interface as safety
from sonae.domains.safety.terminals import _known
from tests.journeys.conftest import BROWSER_ARGS, CHROMIUM

DEVICE = "/reception/device/"


def enrolled(page: Page, shelter: str = "F2", prefix: str = "", name: str = "受付1") -> str:
    """Enrol the browser as a terminal of a facility and wait until it works alone; its token."""
    _known.clear()
    _terminal, token = safety.enrol_terminal(shelter, name)
    page.goto(f"{prefix}{DEVICE}#enrol={token}")
    expect(page.locator("#list")).to_contain_text(re.compile(r"名簿 \d+人"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return token


def profile(kind: BrowserType, folder: Path, site: str, *more: str) -> BrowserContext:
    """A browser whose profile stays on disk, so that it can be closed and opened again."""
    context = kind.launch_persistent_context(
        str(folder), executable_path=CHROMIUM, args=[*BROWSER_ARGS, *more], base_url=site,
        locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce",
        viewport={"width": 1024, "height": 768},
    )  # fmt: skip
    context.set_default_timeout(15_000)
    return context
