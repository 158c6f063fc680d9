"""宇部市 (352021) on real open data: roads, designated sites and shelters, towns.

Only the residents and the flood field are invented: the register is no open data, and no hazard map
of the city lies in the folder. Credits: © OpenStreetMap contributors, 国土地理院, Geolonia.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.demo import load
from sonae.demo.frame import FULL, Plan
from sonae.demo.people import Homes, addresses, build_register
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityRow, row_of_check
from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network
from sonae.engines.evacuation.roads import build
from sonae.engines.hazard.layer import NOT_SURVEYED, HazardLayer
from sonae.engines.shelters.readers import read_file
from sonae.engines.shelters.same import joined
from sonae.platform import worlds

CODE = "352021"
FACTS: dict[str, Any] = {
    "name": "宇部市", "kana": "ウベシ", "name_en": "Ube City", "prefecture": "山口県",
    "warning_areas": {
        "city": ["3520200"], "area": ["350010"], "prefecture": ["350000"], "river": [],
        "tsunami_area": [],
    },
    "is_demo": True,
}  # fmt: skip
CELL_M = 10.0


def facility_rows(data: Path) -> list[FacilityRow]:
    """Join the national lists of sites and shelters into facilities."""
    folder = data / "geo" / "gsi-shelters"
    files = [folder / kind / f"{CODE}.json" for kind in ("emergency", "evacuation")]
    places = joined([one for file in files for one in read_file(file).listed])
    source = "国土地理院 指定緊急避難場所・指定避難所データ"
    return [row_of_check(one.to_json(), source, "2025-10-27") for one in places]


CREDITS: Final = (
    "© OpenStreetMap contributors (ODbL)",
    "国土地理院 指定緊急避難場所・指定避難所データ",
    "Geolonia 住所データ (CC BY 4.0)",
    "気象庁",
)
"""What the licences of the data ask every page with them to name."""


def _towns(data: Path) -> list[dict[str, Any]]:
    """Return the towns with their points."""
    file = data / "geo" / "addresses" / "山口県" / "宇部市.json"
    rows: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return [row for row in rows if row["town"] and row["lat"] is not None]


def _plan(people: int) -> Plan:
    """Return how many households and residents to invent, in the demo city's proportions."""
    share = people / FULL.residents
    return replace(
        FULL, residents=people, households=int(FULL.households * share),
        registrants=int(FULL.registrants * share), shielded=max(int(FULL.shielded * share), 1),
    )  # fmt: skip


def _homes(
    network: Network, towns: list[dict[str, Any]], count: int, rng: np.random.Generator
) -> Homes:
    """Place invented households along the real streets."""
    from scipy.spatial import cKDTree

    edge = rng.choice(len(network.tail), count)
    share = rng.random(count)
    ends = (network.tail[edge], network.head[edge])
    lat = network.lat[ends[0]] * (1 - share) + network.lat[ends[1]] * share
    lon = network.lon[ends[0]] * (1 - share) + network.lon[ends[1]] * share
    where = cKDTree([(row["lat"], row["lng"]) for row in towns])
    town = np.asarray(where.query(np.column_stack((lat, lon)))[1], np.int64)
    storeys = rng.choice([1, 2, 2, 2, 3, 5, 8], count).astype(np.int64)
    floor = np.where(storeys > 3, rng.integers(1, 8, count) % storeys + 1, 1)
    chome = np.zeros(len(towns), np.bool_)
    return Homes(lon, lat, lat, lon, town, addresses(chome, town, lon, lat * 6000), storeys, floor)


