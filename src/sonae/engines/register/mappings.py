"""Which column is which item (列の対応づけ): data, guessed by heading, corrected by a person, kept.

A layout is a mapping that somebody wrote down for a known kind of file (``layouts/*.toml``). Its values
table translates codes: ``values = {"住民状態" = {"2" = "転出"}}``.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from sonae.engines.register.items import ITEMS, PURPOSES, heading_key, meaning, refused

PLACES: Final = "列{}"
"""What a column of a file without heading is called: by its place, from 1."""
NAMED: Final = (frozenset({"name"}), frozenset({"family", "given"}))
LOCATED: Final = (frozenset({"address"}), frozenset({"town"}), frozenset({"town_code"}))
_ENOUGH: Final = 0.8


@dataclass(frozen=True)
class Mapping:
    """Heading → item, with the codes that stand for values; ``heading`` False: columns by place.

    ``columns``: heading → code of an item (absent = not taken in). ``values``: heading → written →
    meant. ``layout``: name of the layout it came from, empty for a guess.
    """

    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    heading: bool = True
    layout: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the mapping as JSON data."""
        return {"columns": self.columns, "values": self.values, "heading": self.heading,
                "layout": self.layout}  # fmt: skip

    @property
    def items(self) -> frozenset[str]:
        """What the file speaks of."""
        return frozenset(self.columns.values())


def from_json(data: MappingType[str, Any]) -> Mapping:
    """Return a stored mapping without columns that must not be taken in or items that are gone."""
    columns = {
        str(heading): str(item)
        for heading, item in dict(data.get("columns", {})).items()
        if item in ITEMS and not refused(str(heading))
    }
    values = {str(h): dict(told) for h, told in dict(data.get("values", {})).items()}
    return Mapping(columns, values, bool(data.get("heading", True)), str(data.get("layout", "")))


def signature(headings: Sequence[str]) -> str:
    """Return what is equal for files with the same headings, whatever their order."""
    keys = sorted(heading_key(one) for one in headings)
    return hashlib.sha256("\0".join(keys).encode()).hexdigest()


def lacking(items: frozenset[str], purpose: str, *, partial: bool = False) -> list[str]:
    """Return the items that a file must say and does not; of alternatives the first is named.

    ``partial``: a daily difference, whose rows may say less of people who are known already.
    """
    needs: list[tuple[frozenset[str], ...]] = []
    if purpose == "points":
        needs = [LOCATED, (frozenset({"latitude"}),), (frozenset({"longitude"}),)]
    elif purpose == "register":
        needs = [(frozenset({"number"}), frozenset({"resident_id"}))]
        needs += [] if partial else [NAMED, LOCATED]
    elif not items & {"number", "resident_id"}:
        needs = [NAMED, (frozenset({"birth"}),)]
    return [min(choice[0], key=list(ITEMS).index) for choice in needs
            if not any(one <= items for one in choice)]  # fmt: skip


@lru_cache(maxsize=1)
def layouts() -> dict[str, dict[str, Any]]:
    """Return name of file → layout, all that are built in."""
    folder = resources.files("sonae.engines.register") / "layouts"
    files = sorted(
        (one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda f: f.name
    )
    return {one.name.removesuffix(".toml"): tomllib.loads(one.read_text("utf-8")) for one in files}


def guess(headings: Sequence[str], purpose: str) -> Mapping:
    """Return the mapping that the headings suggest: the layout that fits best, the rest by name."""
    known = {heading_key(one): one for one in headings}
    best, code = 0.0, ""
    for name, layout in layouts().items():
        own = {heading_key(one) for one in layout["columns"]}
        share = len(own & known.keys()) / len(own)
        if layout["purpose"] == purpose and layout.get("heading", True) and share > best:
            best, code = share, name
    chosen = layouts()[code] if best >= _ENOUGH else {"columns": {}, "values": {}}
    columns = _taken(headings, chosen["columns"])
    for heading in headings:
        item = meaning(heading, purpose)
        if heading not in columns and item and item not in columns.values():
            columns[heading] = item
    values = {known[heading_key(one)]: told for one, told in chosen.get("values", {}).items()
              if heading_key(one) in known}  # fmt: skip
    return Mapping(columns, values, True, code if best >= _ENOUGH else "")


def _taken(headings: Sequence[str], wanted: MappingType[str, str]) -> dict[str, str]:
    by_key = {heading_key(one): item for one, item in wanted.items()}
    return {one: by_key[heading_key(one)] for one in headings
            if heading_key(one) in by_key and not refused(one)}  # fmt: skip


def by_place(code: str) -> Mapping:
    """Return a layout of a file without heading line."""
    layout = layouts()[code]
    columns = {PLACES.format(at): item for at, item in enumerate(layout["order"], 1) if item}
    values = {PLACES.format(at): told for at, item in enumerate(layout["order"], 1)
              if item and (told := layout.get("values", {}).get(item))}  # fmt: skip
    return Mapping(columns, values, False, code)


def looks_like_heading(cells: Sequence[str], purpose: str) -> bool:
    """Tell whether a first line names items: at least two, or a single number or id."""
    named = [one for one in cells if meaning(one, purpose)]
    return len(named) >= 2 and not any(one.strip().isdecimal() for one in cells)


def valid(mapping: Mapping, purpose: str) -> list[str]:
    """Return the items that a mapping names twice or that a file of this purpose cannot say."""
    taken = list(mapping.columns.values())
    twice = {item for item in taken if taken.count(item) > 1}
    strange = {item for item in taken if ITEMS[item].of not in PURPOSES[purpose]}
    return sorted(twice | strange)
