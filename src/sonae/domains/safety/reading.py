"""Reads of the ledger that run for every scan, most of them under the lock: written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from sonae.domains.residents.interface import Resident
from sonae.domains.safety.models import Sighting, Visitor
from sonae.domains.safety.rules import Event
from sonae.platform.db import among, moment_read, stored, uuid_read
from sonae.platform.scope import current, current_world


def present(
    model: type[Model], column: str, values: Sequence[Any], also: str = "", *more: Any
) -> list[Any]:
    """Return which of the driver's ``values`` a column holds.

    By hand: composing the query by the ORM takes longer than the database needs for it, and this
    runs for every scan, under the lock.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    one_of, listed = among(column, values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {column} FROM {table} WHERE {one_of} {also}",  # noqa: S608
            [listed, *more],
        )
        return [value for (value,) in cursor.fetchall()]


_OF_VISITORS = {"resident_id": "resident_id", "visitor_id": "same_as_id"}


def events_of(
    column: str, people: Iterable[int], until: datetime | None = None
) -> dict[int, list[Event]]:
    """Return person → all sightings that were accepted, up to a moment of occurrence.

    Those of every visitor who is this person are among them (`PersonLink`).
    """
    found: dict[int, list[Event]] = {person: [] for person in people}
    if not found:
        return found
    for row in _rows_of(column, list(found), until):
        person, pk, direction, status, facility, place, at, tick, device, old, source, to, back = (
            row
        )
        event = Event(
            uuid_read(pk), direction, status, facility, place, moment_read(at), tick, device,
            uuid_read(old) if old else None, bool(back), source, to,
        )  # fmt: skip
        found[person].append(event)
    return found


def _rows_of(column: str, people: list[int], until: datetime | None) -> list[tuple[Any, ...]]:
    """Return the rows that `events_of` reads: own sightings, then those of linked visitors."""
    moment = [] if until is None else [stored(Sighting, "occurred_at")(until)]
    _one_of, listed = among(column, people)
    given = [*moment, listed, current_world(), *moment]
    with connection.cursor() as cursor:  # by hand: see `present`
        cursor.execute(_sql(column, bounded=until is not None), given * 2)
        return list(cursor.fetchall())


@cache
def _sql(column: str, *, bounded: bool) -> str:
    """Return the statement of `_rows_of`, with a limit of occurrence or without.

    Without the municipality, so that SQLite looks people up and does not walk through the world.
    """
    quote, end = connection.ops.quote_name, _OF_VISITORS[column]
    table, visitor = quote(Sighting._meta.db_table), quote(Visitor._meta.db_table)
    limit = " AND {}.occurred_at <= %s" if bounded else ""
    own, linked = (among(name, [])[0] for name in (f"s.{column}", f"v.{end}"))
    what = (
        "s.id, s.direction, s.status, s.facility_id, s.place, s.occurred_at, s.clock, s.device, "  # noqa: S608
        f"s.supersedes, s.source, s.bound_for_id, EXISTS (SELECT 1 FROM {table} o WHERE o.supersedes = s.id "
        "AND o.refusal = '' AND o.municipality = s.municipality AND o.world = s.world"
        f"{limit.format('o')})"
    )
    held = f"s.world = %s AND s.refusal = ''{limit.format('s')}"
    return (
        f"SELECT s.{column}, {what} FROM {table} s WHERE {own} AND {held} "  # noqa: S608
        f"UNION ALL SELECT v.{end}, {what} FROM {visitor} v "
        f"JOIN {table} s ON s.visitor_id = v.id WHERE {linked} AND {held}"
    )


def superseded(ids: Sequence[UUID]) -> list[UUID]:
    """Return which of these sightings, not yet stored, something stored takes back."""
    if not ids:
        return []
    scope, as_stored = current(), stored(Sighting, "id")
    found = present(
        Sighting,
        "supersedes",
        [as_stored(one) for one in ids],
        "AND municipality = %s AND world = %s AND refusal = ''",
        scope.municipality,
        scope.world.value,
    )
    return [uuid_read(value) for value in found]


def known_residents(public_ids: Sequence[str]) -> dict[str, int]:
    """Return public id → primary key for those in the register."""
    table = connection.ops.quote_name(Resident._meta.db_table)
    one_of, listed = among("resident_id", public_ids)
    with connection.cursor() as cursor:  # by hand: see `present`
        cursor.execute(
            f"SELECT resident_id, id FROM {table} WHERE municipality = %s AND {one_of}",  # noqa: S608
            [current().municipality, listed],
        )
        return dict(cursor.fetchall())
