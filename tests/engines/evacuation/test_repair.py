"""A repaired tree is the tree: equal to a new one after any closing, ties included."""

from __future__ import annotations

from itertools import pairwise
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.engines.evacuation import repair
from sonae.engines.evacuation.graph import Graph, Skeleton
from sonae.engines.evacuation.memory import TreeMemory
from sonae.engines.evacuation.repair import changes, costs_after, repaired, risen
from tests.engines.evacuation.small import network
from tests.engines.evacuation.test_ties import CASES, Case, city, same

NO_ENTRIES = np.zeros(0, np.int64)


@settings(max_examples=400, deadline=None)
@given(CASES, st.data(), st.booleans())
def test_any_closing_of_sites_and_roads(case: Case, data: st.DataObject, doubtful: bool) -> None:
    net, danger, unsure = city(case)
    skeleton = Skeleton(net)
    kept = data.draw(st.sets(st.sampled_from(case[2]), min_size=1).map(sorted))
    edges = len(case[1])
    flags = st.lists(st.booleans(), min_size=edges, max_size=edges)
    cut, seen = np.array(data.draw(flags), bool), np.array(data.draw(flags), bool)
    worse = np.where(seen, net.length_m, danger).astype(np.float32)
    doubt = unsure if doubtful else None
    before = Graph(net, danger, unsurveyed_m=doubt, skeleton=skeleton)
    after = Graph(net, worse, cut, unsurveyed_m=doubt, skeleton=skeleton)
    changed = risen(before, after)
    if changed is None:  # another of two parallel edges became the better one, with other ground
        assert doubtful
        return
    old_sites, sites = np.array(case[2], np.int32), np.array(kept, np.int32)
    made = repaired(before.tree(old_sites), old_sites, after, sites, changed)
    if made is not None:
        same(made, after.tree(sites))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, 4), st.integers(0, 30), st.booleans())
def test_a_town_of_many_ties(seed: int, sites_closed: int, roads_cut: int, doubtful: bool) -> None:
    """Streets of two lengths on a grid, two closings one after the other."""
    rng = np.random.default_rng(seed)
    side = 20
    points = [(50.0 * (i % side), 50.0 * (i // side)) for i in range(side * side)]
    edges = [(i, i + 1) for i in range(side * side) if (i + 1) % side]
    edges += [(i, i + side) for i in range(side * (side - 1))]
    lengths = rng.choice([50.0, 60.0], len(edges))
    net = network(points, edges, lengths.tolist())
    danger = np.where(rng.random(len(edges)) < 0.2, lengths, 0).astype(np.float32)
    unsure = np.where(rng.random(len(edges)) < 0.3, lengths, 0).astype(np.float32)
    skeleton = Skeleton(net)
    doubt = unsure if doubtful else None
    cut = np.zeros(len(edges), bool)
    sites = rng.choice(side * side, 9, replace=False).astype(np.int32)
    graph = Graph(net, danger, cut, unsurveyed_m=doubt, skeleton=skeleton)
    tree, repairs = graph.tree(sites), 0
    for _ in range(2):
        cut = cut.copy()
        cut[rng.choice(len(edges), roads_cut, replace=False)] = True
        fewer = rng.permutation(sites)[sites_closed:]
        following = Graph(net, danger, cut, unsurveyed_m=doubt, skeleton=skeleton)
        changed = risen(graph, following)
        assert changed is not None
        made = repaired(tree, sites, following, fewer, changed)
        if len(fewer):
            new = following.tree(fewer)
            if made is not None:
                same(made, new)
                repairs += 1
            tree, sites, graph = new, fewer, following
    assert repairs or sites_closed > 2 or roads_cut > 5


def test_two_sites_at_one_place_one_of_them_closed() -> None:
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)])
    graph = Graph(net, np.zeros(2, np.float32))
    both = np.array([1, 1], np.int32)
    made = repaired(graph.tree(both), both, graph, both[1:], NO_ENTRIES)
    assert made is not None
    same(made, graph.tree(both[1:]))


