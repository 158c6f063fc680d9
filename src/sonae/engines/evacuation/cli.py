"""``sonae evacuation route`` and ``assign``: ways and places from files; no server needed."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines import tables
from sonae.engines.evacuation.build_cli import build_network
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.placing import (
    CAUSES,
    NO,
    UNSAID,
    YES,
    Comfort,
    Homes,
    Places,
    place_all,
)
from sonae.engines.evacuation.profiles import NIGHT, PROFILES, Profile
from sonae.engines.evacuation.roads import read_roads
from sonae.engines.evacuation.routing import Route, Router
from sonae.engines.evacuation.sitefiles import GROUPS, Placed, group_bits, place
from sonae.engines.hazard.cli import read_points
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.shelters.listing import HAZARDS, Listed, capacity
from sonae.engines.shelters.readers import read_list

_THREE = {"yes": YES, "no": NO}
BLOCK_DEGREES = 0.001
_PROFILE_NAMES = tuple(profile.name for profile in PROFILES)
_roads = click.option(
    "--roads", required=True, type=click.Path(path_type=Path),
    help="道路データ（OpenStreetMap・GeoJSON・GPKG・Shapefile・CSV、または build で作ったフォルダ）",
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
_MOST_NAMES = 5
_format = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """避難経路と避難先を計算する。指定されていない避難場所は、近くても選ばない。"""


group.add_command(build_network)


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


@group.command("assign")
@_roads
@_shelters
@_hazards
@_for
@click.option("--capacities", type=click.Path(path_type=Path),
              help="収容人数の表（見出し id,capacity[,pets,step_free]）。一覧の値より優先する")  # fmt: skip
@click.option("--summary", type=click.Path(path_type=Path, dir_okay=False),
              help="合計の書き出し先（JSON）")  # fmt: skip
@_format
@click.argument("people", type=click.Path(allow_dash=True))
def assign_people(
    roads: Path, lists: tuple[Path, ...], specs: tuple[str, ...], hazards: tuple[str, ...],
    capacities: Path | None, summary: Path | None, fmt: str | None, people: str,
) -> None:  # fmt: skip
    """PEOPLE（見出し household_id,lat,lon,size[,needs] のCSV）の世帯を、分けずに避難場所へ割り当てる。

    needs は wheelchair・pets・elderly・disabled・child（; で区切る）。収容人数が分からない避難場所には
    割り当てない。block（街区・町字の名前）の列があれば、その近所をなるべく同じ避難場所にまとめる。
    """
    with Rows(fmt) as rows:
        network = _network(roads, rows)
        listed = read_lists(lists, rows)
        homes, names = _homes(people, rows)
        if network is not None and listed is not None:
            placed = place(listed, network)
            _tell_far(placed)
            room, comfort = capacities_of(listed, capacities, rows)
            found = place_all(
                homes, network, placed, room, hazards, read_layers(specs, rows), comfort
            )
            for number, name in enumerate(names):
                rows.add(_placed(name, number, found, placed))
            if summary is not None:
                totals = json.dumps(found.summary, ensure_ascii=False)
                summary.write_text(totals + "\n", "utf-8")
    sys.exit(rows.status)


def _homes(file: str, rows: Rows) -> tuple[Homes, list[str]]:
    """Read the households; refuse rows without a size and repeated households."""
    read, lat, lon = read_points(file, rows, ("household_id", "lat", "lon", "size"))
    keep, sizes, seen = [], [], set()
    for number, row in enumerate(read):
        name, size = row["household_id"], row["size"]
        if name in seen:
            rows.refuse(SonaeError("duplicate", f"世帯 {name} が2度出てきます。"), file, id=name)
        elif not size.isdecimal() or int(size) < 1:
            rows.refuse(
                SonaeError("bad_size", f"人数が正の整数ではありません：{size!r}"), file, id=name
            )
        else:
            keep.append(number)
            sizes.append(int(size))
        seen.add(name)
    needs = [_needs(read[number].get("needs", "")) for number in keep]
    homes = Homes(
        lat[keep], lon[keep], np.array(sizes, np.int64),
        np.array([group_bits(sorted(need & set(GROUPS))) for need in needs], np.uint8),
        np.array(["wheelchair" not in need for need in needs], bool),
        np.array(["pets" in need for need in needs], bool),
        _blocks([read[number] for number in keep], lat[keep], lon[keep]),
    )  # fmt: skip
    return homes, [read[number]["household_id"] for number in keep]


def _needs(text: str) -> set[str]:
    """Return the needs of a household; a word that is not known admits to nothing and is left out."""
    words = {word.strip().lower() for word in re.split(r"[;,、/|\s]+", text)}
    return words & {"wheelchair", "pets", *GROUPS}


def _blocks(
    rows: list[dict[str, str]], lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the number of each household's block: by name, else by a grid of about 100 m."""
    grid = [f"{a},{b}" for a, b in np.floor(np.column_stack((lat, lon)) / BLOCK_DEGREES).tolist()]
    names = [row.get("block") or cell for row, cell in zip(rows, grid, strict=True)]
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def capacities_of(
    listed: list[Listed], file: Path | None, rows: Rows
) -> tuple[NDArray[np.int64], Comfort]:
    """Return every facility's capacity, -1 where neither its list nor ``file`` says, and comfort."""
    told: dict[str, dict[str, str]] = {}
    if file is not None:
        try:
            told = {row["id"]: row for _, row in tables.rows(str(file), ("id", "capacity"))}
        except SonaeError as error:
            rows.refuse(error, str(file))
    numbers = {key: capacity(row["capacity"]).total for key, row in told.items()}
    known = (
        one.capacity.total if numbers.get(one.id) is None else numbers[one.id] for one in listed
    )
    comfort = [
        np.array(
            [_THREE.get(told.get(one.id, {}).get(name, ""), UNSAID) for one in listed], np.uint8
        )
        for name in ("pets", "step_free")
    ]
    room = np.array([-1 if number is None else number for number in known], np.int64)
    return room, Comfort(*comfort)


def _placed(name: str, number: int, found: Places, placed: Placed) -> dict[str, Any]:
    """Return one line of the contract."""
    site = int(found.site[number])
    listed = placed.listed[site] if site >= 0 else None
    return {
        "household_id": name,
        "shelter_id": listed.id if listed else None,
        "shelter": listed.name if listed else None,
        "distance_m": round(float(found.distance_m[number]), 1) if listed else None,
        "hazard_m": round(float(found.danger_m[number]), 1) if listed else None,
        "reason": CAUSES[int(found.cause[number])] or None,
    }


def _walker(name: str, speed: float | None, night: bool) -> Profile:
    """Return the profile with the speed that counts."""
    profile = PROFILES[_PROFILE_NAMES.index(name)]
    return replace(profile, speed=(speed or profile.speed) * (NIGHT.value if night else 1.0))


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
    """Say on one line for each list which facilities lie away from every road; none is left out silently."""
    far: dict[str, list[Listed]] = {}
    for one in placed.far():
        far.setdefault(one.input, []).append(one)
    for name, rows in far.items():
        told = "、".join(one.name for one in rows[:_MOST_NAMES])
        more = f"、ほか{len(rows) - _MOST_NAMES}件" if len(rows) > _MOST_NAMES else ""
        note = {
            "input": name, "note": "far_from_road", "count": len(rows),
            "rows": [one.row for one in rows],
            "detail": f"道から遠く、行き先に選べない避難場所が{len(rows)}件：{told}{more}",
        }  # fmt: skip
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
