"""Road files (道路データ) of every kind as a walking network."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.engines import geofiles, tables
from sonae.engines.evacuation.assemble import Built, assemble
from sonae.engines.evacuation.lines import Lines, clipped, grid_keys, joined, on_earth
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.osm import TAGS, is_overpass, read_osm
from sonae.engines.geofiles import Features
from sonae.engines.hazard.elevation import open_ground

Box = tuple[float, float, float, float]
COLUMNS = (
    *TAGS, "route_type", "stairs", "階段", "橋", "トンネル", "幅員", "w_min", "有効幅員", "勾配",
    "h_s_SAMPLE", "h_e_SAMPLE", "start_height", "end_height", "始点標高", "終点標高",
)  # fmt: skip
"""What is read of a file besides its lines; further columns are ignored."""
ENDS = ("from_lat", "from_lon", "to_lat", "to_lon")
_WKT = ("wkt", "WKT", "geometry")
_LINES = (1, 5)
"""GEOS numbers of LineString and MultiLineString."""


def read_roads(path: Path, *, source: str = "", date: str = "") -> Network:
    """Read one file, or a network built before, as a network for people on foot.

    Raises SonaeError ``no_lines`` when the file holds nothing that people can walk on.
    """
    if path.is_dir() or path.name == FILE:
        return Network.load(path)
    return build([path], source=source, date=date).network


def build(
    paths: Sequence[Path],
    *,
    source: str = "",
    date: str = "",
    box: Box | None = None,
    dem: str = "",
    step: Callable[[str], None] = lambda _: None,
) -> Built:
    """Read files of one city and put them together; directions of traffic do not count.

    ``box``: only lines that touch west, south, east, north (degrees). ``dem``: heights of the ground
    for slopes, anything that `open_ground` opens. ``step`` is told what is being done. Raises SonaeError for a file that cannot
    be read at all: half a city is worse than the network in force.
    """
    parts, odd = [], []
    for path in paths:
        step(path.name)
        lines, wrong = read_lines(path)
        parts.append(clipped(lines, box) if box else lines)
        odd += [(path.name, row, kind) for row, kind in wrong]
    lines = joined(parts)
    if not len(lines):
        raise SonaeError(
            "no_lines",
            "指定された範囲に道がありません。",
            "範囲（西,南,東,北）を確かめてください。",
        )
    step("標高" if dem else "つなぎ合わせ")
    ground = _heights(dem, lines) if dem else None
    names = "、".join(path.name for path in paths)
    built = assemble(lines, source=source or names, date=date, ground=ground)
    return _with_oddities(built, odd)


def _heights(dem: str, lines: Lines) -> NDArray[np.float64]:
    """Return the height of the ground under every point, nan where it is not known."""
    found = np.full(len(lines.lat), np.nan)
    sound = np.flatnonzero(on_earth(lines.lat, lines.lon))
    try:
        found[sound] = open_ground(dem).metres_at(lines.lat[sound], lines.lon[sound])
    except OSError as error:
        raise SonaeError("unreadable", f"{Path(dem).name}を標高として読めません。") from error
    return found


def _with_oddities(built: Built, odd: list[tuple[str, int, str]]) -> Built:
    """Add the features that were no lines at all to the defects, and the time of the build."""
    facts = dict(built.network.facts)
    counts = dict(facts["defects"])
    if odd:
        counts["not_a_line"] = len(odd)
    facts |= {"defects": counts, "built_at": clock.now().isoformat(timespec="seconds")}
    object.__setattr__(built.network, "facts", facts)
    return built.with_features(odd)


def read_lines(path: Path) -> tuple[Lines, list[tuple[int, str]]]:
    """Return the lines of one file, and the rows that hold something else: (row, what it is).

    OpenStreetMap (.osm, .osm.pbf, Overpass JSON), GeoJSON, GeoPackage, Shapefile (a zip of it too)
    and tables (.csv) of edges. Raises SonaeError when the file cannot be read.
    """
    name = path.name.lower()
    if name.endswith((".pbf", ".osm")):
        return read_osm(path), []
    if name.endswith(".json") and path.is_file() and is_overpass(path):
        return read_osm(path), []
    if name.endswith((".csv", ".txt")):
        return _read_table(path)
    return _of_features(path, geofiles.read(path, COLUMNS, anywhere=True))


def _of_features(path: Path, found: Features) -> tuple[Lines, list[tuple[int, str]]]:
    """Return the lines of features; a feature of several parts is several lines of one row."""
    kinds = shapely.get_type_id(found.shapes)
    fit = np.isin(kinds, _LINES) & ~shapely.is_empty(found.shapes)
    wrong = [
        (number + 1, "" if found.shapes[number] is None else str(found.shapes[number].geom_type))
        for number in np.flatnonzero(~fit).tolist()
    ]
    rows = np.flatnonzero(fit)
    parts, feature = shapely.get_parts(found.shapes[rows], return_index=True)
    points, part = shapely.get_coordinates(parts, include_z=True, return_index=True)
    sizes = np.bincount(part, minlength=len(parts))
    tags = {k: _plain(v[rows])[feature] for k, v in found.columns.items() if k in COLUMNS}
    lat, lon = np.ascontiguousarray(points[:, 1]), np.ascontiguousarray(points[:, 0])
    _check_degrees(path, lat, lon)
    return Lines(
        path.name, lat, lon, grid_keys(lat, lon),
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), rows[feature] + 1, tags,
        points[:, 2],
    ), wrong  # fmt: skip


def _check_degrees(path: Path, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> None:
    """Refuse a file whose coordinates are mostly no degrees; single bad ones are defects."""
    far = np.isfinite(lat) & np.isfinite(lon) & ~on_earth(lat, lon)
    if len(lat) and np.count_nonzero(far) * 2 >= len(lat):
        raise SonaeError(
            "unknown_crs",
            f"{path.name}の座標は緯度経度ではなく、座標系も書かれていません。",
            "座標系（.prj など）を付けるか、緯度経度に変換してください。",
        )


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return a column as objects, with None for what is empty."""
    plain = np.asarray(values, object)
    plain[np.array([value is None or value == "" for value in plain.tolist()], bool)] = None
    return plain