def test_what_is_no_closing_is_refused() -> None:
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (1, 2)])
    skeleton = Skeleton(net)
    none = np.zeros(2, np.float32)
    open_ = Graph(net, none, skeleton=skeleton)
    shut = Graph(net, none, np.array([True, False]), skeleton=skeleton)
    assert risen(shut, open_) is None, "a road that opens makes ways better"
    assert risen(open_, Graph(net, none)) is None, "another network"
    doubtful = Graph(net, none, unsurveyed_m=np.ones(2, np.float32), skeleton=skeleton)
    assert risen(open_, doubtful) is None
    one, two = np.array([0], np.int32), np.array([0, 2], np.int32)
    tree = open_.tree(one)
    assert repaired(tree, one, open_, two, NO_ENTRIES) is None, "a site that opens"
    assert repaired(tree, one, open_, one[:0], NO_ENTRIES) is None
    assert repaired(open_.tree(two), two, open_, np.array([0], np.int32), NO_ENTRIES) is not None


def test_who_is_cut_off_is_said_to_have_no_way() -> None:
    net = network([(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)])
    skeleton = Skeleton(net)
    none, sites = np.zeros(3, np.float32), np.array([0], np.int32)
    before = Graph(net, none, skeleton=skeleton)
    after = Graph(net, none, np.array([False, False, True]), skeleton=skeleton)
    changed = risen(before, after)
    assert changed is not None
    made = repaired(before.tree(sites), sites, after, sites, changed)
    assert made is not None
    assert made.site.tolist() == [0, 0, 0, -1]
    assert np.isinf(made.distance_m[3])


@settings(max_examples=400, deadline=None)
@given(CASES, st.data(), st.sampled_from([0, 1, 400]))
def test_costs_to_single_sites_after_any_closing_and_opening(
    case: Case, data: st.DataObject, few: int
) -> None:
    """Roads close and open, water comes and goes, all at once; node by node and by whole arrays."""
    net, danger, _ = city(case)
    skeleton, edges = Skeleton(net), len(case[1])
    flags = st.lists(st.booleans(), min_size=edges, max_size=edges)
    graphs = []
    for _ in range(3):
        cut, seen = np.array(data.draw(flags), bool), np.array(data.draw(flags), bool)
        worse = np.where(seen, np.maximum(net.length_m, danger), danger).astype(np.float32)
        graphs.append(Graph(net, worse, cut, skeleton=skeleton))
    sites, nodes = np.array(case[2], np.int32), np.arange(len(net.lat), dtype=np.int32)
    memory = TreeMemory()
    with mock.patch.object(repair, "_FEW", few):
        for graph in (*graphs, graphs[0]):
            for found, wanted in zip(
                memory.costs(graph, sites, nodes), graph.costs(sites, nodes), strict=True
            ):
                np.testing.assert_array_equal(found, wanted)
        for before, after in pairwise(graphs):
            changed = changes(before, after)
            assert changed is not None
            old = before.packed_costs(sites, nodes)
            for row, cost in zip(after.packed_costs(sites, nodes), old, strict=True):
                np.testing.assert_array_equal(costs_after(before, after, cost, changed), row)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16), st.integers(0, 40), st.sampled_from([0, 5, 400]))
def test_a_town_in_which_roads_close_and_open(seed: int, roads: int, few: int) -> None:
    """Long ways around what is closed, whole streets of it, parts cut off and joined again."""
    rng = np.random.default_rng(seed)
    side = 24
    points = [(50.0 * (i % side), 50.0 * (i // side)) for i in range(side * side)]
    edges = [(i, i + 1) for i in range(side * side) if (i + 1) % side]
    edges += [(i, i + side) for i in range(side * (side - 1))]
    net = network(points, edges, rng.choice([50.0, 60.0], len(edges)).tolist())
    skeleton, none = Skeleton(net), np.zeros(len(edges), np.float32)
    sites = rng.choice(side * side, 4, replace=False).astype(np.int32)
    nodes, memory = np.arange(side * side, dtype=np.int32), TreeMemory()
    row = np.array([a // side for a, _ in edges])
    with mock.patch.object(repair, "_FEW", few):
        for _ in range(4):
            cut = np.zeros(len(edges), bool)
            cut[rng.choice(len(edges), roads, replace=False)] = True
            cut |= row == rng.integers(side)  # a whole street and its crossings
            wet = np.where(rng.random(len(edges)) < 0.1, net.length_m, none).astype(np.float32)
            graph = Graph(net, wet, cut, skeleton=skeleton)
            for found, wanted in zip(
                memory.costs(graph, sites, nodes), graph.costs(sites, nodes), strict=True
            ):
                np.testing.assert_array_equal(found, wanted)
