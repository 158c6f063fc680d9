"""The whole city in one pass: who is in danger, what to do, where to go, by when.

People are grouped by the hazards they are exposed to, by the groups they belong to and by whether
they can use stairs; one route tree per distinct combination answers everybody in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.danger import (
    Ground,
    RoadState,
    Samples,
    Seen,
    edge_ground,
    seen_by,
)
from sonae.engines.evacuation.decision import decide
from sonae.engines.evacuation.departure import EMERGENCY_LEVEL, Threat, leave_by
from sonae.engines.evacuation.graph import Graph, RouteTree, Skeleton, unpack
from sonae.engines.evacuation.memory import Recent, TreeMemory
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.profiles import PROFILES, START_MINUTES, Conditions
from sonae.engines.evacuation.rulebook import NOT_EXPOSED
from sonae.engines.evacuation.told import Told
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.lookup import OUT, UNKNOWN, Found, uncertain, zones

DESIGNATED, PARTIAL = 2, 1
_GROUNDS, _LAYERS = 8, 32
REASONS = (
    "",
    "none_designated",
    "not_connected",
    "partial",
    "no_network",
    "none_open",
    "expected_full",
)
FOUND, NONE_DESIGNATED, NOT_CONNECTED, PARTLY, NO_NETWORK, NONE_OPEN, EXPECTED_FULL = range(7)


@dataclass(frozen=True, eq=False)
class People:
    """Where everyone is and how they move; arrays of one length.

    ``lat``/``lon`` degrees; ``node`` network node of the place (-1 = none); ``node_m`` metres to it;
    ``floor``/``storeys`` 0 = unknown; ``profile`` index into `PROFILES`; ``groups`` bit mask of
    welfare groups the person belongs to (0 = none). ``ordered``: the level of the municipality's
    evacuation order for the place, 0 without one; None where there are no orders. ``spread_m`` metres
    around the place in which the house lies somewhere (0 = the house itself, inf = nobody knows where),
    None: all are houses.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    node: NDArray[np.int32]
    node_m: NDArray[np.float32]
    floor: NDArray[np.int16]
    storeys: NDArray[np.int16]
    profile: NDArray[np.uint8]
    groups: NDArray[np.uint8]
    ordered: NDArray[np.uint8] | None = None
    spread_m: NDArray[np.float32] | None = None


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
    """One hazard warned of: ``level`` 3–5; ``rises``: minutes from now until each higher level is
    forecast to begin (0 when that has begun), as (level, minutes).
    """

    hazard: str
    level: int
    rises: tuple[tuple[int, float], ...] = ()

    @property
    def arrival(self) -> float:
        """Return the minutes until the next higher level is forecast, nan when none is."""
        return min((m for level, m in self.rises if level > self.level), default=np.nan)

    @property
    def deadly(self) -> float:
        """Return the minutes until level 5 is forecast, nan when it is not."""
        return min((m for level, m in self.rises if level >= EMERGENCY_LEVEL), default=np.nan)


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
    trace: NDArray[np.int64]


class City:
    """A network ready to be planned on again and again; remembers what the last plans computed.

    Kept in memory per process: what lies under the edges for the sets of layers used last, the
    graphs made of it, and route trees, which are repaired when only sites or roads closed.
    """

    def __init__(self, network: Network) -> None:
        """Sample the edges and lay out the matrix once; graphs are made per danger."""
        self.network = network
        self.samples = Samples(network)
        self.skeleton = Skeleton(network)
        self.trees = TreeMemory()
        self._seen: Recent[tuple[Layer, Seen]] = Recent(_LAYERS)
        self._grounds: Recent[tuple[Sequence[Layer], Ground]] = Recent(_GROUNDS)
        self._graphs: Recent[tuple[Sequence[Layer], dict[bool, Graph]]] = Recent(_GROUNDS)

    def ground(self, layers: Sequence[Layer]) -> Ground:
        """Return what lies under the edges by these layers, from memory when they were used before."""
        made = self._grounds.get(
            tuple(map(id, layers)),
            lambda: (layers, edge_ground(self.network, self.samples, layers, self._look)),
        )
        return made[1]

    def _look(self, layer: Layer) -> Seen:
        """Return what a layer says along the edges; a new layer costs no look at the others."""
        return self._seen.get(id(layer), lambda: (layer, seen_by(layer, self.samples)))[1]

    def graphs(self, layers: Sequence[Layer], roads: RoadState | None = None) -> dict[bool, Graph]:
        """Return the graph for people who can use stairs (True) and who cannot (False)."""
        now = roads or RoadState()
        key = (tuple(map(id, layers)), now.key())
        return self._graphs.get(key, lambda: (layers, self._made(layers, now)))[1]

    def _made(self, layers: Sequence[Layer], roads: RoadState) -> dict[bool, Graph]:
        """Make both graphs; they share all but the stairs."""
        ground = self.ground(layers)
        danger = ground.with_danger(self.network, roads.danger)
        unsurveyed = ground.unsurveyed_m(self.network)
        shut = np.zeros(len(self.network.tail), bool)
        shut[roads.closed] = True
        return {
            stairs: Graph(
                self.network,
                danger,
                shut if stairs else shut | np.asarray(self.network.stairs),
                unsurveyed_m=unsurveyed,
                skeleton=self.skeleton,
            )
            for stairs in (True, False)
        }


