"""The whole city in one pass: who is in danger, what to do, where to go, by when.

People are grouped by the hazards they are exposed to, by the groups they belong to and by whether
they can use stairs; one route tree per distinct combination answers everybody in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.danger import RoadState, Samples, edge_danger
from sonae.engines.evacuation.decision import NOT_EXPOSED, decide
from sonae.engines.evacuation.departure import EMERGENCY_LEVEL, leave_by
from sonae.engines.evacuation.graph import Graph, RouteTree
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.profiles import PROFILES, START_MINUTES, Conditions
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.lookup import OUT, Found, zones

DESIGNATED, PARTIAL = 2, 1
REASONS = ("", "none_designated", "not_connected", "partial", "no_network", "none_open")
FOUND, NONE_DESIGNATED, NOT_CONNECTED, PARTLY, NO_NETWORK, NONE_OPEN = range(6)


@dataclass(frozen=True, eq=False)
class People:
    """Where everyone is and how they move; arrays of one length.

    ``lat``/``lon`` degrees; ``node`` network node of the place (-1 = none); ``node_m`` metres to it;
    ``floor``/``storeys`` 0 = unknown; ``profile`` index into `PROFILES`; ``groups`` bit mask of
    welfare groups the person belongs to (0 = none).
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    node: NDArray[np.int32]
    node_m: NDArray[np.float32]
    floor: NDArray[np.int16]
    storeys: NDArray[np.int16]
    profile: NDArray[np.uint8]
    groups: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sites:
    """Emergency sites that may be used now; arrays of one length.

    ``designation``: hazard → 0 no or unknown, 1 partial, 2 yes. ``admits``: bit mask of the only
    groups admitted, 0 = everyone. ``usable``: neither closed nor full.
    """

    node: NDArray[np.int32]
    designation: Mapping[str, NDArray[np.uint8]]
    admits: NDArray[np.uint8]
    usable: NDArray[np.bool_]


@dataclass(frozen=True)
class Warned:
    """One hazard warned of: ``level`` 3–5; ``arrival_minutes`` until ``next_level`` is forecast.

    None and 0 when no higher level is forecast.
    """

    hazard: str
    level: int
    arrival_minutes: float | None = None
    next_level: int = 0

    @property
    def arrival(self) -> float:
        """Return the minutes until the next level is forecast, nan when none is."""
        return np.nan if self.arrival_minutes is None else self.arrival_minutes

    @property
    def deadly(self) -> float:
        """Return the minutes until level 5 is forecast, nan when it is not."""
        return self.arrival if self.next_level >= EMERGENCY_LEVEL else np.nan


@dataclass(frozen=True, eq=False)
class Plan:
    """The result, one row per exposed person; ``person`` is the index into `People`.

    ``zone`` IN or UNKNOWN of the deciding hazard; ``hazard`` index into the warned hazards;
    ``rank``; ``decision``, ``rule``, ``departure``, ``reason`` codes of their modules; ``site`` index
    into `Sites` or -1; metres; walking ``minutes`` (nan without a way); ``until_minutes`` from now
    until one must be on the way (nan = unknown). ``sets``: hazard bit mask of the exposure.
    """

    person: NDArray[np.int64]
    zone: NDArray[np.uint8]
    hazard: NDArray[np.uint8]
    rank: NDArray[np.uint8]
    decision: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    site: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]
    minutes: NDArray[np.float64]
    departure: NDArray[np.uint8]
    until_minutes: NDArray[np.float64]
    reason: NDArray[np.uint8]
    sets: NDArray[np.uint16]


class City:
    """A network with its samples, ready to be planned on again and again."""

    def __init__(self, network: Network) -> None:
        """Sample the edges once; graphs are made per danger."""
        self.network = network
        self.samples = Samples(network)

    def graphs(self, layers: Sequence[Layer], roads: RoadState | None = None) -> dict[bool, Graph]:
        """Return the graph for people who can use stairs (True) and who cannot (False)."""
        now = roads or RoadState()
        danger = edge_danger(self.network, self.samples, layers, now.danger)
        shut = np.zeros(len(self.network.tail), bool)
        shut[now.closed] = True
        return {
            True: Graph(self.network, danger, shut),
            False: Graph(self.network, danger, shut | np.asarray(self.network.stairs)),
        }


