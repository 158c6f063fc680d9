"""The search made small without losing anything: runs of nodes between junctions count as one edge.

Most nodes of a walking network are bends of a street: two neighbours, no choice. A search that
leaps from junction to junction finds the same costs, because the cost of a run is the sum of its
pieces; what lies on the run is then filled in from both ends. Costs are whole numbers (`graph`), so
sums are exact and the answer is that of the full network, node by node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOWHERE = -9999
"""What scipy says for "no predecessor"."""


class Chains:
    """The runs (鎖) of a network; depends on how nodes are joined, not on what it costs.

    ``kept``: nodes that are no bend: junctions, dead ends, one node of every loop (r,). ``start``:
    (c+1,) offsets of the runs into ``edge``/``origin``; ``edge``: the edges of each run in order;
    ``origin``: the node before each of them; ``last``: the node at the end of each run (c,).
    """

    def __init__(self, nodes: int, tail: NDArray[np.int32], head: NDArray[np.int32]) -> None:
        """Find the runs of ``nodes`` nodes; edges from a node to itself lead nowhere and are left out."""
        self.nodes, self.edges = nodes, len(tail)
        self._real = np.flatnonzero(np.asarray(tail) != np.asarray(head))
        ends = np.column_stack((np.asarray(tail)[self._real], np.asarray(head)[self._real]))
        self._from = ends.ravel().astype(np.int64)
        self._to = ends[:, ::-1].ravel().astype(np.int64)
        degree = np.bincount(self._from, minlength=nodes)
        bend = degree == 2
        bend[self._loops(bend)] = False
        self.kept = np.flatnonzero(~bend)
        half, self.start = self._walk(self._following(bend), bend)
        self.edge = self._real[half >> 1]
        self.origin = self._from[half]
        self.last = self._to[half[self.start[1:] - 1]] if len(half) else np.zeros(0, np.int64)
        self.first = self.origin[self.start[:-1]]
        self.chain = np.repeat(np.arange(len(self.last)), np.diff(self.start))
        self.place = np.full(nodes, -1, np.int64)
        inner = np.ones(len(half), bool)
        inner[self.start[:-1]] = False
        self.inner = np.flatnonzero(inner)
        self.place[self.origin[self.inner]] = self.inner
        self.rank = np.full(nodes, -1, np.int64)
        self.rank[self.kept] = np.arange(len(self.kept))

    def _loops(self, bend: NDArray[np.bool_]) -> Ints:
        """Return one node of every part of the network that consists of bends only."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        count = self.nodes
        graph = csr_array(
            (np.ones(len(self._from), np.int8), (self._from, self._to)), shape=(count, count)
        )
        label = connected_components(graph, directed=False)[1]
        free = np.bincount(label[~bend], minlength=int(label.max(initial=-1)) + 1) == 0
        lonely, node = np.unique(label[bend], return_index=True)
        bends: Ints = np.flatnonzero(bend)
        return np.asarray(bends[node[free[lonely]]], np.int64)

    def _following(self, bend: NDArray[np.bool_]) -> Ints:
        """Return for every half-edge the one after it, -1 where a run ends."""
        order = np.argsort(self._from, kind="stable")
        first = np.searchsorted(self._from[order], np.arange(self.nodes))
        at = np.flatnonzero(bend[self._to])
        node = self._to[at]
        pair = order[first[node]] + order[first[node] + 1]
        following = np.full(len(self._from), -1, np.int64)
        following[at] = pair - (at ^ 1)
        return following

    def _walk(self, following: Ints, bend: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Follow all runs at once from their first half-edges; of both directions one stays."""
        begin = np.flatnonzero(~bend[self._from])
        at, run, steps = begin, np.arange(len(begin)), [begin]
        runs, end = [run], begin.copy()
        while len(at):
            onward = following[at]
            going = onward >= 0
            at, run = onward[going], run[going]
            end[run] = at
            steps.append(at)
            runs.append(run)
        half, number = np.concatenate(steps), np.concatenate(runs)
        keep = begin <= (end ^ 1)
        half, number = half[keep[number]], number[keep[number]]
        half = half[np.argsort(number, kind="stable")]
        sizes = np.bincount(number, minlength=len(begin))[keep]
        return half, np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Reached:
    """From every node to its best source: ``cost`` (inf = none), ``source`` node and ``following`` node.

    ``source`` and ``following`` are `NOWHERE` where there is none.
    """

    cost: Floats
    source: NDArray[np.int32]
    following: NDArray[np.int32]


class Search:
    """Shortest ways over the runs for one cost of the edges (whole numbers, inf = closed)."""

    def __init__(self, chains: Chains, cost: Floats) -> None:
        """Add up the runs, ``cost`` per edge (m,)."""
        self.chains = chains
        each = np.asarray(cost, np.float64)[chains.edge]
        shut = ~np.isfinite(each)
        # Integers wrap without harm: only differences within a run are used.
        whole = np.concatenate(([0], np.cumsum(np.where(shut, 0, each).astype(np.int64))))
        closed = np.concatenate(([0], np.cumsum(shut)))
        self._whole, self._closed = whole, closed
        begin, end = chains.start[:-1], chains.start[1:]
        self._total = self._between(begin, end)
        inner = chains.inner
        self._before = self._between(begin[chains.chain[inner]], inner)
        self._after = self._between(inner, end[chains.chain[inner]])
        self._ends = (chains.rank[chains.first], chains.rank[chains.last])
        self._inner_ends = tuple(ends[chains.chain[inner]] for ends in self._ends)
        self.matrix, self._pairs, self._best = self._junctions()

    def _between(self, low: Ints, high: Ints) -> Floats:
        """Return the cost from one place on a run to a later one."""
        cost = (self._whole[high] - self._whole[low]).astype(np.float64)
        return np.where(self._closed[high] == self._closed[low], cost, np.inf)

    def _junctions(self) -> tuple[csr_array, Ints, Ints]:
        """Return the matrix between kept nodes, the keys of its pairs, and the cheapest run of each."""
        from scipy.sparse import csr_array

        count = len(self.chains.kept)
        low, high = np.minimum(*self._ends), np.maximum(*self._ends)
        open_ = np.flatnonzero(np.isfinite(self._total) & (low != high))
        keys = low[open_] * count + high[open_]
        order = np.lexsort((self._total[open_], keys))
        pairs, first = np.unique(keys[order], return_index=True)
        best = open_[order[first]]
        cost = self._total[best]
        row = np.concatenate((low[best], high[best]))
        column = np.concatenate((high[best], low[best]))
        matrix = csr_array((np.concatenate((cost, cost)), (row, column)), shape=(count, count))
        matrix.indices = matrix.indices.astype(np.int32)
        matrix.indptr = matrix.indptr.astype(np.int32)
        return matrix, pairs, best

    def _with_sources(self, sources: Ints) -> tuple[csr_array, Ints, Ints]:
        """Return the matrix with a row for each source on a run, the row of every source, and those.

        A source on a run has ways out only, to both ends of its run.
        """
        from scipy.sparse import csr_array

        chains, count = self.chains, len(self.chains.kept)
        place = chains.place[sources]
        inside = np.flatnonzero(place >= 0)
        if not len(inside):
            return self.matrix, chains.rank[sources], inside
        at = place[inside]
        begin, end = chains.start[chains.chain[at]], chains.start[chains.chain[at] + 1]
        cost = np.column_stack((self._between(begin, at), self._between(at, end))).ravel()
        ends = np.column_stack([side[chains.chain[at]] for side in self._ends]).ravel()
        data = np.concatenate((self.matrix.data, cost))
        indices = np.concatenate((self.matrix.indices, ends)).astype(np.int32)
        more = self.matrix.indptr[-1] + 2 * np.arange(1, len(inside) + 1)
        indptr = np.concatenate((self.matrix.indptr, more)).astype(np.int32)
        size = count + len(inside)
        rows = chains.rank[sources]
        rows[inside] = count + np.arange(len(inside))
        return csr_array((data, indices, indptr), shape=(size, size)), rows, inside

    def nearest(self, sources: NDArray[np.int32]) -> Reached:
        """Return the best source of every node; of sources on one node the first counts."""
        from scipy.sparse.csgraph import dijkstra

        chains = self.chains
        starts: Ints = np.unique(np.asarray(sources, np.int64))
        if not len(starts):
            return self._nobody()
        matrix, rows, inside = self._with_sources(starts)
        cost, before, origin = dijkstra(
            matrix, indices=rows, min_only=True, return_predecessors=True
        )
        name = np.full(matrix.shape[0], NOWHERE, np.int64)
        name[rows] = starts
        kept = len(chains.kept)
        found = self._nobody()
        reached = origin >= 0
        best = np.where(reached, name[np.where(reached, origin, 0)], NOWHERE)
        found.cost[chains.kept] = cost[:kept]
        found.source[chains.kept] = best[:kept]
        found.following[chains.kept] = self._steps(before[:kept], name)
        self._fill(found, cost, best, starts[inside])
        return found

    def _nobody(self) -> Reached:
        count = self.chains.nodes
        return Reached(
            np.full(count, np.inf), np.full(count, NOWHERE, np.int32),
            np.full(count, NOWHERE, np.int32),
        )  # fmt: skip

    def _steps(self, before: NDArray[np.int32], name: Ints) -> Ints:
        """Return the node that follows each kept node on its way to its source."""
        chains, count = self.chains, len(self.chains.kept)
        steps = np.full(count, NOWHERE, np.int64)
        node = np.flatnonzero((before >= 0) & (before < count))
        other = before[node].astype(np.int64)
        key = np.minimum(node, other) * count + np.maximum(node, other)
        run = self._best[np.searchsorted(self._pairs, key)]
        steps[node] = self._out_of(run, forward=self._ends[0][run] == node)
        node = np.flatnonzero(before >= count)
        at = chains.place[name[before[node]]]
        run = chains.chain[at]
        begins, ends = self._ends[0][run] == node, self._ends[1][run] == node
        nearer = self._between(chains.start[run], at) <= self._between(at, chains.start[run + 1])
        steps[node] = self._out_of(run, forward=begins & (nearer | ~ends))
        return steps

    def _out_of(self, run: Ints, *, forward: NDArray[np.bool_]) -> Ints:
        """Return the node after the first (forward) or the last node of runs."""
        chains = self.chains
        second = chains.start[run] + 1
        single = second == chains.start[run + 1]
        inner = chains.origin[np.where(single, 0, second)]
        ahead = np.where(single, chains.last[run], inner)
        return np.where(forward, ahead, chains.origin[chains.start[run + 1] - 1])

    def _fill(self, found: Reached, cost: Floats, best: Ints, on_runs: Ints) -> None:
        """Give the nodes on runs what they get from either end, or from a source on their run."""
        chains, inner = self.chains, self.chains.inner
        begin, end = self._inner_ends
        back, ahead = cost[begin] + self._before, cost[end] + self._after
        forward = ahead < back
        total = np.where(forward, ahead, back)
        node = chains.origin[inner]
        source = np.where(forward, best[end], best[begin])
        after = np.append(chains.origin, 0)[inner + 1]
        at_end = inner + 1 == chains.start[chains.chain[inner] + 1]
        after = np.where(at_end, chains.last[chains.chain[inner]], after)
        following = np.where(forward, after, chains.origin[inner - 1])
        none = ~np.isfinite(total)
        found.cost[node] = total
        found.source[node] = np.where(none, NOWHERE, source)
        found.following[node] = np.where(none, NOWHERE, following)
        for one in on_runs.tolist():
            self._spread(found, one)

    def _spread(self, found: Reached, source: int) -> None:
        """Let a source on a run serve the nodes of its run that it is nearest to."""
        chains = self.chains
        at = int(chains.place[source])
        run = int(chains.chain[at])
        places = np.arange(chains.start[run] + 1, chains.start[run + 1])
        cost = self._between(np.minimum(places, at), np.maximum(places, at))
        node = chains.origin[places]
        better = cost < found.cost[node]
        better |= places == at
        step = np.where(places < at, places + 1, places - 1)[better]
        node = node[better]
        found.cost[node], found.source[node] = cost[better], source
        found.following[node] = chains.origin[step]
        found.following[source] = NOWHERE

    def costs(self, sources: NDArray[np.int32], nodes: NDArray[np.int32], at_once: int) -> Floats:
        """Return the cost from each source to each of ``nodes`` (sources, nodes); inf without a way."""
        from scipy.sparse.csgraph import dijkstra

        chains = self.chains
        start, goal = np.asarray(sources, np.int64), np.asarray(nodes, np.int64)
        found = np.full((len(start), len(goal)), np.inf)
        matrix, rows, _ = self._with_sources(start)
        ends, extra = self._ways_in(goal)
        for begin in range(0, len(start), at_once):
            cost = dijkstra(matrix, indices=rows[begin : begin + at_once])
            found[begin : begin + at_once] = np.minimum(
                cost[:, ends[0]] + extra[0], cost[:, ends[1]] + extra[1]
            )
        place = chains.place[goal]
        for number in np.flatnonzero(chains.place[start] >= 0).tolist():
            at = chains.place[start[number]]
            beside = np.flatnonzero((place >= 0) & (chains.chain[place] == chains.chain[at]))
            direct = self._between(np.minimum(place[beside], at), np.maximum(place[beside], at))
            found[number, beside] = np.minimum(found[number, beside], direct)
        return found

    def _ways_in(self, nodes: Ints) -> tuple[tuple[Ints, Ints], tuple[Floats, Floats]]:
        """Return from which two kept nodes each node is reached, and what that costs further."""
        chains = self.chains
        at = chains.place[nodes]
        inside = np.flatnonzero(at >= 0)
        at = at[inside]
        run = chains.chain[at]
        begin, end = chains.rank[nodes].copy(), chains.rank[nodes].copy()
        before, after = np.zeros(len(nodes)), np.zeros(len(nodes))
        begin[inside], end[inside] = self._ends[0][run], self._ends[1][run]
        before[inside] = self._between(chains.start[run], at)
        after[inside] = self._between(at, chains.start[run + 1])
        return (begin, end), (before, after)
