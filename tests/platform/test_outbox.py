"""The outbox: nothing is lost, nothing overtakes, nothing crosses between worlds."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection

from sonae.core import clock
from sonae.platform import outbox, worlds
from sonae.platform.db import writing
from sonae.platform.models import OutboxEntry, WorkerBeat
from sonae.platform.scope import World, current, every_municipality
from tests.platform.conftest import Script

Payload = dict[str, Any]
TOPIC = "test.thing"


@pytest.fixture
def scope(db: None) -> Iterator[None]:
    with worlds.entered("992011"):
        yield


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make functions the only subscribers of the test's topic, by name."""

    def put(**handlers: Callable[[Payload], None]) -> None:
        monkeypatch.setitem(outbox._subscribers, TOPIC, dict(handlers))

    return put


class Time:
    """The outbox's own time, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time()
    monkeypatch.setattr(outbox, "time", moved)
    return moved


def publish(**options: Any) -> int:
    with writing():
        return outbox.publish(TOPIC, options.pop("payload", {}), **options)


@every_municipality()
def states() -> list[str]:
    return list(OutboxEntry.everywhere.order_by("pk").values_list("state", flat=True))


def test_every_subscriber_gets_its_own_entry(scope: None, listen: Callable[..., None]) -> None:
    seen: list[tuple[str, Payload]] = []
    listen(a=lambda p: seen.append(("a", p)), b=lambda p: seen.append(("b", p)))
    assert publish(payload={"order": 3}) == 2
    assert outbox.waiting() == {"pending": 2, "failed": 0}
    assert outbox.drain() == 2
    assert sorted(seen, key=lambda one: one[0]) == [("a", {"order": 3}), ("b", {"order": 3})]
    assert outbox.drain() == 0
    publish(payload={"order": 4}, delay=86400)
    assert outbox.waiting() == {"pending": 0, "failed": 0}, "what is due tomorrow waits for nothing"


def test_what_is_rolled_back_was_never_announced(scope: None, listen: Callable[..., None]) -> None:
    listen(a=lambda p: None)
    with pytest.raises(ZeroDivisionError), writing():
        outbox.publish(TOPIC, {})
        raise ZeroDivisionError
    assert states() == []


def test_same_order_key_runs_in_order_and_waits_for_a_failing_first(
    scope: None, listen: Callable[..., None], later: Time
) -> None:
    seen: list[int] = []
    broken = [True]

    def handle(payload: Payload) -> None:
        if payload["n"] == 1 and broken[0]:
            raise outbox.Retry(30, "busy")
        seen.append(payload["n"])

    listen(a=handle)
    for n in (1, 2, 3):
        publish(payload={"n": n}, order_key="transmission:1")
    publish(payload={"n": 9}, order_key="transmission:2")
    publish(payload={"n": 8})
    outbox.drain()
    assert sorted(seen) == [8, 9], "only what does not depend on the first may go on"
    broken[0] = False
    later.ahead = 31
    outbox.drain()
    assert seen[-3:] == [1, 2, 3]


def test_who_waits_behind_another_keeps_no_writer_waiting(
    scope: None, listen: Callable[..., None], later: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for ten times a second, it must not take the writer's lock each time to find nothing."""
    ran: list[int] = []

    def busy_at_first(payload: Payload) -> None:
        ran.append(payload["n"])
        if len(ran) == 1:
            raise outbox.Retry(60)

    listen(a=busy_at_first)
    publish(payload={"n": 0}, order_key="order:1")
    publish(payload={"n": 1}, order_key="order:1")
    assert outbox.drain() == 1
    locks: list[float] = []

    def counted() -> Any:
        locks.append(later.time())
        return writing()

    monkeypatch.setattr(outbox, "writing", counted)
    assert outbox.drain() == 0
    assert locks == [], "the second is due, and behind the first"
    later.ahead = 61
    assert outbox.drain() == 2
    assert ran == [0, 0, 1]
    assert locks


def test_what_went_before_is_found_by_an_index(scope: None, listen: Callable[..., None]) -> None:
    """Else each look at n entries with orders of their own would cost n times n."""
    if connection.vendor != "sqlite":
        pytest.skip("the words of the plan are SQLite's")
    listen(a=lambda p: None)
    publish(order_key="order:1")
    with every_municipality():
        plan = outbox._ready(time.time()).explain()
    assert "outbox_order (order_key=? AND state=? AND rowid<?)" in plan


