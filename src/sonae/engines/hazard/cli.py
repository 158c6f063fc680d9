"""``sonae hazard at``: what each layer says about each point; no server needed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import numpy as np
import shapely
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines import tables
from sonae.engines.hazard.elevation import Ground, Patchwork, open_ground
from sonae.engines.hazard.layer import OUTSIDE, UNREADABLE, Layer
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.hazard.tiles import TileLayer

_LAYER_HELP = (
    "ハザード情報。タイル（フォルダまたは {z}/{x}/{y} を含むURL）、国土数値情報 A31・A33・A40・A49"
    "（GeoJSON・Shapefile・GPKG・GML、zipも可）、PLATEAUのGML、保存したラスタ。何度でも指定できる。"
    "名前から災害が分からないときは flood=ファイル のように書く。"
)


@click.group()
def group() -> None:
    """地点が危険区域の中（inside）か、外（outside）か、分からない（unknown）かを調べる。"""


@group.command("at")
@click.option("--layer", "specs", multiple=True, required=True, metavar="FILE", help=_LAYER_HELP)
@click.option("--zoom", type=click.IntRange(2, 17), help="タイルを読む縮尺（既定: 最も細かいもの）")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
@click.argument("points", type=click.Path(allow_dash=True))
def at(specs: tuple[str, ...], zoom: int | None, fmt: str | None, points: str) -> None:
    """POINTS（見出し id,lat,lon のCSV。- で標準入力）の各地点を、各レイヤで調べる。"""
    with Rows(fmt) as rows:
        layers = _layers(specs, zoom, rows)
        names, lat, lon = read_points(points, rows, ("id", "lat", "lon"))
        if names:
            answers = [(layer, _asked(layer, lat, lon, rows)) for layer in layers]
            for number, row in enumerate(names):
                for layer, ranks in answers:
                    if ranks is not None:
                        rows.add(_answer(row["id"], layer, int(ranks[number]), rows.format))
    sys.exit(rows.status)


@group.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="FILE…")
@click.option("--zoom", type=click.IntRange(2, 17), help="タイルを読む縮尺（既定: 最も細かいもの）")
@click.option(
    "--defects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="欠陥の一覧の書き出し先（JSON Lines）",
)
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def check(specs: tuple[str, ...], zoom: int | None, defects: Path | None, fmt: str | None) -> None:
    """FILE に何が入っているかを示し、読めない値・色・図形を数える。タイルはフォルダ全体を読む。"""
    wrong: list[dict[str, Any]] = []
    with Rows(fmt) as rows:
        for spec in specs:
            for layer in _layers((spec,), zoom, rows):
                rows.add({"input": spec, **_content(layer)})
                wrong += [one.to_json() for one in getattr(layer, "defects", ())]
    if defects is not None:
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in wrong)
        defects.write_text("".join(lines), "utf-8")
    for one in wrong if defects is None else ():
        click.echo(json.dumps(one, ensure_ascii=False), err=True)
    sys.exit(rows.status)


def _content(layer: Layer) -> dict[str, Any]:
    """Return what a layer holds, in one line; the tiles of a folder are all read for it."""
    facts: dict[str, Any] = {
        name: getattr(layer, name) for name in ("name", "hazard", "kind", "scale", "source", "date")
    }
    if isinstance(layer, TileLayer):
        bounds = layer.bounds()
        if bounds is not None:
            layer.prefetch(bounds)
        return {**facts, "tiles": layer.palette.tiles, "missing": layer.palette.missing,
                "unreadable_colours": len(layer.palette.colours), "bounds": bounds}  # fmt: skip
    if isinstance(layer, PolygonLayer):
        counts = Counter(layer.rank.tolist())
        unread = counts.pop(UNREADABLE, 0)
        return {**facts, "areas": len(layer.shapes), "by_rank": dict(sorted(counts.items())),
                "unreadable": unread, "depths": list(layer.depths),
                "extent": "stated" if layer.stated else "data",
                "bounds": [round(float(one), 6) for one in shapely.total_bounds(layer.shapes)]}  # fmt: skip
    return facts


@group.command("height")
@click.option(
    "--dem",
    "specs",
    multiple=True,
    required=True,
    metavar="FILE",
    help="DEMのPNGタイル（フォルダかURL）、基盤地図情報のDEM（xml・zip）、保存した標高。細かいものから順に",
)
@click.option("--zoom", type=click.IntRange(2, 17), help="タイルを読む縮尺")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
@click.argument("points", type=click.Path(allow_dash=True))
def height(specs: tuple[str, ...], zoom: int | None, fmt: str | None, points: str) -> None:
    """POINTS（見出し id,lat,lon のCSV）の各地点の標高（m）。分からない所は空にする。"""
    with Rows(fmt) as rows:
        grounds: list[Ground] = []
        for spec in specs:
            try:
                grounds.append(open_ground(spec, zoom))
            except SonaeError as error:
                rows.refuse(error, spec)
        names, lat, lon = read_points(points, rows, ("id", "lat", "lon"))
        try:
            found = Patchwork(tuple(grounds)).metres_at(lat, lon)
        except SonaeError as error:
            rows.refuse(error, points)
            found = np.full(len(lat), np.nan, np.float32)
        for row, metres in zip(names, found.tolist(), strict=True):
            known = not np.isnan(metres)
            rows.add({"id": row["id"], "metres": round(metres, 2) if known else None})
    sys.exit(rows.status)


def _layers(specs: tuple[str, ...], zoom: int | None, rows: Rows) -> list[Layer]:
    """Open every layer that can be opened; the others are refused by name."""
    found: list[Layer] = []
    for spec in specs:
        try:
            found.extend(open_layers(spec, zoom))
        except SonaeError as error:
            rows.refuse(error, spec)
    return found


def _asked(
    layer: Layer, lat: NDArray[np.float64], lon: NDArray[np.float64], rows: Rows
) -> NDArray[np.uint8] | None:
    """Ask one layer about all points; None when its tiles cannot be fetched now."""
    try:
        return layer.ranks_at(lat, lon)
    except SonaeError as error:
        rows.refuse(error, layer.name)
        return None


def read_points(
    name: str, rows: Rows, needed: tuple[str, ...]
) -> tuple[list[dict[str, str]], NDArray[np.float64], NDArray[np.float64]]:
    """Read rows with ``lat`` and ``lon``; refuse the rows (or the file) that cannot be used."""
    good: list[dict[str, str]] = []
    places: list[tuple[float, float]] = []
    try:
        for line, row in tables.rows(name, needed):
            try:
                places.append(tables.degrees(row))
                good.append(row)
            except SonaeError as error:
                rows.refuse(error, name, row=line, id=row[needed[0]])
    except SonaeError as error:
        rows.refuse(error, name)
    where = np.array(places, np.float64).reshape(-1, 2)
    return good, where[:, 0], where[:, 1]


def _answer(point: str, layer: Layer, rank: int, fmt: str) -> dict[str, Any]:
    """Return one line of the contract; rank and depth are null unless the place is inside."""
    inside = OUTSIDE < rank < UNREADABLE
    depth = layer.depths[rank - 1] if inside and rank <= len(layer.depths) else None
    detail = layer.details[rank - 1] if inside and rank <= len(layer.details) else ""
    row: dict[str, Any] = {
        "id": point,
        "layer": layer.name,
        "hazard": layer.hazard,
        "zone": "inside" if inside else "outside" if rank == OUTSIDE else "unknown",
        "rank": rank if inside else None,
        "depth_m": list(depth) if depth else None,
        "detail": detail or _why(layer, rank),
    }
    if fmt == "table":
        return row
    extent = "stated" if getattr(layer, "stated", True) else "data"
    more = {"kind": layer.kind, "scale": layer.scale, "source": layer.source, "date": layer.date}
    return {**row, **more, "extent": extent}


def _why(layer: Layer, rank: int) -> str:
    """Return why an answer is unknown, or what being inside means for a collapse zone; else empty."""
    if rank == UNREADABLE:
        return "凡例にない値のため判別できません"
    if rank > UNREADABLE:
        return "調査範囲の外か、データがありません"
    inside = rank > OUTSIDE
    return "家屋倒壊等氾濫想定区域" if inside and layer.kind == "collapse" else ""
