"""Advice as columns: made from a plan, compared with what is stored, written where it differs.

A closure changes the advice of hundreds of people, not of the 47,000 in danger: the rows of all others
stay as they are and belong to the run that wrote them first (`PlanRun.base`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.engines.evacuation.planning import REASONS, Plan
from sonae.engines.evacuation.rulebook import DECISIONS, DEPARTURES, LEAVE_NOW, RULES, TOO_LATE
from sonae.engines.hazard.lookup import ZONES
from sonae.platform.db import bulk_insert
from sonae.platform.scope import World, current

UNKNOWN = -1
LARGEST_SHARE = 0.3
"""When more than this share of the advice changed, all of it is written anew."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 500
_NAMES = {
    "zone": ZONES,
    "decision": DECISIONS,
    "rule": tuple(rule.id for rule in RULES),
    "departure": DEPARTURES,
    "reason": REASONS,
}


@dataclass(frozen=True, eq=False)
class Table:
    """Advice of one plan, one row per exposed resident by primary key; `UNKNOWN` where unknown.

    Metres and minutes are tenths, ``leave_by`` whole minutes since 1970 (UTC), ``facility_id`` a
    primary key; the rest are codes of the engine, and ``hazard`` the name itself.
    """

    resident_id: NDArray[np.int64]
    zone: NDArray[np.uint8]
    hazard: NDArray[np.str_]
    rank: NDArray[np.uint8]
    decision: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    facility_id: NDArray[np.int64]
    distance_m: NDArray[np.int64]
    danger_m: NDArray[np.int64]
    minutes: NDArray[np.int64]
    leave_by: NDArray[np.int64]
    departure: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    trace: NDArray[np.int64]

    def columns(self, rows: NDArray[np.int64]) -> dict[str, list[Any]]:
        """Return some rows as columns of the table `Advice`."""
        return {
            field.name: _stored(field.name, getattr(self, field.name)[rows])
            for field in fields(self)
        }


def _stored(name: str, values: NDArray[Any]) -> list[Any]:
    """Return one column as the database wants it."""
    if name in _NAMES:
        return np.array(_NAMES[name], object)[values].tolist()  # type: ignore[no-any-return]
    if name in ("facility_id", "distance_m", "danger_m", "minutes", "leave_by"):
        known, back = np.unique(values, return_inverse=True)
        texts = np.array([_value(name, int(one)) for one in known], object)
        return texts[back].tolist()  # type: ignore[no-any-return]
    return values.tolist()  # type: ignore[no-any-return]


def _value(name: str, value: int) -> Any:
    """Return one number as the database wants it, None where unknown."""
    if value == UNKNOWN:
        return None
    if name == "leave_by":
        return _EPOCH + timedelta(minutes=value)
    return value if name == "facility_id" else value / 10.0


def _tenths(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return rounded tenths, `UNKNOWN` for nan and infinity."""
    known = np.isfinite(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * 10), UNKNOWN).astype(np.int64)


def table(
    made: Plan,
    residents: NDArray[np.int64],
    facilities: NDArray[np.int64],
    hazards: Sequence[str],
    now: datetime,
) -> Table:
    """Return a plan as the advice to be stored; ``residents``, ``facilities``: primary keys.

    ``leave_by`` is cut to the minute in absolute time, so that planning again a minute later gives
    the same.
    """
    since = (now - _EPOCH).total_seconds() / 60.0
    timed = np.isfinite(made.until_minutes)
    until = np.floor(np.where(timed, made.until_minutes, 0.0) + since + 1e-6)
    return Table(
        residents[made.person],
        made.zone,
        np.array([*hazards, ""])[made.hazard],
        made.rank,
        made.decision,
        made.rule,
        np.append(facilities, UNKNOWN)[made.site],
        _tenths(made.distance_m),
        _tenths(made.danger_m),
        _tenths(made.minutes),
        np.where(timed, until, UNKNOWN).astype(np.int64),
        made.departure,
        made.reason,
        made.trace,
    )


@dataclass(frozen=True)
class Difference:
    """What a new plan changes: ``after`` as it will be stored, ``write`` its rows to be written,
    ``gone`` the residents whose stored row goes away.
    """

    after: Table
    write: NDArray[np.int64]
    gone: NDArray[np.int64]


def difference(before: Table, after: Table) -> Difference:
    """Compare two plans resident by resident.

    Who was told to leave at once, and still is, keeps the time since which that holds.
    """
    _, old, new = np.intersect1d(
        before.resident_id, after.resident_id, assume_unique=True, return_indices=True
    )
    at_once = np.isin(after.departure[new], (LEAVE_NOW, TOO_LATE))
    told = at_once & (before.departure[old] == after.departure[new])
    since = after.leave_by.copy()
    since[new[told]] = before.leave_by[old[told]]
    after = replace(after, leave_by=since)
    same = np.ones(len(old), bool)
    for field in fields(Table):
        same &= getattr(before, field.name)[old] == getattr(after, field.name)[new]
    kept_old, kept_new = np.zeros(len(before.resident_id), bool), np.zeros(len(since), bool)
    kept_old[old[same]], kept_new[new[same]] = True, True
    return Difference(after, np.flatnonzero(~kept_new), before.resident_id[~kept_old])


_last: dict[tuple[str, World], tuple[str, Table]] = {}
"""What this process stored last, by scope: the run's token and its advice."""


def _scope() -> tuple[str, World]:
    here = current()
    return here.municipality, here.world


def remembered(run: PlanRun | None) -> Table | None:
    """Return the advice of a run as this process stored it, None when another process did."""
    held = _last.get(_scope())
    return held[1] if held is not None and run is not None and held[0] == run.token else None


def remember(run: PlanRun, after: Table) -> None:
    """Keep the advice of a run whose transaction is committed."""
    _last[_scope()] = (run.token, after)


def store(run: PlanRun, after: Table, previous: PlanRun | None) -> Table:
    """Write a run's advice, as little of it as will do; return it as stored. Called within `writing`.

    ``previous``: the run made before this one. Rows that did not change keep belonging to the run
    that wrote them, and ``run.base`` names it.
    """
    before = remembered(previous)
    if before is not None and previous is not None and _stands(previous, before):
        change = difference(before, after)
        if len(change.write) + len(change.gone) <= LARGEST_SHARE * len(before.resident_id):
            run.base_id = previous.advice_run
            _remove(run.advice_run, change.gone)
            _insert(run.advice_run, change.after, change.write)
            return change.after
        after = change.after
    _insert(run.pk, after, np.arange(len(after.resident_id)))
    return after


def _stands(run: PlanRun, before: Table) -> bool:
    """Tell whether the rows of a run are all still there."""
    return Advice.objects.filter(run=run.advice_run).count() == len(before.resident_id)


def _remove(run_pk: int, residents: NDArray[np.int64]) -> None:
    """Delete the rows of some residents."""
    for start in range(0, len(residents), _AT_ONCE):
        some = residents[start : start + _AT_ONCE].tolist()
        Advice.objects.filter(run=run_pk, resident__in=some)._raw_delete("default")


def _insert(run_pk: int, after: Table, rows: NDArray[np.int64]) -> None:
    """Insert some rows."""
    if len(rows):
        bulk_insert(Advice, {"run_id": [run_pk] * len(rows), **after.columns(rows)})
