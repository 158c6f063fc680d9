"""Pure decisions about facilities: states, designation per hazard, how crowded a place is."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

STATES: Final = ("open", "preparing", "full", "closed", "unknown")
"""開設状況: what may be reported about a facility; ``unknown`` takes a report back."""

HAZARDS: Final = (
    "flood",
    "inland_flood",
    "landslide",
    "storm_surge",
    "tsunami",
    "earthquake",
    "fire",
    "volcano",
)
"""Columns of the planner's designation table (災害対策基本法施行令 第20条の4, eight kinds)."""

DESIGNATION: Final[Mapping[str, int]] = {"no": 0, "yes": 1, "partial": 2, "unknown": 3}
"""Codes of a designation. Only ``yes`` and ``partial`` may be a destination; never ``unknown``."""

GROUPS: Final = ("elderly", "disabled", "child", "other")
"""受入対象者: groups a shelter may be restricted to; the planner's bit ``1 << index``."""

ADMITTING: Final = frozenset({"open", "preparing", "unknown"})
"""States in which a place may still be a destination: nothing says that it cannot be."""

ORDERERS: Final = ("headquarters", "mayor", "manager", "residents", "prefecture", "other")
"""By whose word a place was opened or closed; ``residents``: 自主開設 by whoever lives there."""

CONGESTION: Final = ("empty", "some", "crowded", "full", "unknown")
"""混み具合: 空いています, やや混雑, 混雑, 満員, 不明."""

SEEN_FOR: Final = timedelta(hours=3)
"""What somebody saw longer ago than this says nothing of now: people come and go by the hour."""

_CROWDED, _SOME = 0.8, 0.5


def group_bits(restricted_to: list[str]) -> int:
    """Return the groups as bits; 0 means that everyone is admitted."""
    return sum(1 << GROUPS.index(group) for group in set(restricted_to) if group in GROUPS)


def effective_state(usable: str, reported: str | None) -> str:
    """Return the state that counts: a place that cannot be used is closed whatever was reported."""
    return "closed" if usable == "no" else reported or "unknown"


def congestion(people: int | None, capacity: int | None, state: str) -> str:
    """Return empty, some (from 50 %), crowded (from 80 %), full or unknown.

    Unknown when the head-count or the capacity is unknown, or the place is not open: a missing
    capacity is never taken for zero. A clerk's ``full`` wins over the arithmetic.
    """
    if state == "full":
        return "full"
    if people is None or not capacity or state in {"closed", "unknown", "preparing"}:
        return "unknown"
    share = people / capacity
    if share >= 1:
        return "full"
    return "crowded" if share >= _CROWDED else "some" if share >= _SOME else "empty"


class Crowding(NamedTuple):
    """How crowded a place is: in which word, by whom (``seen``, ``count``, nothing) and as of when."""

    word: str
    source: str = ""
    at: datetime | None = None


def crowding(
    counted: str, counted_at: datetime | None, seen: str, seen_at: datetime | None, now: datetime
) -> Crowding:
    """Return what counts: whoever is there and looked within `SEEN_FOR`, else the arithmetic, else unknown.

    The eye sees what the desk does not count: a wing under water, people in the yard.
    """
    if seen in CONGESTION[:-1] and seen_at is not None and now - seen_at <= SEEN_FOR:
        return Crowding(seen, "seen", seen_at)
    if counted != "unknown":
        return Crowding(counted, "count", counted_at)
    return Crowding("unknown")
