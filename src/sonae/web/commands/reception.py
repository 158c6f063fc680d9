"""``sonae reception``: enrol, list and revoke terminals; export what they stored, import what was carried."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from django.conf import settings

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.safety import interface as safety
from sonae.engines.tables import read_bytes
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.platform.scope import World
from sonae.web.commands.edge import run_edge
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
_EXERCISE = click.option("--exercise", is_flag=True, help="訓練の記録を扱う")


@click.group("reception")
def group() -> None:
    """避難所の受付端末。"""


group.add_command(run_edge)


@group.command("enrol")
@click.option("--shelter", required=True, help="施設ID")
@click.option("--name", required=True, help="端末の名前（例: 受付1）")
@click.option(
    "--purpose",
    type=click.Choice(safety.PURPOSES),
    default="desk",
    show_default=True,
    help="用途（desk 受付、gate 出入口、round 巡回、edge 中継機、spare 予備）",
)
@_FORMAT
def enrol(shelter: str, name: str, purpose: str, fmt: str | None) -> None:
    """受付端末を1台登録し、トークンを出力する（出力はこの一度だけ）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            terminal, token = safety.enrol_terminal(shelter, name, purpose=purpose)
        except SonaeError as error:
            rows.refuse(error, shelter)
        else:
            rows.add(
                {
                    "terminal": terminal.code,
                    "token": token,
                    "shelter_id": shelter,
                    "name": name,
                    "address": f"{settings.ISSUER}/reception/device/#enrol={token}",
                }
            )
    sys.exit(rows.status)


@group.command("list")
@_FORMAT
def list_terminals(fmt: str | None) -> None:
    """登録されている受付端末を出力する。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for one in safety.terminals():
            rows.add(
                {
                    "terminal": one.code,
                    "name": one.name,
                    "shelter_id": one.facility.public_id,
                    "enrolled_at": one.enrolled_at,
                    "last_seen_at": one.last_seen_at,
                    "revoked_at": one.revoked_at,
                }
            )
    sys.exit(rows.status)


@group.command("revoke")
@click.argument("terminal")
@_FORMAT
def revoke(terminal: str, fmt: str | None) -> None:
    """端末のトークンを無効にする（なくした、盗まれたとき）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        if safety.revoke_terminal(terminal, actor=SYSTEM):
            rows.add({"terminal": terminal, "revoked": True})
        else:
            rows.refuse(SonaeError("not_found", f"有効な端末 {terminal} はありません。"), terminal)
    sys.exit(rows.status)


@group.command("export")
@_EXERCISE
@_FORMAT
def export(exercise: bool, fmt: str | None) -> None:
    """保存された受付記録を1件1行で出力する（受理しなかったものも含む）。"""
    world = World.EXERCISE if exercise else World.LIVE
    with Rows(fmt) as rows, worlds.entered(serving(), world):
        rows.extend(safety.exported())
    sys.exit(rows.status)


@group.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_EXERCISE
@_FORMAT
def import_carried(files: tuple[Path, ...], exercise: bool, fmt: str | None) -> None:
    """受付端末が書き出したファイルを取り込む（同じ記録は一度だけ数える）。"""
    world = World.EXERCISE if exercise else World.LIVE
    with Rows(fmt) as rows, worlds.entered(serving(), world):
        for file in files:
            try:
                made = safety.take_carried(SYSTEM, read_bytes(str(file)))
            except SonaeError as error:
                rows.refuse(error, str(file))
                continue
            for one in made.answers:
                rows.add({"input": str(file), "terminal": made.terminal.code, **one.as_json()})
    sys.exit(rows.status)
