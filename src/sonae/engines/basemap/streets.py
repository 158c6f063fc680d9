"""Natural streets of a walking network: edges that go straight on are one street.

The network of a city says nothing of how important a way is, or each source says it otherwise. How
far one can walk straight on does: long streets are drawn from afar, short ones close up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.engines.evacuation.network import Network

STRAIGHT_ON: Final = -0.7
"""Two ways go on into each other when they turn by less than 45° (cosine between their directions)."""


@dataclass(frozen=True, eq=False)
class Streets:
    """``n`` natural streets: ``lines`` (n,) in longitude, latitude, ``length_m``, and ``stairs``."""

    lines: NDArray[Any]
    length_m: NDArray[np.float64]
    stairs: NDArray[np.bool_]


def streets(net: Network) -> Streets:
    """Join the edges of a network to natural streets; every edge is in exactly one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = len(net.tail)
    if not edges:
        return Streets(np.empty(0, object), np.zeros(0), np.zeros(0, bool))
    one, other = _continued(net)
    joined = coo_array((np.ones(len(one), np.int8), (one // 2, other // 2)), shape=(edges, edges))
    count, street = connected_components(joined.tocsr(), directed=False)
    order = np.argsort(street, kind="stable")
    parts = shapely.multilinestrings(edge_lines(net)[order], indices=street[order])
    return Streets(
        lines=shapely.line_merge(parts),
        length_m=np.bincount(street, weights=net.length_m, minlength=count).astype(np.float64),
        stairs=np.bincount(street, weights=net.stairs, minlength=count) > 0,
    )


def edge_lines(net: Network) -> NDArray[Any]:
    """Return every edge as a line of longitude, latitude, its bends included (m,)."""
    bends = np.diff(net.shape_start)
    start = np.asarray(net.shape_start[:-1], np.int64) + 2 * np.arange(len(bends))
    size = int(bends.sum()) + 2 * len(bends)
    points = np.empty((size, 2))
    inner = np.ones(size, bool)
    inner[start] = inner[start + bends + 1] = False
    points[start] = np.column_stack((net.lon[net.tail], net.lat[net.tail]))
    points[start + bends + 1] = np.column_stack((net.lon[net.head], net.lat[net.head]))
    points[inner] = np.column_stack((net.shape_lon, net.shape_lat))
    lines: NDArray[Any] = shapely.linestrings(
        points, indices=np.repeat(np.arange(len(bends)), bends + 2)
    )
    return lines


def _continued(net: Network) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of edge ends (2 × edge, + 1 at its head) that go straight on at a node."""
    node = np.column_stack((net.tail, net.head)).ravel().astype(np.int64)
    away = _directions(net)
    stairs = np.repeat(net.stairs, 2)
    at = np.argsort(node, kind="stable")
    pairs = [np.empty((0, 2), np.int64)]
    for step in range(1, int(np.bincount(node).max())):
        same = np.flatnonzero(node[at[step:]] == node[at[:-step]])
        pairs.append(np.column_stack((at[same], at[same + step])))
    one, other = np.concatenate(pairs).T
    turn = np.einsum("ij,ij->i", away[one], away[other])
    fit = (turn < STRAIGHT_ON) & (stairs[one] == stairs[other]) & (one // 2 != other // 2)
    order = np.flatnonzero(fit)[np.argsort(turn[fit], kind="stable")]
    return _best_first(one[order], other[order], len(node))


def _best_first(
    one: NDArray[np.int64], other: NDArray[np.int64], ends: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs, straightest first, such that every end goes on into one other at most."""
    kept: list[NDArray[np.int64]] = [np.empty((2, 0), np.int64)]
    while len(one):
        rank = np.arange(len(one))
        best = np.full(ends, len(one))
        np.minimum.at(best, one, rank)
        np.minimum.at(best, other, rank)
        chosen = (best[one] == rank) & (best[other] == rank)
        kept.append(np.stack((one[chosen], other[chosen])))
        used = np.zeros(ends, bool)
        used[kept[-1].ravel()] = True
        left = ~used[one] & ~used[other]
        one, other = one[left], other[left]
    first, second = np.concatenate(kept, axis=1)
    return first, second


def _directions(net: Network) -> NDArray[np.float64]:
    """Return the unit vector in which each edge end leaves its node (2m, 2), east and north."""
    has = np.diff(net.shape_start) > 0
    lon = np.column_stack((net.lon[net.head], net.lon[net.tail]))
    lat = np.column_stack((net.lat[net.head], net.lat[net.tail]))
    first, last = net.shape_start[:-1][has], net.shape_start[1:][has] - 1
    lon[has] = np.column_stack((net.shape_lon[first], net.shape_lon[last]))
    lat[has] = np.column_stack((net.shape_lat[first], net.shape_lat[last]))
    east = (lon - np.column_stack((net.lon[net.tail], net.lon[net.head]))).ravel()
    north = (lat - np.column_stack((net.lat[net.tail], net.lat[net.head]))).ravel()
    east *= np.cos(np.radians(float(np.mean(net.lat))))
    length = np.hypot(east, north)
    length[length == 0] = 1.0
    return np.column_stack((east / length, north / length))
