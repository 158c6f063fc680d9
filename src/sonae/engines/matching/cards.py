"""What a card (カード, 世帯票) leaves out because the line above says it: 〃, 同上, a missing surname.

Lines of one ``group`` are one card. A ditto sign takes the value of the line before on the same
card, of the one cell or of a part of it (〃 太郎). A blank address is the card's; a blank date or
phone is not: those belong to one person. A surname is taken over when only a given name is
written, and a kanji surname only where the kana surname agrees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sonae.engines.matching.sides import Columns, column

_DITTO: Final = re.compile(r"^(?:[〃々仝\"”″〟゛\u3003]+|同上|同じ|同|々々|上に同じ|〃〃)$")
_LEADING: Final = re.compile(r"^(?:[〃仝\"”″〟゛\u3003]|同上)[\s　]*(?=\S)")
_PARTS: Final = ("name", "kana")
_WHOLE: Final = ("address", "phone", "birth_date", "age", "sex")


def is_ditto(text: str) -> bool:
    """Whether a cell says nothing but "as above"."""
    return _DITTO.match(text.strip()) is not None


def _surname(text: str) -> str:
    """Return what stands before the first space, if there is one."""
    first, space, _rest = text.replace("　", " ").strip().partition(" ")
    return first if space else ""


def _name(text: str, above: str) -> str:
    """Return a name with the surname that a ditto sign or a lone given name leaves to the line above."""
    plain = text.strip()
    if is_ditto(plain):
        return above
    inherited = _surname(above)
    if found := _LEADING.match(plain):
        return f"{inherited} {plain[found.end() :]}".strip()
    return plain


def filled(roster: Columns, count: int, lone: Callable[[str], bool]) -> dict[str, list[str]]:
    """Return the columns of a roster with what the cards leave out written in; groups as they are.

    ``lone`` tells whether an unspaced name is a given name alone.
    """
    names = (*_PARTS, *_WHOLE)
    out = {name: [v or "" for v in column(roster, name, count).to_pylist()] for name in names}
    groups = column(roster, "group", count).to_pylist()
    last: dict[str, dict[str, str]] = {}
    for n in range(count):
        row = {name: out[name][n].strip() for name in names}
        above = last.get(groups[n]) if groups[n] else None
        # Without a group a ditto sign still means the line above it.
        source = above or (last.get("\0") if any(map(_refers, row.values())) else None)
        row = _completed(row, source or {}, lone if above else None)
        for name in names:
            out[name][n] = row[name]
        last["\0"] = row
        if groups[n]:
            last[groups[n]] = {**(above or {}), **{k: v for k, v in row.items() if v}}
    return out


def _refers(text: str) -> bool:
    return is_ditto(text) or _LEADING.match(text) is not None


def _completed(
    row: dict[str, str], above: dict[str, str], lone: Callable[[str], bool] | None
) -> dict[str, str]:
    """Return one line with what it leaves to the line above; ``lone`` is None on another card."""
    done = {name: _name(row[name], above.get(name, "")) for name in _PARTS}
    for name in _WHOLE:
        text = row[name]
        done[name] = above.get(name, "") if is_ditto(text) else text
    if lone is None:
        return done
    done["address"] = done["address"] or above.get("address", "")
    for name in _PARTS:
        text, surname = done[name], _surname(above.get(name, ""))
        if surname and text and lone(text):
            done[name] = f"{surname} {text}"
    return done
