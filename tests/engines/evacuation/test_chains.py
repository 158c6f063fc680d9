"""Leaping over bends changes nothing: costs, sources and ways are those of the full network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from sonae.engines.evacuation.chains import NOWHERE, Chains, Reached, Search
from sonae.engines.evacuation.graph import Graph
from tests.engines.evacuation.small import network

BIG = float(2**24)


@st.composite
def networks(
    draw: st.DrawFn,
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Streets with many bends: a few junctions, runs between them, loops, tails, islands, copies."""
    junctions = draw(st.integers(1, 6))
    nodes, edges = junctions, []
    for _ in range(draw(st.integers(0, 10))):
        at, goal = draw(st.integers(0, junctions - 1)), draw(st.integers(0, junctions - 1))
        for _ in range(draw(st.integers(0, 5))):
            edges.append((at, nodes))
            at, nodes = nodes, nodes + 1
        if draw(st.booleans()):
            edges.append((at, goal))
    if draw(st.booleans()):  # a roundabout that nothing leads to
        edges += [(nodes, nodes + 1), (nodes + 1, nodes + 2), (nodes + 2, nodes)]
        nodes += 3
    order = draw(st.permutations(range(nodes)))
    edges = [
        (order[a], order[b]) if draw(st.booleans()) else (order[b], order[a]) for a, b in edges
    ]
    costs = draw(
        st.lists(
            st.one_of(
                st.integers(1, 9).map(float),
                st.integers(1, 9).map(lambda n: n * BIG + 3),
                st.just(np.inf),
            ),
            min_size=len(edges), max_size=len(edges),
        )
    )  # fmt: skip
    pairs = np.array(edges, np.int32).reshape(-1, 2)
    return nodes, pairs[:, 0], pairs[:, 1], np.array(costs)


def plain(
    nodes: int, tail: NDArray[np.int32], head: NDArray[np.int32], cost: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cost between all pairs of nodes by scipy on the full network."""
    best = np.full((nodes, nodes), np.inf)
    for a, b, c in zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True):
        best[a, b] = best[b, a] = min(best[a, b], c)
    row, column = np.nonzero(np.isfinite(best) & ~np.eye(nodes, dtype=bool))
    matrix = coo_array((best[row, column], (row, column)), shape=(nodes, nodes)).tocsr()
    found: NDArray[np.float64] = dijkstra(matrix)
    return found


def walked(found: Reached, node: int, edges: dict[tuple[int, int], float]) -> tuple[int, float]:
    """Where the steps lead from a node, and what they cost one by one."""
    total, steps = 0.0, 0
    while found.following[node] != NOWHERE:
        onward = int(found.following[node])
        total += edges[min(node, onward), max(node, onward)]
        node, steps = onward, steps + 1
        assert steps < 1000, "in circles"
    return node, total


@settings(max_examples=300, deadline=None)
@given(networks(), st.data())
def test_every_node_gets_the_cost_source_and_way_of_the_full_network(
    made: tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]], data: st.DataObject
) -> None:
    nodes, tail, head, cost = made
    sources = data.draw(st.lists(st.integers(0, nodes - 1), max_size=4))
    search = Search(Chains(nodes, tail, head), cost)
    found = search.nearest(np.array(sources, np.int32))
    every = plain(nodes, tail, head, cost)
    best = every[sources].min(axis=0) if sources else np.full(nodes, np.inf)
    assert np.array_equal(found.cost, best), "exact, not nearly"
    edges: dict[tuple[int, int], float] = {}
    for a, b, c in zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True):
        key = (min(a, b), max(a, b))
        edges[key] = min(edges.get(key, np.inf), c)
    for node in range(nodes):
        if not np.isfinite(best[node]):
            assert found.source[node] == found.following[node] == NOWHERE
            continue
        assert found.source[node] in sources
        assert walked(found, node, edges) == (found.source[node], best[node])
    wanted = np.array(data.draw(st.lists(st.integers(0, nodes - 1), max_size=5)), np.int32)
    table = search.costs(np.array(sources, np.int32), wanted, at_once=2)
    assert np.array_equal(table, every[np.ix_(sources, wanted)] if sources else table)


@settings(max_examples=200, deadline=None)
@given(networks())
def test_runs_hold_every_edge_once_and_end_at_kept_nodes(
    made: tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]],
) -> None:
    nodes, tail, head, _ = made
    chains = Chains(nodes, tail, head)
    assert sorted(chains.edge.tolist()) == np.flatnonzero(tail != head).tolist()
    kept = set(chains.kept.tolist())
    real = tail != head
    degree = np.bincount(np.concatenate((tail[real], head[real])), minlength=nodes)
    assert set(np.flatnonzero(degree != 2).tolist()) <= kept
    for run in range(len(chains.last)):
        part = slice(chains.start[run], chains.start[run + 1])
        path = [*chains.origin[part].tolist(), int(chains.last[run])]
        assert {path[0], path[-1]} <= kept
        assert not kept & set(path[1:-1])
        for edge, a, b in zip(chains.edge[part].tolist(), path, path[1:], strict=False):
            assert {a, b} == {int(tail[edge]), int(head[edge])}


@pytest.mark.parametrize("nodes", [1, 3])
def test_a_network_without_edges(nodes: int) -> None:
    none = np.zeros(0, np.int32)
    search = Search(Chains(nodes, none, none), np.zeros(0))
    found = search.nearest(np.array([0], np.int32))
    assert found.cost.tolist() == [0.0, *[np.inf] * (nodes - 1)]
    assert search.costs(np.array([0]), np.arange(nodes), 4).tolist() == [found.cost.tolist()]


@settings(max_examples=150, deadline=None)
@given(networks(), st.data())
def test_a_graph_that_leaps_over_bends_answers_as_one_that_does_not(
    made: tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]], data: st.DataObject
) -> None:
    """Trees with ties settled and unsurveyed ground, and tables of costs: the same, bit by bit."""
    nodes, tail, head, cost = made
    points = [(float(100 * n), 0.0) for n in range(nodes)]
    lengths = [float(c % BIG) if np.isfinite(c) else 5.0 for c in cost.tolist()]
    net = network(points, list(zip(tail.tolist(), head.tolist(), strict=True)), lengths)
    wet = np.where(cost >= BIG, net.length_m, 0).astype(np.float32)
    unsure = data.draw(st.lists(st.booleans(), min_size=len(tail), max_size=len(tail)))
    doubt = np.where(np.array(unsure, bool), net.length_m, 0).astype(np.float32)
    sites = np.array(data.draw(st.lists(st.integers(0, nodes - 1), max_size=4)), np.int32)
    two = []
    for leaps in (False, True):
        graph = Graph(net, wet, ~np.isfinite(cost), unsurveyed_m=doubt)
        search = Search(net.chains, graph._edge_cost) if leaps else None
        graph.__dict__["_search"] = search
        two.append((graph.tree(sites), graph.costs(sites, np.arange(nodes, dtype=np.int32))))
    (plain_tree, plain_costs), (leapt_tree, leapt_costs) = two
    for name in ("site", "cost", "step", "next_node", "unsurveyed_m"):
        assert np.array_equal(getattr(plain_tree, name), getattr(leapt_tree, name)), name
    assert all(np.array_equal(a, b) for a, b in zip(plain_costs, leapt_costs, strict=True))
