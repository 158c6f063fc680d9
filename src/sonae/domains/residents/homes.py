"""Where homes lie (家の位置): town by address, a point where the city has one, never a house invented.

A home without its own position stands at its town's point and says so (`Household.place`); plans then ask
what the maps say all around that point (`spread_m`), and pages say that the house is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import (
    Municipality,
    Town,
    announce_change,
    municipality,
    renew_register_version,
    towns,
)
from sonae.domains.residents.models import AddressPoint, Household
from sonae.domains.residents.register import write_changes
from sonae.engines.register import mappings, reading
from sonae.engines.register.converters import CONVERTERS, cleaned
from sonae.engines.register.difference import Change, Place
from sonae.engines.register.items import ITEMS
from sonae.engines.register.reading import Home
from sonae.engines.register.towns import TownFinder
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import current_municipality, is_exercise

UNREAD_TOWN: Final = "町名を読めない住所"
"""The town of homes whose address names none: orders and lists show them, so that nobody is forgotten."""
UNREAD_CODE: Final = "-"
FARTHEST_M: Final = 20_000.0
"""A position farther from its town than this is another city's, or swapped."""
NEAREST_M, WIDEST_M = 250.0, 3000.0
_METRES: Final = 111_320.0


def finder() -> TownFinder[int]:
    """Return the finder of towns by address of this municipality."""
    city = municipality()
    known = [(one.pk, one.code, one.name) for one in towns() if one.code != UNREAD_CODE]
    return TownFinder(known, (city.prefecture, city.name), UNREAD_TOWN)


class Placer:
    """Places homes: by the position of the file, by the city's points, by the town."""

    def __init__(self) -> None:
        """Read towns and points once; ``strange``: homes whose own position cannot be in this city."""
        self.towns = {one.pk: one for one in towns()}
        self.city: Municipality = municipality()
        self.strange: list[Home] = []
        rows = AddressPoint.objects.values_list("town", "address", "latitude", "longitude")
        self.points = {(town, address): (lat, lon) for town, address, lat, lon in rows}

    def place(self, home: Home) -> Place:
        """Return where a home of a file lies."""
        town = self.towns.get(home.town)
        if home.latitude is not None and home.longitude is not None:
            given = Place(home.latitude, home.longitude, "home")
            if self.near(given, town):
                return given
            self.strange.append(home)
        if town is None or town.code == UNREAD_CODE:
            return Place(self.city.latitude, self.city.longitude, "none")
        point = self.points.get((town.pk, point_key(home.address)))
        if point:
            return Place(*point, "point")
        return Place(town.latitude, town.longitude, "town")

    def near(self, place: Place, town: Town | None) -> bool:
        """Tell whether a position can be in this city at all."""
        centre = town or self.city
        north = (place.latitude - centre.latitude) * _METRES
        east = (place.longitude - centre.longitude) * _METRES * np.cos(np.radians(centre.latitude))
        return bool(np.hypot(north, east) <= FARTHEST_M)


def point_key(address: str) -> str:
    """Return an address after the town as points are told: ``1番2号``, ``1-2`` and ``1番地の2`` are 1-2."""
    plain = address.split(" ")[0]
    for word in ("番地の", "番地", "番", "の"):
        plain = plain.replace(word, "-")
    return plain.replace("号", "").replace("--", "-").strip("-")[:80]


def unread_town() -> int:
    """Return the key of the town for addresses that name none, made when it is needed."""
    city = municipality()
    row, _made = Town.objects.get_or_create(
        code=UNREAD_CODE,
        defaults={
            "name": UNREAD_TOWN,
            "kana": "",
            "latitude": city.latitude,
            "longitude": city.longitude,
        },
    )
    return row.pk


def by_place() -> dict[str, int]:
    """Return how a position is known → homes, of all in which somebody lives."""
    return dict(Counter(Household.objects.values_list("place", flat=True)))


def spreads() -> dict[int, float]:
    """Return town → metres around its point in which its homes may lie: half-way to the next, and over."""
    rows = [one for one in towns() if one.code != UNREAD_CODE]
    if len(rows) < 2:
        return {one.pk: WIDEST_M for one in rows}
    lat, lon = np.array([[one.latitude, one.longitude] for one in rows]).T
    north, east = lat * _METRES, lon * _METRES * np.cos(np.radians(lat.mean()))
    apart = np.hypot(north[:, None] - north, east[:, None] - east)
    np.fill_diagonal(apart, np.inf)
    near = np.clip(apart.min(axis=1), NEAREST_M, WIDEST_M)
    return {one.pk: float(metres) for one, metres in zip(rows, near, strict=True)}


_HOW: Final = {"town": 1, "none": 2}


@dataclass(frozen=True, eq=False)
class Homes:
    """Every home in which somebody lives, ordered by primary key; ``spread_m`` as in `Population`."""

    town: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    spread_m: NDArray[np.float32]


