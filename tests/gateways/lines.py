"""What tests of inputs share: the supervisor at work, waiting, and what there is then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.domains.warnings.supervisor import Supervisor

WAIT = 20.0


@pytest.fixture(autouse=True)
def committed(transactional_db: None) -> None:
    """Receivers work in threads of their own: they see only what is committed."""


@contextmanager
def supervised() -> Iterator[Supervisor]:
    """The supervisor at work in a thread, looking often and pausing shortly."""
    stop, supervisor = threading.Event(), Supervisor(pauses=(0.0, 0.05, 0.1))
    thread = threading.Thread(target=supervisor.work, args=(stop, 0.1))
    thread.start()
    try:
        yield supervisor
    finally:
        stop.set()
        thread.join(WAIT)
        assert not thread.is_alive()


def until(true: Callable[[], bool], seconds: float = WAIT) -> None:
    """Wait until something is so; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, [
            (row.name, row.state, row.error) for row in WarningInput.everywhere.all()
        ]
        time.sleep(0.02)


def count() -> int:
    return Telegram.objects.count()


def in_force() -> list[tuple[str, int | None]]:
    return [(line.kind, line.level) for line in warnings.in_force()]
