"""``sonae work``: does what the outbox holds, beside the web server or on another machine."""

from __future__ import annotations

import signal
import threading

import click

from sonae.platform import outbox


@click.command()
@click.option("--once", is_flag=True, help="たまっている仕事を終えたら止まる")
def work(once: bool) -> None:
    """送信や計算などの仕事を続ける。`sonae serve` が自動で動かす。

    途中で止めても失われない。受け持った仕事は時間がたつと別の担当が続ける。
    """
    if once:
        click.echo(f"{outbox.drain()}", err=True)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    outbox.work(stop)
