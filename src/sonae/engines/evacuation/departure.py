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
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the departure code and the minutes from now until one must be on the way.

    ``level``: 警戒レベル相当 of the warning (3–5). ``arrival_minutes``: minutes until danger is
    forecast, None when the warning forecasts none. Level 5: moving may itself be deadly
    (``too_late``). Level 4: everyone leaves now. Level 3: people who need longer leave now, others
    by the forecast or, without one, prepare (minutes nan: nobody knows).
    """
    count = len(decision)
    walks = (decision == LEAVE) | (decision == LEAVE_UNKNOWN)
    slack = np.full(count, np.nan)
    if arrival_minutes is not None:
        slack = arrival_minutes - START_MINUTES - minutes
    missed = walks & ((level >= EMERGENCY_LEVEL) | (slack < -START_MINUTES))
    now = walks & ((level >= ALL_LEAVE_LEVEL) | (profile != ADULT) | (slack <= 0.0))
    timed = walks & np.isfinite(slack)
    code = np.select([missed, now, timed, walks], [TOO_LATE, LEAVE_NOW, LEAVE_BY, PREPARE], NO_NEED)
    until = np.select([missed | now, timed], [0.0, np.maximum(slack, 0.0)], np.nan)
    return code.astype(np.uint8), until
