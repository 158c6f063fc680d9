"""Entering a world: its scope and its clock together.

The live world runs on the system's clock. The exercise world may run on a simulated one (72 hours
in seven minutes); its state is one row, so that every process shows the same simulated time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sonae.core import clock
from sonae.core.clock import Clock, ScaledClock, SystemClock
from sonae.platform.db import writing
from sonae.platform.models import ExerciseClock
from sonae.platform.scope import Scope, World, bound

_CACHE_SECONDS = 0.5
_cache: dict[str, tuple[float, Clock]] = {}


def _exercise_clock(municipality: str) -> Clock:
    """Return the municipality's exercise clock, read again every half second."""
    held = _cache.get(municipality)
    if held and time.monotonic() - held[0] < _CACHE_SECONDS:
        return held[1]
    row = ExerciseClock.objects.filter(municipality=municipality).first()
    made: Clock = (
        ScaledClock(row.simulated_start, row.real_start, row.speed, row.until)
        if row
        else SystemClock()
    )
    _cache[municipality] = (time.monotonic(), made)
    return made


@contextmanager
def entered(municipality: str, world: World = World.LIVE) -> Iterator[Scope]:
    """Work in ``municipality`` (6-digit code) and ``world``, on that world's clock."""
    scope = Scope(municipality, World(world))
    with bound(scope):
        if scope.world is World.LIVE:
            yield scope
        else:
            with clock.using(_exercise_clock(municipality)):
                yield scope


def set_exercise_clock(
    municipality: str, simulated: datetime, speed: float, until: datetime | None = None
) -> None:
    """Let the exercise clock show ``simulated`` now and run ``speed`` times real time (0 = stand).

    It does not pass ``until`` before it is set again: what a play has not done yet is not past.
    """
    real = SystemClock().now()
    with writing():
        ExerciseClock.objects.update_or_create(
            municipality=municipality,
            defaults={
                "simulated_start": simulated,
                "real_start": real,
                "speed": speed,
                "until": until,
            },
        )
    _cache.pop(municipality, None)


def clear_exercise_clock(municipality: str) -> None:
    """Return the exercise world to the system's clock."""
    with writing():
        ExerciseClock.objects.filter(municipality=municipality).delete()
    _cache.pop(municipality, None)
