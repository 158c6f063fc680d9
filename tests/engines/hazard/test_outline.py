"""Rasters as polygons: exactly the cells, no more and no less."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from sonae.engines.hazard.outline import covered, outlines, surveyed, unsurveyed
from tests.engines.evacuation.small import layer

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=9))
RANKS = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.sampled_from([0, 1, 2, 3, 254, 255]),
)


def centres(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.indices(mask.shape)
    return np.column_stack((columns.ravel() + 0.5, rows.ravel() + 0.5))


@given(MASKS)
def test_a_shape_holds_its_cells_and_nothing_else(mask: NDArray[np.bool_]) -> None:
    shape = covered(mask)
    assert shape.is_valid
    assert shape.area == mask.sum()
    points = shapely.points(centres(mask))
    assert shapely.contains(shape, points).tolist() == mask.ravel().tolist()


@given(MASKS)
def test_a_shape_is_drawn_with_as_few_points_as_it_has_corners(mask: NDArray[np.bool_]) -> None:
    """No point lies on a straight side: a city's zone would be a hundred times as large."""
    for ring in (r for p in covered(mask).geoms for r in (p.exterior, *p.interiors)):
        steps = np.diff(np.array(ring.coords), axis=0)
        turned = (
            steps[:, 0] * np.roll(steps, -1, axis=0)[:, 1]
            - steps[:, 1] * np.roll(steps, -1, axis=0)[:, 0]
        )
        straight = np.flatnonzero(turned == 0)
        # A point without a turn is allowed where two shapes touch, or where the ring begins.
        corners = {
            tuple(c)
            for p in covered(~np.pad(mask, 1)).geoms
            for r in (p.exterior, *p.interiors)
            for c in r.coords
        }
        for at in straight:
            x, y = ring.coords[at + 1]
            assert (x + 1, y + 1) in corners


@given(RANKS)
def test_ranks_unknown_and_surveyed_ground_divide_the_raster(ranks: NDArray[np.uint8]) -> None:
    made = layer(ranks)
    zones, unknown, known = outlines(made), unsurveyed(made), surveyed(made)
    assert sorted(zones) == sorted(set(np.unique(ranks).tolist()) - {0, 254, 255})
    whole = made.dlon * made.dlat * ranks.size
    assert np.isclose(unknown.area + known.area, whole, rtol=1e-6)
    for rank, shape in zones.items():
        assert np.isclose(shape.area, made.dlon * made.dlat * (ranks == rank).sum(), rtol=1e-6)
        assert shapely.area(shapely.intersection(shape, unknown)) < whole * 1e-6


@given(RANKS)
def test_a_point_gets_the_same_answer_from_the_raster_and_from_the_polygons(
    ranks: NDArray[np.uint8],
) -> None:
    made = layer(ranks)
    at = centres(ranks == 0)
    lon, lat = made.west + at[:, 0] * made.dlon, made.north - at[:, 1] * made.dlat
    told = made.ranks_at(lat, lon)
    points = shapely.points(lon, lat)
    for rank, shape in outlines(made).items():
        assert shapely.contains(shape, points).tolist() == (told == rank).tolist()


def test_holes_and_islands_in_them() -> None:
    ring = np.ones((5, 5), bool)
    ring[1:4, 1:4] = False
    ring[2, 2] = True
    shape = covered(ring)
    assert shape.area == 17 and len(shape.geoms) == 2
    assert covered(np.zeros((3, 3), bool)).is_empty