class SiteChooser:
    """Route trees towards the sites that fit a set of hazards and groups, each made once."""

    def __init__(
        self,
        graphs: dict[bool, Graph],
        sites: Sites,
        hazards: Sequence[str],
        trees: TreeMemory | None = None,
    ) -> None:
        """Keep what the trees are made from; ``trees``: where made ones are remembered."""
        self._graphs, self._sites, self._hazards = graphs, sites, hazards
        self._trees = trees or TreeMemory()

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
        return self._trees.tree(self._graphs[stairs], self._sites.node[chosen])

    def effort_m(self, chosen: NDArray[np.int64], stairs: bool) -> NDArray[np.float64]:
        """Return the level metres that tire as much as the way from each node (see `Graph`)."""
        return self._trees.effort_m(self._graphs[stairs], self._sites.node[chosen])

    def metres(
        self, site: NDArray[np.int32], node: NDArray[np.int32], stairs: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return metres in danger and metres from each node to the site beside it; inf without a way."""
        sites, column = np.unique(site, return_inverse=True)
        nodes, row = np.unique(node, return_inverse=True)
        danger, metres = self._trees.costs(self._graphs[stairs], self._sites.node[sites], nodes)
        return danger[column, row], metres[column, row]


def expose(
    warned: Sequence[Warned], layers: Sequence[Layer], people: People
) -> list[tuple[str, Found]]:
    """Return for every warned hazard what its layers say about everyone's place."""
    found = []
    for item in warned:
        own = [layer for layer in layers if layer.hazard == item.hazard]
        told = zones(own, people.lat, people.lon)
        found.append((item.hazard, _around(told, own, people)))
    return found


def _around(told: Found, layers: Sequence[Layer], people: People) -> Found:
    """Return what the layers say where a house is only known to lie around a place.

    Inside or outside only when they say so all around; else unknown, with no depth of its own.
    """
    if people.spread_m is None:
        return told
    lost = uncertain(
        lambda lat, lon: zones(layers, lat, lon).zone, people.lat, people.lon, people.spread_m
    )
    if not len(lost):
        return told
    zone, rank = told.zone.copy(), told.rank.copy()
    depth, collapse = told.depth_m.copy(), told.collapse.copy()
    zone[lost], rank[lost], depth[lost], collapse[lost] = UNKNOWN, 0, np.nan, False
    return replace(told, zone=zone, rank=rank, depth_m=depth, collapse=collapse)


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


@dataclass(frozen=True, eq=False)
class _Ways:
    """Where exposed people go; arrays of one length, as in `Plan`. ``effort_m``: see `Graph`."""

    site: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]
    effort_m: NDArray[np.float64]
    reason: NDArray[np.uint8]

    @classmethod
    def nowhere(cls, count: int) -> _Ways:
        """Return arrays to be filled."""
        site = np.full(count, -1, np.int32)
        distance, danger, effort = np.full((3, count), np.nan)
        return cls(site, distance, danger, effort, np.full(count, NONE_DESIGNATED, np.uint8))


def _route(
    chooser: SiteChooser, people: People, person: NDArray[np.int64], sets: NDArray[np.uint16]
) -> _Ways:
    """Return the way of every exposed person."""
    ways = _Ways.nowhere(len(person))
    for hazard_set, groups, stairs, rows in _combinations(sets, people, person):
        code, chosen = chooser.choose(hazard_set, groups)
        if not len(chosen):
            ways.reason[rows] = code
            continue
        tree = chooser.tree(chosen, stairs)
        node = people.node[person[rows]]
        best = np.where(node >= 0, tree.site[np.maximum(node, 0)], -1)
        reached = best >= 0
        ways.reason[rows] = np.where(reached, code, np.where(node < 0, NO_NETWORK, NOT_CONNECTED))
        hit, start = rows[reached], node[reached]
        ways.site[hit] = chosen[best[reached]]
        danger, metres = unpack(tree.cost[start])
        to_road = people.node_m[person[hit]]
        ways.distance_m[hit], ways.danger_m[hit] = metres + to_road, danger
        ways.effort_m[hit] = chooser.effort_m(chosen, stairs)[start] + to_road
    return ways


