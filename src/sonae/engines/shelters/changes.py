"""A new edition of a list beside the one in force: what is new, gone and changed, and what is odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sonae.engines.shelters.listing import HAZARDS, Listed
from sonae.engines.shelters.same import pair

MOVED_M: Final = 1.0
_FAR_M: Final = 500.0
_MANY_SHARE, _MANY_LEAST = 0.1, 10
_WORDS: Final = frozenset({"address", "kana"})
"""A blank says nothing about these: what is known stays."""
_LEAP: Final = 1.8
"""Capacities that nearly double were, in one real upload, a mistake of a whole column."""


@dataclass(frozen=True)
class Change:
    """One value of one place that another edition states differently. ``field`` as in `COMPARED`."""

    field: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """Return the change as a line of output holds it."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Doubt:
    """Something that a person must be asked about before an edition comes into force.

    ``code``: many_changed · capacities_leap · capacities_lost · designations_lost · many_gone · moved_far ·
    other_place (an id that
    now names something else) · sites_missing · shelters_missing (no row of
    that designation) · same_id (one id for several places) · rows_differ (rows of one place that
    contradict each other) · closed · reopens. ``field``: of which values, empty = of places. ``count`` of ``total`` places.
    """

    code: str
    field: str
    count: int
    total: int
    names: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the doubt as a line of output holds it."""
        return {**self.__dict__, "names": list(self.names)}


@dataclass
class Changes:
    """What another edition does: indices of places new and gone, and changes by (before, after)."""

    new: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    changed: dict[tuple[int, int], list[Change]] = field(default_factory=dict)
    kept: list[tuple[int, int]] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


COMPARED: Final = (
    "name", "address", "kana", "kind", "position", *HAZARDS, "capacity", "restricted_to", "usable",
)  # fmt: skip


def values_of(one: Listed) -> dict[str, Any]:
    """Return what is compared of a place, by the names of `COMPARED`."""
    return {
        "name": one.name, "address": one.address, "kana": one.kana, "kind": one.kind,
        "position": None if one.lat is None else [one.lat, one.lon], **one.hazards,
        "capacity": one.capacity.total, "restricted_to": sorted(one.restricted_to),
        "usable": [one.usable, one.usable_reason] if one.usable == "no" else ["", ""],
    }  # fmt: skip


def compare(
    before: Sequence[Listed], after: Sequence[Listed], fields: frozenset[str] | None = None
) -> Changes:
    """Return what changes from one edition to the next; places are told by id, name and position.

    ``fields``: what the new edition has columns for (`listing.Reading.fields`); the rest it leaves as it
    is. None: it speaks of everything.
    """
    found = Changes()
    pairs = [one for one in pair(before, after, ids=True) if one.sure or one.by == "id"]
    for one in pairs:
        found.kept.append((one.one, one.other))
        changes = differing(before[one.one], after[one.other], fields)
        if changes:
            found.changed[one.one, one.other] = changes
    found.gone = sorted(set(range(len(before))) - {one.one for one in pairs})
    found.new = sorted(set(range(len(after))) - {one.other for one in pairs})
    others = tuple(before[one.one].name for one in pairs if not one.sure)
    reused = [Doubt("other_place", "", len(others), len(before), others)] if others else []
    found.doubts = reused + _doubts(before, found)
    return found


def spoken_of(name: str, fields: frozenset[str] | None) -> bool:
    """Tell whether an edition with columns ``fields`` says anything about a compared value."""
    needed = {
        "position": {"lat", "lon"},
        "restricted_to": {"admits"},
        "usable": {"name"},
        "kind": {"kind", "shelter_too", "site_too", "hazards", *HAZARDS},
        "capacity": {"capacity", "indoor", "outdoor"},
    }.get(name, {name, "hazards"} if name in HAZARDS else {name})
    return fields is None or bool(needed & fields)


def differing(before: Listed, after: Listed, fields: frozenset[str] | None) -> list[Change]:
    """Return the values that differ between two editions of one place."""
    old, new = values_of(before), values_of(after)
    return [
        Change(name, old[name], new[name])
        for name in COMPARED
        if old[name] != new[name] and spoken_of(name, fields)
        and not (name == "position" and _stays(old[name], new[name]))
        and not (name in _WORDS and not new[name])
    ]  # fmt: skip


def _stays(old: list[float] | None, new: list[float] | None) -> bool:
    """Tell whether a position moved by less than a metre, or is not said any more."""
    return new is None or (old is not None and _metres(old, new) < MOVED_M)


def _metres(old: list[float], new: list[float]) -> float:
    """Return about how far a place moved, in metres (east counted for 35° north)."""
    return float(((old[0] - new[0]) ** 2 + ((old[1] - new[1]) * 0.82) ** 2) ** 0.5 * 111_320.0)


def _doubts(before: Sequence[Listed], found: Changes) -> list[Doubt]:
    """Return what looks like a mistake of the upload rather than a change in the city."""
    total = len(before)
    by_field: dict[str, list[tuple[str, Change]]] = {}
    for (old, _), changes in found.changed.items():
        for change in changes:
            by_field.setdefault(change.field, []).append((before[old].name, change))
    doubts = [
        Doubt("many_changed", name, len(rows), total, _names(rows))
        for name, rows in by_field.items()
        if len(rows) >= max(_MANY_LEAST, _MANY_SHARE * total)
    ]
    tests = (
        ("capacities_leap", "capacity", _leaps), ("capacities_lost", "capacity", _lost),
        ("moved_far", "position", _went_far), ("closed", "usable", _closes),
        ("reopens", "usable", reopens),
        *(("designations_lost", hazard, _undesignated) for hazard in HAZARDS),
    )  # fmt: skip
    for code, name, odd in tests:
        rows = [row for row in by_field.get(name, ()) if odd(row[1])]
        if rows:
            doubts.append(Doubt(code, name, len(rows), total, _names(rows)))
    if len(found.gone) >= max(2, _MANY_SHARE * total):
        names = tuple(before[at].name for at in found.gone)
        doubts.append(Doubt("many_gone", "", len(names), total, names))
    return doubts


def _names(rows: Sequence[tuple[str, Change]]) -> tuple[str, ...]:
    return tuple(name for name, _ in rows)


def _leaps(change: Change) -> bool:
    """Tell whether a capacity nearly doubled or halved."""
    old, new = change.before, change.after
    return bool(old and new and (new / old >= _LEAP or old / new >= _LEAP))


def _lost(change: Change) -> bool:
    """Tell whether what was known is unknown now."""
    return change.before is not None and change.after is None


def _went_far(change: Change) -> bool:
    """Tell whether a place moved farther than a mistake of the map."""
    return bool(change.before and change.after and _metres(change.before, change.after) > _FAR_M)


def _closes(change: Change) -> bool:
    """Tell whether a place can be used no longer."""
    return bool(change.after[0] == "no")


def reopens(change: Change) -> bool:
    """Tell whether a place could not be used, and the list does not say so any more."""
    return bool(change.before[0] == "no" and change.after[0] != "no")


def _undesignated(change: Change) -> bool:
    """Tell whether a place stops being designated for a hazard."""
    return change.before in {"yes", "partial"} and change.after not in {"yes", "partial"}
