"""What simulators that speak HTTP share: a server in a thread of its own, and answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import click


@dataclass
class Faults:
    """How a simulator misbehaves: next answers that are 500, names whose body is cut (how often) …

    ``lists``: next lists that are 500; ``garbled``: next bodies that are noise; ``silent``: no answer
    to pings; ``clock_off``: seconds that its clock is wrong by.
    """

    errors: int = 0
    lists: int = 0
    half: dict[str, int] = field(default_factory=dict)
    garbled: int = 0
    reversed: bool = False
    repeated: bool = False
    silent: bool = False
    clock_off: float = 0.0


@dataclass(frozen=True)
class Telegram:
    """One file that is replayed: its name, bytes and the moment (seconds, monotonic) it appears."""

    name: str
    body: bytes
    at: float


class Service:
    """Answers every GET, POST and DELETE with ``answer`` on a loopback port until closed."""

    def __init__(
        self, answer: Callable[[BaseHTTPRequestHandler], None], bind: tuple[str, int]
    ) -> None:
        """Start serving; port 0 takes a free one."""

        class Handler(BaseHTTPRequestHandler):
            """Answers one connection."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer a request."""
                answer(self)

            do_POST = do_DELETE = do_GET  # noqa: N815 - names of the base class

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the one who rehearses looks at the other side."""

        self._server = ThreadingHTTPServer(bind, Handler)
        self._server.daemon_threads = True
        self.thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """The address of its root, with a slash at the end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self.thread.join(10)


def send(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    cut: bool = False,
) -> None:
    """Answer; ``cut`` promises the whole body and sends half of it."""
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    if cut:
        request.send_header("Connection", "close")
        request.close_connection = True
    request.end_headers()
    request.wfile.write(body[: len(body) // 2] if cut else body)


def send_json(request: BaseHTTPRequestHandler, status: int, told: Mapping[str, Any]) -> None:
    """Answer with JSON."""
    send(request, status, json.dumps(told).encode(), {"Content-Type": "application/json"})


def address(bind: str) -> tuple[str, int]:
    """Return ``HOST:PORT`` of a command line as host and port."""
    host, _colon, port = bind.rpartition(":")
    if not port.isdecimal():
        raise click.BadParameter(f"HOST:PORT の形で指定してください: {bind}")
    return host or "127.0.0.1", int(port)


def wait(thread: threading.Thread, close: Callable[[], None]) -> None:
    """Serve until Ctrl-C."""
    try:
        thread.join()
    except KeyboardInterrupt:
        close()
