"""異体字: which characters are forms of one, from our small table or the full official one.

The full one is the 縮退マップ of 文字情報基盤 (CC BY-SA 2.1 JP), reduced once by `from_shrink_map` to two
tables of single characters and kept as a file of lines in the reference store. What is derived from it
stays under that licence: the file's first line says so, and none of it is part of Sonae.

- ``variant``: reduced until nothing changes; characters of 常用漢字表 and 人名用漢字 that every printer
  has (JIS level 1 or 3) stay themselves; candidates of those lists come first, then rank and hop.
- ``search``: besides, the forms that the 戸籍 notice names (龍 and 竜), and `core.kanji.KIN`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sonae.core import kanji
from sonae.core.errors import SonaeError

FILE: Final = "characters.tsv"
LICENCE: Final = "文字情報基盤 MJ縮退マップ（独立行政法人情報処理推進機構）から作成 CC BY-SA 2.1 JP"
_HEAD: Final = "# sonae characters 1"
_NOTICE: Final = 8
"""Bit of a candidate that 戸籍統一文字 and the notices of the 法務省 name."""
_UNLIKE: Final = frozenset("功粂")
"""Characters whose only candidate is another name's: 功 (for 㓛) is not 切."""
Candidate = tuple[str, int, int | None, int | None]


@dataclass(frozen=True)
class Characters:
    """Two translations of single characters; ``source`` says where they come from."""

    variant: Mapping[int, str]
    search: Mapping[int, str]
    source: str = "built-in"

    @cached_property
    def wide(self) -> dict[int, str]:
        """Return the translation of a written character to the one that stands for its group."""
        kin = {**self.variant}
        for code in {*self.search, *self.variant}:
            kin[code] = self._settled(chr(code))
        return kin

    def _settled(self, sign: str) -> str:
        """Follow both tables until nothing changes (at most a few steps)."""
        for _ in range(8):
            after = self.variant.get(ord(sign), sign)
            after = self.search.get(ord(after), after)
            if after == sign:
                break
            sign = after
        return sign


BUILT_IN: Final = Characters(kanji.table(kanji.SAME), kanji.table(kanji.KIN))


def from_shrink_map(data: Any) -> Characters:
    """Read the published reduction (``reduce_ucs``, ``reduce_ivs``, ``policy``), decoded from JSON.

    `SonaeError` ``bad_shrink_map`` for anything else. Sequences with a selector need no table here:
    names are compared without selectors, and both forms of a sequence reduce alike.
    """
    try:
        listed = {int(code, 16): int(bits) for code, bits in data["policy"].items()}
        found = {
            int(code, 16): [(int(one[0], 16), *map(_number, one[1:4])) for one in candidates]
            for code, candidates in data["reduce_ucs"].items()
        }
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise SonaeError(
            "bad_shrink_map",
            "縮退マップとして読めません。",
            "mj_shrink_tables.json を指定してください。",
        ) from error
    variant = {code: end for code in found if (end := _reduced(code, found, listed)) != chr(code)}
    kin = {
        code: chr(best)
        for code, candidates in found.items()
        if code not in variant and (best := _named(code, candidates)) is not None
    }
    one_way = {
        code: end for code, end in kin.items() if kin.get(ord(end)) != chr(code) or ord(end) < code
    }
    return Characters(variant, {**one_way, **_own_kin(variant)}, LICENCE)


def _number(value: Any) -> int:
    return 9 if value is None else int(value)


def _keeps(code: int, listed: Mapping[int, int]) -> bool:
    """Whether a character is of the lists for names or common use, and of JIS level 1 or 3."""
    bits = listed.get(code, 0)
    return bits >> 3 > 0 and bits & 7 in (1, 3)


def _reduced(code: int, found: Mapping[int, list[Any]], listed: Mapping[int, int]) -> str:
    """Return what a character is reduced to, candidate after candidate."""
    seen: set[int] = set()
    while code not in seen and not _keeps(code, listed) and found.get(code):
        seen.add(code)
        here = code
        code = min(
            found[code],
            key=lambda one: (listed.get(one[0], 0) >> 3 == 0, one[2], one[3], one[0] != here),
        )[0]
    return chr(code)


def _named(code: int, candidates: list[Any]) -> int | None:
    """Return the other character that the notices name for one that stays itself."""
    if chr(code) in _UNLIKE:
        return None
    named = (one[0] for one in candidates if one[0] != code and one[1] & _NOTICE)
    return next(named, None)


def _own_kin(variant: Mapping[int, str]) -> dict[int, str]:
    """Return our own groups in terms of what the reduction leaves."""
    kin: dict[int, str] = {}
    for group in f"{kanji.KIN} {kanji.SAME}".split():
        ends = [variant.get(ord(sign), sign) for sign in group]
        kin |= {ord(end): ends[0] for end in ends[1:] if end != ends[0]}
    return kin


def save(table: Characters, folder: Path) -> Path:
    """Write the compact file: one line a character, ``written<tab>variant<tab>search``."""
    path = folder / FILE
    codes = sorted({*table.variant, *table.search})
    rows = (
        f"{chr(code)}\t{table.variant.get(code, '')}\t{table.search.get(code, '')}"
        for code in codes
    )
    path.write_text("\n".join((f"{_HEAD}\t{table.source}", *rows, "")), "utf-8")
    return path


def load(folder: Path) -> Characters:
    """Return the table of a reference folder: the compact file, the published one, else the built-in."""
    if (path := folder / FILE).is_file():
        return _from_lines(path)
    for path in (
        folder / "mj_shrink_tables.json",
        folder / "people/mj-variants/mj_shrink_tables.json",
    ):
        if path.is_file():
            return read_shrink_map(path)
    return BUILT_IN


def read_shrink_map(path: Path) -> Characters:
    """Read the published file; `SonaeError` when it cannot be read as one."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SonaeError("bad_shrink_map", f"{path.name}をJSONとして読めません。") from error
    return from_shrink_map(data)


def _from_lines(path: Path) -> Characters:
    head, _, body = path.read_text("utf-8").partition("\n")
    if not head.startswith(_HEAD):
        raise SonaeError(
            "bad_reference",
            f"{path}の版が違います。",
            "sonae reference load をやり直してください。",
        )
    rows = [line.split("\t") for line in body.splitlines()]
    variant = {ord(row[0]): row[1] for row in rows if row[1]}
    search = {ord(row[0]): row[2] for row in rows if row[2]}
    return Characters(variant, search, head.partition("\t")[2])
