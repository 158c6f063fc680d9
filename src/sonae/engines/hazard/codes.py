"""Codes of 国土数値情報 hazard data (A31, A31a, A33, A40, A49): what a value means, never guessed.

The same number means different things in different editions: A31a ranks are not the old A31_001
steps, and a tsunami rank of PLATEAU follows a code list that need not come with the file.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

DEPTHS: Final[tuple[tuple[float, float | None], ...]] = (
    (0.0, 0.5), (0.5, 3.0), (3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, None),
)  # fmt: skip
"""Metres [from, to) per rank 1–6 (水害ハザードマップ作成の手引き, 標準凡例)."""

OLD_STEPS: Final[dict[int, tuple[float, float | None]]] = {
    21: (0.0, 0.5), 22: (0.5, 1.0), 23: (1.0, 2.0), 24: (2.0, 3.0), 25: (3.0, 4.0),
    26: (4.0, 5.0), 27: (5.0, None),
}  # fmt: skip
"""A31_001 (editions before A31a), seven steps; other numbers are unreadable."""

OLD_FIVE_STEPS: Final[dict[int, tuple[float, float | None]]] = {
    11: (0.0, 0.5), 12: (0.5, 1.0), 13: (1.0, 2.0), 14: (2.0, 5.0), 15: (5.0, None),
}  # fmt: skip
"""The same column in five steps; one file may use both scales."""

DURATION_RANKS: Final = range(1, 8)
"""浸水継続時間: 12 hours, 1 day, 3 days, 1 week, 2 weeks, 4 weeks, longer."""
COLLAPSE: Final = ("氾濫流", "河岸侵食")
"""家屋倒壊等氾濫想定区域: file groups 41 and 42; being inside is what counts, not the number."""

LANDSLIDE: Final = ("土砂災害警戒区域", "土砂災害特別警戒区域")
LANDSLIDE_BEFORE: Final = ("土砂災害警戒区域（指定前）", "土砂災害特別警戒区域（指定前）")
"""A33_002: 1 and 2 designated, 3 and 4 the same before designation."""

A31_FIELD: Final = re.compile(r"^A31a?_([1-4])05$")
A31_GROUP: Final = re.compile(r"^A31a?_([1-4])\d\d$")
A31_KINDS: Final = {
    "1": ("depth", "L1"),
    "2": ("depth", "L2"),
    "3": ("duration", "L2"),
    "4": ("collapse", "L2"),
}
"""First digit of A31a_n05 (and A31_n05 of 2019–2021) → kind and scale."""
_RANGE: Final = re.compile(r"^([\d.]+)m?(?:(?:以上)?[~-]|以上)([\d.]+)m?(未満|以下)?$")
_FROM: Final = re.compile(r"^([\d.]+)m?(以上|~|超)$")
_BELOW: Final = re.compile(r"^[~]?([\d.]+)m?(未満|以下)?$")


def depth_range(text: object) -> tuple[float, float | None] | None:
    """Return [from, to) in metres of one free-text range (A40_003, A49_003); None = unreadable.

    Understands ``0.3m以上 ～ 0.5m未満``, ``1m以上～3m未満``, ``1.0～2.0m``, ``20m以上``, ``0.3m未満``.
    """
    plain = unicodedata.normalize("NFKC", str(text)) if text is not None else ""
    plain = re.sub(r"[〜～∼−–—]", "~", plain.replace("メートル", "m").replace("ｍ", "m"))
    plain = re.sub(r"\s", "", plain).replace("以上-", "以上~")
    if both := _RANGE.match(plain):
        low, high = _number(both[1]), _number(both[2])
        return None if low is None or high is None or low >= high else (low, high)
    if start := _FROM.match(plain):
        low = _number(start[1])
        return None if low is None else (low, None)
    end = _BELOW.match(plain)
    if end and ("未満" in plain or "以下" in plain or plain.startswith("~")):
        high = _number(end[1])
        return None if not high else (0.0, high)
    return None


def _number(text: str) -> float | None:
    """Return a number, None for what only looks like one (``1.2.3``)."""
    try:
        return float(text)
    except ValueError:
        return None


def whole(value: object) -> int | None:
    """Return a code as a whole number, None when it is none (``"3"``, ``3.0``, 3 → 3)."""
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
