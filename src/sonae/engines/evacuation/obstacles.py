"""Closed roads, collapses and water as edges of the walking network: which edges they lie on.

Reports arrive as points, lines or areas drawn by hand; within a tolerance they are taken to mean the
road beside them. A line means the roads that run along it, not those that only cross it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.engines.evacuation.danger import RoadState
from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network

TOLERANCE_M = 25.0
"""Half a wide road and the error of a click on a map; a point farther away means no road."""
BESIDE_M = 1.0
ALONG = 0.7
"""A piece of road runs along a line when so much of its length appears on the line."""
CLOSED, DANGER = "closed", "danger"


@dataclass(frozen=True)
class Obstruction:
    """One report: ``effect`` ``closed`` (nobody passes) or ``danger`` (water), where it lies.

    ``spreads``: debris covers every road within the tolerance; else a point means one road.
    """

    effect: str
    shape: Any
    spreads: bool = False


class Edges:
    """The edges of a network as lines in local metres with a search tree, made once per network."""

    def __init__(self, network: Network) -> None:
        """Project around the network's mean latitude; bends of an edge are kept."""
        self._scale = float(np.cos(np.radians(np.mean(network.lat)))) if len(network.lat) else 1.0
        self.count = len(network.tail)
        inner = np.diff(network.shape_start)
        edge = np.arange(self.count)
        order = np.concatenate((edge, np.repeat(edge, inner), edge))
        place = np.concatenate(
            (np.zeros(self.count), np.ones(int(inner.sum())), np.full(self.count, 2.0))
        )
        lon = np.concatenate(
            (network.lon[network.tail], network.shape_lon, network.lon[network.head])
        )
        lat = np.concatenate(
            (network.lat[network.tail], network.shape_lat, network.lat[network.head])
        )
        sorting = np.lexsort((place, order))
        points = self.metres(np.column_stack((lon, lat))[sorting])
        self.lines = (
            shapely.linestrings(points, indices=order[sorting])
            if self.count
            else np.zeros(0, object)
        )
        self._tree = shapely.STRtree(self.lines)

    def metres(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (longitude, latitude) pairs in local metres."""
        unit = np.array([METRES_PER_DEGREE * self._scale, METRES_PER_DEGREE])
        return np.asarray(degrees * unit, np.float64)

    def on(self, one: Obstruction, tolerance_m: float = TOLERANCE_M) -> NDArray[np.int64]:
        """Return the edges that an obstruction lies on; none when no road is near."""
        found = [
            self._part(part, one.spreads, tolerance_m)
            for part in shapely.get_parts(shapely.transform(one.shape, self.metres))
        ]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _part(self, part: Any, spreads: bool, tolerance_m: float) -> NDArray[np.int64]:
        """Return the edges of one point, line or area in metres."""
        if part.geom_type == "Polygon":
            return self._near(part, tolerance_m if spreads else 0.0)
        near = self._near(part, tolerance_m)
        if spreads or not len(near):
            return near
        away = shapely.distance(self.lines[near], part)
        if part.geom_type == "Point":
            return _nearest(near, away)
        along = near[self._runs_along(near, part)]
        return np.asarray(along, np.int64) if len(along) else _nearest(near, away)

    def _near(self, part: Any, metres: float) -> NDArray[np.int64]:
        """Return the edges within some metres of a shape."""
        rule = (
            {"predicate": "dwithin", "distance": metres} if metres else {"predicate": "intersects"}
        )
        found = self._tree.query(part, **rule)
        return np.sort(np.asarray(found, np.int64))

    def _runs_along(self, edges: NDArray[np.int64], line: Any) -> NDArray[np.bool_]:
        """Return which edges appear on the line with most of their length."""
        lines = self.lines[edges]
        ends = [shapely.line_locate_point(line, shapely.get_point(lines, at)) for at in (0, -1)]
        return np.asarray(np.abs(ends[1] - ends[0]) >= ALONG * shapely.length(lines), bool)


def _nearest(edges: NDArray[np.int64], away: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the edges that are no farther away than the nearest one, all of a junction."""
    return np.asarray(edges[away <= away.min() + BESIDE_M], np.int64)


def road_state(
    edges: Edges, obstructions: Iterable[Obstruction], tolerance_m: float = TOLERANCE_M
) -> RoadState:
    """Return which edges are closed and which are in danger: what a plan is handed."""
    marked: dict[str, list[NDArray[np.int64]]] = {CLOSED: [], DANGER: []}
    for one in obstructions:
        marked[one.effect].append(edges.on(one, tolerance_m))
    none = np.zeros(0, np.int64)
    closed, danger = (np.unique(np.concatenate([none, *found])) for found in marked.values())
    return RoadState(closed, danger)
