"""Birth dates as they go wrong on paper, and the forms of 不詳日 that registers hold."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import wareki
from sonae.core.wareki import parse
from sonae.engines.matching.dates import LIKENESSES, likeness

DAYS = st.dates(date(1890, 1, 1), date(2026, 7, 1))
FORMS = [
    ("昭和20年頃", date(1945, 6, 1)), ("昭和20年3月頃", date(1945, 3, 15)), ("昭和20年3月10日頃", date(1945, 3, 12)),
    ("推定昭和20年", date(1945, 2, 2)), ("推定昭和20年3月", date(1945, 3, 3)), ("推定昭和20年3月10日", date(1945, 3, 10)),
    ("昭和20年春", date(1945, 4, 1)), ("昭和20年3月上旬", date(1945, 3, 5)), ("昭和20年3月中旬頃", date(1945, 3, 15)),
    ("年月日不詳", date(1945, 3, 3)), ("昭和20年月日不詳", date(1945, 12, 31)), ("昭和20年3月日不詳", date(1945, 3, 31)),
    ("昭和20年3月1日から昭和20年4月10日までの間", date(1945, 4, 1)), ("昭和20年3月10日から3月20日", None),
]  # fmt: skip
"""住民記録システム標準仕様書 1.1.8: fourteen ways of not knowing a day; the last is written out of form."""


@pytest.mark.parametrize(("text", "inside"), FORMS)
def test_every_form_of_an_unknown_day_is_kept_and_allows_its_days(
    text: str, inside: date | None
) -> None:
    if inside is None:
        with pytest.raises(wareki.SonaeError):
            parse(text)
        return
    read = parse(text)
    assert read.text == text
    assert read.may_be(inside)
    assert read.exact is None
    assert likeness(read, parse(inside.isoformat())) in ("possible", "missing")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("昭和60年1月5日", "1985-01-05", "equal"), ("S60.1.5", "S60.1.6", "one_digit"),
        ("S53.4.12", "S58.4.12", "one_digit"), ("S60.1.15", "S60.1.51"[:6] + "15", "equal"),
        ("1985-12-21", "1985-12-12", "one_digit"), ("1985-03-04", "1985-04-03", "swapped"),
        ("昭和5年6月7日", "平成5年6月7日", "era"), ("昭和10年6月7日", "大正10年6月7日", "era"),
        ("1985-06-07", "1986-06-07", "year_off"), ("1979-06-07", "1980-06-07", "year_off"),
        ("S60.6.7", "S60", "possible"), ("S60.6.7", "昭和60年月日不詳", "possible"), ("S60.6.7", "S61", "near_year"),
        ("1950-06-07", "1985-06-07", "same_day"), ("1985-06-07", "1987-11-28", "near_year"),
        ("1950-06-07", "1985-11-28", "different"), ("不詳", "1985-11-28", "missing"),
        ("2023-02-29", "2023-02-28", "equal"), ("昭和64年5月1日", "平成元年5月1日", "equal"),
        ("大正15年12月25日", "昭和元年12月25日", "equal"), ("平成35年3月31日", "令和5年3月31日", "equal"),
    ],
)  # fmt: skip
def test_the_likeness_of_two_dates(a: str, b: str, expected: str) -> None:
    assert likeness(parse(a), parse(b)) == likeness(parse(b), parse(a)) == expected


@given(DAYS, DAYS)
def test_order_does_not_matter(a: date, b: date) -> None:
    one, other = parse(a.isoformat()), parse(b.isoformat())
    found = likeness(one, other)
    assert found == likeness(other, one)
    assert found in LIKENESSES
    assert (found == "equal") == (a == b)


@given(DAYS, st.integers(0, 7), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_seen(day: date, at: int, digit: str) -> None:
    text = day.strftime("%Y%m%d")
    wrong = text[:at] + digit + text[at + 1 :]
    try:
        other = date.fromisoformat(f"{wrong[:4]}-{wrong[4:6]}-{wrong[6:]}")
    except ValueError:
        return
    if 1890 <= other.year <= 2026:
        expected = "equal" if other == day else ("one_digit", "year_off")
        assert likeness(parse(day.isoformat()), parse(other.isoformat())) in expected
