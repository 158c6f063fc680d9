"""Layers of shapes as one file of vector tiles (PMTiles 3): cut by GDAL, put together here.

GDAL writes one layer at a time. A vector tile is a row of layers, so the tiles of several files at
the same place are joined by writing one after the other (Mapbox Vector Tile 2.1, §4.1).
"""

from __future__ import annotations

import gzip
import json
import math
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

FIRST_ZOOM: Final = 10
LAST_ZOOM: Final = 14
"""At 14 a step of a tile's grid is half a metre; browsers draw nearer views from the same tiles."""
_MOST_BYTES, _MOST_FEATURES = 20_000_000, 2_000_000
"""Far above what a city needs: past these, GDAL would leave shapes out without a word."""


@dataclass(frozen=True, eq=False)
class TileLayer:
    """One layer: ``shapes`` (n,) in longitude, latitude with ``columns`` (name → n values).

    Drawn from ``first_zoom`` on. Columns are text, whole numbers or decimals.
    """

    name: str
    shapes: NDArray[Any]
    columns: dict[str, NDArray[Any]]
    first_zoom: int = FIRST_ZOOM


def write(path: Path, layers: Sequence[TileLayer], *, name: str, attribution: str) -> int:
    """Write the layers as one PMTiles file, whole or not at all; return how many tiles it has.

    Tiles without any shape are absent, and readers know them to be empty without asking.
    Raises ValueError when no layer has a shape.
    """
    drawn = [layer for layer in layers if len(layer.shapes)]
    if not drawn:
        raise ValueError("nothing to draw")
    with tempfile.TemporaryDirectory(dir=path.parent) as held:
        tiles: dict[tuple[int, int, int], list[bytes]] = defaultdict(list)
        for layer in drawn:
            for place, data in _cut(layer, Path(held)):
                tiles[place].append(data)
        made = Path(held) / "made"
        with made.open("wb") as out:
            _put_together(out, tiles, drawn, {"name": name, "attribution": attribution})
        made.replace(path)
    return len(tiles)


def _cut(layer: TileLayer, folder: Path) -> Iterator[tuple[tuple[int, int, int], bytes]]:
    """Let GDAL cut one layer; yield ((zoom, x, y), tile) uncompressed."""
    import pyogrio.raw

    file = folder / f"{layer.name}.mbtiles"
    pyogrio.raw.write(
        file,
        geometry=shapely.to_wkb(layer.shapes),
        field_data=list(layer.columns.values()),
        fields=list(layer.columns),
        layer=layer.name,
        driver="MBTiles",
        geometry_type="Unknown",
        crs="EPSG:4326",
        dataset_options={
            "NAME": layer.name,
            "MINZOOM": str(layer.first_zoom),
            "MAXZOOM": str(LAST_ZOOM),
            "MAX_SIZE": str(_MOST_BYTES),
            "MAX_FEATURES": str(_MOST_FEATURES),
        },
    )
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles")
        for zoom, x, row, data in rows:
            yield (zoom, x, (1 << zoom) - 1 - row), gzip.decompress(data)


def _put_together(
    out: Any,
    tiles: dict[tuple[int, int, int], list[bytes]],
    layers: Sequence[TileLayer],
    facts: dict[str, str],
) -> None:
    """Write the tiles in the order of the file format, with header and description."""
    writer = Writer(out)
    for number, place in sorted((zxy_to_tileid(*place), place) for place in tiles):
        writer.write_tile(number, gzip.compress(b"".join(tiles[place]), 9, mtime=0))
    west, south, east, north = shapely.total_bounds(np.concatenate([la.shapes for la in layers]))
    header = {
        "tile_compression": Compression.GZIP,
        "tile_type": TileType.MVT,
        "min_lon_e7": math.floor(west * 1e7),
        "min_lat_e7": math.floor(south * 1e7),
        "max_lon_e7": math.ceil(east * 1e7),
        "max_lat_e7": math.ceil(north * 1e7),
        "center_zoom": FIRST_ZOOM + 2,
        "center_lon_e7": round((west + east) / 2 * 1e7),
        "center_lat_e7": round((south + north) / 2 * 1e7),
    }
    writer.finalize(header, {**facts, "vector_layers": [_described(one) for one in layers]})


def _described(layer: TileLayer) -> dict[str, Any]:
    """Return what the file says of a layer (TileJSON 3, vector_layers)."""
    kinds = {"U": "String", "O": "String"}
    fields = {
        name: kinds.get(values.dtype.kind, "Number") for name, values in layer.columns.items()
    }
    return {
        "id": layer.name,
        "fields": fields,
        "minzoom": layer.first_zoom,
        "maxzoom": LAST_ZOOM,
    }


def described(path: Path) -> dict[str, Any]:
    """Return what a PMTiles file says of itself: name, attribution, vector_layers."""
    from pmtiles.reader import MmapSource, Reader

    with path.open("rb") as file:
        return dict(json.loads(json.dumps(Reader(MmapSource(file)).metadata())))
