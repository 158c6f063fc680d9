"""``sonae people match``: a roster against the register, one line out per line in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from sonae.core import wareki
from sonae.core.errors import SonaeError
from sonae.core.rows import Rows
from sonae.engines import tables
from sonae.engines.matching import backends, characters, files, linking, sides
from sonae.engines.matching.model import Model
from sonae.engines.matching.names_cli import FORMAT, REFERENCE
from sonae.engines.reference import store


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    """Read the day of a roster in any form that the house reads."""
    if text is None:
        return None
    try:
        day = wareki.parse(text).exact
    except SonaeError as error:
        raise click.BadParameter(error.detail) from error
    if day is None:
        raise click.BadParameter("年月日まで書いてください。")
    return day


def _progress(share: float, words: str) -> None:
    """Show where the work is, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r{share:4.0%} {words}\033[K", nl=share >= 1, err=True)


def _read(path: str, identifier: str, wanted: tuple[str, ...], rows: Rows) -> dict[str, list[str]]:
    """Read one side and report the rows left out."""

    def refuse(error: SonaeError, line: int, column: str) -> None:
        rows.refuse(error, path, row=line, column=column)

    return files.read(path, identifier, wanted, refuse)


@click.command()
@click.option(
    "--register",
    required=True,
    metavar="REG.csv",
    help="住民の一覧（見出し resident_id,household_id,name,kana,…）",
)
@click.option(
    "--roster",
    required=True,
    metavar="ROSTER.csv",
    help="名簿（見出し line_id,name,kana,…,group）。- は標準入力",
)
@click.option(
    "--backend",
    type=click.Choice(backends.NAMES),
    default="duckdb",
    show_default=True,
    help="照合の仕組み。spark は国・広域用で、別に入れる",
)
@click.option(
    "--model",
    "model_file",
    type=click.Path(path_type=Path),
    help="学習した重み（JSON）。既定: この名簿から見積もる",
)
@click.option(
    "--as-of", callback=_day, metavar="DATE", help="名簿が書かれた日（年齢の基準。既定: 今日）"
)
@REFERENCE
@FORMAT
def match(
    register: str, roster: str, backend: str, model_file: Path | None, as_of: date | None, reference: Path | None, fmt: str | None,
) -> None:  # fmt: skip
    """名簿の各行が住民のだれかを、確からしさと理由とともに1行ずつ書き出す。

    auto は間違いがほぼないもの、review は人が候補から選ぶもの、none は住民の中に見当たらないもの。
    """
    with Rows(fmt) as rows:
        people = _read(register, "resident_id", sides.REGISTER, rows)
        lines = _read(roster, "line_id", sides.ROSTER, rows)
        model = (
            Model.from_json(tables.decode(tables.read_bytes(str(model_file)), str(model_file)))
            if model_file
            else None
        )
        found = linking.match(
            people, lines, model=model, progress=_progress, backend=backend, as_of=as_of,
            characters=characters.load(store.folder(reference)),
        )  # fmt: skip
        rows.extend(asdict(one) for one in found)
    sys.exit(rows.status)
