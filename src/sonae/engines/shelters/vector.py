"""Lists of facilities as map data: 国土数値情報 P20 (避難施設) and any file with points and columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from sonae.engines import geofiles
from sonae.engines.shelters.listing import UNSTATED, Defect, Listed, Reading
from sonae.engines.shelters.sheets import Sheet
from sonae.engines.shelters.table import read_sheet

_P20_KIND: Final = "P20_004"
_P20_FLAGS: Final = tuple(f"P20_{number:03d}" for number in range(7, 13))


def read_vector(path: Path) -> Reading:
    """Read a Shapefile, GeoPackage or other map file; the geometry is the position.

    P20 dates from 2012, before designation per hazard was law (災害対策基本法 第49条の4, 2013): its flags
    designate nothing. They are kept as written and named once.
    """
    found = geofiles.read(path)
    columns = {name: [_text(one) for one in values] for name, values in found.columns.items()}
    places = shapely.centroid(found.shapes)
    names = [name for name in columns if name not in {"緯度", "経度"}]
    lat, lon = shapely.get_y(places), shapely.get_x(places)
    rows = [
        (at + 1, [*(columns[name][at] for name in names), _degrees(lat[at]), _degrees(lon[at])])
        for at in range(len(places))
    ]
    read = read_sheet(Sheet([*names, "緯度", "経度"], rows, 0), path.name)
    if _P20_KIND not in columns:
        return read
    kept = [one for one in read.defects if one.problem not in {"unknown_column", "missing_column"}]
    flags = [Defect(path.name, 0, name, "", "not_a_designation", "kept")
             for name in _P20_FLAGS if name in columns]  # fmt: skip
    listed = [_undesignated(one) for one in read.listed]
    return Reading(listed, flags + kept, read.headings, read.fields)


def _undesignated(one: Listed) -> Listed:
    """Return a facility of P20: a place to stay at; −1 for its capacity means unknown."""
    return Listed(**{**one.__dict__, "kind": "shelter", "hazards": dict(UNSTATED)})


def _text(value: Any) -> str:
    """Return one attribute as text; missing ones are blank."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    return (
        str(int(value))
        if isinstance(value, float | np.floating) and value.is_integer()
        else str(value)
    )


def _degrees(value: float) -> str:
    """Return a coordinate as text, blank where there is no geometry."""
    return "" if np.isnan(value) else repr(float(value))
