"""The checks of the journeys can fail: a page made bad on purpose is found bad."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.fixtures import City

from .conftest import CheckPage, violations


def test_axe_finds_an_unnamed_field_and_a_faint_text(page: Page, city: City) -> None:
    """Both kinds of faults that tired eyes and screen readers stumble over."""
    page.goto("/")
    assert violations(page) == []
    page.evaluate(
        """() => {
        const box = document.createElement('input'); document.querySelector('main').append(box);
        const faint = document.createElement('p'); faint.textContent = 'faint';
        faint.style.color = '#ccc'; faint.style.background = '#fff'; document.querySelector('main').append(faint); }"""
    )
    found = "\n".join(violations(page))
    assert "label" in found and "color-contrast" in found


def test_an_inline_style_is_reported_by_the_browser(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """The strict policy is on: what a template must not contain is refused and heard."""
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')"
    )
    with pytest.raises(AssertionError, match="complained"):
        check_page(page, "never")


def test_a_page_wider_than_the_screen_is_found(
    phone: Page, city: City, check_page: CheckPage
) -> None:
    """Sideways scrolling is a fault."""
    phone.goto("/")
    phone.evaluate("document.querySelector('main').style.width = '900px'")
    with pytest.raises(AssertionError, match="wider"):
        check_page(phone, "never")
