"""公開データ and the OGC API in the browser: every page of theirs is one that anybody can read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures import City

from .conftest import CheckPage

OGC = (
    "/ogc/?f=html", "/ogc/collections?f=html", "/ogc/conformance?f=html", "/ogc/api?f=html",
)  # fmt: skip


@pytest.mark.parametrize("width", [1280, 375])
def test_the_open_data_and_its_tables(
    page: Page, city: City, check_page: CheckPage, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/opendata/")
    expect(page.get_by_role("heading", name="公開データ")).to_be_visible()
    check_page(page, f"opendata-{width}")
    page.get_by_role("link", name="表で見る").first.click()
    expect(page.get_by_role("table")).to_be_visible()
    check_page(page, f"ogc-items-{width}")
    page.get_by_role("table").get_by_role("link").first.click()
    check_page(page, f"ogc-item-{width}")


def test_the_pages_of_the_interface(page: Page, city: City, check_page: CheckPage) -> None:
    for path in OGC:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        check_page(page, "ogc")
