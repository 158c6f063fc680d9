"""Households to designated sites with capacity: candidates, causes, and the number of candidates.

A small number of candidates per household looks like a shortage of places; so it is doubled until
the answer stops changing, and said. Capacity unknown is neither zero nor infinite: such a site takes
nobody in this calculation, and who is left over for that reason is counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.assignment import NOWHERE, Demand, assign
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import City, SiteChooser
from sonae.engines.evacuation.sitefiles import FARTHEST_M, Placed
from sonae.engines.hazard.layer import Layer

CAUSES = ("", "no_site", "no_route", "known_capacity_full", "unknown_capacity")
SERVED, NO_SITE, NO_ROUTE, FULL, UNKNOWN_CAPACITY = range(5)
FIRST_CANDIDATES = 12
DANGER_WEIGHT = 100.0
"""A metre in danger counts as this many metres when people compete for places."""
_SAME = 0.001


@dataclass(frozen=True, eq=False)
class Homes:
    """Households: position in degrees, people, welfare groups (bits) and whether they climb stairs."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    size: NDArray[np.int64]
    groups: NDArray[np.uint8]
    stairs: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Places:
    """The answer per household: ``site`` index or -1 with ``cause``; metres; and the totals."""

    site: NDArray[np.int64]
    cause: NDArray[np.uint8]
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]
    summary: dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Ways:
    """From every household to every site: weighted metres (inf = may not or cannot), metres, danger."""

    cost: NDArray[np.float64]
    distance: NDArray[np.float64]
    danger: NDArray[np.float64]
    cause: NDArray[np.uint8]


def place_all(
    homes: Homes,
    network: Network,
    placed: Placed,
    capacity: NDArray[np.int64],
    hazards: Sequence[str],
    layers: Sequence[Layer],
) -> Places:
    """Give every household one designated site with room (``capacity`` people, -1 = unknown)."""
    ways = _ways(homes, network, placed, capacity, hazards, layers)
    limited = np.maximum(capacity, 0)
    candidates = min(FIRST_CANDIDATES, max(ways.cost.shape[1], 1))
    site = _assigned(homes.size, ways.cost, limited, candidates)
    larger = False
    while candidates < ways.cost.shape[1]:
        wider = min(candidates * 2, ways.cost.shape[1])
        again = _assigned(homes.size, ways.cost, limited, wider)
        larger = _differs(homes.size, ways.distance, site, again)
        if not larger:
            break
        candidates, site, larger = wider, again, False
    return _answer(homes, ways, site, candidates, larger)


def _ways(
    homes: Homes,
    network: Network,
    placed: Placed,
    capacity: NDArray[np.int64],
    hazards: Sequence[str],
    layers: Sequence[Layer],
) -> _Ways:
    """Work out all ways, one class of people (stairs, groups) after the other."""
    count, sites = len(homes.size), len(placed.listed)
    node, off = network.snap(homes.lat, homes.lon) if count else (np.zeros(0, np.int32),) * 2
    graphs = City(network).graphs(layers)
    chooser = SiteChooser(graphs, placed.sites, hazards)
    everything = (1 << len(hazards)) - 1
    shape = (count, sites)
    found = _Ways(
        np.full(shape, np.inf), np.full(shape, np.inf), np.full(shape, np.inf),
        np.full(count, NO_SITE, np.uint8),
    )  # fmt: skip
    classes = np.column_stack((homes.stairs, homes.groups))
    for stairs, groups in np.unique(classes, axis=0).tolist():
        rows = np.flatnonzero((homes.stairs == bool(stairs)) & (homes.groups == groups))
        _, chosen = chooser.choose(everything, groups)
        if len(chosen):
            nodes, at = np.unique(node[rows], return_inverse=True)
            danger, metres = graphs[bool(stairs)].costs(placed.sites.node[chosen], nodes)
            reach = np.where(off[rows] <= FARTHEST_M, 0.0, np.inf)[:, None]
            spot = np.ix_(rows, chosen)
            found.distance[spot] = metres.T[at.ravel()] + off[rows][:, None] + reach
            found.danger[spot] = danger.T[at.ravel()]
            _judge(found, rows, chosen, capacity)
    known = capacity >= 0
    weighed = found.distance + DANGER_WEIGHT * found.danger
    found.cost[:] = np.where(known[None, :], weighed, np.inf)
    return found


def _judge(
    found: _Ways, rows: NDArray[np.int64], chosen: NDArray[np.int64], capacity: NDArray[np.int64]
) -> None:
    """Note why these households would go without a place, should they."""
    reached = np.isfinite(found.distance[np.ix_(rows, chosen)])
    vague = (reached & (capacity[chosen] < 0)).any(axis=1)
    found.cause[rows] = np.select([~reached.any(axis=1), vague], [NO_ROUTE, UNKNOWN_CAPACITY], FULL)


def _assigned(
    size: NDArray[np.int64], cost: NDArray[np.float64], capacity: NDArray[np.int64], candidates: int
) -> NDArray[np.int64]:
    """Return the site of every household with its nearest ``candidates`` sites to choose from."""
    if not cost.size:
        return np.full(len(size), NOWHERE, np.int64)
    nearest = np.argsort(cost, axis=1, kind="stable")[:, :candidates]
    metres = np.take_along_axis(cost, nearest, axis=1)
    site = np.where(np.isfinite(metres), nearest, NOWHERE).astype(np.int32)
    choice = assign(Demand(size, site, metres, capacity))
    picked = site[np.arange(len(size)), np.maximum(choice, 0)]
    return np.where(choice >= 0, picked, NOWHERE).astype(np.int64)


def _differs(
    size: NDArray[np.int64],
    distance: NDArray[np.float64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
) -> bool:
    """Tell whether more people are served, or their ways differ by more than a thousandth."""
    served = [int(size[site >= 0].sum()) for site in (one, other)]
    walked = [_person_metres(size, distance, site) for site in (one, other)]
    return served[0] != served[1] or abs(walked[0] - walked[1]) > _SAME * max(walked[0], 1.0)


def _person_metres(
    size: NDArray[np.int64], distance: NDArray[np.float64], site: NDArray[np.int64]
) -> float:
    """Return the metres that all served people walk together."""
    on = np.flatnonzero(site >= 0)
    return float((size[on] * distance[on, site[on]]).sum())


def _answer(
    homes: Homes, ways: _Ways, site: NDArray[np.int64], candidates: int, larger: bool
) -> Places:
    """Put the answer and its totals together."""
    rows, column = np.arange(len(site)), np.maximum(site, 0)
    served = site >= 0
    cause = np.where(served, SERVED, ways.cause).astype(np.uint8)
    unserved = {
        name: int(homes.size[cause == number].sum())
        for number, name in enumerate(CAUSES)
        if number != SERVED
    }
    summary = {
        "people": int(homes.size.sum()),
        "households": len(site),
        "served": int(homes.size[served].sum()),
        "unserved": unserved,
        "person_metres": round(_person_metres(homes.size, ways.distance, site), 1),
        "candidates": candidates,
        "larger_changes": larger,
    }
    nothing = np.full(len(site), np.nan)
    if not ways.cost.size:
        return Places(site, cause, nothing, nothing.copy(), summary)
    return Places(
        site,
        cause,
        np.where(served, ways.distance[rows, column], np.nan),
        np.where(served, ways.danger[rows, column], np.nan),
        summary,
    )
