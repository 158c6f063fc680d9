"""``sonae simulate KIND FILES…``: play the counterpart of an input, so that a city can rehearse."""

from __future__ import annotations

import importlib
from typing import Final, cast

import click

KINDS: Final = {
    "jma-feed": ("sonae.gateways.simulators.jma_feed:command", "気象庁の公開フィードのまね"),
    "jma-socket": (
        "sonae.gateways.simulators.jma_socket:command",
        "Jアラート受信機（JMAソケット）のまね",
    ),
    "dmdata": ("sonae.gateways.simulators.dmdata:command", "DMDATA（WebSocket）のまね"),
    "jalert-csv": (
        "sonae.gateways.simulators.jalert_csv:command",
        "Jアラート受信機（index.csv）のまね",
    ),
    "jalert-mail": (
        "sonae.gateways.simulators.jalert_mail:command",
        "Jアラート受信機のメールのまね",
    ),
    "lalert": ("sonae.gateways.simulators.lalert:command", "Lアラートの送信側のまね"),
    "cap-feed": ("sonae.gateways.simulators.cap_feed:command", "CAP のフィードのまね"),
    "qzss": ("sonae.gateways.simulators.qzss:command", "衛星受信機のまね"),
}


class _Kinds(click.Group):
    """Each simulator loads only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds there are."""
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One simulator."""
        if cmd_name not in KINDS:
            return None
        module, _colon, attribute = KINDS[cmd_name][0].partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help lines from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_source, text) in KINDS.items()])


@click.group(cls=_Kinds)
def group() -> None:
    """受信の相手をまねて、記録した電文を流す。本物の電文を流すと本番として届くので、訓練の電文を使う。"""
