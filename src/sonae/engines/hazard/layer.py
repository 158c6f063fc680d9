"""One hazard layer (ハザード情報のレイヤ): a raster of ranks with its source, date and extent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

OUTSIDE = 0
UNREADABLE = 254
NOT_SURVEYED = 255
_BLOCK = 32_768
"""Points looked up at once: their columns (1 MB) stay in the cache, whatever the whole number is."""


class Layer(Protocol):
    """What every kind of layer answers, whatever it is kept as; fields as in `HazardLayer`."""

    @property
    def name(self) -> str:
        """Return the layer's name."""
        ...

    @property
    def hazard(self) -> str:
        """Return flood, landslide, tsunami or storm_surge …"""
        ...

    @property
    def kind(self) -> str:
        """Return what the ranks mean: depth, zone or line."""
        ...

    @property
    def source(self) -> str:
        """Return whose data it is."""
        ...

    @property
    def date(self) -> str:
        """Return the day of the data, ISO text."""
        ...

    @property
    def scale(self) -> str:
        """Return the assumed scale (L1, L2), or nothing."""
        ...

    @property
    def depths(self) -> tuple[tuple[float, float | None], ...]:
        """Return each rank's depth from–to, in metres."""
        ...

    @property
    def details(self) -> tuple[str, ...]:
        """Return each rank's official name."""
        ...

    def ranks_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the rank at each point (degrees): 0 outside, 254 unreadable, 255 not surveyed."""
        ...


@dataclass(frozen=True, eq=False)
class HazardLayer:
    """Ranks of one hazard on a grid of EPSG:4326 degrees, row 0 in the north.

    ``hazard``: flood, landslide, tsunami, storm_surge, inland_flood, earthquake, fire or volcano.
    ``kind``: ``depth`` (``depths`` gives metres [from, to) per rank from 1, open end None),
    ``zone``, ``collapse`` (家屋倒壊等氾濫想定区域) or ``duration``. ``ranks``: uint8, 0 outside,
    1–6 rank, 254 unreadable, 255 not surveyed. ``scale``: ``L1`` 計画規模, ``L2`` 想定最大規模 or
    empty. ``rivers``: 予報区域 codes that the layer belongs to; empty = any.
    """

    name: str
    hazard: str
    kind: str
    ranks: NDArray[np.uint8]
    west: float
    north: float
    dlon: float
    dlat: float
    source: str
    date: str
    scale: str
    depths: tuple[tuple[float, float | None], ...]
    details: tuple[str, ...]
    rivers: tuple[str, ...] = ()

    def ranks_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the rank at each point (degrees, equal shapes); 255 outside the raster."""
        south_first = np.asarray(lat, np.float64)
        west_first = np.asarray(lon, np.float64)
        found = np.empty(south_first.shape, np.uint8)
        flat, lats, lons = found.reshape(-1), south_first.reshape(-1), west_first.reshape(-1)
        for start in range(0, len(flat), _BLOCK):
            some = slice(start, start + _BLOCK)
            flat[some] = self._block(lats[some], lons[some])
        return found

    def _block(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the ranks of so few points that all columns stay in the processor's cache."""
        rows, cols = self.ranks.shape
        down = (self.north - lat) / self.dlat
        across = (lon - self.west) / self.dlon
        inside = (down >= 0) & (down < rows) & (across >= 0) & (across < cols)
        if not inside.all():
            down, across = np.where(inside, down, 0.0), np.where(inside, across, 0.0)
        at = down.astype(np.int64)
        at *= cols
        at += across.astype(np.int64)
        # Every index lies in the raster: "clip" only spares the check of each.
        found = self.ranks.reshape(-1).take(at, mode="clip")
        found[~inside] = NOT_SURVEYED
        return found

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north of the raster in degrees."""
        rows, cols = self.ranks.shape
        east, south = self.west + cols * self.dlon, self.north - rows * self.dlat
        return self.west, south, east, self.north

    def save(self, folder: Path) -> None:
        """Write ``ranks.npy`` and ``layer.json`` into ``folder`` (made when absent)."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "ranks.npy", self.ranks)
        facts = {k: v for k, v in self.__dict__.items() if k != "ranks"}
        (folder / "layer.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> HazardLayer:
        """Read a layer written by `save`; the raster is memory-mapped."""
        facts = json.loads((folder / "layer.json").read_text("utf-8"))
        facts["depths"] = tuple(tuple(pair) for pair in facts["depths"])
        facts["details"] = tuple(facts["details"])
        facts["rivers"] = tuple(facts["rivers"])
        return cls(ranks=np.load(folder / "ranks.npy", mmap_mode="r"), **facts)
