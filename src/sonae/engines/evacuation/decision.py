"""Stay, go upstairs or leave: the rules, in order, over everyone at once.

Vertical evacuation only if all hold: outside 家屋倒壊等氾濫想定区域, own floor above the greatest
depth, a bearable duration, no landslide zone. An unknown input never leads to a confident stay.
Source of the principles: 避難情報に関するガイドライン (内閣府); heights of floors: depth legend of
洪水浸水想定区域図 (0.5 m floor level, 3 m second-floor level).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.profiles import ASSISTED
from sonae.engines.evacuation.rulebook import BIT, NOT_EXPOSED, RULE_NUMBER, RULES
from sonae.engines.hazard.layer import NOT_SURVEYED
from sonae.engines.hazard.lookup import IN, UNKNOWN, Found

DETACHED_STOREYS = 3
BEARABLE_DURATION_RANK = 3
"""Up to three days: 国土数値情報 duration rank 3 is 24–72 h, the usual household stock."""
DEPTH_HAZARDS = ("flood", "inland_flood", "storm_surge")
WITH_COLLAPSE = ("flood",)
"""家屋倒壊等氾濫想定区域 are drawn for rivers only (水防法 第14条)."""
WITH_DURATION = ("flood", "storm_surge")
"""浸水継続時間 is published for rivers and storm surges; inland water drains within hours."""


NO_RULE = 255
Tests = tuple[tuple[NDArray[np.bool_], str], ...]
_STAYING = ("above_water", "upstairs")
_DECISION_OF = np.array([rule.decision for rule in RULES], np.uint8)


class Decided(NamedTuple):
    """What was decided for each person; arrays of one length.

    ``decision`` and ``rule``: codes of `rulebook` (NOT_EXPOSED and NO_RULE out of danger);
    ``which``: index of the deciding hazard; ``trace``: bits of all rules that held (`rulebook.BIT`).
    """

    decision: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    which: NDArray[np.uint8]
    trace: NDArray[np.int64]


def floor_height(floor: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the height of a floor's surface above ground in metres (1 → 0.5, 2 → 3.0, 3 → 6.0 …)."""
    return np.where(floor <= 1, 0.5, 3.0 * (floor - 1.0)).astype(np.float32)


def _depth_tests(
    hazard: str,
    found: Found,
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> Tests:
    """Return the tests for water-depth zones (flood, inland flood, surge), in the rules' order."""
    # A floor above the roof is a slip of the pen: which of the two is wrong, nobody knows.
    known = (floor > 0) & (storeys >= floor)
    top = np.where(storeys <= DETACHED_STOREYS, np.maximum(storeys, floor), floor)
    above = floor_height(floor) >= found.depth_m
    reachable = floor_height(top) >= found.depth_m
    deep = ~np.isnan(found.depth_m)
    timed = found.duration < NOT_SURVEYED
    return (
        (found.collapse, "collapse"),
        (~known, "floor_unknown"),
        (~deep, "depth_unknown"),
        (known & deep & ~reachable, "depth_over_home"),
        (timed & (found.duration > BEARABLE_DURATION_RANK), "long_flooding"),
        (known & deep & ~above & (profile >= ASSISTED), "cannot_climb"),
        (~found.collapse_known & (hazard in WITH_COLLAPSE), "collapse_unknown"),
        (~timed & (hazard in WITH_DURATION), "duration_unknown"),
        (above, "above_water"),
    )


def _tests(
    hazard: str,
    found: Found,
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> tuple[Tests, str]:
    """Return one hazard's tests for people inside its zones, and the rule when none of them holds."""
    if hazard in DEPTH_HAZARDS:
        return _depth_tests(hazard, found, floor, storeys, profile), "upstairs"
    if hazard == "landslide":
        return ((found.rank >= 2, "landslide_special"),), "landslide"
    return (), "tsunami" if hazard == "tsunami" else "other_hazard"


def rule_for(
    hazard: str,
    found: Found,
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the number of the rule that decides for this hazard alone, and the trace of it.

    NO_RULE and 0 outside the hazard. The trace holds every rule to leave that holds, and the one
    that decides.
    """
    count = len(found.zone)
    tests, otherwise = _tests(hazard, found, floor, storeys, profile)
    inside, unknown = found.zone == IN, found.zone == UNKNOWN
    rule = np.full(count, NO_RULE, np.uint8)
    rule[inside] = RULE_NUMBER[otherwise]
    rule[unknown] = RULE_NUMBER["not_surveyed"]
    trace = np.zeros(count, np.int64)
    for test, name in reversed(tests):
        holds = inside & test
        rule[holds] = RULE_NUMBER[name]
        if name not in _STAYING:
            trace[holds] |= BIT[name]
    decided = rule != NO_RULE
    trace[decided] |= np.int64(1) << rule[decided].astype(np.int64)
    return rule, trace


def decide(
    exposures: Sequence[tuple[str, Found]],
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> Decided:
    """Decide for everyone: the strictest decision over all hazards wins, then the earlier rule.

    ``exposures``: pairs of hazard name and what `hazard.lookup.zones` found.
    ``floor`` and ``storeys``: 0 = unknown.
    """
    count = len(floor)
    best = np.full(count, NO_RULE, np.uint8)
    which = np.zeros(count, np.uint8)
    trace = np.zeros(count, np.int64)
    for index, (hazard, found) in enumerate(exposures):
        rule, held = rule_for(hazard, found, floor, storeys, profile)
        better = rule < best
        best = np.where(better, rule, best)
        which = np.where(better, np.uint8(index), which)
        trace |= held
    decision = np.where(
        best == NO_RULE, NOT_EXPOSED, _DECISION_OF[np.minimum(best, len(RULES) - 1)]
    )
    return Decided(decision.astype(np.uint8), best, which, trace)
