"""A layer on disk: the raster for populations, its polygons for one place near an edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from sonae.engines.geofiles import WGS84
from sonae.engines.hazard.burning import Grid, raster_of
from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE, HazardLayer
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.tiles import TileLayer

_AREAS, _GROUND = "areas.fgb", "surveyed.wkb"
_BAND = 64


def save(folder: Path, layer: HazardLayer, areas: PolygonLayer | None = None) -> None:
    """Write the raster and, where there are any, the polygons on its ground (FlatGeobuf)."""
    import pyogrio

    layer.save(folder)
    if areas is None:
        return
    near = shapely.intersects(areas.shapes, shapely.box(*layer.bounds))
    if near.any():
        pyogrio.raw.write(
            folder / _AREAS,
            geometry=shapely.to_wkb(areas.shapes[near]),
            field_data=[areas.rank[near].astype(np.int32)],
            fields=["rank"],
            crs=f"EPSG:{WGS84}",
            geometry_type="Unknown",
            driver="FlatGeobuf",
        )
    if areas.surveyed is not None:
        (folder / _GROUND).write_bytes(shapely.to_wkb(areas.surveyed))


def has_areas(folder: Path) -> bool:
    """Tell whether polygons were saved beside the raster."""
    return (folder / _AREAS).exists()


def rank_at(folder: Path, layer: HazardLayer, lat: float, lon: float) -> int:
    """Return the rank at one place (degrees), exact where the layer was loaded as polygons.

    Only the polygons around the place are read, by the spatial index of the file.
    """
    import pyogrio

    west, south, east, north = layer.bounds
    coarse = int(layer.ranks_at(np.array([lat]), np.array([lon]))[0])
    if not (west <= lon <= east and south <= lat <= north):
        return coarse
    if not has_areas(folder):
        return coarse
    _, _, geometry, (ranks,) = pyogrio.raw.read(
        folder / _AREAS, bbox=(lon, lat, lon, lat), columns=["rank"]
    )
    here = shapely.intersects_xy(shapely.from_wkb(geometry), lon, lat)
    found = ranks[here]
    good = found[found < UNREADABLE]
    if len(good):
        return int(good.max())
    return UNREADABLE if len(found) else _ground(folder, lat, lon)


def _ground(folder: Path, lat: float, lon: float) -> int:
    """Return OUTSIDE where the ground was surveyed, else NOT_SURVEYED."""
    held = folder / _GROUND
    if not held.exists():
        return NOT_SURVEYED
    surveyed = shapely.from_wkb(held.read_bytes())
    return OUTSIDE if shapely.intersects_xy(surveyed, lon, lat) else NOT_SURVEYED


def raster_of_tiles(tiles: TileLayer, grid: Grid) -> HazardLayer:
    """Return tiles as a raster: the colour below the middle of every cell."""
    ranks = np.empty((grid.rows, grid.cols), np.uint8)
    for start in range(0, grid.rows, _BAND):
        some = slice(start, min(start + _BAND, grid.rows))
        ranks[some] = tiles.ranks_at(*grid.middles(some)).reshape(-1, grid.cols)
    return HazardLayer(
        name=tiles.name, hazard=tiles.hazard, kind=tiles.kind, ranks=ranks, west=grid.west,
        north=grid.north, dlon=grid.dlon, dlat=grid.dlat, source=tiles.source, date=tiles.date,
        scale=tiles.scale, depths=tiles.depths, details=tiles.details,
    )  # fmt: skip


__all__ = ["has_areas", "rank_at", "raster_of", "raster_of_tiles", "save"]
