"""Ports for the servers of tests that run side by side."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

# Below what Linux (32768) and macOS (49152) hand out to outgoing connections: a port asked of the system
# and released again may be taken by any of them before the server under test listens on it.
RANGE = range(20_000, 32_000)
_held: list[IO[str]] = []


def free_port() -> int:
    """A TCP port on 127.0.0.1 that is free and that no other test process will get while this one lives.

    Raises RuntimeError when all are taken.
    """
    locks = Path(tempfile.gettempdir()) / f"sonae-test-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    for port in random.sample(RANGE, len(RANGE)):
        lock = (locks / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
    raise RuntimeError(f"no free port in {RANGE}")
