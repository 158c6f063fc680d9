"""沼津市 (222038) on real open data: hazard zones of PLATEAU, designated sites and shelters, towns.

The zones are loaded by ``sonae hazard load`` as any city loads its own. No streets of the city lie
in the folder, so that they are invented as the residents are: they join the real towns and places on
the real land, and are no map to walk by. Credits: PLATEAU, 国土地理院, Geolonia, 国土数値情報.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from sonae.core.errors import SonaeError
from sonae.demo import realcity, streets
from sonae.demo.realcity import RealCity
from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network

CODE = "222038"
FACTS: dict[str, Any] = {
    "name": "沼津市", "kana": "ヌマヅシ", "name_en": "Numazu City", "prefecture": "静岡県",
    "warning_areas": {
        "city": ["2220300"], "area": ["220030"], "prefecture": ["220000"], "river": [],
        "tsunami_area": ["380"],
    },
    "is_demo": True,
}  # fmt: skip
SPACING_M, WILD_M = 70.0, 350.0
"""Between corners where people live, and elsewhere."""
LIVED_IN_M = 450.0
"""So near to a town's point or a designated place are streets dense."""


def land(data: Path) -> Any:
    """Return the city's land (国土数値情報 N03, simplified) in degrees, prepared for questions."""
    file = data / "geo" / "boundaries" / "N03-21_22_210101.json"
    if not file.exists():
        raise SonaeError("not_found", f"{file.name} がフォルダの geo/boundaries にありません。")
    rows = json.loads(file.read_text("utf-8"))["features"]
    ours = [shape(one["geometry"]) for one in rows if one["properties"]["N03_007"] == CODE[:5]]
    found = shapely.union_all(ours)
    shapely.prepare(found)
    return found


def _corners(
    ground: Any, lived: Any, scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return corners of streets on the land, (n, 2) in metres east and north of 0, 0."""
    west, south, east, north = ground.bounds
    size = np.array([METRES_PER_DEGREE * scale, METRES_PER_DEGREE])
    made = []
    for spacing, near in ((SPACING_M, True), (WILD_M, False)):
        axes = [
            np.arange(a, b, spacing)
            for a, b in zip((west, south) * size, (east, north) * size, strict=True)
        ]
        grid = np.column_stack([axis.ravel() for axis in np.meshgrid(*axes)])
        grid += rng.uniform(-0.3 * spacing, 0.3 * spacing, grid.shape)
        made.append(grid[(lived.query(grid)[0] < LIVED_IN_M) == near])
    points = np.concatenate(made)
    lon, lat = (points / size).T
    return np.asarray(points[shapely.contains_xy(ground, lon, lat)])


def invented_streets(data: Path) -> tuple[Network, NDArray[np.bool_]]:
    """Return streets between the real towns and places, never over the sea, and which are lived on."""
    from scipy.spatial import cKDTree

    ground, rng = land(data), np.random.default_rng(zlib.crc32(CODE.encode()))
    towns = [(row["lng"], row["lat"]) for row in realcity.town_rows(data, "静岡県", "沼津市")]
    places = [(row.longitude, row.latitude) for row in realcity.facility_rows(data, CODE)]
    scale = float(np.cos(np.radians(ground.centroid.y)))
    size = np.array([METRES_PER_DEGREE * scale, METRES_PER_DEGREE])
    points = _corners(ground, cKDTree(np.array(towns + places) * size), scale, rng)
    tail, head = streets.gabriel(*points.T)
    lon, lat = (points / size).T
    ways = shapely.linestrings(
        np.stack([np.column_stack((lon[end], lat[end])) for end in (tail, head)], 1)
    )
    dry = shapely.covers(ground, ways)
    tail, head = tail[dry], head[dry]
    kept = streets.largest(len(lon), tail, head)
    number, inside = np.cumsum(kept) - 1, kept[tail]
    tail, head = number[tail[inside]], number[head[inside]]
    x, y = points[kept].T
    metres = np.hypot(x[tail] - x[head], y[tail] - y[head])
    none = np.zeros(0)
    network = Network(
        lat=lat[kept], lon=lon[kept], tail=tail.astype(np.int32), head=head.astype(np.int32),
        length_m=metres.astype(np.float32), slope=np.zeros(len(tail), np.float32),
        stairs=np.zeros(len(tail), bool), shape_start=np.zeros(len(tail) + 1, np.int32),
        shape_lat=none, shape_lon=none, source="架空の道路（実際の道路ではありません）", date="2026-01-01",
    )  # fmt: skip
    middle = np.column_stack(((x[tail] + x[head]) / 2, (y[tail] + y[head]) / 2))
    return network, cKDTree(np.array(towns) * size).query(middle)[0] < LIVED_IN_M


def create(data: Path, people: int, *, step: Callable[[str], None] = lambda _: None) -> str:
    """Make 沼津市 from the folder of real data and return a sentence about what was made."""
    step("道路（架空）")
    network, homes = invented_streets(data)
    city = RealCity(
        code=CODE, facts=FACTS, network=network, homes=homes, layers=[],
        credits=("国土交通省 PLATEAU (CC BY 4.0)", "国土数値情報 行政区域データ（国土交通省）"),
        invented="streets", defects=[],
    )  # fmt: skip
    return realcity.create(city, data, people, step=step)
