"""Why a candidate fits, in the words of a clerk who compares two papers."""

from __future__ import annotations

from typing import Final

from sonae.engines.matching.levels import COMPARISONS, NULL

_TWICE: Final = "同じ書面の別の行がこの人らしい"
_FAMILY: Final = "同じ書面の人が同じ世帯にいる"
_APART: Final = "同じ書面の人は別の世帯にいる"
_TELLING: Final = 1.0


def level_name(comparison: int, code: int) -> str:
    """Return the name of a level; ``missing`` for 0."""
    return NULL if code == 0 else COMPARISONS[comparison].levels[code - 1].name


def words(codes: list[int], added: float) -> list[str]:
    """Return what agrees, what differs, and what the card says; ``added`` in bits."""
    told = [
        one.levels[code - 1].why
        for one, code in zip(COMPARISONS, codes, strict=True)
        if code and one.levels[code - 1].why
    ]
    if added > _TELLING:
        told.append(_FAMILY)
    elif added < -2 * _TELLING:
        told.append(_APART if added > -6 else _TWICE)
    return told
