"""想定収容人数 as municipalities write it: a number, or text about indoors and outdoors."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_INDOOR: Final = "屋内|室内|館内|建物内|建物|体育館|校舎|教室|indoors?"
_OUTDOOR: Final = "屋外|野外|館外|グラウンド|グランド|校庭|運動場|広場|駐車場|outdoors?"
_TOTAL: Final = "合計|総計|全体|計|total"
_NOT_PEOPLE: Final = re.compile(
    r"\d+\s*/\s*\d+|\d+(?:\.\d+)?\s*(?:m2|㎡|平米|平方メートル|%|パーセント|階|箇所|か所|ヶ所|台|室|棟|世帯)|"
    r"(?:昭和|平成|令和|[SHR])\d+(?:年(?:\d+月)?(?:\d+日)?)?|\d+年(?:\d+月)?(?:\d+日)?"
)
_PIECE: Final = re.compile(
    rf"(?P<label>{_TOTAL}|{_INDOOR}|{_OUTDOOR}|うち|内訳)|(?<![.\d])(?P<number>\d+(?:\.0+)?)(?![.\d])",
    re.I,
)
_RATE: Final = re.compile(r"\d\s*(?:人|名)\s*/\s*(?:\d|m|㎡|平)|あたり|当た?り|につき")
_JOINS: Final = re.compile(r"\d\s*(?:~|〜|～|×|x|\*|÷|または|又は|から)\s*\d", re.I)
MOST_PEOPLE: Final = 1_000_000
"""More than any place holds: a telephone number or an area went astray."""


@dataclass(frozen=True)
class Capacity:
    """想定収容人数 in people: ``total`` None when the list does not say; ``text`` as written."""

    total: int | None = None
    indoor: int | None = None
    outdoor: int | None = None
    text: str = ""


def capacity(value: object) -> Capacity:
    """Read a capacity: a number, or text with numbers for indoors and outdoors; unknown stays None.

    Several numbers count only when it is plain what each of them is: one indoors, one outdoors, or a
    total. A share （面積の1/2）, an area or a date is not a number of people.
    """
    written = "" if value is None else str(value).strip()
    plain = unicodedata.normalize("NFKC", written).strip()
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", plain)
    if re.match(r"[-−–—]\s*\d", text) or _JOINS.search(text) or _RATE.search(text):
        return Capacity(text=written)
    found = _labelled(_NOT_PEOPLE.sub(" ", text))
    if found is None:
        return Capacity(text=written)
    return Capacity(*found, written)


def _labelled(text: str) -> tuple[int | None, int | None, int | None] | None:
    """Return total, indoors and outdoors; None when a number's place is not plain."""
    sides: dict[str, int] = {}
    label = "total"
    for piece in _PIECE.finditer(text):
        if piece["label"]:
            label = _side(piece["label"])
            continue
        number = int(float(piece["number"]))
        if label in sides or number > MOST_PEOPLE:
            return None
        sides[label] = number
        label = "total"
    indoor, outdoor, total = sides.get("indoor"), sides.get("outdoor"), sides.get("total")
    if indoor is None and outdoor is None:
        return None if total is None else (total, None, None)
    together = (indoor or 0) + (outdoor or 0)
    if total is None:
        return together, indoor, outdoor
    both = indoor is not None and outdoor is not None
    fits = total == together if both else total >= together
    return (total, indoor, outdoor) if fits else None


def _side(label: str) -> str:
    """Return what a label in front of a number stands for."""
    if re.fullmatch(_INDOOR, label, re.I):
        return "indoor"
    return "outdoor" if re.fullmatch(_OUTDOOR, label, re.I) else "total"


def is_plain(text: str) -> bool:
    """Tell whether a capacity is written as a bare number of people."""
    return re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d+(?:\.0+)?", text.strip()) is not None
