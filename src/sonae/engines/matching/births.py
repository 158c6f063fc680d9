"""Birth dates and ages as rosters have them: without an era, with a day no month has, with the age beside.

What can be read is kept apart: the whole date, the year, the day in the year, and the year of its
era, so that 「20.3.14」 (who forgot to circle 昭和) and 平成 for 昭和 still say something.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

from sonae.core import wareki
from sonae.core.errors import SonaeError

_ASIDE: Final = re.compile(r"[(（].*$|(?:満|数え)?\s*\d+\s*[歳才].*$")
_SPACED: Final = re.compile(r"(?<=\d) +(?=\d)")
_NO_ERA: Final = re.compile(r"(\d{1,2})[年./-](\d{1,2})[月./-](\d{1,2})日?")
_DAY: Final = re.compile(r"(\d{1,2})[月./-](\d{1,2})日?")
_YEAR_FIRST: Final = re.compile(r"\D*?\d{1,4}年?")
_MONTHS: Final = re.compile(r"[ヶケか箇カヵ]月|ヵ月|日|週")
_NUMBER: Final = re.compile(r"\d+")
_DIGITS: Final = "〇一二三四五六七八九"
_KANJI: Final = re.compile(r"([一二三四五六七八九]?)(十?)([一二三四五六七八九]?)")
OLDEST: Final = 125


class Birth(NamedTuple):
    """``date`` yyyymmdd, ``year``, ``day`` mmdd, ``era_year`` (20 of 昭和20年); empty: not known."""

    date: str = ""
    year: str = ""
    day: str = ""
    era_year: str = ""


def read(text: str) -> Birth:
    """Read a birth date as far as it can be read; nothing of it is an answer too."""
    plain = _SPACED.sub(".", " ".join(unicodedata.normalize("NFKC", text).split()))
    plain = _ASIDE.sub("", plain).strip(" .、,")
    # 昭和20年3月14: the last sign is often missing.
    for attempt in (plain, f"{plain}日"):
        if whole := _parsed(attempt):
            return whole
    bare = plain.replace(" ", "").removesuffix("生")
    if found := _NO_ERA.fullmatch(bare):
        return _day(found[2], found[3])._replace(era_year=str(int(found[1])))
    if found := _DAY.fullmatch(bare):
        return _day(found[1], found[2])
    # 昭和51年12月49日 still says 昭和51年.
    begun = _YEAR_FIRST.match(bare)
    said = _parsed(begun[0]) if begun and not begun[0].isdigit() else None
    return Birth(year=said.year) if said else Birth()


def _day(month: str, day: str) -> Birth:
    """Return month and day, of an unknown year, when a calendar has them."""
    known = 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    return Birth(day=f"{int(month):02}{int(day):02}" if known else "")


def _parsed(text: str) -> Birth | None:
    """Return what `wareki` reads; None when it is no date at all."""
    try:
        found = wareki.parse(text)
    except SonaeError:
        return None
    if found.earliest is None or found.latest is None:
        return Birth() if not text.strip("日") else None
    year = str(found.earliest.year) if found.earliest.year == found.latest.year else ""
    if not (day := found.exact):
        return Birth(year=year)
    return Birth(day.strftime("%Y%m%d"), year, day.strftime("%m%d"), _era_year(day))


def _era_year(day: date) -> str:
    """Return the number that a person of this birth date says for the year."""
    try:
        return str(day.year - wareki.era_of(day).year_one + 1)
    except SonaeError:
        return ""


def year_of_age(text: str, as_of: date) -> str | None:
    """Return the likelier birth year of an age as written; the other is the one before.

    A baby's months are no years; 「60代」 says too little to be a year.
    """
    plain = _numerals("".join(unicodedata.normalize("NFKC", text).split()))
    found = _NUMBER.search(plain)
    if not found or plain[found.end() : found.end() + 1] == "代":
        return None
    years = 0 if _MONTHS.match(plain[found.end() :]) else int(found[0])
    if years >= OLDEST:
        return None
    return str(as_of.year - years - ((as_of.month, as_of.day) < (7, 1)))


def _numerals(text: str) -> str:
    """Return kanji numerals up to 99 as digits: 六十五 → 65."""

    def number(found: re.Match[str]) -> str:
        tens, ten, ones = found.groups()
        if not found[0]:
            return ""
        value = (_DIGITS.find(tens or "一") * 10 if ten else 0) + (
            _DIGITS.find(ones) if ones else 0
        )
        return str(
            value
            if ten
            else int(f"{_DIGITS.find(tens) if tens else ''}{_DIGITS.find(ones) if ones else ''}")
        )

    return _KANJI.sub(number, text)
