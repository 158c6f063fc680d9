"""The movable map and the open data in a real browser: streets, zones, names, credits, nothing from afar."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Response, expect

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Role
from sonae.web.templatetags import sonae as tags
from tests.fixtures import OPERATOR, City
from tests.journeys.conftest import CheckPage, SignIn

OPEN = "動かせる地図を開く"


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    """The base map of a test is of no other."""
    settings.HOME = tmp_path


@pytest.fixture
def mapped(home: None, city: City) -> Iterator[evacuation.BaseMap]:
    """The city with its base map; the browser library must be installed."""
    if not tags._found("vendor/maplibre-gl/maplibre-gl.mjs"):
        pytest.skip("MapLibre is not in the vendor folder (./dev vendor)")
    yield evacuation.build_basemap()[0]


class Heard(list[Response]):
    """Every answer that a page got."""

    def bad(self) -> list[str]:
        return [f"{one.status} {one.url}" for one in self if one.status >= 400]

    def pieces(self) -> list[Response]:
        return [one for one in self if ".pmtiles" in one.url]


def opened(page: Page, path: str) -> Heard:
    """Open the page, then its map; what was fetched on the way."""
    heard = Heard()
    page.on("response", lambda one: heard.append(one))
    page.goto(path)
    assert not heard.pieces(), "the map is fetched only when it is asked for"
    page.get_by_role("button", name=OPEN).click()
    page.locator(".live-map[data-ready], .map-failed:not([hidden])").first.wait_for(timeout=60_000)
    if page.locator(".map-failed").is_visible():
        pytest.skip("this browser has no WebGL")
    page.wait_for_timeout(1500)
    return heard


def colours(page: Page) -> set[tuple[int, ...]]:
    """The colours that are on the map now."""
    picture = Image.open(BytesIO(page.locator(".live-map canvas").screenshot())).convert("RGB")
    found = picture.getcolors(1 << 24) or []
    return {tuple(colour) for count, colour in found if count > 12}  # type: ignore[arg-type]


def test_the_staff_map_shows_streets_zones_and_credits_from_here_only(
    page: Page, site: str, mapped: evacuation.BaseMap, sign_in: SignIn, check_page: CheckPage
) -> None:
    sign_in(page, Role.VIEWER)
    heard = opened(page, "/staff/map/")
    assert heard.pieces() and all(one.status == 206 for one in heard.pieces())
    assert heard.bad() == []
    assert all(one.url.startswith((site, "blob:", "data:")) for one in heard)
    expect(page.locator(".maplibregl-ctrl-attrib")).to_be_visible()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("試験 2026-01-01")
    before = colours(page)
    assert len(before) > 3, "ground, streets and places"
    page.get_by_label("洪水：想定最大規模").check()
    expect(page.locator(".map-legend")).to_contain_text("0.5 ～ 3 m")
    expect(page.locator(".map-legend")).to_contain_text("調べられていない所")
    page.wait_for_timeout(1000)
    assert colours(page) - before, "the zone is drawn"
    expect(page.locator("[data-still-map]")).to_be_hidden()
    check_page(page, "staff-map-live")


def test_a_resident_sees_the_way_on_a_phone(
    phone: Page, site: str, mapped: evacuation.BaseMap, check_page: CheckPage
) -> None:
    heard = opened(phone, "/where/?town=001&hazard=flood")
    assert heard.bad() == [] and all(one.status == 206 for one in heard.pieces())
    assert (11, 74, 168) in colours(phone), "the way is blue"
    expect(phone.locator(".map-legend")).to_contain_text("洪水：想定最大規模")
    check_page(phone, "where-map-phone")


def test_the_list_of_shelters_has_a_map_and_says_the_state_in_words(
    phone: Page, mapped: evacuation.BaseMap, city: City, check_page: CheckPage
) -> None:
    shelters.set_state(OPERATOR, city.facilities["F2"].pk, "open")
    assert opened(phone, "/shelters/").bad() == []
    check_page(phone, "shelters-map-phone")
    phone.emulate_media(color_scheme="dark")
    phone.wait_for_timeout(1500)
    assert (12, 15, 19) in colours(phone) or (23, 27, 33) in colours(phone), "dark at night"
    check_page(phone, "shelters-map-dark")


def test_without_a_base_map_the_map_opens_on_plain_ground(
    page: Page, city: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    if not tags._found("vendor/maplibre-gl/maplibre-gl.mjs"):
        pytest.skip("MapLibre is not in the vendor folder (./dev vendor)")
    sign_in(page, Role.VIEWER)
    heard = opened(page, "/staff/map/")
    assert heard.bad() == [] and not heard.pieces()
    expect(page.locator(".map-layers")).to_be_hidden()
    check_page(page, "staff-map-plain")


def test_a_map_that_cannot_be_read_is_said_and_the_picture_stays(
    page: Page, mapped: evacuation.BaseMap, sign_in: SignIn
) -> None:
    sign_in(page, Role.VIEWER)
    page.goto("/staff/map/")
    mapped.path.write_bytes(b"not a map")
    page.get_by_role("button", name=OPEN).click()
    page.locator(".map-failed:not([hidden])").wait_for(timeout=60_000)
    expect(page.locator("svg.town-map")).to_be_visible()
