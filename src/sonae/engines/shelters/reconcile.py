"""The national list beside the municipal one: what they say differently, for a person to settle.

Measured on one city (facts §1): of 191 sites in both, 77 △ and 6 of 8 × of its flood column are a plain
"designated" nationally; positions differ by 45 m in the median. Nothing is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sonae.engines.shelters.listing import HAZARDS, Listed, Reading
from sonae.engines.shelters.repeated import unrepeated
from sonae.engines.shelters.same import Pair, bare_address, bare_name, joined, pair

POSITION_M: Final = 30.0
"""Positions nearer than this are the same to a person who walks there."""
_GRAVE_M: Final = 200.0
FIELDS: Final = (
    *HAZARDS,
    "position",
    "capacity",
    "kind",
    "restricted_to",
    "usable",
    "name",
    "address",
)
"""What is compared, in the order in which differences are listed."""


@dataclass(frozen=True)
class Difference:
    """One thing that two lists say differently about one place, as each of them says it.

    ``grave``: it can send people to a wrong place (a designation, a closure, a restriction, a position
    more than 200 m away).
    """

    field: str
    national: Any
    municipal: Any
    grave: bool

    def to_json(self) -> dict[str, Any]:
        """Return the difference as a line of output holds it."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Match:
    """One place: its rows in both lists, or in one only, and what they say differently."""

    national: Listed | None
    municipal: Listed | None
    pair: Pair | None
    differences: tuple[Difference, ...] = ()

    @property
    def status(self) -> str:
        """``same``, ``different``, ``unsure`` (perhaps not one place), or in which list alone it is."""
        if self.pair is None:
            return "national_only" if self.national else "municipal_only"
        if not self.pair.sure:
            return "unsure"
        return "different" if self.differences else "same"

    def to_json(self) -> dict[str, Any]:
        """Return one line of ``sonae shelters reconcile``."""
        held = self.national or self.municipal
        return {
            "status": self.status,
            "name": held.name if held else "",
            "national_id": self.national.id if self.national else None,
            "national_name": self.national.name if self.national else None,
            "national_row": self.national.row if self.national else None,
            "municipal_id": self.municipal.id if self.municipal else None,
            "municipal_name": self.municipal.name if self.municipal else None,
            "municipal_row": self.municipal.row if self.municipal else None,
            "matched_by": self.pair.by if self.pair else None,
            "score": round(self.pair.score, 3) if self.pair else None,
            "distance_m": _metres(self.pair.metres) if self.pair else None,
            "differences": [one.to_json() for one in self.differences],
        }


def reconcile(national: Sequence[Reading], municipal: Sequence[Reading]) -> list[Match]:
    """Return every place of both lists with what they say differently; grave differences first.

    Several files of one side (sites and shelters apart) are joined into places first. Only what both
    sides have a column for is compared: the national list has no capacities, and says nothing by that.
    """
    ones, others = (
        joined(unrepeated([one for read in side for one in read.listed])[0])
        for side in (national, municipal)
    )
    return reconcile_places(ones, others, _said(national) & _said(municipal))


def reconcile_places(
    ones: Sequence[Listed], others: Sequence[Listed], fields: frozenset[str]
) -> list[Match]:
    """Return the same for places that are joined already; ``fields``: what both sides speak of."""
    pairs = pair(ones, others, ids=True)
    found = [
        Match(ones[p.one], others[p.other], p, tuple(differences(ones[p.one], others[p.other], fields, p.metres)))
        for p in pairs
    ]  # fmt: skip
    left = set(range(len(ones))) - {p.one for p in pairs}
    right = set(range(len(others))) - {p.other for p in pairs}
    found += [Match(ones[at], None, None) for at in sorted(left)]
    found += [Match(None, others[at], None) for at in sorted(right)]
    return sorted(found, key=_weight)


def _said(readings: Sequence[Reading]) -> frozenset[str]:
    """Return what the files of one side have columns for."""
    return frozenset().union(*(read.fields for read in readings))


def _weight(match: Match) -> tuple[int, int]:
    """Order: grave differences, sites in one list only, unsure, other differences, same."""
    grave = sum(one.grave for one in match.differences)
    order = {"national_only": 1, "municipal_only": 1, "unsure": 2, "different": 0 if grave else 3}
    return order.get(match.status, 4), -grave


def differences(
    national: Listed, municipal: Listed, fields: frozenset[str], metres: float | None
) -> list[Difference]:
    """Return what two rows of one place say differently, in the order of `FIELDS`.

    ``fields``: what both lists have columns for. Unknown on one side is a difference too where the
    other side says something: somebody knows, and somebody does not say.
    """
    found = []
    for hazard in HAZARDS:
        said = national.hazards[hazard], municipal.hazards[hazard]
        if hazard in fields and said[0] != said[1]:
            found.append(Difference(hazard, *said, grave="unknown" not in said))
    if metres is not None and metres > POSITION_M:
        places = [[one.lat, one.lon] for one in (national, municipal)]
        found.append(Difference("position", places[0], places[1], grave=metres > _GRAVE_M))
    told = national.capacity.total, municipal.capacity.total
    if "capacity" in fields and told[0] != told[1]:
        found.append(Difference("capacity", *told, grave=None not in told))
    if national.kind != municipal.kind and _kinds_told(fields):
        found.append(Difference("kind", national.kind, municipal.kind, grave=True))
    groups = list(national.restricted_to), list(municipal.restricted_to)
    if "admits" in fields and sorted(groups[0]) != sorted(groups[1]):
        found.append(Difference("restricted_to", *groups, grave=True))
    if (national.usable == "no") != (municipal.usable == "no"):
        closed = [one.usable_reason or one.usable for one in (national, municipal)]
        found.append(Difference("usable", closed[0], closed[1], grave=True))
    return found + _texts(national, municipal)


def _kinds_told(fields: frozenset[str]) -> bool:
    """Tell whether both lists say which designation a place has."""
    return bool(fields & {"kind", "shelter_too", "site_too"})


def _texts(national: Listed, municipal: Listed) -> list[Difference]:
    """Return name and address where they differ by more than spelling."""
    found = []
    if bare_name(national.name) != bare_name(municipal.name):
        found.append(Difference("name", national.name, municipal.name, grave=False))
    addresses = bare_address(national.address), bare_address(municipal.address)
    if all(addresses) and addresses[0] != addresses[1]:
        found.append(Difference("address", national.address, municipal.address, grave=False))
    return found


def _metres(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 1)
