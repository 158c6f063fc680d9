"""Stay, upstairs or leave: every rule, their order, and that unknown never means stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.decision import decide
from sonae.engines.evacuation.profiles import ADULT, WHEELCHAIR
from sonae.engines.evacuation.rulebook import (
    DECISIONS,
    LEAVE,
    LEAVE_UNKNOWN,
    NOT_EXPOSED,
    RULE_NUMBER,
    RULES,
    STAY,
    UPSTAIRS,
)
from sonae.engines.hazard.lookup import IN, OUT, UNKNOWN, Found


def _one(
    hazard: str = "flood", zone: int = IN, rank: int = 2, depth: float = 3.0, collapse: bool = False,
    collapse_known: bool = True, duration: int = 0, floor: int = 1, storeys: int = 2, profile: int = ADULT,
) -> tuple[int, str]:  # fmt: skip
    found = Found(
        np.array([zone], np.uint8), np.array([rank], np.uint8), np.array([depth], np.float32),
        np.array([collapse]), np.array([duration], np.uint8), np.array([0], np.int8),
        np.array([collapse_known]),
    )  # fmt: skip
    decision, rule, *_ = decide(
        [(hazard, found)],
        np.array([floor], np.int16), np.array([storeys], np.int16), np.array([profile], np.uint8),
    )  # fmt: skip
    name = RULES[int(rule[0])].id if rule[0] < len(RULES) else ""
    return int(decision[0]), name


@pytest.mark.parametrize(
    ("case", "decision", "rule"),
    [
        ({"collapse": True, "rank": 1, "depth": 0.5, "floor": 5, "storeys": 9}, LEAVE, "collapse"),
        ({"hazard": "landslide", "rank": 2}, LEAVE, "landslide_special"),
        ({"hazard": "landslide", "rank": 1}, LEAVE, "landslide"),
        ({"hazard": "tsunami", "floor": 9, "storeys": 12}, LEAVE, "tsunami"),
        ({"hazard": "volcano"}, LEAVE, "other_hazard"),
        ({"depth": 3.0, "storeys": 2}, UPSTAIRS, "upstairs"),
        ({"depth": 3.0, "storeys": 1}, LEAVE, "depth_over_home"),
        ({"depth": 5.0, "storeys": 2}, LEAVE, "depth_over_home"),
        ({"depth": 5.0, "floor": 4, "storeys": 8}, STAY, "above_water"),
        ({"depth": 5.0, "floor": 2, "storeys": 8}, LEAVE, "depth_over_home"),
        ({"depth": np.inf, "floor": 9, "storeys": 10}, LEAVE, "depth_over_home"),
        ({"depth": 0.5}, STAY, "above_water"),
        ({"depth": 0.5, "duration": 4}, LEAVE, "long_flooding"),
        ({"depth": 0.5, "duration": 255}, LEAVE_UNKNOWN, "duration_unknown"),
        ({"depth": 0.5, "duration": 255, "hazard": "inland_flood"}, STAY, "above_water"),
        ({"depth": 0.5, "collapse_known": False}, LEAVE_UNKNOWN, "collapse_unknown"),
        ({"depth": 3.0, "collapse_known": False}, LEAVE_UNKNOWN, "collapse_unknown"),
        ({"depth": 9.0, "collapse_known": False}, LEAVE, "depth_over_home"),
        ({"depth": 0.5, "collapse_known": False, "hazard": "storm_surge"}, STAY, "above_water"),
        ({"depth": 3.0, "profile": WHEELCHAIR}, LEAVE, "cannot_climb"),
        ({"depth": 0.5, "floor": 0}, LEAVE, "floor_unknown"),
        ({"depth": 0.5, "storeys": 0}, LEAVE, "floor_unknown"),
        ({"depth": np.nan}, LEAVE, "depth_unknown"),
        ({"zone": UNKNOWN}, LEAVE_UNKNOWN, "not_surveyed"),
        ({"zone": OUT}, NOT_EXPOSED, ""),
    ],
)
def test_each_rule(case: dict[str, float], decision: int, rule: str) -> None:
    assert _one(**case) == (decision, rule)  # type: ignore[arg-type]


@given(
    st.sampled_from(["flood", "inland_flood", "storm_surge", "landslide", "tsunami", "fire"]),
    st.integers(0, 2), st.integers(0, 6), st.sampled_from([0.5, 3.0, 5.0, np.inf, np.nan]),
    st.booleans(), st.booleans(), st.sampled_from([0, 1, 3, 4, 255]), st.integers(0, 12), st.integers(0, 12),
    st.integers(0, 3),
)  # fmt: skip
def test_a_confident_stay_needs_everything_known(
    hazard: str, zone: int, rank: int, depth: float, collapse: bool, collapse_known: bool,
    duration: int, floor: int, storeys: int, profile: int,
) -> None:  # fmt: skip
    decision, rule = _one(
        hazard, zone, rank, depth, collapse, collapse_known, duration, floor, storeys, profile
    )
    if decision in (STAY, UPSTAIRS):
        assert zone == IN
        assert not collapse
        assert floor > 0 and storeys > 0
        assert np.isfinite(depth)
        assert duration <= 3 or (hazard == "inland_flood" and duration == 255)
        assert collapse_known or hazard != "flood"
        assert hazard not in ("landslide", "tsunami", "fire")
    assert (decision == NOT_EXPOSED) == (zone == OUT)
    assert not rule or RULES[RULE_NUMBER[rule]].decision == decision


def test_the_strictest_hazard_decides_whatever_the_order() -> None:
    def found(zone: int, rank: int, depth: float) -> Found:
        return Found(
            np.array([zone], np.uint8), np.array([rank], np.uint8), np.array([depth], np.float32),
            np.array([False]), np.array([0], np.uint8), np.array([0], np.int8), np.array([True]),
        )  # fmt: skip

    both = [("flood", found(IN, 1, 0.5)), ("landslide", found(IN, 1, np.nan))]
    one, two, three = np.array([1], np.int16), np.array([2], np.int16), np.array([0], np.uint8)
    for order in (both, both[::-1]):
        decision, rule, which, _ = decide(order, one, two, three)
        assert (decision[0], RULES[rule[0]].id) == (LEAVE, "landslide")
        assert order[which[0]][0] == "landslide"


def test_rules_are_data_with_a_sentence_and_a_source() -> None:
    assert len(RULE_NUMBER) == len(RULES)
    for rule in RULES:
        assert rule.ja.endswith("。")
        assert rule.source
        assert 0 <= rule.decision < len(DECISIONS)
    order = [rule.decision for rule in RULES]
    assert order == sorted(order), "stricter decisions must come first: the first rule wins"
