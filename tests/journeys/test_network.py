"""道路網 in the browser: an administrator brings a file, looks at what it would do, and confirms."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from sonae.domains.evacuation import interface as evacuation
from sonae.platform.access import Role
from tests.domains.evacuation.test_networks import street
from tests.fixtures import City

from .conftest import CheckPage, SignIn


def test_a_network_is_previewed_and_put_into_force(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    sign_in(page, Role.ADMINISTRATOR)
    page.goto("/staff/map/")
    page.get_by_role("link", name="道路網の出典と").click()
    expect(page.get_by_role("heading", name="いまの道路網")).to_be_visible()
    check_page(page, "staff-network")
    page.get_by_label("道路のファイル").set_input_files(street(tmp_path / "n.geojson", 1510))
    page.get_by_label("出典").fill("© OpenStreetMap contributors")
    page.get_by_label("データの日付").fill("2026-11-01")
    page.get_by_role("button", name="読み込んで結果を見る").click()
    expect(page.get_by_text("まだ使われていません")).to_be_visible()
    expect(page.get_by_role("link", name="第一小学校")).to_be_visible()
    check_page(page, "staff-network-preview")
    for doubt in page.get_by_role("checkbox").all():
        doubt.check()
    page.get_by_role("button", name="この道路網に入れ替える").click()
    expect(page.get_by_text("道路網を入れ替えました")).to_be_visible()
    found = evacuation.city()
    assert found is not None
    assert found.network.source == "© OpenStreetMap contributors"


def test_on_a_phone_without_javascript(
    plain: Page, city: City, sign_in: SignIn, tmp_path: Path
) -> None:
    sign_in(plain, Role.ADMINISTRATOR)
    plain.set_viewport_size({"width": 375, "height": 740})
    plain.goto("/staff/network/")
    plain.get_by_label("道路のファイル").set_input_files(street(tmp_path / "n.geojson", 0))
    plain.get_by_label("出典").fill("道路課")
    plain.get_by_role("button", name="読み込んで結果を見る").click()
    plain.get_by_role("button", name="取り消す").click()
    expect(plain.get_by_text("取り消しました")).to_be_visible()
