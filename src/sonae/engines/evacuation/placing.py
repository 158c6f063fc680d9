"""Households to designated sites with capacity: who may go where, causes, neighbours, what is proven.

A small number of candidates per household looks like a shortage of places; here the bound over all
sites proves that a larger one would change nothing, or the answer says that it would. Capacity
unknown is neither zero nor infinite: such a site takes nobody who competes for places; who has it as
the best site may be left there, counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.assignment import NOWHERE, Demand, Seats, assign
from sonae.engines.evacuation.graph import Graph
from sonae.engines.evacuation.neighbours import Together, gather
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import City, SiteChooser
from sonae.engines.evacuation.seating import Board
from sonae.engines.evacuation.sitefiles import FARTHEST_M, Placed
from sonae.engines.hazard.layer import Layer

CAUSES = ("", "no_site", "no_route", "known_capacity_full", "unknown_capacity")
SERVED, NO_SITE, NO_ROUTE, FULL, UNKNOWN_CAPACITY = range(5)
DANGER_WEIGHT = 100.0
"""A metre in danger counts as this many metres when people compete for places."""
KEEP_M = 20_000.0
"""Who was told a place keeps it unless somebody else would go without: worth this many metres."""
LACKING_M, DOUBTFUL_M = 2_000.0, 200.0
"""Metres worth going farther for a place that takes pets or has no steps, when the nearer one does
not, or does not say. Never a reason to go without a place."""
NO, UNSAID, YES = range(3)


@dataclass(frozen=True, eq=False)
class Homes:
    """Households: position in degrees, people, welfare groups (bits), whether they climb stairs,
    bring pets, and the number of their block (街区, -1 = none).
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    size: NDArray[np.int64]
    groups: NDArray[np.uint8]
    stairs: NDArray[np.bool_]
    pets: NDArray[np.bool_]
    block: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Comfort:
    """What sites say about pets and steps: NO, UNSAID or YES (s,) each."""

    pets: NDArray[np.uint8]
    step_free: NDArray[np.uint8]

    @classmethod
    def unsaid(cls, sites: int) -> Comfort:
        """Return the comfort of sites that say nothing."""
        return cls(np.full(sites, UNSAID, np.uint8), np.full(sites, UNSAID, np.uint8))


@dataclass(frozen=True, eq=False)
class Case:
    """Households before the assignment; ``r`` rows of homes that share their ways, ``s`` sites.

    ``size``, ``row`` (h,). ``distance``, ``danger``: metres (r, s), inf = no way or not allowed.
    ``worse``: metres that a site's lacks count as for a row (r, s). ``listed``: whether any site is
    designated, open and admits the row (r,). ``capacity``: people (s,), -1 = unknown. ``block`` (h,),
    -1 = none. ``told``: the site each household was told before (h,), -1 = none.
    """

    size: NDArray[np.int64]
    row: NDArray[np.int64]
    distance: NDArray[np.float32]
    danger: NDArray[np.float32]
    worse: NDArray[np.float32]
    listed: NDArray[np.bool_]
    capacity: NDArray[np.int64]
    block: NDArray[np.int64]
    told: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Placement:
    """``site`` per household or NOWHERE with ``cause``; ``uncounted``: sent where nobody knows the
    capacity. ``seats`` says what is proven, ``together`` what keeping neighbours together costs.
    """

    site: NDArray[np.int64]
    cause: NDArray[np.uint8]
    uncounted: NDArray[np.bool_]
    seats: Seats
    together: Together


@dataclass(frozen=True, eq=False)
class Places:
    """The answer per household: ``site`` index or -1 with ``cause``; metres; and the totals."""

    site: NDArray[np.int64]
    cause: NDArray[np.uint8]
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]
    summary: dict[str, Any]


def settle(case: Case, *, leave_uncounted: bool = False) -> Placement:
    """Assign every household of the case.

    ``leave_uncounted``: who has a site of unknown capacity as the best one goes there, counted
    apart; otherwise such sites take nobody.
    """
    metres = case.distance + DANGER_WEIGHT * case.danger + case.worse
    known = case.capacity >= 0
    reached = np.isfinite(metres)
    keys, row = np.unique(np.column_stack((case.row, case.told)), axis=0, return_inverse=True)
    cost = metres[keys[:, 0]].astype(np.float64)
    mine = np.flatnonzero(keys[:, 1] >= 0)
    cost[mine, keys[mine, 1]] -= KEEP_M
    row = row.ravel()
    uncounted = np.zeros(len(case.size), bool)
    if leave_uncounted and cost.size:
        best = cost.argmin(axis=1)
        open_end = ~known[best] & np.isfinite(cost[np.arange(len(cost)), best])
        uncounted = open_end[row]
    cost[:, ~known] = np.inf
    counted = np.flatnonzero(~uncounted)
    demand = Demand(case.size[counted], row[counted], cost, np.maximum(case.capacity, 0))
    seats = assign(demand)
    board = Board(demand)
    on = np.flatnonzero(seats.site >= 0)
    board.put_many(on, seats.site[on])
    together = gather(board, np.where(case.told[counted] >= 0, -1, case.block[counted]))
    site = np.full(len(case.size), NOWHERE, np.int64)
    site[counted] = board.site
    if uncounted.any():
        site[uncounted] = best[row[uncounted]]
    return Placement(site, _causes(case, site, reached, known), uncounted, seats, together)


