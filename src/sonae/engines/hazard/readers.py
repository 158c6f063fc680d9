"""One door for hazard data of any kind: tiles, polygons, CityGML, saved rasters, archives of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sonae.core.errors import SonaeError
from sonae.engines.archives import unpacked
from sonae.engines.hazard.defects import Defect
from sonae.engines.hazard.layer import HazardLayer, Layer
from sonae.engines.hazard.plateau import read_plateau
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.tiles import TileLayer, is_tile_folder, open_tiles
from sonae.engines.hazard.vectors import merged, read_polygons

HAZARDS = (
    "flood", "landslide", "storm_surge", "earthquake", "tsunami", "fire", "inland_flood", "volcano",
)  # fmt: skip
_SNIFFED = 65_536
_BEST_FIRST = (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".gml", ".xml")
"""An archive that holds the same data in several formats is read in the first of these."""
_BESIDE = ("KS-META", "README", "codelists", "schemas")


def open_layers(spec: str, zoom: int | None = None) -> list[Layer]:
    """Open ``FILE``, ``FOLDER`` or an address with ``{z}/{x}/{y}``; ``HAZARD=…`` in front names it.

    A file may hold several layers. Raises SonaeError with what is wrong and what can be done.
    """
    name, sign, rest = spec.partition("=")
    hazard, place = (name, rest) if sign and name in HAZARDS else (None, spec)
    path = Path(place)
    if "{z}" in place or is_tile_folder(path):
        return [open_tiles(place, hazard, zoom)]
    if (path.is_dir() and (path / "layer.json").exists()) or path.suffix == ".npy":
        return [_saved(path if path.is_dir() else path.parent)]
    if path.is_dir():
        return _folder(path, path.name, hazard, zoom)
    if path.suffix.lower() == ".zip":
        return _archive(path, hazard, zoom)
    return list(_one_file(path, hazard))


def _one_file(path: Path, hazard: str | None) -> list[PolygonLayer]:
    """Read one vector or CityGML file."""
    if path.is_file() and not path.stat().st_size:
        raise SonaeError("empty_file", f"{path.name}は空です。", "取り直してください。")
    return read_plateau(path) if _is_city_model(path) else read_polygons(path, hazard)


def _archive(path: Path, hazard: str | None, zoom: int | None) -> list[Layer]:
    """Read a zip: of tiles, or of any number of vector files; tiles are read before it is gone."""
    with unpacked(path) as folder:
        layers = _folder(folder, path.stem, hazard, zoom)
        for one in layers:
            if isinstance(one, TileLayer) and (bounds := one.bounds()):
                one.prefetch(bounds)
    return layers


def _folder(folder: Path, name: str, hazard: str | None, zoom: int | None) -> list[Layer]:
    """Read the tiles or all the vector files below a folder; what cannot be read is reported."""
    tiled = next((one for one in _inside(folder) if is_tile_folder(one)), None)
    if tiled is not None:
        named = tiled if tiled != folder else folder
        made = open_tiles(str(named), hazard, zoom, name=name if named == folder else None)
        return [made]
    found: list[PolygonLayer] = []
    lost: list[tuple[Path, SonaeError]] = []
    for file in _files(folder):
        try:
            found.extend(_one_file(file, hazard))
        except SonaeError as error:
            lost.append((file, error))
    if not found:
        if lost:
            raise lost[0][1]
        raise SonaeError(
            "unreadable", f"{name}にハザード情報がありません。",
            "GeoJSON・GML・Shapefile・GPKG、または z/x/y.png のタイルを入れてください。",
        )  # fmt: skip
    refused = tuple(
        Defect("unreadable_file", "left_out", f"{error.detail}", input=file.name)
        for file, error in lost
    )
    layers = merged(found)
    several = len(layers) > 1
    layers[0] = replace(layers[0], defects=(*refused, *layers[0].defects))
    return [replace(one, name=_named(one, name) if several else name) for one in layers]


def _named(layer: PolygonLayer, name: str) -> str:
    """Return a name that tells the layers of one archive apart."""
    before = "指定前" if any("指定前" in detail for detail in layer.details) else ""
    parts = (name, layer.hazard, layer.kind, layer.scale, before)
    return "-".join(part for part in parts if part)


def _inside(folder: Path) -> Iterator[Path]:
    """Yield a folder and the folders below it."""
    yield folder
    yield from (one for one in sorted(folder.rglob("*")) if one.is_dir())


def _files(folder: Path) -> list[Path]:
    """Return the vector files below a folder: of one name in several formats only the best."""
    best: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")):
        suffix = file.suffix.lower()
        if suffix not in _BEST_FIRST or any(word in str(file) for word in _BESIDE):
            continue
        held = best.get(file.stem)
        if held is None or _BEST_FIRST.index(suffix) < _BEST_FIRST.index(held.suffix.lower()):
            best[file.stem] = file
    return list(best.values())


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
