"""What a device's time is worth: tablets whose clocks were reset to nowhere, or set wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sonae.core import clock
from sonae.core.ids import ClockReading, parse_clock

MOST_SKEW: Final = timedelta(hours=6)
"""A clock further off is corrected (afternoon for morning, another day, the factory's date).

Up to here the hybrid clocks keep the order, and what was sent late is not taken for a wrong clock.
"""
OLDEST: Final = timedelta(days=30)
"""No device keeps events back for so long: an older time is that of a clock that was reset."""
_LAST_COUNTER: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Dated:
    """When an event counts from, and its place in the order; ``stated``: a time not believed."""

    at: datetime
    clock: str
    stated: datetime | None = None


def behind(sent_at: datetime | None, received: datetime) -> timedelta:
    """Return how far a device's clock is behind ours, by the moment at which it says it sent.

    Nothing when it does not say so, and nothing within `MOST_SKEW`: the way here takes time too.
    """
    apart = received - sent_at if sent_at is not None else timedelta()
    return apart if abs(apart) > MOST_SKEW else timedelta()


def dated(
    stated: datetime, stamp: str | None, *, received: datetime, behind: timedelta, place: int
) -> Dated:
    """Return when the event counts from that is the ``place``-th of its delivery.

    A clock known to be off is corrected. A time that even then cannot be (after the delivery, or
    before `OLDEST`) is that of the delivery, in the order of the events. ``stamp`` is the hybrid
    clock, if it has one; one that runs ahead of what can be would win over everything said later.
    """
    at = _moved(stated, behind)
    if at is None or not received - OLDEST <= at <= received + MOST_SKEW:
        at = received
    made = f"{clock.unix_ms(at):013d}-{min(place, _LAST_COUNTER):04x}"
    doubted = stated if at != stated else None
    if stamp is None:
        return Dated(at, f"{made}-0", doubted)
    reading = parse_clock(stamp)
    if _in_order(reading, at, received, corrected=doubted is not None):
        return Dated(at, stamp, doubted)
    return Dated(at, f"{made}-{reading.terminal}", doubted)


def _moved(stated: datetime, by: timedelta) -> datetime | None:
    try:
        return stated + by
    except OverflowError:
        return None


def _in_order(reading: ClockReading, at: datetime, received: datetime, *, corrected: bool) -> bool:
    """Tell whether a hybrid clock may stay: it is not far ahead, nor off with the time of its event."""
    most = MOST_SKEW // timedelta(milliseconds=1)
    if corrected and abs(reading.ms - clock.unix_ms(at)) > most:
        return False
    return reading.ms - clock.unix_ms(received) <= most
