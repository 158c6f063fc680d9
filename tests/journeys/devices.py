"""A reception terminal in a real browser: enrolled by its code, cut off, started again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import segno
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from sonae.domains.safety import interface as safety
from sonae.domains.safety.terminals import _known
from tests.journeys.conftest import BROWSER_ARGS, CHROMIUM

DEVICE = "/reception/device/"
PIN = "tsuki-42"


def enrolled(page: Page, shelter: str = "F2", prefix: str = "", name: str = "受付1") -> str:
    """Enrol the browser as a terminal of a facility and wait until it works alone; its token."""
    _known.clear()
    _terminal, token = safety.enrol_terminal(shelter, name)
    page.goto(f"{prefix}{DEVICE}#enrol={token}")
    choose_pin(page)
    expect(page.locator("#list")).to_contain_text(re.compile(r"名簿 \d+人"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return token


def choose_pin(page: Page, pin: str = PIN) -> None:
    """Choose the PIN of the terminal whose code stands in the form, and enrol it."""
    expect(page.locator("#token")).to_have_value(re.compile(".{20,}"))
    page.locator("#pin").fill(pin)
    page.locator("#pin-again").fill(pin)
    page.get_by_role("button", name="登録する").click()


def unlock(page: Page, pin: str = PIN) -> None:
    """Open a locked terminal."""
    page.locator("#pin-try").fill(pin)
    page.locator("#pin-try").press("Enter")
    expect(page.locator("#shut")).to_be_hidden()


def profile(kind: BrowserType, folder: Path, site: str, *more: str) -> BrowserContext:
    """A browser whose profile stays on disk, so that it can be closed and opened again."""
    context = kind.launch_persistent_context(
        str(folder), executable_path=CHROMIUM, args=[*BROWSER_ARGS, *more], base_url=site,
        locale="ja-JP", timezone_id="Asia/Tokyo", reduced_motion="reduce",
        viewport={"width": 1024, "height": 768},
    )  # fmt: skip
    context.set_default_timeout(15_000)
    return context


def camera(text: str, file: Path) -> tuple[str, ...]:
    """Make a film of one QR code held before a camera; the browser's options to see it."""
    width, height, scale = 640, 480, 7
    frame = np.full((height, width), 90, np.uint8)
    code = np.array(list(segno.make(text, error="m", boost_error=False).matrix_iter(border=4)))
    dots = np.kron(np.where(code, 20, 230).astype(np.uint8), np.ones((scale, scale), np.uint8))
    top, left = (height - len(dots)) // 2, (width - len(dots[0])) // 2
    frame[top : top + len(dots), left : left + len(dots[0])] = dots
    planes = frame.tobytes() + bytes([128]) * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420mpeg2\n".encode()
    file.write_bytes(head + (b"FRAME\n" + planes) * 3)
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    )