def _layer(network: Network, hazard: str, ranks: NDArray[np.uint8]) -> HazardLayer:
    """Return ranks over the network's extent as a layer that says that it is invented."""
    dlat = CELL_M / METRES_PER_DEGREE
    north, south = float(network.lat.max()), float(network.lat.min())
    depths = ((0.0, 0.5), (0.5, 3.0), (3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, None))
    return HazardLayer(
        name=f"{hazard}_l2", hazard=hazard, kind="depth", ranks=ranks,
        west=float(network.lon.min()), north=north,
        dlon=dlat / float(np.cos(np.radians((south + north) / 2))), dlat=dlat,
        source="架空の浸水域（実際のハザードマップではありません）", date="2026-01-01", scale="L2",
        depths=depths, details=(),
    )  # fmt: skip


def invented_layers(network: Network) -> list[HazardLayer]:
    """Return two invented fields: a river's flood through the middle, a storm surge from the south.

    The northern twelfth counts as never surveyed.
    """
    dlat = CELL_M / METRES_PER_DEGREE
    middle_lat = float(network.lat.mean())
    dlon = dlat / float(np.cos(np.radians(middle_lat)))
    rows = int(np.ptp(network.lat) / dlat) + 1
    columns = int(np.ptp(network.lon) / dlon) + 1
    y = np.arange(rows)[:, None] * CELL_M
    x = np.arange(columns)[None, :] * CELL_M
    middle = columns * CELL_M * (0.5 + 0.12 * np.sin(y / 1400.0) + 0.05 * np.sin(y / 430.0))
    river = 6.0 - np.abs(x - middle) / 220.0 + 0.8 * np.sin(x / 500.0) * np.cos(y / 700.0)
    surge = 4.0 - (rows * CELL_M - y) / 700.0 + 0.5 * np.sin(x / 900.0)
    steps = (0.05, 0.5, 3.0, 5.0, 10.0, 20.0)
    fields = {"flood": river, "storm_surge": np.broadcast_to(surge, river.shape)}
    made = []
    for hazard, depth in fields.items():
        ranks = np.digitize(depth, steps).astype(np.uint8)
        ranks[: rows // 12] = NOT_SURVEYED
        made.append(_layer(network, hazard, ranks))
    return made


def create(data: Path, people: int, *, step: Callable[[str], None] = lambda _: None) -> str:
    """Make 宇部市 from the folder of real data and return a sentence about what was made."""
    roads = data / "geo" / "osm" / "ube" / "ube_roads.zip"
    if not roads.exists():
        raise SonaeError("not_found", f"{roads.name} がフォルダの geo/osm/ube にありません。")
    rng = np.random.default_rng(zlib.crc32(CODE.encode()))
    step("道路")
    built = build([roads], source="© OpenStreetMap contributors", date="2025-12-01")
    network = built.network
    towns, plan = _towns(data), _plan(people)
    load.remove(CODE)
    step("町字")
    municipalities.load_municipality(
        CODE,
        {**FACTS, "latitude": float(network.lat.mean()), "longitude": float(network.lon.mean())},
        {
            "code": [f"{number:06d}" for number in range(1, len(towns) + 1)],
            "name": [f"{row['town']}{row['koaza']}" for row in towns],
            "kana": [""] * len(towns),
            "district": [""] * len(towns),
            "latitude": [row["lat"] for row in towns],
            "longitude": [row["lng"] for row in towns],
        },
    )
    with worlds.entered(CODE):
        with municipalities.changing_settings() as settings:
            settings["credits"] = list(CREDITS)
        step("住民（架空）")
        register = build_register(plan, _homes(network, towns, plan.households, rng), rng)
        load.load_register(register)
        step("避難先")
        facilities = facility_rows(data)
        shelters.load_facilities(facilities)
        step("浸水域（架空）と道路網")
        for layer in invented_layers(network):
            hazards.register_layer(layer)
        defects = [one.to_json() for one in built.defects]
        evacuation.load_network(network, defects=defects)
        load.add_accounts()
        residents.population()
    return (
        f"宇部市ができました：道路 {len(network.tail):,} 本、避難先 {len(facilities)} か所、"
        f"町字 {len(towns)}、架空の住民 {people:,}人"
    )
