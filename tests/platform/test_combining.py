"""Writers that wait for the same lock share a transaction, and each hears only of its own errors."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from sonae.platform import audit
from sonae.platform.combining import MOST_TOGETHER, Together
from sonae.platform.db import writing
from sonae.platform.models import AuditEntry
from sonae.platform.scope import Scope, World, bound, current_world

CODE = "992011"
HERE = Scope(CODE, World.LIVE)


class Writer:
    """Remembers which batches it wrote in one go; holds the first until ``go`` is set."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def __call__(self, batch: Sequence[int]) -> list[str]:
        self.calls.append(list(batch))
        if len(self.calls) == 1:
            self.started.set()
            assert self.go.wait(20)
        if -1 in batch:
            raise ValueError("poison")
        return [f"stored {item}" for item in batch]


def send(together: Together[int, str], batch: Sequence[int], scope: Scope = HERE) -> list[str]:
    """Write from a thread of its own, like a request."""
    try:
        with bound(scope):
            return together(batch)
    finally:
        connection.close()


def queued(together: Together[int, str], scope: Scope = HERE) -> int:
    """How many callers wait or write now."""
    return len(together._lanes[scope].waiting)


def crowd(
    together: Together[int, str], writer: Writer, batches: Sequence[Sequence[int]]
) -> list[list[str] | BaseException]:
    """Send the first batch; while it is being written, all the others; return what each got."""
    with ThreadPoolExecutor(len(batches)) as threads:
        first = threads.submit(send, together, batches[0])
        assert writer.started.wait(20)
        others = [threads.submit(send, together, batch) for batch in batches[1:]]
        while queued(together) < len(batches):
            threading.Event().wait(0.001)
        writer.go.set()
        return [f.exception() or f.result() for f in (first, *others)]


@pytest.mark.django_db(transaction=True)
def test_those_who_wait_write_together_and_get_their_own_results() -> None:
    writer = Writer()
    got = crowd(Together(writer), writer, [[1], [2, 3], [4], [5, 6, 7]])
    assert got == [
        ["stored 1"],
        ["stored 2", "stored 3"],
        ["stored 4"],
        ["stored 5", "stored 6", "stored 7"],
    ]
    assert writer.calls[0] == [1]
    assert len(writer.calls) == 2
    assert sorted(writer.calls[1]) == [2, 3, 4, 5, 6, 7]


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_fails_alone() -> None:
    writer = Writer()
    together = Together(writer)
    first, poison, other = crowd(together, writer, [[1], [-1], [3]])
    assert queued(together) == 0
    assert (first, other) == (["stored 1"], ["stored 3"])
    assert isinstance(poison, ValueError)


@pytest.mark.django_db(transaction=True)
def test_what_others_wait_for_stays_short() -> None:
    writer = Writer()
    big = list(range(MOST_TOGETHER - 1))
    crowd(Together(writer), writer, [[0], big, big, [1]])
    assert max(map(len, writer.calls)) <= MOST_TOGETHER
    assert sum(map(len, writer.calls)) == 2 + 2 * len(big)


@pytest.mark.django_db(transaction=True)
def test_the_worlds_do_not_mix() -> None:
    seen: list[tuple[str, list[int]]] = []

    def write(batch: Sequence[int]) -> list[str]:
        seen.append((current_world(), list(batch)))
        return ["" for _ in batch]

    together: Together[int, str] = Together(write)
    drill = Scope(CODE, World.EXERCISE)
    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(send, together, [n], drill if n % 2 else HERE) for n in range(1, 41)]
        for job in jobs:
            job.result()
    for world, batch in seen:
        assert {n % 2 for n in batch} == {1 if world == "exercise" else 0}
    assert sorted(n for _world, batch in seen for n in batch) == list(range(1, 41))


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_it_is_part_of_it() -> None:
    def write(batch: Sequence[str]) -> list[str]:
        for text in batch:
            audit.record("t", text, "")
        return list(batch)

    together: Together[str, str] = Together(write)
    with bound(HERE):
        with pytest.raises(RuntimeError, match="taken back"), writing():
            together(["gone"])
            raise RuntimeError("taken back")
        together(["kept"])
        kept = AuditEntry.objects.filter(actor="t").values_list("action", flat=True)
        assert list(kept) == ["kept"]
