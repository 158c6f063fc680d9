"""The demo city 備え市 as data: everything `sonae demo create` writes, generated from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonae.demo.frame import CELL_M, RIVER_AREA, Plan, Size, latitude, longitude, plan_of
from sonae.demo.ground import Ground, build_ground
from sonae.demo.people import Register, build_homes, build_register
from sonae.demo.places import Place, build_places
from sonae.demo.streets import build_streets
from sonae.demo.towns import Towns, build_towns
from sonae.demo.water import Raster, Rasters, build_rasters
from sonae.engines.evacuation.network import Network
from sonae.engines.hazard.layer import HazardLayer

_DEPTHS = ((0.0, 0.5), (0.5, 3.0), (3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, None))
_SOURCE = "備え市ハザードマップ（架空）"


@dataclass(frozen=True)
class DemoCity:
    """The whole city; positions in lists refer to `towns` and to each other."""

    plan: Plan
    towns: Towns
    network: Network
    layers: tuple[HazardLayer, ...]
    places: list[Place]
    register: Register


def _layer(
    plan: Plan,
    ranks: Raster,
    name: str,
    hazard: str,
    kind: str,
    scale: str = "",
    details: tuple[str, ...] = (),
    rivers: tuple[str, ...] = (),
) -> HazardLayer:
    """Return a raster (row 0 south) as a hazard layer."""
    edge = np.array([0.0, CELL_M])
    lats, lons = latitude(edge), longitude(edge)
    return HazardLayer(
        name=name, hazard=hazard, kind=kind, ranks=np.ascontiguousarray(ranks[::-1]),
        west=float(lons[0]), north=float(latitude(np.array(ranks.shape[0] * CELL_M))),
        dlon=float(lons[1] - lons[0]), dlat=float(lats[1] - lats[0]),
        source=_SOURCE, date="2025-10-01", scale=scale,
        depths=_DEPTHS if kind == "depth" else (), details=details, rivers=rivers,
    )  # fmt: skip


def _layers(plan: Plan, rasters: Rasters) -> tuple[HazardLayer, ...]:
    """Return all layers of the city."""
    rivers = (RIVER_AREA,)
    hours = (
        "12時間未満",
        "12時間から1日",
        "1日から3日",
        "3日から1週間",
        "1週間から2週間",
        "2週間以上",
    )
    return (
        _layer(plan, rasters.flood_l2, "flood_l2", "flood", "depth", "L2", rivers=rivers),
        _layer(plan, rasters.flood_l1, "flood_l1", "flood", "depth", "L1", rivers=rivers),
        _layer(
            plan,
            rasters.collapse,
            "flood_collapse",
            "flood",
            "collapse",
            "L2",
            ("氾濫流", "河岸侵食"),
            rivers,
        ),
        _layer(plan, rasters.duration, "flood_duration", "flood", "duration", "L2", hours, rivers),
        _layer(plan, rasters.inland, "inland_flood", "inland_flood", "depth"),
        _layer(
            plan,
            rasters.landslide,
            "landslide",
            "landslide",
            "zone",
            "",
            ("土砂災害警戒区域", "土砂災害特別警戒区域"),
        ),
    )


def generate(size: Size = "full", seed: int = 1) -> DemoCity:
    """Generate the city of a size from a seed; the same seed gives the same city everywhere."""
    plan = plan_of(size)
    rng = np.random.default_rng(seed)
    ground: Ground = build_ground(plan, rng)
    rasters = build_rasters(ground, rng)
    streets = build_streets(ground, rng)
    towns = build_towns(ground, streets.x, streets.y, rng)
    homes = build_homes(ground, streets, towns, rng)
    places = build_places(ground, rasters, towns, homes, rng)
    register = build_register(plan, homes, rng)
    return DemoCity(plan, towns, streets.network, _layers(plan, rasters), places, register)
