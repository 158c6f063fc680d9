"""和暦と日付: dates as people and registers write them, with unknown parts (不詳日) kept.

A date is stored as the text as written, the earliest and latest day it can mean, and its
precision. Rules: 住民記録システム標準仕様書 1.1.8 (明治45年7月30日 and 大正15年12月25日 are valid,
29 February of a common year is allowed for a birth date, unknown dates are kept as written);
era starts: 元号西暦対応表. The table begins on 1873-01-01, when Japan took the Gregorian calendar.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from sonae.core.errors import SonaeError

Precision = Literal["day", "ten_days", "month", "season", "year", "range", "unknown"]


@dataclass(frozen=True, slots=True)
class Era:
    """One 元号: ``first`` and ``last`` day (the day of change belongs to both), None = goes on."""

    name: str
    letter: str
    first: date
    last: date | None
    year_one: int


ERAS: Final = (
    Era("令和", "R", date(2019, 5, 1), None, 2019),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30), 1989),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7), 1926),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 25), 1912),
    Era("明治", "M", date(1873, 1, 1), date(1912, 7, 30), 1868),
)
# Years that forms printed before a change of era still carry (平成35年): read, but marked.
OVERRUN_YEARS: Final = 10
_FIRST_YEAR, _LAST_YEAR = 1800, 2999


@dataclass(frozen=True, slots=True)
class FuzzyDate:
    """A date as written: any day from ``earliest`` to ``latest`` (both None: nothing is known).

    ``approximate`` = written with 頃, 推定 or 約; ``irregular`` = read although no calendar has it
    (29 February of a common year, a year after the era's end).
    """

    text: str
    earliest: date | None
    latest: date | None
    precision: Precision
    approximate: bool = False
    irregular: bool = False

    @property
    def exact(self) -> date | None:
        """The day, when exactly one regular day is meant; else None."""
        certain = self.precision == "day" and not (self.approximate or self.irregular)
        return self.earliest if certain else None

    def may_be(self, day: date) -> bool:
        """Whether ``day`` is compatible with what was written (an unknown date: always)."""
        if self.earliest is None or self.latest is None:
            return True
        return self.earliest <= day <= self.latest

    def years_old(self, on: date) -> tuple[int, int] | None:
        """Lowest and highest age in completed years on a day; None when nothing is known."""
        if self.earliest is None or self.latest is None:
            return None
        return age(self.latest, on), age(self.earliest, on)


def age(born: date, on: date) -> int:
    """Completed years (満年齢), by calendar day; never below 0."""
    return max(0, on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


# --- out -------------------------------------------------------------------------------------


def era_of(day: date) -> Era:
    """The era that began last on or before ``day``; ``before_meiji6`` when there is none."""
    for era in ERAS:
        if day >= era.first:
            return era
    raise SonaeError("before_meiji6", f"{day.isoformat()} は明治6年より前の日付です。")


def format_long(day: date) -> str:
    """``昭和60年1月5日``; the first year is 元年."""
    era = era_of(day)
    year = day.year - era.year_one + 1
    return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def format_short(day: date) -> str:
    """``S60.1.5``."""
    era = era_of(day)
    return f"{era.letter}{day.year - era.year_one + 1}.{day.month}.{day.day}"


# --- in --------------------------------------------------------------------------------------

_ERA_NAMES: Final = {
    key: era for era in ERAS for key in (era.name, era.letter, era.name[0], era.letter.lower())
} | {"㍻": ERAS[1], "㍼": ERAS[2], "㍽": ERAS[3], "㍾": ERAS[4], "㋿": ERAS[0]}
# 住民基本台帳 systems write the era as one digit before yymmdd.
_ERA_DIGITS: Final = {"1": ERAS[4], "2": ERAS[3], "3": ERAS[2], "4": ERAS[1], "5": ERAS[0]}
_KANJI_DIGITS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")
_UNKNOWN_WORDS: Final = re.compile(r"不詳|不明|未詳|[?？]+")
_ABOUT: Final = re.compile(r"推定|およそ|約|頃|ころ|ごろ")
_SEASONS: Final = {"春": (3, 5), "夏": (6, 8), "秋": (9, 11), "冬": (12, 14)}
_TEN_DAYS: Final = {
    "上旬": (1, 10),
    "初旬": (1, 10),
    "中旬": (11, 20),
    "下旬": (21, 31),
    "末": (21, 31),
}
_RANGE: Final = re.compile(r"(.+?)(?:から|より|~|〜)(.+?)(?:まで)?(?:の間)?")
_YEAR: Final = (
    r"(?P<era>令和|平成|昭和|大正|明治|令|平|昭|大|明|[RHSTMrhstm])?\.?(?P<year>元|\d{1,4})"
)
_PARTS: Final = re.compile(
    _YEAR + r"(?:年(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?)?"
    r"|[./-](?P<m2>\d{1,2})(?:[./-](?P<d2>\d{1,2}))?)?"
)
_SEASON: Final = re.compile(_YEAR + r"年(?P<season>[春夏秋冬])")
_TEN: Final = re.compile(_YEAR + r"年(?P<month>\d{1,2})月(?P<ten>上旬|初旬|中旬|下旬|末)")
_COMPACT: Final = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_COMPACT_ERA: Final = re.compile(
    r"(?P<era>[1-5RHSTM])(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})"
)


def parse(text: str) -> FuzzyDate:
    """Read a date in any of the forms that registers, forms and paper rosters use.

    ISO, ``2026/1/5``, ``20260105``, 昭和60年1月5日, 元年, S60.1.5, era digit + yymmdd, full width,
    kanji numerals, a year or year and month alone, zero or ``?`` for unknown parts, 月日不詳, 頃,
    推定, seasons, 上旬・中旬・下旬, ``A から B まで``. ``bad_date`` for anything else.
    """
    plain = _normal(text)
    if not plain or not _UNKNOWN_WORDS.sub("", plain).strip("年月日-/. 生"):
        return FuzzyDate(text, None, None, "unknown")
    if both := _RANGE.fullmatch(plain):
        return _between(text, parse(both[1]), parse(both[2]))
    about = _ABOUT.search(plain) is not None
    return _one(text, _ABOUT.sub("", plain), about)


def _normal(text: str) -> str:
    """NFKC, no spaces, plain hyphens, kanji numerals as digits, no 生まれ or weekday."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[\s,]|\([月火水木金土日]\)", "", plain)
    plain = re.sub(r"(?<=\d)[‐‑‒–—―−ー](?=\d)", "-", plain)
    plain = re.sub(r"(?:生まれ|生れ|生)$", "", plain)
    return re.sub(r"[〇零一二三四五六七八九十]+", _kanji_number, plain)


