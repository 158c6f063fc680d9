"""``sonae map``: the city's own base map."""

from __future__ import annotations

import sys
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.evacuation import interface as evacuation
from sonae.platform import worlds
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """背景地図（道路網・ハザード情報・町名から作る。外部の地図は使わない）。"""


@group.command()
@click.option("--anew", is_flag=True, help="前と変わっていなくても作り直す")
@_FORMAT
def build(anew: bool, fmt: str | None) -> None:
    """背景地図を作り、使いはじめる。道路網や区域が変わると、サーバーも自動で作り直す。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        click.echo("背景地図を作っています（大きな市で十数秒）…", err=True)
        try:
            made, new = evacuation.build_basemap(anew=anew)
        except SonaeError as error:
            rows.refuse(error)
        else:
            if not new:
                click.echo("前に作ってから変わっていません（--anew で作り直せます）。", err=True)
            rows.add(_row(made))
    sys.exit(rows.status)


@group.command()
@_FORMAT
def show(fmt: str | None) -> None:
    """いま使っている背景地図を示す。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        found = evacuation.basemap()
        if found is None:
            missing = SonaeError(
                "not_found", "背景地図はまだありません。", "`sonae map build` で作れます。"
            )
            rows.refuse(missing)
        else:
            rows.add(_row(found))
    sys.exit(rows.status)


def _row(found: evacuation.BaseMap) -> dict[str, Any]:
    """Return what is told of a base map."""
    return {
        "version": found.version,
        "file": str(found.path),
        "made_at": found.made_at.isoformat(timespec="seconds"),
        "bytes": found.bytes,
        "tiles": found.tiles,
        "streets": found.streets,
        "zones": found.zones,
        "towns": found.towns,
        "cpu_seconds": found.seconds,
        "sources": list(found.sources),
    }
