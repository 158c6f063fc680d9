"""Polygons onto a raster: a cell belongs to a polygon when its middle does (even-odd, exact)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, radians
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE, HazardLayer
from sonae.engines.hazard.polygons import PolygonLayer

METRES_PER_DEGREE = 111_319.49
CELL_M = 5.0
MOST_CELLS = 64_000_000
"""8 × 8 km in cells of 1 m, 40 × 40 km in cells of 5 m: 64 MB on disk."""
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Grid:
    """A raster in degrees: row 0 in the north, ``cell_m`` the side of a cell in metres."""

    west: float
    north: float
    dlon: float
    dlat: float
    rows: int
    cols: int
    cell_m: float

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float], cell_m: float = CELL_M) -> Grid:
        """Return the grid over west, south, east, north; coarser where it would grow too large."""
        west, south, east, north = bounds
        wide = METRES_PER_DEGREE * cos(radians((south + north) / 2))
        across, along = (east - west) * wide, (north - south) * METRES_PER_DEGREE
        side = max(cell_m, (across * along / MOST_CELLS) ** 0.5)
        rows, cols = max(ceil(along / side), 1), max(ceil(across / side), 1)
        return cls(west, north, side / wide, side / METRES_PER_DEGREE, rows, cols, side)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north."""
        east, south = self.west + self.cols * self.dlon, self.north - self.rows * self.dlat
        return self.west, south, east, self.north

    def middles(self, rows: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return latitude and longitude of the middles of all cells of some rows, flat."""
        row = np.arange(self.rows)[rows]
        lat = self.north - (row + 0.5) * self.dlat
        lon = self.west + (np.arange(self.cols) + 0.5) * self.dlon
        return np.repeat(lat, self.cols), np.tile(lon, len(row))


def covered(shapes: NDArray[Any], grid: Grid) -> NDArray[np.bool_]:
    """Return which cells (rows, cols) have their middle in any of the polygons."""
    turns = np.zeros((grid.rows, grid.cols + 1), np.int16)
    near = shapes[shapely.intersects(shapes, shapely.box(*grid.bounds))] if len(shapes) else shapes
    polygons = shapely.get_parts(near)
    polygons = polygons[shapely.get_type_id(polygons) == 3]
    points = np.maximum(shapely.get_num_coordinates(polygons), 1)
    group = np.cumsum(points) // _AT_ONCE
    for number in np.unique(group):
        _spans(polygons[group == number], grid, turns)
    np.cumsum(turns, axis=1, out=turns)
    return np.asarray(turns[:, :-1] > 0)


def _spans(polygons: NDArray[Any], grid: Grid, turns: NDArray[np.int16]) -> None:
    """Add +1 where each polygon's spans of cells begin on a row and -1 behind where they end."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    x = (xy[:, 0] - grid.west) / grid.dlon - 0.5
    y = (grid.north - xy[:, 1]) / grid.dlat - 0.5
    at = np.flatnonzero(ring[1:] == ring[:-1])
    low, high = np.minimum(y[at], y[at + 1]), np.maximum(y[at], y[at + 1])
    first = np.clip(np.ceil(low), 0, grid.rows).astype(np.int64)
    last = np.clip(np.ceil(high), 0, grid.rows).astype(np.int64)
    times = last - first
    segment = np.repeat(at, times)
    if not len(segment):
        return
    nth = np.arange(len(segment)) - np.repeat(np.cumsum(times) - times, times)
    row = np.repeat(first, times) + nth
    share = (row - y[segment]) / (y[segment + 1] - y[segment])
    column = x[segment] + share * (x[segment + 1] - x[segment])
    order = np.lexsort((column, row, owner[ring[segment]]))
    cell = np.clip(np.ceil(column[order]), 0, grid.cols).astype(np.int64)
    np.add.at(turns, (row[order][::2], cell[::2]), np.int16(1))
    np.add.at(turns, (row[order][1::2], cell[1::2]), np.int16(-1))


def burn(layer: PolygonLayer, grid: Grid) -> NDArray[np.uint8]:
    """Return the ranks of a polygon layer on a grid: as `PolygonLayer.ranks_at` at every middle."""
    ranks = np.full((grid.rows, grid.cols), NOT_SURVEYED, np.uint8)
    if layer.surveyed is not None:
        ranks[covered(np.array([layer.surveyed], object), grid)] = OUTSIDE
    good = np.unique(layer.rank[layer.rank < UNREADABLE]).tolist()
    for rank in [UNREADABLE, *good]:
        own = layer.shapes[layer.rank == rank]
        if len(own):
            ranks[covered(own, grid)] = rank
    return ranks


def raster_of(layer: PolygonLayer, grid: Grid) -> HazardLayer:
    """Return the layer as a compact raster of a byte a cell; everything stated stays with it."""
    facts = {
        name: getattr(layer, name)
        for name in ("name", "hazard", "kind", "source", "date", "scale", "depths", "details", "rivers")
    }  # fmt: skip
    return HazardLayer(
        ranks=burn(layer, grid), west=grid.west, north=grid.north, dlon=grid.dlon, dlat=grid.dlat,
        **facts,
    )  # fmt: skip
