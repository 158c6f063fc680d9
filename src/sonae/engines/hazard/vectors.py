"""Reading polygon hazard data (国土数値情報 A31, A31a, A33, A40, A49, or own ranks) as layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines import geofiles
from sonae.engines.geofiles import Features
from sonae.engines.hazard.codes import (
    A31A_GROUPS,
    DEPTHS,
    LANDSLIDE,
    LANDSLIDE_BEFORE,
    OLD_STEPS,
    depth_range,
    whole,
)
from sonae.engines.hazard.layer import UNREADABLE
from sonae.engines.hazard.polygons import PolygonLayer

_RANGES = {"A40_003": "tsunami", "A49_003": "storm_surge"}
_OWN = "rank"
_HINT = "A31a_205・A31_001・A33_002・A40_003・A49_003、または rank の列が要ります。"


def read_polygons(path: Path, hazard: str | None = None) -> list[PolygonLayer]:
    """Read one vector file as one layer, or two where it mixes designated and planned zones.

    ``hazard`` names the hazard of a file with its own ``rank`` column (1–6, depths as in the
    standard legend for floods). A value that cannot be read makes its polygon unreadable, never
    absent. Raises SonaeError ``unknown_layer`` when no column says what the polygons mean.
    """
    found = geofiles.read(path)
    found = found.where(np.isin(shapely.get_type_id(found.shapes), (3, 6)))
    if not len(found.shapes):
        raise SonaeError("unknown_layer", f"{path.name}に面の図形がありません。")
    for column, (kind, scale) in A31A_GROUPS.items():
        if column in found.columns:
            ranks = _codes(found.columns[column], range(1, 7))
            return [_layer(path, found, ranks, "flood", kind, scale=scale)]
    if "A31_001" in found.columns:
        ranks = _codes(found.columns["A31_001"], OLD_STEPS, start=20)
        return [_layer(path, found, ranks, "flood", "depth", depths=tuple(OLD_STEPS.values()))]
    if "A33_002" in found.columns:
        return _landslide(path, found)
    for column, name in _RANGES.items():
        if column in found.columns:
            return [_by_range(path, found, column, name)]
    return [_own_ranks(path, found, hazard)]


def _codes(values: NDArray[Any], known: Any, start: int = 0) -> NDArray[np.uint8]:
    """Return ranks of coded values; unknown codes are unreadable."""
    numbers = [whole(value) for value in values]
    ranks = [n - start if n is not None and n in known else UNREADABLE for n in numbers]
    return np.array(ranks, np.uint8)


def _layer(
    path: Path,
    found: Features,
    ranks: NDArray[np.uint8],
    hazard: str,
    kind: str,
    *,
    scale: str = "",
    depths: tuple[tuple[float, float | None], ...] = DEPTHS,
    details: tuple[str, ...] = (),
    name: str = "",
) -> PolygonLayer:
    """Put a layer together; its ground is the box around the whole file."""
    shapes = shapely.force_2d(found.shapes)
    return PolygonLayer(
        name=name or path.stem,
        hazard=hazard,
        kind=kind,
        shapes=shapes,
        rank=ranks,
        surveyed=shapely.box(*shapely.total_bounds(shapes)),
        source=path.name,
        scale=scale,
        depths=depths if kind == "depth" else (),
        details=details,
    )


def _landslide(path: Path, found: Features) -> list[PolygonLayer]:
    """Return the designated zones and, apart from them, those before designation."""
    codes = _codes(found.columns["A33_002"], range(1, 5))
    planned = np.isin(codes, (3, 4))
    named, later = ~planned, np.where(planned, codes - 2, codes).astype(np.uint8)
    ground = shapely.box(*shapely.total_bounds(found.shapes))
    layers = []
    for keep, details, suffix in (
        (named, LANDSLIDE, ""),
        (planned, LANDSLIDE_BEFORE, "（指定前）"),
    ):
        if keep.any():
            part = found.where(keep)
            name = path.stem + suffix
            made = _layer(path, part, later[keep], "landslide", "zone", details=details, name=name)
            layers.append(replace(made, surveyed=ground))
    return layers


def _by_range(path: Path, found: Features, column: str, hazard: str) -> PolygonLayer:
    """Return depths written as text; each distinct range is a rank, shallow to deep."""
    ranges = [depth_range(value) for value in found.columns[column]]
    known = sorted({one for one in ranges if one is not None}, key=lambda r: (r[0], r[1] or np.inf))
    number = {one: rank for rank, one in enumerate(known, start=1)}
    ranks = np.array([UNREADABLE if one is None else number[one] for one in ranges], np.uint8)
    return _layer(path, found, ranks, hazard, "depth", scale="L2", depths=tuple(known))


def _own_ranks(path: Path, found: Features, hazard: str | None) -> PolygonLayer:
    """Return a file with a plain ``rank`` column and a hazard named by the file or the caller."""
    stated = found.columns.get("hazard")
    names = {str(value) for value in stated} if stated is not None else set()
    name = hazard or (names.pop() if len(names) == 1 else None)
    if _OWN not in found.columns or name is None:
        raise SonaeError("unknown_layer", f"{path.name}の区域が何を表すか分かりません。", _HINT)
    if name == "landslide":
        ranks = _codes(found.columns[_OWN], range(1, 3))
        return _layer(path, found, ranks, name, "zone", details=LANDSLIDE)
    ranks = _codes(found.columns[_OWN], range(1, 7))
    return _layer(path, found, ranks, name, "depth")
