"""The folded states: written from sightings whenever something touches a person, never otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from sonae.domains.safety import rules
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.rules import Event, State
from sonae.platform.db import among, moment_read, stored
from sonae.platform.scope import current

_AT_ONCE: Final = 5000
_COLUMNS: Final = {"r": "resident_id", "v": "visitor_id"}


def store_residents(histories: Mapping[int, Sequence[Event]]) -> None:
    """Write the states of residents, and since when the open inquiry knows of them."""
    _store_states("r", histories)
    _account(histories)


def store_visitors(histories: Mapping[int, Sequence[Event]]) -> None:
    """Write the states of visitors who are not linked to anybody."""
    _store_states("v", histories)


def fold_again(kind: str, people: Sequence[int]) -> None:
    """Fold residents (``r``) or unlinked visitors (``v``) anew from all that is stored."""
    store = store_residents if kind == "r" else store_visitors
    for start in range(0, len(people), _AT_ONCE):
        store(events_of(_COLUMNS[kind], people[start : start + _AT_ONCE]))


def forget_states(kind: str, people: Sequence[int]) -> None:
    """Remove the states of people who have none of their own any more."""
    for start in range(0, len(people), _AT_ONCE):
        keys = [f"{kind}{pk}" for pk in people[start : start + _AT_ONCE]]
        PersonState.objects.filter(person__in=keys).delete()


def _store_states(prefix: str, histories: Mapping[int, Sequence[Event]]) -> None:
    """Write the folded states; a person without any standing sighting has none."""
    folded = {person: rules.fold(events) for person, events in histories.items()}
    if gone := [person for person, state in folded.items() if state is None]:
        forget_states(prefix, gone)
    rows = [(f"{prefix}{person}", person, state) for person, state in folded.items() if state]
    if rows:
        _upsert_states(_COLUMNS[prefix], rows)


_FOLDED = (
    "facility_id", "place", "direction", "status", "seen_at", "clock", "conflict", "bound_for_id",
)  # fmt: skip


def _upsert_states(column: str, rows: Sequence[tuple[str, int, State]]) -> None:
    """Insert or replace states in one executemany: building model objects costs more than SQLite."""
    scope, moment = current(), stored(PersonState, "seen_at")
    names = ("municipality", "world", "person", column, *_FOLDED)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {connection.ops.quote_name(PersonState._meta.db_table)} "  # noqa: S608 - names
            f"({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "
            "ON CONFLICT (municipality, world, person) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in _FOLDED),
            [
                (
                    scope.municipality, scope.world.value, key, person, state.facility, state.place,
                    state.direction, state.status, moment(state.seen_at), state.clock, state.conflict,
                    state.bound_for,
                )
                for key, person, state in rows
            ],
        )  # fmt: skip


def _account(histories: Mapping[int, Sequence[Event]]) -> None:
    """Bring the open inquiry up to date for these residents."""
    moment = stored(InquirySubject, "accounted_at")
    table = connection.ops.quote_name(InquirySubject._meta.db_table)
    rows = [
        (moment(rules.accounted_since(histories[person], added_at)), subject)
        for subject, person, added_at in _under_inquiry(list(histories))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET accounted_at = %s WHERE id = %s", rows)  # noqa: S608


def _under_inquiry(people: Sequence[int]) -> Iterator[tuple[int, int, datetime]]:
    """Return (subject, resident, since when) of those who are subjects of the open inquiry."""
    quote, scope = connection.ops.quote_name, current()
    moments: dict[Any, datetime] = {}
    one_of, listed = among("s.resident_id", people)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.id, s.resident_id, s.added_at FROM {quote(Inquiry._meta.db_table)} i "  # noqa: S608
            f"JOIN {quote(InquirySubject._meta.db_table)} s ON s.inquiry_id = i.id "
            "WHERE i.municipality = %s AND i.world = %s AND i.closed_at IS NULL "
            f"AND {one_of}",
            [scope.municipality, scope.world.value, listed],
        )
        rows = cursor.fetchall()
    for subject, person, added_at in rows:
        if added_at not in moments:
            moments[added_at] = moment_read(added_at)
        yield subject, person, moments[added_at]
