"""One facility as a list states it (避難所データの1行), and what is wrong with it.

Three values throughout: a blank is never an answer. Sources: 国土地理院 指定緊急避難場所データ,
自治体標準オープンデータセット 指定緊急避難場所一覧.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sonae.engines.shelters.capacities import Capacity, capacity

__all__ = [
    "HAZARDS",
    "UNSTATED",
    "Capacity",
    "Defect",
    "Listed",
    "Reading",
    "capacity",
    "closed_in_part",
    "closure",
    "flag",
    "level_dashes",
    "plain",
    "restricted_to",
]
HAZARDS: Final = (
    "flood", "landslide", "storm_surge", "earthquake", "tsunami", "fire", "inland_flood", "volcano",
)  # fmt: skip
UNSTATED: Final = dict.fromkeys(HAZARDS, "unknown")
_YES: Final = frozenset(
    {
        "1",
        "○",
        "〇",
        "◯",
        "◎",
        "●",
        "有",
        "あり",
        "対応",
        "可",
        "yes",
        "y",
        "true",
        "適",
        "指定",
        "ok",
    }
)
_PARTIAL: Final = frozenset({"△", "▲", "一部", "条件付", "条件付き", "partial", "limited"})
_NO: Final = frozenset(
    {
        "0",
        "×",
        "✕",
        "☓",
        "✖",
        "無",
        "なし",
        "不可",
        "no",
        "n",
        "false",
        "-",
        "不適",
        "非対応",
        "対象外",
    }
)
_MARKS: Final = {
    "○": "partial",
    "〇": "partial",
    "◯": "partial",
    "◎": "partial",
    "△": "partial",
    "▲": "partial",
    "×": "no",
    "✕": "no",
}
"""A mark followed by words: what is suitable under a condition is suitable in part only."""
_CLOSED: Final = re.compile(
    r"(?:使用|利用|開設|受入れ?)(?:は|を)?(?:不可|中止|停止|休止|でき(?:ない|ません))|閉鎖|休止|廃止|休館中|閉館|"
    r"工事中|解体|取り?壊し|立入禁止|\b(?:closed|not in use|out of service|unavailable)\b",
    re.I,
)
_IN_PART: Final = re.compile(
    r"(?:時|場合)(?:に?は)?(?:使用|利用|開設)(?:不可|でき)|(?:階|室|棟|校舎|場|庭|部分|一部|館)(?:は|のみ)(?:使用|利用)(?:不可|でき)"
)
_WHOLE: Final = re.compile(r"工事|改修|解体|休止|廃止|閉鎖|被災|令和|\d年|\d月|当面|当分")
_BRACKETED: Final = re.compile(r"[(（\[【<]([^)）\]】>]*)[)）\]】>]")
_GROUPS: Final = (("elderly", "高齢"), ("disabled", "障"), ("child", "児|子ども|こども|園児"))
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−─ー﹣－", "-"))


@dataclass(frozen=True)
class Listed:
    """One row of a list; degrees in JGD2011/WGS 84, None where unreadable.

    ``kind``: ``emergency_site``, ``shelter`` or ``both``. ``hazards``: one of yes, partial, no,
    unknown for each of `HAZARDS`. ``restricted_to``: 受入対象者, empty = everyone. ``more``: what
    the row says besides, heading → value as written, so that nothing of it is lost.
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
    capacity: Capacity = field(default_factory=Capacity)
    restricted_to: tuple[str, ...] = ()
    usable: str = "unknown"
    usable_reason: str = ""
    kana: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the row of the contract ``shelters check``."""
        row = dict(self.__dict__)
        row["capacity"] = dict(self.capacity.__dict__)
        row["restricted_to"] = list(self.restricted_to)
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Listed:
        """Return the facility of a line that `to_json` wrote."""
        held = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        held["capacity"] = Capacity(**row["capacity"])
        held["restricted_to"] = tuple(row["restricted_to"])
        return cls(**held)


@dataclass(frozen=True)
class Defect:
    """One thing wrong with a list: where, the value, ``problem`` code, and what was done about it.

    ``row`` 0 = the whole file, else as a spreadsheet counts. ``column``: the heading as written.
    ``action``: ``kept`` (as written), ``corrected`` or ``left_out``. ``detail``: what it was read as.
    """

    input: str
    row: int
    column: str
    value: str
    problem: str
    action: str
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the line of the contract."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Reading:
    """A list as read: its facilities, what is wrong with it, its heading, and what it speaks of.

    ``fields``: keys of `columns.ALIASES` and hazards. What a list has no column for it does not say:
    that is not the same as saying that it is unknown.
    """

    listed: list[Listed]
    defects: list[Defect]
    headings: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()


def plain(value: object) -> str:
    """Return text with half-width digits and signs, without outer blanks; empty for None."""
    return "" if value is None else unicodedata.normalize("NFKC", str(value)).strip()


def level_dashes(text: str) -> str:
    """Return text with every dash, minus and long vowel mark as one hyphen (for comparison only)."""
    return text.translate(_DASHES)


def flag(value: object) -> str:
    """Return yes, partial, no or unknown of one cell; a blank is unknown.

    A mark with a condition behind it (○2階以上) is ``partial``; other sentences are unknown.
    """
    text = plain(value).lower()
    if not text.strip("‐‑‒–—―−─ー-"):
        text = text[:1] and "-"
    for answer, spellings in (("yes", _YES), ("partial", _PARTIAL), ("no", _NO)):
        if text in spellings:
            return answer
    return _MARKS.get(text[:1], "unknown")


def restricted_to(value: object) -> tuple[str, ...]:
    """Return the groups of 受入対象者; text that names none of them is ``other``, never everyone."""
    text = plain(value)
    if not text:
        return ()
    return tuple(group for group, words in _GROUPS if re.search(words, text)) or ("other",)


def closure(*texts: object) -> str:
    """Return the words that say a facility cannot be used, often only inside its name; else empty.

    What is closed in part only, or for one kind of disaster, is not closed (`closed_in_part`).
    """
    return next((told for text in texts if (told := _told(text)) and not _partly(told)), "")


def closed_in_part(*texts: object) -> str:
    """Return the words that say that a part of a facility, or one use of it, is not possible."""
    return next((told for text in texts if (told := _told(text)) and _partly(told)), "")


def _told(value: object) -> str:
    """Return what a text says about a closure: the words in brackets, else the whole text."""
    text = plain(value)
    if not _CLOSED.search(text):
        return ""
    inside = [part for part in _BRACKETED.findall(text) if _CLOSED.search(part)]
    return (inside[0] if inside else text).lstrip("※* ")


def _partly(told: str) -> bool:
    """Tell whether the words are about a part or a condition, with nothing that closes the whole."""
    return bool(_IN_PART.search(told)) and not _WHOLE.search(told)
