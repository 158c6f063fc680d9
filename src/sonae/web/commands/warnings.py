"""``sonae warnings accept``: telegrams from files into the database, like any feed."""

from __future__ import annotations

import sys

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import Accepted
from sonae.engines.warnings.cli import inputs
from sonae.platform import worlds
from sonae.web.commands.place import serving


@click.command("accept")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--via", default="file", show_default=True, help="受信経路の名前（記録に残る）")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def accept(files: tuple[str, ...], via: str, fmt: str | None) -> None:
    """電文を受信したものとして取り込む。本番か訓練かは電文の運用種別で決まる。

    読めない電文も原文を保存し、職員の確認待ちにする。同じ電文は何度取り込んでも1通になる。
    """
    code = serving()
    with Rows(fmt) as rows, worlds.entered(code):
        for name, path in inputs(files):
            try:
                raw = sys.stdin.buffer.read() if path is None else path.read_bytes()
            except OSError as error:
                rows.refuse(SonaeError("unreadable", f"開けません: {error.strerror}"), name)
                continue
            _report(rows, name, warnings.accept(raw, via=via))
    sys.exit(rows.status)


def _report(rows: Rows, name: str, taken: Accepted) -> None:
    if taken.refused:
        rows.refuse(SonaeError(taken.error, taken.detail), name, telegram=taken.telegram)
        return
    rows.add(
        {
            "input": name,
            "telegram": taken.telegram,
            "state": taken.state,
            "world": taken.world.value,
            "duplicate": taken.duplicate,
            "concerns_us": taken.concerns_us,
            "changed": taken.changed,
            "parts": len(taken.parts),
        }
    )
