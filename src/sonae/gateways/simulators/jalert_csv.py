"""A J-Alert receiver: an HTTP folder with ``index.csv`` (MS932), texts and gzipped telegrams."""

from __future__ import annotations

import gzip
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import click

from sonae.core import clock
from sonae.gateways.simulators.serving import Service, address, send, wait


@dataclass(frozen=True)
class Item:
    """One announcement: its type, the file's name, its bytes, and when (seconds) it appears."""

    kind: str
    name: str
    body: bytes
    at: float
    stamp: str

    @property
    def is_text(self) -> bool:
        """Whether there is only a text (国民保護), no telegram."""
        return self.name.endswith(".txt")


class ReceiverServer:
    """Serves the folder on a loopback port until closed; ``user`` and ``password`` when given."""

    def __init__(
        self, bind: tuple[str, int] = ("127.0.0.1", 0), *, user: str = "", password: str = ""
    ) -> None:
        """Start serving in a thread of its own."""
        self.items: list[Item] = []
        pair = b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._wanted = f"Basic {pair}" if user else ""
        self._service = Service(self.answer, bind)
        self.thread = self._service.thread

    @property
    def url(self) -> str:
        """The address to give to the ``jalert-csv`` input."""
        return self._service.url

    def announce(self, kind: str, name: str, body: bytes, *, after: float = 0.0) -> None:
        """Let one announcement appear; ``name`` ends in .txt (UTF-8 given, MS932 served) or .xml.gz."""
        served = body.decode().encode("cp932", "replace") if name.endswith(".txt") else body
        stamp = clock.SystemClock().now().strftime("%Y/%m/%d %H:%M:%S")
        self.items.append(Item(kind, name, served, time.monotonic() + after, stamp))

    def close(self) -> None:
        """Stop serving."""
        self._service.close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        shown = [item for item in self.items if item.at <= time.monotonic()]
        name = request.path.strip("/")
        found = next((item.body for item in shown if item.name == name), None)
        if self._wanted and request.headers.get("Authorization") != self._wanted:
            send(request, 401, b"")
        elif name == "index.csv":
            send(request, 200, _index(shown))
        elif found is None:
            send(request, 404, b"")
        else:
            send(request, 200, found)


def _index(items: Sequence[Item]) -> bytes:
    rows = [
        f"{item.stamp},{item.kind},{item.name if item.is_text else ''},"
        f"{'' if item.is_text else item.name}"
        for item in items
    ]
    return "".join(f"{row}\r\n" for row in rows).encode("cp932")


@click.command("jalert-csv")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bind", default="127.0.0.1:8712", show_default=True, help="待ち受ける HOST:PORT")
@click.option("--every", default=5.0, show_default=True, help="出す間隔（秒）")
def command(files: tuple[Path, ...], bind: str, every: float) -> None:
    """電文（.xml）や国民保護の文（.txt、UTF-8）を、受信機と同じ形で順に出す。止めるには Ctrl-C。"""
    server = ReceiverServer(address(bind))
    for number, file in enumerate(files):
        body, text = file.read_bytes(), file.suffix == ".txt"
        name = file.name if text else f"{file.name}.gz"
        server.announce(
            "JALT" if text else "WRMA",
            name,
            body if text else gzip.compress(body),
            after=number * every,
        )
    click.echo(f"{server.url}index.csv に{len(files)}件を{every:g}秒ごとに出します。", err=True)
    click.echo(f"受信側: sonae inputs add jalert-csv --set url={server.url}", err=True)
    wait(server.thread, server.close)