def _kanji_number(match: re.Match[str]) -> str:
    """二十三 → 23, 六〇 → 60."""
    tens, ten, ones = match[0].partition("十")
    if not ten:
        return match[0].translate(_KANJI_DIGITS)
    value = int(tens.translate(_KANJI_DIGITS) or "1") * 10 + int(
        ones.translate(_KANJI_DIGITS) or "0"
    )
    return str(value)


def _one(text: str, plain: str, about: bool) -> FuzzyDate:
    if match := _COMPACT.fullmatch(plain) or _COMPACT_ERA.fullmatch(plain):
        return _from_parts(text, match, about)
    plain = _blank_unknown(plain)
    readers: tuple[tuple[re.Pattern[str], Callable[..., FuzzyDate]], ...] = (
        (_SEASON, _from_season),
        (_TEN, _from_ten_days),
        (_PARTS, _from_parts),
    )
    for pattern, reader in readers:
        if match := pattern.fullmatch(plain):
            return reader(text, match, about)
    raise _bad(text)


def _blank_unknown(plain: str) -> str:
    """Drop the unknown tail: 昭和20年月日不詳, 昭和20年3月不詳日, 1985-??-??, 昭和20年不詳."""
    plain = re.sub(r"[-/.][?-]+(?:[-/.][?-]+)?$", "", plain)
    plain = re.sub(
        r"(?:(?<=年)月日|日)?(?:不詳|不明|未詳|\?+)(?:月日|日|月)?(?:(?:不詳|不明|\?+)日?)?$",
        "",
        plain,
    )
    return plain


def _bad(text: str, why: str = "") -> SonaeError:
    return SonaeError(
        "bad_date",
        f"日付を読めません: {text[:60]}{'（' + why + '）' if why else ''}",
        "昭和60年1月5日、S60.1.5、1985-01-05、1985年頃 のように書いてください。",
    )