def as_columns() -> Homes:
    """Return every home with how far around its place the house itself may lie."""
    rows = Household.objects.order_by("pk").values_list("town", "latitude", "longitude", "place")
    town, lat, lon, place = zip(*rows, strict=True) if rows else ((), (), (), ())
    towns_ = np.array(town, np.int64)
    how = np.array([_HOW.get(one, 0) for one in place], np.int8)
    return Homes(towns_, np.array(lat, np.float64), np.array(lon, np.float64), around(towns_, how))


def around(town: NDArray[np.int64], how: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return how far around its place every home may lie; ``how`` 0: known, 1: in its town, 2: nobody knows."""
    if not how.any():
        return np.zeros(len(how), np.float32)
    keys, at = np.unique(town, return_inverse=True)
    known = spreads()
    wide = np.array([known.get(key, np.inf) for key in keys.tolist()], np.float32)[at]
    return np.select([how == 0, how == 1], [np.float32(0), wide], np.float32(np.inf))


@dataclass(frozen=True)
class Points:
    """What a file of address points brought: rows, points kept, rows unused, homes placed by them."""

    rows: int
    points: int
    unused: int
    placed: int


def load_points(actor: Actor, raw: bytes, name: str) -> Points:
    """Take a list of address points (住居表示: 住所, 緯度, 経度) in place of the last, and put homes on them.

    Only homes that stood at their town's point move. SonaeError as for any table, the last list stays;
    ``conflict`` in an exercise, because both worlds share the homes.
    """
    require(actor, Audience.ADMINISTRATOR)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、家の位置を変えられません。", "本番の画面で行ってください。"
        )
    table = reading.opened(raw, name, "points")
    mapping = mappings.guess(table.headings, "points")
    if missing := mappings.lacking(mapping.items, "points"):
        names = "、".join(ITEMS[one].name for one in missing)
        raise SonaeError("missing_columns", f"{name}に必要な列がありません：{names}",
                         "住所（または町字と番地）、緯度、経度の列が要ります。")  # fmt: skip
    kept, rows = _points(table, mapping)
    if not kept:
        raise SonaeError(
            "empty_file",
            f"{name}に、この市の町名を読める住所と、この市にある緯度経度のそろった行がありません。",
        )
    with writing():
        AddressPoint.objects.all()._raw_delete("default")
        bulk_insert(AddressPoint, {
            "municipality": [current_municipality()] * len(kept), "town_id": [town for town, _ in kept],
            "address": [address for _, address in kept],
            "latitude": [at[0] for at in kept.values()], "longitude": [at[1] for at in kept.values()],
        })  # fmt: skip
        placed = _put_on(kept)
        renew_register_version()
        announce_change("register")
        audit.record(actor.id, "address_points_loaded", points=len(kept), placed=placed)
    return Points(rows, len(kept), rows - len(kept), placed)


def _points(
    table: reading.Opened, mapping: mappings.Mapping
) -> tuple[dict[tuple[int, str], tuple[float, float]], int]:
    """Return (town, address) → position of every usable row, and how many rows there are."""
    at = {mapping.columns[h]: n for n, h in enumerate(table.headings) if h in mapping.columns}
    find, degrees, kept, rows = finder(), CONVERTERS["degrees"], {}, 0
    placer = Placer()
    for _, cells in table.rows:
        rows += 1
        said: Mapping[str, str] = {
            item: cleaned(cells[n]) if n < len(cells) else "" for item, n in at.items()
        }
        parts = (said.get("town", ""), said.get("block", ""), said.get("house", ""))
        found = find.find(said.get("address") or parts[0] + "-".join(filter(None, parts[1:])))
        lat, lon = (degrees(said[name])[0] for name in ("latitude", "longitude"))
        if found.town is None or lat is None or lon is None or not point_key(found.rest):
            continue
        if placer.near(Place(lat, lon, "point"), placer.towns.get(found.town)):
            kept[found.town, point_key(found.rest)] = (lat, lon)
    return kept, rows


def _put_on(points: Mapping[tuple[int, str], tuple[float, float]]) -> int:
    """Move homes that stand at their town's point onto their own; return how many."""
    changes: list[Change] = []
    rows = Household.objects.filter(place__in=("town", "point"))
    for pk, town, address in rows.values_list("pk", "town_id", "address"):
        at = points.get((town, point_key(address)))
        if at:
            values: Sequence[tuple[str, Any]] = (
                ("latitude", at[0]), ("longitude", at[1]), ("place", "point"), ("node", None),
                ("node_metres", None),
            )  # fmt: skip
            changes += [Change(pk, item, None, value) for item, value in values]
    write_changes(Household, changes)
    return len(changes) // 5
