"""Identifiers made by devices: UUID version 7 (RFC 9562) and the hybrid logical clock.

Both sort by time. The clock's text is a public contract: ``<unix milliseconds, 13 digits>-
<counter, 4 hex digits>-<terminal>``; comparing the texts compares the events.
"""

from __future__ import annotations

import os
import random
import re
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime

from sonae.core import clock
from sonae.core.errors import SonaeError

_COUNTER_BITS = 42
_COUNTER_MAX = (1 << _COUNTER_BITS) - 1
# A device whose clock is a year ahead is broken: following it would drag every later event of
# the whole city with it (and, near the year 2286, overflow the 13 digits).
MAX_AHEAD_MS = 366 * 24 * 3600 * 1000
_CLOCK_TEXT = re.compile(r"([0-9]{13})-([0-9a-f]{4})-([^\s\x00-\x1f]{1,64})")


class _Uuid7Maker:
    """RFC 9562 §6.2 method 1: a 42-bit counter, reseeded each millisecond, keeps the order."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin afresh: a forked child must not inherit a lock that a thread was holding."""
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def __call__(self) -> uuid.UUID:
        """A new identifier, above all that this process made before."""
        with self._lock:
            self._advance(clock.machine_ns() // 1_000_000)
            return _assemble(self._last_ms, self._counter, int.from_bytes(os.urandom(4), "big"))

    def _advance(self, now_ms: int) -> None:
        if now_ms > self._last_ms:
            self._last_ms, self._counter = now_ms, _fresh_counter()
            return
        # Same millisecond, or the machine's clock was set back: count on, never go back.
        self._counter += 1
        if self._counter > _COUNTER_MAX:
            self._last_ms, self._counter = self._last_ms + 1, _fresh_counter()


def _fresh_counter() -> int:
    """A random start below half of the range, so that counting on has room."""
    return int.from_bytes(os.urandom(6), "big") >> (48 - _COUNTER_BITS + 1)


def _assemble(ms: int, counter: int, tail: int) -> uuid.UUID:
    """48 bits of time, version 7, 12 + 30 bits of counter around the variant, 32 random bits."""
    high, low = counter >> 30, counter & 0x3FFF_FFFF
    return uuid.UUID(int=(ms << 80) | (7 << 76) | (high << 64) | (2 << 62) | (low << 32) | tail)


uuid7 = _Uuid7Maker()
os.register_at_fork(after_in_child=uuid7.restart)


def uuid7_at(at: datetime, rng: random.Random) -> uuid.UUID:
    """A UUID v7 of the moment ``at`` drawn from ``rng``: reproducible, for generated data."""
    return _assemble(clock.unix_ms(at), rng.getrandbits(_COUNTER_BITS), rng.getrandbits(32))


def uuid7_time(value: uuid.UUID) -> datetime:
    """The moment (JST, to the millisecond) at which a UUID v7 says it was made."""
    if value.version != 7:
        raise SonaeError("not_uuid7", f"UUID version 7 ではありません: {value}")
    return clock.from_unix_ms(value.int >> 80)


@dataclass(frozen=True, order=True, slots=True)
class ClockReading:
    """One reading of a hybrid logical clock; readings order as their texts do."""

    ms: int
    counter: int
    terminal: str

    def __str__(self) -> str:
        """The contract's text."""
        return f"{self.ms:013d}-{self.counter:04x}-{self.terminal}"

    @property
    def at(self) -> datetime:
        """The physical part as a moment in JST."""
        return clock.from_unix_ms(self.ms)


def parse_clock(text: str) -> ClockReading:
    """Read the contract's clock text; ``bad_clock`` when it is anything else."""
    match = _CLOCK_TEXT.fullmatch(text)
    if match is None:
        raise SonaeError(
            "bad_clock",
            f"時計の値を読めません: {text[:80]!r}",
            "13桁のミリ秒-4桁の16進-端末名 の形で送ってください。",
        )
    return ClockReading(int(match[1]), int(match[2], 16), match[3])


class HybridClock:
    """A hybrid logical clock (Kulkarni 2014): close to real time, and never behind what it saw.

    Thread-safe. The physical part is ``core.clock.now()``, so a drill's events carry its time.
    """

    def __init__(self, node: str, last: str = "") -> None:
        """``node`` names the terminal; ``last`` resumes after a restart from a stored text."""
        parse_clock(f"{0:013d}-0000-{node}")
        self.node = node
        self._lock = threading.Lock()
        self._ms, self._counter = 0, -1
        if last:
            self.observe(last)

    def tick(self) -> str:
        """The clock text of a new local event: above every text made or observed before."""
        with self._lock:
            self._step(clock.unix_ms(clock.now()))
            return str(ClockReading(self._ms, self._counter, self.node))

    def observe(self, text: str) -> int:
        """Take note of another terminal's text; how far it runs ahead of us, in milliseconds.

        A large drift is for the caller to show, never a reason to refuse the event. Only a
        clock more than a year ahead is not followed.
        """
        seen = parse_clock(text)
        drift = seen.ms - clock.unix_ms(clock.now())
        with self._lock:
            if drift <= MAX_AHEAD_MS and (seen.ms, seen.counter) > (self._ms, self._counter):
                self._ms, self._counter = seen.ms, seen.counter
        return drift

    def _step(self, physical_ms: int) -> None:
        if physical_ms > self._ms:
            self._ms, self._counter = physical_ms, 0
        elif self._counter < 0xFFFF:
            self._counter += 1
        else:
            self._ms, self._counter = self._ms + 1, 0
