"""The one outbox: whatever must still happen after a commit, inner events and hand-overs alike.

`publish` writes one entry per subscriber in the caller's transaction, so that a fact and its
consequences are on disk together. `work` leases entries, runs their handler outside any
transaction and records the outcome; a crash only means that the lease runs out. Handlers run at
least once and must be idempotent. Entries with the same order key run one after the other.

A worker has lanes: what waits for the network (``apart``, a lane for each counterpart that is named)
or works for long without hurry (``slow``) never holds up what computes, and in each lane the live world
goes before the exercise.
"""

import contextlib
import logging
import os
import socket
import sqlite3
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import Greatest
from django.db.models.query import QuerySet

from sonae.core import clock
from sonae.platform import worlds
from sonae.platform.db import writing
from sonae.platform.models import OutboxEntry, WorkerBeat
from sonae.platform.scope import Scope, World, current, every_municipality

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], None]

LEASE_SECONDS = 120.0
BEAT_SECONDS = 5.0
GLANCE_SECONDS = 0.01
NAP_SECONDS = 1.0
BACKOFF_SECONDS = (0.0, 5.0, 15.0, 60.0, 300.0)
MOST_ATTEMPTS = 50
_ONCE = ("municipality", "world", "subscriber", "dedupe_key")

_subscribers: dict[str, dict[str, Handler]] = defaultdict(dict)
_lanes: dict[str, str] = {}


class Permanent(Exception):
    """Raised by a handler when trying again cannot help: the entry fails and is shown to staff."""


