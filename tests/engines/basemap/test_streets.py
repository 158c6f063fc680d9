"""Natural streets: every edge once, straight on, and what is long is important."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.basemap.streets import edge_lines, streets
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.roads import read_roads
from tests.conftest import real_data
from tests.engines.evacuation.small import network


@st.composite
def networks(draw: st.DrawFn) -> Network:
    count = draw(st.integers(2, 9))
    points = draw(
        st.lists(
            st.tuples(st.integers(0, 20), st.integers(0, 20)),
            min_size=count,
            max_size=count,
            unique=True,
        )
    )
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=14, unique=True))
    steps = tuple(draw(st.sets(st.integers(0, len(edges) - 1), max_size=2)))
    bends = {
        e: [(draw(st.integers(21, 30)) * 10.0, draw(st.integers(21, 30)) * 10.0)]
        for e in draw(st.sets(st.integers(0, len(edges) - 1), max_size=3))
    }
    return network([(x * 10.0, y * 10.0) for x, y in points], edges, stairs=steps, bends=bends)


@given(networks())
def test_every_edge_is_in_exactly_one_street(net: Network) -> None:
    found = streets(net)
    lines = edge_lines(net)
    assert np.isclose(found.length_m.sum(), net.length_m.sum(), rtol=1e-5)
    assert np.isclose(shapely.length(found.lines).sum(), shapely.length(lines).sum(), rtol=1e-9)
    for line in lines:
        held = [one for one in found.lines if one.buffer(1e-9).covers(line)]
        assert held, "an edge is drawn nowhere"


@given(networks())
def test_stairs_stay_apart_from_ways_without(net: Network) -> None:
    found = streets(net)
    stepped = net.length_m[net.stairs].sum()
    assert np.isclose(found.length_m[found.stairs].sum(), stepped, rtol=1e-5)


@given(networks())
def test_nobody_turns_sharply_on_a_street(net: Network) -> None:
    """At a node where edges join to one street they turn by less than 45°; a fork ends all but one."""
    nodes = {
        (round(float(x), 9), round(float(y), 9)) for x, y in zip(net.lon, net.lat, strict=True)
    }
    scale = np.cos(np.radians(float(np.mean(net.lat))))
    for street in streets(net).lines:
        for part in shapely.get_parts(street):
            at = np.array(part.coords) * (scale, 1)
            steps = np.diff(at, axis=0)
            steps = steps / np.linalg.norm(steps, axis=1, keepdims=True)
            for place, (one, other) in enumerate(itertools.pairwise(steps), start=1):
                x, y = part.coords[place]
                if (round(x, 9), round(y, 9)) in nodes:
                    assert one @ other > 0.69


def test_a_crossing_has_two_streets_and_a_junction_goes_straight_on() -> None:
    cross = network(
        [(0, 0), (100, 0), (200, 5), (100, 90), (103, -90)], [(0, 1), (1, 2), (1, 3), (1, 4)]
    )
    assert sorted(streets(cross).length_m.round()) == [180, 200]
    fork = network([(0, 0), (100, 0), (200, 2), (190, 45)], [(0, 1), (1, 2), (1, 3)])
    found = streets(fork)
    assert len(found.lines) == 2 and round(found.length_m.max()) == 200


def test_bends_are_followed_in_the_right_direction() -> None:
    bent = network(
        [(0, 0), (100, 100), (200, 100)], [(1, 0), (1, 2)], bends={0: [(50, 100), (0, 50)]}
    )
    lines = edge_lines(bent)
    assert [len(line.coords) for line in lines] == [4, 2]
    assert lines[0].coords[0] == (bent.lon[1], bent.lat[1])
    assert len(streets(bent).lines) == 1


def test_a_network_without_edges_has_no_street() -> None:
    assert len(streets(Network.lonely(37.0, 139.0)).lines) == 0


@pytest.mark.real_data
def test_the_streets_of_a_real_city_are_whole_and_few() -> None:
    """宇部: 44,000 edges become a seventh as many streets, and not a metre is lost."""
    net = read_roads(real_data("geo", "osm", "ube", "ube_roads.zip"))
    found = streets(net)
    assert np.isclose(found.length_m.sum(), net.length_m.sum(), rtol=1e-5)
    assert len(found.lines) < len(net.tail) / 4
    assert found.length_m.max() > 5000
