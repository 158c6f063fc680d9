"""The network as a matrix, and one route tree that answers everybody.

The cost of a route is lexicographic: metres in danger first, then metres, then metres on ground that
nobody surveyed. The first two are whole decimetres packed into one float64 (danger × 2²⁴ + length),
which stays below 2⁵³ and is therefore exact; the third settles exact ties (`ties`). Hard exclusion
would leave about 14 % of nodes without any route, and weights would still send people through water
(facts measured on 宇部's network).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation import ties
from sonae.engines.evacuation.chains import Search
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.profiles import slope_effort

LENGTH_UNITS = float(2**24)
DECIMETRES = 10.0
NOWHERE = -9999
_AT_ONCE = 16
_FEW = 0.6
"""Where no more than this share of the nodes are junctions and dead ends, leaping over bends pays."""


def unpack(cost: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metres in danger and metres in all of packed costs; inf stays inf."""
    reached = np.isfinite(cost)
    whole = np.where(reached, cost, 0.0)
    danger = np.floor(whole / LENGTH_UNITS)
    distance = whole - danger * LENGTH_UNITS
    return (
        np.where(reached, danger / DECIMETRES, np.inf),
        np.where(reached, distance / DECIMETRES, np.inf),
    )


@dataclass(frozen=True, eq=False)
class RouteTree:
    """The best way from every node to its best site.

    ``site``: position in the list of sites given, -1 where none can be reached. ``cost``: packed,
    inf without a way. ``step``: the matrix entry walked from the node, -1 at sites and without a
    way. ``next_node``: where that leads, -9999 likewise. ``doubt``: decimetres of the
    way on unsurveyed ground (see `ties`), None where all ground is surveyed.
    """

    site: NDArray[np.int32]
    cost: NDArray[np.float64]
    step: NDArray[np.int32]
    next_node: NDArray[np.int32]
    doubt: NDArray[np.float64] | None = None

    @cached_property
    def danger_m(self) -> NDArray[np.float64]:
        """Metres of the way in danger: nobody can avoid them (inf without a way)."""
        return unpack(self.cost)[0]

    @cached_property
    def distance_m(self) -> NDArray[np.float64]:
        """Metres of the way (inf without one)."""
        return unpack(self.cost)[1]

    @property
    def unsurveyed_m(self) -> NDArray[np.float64]:
        """Metres of the way on ground that nobody surveyed (0 without a way)."""
        return np.zeros(len(self.site)) if self.doubt is None else self.doubt / DECIMETRES


