"""``sonae audit``: is the record of who did what still whole? A copy of it to keep elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final

import click

from sonae.core import chain
from sonae.core.chain import Broken, Head
from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.platform import audit
from sonae.web.commands.place import serving

WHY: Final = {
    "missing": "その番号の記録がありません（消されたか、余計な記録があります）",
    "moved": "前の記録につながりません（前の記録が書き換えられたか、入れ替わっています）",
    "altered": "書き込まれた後で内容が変えられています",
    "foreign": "別の市区町村の記録が混ざっています",
    "unreadable": "記録として読めません",
}
_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


class _HeadType(click.ParamType[Head]):
    name = "番号:ハッシュ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        """Read a head as it was printed; wrong usage otherwise."""
        found = value if isinstance(value, Head) else Head.read(str(value))
        if found is None:
            self.fail("前に出力された 番号:ハッシュ を指定してください", param, ctx)
        return found


_HEAD: Final = _HeadType()


@click.group("audit")
def group() -> None:
    """監査記録（だれが、いつ、何をしたか）。"""


@group.command()
@click.argument("file", required=False, type=click.File(encoding="utf-8"))
@click.option("--kept", type=_HEAD, help="前に控えた末尾。これより後ろの削除や書き直しも見つける")
@click.option("--after", type=_HEAD, help="途中から書き出したファイルの、直前の末尾")
@_FORMAT
def verify(file: IO[str] | None, kept: Head | None, after: Head | None, fmt: str | None) -> None:
    """記録のつながりを最初から確かめ、件数と末尾を出力する。末尾は別の場所に控えておく。

    FILE（audit export の出力。- は標準入力）があれば、データベースもサーバーも使わずに、そのファイルを確かめる。
    書き換えや削除があれば、最初におかしい記録の番号とわけを示して 1 で終わる。
    """
    if after and file is None:
        raise click.UsageError("--after は FILE と一緒に使います")
    with Rows(fmt) as rows:
        if file is None:
            code = serving()
            head, broken = audit.walk(code)
            lost = kept is not None and not audit.holds(code, kept)
        else:
            code = file.name
            seen = _Seen(_lines(file), kept)
            head, broken = chain.check(seen, after)
            lost = kept is not None and not seen.found and kept not in (after, Head())
        if broken is not None:
            rows.refuse(_told(broken), code)
        elif kept is not None and lost:
            detail = f"控えた末尾（{kept.sequence}番）の記録がありません。"
            rows.refuse(SonaeError("audit_cut", detail), code)
        else:
            name = "municipality" if file is None else "input"
            rows.add({name: code, "records": head.sequence, "head": str(head)})
    sys.exit(rows.status)


def _told(broken: Broken) -> SonaeError:
    """Return where a chain is broken, in words."""
    said = "、".join(part for part in (broken.at, broken.actor, broken.action) if part)
    detail = f"{broken.sequence}番の記録から先は信じられません。{WHY[broken.why]}。"
    return SonaeError("audit_broken", detail, f"そこにある記録：{said}" if said else "")


class _Seen:
    """The records of a file as they pass, and whether the noted head was among them."""

    def __init__(self, records: Iterable[Mapping[str, Any]], kept: Head | None) -> None:
        """``kept``: what to look out for."""
        self._records, self._kept, self.found = records, kept, False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Give the records one after the other."""
        for one in self._records:
            if self._kept and one.get("sequence") == self._kept.sequence:
                self.found = self.found or one.get("hash") == self._kept.hash
            yield one


def _lines(file: IO[str]) -> Iterator[Mapping[str, Any]]:
    """Read JSON lines; what is none is a record that says nothing, so that it is named as broken."""
    for line in file:
        if line.strip():
            try:
                read = json.loads(line)
            except (ValueError, RecursionError):
                read = {}
            yield read if isinstance(read, dict) else {}


@group.command()
@click.option("--after", type=_HEAD, help="この末尾より後だけを書き出す")
def export(after: Head | None) -> None:
    """監査記録を1行1件のJSONで書き出す。別の場所に置き、audit verify FILE で確かめる。"""
    code = serving()
    if after and not audit.holds(code, after):
        detail = f"控えた末尾（{after.sequence}番）の記録がありません。"
        raise SonaeError("audit_cut", detail, "audit verify で、どこが変わったかを調べてください。")
    for one in audit.lines(code, after.sequence if after else 0):
        click.echo(json.dumps(one, ensure_ascii=False, separators=(",", ":")))
