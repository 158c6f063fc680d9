"""How rows are written: one transaction at a time per SQLite file, and columns in bulk.

SQLite's own busy handler starves writers for seconds under load; a process-wide lock plus a file
lock taken before BEGIN IMMEDIATE keeps the order fair. On PostgreSQL `writing` is a plain
transaction. Sessions and log-in write without it; the connection's 20 s timeout covers them.
"""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import chain, islice
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import connection, models, transaction

from sonae.platform.scope import current

_FEW_ROWS = 500
K = TypeVar("K", int, str, UUID)
# What any build of SQLite takes in one statement.
_MOST_PARAMETERS = 30_000
_thread_lock = threading.Lock()
_held = threading.local()
_lock_files: dict[tuple[int, str], int] = {}


def _begin_afresh() -> None:
    """Give a forked child its own lock: the parent's may be held by a thread it has not."""
    global _thread_lock
    _thread_lock = threading.Lock()
    _held.depth = 0


os.register_at_fork(after_in_child=_begin_afresh)


def _lock_descriptor(database: str) -> int:
    """Return this process's descriptor of the lock file beside ``database``."""
    key = (os.getpid(), database)
    if key not in _lock_files:
        _lock_files[key] = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    return _lock_files[key]


def _inside_foreign_transaction() -> bool:
    """Tell whether a bare atomic() is already open (test cases' own wrapper does not count)."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def inside_transaction() -> bool:
    """Tell whether this thread already writes: what it does now belongs to that transaction."""
    return bool(getattr(_held, "depth", 0)) or _inside_foreign_transaction()


@contextmanager
def _file_locked() -> Iterator[None]:
    """Hold the thread lock and, for a database on disk, the file lock."""
    name = str(connection.settings_dict["NAME"])
    on_disk = "mode=memory" not in name and name != ":memory:"
    with _thread_lock:
        if on_disk:
            descriptor = _lock_descriptor(name)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if on_disk:
                fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def writing() -> Iterator[None]:
    """Open the one transaction that a verb of a domain writes in; nested calls join it.

    Nothing inside may wait for a network. RuntimeError when started inside a bare ``atomic()``,
    because the order of locks would be inverted.
    """
    if getattr(_held, "depth", 0) or connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    if _inside_foreign_transaction():
        raise RuntimeError("writing() must be the outermost transaction")
    with _file_locked():
        _held.depth = 1
        try:
            with transaction.atomic():
                yield
        finally:
            _held.depth = 0


def take_turn(what: str, *, every_world: bool = False) -> None:
    """Let one transaction at a time of this municipality (and world) do ``what``, until its end.

    For a state that is read, folded and written back. SQLite has but one writer anyway.
    """
    if connection.vendor == "postgresql":
        scope = current()
        where = "" if every_world else f":{scope.world.value}"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))",
                [f"{what}:{scope.municipality}{where}"],
            )


@cache
def stored(model: type[models.Model], name: str) -> Callable[[Any], Any]:
    """Return the conversion of one field's Python values to what the driver stores (attname)."""
    return _converter(next(f for f in model._meta.concrete_fields if f.attname == name))


def among(column: str, values: Sequence[Any]) -> tuple[str, Any]:
    """Return the condition that a column holds one of the driver's values, and its one parameter.

    The same text however many they are: the drivers keep it prepared, and Django rewrites no marks.
    """
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", list(values)
    return f"{column} IN (SELECT value FROM json_each(%s))", json.dumps(list(values))  # noqa: S608


def parts(listed: Iterable[K], most: int = 5000) -> Iterator[list[K]]:
    """Give keys, sorted and each once, in lists that any database takes in one statement."""
    known = sorted(set(listed))
    return (known[start : start + most] for start in range(0, len(known), most))


