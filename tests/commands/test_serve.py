"""``sonae serve`` as a process: it answers, it stops in order, and it leaves nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from sonae.core.errors import SonaeError
from sonae.web.commands import serve
from tests.conftest import ROOT
from tests.installation import clean_environment, sonae
from tests.ports import free_port

pytestmark = pytest.mark.xdist_group("commands")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    """Poll until it is true; the limit only bounds a failure."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def answers(port: int) -> int:
    """The status of the first page; 0 while nobody answers."""
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        status = connection.getresponse().status
        connection.close()
        return status
    return 0


def test_the_start_names_every_desk() -> None:
    told = serve.told("http://127.0.0.1:8000")
    for path in ("/staff/", "/reception/", "/me/"):
        assert f"http://127.0.0.1:8000{path}" in told


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children(pid: int) -> dict[str, int]:
    """``web`` and ``work`` below the supervisor."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{child}/cmdline").read_text()
            found["web" if "gunicorn" in command else "work"] = int(child)
    return found


@pytest.fixture
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server on a free port, ready to answer."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "sonae", "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1"],
        env=clean_environment(home), cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stderr
        for line in server.stderr:
            if f"http://127.0.0.1:{port}/" in line:
                break
        assert answers(port), "it said that it runs before it answered"
        yield server, port
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(timeout=40)
        assert server.stderr
        server.stderr.close()


def test_it_answers_and_stops_when_asked(running: tuple[subprocess.Popen[str], int]) -> None:
    server, port = running
    # 503 = running, but no municipality is registered yet: said on a page, not by a dead port.
    assert answers(port) == 503
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=40) == 0
    assert answers(port) == 0


@linux
def test_a_worker_that_dies_is_started_again(running: tuple[subprocess.Popen[str], int]) -> None:
    server, port = running
    wait_for(lambda: "work" in children(server.pid))
    first = children(server.pid)["work"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: children(server.pid).get("work", first) != first)
    assert answers(port)


@linux
def test_killed_outright_it_leaves_nobody_behind(
    running: tuple[subprocess.Popen[str], int],
) -> None:
    server, port = running
    wait_for(lambda: len(children(server.pid)) == 2)
    left = children(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    wait_for(lambda: not any(alive(pid) for pid in left.values()))
    assert answers(port) == 0


@linux
def test_when_the_web_server_dies_everything_ends(
    running: tuple[subprocess.Popen[str], int],
) -> None:
    server, _port = running
    wait_for(lambda: len(children(server.pid)) == 2)
    left = children(server.pid)
    os.kill(left["web"], signal.SIGKILL)
    assert server.wait(timeout=40) == 1
    assert not alive(left["work"])


def test_a_taken_port_is_said_so(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = sonae(home, "serve", "--bind", f"127.0.0.1:{other.getsockname()[1]}")
    assert done.returncode == 1
    record = json.loads(done.stderr)
    assert record["error"] == "address_unavailable"
    assert "--bind" in record["hint"]


def test_it_does_not_serve_tables_of_another_version(tmp_path: Path) -> None:
    done = sonae(tmp_path, "serve", "--bind", f"127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"] == "not_set_up"


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(SonaeError, match="address_unavailable"):
        serve.refuse_taken("192.0.2.1", 80)


@pytest.mark.parametrize(
    ("bind", "expected"), [("127.0.0.1:8000", ("127.0.0.1", 8000)), ("[::1]:80", ("::1", 80)),
                           ("host.example:65535", ("host.example", 65535))],
)  # fmt: skip
def test_addresses_are_read(bind: str, expected: tuple[str, int]) -> None:
    assert serve.parse_bind(bind) == expected


@pytest.mark.parametrize("bind", ["8000", "host", "host:", "host:x", "host:0", "host:65536", ""])
def test_other_addresses_are_wrong_usage(bind: str) -> None:
    with pytest.raises(click.BadParameter):
        serve.parse_bind(bind)


def test_the_address_as_served_is_the_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SONAE_ISSUER", "SONAE_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    env = serve.child_environment("10.0.0.5", 8000)
    assert env["SONAE_ISSUER"] == "http://10.0.0.5:8000"
    assert "10.0.0.5" in env["SONAE_HOSTS"].split(",")
    everywhere = serve.child_environment("0.0.0.0", 8000)
    assert "SONAE_ISSUER" not in everywhere
    assert socket.gethostname() in everywhere["SONAE_HOSTS"].split(",")
    assert serve.child_environment("::1", 80)["SONAE_ISSUER"] == "http://[::1]:80"


def test_what_the_operator_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONAE_ISSUER", "https://bousai.example.jp")
    monkeypatch.setenv("SONAE_HOSTS", "bousai.example.jp")
    env = serve.child_environment("127.0.0.1", 8000)
    assert env["SONAE_ISSUER"] == "https://bousai.example.jp"
    assert env["SONAE_HOSTS"] == "bousai.example.jp"
