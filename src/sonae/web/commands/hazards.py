"""``sonae hazard load/list/confirm/discard/retire/restore`` and ``observe/observed/withdraw``: layers and roads of the city."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.platform.scope import World
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
_EXERCISE = click.option("--exercise", is_flag=True, help="訓練の世界で行う")


@click.command("load")
@click.argument("specs", nargs=-1, required=True, metavar="FILE…")
@click.option("--source", default="", help="出典（例：会津若松市 洪水ハザードマップ 2024年版）")
@click.option("--date", "source_date", default="", metavar="YYYY-MM-DD", help="作成日・指定日")
@click.option("--scale", type=click.Choice(["L1", "L2"]), help="L1 計画規模・L2 想定最大規模")
@click.option("--name", default="", help="レイヤ名（同じ名前のレイヤを置き換える）")
@click.option("--replaces", type=int, help="置き換えるレイヤの番号（sonae hazard list）")
@click.option(
    "--extent",
    type=click.Choice(hazards.EXTENTS),
    default="source",
    show_default=True,
    help="source: 資料が示す範囲だけを調査済みとする。city: 作成者が市全域を調べたと示している",
)
@click.option(
    "--defects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="欠陥の一覧の書き出し先（JSON Lines）",
)
@click.option("--confirm", "confirmed", is_flag=True, help="確かめずに、すぐ使い始める")
@_FORMAT
def load(
    specs: tuple[str, ...], defects: Path | None, confirmed: bool, fmt: str | None, **stated: Any
) -> None:
    """FILE（タイルのフォルダ・URL、国土数値情報、PLATEAU、zip）を取込案にする。--confirm で使い始める。"""
    given = hazards.Stated(**{**stated, "scale": stated["scale"] or ""})
    wrong: list[dict[str, Any]] = []
    with Rows(fmt) as rows, worlds.entered(serving()):
        for spec in specs:
            try:
                made = hazards.prepare(SYSTEM, spec, given)
                made = [hazards.confirm(SYSTEM, one.pk) for one in made] if confirmed else made
            except SonaeError as error:
                rows.refuse(error, spec)
                continue
            rows.extend({"input": spec, **_line(one)} for one in made)
            wrong += [defect for one in made for defect in one.defects]
    _write(wrong, defects)
    sys.exit(rows.status)


def _write(wrong: list[dict[str, Any]], defects: Path | None) -> None:
    """Write the defects to their file, else say how many there are."""
    if defects is not None:
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in wrong)
        defects.write_text("".join(lines), "utf-8")
    elif wrong:
        click.echo(f"欠陥が{len(wrong)}件あります。--defects FILE で一覧を書き出せます。", err=True)


def _line(row: hazards.HazardMap) -> dict[str, Any]:
    """Return one layer for the output."""
    return {
        "layer": row.pk, "name": row.name, "hazard": row.hazard, "kind": row.kind,
        "scale": row.scale, "source": row.source, "date": row.source_date, "state": row.state,
        "extent": row.extent, "homes": row.homes, "change": row.change,
        "defects": len(row.defects), "loaded_at": row.loaded_at.isoformat(),
    }  # fmt: skip


@click.command("list")
@click.option("--retired", "old", is_flag=True, help="使用を終えたレイヤも示す（restore で戻せる）")
@_FORMAT
def list_(old: bool, fmt: str | None) -> None:
    """使用中のレイヤと取込案。出典・作成日・区域別の世帯数つき。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        shown = [*hazards.maps(), *hazards.drafts(), *(hazards.retired() if old else ())]
        rows.extend(_line(one) for one in shown)


def _decide(verb: Any, numbers: tuple[int, ...]) -> None:
    """Confirm or discard drafts."""
    with Rows(None) as rows, worlds.entered(serving()):
        for number in numbers:
            try:
                rows.add(_line(verb(SYSTEM, number)))
            except SonaeError as error:
                rows.refuse(error, str(number))
    sys.exit(rows.status)


@click.command("confirm")
@click.argument("numbers", nargs=-1, required=True, type=int)
def confirm(numbers: tuple[int, ...]) -> None:
    """取込案を使い始める。避難計画は計算し直される。"""
    _decide(hazards.confirm, numbers)


