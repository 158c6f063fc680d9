"""Finding a town by what people type, and all towns in an order in which a person finds one."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sonae.core import kana, townname
from sonae.domains.municipalities.models import Town
from sonae.domains.municipalities.selectors import municipality, towns

ROWS: Final = (
    "アイウエオ", "カキクケコ", "サシスセソ", "タチツテト", "ナニヌネノ",
    "ハヒフヘホ", "マミムメモ", "ヤユヨ", "ラリルレロ", "ワ",
)  # fmt: skip
UNREAD_PER_GROUP: Final = 30
_POSTAL_CODE: Final = re.compile(r"^〒?\d{3}[-‐‑–—−ー]?\d{4}(?=\D)")
"""As people write it before an address; a number alone is left as it is."""


def _without_city(query: str) -> str:
    """Return what was typed without postal code, prefecture and city before it, and after a comma."""
    city = municipality()
    left = "".join(unicodedata.normalize("NFKC", query).replace("、", ",").split())
    left = _POSTAL_CODE.sub("", left)
    for prefix in (city.prefecture, city.name):
        if prefix and left != prefix:
            left = left.removeprefix(prefix)
    said = kana.katakana(left)
    if kana.is_kana(city.kana) and said.startswith(city.kana) and said != city.kana:
        left = said.removeprefix(city.kana)
    return left.split(",")[0]


def search_towns(query: str) -> list[Town]:
    """Return the towns that fit what was typed (`townname.fits`), the closest first.

    When the number fits no town of the name, all towns of the name are returned.
    """
    asked = _without_city(query)
    everything = towns()
    found = _fitting(asked, everything)
    stem = townname.read(asked).stem
    return found or (_fitting(stem, everything) if stem else [])


def names_a_house(query: str) -> bool:
    """Tell whether what was typed goes on behind the town: a block, a lot or a house number."""
    return townname.beyond(_without_city(query)) != ""


def _fitting(asked: str, everything: list[Town]) -> list[Town]:
    ranks = [(townname.fits(asked, town.name, town.kana), town) for town in everything]
    best = max((rank for rank, _ in ranks), default=0)
    exact = townname.read(asked).chome is not None and best == 3
    kept = [(rank, town) for rank, town in ranks if rank and (rank == 3 or not exact)]
    kept.sort(key=lambda one: (-one[0], townname.order(one[1].name, one[1].kana)))
    return [town for _, town in kept]


def can_be_read() -> bool:
    """Tell whether any town has a reading: without, only the written name finds one."""
    return any(town.kana for town in towns())


def towns_in_order() -> list[tuple[str, list[Town]]]:
    """Return all towns in groups: by the row of the reading (``ア``), then those without a reading.

    The latter keep the order of their codes, in groups named by their first and last town.
    """
    rows: dict[str, list[Town]] = {}
    unread: list[Town] = []
    for town in sorted(
        towns(), key=lambda town: (*townname.order(town.name, town.kana), town.code)
    ):
        said = townname.reading(town.name, town.kana) or townname.read(town.name).stem
        first = kana.search_key(said)[:1]
        row = next((row[0] for row in ROWS if first and first in row), "")
        rows.setdefault(row, []).append(town) if row else unread.append(town)
    unread.sort(key=lambda town: town.code)
    found = [(row[0], rows[row[0]]) for row in ROWS if row[0] in rows]
    for start in range(0, len(unread), UNREAD_PER_GROUP):
        part = unread[start : start + UNREAD_PER_GROUP]
        found.append((f"{part[0].name} … {part[-1].name}", part))
    return found
