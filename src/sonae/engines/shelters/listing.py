"""One facility as a list states it (避難所データの1行), and what is wrong with it.

Three values throughout: a blank is never an answer. Sources: 国土地理院 指定緊急避難場所データ,
自治体標準オープンデータセット 指定緊急避難場所一覧.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

HAZARDS: Final = (
    "flood", "landslide", "storm_surge", "earthquake", "tsunami", "fire", "inland_flood", "volcano",
)  # fmt: skip
UNSTATED: Final = dict.fromkeys(HAZARDS, "unknown")
_YES: Final = frozenset({"1", "○", "〇", "◯", "◎", "有", "あり", "対応", "可", "yes", "true", "適"})
_PARTIAL: Final = frozenset({"△", "▲", "一部", "条件付", "条件付き", "partial"})
_NO: Final = frozenset({"0", "×", "✕", "☓", "無", "なし", "不可", "no", "false", "-", "不適"})
_CLOSED: Final = re.compile(
    r"使用不可|利用不可|使用でき(?:ない|ません)|利用でき(?:ない|ません)|閉鎖|休止|廃止|工事中"
)
_BRACKETED: Final = re.compile(r"[(（\[【]([^)）\]】]*)[)）\]】]")
_GROUPS: Final = (("elderly", "高齢"), ("disabled", "障"), ("child", "児|子ども|こども|園児"))
_NUMBER: Final = re.compile(r"(屋内|室内|屋外)?[^\d屋室]*?(\d+)\s*(?:人|名)?")


@dataclass(frozen=True)
class Capacity:
    """想定収容人数 in people: ``total`` None when the list does not say; ``text`` as written."""

    total: int | None = None
    indoor: int | None = None
    outdoor: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Listed:
    """One row of a list; degrees in JGD2011/WGS 84, None where unreadable.

    ``kind``: ``emergency_site``, ``shelter`` or ``both``. ``hazards``: one of yes, partial, no,
    unknown for each of `HAZARDS`. ``restricted_to``: 受入対象者, empty = everyone.
    """

    input: str
    row: int
    id: str
    name: str
    kind: str
    lat: float | None
    lon: float | None
    address: str = ""
    hazards: dict[str, str] = field(default_factory=lambda: dict(UNSTATED))
    capacity: Capacity = Capacity()
    restricted_to: tuple[str, ...] = ()
    usable: str = "unknown"
    usable_reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row of the contract ``shelters check``."""
        row = dict(self.__dict__)
        row["capacity"] = dict(self.capacity.__dict__)
        row["restricted_to"] = list(self.restricted_to)
        return row


@dataclass(frozen=True)
class Defect:
    """One thing wrong with a list: where, the value, ``problem`` code, and what was done about it.

    ``action``: ``kept`` (as written), ``corrected`` or ``left_out``.
    """

    input: str
    row: int
    column: str
    value: str
    problem: str
    action: str

    def to_json(self) -> dict[str, Any]:
        """Return the line of the contract."""
        return dict(self.__dict__)


def plain(value: object) -> str:
    """Return text with half-width digits and signs, without outer blanks; empty for None."""
    return "" if value is None else unicodedata.normalize("NFKC", str(value)).strip()


def flag(value: object) -> str:
    """Return yes, partial, no or unknown of one cell; a blank is unknown."""
    text = plain(value).lower()
    for answer, spellings in (("yes", _YES), ("partial", _PARTIAL), ("no", _NO)):
        if text in spellings:
            return answer
    return "unknown"


def restricted_to(value: object) -> tuple[str, ...]:
    """Return the groups of 受入対象者; text that names none of them is ``other``, never everyone."""
    text = plain(value)
    if not text:
        return ()
    return tuple(group for group, words in _GROUPS if re.search(words, text)) or ("other",)


def closure(*texts: object) -> str:
    """Return the words that say a facility cannot be used, often only inside its name; else empty."""
    for value in texts:
        text = plain(value)
        if _CLOSED.search(text):
            inside = [part for part in _BRACKETED.findall(text) if _CLOSED.search(part)]
            return (inside[0] if inside else text).lstrip("※ ")
    return ""


def capacity(value: object) -> Capacity:
    """Read a capacity: a number, or text with numbers for indoors and outdoors; unknown stays None.

    A share such as （面積の1/2） is not a number of people.
    """
    written = plain(value)
    text = re.sub(r"\([^)]*\)", "", written).replace(",", "")
    found = [(label, int(number)) for label, number in _NUMBER.findall(text)]
    indoor = next((n for label, n in found if label in {"屋内", "室内"}), None)
    outdoor = next((n for label, n in found if label == "屋外"), None)
    if indoor is not None or outdoor is not None:
        return Capacity((indoor or 0) + (outdoor or 0), indoor, outdoor, written)
    if len(found) == 1:
        return Capacity(found[0][1], text=written)
    return Capacity(text=written)
