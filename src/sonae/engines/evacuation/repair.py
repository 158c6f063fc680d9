"""Route trees and costs after sites closed or roads were cut or opened: only what that changes is searched.

Closing raises costs and lowers none. A node keeps its way unless that way led to a site that is
gone or over an edge that became costlier; the nodes that lose it form a region, and the way out of
the region begins at its rim, where costs are final. The result equals a new tree, ties included.
Where roads open again costs to single sites fall outwards from them; trees are grown anew, which is
quicker than settling their ties.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation import ties
from sonae.engines.evacuation.graph import NOWHERE, Graph, RouteTree, positions

LARGEST_SHARE = 0.5
"""A region larger than this share of the nodes is not worth repairing."""
_FEW = 400
"""So many nodes are looked at one by one; arrays of the whole city are quicker for more."""
_NO_WAY = 2.0**52
"""Stands for the cost of nodes without a way where costs are subtracted: above all real ones, and exact."""


class Changes(NamedTuple):
    """Entries of a graph that cost more, and those that cost less, than on another one."""

    dearer: NDArray[np.int64]
    cheaper: NDArray[np.int64]


def risen(before: Graph, after: Graph) -> NDArray[np.int64] | None:
    """Return the entries that became costlier, None when the graphs differ in any other way."""
    found = changes(before, after)
    return None if found is None or len(found.cheaper) else found.dearer


def _same(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> bool:
    """Tell whether the unsurveyed metres are the same (of parallel edges another one may be used)."""
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one, other)


def repaired(
    old: RouteTree,
    old_sites: NDArray[np.int32],
    graph: Graph,
    sites: NDArray[np.int32],
    costlier: NDArray[np.int64],
) -> RouteTree | None:
    """Return the tree of ``graph`` towards ``sites`` from one that had more of both.

    ``old`` leads to ``old_sites`` on a graph in which ``costlier`` entries were cheaper. None when a
    new tree is quicker: there is a site that ``old`` did not have, or too much of it is lost.
    """
    if not len(sites) or not np.isin(sites, old_sites).all():
        return None
    position = positions(sites, graph.nodes)
    # Site numbers change with the list; the last place is for nodes without a way.
    renamed = np.append(position[old_sites], -1).astype(np.int32)
    lost = _lost(old, old_sites, renamed, graph, costlier)
    if len(lost) > LARGEST_SHARE * graph.nodes:
        return None
    site, cost, step = renamed[old.site], old.cost.copy(), old.step.copy()
    next_node, doubt = old.next_node.copy(), None if old.doubt is None else old.doubt.copy()
    if len(lost):
        cost[lost] = _search(graph, cost, lost)
        step[lost], again = ties.settle(graph, cost, lost, doubt)
        if doubt is not None and again is not None:
            doubt[lost] = again
        goes = step[lost] >= 0
        next_node[lost] = NOWHERE
        next_node[lost[goes]] = graph.skeleton.column[step[lost[goes]]]
        site[lost] = _sites(site, next_node, lost)
    return RouteTree(site, cost, step, next_node, doubt)


def changes(before: Graph, after: Graph) -> Changes | None:
    """Return what costs more and what costs less now, None when the networks or the doubts differ."""
    if before.skeleton is not after.skeleton or not _same(before.doubt, after.doubt):
        return None
    changed = np.flatnonzero(before.cost != after.cost)
    dearer = after.cost[changed] > before.cost[changed]
    return Changes(changed[dearer], changed[~dearer])


def costs_after(
    before: Graph, after: Graph, cost: NDArray[np.float64], changed: Changes
) -> NDArray[np.float64]:
    """Return the packed costs to one site on ``after`` from those on ``before``, every node's (n,).

    A node's cost rises only if some best way of it passes an entry that costs more now, and falls
    only by a way over one that costs less: both are searched from there.
    """
    lost = _touched(before, cost, changed.dearer)
    if not len(lost) and not len(changed.cheaper):
        return cost
    made, loose = cost.copy(), changed.cheaper
    if len(lost) > _FEW:
        made[lost] = _search(after, made, lost)
        if len(loose):  # within what was lost ways may be better than ever: look out of it again
            inside = np.zeros(after.nodes, bool)
            inside[lost] = True
            skeleton = after.skeleton
            out = np.flatnonzero(inside[skeleton.column] & ~inside[skeleton.row])
            loose = np.concatenate((out, loose))
    else:
        made[lost] = np.inf
        loose = np.concatenate((after.skeleton.entries_of(lost), loose))
    while True:
        held = made.copy()
        if _fall(after, made, loose):
            return made
        _spread(after, held, made)


def _fall(graph: Graph, cost: NDArray[np.float64], entries: NDArray[np.int64]) -> bool:
    """Let costs fall (in place) by ways that begin with one of ``entries``, and by what follows.

    All other entries hold: no step over them makes a way cheaper. In the order of costs, so that each
    node is settled once. False, in the midst of it, when more than a few nodes fall.
    """
    skeleton = graph.skeleton
    start, column, weight = skeleton.start, skeleton.column, graph.cost
    rows = skeleton.row[entries]
    found = weight[entries] + cost[column[entries]]
    better = np.flatnonzero(found < cost[rows])
    queue = list(zip(found[better].tolist(), rows[better].tolist(), strict=True))
    heapify(queue)
    np.minimum.at(cost, rows[better], found[better])
    settled = 0
    while queue:
        value, node = heappop(queue)
        if value > cost[node]:
            continue
        settled += 1
        if settled > _FEW:
            return False
        begin, end = start[node], start[node + 1]
        around = column[begin:end]
        onward = weight[begin:end] + value
        falls = onward < cost[around]
        for less, beyond in zip(onward[falls].tolist(), around[falls].tolist(), strict=True):
            cost[beyond] = less
            heappush(queue, (less, beyond))
    return True


def _spread(graph: Graph, held: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
    """Let ``cost`` fall (in place) wherever one follows from what fell since ``held``.

    What a node gains its neighbour gains as well, less the slack of the entry between them: one
    search on slacks, which ends where nothing is gained. Entries that did not hold under ``held``
    are left out; whoever calls looks at them again.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    skeleton, nodes = graph.skeleton, graph.nodes
    high = np.where(np.isfinite(held), held, _NO_WAY)
    fell = np.flatnonzero(cost < held)
    gain = high[fell] - cost[fell]
    most = gain.max()
    slack = graph.cost + high[skeleton.row] - high[skeleton.column]
    slack[slack < 0] = np.inf
    weight = np.concatenate((slack, most - gain))
    goal = np.concatenate((skeleton.column, fell.astype(np.int32)))
    begin = np.append(skeleton.start, skeleton.start[-1] + len(fell)).astype(np.int32)
    links = csr_array((weight, goal, begin), shape=(nodes + 1, nodes + 1))
    less = most - dijkstra(links, indices=nodes, limit=most - 0.5)[:nodes]
    falls = np.flatnonzero(less > 0)
    cost[falls] = np.minimum(cost[falls], high[falls] - less[falls])


