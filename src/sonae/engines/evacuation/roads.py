"""Road files (道路データ) as a walking network: every vertex a node, every piece an edge once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from sonae.core.errors import SonaeError
from sonae.engines import geofiles
from sonae.engines.evacuation.network import Network
from sonae.engines.geofiles import Features

NOT_FOR_WALKERS = ("motorway", "motorway_link")
"""自動車専用道路: walking there is forbidden (道路法 第48条の11)."""
_COLUMNS = ("highway", "access", "foot", "h_s_SAMPLE", "h_e_SAMPLE", "length")
_GRID = 1e-7
"""Vertices closer than this many degrees (1 cm) are one place."""
_EARTH = Geod(ellps="GRS80")


def read_roads(path: Path, *, source: str = "", date: str = "") -> Network:
    """Read line features as a network for people on foot; directions of traffic do not count.

    Understands OpenStreetMap's ``highway``, ``access`` and ``foot`` and heights at start and end
    (``h_s_SAMPLE``, ``h_e_SAMPLE``) where the file has them. A folder written by `Network.save` is
    read as it is. Raises SonaeError ``no_lines`` when the file holds no line.
    """
    if path.is_dir():
        return _saved(path)
    found = geofiles.read(path, _COLUMNS)
    found = found.where(_walkable(found))
    if not len(found.shapes):
        raise SonaeError("no_lines", f"{path.name}に歩ける道がありません。")
    return from_lines(found, source=source or path.name, date=date)


def _saved(folder: Path) -> Network:
    """Read a network saved before; SonaeError when the folder holds none."""
    try:
        return Network.load(folder)
    except (OSError, ValueError, TypeError) as error:
        raise SonaeError(
            "unreadable", f"{folder.name}は道路網のフォルダではありません。"
        ) from error


def _walkable(found: Features) -> NDArray[np.bool_]:
    """Return which features are lines that people may walk on."""
    highway, foot = found.column("highway"), found.column("foot")
    access = found.column("access")
    lines = np.isin(shapely.get_type_id(found.shapes), (1, 5)) & ~shapely.is_empty(found.shapes)
    barred = np.isin(highway, NOT_FOR_WALKERS) | (foot == "no")
    barred |= np.isin(access, ("no", "private")) & ~np.isin(foot, ("yes", "designated"))
    return np.asarray(lines & ~barred, bool)


def from_lines(found: Features, *, source: str, date: str) -> Network:
    """Cut lines at every vertex into edges; of equal edges the first counts."""
    parts, line = shapely.get_parts(found.shapes, return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    keys = np.rint(points / _GRID).astype(np.int64)
    _, first, node = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    joined = np.flatnonzero((part[1:] == part[:-1]) & (node.ravel()[1:] != node.ravel()[:-1]))
    tail, head = node.ravel()[joined], node.ravel()[joined + 1]
    owner = line[part[joined]]
    keep = _once(tail, head, len(first))
    tail, head, owner = tail[keep], head[keep], owner[keep]
    lon, lat = points[first, 0], points[first, 1]
    _, _, metres = _EARTH.inv(lon[tail], lat[tail], lon[head], lat[head])
    empty = np.zeros(0)
    return Network(
        lat=lat,
        lon=lon,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=np.asarray(metres, np.float32),
        slope=_slope(found)[owner],
        stairs=_tagged(found.column("highway"), "steps")[owner],
        shape_start=np.zeros(len(tail) + 1, np.int32),
        shape_lat=empty,
        shape_lon=empty,
        source=source,
        date=date,
    )


def _tagged(values: NDArray[Any], tag: str) -> NDArray[np.bool_]:
    """Return which values name the tag; simplified data join several by commas."""
    return np.array([tag in str(value).split(",") for value in values], bool)


def _once(tail: NDArray[np.intp], head: NDArray[np.intp], nodes: int) -> NDArray[np.intp]:
    """Return the positions of the first of each pair of nodes, in the order of the file."""
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head)
    _, first = np.unique(low * nodes + high, return_index=True)
    return np.sort(first)


def _slope(found: Features) -> NDArray[np.float32]:
    """Return rise over run of each line in its own direction; 0 where heights are not given."""
    columns = ("h_s_SAMPLE", "h_e_SAMPLE", "length")
    if any(name not in found.columns for name in columns):
        return np.zeros(len(found.shapes), np.float32)
    start, end, length = (found.columns[name].astype(np.float64) for name in columns)
    run = np.where(length > 0, length, np.nan)
    return np.nan_to_num((end - start) / run).astype(np.float32)
