"""``sonae reception edge``: run this laptop as the edge node (中継機) of a gym without internet.

The command is a supervisor like `sonae serve`: the node's own small site, and beside it what brings the
records to the city. Both live in a data folder of their own, whatever else is on the machine.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from sonae.core.errors import SonaeError
from sonae.core.home import sonae_home
from sonae.domains.edge import interface as edge
from sonae.gateways.city import CityServer
from sonae.web.commands.serve import Supervisor, answers, parse_bind, refuse_taken, web_command
from sonae.web.commands.setup import make_ready

_SETTINGS: Final = "sonae.web.edge.settings"
_EVERY_SECONDS: Final = 10.0
_BINDS: Final = frozenset({"0.0.0.0", "::", "127.0.0.1"})  # noqa: S104 - a gym's own network
_UNKNOWN: Final = "127.0.0.1"
_NO_ADDRESS: Final = "  この機械のアドレスが分かりません。Wi-Fi につないでから始めるか、--address で指定してください。"


@click.command("edge")
@click.option("--city", help="市のサーバーのアドレス（https://…）。はじめの一度だけ")
@click.option("--token", help="用途「中継」で登録した端末のトークン。はじめの一度だけ（- なら標準入力から）")  # fmt: skip
@click.option("--bind", default="0.0.0.0:8800", show_default=True, help="待ち受ける HOST:PORT")
@click.option("--address", help="端末から見たこの機械のアドレス（既定: http://この機械のIPアドレス:PORT）")  # fmt: skip
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False), help="https で待ち受けるときの証明書（PEM）")  # fmt: skip
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="その秘密鍵（PEM）")
@click.option("--home", type=click.Path(path_type=Path), help="記録の置き場所（既定: SONAE_HOME の中の edge）")  # fmt: skip
@click.option("--role", type=click.Choice(["begin", "forward"]), hidden=True)
def run_edge(
    city: str | None, token: str | None, bind: str, address: str | None,
    certificate: str | None, key: str | None, home: Path | None, role: str | None,
) -> None:  # fmt: skip
    """このパソコンを、インターネットのない体育館の中継機にする。止めるには Ctrl-C。

    同じ避難所の受付端末が記録を預け、たがいの記録を見られるようにします。市のサーバーにつながると、
    預かった記録を古い順に届けます。届いたと言えるのは市だけで、端末の「未送信」は市の受領で減ります。

    \b
    1. 市で:       sonae reception enrol --shelter 施設ID --name 中継1 --purpose edge
    2. 通信のある所で一度:  sonae reception edge --city https://… --token -
    3. 体育館で:   sonae reception edge
       画面（http://127.0.0.1:8800/）のQRコードを、端末の受付画面で読みます。
    """
    if role == "forward":
        keep_forwarding()
    host, port = parse_bind(bind)
    if host not in _BINDS:
        raise click.BadParameter(
            "この画面は 127.0.0.1 でだけ開けます。0.0.0.0:PORT（Wi-Fi の端末からも）か "
            "127.0.0.1:PORT にし、端末から見たアドレスは --address で指定してください。",
            param_hint="--bind",
        )
    if role == "begin":
        begin(city, sys.stdin.readline().strip() if token else None, address or "")
        return
    if bool(certificate) != bool(key):
        raise click.UsageError("--certificate と --key は両方指定してください。")
    refuse_taken(host, port)
    environment = _environment(home)
    shown = address or f"{'https' if certificate else 'http'}://{_own_address()}:{port}"
    _prepared(environment, city, token, _checked(shown))
    commands = {
        "web": [*web_command(bind, 1, 8), *_tls(certificate, key)],
        "forward": [sys.executable, "-m", "sonae", "reception", "edge", "--role", "forward"],
    }
    supervisor = Supervisor(commands, environment)
    sys.exit(
        supervisor.run(lambda: answers(host, port, tls=bool(key)), lambda: _announce(shown, port))
    )


def _announce(shown: str, port: int) -> None:
    """Tell the person at the laptop what to do next."""
    scheme = urlsplit(shown).scheme
    click.echo(
        f"中継機が動いています（止めるには Ctrl-C）。端末からは {shown} です。\n"
        f"  このパソコンで {scheme}://127.0.0.1:{port}/ を開き、QRコードを端末で読んでください。",
        err=True,
    )
    if _UNKNOWN in shown:
        click.echo(_NO_ADDRESS, err=True)


def _environment(home: Path | None) -> dict[str, str]:
    """The children's environment: a data folder and settings of their own."""
    folder = home or sonae_home() / "edge"
    return {
        **os.environ,
        "SONAE_HOME": str(folder),
        "DJANGO_SETTINGS_MODULE": _SETTINGS,
    }


def _prepared(environment: dict[str, str], city: str | None, token: str | None, shown: str) -> None:
    """Make the tables and meet the city, in a process of the node's settings; leaves when it fails."""
    given = _typed() if token == "-" else token  # noqa: S105 - the dash is no token
    meeting = ["reception", "edge", "--role", "begin", "--address", shown]
    meeting += ["--city", city] if city else []
    meeting += ["--token", "-"] if given else []
    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-m", "sonae", *meeting], env=environment, input=given or "", text=True
    )
    if done.returncode:
        sys.exit(done.returncode)


def _typed() -> str:
    """Return the token from standard input; at a terminal it is asked for and not shown."""
    if sys.stdin.isatty():
        return str(click.prompt("トークン", hide_input=True, err=True))
    return sys.stdin.readline()


def _tls(certificate: str | None, key: str | None) -> list[str]:
    return ["--certfile", certificate, "--keyfile", key] if certificate and key else []


def _checked(shown: str) -> str:
    """Return the address that terminals are told; wrong usage when it cannot be one."""
    parts = urlsplit(shown)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise click.BadParameter("http://192.168.1.5:8800 の形で指定してください。", param_hint="--address")  # fmt: skip
    return f"{parts.scheme}://{parts.netloc}"


def _own_address() -> str:
    """This machine's address on the network that it is on; loopback when it is on none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it only chooses the way
            return str(probe.getsockname()[0])
        except OSError:
            return _UNKNOWN


def begin(city: str | None, token: str | None, shown: str) -> None:
    """Make the tables; become the node of a token, or go on as the one that this machine is.

    `SonaeError` says what lacks.
    """
    make_ready()
    if (city is None) != (token is None):
        raise click.UsageError("--city と --token は両方指定してください。")
    if city and token:
        address = city.rstrip("/")
        try:
            edge.meet(CityServer(address, token), address, token)
        except OSError as error:
            raise SonaeError(
                "unreachable",
                f"市のサーバー {address} につながりません: {error}",
                "はじめの一度だけ、市のサーバーにつながる所で実行してください。",
            ) from error
    edge.reached_at(shown)


def keep_forwarding() -> None:
    """Bring records to the city as long as this process lives, and say what changed."""
    said = ""
    while True:
        row = edge.node()
        made = edge.forward(CityServer(row.address, edge.token_of(row)))
        if made.brought:
            click.echo(
                f"市に {made.brought:,} 件届けました（残り {made.waiting:,} 件）。", err=True
            )
        if (now := made.problem or made.list_problem) != said:
            click.echo(now or "市のサーバーにつながりました。", err=True)
            said = now
        time.sleep(_EVERY_SECONDS)
