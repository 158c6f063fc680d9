"""和暦 and unknown dates: what is written is kept, and what it can mean is never narrowed."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import wareki
from sonae.core.errors import SonaeError
from tests.conftest import real_data

DAYS = st.dates(date(1873, 1, 1), date(2199, 12, 31))

SAME_DAY = [
    "1985-01-05", "1985/1/5", "1985.1.5", "1985年1月5日", "19850105", "昭和60年1月5日",
    "昭和60年01月05日", "S60.1.5", "s60.1.5", "S60/1/5", "S60-01-05", "Ｓ６０．１．５", "昭60.1.5",
    "昭和６０年　１月　５日", "昭和六十年一月五日", "昭和六〇年一月五日", "㍼60年1月5日", "3600105",
    "S600105", "1985-1-5", "1985－01－05", "昭和60年1月5日生", "昭和60年1月5日生まれ",
    "1985年1月5日(土)", " 1985-01-05 ",
]  # fmt: skip

UNKNOWN_PARTS = [
    ("昭和20年月日不詳", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("昭和20年", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("1945", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("1945-00-00", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("19450000", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("1945-??-??", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("昭和20年不詳", "year", date(1945, 1, 1), date(1945, 12, 31), False),
    ("昭和20年3月日不詳", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("昭和20年3月不詳日", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("昭和20年3月", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("1945-03", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("1945-03-??", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("S20.3", "month", date(1945, 3, 1), date(1945, 3, 31), False),
    ("昭和20年頃", "year", date(1944, 1, 1), date(1947, 1, 1), True),
    ("昭和20年ころ", "year", date(1944, 1, 1), date(1947, 1, 1), True),
    ("昭和20年3月頃", "month", date(1945, 1, 29), date(1945, 5, 1), True),
    ("推定昭和20年3月1日", "day", date(1945, 2, 14), date(1945, 3, 16), True),
    ("昭和20年春", "season", date(1945, 3, 1), date(1945, 5, 31), False),
    ("昭和20年冬", "season", date(1945, 1, 1), date(1946, 2, 28), False),
    ("昭和20年2月上旬", "ten_days", date(1945, 2, 1), date(1945, 2, 10), False),
    ("昭和20年2月下旬", "ten_days", date(1945, 2, 21), date(1945, 2, 28), False),
    ("昭和20年3月中旬頃", "ten_days", date(1945, 3, 1), date(1945, 3, 30), True),
    ("昭和20年3月1日から昭和20年3月31日までの間", "range", date(1945, 3, 1), date(1945, 3, 31), False),
    ("昭和20年3月～昭和21年", "range", date(1945, 3, 1), date(1946, 12, 31), False),
]  # fmt: skip


@pytest.mark.parametrize("text", SAME_DAY)
def test_one_day_in_every_form(text: str) -> None:
    read = wareki.parse(text)
    assert read.exact == date(1985, 1, 5)
    assert read.text == text
    assert (read.precision, read.approximate, read.irregular) == ("day", False, False)


@pytest.mark.parametrize(("text", "precision", "first", "last", "about"), UNKNOWN_PARTS)
def test_unknown_parts_become_a_span(
    text: str, precision: str, first: date, last: date, about: bool
) -> None:
    read = wareki.parse(text)
    assert (read.precision, read.earliest, read.latest) == (precision, first, last)
    assert read.approximate is about
    assert read.text == text
    assert read.exact is None


@pytest.mark.parametrize("text", ["", "  ", "不詳", "年月日不詳", "不明", "？", "????-??-??", "-"])
def test_nothing_known_is_kept_as_written(text: str) -> None:
    read = wareki.parse(text)
    assert (read.text, read.earliest, read.latest, read.precision) == (text, None, None, "unknown")
    assert read.may_be(date(1900, 1, 1))
    assert read.years_old(date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    "text",
    ["abc", "昭和", "1985-13-01", "1985-04-31", "昭和60年13月1日", "昭和0年1月1日", "昭和1年1月1日",
     "平成元年1月7日", "令和元年4月30日", "85-1-5", "昭和60年0月5日", "2026-02-30", "明治5年1月1日",
     "昭和80年1月1日", "0085-01-05", "令和3年4月1日から令和2年4月1日まで", "昭和20年13月上旬", "5"],
)  # fmt: skip
def test_what_is_not_a_date_is_refused_with_help(text: str) -> None:
    with pytest.raises(SonaeError) as caught:
        wareki.parse(text)
    assert caught.value.code == "bad_date"
    assert text[:10] in caught.value.detail
    assert caught.value.hint


@given(DAYS)
def test_every_day_survives_both_formats(day: date) -> None:
    for text in (wareki.format_long(day), wareki.format_short(day), day.isoformat()):
        assert wareki.parse(text).exact == day


@given(DAYS)
def test_a_coarser_writing_still_allows_the_day(day: date) -> None:
    for text in (f"{day.year}", f"{day.year}-{day.month:02}", f"{day.year}年頃", day.isoformat()):
        assert wareki.parse(text).may_be(day)


@given(
    st.text(max_size=30)
    | st.text("0123456789年月日昭和平元SHR./-頃不詳?春上旬中から推定", max_size=14)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = wareki.parse(text)
    except SonaeError as error:
        assert error.code == "bad_date"
    else:
        assert read.text == text
        assert (read.earliest is None) == (read.latest is None)
        assert read.earliest is None or read.latest is None or read.earliest <= read.latest


@pytest.mark.parametrize(
    ("day", "long", "short"),
    [
        (date(2019, 5, 1), "令和元年5月1日", "R1.5.1"),
        (date(2019, 4, 30), "平成31年4月30日", "H31.4.30"),
        (date(1989, 1, 8), "平成元年1月8日", "H1.1.8"),
        (date(1989, 1, 7), "昭和64年1月7日", "S64.1.7"),
        (date(1926, 12, 25), "昭和元年12月25日", "S1.12.25"),
        (date(1926, 12, 24), "大正15年12月24日", "T15.12.24"),
        (date(1912, 7, 30), "大正元年7月30日", "T1.7.30"),
        (date(1912, 7, 29), "明治45年7月29日", "M45.7.29"),
        (date(1873, 1, 1), "明治6年1月1日", "M6.1.1"),
    ],
)
def test_the_days_around_each_change_of_era(day: date, long: str, short: str) -> None:
    assert (wareki.format_long(day), wareki.format_short(day)) == (long, short)


@pytest.mark.parametrize(
    ("text", "day"),
    [("明治45年7月30日", date(1912, 7, 30)), ("大正15年12月25日", date(1926, 12, 25))],
)
def test_the_day_of_change_is_valid_in_the_old_era(text: str, day: date) -> None:
    assert wareki.parse(text).exact == day


@pytest.mark.parametrize("text", ["昭和64年5月1日", "平成35年3月31日", "2023-02-29"])
def test_dates_no_calendar_has_are_read_but_marked(text: str) -> None:
    read = wareki.parse(text)
    assert read.irregular
    assert read.exact is None
    assert read.earliest is not None


def test_the_first_year_of_an_era_begins_with_the_era() -> None:
    read = wareki.parse("昭和元年")
    assert (read.earliest, read.latest) == (date(1926, 12, 25), date(1926, 12, 31))
    assert wareki.parse("大正15年").latest == date(1926, 12, 25)


def test_before_the_gregorian_calendar_there_is_no_wareki() -> None:
    with pytest.raises(SonaeError, match="before_meiji6"):
        wareki.format_long(date(1872, 12, 31))


@given(DAYS, st.integers(0, 40000))
def test_age_is_completed_years(born: date, days: int) -> None:
    on = born + timedelta(days=days)
    years = wareki.age(born, on)
    assert years * 365 <= days < (years + 1) * 366 + 1
    assert wareki.parse(born.isoformat()).years_old(on) == (years, years)


def test_age_of_an_uncertain_birth_is_a_span() -> None:
    assert wareki.parse("1945").years_old(date(2026, 7, 1)) == (80, 81)
    assert wareki.age(date(2004, 2, 29), date(2026, 2, 28)) == 21
    assert wareki.age(date(2026, 5, 1), date(2026, 4, 1)) == 0


@pytest.mark.real_data
def test_era_starts_agree_with_the_official_table() -> None:
    table = real_data("people", "resident-standard", "元号西暦対応表.csv")
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert len(rows) == len(wareki.ERAS)
    for row in rows:
        era = next(era for era in wareki.ERAS if era.name == row["元号"])
        assert wareki.parse(row["元号による最初の日付"]).exact == era.first
        assert int(row["西暦"]) == era.first.year
