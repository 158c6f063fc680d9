"""Numbers and codes as people type them: full width, with separators, with blanks around."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SEPARATORS: Final = re.compile(r"[\s,'’、،]+")
_DASHES: Final = re.compile(r"[\s\-‐‑‒–—―−ー]+")


def number(text: str) -> str:
    """Return a typed whole number without separators: 「８，８９１」 and ``8 891`` are ``8891``.

    Whatever else was typed stays, so that the caller can refuse it (`str.isdecimal`).
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))


def key_of(text: str) -> int:
    """Return a page or primary key that came in a query or form, 0 for anything that can be none.

    Nobody types these, so nothing is forgiven; longer than 15 digits no database takes.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def code(text: str) -> str:
    """Return a typed code in capitals without blanks and dashes: 「Ｈ００００ ００１」 is ``H0000001``."""
    return _DASHES.sub("", unicodedata.normalize("NFKC", text)).upper()
