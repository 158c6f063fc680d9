"""How many metres of each edge of the network lie in danger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network
from sonae.engines.hazard.layer import OUTSIDE, UNREADABLE, Layer
from sonae.engines.hazard.lookup import EXTENTS, governing

STEP_M = 10.0


def _points(network: Network) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return all points of all edges in order: edge number, latitude, longitude."""
    edges = np.arange(len(network.tail))
    inner = np.repeat(edges, np.diff(network.shape_start))
    edge = np.concatenate((edges, inner, edges))
    place = np.concatenate((np.zeros(len(edges)), np.ones(len(inner)), np.full(len(edges), 2.0)))
    lat = np.concatenate((network.lat[network.tail], network.shape_lat, network.lat[network.head]))
    lon = np.concatenate((network.lon[network.tail], network.shape_lon, network.lon[network.head]))
    order = np.lexsort((place, edge))
    return edge[order], lat[order], lon[order]


class Samples:
    """Points every 10 m or closer along every edge, computed once per network.

    ``edge``: edge number of each sample. ``share``: the part of the edge's length (0–1) that the
    sample stands for; the shares of an edge add up to 1.
    """

    def __init__(self, network: Network) -> None:
        """Cut every straight piece of every edge into equal parts and keep their middles."""
        edge, lat, lon = _points(network)
        same = edge[1:] == edge[:-1]
        start = np.flatnonzero(same)
        scale = np.cos(np.radians(float(np.mean(network.lat)))) if len(network.lat) else 1.0
        dy = (lat[start + 1] - lat[start]) * METRES_PER_DEGREE
        dx = (lon[start + 1] - lon[start]) * METRES_PER_DEGREE * scale
        metres = np.hypot(dx, dy)
        parts = np.maximum(np.ceil(metres / STEP_M), 1).astype(np.int64)
        piece = np.repeat(np.arange(len(start)), parts)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(parts) - parts, parts)
        middle = (nth + 0.5) / parts[piece]
        first = start[piece]
        self.lat = lat[first] + (lat[first + 1] - lat[first]) * middle
        self.lon = lon[first] + (lon[first + 1] - lon[first]) * middle
        self.edge = edge[first]
        weight = np.maximum(metres, 1e-6)[piece] / parts[piece]
        total = np.bincount(self.edge, weights=weight, minlength=len(network.tail))
        self.share = weight / total[self.edge]


_NO_EDGES: NDArray[np.int64] = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class RoadState:
    """What is known of the roads at this moment, beyond the maps; edge numbers of one network.

    ``closed``: edges that nobody can walk (通行止め, a landslide across the road). ``danger``: edges
    seen in danger (observed flooding): their whole length counts as metres in danger.
    """

    closed: NDArray[np.int64] = field(default_factory=lambda: _NO_EDGES)
    danger: NDArray[np.int64] = field(default_factory=lambda: _NO_EDGES)

    def key(self) -> tuple[bytes, bytes]:
        """Return what tells two states apart."""
        return np.unique(self.closed).tobytes(), np.unique(self.danger).tobytes()


@dataclass(frozen=True, eq=False)
class Ground:
    """What lies under each edge, as shares (0–1) of its length (m,): ``danger``, ``unsurveyed``."""

    danger: NDArray[np.float64]
    unsurveyed: NDArray[np.float64]

    def with_danger(
        self, network: Network, observed: NDArray[np.int64] = _NO_EDGES
    ) -> NDArray[np.float32]:
        """Return metres in danger per edge, ``observed`` edges whole."""
        share = self.danger
        if len(observed):
            share = share.copy()
            share[observed] = 1.0
        return (share * network.length_m).astype(np.float32)

    def unsurveyed_m(self, network: Network) -> NDArray[np.float32]:
        """Return the metres per edge on which nobody knows whether there is danger."""
        return (self.unsurveyed * network.length_m).astype(np.float32)


Seen = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def seen_by(layer: Layer, samples: Samples) -> Seen:
    """Return at which samples a layer says danger, and at which it was surveyed."""
    ranks = layer.ranks_at(samples.lat, samples.lon)
    return (ranks > OUTSIDE) & (ranks < UNREADABLE), ranks < UNREADABLE


def edge_ground(
    network: Network,
    samples: Samples,
    layers: Iterable[Layer],
    look: Callable[[Layer], Seen] | None = None,
) -> Ground:
    """Return which share of each edge lies in danger, and which on ground not surveyed for a hazard.

    A place is in danger when any layer says so. It is unsurveyed when for one of the hazards no
    layer says so and none of the layers that could exclude it was surveyed there (see
    `lookup.governing`). ``look``: `seen_by` for these samples, from a memory.
    """
    asked = look or (lambda layer: seen_by(layer, samples))
    by_hazard: dict[str, list[Layer]] = {}
    for layer in layers:
        if layer.kind != "duration":
            by_hazard.setdefault(layer.hazard, []).append(layer)
    wet = np.zeros(len(samples.edge), bool)
    unsure = np.zeros(len(samples.edge), bool)
    for own in by_hazard.values():
        seen = {id(layer): asked(layer) for layer in own}
        inside = np.logical_or.reduce([danger for danger, _ in seen.values()])
        deciding = governing([one for one in own if one.kind in EXTENTS])
        wet |= inside
        unsure |= ~np.logical_or.reduce([inside, *(seen[id(one)][1] for one in deciding)])
    unsure &= ~wet
    return Ground(_shares(network, samples, wet), _shares(network, samples, unsure))


def _shares(network: Network, samples: Samples, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return which share of each edge the chosen samples stand for."""
    weights, edges = samples.share[chosen], samples.edge[chosen]
    return np.asarray(np.bincount(edges, weights, len(network.tail)), np.float64)