class Skeleton:
    """Which entries the symmetric matrix of a network has; made once, filled for each danger.

    ``row``, ``column``: nodes of each entry, in order; ``start``: (n+1,) first entry of each row;
    ``pair``: the pair of nodes behind an entry. ``edges``: edge numbers ordered by pair, ``first``:
    where each pair begins in them (parallel edges share a pair).
    """

    def __init__(self, network: Network) -> None:
        """Order edges by the pair of nodes they join; an edge to its own node joins nothing."""
        tail, head = np.asarray(network.tail), np.asarray(network.head)
        kept = np.flatnonzero(tail != head)
        low, high = np.minimum(tail[kept], head[kept]), np.maximum(tail[kept], head[kept])
        order = np.lexsort((high, low))
        low, high = low[order], high[order]
        new = np.ones(len(low), bool)
        new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        self.edges = kept[order]
        self.first = np.flatnonzero(new)
        self.pair_of_edge = np.cumsum(new) - 1
        self.nodes = len(network.lat)
        low, high = low[new], high[new]
        row, column = np.concatenate((low, high)), np.concatenate((high, low))
        sorting = np.lexsort((column, row))
        self.row = row[sorting].astype(np.int32)
        self.column = column[sorting].astype(np.int32)
        self.pair = (sorting % max(len(low), 1)).astype(np.int32)
        counts = np.bincount(self.row, minlength=self.nodes)
        self.start = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)

    def entries_of(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return all entries of some rows, in order."""
        begin, count = self.start[nodes].astype(np.int64), np.diff(self.start)[nodes]
        offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return np.asarray(np.repeat(begin, count) + offset, np.int64)

    def choose(
        self, cost: NDArray[np.float64], doubt: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return cost and edge number per pair: of parallel edges the cheaper, then the surer."""
        mine = cost[self.edges]
        if len(self.first) == len(self.edges):
            return mine, self.edges
        best = np.minimum.reduceat(mine, self.first)
        wins = mine == best[self.pair_of_edge]
        if doubt is not None:
            unsure = np.where(wins, doubt[self.edges], np.inf)
            wins &= unsure == np.minimum.reduceat(unsure, self.first)[self.pair_of_edge]
        winner = np.flatnonzero(wins)[::-1]
        edge = np.empty(len(self.first), np.int64)
        edge[self.pair_of_edge[winner]] = self.edges[winner]
        return best, edge


class Graph:
    """A network prepared for route trees under one danger and one profile's restrictions.

    ``danger_m``: metres of each edge in danger (m,). ``blocked``: edges that nobody of this profile
    can use (stairs for wheelchairs, closed roads), (m,) bool. ``unsurveyed_m``: metres of each edge
    on ground that nobody surveyed (m,), None where there is none.
    """

    def __init__(
        self,
        network: Network,
        danger_m: NDArray[np.float32],
        blocked: NDArray[np.bool_] | None = None,
        *,
        unsurveyed_m: NDArray[np.float32] | None = None,
        skeleton: Skeleton | None = None,
    ) -> None:
        """Pack costs into the skeleton's entries."""
        from scipy.sparse import csr_array

        self.skeleton = skeleton or Skeleton(network)
        self.nodes = self.skeleton.nodes
        self._network = network
        length = np.maximum(np.rint(np.asarray(network.length_m, np.float64) * DECIMETRES), 1.0)
        danger = np.minimum(np.rint(np.asarray(danger_m, np.float64) * DECIMETRES), length)
        cost = danger * LENGTH_UNITS + length
        if blocked is not None:
            cost[blocked] = np.inf
        doubt = None
        if unsurveyed_m is not None and np.any(unsurveyed_m):
            doubt = np.rint(np.asarray(unsurveyed_m, np.float64) * DECIMETRES)
        self._edge_cost = cost
        per_pair, self._edge_of_pair = self.skeleton.choose(cost, doubt)
        self.cost = per_pair[self.skeleton.pair]
        self.doubt = None if doubt is None else doubt[self._edge_of_pair][self.skeleton.pair]
        self.matrix = csr_array(
            (self.cost, self.skeleton.column, self.skeleton.start), shape=(self.nodes,) * 2
        )

    def tree(self, site_nodes: NDArray[np.int32]) -> RouteTree:
        """Return the route tree towards ``site_nodes`` (network nodes, one per site).

        Exact ties go to the way with less unsurveyed ground, then to the next node with the lower
        number: the same question has one answer, however it was computed.
        """
        if not len(site_nodes):
            return _empty_tree(self.nodes, self.doubt is not None)
        cost, previous, source = self._nearest(site_nodes)
        position = positions(site_nodes, self.nodes)
        reached = np.isfinite(cost)
        site = np.where(reached, position[np.where(reached, source, 0)], -1).astype(np.int32)
        step, doubt = ties.settle(self, cost, None, None)
        follows, walks = np.full(self.nodes, NOWHERE, np.int32), np.flatnonzero(step >= 0)
        follows[walks] = self.skeleton.column[step[walks]]
        moved = np.flatnonzero(follows != previous)
        if len(moved) and (site[follows[moved]] != site[moved]).any():
            top = ties.climb(np.where(follows < 0, np.arange(self.nodes), follows))[0]
            site = np.where(reached, position[top], -1).astype(np.int32)
        return RouteTree(site, cost, step, follows, doubt)

    @cached_property
    def _search(self) -> Search | None:
        """The search over runs of bends, None where there are too few of them to be worth it."""
        chains = self._network.chains
        return Search(chains, self._edge_cost) if len(chains.kept) < self.nodes * _FEW else None

    def _nearest(
        self, site_nodes: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
        """Return packed cost, the node before and the source of every node."""
        from scipy.sparse.csgraph import dijkstra

        if self._search is not None:
            found = self._search.nearest(site_nodes)
            return found.cost, found.following, found.source
        found = dijkstra(
            self.matrix, indices=np.asarray(site_nodes), min_only=True, return_predecessors=True
        )
        return found  # type: ignore[no-any-return]

    def _costs(
        self, site_nodes: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return packed costs (sites, nodes)."""
        from scipy.sparse.csgraph import dijkstra

        if self._search is not None:
            return self._search.costs(site_nodes, nodes, _AT_ONCE)
        return np.asarray(dijkstra(self.matrix, indices=np.asarray(site_nodes))[:, nodes])

    def edge(self, step: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the network's edge that each step (matrix entry, not -1) walks."""
        return self._edge_of_pair[self.skeleton.pair[step]]

    @cached_property
    def effort(self) -> NDArray[np.float64] | None:
        """Level metres that tire as much as each entry, uphill from row to column; None if level."""
        slope = np.asarray(self._network.slope)
        if not slope.any():
            return None
        edge = self._edge_of_pair[self.skeleton.pair]
        onward = np.asarray(self._network.tail)[edge] == self.skeleton.row
        metres = np.asarray(self._network.length_m, np.float64)[edge]
        return metres * slope_effort(np.where(onward, slope[edge], -slope[edge]))

    def effort_m(self, tree: RouteTree) -> NDArray[np.float64]:
        """Return the level metres that tire as much as the way from each node (inf without one)."""
        if self.effort is None:
            return tree.distance_m
        stays = tree.step < 0
        up = np.where(stays, np.arange(self.nodes), tree.next_node)
        tiring = np.zeros(self.nodes)
        tiring[~stays] = self.effort[tree.step[~stays]]
        total = ties.climb(up, tiring)[1]
        return np.where(tree.site < 0, np.inf, total)

    def costs(
        self, site_nodes: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return metres in danger and metres in all from ``nodes`` to each site, (sites, nodes).

        inf without a way.
        """
        return unpack(self.packed_costs(site_nodes, nodes))

    def packed_costs(
        self, site_nodes: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return the packed costs from ``nodes`` to each site, (sites, nodes); inf without a way.

        One search per site, some at a time to bound the memory.
        """
        packed = np.full((len(site_nodes), len(nodes)), np.inf)
        for start in range(0, len(site_nodes), _AT_ONCE):
            some = np.asarray(site_nodes[start : start + _AT_ONCE])
            packed[start : start + _AT_ONCE] = self._costs(some, nodes)
        return packed

    def nearest(
        self, site_nodes: NDArray[np.int32], nodes: NDArray[np.int32], count: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the ``count`` best sites of each of ``nodes`` and their packed costs (`unpack`).

        Both (nodes, min(count, sites)), best first; -1 and inf where fewer can be reached. Of equal
        sites the earlier one comes first.
        """
        count = min(count, len(site_nodes))
        best = np.full((len(nodes), count), np.inf)
        site = np.full((len(nodes), count), -1, np.int32)
        for start in range(0, len(site_nodes), _AT_ONCE):
            some = np.asarray(site_nodes[start : start + _AT_ONCE])
            found = self._costs(some, nodes).T
            named = np.broadcast_to(
                np.arange(start, start + len(some), dtype=np.int32), found.shape
            )
            both, who = np.hstack((best, found)), np.hstack((site, named))
            order = np.argsort(both, axis=1, kind="stable")[:, :count]
            best, site = np.take_along_axis(both, order, 1), np.take_along_axis(who, order, 1)
        return np.where(np.isfinite(best), site, -1).astype(np.int32), best


def positions(site_nodes: NDArray[np.int32], nodes: int) -> NDArray[np.int32]:
    """Return for every node the first position in the list of sites that lies on it, else -1."""
    position = np.full(nodes, -1, np.int32)
    position[np.asarray(site_nodes)[::-1]] = np.arange(len(site_nodes) - 1, -1, -1)
    return position


def _empty_tree(nodes: int, doubtful: bool) -> RouteTree:
    """Return the tree towards no site at all."""
    none = np.full(nodes, -1, np.int32)
    doubt = np.zeros(nodes) if doubtful else None
    return RouteTree(none, np.full(nodes, np.inf), none, np.full(nodes, NOWHERE, np.int32), doubt)


def way(tree: RouteTree, node: int) -> list[int]:
    """Return the nodes from ``node`` to its site, both included; empty without a way."""
    if tree.site[node] < 0:
        return []
    nodes = [int(node)]
    while (following := int(tree.next_node[nodes[-1]])) >= 0:
        nodes.append(following)
    return nodes


def way_edges(graph: Graph, tree: RouteTree, nodes: Sequence[int]) -> list[int]:
    """Return the edges walked along a `way`: of two edges between two nodes the one that was meant."""
    return graph.edge(tree.step[np.asarray(nodes[:-1], np.int64)]).tolist()  # type: ignore[no-any-return]
