"""Rows of one upload that are one facility said twice: put together, each named with what it says otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sonae.engines.shelters.changes import Change, differing
from sonae.engines.shelters.columns import HAZARD_ALIASES
from sonae.engines.shelters.listing import Capacity, Defect, Listed, level_dashes, plain
from sonae.engines.shelters.same import NEAR_M, alike_names, metres_between

_SAID_OTHERWISE = frozenset({"kind", "address", "kana", "name"})
"""These may be written otherwise, or be filled by either row, without a doubt about the facility."""
_NAMES = {
    "capacity": "収容人数", "position": "緯度経度", "restricted_to": "受入対象者", "usable": "使用できるか",
}  # fmt: skip
_MARKS = {"yes": "○", "partial": "△", "no": "×"}


@dataclass(frozen=True)
class Repeat:
    """A row that says a facility again. ``differs``: values (before: the first row's) not put together."""

    row: Listed
    first: Listed
    by: str
    differs: tuple[Change, ...]

    def to_defect(self, column: str) -> Defect:
        """Return the defect of the row; ``column``: the heading of what it repeats."""
        where = f"{self.first.input} " if self.first.input != self.row.input else ""
        told = f"{where}{self.first.row}行目と同じ施設"
        if self.differs:
            told += "。使わなかった値：" + "、".join(_said(one) for one in self.differs)
        value = self.row.id if self.by == "id" else self.row.name
        problem = "rows_differ" if self.differs else "duplicate"
        return Defect(self.row.input, self.row.row, column, value, problem, "left_out", told)


def _said(change: Change) -> str:
    """Return the later value with its name as lists write it."""
    key, value = change.field, change.after
    name = _NAMES.get(key) or HAZARD_ALIASES[key][0]
    told = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{name} {_MARKS.get(told, told)}"


def unrepeated(listed: Sequence[Listed]) -> tuple[list[Listed], list[Repeat]]:
    """Return the facilities, each once, and the rows that said one of them again.

    One id, or one name and address, is one facility: the first row counts, what it leaves blank the later
    ones fill. An id that plainly other places share is a slip of the list, and no place is lost for it. A
    row for an emergency site and one for a shelter are no repetition: they are its two designations.
    """
    held: list[Listed] = []
    seen: dict[tuple[str, ...], list[int]] = defaultdict(list)
    repeats = []
    for row in listed:
        found = _first(row, held, seen)
        if found is None:
            for key in _keys(row):
                seen[key].append(len(held))
            held.append(row)
            continue
        at, by = found
        whole, differs = _together(held[at], row)
        repeats.append(Repeat(row, held[at], by, differs))
        held[at] = whole
    return held, repeats


def _keys(row: Listed) -> Iterator[tuple[str, ...]]:
    """Yield what a repetition of a row has in common with it."""
    side = "shelter" if row.kind == "shelter" else "site"
    identifier, name = _level(row.id), _level(row.name)
    if identifier:
        yield "id", side, identifier
    if name:
        yield "name", side, name


def _first(
    row: Listed, held: Sequence[Listed], seen: dict[tuple[str, ...], list[int]]
) -> tuple[int, str] | None:
    """Return the index of the facility that a row says again and by what it is told; None for a new one."""
    for key in _keys(row):
        for at in seen.get(key, ()):
            if (_one_by_id if key[0] == "id" else _one_by_name)(held[at], row):
                return at, key[0]
    return None


def _one_by_id(one: Listed, other: Listed) -> bool:
    """Tell whether rows of one id are one place: of a like name, or beside each other."""
    metres = metres_between(one, other)
    return alike_names(one.name, other.name) or (metres is not None and metres <= NEAR_M)


def _one_by_name(one: Listed, other: Listed) -> bool:
    """Tell whether rows of one name are one place: at one address, else on one spot."""
    if one.address.strip() and other.address.strip():
        return _level(one.address) == _level(other.address)
    metres = metres_between(one, other)
    return metres is None or metres <= NEAR_M


def _together(first: Listed, later: Listed) -> tuple[Listed, tuple[Change, ...]]:
    """Return one row of both, and what of the later one had no place in it."""
    closed = later if later.usable == "no" and first.usable != "no" else first
    whole = replace(
        first,
        kind="both" if {first.kind, later.kind} != {first.kind} else first.kind,
        lat=first.lat if first.lat is not None else later.lat,
        lon=first.lon if first.lat is not None else later.lon,
        address=first.address or later.address, kana=first.kana or later.kana,
        hazards={key: said if said != "unknown" else later.hazards[key] for key, said in first.hazards.items()},
        capacity=first.capacity if first.capacity != Capacity() else later.capacity,
        restricted_to=tuple(sorted({*first.restricted_to, *later.restricted_to})),
        usable=closed.usable, usable_reason=closed.usable_reason, more={**later.more, **first.more},
    )  # fmt: skip
    differs = [
        one
        for one in differing(whole, later, None)
        if one.field not in _SAID_OTHERWISE and one.after not in (None, "unknown", [], ["", ""])
    ]
    return whole, tuple(differs)


def _level(text: str) -> str:
    return level_dashes(plain(text)).casefold()
