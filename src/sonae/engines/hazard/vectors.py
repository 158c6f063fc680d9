"""Reading polygon hazard data (国土数値情報 A31, A31a, A33, A40, A49, or own ranks) as layers."""

from __future__ import annotations

from collections.abc import Iterable
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
    A31_FIELD,
    A31_GROUP,
    A31_KINDS,
    COLLAPSE,
    DEPTHS,
    DURATION_RANKS,
    LANDSLIDE,
    LANDSLIDE_BEFORE,
    OLD_FIVE_STEPS,
    OLD_STEPS,
    depth_range,
    whole,
)
from sonae.engines.hazard.defects import Defect, counted, unreadable_values
from sonae.engines.hazard.ksj import is_ksj, read_ksj
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
    found, defects = _areas(path)
    layers = _interpreted(path, found, hazard)
    date = _date_of(found)
    return [replace(one, date=one.date or date, defects=(*defects, *one.defects)) for one in layers]


def _interpreted(path: Path, found: Features, hazard: str | None) -> list[PolygonLayer]:
    """Return the layers that the columns of a file speak of."""
    group = next((m[1] for name in found.columns if (m := A31_GROUP.match(name))), None)
    if group is not None:
        return [_flood(path, found, group)]
    if "A31_001" in found.columns:
        return [_old_flood(path, found)]
    if "A33_002" in found.columns:
        return _landslide(path, found)
    for column, name in _RANGES.items():
        if column in found.columns:
            return [_by_range(path, found, column, name)]
    return [_own_ranks(path, found, hazard)]


def _areas(path: Path) -> tuple[Features, tuple[Defect, ...]]:
    """Return the features that are areas, sound ones, and what was wrong with the others."""
    found = read_ksj(path) if is_ksj(path) else geofiles.read(path)
    kinds = shapely.get_type_id(found.shapes)
    areas = np.isin(kinds, (3, 6)) & ~shapely.is_empty(found.shapes)
    lost = np.flatnonzero(~areas) + 1
    if not areas.any():
        raise SonaeError("unknown_layer", f"{path.name}に面の図形がありません。")
    broken = areas & ~shapely.is_valid(found.shapes)
    shapes = found.shapes.copy()
    shapes[broken] = shapely.make_valid(shapes[broken])
    defects = (
        *counted("no_area", "left_out", lost.tolist(), path.name),
        *counted("invalid_shape", "corrected", (np.flatnonzero(broken) + 1).tolist(), path.name),
    )
    return Features(shapes, found.columns).where(areas), defects


def _codes(values: Iterable[Any], known: Any, start: int = 0) -> NDArray[np.uint8]:
    """Return ranks of coded values; unknown codes are unreadable."""
    numbers = [whole(value) for value in values]
    ranks = [n - start if n is not None and n in known else UNREADABLE for n in numbers]
    return np.array(ranks, np.uint8)


def _date_of(found: Features) -> str:
    """Return the newest day that the features themselves state (告示日: A33_006), or nothing."""
    days = {str(value)[:10] for value in found.column("A33_006", "date") if value is not None}
    sound = [day for day in days if len(day) == 10 and day[:2] in {"19", "20"}]
    return max(sound, default="").replace("/", "-")


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
    column: str = "",
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
        defects=unreadable_values(found.columns[column], ranks, column, path.name)
        if column
        else (),
    )


def _flood(path: Path, found: Features, group: str) -> PolygonLayer:
    """Return A31a (and A31 of 2019–2021): depth, duration, or where houses are torn away."""
    kind, scale = A31_KINDS[group]
    column = next((name for name in found.columns if A31_FIELD.match(name)), "")
    if kind == "collapse":
        number = 2 if "-42" in path.stem or "河岸" in path.stem else 1
        ranks = np.full(len(found.shapes), number, np.uint8)
        return _layer(path, found, ranks, "flood", kind, scale=scale, details=COLLAPSE)
    if not column:
        raise SonaeError("unknown_layer", f"{path.name}にランクの列がありません。", _HINT)
    known = DURATION_RANKS if kind == "duration" else range(1, 7)
    ranks = _codes(found.columns[column], known)
    return _layer(path, found, ranks, "flood", kind, scale=scale, column=column)


