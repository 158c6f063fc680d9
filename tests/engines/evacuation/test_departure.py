"""The leave-by time from level, forecast and walk."""

from __future__ import annotations

import numpy as np
import pytest

from sonae.engines.evacuation.departure import Threat, leave_by
from sonae.engines.evacuation.profiles import ADULT, ASSISTED, ELDERLY
from sonae.engines.evacuation.rulebook import (
    DEPARTURES,
    LEAVE,
    LEAVE_UNKNOWN,
    STAY,
    UPSTAIRS,
)


def _one(
    level: int,
    arrival: float | None,
    minutes: float,
    profile: int = ADULT,
    decision: int = LEAVE,
    deadly: float | None = None,
) -> tuple[str, float]:
    threat = Threat(
        np.array([level], np.uint8), np.array([arrival], float), np.array([deadly], float)
    )
    code, until, _ = leave_by(
        np.array([decision], np.uint8), np.array([profile], np.uint8), np.array([minutes]), threat
    )
    return DEPARTURES[int(code[0])], float(until[0])


@pytest.mark.parametrize(
    ("level", "arrival", "minutes", "profile", "want", "until"),
    [
        (3, 120.0, 30.0, ADULT, "leave_by", 75.0),  # 120 − 15 to get ready − 30 on foot
        (3, 40.0, 30.0, ADULT, "leave_now", 0.0),  # no slack left
        (3, 20.0, 30.0, ADULT, "leave_now", 0.0),  # level 4 comes on the way: it means to leave
        (3, 30.0, 40.0, ELDERLY, "leave_now", 0.0),
        (3, 0.0, 40.0, ADULT, "leave_now", 0.0),  # the forecast block has begun
        (3, 120.0, 30.0, ELDERLY, "leave_now", 0.0),  # 高齢者等避難
        (3, None, 30.0, ASSISTED, "leave_now", 0.0),
        (4, 600.0, 30.0, ADULT, "leave_now", 0.0),  # 避難指示 level: everyone
        (4, None, 30.0, ADULT, "leave_now", 0.0),
        (5, 600.0, 5.0, ADULT, "too_late", 0.0),
    ],
)
def test_when_to_leave(
    level: int, arrival: float | None, minutes: float, profile: int, want: str, until: float
) -> None:
    assert _one(level, arrival, minutes, profile) == (want, until)


@pytest.mark.parametrize("level", [3, 4])
@pytest.mark.parametrize("profile", [ADULT, ELDERLY])
def test_only_level_five_on_the_way_keeps_people_in(level: int, profile: int) -> None:
    assert _one(level, 30.0, 40.0, profile, deadly=30.0) == ("too_late", 0.0)
    assert _one(level, 30.0, 40.0, profile, deadly=50.0) == ("leave_now", 0.0)
    assert _one(level, 0.0, 40.0, profile) == ("leave_now", 0.0)


def test_without_a_forecast_nobody_invents_a_time() -> None:
    departure, until = _one(3, None, 30.0)
    assert departure == "prepare"
    assert np.isnan(until)


@pytest.mark.parametrize("decision", [STAY, UPSTAIRS])
def test_who_stays_has_no_time_to_leave(decision: int) -> None:
    departure, until = _one(4, 60.0, 10.0, decision=decision)
    assert departure == "no_need"
    assert np.isnan(until)


def test_unsurveyed_ground_gets_a_time_too() -> None:
    assert _one(4, None, 10.0, decision=LEAVE_UNKNOWN)[0] == "leave_now"


def test_a_longer_walk_never_means_leaving_later() -> None:
    minutes = np.arange(0.0, 200.0, 5.0)
    two_hours = np.full(len(minutes), 120.0)
    threat = Threat(np.full(len(minutes), 3, np.uint8), two_hours, two_hours)
    code, until, _ = leave_by(
        np.full(len(minutes), LEAVE, np.uint8), np.zeros(len(minutes), np.uint8), minutes, threat
    )
    assert (np.diff(until) <= 0).all()
    assert {DEPARTURES[c] for c in code} == {"leave_by", "leave_now", "too_late"}
