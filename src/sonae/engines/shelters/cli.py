"""``sonae shelters check``: every facility of every list, and every defect by row and column."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.shelters.readers import read_list


@click.group()
def group() -> None:
    """避難所データを点検する。"""


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--defects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="欠陥の一覧の書き出し先（JSON Lines）",
)
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def check(files: tuple[Path, ...], defects: Path | None, fmt: str | None) -> None:
    """FILE（国土地理院GeoJSON、自治体標準CSV・XLSXなど）を読み、施設を1行ずつ書き出す。"""
    found = []
    with Rows(fmt) as rows:
        for path in files:
            try:
                listed, wrong = read_list(path)
            except SonaeError as error:
                rows.refuse(error, str(path))
                continue
            rows.extend({**one.to_json(), "input": str(path)} for one in listed)
            found += [{**one.to_json(), "input": str(path)} for one in wrong]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in found)
    if defects is not None:
        defects.write_text(lines, "utf-8")
    elif found:
        click.echo(f"欠陥が{len(found)}件あります。--defects FILE で一覧を書き出せます。", err=True)
    sys.exit(rows.status)
