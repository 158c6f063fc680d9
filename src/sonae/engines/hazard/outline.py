"""A raster of ranks as polygons (区域の図形): one per rank, exactly along the edges of its cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE, HazardLayer


def outlines(layer: HazardLayer) -> dict[int, Any]:
    """Return rank → shapely (multi)polygon in longitude, latitude, for the ranks 1–250 that occur."""
    ranks = np.asarray(layer.ranks)
    found = np.unique(ranks)
    return {
        int(rank): _placed(covered(ranks == rank), layer)
        for rank in found[(found > 0) & (found < UNREADABLE)]
    }


def unsurveyed(layer: HazardLayer) -> Any:
    """Return the ground inside the raster that nobody surveyed or that cannot be read; may be empty."""
    ranks = np.asarray(layer.ranks)
    return _placed(covered((ranks == NOT_SURVEYED) | (ranks == UNREADABLE)), layer)


def surveyed(layer: HazardLayer) -> Any:
    """Return the ground for which the layer answers: only there does "no zone" mean outside."""
    ranks = np.asarray(layer.ranks)
    return _placed(covered((ranks != NOT_SURVEYED) & (ranks != UNREADABLE)), layer)


def covered(mask: NDArray[np.bool_]) -> Any:
    """Return the cells of a mask as one valid (multi)polygon, in columns and rows from the corner.

    The edges between covered and other cells are drawn as few long lines and closed to rings.
    """
    padded = np.pad(mask, 1)
    across = padded[1:, 1:-1] != padded[:-1, 1:-1]
    along = padded[1:-1, 1:] != padded[1:-1, :-1]
    if not across.any():
        return shapely.MultiPolygon()
    corner = _corners(across, along)
    lines = (_edges(across, corner), _edges(along.T, corner.T)[..., ::-1])
    noded = shapely.linestrings(np.concatenate(lines))
    faces = shapely.get_parts(shapely.polygonize(noded))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    column, row = np.floor(inside).astype(np.int64).T
    return shapely.multipolygons(faces[mask[row, column]])


def _corners(across: NDArray[np.bool_], along: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which grid points end a line: those where edges turn or cross."""
    flat, high = np.pad(across, ((0, 0), (1, 1))), np.pad(along, ((1, 1), (0, 0)))
    left, right, up, down = flat[:, :-1], flat[:, 1:], high[:-1], high[1:]
    return np.asarray((left | right) & (up | down))


def _edges(drawn: NDArray[np.bool_], corner: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the horizontal lines (n, 2, 2) of column, row between corners."""
    flat = np.pad(drawn, ((0, 0), (1, 1)))
    begins = flat[:, 1:] & (~flat[:, :-1] | corner)
    ends = flat[:, :-1] & (~flat[:, 1:] | corner)
    row, first = np.nonzero(begins)
    last = np.nonzero(ends)[1]
    start, end = np.column_stack((first, row)), np.column_stack((last, row))
    return np.stack((start, end), axis=1).astype(np.float64)


def _placed(shape: Any, layer: HazardLayer) -> Any:
    """Return a shape of columns and rows in longitude and latitude."""

    def degrees(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(
            (layer.west + points[:, 0] * layer.dlon, layer.north - points[:, 1] * layer.dlat)
        )

    return shapely.transform(shape, degrees)
