"""What a walking network is like, and whom it does not reach: for commands and for the staff desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.network import Network

FARTHEST_M = 1000.0
"""A home or facility farther than this from the network is not on it."""
MOST_ISLANDS = 50


def describe(network: Network) -> dict[str, Any]:
    """Return figures: nodes, edges, kilometres (all, stairs, bridges, tunnels, off the main part).

    ``slope_known`` and ``width_known``: shares of the length. ``islands``: the parts that nothing
    joins to the main one, largest first: nodes, metres and the middle.
    """
    metres = np.asarray(network.length_m, np.float64)
    total = float(metres.sum())
    part = network.components()
    edge_part = part[network.tail] if len(network.tail) else np.zeros(0, np.int32)

    def km(chosen: NDArray[np.bool_]) -> float:
        return round(float(metres[chosen].sum()) / 1000, 2)

    def share(chosen: NDArray[np.bool_]) -> float:
        return round(float(metres[chosen].sum()) / total, 4) if total else 0.0

    parts = int(part.max(initial=-1)) + 1
    return {
        "nodes": len(network.lat),
        "edges": len(network.tail),
        "km": round(total / 1000, 2),
        "stairs_km": km(np.asarray(network.stairs)),
        "bridge_km": km(np.asarray(network.bridge)),
        "tunnel_km": km(np.asarray(network.tunnel)),
        "slope_known": share(np.asarray(network.slope_known)),
        "width_known": share(np.isfinite(network.width_m)),
        "components": parts,
        "main_nodes": int(np.count_nonzero(part == 0)),
        "off_main_nodes": int(np.count_nonzero(part > 0)),
        "off_main_km": km(edge_part > 0),
        "islands": _islands(network, edge_part, metres, min(parts, MOST_ISLANDS + 1)),
    }


def _islands(
    network: Network, edge_part: NDArray[np.int32], metres: NDArray[np.float64], parts: int
) -> list[dict[str, Any]]:
    """Return the parts beside the main one."""
    if parts < 2:
        return []
    part = network.components()
    length = np.bincount(edge_part, weights=metres, minlength=parts)
    nodes = np.bincount(part)
    lat, lon = (np.bincount(part, weights=axis) / nodes for axis in (network.lat, network.lon))
    return [
        {
            "nodes": int(nodes[n]), "metres": round(float(length[n]), 1),
            "lat": round(float(lat[n]), 6), "lon": round(float(lon[n]), 6),
        }
        for n in range(1, parts)
    ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reach:
    """How places lie to the network; arrays of one length.

    ``main_m``: metres to the main part, which every way starts from. ``any_m``: metres to any part.
    ``off``: farther than `FARTHEST_M` from the main part: no way can be offered. ``island``: the
    nearest way is joined to nothing, so that people walk to another one first.
    """

    main_m: NDArray[np.float32]
    any_m: NDArray[np.float32]
    off: NDArray[np.bool_]
    island: NDArray[np.bool_]


def reach(network: Network, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Reach:
    """Return how places (degrees) lie to the network."""
    if not len(lat):
        none = np.zeros(0, np.float32)
        return Reach(none, none, np.zeros(0, bool), np.zeros(0, bool))
    _, main = network.snap(lat, lon)
    node, near = network.snap(lat, lon, main_component=False)
    off = main > FARTHEST_M
    return Reach(main, near, off, ~off & (network.components()[node] > 0) & (main > near))
