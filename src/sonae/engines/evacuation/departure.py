"""When to leave (出発期限): from the level, the forecast arrival of danger, the walk and the dusk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.profiles import ADULT, START_MINUTES
from sonae.engines.evacuation.rulebook import (
    BIT,
    DEPARTURES,
    LEAVE,
    LEAVE_BY,
    LEAVE_NOW,
    LEAVE_UNKNOWN,
    NO_NEED,
    PREPARE,
    TIMES,
    TOO_LATE,
)

EMERGENCY_LEVEL = 5
ALL_LEAVE_LEVEL = 4
_SPEAKS_FOR = np.array(
    [
        sum(BIT[rule.id] for rule in TIMES if rule.departure == code)
        for code in range(len(DEPARTURES))
    ],
    np.int64,
)
"""Of the rules that held, those that speak for the departure that was decided."""


@dataclass(frozen=True, eq=False)
class Threat:
    """What threatens each person, by all hazards that concern the place; arrays of one length.

    ``level``: highest 警戒レベル相当 (3–5). ``arrival_minutes``: until the next level is forecast,
    ``deadly_minutes`` until level 5 is; nan when nothing forecasts it. ``ordered``: the level of the
    municipality's own order for the place, 0 without one; None where there are no orders.
    """

    level: NDArray[np.uint8]
    arrival_minutes: NDArray[np.float64]
    deadly_minutes: NDArray[np.float64]
    ordered: NDArray[np.uint8] | None = None


class Departure(NamedTuple):
    """``code``: index into `rulebook.DEPARTURES`; ``until_minutes``: from now until one must be on
    the way (nan = nobody knows, or no need); ``trace``: bits of the time rules that held.
    """

    code: NDArray[np.uint8]
    until_minutes: NDArray[np.float64]
    trace: NDArray[np.int64]


def leave_by(
    decision: NDArray[np.uint8],
    profile: NDArray[np.uint8],
    minutes: NDArray[np.float64],
    threat: Threat,
    dusk_minutes: float = np.nan,
) -> Departure:
    """Return when to be on the way; the first of `rulebook.TIMES` that holds decides.

    ``minutes``: the walk. ``dusk_minutes``: until sunset by day, nan by night. Level 5, or level 5
    forecast before one could arrive: moving may itself be deadly (``too_late``). Level 4: everyone
    leaves now. What the mayor has ordered counts like a level that is reached. Level 3: people who
    need longer leave now, others before the next level begins — at once when that is near or has
    begun, because level 4 still means to leave, and by daylight when it begins after dark — or,
    without a forecast, prepare (nan: nobody knows).
    """
    walks = (decision == LEAVE) | (decision == LEAVE_UNKNOWN)
    slack = threat.arrival_minutes - START_MINUTES - minutes
    after_dark = threat.arrival_minutes > dusk_minutes
    by_daylight = dusk_minutes - START_MINUTES - minutes
    ordered = np.zeros_like(threat.level) if threat.ordered is None else threat.ordered
    all_leave = np.maximum(threat.level, ordered) >= ALL_LEAVE_LEVEL
    tests = (
        ordered >= EMERGENCY_LEVEL,
        threat.level >= EMERGENCY_LEVEL,
        threat.deadly_minutes < minutes,
        ordered == ALL_LEAVE_LEVEL,
        threat.level >= ALL_LEAVE_LEVEL,
        ~all_leave & (ordered > 0) & (profile != ADULT),
        ~all_leave & (profile != ADULT),
        ~all_leave & (slack <= 0.0),
        ~all_leave & after_dark & (by_daylight <= 0.0),
        after_dark & (by_daylight < slack),
        np.isfinite(slack),
    )
    code, trace = np.full(len(walks), PREPARE, np.uint8), np.zeros(len(walks), np.int64)
    trace[:] = BIT["no_forecast"]
    for rule, test in reversed(list(zip(TIMES, tests, strict=False))):
        code[test] = rule.departure
        trace[test] |= BIT[rule.id]
    code[~walks] = NO_NEED
    timed = np.where(after_dark, np.fmin(slack, by_daylight), slack)
    until = np.select(
        [code == LEAVE_BY, (code == LEAVE_NOW) | (code == TOO_LATE)], [timed, 0.0], np.nan
    )
    return Departure(code, until, trace & _SPEAKS_FOR[code])
