"""``sonae people pfif``: files of people in and out (PFIF 1.1–1.4), of any length."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.progress import wrap_file

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.exchange.interface import pfifin, pfifout
from sonae.engines.pfif import writing as pfif
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.web.commands.place import serving


@click.group("pfif")
def group() -> None:
    """安否情報サイトなどとのやりとり（PFIF 1.1～1.4を読み、1.4を書く）。"""


def _opened(path: Path, what: str) -> BinaryIO:
    """Open a file; a terminal sees how far it is read."""
    stream = path.open("rb")
    if not sys.stderr.isatty():
        return stream
    size = path.stat().st_size
    return wrap_file(stream, total=size, description=what).__enter__()


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", type=click.Choice(pfifin.SOURCES), default="family", show_default=True,
              help="だれからの情報か")  # fmt: skip
@click.option("--domain", "domains", multiple=True, help="認める発行元のドメイン（何度でも）")
@click.option("--photos", is_flag=True, help="写真のアドレスも残す")
@click.option("--confirm", is_flag=True, help="確かめたので取り込む（なければ何も変えない）")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def import_(
    file: Path, source: str, domains: Sequence[str], photos: bool, confirm: bool, fmt: str | None
) -> None:
    """FILE（PFIFのXML）を読み、欠陥と件数を書き出す。--confirm で取り込む（全部か、まったく無しか）。"""
    terms = pfifin.Terms(source, tuple(domains), photos)
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            counts, defects = _run(file, terms, confirm)
        except SonaeError as error:
            rows.refuse(error, str(file))
        else:
            for one in defects:
                rows.add({"input": str(file), "status": "defect", **one})
            told = " ".join(f"{name}={count}" for name, count in sorted(counts.items()))
            click.echo(told, err=True)
            if not confirm:
                click.echo("まだ何も変えていません。--confirm を付けると取り込みます。", err=True)
    sys.exit(rows.status)


def _run(file: Path, terms: pfifin.Terms, confirm: bool) -> tuple[dict[str, Any], list[Any]]:
    """Read a file, or take it over; return counts and defects."""
    if confirm:
        row = pfifin.import_file(SYSTEM, file.name, lambda: _opened(file, "取込"), terms)
        return row.counts, row.defects
    return pfifin.survey(lambda: _opened(file, "点検"), terms)


@group.command("export")
@click.option("--domain", required=True, help="市のドメイン（記録IDの前に付く）")
@click.option("--form", type=click.Choice(["xml", "csv"]), default="xml", show_default=True)
def export(domain: str, form: str) -> None:
    """公開に同意した人だけを、PFIF 1.4で標準出力に書き出す（支援措置対象者は決して出さない）。"""
    with worlds.entered(serving()):
        rows = pfifout.export(SYSTEM, domain)
        for part in pfif.as_csv(rows) if form == "csv" else pfif.as_xml(rows):
            sys.stdout.write(part)


@group.command("expire")
def expire() -> None:
    """期限の過ぎた記録を、日付だけ残して消す（serve が動いていれば、ひとりでに行う）。"""
    with worlds.entered(serving()):
        click.echo(f"{pfifin.expire()}", err=True)
