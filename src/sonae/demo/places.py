"""Facilities of the demo city: emergency sites and shelters, designated as a real city would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonae.core import townname
from sonae.demo.frame import CELL_M, latitude, longitude
from sonae.demo.ground import Ground
from sonae.demo.people import Homes
from sonae.demo.towns import Towns
from sonae.demo.water import UNKNOWN, Raster, Rasters

_KINDS = (
    ("小学校", "ショウガッコウ"), ("中学校", "チュウガッコウ"), ("公民館", "コウミンカン"),
    ("体育館", "タイイクカン"), ("コミュニティセンター", "コミュニティセンター"), ("公園", "コウエン"),
    ("高等学校", "コウトウガッコウ"), ("市民センター", "シミンセンター"),
)  # fmt: skip
_WELFARE = (
    ("老人福祉センター", "elderly", "ロウジンフクシセンター"),
    ("障がい者支援センター", "disabled", "ショウガイシャシエンセンター"),
    ("児童館", "child", "ジドウカン"),
)
_TALL = ("小学校", "中学校", "高等学校")
_CLOSED = ("改修工事中のため使用できません。", "耐震診断の結果、使用できません。")


@dataclass(frozen=True)
class Place:
    """One facility; ``hazards`` empty = no 指定緊急避難場所; capacity None = unknown."""

    public_id: str
    name: str
    kana: str
    town: int
    latitude: float
    longitude: float
    hazards: dict[str, str]
    is_shelter: bool
    site_capacity: int | None
    shelter_capacity: int | None
    restricted_to: tuple[str, ...]
    usable: str
    usable_reason: str
    pets: str
    step_free: str
    wheelchair_toilet: str


def _rank(raster: Raster, x: float, y: float) -> int:
    """Return the rank of a raster (row 0 south) at a place in metres."""
    row = min(int(y / CELL_M), raster.shape[0] - 1)
    return int(raster[row, min(int(x / CELL_M), raster.shape[1] - 1)])


def _hazards(
    rasters: Rasters, kind: str, x: float, y: float, rng: np.random.Generator
) -> dict[str, str]:
    """Designate a site per hazard from the ground it stands on; no sea and no volcano near."""
    flood, slide = _rank(rasters.flood_l2, x, y), _rank(rasters.landslide, x, y)
    water = "yes" if flood == 0 else "partial" if flood in (1, 2) and kind in _TALL else "no"
    inland = _rank(rasters.inland, x, y)
    return {
        "flood": "unknown" if flood == UNKNOWN else water,
        "inland_flood": "yes" if inland in (0, UNKNOWN) or kind in _TALL else "partial",
        "landslide": "unknown" if slide == UNKNOWN else "no" if slide else "yes",
        "earthquake": "yes" if rng.random() < 0.97 else "no",
        "fire": "yes" if kind == "公園" or rng.random() < 0.8 else "no",
        "storm_surge": "no",
        "tsunami": "no",
        "volcano": "no",
    }


def _three(rng: np.random.Generator, yes: float, unknown: float = 0.15) -> str:
    """Return yes, no or unknown with these shares."""
    return str(rng.choice(["yes", "unknown", "no"], p=[yes, unknown, 1 - yes - unknown]))


def _capacity(rng: np.random.Generator, known: float) -> int | None:
    """Return a capacity in people, or None where the city never counted."""
    return int(rng.integers(8, 90) * 10) if rng.random() < known else None


def _spots(
    ground: Ground, homes: Homes, count: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return places in metres, spread as people live."""
    from scipy.cluster.vq import kmeans2

    sample = rng.choice(len(homes.x), min(9000, len(homes.x)), replace=False)
    points = np.column_stack((homes.x, homes.y))[sample]
    start = points[rng.choice(len(points), count, replace=False)]
    centres, label = kmeans2(points, start, iter=4, minit="matrix", missing="warn")
    for number in range(count):  # stand beside a home, never in a river between two quarters
        members = points[label == number]
        if len(members):
            nearest = np.argmin(((members - centres[number]) ** 2).sum(axis=1))
            centres[number] = members[nearest]
    spots: npt.NDArray[np.float64] = centres + rng.normal(0, 8, centres.shape)
    return spots


def build_places(
    ground: Ground, rasters: Rasters, towns: Towns, homes: Homes, rng: np.random.Generator
) -> list[Place]:
    """Generate all facilities: sites first, then those that are shelters only."""
    plan = ground.plan
    count = plan.sites + plan.shelters - plan.both
    spots = _spots(ground, homes, count, rng)
    town = towns.of(spots[:, 0], spots[:, 1])
    shelter_only = set(range(plan.sites, count))
    welfare = [*sorted(shelter_only), *range(plan.both)][: plan.welfare]
    seen: dict[str, int] = {}
    made = []
    for number in range(count):
        group = _WELFARE[welfare.index(number) % 3] if number in welfare else None
        kind, kind_kana = _KINDS[int(rng.integers(len(_KINDS)))]
        made.append(
            _place(
                number,
                group,
                kind,
                kind_kana,
                int(town[number]),
                spots[number],
                plan.sites,
                plan.both,
                towns,
                rasters,
                seen,
                rng,
            )
        )
    return made


def _place(
    number: int, group: tuple[str, str, str] | None, kind: str, kind_kana: str, town: int,
    spot: npt.NDArray[np.float64], sites: int, both: int, towns: Towns, rasters: Rasters,
    seen: dict[str, int], rng: np.random.Generator,
) -> Place:  # fmt: skip
    """Put one facility together."""
    stem = towns.name[town].removeprefix("大字").rstrip("一二三四五六丁目")
    spoken = townname.reading(towns.name[town], towns.kana[town])
    name = f"{stem}{group[0] if group else kind}"
    seen[name] = seen.get(name, 0) + 1
    if seen[name] > 1:
        name = f"{name}（第{seen[name]}）"
    is_site, is_shelter = number < sites, number < both or number >= sites
    closed = number % 61 == 17
    x, y = float(spot[0]), float(spot[1])
    return Place(
        public_id=f"E992011{number + 1:07d}",
        name=name,
        kana=f"{spoken}{group[2] if group else kind_kana}",
        town=town,
        latitude=float(latitude(np.array(y))),
        longitude=float(longitude(np.array(x))),
        hazards=_hazards(rasters, kind, x, y, rng) if is_site else {},
        is_shelter=is_shelter,
        site_capacity=_capacity(rng, 0.6) if is_site else None,
        shelter_capacity=_capacity(rng, 0.75) if is_shelter else None,
        restricted_to=(group[1],) if group else (),
        usable="no" if closed else "yes",
        usable_reason=_CLOSED[number % 2] if closed else "",
        pets=_three(rng, 0.35),
        step_free=_three(rng, 0.5),
        wheelchair_toilet=_three(rng, 0.4),
    )
