"""Single origins to their best designated site, with the way drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.graph import RouteTree, way, way_edges
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import REASONS, City, SiteChooser
from sonae.engines.evacuation.profiles import Profile
from sonae.engines.evacuation.sitefiles import FARTHEST_M, Placed
from sonae.engines.hazard.layer import Layer

Line = list[list[float]]


@dataclass(frozen=True)
class Route:
    """One origin's answer: ``site`` index into the list or -1 with ``reason``; metres and minutes.

    ``reason``: None, ``partial`` (only sites designated in part), ``none_designated``,
    ``none_open`` (all closed) or ``not_connected``. ``line``: longitude, latitude from the origin to the site.
    """

    site: int
    distance_m: float | None
    hazard_m: float | None
    minutes: float | None
    reason: str | None
    line: Line


class Router:
    """Answers for many origins from one tree: sites fitting the hazards, danger metres first."""

    def __init__(
        self,
        network: Network,
        placed: Placed,
        hazards: Sequence[str],
        layers: Sequence[Layer],
        profile: Profile,
        *,
        groups: int = 0,
    ) -> None:
        """Choose the sites and grow the tree once."""
        self._network, self._placed, self._profile = network, placed, profile
        graphs = City(network).graphs(layers)
        chooser = SiteChooser(graphs, placed.sites, hazards)
        everything = (1 << len(hazards)) - 1
        self.code, self.chosen = chooser.choose(everything, groups)
        self._graph = graphs[profile.stairs]
        self._tree: RouteTree = chooser.tree(self.chosen, profile.stairs)
        self._effort_m = chooser.effort_m(self.chosen, profile.stairs)

    def routes(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64], *, lines: bool = True
    ) -> list[Route]:
        """Return a route per origin (degrees)."""
        if not len(lat):
            return []
        node, off = self._network.snap(lat, lon)
        return [
            self._route((float(x), float(y)), int(n), float(m), lines)
            for x, y, n, m in zip(lon, lat, node, off, strict=True)
        ]

    def _route(self, origin: tuple[float, float], node: int, off_m: float, lines: bool) -> Route:
        """Return one origin's route; ``origin`` longitude, latitude."""
        if not len(self.chosen):
            return Route(-1, None, None, None, REASONS[self.code], [])
        best = int(self._tree.site[node])
        if best < 0 or off_m > FARTHEST_M:
            return Route(-1, None, None, None, "not_connected", [])
        metres = float(self._tree.distance_m[node]) + off_m
        site = int(self.chosen[best])
        line = self._line(origin, node, site) if lines else []
        minutes = (float(self._effort_m[node]) + off_m) / self._profile.speed / 60.0
        danger = float(self._tree.danger_m[node])
        return Route(site, metres, danger, minutes, REASONS[self.code] or None, line)

    def _line(self, origin: tuple[float, float], node: int, site: int) -> Line:
        """Return the way from the origin's door to the site's, without repeated points."""
        listed = self._placed.listed[site]
        nodes = way(self._tree, node)
        ends = [] if listed.lon is None or listed.lat is None else [(listed.lon, listed.lat)]
        edges = way_edges(self._graph, self._tree, nodes)
        points = [origin, *self._network.line(nodes, edges), *ends]
        line = [[round(lon, 7), round(lat, 7)] for lon, lat in points]
        return [point for i, point in enumerate(line) if not i or point != line[i - 1]]
