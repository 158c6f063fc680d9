"""The municipality's walking network on disk, and where homes and facilities meet it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from sonae.core.errors import SonaeError
from sonae.domains.municipalities.interface import announce_change, renew_register_version
from sonae.domains.residents.interface import Household
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.planning import City
from sonae.engines.evacuation.reach import FARTHEST_M as FARTHEST_M
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality

DEFECTS = "defects.jsonl"

_held: dict[str, tuple[float, City]] = {}


def network_folder() -> Path:
    """Return where the municipality's network lies under SONAE_HOME."""
    return Path(settings.HOME) / "networks" / current_municipality()


def load_network(
    network: Network, *, actor: Actor = SYSTEM, defects: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Use this network from now on: save it, and snap every home and facility to it.

    ``defects``: what was wrong with its files, kept beside it to be looked up.

    The file is written beside the one in force and takes its place at the end of the transaction:
    whatever fails before that leaves the last good network, and where homes meet it, in force.
    SonaeError ``unreadable`` for a network that contradicts itself.
    """
    require(actor, Audience.ADMINISTRATOR)
    if wrong := network.contradiction():
        raise SonaeError("unreadable", f"この道路網は使えません：{wrong}。")
    folder = network_folder()
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".loading-", dir=folder))
    try:
        network.save(staged)
        lines = (json.dumps(dict(one), ensure_ascii=False) + "\n" for one in defects)
        (staged / DEFECTS).write_text("".join(lines), "utf-8")
        with writing():
            _snap_homes(network)
            _snap_facilities(network)
            renew_register_version()
            announce_change("network")
            audit.record(actor.id, "network_loaded", network.source, nodes=len(network.lat),
                         edges=len(network.tail), date=network.date)  # fmt: skip
            (staged / DEFECTS).replace(folder / DEFECTS)
            (staged / FILE).replace(folder / FILE)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    _held.pop(current_municipality(), None)


def _snap_homes(network: Network, *, only_new: bool = False) -> None:
    """Store node and distance of every household, 50,000 in well under a second.

    A home that nobody can place has no way from anywhere.
    """
    homes = Household.objects.exclude(place="none")
    homes = homes.filter(node_metres=None) if only_new else homes
    rows = list(homes.values_list("pk", "latitude", "longitude"))
    if not rows:
        return
    pk, lat, lon = (np.array(column) for column in zip(*rows, strict=True))
    node, metres = network.snap(lat, lon)
    table = connection.ops.quote_name(Household._meta.db_table)
    near = metres <= FARTHEST_M
    values = list(zip(np.where(near, node, -1).tolist(), metres.tolist(), pk.tolist(), strict=True))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET node = NULLIF(%s, -1), node_metres = %s WHERE id = %s",  # noqa: S608
            values,
        )


def place_homes() -> None:
    """Find the nodes of homes that a file of the register brought, or moved."""
    found = city()
    if (
        found is None
        or not Household.objects.filter(node_metres=None).exclude(place="none").exists()
    ):
        return
    with writing():
        _snap_homes(found.network, only_new=True)
        renew_register_version()


def place_facilities() -> None:
    """Find the nodes of facilities that a new list brought, or moved."""
    found = city()
    if found is not None:
        _snap_facilities(found.network, only_new=True)


def _snap_facilities(network: Network, *, only_new: bool = False) -> None:
    """Store the node of every facility, or of those without one."""
    rows = [row for row in shelters.facilities() if row.node is None or not only_new]
    if not rows:
        return
    lat = np.array([row.latitude for row in rows])
    lon = np.array([row.longitude for row in rows])
    node, metres = network.snap(lat, lon)
    shelters.place_on_network(
        {
            row.pk: int(at) if far <= FARTHEST_M else None
            for row, at, far in zip(rows, node, metres, strict=True)
        }
    )


def stamp() -> float:
    """Return when the network in use was written (UNIX seconds), 0 without one."""
    marker = network_folder() / FILE
    return marker.stat().st_mtime if marker.exists() else 0.0


def city() -> City | None:
    """Return the network ready for planning, opened once per process; None when none is loaded."""
    code, written = current_municipality(), stamp()
    if not written:
        return None
    held = _held.get(code)
    if held is None or held[0] != written:
        held = (written, City(Network.load(network_folder())))
        _held[code] = held
    return held[1]
