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
    level: NDArray[np.uint8],
    arrival_minutes: NDArray[np.float64],
    deadly_minutes: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the departure code and the minutes from now until one must be on the way.

    All arrays of one length, one row per person. ``level``: highest 警戒レベル相当 of what concerns the
    person (3–5). ``arrival_minutes``: minutes until the next level is forecast, ``deadly_minutes``
    until level 5 is; nan when nothing forecasts it. Level 5, or
    level 5 forecast before one could arrive: moving may itself be deadly (``too_late``). Level 4:
    everyone leaves now. Level 3: people who need longer leave now, others before the next level
    begins — at once when that is near or has begun, because level 4 still means to leave — or,
    without a forecast, prepare (minutes nan: nobody knows).
    """
    slack = arrival_minutes - START_MINUTES - minutes
    walks = (decision == LEAVE) | (decision == LEAVE_UNKNOWN)
    missed = walks & ((level >= EMERGENCY_LEVEL) | (deadly_minutes < minutes))
    now = walks & ((level >= ALL_LEAVE_LEVEL) | (profile != ADULT) | (slack <= 0.0))
    timed = walks & np.isfinite(slack)
    code = np.select([missed, now, timed, walks], [TOO_LATE, LEAVE_NOW, LEAVE_BY, PREPARE], NO_NEED)
    until = np.select([missed | now, timed], [0.0, np.maximum(slack, 0.0)], np.nan)
    return code.astype(np.uint8), until
