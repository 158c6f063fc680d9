"""Reads: the layers in use, and what they say about places."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings

from sonae.domains.hazards.models import HazardMap
from sonae.engines.hazard.layer import HazardLayer
from sonae.engines.hazard.lookup import ZONES, governing, zones

_loaded: dict[str, HazardLayer] = {}


def maps() -> list[HazardMap]:
    """Return the layers in use, by hazard and name, with source and date."""
    return list(HazardMap.objects.filter(active=True).order_by("hazard", "name"))


def layers() -> list[HazardLayer]:
    """Return the rasters of all layers in use; each is opened once per process (memory-mapped)."""
    found = []
    for row in maps():
        if row.folder not in _loaded:
            _loaded[row.folder] = HazardLayer.load(Path(settings.HOME) / row.folder)
        found.append(_loaded[row.folder])
    return found


def at_place(latitude: float, longitude: float, hazards: Sequence[str]) -> list[dict[str, object]]:
    """Say for each hazard whether the place (degrees) is ``inside``, ``outside`` or ``unknown``.

    Each answer has ``hazard``, ``zone``, ``rank`` (0–6), ``depth_m`` (upper bound, None when not
    stated), ``detail``, ``collapse``, ``source`` and ``date`` of the layer that decided.
    """
    held = layers()
    return [_one_place(held, hazard, latitude, longitude) for hazard in hazards]


def _one_place(
    held: Sequence[HazardLayer], hazard: str, latitude: float, longitude: float
) -> dict[str, object]:
    """Answer for one hazard at one place."""
    own = [layer for layer in held if layer.hazard == hazard]
    found = zones(own, np.array([latitude]), np.array([longitude]))
    rank, depth = int(found.rank[0]), float(found.depth_m[0])
    decided = own[int(found.layer[0])] if found.layer[0] >= 0 else next(iter(governing(own)), None)
    detail = decided.details[rank - 1] if decided and 0 < rank <= len(decided.details) else ""
    return {
        "hazard": hazard,
        "zone": ZONES[int(found.zone[0])],
        "rank": rank,
        "depth_m": None if np.isnan(depth) else depth,
        "detail": detail,
        "collapse": bool(found.collapse[0]),
        "source": decided.source if decided else "",
        "date": decided.date if decided else "",
    }
