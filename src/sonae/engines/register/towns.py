"""Which town an address names (住所 → 町字): longest name first, the number of its 丁目 with it.

Written forms meet by `core.townname`: 大字 and 字 count for nothing, ヶ and ケ and が are one, 三丁目 is 3丁目
and ``3-1-2`` where the town has 丁目.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from sonae.core import townname

Key = TypeVar("Key", bound=Hashable)
_CHOME: Final = re.compile(
    r"(?P<stem>.*?)(?P<number>[一二三四五六七八九十〇0-9]+)丁目(?P<rest>.*)", re.DOTALL
)
_NUMBER: Final = re.compile(r"(?P<stem>[^0-9]*)(?P<number>[0-9]*)(?P<rest>.*)", re.DOTALL)
_DASH: Final = re.compile(r"(?<=[0-9])[‐‑‒–—―−ー－ｰ](?=[0-9])")
_JOINT: Final = "-のノ番地号 　"


class Found(NamedTuple, Generic[Key]):
    """The town's key (None when no town is named), and the rest of the address as written."""

    town: Key | None
    rest: str


class TownFinder(Generic[Key]):
    """Finds the town of an address within one municipality; what was found for a stem is kept."""

    def __init__(self, towns: Sequence[tuple[Key, str, str]], before: Sequence[str] = ()) -> None:
        """``towns``: (key, code, name). ``before``: what addresses may begin with (県, 郡, 市)."""
        self._towns: dict[tuple[str, int | None], Key] = {}
        for key, _code, name in towns:
            written = townname.meeting(name)
            self._towns.setdefault((written.stem, written.chome), key)
        self._codes = {code: key for key, code, _name in towns if code}
        self._before = sorted({one for one in before if one}, key=len, reverse=True)
        self._known: dict[str, tuple[str, str] | None] = {}
        self._stems = {stem for stem, _chome in self._towns}

    def by_code(self, code: str) -> Key | None:
        """Return the town with this code (also the last digits of a longer one)."""
        if code in self._codes:
            return self._codes[code]
        return (
            next((key for own, key in self._codes.items() if code.endswith(own)), None)
            if len(code) > 6
            else None
        )

    def find(self, address: str) -> Found[Key]:
        """Split an address as written into town and rest."""
        text = _DASH.sub("-", unicodedata.normalize("NFKC", address)).strip()
        text = self._without_city(text)
        for pattern in (_CHOME, _NUMBER):
            parts = pattern.fullmatch(text)
            found = (
                self._split(parts["stem"], parts["number"], parts["rest"], pattern)
                if parts
                else None
            )
            if found:
                return found
        return Found(None, text)

    def _without_city(self, text: str) -> str:
        """Return an address without prefecture, county and city; nothing else is dropped."""
        again = True
        while again:
            again = False
            for one in self._before:
                if text.startswith(one) and len(text) > len(one):
                    text, again = text[len(one) :].lstrip(), True
        return text

    def _split(
        self, stem: str, number: str, rest: str, pattern: re.Pattern[str]
    ) -> Found[Key] | None:
        """Return the town of a stem and the number after it, None when the stem names none."""
        known = self._stem(stem)
        if known is None:
            return None
        name, left = known
        chome = townname.meeting(f"{name}{number}丁目").chome if number else None
        if not left and chome is not None and (name, chome) in self._towns:
            tail = rest if pattern is _CHOME else rest.removeprefix("丁目")
            return Found(self._towns[name, chome], tail.lstrip(_JOINT))
        if pattern is _CHOME or (name, None) not in self._towns:
            return None
        return Found(self._towns[name, None], f"{left}{number}{rest}".strip())

    def _stem(self, stem: str) -> tuple[str, str] | None:
        """Return the longest town name at the beginning of a stem, and what is left of it."""
        if stem not in self._known:
            found = None
            for size in range(len(stem), 0, -1):
                name = townname.meeting(stem[:size]).stem
                if name in self._stems:
                    found = name, stem[size:]
                    break
            self._known[stem] = found
        return self._known[stem]
