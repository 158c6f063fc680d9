"""Lists of facilities as sites of the network, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import DESIGNATED, PARTIAL, Sites
from sonae.engines.shelters.listing import HAZARDS, Listed

GROUPS = ("elderly", "disabled", "child", "other")
FARTHEST_M = 1000.0
"""A site or an origin farther than this from any road is not on the network."""
_ORDINAL = {"yes": DESIGNATED, "partial": PARTIAL}


@dataclass(frozen=True, eq=False)
class Placed:
    """Facilities of a list on a network: ``sites`` for the engine, ``off_m`` metres to the road."""

    listed: tuple[Listed, ...]
    sites: Sites
    off_m: NDArray[np.float32]

    def far(self) -> list[Listed]:
        """Return the facilities with a position that lies too far from any road."""
        return [
            one
            for one, node in zip(self.listed, self.sites.node, strict=True)
            if node < 0 and one.lat is not None
        ]


def group_bits(names: Sequence[str]) -> int:
    """Return groups as bits of a mask; unknown names count as ``other``."""
    return sum({1 << GROUPS.index(name if name in GROUPS else "other") for name in names})


def place(listed: Sequence[Listed], network: Network) -> Placed:
    """Snap facilities to the network; those without a position or far from roads get node -1.

    Only a 指定緊急避難場所 has designations: a plain shelter is no destination of an evacuation.
    """
    lat = np.array([np.nan if one.lat is None else one.lat for one in listed])
    lon = np.array([np.nan if one.lon is None else one.lon for one in listed])
    known = np.isfinite(lat) & np.isfinite(lon)
    node, off = np.full(len(listed), -1, np.int32), np.full(len(listed), np.nan, np.float32)
    if known.any():
        at, metres = network.snap(lat[known], lon[known])
        node[known], off[known] = np.where(metres <= FARTHEST_M, at, -1), metres
    columns = {
        hazard: np.array([_ORDINAL.get(one.hazards[hazard], 0) for one in listed], np.uint8)
        for hazard in HAZARDS
    }
    admits = np.array([group_bits(one.restricted_to) for one in listed], np.uint8)
    usable = np.array([one.usable != "no" for one in listed], bool)
    return Placed(tuple(listed), Sites(node, columns, admits, usable), off)