def _touched(
    graph: Graph, cost: NDArray[np.float64], entries: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the nodes of which some best way walks one of ``entries``, in order."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    row, column = graph.skeleton.row, graph.skeleton.column
    ends = row[entries]
    on_best = np.isfinite(cost[ends]) & (cost[ends] == graph.cost[entries] + cost[column[entries]])
    hit = np.unique(ends[on_best])
    if not len(hit):
        return hit.astype(np.int64)
    few = _walk_back(graph, cost, hit.tolist())
    if few is not None:
        return np.array(sorted(few), np.int64)
    # From a node back to those that walk through it on a best way; one node more stands before all.
    cost = np.where(np.isfinite(cost), cost, np.nan)  # who has no way loses none
    back = cost[column] == graph.cost + cost[row]
    count = np.concatenate(([0], np.cumsum(back)))[graph.skeleton.start]
    begin = np.append(count, count[-1] + len(hit)).astype(np.int32)
    goal = np.concatenate((column[back], hit)).astype(np.int32)
    size = graph.nodes + 1
    links = csr_array((np.ones(len(goal)), goal, begin), shape=(size, size))
    passed = breadth_first_order(links, graph.nodes, return_predecessors=False)
    return np.sort(passed[passed < graph.nodes]).astype(np.int64)


def _walk_back(graph: Graph, cost: NDArray[np.float64], hit: list[int]) -> set[int] | None:
    """Return the nodes that walk through ``hit`` on a best way, None when they are not few."""
    start, column, weight = graph.skeleton.start, graph.skeleton.column, graph.cost
    passed, waiting = set(hit), hit
    while waiting:
        node = waiting.pop()
        begin, end = start[node], start[node + 1]
        around = column[begin:end]
        for one in around[cost[around] == weight[begin:end] + cost[node]].tolist():
            if one not in passed:
                passed.add(one)
                waiting.append(one)
        if len(passed) > _FEW:
            return None
    return passed


def _lost(
    old: RouteTree,
    old_sites: NDArray[np.int32],
    renamed: NDArray[np.int32],
    graph: Graph,
    costlier: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the nodes whose way is gone: to a site that is, or over an entry that costs more now."""
    gone = (renamed[old.site] < 0) & (old.site >= 0)
    if len(costlier):
        hit = np.zeros(len(graph.cost), bool)
        hit[costlier] = True
        walked = (old.step >= 0) & hit[old.step] & ~gone
        if walked.any():
            cells = np.isin(old.site, np.unique(old.site[walked]))
            gone |= _below(old, np.flatnonzero(cells), walked)
    return np.flatnonzero(gone)


def _below(
    old: RouteTree, nodes: NDArray[np.int64], walked: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which nodes pass a ``walked`` one on their way; ``nodes`` are whole cells of sites."""
    local = np.zeros(len(old.site), np.int64)
    local[nodes] = np.arange(len(nodes))
    follows = old.next_node[nodes]
    up = np.where(follows < 0, np.arange(len(nodes)), local[np.maximum(follows, 0)])
    passed = ties.climb(up, walked[nodes].astype(np.float64))[1]
    below = np.zeros(len(old.site), bool)
    below[nodes] = passed > 0
    return below


def _search(
    graph: Graph, cost: NDArray[np.float64], lost: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the final costs of ``lost`` nodes, searched from their rim; all others are final."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    count = len(lost)
    local = np.full(graph.nodes, -1, np.int64)
    local[lost] = np.arange(count)
    entries = graph.skeleton.entries_of(lost)
    row, column = local[graph.skeleton.row[entries]], graph.skeleton.column[entries]
    within = local[column] >= 0
    rim = np.full(count, np.inf)
    outside = entries[~within]
    np.minimum.at(rim, row[~within], cost[column[~within]] + graph.cost[outside])
    reached = np.flatnonzero(np.isfinite(rim))
    weight = np.concatenate((graph.cost[entries[within]], rim[reached]))
    start = np.concatenate((row[within], np.full(len(reached), count)))
    end = np.concatenate((local[column[within]], reached))
    links = csr_array((weight, (start, end)), shape=(count + 1, count + 1))
    return np.asarray(dijkstra(links, indices=count)[:count])


def _sites(
    site: NDArray[np.int32], next_node: NDArray[np.int32], lost: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the site of each lost node: that of the first node on its way that was not lost."""
    local = np.full(len(site), -1, np.int64)
    local[lost] = np.arange(len(lost))
    follows = next_node[lost]
    inside = np.where(follows < 0, -1, local[np.maximum(follows, 0)])
    top = ties.climb(np.where(inside < 0, np.arange(len(lost)), inside))[0]
    rim = follows[top]
    return np.where(rim < 0, -1, site[np.maximum(rim, 0)]).astype(np.int32)
