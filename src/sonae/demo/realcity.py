"""Cities on real open data: what 宇部市 and 沼津市 have in common.

Residents are invented everywhere: no register is open data. What else is invented the city says
itself, on every page (``invented``) and in the source of the data.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonae.demo import load
from sonae.demo.frame import FULL, Plan
from sonae.demo.people import Homes, addresses, build_register
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityRow, row_of_check
from sonae.engines.evacuation.network import Network
from sonae.engines.hazard.layer import HazardLayer
from sonae.engines.shelters.readers import read_file
from sonae.engines.shelters.same import joined
from sonae.platform import worlds

CREDITS: Final = (
    "国土地理院 指定緊急避難場所・指定避難所データ",
    "Geolonia 住所データ (CC BY 4.0)",
    "気象庁",
)
"""What the licences of the data ask every page with them to name."""


@dataclass(frozen=True, eq=False)
class RealCity:
    """A city and its streets; ``homes``: which edges people live on (m,) bool, ``credits``: more of them.

    ``invented``: ``zones`` or ``streets``, what of the map does not exist.
    """

    code: str
    facts: dict[str, Any]
    network: Network
    homes: NDArray[np.bool_]
    layers: list[HazardLayer]
    credits: tuple[str, ...]
    invented: str
    defects: list[dict[str, Any]]


def facility_rows(data: Path, code: str) -> list[FacilityRow]:
    """Join the national lists of sites and shelters of a municipality into facilities."""
    folder = data / "geo" / "gsi-shelters"
    files = [folder / kind / f"{code}.json" for kind in ("emergency", "evacuation")]
    places = joined([one for file in files for one in read_file(file).listed])
    source = "国土地理院 指定緊急避難場所・指定避難所データ"
    return [row_of_check(one.to_json(), source, "2025-10-27") for one in places]


def town_rows(data: Path, prefecture: str, name: str) -> list[dict[str, Any]]:
    """Return the towns with their points; those of which the file knows none are left out."""
    file = data / "geo" / "addresses" / prefecture / f"{name}.json"
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
    city: RealCity, towns: list[dict[str, Any]], count: int, rng: np.random.Generator
) -> Homes:
    """Place invented households along the streets."""
    from scipy.spatial import cKDTree

    network = city.network
    edge = rng.choice(np.flatnonzero(city.homes), count)
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


def create(
    city: RealCity, data: Path, people: int, *, step: Callable[[str], None] = lambda _: None
) -> str:
    """Make the city from the folder of real data and return a sentence about what was made."""
    rng = np.random.default_rng(zlib.crc32(city.code.encode()))
    network, name = city.network, str(city.facts["name"])
    towns, plan = town_rows(data, city.facts["prefecture"], name), _plan(people)
    load.remove(city.code)
    step("町字")
    municipalities.load_municipality(
        city.code,
        {
            **city.facts,
            "latitude": float(network.lat.mean()),
            "longitude": float(network.lon.mean()),
        },
        {
            "code": [f"{number:06d}" for number in range(1, len(towns) + 1)],
            "name": [f"{row['town']}{row['koaza']}" for row in towns],
            "kana": [""] * len(towns),
            "district": [""] * len(towns),
            "latitude": [row["lat"] for row in towns],
            "longitude": [row["lng"] for row in towns],
        },
    )
    with worlds.entered(city.code):
        with municipalities.changing_settings() as settings:
            settings["credits"] = [*city.credits, *CREDITS]
            settings["invented"] = city.invented
        step("住民（架空）")
        register = build_register(plan, _homes(city, towns, plan.households, rng), rng)
        load.load_register(register)
        step("避難先")
        facilities = facility_rows(data, city.code)
        shelters.load_facilities(facilities)
        step("道路網")
        for layer in city.layers:
            hazards.register_layer(layer)
        evacuation.load_network(network, defects=city.defects)
        load.add_accounts()
        residents.population()
    return (
        f"{name}ができました：道路 {len(network.tail):,} 本、避難先 {len(facilities)} か所、"
        f"町字 {len(towns)}、架空の住民 {people:,}人"
    )
