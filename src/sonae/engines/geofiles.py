"""Vector files of any kind (GeoJSON, GeoPackage, Shapefile, GML, zip of them) as plain columns."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.core.errors import SonaeError

WGS84 = 4326
_SNIFFED = 1_000_000
_HINT = "GeoJSON、GeoPackage、Shapefile（zipも可）を指定してください。"


@dataclass(frozen=True, eq=False)
class Features:
    """``shapes``: shapely geometries in longitude, latitude; ``columns``: name → values, same length."""

    shapes: NDArray[Any]
    columns: dict[str, NDArray[Any]]

    def column(self, *names: str) -> NDArray[Any]:
        """Return the first column that exists; all None when there is none of them."""
        for name in names:
            if name in self.columns:
                return self.columns[name]
        return np.full(len(self.shapes), None, object)

    def where(self, keep: NDArray[np.bool_]) -> Features:
        """Return only the features marked."""
        return Features(self.shapes[keep], {k: v[keep] for k, v in self.columns.items()})


def read(path: Path, wanted: Sequence[str] | None = None, *, anywhere: bool = False) -> Features:
    """Read all features, transformed to longitude/latitude; ``wanted`` limits the columns read.

    Wide tables are common (254 bytes a field): only what is wanted is decoded. ``anywhere``: do not
    check that all coordinates are degrees, because the caller looks at each. Raises SonaeError
    ``unreadable`` for a missing or unknown file, ``empty_file`` for one without features,
    ``unknown_crs`` for plane coordinates that do not say of which system.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    name = f"/vsizip/{path}" if path.suffix.lower() == ".zip" else str(path)
    try:
        if not path.exists():
            raise SonaeError(
                "unreadable", f"{path.name}がありません。", "ファイル名を確かめてください。"
            )
        columns = None if wanted is None else _present(name, wanted)
        meta, _, geometry, values = pyogrio.raw.read(
            name, columns=columns, encoding=_encoding(path)
        )
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        raise SonaeError(
            "unreadable", f"{path.name}を地図データとして読めません。", _HINT
        ) from error
    if geometry is None or not len(geometry):
        raise SonaeError("empty_file", f"{path.name}に図形がありません。", _HINT)
    shapes = _in_degrees(shapely.from_wkb(geometry), meta["crs"])
    west, south, east, north = shapely.total_bounds(shapes)
    if not anywhere and not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise SonaeError(
            "unknown_crs",
            f"{path.name}の座標は緯度経度ではなく、座標系も書かれていません。",
            "座標系（.prj など）を付けるか、緯度経度に変換してください。",
        )
    return Features(shapes, dict(zip(meta["fields"], values, strict=True)))


def _encoding(path: Path) -> str | None:
    """Return how a Shapefile without ``.cpg`` wrote its texts: CP932 unless they are UTF-8."""
    table = path.with_suffix(".dbf")
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists() or not table.exists():
        return None
    with table.open("rb") as file:
        head = file.read(_SNIFFED)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head[int.from_bytes(head[8:10], "little") :])
    except UnicodeDecodeError:
        return "cp932"
    return "utf-8"


def _present(name: str, wanted: Sequence[str]) -> list[str]:
    """Return those of the wanted columns that the file has."""
    import pyogrio

    there = set(pyogrio.read_info(name)["fields"])
    return [column for column in wanted if column in there]


def _in_degrees(shapes: NDArray[Any], crs: str | None) -> NDArray[Any]:
    """Transform to longitude, latitude; the Japanese datums 6668 and 4326 agree within a metre."""
    from pyproj import CRS, Transformer

    known = CRS.from_user_input(crs) if crs else None
    if known is None or known.is_geographic:
        return shapes
    change = Transformer.from_crs(known, WGS84, always_xy=True)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(change.transform(points[:, 0], points[:, 1]))

    changed: NDArray[Any] = shapely.transform(shapely.force_2d(shapes), moved)
    return changed
