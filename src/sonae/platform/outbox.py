"""The one outbox: whatever must still happen after a commit, inner events and hand-overs alike.

`publish` writes one entry per subscriber in the caller's transaction, so that a fact and its
consequences are on disk together. `work` leases entries, runs their handler outside any
transaction and records the outcome; a crash only means that the lease runs out. Handlers run at
least once and must be idempotent. Entries with the same order key run one after the other.
"""

import logging
import os
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef
from django.db.models.query import QuerySet

from sonae.core import clock
from sonae.platform import worlds
from sonae.platform.db import writing
from sonae.platform.models import OutboxEntry
from sonae.platform.scope import Scope, World, current

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], None]

LEASE_SECONDS = 120.0
BACKOFF_SECONDS = (0.0, 5.0, 15.0, 60.0, 300.0)
MOST_ATTEMPTS = 50

_subscribers: dict[str, dict[str, Handler]] = defaultdict(dict)


class Permanent(Exception):
    """Raised by a handler when trying again cannot help: the entry fails and is shown to staff."""


class Retry(Exception):
    """Raised by a handler to be run again after ``seconds`` (a busy or slow counterpart)."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        """Remember how long to wait, in seconds, and why."""
        super().__init__(reason or f"again in {seconds:g} s")
        self.seconds = seconds


def subscribe(topic: str) -> Callable[[Handler], Handler]:
    """Register the decorated function as a subscriber of ``topic``, named by its import path."""

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
    """Write one entry per subscriber of ``topic``; call inside `writing`. Return how many.

    ``payload`` is JSON data (ids, never objects). The same ``dedupe_key`` is stored once per
    subscriber. ``delay`` is in seconds; a lower ``priority`` runs first.
    """
    rows = [
        OutboxEntry(
            topic=topic,
            subscriber=name,
            order_key=order_key,
            dedupe_key=dedupe_key,
            payload=dict(payload),
            priority=priority,
            created_at=clock.now(),
            due_at=time.time() + delay,
        )
        for name in _subscribers[topic]
    ]
    OutboxEntry.objects.bulk_create(rows, ignore_conflicts=dedupe_key is not None)
    return len(rows)


def _ready(moment: float) -> QuerySet[OutboxEntry]:
    """Return entries that may run now, best first: due, not leased, nothing earlier in their order."""
    pending = OutboxEntry.everywhere.filter(state=OutboxEntry.PENDING)
    earlier = pending.filter(
        municipality=OuterRef("municipality"),
        world=OuterRef("world"),
        subscriber=OuterRef("subscriber"),
        order_key=OuterRef("order_key"),
        pk__lt=OuterRef("pk"),
    ).exclude(order_key="")
    ready = pending.filter(due_at__lte=moment, leased_until__lt=moment)
    return ready.exclude(Exists(earlier)).order_by("priority", "pk")


def _lease() -> OutboxEntry | None:
    """Take the best entry for this worker, or None; two workers never hold the same one."""
    moment = time.time()
    if not OutboxEntry.everywhere.filter(
        state=OutboxEntry.PENDING, due_at__lte=moment, leased_until__lt=moment
    ).exists():
        return None
    with writing():
        entry = _ready(moment).first()
        if entry is None:
            return None
        taken = OutboxEntry.everywhere.filter(pk=entry.pk, leased_until=entry.leased_until).update(
            leased_until=moment + LEASE_SECONDS, attempts=F("attempts") + 1
        )
        entry.attempts += 1
        return entry if taken else None


def _finish(entry: OutboxEntry, **changes: Any) -> None:
    """Record the outcome of one run."""
    with writing():
        OutboxEntry.everywhere.filter(pk=entry.pk).update(**{"leased_until": 0, **changes})


def _again(entry: OutboxEntry, seconds: float, error: str) -> None:
    """Schedule another try, or give up after `MOST_ATTEMPTS`."""
    if entry.attempts >= MOST_ATTEMPTS:
        _finish(entry, state=OutboxEntry.FAILED, last_error=error)
        return
    _finish(entry, due_at=time.time() + seconds, last_error=error)


def _run(entry: OutboxEntry) -> None:
    """Run one leased entry in its own municipality and world and record the outcome."""
    handler = _subscribers[entry.topic].get(entry.subscriber)
    if handler is None:
        _finish(entry, state=OutboxEntry.FAILED, last_error="no such subscriber")
        return
    try:
        with worlds.entered(entry.municipality, World(entry.world)):
            handler(entry.payload)
    except Permanent as error:
        _finish(entry, state=OutboxEntry.FAILED, last_error=str(error))
    except Retry as error:
        _again(entry, error.seconds, str(error))
    except Exception:
        log.exception("outbox entry %s (%s) failed", entry.pk, entry.subscriber)
        wait = BACKOFF_SECONDS[min(entry.attempts, len(BACKOFF_SECONDS) - 1)]
        _again(entry, wait, traceback.format_exc(limit=8))
    else:
        _finish(entry, state=OutboxEntry.DONE, last_error="")


def drain(*, most: int = 10_000) -> int:
    """Run entries that are due until none is left; return how many ran (tests, one-off commands)."""
    done = 0
    while done < most and (entry := _lease()) is not None:
        _run(entry)
        done += 1
    return done


def work(stop: threading.Event, *, idle_seconds: float = 0.1) -> None:
    """Run entries as they become due until ``stop`` is set (the worker process of `sonae serve`)."""
    log.info("outbox worker %s started", os.getpid())
    while not stop.is_set():
        if drain(most=100) == 0:
            stop.wait(idle_seconds)


def waiting(scope: Scope | None = None) -> dict[str, int]:
    """Return how many entries are in each state for the scope (default: the one in force)."""
    where = scope or current()
    rows = OutboxEntry.everywhere.filter(municipality=where.municipality, world=where.world.value)
    return {state: rows.filter(state=state).count() for state in ("pending", "failed")}