def _read_table(path: Path) -> tuple[Lines, list[tuple[int, str]]]:
    """Read a table of edges: two places (`ENDS`), or a line as text (``wkt``), in each row."""
    text = tables.decode(tables.read_bytes(str(path)), path.name)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    with tables.reading_csv(path.name):
        heading = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = heading
        cells = [(reader.line_num, row) for row in reader if any(row.values())]
    if not cells:
        raise SonaeError(
            "empty_file", f"{path.name}は空です。", f"見出しは {','.join(ENDS)} です。"
        )
    wkt = next((name for name in _WKT if name in heading), None)
    if wkt is None and (lacking := [name for name in ENDS if name not in heading]):
        raise SonaeError(
            "missing_columns", f"{path.name}に列 {', '.join(lacking)} がありません。",
            f"見出しは {','.join(ENDS)}、または wkt です。",
        )  # fmt: skip
    columns = {
        name: np.array([row.get(name) for _, row in cells], object)
        for name in heading if name in COLUMNS
    }  # fmt: skip
    texts = [row.get(wkt) or "" if wkt else _line_of(row) for _, row in cells]
    shapes = shapely.from_wkt(np.array(texts, object), on_invalid="ignore")
    lines, wrong = _of_features(path, Features(shapes, columns))
    number = np.array([0, *(line for line, _ in cells)], np.int64)
    rows = Lines(
        lines.input, lines.lat, lines.lon, lines.key, lines.start, number[lines.row], lines.tags,
        lines.height_m,
    )  # fmt: skip
    return rows, [(int(number[row]), texts[row - 1] or kind) for row, kind in wrong]


def _line_of(row: dict[str, Any]) -> str:
    """Return the two places of a row as WKT; empty when they are no numbers."""
    try:
        lat1, lon1, lat2, lon2 = (float(row[name] or "") for name in ENDS)
    except (TypeError, ValueError):
        return ""
    return f"LINESTRING ({lon1} {lat1}, {lon2} {lat2})"
