"""In the browser: a road is closed by clicking, with and without JavaScript, and a layer is looked at first."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from sonae.domains.hazards import interface as hazards
from sonae.domains.hazards.interface import Obstacle
from sonae.platform.access import Role
from tests.domains.hazards.test_loading import flood
from tests.engines.evacuation.small import at
from tests.fixtures import City

from .conftest import CheckPage, SignIn


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path_factory.mktemp("home"))


def _address() -> str:
    lat, lon = at(300, 50)
    return f"/staff/roads/new/?lon={lon:.7f}&lat={lat:.7f}&span=400"


def _click(page: Page, name: str, x: int, y: int) -> None:
    with page.expect_navigation():
        page.locator(f"input[name={name}]").click(position={"x": x, "y": y})


def test_a_road_is_closed_on_the_map_without_javascript(
    plain: Page, city: City, sign_in: SignIn
) -> None:
    sign_in(plain, Role.OPERATOR)
    plain.goto(_address())
    _click(plain, "small", 160, 170)
    expect(plain.get_by_text("1点を置きました")).to_be_visible()
    expect(plain.get_by_text("道 100 m にかかります")).to_be_visible()
    plain.get_by_role("textbox", name="内容").fill("橋が流失")
    plain.get_by_role("textbox", name="情報源").fill("消防団 第2分団")
    plain.get_by_role("button", name="登録する").click()
    expect(plain.get_by_text("登録しました：通行止め：橋が流失")).to_be_visible()
    lat, lon = at(300, 50)
    assert Obstacle.objects.get().shape["coordinates"] == pytest.approx([lon, lat], abs=2e-5)
    plain.get_by_role("button", name="取り消す").click()
    expect(plain.get_by_text("いま有効な報告はありません")).to_be_visible()


def test_water_is_drawn_on_a_phone(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(phone, Role.OPERATOR)
    phone.goto(_address() + "&kind=flooded")
    for number, (x, y) in enumerate(((60, 100), (220, 100), (220, 240)), start=1):
        _click(phone, "small", x, y)
        expect(phone.get_by_text(f"{number}点を置きました")).to_be_visible()
    check_page(phone, "staff-road-new-phone")
    phone.get_by_label("情報源").fill("職員")
    phone.get_by_role("button", name="登録する").click()
    expect(phone.get_by_text("登録しました：浸水")).to_be_visible()
    check_page(phone, "staff-roads-phone")
    assert Obstacle.objects.get().shape["type"] == "Polygon"


def test_a_layer_is_uploaded_looked_at_and_confirmed(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage, tmp_path: Path
) -> None:
    path = flood(tmp_path / "A31a-20-25.geojson", (600, 200, 4), (300, 20, 9))
    sign_in(page, Role.ADMINISTRATOR)
    page.goto("/staff/")
    page.get_by_role("link", name="ハザード情報").click()
    check_page(page, "staff-hazards")
    page.get_by_label("ファイル", exact=True).set_input_files(path)
    page.get_by_label("出典").fill("試験県 洪水浸水想定区域図")
    page.get_by_label("作成者が市の全域を調べたと示している").check()
    page.get_by_label("置き換えるレイヤ").select_option(label="洪水：想定最大規模（flood_l2）")
    page.get_by_role("button", name="読んで、内容を確かめる").click()
    expect(page.get_by_text("まだ使われていません")).to_be_visible()
    expect(page.get_by_text("区域外 → 区域内")).to_be_visible()
    expect(page.get_by_text("読めない値", exact=True)).to_be_visible()
    check_page(page, "staff-hazard-draft")
    page.get_by_role("button", name="確定して使い始める").click()
    expect(page.get_by_text("使い始めました")).to_be_visible()
    (answer,) = hazards.at_place(*at(650, 50), ["flood"])
    assert answer["zone"] == "inside"


def test_the_lists_fit_a_phone(
    phone: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(phone, Role.VIEWER)
    phone.goto("/staff/hazards/")
    expect(phone.get_by_text("どの家も「分からない」になります")).to_be_visible()
    check_page(phone, "staff-hazards-phone")
    phone.get_by_role("link", name="洪水：想定最大規模").click()
    expect(phone.get_by_text("点線はデータの範囲")).to_be_visible()
    check_page(phone, "staff-hazard-phone")
