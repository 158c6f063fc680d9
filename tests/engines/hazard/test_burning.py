"""Burning polygons: every cell answers as the polygons do at its middle; one place stays exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.hazard import stored
from sonae.engines.hazard.burning import MOST_CELLS, Grid, burn, covered, raster_of
from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE
from sonae.engines.hazard.polygons import PolygonLayer

WEST, SOUTH, EAST, NORTH = 139.0, 35.0, 139.01, 35.008
GRID = Grid.around((WEST, SOUTH, EAST, NORTH), 25.0)
NUMBERS = st.integers(-20, 120)
CORNERS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=9, unique=True)


def place(across: float, up: float) -> tuple[float, float]:
    """A point by hundredths of the grid, off every cell's middle."""
    return WEST + (EAST - WEST) * (across + 0.137) / 100, SOUTH + (NORTH - SOUTH) * (
        up + 0.219
    ) / 100


def sound(corners: list[tuple[int, int]]) -> shapely.Geometry:
    """Any areas that these corners can be made into."""
    drawn = shapely.Polygon([place(*one) for one in corners])
    parts = shapely.get_parts(shapely.make_valid(drawn))
    return shapely.MultiPolygon([p for p in shapely.get_parts(parts) if p.geom_type == "Polygon"])


def layer_of(drawn: list[tuple[list[tuple[int, int]], int]], surveyed: object) -> PolygonLayer:
    shapes = np.array([sound(corners) for corners, _ in drawn], object)
    ranks = np.array([rank for _, rank in drawn], np.uint8)
    return PolygonLayer("x", "flood", "depth", shapes, ranks, surveyed, "試験")


@given(
    st.lists(st.tuples(CORNERS, st.sampled_from([1, 2, 6, UNREADABLE])), min_size=1, max_size=6),
    st.sampled_from(["nowhere", "west", "all"]),
)
def test_a_raster_says_what_the_polygons_say_at_the_middle_of_every_cell(
    drawn: list[tuple[list[tuple[int, int]], int]], ground: str
) -> None:
    half = (WEST + EAST) / 2 + 1e-6
    surveyed = {
        "nowhere": None,
        "west": shapely.box(WEST, SOUTH, half, NORTH),
        "all": shapely.box(WEST - 1, SOUTH - 1, EAST + 1, NORTH + 1),
    }[ground]
    layer = layer_of(drawn, surveyed)
    lat, lon = GRID.middles(slice(None))
    assert burn(layer, GRID).ravel().tolist() == layer.ranks_at(lat, lon).tolist()


def test_holes_and_overlaps() -> None:
    outer = shapely.box(WEST - 1, SOUTH - 1, EAST + 1, NORTH + 1)
    hole = shapely.box(*place(30, 30), *place(60, 60))
    twice = np.array([outer - hole, outer - hole], object)
    lat, lon = GRID.middles(slice(None))
    inside = covered(twice, GRID)
    assert inside.ravel().tolist() == (~shapely.contains_xy(hole, lon, lat)[()]).ravel().tolist()
    assert not covered(np.zeros(0, object), GRID).any()


def test_a_polygon_far_larger_than_the_grid_and_one_beside_it() -> None:
    world = np.array([shapely.box(100, 10, 170, 80)], object)
    beside = np.array([shapely.box(140, 35, 141, 36)], object)
    assert covered(world, GRID).all()
    assert not covered(beside, GRID).any()


def test_cells_grow_where_a_raster_would_become_too_large() -> None:
    assert 24 < GRID.cell_m < 26
    wide = Grid.around((135.0, 33.0, 137.0, 35.0), 5.0)
    assert wide.rows * wide.cols <= MOST_CELLS * 1.001
    assert wide.cell_m > 15


def test_one_place_near_an_edge_is_answered_by_the_polygon(tmp_path: Path) -> None:
    """The raster's cell is 25 m wide; the edge of the zone runs through it."""
    edge = WEST + GRID.dlon * 10.7
    zone = shapely.box(WEST, SOUTH, edge, NORTH)
    odd = shapely.box(EAST - 0.002, SOUTH, EAST, NORTH)
    layer = PolygonLayer(
        "x", "landslide", "zone", np.array([zone, odd]), np.array([2, UNREADABLE], np.uint8),
        shapely.box(WEST, SOUTH, EAST - 0.001, NORTH), "試験", details=("a", "b"),
    )  # fmt: skip
    raster = raster_of(layer, GRID)
    stored.save(tmp_path, raster, layer)
    lat = (SOUTH + NORTH) / 2
    for lon in (edge - 1e-6, edge + 1e-6, EAST - 0.0015, EAST - 0.0005, WEST + 0.001):
        want = int(layer.ranks_at(np.array([lat]), np.array([lon]))[0])
        assert stored.rank_at(tmp_path, raster, lat, lon) == want, lon
    assert stored.rank_at(tmp_path, raster, lat, EAST + 1) == NOT_SURVEYED
    coarse = raster.ranks_at(np.array([lat]), np.array([edge + 1e-6]))
    assert coarse[0] == 2, "the raster alone would have said inside"
    assert stored.rank_at(tmp_path, raster, lat, edge + 1e-6) == OUTSIDE


def test_a_raster_without_polygons_answers_by_itself(tmp_path: Path) -> None:
    box = shapely.box(WEST, SOUTH, EAST, NORTH)
    raster = raster_of(layer_of([([(0, 0), (50, 0), (50, 50)], 3)], box), GRID)
    stored.save(tmp_path, raster)
    lon, lat = place(40, 10)
    assert stored.rank_at(tmp_path, raster, lat, lon) == 3
