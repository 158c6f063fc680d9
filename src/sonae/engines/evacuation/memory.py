"""What a process remembers between plans: route trees, and how far a new one is from an old one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.graph import Graph, RouteTree, unpack
from sonae.engines.evacuation.repair import Changes, changes, costs_after, repaired

Kept = TypeVar("Kept")
MOST_TREES = 64
"""About 2 MB each for 60,000 nodes."""
MOST_WAYS = 4
"""Graphs whose costs to single sites are kept: with and without stairs, now and before the last closing.

About 0.5 MB a site each for 60,000 nodes."""


class Recent(Generic[Kept]):
    """The last few results, by key; safe to ask from several threads."""

    def __init__(self, most: int) -> None:
        """Keep at most ``most``."""
        self._most, self._kept, self._lock = most, OrderedDict[Hashable, Kept](), Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under ``key``, or make and keep it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def newest_first(self) -> list[Kept]:
        """Return all that is kept."""
        with self._lock:
            return list(reversed(self._kept.values()))


@dataclass(eq=False)
class _Grown:
    """A tree with the graph and the sites it was grown from."""

    graph: Graph
    sites: NDArray[np.int32]
    tree: RouteTree
    named: frozenset[int]
    effort: NDArray[np.float64] | None = None


@dataclass(eq=False)
class _Ways:
    """Packed costs from every node to single sites, by the site's node."""

    graph: Graph
    costs: dict[int, NDArray[np.float64]]


class TreeMemory:
    """Route trees and costs of one network; what is near to a known one is repaired, not made anew."""

    def __init__(self) -> None:
        """Begin with none."""
        self._grown: Recent[_Grown] = Recent(MOST_TREES)
        self._changes: Recent[tuple[Graph, Graph, Changes | None]] = Recent(MOST_TREES)
        self._ways: Recent[_Ways] = Recent(MOST_WAYS)

    def tree(self, graph: Graph, sites: NDArray[np.int32]) -> RouteTree:
        """Return the tree of ``graph`` towards ``sites`` (nodes)."""
        return self._get(graph, sites).tree

    def effort_m(self, graph: Graph, sites: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return `Graph.effort_m` of that tree, computed once."""
        grown = self._get(graph, sites)
        if grown.effort is None:
            grown.effort = graph.effort_m(grown.tree)
        return grown.effort

    def costs(
        self, graph: Graph, sites: NDArray[np.int32], nodes: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return metres in danger and in all as `Graph.costs` does, each (sites, nodes)."""
        ways = self._ways.get(id(graph), lambda: _Ways(graph, {}))
        lacking = [site for site in np.unique(sites).tolist() if site not in ways.costs]
        if lacking:
            ways.costs.update(self._after_changes(graph, lacking))
        if left := [site for site in lacking if site not in ways.costs]:
            everywhere = np.arange(graph.nodes, dtype=np.int32)
            found = graph.packed_costs(np.array(left, np.int32), everywhere)
            ways.costs.update(zip(left, found, strict=True))
        packed = [ways.costs[site][nodes] for site in np.asarray(sites).tolist()]
        return unpack(np.array(packed).reshape(len(packed), len(nodes)))

    def _after_changes(self, graph: Graph, sites: list[int]) -> dict[int, NDArray[np.float64]]:
        """Return the costs to those of ``sites`` that are known on another graph, the likest first."""
        likest: list[tuple[int, _Ways, Changes]] = []
        for before in self._ways.newest_first():
            changed = None if before.graph is graph else self._changed(before.graph, graph)
            if changed is not None:
                likest.append((len(changed.dearer) + len(changed.cheaper), before, changed))
        found: dict[int, NDArray[np.float64]] = {}
        for _, before, changed in sorted(likest, key=lambda one: one[0]):
            for site in sites:
                if site in before.costs and site not in found:
                    found[site] = costs_after(before.graph, graph, before.costs[site], changed)
        return found

    def _get(self, graph: Graph, sites: NDArray[np.int32]) -> _Grown:
        """Return the tree from memory, mended from a fuller one, or grown."""
        key = (id(graph), np.asarray(sites).tobytes())
        return self._grown.get(key, lambda: self._grow(graph, sites))

    def _grow(self, graph: Graph, sites: NDArray[np.int32]) -> _Grown:
        """Return a tree that memory does not have."""
        named = frozenset(np.asarray(sites).tolist())
        return _Grown(graph, sites, self._made(graph, sites, named), named)

    def _made(self, graph: Graph, sites: NDArray[np.int32], named: frozenset[int]) -> RouteTree:
        """Repair the fullest tree that has all these sites, or grow one."""
        fuller = [
            one
            for one in self._grown.newest_first()
            if len(one.sites) >= len(sites) and named <= one.named
        ]
        for one in sorted(fuller, key=lambda each: len(each.sites)):
            costlier = self._costlier(one.graph, graph)
            if costlier is not None:
                made = repaired(one.tree, one.sites, graph, sites, costlier)
                return made if made is not None else graph.tree(sites)
        return graph.tree(sites)

    def _costlier(self, before: Graph, after: Graph) -> NDArray[np.int64] | None:
        """Return `risen` of two graphs."""
        changed = self._changed(before, after)
        return None if changed is None or len(changed.cheaper) else changed.dearer

    def _changed(self, before: Graph, after: Graph) -> Changes | None:
        """Return `changes` of two graphs, computed once."""
        if before is after:
            return Changes(np.zeros(0, np.int64), np.zeros(0, np.int64))
        kept = self._changes.get(
            (id(before), id(after)), lambda: (before, after, changes(before, after))
        )
        return kept[2]
