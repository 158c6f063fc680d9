"""``sonae evacuation network``: the walking network of the running city."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Unreached
from sonae.engines.evacuation.build_cli import BoxType
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.reach import describe
from sonae.engines.evacuation.roads import Box, build
from sonae.platform import worlds
from sonae.web.commands.place import serving

_format = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """動いている市の道路網を入れ替え、確かめる。"""


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--source", default="", help="出典（既定: ファイル名）")
@click.option("--date", default="", help="データの日付 YYYY-MM-DD")
@click.option("--bbox", type=BoxType(), help="この範囲にかかる道だけ（西,南,東,北の度数）")
@click.option("--dem", default="", help="標高（地理院 DEM PNG タイルのフォルダ、基盤地図情報DEM）")
@click.option("--agree", "agreed", multiple=True, metavar="CODE",
              help="確かめた疑わしい点（エラーが示す far_from_towns・homes_cut_off）。何度でも指定できる")  # fmt: skip
@_format
def load(
    files: tuple[Path, ...], source: str, date: str, bbox: Box | None, dem: str,
    agreed: tuple[str, ...], fmt: str | None,
) -> None:  # fmt: skip
    """FILE（道路データ、または evacuation build で作ったフォルダ1つ）を、この市の道路網にする。

    住所と避難先を最寄りの道に結び直し、避難計画を作り直す。読めなければ、いまの道路網のまま。
    """
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            network, defects = _read(files, source, date, bbox, dem)
            evacuation.refuse_doubtful(network, agreed)
            evacuation.load_network(network, defects=defects)
        except SonaeError as error:
            rows.refuse(error, "、".join(map(str, files)))
        else:
            rows.add(_told(network, evacuation.unreached(network)))
    sys.exit(rows.status)


def _read(
    files: tuple[Path, ...], source: str, date: str, bbox: Box | None, dem: str
) -> tuple[Network, list[dict[str, Any]]]:
    """Return the network of files with their defects, or one that was built before."""
    if len(files) == 1 and (files[0].is_dir() or files[0].name == FILE):
        return Network.load(files[0], check=True), []
    built = build(files, source=source, date=date, box=bbox, dem=dem, step=_say)
    return built.network, [one.to_json() for one in built.defects]


@group.command()
@click.option("--unreached", is_flag=True, help="道がつながらない避難先と町を1行ずつ")
@_format
def show(unreached: bool, fmt: str | None) -> None:
    """いまの道路網の出典・日付・大きさと、道がつながらない世帯と避難先の数。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        found = evacuation.network_in_force()
        if found is None:
            hint = "sonae evacuation network load FILE で読み込んでください。"
            rows.refuse(SonaeError("not_found", "道路網はまだ読み込まれていません。", hint))
        elif unreached:
            rows.extend(_unreached(found.unreached))
        else:
            rows.add({"since": found.since, **_told(found.network, found.unreached)})
    sys.exit(rows.status)


def _told(network: Network, missed: Unreached) -> dict[str, Any]:
    """Return one row about a network."""
    figures = describe(network)
    figures.pop("islands")
    return {
        "source": network.source, "date": network.date, **figures, "homes": missed.homes,
        "homes_off": missed.off, "homes_beside_islands": missed.islands,
        "homes_unknown": missed.unknown,
        "facilities_off": sum(one.off for one in missed.facilities),
        "facilities_beside_islands": sum(not one.off for one in missed.facilities),
        "limit_m": missed.limit_m,
    }  # fmt: skip


def _unreached(missed: Unreached) -> list[dict[str, Any]]:
    """Return a row per facility and per town."""
    places = [
        {"kind": "facility", "name": one.name, "homes": None, "metres": round(one.metres),
         "reason": "off" if one.off else "island"}
        for one in missed.facilities
    ]  # fmt: skip
    towns = [
        {"kind": "town", "name": one.town, "homes": one.homes, "metres": round(one.farthest_m),
         "reason": "off"}
        for one in missed.towns
    ]  # fmt: skip
    return [*places, *towns]


def _say(what: str) -> None:
    click.echo(f"· {what} …", err=True)
