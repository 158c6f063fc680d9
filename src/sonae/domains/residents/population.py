"""Everyone as columns (人口の列): what the planner needs, read once per register version.

117,209 people come from the database in about a second and from the file beside it in a fraction of
one; the file is only a copy and is made anew whenever the register changes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from sonae.core import clock
from sonae.domains.municipalities.interface import Municipality
from sonae.domains.residents.homes import around
from sonae.domains.residents.models import AssistanceRegistrant, Household, Position, Resident
from sonae.engines.evacuation.profiles import ADULT, ASSISTED, ELDERLY, WHEELCHAIR
from sonae.platform.scope import current_municipality

ELDERLY_AGE, CHILD_AGE, WALKS_SLOWER_AGE = 65, 18, 75
GROUP_ELDERLY, GROUP_DISABLED, GROUP_CHILD = 1, 2, 4
"""Bits of the groups a welfare shelter may admit, in the order of `shelters.rules.GROUPS`."""
FRESH = timedelta(hours=2)
"""A shared position older than this says nothing about where a person is now."""


@dataclass(frozen=True, eq=False)
class Population:
    """One entry per resident, ordered by primary key; ``node`` -1 and ``floor`` 0 mean unknown.

    ``town``: primary key. ``profile``: index into `engines.evacuation.profiles.PROFILES`.
    ``groups``: bit mask. ``moved``: the place is a shared position, not the home. ``spread_m``: the house
    lies somewhere within so many metres of the place; 0: in the place itself, inf: nobody knows where.
    """

    pk: NDArray[np.int64]
    household: NDArray[np.int64]
    town: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    node: NDArray[np.int32]
    node_m: NDArray[np.float32]
    floor: NDArray[np.int16]
    storeys: NDArray[np.int16]
    profile: NDArray[np.uint8]
    groups: NDArray[np.uint8]
    moved: NDArray[np.bool_]
    spread_m: NDArray[np.float32]


_cache: dict[str, tuple[str, Population]] = {}


def population() -> Population:
    """Return everyone of the municipality in force, shared positions in place of homes."""
    code = current_municipality()
    version = Municipality.objects.values_list("register_version", flat=True).get(pk=code)
    if not version:  # nothing was ever loaded
        return _with_positions(_read())
    stamp = f"{version}-{clock.now().year}"
    held = _cache.get(code)
    if held is None or held[0] != stamp:
        held = (stamp, _from_file(code, stamp) or _to_file(code, stamp, _read()))
        _cache[code] = held
    return _with_positions(held[1])


def _file(code: str, stamp: str) -> Path:
    return Path(settings.HOME) / "population" / f"{code}-{stamp}.npz"


def _from_file(code: str, stamp: str) -> Population | None:
    """Return the stored columns of this version of the register, None when it was not read yet."""
    file = _file(code, stamp)
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as data:
        if not {field.name for field in fields(Population)} <= set(data.files):
            return None  # written by an earlier release
        return Population(**{field.name: data[field.name] for field in fields(Population)})


def _to_file(code: str, stamp: str, made: Population) -> Population:
    """Store the columns beside the database, whole or not at all, and drop older copies."""
    file = _file(code, stamp)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as out:
        np.savez(out, **made.__dict__)
    part.chmod(0o600)
    part.replace(file)
    for old in file.parent.glob(f"{code}-*.npz"):
        if old != file:
            old.unlink(missing_ok=True)
    return made


def _sql() -> str:
    """Return the one query that reads all columns, in the order of `_read`."""
    q = connection.ops.quote_name
    resident, home = q(Resident._meta.db_table), q(Household._meta.db_table)
    help_ = q(AssistanceRegistrant._meta.db_table)
    return f"""
        SELECT r.id, h.id, h.town_id, h.latitude, h.longitude, COALESCE(h.node, -1),
               COALESCE(h.node_metres, 0), COALESCE(h.floor, 0), COALESCE(h.storeys, 0),
               r.birth_date, CASE WHEN a.id IS NULL THEN 0 WHEN a.wheelchair THEN 2 ELSE 1 END,
               CASE h.place WHEN 'town' THEN 1 WHEN 'none' THEN 2 ELSE 0 END
        FROM {resident} r JOIN {home} h ON h.id = r.household_id
        LEFT JOIN {help_} a ON a.resident_id = r.id
        WHERE r.municipality = %s AND r.left_on = '' ORDER BY r.id"""  # noqa: S608 - names only, no input


def _read() -> Population:
    """Read everyone from the database."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(), [current_municipality()])
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 12
    kinds = (
        np.int64, np.int64, np.int64, np.float64, np.float64, np.int32, np.float32, np.int16, np.int16,
    )  # fmt: skip
    plain = [np.array(values, kind) for values, kind in zip(columns[:9], kinds, strict=True)]
    births = np.array([int(text[:4]) if text else 0 for text in columns[9]], np.int16)
    age = np.where(births > 0, clock.now().year - births, -1)
    assisted = np.array(columns[10], np.int8)
    profile = np.select(
        [assisted == 2, assisted == 1, age >= WALKS_SLOWER_AGE],
        [WHEELCHAIR, ASSISTED, ELDERLY],
        ADULT,
    )
    groups = np.where(age >= ELDERLY_AGE, GROUP_ELDERLY, 0)
    groups |= np.where(assisted > 0, GROUP_DISABLED, 0)
    groups |= np.where((age >= 0) & (age < CHILD_AGE), GROUP_CHILD, 0)
    derived = (profile.astype(np.uint8), groups.astype(np.uint8), np.zeros(len(rows), np.bool_))
    spread = around(plain[2], np.array(columns[11], np.int8))
    names = [field.name for field in fields(Population)]
    return Population(**dict(zip(names, (*plain, *derived, spread), strict=True)))


def shared_position(resident_pk: int, planned_at: datetime) -> Position | None:
    """Return the position that takes the place of the home in a plan of ``planned_at``, else None.

    One shared anew since is the better start of the way, and the older one is not kept.
    """
    return Position.objects.filter(resident=resident_pk, at__gte=planned_at - FRESH).first()


def _with_positions(homes: Population) -> Population:
    """Put fresh shared positions in place of homes; their network node must be looked up again."""
    since = clock.now() - FRESH
    rows = list(
        Position.objects.filter(at__gte=since).values_list("resident_id", "latitude", "longitude")
    )
    if not rows:
        return homes
    pk, lat, lon = (np.array(column) for column in zip(*rows, strict=True))
    at = np.searchsorted(homes.pk, pk)
    known = (at < len(homes.pk)) & (homes.pk[np.minimum(at, len(homes.pk) - 1)] == pk)
    at = at[known]
    new_lat, new_lon, moved = homes.lat.copy(), homes.lon.copy(), homes.moved.copy()
    floor, storeys, node = homes.floor.copy(), homes.storeys.copy(), homes.node.copy()
    spread = homes.spread_m.copy()
    new_lat[at], new_lon[at], moved[at] = lat[known], lon[known], True
    floor[at], storeys[at], node[at], spread[at] = 0, 0, -1, 0.0
    return replace(
        homes, lat=new_lat, lon=new_lon, moved=moved, floor=floor, storeys=storeys, node=node,
        spread_m=spread,
    )  # fmt: skip
