"""``sonae evacuation route`` and ``assign``: ways and places from files; no server needed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.profiles import NIGHT_FACTOR, PROFILES, Profile
from sonae.engines.evacuation.roads import read_roads
from sonae.engines.evacuation.routing import Route, Router
from sonae.engines.evacuation.sitefiles import GROUPS, Placed, group_bits, place
from sonae.engines.hazard.cli import read_points
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.shelters.listing import HAZARDS, Listed
from sonae.engines.shelters.readers import read_list

_PROFILE_NAMES = tuple(profile.name for profile in PROFILES)
_roads = click.option(
    "--roads", required=True, type=click.Path(path_type=Path),
    help="道路データ（GeoJSON・GPKG・Shapefile・そのzip、または保存した道路網のフォルダ）",
)  # fmt: skip
_shelters = click.option(
    "--shelters", "lists", required=True, multiple=True, type=click.Path(path_type=Path),
    help="指定緊急避難場所の一覧（何度でも指定できる）",
)  # fmt: skip
_hazards = click.option(
    "--hazard", "specs", multiple=True, metavar="FILE",
    help="避けて通る危険区域（sonae hazard at の --layer と同じ）",
)  # fmt: skip
_for = click.option(
    "--for", "hazards", multiple=True, required=True, type=click.Choice(HAZARDS),
    help="どの災害のための避難か。複数ならすべてに指定された避難場所だけを選ぶ",
)  # fmt: skip
_format = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """避難経路と避難先を計算する。指定されていない避難場所は、近くても選ばない。"""


@group.command()
@_roads
@_shelters
@_hazards
@_for
@click.option("--profile", type=click.Choice(_PROFILE_NAMES), default="adult", show_default=True,
              help="歩く人。wheelchair は階段を通らない")  # fmt: skip
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="歩く速さ m/秒（既定: 歩く人による）",
)
@click.option("--night", is_flag=True, help="夜間（速さ×0.8）")
@click.option("--group", "groups", multiple=True, type=click.Choice(GROUPS),
              help="受入対象者を限る避難所にも入れる人")  # fmt: skip
@click.option("--no-line", is_flag=True, help="経路の線を出力しない")
@_format
@click.argument("origins", type=click.Path(allow_dash=True))
def route(
    roads: Path, lists: tuple[Path, ...], specs: tuple[str, ...], hazards: tuple[str, ...],
    profile: str, speed: float | None, night: bool, groups: tuple[str, ...], no_line: bool,
    fmt: str | None, origins: str,
) -> None:  # fmt: skip
    """ORIGINS（見出し id,lat,lon のCSV）の各地点から、避難場所と道を求める。"""
    walker = _walker(profile, speed, night)
    with Rows(fmt) as rows:
        network = _network(roads, rows)
        listed = read_lists(lists, rows)
        names, lat, lon = read_points(origins, rows, ("id", "lat", "lon"))
        if network is not None and listed is not None:
            placed = place(listed, network)
            _tell_far(placed)
            router = Router(network, placed, hazards, read_layers(specs, rows), walker,
                            groups=group_bits(groups))  # fmt: skip
            lines = not no_line and rows.format != "table"
            for row, found in zip(names, router.routes(lat, lon, lines=lines), strict=True):
                rows.add(_answer(row["id"], found, placed, walker, lines=lines))
    sys.exit(rows.status)


def _walker(name: str, speed: float | None, night: bool) -> Profile:
    """Return the profile with the speed that counts."""
    profile = PROFILES[_PROFILE_NAMES.index(name)]
    return replace(profile, speed=(speed or profile.speed) * (NIGHT_FACTOR if night else 1.0))


def _network(path: Path, rows: Rows) -> Network | None:
    """Read the roads; None after a refusal."""
    try:
        return read_roads(path)
    except SonaeError as error:
        rows.refuse(error, str(path))
        return None


def read_lists(paths: tuple[Path, ...], rows: Rows) -> list[Listed] | None:
    """Read all lists of facilities; None when not one could be read."""
    found: list[Listed] = []
    read = 0
    for path in paths:
        try:
            found.extend(read_list(path)[0])
            read += 1
        except SonaeError as error:
            rows.refuse(error, str(path))
    return found if read else None


def read_layers(specs: tuple[str, ...], rows: Rows) -> list[Layer]:
    """Open the hazard layers to keep away from; refuse those that cannot be read."""
    layers: list[Layer] = []
    for spec in specs:
        try:
            layers.extend(open_layers(spec))
        except SonaeError as error:
            rows.refuse(error, spec)
    return layers


def _tell_far(placed: Placed) -> None:
    """Say which facilities lie away from every road; they are not silently left out."""
    for one in placed.far():
        note = {"input": one.input, "row": one.row, "note": "far_from_road", "detail": one.name}
        click.echo(json.dumps(note, ensure_ascii=False), err=True)


def _answer(
    origin: str, found: Route, placed: Placed, walker: Profile, *, lines: bool
) -> dict[str, Any]:
    """Return one line of the contract."""
    listed = placed.listed[found.site] if found.site >= 0 else None
    row: dict[str, Any] = {
        "id": origin,
        "shelter_id": listed.id if listed else None,
        "shelter": listed.name if listed else None,
        "distance_m": _rounded(found.distance_m),
        "minutes": _rounded(found.minutes),
        "hazard_m": _rounded(found.hazard_m),
        "reachable": listed is not None,
        "reason": found.reason,
    }
    if lines:
        row |= {"line": found.line, "profile": walker.name, "speed": round(walker.speed, 3)}
    return row


def _rounded(value: float | None) -> float | None:
    """Return one decimal, None for None."""
    return None if value is None else round(value, 1)
