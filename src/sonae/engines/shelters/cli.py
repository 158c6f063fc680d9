"""``sonae shelters check``: every facility of every list, and every defect by row and column."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.engines.defects import ACTIONS
from sonae.engines.hazard.layer import Layer
from sonae.engines.hazard.readers import open_layers
from sonae.engines.shelters.changes import Change, Changes, compare
from sonae.engines.shelters.danger import contradictions
from sonae.engines.shelters.listing import Defect, Listed, Reading
from sonae.engines.shelters.problems import PROBLEMS
from sonae.engines.shelters.readers import read_file
from sonae.engines.shelters.reconcile import reconcile as reconciled

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


@group.command()
@click.argument("national", type=click.Path(path_type=Path))
@click.argument("municipal", type=click.Path(path_type=Path))
@click.option("--national", "more_national", multiple=True, type=click.Path(path_type=Path),
              help="国の一覧をもう1つ（指定緊急避難場所と指定避難所が別のファイルのとき）")  # fmt: skip
@click.option("--municipal", "more_municipal", multiple=True, type=click.Path(path_type=Path),
              help="市の一覧をもう1つ")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="相違のない施設も出力する")
@FORMAT
def reconcile(
    national: Path, municipal: Path, more_national: tuple[Path, ...],
    more_municipal: tuple[Path, ...], everything: bool, fmt: str | None,
) -> None:  # fmt: skip
    """国の一覧 NATIONAL と市の一覧 MUNICIPAL を名称・所在地・距離で照らし合わせ、相違を書き出す。

    直すことはしない。どちらを採るかは人が決める。
    """
    with Rows(fmt) as rows:
        sides = [
            [read_or_refuse(path, rows) for path in (first, *more)]
            for first, more in ((national, more_national), (municipal, more_municipal))
        ]
        read = [[one for one in side if isinstance(one, Reading)] for side in sides]
        if all(read):
            found = reconciled(*read)
            rows.extend(one.to_json() for one in found if everything or one.status != "same")
            _tell_totals([one.status for one in found])
    sys.exit(rows.status)


def _tell_totals(statuses: list[str]) -> None:
    """Say on standard error how the two lists compare."""
    words = {
        "same": "同じ", "different": "相違あり", "unsure": "同じ施設か不明",
        "national_only": "国だけ", "municipal_only": "市だけ",
    }  # fmt: skip
    told = "・".join(f"{word} {statuses.count(status)}" for status, word in words.items())
    click.echo(told, err=True)


@group.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@FORMAT
def diff(before: Path, after: Path, fmt: str | None) -> None:
    """前の一覧 BEFORE と新しい一覧 AFTER を比べ、増えた・なくなった・変わった施設と、疑わしい変更を書き出す。"""
    with Rows(fmt) as rows:
        old, new = read_or_refuse(before, rows), read_or_refuse(after, rows)
        if isinstance(old, Reading) and isinstance(new, Reading):
            found = compare(old.listed, new.listed, new.fields)
            rows.extend(_changes(found, old.listed, new.listed))
    sys.exit(rows.status)


def _changes(found: Changes, old: list[Listed], new: list[Listed]) -> list[dict[str, Any]]:
    """Return one line for every doubt, place that is new or gone, and value that changed."""

    def line(
        status: str, one: Listed | None, change: Change | None, doubt: Any = None
    ) -> dict[str, Any]:
        return {
            "status": status, "id": one.id if one else None, "name": one.name if one else None,
            "field": change.field if change else (doubt and doubt["field"]) or None,
            "before": change.before if change else None, "after": change.after if change else None,
            "doubt": doubt,
        }  # fmt: skip

    lines = [line("doubt", None, None, one.to_json()) for one in found.doubts]
    lines += [line("new", new[at], None) for at in found.new]
    lines += [line("gone", old[at], None) for at in found.gone]
    for (_, at), changes in found.changed.items():
        lines += [line("changed", new[at], change) for change in changes]
    return lines


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
