"""Equal ways: the surer one wins, proved against every path there is; and the answer is one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonae.engines.evacuation.graph import Graph, RouteTree, Skeleton, way, way_edges
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.profiles import slope_effort
from tests.engines.evacuation.small import network

# (tail, head, decimetres, of it in danger, of it unsurveyed); few lengths, so that ways are often equal
Edge = tuple[int, int, int, int, int]
Case = tuple[int, list[Edge], list[int]]


def _edges(nodes: int) -> st.SearchStrategy[list[Edge]]:
    end = st.integers(0, nodes - 1)
    length = st.sampled_from([10, 20, 30])
    share = st.sampled_from([0, 10])
    one = st.tuples(end, end, length, share, share)
    return st.lists(one, max_size=16).map(lambda rows: [row for row in rows if row[0] != row[1]])


CASES: st.SearchStrategy[Case] = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.just(n), _edges(n), st.sets(st.integers(0, n - 1), min_size=1).map(sorted)
    )
)


def city(case: Case) -> tuple[Network, NDArray[np.float32], NDArray[np.float32]]:
    """Network, metres in danger and unsurveyed metres of a case."""
    nodes, edges, _sites = case
    net = network(
        [(100.0 * i, 0.0) for i in range(nodes)],
        [(a, b) for a, b, *_ in edges],
        [length / 10 for _, _, length, _, _ in edges] or None,
    )
    danger = np.array([d / 10 for *_, d, _ in edges], np.float32)
    return net, danger, np.array([u / 10 for *_, u in edges], np.float32)


def _best(case: Case, start: int) -> tuple[float, float, float]:
    """The smallest (danger, length, unsurveyed) of all simple paths from ``start`` to any site."""
    _nodes, edges, sites = case
    links: dict[int, list[tuple[int, int, int, int]]] = {}
    for a, b, length, danger, unsure in edges:
        links.setdefault(a, []).append((b, danger, length, unsure))
        links.setdefault(b, []).append((a, danger, length, unsure))
    best = (math.inf, math.inf, math.inf)
    stack = [(start, (0, 0, 0), frozenset([start]))]
    while stack:
        node, cost, seen = stack.pop()
        if node in sites:
            best = min(best, cost)
        for following, *more in links.get(node, []):
            if following not in seen:
                total = tuple(x + y for x, y in zip(cost, more, strict=True))
                stack.append((following, total, seen | {following}))  # type: ignore[arg-type]
    return best


def same(one: RouteTree, other: RouteTree) -> None:
    """Hold that two trees are equal to the last step."""
    for name in ("site", "cost", "step", "next_node"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_array_equal(one.unsurveyed_m, other.unsurveyed_m)


@settings(max_examples=400, deadline=None)
@given(CASES)
def test_danger_then_metres_then_unsurveyed_ground(case: Case) -> None:
    net, danger, unsure = city(case)
    graph = Graph(net, danger, unsurveyed_m=unsure)
    tree = graph.tree(np.array(case[2], np.int32))
    for node in range(case[0]):
        want = _best(case, node)
        if want[0] == math.inf:
            assert tree.site[node] == -1
            continue
        got = (tree.danger_m[node], tree.distance_m[node], tree.unsurveyed_m[node])
        assert tuple(round(value * 10) for value in got) == want
        walked = way(tree, node)
        steps = [case[1][number] for number in way_edges(graph, tree, walked)]
        assert tuple(sum(step[i] for step in steps) for i in (3, 2, 4)) == want
        assert walked[-1] == case[2][tree.site[node]]
        for (a, b, *_), here, there in zip(steps, walked, walked[1:], strict=False):
            assert {a, b} == {here, there}, "the edges are those of the way"


@settings(max_examples=200, deadline=None)
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_edges_changes_nothing(case: Case, random: object) -> None:
    net, danger, unsure = city(case)
    sites = np.array(case[2], np.int32)
    order = list(range(len(case[1])))
    random.shuffle(order)  # type: ignore[attr-defined]
    turned = [case[1][i] for i in order]
    flipped = [(b, a, *rest) for a, b, *rest in turned]
    other: Case = (case[0], flipped, case[2])  # type: ignore[assignment]
    net2, danger2, unsure2 = city(other)
    one = Graph(net, danger, unsurveyed_m=unsure).tree(sites)
    same(one, Graph(net2, danger2, unsurveyed_m=unsure2).tree(sites))


def test_of_two_streets_between_two_corners_the_dry_one_is_drawn() -> None:
    """The flooded street is shorter; the way, its metres and its edge are those of the dry one."""
    net = network([(0, 0), (100, 0)], [(0, 1), (0, 1)], [100.0, 140.0])
    graph = Graph(net, np.array([100.0, 0.0], np.float32))
    tree = graph.tree(np.array([1], np.int32))
    assert (tree.danger_m[0], tree.distance_m[0]) == (0.0, 140.0)
    assert way_edges(graph, tree, way(tree, 0)) == [1]


def test_a_tie_does_not_send_people_over_unsurveyed_ground_for_nothing() -> None:
    corners = [(0, 0), (100, 0), (0, 100), (100, 100)]
    net = network([(float(x), float(y)) for x, y in corners], [(0, 1), (0, 2), (1, 3), (2, 3)])
    for unsure, wanted in (([100, 0, 0, 0], [0, 2, 3]), ([0, 100, 0, 0], [0, 1, 3])):
        graph = Graph(net, np.zeros(4, np.float32), unsurveyed_m=np.array(unsure, np.float32))
        tree = graph.tree(np.array([3], np.int32))
        assert way(tree, 0) == wanted
        assert tree.unsurveyed_m[0] == 0.0


def test_a_city_of_equal_blocks_is_settled_too() -> None:
    """Nearly every corner of a chequerboard is tied."""
    side = 25
    points = [(100.0 * (i % side), 100.0 * (i // side)) for i in range(side * side)]
    edges = [(i, i + 1) for i in range(side * side) if (i + 1) % side]
    edges += [(i, i + side) for i in range(side * (side - 1))]
    net = network(points, edges, [100.0] * len(edges))
    unsure = np.where(np.random.default_rng(2).random(len(edges)) < 0.4, 100, 0)
    graph = Graph(net, np.zeros(len(edges), np.float32), unsurveyed_m=unsure.astype(np.float32))
    tree = graph.tree(np.array([0], np.int32))
    best = np.full(side * side, np.inf)
    best[0] = 0.0
    by_pair = {edge: float(u) for edge, u in zip(edges, unsure.tolist(), strict=True)}
    for node in range(1, side * side):  # every shortest way goes left or down
        for other in (node - 1 if node % side else -1, node - side):
            if other >= 0:
                best[node] = min(best[node], best[other] + by_pair[other, node])
    np.testing.assert_array_equal(tree.unsurveyed_m, best)


def test_all_ground_surveyed_means_no_doubt_is_kept() -> None:
    net = network([(0, 0), (100, 0)], [(0, 1)])
    graph = Graph(net, np.zeros(1, np.float32), unsurveyed_m=np.zeros(1, np.float32))
    tree = graph.tree(np.array([1], np.int32))
    assert tree.doubt is None
    assert tree.unsurveyed_m.tolist() == [0.0, 0.0]


@given(CASES, st.integers(1, 7))
def test_the_nearest_sites_are_those_of_single_searches(case: Case, count: int) -> None:
    net, danger, _unsure = city(case)
    graph = Graph(net, danger)
    sites = np.array(case[2], np.int32)
    nodes = np.arange(case[0], dtype=np.int32)
    site, packed = graph.nearest(sites, nodes, count)
    alone = np.array([graph.tree(sites[[i]]).cost for i in range(len(sites))])
    for node in range(case[0]):
        ranked = sorted((alone[i][node], i) for i in range(len(sites)))[:count]
        assert packed[node].tolist() == [cost for cost, _ in ranked]
        assert site[node].tolist() == [i if cost < math.inf else -1 for cost, i in ranked]
    assert (graph.tree(sites).cost == packed[:, 0]).all()


@settings(deadline=None)
@given(CASES, st.data())
def test_effort_is_the_sum_over_the_way_uphill_dearer_than_downhill(
    case: Case, data: st.DataObject
) -> None:
    net, danger, _unsure = city(case)
    slopes = data.draw(st.lists(st.floats(-0.5, 0.5), min_size=len(case[1]), max_size=len(case[1])))
    net.slope[:] = slopes
    graph = Graph(net, danger)
    tree = graph.tree(np.array(case[2], np.int32))
    effort = graph.effort_m(tree)
    for node in range(case[0]):
        walked = way(tree, node)
        total = 0.0
        for edge, here in zip(way_edges(graph, tree, walked), walked, strict=False):
            slope = float(net.slope[edge]) * (1 if net.tail[edge] == here else -1)
            total += float(net.length_m[edge]) * float(slope_effort(np.array([slope]))[0])
        assert effort[node] == (pytest.approx(total) if walked else math.inf)
        assert effort[node] >= tree.distance_m[node] - 1e-6, "never faster than on the level"


def test_a_skeleton_serves_many_dangers() -> None:
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2), (0, 2)], [100.0, 100.0, 250.0])
    skeleton = Skeleton(net)
    sites = np.array([2], np.int32)
    dry = Graph(net, np.zeros(3, np.float32), skeleton=skeleton).tree(sites)
    wet = Graph(net, np.array([0, 9, 0], np.float32), skeleton=skeleton).tree(sites)
    cut = Graph(net, np.zeros(3, np.float32), np.array([True, False, True]), skeleton=skeleton)
    assert (way(dry, 0), way(wet, 0)) == ([0, 1, 2], [0, 2])
    assert cut.tree(sites).site.tolist() == [-1, 0, 0]
