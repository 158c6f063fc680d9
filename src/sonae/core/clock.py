"""The only source of the time of day (日時). Nothing else in Sonae may ask the machine.

Drills run at any speed and tests stand still because every part calls ``now()`` here; a test of
the architecture refuses ``datetime.now()``, ``date.today()`` and ``timezone.now()`` elsewhere.
The clock in force is a context variable: it is local to a thread or task, so a drill that runs
at 600 × speed never touches the requests beside it. Code that starts a thread hands its clock on
with ``contextvars.copy_context()``.
"""

from __future__ import annotations

import time as _time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

# A fixed offset, not a zone name: Japan has kept no summer time since 1952, and a bare system
# may have no time-zone database.
JST = timezone(timedelta(hours=9), "JST")


class Clock(Protocol):
    """Anything that can tell an aware time."""

    def now(self) -> datetime:
        """The present moment, aware."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The machine's time, in JST."""
        return datetime.now(JST)


@dataclass(frozen=True, slots=True)
class FrozenClock:
    """A clock that stands still at ``at`` (aware)."""

    at: datetime

    def __post_init__(self) -> None:
        """Refuse a naive time at once, where the mistake is."""
        aware(self.at)

    def now(self) -> datetime:
        """The frozen moment, in JST."""
        return self.at.astimezone(JST)


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that showed ``start_sim`` at the real moment ``start_real`` and runs ``speed`` ×.

    Both anchors are wall-clock times, so every process that knows the three values shows the
    same simulated time; ``speed`` 600 plays 72 hours in 432 seconds. It stands still at ``until``.
    """

    start_sim: datetime
    start_real: datetime
    speed: float
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse naive anchors and a clock that would run backwards."""
        aware(self.start_sim)
        aware(self.start_real)
        if self.speed < 0:
            raise ValueError("speed must not be negative")

    def now(self) -> datetime:
        """The simulated moment, in JST."""
        elapsed = SystemClock().now() - self.start_real
        shown = self.start_sim + elapsed * self.speed
        return (shown if self.until is None else min(shown, self.until)).astimezone(JST)


_SYSTEM = SystemClock()
_current: ContextVar[Clock] = ContextVar("sonae_clock", default=_SYSTEM)


def current() -> Clock:
    """The clock in force here."""
    return _current.get()


def now() -> datetime:
    """The present moment by the clock in force: aware, in JST."""
    return _current.get().now()


def real_seconds(seconds: float) -> float:
    """How long the machine takes for ``seconds`` of the clock in force; one that stands still: as long."""
    clock = current()
    speed = clock.speed if isinstance(clock, ScaledClock) else 1.0
    return seconds / speed if speed > 0 else seconds


def today() -> date:
    """The present day in Japan by the clock in force."""
    return now().date()


@contextmanager
def using(clock: Clock) -> Iterator[Clock]:
    """Put ``clock`` in force for the block, in this thread or task only."""
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)


@contextmanager
def held() -> Iterator[None]:
    """Let an exercise's clock stand still here: at 600 × a page takes minutes, and is of one moment.

    Its speed stays known to `real_seconds`; the machine's own clock is left as it is.
    """
    running = current()
    if not isinstance(running, ScaledClock):
        yield
        return
    with using(replace(running, until=running.now())):
        yield


def aware(moment: datetime) -> datetime:
    """``moment`` itself when it carries an offset; a naive time is a programming error."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"a time without an offset: {moment.isoformat()}")
    return moment


def unix_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970-01-01T00:00Z, exact (no floating point)."""
    return (aware(moment) - _EPOCH) // timedelta(milliseconds=1)


def from_unix_ms(milliseconds: int) -> datetime:
    """The moment, in JST, of a count of milliseconds since 1970-01-01T00:00Z."""
    return (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(JST)


def machine_ns() -> int:
    """Nanoseconds of the machine's clock since 1970, for identifiers: never simulated."""
    return _time.time_ns()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
