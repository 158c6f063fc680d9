"""The route tree against brute force, networkx and its own arithmetic."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.graph import Graph, way
from tests.engines.evacuation.small import network

Edges = list[tuple[int, int, int, int]]


def _edges(nodes: int) -> st.SearchStrategy[Edges]:
    """Edges (tail, head, length in dm, danger in dm) with danger ≤ length."""
    end = st.integers(0, nodes - 1)
    one = st.tuples(end, end, st.integers(1, 500), st.integers(0, 500))
    return st.lists(one, max_size=14).map(
        lambda rows: [(a, b, n, min(d, n)) for a, b, n, d in rows if a != b]
    )


def _best_by_enumeration(nodes: int, edges: Edges, sites: list[int], start: int) -> tuple[int, int]:
    """The lexicographically smallest (danger, length) of all simple paths to any site."""
    best = (math.inf, math.inf)
    links: dict[int, list[tuple[int, int, int]]] = {node: [] for node in range(nodes)}
    for a, b, length, danger in edges:
        links[a].append((b, length, danger))
        links[b].append((a, length, danger))
    stack: list[tuple[int, int, int, frozenset[int]]] = [(start, 0, 0, frozenset([start]))]
    while stack:
        node, length, danger, seen = stack.pop()
        if node in sites:
            best = min(best, (danger, length))
        for following, more, worse in links[node]:
            if following not in seen:
                stack.append((following, length + more, danger + worse, seen | {following}))
    return best  # type: ignore[return-value]


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.tuples(st.just(n), _edges(n), st.sets(st.integers(0, n - 1), min_size=1))
    )
)
def test_every_node_gets_the_lexicographically_best_way(
    case: tuple[int, Edges, set[int]],
) -> None:
    nodes, edges, site_set = case
    sites = sorted(site_set)
    net = network(
        [(100.0 * i, 0.0) for i in range(nodes)],
        [(a, b) for a, b, _, _ in edges],
        [length / 10 for _, _, length, _ in edges] or None,
    )
    danger = np.array([d / 10 for *_, d in edges], np.float32)
    tree = Graph(net, danger).tree(np.array(sites, np.int32))
    for node in range(nodes):
        want = _best_by_enumeration(nodes, edges, sites, node)
        got = (round(tree.danger_m[node] * 10, 6), round(tree.distance_m[node] * 10, 6))
        assert got == want if want[0] != math.inf else tree.site[node] == -1
        walked = way(tree, node)
        if walked:
            assert walked[0] == node
            assert walked[-1] == sites[tree.site[node]]


def test_danger_beats_any_distance() -> None:
    """100 km around a single metre of water is still the way to go."""
    net = network(
        [(0, 0), (100, 0), (0, 50)], [(0, 1), (0, 2), (2, 1)], [100.0, 50_000.0, 50_000.0]
    )
    tree = Graph(net, np.array([1.0, 0, 0], np.float32)).tree(np.array([1], np.int32))
    assert tree.distance_m[0] == 100_000.0
    assert tree.danger_m[0] == 0.0
    assert way(tree, 0) == [0, 2, 1]


def test_danger_that_nobody_can_avoid_is_stated_not_refused() -> None:
    net = network([(0, 0), (100, 0)], [(0, 1)])
    tree = Graph(net, np.array([40.0], np.float32)).tree(np.array([1], np.int32))
    assert (tree.site[0], tree.distance_m[0], tree.danger_m[0]) == (0, 100.0, 40.0)


def test_no_site_or_no_way_is_said_and_never_guessed() -> None:
    net = network([(0, 0), (100, 0), (500, 0)], [(0, 1)])
    graph = Graph(net, np.zeros(1, np.float32))
    nowhere = graph.tree(np.array([], np.int32))
    assert (nowhere.site == -1).all()
    assert np.isinf(nowhere.distance_m).all()
    assert graph.tree(np.array([0], np.int32)).site.tolist() == [0, 0, -1]
    assert way(graph.tree(np.array([0], np.int32)), 2) == []


def test_two_sites_at_one_node_and_closed_edges() -> None:
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)])
    graph = Graph(net, np.zeros(2, np.float32), np.array([False, True]))
    tree = graph.tree(np.array([1, 1], np.int32))
    assert tree.site.tolist() == [0, 0, -1]


def test_the_tree_equals_networkx_on_a_random_city() -> None:
    rng = np.random.default_rng(7)
    points = [tuple(p) for p in rng.uniform(0, 2000, (300, 2)).tolist()]
    pairs = {tuple(sorted(p)) for p in rng.integers(0, 300, (900, 2)).tolist() if p[0] != p[1]}
    edges = sorted(pairs)
    net = network(points, edges)
    danger = np.where(rng.random(len(edges)) < 0.3, net.length_m * 0.5, 0).astype(np.float32)
    sites = rng.choice(300, 9, replace=False).astype(np.int32)
    tree = Graph(net, danger).tree(sites)
    other = nx.Graph()
    other.add_nodes_from(range(300))
    for (a, b), length, bad in zip(edges, net.length_m.tolist(), danger.tolist(), strict=True):
        dm = max(round(length * 10), 1)
        other.add_edge(a, b, cost=(min(round(bad * 10), dm) << 24) + dm)
    want = nx.multi_source_dijkstra_path_length(other, set(sites.tolist()), weight="cost")
    for node in range(300):
        if node not in want:
            assert tree.site[node] == -1
            continue
        assert tree.danger_m[node] == (want[node] >> 24) / 10
        assert tree.distance_m[node] == (want[node] & (2**24 - 1)) / 10


def test_the_metres_of_the_tree_are_those_of_the_way() -> None:
    """Recomputed independently by walking each way edge by edge."""
    rng = np.random.default_rng(3)
    side = 12
    points = [(60.0 * (i % side), 60.0 * (i // side)) for i in range(side * side)]
    edges = [(i, i + 1) for i in range(side * side) if (i + 1) % side]
    edges += [(i, i + side) for i in range(side * (side - 1))]
    net = network(points, edges)
    danger = (rng.random(len(edges)) < 0.4) * net.length_m
    tree = Graph(net, danger.astype(np.float32)).tree(np.array([0, 77], np.int32))
    by_pair = {
        frozenset(e): (float(n), float(d))
        for e, n, d in zip(edges, net.length_m, danger, strict=True)
    }
    for node in range(len(points)):
        steps = [by_pair[frozenset(pair)] for pair in itertools.pairwise(way(tree, node))]
        assert tree.distance_m[node] == sum(n for n, _ in steps)
        assert tree.danger_m[node] == sum(d for _, d in steps)
