"""Reads: the layers in use, and what they say about places."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings

from sonae.core.errors import SonaeError
from sonae.domains.hazards.models import HazardMap
from sonae.domains.hazards.obstacles import observed_layers
from sonae.engines.hazard import stored
from sonae.engines.hazard.layer import HazardLayer, Layer
from sonae.engines.hazard.lookup import IN, OUT, ZONES, governing, zones

_loaded: dict[str, HazardLayer] = {}


def maps() -> list[HazardMap]:
    """Return the layers in use, by hazard and name, with source and date."""
    return list(HazardMap.objects.filter(state="active").order_by("hazard", "name"))


def drafts() -> list[HazardMap]:
    """Return the layers that wait for a decision, newest first."""
    rows = HazardMap.objects.filter(state="draft").select_related("replaces")
    return list(rows.order_by("-loaded_at"))


def retired(limit: int = 30) -> list[HazardMap]:
    """Return the layers that were in use, the newest decisions first."""
    return list(HazardMap.objects.filter(state="retired").order_by("-decided_at", "-pk")[:limit])


def hazard_map(pk: int) -> HazardMap:
    """Return one layer, whatever its state; SonaeError ``not_found``."""
    row = HazardMap.objects.select_related("replaces").filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "このハザード情報はありません。")
    return row


def folder_of(row: HazardMap) -> Path:
    """Return where a layer's files lie."""
    return Path(settings.HOME) / row.folder


def has_areas(row: HazardMap) -> bool:
    """Tell whether a layer was loaded as polygons, so that single places are answered exactly."""
    return stored.has_areas(folder_of(row))


def raster(row: HazardMap) -> HazardLayer:
    """Return a layer's raster, opened once per process (memory-mapped)."""
    if row.folder not in _loaded:
        _loaded[row.folder] = HazardLayer.load(folder_of(row))
    return _loaded[row.folder]


def layers() -> list[HazardLayer]:
    """Return the rasters of all layers in use."""
    return [raster(row) for row in maps()]


def planning_layers() -> list[Layer]:
    """Return the layers in use and the flooding that was observed, for plans of everybody."""
    return [*layers(), *observed_layers()]


class _Exact:
    """A layer in use asked about single places: by its polygons where it has them."""

    def __init__(self, row: HazardMap) -> None:
        self._row, self._raster = row, raster(row)

    def __getattr__(self, name: str) -> object:
        return getattr(self._raster, name)

    def ranks_at(
        self, lat: "np.typing.NDArray[np.float64]", lon: "np.typing.NDArray[np.float64]"
    ) -> "np.typing.NDArray[np.uint8]":
        """Return the rank at each point (degrees)."""
        folder = folder_of(self._row)
        found = [
            stored.rank_at(folder, self._raster, float(y), float(x))
            for y, x in zip(lat, lon, strict=True)
        ]
        return np.array(found, np.uint8)


def at_place(latitude: float, longitude: float, hazards: Sequence[str]) -> list[dict[str, object]]:
    """Say for each hazard whether the place (degrees) is ``inside``, ``outside`` or ``unknown``.

    Exact to the edge where a layer was loaded as polygons, and with the flooding observed now. Each
    answer has ``hazard``, ``zone``, ``rank`` (0–6), ``depth_m`` (upper bound, None when not stated),
    ``detail``, ``collapse``, ``source`` and ``date`` of the layer that decided.
    """
    held: list[Layer] = [_Exact(row) for row in maps()]  # type: ignore[misc]
    held += observed_layers()
    return [_one_place(held, hazard, latitude, longitude) for hazard in hazards]


def _one_place(
    held: Sequence[Layer], hazard: str, latitude: float, longitude: float
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


@dataclass(frozen=True)
class Spread:
    """One hazard over many places: ``zone`` inside, divided, outside or unknown of them together.

    ``divided``: some lie inside and some do not. ``outside``: all do, and were surveyed. ``share``:
    of the places inside. ``depth_m``: upper bound of the deepest, None when not stated; ``detail``
    the gravest class in words.
    """

    hazard: str
    zone: str
    share: float
    depth_m: float | None
    detail: str
    collapse: bool
    source: str
    date: str


def over_places(
    lat: "np.typing.NDArray[np.float64]",
    lon: "np.typing.NDArray[np.float64]",
    hazards: Sequence[str],
) -> list[Spread]:
    """Say for each hazard what holds for all the places (degrees) together, with the flooding seen now."""
    held = planning_layers()
    return [
        _spread([one for one in held if one.hazard == name], name, lat, lon) for name in hazards
    ]


def _spread(
    own: Sequence[Layer],
    hazard: str,
    lat: "np.typing.NDArray[np.float64]",
    lon: "np.typing.NDArray[np.float64]",
) -> Spread:
    """Answer for one hazard over many places."""
    found = zones(own, lat, lon)
    inside = found.zone == IN
    share = float(inside.mean()) if len(lat) else 0.0
    known = "outside" if len(lat) and (found.zone == OUT).all() else "unknown"
    zone = known if not inside.any() else "inside" if inside.all() else "divided"
    worst = int(np.argmax(found.rank)) if len(lat) else 0
    rank = int(found.rank[worst]) if len(lat) else 0
    decided = own[int(found.layer[worst])] if rank else next(iter(governing(own)), None)
    detail = decided.details[rank - 1] if decided and 0 < rank <= len(decided.details) else ""
    deep = found.depth_m[inside & ~np.isnan(found.depth_m)]
    return Spread(
        hazard, zone, share, float(deep.max()) if len(deep) else None, detail,
        bool(found.collapse.any()), decided.source if decided else "", decided.date if decided else "",
    )  # fmt: skip
