"""One door for hazard data of any kind: tiles, polygons, CityGML, saved rasters."""

from __future__ import annotations

from pathlib import Path

from sonae.core.errors import SonaeError
from sonae.engines.hazard.layer import HazardLayer, Layer
from sonae.engines.hazard.plateau import read_plateau
from sonae.engines.hazard.tiles import is_tile_folder, open_tiles
from sonae.engines.hazard.vectors import read_polygons

HAZARDS = (
    "flood", "landslide", "storm_surge", "earthquake", "tsunami", "fire", "inland_flood", "volcano",
)  # fmt: skip
_SNIFFED = 4096


def open_layers(spec: str, zoom: int | None = None) -> list[Layer]:
    """Open ``FILE``, ``FOLDER`` or an address with ``{z}/{x}/{y}``; ``HAZARD=…`` in front names it.

    A file may hold several layers. Raises SonaeError with what is wrong and what can be done.
    """
    name, sign, rest = spec.partition("=")
    hazard, place = (name, rest) if sign and name in HAZARDS else (None, spec)
    path = Path(place)
    if "{z}" in place or is_tile_folder(path):
        return [open_tiles(place, hazard, zoom)]
    if path.is_dir() or path.suffix == ".npy":
        return [_saved(path if path.is_dir() else path.parent)]
    if _is_city_model(path):
        return list(read_plateau(path))
    return list(read_polygons(path, hazard))


def _saved(folder: Path) -> HazardLayer:
    """Read a raster saved by `HazardLayer.save` (``ranks.npy`` beside ``layer.json``)."""
    try:
        return HazardLayer.load(folder)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SonaeError(
            "unreadable",
            f"{folder}をハザード情報として読めません。",
            "ranks.npy と layer.json、または z/x/y.png のフォルダを指定してください。",
        ) from error


def _is_city_model(path: Path) -> bool:
    """Tell whether a file begins like CityGML."""
    if path.suffix.lower() not in {".gml", ".xml"} or not path.is_file():
        return False
    with path.open("rb") as file:
        return b"CityModel" in file.read(_SNIFFED)
