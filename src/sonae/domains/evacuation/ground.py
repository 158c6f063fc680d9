"""What a town stands on: the ground where its people live and walk, for answers about the whole town.

No file tells where a town ends. Its ground is taken as the squares of 50 m that hold one of its homes
or a piece of street whose nearest home is one of its own; each square is asked as a whole and the
homes exactly, so that what is said of a town is never safer than what the plan says to who lives
there. Only sums over the ground are told to anybody, never a home.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonae.domains.evacuation import networks
from sonae.domains.municipalities.interface import Town, municipality, towns
from sonae.domains.residents.interface import Household
from sonae.engines.evacuation.network import METRES_PER_DEGREE
from sonae.platform.scope import current_municipality

MESH_M = 50.0
STEP_M = 10.0
"""Between the points asked in a square: no wider than a cell of the usual hazard raster."""
NEAR_M = 250.0
"""A street farther than this from every home is nobody's."""
_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ground:
    """Points in degrees, the nearest to the middle first.

    ``whole``: whether they cover all there is; without it, being outside there says nothing of the rest.
    """

    lat: _Floats
    lon: _Floats
    whole: bool = True

    @classmethod
    def point(cls, latitude: float, longitude: float) -> Ground:
        """Return one place alone (degrees)."""
        return cls(np.array([latitude]), np.array([longitude]))


@dataclass(frozen=True, eq=False)
class _Index:
    """Homes and streets of a city by town (primary keys), and the grounds made of them so far.

    ``whole``: towns with homes, every one of which is placed.
    """

    lat: _Floats
    lon: _Floats
    town: NDArray[np.int64]
    whole: frozenset[int]
    made: dict[int, Ground] = field(default_factory=dict)


_held: dict[str, tuple[tuple[str, float], _Index]] = {}


def ground_of(town: Town) -> Ground:
    """Return the ground of a town; not ``whole`` where the register has no home in it, or one that
    nobody has placed."""
    index = _index()
    if town.pk not in index.made:
        own = index.town == town.pk
        index.made[town.pk] = _spread(town, index.lat[own], index.lon[own], town.pk in index.whole)
    return index.made[town.pk]


def _index() -> _Index:
    """Return homes and streets by town, read once per register and network."""
    state = (municipality().register_version, networks.stamp())
    code = current_municipality()
    held = _held.get(code)
    if not state[0] or held is None or held[0] != state:
        held = _held[code] = (state, _read())
    return held[1]


def _read() -> _Index:
    """Read every home; a street's node is of the town of its nearest home, or of the nearest town's point."""
    from scipy.spatial import cKDTree

    rows = list(Household.objects.only("town", "latitude", "longitude", "place"))
    homes = [(row.town_id, row.latitude, row.longitude) for row in rows if row.located]
    unplaced = {row.town_id for row in rows if not row.located}
    points = [(town.pk, town.latitude, town.longitude) for town in towns()]
    seeds = np.array([*homes, *points], np.float64).reshape(-1, 3)
    town, lat, lon = seeds[:, 0].astype(np.int64), seeds[:, 1], seeds[:, 2]
    city = networks.city()
    if city is not None and len(seeds):
        node_lat, node_lon = np.asarray(city.network.lat), np.asarray(city.network.lon)
        middle = float(np.mean(lat))
        far, nearest = cKDTree(_metres(lat, lon, middle)).query(_metres(node_lat, node_lon, middle))
        near = far <= NEAR_M
        lat, lon = np.append(lat, node_lat[near]), np.append(lon, node_lon[near])
        town = np.append(town, town[nearest[near]])
    return _Index(lat, lon, town, frozenset(home[0] for home in homes) - unplaced)


def _metres(
    lat: Sequence[float] | _Floats, lon: Sequence[float] | _Floats, middle: float
) -> _Floats:
    """Return points in metres, flat about a latitude (degrees)."""
    across = METRES_PER_DEGREE * np.cos(np.radians(middle))
    return np.stack([np.asarray(lat) * METRES_PER_DEGREE, np.asarray(lon) * across], axis=1)


def _spread(town: Town, lat: _Floats, lon: _Floats, whole: bool) -> Ground:
    """Return all points of the squares under a town's homes and streets, and those themselves."""
    high = MESH_M / METRES_PER_DEGREE
    wide = high / float(np.cos(np.radians(town.latitude)))
    squares = np.unique(np.stack([np.floor(lat / high), np.floor(lon / wide)], axis=1), axis=0)
    count = round(MESH_M / STEP_M)
    inner = (np.arange(count) + 0.5) / count
    up, across = (part.ravel() for part in np.meshgrid(inner, inner, indexing="ij"))
    every_lat = np.append(((squares[:, :1] + up) * high).ravel(), lat)
    every_lon = np.append(((squares[:, 1:] + across) * wide).ravel(), lon)
    here = _metres([town.latitude], [town.longitude], town.latitude)
    away = np.hypot(*(_metres(every_lat, every_lon, town.latitude) - here).T)
    order = np.argsort(away, kind="stable")
    return Ground(every_lat[order], every_lon[order], whole)
