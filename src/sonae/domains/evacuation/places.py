"""Reads of the plan for a place: what to do there, where to go, by when, for people no register knows.

The engine that plans for everyone plans for one: the same rules, the same sites, the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core import clock
from sonae.core.marks import gettext_noop as _
from sonae.domains.evacuation import advising, networks, services
from sonae.domains.evacuation.ground import Ground
from sonae.domains.evacuation.selectors import (
    NEEDS,
    Walker,
    Way,
    best_way,
    line_to,
    sites_for,
)
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import Population
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.domains.warnings.interface import WarnedHazard
from sonae.engines.evacuation.rulebook import LEAVE_UNKNOWN, RULE_NUMBER, RULES, Rule, TimeRule
from sonae.engines.evacuation.rulebook import trace as rules_that_held
from sonae.engines.hazard.lookup import IN, ZONES, zones

NOT_EXPOSED = "not_exposed"
CHECKED = ("flood", "inland_flood", "landslide", "storm_surge", "tsunami")
"""Hazards with mapped zones; earthquake, fire and volcano have none to look a place up in."""
NO_UPPER_FLOOR = _("1階建ての家には、上の階がありません。")
NOTHING_TO_CLIMB_FOR = _(
    "地図では危険区域の外なので、上の階へ移る計画はいりません。「家にとどまる」をえらべます。"
)
FLOOR_ABOVE_UNKNOWN = _("住まいより上の階があるか分かりません。")
NOT_MAPPED = _("家のまわりの危険が調べられていません。")
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlaceAdvice:
    """What to do at a place: the plan's codes for it, the rule that decided, the site and the way.

    ``decision`` not_exposed: the maps know no danger there from what is warned of. ``unmet``: needs
    that no fitting site is free to meet, so that the site named refuses them; the page must say so.
    ``reasons``: every rule that held, about the place and about the time. ``whole``: whether the
    decision holds for all the ground asked about; otherwise it is the gravest of those that differ.
    """

    decision: str
    departure: str = ""
    leave_by: datetime | None = None
    rule: Rule | None = None
    hazard: str = ""
    zone: str = "outside"
    way: Way | None = None
    unmet: tuple[str, ...] = ()
    reasons: Sequence[Rule | TimeRule] = ()
    whole: bool = True

    @property
    def because(self) -> Rule | TimeRule | None:
        """The rule to name beside the advice: where it is too late to go, the one that says so."""
        timed = (one for one in self.reasons if isinstance(one, TimeRule))
        return next(timed, self.rule) if self.departure == "too_late" else self.rule


@dataclass(frozen=True)
class Staying:
    """How a home could be stayed in: the plan's ``decision`` in the worst case with its rule.

    ``above``: there is a floor above the household's own. ``storeys``: 0 = unknown.
    """

    decision: str
    rule: Rule | None = None
    above: bool = False
    storeys: int = 0

    def allows(self, goal: str) -> str:
        """Say whether ``home`` (on one's own floor) or ``upstairs`` may be planned: yes, no or unknown.

        Going upstairs needs a floor above and water to go up from or to stay above: where no map
        shows danger there is nothing to go up for. Never yes for an unknown.
        """
        if self.decision == "leave_unknown":
            return "unknown"
        fits = {"home": (NOT_EXPOSED, "stay"), "upstairs": ("stay", "upstairs")}[goal]
        return "yes" if self.decision in fits and (goal == "home" or self.above) else "no"

    def why(self, goal: str) -> str:
        """Return why it may not be planned, in Japanese to be translated; empty where it may."""
        if self.allows(goal) == "yes":
            return ""
        if goal == "upstairs" and self.decision in (NOT_EXPOSED, "stay", "upstairs"):
            if self.storeys == 1:
                return NO_UPPER_FLOOR
            if self.decision == NOT_EXPOSED:
                return NOTHING_TO_CLIMB_FOR
            return FLOOR_ABOVE_UNKNOWN if not self.above else ""
        return self.rule.ja if self.rule else NOT_MAPPED


def offered(facility: Facility, walker: Walker) -> dict[str, str]:
    """Return need → yes, no or unknown: what a site is known to offer of what the walker needs."""
    return {need: str(getattr(facility, NEEDS[need])) for need in walker.needs}


def _crowd(lat: _Floats, lon: _Floats, walker: Walker, town: int = 0) -> Population:
    """Return one such person at each place; ``moved`` lets the planner look the places up."""
    count = len(lat)
    return Population(
        pk=np.zeros(count, np.int64),
        household=np.zeros(count, np.int64),
        town=np.full(count, town, np.int64),
        lat=lat,
        lon=lon,
        node=np.full(count, -1, np.int32),
        node_m=np.zeros(count, np.float32),
        floor=np.full(count, walker.floor, np.int16),
        storeys=np.full(count, walker.storeys, np.int16),
        profile=np.full(count, walker.profile, np.uint8),
        groups=np.full(count, walker.groups, np.uint8),
        moved=np.ones(count, np.bool_),
        spread_m=np.zeros(count, np.float32),
    )


def _kinds(ground: Ground, names: Sequence[str]) -> tuple[_Floats, _Floats]:
    """Return one point, the nearest to the middle, for each thing that the maps say on a ground."""
    if len(ground.lat) == 1:
        return ground.lat, ground.lon
    held = [layer for layer in hazards.planning_layers() if layer.hazard in names]
    said = np.array([layer.ranks_at(ground.lat, ground.lon) for layer in held], np.uint8)
    # Whatever no layer speaks of is one kind: numpy finds no columns in an empty table.
    said = said if held else np.zeros((1, len(ground.lat)), np.uint8)
    first = np.sort(np.unique(said, axis=1, return_index=True)[1])
    return ground.lat[first], ground.lon[first]


def imagined(names: Sequence[str], level: int) -> list[WarnedHazard]:
    """Return these hazards as if warned of at a level now: what a timeline is made for."""
    return [
        WarnedHazard(name, level, "warning", None, None, clock.now(), "", 0, False)
        for name in names
    ]


def advise(
    latitude: float,
    longitude: float,
    walker: Walker,
    warned: Sequence[WarnedHazard] | None = None,
    *,
    lasting: bool = False,
    town: int = 0,
    ground: Ground | None = None,
) -> PlaceAdvice:
    """Say what to do at a place (degrees) now, or under ``warned`` instead of what is in force.

    ``lasting``: by the maps alone, whatever is closed or under water tonight. ``ground``: for all of
    it (a town): the gravest answer, with the way from the place itself. ``town``: primary key of the
    町字 it lies in, whose orders count; 0 = unknown.

    Sites that refuse the walker's needs are named only where no other fits (``unmet``).
    """
    danger = list(services.warned_now() if warned is None else warned)
    if not danger:
        return PlaceAdvice(NOT_EXPOSED)
    area = ground or Ground.point(latitude, longitude)
    fitting = sites_for(walker, lasting=lasting)
    found, same = _planned(area, walker, fitting, danger, lasting=lasting, town=town)
    if found is None:
        return PlaceAdvice(NOT_EXPOSED, whole=area.whole)
    unmet: tuple[str, ...] = ()
    if found["facility_id"] is None and walker.needs:
        every = sites_for(walker, any_site=True, lasting=lasting)
        anyone, _same = _planned(area, walker, every, danger, lasting=lasting, town=town)
        found = anyone or found
        named = shelters.facility(found["facility_id"]) if found["facility_id"] else None
        unmet = walker.refused_by(named) if named else ()
    told = RULES[RULE_NUMBER[found["rule"]]]
    way = _way(latitude, longitude, walker, found, danger)
    if ground is not None and way.facility is not None:
        own = best_way(
            latitude, longitude, found["names"], walker, any_site=bool(unmet), lasting=lasting
        )
        way = own if own.facility is not None else way
    return PlaceAdvice(
        found["decision"], found["departure"], found["leave_by"], told, found["hazard"],
        found["zone"], way, unmet, rules_that_held(int(found["trace"])),
        same and (area.whole or told.decision == LEAVE_UNKNOWN),
    )  # fmt: skip


def _planned(
    ground: Ground,
    walker: Walker,
    table: shelters.SiteTable,
    warned: list[WarnedHazard],
    *,
    lasting: bool = False,
    town: int = 0,
) -> tuple[dict[str, Any] | None, bool]:
    """Return the gravest of the plan's rows on a ground, and whether its decision holds everywhere.

    None when nothing warned of reaches any of it. ``names`` of a row: the hazards that reach it.
    Nobody's in particular, so nobody has a seat: the city's seats are left alone.
    """
    now, names = clock.now(), [item.hazard for item in warned]
    people = _crowd(*_kinds(ground, names), walker, town)
    made = services.compute(people, table, warned, now, plain=True, lasting=lasting)
    if not len(made.person):
        return None, True
    gravest = int(np.lexsort((made.person, made.rule))[0])
    columns = advising.table(made, people.pk, table.pk, names, now).columns(np.array([gravest]))
    found = {name: values[0] for name, values in columns.items()}
    reached = int(made.sets[gravest])
    found["names"] = [name for bit, name in enumerate(names) if reached >> bit & 1]
    same = len(made.person) == len(people.lat) and len(np.unique(made.decision)) == 1
    return found, same


def _way(
    latitude: float,
    longitude: float,
    walker: Walker,
    found: Mapping[str, Any],
    warned: Sequence[WarnedHazard],
) -> Way:
    """Return the way to the site of a planned row, with its line."""
    facility = shelters.facility(found["facility_id"]) if found["facility_id"] else None
    if facility is None:
        return Way(None, None, None, None, [], False, found["reason"])
    node, off = services.city_or_empty().network.snap(np.array([latitude]), np.array([longitude]))
    near = off[0] <= networks.FARTHEST_M
    names = [item.hazard for item in warned]
    line = line_to(facility, int(node[0]), names, stairs=walker.stairs) if near else []
    return Way(
        facility, found["distance_m"], found["danger_m"], found["minutes"],
        [(longitude, latitude), *line] if line else [], found["reason"] == "partial",
        "" if found["reason"] == "partial" else found["reason"],
    )  # fmt: skip


def staying(
    latitude: float,
    longitude: float,
    walker: Walker,
    ground: Ground | None = None,
    *,
    known: bool = True,
) -> Staying:
    """Say how a home (degrees, or somewhere on a ``ground``) could be stayed in, whatever mapped
    hazard comes; unknown where the house is not ``known``."""
    names = mapped()
    if not names or not known:
        return Staying("leave_unknown")
    flood = imagined(names, 4)
    advice = advise(latitude, longitude, walker, flood, lasting=True, ground=ground)
    sure = advice.whole or advice.decision != NOT_EXPOSED
    above = walker.floor < walker.storeys if walker.floor else False
    return Staying(advice.decision if sure else "leave_unknown", advice.rule, above, walker.storeys)


def mapped() -> list[str]:
    """Return the hazards that some layer maps here."""
    held = {row.hazard for row in hazards.maps()}
    return [name for name in CHECKED if name in held]


def spread_over(ground: Ground, names: Sequence[str]) -> list[hazards.Spread]:
    """Return what the maps say of each hazard over a ground; outside only where all of it is known."""
    found = hazards.over_places(ground.lat, ground.lon, names)
    if ground.whole:
        return found
    partly = {"inside": "divided", "outside": "unknown"}
    return [replace(one, zone=partly.get(one.zone, one.zone)) for one in found]


def zone_over(
    names: Sequence[str], latitudes: Sequence[float], longitudes: Sequence[float]
) -> dict[str, str]:
    """Return hazard → inside, outside or unknown over all points (degrees) together.

    ``outside`` only where every point is; ``inside`` only where every point is; else unknown:
    whether one house of a town lies in danger is not known from the town.
    """
    lat, lon = np.array(latitudes, float), np.array(longitudes, float)
    told = {}
    for name in names:
        held = [layer for layer in hazards.planning_layers() if layer.hazard == name]
        found = set(zones(held, lat, lon).zone.tolist()) if len(lat) else set()
        told[name] = ZONES[found.pop()] if len(found) == 1 else "unknown"
    return told


def wholly_inside(
    names: Sequence[str],
    group: Sequence[int],
    latitudes: Sequence[float],
    longitudes: Sequence[float],
) -> frozenset[int]:
    """Return the groups of points (degrees) of which every one lies inside one of the hazards.

    As `zone_over` says of each group alone; each hazard is asked once for all points.
    """
    lat, lon, whose = np.array(latitudes, float), np.array(longitudes, float), np.array(group)
    layers = hazards.planning_layers() if len(whose) else []
    found: set[int] = set()
    for name in names:
        held = [layer for layer in layers if layer.hazard == name]
        beyond = zones(held, lat, lon).zone != IN
        found |= set(group) - set(whose[beyond].tolist())
    return frozenset(found)
