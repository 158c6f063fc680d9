"""The audit chain: every later change shows, at the place where it was made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import chain as chains
from sonae.platform import audit, worlds
from sonae.platform.db import writing
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World, every_municipality
from tests.platform.conftest import Script

CODE = "992011"


@pytest.fixture
def chain(db: None) -> Iterator[list[AuditEntry]]:
    with worlds.entered(CODE):
        yield [
            audit.record("account:1", "did", f"thing:{n}", n=n, note="備え") for n in range(1, 6)
        ]


def alter(place: int, /, **changes: Any) -> None:
    AuditEntry.everywhere.filter(municipality=CODE, sequence=place).update(**changes)


def broken_at() -> int | None:
    """The number of the first bad record."""
    found = audit.verify(CODE)
    return found and found.sequence


def test_an_untouched_chain_holds(chain: list[AuditEntry]) -> None:
    assert [entry.sequence for entry in chain] == [1, 2, 3, 4, 5]
    assert audit.verify(CODE) is None
    assert audit.verify("352021") is None
    assert len({entry.hash for entry in chain}) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "account:2"}, {"action": "did not"}, {"target": "thing:9"}, {"detail": {"n": 4}},
        {"world": "exercise"}, {"hash": "0" * 64}, {"previous_hash": "0" * 64},
    ],
)  # fmt: skip
def test_a_changed_record_is_named(chain: list[AuditEntry], change: dict[str, Any]) -> None:
    alter(3, **change)
    assert broken_at() == 3


def test_a_changed_time_is_named(chain: list[AuditEntry]) -> None:
    alter(2, at=chain[1].at + timedelta(microseconds=1))
    assert broken_at() == 2


def test_a_removed_record_is_named(chain: list[AuditEntry]) -> None:
    AuditEntry.everywhere.get(sequence=2).delete()
    assert broken_at() == 2


def test_two_records_changing_places_are_named(chain: list[AuditEntry]) -> None:
    alter(4, sequence=99)
    alter(5, sequence=4)
    alter(99, sequence=5)
    assert broken_at() == 4


def test_a_record_put_before_the_first_or_from_another_city_is_named(
    chain: list[AuditEntry],
) -> None:
    with worlds.entered("352021"):
        audit.record("account:1", "elsewhere")
    with every_municipality():  # who holds the database holds every city's rows
        AuditEntry.everywhere.filter(municipality="352021").update(municipality=CODE, sequence=0)
    assert broken_at() == 1
    AuditEntry.everywhere.filter(sequence=0).update(sequence=6)
    assert broken_at() == 6


def test_a_rewritten_record_breaks_the_next(chain: list[AuditEntry]) -> None:
    second = AuditEntry.everywhere.get(sequence=2)
    second.actor = "account:9"
    second.hash = chains.digest({name: getattr(second, name) for name in chains.FIELDS})
    second.save()
    assert broken_at() == 3


def test_a_chain_cut_short_shows_against_a_head_kept_elsewhere(chain: list[AuditEntry]) -> None:
    kept = audit.head(CODE)
    assert str(kept) == f"5:{chain[-1].hash}"
    assert audit.holds(CODE, kept)
    audit.record("account:1", "more")
    assert audit.holds(CODE, kept)
    AuditEntry.everywhere.filter(sequence__gte=4).delete()
    assert audit.verify(CODE) is None, "the chain alone cannot know how long it was"
    assert not audit.holds(CODE, kept)
    assert audit.holds(CODE, audit.Head(0, audit.GENESIS))


def test_both_worlds_share_one_chain_and_cities_have_their_own(chain: list[AuditEntry]) -> None:
    with worlds.entered(CODE, World.EXERCISE):
        assert audit.record("account:1", "drilled").sequence == 6
    with worlds.entered("352021"):
        assert audit.record("account:1", "elsewhere").sequence == 1
    assert audit.verify(CODE) is None
    assert audit.verify("352021") is None


def test_a_record_stands_or_falls_with_what_it_tells_of(chain: list[AuditEntry]) -> None:
    with pytest.raises(ZeroDivisionError), writing():
        audit.record("account:1", "failed")
        raise ZeroDivisionError
    assert audit.head(CODE).sequence == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9, width=32)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text("あいabc_", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(detail=st.dictionaries(st.text("abcdeあ", min_size=1, max_size=3), JSON, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_recorded_verifies_after_the_database(
    chain: list[AuditEntry], detail: dict[str, Any]
) -> None:
    audit.record("account:1", "any", "t", **detail)
    assert audit.verify(CODE) is None


APPEND = """
with worlds.entered("992011"):
    for n in range(25):
        audit.record(f"process:{os.getpid()}", "appended", n=n)
"""


def test_processes_append_without_gap_or_fork(script: Script) -> None:
    runs = [script(APPEND) for _ in range(3)]
    for run in runs:
        _out, error = run.communicate(timeout=60)
        assert run.returncode == 0, error
    check = script('print(audit.verify("992011"), audit.head("992011").sequence)')
    assert check.communicate(timeout=30)[0].split() == ["None", "75"]