class Retry(Exception):
    """Raised by a handler to be run again after ``seconds`` (a busy or slow counterpart)."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        """Remember how long to wait, in seconds, and why."""
        super().__init__(reason or f"again in {seconds:g} s")
        self.seconds = seconds


class Lane(StrEnum):
    """Which entries a thread of the worker takes; counterparts that are named have ``apart:NAME``."""

    INNER = "inner"
    APART = "apart"
    SLOW = "slow"


def subscribe(
    topic: str, *, apart: bool | str = False, slow: bool = False
) -> Callable[[Handler], Handler]:
    """Register the decorated function as a subscriber of ``topic``, named by its import path.

    ``apart``: its handlers wait for others, for whom it names (a mail server, say) in a lane of that
    name: one that is dead delays no other. ``slow``: they work for many seconds, in a process of their
    own, on what nobody waits for. Such topics have lanes of their own.
    """
    if apart or slow:
        named = f"{Lane.APART}:{apart}" if isinstance(apart, str) else Lane.APART
        _lanes[topic] = named if apart else Lane.SLOW

    def register(handler: Handler) -> Handler:
        _subscribers[topic][f"{handler.__module__}.{handler.__qualname__}"] = handler
        return handler

    return register


def publish(
    topic: str,
    payload: Mapping[str, Any],
    *,
    order_key: str = "",
    dedupe_key: str | None = None,
    delay: float = 0.0,
    priority: int = 5,
) -> int:
    """Write one entry per subscriber of ``topic``; call inside `writing`. Return how many are new.

    ``payload`` is JSON data (ids, never objects). The same ``dedupe_key`` is stored once per
    subscriber, for ever. ``delay`` is in seconds of the world's clock (an exercise runs faster); a
    lower ``priority`` runs first.
    """
    names = set(_subscribers[topic])
    if dedupe_key is not None:
        rows = OutboxEntry.objects.filter(subscriber__in=names, dedupe_key=dedupe_key)
        names -= set(rows.values_list("subscriber", flat=True))
    made = [
        OutboxEntry(
            topic=topic,
            subscriber=name,
            order_key=order_key,
            dedupe_key=dedupe_key,
            payload=dict(payload),
            priority=priority,
            created_at=clock.now(),
            due_at=time.time() + clock.real_seconds(delay),
        )
        for name in sorted(names)
    ]
    _store(made, dedupe_key)
    return len(made)


def _store(made: list[OutboxEntry], dedupe_key: str | None) -> None:
    """Insert the entries; only the same dedupe key from another process is no error.

    ``ignore_conflicts`` would swallow every other violated rule too, and the event with it.
    """
    if dedupe_key is None:
        OutboxEntry.objects.bulk_create(made)
        return
    OutboxEntry.objects.bulk_create(
        made, update_conflicts=True, unique_fields=_ONCE, update_fields=["dedupe_key"]
    )


def _of(lane: str | None) -> QuerySet[OutboxEntry]:
    """Return what is pending in one lane, or in all."""
    pending = OutboxEntry.everywhere.filter(state=OutboxEntry.PENDING)
    if lane is None:
        return pending
    if lane == Lane.INNER:
        return pending.exclude(topic__in=list(_lanes)) if _lanes else pending
    return pending.filter(topic__in=[topic for topic, own in _lanes.items() if own == lane])


def _ready(moment: float, lane: str | None = None) -> QuerySet[OutboxEntry]:
    """Return entries that may run now, best first: due, not leased, nothing earlier in their order."""
    pending = OutboxEntry.everywhere.filter(state=OutboxEntry.PENDING)
    earlier = pending.filter(
        municipality=OuterRef("municipality"),
        world=OuterRef("world"),
        order_key=OuterRef("order_key"),
        pk__lt=OuterRef("pk"),
    )
    # Subscribers of one topic go their own way; what another topic said before is done before.
    earlier = earlier.filter(Q(subscriber=OuterRef("subscriber")) | ~Q(topic=OuterRef("topic")))
    ready = _of(lane).filter(due_at__lte=moment, leased_until__lt=moment)
    # Asked for nothing that has no order: the search would go through all that is pending.
    return ready.filter(Q(order_key="") | ~Exists(earlier)).order_by("-world", "priority", "pk")


@every_municipality()
def _lease(lane: str | None = None) -> OutboxEntry | None:
    """Take the best entry for this worker, or None; two workers never hold the same one."""
    moment = time.time()
    # What is due may wait for long behind an earlier one; looking for more needs no writer's lock.
    if not _ready(moment, lane).exists():
        return None
    with writing():
        entry = _ready(moment, lane).first()
        if entry is None:
            return None
        return entry if _hold(entry, moment, attempts=F("attempts") + 1) else None


@every_municipality()
def _hold(entry: OutboxEntry, moment: float, **changes: Any) -> bool:
    """Take or lengthen the lease; False when another worker has taken it since we looked."""
    until = moment + LEASE_SECONDS
    rows = OutboxEntry.everywhere.filter(
        pk=entry.pk, state=OutboxEntry.PENDING, leased_until=entry.leased_until
    )
    if not rows.update(leased_until=until, **changes):
        return False
    entry.leased_until = until
    entry.attempts += 1 if changes else 0
    return True


@every_municipality()
def _finish(entry: OutboxEntry, **changes: Any) -> None:
    """Record the outcome of one run; a worker that has lost its lease has no say any more."""
    with writing():
        rows = OutboxEntry.everywhere.filter(pk=entry.pk, leased_until=entry.leased_until)
        if not rows.update(**{"leased_until": 0, **changes}):
            log.warning("outbox entry %s was taken over by another worker", entry.pk)


def _again(entry: OutboxEntry, seconds: float, error: str) -> dict[str, Any]:
    """Schedule another try, or give up after `MOST_ATTEMPTS`."""
    if entry.attempts >= MOST_ATTEMPTS:
        return {"state": OutboxEntry.FAILED, "last_error": error}
    return {"due_at": time.time() + seconds, "last_error": error}


def _run(entry: OutboxEntry) -> dict[str, Any]:
    """Run one leased entry in its own municipality and world; return what to record."""
    handler = _subscribers[entry.topic].get(entry.subscriber)
    if handler is None:
        return {"state": OutboxEntry.FAILED, "last_error": "no such subscriber"}
    try:
        with worlds.entered(entry.municipality, World(entry.world)):
            handler(entry.payload)
    except Permanent as error:
        return {"state": OutboxEntry.FAILED, "last_error": str(error)}
    except Retry as error:
        return _again(entry, error.seconds, str(error))
    except Exception:
        log.exception("outbox entry %s (%s) failed", entry.pk, entry.subscriber)
        wait = BACKOFF_SECONDS[min(entry.attempts - 1, len(BACKOFF_SECONDS) - 1)]
        return _again(entry, wait, traceback.format_exc(limit=8))
    return {"state": OutboxEntry.DONE, "last_error": ""}


def drain(*, most: int = 10_000, lane: str | None = None, keeper: "_Keeper | None" = None) -> int:
    """Run entries that are due until none is left; return how many ran (tests, one-off commands)."""
    done = 0
    while done < most and (entry := _lease(lane)) is not None:
        with keeper.kept(entry) if keeper else contextlib.nullcontext():
            changes = _run(entry)
        _finish(entry, **changes)
        done += 1
    return done


class _Keeper(threading.Thread):
    """Shows that the worker lives and lengthens the lease of what it is at, beside the handler."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(name="outbox-keeper", daemon=True)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self._stop_asked = stop
        self._entries: list[OutboxEntry] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def kept(self, entry: OutboxEntry) -> Iterator[None]:
        """Keep the entry's lease alive while its handler runs."""
        with self._lock:
            self._entries.append(entry)
        try:
            yield
        finally:
            with self._lock:
                self._entries.remove(entry)

    def run(self) -> None:
        """Beat until the worker stops, then take the sign of life away."""
        while not self._stop_asked.is_set():
            self._beat()
            self._stop_asked.wait(BEAT_SECONDS)
        with contextlib.suppress(DatabaseError), writing():
            WorkerBeat.objects.filter(name=self.worker).delete()
        connection.close()

    def _beat(self) -> None:
        moment = time.time()
        try:
            with self._lock, writing():
                at = next((one.pk for one in self._entries), None)
                WorkerBeat.objects.filter(seen_at__lt=moment - 3600).delete()
                WorkerBeat.objects.update_or_create(
                    name=self.worker, defaults={"seen_at": moment, "entry": at}
                )
                for held in self._entries:
                    if held.leased_until < moment + LEASE_SECONDS * 2 / 3:
                        _hold(held, moment)
        except DatabaseError:
            log.exception("outbox worker %s could not show that it lives", self.worker)
            connection.close()