def _causes(
    case: Case, site: NDArray[np.int64], reached: NDArray[np.bool_], known: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Return why households go without a place."""
    vague = (reached & ~known).any(axis=1)
    why = np.select(
        [~case.listed, ~reached.any(axis=1), vague], [NO_SITE, NO_ROUTE, UNKNOWN_CAPACITY], FULL
    )
    return np.where(site >= 0, SERVED, why[case.row]).astype(np.uint8)


def place_all(
    homes: Homes,
    network: Network,
    placed: Placed,
    capacity: NDArray[np.int64],
    hazards: Sequence[str],
    layers: Sequence[Layer],
    comfort: Comfort | None = None,
) -> Places:
    """Give every household one designated site with room (``capacity`` people, -1 = unknown)."""
    count = len(homes.size)
    node, off = network.snap(homes.lat, homes.lon) if count else (np.zeros(0, np.int32),) * 2
    says = comfort or Comfort.unsaid(len(placed.listed))
    near = off <= FARTHEST_M
    key = np.column_stack((np.where(near, node, -1), homes.stairs, homes.pets, homes.groups))
    rows, row = np.unique(key, axis=0, return_inverse=True)
    graphs = City(network).graphs(layers)
    chooser = SiteChooser(graphs, placed.sites, hazards)
    everything = (1 << len(hazards)) - 1
    allowed = np.zeros((len(rows), len(placed.listed)), bool)
    for groups in np.unique(rows[:, 3]).tolist():
        mine = np.flatnonzero(rows[:, 3] == groups)
        allowed[np.ix_(mine, chooser.choose(everything, groups)[1])] = True
    distance, danger = _ways(graphs, placed.sites.node, rows, allowed)
    worse = lacks(says, rows[:, 1] == 0, rows[:, 2] == 1)
    nobody = np.full(count, NOWHERE, np.int64)
    case = Case(
        homes.size, row.ravel(), distance, danger, worse, np.asarray(allowed.any(axis=1)), capacity,
        homes.block, nobody,
    )  # fmt: skip
    return _answer(case, settle(case), off.astype(np.float32))


def _ways(
    graphs: dict[bool, Graph],
    site_node: NDArray[np.int32],
    rows: NDArray[np.int64],
    allowed: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return metres and metres in danger from every row (node, stairs, …) to every allowed site."""
    distance, danger = np.full((2, *allowed.shape), np.inf, np.float32)
    for stairs in (True, False):
        mine = np.flatnonzero((rows[:, 1] == stairs) & (rows[:, 0] >= 0))
        sites = np.flatnonzero(allowed[mine].any(axis=0))
        if not len(mine) or not len(sites):
            continue
        nodes, at = np.unique(rows[mine, 0].astype(np.int32), return_inverse=True)
        wet, metres = graphs[stairs].costs(site_node[sites], nodes)
        spot = np.ix_(mine, sites)
        open_to = allowed[spot]
        distance[spot] = np.where(open_to, metres.T[at.ravel()], np.inf)
        danger[spot] = np.where(open_to, wet.T[at.ravel()], np.inf)
    return distance, danger


def lacks(
    comfort: Comfort, wheels: NDArray[np.bool_], pets: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return what sites' lacks count as for homes with ``wheels`` or ``pets`` (r,): metres (r, s)."""
    weight = np.array([LACKING_M, DOUBTFUL_M, 0.0], np.float32)
    found = np.zeros((len(wheels), len(comfort.pets)), np.float32)
    found[wheels] += weight[comfort.step_free]
    found[pets] += weight[comfort.pets]
    return found


def _answer(case: Case, found: Placement, off: NDArray[np.float32]) -> Places:
    """Put the answer and its totals together."""
    served = found.site >= 0
    distance, danger = np.full((2, len(served)), np.nan)
    on = np.flatnonzero(served)
    distance[on] = case.distance[case.row[on], found.site[on]].astype(np.float64) + off[on]
    danger[on] = case.danger[case.row[on], found.site[on]]
    return Places(found.site, found.cause, distance, danger, _summary(case, found, distance))


def _summary(case: Case, found: Placement, distance: NDArray[np.float64]) -> dict[str, Any]:
    """Return the totals of the contract."""
    served = found.site >= 0
    seats = found.seats
    return {
        "people": int(case.size.sum()),
        "households": len(case.size),
        "served": int(case.size[served].sum()),
        "unserved": unserved(case.size, found.cause),
        "person_metres": round(float((case.size[served] * distance[served]).sum()), 1),
        "candidates": _candidates(case, found.site),
        "larger_changes": seats.larger_changes,
        "least_unserved": seats.least_unserved,
        "neighbours_together": round(found.together.after, 4),
        "neighbours_together_before": round(found.together.before, 4),
        "neighbours_price_person_metres": round(found.together.price, 1),
    }


def unserved(size: NDArray[np.int64], cause: NDArray[np.uint8]) -> dict[str, int]:
    """Return the people without a place by cause."""
    return {
        name: int(size[cause == number].sum())
        for number, name in enumerate(CAUSES)
        if number != SERVED
    }


def _candidates(case: Case, site: NDArray[np.int64]) -> int:
    """Return among how many nearest sites everybody's site is; so many had to be looked at."""
    on = np.flatnonzero(site >= 0)
    if not len(on):
        return 0
    pairs = np.unique(np.column_stack((case.row[on], site[on])), axis=0)
    weighed = case.distance[pairs[:, 0]] + DANGER_WEIGHT * case.danger[pairs[:, 0]]
    mine = weighed[np.arange(len(pairs)), pairs[:, 1]]
    return int(np.count_nonzero(weighed < mine[:, None], axis=1).max()) + 1
