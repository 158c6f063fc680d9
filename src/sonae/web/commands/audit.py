"""``sonae audit``: is the record of who did what still whole?"""

from __future__ import annotations

import sys

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.platform import audit
from sonae.platform.audit import Head
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group("audit")
def group() -> None:
    """監査記録（だれが、いつ、何をしたか）。"""


@group.command()
@click.option(
    "--kept", metavar="番号:ハッシュ", help="前に控えた末尾。これより後ろの削除も見つける"
)
@_FORMAT
def verify(kept: str | None, fmt: str | None) -> None:
    """記録のつながりを最初から確かめ、件数と末尾を出力する。末尾は別の場所に控えておく。

    書き換えや削除があれば、その番号を示して 1 で終わる。
    """
    code = serving()
    noted = _head(kept) if kept else None
    with Rows(fmt) as rows:
        broken = audit.verify(code)
        if broken is not None:
            rows.refuse(SonaeError("audit_broken", f"{broken}番の記録がつながりません。"), code)
        elif noted and not audit.holds(code, noted):
            detail = f"控えた末尾（{noted.sequence}番）の記録がありません。"
            rows.refuse(SonaeError("audit_cut", detail), code)
        else:
            head = audit.head(code)
            rows.add({"municipality": code, "records": head.sequence, "head": str(head)})
    sys.exit(rows.status)


def _head(text: str) -> Head:
    """Read a head as it was printed; wrong usage otherwise."""
    sequence, colon, digest = text.partition(":")
    if not colon or not sequence.isdecimal() or len(digest) != 64:
        raise click.BadParameter(
            "前に出力された 番号:ハッシュ を指定してください", param_hint="--kept"
        )
    return Head(int(sequence), digest)
