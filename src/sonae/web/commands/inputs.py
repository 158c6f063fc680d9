"""``sonae inputs``: the lines on which warnings arrive — add, look at, and run them."""

from __future__ import annotations

import signal
import sys
import threading

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.warnings import interface as warnings
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group()
def group() -> None:
    """警報の受信経路（気象庁のフィード、衛星受信機など）。"""


@group.command("kinds")
@_FORMAT
def kinds(fmt: str | None) -> None:
    """使える種類と、それぞれの設定を示す。"""
    with Rows(fmt) as rows:
        for name, kind in warnings.kinds().items():
            settings = [
                f"{key}{'（必須）' if option.required else ''}: {option.label}"
                for key, option in kind.options.items()
            ]
            rows.add(
                {
                    "kind": name,
                    "label": kind.label,
                    "options": "; ".join(settings),
                    "silent_after": kind.silent_after,
                    "needs": kind.needs,
                }
            )


@group.command("list")
@_FORMAT
def list_(fmt: str | None) -> None:
    """登録した受信経路と、いまの様子。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for one in warnings.inputs():
            rows.add(_line(one))


def _line(one: warnings.Health) -> dict[str, object]:
    row = one.row
    return {
        "name": row.name,
        "kind": row.kind,
        "state": one.state,
        "heard_at": row.heard_at.isoformat() if row.heard_at else None,
        "received_at": row.received_at.isoformat() if row.received_at else None,
        "received": row.received,
        "restarts": row.restarts,
        "error": row.error,
    }


@group.command("add")
@click.argument("kind")
@click.option("--name", help="名称（既定: 種類と同じ。電文の「経路」に残る）")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="設定（何度でも）")
@click.option("--silent-after", type=click.IntRange(5), help="沈黙とみなす秒数")
@_FORMAT
def add(
    kind: str,
    name: str | None,
    settings: tuple[str, ...],
    silent_after: int | None,
    fmt: str | None,
) -> None:
    """受信経路を登録する。サーバーが動いていれば、数秒で受信が始まる。"""
    options = {}
    for item in settings:
        key, equals, value = item.partition("=")
        if not equals:
            raise click.BadParameter(f"KEY=VALUE の形で指定してください: {item}")
        options[key] = value
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            row = warnings.add_input(SYSTEM, kind, name or kind, options, silent_after=silent_after)
        except SonaeError as error:
            rows.refuse(error, name or kind)
        else:
            rows.add({"name": row.name, "kind": row.kind, "silent_after": row.silent_after})
    sys.exit(rows.status)


def _switch(names: tuple[str, ...], enabled: bool) -> None:
    with Rows(None) as rows, worlds.entered(serving()):
        for name in names:
            try:
                row = warnings.set_enabled(SYSTEM, name, enabled)
            except SonaeError as error:
                rows.refuse(error, name)
                continue
            rows.add({"name": row.name, "enabled": row.enabled})
    sys.exit(rows.status)


@group.command("enable")
@click.argument("names", nargs=-1, required=True)
def enable(names: tuple[str, ...]) -> None:
    """受信を始める。"""
    _switch(names, True)


@group.command("disable")
@click.argument("names", nargs=-1, required=True)
def disable(names: tuple[str, ...]) -> None:
    """受信を止める（設定は残る）。"""
    _switch(names, False)


@group.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """受信経路を消す。受信した電文は残る。"""
    with Rows(None) as rows, worlds.entered(serving()):
        try:
            warnings.remove_input(SYSTEM, name)
        except SonaeError as error:
            rows.refuse(error, name)
        else:
            rows.add({"name": name, "removed": True})
    sys.exit(rows.status)


@group.command("run")
def run() -> None:
    """登録した受信経路をすべて動かし続ける。`sonae serve` が自動で動かす。"""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    warnings.Supervisor().work(stop)