def _western(text: str, match: re.Match[str]) -> tuple[int, Era | None, bool]:
    """Gregorian year, era, and whether the year overran the era (平成35年)."""
    groups = match.groupdict()
    written, era_key = groups["year"], groups.get("era")
    if not era_key:
        if len(written) != 4 or not _FIRST_YEAR <= int(written) <= _LAST_YEAR:
            raise _bad(text, "年は西暦4桁か元号で書きます")
        return int(written), None, False
    era = _ERA_DIGITS.get(era_key) or _ERA_NAMES[era_key]
    year = era.year_one - 1 + (1 if written == "元" else int(written))
    last = era.last.year if era.last else 9999
    if year < era.first.year or year > min(last + OVERRUN_YEARS, _LAST_YEAR):
        raise _bad(text, f"{era.name}にない年です")
    return year, era, year > last


def _clip(text: str, first: date, last: date, era: Era | None, overrun: bool) -> tuple[date, date]:
    """Cut a span to the days of its era; refuse a span that lies outside."""
    if era is None or overrun:
        return first, last
    low = max(first, era.first)
    high = min(last, era.last) if era.last and first <= era.last else last
    if low > high:
        raise _bad(text, f"{era.name}は{era.first.isoformat()}からです")
    return low, high


def _number(groups: dict[str, str | None], *names: str) -> int:
    """The first of the groups that was written, as a number; 0 = not written or unknown."""
    return next((int(value) for name in names if (value := groups.get(name))), 0)


def _from_parts(text: str, match: re.Match[str], about: bool) -> FuzzyDate:
    year, era, overrun = _western(text, match)
    groups = match.groupdict()
    month, day = _number(groups, "month", "m2"), _number(groups, "day", "d2")
    if month > 12 or (day and not month):
        raise _bad(text, "月がありません" if not month else "月は12までです")
    first, last, irregular = _span(text, year, month, day)
    beyond = overrun or bool(era and era.last and first > era.last)
    first, last = _clip(text, first, last, era, overrun)
    precision: Precision = "day" if day else "month" if month else "year"
    if about:
        first, last = _widen(first, last, precision)
    return FuzzyDate(text, first, last, precision, about, irregular or beyond)


def _span(text: str, year: int, month: int, day: int) -> tuple[date, date, bool]:
    """First and last day of a year, month or day, and whether the calendar lacks the day."""
    if not month:
        return date(year, 1, 1), date(year, 12, 31), False
    length = monthrange(year, month)[1]
    if not day:
        return date(year, month, 1), date(year, month, length), False
    if (month, day) == (2, 29) and length == 28:
        return date(year, 2, 28), date(year, 3, 1), True
    if day > length:
        raise _bad(text, f"{month}月は{length}日までです")
    return date(year, month, day), date(year, month, day), False


def _widen(first: date, last: date, precision: Precision) -> tuple[date, date]:
    """頃 and 推定: half a month, a month or a year to either side (a reading, not a law)."""
    margin = {"day": 15, "ten_days": 10, "month": 31, "season": 46, "year": 366}.get(precision, 0)
    return first - timedelta(days=margin), last + timedelta(days=margin)


def _from_season(text: str, match: re.Match[str], about: bool) -> FuzzyDate:
    """Meteorological seasons (気象庁): 冬 runs from December into the next February."""
    year, era, overrun = _western(text, match)
    start, end = _SEASONS[match["season"]]
    final = year + (end > 12)
    last_month = (end - 1) % 12 + 1
    if match["season"] == "冬":
        # 「昭和20年冬」 is said of January as well as of December.
        first, last = date(year, 1, 1), date(final, last_month, monthrange(final, last_month)[1])
    else:
        first, last = date(year, start, 1), date(year, end, monthrange(year, end)[1])
    first, last = _clip(text, first, last, era, overrun)
    if about:
        first, last = _widen(first, last, "season")
    return FuzzyDate(text, first, last, "season", about, overrun)


def _from_ten_days(text: str, match: re.Match[str], about: bool) -> FuzzyDate:
    year, era, overrun = _western(text, match)
    month = int(match["month"])
    if not 1 <= month <= 12:
        raise _bad(text, "月は12までです")
    start, end = _TEN_DAYS[match["ten"]]
    length = monthrange(year, month)[1]
    first, last = date(year, month, start), date(year, month, min(end, length))
    first, last = _clip(text, first, last, era, overrun)
    if about:
        first, last = _widen(first, last, "ten_days")
    return FuzzyDate(text, first, last, "ten_days", about, overrun)


def _between(text: str, first: FuzzyDate, last: FuzzyDate) -> FuzzyDate:
    if first.earliest is None or last.latest is None or first.earliest > last.latest:
        raise _bad(text, "期間の始めと終わりを読めません")
    about = first.approximate or last.approximate
    irregular = first.irregular or last.irregular
    return FuzzyDate(text, first.earliest, last.latest, "range", about, irregular)