class SiteChooser:
    """Route trees towards the sites that fit a set of hazards and groups, each made once."""

    def __init__(self, graphs: dict[bool, Graph], sites: Sites, hazards: Sequence[str]) -> None:
        """Keep what the trees are made from."""
        self._graphs, self._sites, self._hazards = graphs, sites, hazards
        self._trees: dict[tuple[bytes, bool], RouteTree] = {}

    def fitting(self, hazard_set: int, groups: int, least: int) -> NDArray[np.int64]:
        """Return the sites designated at least ``least`` for every hazard of the set, open to ``groups``."""
        usable = self._sites.usable & (self._sites.node >= 0)
        return np.flatnonzero(usable & self._admitting(hazard_set, groups, least))

    def choose(self, hazard_set: int, groups: int) -> tuple[int, NDArray[np.int64]]:
        """Return FOUND or PARTLY with the sites to go to; else the reason why there are none.

        NONE_OPEN: designated sites exist but are closed or full. NOT_CONNECTED: none of the open
        ones lies on the network.
        """
        for code, least in ((FOUND, DESIGNATED), (PARTLY, PARTIAL)):
            chosen = self.fitting(hazard_set, groups, least)
            if len(chosen):
                return code, chosen
        designated = self._admitting(hazard_set, groups, PARTIAL)
        if not designated.any():
            return NONE_DESIGNATED, np.zeros(0, np.int64)
        open_now = bool((designated & self._sites.usable).any())
        return NOT_CONNECTED if open_now else NONE_OPEN, np.zeros(0, np.int64)

    def _admitting(self, hazard_set: int, groups: int, least: int) -> NDArray[np.bool_]:
        """Return which sites are designated for every hazard of the set and admit ``groups``."""
        sites = self._sites
        fits = (sites.admits == 0) | ((sites.admits & groups) > 0)
        for bit, hazard in enumerate(self._hazards):
            if hazard_set >> bit & 1:
                none = np.zeros(len(sites.node), np.uint8)
                fits &= sites.designation.get(hazard, none) >= least
        return np.asarray(fits, bool)

    def tree(self, chosen: NDArray[np.int64], stairs: bool) -> RouteTree:
        """Return the tree towards the chosen sites, from memory when it was made before."""
        key = (chosen.tobytes(), stairs)
        if key not in self._trees:
            self._trees[key] = self._graphs[stairs].tree(self._sites.node[chosen])
        return self._trees[key]


def expose(
    warned: Sequence[Warned], layers: Sequence[Layer], people: People
) -> list[tuple[str, Found]]:
    """Return for every warned hazard what its layers say about everyone's place."""
    found = []
    for item in warned:
        own = [layer for layer in layers if layer.hazard == item.hazard]
        found.append((item.hazard, zones(own, people.lat, people.lon)))
    return found


def _combinations(
    sets: NDArray[np.uint16], people: People, person: NDArray[np.int64]
) -> list[tuple[int, int, bool, NDArray[np.int64]]]:
    """Return (hazard set, groups, stairs, rows) for every combination that occurs."""
    if not len(person):
        return []
    can_climb = np.array([profile.stairs for profile in PROFILES])[people.profile[person]]
    key = sets.astype(np.int64) << 16 | people.groups[person].astype(np.int64) << 1 | can_climb
    order = np.argsort(key, kind="stable")
    values, starts = np.unique(key[order], return_index=True)
    rows = np.split(order, starts[1:])
    return [
        (int(v) >> 16, int(v) >> 1 & 0xFF, bool(v & 1), r)
        for v, r in zip(values, rows, strict=True)
    ]