def _lead(
    told: Told,
    chooser: SiteChooser,
    people: People,
    person: NDArray[np.int64],
    sets: NDArray[np.uint16],
    ways: _Ways,
) -> None:
    """Let those with a seat go there, and say to whom only a place expected to be full is left.

    Only to a site that the plan may choose for this person now, and by the way as it is now.
    """
    rows = told.rows(person, ways.site)
    fit: dict[bool, list[NDArray[np.int64]]] = {True: [], False: []}
    for hazard_set, groups, stairs, some in _combinations(sets[rows], people, person[rows]):
        mine = rows[some]
        chosen = chooser.choose(hazard_set, groups)[1]
        seat = told.site[person[mine]]
        fit[stairs].append(mine[np.isin(seat, chosen) & (seat != ways.site[mine])])
    for stairs, parts in fit.items():
        if any(map(len, parts)):
            _walk_to_seat(told, chooser, people, person, np.concatenate(parts), stairs, ways)
    ways.reason[(ways.reason == FOUND) & told.crowded[person]] = EXPECTED_FULL


def _walk_to_seat(
    told: Told,
    chooser: SiteChooser,
    people: People,
    person: NDArray[np.int64],
    rows: NDArray[np.int64],
    stairs: bool,
    ways: _Ways,
) -> None:
    """Put the way to the seat in place of some rows, where there is one.

    Its effort is taken to be in proportion to that of the person's shortest way.
    """
    who = person[rows]
    danger, metres = chooser.metres(told.site[who], people.node[who], stairs)
    reached = np.isfinite(metres)
    rows, who = rows[reached], who[reached]
    steeper = np.maximum(ways.effort_m[rows] / np.maximum(ways.distance_m[rows], 1.0), 1.0)
    ways.site[rows] = told.site[who]
    ways.distance_m[rows] = metres[reached] + people.node_m[who]
    ways.danger_m[rows] = danger[reached]
    ways.effort_m[rows] = ways.distance_m[rows] * steeper


def plan(
    people: People,
    city: City,
    layers: Sequence[Layer],
    sites: Sites,
    warned: Sequence[Warned],
    *,
    conditions: Conditions | None = None,
    roads: RoadState | None = None,
    told: Told | None = None,
) -> Plan:
    """Plan for everyone who is exposed to a warned hazard (inside, or not surveyed).

    ``conditions``: how one walks now (by day on bare roads). ``roads``: what is closed or seen
    flooded now. ``told``: the seats that the assignment gave. Planned again after a closing, only
    what changed is searched (see `City`).
    """
    found = expose(warned, layers, people)
    decided = decide(found, people.floor, people.storeys, people.profile)
    person = np.flatnonzero(decided.decision != NOT_EXPOSED)
    decision, which = decided.decision[person], decided.which[person]
    sets = np.zeros(len(people.lat), np.uint16)
    for bit, (_, hazard) in enumerate(found):
        sets |= np.where(hazard.zone != OUT, np.uint16(1 << bit), np.uint16(0))
    own = [layer for layer in layers if layer.hazard in {item.hazard for item in warned}]
    names = [item.hazard for item in warned]
    chooser = SiteChooser(city.graphs(own, roads), sites, names, city.trees)
    ways = _route(chooser, people, person, sets[person])
    if told is not None:
        _lead(told, chooser, people, person, sets[person], ways)
    walking, profile = conditions or Conditions(), people.profile[person]
    minutes = ways.effort_m / walking.speeds()[profile] / 60.0
    departure = leave_by(
        decision,
        profile,
        np.nan_to_num(minutes, nan=START_MINUTES),
        _threat(warned, sets[person], None if people.ordered is None else people.ordered[person]),
        walking.dusk_minutes,
    )
    return Plan(
        person=person,
        zone=_pick(found, "zone", which, person),
        hazard=which,
        rank=_pick(found, "rank", which, person),
        decision=decision,
        rule=decided.rule[person],
        site=ways.site,
        distance_m=ways.distance_m,
        danger_m=ways.danger_m,
        minutes=minutes,
        departure=departure.code,
        until_minutes=departure.until_minutes,
        reason=ways.reason,
        sets=sets[person],
        trace=decided.trace[person] | departure.trace,
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


def _threat(
    warned: Sequence[Warned], sets: NDArray[np.uint16], ordered: NDArray[np.uint8] | None
) -> Threat:
    """Return the highest level and the earliest danger of all hazards that concern each person:
    the hazard that decides where to go may not be the first to come.
    """
    level = np.zeros(len(sets), np.uint8)
    arrival, deadly = np.full((2, len(sets)), np.nan)
    for bit, item in enumerate(warned):
        mine = (sets >> bit & 1) > 0
        level[mine] = np.maximum(level[mine], item.level)
        arrival[mine] = np.fmin(arrival[mine], item.arrival)
        deadly[mine] = np.fmin(deadly[mine], item.deadly)
    return Threat(level, arrival, deadly, ordered)
