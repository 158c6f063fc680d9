"""What the journey of an edge node needs: a network that can be cut, and the node as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.conftest import ROOT
from tests.installation import clean_environment
from tests.ports import free_port


class Network:
    """A port that leads to the city's server until it is cut; then connections are refused and broken."""

    def __init__(self, target: int) -> None:
        """``target`` is the port of the server."""
        self.port, self._target = free_port(), target
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.restore()

    def restore(self) -> None:
        """Let everything through again."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Nothing reaches the city any more, connections that stand included."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _from = listener.accept()
                far = socket.create_connection(("localhost", self._target))
            except OSError:
                return
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


class Node:
    """``sonae reception edge`` with a data folder of its own; ``kill`` is a power cut."""

    def __init__(self, home: Path) -> None:
        """``home`` is set up already: that alone takes seconds."""
        self.home, self.port = home, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def start(self, city: str = "", token: str = "") -> None:
        """Start it, the first time with the city's address and its token, and wait until it answers."""
        command = [
            sys.executable, "-m", "sonae", "reception", "edge", "--home", str(self.home),
            "--bind", f"127.0.0.1:{self.port}", "--address", self.address,
        ]  # fmt: skip
        command += ["--city", city, "--token", "-"] if city else []
        self._process = subprocess.Popen(
            command, env=clean_environment(self.home), cwd=ROOT, stdin=subprocess.PIPE,
            stderr=(self.home / "log").open("a"), text=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(f"{token}\n")
        self._process.stdin.close()
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.1)
        raise RuntimeError("the node did not start")

    def kill(self) -> None:
        """End it and its children at once, as a pulled plug would."""
        if self._process is None:
            return
        family = [self._process.pid]
        for pid in family:  # grows while it is walked
            with suppress(OSError):
                text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                family += [int(one) for one in text.split()]
        for pid in dict.fromkeys(family):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)
        self._process = None
