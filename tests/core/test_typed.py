"""Numbers and codes as a Japanese keyboard types them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import typed

WIDE = str.maketrans("0123456789,", "０１２３４５６７８９，")


@given(st.integers(0, 10**9))
def test_a_number_is_the_same_in_every_width_and_with_separators(number: int) -> None:
    for written in (f"{number}", f"{number:,}", f" {number:_}".replace("_", " ")):
        assert typed.number(written) == str(number)
        assert typed.number(written.translate(WIDE)) == str(number)
        assert typed.number(written.replace(",", "、")) == str(number)


@pytest.mark.parametrize("text", ["", "8人", "約8,891", "-1", "8.5"])
def test_what_is_no_number_stays_none(text: str) -> None:
    assert not typed.number(text).isdecimal()


@pytest.mark.parametrize(
    "text", ["H0000001", "h0000001", " Ｈ００００００１ ", "Ｈ0000-001", "H000 0001"]
)
def test_a_code_is_read_however_it_is_typed(text: str) -> None:
    assert typed.code(text) == "H0000001"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("12", 12),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("１２", 0),
        ("9" * 15, 10**15 - 1),
        ("9" * 16, 0),
    ],
)
def test_a_key_is_one_that_a_database_takes_or_none(text: str, read: int) -> None:
    assert typed.key_of(text) == read
