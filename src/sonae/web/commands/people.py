"""``sonae people list``: register rows for the operator of the machine."""

from __future__ import annotations

import sys

import click

from sonae.core.rows import FORMATS, Rows
from sonae.domains.residents import interface as residents
from sonae.platform import worlds
from sonae.web.commands.place import serving


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