def _old_flood(path: Path, found: Features) -> PolygonLayer:
    """Return A31 of 2012: codes 11–15 and 21–27 are two scales that one file may mix."""
    steps = sorted({*OLD_FIVE_STEPS.values(), *OLD_STEPS.values()}, key=_by_depth)
    number = {one: rank for rank, one in enumerate(steps, start=1)}
    codes = {**OLD_FIVE_STEPS, **OLD_STEPS}
    read = [whole(value) for value in found.columns["A31_001"]]
    ranks = [number[codes[n]] if n is not None and n in codes else UNREADABLE for n in read]
    return _layer(
        path, found, np.array(ranks, np.uint8), "flood", "depth", depths=tuple(steps),
        column="A31_001",
    )  # fmt: skip


def _by_depth(one: tuple[float, float | None]) -> tuple[float, float]:
    """Return the order of ranges of depth, shallow to deep, an open end last."""
    return one[0], np.inf if one[1] is None else one[1]


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
            made = _layer(
                path, part, later[keep], "landslide", "zone", details=details, name=name,
                column="A33_002",
            )  # fmt: skip
            layers.append(replace(made, surveyed=ground))
    return layers


def _by_range(path: Path, found: Features, column: str, hazard: str) -> PolygonLayer:
    """Return depths written as text; each distinct range is a rank, shallow to deep."""
    ranges = [depth_range(value) for value in found.columns[column]]
    known = sorted({one for one in ranges if one is not None}, key=_by_depth)
    number = {one: rank for rank, one in enumerate(known, start=1)}
    ranks = np.array([UNREADABLE if one is None else number[one] for one in ranges], np.uint8)
    return _layer(
        path, found, ranks, hazard, "depth", scale="L2", depths=tuple(known), column=column
    )


def _own_ranks(path: Path, found: Features, hazard: str | None) -> PolygonLayer:
    """Return a file with a plain ``rank`` column and a hazard named by the file or the caller."""
    stated = found.columns.get("hazard")
    names = {str(value) for value in stated} if stated is not None else set()
    name = hazard or (names.pop() if len(names) == 1 else None)
    if _OWN not in found.columns or name is None:
        raise SonaeError("unknown_layer", f"{path.name}の区域が何を表すか分かりません。", _HINT)
    if name == "landslide":
        ranks = _codes(found.columns[_OWN], range(1, 3))
        return _layer(path, found, ranks, name, "zone", details=LANDSLIDE, column=_OWN)
    ranks = _codes(found.columns[_OWN], range(1, 7))
    return _layer(path, found, ranks, name, "depth", column=_OWN)


def merged(layers: Iterable[PolygonLayer]) -> list[PolygonLayer]:
    """Put layers together that say the same kind of thing on the same scale (one river per file)."""
    groups: dict[tuple[object, ...], list[PolygonLayer]] = {}
    for one in layers:
        key = (one.hazard, one.kind, one.scale, one.depths, one.details, one.stated)
        groups.setdefault(key, []).append(one)
    return [_together(group) for group in groups.values()]


def _together(group: list[PolygonLayer]) -> PolygonLayer:
    """Return one layer of all the polygons; its ground is all the grounds."""
    if len(group) == 1:
        return group[0]
    return replace(
        group[0],
        shapes=np.concatenate([one.shapes for one in group]),
        rank=np.concatenate([one.rank for one in group]),
        surveyed=shapely.union_all([one.surveyed for one in group]),
        date=max(one.date for one in group),
        source="、".join(dict.fromkeys(one.source for one in group))[:200],
        defects=tuple(defect for one in group for defect in one.defects),
    )
