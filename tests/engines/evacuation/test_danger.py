"""Metres of an edge in danger, recomputed point by point."""

from __future__ import annotations

import numpy as np
import pytest

from sonae.engines.evacuation.danger import Samples, edge_ground
from tests.engines.evacuation.small import layer, network


def test_half_of_a_street_under_water_is_half_its_metres() -> None:
    net = network([(50, 150), (350, 150)], [(0, 1)])
    wet = layer([[0, 0, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 0, 0]])
    # columns 2–3 begin 200 m east: 150 of the 300 m
    assert edge_ground(net, Samples(net), [wet]).with_danger(net)[0] == pytest.approx(150, abs=5)


def test_a_bend_into_the_water_counts() -> None:
    straight = network([(50, 50), (350, 50)], [(0, 1)])
    bent = network([(50, 50), (350, 50)], [(0, 1)], [700.0], bends={0: [(200, 300)]})
    wet = layer([[0, 0, 0, 0], [0, 3, 3, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert edge_ground(straight, Samples(straight), [wet]).with_danger(straight)[0] == 0
    assert edge_ground(bent, Samples(bent), [wet]).with_danger(bent)[0] > 50


def test_unknown_ground_is_not_danger_and_duration_is_no_place() -> None:
    net = network([(50, 150), (350, 150)], [(0, 1)])
    unknown = layer([[255] * 4, [255] * 4, [254] * 4, [255] * 4])
    long = layer([[5] * 4] * 4, kind="duration")
    assert edge_ground(net, Samples(net), [unknown, long]).with_danger(net)[0] == 0


def test_danger_never_exceeds_the_length_and_layers_join() -> None:
    rng = np.random.default_rng(1)
    points = [tuple(p) for p in rng.uniform(0, 400, (40, 2)).tolist()]
    edges = [(i, (i * 7 + 3) % 40) for i in range(40) if i != (i * 7 + 3) % 40]
    net = network(points, edges)
    one = layer(rng.integers(0, 3, (4, 4)).tolist())
    two = layer(rng.integers(0, 3, (4, 4)).tolist(), hazard="landslide", kind="zone")
    samples = Samples(net)
    alone = edge_ground(net, samples, [one]).with_danger(net)
    both = edge_ground(net, samples, [one, two]).with_danger(net)
    assert (both <= net.length_m * 1.0001).all()
    assert (both >= alone).all()
    assert np.bincount(samples.edge, weights=samples.share) == pytest.approx(1.0)
    for edge, (a, b) in enumerate(edges):  # 200 points along each straight edge
        t = (np.arange(200) + 0.5) / 200
        lat = net.lat[a] + (net.lat[b] - net.lat[a]) * t
        lon = net.lon[a] + (net.lon[b] - net.lon[a]) * t
        inside = (one.ranks_at(lat, lon) > 0) & (one.ranks_at(lat, lon) < 254)
        assert alone[edge] == pytest.approx(inside.mean() * net.length_m[edge], abs=12)
