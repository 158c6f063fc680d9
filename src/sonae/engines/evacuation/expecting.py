"""How many people to expect where (受入見込み): the plan's leaving households before places with room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.placing import (
    DANGER_WEIGHT,
    Case,
    Comfort,
    Placement,
    lacks,
    settle,
)
from sonae.engines.evacuation.planning import People, Plan, SiteChooser
from sonae.engines.evacuation.profiles import PROFILES
from sonae.engines.evacuation.rulebook import LEAVE, LEAVE_UNKNOWN
from sonae.engines.evacuation.seating import NOWHERE

BLOCK_DEGREES = 0.001
"""Neighbours: one town, one cell of about 100 m."""

Costs = Callable[
    [bool, NDArray[np.int64]], tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
]
"""(can use stairs, sites) → metres in danger and metres (nodes, sites), and the row of each node."""


@dataclass(frozen=True, eq=False)
class Units:
    """Whole households that leave from one place; arrays of ``u``.

    ``size``: people. ``stairs``: all of them climb. ``pets``: they bring some. ``groups``: welfare groups that all belong to.
    ``sets``: hazards that concern any of them. ``off_m``: metres to the network. ``own``: the site the
    plan alone sends them to, -1 = none. ``member``: unit of each person of the city, -1 = none (n,).
    """

    household: NDArray[np.int64]
    node: NDArray[np.int32]
    off_m: NDArray[np.float64]
    town: NDArray[np.int64]
    block: NDArray[np.int64]
    size: NDArray[np.int64]
    stairs: NDArray[np.bool_]
    pets: NDArray[np.bool_]
    groups: NDArray[np.int64]
    sets: NDArray[np.int64]
    own: NDArray[np.int64]
    member: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Expected:
    """The answer per unit: ``placement`` and metres to the site."""

    placement: Placement
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]


def units_of(
    made: Plan,
    people: People,
    household: NDArray[np.int64],
    town: NDArray[np.int64],
    settled: NDArray[np.bool_],
    with_pets: NDArray[np.int64],
) -> Units:
    """Return the households that leave and are not ``settled`` anywhere yet (n,), kept whole.

    ``with_pets``: households that bring pets.
    """
    leaving = (made.decision == LEAVE) | (made.decision == LEAVE_UNKNOWN)
    row = np.flatnonzero(leaving & ~settled[made.person])
    who = made.person[row]
    keys = np.column_stack((household[who], people.node[who]))
    _, first, unit = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    unit, count = unit.ravel(), len(first)
    climbs = np.array([profile.stairs for profile in PROFILES])[people.profile[who]]
    stairs, groups, sets = np.ones(count, bool), np.full(count, 0xFF), np.zeros(count, np.int64)
    np.logical_and.at(stairs, unit, climbs)
    np.bitwise_and.at(groups, unit, people.groups[who].astype(np.int64))
    np.bitwise_or.at(sets, unit, made.sets[row].astype(np.int64))
    head = who[first]
    cell = np.floor(np.column_stack((people.lat[head], people.lon[head])) / BLOCK_DEGREES)
    block = np.unique(np.column_stack((town[head], cell)), axis=0, return_inverse=True)[1]
    member = np.full(len(people.lat), -1, np.int64)
    member[who] = unit
    return Units(
        household[head],
        people.node[head],
        people.node_m[head].astype(np.float64),
        town[head],
        block.ravel().astype(np.int64),
        np.bincount(unit, minlength=count),
        stairs,
        np.isin(household[head], with_pets),
        groups,
        sets,
        made.site[row[first]].astype(np.int64),
        member,
    )


def expect(
    units: Units,
    chooser: SiteChooser,
    capacity: NDArray[np.int64],
    comfort: Comfort,
    told: NDArray[np.int64],
    costs: Costs,
) -> Expected:
    """Place every unit; ``capacity``: places left per site, -1 = unknown; ``told``: site per unit.

    A unit keeps what it was told while the site may be used, unless others would go without.
    """
    key = np.column_stack(
        (units.node, units.stairs, units.groups, units.sets, units.own, units.pets)
    ).astype(np.int64)
    rows, row = np.unique(key, axis=0, return_inverse=True)
    row = row.ravel()
    allowed = np.zeros((len(rows), len(capacity)), bool)
    for groups, sets in np.unique(rows[:, 2:4], axis=0).tolist():
        mine = np.flatnonzero((rows[:, 2] == groups) & (rows[:, 3] == sets))
        allowed[np.ix_(mine, chooser.choose(sets, groups)[1])] = True
    distance, danger = _ways(rows, allowed, costs)
    worse = lacks(comfort, rows[:, 1] == 0, rows[:, 5] == 1)
    _prefer_own(rows[:, 4], distance + DANGER_WEIGHT * danger, worse)
    kept = np.where(told >= 0, told, 0)
    kept = np.where((told >= 0) & np.isfinite(distance[row, kept]), told, NOWHERE)
    case = Case(
        units.size, row, distance, danger, worse, np.asarray(allowed.any(axis=1)), capacity,
        units.block, kept,
    )  # fmt: skip
    found = settle(case, leave_uncounted=True)
    at = np.maximum(found.site, 0)
    return Expected(
        found,
        np.where(found.site >= 0, distance[row, at] + units.off_m, np.nan),
        np.where(found.site >= 0, danger[row, at], np.nan),
    )


def _prefer_own(
    own: NDArray[np.int64], metres: NDArray[np.float32], worse: NDArray[np.float32]
) -> None:
    """Make the plan's own site the best of each row: it weighs danger before all, and is told alone.

    Without this, people would be led elsewhere where no place is lacking; only what the site lacks
    for them (pets, steps) still weighs against it.
    """
    row = np.flatnonzero(own >= 0)
    row = row[np.isfinite(metres[row, own[row]])]
    site = own[row]
    worse[row, site] -= np.maximum(metres[row, site] - metres[row].min(axis=1) + 1.0, 0.0)


def _ways(
    rows: NDArray[np.int64], allowed: NDArray[np.bool_], costs: Costs
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return metres and metres in danger from every row to every allowed site, else inf."""
    distance, danger = np.full((2, *allowed.shape), np.inf, np.float32)
    for stairs in (True, False):
        mine = np.flatnonzero((rows[:, 1] == stairs) & (rows[:, 0] >= 0))
        sites = np.flatnonzero(allowed[mine].any(axis=0))
        if not len(mine) or not len(sites):
            continue
        wet, metres, place = costs(stairs, sites)
        at = place[rows[mine, 0]]
        spot = np.ix_(mine, sites)
        distance[spot] = np.where(allowed[spot], metres[at], np.inf)
        danger[spot] = np.where(allowed[spot], wet[at], np.inf)
    return distance, danger
