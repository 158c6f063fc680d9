"""``sonae warnings read`` and ``sonae warnings state``: telegrams in, lines out; no server needed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.warnings.model import InForce, Warning, WarningRefused
from sonae.engines.warnings.reader import read_all
from sonae.engines.warnings.safexml import MAX_BYTES
from sonae.engines.warnings.state import ahead_of, dated_ahead, in_force

# Columns that fit a terminal; jsonl and csv carry everything.
_READ_TABLE = ("input", "telegram", "status", "action", "issued_at", "office", "headline")


@click.group()
def group() -> None:
    """警報・注意報などの電文（気象庁XML・CAP・Lアラート）を読む。"""


_files = click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
_format = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@group.command("read")
@_files
@_format
def read_files(files: tuple[str, ...], fmt: str | None) -> None:
    """電文を標準形で1通1行に書き出す。FILE の代わりに - で標準入力、フォルダーも指定できる。"""
    with Rows(fmt) as rows:
        for warning in _warnings(files, rows):
            rows.add(_read_row(warning, rows.format))
    sys.exit(rows.status)


@group.command("state")
@_files
@click.option("--at", "at", metavar="TIME", help="いつの時点か（ISO 8601。既定: 現在）")
@click.option(
    "--status",
    type=click.Choice(["actual", "exercise", "test"]),
    default="actual",
    show_default=True,
    help="本番（actual）か訓練（exercise）か試験（test）か",
)
@_format
def state_of_files(files: tuple[str, ...], at: str | None, status: str, fmt: str | None) -> None:
    """発表中の警報を、区域と現象ごとに1行で書き出す。訂正・取消・解除・新旧併行を反映する。"""
    moment = _moment(at)
    with Rows(fmt) as rows:
        warnings = list(_sane(_warnings(files, rows), max(moment, clock.now()), rows))
        for line in in_force(warnings, at=moment, status=status):
            rows.add(_state_row(line, rows.format))
    sys.exit(rows.status)


def _moment(written: str | None) -> datetime:
    """The moment asked for; a time without offset is Japanese time."""
    if written is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        hint = "例: 2026-08-30T05:10:00+09:00"
        raise click.BadParameter(f"{written!r} … {hint}", param_hint="--at") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.JST)


def _warnings(files: Iterable[str], rows: Rows) -> Iterator[Warning]:
    """Every message of every input; what cannot be read is reported and the rest goes on."""
    for name, path in inputs(files):
        try:
            yield from read_all(_bytes(path), name=name)
        except SonaeError as error:
            rows.refuse(error, name)


def _sane(warnings: Iterable[Warning], now: datetime, rows: Rows) -> Iterator[Warning]:
    """The messages that a sane clock dated; the others are reported and left out."""
    for warning in warnings:
        if dated_ahead(warning, now):
            rows.refuse(ahead_of(warning, now), warning.input)
        else:
            yield warning


def inputs(files: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Name and path of each input; a folder stands for the files in it, ``-`` for standard input."""
    for file in files:
        path = Path(file)
        if file == "-":
            yield "-", None
        elif path.is_dir():
            yield from ((str(inner), inner) for inner in sorted(path.iterdir()) if inner.is_file())
        else:
            yield file, path


def _bytes(path: Path | None) -> bytes:
    """The input's bytes, at most one more than is accepted: a huge file must not fill the memory."""
    if path is None:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WarningRefused(
            "unreadable", f"開けません: {error.strerror}", "ファイル名と権限を確かめてください。"
        ) from error


def _read_row(warning: Warning, fmt: str) -> dict[str, Any]:
    row = warning.to_json()
    if fmt != "table":
        return row
    kinds = dict.fromkeys(item.kind for item in warning.items)
    return {name: row[name] for name in _READ_TABLE} | {"kinds": "・".join(kinds)}


def _state_row(line: InForce, fmt: str) -> dict[str, Any]:
    row = line.to_json()
    if fmt == "jsonl":
        return row
    area = row.pop("area")
    flat = {"area_code": area["code"], "area_name": area["name"], "area_type": area["type"], **row}
    if fmt == "table":
        for name in ("series", "forecast", "headline", "raw_sha256", "condition", "kind_code"):
            del flat[name]
    return flat
