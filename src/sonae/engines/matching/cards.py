"""What a card (カード, 世帯票) leaves out because the line above says it: 〃, 同上, a missing surname.

Lines of one ``group`` are one card. A line that no group ties to another goes on with the family
above it when it begins with a ditto sign or is a given name alone, and when it has the same surname
and the same address; a ditto sign at the head of a card says that it goes on from another sheet.

A ditto sign takes the value of the line before on the same card, of the one cell or of a part of it
(〃 太郎). A blank address is the card's; a blank date or phone is not: those belong to one person. A
surname is taken over when only a given name is written, and a kanji surname only where the kana
surname agrees. A given name whose surname nobody says has `MISSING` in its place. What plainly
stands in the neighbouring cell (a date under 年齢, kanji under ふりがな) is put back.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from sonae.core import kana
from sonae.engines.matching.names import MISSING
from sonae.engines.matching.sides import Columns, column
from sonae.engines.matching.splitting import Known, kana_form

_DITTO: Final = re.compile(r"^(?:[〃々仝\"”″〟゛\u3003]+|同上|同じ|同|々々|上に同じ|〃〃)$")
_LEADING: Final = re.compile(r"^(?:[〃仝\"”″〟゛\u3003]|同上)[\s　]*(?=\S)")
_PARTS: Final = ("name", "kana")
_KANJI: Final = re.compile(r"[一-鿿]")
_ONLY_KANA: Final = re.compile(r"^[ぁ-ゖァ-ヺー\s　・]+$")
_DATE: Final = re.compile(r"\d[年./-]\s?\d|^\D{0,2}\d{6,8}$|^[明大昭平令][治正和成]?\d")
_AGE: Final = re.compile(r"^\d{1,3}\s*[歳才代]?$")
_SEX: Final = re.compile(r"^[男女]性?$")
_PHONE: Final = re.compile(r"^\d[\d-]{8,}$")
_NEIGHBOURS: Final = (
    ("name", "kana", _KANJI, _ONLY_KANA), ("birth_date", "age", _DATE, _AGE),
    ("sex", "birth_date", _SEX, _DATE), ("address", "phone", _KANJI, _PHONE),
)  # fmt: skip
"""Cells side by side, and what is plainly of the first and of the second."""
_WHOLE: Final = ("address", "phone", "birth_date", "age", "sex")


def is_ditto(text: str) -> bool:
    """Whether a cell says nothing but "as above"."""
    return _DITTO.match(text.strip()) is not None


def _name(text: str, above: str, known: Known, same_card: bool) -> str:
    """Return a name with the surname that a ditto sign or a lone given name leaves to the line above."""
    if is_ditto(text):
        return above
    surname = known.surname(above) if above else ""
    if found := _LEADING.match(text):
        return f"{surname} {text[found.end() :]}".strip()
    lone = same_card and surname and text and known.lone(text)
    return f"{surname} {text}" if lone else text


def filled(roster: Columns, count: int, known: Known) -> dict[str, list[str]]:
    """Return the columns of a roster with what the cards leave out written in, and ``group`` as the
    lines go on: of a line that stands alone a group of its own.
    """
    names = (*_PARTS, *_WHOLE)
    out = {name: [v or "" for v in column(roster, name, count).to_pylist()] for name in names}
    groups = [v or "" for v in column(roster, "group", count).to_pylist()]
    crowd = Counter(groups)
    keys: dict[str, str] = {}
    last: dict[str, dict[str, str]] = {}
    before: dict[str, str] = {}
    key = ""
    for n in range(count):
        row = _kana_apart(in_place({name: out[name][n].strip() for name in names}))
        own = groups[n] or f"\0{n}"
        tied = bool(groups[n]) and crowd[groups[n]] > 1
        follows = own not in keys and bool(key) and _goes_on(row, before, tied, known)
        same_card = own in keys or follows
        key = keys.setdefault(own, key if follows else own)
        # Without a card a ditto sign still means the line above it.
        above = last.get(key, before)
        before = _completed(row, above, known, same_card)
        for name in names:
            out[name][n] = before[name]
        last[key] = {**last.get(key, {}), **{k: v for k, v in before.items() if v}}
        groups[n] = key
    return {**out, "group": groups}


def _goes_on(row: dict[str, str], above: dict[str, str], tied: bool, known: Known) -> bool:
    """Whether the first line of a card is of the family above it; ``tied``: others are on its card."""
    name = row["name"] or row["kana"]
    if is_ditto(name) or _LEADING.match(name):
        return True
    if tied:
        return False
    if name and known.lone(name):
        return True
    if not name or name == (above["name"] or above["kana"]):  # nobody, or the line typed twice
        return False
    surnames = [known.surname(one["name"]) for one in (row, above)]
    same = row["address"] == above["address"] or is_ditto(row["address"])
    return bool(row["address"]) and same and surnames[0] == surnames[1] != ""


def in_place(row: dict[str, str]) -> dict[str, str]:
    """Return a line with what plainly stands in the neighbouring cell put back."""
    for first, second, is_first, is_second in _NEIGHBOURS:
        one, other = row[first], row[second]
        astray = other and not is_ditto(other) and is_first.search(other)
        if astray and (not one or is_second.search(one)):
            row = {**row, first: other, second: one}
    return row


def _kana_apart(row: dict[str, str]) -> dict[str, str]:
    """Move a name that is written in kana to where readings stand, so that dittos find theirs."""
    bare = _LEADING.sub("", row["name"])
    if row["kana"] or not kana.is_kana(bare):
        return row
    return {**row, "name": "", "kana": row["name"]}


def _completed(
    row: dict[str, str], above: dict[str, str], known: Known, same_card: bool
) -> dict[str, str]:
    """Return one line with what it leaves to the line above."""
    done = {name: _name(row[name], above.get(name, ""), known, same_card) for name in _PARTS}
    if row["name"] and done["name"] != row["name"]:
        done["kana"] = _reading(done["kana"], above.get("kana", ""), known)
    done = {name: _bare(text, known) for name, text in done.items()}
    for name in _WHOLE:
        text = row[name]
        done[name] = above.get(name, "") if is_ditto(text) else text
    if same_card:
        done["address"] = done["address"] or above.get("address", "")
    return done


def _reading(text: str, above: str, known: Known) -> str:
    """Return the reading of a name that left its surname out: the reading leaves it out as well."""
    if not text or " " in text or "　" in text:
        return text
    surname = kana_form(known.surname(above)) if above else ""
    if not surname:
        return f"{MISSING} {text}" if kana_form(text) in known.given_readings else text
    return text if kana_form(text).startswith(surname) else f"{surname} {text}"


def _bare(text: str, known: Known) -> str:
    """Return a given name that stands alone as one: nobody says its surname."""
    return f"{MISSING} {text}" if text and known.lone(text) and not known.divisible(text) else text
