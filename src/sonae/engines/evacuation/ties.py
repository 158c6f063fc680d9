"""Ways that are equal in danger and in metres: the surer one, and always the same one.

A step (matrix entry row → column) lies on a cheapest way when ``cost[row] = entry + cost[column]``. A
node with several such steps is tied. Where some ground was not surveyed, a tie goes to the way with
fewer unsurveyed metres, then to the next node with the lower number. ``doubt`` is the unsurveyed
decimetres of the whole way.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_NONE = np.zeros(0)


class _Skeleton(Protocol):
    """See `graph.Skeleton`."""

    row: NDArray[np.int32]
    column: NDArray[np.int32]
    start: NDArray[np.int32]

    def entries_of(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]: ...


class _Graph(Protocol):
    """What is needed of `graph.Graph`."""

    nodes: int
    cost: NDArray[np.float64]
    doubt: NDArray[np.float64] | None

    @property
    def skeleton(self) -> _Skeleton: ...


def climb(
    up: NDArray[np.integer], value: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Follow ``up`` from everywhere to where it leads to itself: (top, sum of ``value`` on the way).

    ``value`` must be 0 at the tops. By doubling: as many rounds as the depth has binary digits.
    """
    top = np.asarray(up)
    total = _NONE if value is None else value
    while True:
        further = top.take(top)
        if value is not None:
            total = total + total.take(top)
        if np.array_equal(further, top):
            return top, total
        top = further


def settle(
    graph: _Graph,
    cost: NDArray[np.float64],
    nodes: NDArray[np.int64] | None,
    known: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int32], NDArray[np.float64] | None]:
    """Return the step of every one of ``nodes`` (None: all) under final costs, and its doubt.

    ``cost``: of all nodes. ``known``: the doubt of all nodes, final outside ``nodes``. Steps are -1
    at sites and without a way. Doubt is None when all ground is surveyed.
    """
    skeleton = graph.skeleton
    finite = np.where(cost < np.inf, cost, -1.0)
    if nodes is None:
        onward = finite.take(skeleton.column)
        onward += graph.cost
        steps = np.flatnonzero(onward == finite.take(skeleton.row))
    else:
        some = skeleton.entries_of(nodes)
        onward = finite[skeleton.column[some]] + graph.cost[some]
        steps = some[onward == finite[skeleton.row[some]]]
    local, count = _local(graph.nodes, nodes)
    rows = skeleton.row[steps]  # in order: the first step of each has the lowest column
    first = np.ones(len(rows), bool)
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    step = np.full(count, -1, np.int32)
    step[local[rows[first]]] = steps[first]
    if graph.doubt is None:
        return step, None
    several = np.zeros(count, bool)
    several[local[rows[~first]]] = True
    outside = np.zeros(graph.nodes) if known is None else known
    return _surest(graph, steps, step, several, local, outside)


def _local(total: int, nodes: NDArray[np.int64] | None) -> tuple[NDArray[np.int64], int]:
    """Return each node's number within ``nodes`` (their count for all others), and the count."""
    if nodes is None:
        return np.arange(total), total
    local = np.full(total, len(nodes), np.int64)
    local[nodes] = np.arange(len(nodes))
    return local, len(nodes)


def _surest(
    graph: _Graph,
    steps: NDArray[np.int64],
    step: NDArray[np.int32],
    several: NDArray[np.bool_],
    local: NDArray[np.int64],
    outside: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Settle ties by doubt: what lies between two tied nodes is fixed, so only they are searched.

    The number after the last node stands for firm ground: sites, and nodes whose doubt is known.
    """
    ground = len(step)
    column, unsure = graph.skeleton.column, graph.doubt
    assert unsure is not None
    # Up to the next tied node, or to firm ground.
    up, value = np.full(ground + 1, ground), np.zeros(ground + 1)
    walks = np.flatnonzero((step >= 0) & ~several)
    onto = column[step[walks]]
    up[walks] = local[onto]
    value[walks] = unsure[step[walks]] + np.where(up[walks] == ground, outside[onto], 0.0)
    tied = np.flatnonzero(several)
    up[tied] = tied
    top, total = climb(up, value)
    # Each candidate step leads, past fixed doubt, to another tied node or to firm ground.
    candidates = steps[several[local[graph.skeleton.row[steps]]]]
    onto = column[candidates]
    inside = local[onto]
    weight = unsure[candidates] + total[inside]
    weight += np.where(inside == ground, outside[onto], 0.0)
    number = np.zeros(ground + 1, np.int64)
    number[tied] = np.arange(1, len(tied) + 1)
    origin, goal = number[top[inside]], number[local[graph.skeleton.row[candidates]]]
    doubt = _search(origin, goal, weight, len(tied) + 1)
    order = np.lexsort((onto, doubt[origin] + weight, goal))
    first = order[np.concatenate(([True], np.diff(goal[order]) > 0))] if len(order) else order
    step[tied] = candidates[first]
    return step, (total + doubt[number[top]])[:ground]


def _search(
    origin: NDArray[np.int64], goal: NDArray[np.int64], weight: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Return the least weight from number 0 to each number; of parallel links the lightest counts."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    order = np.lexsort((weight, goal, origin))
    origin, goal, weight = origin[order], goal[order], weight[order]
    new = np.ones(len(origin), bool)
    new[1:] = (origin[1:] != origin[:-1]) | (goal[1:] != goal[:-1])
    links = csr_array((weight[new], (origin[new], goal[new])), shape=(count, count))
    return np.asarray(dijkstra(links, indices=0))
