"""Stay, go upstairs or leave: the rules, in order, over everyone at once.

Vertical evacuation only if all hold: outside 家屋倒壊等氾濫想定区域, own floor above the greatest
depth, a bearable duration, no landslide zone. An unknown input never leads to a confident stay.
Source of the principles: 避難情報に関するガイドライン (内閣府); heights of floors: depth legend of
洪水浸水想定区域図 (0.5 m floor level, 3 m second-floor level).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.core.marks import gettext_noop as _
from sonae.engines.evacuation.profiles import ASSISTED
from sonae.engines.hazard.layer import NOT_SURVEYED
from sonae.engines.hazard.lookup import IN, UNKNOWN, Found

LEAVE, LEAVE_UNKNOWN, UPSTAIRS, STAY, NOT_EXPOSED = range(5)
DECISIONS = ("leave", "leave_unknown", "upstairs", "stay", "not_exposed")
DETACHED_STOREYS = 3
BEARABLE_DURATION_RANK = 3
"""Up to three days: 国土数値情報 duration rank 3 is 24–72 h, the usual household stock."""
DEPTH_HAZARDS = ("flood", "inland_flood", "storm_surge")
WITH_COLLAPSE = ("flood",)
"""家屋倒壊等氾濫想定区域 are drawn for rivers only (水防法 第14条)."""
WITH_DURATION = ("flood", "storm_surge")
"""浸水継続時間 is published for rivers and storm surges; inland water drains within hours."""


@dataclass(frozen=True)
class Rule:
    """One rule: ``id`` stored with the advice, ``ja`` said to the resident, ``source``."""

    id: str
    ja: str
    decision: int
    source: str


_GUIDE = "避難情報に関するガイドライン（内閣府）"
RULES = (
    Rule("collapse", _("家屋倒壊等氾濫想定区域の中なので、家にとどまらず避難します。"), LEAVE, _GUIDE),
    Rule("landslide_special", _("土砂災害特別警戒区域の中なので、必ず立ち退き避難します。"), LEAVE, _GUIDE),
    Rule("landslide", _("土砂災害警戒区域の中なので、立ち退き避難します。"), LEAVE, _GUIDE),
    Rule("tsunami", _("津波の浸水が想定されるので、すぐに高い所へ避難します。"), LEAVE, _GUIDE),
    Rule("other_hazard", _("危険区域の中なので、立ち退き避難します。"), LEAVE, _GUIDE),
    Rule("depth_over_home", _("想定される浸水の深さが家の一番上の階より高いので、避難します。"), LEAVE, _GUIDE),
    Rule("floor_unknown", _("住まいの階が分からず安全と言えないので、避難します。"), LEAVE, _GUIDE),
    Rule("depth_unknown", _("浸水の深さが分からず安全と言えないので、避難します。"), LEAVE, _GUIDE),
    Rule("long_flooding", _("水が長く引かないと想定されるので、避難します。"), LEAVE, _GUIDE),
    Rule("cannot_climb", _("上の階への移動が難しいため、早めに避難します。"), LEAVE, _GUIDE),
    Rule("not_surveyed", _("この場所は調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _GUIDE),
    Rule("collapse_unknown",
         _("家が流される区域か調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _GUIDE),
    Rule("duration_unknown",
         _("水がいつ引くか調査されていません。安全とは言えないので、避難を考えてください。"), LEAVE_UNKNOWN, _GUIDE),
    Rule("upstairs", _("想定される浸水より高い上の階へ移動します。"), UPSTAIRS, _GUIDE),
    Rule("above_water", _("住まいの階は想定される浸水より高いので、その場で身の安全を確保します。"), STAY, _GUIDE),
)  # fmt: skip
RULE_NUMBER = {rule.id: number for number, rule in enumerate(RULES)}
NO_RULE = 255
_DECISION_OF = np.array([rule.decision for rule in RULES], np.uint8)


def floor_height(floor: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the height of a floor's surface above ground in metres (1 → 0.5, 2 → 3.0, 3 → 6.0 …)."""
    return np.where(floor <= 1, 0.5, 3.0 * (floor - 1.0)).astype(np.float32)


def _depth_rule(
    hazard: str,
    found: Found,
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the rule number for people inside water-depth zones (flood, inland flood, surge)."""
    known = (floor > 0) & (storeys > 0)
    top = np.where(storeys <= DETACHED_STOREYS, np.maximum(storeys, floor), floor)
    above = floor_height(floor) >= found.depth_m
    reachable = floor_height(top) >= found.depth_m
    timed = found.duration < NOT_SURVEYED
    tests = (
        (found.collapse, "collapse"),
        (~known, "floor_unknown"),
        (np.isnan(found.depth_m), "depth_unknown"),
        (~reachable, "depth_over_home"),
        (timed & (found.duration > BEARABLE_DURATION_RANK), "long_flooding"),
        (~above & (profile >= ASSISTED), "cannot_climb"),
        (~found.collapse_known & (hazard in WITH_COLLAPSE), "collapse_unknown"),
        (~timed & (hazard in WITH_DURATION), "duration_unknown"),
        (above, "above_water"),
    )
    return _first(tests, "upstairs", len(floor))


def _first(
    tests: tuple[tuple[NDArray[np.bool_], str], ...], otherwise: str, count: int
) -> NDArray[np.uint8]:
    """Return for each person the number of the first rule whose test holds."""
    conditions = [test for test, _name in tests]
    choices = [np.full(count, RULE_NUMBER[name], np.uint8) for _test, name in tests]
    return np.select(conditions, choices, RULE_NUMBER[otherwise]).astype(np.uint8)


def rule_for(
    hazard: str,
    found: Found,
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Return the number of the rule that decides for this hazard alone; NO_RULE outside it."""
    count = len(found.zone)
    if hazard in DEPTH_HAZARDS:
        inside = _depth_rule(hazard, found, floor, storeys, profile)
    elif hazard == "landslide":
        inside = _first(((found.rank >= 2, "landslide_special"),), "landslide", count)
    else:
        name = "tsunami" if hazard == "tsunami" else "other_hazard"
        inside = np.full(count, RULE_NUMBER[name], np.uint8)
    unknown = np.full(count, RULE_NUMBER["not_surveyed"], np.uint8)
    return np.select(
        [found.zone == IN, found.zone == UNKNOWN], [inside, unknown], np.uint8(NO_RULE)
    ).astype(np.uint8)


def decide(
    exposures: Sequence[tuple[str, Found]],
    floor: NDArray[np.int16],
    storeys: NDArray[np.int16],
    profile: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return decision, rule number and the deciding hazard's index for everyone.

    ``exposures``: pairs of hazard name and what `hazard.lookup.zones` found.
    ``floor`` and ``storeys``: 0 = unknown. The strictest decision over all hazards wins; at equal
    strictness the earlier rule of `RULES`.
    """
    count = len(floor)
    best = np.full(count, NO_RULE, np.uint8)
    which = np.zeros(count, np.uint8)
    for index, (hazard, found) in enumerate(exposures):
        rule = rule_for(hazard, found, floor, storeys, profile)
        better = rule < best
        best = np.where(better, rule, best)
        which = np.where(better, np.uint8(index), which)
    decision = np.where(
        best == NO_RULE, NOT_EXPOSED, _DECISION_OF[np.minimum(best, len(RULES) - 1)]
    )
    return decision.astype(np.uint8), best, which
