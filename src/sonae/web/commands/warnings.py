"""``sonae warnings accept``: telegrams from files into the database, like any feed."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import Accepted, Outdated
from sonae.engines.warnings.cli import inputs
from sonae.platform import worlds
from sonae.web.commands.place import serving


@click.command("accept")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--via", default="file", show_default=True, help="受信経路の名前（記録に残る）")
@click.option(
    "--old",
    type=click.Choice(["ask", "record", "in-force"]),
    default="ask",
    show_default=True,
    help="古い電文をどうするか。ask: 端末ならたずね、端末でなければ record。record: 記録だけして発表中に"
    "しない。in-force: いまの電文として扱う",
)
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def accept(files: tuple[str, ...], via: str, old: str, fmt: str | None) -> None:
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
            found = None if old == "in-force" else warnings.outdated(raw)
            historical = found is not None and _for_the_record(found, name, old)
            taken = warnings.accept(raw, via=via, historical=historical)
            _report(rows, name, taken, _told(found) if found and historical else "")
    sys.exit(rows.status)


def _told(found: Outdated) -> str:
    return (
        f"{found.told}いまの電文として扱うには --old in-force" if found.would_hold else found.told
    )


def _for_the_record(found: Outdated, name: str, old: str) -> bool:
    """Whether an old telegram is only recorded: what would be in force now is asked for."""
    if not found.would_hold or old == "record" or not sys.stdin.isatty():
        return True
    click.echo(f"{name}: {_told(found)}", err=True)
    question = "それでも、いまの電文として扱いますか（警報が発表中になります）"
    return not click.confirm(question, err=True)


def _report(rows: Rows, name: str, taken: Accepted, old: str) -> None:
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
            "historical": bool(old),
            "detail": old,
        }
    )


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="何も消さず、消すものを数える")
@click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
def prune(dry_run: bool, fmt: str | None) -> None:
    """同じ内容をくり返しただけの電文と、当市に関係しない古い電文を消す。

    発表・変化・解除の電文、避難情報やルールが根拠にした電文、確認していない電文は、いつまでも残る。
    日数は団体の設定 retention（repeated_days 既定30、others_days 既定90、0は消さない）。
    """
    with Rows(fmt) as rows, worlds.entered(serving()):
        rows.add({**asdict(warnings.prune(dry_run=dry_run)), "dry_run": dry_run})


@click.command("rescan")
def rescan() -> None:
    """団体の区域コードを変えたあとに、保存した電文をすべて見直し、発表中の警報を作り直す。"""
    with worlds.entered(serving()):
        changed = warnings.rescan()
    click.echo("発表中の警報が変わりました。" if changed else "変わりはありません。", err=True)
