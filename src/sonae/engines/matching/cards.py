"""What a card (カード, 世帯票) leaves out because the line above says it: 〃, 同上, a missing surname.

Lines of one ``group`` are one card. A ditto sign takes the value of the line before on the same
card, of the one cell or of a part of it (〃 太郎). A blank address is the card's; a blank date or
phone is not: those belong to one person. A surname is taken over when only a given name is
written, and a kanji surname only where the kana surname agrees.
"""

from __future__ import annotations

import re
from typing import Final

from sonae.core import kana
from sonae.engines.matching.sides import Columns, column
from sonae.engines.matching.splitting import Known

_DITTO: Final = re.compile(r"^(?:[〃々仝\"”″〟゛\u3003]+|同上|同じ|同|々々|上に同じ|〃〃)$")
_LEADING: Final = re.compile(r"^(?:[〃仝\"”″〟゛\u3003]|同上)[\s　]*(?=\S)")
_PARTS: Final = ("name", "kana")
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
    """Return the columns of a roster with what the cards leave out written in; groups as they are."""
    names = (*_PARTS, *_WHOLE)
    out = {name: [v or "" for v in column(roster, name, count).to_pylist()] for name in names}
    groups = column(roster, "group", count).to_pylist()
    before: dict[str, str] = {}
    last: dict[str, dict[str, str]] = {}
    for n in range(count):
        row = _kana_apart({name: out[name][n].strip() for name in names})
        above = last.get(groups[n]) if groups[n] else None
        # Without a card a ditto sign still means the line above it.
        before = _completed(row, before if above is None else above, known, above is not None)
        for name in names:
            out[name][n] = before[name]
        if groups[n]:
            last[groups[n]] = {**(above or {}), **{k: v for k, v in before.items() if v}}
    return out


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
    for name in _WHOLE:
        text = row[name]
        done[name] = above.get(name, "") if is_ditto(text) else text
    if same_card:
        done["address"] = done["address"] or above.get("address", "")
    return done
