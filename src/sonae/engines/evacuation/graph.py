"""The network as a matrix, and one route tree that answers everybody.

The cost of a route is lexicographic: metres in danger first, then metres. Both are whole
decimetres packed into one float64 (danger × 2²⁴ + length), which stays below 2⁵³ and is therefore
exact: hard exclusion would leave about 14 % of nodes without any route, and weights would still
send people through water (facts measured on 宇部's network).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from sonae.engines.evacuation.network import Network

LENGTH_UNITS = float(2**24)
DECIMETRES = 10.0
_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class RouteTree:
    """The best way from every node to its best site.

    ``site``: position in the list of sites given, -1 where none can be reached. ``distance_m`` and
    ``danger_m``: metres on the way and metres of it in danger (inf without a way).
    ``next_node``: the following node on the way, -9999 at sites and without a way.
    """

    site: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    danger_m: NDArray[np.float64]
    next_node: NDArray[np.int32]


class Graph:
    """A network prepared for route trees under one danger and one profile's restrictions.

    ``danger_m``: metres of each edge in danger (m,). ``blocked``: edges that nobody of this profile
    can use (stairs for wheelchairs, closed roads), (m,) bool.
    """

    def __init__(
        self,
        network: Network,
        danger_m: NDArray[np.float32],
        blocked: NDArray[np.bool_] | None = None,
    ) -> None:
        """Pack costs and build the symmetric matrix once; parallel edges keep the cheaper one."""
        self.nodes = len(network.lat)
        usable = np.ones(len(network.tail), bool) if blocked is None else ~blocked
        usable &= network.tail != network.head
        metres = np.asarray(network.length_m, np.float64)[usable]
        length = np.maximum(np.rint(metres * DECIMETRES), 1.0)
        danger = np.minimum(np.rint(np.asarray(danger_m, np.float64)[usable] * DECIMETRES), length)
        self.matrix = _symmetric(
            np.asarray(network.tail)[usable],
            np.asarray(network.head)[usable],
            danger * LENGTH_UNITS + length,
            self.nodes,
        )

    def tree(self, site_nodes: NDArray[np.int32]) -> RouteTree:
        """Return the route tree towards ``site_nodes`` (network nodes, one per site)."""
        if not len(site_nodes):
            return _empty_tree(self.nodes)
        cost, previous, source = dijkstra(
            self.matrix, indices=np.asarray(site_nodes), min_only=True, return_predecessors=True
        )
        reached = np.isfinite(cost)
        packed = np.where(reached, cost, 0.0)
        danger = np.floor(packed / LENGTH_UNITS)
        distance = packed - danger * LENGTH_UNITS
        position = np.full(self.nodes, -1, np.int32)
        position[np.asarray(site_nodes)[::-1]] = np.arange(len(site_nodes) - 1, -1, -1)
        site = np.where(reached, position[np.where(reached, source, 0)], -1)
        return RouteTree(
            site.astype(np.int32),
            np.where(reached, distance / DECIMETRES, np.inf),
            np.where(reached, danger / DECIMETRES, np.inf),
            previous.astype(np.int32),
        )

    def costs(
        self, site_nodes: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return metres in danger and metres in all from ``nodes`` to each site, (sites, nodes).

        inf without a way. One search per site, some at a time to bound the memory.
        """
        packed = np.full((len(site_nodes), len(nodes)), np.inf)
        for start in range(0, len(site_nodes), _AT_ONCE):
            some = np.asarray(site_nodes[start : start + _AT_ONCE])
            packed[start : start + _AT_ONCE] = dijkstra(self.matrix, indices=some)[:, nodes]
        reached = np.isfinite(packed)
        whole = np.where(reached, packed, 0.0)
        danger = np.floor(whole / LENGTH_UNITS)
        distance = whole - danger * LENGTH_UNITS
        return (
            np.where(reached, danger / DECIMETRES, np.inf),
            np.where(reached, distance / DECIMETRES, np.inf),
        )


def _symmetric(
    tail: NDArray[np.int32], head: NDArray[np.int32], cost: NDArray[np.float64], nodes: int
) -> csr_array:
    """Return the symmetric cost matrix; of parallel edges the cheapest counts."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    order = np.lexsort((cost, high, low))
    low, high, cost = low[order], high[order], cost[order]
    first = np.ones(len(low), bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    low, high, cost = low[first], high[first], cost[first]
    both = (np.concatenate((low, high)), np.concatenate((high, low)))
    matrix = coo_array((np.concatenate((cost, cost)), both), shape=(nodes, nodes)).tocsr()
    matrix.indices = matrix.indices.astype(np.int32)
    matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix


def _empty_tree(nodes: int) -> RouteTree:
    """Return the tree towards no site at all."""
    nowhere = np.full(nodes, np.inf)
    return RouteTree(
        np.full(nodes, -1, np.int32), nowhere, nowhere.copy(), np.full(nodes, -9999, np.int32)
    )


def way(tree: RouteTree, node: int) -> list[int]:
    """Return the nodes from ``node`` to its site, both included; empty without a way."""
    if tree.site[node] < 0:
        return []
    nodes = [int(node)]
    while (following := int(tree.next_node[nodes[-1]])) >= 0:
        nodes.append(following)
    return nodes
