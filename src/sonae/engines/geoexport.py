"""Rows with shapes as files for GIS: GeoPackage, FlatGeobuf, GeoJSON, all written by GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

DRIVERS: Final = {"gpkg": "GPKG", "fgb": "FlatGeobuf", "geojson": "GeoJSON"}
_KINDS: Final = {"integer": "int64", "number": "float64", "boolean": "bool"}


@dataclass(frozen=True, eq=False)
class Table:
    """``shapes`` (n,) in longitude, latitude; ``columns``: name → (kind, n values, None = unknown).

    ``kind``: string, integer, number or boolean. ``about`` goes into the file's description.
    """

    name: str
    geometry: str
    shapes: NDArray[Any]
    columns: dict[str, tuple[str, Sequence[Any]]]
    about: str = ""


def write(path: Path, form: str, tables: Sequence[Table]) -> None:
    """Write the tables as one file, whole or not at all; only a GeoPackage takes more than one."""
    draft = path.with_name(f".{path.name}.{form}")
    draft.unlink(missing_ok=True)
    try:
        for number, table in enumerate(tables):
            _write(draft, form, table, append=number > 0)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, form: str, table: Table, *, append: bool) -> None:
    import pyogrio.raw

    data, masks = [], []
    for kind, values in table.columns.values():
        column, mask = _column(kind, values)
        data.append(column)
        masks.append(mask)
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": "7"} if form == "geojson" else {}
    if form == "gpkg":
        options = {"DESCRIPTION": table.about[:2000]}
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(table.shapes),
        field_data=data,
        fields=list(table.columns),
        field_mask=masks,
        layer=table.name,
        driver=DRIVERS[form],
        geometry_type="Unknown" if table.geometry == "Geometry" else table.geometry,
        crs="EPSG:4326",
        append=append,
        layer_options=options,
        promote_to_multi=table.geometry.startswith("Multi"),
    )


def _column(kind: str, values: Sequence[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return one column as an array, with the places of what is unknown."""
    unknown = np.array([value is None for value in values], bool)
    if kind not in _KINDS:
        return np.array([None if v is None else str(v) for v in values], object), None
    filled = [0 if value is None else value for value in values]
    return np.array(filled, _KINDS[kind]), unknown
