"""How names are found at a desk: keys under which different spellings meet (住民記録標準仕様書 2.1.2)."""

from __future__ import annotations

import re
from typing import Final

from sonae.core import kanji
from sonae.core.kana import search_key

_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd]")
GETA: Final = "〓"
"""What stands in keys for a 外字: no two systems draw the same sign at one place (行政事務標準文字)."""


def name_key(name: str) -> str:
    """Return the search key of a written name: no spaces, 新字 for 旧字 and common variants.

    Equal keys put two names on one list at the desk; they never say that two people are one.
    """
    return _PRIVATE.sub(GETA, "".join(kanji.plain(name).split()))


def given_key(kana: str) -> str:
    """Return the search key of the given name in ``family given`` kana; empty without a space."""
    _family, _space, given = " ".join(kana.split()).partition(" ")
    return search_key(given)
