"""The other side of ``dmdata``: REST for tickets and the list, WebSockets that push telegrams.

It keeps the rules that matter: a ticket is used once and runs out, one socket per key, a client
that does not answer pings is cut off. `Faults` and `drop` make it behave badly, for tests.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import click
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from sonae.core import clock
from sonae.gateways.simulators.serving import (
    Faults,
    Service,
    Telegram,
    address,
    send,
    send_json,
    wait,
)

TICKET_SECONDS: Final = 300.0
PONG_SECONDS: Final = 120.0
_PROTOCOL: Final = Subprotocol("dmdata.v2")
_CODE: Final = re.compile(r"(?:^|_)([A-Z]{4}\d{2})(?:_|\.|$)")
_EXERCISE: Final = re.compile(r"<(?:\w+:)?Status>\s*(?:訓練|試験)".encode())


@dataclass(frozen=True)
class PushedTelegram(Telegram):
    """One telegram that is pushed; ``test``: whether it is one."""

    test: bool

    @property
    def id(self) -> str:
        """The hash that names it."""
        return hashlib.sha384(self.packed).hexdigest()

    @property
    def packed(self) -> bytes:
        """The body as it goes over the socket."""
        return gzip.compress(self.body, mtime=0)

    @property
    def code(self) -> str:
        """The type code in its name."""
        found = _CODE.search(self.name)
        return found[1] if found else "VPWW54"

    @property
    def classification(self) -> str:
        """The class it is delivered in."""
        if self.code in ("VXSE43", "VXSE44", "VXSE45"):
            return "eew.warning" if self.code == "VXSE43" else "eew.forecast"
        if self.code.startswith(("VXSE", "VTSE", "VYSE", "VXZ")):
            return "telegram.earthquake"
        return "telegram.volcano" if self.code.startswith(("VF", "VZVO")) else "telegram.weather"


@dataclass
class _Socket:
    """One open socket: what it asked for, what it was sent, and its last pong."""

    number: int
    connection: ServerConnection
    wish: Mapping[str, Any]
    sent: set[int] = field(default_factory=set)
    pinged: float = 0.0
    ponged: float = 0.0


class DmdataServer:
    """REST on one port and WebSockets on one or more, until closed."""

    def __init__(
        self,
        key: str = "key",
        bind: tuple[str, int] = ("127.0.0.1", 0),
        sockets: Sequence[tuple[str, int]] = (("127.0.0.1", 0), ("127.0.0.1", 0)),
        *,
        ticket_seconds: float = TICKET_SECONDS,
        ping_every: float = 20.0,
    ) -> None:
        """Start serving in threads of its own."""
        self.faults = Faults()
        self.telegrams: list[PushedTelegram] = []
        self.tickets: dict[str, tuple[int, float, dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.refused: list[int] = []
        self.used: list[int] = []
        self.most_open = 0
        self._open: dict[int, _Socket] = {}
        self._lock = threading.RLock()
        self._ticket_seconds, self._ping_every = ticket_seconds, ping_every
        self._wanted = "Basic " + base64.b64encode(f"{key}:".encode()).decode("ascii")
        self._stop = threading.Event()
        self._servers = [self._listen(number, place) for number, place in enumerate(sockets)]
        self.http = Service(self.answer, bind)
        threading.Thread(target=self._push_until_closed, daemon=True).start()

    @property
    def url(self) -> str:
        """The address to give to the ``dmdata`` input, for the API and the bodies."""
        return self.http.url

    @property
    def endpoints(self) -> str:
        """The endpoints to give to the ``dmdata`` input."""
        return ",".join(_place(server) for server in self._servers)

    @property
    def options(self) -> dict[str, str]:
        """The settings of an input that receives from here, without the key."""
        return {"url": self.url, "data": self.url, "endpoints": self.endpoints}

    def publish(
        self, name: str, body: bytes, *, after: float = 0.0, test: bool | None = None
    ) -> PushedTelegram:
        """Issue one telegram now or later; whether it is a test is read from it unless given."""
        flag = _EXERCISE.search(body) is not None if test is None else test
        made = PushedTelegram(name, body, time.monotonic() + after, flag)
        with self._lock:
            self.telegrams.append(made)
        if after <= 0:
            self._push()
        return made

    def drop(self) -> None:
        """Cut every socket without a word."""
        for one in self._sockets():
            one.connection.socket.close()
            with self._lock:
                self._open.pop(one.number, None)

    def error(self, code: int, text: str, *, close: bool = True) -> None:
        """Tell every socket of an error, and close it when the error says so."""
        for one in self._sockets():
            _tell(one.connection, {"type": "error", "error": text, "code": code, "close": close})
            if close:
                one.connection.close()

    def close(self) -> None:
        """Stop serving."""
        self._stop.set()
        for one in self._sockets():
            one.connection.close()
        for server in self._servers:
            server.shutdown()
        self.http.close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one REST request."""
        parts = urlsplit(request.path)
        self.asked.append(f"{request.command} {parts.path}")
        body = request.rfile.read(int(request.headers.get("Content-Length", 0) or 0))
        if self.faults.errors > 0:
            self.faults.errors -= 1
            send(request, 500)
        elif request.headers.get("Authorization") != self._wanted:
            _refuse(request, 401, "Authorization required.")
        elif (request.command, parts.path) == ("POST", "/v2/socket"):
            self._start(request, body)
        elif request.command == "DELETE" and parts.path.startswith("/v2/socket/"):
            self._end(request, parts.path.rpartition("/")[2])
        elif parts.path == "/v2/telegram":
            self._list(request, {k: v[0] for k, v in parse_qs(parts.query).items()})
        elif parts.path.startswith("/v1/"):
            self._body(request, parts.path.removeprefix("/v1/"))
        else:
            _refuse(request, 404, "Not found.")

    def _start(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Give a ticket, unless the key's one socket is open already."""
        wish = json.loads(body or b"{}")
        if not wish.get("classifications"):
            _refuse(request, 400, "At least one element of `classifications` is required.")
            return
        with self._lock:
            if self._open:
                self.refused.append(409)
                _refuse(request, 409, "The maximum number of simultaneous connections is full.")
                return
            ticket, number = secrets.token_hex(16), len(self.tickets) + 1
            self.tickets[ticket] = (number, time.monotonic() + self._ticket_seconds, wish)
        send_json(
            request,
            200,
            {
                "status": "ok",
                "responseTime": self._now().isoformat(),
                "ticket": ticket,
                "websocket": {
                    "id": number,
                    "url": f"ws://{_place(self._servers[0])}/v2/websocket?ticket={ticket}",
                    "protocol": [str(_PROTOCOL)],
                    "expiration": int(self._ticket_seconds),
                },
            },
        )

    def _end(self, request: BaseHTTPRequestHandler, number: str) -> None:
        found = [one for one in self._sockets() if str(one.number) == number]
        if not found:
            _refuse(request, 404, "Socket ID not found.")
            return
        found[0].connection.close()
        send(request, 204)

    def _list(self, request: BaseHTTPRequestHandler, query: Mapping[str, str]) -> None:
        """Answer the list, newest first, page by page."""
        if self.faults.lists > 0:
            self.faults.lists -= 1
            send(request, 500)
            return
        tests = query.get("test") == "including"
        shown = [
            one for one in self._issued() if (tests or not one.test) and "eew" not in one.classification
        ]  # fmt: skip
        shown.sort(key=lambda one: one.at, reverse=True)
        begin, most = int(query.get("cursorToken", "0")), int(query.get("limit", "20"))
        page = shown[begin : begin + most]
        told: dict[str, Any] = {
            "status": "ok",
            "responseTime": self._now().isoformat(),
            "items": [self._item(one) for one in page],
            "nextPooling": "0",
            "nextPoolingInterval": 1600,
        }
        if begin + most < len(shown):
            told["nextToken"] = str(begin + most)
        send_json(request, 200, told)

    def _item(self, one: PushedTelegram) -> dict[str, Any]:
        received = self._now() - timedelta(seconds=time.monotonic() - one.at)
        return {
            "id": one.id,
            "classification": one.classification,
            "head": _head(one, received),
            "receivedTime": received.isoformat(),
            "format": "xml",
            "url": f"{self.url}v1/{one.id}",
        }

    def _body(self, request: BaseHTTPRequestHandler, identifier: str) -> None:
        found = next((one for one in self._issued() if one.id == identifier), None)
        if found is None:
            send(request, 404)
            return
        cut = self.faults.half.get(found.name, 0)
        if cut > 0:
            self.faults.half[found.name] = cut - 1
        send(request, 200, found.body, {"Content-Type": "application/xml"}, cut=cut > 0)

    def _listen(self, number: int, place: tuple[str, int]) -> Server:
        def talk(connection: ServerConnection) -> None:
            self.used.append(number)
            self._talk(connection)

        server = serve(talk, *place, subprotocols=[_PROTOCOL])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _talk(self, connection: ServerConnection) -> None:
        """Hold one connection: its ticket, then its pongs."""
        request = connection.request
        query = parse_qs(urlsplit(request.path).query) if request else {}
        with self._lock:
            number, until, wish = self.tickets.get(query.get("ticket", [""])[0], (0, 0.0, {}))
            if number:
                self.tickets[query["ticket"][0]] = (number, 0.0, wish)
            code = 4404 if time.monotonic() > until else 4409 if self._open else 0
            mine = _Socket(number, connection, wish, ponged=time.monotonic())
            mine.sent = {id(one) for one in self._issued()}
            if not code:
                self._open[number] = mine
                self.most_open = max(self.most_open, len(self._open))
        if code:
            self.refused.append(code)
            _tell(connection, {"type": "error", "error": "refused", "code": code, "close": True})
            return
        _tell(connection, {"type": "start", "socketId": number, "time": self._now().isoformat()})
        try:
            for text in connection:
                self._heard(mine, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self._open.pop(number, None)

    def _heard(self, mine: _Socket, message: Mapping[str, Any]) -> None:
        if message.get("type") == "pong":
            mine.ponged = time.monotonic()
        elif message.get("type") == "ping":
            _tell(mine.connection, {**message, "type": "pong"})

    def _push_until_closed(self) -> None:
        while not self._stop.wait(0.02):
            self._push()
            for one in self._sockets():
                self._keep_alive(one)

    def _keep_alive(self, one: _Socket) -> None:
        """Ping now and then; cut off who does not answer."""
        now = time.monotonic()
        if now - one.ponged > PONG_SECONDS:
            one.connection.close()
        elif now - one.pinged >= self._ping_every and not self.faults.silent:
            one.pinged = now
            _tell(one.connection, {"type": "ping", "pingId": secrets.token_hex(3)})

    def _push(self) -> None:
        """Send every open socket what was issued since it was opened."""
        for one in self._sockets():
            for telegram in self._issued():
                with self._lock:
                    new = id(telegram) not in one.sent
                    one.sent.add(id(telegram))
                if new and _wished(one.wish, telegram):
                    message = self._message(telegram)
                    for _again in range(2 if self.faults.repeated else 1):
                        _tell(one.connection, message)

    def _message(self, one: PushedTelegram) -> dict[str, Any]:
        body = base64.b64encode(one.packed).decode("ascii")
        if self.faults.garbled > 0:
            self.faults.garbled -= 1
            body = body[: len(body) // 2 // 4 * 4]
        now = self._now()
        return {
            "type": "data",
            "version": "2.0",
            "id": one.id,
            "classification": one.classification,
            "passing": [{"name": "socket-01", "time": now.isoformat()}],
            "head": _head(one, now),
            "format": "xml",
            "compression": "gzip",
            "encoding": "base64",
            "body": body,
        }

    def _issued(self) -> list[PushedTelegram]:
        with self._lock:
            return [one for one in self.telegrams if one.at <= time.monotonic()]

    def _sockets(self) -> list[_Socket]:
        with self._lock:
            return list(self._open.values())

    def _now(self) -> datetime:
        """Its clock, which may be wrong."""
        return clock.SystemClock().now().astimezone(UTC) + timedelta(seconds=self.faults.clock_off)


def _place(server: Server) -> str:
    host, port = server.socket.getsockname()[:2]
    return f"{host}:{port}"


def _wished(wish: Mapping[str, Any], telegram: PushedTelegram) -> bool:
    if telegram.test and wish.get("test") != "including":
        return False
    return telegram.classification in wish.get("classifications", ())


def _head(one: PushedTelegram, at: datetime) -> dict[str, Any]:
    return {"type": one.code, "author": "JPTD", "time": at.isoformat(), "test": one.test}


def _tell(connection: ServerConnection, message: Mapping[str, Any]) -> None:
    """Send one message; who is gone does not hear it."""
    try:
        connection.send(json.dumps(message))
    except (ConnectionClosed, OSError):
        return


def _refuse(request: BaseHTTPRequestHandler, status: int, why: str) -> None:
    send_json(request, status, {"status": "error", "error": {"message": why, "code": status}})


@click.command("dmdata")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bind", default="127.0.0.1:8713", show_default=True, help="REST の HOST:PORT")
@click.option("--sockets", default="127.0.0.1:8714,127.0.0.1:8715", show_default=True,
              help="WebSocket の HOST:PORT（いくつでも）")  # fmt: skip
@click.option("--key", default="key", show_default=True, help="受け付けるAPIキー")
@click.option("--every", default=5.0, show_default=True, help="電文を出す間隔（秒）")
@click.option("--drop-every", default=0.0, help="この間隔（秒）で接続を切る（0: 切らない）")
def command(
    files: tuple[Path, ...], bind: str, sockets: str, key: str, every: float, drop_every: float
) -> None:
    """電文のファイルを、DMDATA と同じ手順（チケット・WebSocket・一覧）で順に出す。止めるには Ctrl-C。"""
    places = [address(place) for place in sockets.split(",")]
    server = DmdataServer(key, address(bind), places)
    for number, file in enumerate(files):
        server.publish(file.name, file.read_bytes(), after=number * every)
    settings = " ".join(f"--set {name}={value}" for name, value in server.options.items())
    click.echo(f"{server.url} で{len(files)}通を{every:g}秒ごとに出します。", err=True)
    click.echo(f"受信側: sonae inputs add dmdata --set key={key} {settings}", err=True)
    if drop_every:
        threading.Thread(target=_drop_now_and_then, args=(server, drop_every), daemon=True).start()
    wait(server.http.thread, server.close)


def _drop_now_and_then(server: DmdataServer, every: float) -> None:
    while True:
        time.sleep(every)
        server.drop()
