"""Hazard areas as polygons (区域): exact at their edges, three-valued beyond what the data covers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.engines.hazard.defects import Defect
from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE

_MOST_BOXES = 32


@dataclass(frozen=True, eq=False)
class PolygonLayer:
    """One hazard as polygons in longitude, latitude; answers like `HazardLayer`.

    ``shapes`` (n,) shapely geometries and their ``rank`` (n,) uint8: 1–250, 254 = unreadable value.
    ``surveyed``: geometry inside which "no polygon" means outside (None = nowhere); ``stated`` tells
    whether the source says so (else it is the box around the data). ``defects``: what was wrong with
    the data. Other fields as in `HazardLayer`.
    """

    name: str
    hazard: str
    kind: str
    shapes: NDArray[Any]
    rank: NDArray[np.uint8]
    surveyed: Any
    source: str
    date: str = ""
    scale: str = ""
    depths: tuple[tuple[float, float | None], ...] = ()
    details: tuple[str, ...] = ()
    rivers: tuple[str, ...] = ()
    stated: bool = field(default=False)
    defects: tuple[Defect, ...] = ()

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.shapes)

    def ranks_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the rank at each point (degrees): the highest readable of all polygons there.

        254 where only polygons with an unreadable value lie, 255 beyond the surveyed ground.
        """
        x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        near = np.flatnonzero(self._near(x, y))
        found, shape = self._tree.query(shapely.points(x[near], y[near]), predicate="intersects")
        at, rank = near[found], self.rank[shape]
        good = rank < UNREADABLE
        best = np.zeros(len(x), np.uint8)
        np.maximum.at(best, at[good], rank[good])
        odd = np.zeros(len(x), bool)
        odd[at[~good]] = True
        known = np.zeros(len(x), bool)
        if self.surveyed is not None:
            shapely.prepare(self.surveyed)
            known = shapely.intersects_xy(self.surveyed, x, y)
        empty = np.where(odd, UNREADABLE, np.where(known, OUTSIDE, NOT_SURVEYED))
        return np.where(best > 0, best, empty).astype(np.uint8)

    def _near(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points lie in the box of any shape (of all of them, when they are many).

        A flooded street concerns a few of a city's million points; only they are worth a look.
        """
        boxes = shapely.bounds(self.shapes)
        if len(boxes) > _MOST_BOXES:
            boxes = np.array([[*np.nanmin(boxes[:, :2], 0), *np.nanmax(boxes[:, 2:], 0)]])
        near = np.zeros(len(x), bool)
        for west, south, east, north in boxes:
            near |= (x >= west) & (x <= east) & (y >= south) & (y <= north)
        return near

    def within(self, surveyed: Any) -> PolygonLayer:
        """Return the layer with ground stated as surveyed by somebody (a geometry)."""
        return replace(self, surveyed=surveyed, stated=True)
