"""What is reported as a point, a line or an area means the roads it lies on, and no other."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.obstacles import (
    CLOSED,
    DANGER,
    TOLERANCE_M,
    Edges,
    Obstruction,
    road_state,
)
from sonae.engines.evacuation.planning import City, Sites, Warned, plan
from tests.engines.evacuation.small import at, layer, network, people

# A street of four pieces eastward (0–3), a side street north from its middle (4), a far street (5).
STREET = network(
    [(0, 0), (100, 0), (200, 0), (300, 0), (400, 0), (200, 100), (0, 500), (100, 500)],
    [(0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (6, 7)],
)


def lonlat(x: float, y: float) -> tuple[float, float]:
    lat, lon = at(x, y)
    return lon, lat


def on(shape: object, *, spreads: bool = False) -> list[int]:
    return Edges(STREET).on(Obstruction(CLOSED, shape, spreads)).tolist()


def test_a_point_means_the_nearest_road_within_the_tolerance() -> None:
    assert on(shapely.Point(lonlat(150, 12))) == [1]
    assert on(shapely.Point(lonlat(150, TOLERANCE_M + 5))) == []
    assert on(shapely.Point(lonlat(212, 60))) == [4]


def test_a_point_on_a_junction_means_all_its_roads() -> None:
    assert on(shapely.Point(lonlat(200, 0))) == [1, 2, 4]


def test_debris_covers_every_road_near_it() -> None:
    assert on(shapely.Point(lonlat(190, 6))) == [1]
    assert on(shapely.Point(lonlat(190, 6)), spreads=True) == [1, 2, 4]


def test_a_line_means_the_roads_along_it_not_those_that_cross_it() -> None:
    assert on(shapely.LineString([lonlat(95, 8), lonlat(305, 8)])) == [1, 2]
    assert on(shapely.LineString([lonlat(200, -15), lonlat(200, 110)])) == [4]


def test_a_short_line_within_one_piece_means_that_piece() -> None:
    assert on(shapely.LineString([lonlat(140, 4), lonlat(160, 4)])) == [1]


def test_an_area_means_every_road_it_touches() -> None:
    west, south = lonlat(120, -20)
    east, north = lonlat(180, 20)
    assert on(shapely.box(west, south, east, north)) == [1]
    west, south = lonlat(150, -50)
    east, north = lonlat(250, 50)
    assert on(shapely.MultiPolygon([shapely.box(west, south, east, north)])) == [1, 2, 4]
    assert on(shapely.box(*lonlat(600, 0), *lonlat(700, 10))) == []


def test_bends_of_an_edge_count() -> None:
    bent = network([(0, 0), (100, 0)], [(0, 1)], bends={0: [(50, 80)]})
    edges = Edges(bent)
    assert edges.on(Obstruction(CLOSED, shapely.Point(lonlat(50, 78)))).tolist() == [0]
    assert edges.on(Obstruction(CLOSED, shapely.Point(lonlat(50, 2)))).tolist() == []


@given(st.integers(-100, 500), st.integers(-100, 600))
def test_a_point_is_where_a_search_by_hand_finds_it(x: int, y: int) -> None:
    point = shapely.Point(x, y)
    ends = [(0, 0, 100, 0), (100, 0, 200, 0), (200, 0, 300, 0), (300, 0, 400, 0),
            (200, 0, 200, 100), (0, 500, 100, 500)]  # fmt: skip
    far = [point.distance(shapely.LineString([(a, b), (c, d)])) for a, b, c, d in ends]
    found = on(shapely.Point(lonlat(x, y)))
    if min(far) > TOLERANCE_M + 0.5:
        assert found == []
    elif min(far) < TOLERANCE_M - 0.5:
        assert far.index(min(far)) in found
        assert all(far[one] <= min(far) + 1.5 for one in found)


def test_a_network_without_roads_has_nothing_to_close() -> None:
    now = road_state(
        Edges(Network.lonely(37.0, 139.0)), [Obstruction(CLOSED, shapely.Point(139, 37))]
    )
    assert (len(now.closed), len(now.danger)) == (0, 0)


SQUARE = network(
    [(0, 0), (100, 0), (100, 100), (0, 100), (-100, 0)], [(0, 1), (1, 2), (2, 3), (3, 0), (4, 0)]
)


def planned(obstructions: list[Obstruction]) -> tuple[float, float, int]:
    """Distance, danger metres and reason of one person at the corner, the site at the first node."""
    city = City(SQUARE)
    now = road_state(Edges(SQUARE), obstructions)
    everyone = people([(105, 5)], SQUARE)
    sites = Sites(
        node=np.array([4], np.int32), designation={"flood": np.array([2], np.uint8)},
        admits=np.zeros(1, np.uint8), usable=np.ones(1, bool),
    )  # fmt: skip
    made = plan(
        everyone, city, [layer([[0] * 10 + [3]], cell_m=10.0)], sites, [Warned("flood", 4)],
        roads=now,
    )  # fmt: skip
    return float(made.distance_m[0]) - 7, float(made.danger_m[0]), int(made.reason[0])


def test_a_closed_road_is_gone_around_and_two_leave_no_way() -> None:
    point = [shapely.Point(lonlat(50, 3)), shapely.Point(lonlat(50, 97))]
    assert planned([])[0] == pytest.approx(200, abs=1)
    assert planned([Obstruction(CLOSED, point[0])])[0] == pytest.approx(400, abs=1)
    distance, _, reason = planned([Obstruction(CLOSED, one) for one in point])
    assert np.isnan(distance)
    assert reason == 2, "not connected: said, never a way through what is closed"


def test_a_flooded_road_is_avoided_but_taken_when_there_is_no_other() -> None:
    wet = Obstruction(DANGER, shapely.Point(lonlat(50, 3)))
    around, danger, _ = planned([wet])
    assert around == pytest.approx(400, abs=1)
    last = Obstruction(DANGER, shapely.Point(lonlat(-50, 0)))
    _, unavoidable, reason = planned([wet, last])
    assert unavoidable == pytest.approx(danger + 100, abs=1)
    assert reason == 0