def moment_read(value: Any) -> datetime:
    """Return a moment as a driver gave it (SQLite: text in UTC) aware, as Django's own reading does."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else cast("datetime", value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def uuid_read(value: Any) -> UUID:
    """Return an identifier as a driver gave it (SQLite: 32 hexadecimal digits)."""
    return UUID(value) if isinstance(value, str) else cast("UUID", value)


def _converter(field: "models.Field[Any, Any]") -> Callable[[Any], Any]:
    """Return the field's own conversion; for SQLite's times and UUIDs the same by a tenth of the calls."""
    if connection.vendor == "sqlite" and type(field) is models.DateTimeField:
        return lambda at: None if at is None else str(at.astimezone(UTC).replace(tzinfo=None))
    if connection.vendor == "sqlite" and type(field) is models.UUIDField:
        return lambda value: None if value is None else value.hex
    return lambda value: field.get_db_prep_save(value, connection)


_PLAIN = (
    models.CharField, models.TextField, models.IntegerField, models.FloatField, models.BooleanField,
)  # fmt: skip


def _prepared(field: "models.Field[Any, Any]", values: Sequence[Any]) -> Sequence[Any]:
    """Return one column as driver values, what is alike converted once; numpy arrays as scalars."""
    listed = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(field, _PLAIN) or field.is_relation:
        return listed
    convert = _converter(field)
    if isinstance(field, models.UUIDField):  # no two alike
        return [convert(value) for value in listed]
    names = [repr(value) for value in listed] if isinstance(field, models.JSONField) else listed
    known = {name: convert(value) for name, value in dict(zip(names, listed, strict=True)).items()}
    return [known[name] for name in names]


def bulk_insert(model: type[models.Model], columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert equal-length columns (field name → values) as rows of ``model``; return the count.

    About ten times faster than ``bulk_create`` for 100,000 rows: long statements, for many rows
    COPY on PostgreSQL. Names are field attnames (``household_id`` for a foreign key); a field that is not
    given gets its model's default. Call inside `writing`.
    """
    fields = {f.attname: f for f in model._meta.concrete_fields}
    count = len(next(iter(columns.values()), ()))
    if not count:
        return 0
    columns = {**columns, **_defaults(fields, columns, count)}
    data = [_prepared(fields[name], values) for name, values in columns.items()]
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and count > _FEW_ROWS:
            _copy(cursor, table, names, zip(*data, strict=True))
        else:
            into = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608 - names of our own columns
            _insert_many(cursor, into, len(data), zip(*data, strict=True))
    return count


def _copy(cursor: Any, table: str, names: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Insert by COPY, over a table of the transaction's own: COPY goes past no row-level policy."""
    cursor.execute(
        f"CREATE TEMP TABLE bulk ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608
    )
    with cursor.cursor.copy(f"COPY bulk ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM bulk")  # noqa: S608
    cursor.execute("DROP TABLE bulk")


def _defaults(
    fields: Mapping[str, Any], given: Mapping[str, Any], count: int
) -> dict[str, list[Any]]:
    """Return the columns that ``given`` lacks and the model has a default for, ``count`` values each."""
    lacking = (n for n, field in fields.items() if n not in given and field.has_default())
    return {name: [fields[name].get_default() for _ in range(count)] for name in lacking}


def _insert_many(
    cursor: Any, into: str, width: int, rows: Iterator[tuple[Any, ...]], most: int = 100
) -> None:
    """Insert ``rows`` of ``width`` values, many to a statement: 0.6 × the time of one each.

    Each step of a statement has its price; beyond about a hundred rows nothing more is gained.
    """
    one = f"({', '.join(['%s'] * width)})"
    size = max(1, min(most, _MOST_PARAMETERS // width))
    rest = list(islice(rows, size))

    def full() -> Iterator[list[Any]]:
        nonlocal rest
        while len(rest) == size:
            yield list(chain.from_iterable(rest))
            rest = list(islice(rows, size))

    if len(rest) == size:
        # One statement for all: Django writes its placeholders anew at every call.
        cursor.executemany(into + ", ".join([one] * size), full())
    cursor.executemany(into + one, rest)
