"""旧市町村名: which municipality stands now where an address names one that is none any more.

Two ways: `former.csv`, a dated table of ours that a city may add to (``prefecture,former,since,now``; ``now``
is the beginning of the present municipality's name, several parted by ``|``), and the master itself:
most merged towns live on at the beginning of their 町字 (輪島市 門前町道下), or became a city of the name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Final

from sonae.engines.matching.towns import City, Master

_NAME: Final = re.compile(r"[町村市]")
_GUN: Final = re.compile(r"^[^\d郡]{1,6}郡")
_LONGEST_NAME: Final = 8


@dataclass(frozen=True, slots=True)
class Merger:
    """One municipality that was: ``now`` names begin the present municipality's; ``since`` when."""

    prefecture: str
    former: str
    since: date
    now: tuple[str, ...]


@cache
def mergers() -> tuple[Merger, ...]:
    """Return the table that Sonae brings."""
    text = resources.files("sonae.engines.matching").joinpath("former.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        Merger(
            row["prefecture"],
            row["former"],
            date.fromisoformat(row["since"]),
            tuple(row["now"].split("|")),
        )
        for row in rows
    )


def names(text: str) -> Iterator[tuple[str, int]]:
    """Yield the municipality's name that a text may begin with, and where it ends: 鳳至郡門前町… → 門前町."""
    gun = _GUN.match(text)
    start = gun.end() if gun else 0
    for found in _NAME.finditer(text, start + 1, start + _LONGEST_NAME):
        yield text[start : found.end()], found.end()


class Former:
    """Looks former names up in the table and in the towns of a master."""

    def __init__(self, master: Master) -> None:
        """Nothing is read before it is needed."""
        self._master = master
        self._known: dict[tuple[str, str], list[City]] = {}

    def cities(self, prefecture: str, name: str) -> list[City]:
        """Return the municipalities in which the former one may lie; the prefecture may be empty."""
        asked = (prefecture, name)
        if asked not in self._known:
            self._known[asked] = list(self._found(prefecture, name))
        return self._known[asked]

    def _found(self, prefecture: str, name: str) -> Iterator[City]:
        listed = [
            now
            for one in mergers()
            if one.former == name and prefecture in ("", one.prefecture)
            for now in one.now
        ]
        grown = name[:-1] + "市"
        for city in self._master.cities():
            if prefecture and city[0] != prefecture:
                continue
            text = self._master.text(city)
            if (
                any(city[1].startswith(now) for now in listed)
                or city[1] == grown
                or text.startswith(name)
                or f"\n{name}" in text
            ):
                yield city
