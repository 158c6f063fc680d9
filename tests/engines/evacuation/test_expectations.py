"""What people are told, case by case, as written down from the guideline before it was computed.

A row: the case in words, what differs from `BASE`, then what is to be done, when to go (with the
minutes left), the rule about the place and the rule about the time that decide.
"""

# ruff: noqa: E501 - a table of cases reads better in long lines
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.decision import decide
from sonae.engines.evacuation.departure import Threat, leave_by
from sonae.engines.evacuation.profiles import ADULT, ASSISTED, ELDERLY, WHEELCHAIR
from sonae.engines.evacuation.rulebook import (
    ALL,
    BIT,
    DECISIONS,
    DEPARTURES,
    RULES,
    TIME_NUMBER,
    TIMES,
    Rule,
    trace,
)
from sonae.engines.hazard.lookup import IN, OUT, UNKNOWN, Found

NAN, INF = float("nan"), float("inf")
BASE: dict[str, Any] = {
    "hazard": "flood", "zone": IN, "rank": 2, "depth": 3.0, "collapse": False, "collapse_known": True,
    "duration": 0, "floor": 1, "storeys": 2, "profile": ADULT,
    "level": 4, "walk": 20.0, "rise": NAN, "deadly": NAN, "dusk": NAN,
    "ordered": 0,
}  # fmt: skip


def answer(**case: Any) -> tuple[str, str, float, set[str]]:
    """Decision, departure, minutes left and the ids of all rules that held for one person."""
    c = {**BASE, **case}
    one = lambda name, kind: np.array([c[name]], kind)  # noqa: E731
    found = Found(
        one("zone", np.uint8), one("rank", np.uint8), one("depth", np.float32), one("collapse", bool),
        one("duration", np.uint8), np.zeros(1, np.int8), one("collapse_known", bool),
    )  # fmt: skip
    profile = one("profile", np.uint8)
    decided = decide(
        [(c["hazard"], found)], one("floor", np.int16), one("storeys", np.int16), profile
    )
    threat = Threat(
        one("level", np.uint8), one("rise", float), one("deadly", float), one("ordered", np.uint8)
    )
    left = leave_by(decided.decision, profile, one("walk", float), threat, c["dusk"])
    held = {rule.id for rule in trace(int(decided.trace[0] | left.trace[0]))}
    return (
        DECISIONS[decided.decision[0]], DEPARTURES[left.code[0]], float(left.until_minutes[0]), held
    )  # fmt: skip