def work(stop: threading.Event, *, idle_seconds: float = 0.1) -> None:
    """Run entries as they become due until ``stop`` is set (the worker process of `sonae serve`)."""
    keeper = _Keeper(stop)
    beside = [
        threading.Thread(
            target=_work_lane, args=(lane, stop, keeper, idle_seconds), name=f"outbox-{lane}"
        )
        for lane in sorted({Lane.APART, Lane.SLOW, *_lanes.values()})
    ]
    keeper.start()
    for thread in beside:
        thread.start()
    log.info("outbox worker %s started", keeper.worker)
    _work_lane(Lane.INNER, stop, keeper, idle_seconds)
    for thread in beside:
        thread.join()
    keeper.join(timeout=BEAT_SECONDS)


def _work_lane(lane: str, stop: threading.Event, keeper: _Keeper, idle_seconds: float) -> None:
    """Run the entries of one lane until ``stop`` is set."""
    while not stop.is_set():
        seen = None
        try:
            close_old_connections()
            seen = _written()
            done = drain(most=100, lane=lane, keeper=keeper)
        except Exception:
            # The database may be restarting, the disk be full: wait, the entries are safe. A lane
            # that ended here would leave a worker that looks alive and does nothing.
            log.exception("outbox worker %s cannot go on and tries again", keeper.worker)
            connection.close()
            done = 0
            stop.wait(1.0)
        if done == 0:
            _rest(lane, stop, seen, idle_seconds)
    connection.close()


def _rest(lane: str, stop: threading.Event, seen: int | None, seconds: float) -> None:
    """Wait until something may have become due: by the clock, or because somebody has written.

    SQLite tells the second for next to nothing (``seen`` is what it said before the last look), so
    that a warning does not wait for the end of a nap and an idle laptop does not look all the time.
    """
    if seen is not None:
        seconds = max(seconds, _until_due(lane))
    end = time.monotonic() + seconds
    # Nobody's plan waits for the lanes beside the inner one: they are several, and glance less often.
    glance = GLANCE_SECONDS if lane == Lane.INNER else 10 * GLANCE_SECONDS
    while not stop.wait(glance if seen is not None else seconds):
        if seen is None or time.monotonic() >= end or _written() != seen:
            return


def _until_due(lane: str) -> float:
    """Return seconds until the clock alone lets an entry of the lane run, at most `NAP_SECONDS`."""
    try:
        first = _of(lane).aggregate(at=Min(Greatest("due_at", "leased_until")))["at"]
    except DatabaseError:
        return 0.0
    return NAP_SECONDS if first is None else min(max(first - time.time(), 0.0), NAP_SECONDS)


def _written() -> int | None:
    """A number that changes whenever another connection has written; None where nothing tells."""
    if connection.vendor != "sqlite" or connection.connection is None:
        return None
    try:
        return int(connection.connection.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error:
        return None


def worker_seen() -> float | None:
    """Return how many seconds ago any worker showed that it lives; None when none ever did."""
    seen = WorkerBeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    return None if seen is None else max(0.0, time.time() - seen)


def unfinished(topics: Collection[str]) -> int:
    """Return how many entries of these topics the world in force has not worked off, due or not."""
    return OutboxEntry.objects.filter(state=OutboxEntry.PENDING, topic__in=topics).count()


@every_municipality()
def waiting(scope: Scope | None = None) -> dict[str, int]:
    """Return how many entries of the scope (default: the one in force) should run now, and failed.

    What is only due later, a reminder of tomorrow, waits for nothing.
    """
    where = scope or current()
    rows = OutboxEntry.everywhere.filter(municipality=where.municipality, world=where.world.value)
    due = rows.filter(state=OutboxEntry.PENDING, due_at__lte=time.time())
    return {"pending": due.count(), "failed": rows.filter(state=OutboxEntry.FAILED).count()}
