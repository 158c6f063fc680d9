"""Heights of the ground (標高): DEM PNG tiles, 基盤地図情報 DEM files; no data stays no data.

A tile's colour is x = 65536 R + 256 G + B: below 2^23 it is x centimetres, at 2^23 there is no
data, above it x - 2^24 centimetres. A DEM file (JPGIS GML) is a grid of 0.2 or 0.4 seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines.archives import unpacked
from sonae.engines.hazard.burning import Grid
from sonae.engines.hazard.ksj import refuse_doctype
from sonae.engines.hazard.tiles import TileLayer, is_tile_folder, open_tiles, pixel, pixels

_NONE = 1 << 23
_SEA = -9999.0
"""What DEM files write where there is no ground (海水面, データなし)."""


class Ground(Protocol):
    """Anything that knows heights."""

    def metres_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the height of each point (degrees) in metres, nan where there is no data."""
        ...


def heights(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the metres that a DEM tile's colours stand for; nan for no data and clear pixels."""
    wide = colours.astype(np.int64)
    value = wide[..., 0] * 65_536 + wide[..., 1] * 256 + wide[..., 2]
    metres = np.where(value < _NONE, value, value - (1 << 24)) * 0.01
    known = (value != _NONE) & (colours[..., 3] > 0)
    return np.where(known, metres, np.nan).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TileGround:
    """DEM tiles of a folder or an address with ``{z}/{x}/{y}``."""

    tiles: TileLayer
    _kept: dict[tuple[int, int], NDArray[np.float32] | None]

    def metres_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the height of each point; nan where a tile or a pixel has none."""
        x, y = pixel(np.asarray(lat, np.float64), np.asarray(lon, np.float64), self.tiles.zoom)
        found = np.full(len(x), np.nan, np.float32)
        names, at = np.unique(np.column_stack((x, y)) // 256, axis=0, return_inverse=True)
        for number, (column, row) in enumerate(names.tolist()):
            tile = self._tile(column, row)
            if tile is not None:
                here = np.flatnonzero(at.ravel() == number)
                found[here] = tile[y[here] % 256, x[here] % 256]
        return found

    def _tile(self, column: int, row: int) -> NDArray[np.float32] | None:
        """Return the heights of one tile (256, 256), None without one."""
        if (column, row) not in self._kept:
            raw = self.tiles.fetch(column, row)
            colours = None if raw is None else pixels(raw)
            self._kept[column, row] = None if colours is None else heights(colours)
        return self._kept[column, row]


@dataclass(frozen=True, eq=False)
class Elevation:
    """Heights on a grid of degrees, row 0 in the north: ``metres`` (rows, cols) float32, nan unknown."""

    metres: NDArray[np.float32]
    west: float
    north: float
    dlon: float
    dlat: float

    def metres_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the height of each point; nan outside the grid."""
        rows, cols = self.metres.shape
        row = np.floor((self.north - np.asarray(lat)) / self.dlat).astype(np.int64)
        col = np.floor((np.asarray(lon) - self.west) / self.dlon).astype(np.int64)
        inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
        found = self.metres.reshape(-1).take(np.where(inside, row * cols + col, 0))
        return np.where(inside, found, np.float32(np.nan)).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the raster as one ``.npz`` file."""
        place = np.array([self.west, self.north, self.dlon, self.dlat])
        np.savez(path, metres=self.metres, place=place)

    @classmethod
    def load(cls, path: Path) -> Elevation:
        """Read a raster written by `save`; SonaeError ``unreadable``."""
        try:
            with np.load(path, allow_pickle=False) as held:
                west, north, dlon, dlat = (float(one) for one in held["place"])
                return cls(held["metres"], west, north, dlon, dlat)
        except (OSError, ValueError, KeyError) as error:
            raise SonaeError("unreadable", f"{path.name}を標高として読めません。") from error


@dataclass(frozen=True, eq=False)
class Patchwork:
    """Several grounds: the first that knows a height gives it (finer survey first)."""

    parts: tuple[Ground, ...]

    def metres_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the height of each point from the first part that has one."""
        found = np.full(len(lat), np.nan, np.float32)
        for part in self.parts:
            lacking = np.flatnonzero(np.isnan(found))
            if not len(lacking):
                break
            found[lacking] = part.metres_at(lat[lacking], lon[lacking])
        return found


def read_dem(path: Path) -> Elevation:
    """Read one DEM file of 基盤地図情報; SonaeError ``doctype`` or ``unreadable``.

    The list of values may begin and end anywhere in the grid: what it leaves out has no height.
    """
    refuse_doctype(path)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.parse(str(path), parser).getroot()
        low, high = _numbers(root, "lowerCorner"), _numbers(root, "upperCorner")
        last_col, last_row = map(int, _numbers(root, "high"))
        start_col, start_row = map(int, _numbers(root, "startPoint"))
        text = root.findtext(".//{*}tupleList") or ""
        values = [float(line.rsplit(",", 1)[1]) for line in text.split() if "," in line]
        rows, cols = last_row + 1, last_col + 1
        first = start_row * cols + start_col
        flat = np.full(rows * cols, np.nan, np.float32)
        flat[first : first + len(values)] = np.where(np.array(values) <= _SEA, np.nan, values)
    except (OSError, etree.XMLSyntaxError, ValueError, IndexError) as error:
        raise SonaeError(
            "unreadable",
            f"{path.name}を標高（基盤地図情報 DEM）として読めません。",
            "FG-GML-…-DEM….xml か、DEMのPNGタイルを指定してください。",
        ) from error
    return Elevation(
        flat.reshape(rows, cols), low[1], high[0], (high[1] - low[1]) / cols,
        (high[0] - low[0]) / rows,
    )  # fmt: skip


def _numbers(root: etree._Element, name: str) -> list[float]:
    """Return the numbers of the first element of that name."""
    return [float(one) for one in (root.findtext(f".//{{*}}{name}") or "").split()]


def open_ground(spec: str, zoom: int | None = None) -> Ground:
    """Open DEM tiles (folder, address), a DEM file, a zip of them, or a raster saved before."""
    path = Path(spec)
    if "{z}" in spec or is_tile_folder(path):
        return TileGround(
            open_tiles(spec, "earthquake", zoom or (15 if "{z}" in spec else None)), {}
        )
    if path.suffix == ".npz":
        return Elevation.load(path)
    if path.suffix.lower() == ".zip":
        with unpacked(path) as folder:
            files = sorted(folder.rglob("*.xml"))
            return Patchwork(tuple(read_dem(file) for file in files if "DEM" in file.stem.upper()))
    return read_dem(path)


def raster_of(ground: Ground, grid: Grid) -> Elevation:
    """Return heights sampled at the middles of a grid's cells."""
    metres = np.empty((grid.rows, grid.cols), np.float32)
    for start in range(0, grid.rows, 64):
        some = slice(start, min(start + 64, grid.rows))
        metres[some] = ground.metres_at(*grid.middles(some)).reshape(-1, grid.cols)
    return Elevation(metres, grid.west, grid.north, grid.dlon, grid.dlat)


def bounds_of(grounds: Iterable[Elevation]) -> tuple[float, float, float, float]:
    """Return west, south, east, north around some rasters."""
    boxes = [
        (g.west, g.north - g.dlat * g.metres.shape[0], g.west + g.dlon * g.metres.shape[1], g.north)
        for g in grounds
    ]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
