"""The demo city's frame: where it lies, how large it is, and metres ↔ degrees.

All ground work happens in local metres (x east, y north, origin at the south-west corner). The
projection is equirectangular about the city's middle, so that a grid in metres is also a regular
grid in degrees, as hazard rasters need it; over 16 km its error stays below 0.1 %.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Size = Literal["full", "small"]
Floats = npt.NDArray[np.float64]

SOUTH_WEST = (37.62, 139.70)  # lat, lon: an inland basin; no coast within 50 km
CELL_M = 10.0
_METRES_PER_LATITUDE = 110_990.0  # GRS80 at 37.7°N
_METRES_PER_LONGITUDE = 88_180.0

CODE = "992011"  # prefecture 99, municipality 201, check digit 1 (JIS X 0402)
CITY_AREA = "9920100"  # the seven-digit municipality of warnings (class20)
FORECAST_AREA = "990010"
PREFECTURE_AREA = "990000"
RIVER_AREA = "992011000001"  # 予報区域 of the flood forecast of 備え川


@dataclass(frozen=True)
class Plan:
    """What a size of city contains; lengths in metres, ``scale`` shrinks the drawing of the map."""

    size: Size
    width: float
    height: float
    scale: float
    towns: int
    households: int
    residents: int
    registrants: int
    shielded: int
    shelters: int
    welfare: int
    sites: int
    both: int
    nodes: int
    streams: int


FULL = Plan(
    size="full",
    width=16_000,
    height=14_000,
    scale=1.0,
    towns=330,
    households=50_480,
    residents=117_209,
    registrants=4_688,
    shielded=36,
    shelters=102,
    welfare=32,
    sites=199,
    both=82,
    nodes=60_000,
    streams=7,
)
SMALL = Plan(
    size="small",
    width=4_800,
    height=4_200,
    scale=0.3,
    towns=30,
    households=2_153,
    residents=5_000,
    registrants=200,
    shielded=4,
    shelters=20,
    welfare=6,
    sites=36,
    both=16,
    nodes=5_600,
    streams=3,
)


def plan_of(size: Size) -> Plan:
    """Return the plan of a size."""
    return FULL if size == "full" else SMALL


def latitude(y: Floats) -> Floats:
    """Degrees north of local metres ``y``."""
    return SOUTH_WEST[0] + y / _METRES_PER_LATITUDE


def longitude(x: Floats) -> Floats:
    """Degrees east of local metres ``x``."""
    return SOUTH_WEST[1] + x / _METRES_PER_LONGITUDE


def to_metres(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    """Local metres (x, y) of degrees."""
    return (
        (lon - SOUTH_WEST[1]) * _METRES_PER_LONGITUDE,
        (lat - SOUTH_WEST[0]) * _METRES_PER_LATITUDE,
    )
