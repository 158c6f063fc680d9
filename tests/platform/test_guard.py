"""On PostgreSQL no query sees another city's rows, whatever it asks; on SQLite nothing is guarded."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from sonae.core import clock
from sonae.platform import audit, worlds
from sonae.platform.db import bulk_insert, writing
from sonae.platform.models import AuditEntry, OutboxEntry
from sonae.platform.postgresql import guard
from sonae.platform.scope import bound, every_municipality, in_force, visible

ONE, OTHER = "992011", "992029"
TABLE = AuditEntry._meta.db_table

pytestmark = pytest.mark.django_db
on_postgres = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has no row-level security"
)


def actors() -> list[str]:
    """Whose acts a query without any condition sees."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT actor FROM {TABLE} ORDER BY actor")
        return [actor for (actor,) in cursor.fetchall()]


@pytest.fixture
def two_cities() -> None:
    for code in (ONE, OTHER):
        with worlds.entered(code):
            audit.record(f"of {code}", "x")


def test_whose_rows_may_be_seen_follows_the_work_at_hand() -> None:
    assert visible() == ""
    with every_municipality():
        assert visible() == "*"
        with worlds.entered(ONE) as scope:
            assert visible() == ONE
            with every_municipality():
                assert visible() == "*"
            with bound(scope):
                assert visible() == ONE == getattr(in_force(), "municipality", "")
        assert visible() == "*"
    assert visible() == ""


def test_every_table_of_a_city_is_guarded() -> None:
    assert len(guard.guarded()) > 50
    assert {TABLE, OutboxEntry._meta.db_table} <= set(guard.guarded())
    assert guard.unguarded() == []


@on_postgres
def test_the_server_runs_as_a_role_that_policies_hold_for() -> None:
    assert guard.passed_by() == ""


@on_postgres
@pytest.mark.usefixtures("two_cities")
def test_a_query_without_a_condition_sees_its_own_city_alone() -> None:
    assert actors() == []
    with worlds.entered(ONE):
        assert actors() == [f"of {ONE}"]
        assert AuditEntry.everywhere.count() == 1
    with every_municipality():
        assert actors() == [f"of {ONE}", f"of {OTHER}"]
    with worlds.entered(OTHER):
        assert actors() == [f"of {OTHER}"]


@on_postgres
@pytest.mark.usefixtures("two_cities")
def test_a_rollback_takes_back_what_the_server_was_told() -> None:
    with worlds.entered(ONE):
        with pytest.raises(RuntimeError), transaction.atomic(), worlds.entered(OTHER):
            assert actors() == [f"of {OTHER}"]
            raise RuntimeError
        assert actors() == [f"of {ONE}"]
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            worlds.entered(OTHER),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT 1/0")
        assert actors() == [f"of {ONE}"]
        with worlds.entered(OTHER):
            assert actors() == [f"of {OTHER}"]


@on_postgres
@pytest.mark.usefixtures("two_cities")
def test_nothing_is_written_for_or_to_another_city() -> None:
    with worlds.entered(ONE):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            OutboxEntry.objects.create(
                municipality=OTHER, topic="t", subscriber="s", created_at=clock.now(), due_at=0
            )
        assert AuditEntry.everywhere.filter(municipality=OTHER).update(actor="me") == 0
        assert AuditEntry.everywhere.filter(municipality=OTHER).delete()[0] == 0
        for rows in (3, 600):  # by statements, and by COPY
            with pytest.raises(DatabaseError, match="row-level security"), writing():
                _insert(OTHER, rows)
    with every_municipality():
        assert actors() == [f"of {ONE}", f"of {OTHER}"]


@pytest.mark.usefixtures("two_cities")
def test_many_rows_go_in_for_the_own_city() -> None:
    with worlds.entered(ONE):
        for rows in (3, 600):
            with writing():
                _insert(ONE, rows, first=rows * 10)
        assert AuditEntry.objects.count() == 604


def _insert(municipality: str, rows: int, first: int = 100) -> None:
    bulk_insert(AuditEntry, {
        "municipality": [municipality] * rows, "world": ["live"] * rows, "actor": ["a"] * rows,
        "sequence": list(range(first, first + rows)), "at": [clock.now()] * rows,
        "action": ["x"] * rows, "target": [""] * rows, "previous_hash": [""] * rows,
        "hash": [""] * rows,
    })  # fmt: skip
