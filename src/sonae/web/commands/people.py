"""``sonae people list|import|learn``: the register out and in, and what clerks taught, for the operator."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import RegisterEdition, editions
from sonae.domains.rosters import interface as rosters
from sonae.engines.tables import read_bytes
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.web.commands.place import serving
from sonae.web.staff import registerwords


@click.command("list")
@click.option("--limit", type=click.IntRange(1), help="最初の何人まで")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def list_people(limit: int | None, fmt: str | None) -> None:
    """登録されている住民を出力する（支援措置対象者を除く）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for row in residents.operator_rows(limit):
            rows.add(row)
    sys.exit(rows.status)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--for", "purpose", type=click.Choice(editions.FILES), default="register", show_default=True,
              help="住民情報、避難行動要支援者名簿、個別避難計画のどれか")  # fmt: skip
@click.option("--daily", is_flag=True, help="差分（ファイルにある人だけを変える）。なければ全件")
@click.option("--column", "columns", multiple=True, metavar="見出し=項目",
              help="列の対応づけを直す。項目は空なら取り込まない（例：--column なまえ=name）")  # fmt: skip
@click.option("--date", "as_of", default="", help="何日現在か（2026-04-01）")
@click.option(
    "--defects", type=click.Path(path_type=Path), help="欠陥をこのファイルに書く（JSON Lines）"
)
@click.option("--confirm", is_flag=True, help="変わるところを確かめたので、反映する")
@click.option("--agree", "agreed", multiple=True, metavar="KEY",
              help="確かめた疑わしいところ（出力の doubt の key）。何度でも指定できる")  # fmt: skip
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def import_people(
    file: Path, purpose: str, daily: bool, columns: tuple[str, ...], as_of: str, defects: Path | None,
    confirm: bool, agreed: tuple[str, ...], fmt: str | None,
) -> None:  # fmt: skip
    """FILE（CSV・xlsx）を住民情報として受け取り、変わるところの数を1行ずつ書き出す。

    --confirm がなければ決定待ちのままで、何も変わらない（職員の画面からも決められる）。疑わしいところがある
    ときは、--agree でそれぞれに同意するまで反映しない。読めないファイルは、いまの住民情報に触れない。
    """
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            row = editions.take_in(
                SYSTEM,
                read_bytes(str(file)),
                file.name,
                purpose=purpose,
                whole=not daily,
                as_of=as_of,
            )
            row = _mapped(row, columns)
            editions.prepare(row.pk)
            row.refresh_from_db()
            _told(rows, row, defects)
            if row.state == "waiting" and confirm:
                row = editions.confirm(SYSTEM, row.pk, seen=row.stamp, agreed=agreed)
                second = "2人の確認が要ります。管理者か決裁者が、職員の画面で2人目として確かめてください。"
                if row.state not in ("agreed", "in_force"):
                    told = row.problem
                    raise SonaeError("conflict", told["detail"], told.get("hint", ""))
                click.echo(second if row.state == "agreed" else "反映しました。", err=True)
            elif row.state == "waiting":
                click.echo(
                    "まだ何も変えていません。--confirm を付けるか、職員の画面で決めてください。",
                    err=True,
                )
        except SonaeError as error:
            rows.refuse(error, str(file))
    sys.exit(rows.status)


def _mapped(row: RegisterEdition, columns: tuple[str, ...]) -> RegisterEdition:
    """Return the edition with the columns that were corrected on the command line."""
    if row.state == "refused":
        told = row.problem
        raise SonaeError(told["error"], told["detail"], told["hint"])
    if not columns and row.state == "mapping":
        known = "、".join(row.headings)
        lacking = "、".join(editions.missing_items(row))
        told = (
            f"必要な項目の列が見つかりません：{lacking}。"
            if lacking
            else "列が何の項目か分かりません。"
        )
        raise SonaeError("missing_columns", f"{told}見出し：{known}",
                         "--column 見出し=項目 で対応づけるか、職員の画面で選んでください。")  # fmt: skip
    if columns:
        chosen = {**row.columns["columns"], **dict(one.partition("=")[::2] for one in columns)}
        return editions.choose_columns(SYSTEM, row.pk, chosen)
    return row


def _told(rows: Rows, row: RegisterEdition, defects: Path | None) -> None:
    """Print counts, changes by item, doubts and kinds of defects; write the defects to their file."""
    if row.state == "refused":
        raise SonaeError(row.problem["error"], row.problem["detail"], row.problem["hint"])
    rows.extend(
        _line("count", key=key, count=count) for key, count in row.summary["counts"].items()
    )
    for key, count in row.summary["items"].items():
        rows.add(_line("item", key=key, count=count, detail=registerwords.item(key)))
    for one in row.summary["doubts"]:
        rows.add(
            _line(
                "doubt",
                key=one["key"],
                count=one["count"],
                detail=registerwords.doubt(one)["sentence"],
            )
        )
    for code, count in row.defect_counts.items():
        rows.add(
            _line("defect", key=code, count=count, detail=registerwords.faults({code: 1})[0].name)
        )
    if defects is not None:
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in row.defects)
        defects.write_text("".join(lines), encoding="utf-8")


def _line(status: str, **more: Any) -> dict[str, Any]:
    """Return one line of the output; every line has the same columns."""
    return {"status": status, **{name: more.get(name) for name in ("key", "count", "detail")}}


@click.command("learn")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def learn_people(fmt: str | None) -> None:
    """照合の確認で職員が出した答えから、照合の重みを見積もり直す（使うかどうかは画面で決める）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            made = rosters.learn_anew(
                progress=lambda share, step: click.echo(f"{share:4.0%} {step}", err=True)
            )
        except SonaeError as error:
            rows.refuse(error, "learn")
        else:
            for when in ("before", "after"):
                rows.add({"number": made.number, "decisions": made.decisions, "when": when,
                          **made.figures[when]})  # fmt: skip
    sys.exit(rows.status)
