"""A new walking network before it is in force: built from files, looked at, then confirmed or dropped."""

from __future__ import annotations

import json
import secrets
import shutil
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.evacuation.networks import DEFECTS, city, load_network, network_folder, stamp
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.reach import FARTHEST_M, describe, reach
from sonae.engines.evacuation.roads import build
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, permits, require
from sonae.platform.scope import World, in_force

KEPT_FOR = timedelta(days=1)
_GRID = 0.001
"""Degrees (about 100 m): homes without a way are drawn no finer than that."""


@dataclass(frozen=True)
class TownOff:
    """Homes of one town that no way can be offered to, and how far the farthest lies, in metres."""

    town: str
    homes: int
    farthest_m: float


@dataclass(frozen=True)
class FacilityOff:
    """A facility off the network (``off``), or beside a part that nothing joins to the main one."""

    pk: int
    name: str
    metres: float
    off: bool
    longitude: float
    latitude: float


@dataclass(frozen=True)
class Unreached:
    """Whom a network does not reach. ``islands``: homes whose nearest way leads nowhere.

    ``unknown``: homes of which only the town is known, and whose way depends on where in it they lie.
    ``cells``: longitude, latitude and number of homes off the network, on a grid of about 100 m.
    """

    homes: int
    off: int
    islands: int
    towns: list[TownOff]
    facilities: list[FacilityOff]
    cells: list[tuple[float, float, int]]
    limit_m: float = FARTHEST_M
    unknown: int = 0


@dataclass(frozen=True, eq=False)
class Shown:
    """A network with everything that is shown of it; ``since``: in force from, None before that."""

    network: Network
    figures: dict[str, Any]
    unreached: Unreached
    defects: list[dict[str, Any]]
    since: datetime | None = None


@dataclass(frozen=True)
class NetworkDoubt:
    """What a person must agree to before a network comes into force.

    ``code``: ``far_from_towns`` (most of its points, about ``km`` away) or ``homes_cut_off`` (more
    homes without a way than `_MOST_OFF` of all, and than now). ``count`` of ``total``.
    """

    code: str
    count: int
    total: int
    km: float = 0.0


_MOST_OFF = 0.1


def doubts_of(new: Unreached, network: Network) -> list[NetworkDoubt]:
    """Return what looks like another city's network rather than a newer one of this city."""
    found = []
    places = municipalities.away(network.lat, network.lon)
    if places.most:
        found.append(NetworkDoubt("far_from_towns", places.far, places.total, places.km))
    if new.off > _MOST_OFF * new.homes:
        now = city()
        before = unreached(now.network).off if now is not None else 0
        if new.off > before:
            found.append(NetworkDoubt("homes_cut_off", new.off, new.homes))
    return found


def refuse_doubtful(network: Network, agreed: Collection[str]) -> None:
    """Refuse a network with doubts that nobody agreed to; SonaeError ``conflict`` names them."""
    open_ = [one for one in doubts_of(unreached(network), network) if one.code not in agreed]
    if open_:
        told = "".join(told_of(one) for one in open_)
        raise SonaeError(
            "conflict", f"{told}いまの道路網はそのままです。",
            f"正しければ、それぞれを確かめたことを示してください（{'、'.join(one.code for one in open_)}）。",
        )  # fmt: skip


def told_of(one: NetworkDoubt) -> str:
    """Return a doubt as a sentence."""
    if one.code == "homes_cut_off":
        return f"{one.total:,}世帯のうち{one.count:,}世帯で、道がつながらなくなります。"
    return (
        f"道の点{one.total:,}のうち{one.count:,}が、市のどの町からも"
        f"{municipalities.FAR_M / 1000:g}kmより遠く（およそ{one.km:,.0f}km）にあります。"
    )


def network_in_force() -> Shown | None:
    """Return the network in use, None when none was ever loaded."""
    found = city()
    if found is None:
        return None
    since = datetime.fromtimestamp(stamp(), JST)
    return _shown(found.network, network_folder(), since)


def _shown(network: Network, folder: Path, since: datetime | None = None) -> Shown:
    return Shown(network, describe(network), unreached(network), _defects(folder), since)


