"""``sonae shelters check``: every facility of every list, and every defect by row and column."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.shelters.danger import contradictions
from sonae.engines.shelters.listing import Defect, Listed, Reading
from sonae.engines.shelters.problems import ACTIONS, PROBLEMS
from sonae.engines.shelters.readers import read_file

FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
LAYERS = click.option(
    "--layer", "specs", multiple=True, metavar="FILE",
    help="ハザード情報（sonae hazard at と同じ）。指定された災害の危険区域の中にある施設を知らせる",
)  # fmt: skip


@click.group()
def group() -> None:
    """避難所の一覧を点検し、国の一覧と照らし合わせる。"""


@group.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--defects",
    type=click.Path(path_type=Path, dir_okay=False),
    help="欠陥の一覧の書き出し先（JSON Lines）",
)
@click.option("--report", is_flag=True, help="施設ではなく、欠陥の一覧を出力する")
@LAYERS
@FORMAT
def check(
    files: tuple[Path, ...],
    defects: Path | None,
    report: bool,
    specs: tuple[str, ...],
    fmt: str | None,
) -> None:
    """FILE（国土地理院のGeoJSON・CSV、自治体標準CSV・XLSXと似た表、P20など）を読み、施設を1行ずつ書き出す。

    値は直さずに残し、読み替えたものと使わなかったものは、行・列・値・したことを欠陥として書き出す。
    """
    found: list[dict[str, Any]] = []
    with Rows(fmt) as rows:
        layers = open_all(specs, rows)
        for path in files:
            read, wrong = _checked(path, layers, rows)
            found += wrong
            if not report:
                rows.extend({**one.to_json(), "input": str(path)} for one in read)
        if report:
            rows.extend({**one, **_explained(one["problem"], one["action"])} for one in found)
    if defects is not None:
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in found)
        defects.write_text("".join(lines), "utf-8")
    elif (count := sum(one["row"] > 0 for one in found)) and not report:
        hint = "--report で表示、--defects FILE で書き出せます。"
        click.echo(f"欠陥が{count}件あります。{hint}", err=True)
    sys.exit(rows.status)


def _checked(
    path: Path, layers: list[Layer], rows: Rows
) -> tuple[list[Listed], list[dict[str, Any]]]:
    """Return a file's facilities and defects; a file that cannot be read is one defect, and refused."""
    read = read_or_refuse(path, rows)
    if isinstance(read, Defect):
        return [], [read.to_json()]
    wrong = read.defects + [one.to_defect() for one in contradictions(read.listed, layers)]
    return read.listed, [{**one.to_json(), "input": str(path)} for one in wrong]


def read_or_refuse(path: Path, rows: Rows) -> Reading | Defect:
    """Read a list; refuse what cannot be read on standard error and return it as a defect."""
    try:
        return read_file(path)
    except SonaeError as error:
        rows.refuse(error, str(path))
        return Defect(str(path), 0, "", "", error.code, "left_out", error.detail)


def open_all(specs: tuple[str, ...], rows: Rows) -> list[Layer]:
    """Open hazard layers; those that cannot be opened are refused by name."""
    found: list[Layer] = []
    for spec in specs:
        try:
            found.extend(open_layers(spec))
        except SonaeError as error:
            rows.refuse(error, spec)
    return found


def _explained(problem: str, action: str) -> dict[str, str]:
    """Return a defect's meaning and what to do, in words."""
    known = PROBLEMS.get(problem)
    return {
        "meaning": known.name if known else problem,
        "done": ACTIONS[action],
        "advice": known.advice if known else "",
    }
