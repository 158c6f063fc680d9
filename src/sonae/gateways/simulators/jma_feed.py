"""The public Atom feeds of the weather service, as a small HTTP server that replays files.

A telegram appears in its feed when its turn has come; short feeds drop what is older than ten
minutes, long ones keep it. Unchanged feeds answer 304. `Faults` makes it behave badly, for tests.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import click

from sonae.core import clock
from sonae.gateways.simulators.serving import Faults, Service, Telegram, address, send, wait

SHORT_SECONDS: Final = 600.0
_EARTH: Final = ("VX", "VT", "VF", "VZVO", "VZSE")
_WEATHER: Final = ("VP", "VW", "VR")


@dataclass(frozen=True)
class FeedTelegram(Telegram):
    """One file, which appears in the feed of its type."""

    @property
    def feed(self) -> str:
        """The feed that names it, by its type code in the file's name."""
        code = next(
            (
                part
                for part in self.name.split("_")
                if part[:2] in ("VX", "VT", "VF", "VZ", "VP", "VW", "VR")
            ),
            "",
        )
        if code.startswith(_EARTH):
            return "eqvol"
        return "extra" if code.startswith(_WEATHER) else "regular"


class FeedServer:
    """Serves ``/feed/*.xml`` and ``/data/*`` on a loopback port until closed."""

    def __init__(
        self, telegrams: Sequence[FeedTelegram], bind: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        """Start serving in a thread of its own."""
        self.telegrams = list(telegrams)
        self.faults = Faults()
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self._service = Service(self.answer, bind)
        self.thread = self._service.thread

    @property
    def url(self) -> str:
        """The address to give to the ``jma-feed`` input."""
        return f"{self._service.url}feed/"

    def publish(self, name: str, body: bytes) -> None:
        """Let one more telegram appear now."""
        with self._lock:
            self.telegrams.append(FeedTelegram(name, body, time.monotonic()))

    def close(self) -> None:
        """Stop serving."""
        self._service.close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request as the service does, or as badly as `faults` wants."""
        self.asked.append(request.path)
        if self.faults.errors > 0:
            self.faults.errors -= 1
            send(request, 500, b"")
            return
        folder, _slash, name = request.path.strip("/").partition("/")
        if folder == "feed":
            self._answer_feed(request, name)
            return
        found = next((one for one in self.telegrams if one.name == name), None)
        if folder != "data" or found is None or found.at > time.monotonic():
            send(request, 404, b"")
            return
        cut = self.faults.half.get(name, 0)
        if cut > 0:
            self.faults.half[name] = cut - 1
        send(request, 200, found.body, cut=cut > 0)

    def _answer_feed(self, request: BaseHTTPRequestHandler, name: str) -> None:
        body = self._feed(name.removesuffix(".xml"))
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            send(request, 304, b"", {"ETag": etag})
            return
        send(request, 200, body, {"ETag": etag})

    def _feed(self, name: str) -> bytes:
        """Return one feed as Atom, newest first (or as the faults say)."""
        now, feed, long = time.monotonic(), name.removesuffix("_l"), name.endswith("_l")
        with self._lock:
            shown = [
                one
                for one in self.telegrams
                if one.feed == feed and one.at <= now and (long or now - one.at < SHORT_SECONDS)
            ]
        shown.sort(key=lambda one: one.at, reverse=not self.faults.reversed)
        if self.faults.repeated:
            shown = [*shown, *shown]
        entries = "".join(self._entry(one, now) for one in shown)
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{feed}</title>{entries}</feed>'
        ).encode()

    def _entry(self, one: FeedTelegram, now: float) -> str:
        age = timedelta(seconds=now - one.at - self.faults.clock_off)
        updated = (clock.SystemClock().now() - age).astimezone(UTC).isoformat(timespec="seconds")
        link = f"/data/{escape(one.name)}"
        return (
            f"<entry><title>{escape(one.name)}</title><id>{link}</id><updated>{updated}</updated>"
            f'<link type="application/xml" href="{link}"/></entry>'
        )


@click.command("jma-feed")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bind", default="127.0.0.1:8710", show_default=True, help="待ち受ける HOST:PORT")
@click.option("--every", default=5.0, show_default=True, help="電文を出す間隔（秒）")
def command(files: tuple[Path, ...], bind: str, every: float) -> None:
    """電文のファイルを、気象庁の公開フィードと同じ形で順に出す。止めるには Ctrl-C。"""
    start = time.monotonic()
    telegrams = [
        FeedTelegram(file.name, file.read_bytes(), start + number * every)
        for number, file in enumerate(files)
    ]
    server = FeedServer(telegrams, address(bind))
    click.echo(f"{server.url} で{len(telegrams)}通を{every:g}秒ごとに出します。", err=True)
    click.echo(f"受信側: sonae inputs add jma-feed --name 模擬 --set url={server.url}", err=True)
    click.echo(
        "Statusが通常の電文は、本番の警報として届きます。経路の名前では訓練になりません。", err=True
    )
    wait(server.thread, server.close)