def test_another_topic_waits_too_but_not_for_a_sibling_of_the_same_topic(
    scope: None, listen: Callable[..., None], later: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def busy(payload: Payload) -> None:
        if not seen or seen[-1] != "go":
            raise outbox.Retry(30, "busy")
        seen.append("issued")

    listen(issued=busy, sibling=lambda _: seen.append("sibling"))
    ended = {"tests.ended": lambda _: seen.append("ended")}
    monkeypatch.setitem(outbox._subscribers, "test.ended", ended)
    publish(order_key="order:1")
    with writing():
        outbox.publish("test.ended", {}, order_key="order:1")
        outbox.publish("test.ended", {}, order_key="order:2")
    outbox.drain()
    assert sorted(seen) == ["ended", "sibling"], "order 1's end waits for its beginning"
    seen.append("go")
    later.ahead = 31
    outbox.drain()
    assert seen[2:] == ["go", "issued", "ended"]


def test_a_first_that_fails_for_good_lets_the_next_pass(
    scope: None, listen: Callable[..., None]
) -> None:
    seen: list[int] = []

    def handle(payload: Payload) -> None:
        if payload["n"] == 1:
            raise outbox.Permanent("no such address")
        seen.append(payload["n"])

    listen(a=handle)
    publish(payload={"n": 1}, order_key="k")
    publish(payload={"n": 2}, order_key="k")
    outbox.drain()
    assert seen == [2]
    assert states() == ["failed", "done"]
    assert outbox.waiting()["failed"] == 1
    assert OutboxEntry.everywhere.get(state="failed").last_error == "no such address"


def test_lower_priority_number_goes_first(scope: None, listen: Callable[..., None]) -> None:
    seen: list[int] = []
    listen(a=lambda p: seen.append(p["n"]))
    publish(payload={"n": 5})
    publish(payload={"n": 1}, priority=1)
    publish(payload={"n": 9}, priority=9)
    outbox.drain()
    assert seen == [1, 5, 9]


def test_the_live_world_goes_before_the_exercise(scope: None, listen: Callable[..., None]) -> None:
    seen: list[str] = []
    listen(a=lambda p: seen.append(current().world.value))
    with worlds.entered("992011", World.EXERCISE):
        publish(priority=1)
    publish(priority=9)
    outbox.drain()
    assert seen == ["live", "exercise"]


def test_a_delayed_entry_waits(scope: None, listen: Callable[..., None], later: Time) -> None:
    seen: list[Payload] = []
    listen(a=seen.append)
    publish(delay=60)
    assert outbox.drain() == 0
    later.ahead = 61
    assert outbox.drain() == 1
    assert seen == [{}]


def test_an_unexpected_error_is_tried_at_once_then_ever_later(
    scope: None, listen: Callable[..., None], later: Time, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[float] = []

    def handle(_payload: Payload) -> None:
        tries.append(later.ahead)
        raise ValueError("vendor said no")

    listen(a=handle)
    publish()
    with caplog.at_level(logging.CRITICAL, "sonae.platform.outbox"):
        for ahead in range(90):
            later.ahead = float(ahead)
            outbox.drain()
    gaps = [b - a for a, b in itertools.pairwise(tries)]
    assert gaps[0] == 0
    assert gaps == sorted(gaps)
    assert 4 <= len(tries) <= 6
    entry = OutboxEntry.everywhere.get()
    assert entry.state == "pending"
    assert "vendor said no" in entry.last_error
    assert entry.attempts == len(tries)


def test_it_gives_up_in_the_end_and_says_why(
    scope: None, listen: Callable[..., None], later: Time
) -> None:
    def handle(_payload: Payload) -> None:
        raise outbox.Retry(1, "still busy")

    listen(a=handle)
    publish()
    for ahead in range(outbox.MOST_ATTEMPTS + 5):
        later.ahead = ahead * 2.0
        outbox.drain()
    entry = OutboxEntry.everywhere.get()
    assert (entry.state, entry.attempts) == ("failed", outbox.MOST_ATTEMPTS)
    assert entry.last_error == "still busy"


def test_a_worker_that_died_leaves_its_entry_to_the_next(
    scope: None, listen: Callable[..., None], later: Time
) -> None:
    seen: list[Payload] = []
    listen(a=seen.append)
    publish(payload={"n": 1})
    assert outbox._lease() is not None, "taken by a worker that is killed now"
    assert outbox.drain() == 0, "nobody else may take it while the lease holds"
    later.ahead = outbox.LEASE_SECONDS + 1
    assert outbox.drain() == 1
    assert seen == [{"n": 1}]
    assert OutboxEntry.everywhere.get().attempts == 2


def test_a_worker_that_lost_its_lease_has_no_say(
    scope: None, listen: Callable[..., None], later: Time
) -> None:
    listen(a=lambda p: None)
    publish()
    slow = outbox._lease()
    assert slow is not None
    later.ahead = outbox.LEASE_SECONDS + 1
    second = outbox._lease()
    assert second is not None
    outbox._finish(slow, state=OutboxEntry.FAILED)
    assert states() == ["pending"]
    outbox._finish(second, state=OutboxEntry.DONE)
    assert states() == ["done"]


def test_a_kept_lease_does_not_run_out(
    scope: None, listen: Callable[..., None], later: Time
) -> None:
    listen(a=lambda p: None)
    publish()
    entry = outbox._lease()
    assert entry is not None
    keeper = outbox._Keeper(threading.Event())
    with keeper.kept(entry):
        for ahead in (60, 120, 180, 240):
            later.ahead = ahead
            keeper._beat()
            assert outbox._lease() is None
    outbox._finish(entry, state=OutboxEntry.DONE)
    assert states() == ["done"]
    assert outbox.worker_seen() == pytest.approx(0, abs=2)


def test_the_same_dedupe_key_is_done_once_for_ever(
    scope: None, listen: Callable[..., None]
) -> None:
    seen: list[Payload] = []
    listen(a=seen.append)
    assert publish(payload={"n": 1}, dedupe_key="plan:7") == 1
    assert publish(payload={"n": 2}, dedupe_key="plan:7") == 0
    outbox.drain()
    assert publish(payload={"n": 3}, dedupe_key="plan:7") == 0
    assert publish(payload={"n": 4}, dedupe_key="plan:8") == 1
    outbox.drain()
    assert seen == [{"n": 1}, {"n": 4}]


def test_a_new_subscriber_gets_what_an_older_one_had(
    scope: None, listen: Callable[..., None]
) -> None:
    listen(a=lambda p: None)
    assert publish(dedupe_key="k") == 1
    listen(a=lambda p: None, b=lambda p: None)
    assert publish(dedupe_key="k") == 1
    assert sorted(OutboxEntry.objects.values_list("subscriber", flat=True)) == ["a", "b"]


def test_dedupe_from_another_process_is_no_error_but_a_broken_rule_is(
    scope: None, listen: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(a=lambda p: None)
    publish(dedupe_key="k")
    known = OutboxEntry.objects.get()
    again = OutboxEntry(
        topic=TOPIC, subscriber="a", dedupe_key="k", created_at=clock.now(), due_at=0.0
    )
    with writing():
        outbox._store([again], "k")
    assert list(OutboxEntry.objects.all()) == [known], "the row of the race's winner stays"
    broken = OutboxEntry(topic=TOPIC, subscriber="a", dedupe_key="x", created_at=clock.now())
    with pytest.raises(DatabaseError), writing():
        outbox._store([broken], "x")


def test_each_world_has_its_own_queue_and_handlers_run_in_it(
    scope: None, listen: Callable[..., None]
) -> None:
    seen: list[tuple[str, str]] = []
    listen(a=lambda p: seen.append((current().municipality, current().world.value)))
    publish(dedupe_key="same")
    with worlds.entered("992011", World.EXERCISE):
        publish(dedupe_key="same")
        assert OutboxEntry.objects.count() == 1
    with worlds.entered("352021"):
        publish(dedupe_key="same")
    outbox.drain()
    assert sorted(seen) == [("352021", "live"), ("992011", "exercise"), ("992011", "live")]


def test_an_entry_whose_reader_is_gone_fails_visibly(
    scope: None, listen: Callable[..., None]
) -> None:
    listen(gone=lambda p: None)
    publish()
    listen()
    outbox.drain()
    entry = OutboxEntry.objects.get()
    assert (entry.state, entry.last_error) == ("failed", "no such subscriber")


@pytest.mark.django_db(transaction=True)
def test_the_worker_runs_shows_its_life_and_stops(
    listen: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BEAT_SECONDS", 0.05)
    done, stop = threading.Event(), threading.Event()
    listen(a=lambda p: done.set())

    def run() -> None:
        outbox.work(stop, idle_seconds=0.01)
        connection.close()

    assert outbox.worker_seen() is None
    worker = threading.Thread(target=run)
    worker.start()
    try:
        with worlds.entered("992011"):
            publish()
        assert done.wait(10)
        seen = outbox.worker_seen()
        assert seen is not None
        assert seen < 5
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()
    assert not WorkerBeat.objects.exists(), "a worker that stopped in order leaves no sign of life"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lane", [outbox.Lane.APART, outbox.Lane.SLOW])
def test_what_waits_for_the_network_or_works_for_long_does_not_hold_up_the_rest(
    listen: Callable[..., None], monkeypatch: pytest.MonkeyPatch, lane: outbox.Lane
) -> None:
    slow, swift, stop = threading.Event(), threading.Event(), threading.Event()
    answer = threading.Event()

    def wait_for_the_mail_server(_payload: Payload) -> None:
        slow.set()
        assert answer.wait(20)

    monkeypatch.setattr(outbox, "_lanes", {"test.slow": lane})
    monkeypatch.setitem(outbox._subscribers, "test.slow", {"s": wait_for_the_mail_server})
    listen(a=lambda p: swift.set())

    def run() -> None:
        outbox.work(stop, idle_seconds=0.01)
        connection.close()

    with worlds.entered("992011"), writing():
        outbox.publish("test.slow", {})
    worker = threading.Thread(target=run)
    worker.start()
    try:
        assert slow.wait(10)
        with worlds.entered("992011"):
            publish()
        assert swift.wait(10), "the warning waited for the mail server"
    finally:
        answer.set()
        stop.set()
        worker.join(20)
    assert states() == ["done", "done"]


def test_every_entry_is_in_exactly_one_lane(
    scope: None, listen: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(a=lambda p: None)
    monkeypatch.setitem(outbox._subscribers, "test.slow", {"s": lambda p: None})
    publish()
    with writing():
        outbox.publish("test.slow", {})

    def topics(lane: outbox.Lane | None) -> list[str]:
        return sorted(outbox._ready(time.time() + 1, lane).values_list("topic", flat=True))

    for own in outbox.Lane:
        lanes = {} if own is outbox.Lane.INNER else {"test.slow": own}
        monkeypatch.setattr(outbox, "_lanes", lanes)
        for lane in outbox.Lane:
            expected = ["test.slow"] if lane is own else []
            assert topics(lane) == [*expected, *([TOPIC] if lane is outbox.Lane.INNER else [])]
        assert topics(None) == ["test.slow", TOPIC]


WORKER = """
def handle(payload):
    print("at", payload["n"], flush=True)
    time.sleep(SLEEP)
outbox._subscribers["test.kill"] = {"kill": handle}
outbox.LEASE_SECONDS = 1.0
if not models.OutboxEntry.everywhere.exists():
    with worlds.entered("992011"), db.writing():
        outbox.publish("test.kill", {"n": 1})
ran = 0
while not ran:
    ran = outbox.drain()
    time.sleep(0.05)
print("drained", ran, flush=True)
"""


def test_kill_9_in_the_middle_of_a_handler_loses_nothing(script: Script) -> None:
    first = script(WORKER.replace("SLEEP", "60"))
    assert first.stdout is not None
    assert first.stdout.readline() == "at 1\n"
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=10)
    out, error = script(WORKER.replace("SLEEP", "0")).communicate(timeout=30)
    assert out == "at 1\ndrained 1\n", error
    state = script("print(*models.OutboxEntry.everywhere.values_list('state', 'attempts'))")
    assert state.communicate(timeout=30)[0].strip() == "('done', 2)"