@click.command("discard")
@click.argument("numbers", nargs=-1, required=True, type=int)
def discard(numbers: tuple[int, ...]) -> None:
    """取込案を捨てる。使用中のレイヤはそのまま。"""
    _decide(hazards.discard, numbers)


@click.command("retire")
@click.argument("number", type=int)
@click.option(
    "--confirm", "confirmed", is_flag=True, help="変わるところを確かめたので、使うのをやめる"
)
def retire(number: int, confirmed: bool) -> None:
    """使用中のレイヤを使うのをやめると家の答えがどう変わるかを示す。--confirm でやめる。restore で戻せる。"""
    with Rows(None) as rows, worlds.entered(serving()):
        try:
            row = hazards.hazard_map(number)
            change = hazards.change_without(row)
            if confirmed:
                row = hazards.retire(SYSTEM, number, seen=change)
            rows.add({**_line(row), "change": change})
        except SonaeError as error:
            rows.refuse(error, str(number))
        else:
            told = (
                "使うのをやめました。" if confirmed else "まだ使っています。--confirm でやめます。"
            )
            click.echo(told, err=True)
    sys.exit(rows.status)


@click.command("restore")
@click.argument("numbers", nargs=-1, required=True, type=int)
def restore(numbers: tuple[int, ...]) -> None:
    """使用を終えたレイヤを取込案に戻す。confirm で使い始める。"""
    _decide(hazards.restore, numbers)


@click.command("observe")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", default="", help="行に情報源がないときの情報源")
@_EXERCISE
@_FORMAT
def observe(files: tuple[Path, ...], source: str, exercise: bool, fmt: str | None) -> None:
    """FILE（GeoJSON、または lat,lon のあるCSV）の通行止め・崩壊地点・浸水を登録する。known は登録済み。"""
    with Rows(fmt) as rows, worlds.entered(serving(), _world(exercise)):
        for path in files:
            try:
                good, wrong = hazards.read_reports(path, source)
                made = hazards.report_obstacles(SYSTEM, good)
            except SonaeError as error:
                rows.refuse(error, str(path))
                continue
            for defect in wrong:
                bad = SonaeError(defect.problem, defect.value)
                rows.refuse(bad, str(path), row=defect.row, action=defect.action)
            rows.extend({**_obstacle(one), "known": one.known} for one in made)
    sys.exit(rows.status)


def _world(exercise: bool) -> World:
    return World.EXERCISE if exercise else World.LIVE


def _obstacle(row: hazards.Obstacle) -> dict[str, Any]:
    """Return one report for the output; ``road_m`` 0 = it lies on no road."""
    metres = evacuation.roads_hit(row.kind, row.shape)
    return {
        "obstacle": row.pk, "kind": row.kind, "hazard": row.hazard or None, "depth_m": row.depth_m,
        "note": row.note, "source": row.source, "observed_at": row.observed_at.isoformat(),
        "valid_until": row.valid_until.isoformat(), "shape": row.shape["type"],
        "road_m": None if metres is None else round(metres, 1),
    }  # fmt: skip


@click.command("observed")
@_EXERCISE
@_FORMAT
def observed(exercise: bool, fmt: str | None) -> None:
    """いま有効な通行止め・崩壊地点・浸水。"""
    with Rows(fmt) as rows, worlds.entered(serving(), _world(exercise)):
        rows.extend(_obstacle(one) for one in hazards.in_force())


@click.command("withdraw")
@click.argument("numbers", nargs=-1, required=True, type=int)
@_EXERCISE
def withdraw(numbers: tuple[int, ...], exercise: bool) -> None:
    """報告を取り消す（誤り、または終わった）。記録は残る。"""
    with Rows(None) as rows, worlds.entered(serving(), _world(exercise)):
        for number in numbers:
            try:
                rows.add(_obstacle(hazards.withdraw(SYSTEM, number)))
            except SonaeError as error:
                rows.refuse(error, str(number))
    sys.exit(rows.status)
