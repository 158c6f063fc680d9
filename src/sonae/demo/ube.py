"""宇部市 (352021) on real open data: roads, designated sites and shelters, towns.

Only the residents and the flood field are invented: no hazard map of the city lies in the folder.
Credits: © OpenStreetMap contributors, 国土地理院, Geolonia.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.demo import realcity
from sonae.demo.realcity import RealCity
from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network
from sonae.engines.evacuation.roads import build
from sonae.engines.hazard.layer import NOT_SURVEYED, HazardLayer

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
    step("道路")
    built = build([roads], source="© OpenStreetMap contributors", date="2025-12-01")
    network = built.network
    city = RealCity(
        code=CODE, facts=FACTS, network=network, homes=np.ones(len(network.tail), bool),
        layers=invented_layers(network), credits=("© OpenStreetMap contributors (ODbL)",),
        invented="zones", defects=[one.to_json() for one in built.defects],
    )  # fmt: skip
    return realcity.create(city, data, people, step=step)