def _route(
    chooser: SiteChooser, people: People, person: NDArray[np.int64], sets: NDArray[np.uint16]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    """Return site, distance, danger metres and reason for every exposed person."""
    count = len(person)
    site = np.full(count, -1, np.int32)
    distance, danger = np.full(count, np.nan), np.full(count, np.nan)
    reason = np.full(count, NONE_DESIGNATED, np.uint8)
    for hazard_set, groups, stairs, rows in _combinations(sets, people, person):
        code, chosen = chooser.choose(hazard_set, groups)
        if not len(chosen):
            reason[rows] = code
            continue
        tree = chooser.tree(chosen, stairs)
        node = people.node[person[rows]]
        best = np.where(node >= 0, tree.site[np.maximum(node, 0)], -1)
        reached = best >= 0
        reason[rows] = np.where(reached, code, np.where(node < 0, NO_NETWORK, NOT_CONNECTED))
        hit = rows[reached]
        site[hit] = chosen[best[reached]]
        distance[hit] = tree.distance_m[node[reached]] + people.node_m[person[hit]]
        danger[hit] = tree.danger_m[node[reached]]
    return site, distance, danger, reason


def plan(
    people: People,
    city: City,
    layers: Sequence[Layer],
    sites: Sites,
    warned: Sequence[Warned],
    *,
    night: bool = False,
    roads: RoadState | None = None,
) -> Plan:
    """Plan for everyone who is exposed to a warned hazard (inside, or not surveyed).

    ``roads``: what is closed or seen flooded now. ``night``: sunset to sunrise.
    """
    found = expose(warned, layers, people)
    decision, rule, which = decide(found, people.floor, people.storeys, people.profile)
    person = np.flatnonzero(decision != NOT_EXPOSED)
    sets = np.zeros(len(people.lat), np.uint16)
    for bit, (_, hazard) in enumerate(found):
        sets |= np.where(hazard.zone != OUT, np.uint16(1 << bit), np.uint16(0))
    own = [layer for layer in layers if layer.hazard in {item.hazard for item in warned}]
    chooser = SiteChooser(city.graphs(own, roads), sites, [item.hazard for item in warned])
    site, distance, danger, reason = _route(chooser, people, person, sets[person])
    speeds = Conditions(night).speeds()
    minutes = distance / speeds[people.profile[person]] / 60.0
    departure, until = _departures(
        warned, sets[person], decision[person], people.profile[person], minutes
    )
    return Plan(
        person=person,
        zone=_pick(found, "zone", which[person], person),
        hazard=which[person],
        rank=_pick(found, "rank", which[person], person),
        decision=decision[person],
        rule=rule[person],
        site=site,
        distance_m=distance,
        danger_m=danger,
        minutes=minutes,
        departure=departure,
        until_minutes=until,
        reason=reason,
        sets=sets[person],
    )


def _pick(
    found: Sequence[tuple[str, Found]],
    column: str,
    which: NDArray[np.uint8],
    person: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Return one column of the deciding hazard for every exposed person."""
    table = (
        np.stack([getattr(hazard, column) for _, hazard in found]) if found else np.zeros((1, 0))
    )
    return np.asarray(table[which, person], np.uint8)


def _departures(
    warned: Sequence[Warned],
    sets: NDArray[np.uint16],
    decision: NDArray[np.uint8],
    profile: NDArray[np.uint8],
    minutes: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return departure code and minutes left: by the highest level and the earliest danger of all
    hazards that concern the person, for the hazard that decides where to go may not be the first.
    """
    level = np.zeros(len(sets), np.uint8)
    arrival, deadly = np.full((2, len(sets)), np.nan)
    for bit, item in enumerate(warned):
        mine = (sets >> bit & 1) > 0
        level[mine] = np.maximum(level[mine], item.level)
        arrival[mine] = np.fmin(arrival[mine], item.arrival)
        deadly[mine] = np.fmin(deadly[mine], item.deadly)
    walk = np.nan_to_num(minutes, nan=START_MINUTES)
    return leave_by(
        decision, profile, walk, level=level, arrival_minutes=arrival, deadly_minutes=deadly
    )