def _defects(folder: Path) -> list[dict[str, Any]]:
    """Return the defects kept beside a network."""
    file = folder / DEFECTS
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def unreached(network: Network) -> Unreached:
    """Return the homes and facilities that a network does not reach."""
    rows = residents.homes.as_columns()
    town, lat, lon, spread = rows.town, rows.lat, rows.lon, rows.spread_m
    homes = reach(network, lat, lon)
    off = homes.main_m - spread > FARTHEST_M
    unsure = ~off & (spread > 0) & ((homes.main_m + spread > FARTHEST_M) | homes.island)
    names = {one.pk: one.name for one in municipalities.towns()}
    far: dict[int, list[float]] = defaultdict(list)
    for number in np.flatnonzero(off).tolist():
        far[int(town[number])].append(float(homes.main_m[number]))
    towns = [TownOff(names.get(pk, "–"), len(all_), max(all_)) for pk, all_ in far.items()]
    cells: dict[tuple[float, float], int] = defaultdict(int)
    for x, y in zip(lon[off].tolist(), lat[off].tolist(), strict=True):
        cells[round(round(x / _GRID) * _GRID, 6), round(round(y / _GRID) * _GRID, 6)] += 1
    return Unreached(
        len(lat), int(off.sum()), int((homes.island & ~unsure).sum()),
        sorted(towns, key=lambda one: -one.homes), _facilities(network),
        [(*place, count) for place, count in cells.items()], unknown=int(unsure.sum()),
    )  # fmt: skip


def _facilities(network: Network) -> list[FacilityOff]:
    """Return the facilities without a way, farthest first, then those beside an island."""
    rows = shelters.facilities()
    found = reach(
        network, np.array([r.latitude for r in rows]), np.array([r.longitude for r in rows])
    )
    listed = [
        FacilityOff(row.pk, row.name, float(metres), bool(off), row.longitude, row.latitude)
        for row, metres, off, island in zip(
            rows, found.main_m, found.off, found.island, strict=True
        )
        if off or island
    ]
    return sorted(listed, key=lambda one: (not one.off, -one.metres))


def preview_network(actor: Actor, paths: Sequence[Path], source: str, date: str) -> str:
    """Build a network from files and keep it aside for a day; returns the token to ask for it.

    Raises SonaeError when a file cannot be read: nothing is kept, the network in force stays.
    """
    _require(actor)
    _tidy()
    built = build(paths, source=source, date=date)
    token = secrets.token_urlsafe(12)
    folder = _aside() / token
    built.network.save(folder)
    lines = (json.dumps(one.to_json(), ensure_ascii=False) + "\n" for one in built.defects)
    (folder / DEFECTS).write_text("".join(lines), "utf-8")
    return token


def may_change_network(actor: Actor) -> bool:
    """Tell whether this actor may replace the network here: it is the real one in every world."""
    scope = in_force()
    live = scope is not None and scope.world is World.LIVE
    return live and permits(frozenset({Audience.ADMINISTRATOR}), actor.role)


def _require(actor: Actor) -> None:
    """Refuse whoever is no administrator, and everybody in an exercise."""
    require(actor, Audience.ADMINISTRATOR)
    if not may_change_network(actor):
        raise SonaeError(
            "exercise", "訓練の画面からは、道路網を入れ替えられません。",
            "通常の画面から行ってください。",
        )  # fmt: skip


def _aside() -> Path:
    return network_folder() / "previews"


def _tidy() -> None:
    """Drop what nobody decided on for a day."""
    oldest = (clock.SystemClock().now() - KEPT_FOR).timestamp()
    for folder in _aside().iterdir() if _aside().is_dir() else ():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _preview_folder(token: str) -> Path:
    """Return the folder of a preview; SonaeError ``not_found`` once it was decided on or dropped."""
    names = {folder.name for folder in _aside().iterdir()} if _aside().is_dir() else set()
    if token not in names or not (_aside() / token / FILE).is_file():
        raise SonaeError(
            "not_found", "この読み込みはもうありません。", "もう一度ファイルを選んでください。"
        )
    return _aside() / token


def network_preview(token: str) -> Shown:
    """Return a network that waits for a decision."""
    folder = _preview_folder(token)
    return _shown(Network.load(folder), folder)


def confirm_network(actor: Actor, token: str, *, agreed: Collection[str] = ()) -> Network:
    """Put a network into force that somebody has looked at; ``agreed``: codes of `doubts_of`, all of them."""
    _require(actor)
    folder = _preview_folder(token)
    network = Network.load(folder, check=True)
    refuse_doubtful(network, agreed)
    load_network(network, actor=actor, defects=_defects(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return network


def discard_network(actor: Actor, token: str) -> None:
    """Drop a network that shall not come into force."""
    _require(actor)
    shutil.rmtree(_preview_folder(token), ignore_errors=True)
    audit.record(actor.id, "network_discarded", token)
