"""What changed between two states: began, rose, fell, ended or unchanged, per area × phenomenon.

The rows may be the engine's lines (``InForce``) or a table's rows that carry the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sonae.engines.warnings.model import SEVERITY_RANK

CHANGES: tuple[str, ...] = ("began", "rose", "fell", "ended", "unchanged")
"""Every kind of change, in the order in which ``difference`` lists them."""

_DETAILS = ("kind", "level", "severity", "condition", "forecast", "until", "since")


class StateRow(Protocol):
    """One area × phenomenon in force, as ``difference`` reads it."""

    @property
    def area_code(self) -> str:
        """Code of the area, its name where it has none."""

    @property
    def area_name(self) -> str:
        """Name of the area."""

    @property
    def phenomenon(self) -> str:
        """One of ``PHENOMENA``."""

    @property
    def kind(self) -> str:
        """The warning's name as the telegram writes it."""

    @property
    def level(self) -> int | None:
        """Stated level 1–5 (警戒レベル相当), None where none is stated."""

    @property
    def severity(self) -> str:
        """One of ``SEVERITIES``."""

    @property
    def condition(self) -> str:
        """The telegram's qualifier."""

    @property
    def forecast(self) -> Sequence[Any]:
        """Levels expected: ``Forecast`` or their JSON."""

    @property
    def since(self) -> datetime:
        """When this kind began here."""

    @property
    def until(self) -> datetime | None:
        """When it ends by itself."""


# ``Change`` itself is open: a bound would be checked before a table's columns have their types.
Kept = TypeVar("Kept")
Row = TypeVar("Row", bound=StateRow)


@dataclass(frozen=True, slots=True)
class Change(Generic[Kept]):
    """What became of one area × phenomenon.

    ``what`` is one of ``CHANGES``; ``before`` is None where it began, ``after`` where it ended.
    ``details`` names the columns that differ (also of an ``unchanged`` one: a new ``forecast``, the
    same warning under the new system's name).
    """

    area_code: str
    area_name: str
    phenomenon: str
    what: str
    before: Kept | None
    after: Kept | None
    details: tuple[str, ...] = ()

    @property
    def expects_more(self) -> bool:
        """Whether a level is expected now that was neither stated nor expected before."""
        known = (_expected(self.before), _stated(self.before), _stated(self.after))
        return _expected(self.after) > max(known)


def difference(before: Iterable[Row], after: Iterable[Row]) -> list[Change[Row]]:
    """What changed from ``before`` to ``after``, each area × phenomenon once.

    ``rose`` and ``fell`` go by severity, then by level where both sides state one: the old system's
    大雨警報 that becomes レベル３大雨警報 is unchanged. Of several rows about the same the gravest
    counts. In the order of ``CHANGES``, gravest first; the same for every order of the rows.
    """
    earlier, later = _gravest(before), _gravest(after)
    changes = [_change(earlier.get(key), later.get(key), key) for key in earlier.keys() | later]
    return sorted(changes, key=_reading_order)


def _gravest(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.area_code, row.phenomenon)
        held = found.get(key)
        if held is None or _weight(row) > _weight(held):
            found[key] = row
    return found


def _weight(row: StateRow) -> tuple[int, int, datetime, str]:
    told = f"{row.kind}{row.condition}{row.until}{_plain(row.forecast)}"
    return SEVERITY_RANK[row.severity], _stated(row), row.since, told


def _stated(row: Any) -> int:
    return (row.level if row is not None else None) or 0


def _expected(row: Any) -> int:
    """The highest level that a row expects; 0 for none."""
    forecasts = row.forecast if row is not None else ()
    levels = (each["level"] if isinstance(each, dict) else each.level for each in forecasts)
    return max((level or 0 for level in levels), default=0)


def _change(before: Row | None, after: Row | None, key: tuple[str, str]) -> Change[Row]:
    shown = after or before
    return Change(
        area_code=key[0],
        area_name=shown.area_name if shown is not None else "",
        phenomenon=key[1],
        what=_what(before, after),
        before=before,
        after=after,
        details=_details(before, after),
    )


def _what(before: StateRow | None, after: StateRow | None) -> str:
    if before is None:
        return "began"
    if after is None:
        return "ended"
    step = SEVERITY_RANK[after.severity] - SEVERITY_RANK[before.severity]
    if step == 0 and before.level is not None and after.level is not None:
        step = after.level - before.level
    return "rose" if step > 0 else "fell" if step < 0 else "unchanged"


def _details(before: StateRow | None, after: StateRow | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ()
    return tuple(
        name for name in _DETAILS if _plain(getattr(before, name)) != _plain(getattr(after, name))
    )


def _plain(value: object) -> object:
    """Forecasts as a tuple, so that a table's list and the engine's tuple compare."""
    if isinstance(value, list | tuple):
        return tuple(each if isinstance(each, dict) else each.to_json() for each in value)
    return value


def _reading_order(change: Change[Any]) -> tuple[int, int, int, str, str]:
    shown = change.after or change.before
    rank = SEVERITY_RANK[shown.severity] if shown is not None else 0
    what = CHANGES.index(change.what)
    return what, -rank, -_stated(shown), change.area_code, change.phenomenon
