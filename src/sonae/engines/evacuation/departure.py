"""When to leave (出発期限): from the level, the forecast arrival of danger and the walk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.decision import LEAVE, LEAVE_UNKNOWN
from sonae.engines.evacuation.profiles import ADULT, START_MINUTES

LEAVE_NOW, LEAVE_BY, PREPARE, TOO_LATE, NO_NEED = range(5)
DEPARTURES = ("leave_now", "leave_by", "prepare", "too_late", "no_need")
EMERGENCY_LEVEL = 5
ALL_LEAVE_LEVEL = 4


def leave_by(
    decision: NDArray[np.uint8],
    profile: NDArray[np.uint8],
    minutes: NDArray[np.float64],
    *,
    level: int,
    arrival_minutes: float | None,
    deadly_minutes: float | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the departure code and the minutes from now until one must be on the way.

    ``level``: 警戒レベル相当 of the warning (3–5). ``arrival_minutes``: minutes until the next level is
    forecast, ``deadly_minutes`` until level 5 is; None when the warning forecasts none. Level 5, or
    level 5 forecast before one could arrive: moving may itself be deadly (``too_late``). Level 4:
    everyone leaves now. Level 3: people who need longer leave now, others before the next level
    begins — at once when that is near or has begun, because level 4 still means to leave — or,
    without a forecast, prepare (minutes nan: nobody knows).
    """
    slack = _or_nan(arrival_minutes) - START_MINUTES - minutes
    walks = (decision == LEAVE) | (decision == LEAVE_UNKNOWN)
    missed = walks & ((level >= EMERGENCY_LEVEL) | (_or_nan(deadly_minutes) < minutes))
    now = walks & ((level >= ALL_LEAVE_LEVEL) | (profile != ADULT) | (slack <= 0.0))
    timed = walks & np.isfinite(slack)
    code = np.select([missed, now, timed, walks], [TOO_LATE, LEAVE_NOW, LEAVE_BY, PREPARE], NO_NEED)
    until = np.select([missed | now, timed], [0.0, np.maximum(slack, 0.0)], np.nan)
    return code.astype(np.uint8), until


def _or_nan(minutes: float | None) -> float:
    """Return minutes, nan for none: it is neither before nor after anything."""
    return np.nan if minutes is None else minutes
