"""How fast one walks, and until when there is light: values with a source, and what follows of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.graph import Graph
from sonae.engines.evacuation.planning import City, Warned, plan
from sonae.engines.evacuation.profiles import (
    ADULT,
    BARE,
    DEEP_SNOW,
    GROUNDS,
    ICE,
    PROFILES,
    SNOW,
    VALUES,
    Conditions,
    ground_under,
    slope_effort,
)
from sonae.engines.evacuation.sun import is_night, minutes_to_sunset
from tests.engines.evacuation.small import layer, network, people, sites

AIZU = (37.49, 139.93)


def test_every_value_has_a_unit_and_a_source() -> None:
    assert len({one.name for one in VALUES}) == len(VALUES)
    for value in VALUES:
        assert value.source
        assert value.value > 0
    for profile in PROFILES:
        assert profile.source
        assert 0.3 <= profile.speed <= 1.1
    assert not PROFILES[-1].stairs


def test_night_and_snow_slow_everybody_alike() -> None:
    day = Conditions().speeds()
    assert day.tolist() == [profile.speed for profile in PROFILES]
    assert Conditions(night=True).speeds() == pytest.approx(day * 0.8)
    both = Conditions(night=True, ground=SNOW).speeds()
    assert both == pytest.approx(day * 0.8 * 1.79 / 2.24)
    order = [GROUNDS[ground].value for ground in (BARE, SNOW, ICE, DEEP_SNOW)]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("phenomenon", "severity", "ground"),
    [
        ("heavy_snow", "emergency", DEEP_SNOW),
        ("heavy_snow", "warning", DEEP_SNOW),
        ("heavy_snow", "advisory", SNOW),
        ("avalanche", "advisory", SNOW),
        ("snow_storm", "warning", SNOW),
        ("ice_accretion", "advisory", ICE),
        ("heavy_snow", "information", BARE),
        ("heavy_snow", "lifted", BARE),
        ("heavy_rain", "emergency", BARE),
        ("cold", "advisory", BARE),
    ],
)
def test_what_lies_on_the_roads_follows_from_the_warnings(
    phenomenon: str, severity: str, ground: int
) -> None:
    assert ground_under(phenomenon, severity) == ground


def test_ten_percent_up_costs_as_much_as_the_source_says() -> None:
    effort = slope_effort(np.array([0.0, 0.10, -0.05, -0.30]))
    assert effort == pytest.approx([1.0, math.exp(0.35), 1.0, math.exp(0.70)])


@given(st.floats(0, 0.6), st.floats(0, 0.6))
def test_steeper_is_never_easier_and_errors_of_elevation_are_bounded(a: float, b: float) -> None:
    gentle, steep = sorted((a, b))
    up = slope_effort(np.array([gentle, steep]))
    down = slope_effort(np.array([-gentle, -steep]))
    assert 1.0 <= up[0] <= up[1] <= math.exp(3.5 * 0.35) + 1e-9
    assert 1.0 <= down[0] <= down[1] <= up[1]


def test_a_plan_counts_slope_snow_and_night_in_the_minutes_not_in_the_metres() -> None:
    net = network([(50, 50), (150, 50), (250, 50)], [(0, 1), (2, 1)])
    net.slope[:] = [0.10, -0.10]  # up, then up again: the second edge points the other way
    folk = people([(50, 50)], net, profile=[ADULT])
    where = sites([2], [2])
    water = [layer([[3, 0, 0]])]

    def minutes(conditions: Conditions | None = None) -> float:
        made = plan(folk, City(net), water, where, [Warned("flood", 4)], conditions=conditions)
        assert made.distance_m.tolist() == [200.0]
        return float(made.minutes[0])

    level = 200 / 60
    assert minutes() == pytest.approx(level * math.exp(0.35))
    assert minutes(Conditions(True, DEEP_SNOW)) == pytest.approx(minutes() / 0.8 / (1.08 / 2.24))
    flat = Graph(network([(0, 0), (100, 0)], [(0, 1)]), np.zeros(1, np.float32))
    assert flat.effort is None, "a network without slopes costs nothing more"


@pytest.mark.parametrize(
    ("noon", "sunset"),
    [  # about 19:05, 16:28 and 18:12 by the clock there
        (datetime(2026, 6, 21, 3, tzinfo=UTC), 19 * 60 + 5),
        (datetime(2026, 12, 22, 3, tzinfo=UTC), 16 * 60 + 28),
        (datetime(2026, 9, 1, 3, tzinfo=UTC), 18 * 60 + 12),
    ],
)
def test_sunset(noon: datetime, sunset: int) -> None:
    minutes = minutes_to_sunset(noon, *AIZU)
    assert 12 * 60 + minutes == pytest.approx(sunset, abs=6)
    assert not is_night(noon + timedelta(minutes=minutes - 1), *AIZU)
    assert is_night(noon + timedelta(minutes=minutes + 1), *AIZU)


def test_no_sunset_is_named_by_night_or_where_the_sun_stays() -> None:
    assert math.isnan(minutes_to_sunset(datetime(2026, 9, 1, 12, tzinfo=UTC), *AIZU))
    assert math.isnan(minutes_to_sunset(datetime(2026, 6, 21, 3, tzinfo=UTC), 80.0, 20.0))
