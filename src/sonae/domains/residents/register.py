"""The one writer of the register (住民情報の書き込み): columns in, rows out, keys and ids made here.

The demo, a full edition, a daily difference and an undo all write through these functions, inside the
caller's transaction.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection

from sonae.core import clock
from sonae.core.kana import search_key
from sonae.domains.residents.models import Household, Resident, ResidentHistory
from sonae.domains.residents.rules import given_key, name_key
from sonae.engines.register.difference import Change
from sonae.platform.db import bulk_insert
from sonae.platform.scope import current_municipality

Columns = Mapping[str, Sequence[Any]]
_HOME: Final = {"place": "home", "left_on": ""}
_PERSON: Final = {
    "number": "", "former_name": "", "birth_written": "", "birth_first": "", "birth_last": "",
    "left_on": "", "left_reason": "", "added_in_id": None,
}  # fmt: skip
"""What columns may leave out, with the value that then stands."""


def insert_homes(columns: Columns) -> list[int]:
    """Insert households and return their primary keys in order."""
    return _inserted(Household, _with(columns, _HOME), "number")


def insert_people(columns: Columns) -> list[int]:
    """Insert residents (``household_id`` among the columns) and return their primary keys in order."""
    keyed = {
        **_with(columns, _PERSON),
        "kana_key": [search_key(kana) for kana in columns["kana"]],
        "given_key": [given_key(kana) for kana in columns["kana"]],
        "name_key": [name_key(name) for name in columns["name"]],
    }
    return _inserted(Resident, keyed, "resident_id")


def _with(columns: Columns, defaults: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Return the columns with those that were left out."""
    size = len(next(iter(columns.values()), ()))
    return {**{name: [value] * size for name, value in defaults.items()}, **columns}


def _inserted(model: type[Household | Resident], columns: Columns, by: str) -> list[int]:
    """Insert columns and return the new primary keys in their order (found again by a unique column)."""
    size = len(columns[by])
    bulk_insert(model, {"municipality": [current_municipality()] * size, **columns})
    keys: dict[Any, int] = dict(model.held.values_list(by, "pk"))
    return [keys[value] for value in columns[by]]


def new_ids(count: int, prefix: str, taken: Iterable[str]) -> list[str]:
    """Return so many public identifiers that mean nothing and that nobody has: ``R123456789``."""
    known = set(taken)
    made: list[str] = []
    while len(made) < count:
        one = f"{prefix}{secrets.randbelow(10**9):09d}"
        if one not in known:
            known.add(one)
            made.append(one)
    return made


_DERIVED: Final = {
    "name": (("name_key", name_key),),
    "kana": (("kana_key", search_key), ("given_key", given_key)),
}


def write_changes(model: type[Household | Resident], changes: Iterable[Change]) -> None:
    """Write the value after every change; keys derived from a changed name follow."""
    columns: dict[str, list[tuple[Any, int]]] = defaultdict(list)
    for one in changes:
        columns[one.item].append((one.after, one.pk))
    fields = {f.name: str(f.column) for f in model._meta.concrete_fields}
    q = connection.ops.quote_name
    with connection.cursor() as cursor:
        for item, rows in columns.items():
            sql = f"UPDATE {q(model._meta.db_table)} SET {{}} = %s WHERE id = %s"  # noqa: S608 - names only
            cursor.executemany(sql.format(q(fields[item])), rows)
            for column, make in _DERIVED.get(item, ()) if model is Resident else ():
                cursor.executemany(sql.format(q(column)), [(make(value), pk) for value, pk in rows])


def remember(
    changes: Sequence[Change], of: str, by: str, edition_pk: int | None = None, prefix: str = ""
) -> None:
    """Write the history of changes; ``of``: resident or household, to whom the primary keys belong."""
    count = len(changes)
    bulk_insert(ResidentHistory, {
        "municipality": [current_municipality()] * count,
        "resident_id": [one.pk if of == "resident" else None for one in changes],
        "household_id": [one.pk if of == "household" else None for one in changes],
        "edition_id": [edition_pk] * count, "item": [prefix + one.item for one in changes],
        "before": [one.before for one in changes], "after": [one.after for one in changes],
        "at": [clock.now()] * count, "by": [by[:120]] * count,
    })  # fmt: skip


def settle_homes(day: str) -> None:
    """Close homes in which nobody lives any more, open those in which somebody does again."""
    q = connection.ops.quote_name
    home, person = q(Household._meta.db_table), q(Resident._meta.db_table)
    lived = f"EXISTS (SELECT 1 FROM {person} r WHERE r.household_id = {home}.id AND r.left_on = '')"  # noqa: S608
    with connection.cursor() as cursor:
        for sql, values in (
            (f"UPDATE {home} SET left_on = %s WHERE municipality = %s AND left_on = '' AND NOT {lived}",  # noqa: S608
             [day, current_municipality()]),
            (f"UPDATE {home} SET left_on = '' WHERE municipality = %s AND left_on <> '' AND {lived}",  # noqa: S608
             [current_municipality()]),
        ):  # fmt: skip
            cursor.execute(sql, values)
