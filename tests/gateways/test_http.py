"""One request by HTTP: connections that are kept, and counterparts that speak without end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from sonae.gateways import http
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def fresh() -> Iterator[None]:
    """A pool of its own for each test."""
    http._pool.cache_clear()
    yield
    http._pool.cache_clear()


@dataclass
class Talker:
    """A counterpart that says ``head`` and then ``word`` again and again, if any, until it is hung up on."""

    head: bytes
    word: bytes = b""
    gap: float = 0.0
    port: int = field(default_factory=free_port)
    calls: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def serve(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while line.recv(65536):
                line.sendall(self.head)
                while self.word and not self.stopped.wait(self.gap):
                    line.sendall(self.word)


@contextmanager
def talking(one: Talker) -> Iterator[Talker]:
    """Serve until the block ends."""
    desk = socket.create_server(("127.0.0.1", one.port))

    def accept() -> None:
        with suppress(OSError):
            while True:
                line, _from = desk.accept()
                one.calls += 1
                threading.Thread(target=one.serve, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield one
    finally:
        one.stopped.set()
        desk.close()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ndo\r\n2\r\nne\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_an_answer_read_to_its_end_leaves_the_connection_to_the_next(head: bytes) -> None:
    with talking(Talker(head)) as one:
        for _time in range(5):
            answer = http.send("POST", one.address, b"x", {})
            assert answer.body in (b"", b"done")
    assert one.calls == 1


def test_who_lets_the_bytes_drip_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its status is known and counts; the lane is free, and the next request has a new connection."""
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 1000000\r\n\r\n"
    with talking(Talker(head, b".", 0.02)) as one:
        for calls in (1, 2):
            assert http.send("POST", one.address, b"x", {}).status == 201
            assert one.calls == calls


def test_who_says_too_much_is_hung_up_on() -> None:
    head = b"HTTP/1.1 500 Internal Server Error\r\n\r\n"
    with talking(Talker(head, b"x" * 65536)) as one:
        answer = http.send("POST", one.address, b"x", {})
    assert answer.status == 500
    assert len(answer.body) == http.MOST_BYTES
