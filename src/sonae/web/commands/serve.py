"""``sonae serve``: the web server, the outbox worker and the inputs, kept running together.

The command itself is only a supervisor and loads none of the server's code: it starts gunicorn and
``sonae work`` and ``sonae inputs run`` as its children, starts the latter two again when they end,
stops all when it is asked to stop, and ends when the web server ends. Should the supervisor be killed outright, the kernel stops
its children (Linux), so that nothing is left holding the port or the database.
"""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

import click

from sonae.core.errors import SonaeError

_PR_SET_PDEATHSIG: Final = 1
_GRACE_SECONDS: Final = 25.0
_READY_SECONDS: Final = 60.0
_ANY_ADDRESS: Final = ("0.0.0.0", "::", "")  # noqa: S104 - recognised, not bound
# The worker must not spin when it cannot start, nor stay away long in a disaster.
_RESTART_SECONDS: Final = (0.0, 1.0, 2.0, 5.0, 10.0)


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="待ち受ける HOST:PORT")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="プロセスの数"
)
@click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="プロセスごとのスレッド数",
)
@click.option(
    "--no-work",
    is_flag=True,
    help="裏の仕事（送信・受信）を別に `sonae work` と `sonae inputs run` で動かす場合",
)
@click.option("--ready", is_flag=True, help="`sonae setup` の直後なので、用意を確かめ直さない")
def serve(bind: str, workers: int, threads: int, no_work: bool, ready: bool) -> None:
    """サーバーを起動する。止めるには Ctrl-C。"""
    host, port = parse_bind(bind)
    refuse_taken(host, port)
    environment = child_environment(host, port)
    if not ready:
        checked = subprocess.run(
            [sys.executable, "-m", "sonae", "setup", "--check"], env=environment
        )
        if checked.returncode:
            sys.exit(checked.returncode)
    commands = {"web": web_command(bind, workers, threads)}
    if not no_work:
        commands["work"] = [sys.executable, "-m", "sonae", "work"]
        commands["inputs"] = [sys.executable, "-m", "sonae", "inputs", "run"]
    supervisor = Supervisor(commands, environment)
    sys.exit(supervisor.run(lambda: answers(host, port), lambda: announce(host, port)))


def parse_bind(bind: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT`` or ``[IPv6]:PORT``; wrong usage otherwise."""
    host, colon, port = bind.rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.BadParameter(f"HOST:PORT の形で指定してください: {bind}", param_hint="--bind")
    return host.strip("[]"), int(port)


def refuse_taken(host: str, port: int) -> None:
    """Say plainly that the port is taken, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SonaeError(
                "address_unavailable",
                f"{host}:{port} で待ち受けできません: {error.strerror}",
                "ほかのサーバーを止めるか、--bind で別の HOST:PORT を指定してください。",
            ) from error


def child_environment(host: str, port: int) -> dict[str, str]:
    """The children's environment: the address as served is the issuer, and its host is answered.

    What the operator has set stays. A server that listens on every address answers to the machine's
    own names; its public address must be set by SONAE_ISSUER.
    """
    env = dict(os.environ)
    names = ["127.0.0.1", "localhost", "[::1]", "testserver"]
    if host in _ANY_ADDRESS:
        names += [socket.gethostname(), socket.getfqdn(), *_own_addresses()]
    else:
        shown = f"[{host}]" if ":" in host else host
        names.append(shown)
        env.setdefault("SONAE_ISSUER", f"http://{shown}:{port}")
    env.setdefault("SONAE_HOSTS", ",".join(dict.fromkeys(names)))
    return env


def _own_addresses() -> list[str]:
    """The IPv4 addresses that this machine's name stands for."""
    try:
        return socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []


def web_command(bind: str, workers: int, threads: int) -> list[str]:
    """gunicorn with threads: measured best under load on Django's synchronous views.

    Every worker listens for itself (``--reuse-port``): on a shared socket the kernel wakes the same
    worker again and again, and it takes nearly all of the terminals' lasting connections.
    """
    return [
        sys.executable, "-m", "gunicorn", "sonae.wsgi:application",
        "--bind", bind, "--worker-class", "gthread", "--reuse-port",
        "--workers", str(workers), "--threads", str(threads),
        "--keep-alive", "15", "--timeout", "120", "--graceful-timeout", "20",
        "--no-control-socket", "--log-level", "warning", "--limit-request-line", "8190",
    ]  # fmt: skip


def answers(host: str, port: int, *, tls: bool = False) -> bool:
    """Whether the web server answers a request; that it listens says nothing before it has loaded."""
    link = http.client.HTTPConnection(_shown(host), port, timeout=1)
    if tls:  # to ourselves: whose certificate it is does not matter here
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection(_shown(host), port, timeout=1, context=context)
    try:
        link.request("GET", "/healthz")
        return link.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def announce(host: str, port: int) -> None:
    """Tell the person at the terminal where to look."""
    shown = _shown(host)
    click.echo(told(f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"), err=True)


def _shown(host: str) -> str:
    """The address under which this machine reaches its own server."""
    return "127.0.0.1" if host in _ANY_ADDRESS else host


def told(base: str) -> str:
    """What the person at the terminal reads: the address of every desk."""
    return (
        f"Sonae: {base}/ で動いています（止めるには Ctrl-C）\n"
        f"  災害対策本部 {base}/staff/　避難所の受付 {base}/reception/　"
        f"わたしの避難 {base}/me/"
    )


def _die_with_parent() -> None:
    """Ask the kernel to stop this child when the supervisor dies, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs ``web`` and what works beside it; the former decides when all ends, the rest is revived."""

    def __init__(self, commands: dict[str, list[str]], environment: dict[str, str]) -> None:
        """``commands`` by name; every child gets ``environment``."""
        self._commands = commands
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False
        self._restarts: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}

    def run(self, ready: Callable[[], bool], started: Callable[[], None]) -> int:
        """Start the children and watch them; the web server's status, 0 after a wanted stop.

        The web server first: people wait for its pages, and the rest would take its processors.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        self._start("web")
        late = time.monotonic() + _READY_SECONDS
        alone = True
        try:
            while not self._stopping and self._children["web"].poll() is None:
                if alone and ((answered := ready()) or time.monotonic() > late):
                    alone = False
                    for name in self._commands.keys() - {"web"}:
                        self._start(name)
                    if answered:
                        started()
                for name in self._children.keys() - {"web"}:
                    self._revive(name)
                time.sleep(0.1)
        finally:
            self._stop_all()
        status = self._children["web"].returncode
        return 0 if self._stopping else (status if status and status > 0 else 1)

    def _start(self, name: str) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own commands
            self._commands[name],
            env=self._environment,
            # A Ctrl-C reaches the supervisor alone, which then stops the children in order.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def _revive(self, name: str) -> None:
        """Start a child that ended again: at once, then after growing pauses."""
        child = self._children[name]
        if child.poll() is None:
            return
        if name not in self._restart_at:
            restarts = self._restarts.get(name, 0)
            pause = _RESTART_SECONDS[min(restarts, len(_RESTART_SECONDS) - 1)]
            self._restart_at[name] = time.monotonic() + pause
            click.echo(f"sonae {name} ended ({child.returncode}); starting it again", err=True)
        if time.monotonic() >= self._restart_at[name]:
            self._restarts[name] = self._restarts.get(name, 0) + 1
            del self._restart_at[name]
            self._start(name)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _stop_all(self) -> None:
        """SIGTERM to all, time to finish the requests in hand, then SIGKILL."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + _GRACE_SECONDS
        for child in self._children.values():
            try:
                child.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
