"""Birth dates and ages as people write them on paper."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import wareki
from sonae.engines.matching import births
from sonae.engines.matching.births import Birth

WHOLE = Birth("19450314", "1945", "0314", "20")


@pytest.mark.parametrize(
    "text",
    ["昭和20年3月14日", "昭和 20. 3.14", "S20.3.14", "S 20 3 14", "s20/3/14", "Ｓ２０．３．１４", "昭20.3.14", "3200314",
     "昭和二十年三月十四日", "昭和20年3月14日生まれ", "昭和20年3月14日(81歳)", "昭和20年3月14", "1945-03-14", "1945 3 14"],
)  # fmt: skip
def test_one_day_is_one_day_however_it_is_written(text: str) -> None:
    assert births.read(text) == WHOLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20.3.14", Birth("", "", "0314", "20")), ("20年3月14日", Birth("", "", "0314", "20")),
     ("3月14日", Birth(day="0314")), ("3/14", Birth(day="0314")), ("昭和20年", Birth(year="1945")),
     ("昭和20年3月", Birth(year="1945")), ("昭和20.3.", Birth(year="1945")), ("昭和51年12月49日", Birth(year="1976")),
     ("1945-03-??", Birth(year="1945"))],
)  # fmt: skip
def test_what_is_written_in_part_is_kept_in_part(text: str, expected: Birth) -> None:
    assert births.read(text) == expected


@pytest.mark.parametrize(
    "text", ["", "不明", "去年", "13月45日", "99999999", "1900年から2000年まで", "81歳", "〃"]
)
def test_what_is_no_date_says_nothing(text: str) -> None:
    assert births.read(text) == Birth()


@given(
    st.dates(date(1880, 1, 1), date(2026, 7, 1)),
    st.sampled_from((wareki.format_long, wareki.format_short, date.isoformat)),
)
def test_every_date_comes_back(day: date, written: object) -> None:
    found = births.read(written(day))  # type: ignore[operator]
    assert found.date == day.strftime("%Y%m%d")
    assert (found.year, found.day) == (str(day.year), day.strftime("%m%d"))


@given(st.text(max_size=20))
def test_any_text_is_answered(text: str) -> None:
    found = births.read(text)
    assert all(part == "" or part.isdigit() for part in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("80", "1946"), ("満80歳", "1946"), ("８０才", "1946"), ("八十", "1946"), ("六十五歳", "1961"), ("0才", "2026"),
     ("5ヶ月", "2026"), ("１０カ月", "2026"), ("1歳半", "2025"), ("60代", None), ("", None), ("大人", None), ("999", None)],
)  # fmt: skip
def test_ages_become_years_where_they_say_one(text: str, expected: str | None) -> None:
    assert births.year_of_age(text, date(2026, 7, 1)) == expected


def test_early_in_the_year_most_have_their_birthday_before_them() -> None:
    assert births.year_of_age("80", date(2026, 1, 10)) == "1945"