HIGH = {"floor": 4, "storeys": 8}
FLAT = {"floor": 1, "storeys": 1}
WATCH = {"level": 3}  # 警戒レベル3相当
INLAND = {"hazard": "inland_flood", "collapse_known": False, "duration": 255}
SURGE = {"hazard": "storm_surge", "collapse_known": False}
SLIDE = {"hazard": "landslide", "rank": 1, "depth": NAN}
CASES: list[tuple[str, dict[str, Any], str, str, float, str, str]] = [
    # 河川の洪水：どこにいるか
    ("two storeys, 3 m of water", {}, "upstairs", "no_need", NAN, "upstairs", ""),
    ("one storey, 3 m", FLAT, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("two storeys, 5 m", {"depth": 5.0}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("three storeys, 5 m", {"depth": 5.0, "storeys": 3}, "upstairs", "no_need", NAN, "upstairs", ""),
    ("detached, on the 2nd floor, 3 m", {"floor": 2}, "stay", "no_need", NAN, "above_water", ""),
    ("4th floor of 8, 5 m", {**HIGH, "depth": 5.0}, "stay", "no_need", NAN, "above_water", ""),
    ("4th floor of 8, 10 m", {**HIGH, "depth": 10.0}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("1st floor of 8: another's flat is not one's own", {"storeys": 8}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("ground floor, 0.5 m stays below it", {"depth": 0.5, "rank": 1}, "stay", "no_need", NAN, "above_water", ""),
    ("bottomless water", {**HIGH, "depth": INF}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("houses are washed away here, any floor", {**HIGH, "collapse": True}, "leave", "leave_now", 0, "collapse", "level_4"),
    ("… and shallow water changes nothing", {"collapse": True, "depth": 0.5}, "leave", "leave_now", 0, "collapse", "level_4"),
    ("water stays for more than 3 days", {"duration": 4, **HIGH}, "leave", "leave_now", 0, "long_flooding", "level_4"),
    ("water stays for 3 days: bearable", {"duration": 3, **HIGH}, "stay", "no_need", NAN, "above_water", ""),
    ("wheelchair, water on the own floor", {"profile": WHEELCHAIR}, "leave", "leave_now", 0, "cannot_climb", "level_4"),
    ("needs help walking, water on the own floor", {"profile": ASSISTED}, "leave", "leave_now", 0, "cannot_climb", "level_4"),
    ("wheelchair, own floor dry", {"profile": WHEELCHAIR, **HIGH}, "stay", "no_need", NAN, "above_water", ""),
    ("older, can climb", {"profile": ELDERLY}, "upstairs", "no_need", NAN, "upstairs", ""),
    ("outside the flood", {"zone": OUT}, "not_exposed", "no_need", NAN, "", ""),
    # 分からないもの
    ("floor unknown", {"floor": 0}, "leave", "leave_now", 0, "floor_unknown", "level_4"),
    ("storeys unknown", {"storeys": 0, "floor": 4}, "leave", "leave_now", 0, "floor_unknown", "level_4"),
    ("depth unknown", {"depth": NAN, **HIGH}, "leave", "leave_now", 0, "depth_unknown", "level_4"),
    ("ground never surveyed", {"zone": UNKNOWN}, "leave_unknown", "leave_now", 0, "not_surveyed", "level_4"),
    ("collapse never surveyed, high floor", {"collapse_known": False, **HIGH}, "leave_unknown", "leave_now", 0, "collapse_unknown", "level_4"),
    ("collapse never surveyed, water over the roof", {"collapse_known": False, "depth": 9.0}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("duration never surveyed", {"duration": 255, **HIGH}, "leave_unknown", "leave_now", 0, "duration_unknown", "level_4"),
    ("unsurveyed at level 3, adult", {"zone": UNKNOWN, **WATCH}, "leave_unknown", "prepare", NAN, "not_surveyed", "no_forecast"),
    ("unsurveyed at level 3, older", {"zone": UNKNOWN, **WATCH, "profile": ELDERLY}, "leave_unknown", "leave_now", 0, "not_surveyed", "needs_longer"),
    # 内水・高潮
    ("inland water drains within hours", {**INLAND, **HIGH}, "stay", "no_need", NAN, "above_water", ""),
    ("inland water on the own floor", {**INLAND}, "upstairs", "no_need", NAN, "upstairs", ""),
    ("inland water over the roof", {**INLAND, **FLAT}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("surge: no collapse zones are drawn", {**SURGE, **HIGH}, "stay", "no_need", NAN, "above_water", ""),
    ("surge that stays 4 days", {**SURGE, **HIGH, "duration": 4}, "leave", "leave_now", 0, "long_flooding", "level_4"),
    ("surge of unknown duration", {**SURGE, **HIGH, "duration": 255}, "leave_unknown", "leave_now", 0, "duration_unknown", "level_4"),
    # 土砂・津波・そのほか
    ("landslide zone, any floor", {**SLIDE, **HIGH}, "leave", "leave_now", 0, "landslide", "level_4"),
    ("special landslide zone", {**SLIDE, "rank": 2}, "leave", "leave_now", 0, "landslide_special", "level_4"),
    ("slope never surveyed", {**SLIDE, "zone": UNKNOWN}, "leave_unknown", "leave_now", 0, "not_surveyed", "level_4"),
    ("beside the slope", {**SLIDE, "zone": OUT}, "not_exposed", "no_need", NAN, "", ""),
    ("tsunami, 8th floor", {"hazard": "tsunami", "floor": 8, "storeys": 9}, "leave", "leave_now", 0, "tsunami", "level_4"),
    ("volcano", {"hazard": "volcano"}, "leave", "leave_now", 0, "other_hazard", "level_4"),
    # いつ：警戒レベルと予想
    ("level 3, adult, no forecast", {**FLAT, **WATCH}, "leave", "prepare", NAN, "depth_over_home", "no_forecast"),
    ("level 3, older", {**FLAT, **WATCH, "profile": ELDERLY}, "leave", "leave_now", 0, "depth_over_home", "needs_longer"),
    ("level 3, needs help", {**FLAT, **WATCH, "profile": ASSISTED}, "leave", "leave_now", 0, "depth_over_home", "needs_longer"),
    ("level 3, wheelchair", {**FLAT, **WATCH, "profile": WHEELCHAIR}, "leave", "leave_now", 0, "depth_over_home", "needs_longer"),
    ("level 4 in two hours: 120 − 15 − 20", {**FLAT, **WATCH, "rise": 120.0}, "leave", "leave_by", 85, "depth_over_home", "before_rise"),
    ("level 4 in 36 minutes", {**FLAT, **WATCH, "rise": 36.0}, "leave", "leave_by", 1, "depth_over_home", "before_rise"),
    ("level 4 in 35 minutes: no time left", {**FLAT, **WATCH, "rise": 35.0}, "leave", "leave_now", 0, "depth_over_home", "no_time_left"),
    ("the hour of level 4 has begun", {**FLAT, **WATCH, "rise": 0.0}, "leave", "leave_now", 0, "depth_over_home", "no_time_left"),
    ("level 5 before one arrives", {**FLAT, **WATCH, "rise": 10.0, "deadly": 19.0}, "leave", "too_late", 0, "depth_over_home", "level_5_on_the_way"),
    ("level 5 just after one arrives", {**FLAT, **WATCH, "rise": 10.0, "deadly": 20.0}, "leave", "leave_now", 0, "depth_over_home", "no_time_left"),
    ("level 4 at 15, level 5 at 18: leave before 4", {**FLAT, **WATCH, "rise": 120.0, "deadly": 300.0}, "leave", "leave_by", 85, "depth_over_home", "before_rise"),
    ("level 4 now, level 5 in an hour", {**FLAT, "rise": 60.0, "deadly": 60.0}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("level 4 now, level 5 while walking", {**FLAT, "deadly": 15.0}, "leave", "too_late", 0, "depth_over_home", "level_5_on_the_way"),
    ("the mayor orders 5 while the weather says 4", {**FLAT, "ordered": 5}, "leave", "too_late", 0, "depth_over_home", "ordered_5"),
    ("the mayor orders 4 while the weather says 3", {**FLAT, **WATCH, "rise": 300.0, "ordered": 4}, "leave", "leave_now", 0, "depth_over_home", "ordered_4"),
    ("the mayor orders 3, older", {**FLAT, **WATCH, "profile": ELDERLY, "ordered": 3}, "leave", "leave_now", 0, "depth_over_home", "ordered_3"),
    ("the mayor orders 3, adult", {**FLAT, **WATCH, "ordered": 3}, "leave", "prepare", NAN, "depth_over_home", "no_forecast"),
    ("the mayor orders 3 while the weather says 4", {**FLAT, "ordered": 3}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("ordered 5, high above the water", {**HIGH, "ordered": 5}, "stay", "no_need", NAN, "above_water", ""),
    ("level 5", {**FLAT, "level": 5}, "leave", "too_late", 0, "depth_over_home", "level_5"),
    ("level 5, a minute to walk", {**FLAT, "level": 5, "walk": 1.0}, "leave", "too_late", 0, "depth_over_home", "level_5"),
    ("level 5, may go upstairs", {"level": 5}, "upstairs", "no_need", NAN, "upstairs", ""),
    ("level 5, high floor", {"level": 5, **HIGH}, "stay", "no_need", NAN, "above_water", ""),
    # いつ：日没
    ("danger after dark, dusk in 2 hours", {**FLAT, **WATCH, "rise": 300.0, "dusk": 120.0}, "leave", "leave_by", 85, "depth_over_home", "before_dark"),
    ("danger before dark", {**FLAT, **WATCH, "rise": 120.0, "dusk": 300.0}, "leave", "leave_by", 85, "depth_over_home", "before_rise"),
    ("danger after dark, dusk in 30 minutes", {**FLAT, **WATCH, "rise": 300.0, "dusk": 30.0}, "leave", "leave_now", 0, "depth_over_home", "dark_soon"),
    ("night already, danger at dawn", {**FLAT, **WATCH, "rise": 300.0}, "leave", "leave_by", 265, "depth_over_home", "before_rise"),
    ("dusk near, nothing forecast", {**FLAT, **WATCH, "dusk": 30.0}, "leave", "prepare", NAN, "depth_over_home", "no_forecast"),
    ("dusk near at level 4", {**FLAT, "dusk": 5.0}, "leave", "leave_now", 0, "depth_over_home", "level_4"),
    ("long walk, danger after dark", {**FLAT, **WATCH, "walk": 90.0, "rise": 300.0, "dusk": 110.0}, "leave", "leave_by", 5, "depth_over_home", "before_dark"),
]  # fmt: skip


def test_there_are_at_least_sixty() -> None:
    assert len(CASES) >= 60
    assert len({name for name, *_ in CASES}) == len(CASES)
    decided = {rule for *_, place, time in CASES for rule in (place, time)}
    assert decided >= {rule.id for rule in ALL}, "every rule decides at least one case"


@pytest.mark.parametrize("case", CASES, ids=[name for name, *_ in CASES])
def test_each_case(case: tuple[str, dict[str, Any], str, str, float, str, str]) -> None:
    _name, differs, decision, departure, until, place, time = case
    got = answer(**differs)
    assert got[:2] == (decision, departure)
    assert got[2] == pytest.approx(until, nan_ok=True)
    order = {rule.id: number for number, rule in enumerate(ALL)}
    held = sorted(got[3], key=lambda one: order[one])
    places = [one for one in held if order[one] < len(RULES)]
    times = [one for one in held if order[one] >= len(RULES)]
    assert (places[0] if places else "") == place or place in places
    assert (times[0] if times else "") == time
    if place:
        assert RULES[order[place]].decision == DECISIONS.index(decision)


CASE = st.fixed_dictionaries(
    {
        "hazard": st.sampled_from(["flood", "inland_flood", "storm_surge", "landslide", "tsunami"]),
        "zone": st.sampled_from([IN, OUT, UNKNOWN]),
        "rank": st.integers(1, 2),
        "depth": st.sampled_from([0.5, 3.0, 5.0, 10.0, INF, NAN]),
        "collapse": st.booleans(),
        "collapse_known": st.booleans(),
        "duration": st.sampled_from([0, 1, 3, 4, 6, 255]),
        "floor": st.integers(0, 9),
        "storeys": st.integers(0, 9),
        "profile": st.integers(0, 3),
        "level": st.integers(3, 5),
        "walk": st.floats(0, 120),
        "rise": st.just(NAN) | st.floats(0, 600),
        "dusk": st.just(NAN) | st.floats(0, 600),
    }
)
# Strictness: staying is the least, leaving the most that can be asked of a person …
STRICT = {"not_exposed": 0, "stay": 1, "upstairs": 2, "leave_unknown": 3, "leave": 4}
# … and going later is less than going now, which is less than being told that it is too late to go.
SOON = {"no_need": 0, "prepare": 1, "leave_by": 2, "leave_now": 3, "too_late": 4}
SAFE = ("not_exposed", "stay", "upstairs")


@given(CASE, st.sampled_from([(0.5, 3.0), (3.0, 5.0), (0.5, 5.0), (5.0, 10.0), (10.0, INF)]))
def test_more_water_never_makes_it_safer(case: dict[str, Any], depths: tuple[float, float]) -> None:
    less, more = (answer(**{**case, "depth": depth}) for depth in depths)
    assert STRICT[more[0]] >= STRICT[less[0]]


@given(
    CASE,
    st.sampled_from(["depth", "floor", "storeys", "collapse_known", "duration", "zone"]),
    st.sampled_from([0.5, 3.0, 10.0]),
)
def test_what_is_unknown_is_never_better_than_what_is_known_to_be_safe(
    case: dict[str, Any], name: str, depth: float
) -> None:
    """And never leads to a stay of its own, whatever else is known."""
    unknown = {
        "depth": NAN, "floor": 0, "storeys": 0, "collapse_known": False, "duration": 255, "zone": UNKNOWN,
    }[name]  # fmt: skip
    if name == "collapse_known":
        case = {**case, "collapse": False}
    case = {**case, "depth": depth}
    known, less = answer(**case), answer(**{**case, name: unknown})
    if known[0] in SAFE and case["zone"] == IN:
        assert STRICT[less[0]] >= STRICT[known[0]]
    matters = {
        "collapse_known": case["hazard"] == "flood",
        "duration": case["hazard"] in ("flood", "storm_surge"),
    }.get(name, True)
    if matters and case["zone"] == IN:
        assert less[0] in ("leave", "leave_unknown")


@given(CASE, st.integers(3, 5))
def test_a_higher_level_never_relaxes(case: dict[str, Any], level: int) -> None:
    lower = answer(**{**case, "level": min(level, case["level"])})
    higher = answer(**{**case, "level": max(level, case["level"])})
    assert lower[0] == higher[0], "the level does not change what the place is"
    assert SOON[higher[1]] >= SOON[lower[1]]


@given(CASE, st.floats(0, 600), st.floats(0, 600), st.sampled_from(["rise", "deadly"]))
def test_danger_that_comes_sooner_never_gives_more_time(
    case: dict[str, Any], one: float, other: float, name: str
) -> None:
    sooner = answer(**{**case, name: min(one, other)})
    later = answer(**{**case, name: max(one, other)})
    never = answer(**{**case, name: NAN})
    for less_urgent in (later, never):
        assert SOON[sooner[1]] >= SOON[less_urgent[1]]
        if sooner[1] == less_urgent[1] == "leave_by":
            assert sooner[2] <= less_urgent[2] + 1e-9


@given(CASE, st.floats(0, 60))
def test_a_longer_walk_never_gives_more_time(case: dict[str, Any], more: float) -> None:
    near, far = answer(**case), answer(**{**case, "walk": case["walk"] + more})
    assert SOON[far[1]] >= SOON[near[1]]
    if far[1] == near[1] == "leave_by":
        assert far[2] <= near[2] + 1e-9


@given(CASE, st.floats(0, 600))
def test_the_dusk_only_hurries(case: dict[str, Any], dusk: float) -> None:
    without, hurried = answer(**{**case, "dusk": NAN}), answer(**{**case, "dusk": dusk})
    assert SOON[hurried[1]] >= SOON[without[1]]
    if hurried[1] == without[1] == "leave_by":
        assert hurried[2] <= without[2]


@given(CASE)
def test_every_answer_carries_its_rules(case: dict[str, Any]) -> None:
    decision, departure, until, held = answer(**case)
    places = [rule for rule in RULES if rule.id in held]
    times = [rule for rule in TIMES if rule.id in held]
    assert bool(places) == (decision != "not_exposed")
    assert bool(times) == decision.startswith("leave")
    if places:
        assert max(STRICT[DECISIONS[rule.decision]] for rule in places) == STRICT[decision]
    assert {DEPARTURES[rule.departure] for rule in times} <= {departure}
    assert np.isnan(until) == (departure in ("no_need", "prepare"))


def test_a_trace_is_the_rules_themselves() -> None:
    assert len(BIT) == len(ALL) < 63, "a trace is one 64-bit number in the database"
    level_4 = TIMES[TIME_NUMBER["level_4"]]
    assert trace(BIT["level_4"] | BIT["collapse"]) == [RULES[0], level_4]
    assert trace(0) == []
    for rule in ALL:
        assert rule.condition
        assert rule.source
        assert rule.ja.endswith("。")
    assert [rule.decision for rule in RULES if isinstance(rule, Rule)] == sorted(
        rule.decision for rule in RULES
    ), "stricter decisions come first: the first rule that holds decides"
