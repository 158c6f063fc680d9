"""受信経路 in the browser: an administrator adds a line, sees it in trouble, and everybody is told."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect

from sonae.core import clock
from sonae.domains.warnings.models import WarningInput
from sonae.platform.access import Role
from tests.fixtures import City

from .conftest import CheckPage, SignIn


def test_a_line_is_added_falls_silent_and_is_seen_from_the_overview(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.ADMINISTRATOR)
    page.goto("/staff/warnings/")
    page.get_by_role("link", name="受信経路のようすを見る").first.click()
    expect(page.get_by_text("受信経路がまだありません")).to_be_visible()
    expect(page.get_by_text("緊急地震速報には間に合いません").first).to_be_visible()
    page.get_by_text("みちびき 災危通報（衛星受信機）", exact=True).click()
    page.locator("#qzss-name").fill("屋上の衛星")
    page.locator("#qzss-address").fill("127.0.0.1:9")
    page.get_by_role("button", name=re.compile("加える.*みちびき")).click()
    expect(page.get_by_role("heading", name="屋上の衛星")).to_be_visible()
    expect(page.get_by_text("応答待ち")).to_be_visible()
    long_ago = clock.now() - timedelta(minutes=10)
    WarningInput.objects.update(state="running", started_at=long_ago, heard_at=long_ago)
    page.goto("/staff/inputs/")
    expect(page.get_by_text("応答なし")).to_be_visible()
    check_page(page, "staff-inputs")
    page.goto("/staff/")
    page.get_by_role("link", name="ようすを見る", exact=True).click()
    page.get_by_role("button", name=re.compile("受信を止める.*屋上の衛星")).click()
    expect(page.get_by_text("受信を止めました")).to_be_visible()
    page.get_by_role("button", name=re.compile("消す.*屋上の衛星")).click()
    expect(page.get_by_text("受信経路がまだありません")).to_be_visible()
