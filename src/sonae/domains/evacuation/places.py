"""Reads of the plan for a place: what to do there, where to go, by when, for people no register knows.

The engine that plans for everyone plans for one: the same rules, the same sites, the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from sonae.core import clock
from sonae.domains.evacuation import advising, networks, services
from sonae.domains.evacuation.selectors import (
    NEEDS,
    Walker,
    Way,
    line_to,
    sites_for,
)
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import Population
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.domains.warnings.interface import WarnedHazard
from sonae.engines.evacuation.rulebook import RULE_NUMBER, RULES, Rule, TimeRule
from sonae.engines.evacuation.rulebook import trace as rules_that_held
from sonae.engines.hazard.lookup import IN, ZONES, zones

NOT_EXPOSED = "not_exposed"
CHECKED = ("flood", "inland_flood", "landslide", "storm_surge", "tsunami")
"""Hazards with mapped zones; earthquake, fire and volcano have none to look a place up in."""


@dataclass(frozen=True)
class PlaceAdvice:
    """What to do at a place: the plan's codes for it, the rule that decided, the site and the way.

    ``decision`` not_exposed: the maps know no danger there from what is warned of. ``unmet``: needs
    that no fitting site is free to meet, so that the site named refuses them; the page must say so.
    ``reasons``: every rule that held, about the place and about the time.
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

    @property
    def because(self) -> Rule | TimeRule | None:
        """The rule to name beside the advice: where it is too late to go, the one that says so."""
        timed = (one for one in self.reasons if isinstance(one, TimeRule))
        return next(timed, self.rule) if self.departure == "too_late" else self.rule


def offered(facility: Facility, walker: Walker) -> dict[str, str]:
    """Return need → yes, no or unknown: what a site is known to offer of what the walker needs."""
    return {need: str(getattr(facility, NEEDS[need])) for need in walker.needs}


def _alone(latitude: float, longitude: float, walker: Walker, town: int = 0) -> Population:
    """Return one person as a population; ``moved`` lets the planner look the place up."""
    return Population(
        pk=np.zeros(1, np.int64),
        household=np.zeros(1, np.int64),
        town=np.array([town], np.int64),
        lat=np.array([latitude]),
        lon=np.array([longitude]),
        node=np.full(1, -1, np.int32),
        node_m=np.zeros(1, np.float32),
        floor=np.array([walker.floor], np.int16),
        storeys=np.array([walker.storeys], np.int16),
        profile=np.array([walker.profile], np.uint8),
        groups=np.array([walker.groups], np.uint8),
        moved=np.ones(1, np.bool_),
        spread_m=np.zeros(1, np.float32),
    )


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
) -> PlaceAdvice:
    """Say what to do at a place (degrees) now, or under ``warned`` instead of what is in force.

    ``town``: primary key of the 町字 it lies in, whose orders count; 0 = unknown.

    ``lasting``: by the maps alone, whatever is closed or under water tonight.

    Sites that refuse the walker's needs are named only where no other fits (``unmet``).
    """
    danger = list(services.warned_now() if warned is None else warned)
    if not danger:
        return PlaceAdvice(NOT_EXPOSED)
    fitting = sites_for(walker, lasting=lasting)
    found = _planned(latitude, longitude, walker, fitting, danger, lasting=lasting, town=town)
    if found is None:
        return PlaceAdvice(NOT_EXPOSED)
    unmet: tuple[str, ...] = ()
    if found["facility_id"] is None and walker.needs:
        every = sites_for(walker, any_site=True, lasting=lasting)
        anyone = _planned(latitude, longitude, walker, every, danger, lasting=lasting, town=town)
        found = anyone or found
        named = shelters.facility(found["facility_id"]) if found["facility_id"] else None
        unmet = walker.refused_by(named) if named else ()
    told = RULES[RULE_NUMBER[found["rule"]]]
    return PlaceAdvice(
        found["decision"], found["departure"], found["leave_by"], told, found["hazard"],
        found["zone"], _way(latitude, longitude, walker, found, danger), unmet,
        rules_that_held(int(found["trace"])),
    )  # fmt: skip


def _planned(
    latitude: float,
    longitude: float,
    walker: Walker,
    table: shelters.SiteTable,
    warned: list[WarnedHazard],
    *,
    lasting: bool = False,
    town: int = 0,
) -> dict[str, Any] | None:
    """Return the plan's row for one person, None when nothing warned of reaches the place.

    Nobody's in particular, so nobody has a seat: the city's seats are left alone.
    """
    now, people = clock.now(), _alone(latitude, longitude, walker, town)
    made = services.compute(people, table, warned, now, plain=True, lasting=lasting)
    if not len(made.person):
        return None
    names = [item.hazard for item in warned]
    columns = advising.table(made, people.pk, table.pk, names, now).columns(np.arange(1))
    return {name: values[0] for name, values in columns.items()}


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


def may_stay(latitude: float, longitude: float, walker: Walker) -> tuple[str, Rule | None]:
    """Say whether a home may be stayed in or gone upstairs in whatever mapped hazard comes.

    yes (every mapped hazard that reaches it lets people stay), no (one does not: its rule), or
    unknown (some ground is not surveyed, or no hazard is mapped at all). Never yes for an unknown.
    """
    mapped = {row.hazard for row in hazards.maps()}
    names = [name for name in CHECKED if name in mapped]
    if not names:
        return "unknown", None
    advice = advise(latitude, longitude, walker, imagined(names, 4), lasting=True)
    if advice.decision == "leave":
        return "no", advice.rule
    return ("unknown" if advice.decision == "leave_unknown" else "yes"), advice.rule


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
