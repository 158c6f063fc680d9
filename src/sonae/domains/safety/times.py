"""What a device's time is worth (clocks reset to nowhere, or set wrong), and this server's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sonae.core import clock
from sonae.core.ids import ClockReading, HybridClock, parse_clock
from sonae.platform.scope import Scope, current

MOST_SKEW: Final = timedelta(hours=6)
"""A clock further off is corrected (afternoon for morning, another day, the factory's date).

Up to here the hybrid clocks keep the order, and what was sent late is not taken for a wrong clock.
"""
OLDEST: Final = timedelta(days=30)
"""No device keeps events back for so long: an older time is that of a clock that was reset."""
_LAST_COUNTER: Final = 0xFFFF
_MOST_MS: Final = MOST_SKEW // timedelta(milliseconds=1)

_server_clocks: dict[Scope, HybridClock] = {}
"""One per world: an exercise on simulated time must not push the live clock ahead."""


def server_clock(known: Iterable[str]) -> str:
    """Return this server's next hybrid logical clock, above all clocks known of a person.

    From what is stored and not only from what this process saw: other processes record too.
    """
    here = _server_clocks.setdefault(current(), HybridClock("server"))
    if newest := max(known, default=""):
        here.observe(newest)
    return here.tick()


def clock_of(at: datetime, node: str) -> str:
    """Return the clock of something that is written down long after it was so.

    What has been heard since then must win over it, as if it had been told at once.
    """
    return str(ClockReading(clock.unix_ms(at), 0, node))


class Dated(NamedTuple):
    """When an event counts from, and its place in the order; ``stated``: a time not believed."""

    at: datetime
    clock: str
    stated: datetime | None = None


@dataclass(slots=True)
class Delivery:
    """One batch of a device: when it came, when the device says it sent it; what can be, from that."""

    received: datetime
    sent_at: datetime | None
    behind: timedelta = field(init=False)
    oldest: datetime = field(init=False)
    latest: datetime = field(init=False)
    latest_ms: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out once for all events how far the device's clock is behind ours.

        Not at all when it does not say when it sent, and within `MOST_SKEW`: the way takes time too.
        """
        apart = self.received - self.sent_at if self.sent_at is not None else timedelta()
        self.behind = apart if abs(apart) > MOST_SKEW else timedelta()
        self.oldest, self.latest = self.received - OLDEST, self.received + MOST_SKEW
        self.latest_ms = clock.unix_ms(self.latest)

    def dated(self, stated: datetime, stamp: str | None, place: int) -> Dated:
        """Return when the event counts from that is the ``place``-th of its delivery.

        A clock known to be off is corrected. A time that even then cannot be (after the delivery,
        or before `OLDEST`) is that of the delivery, in the order of the events. ``stamp`` is the
        hybrid clock, if it has one; one that runs ahead of what can be would win over everything
        said later.
        """
        at = _moved(stated, self.behind) if self.behind else stated
        if at is None or not self.oldest <= at <= self.latest:
            at = self.received
        doubted, terminal = stated if at != stated else None, "0"
        if stamp is not None:
            reading = parse_clock(stamp)
            off = abs(reading.ms - clock.unix_ms(at)) > _MOST_MS if doubted else False
            if not off and reading.ms <= self.latest_ms:
                return Dated(at, stamp, doubted)
            terminal = reading.terminal
        order = ClockReading(clock.unix_ms(at), min(place, _LAST_COUNTER), terminal)
        return Dated(at, str(order), doubted)


def _moved(stated: datetime, by: timedelta) -> datetime | None:
    try:
        return stated + by
    except OverflowError:
        return None
