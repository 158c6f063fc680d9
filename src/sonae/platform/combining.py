"""Writers that wait for the same lock write together: one transaction, one fsync, for all of them.

A database on disk commits some hundred times a second however small the transactions are. While one
thread commits, those that come after it queue up; the first of them then writes for all. Nobody
waits on purpose: alone, a writer writes at once.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from sonae.platform.db import inside_transaction, writing
from sonae.platform.scope import Scope, current

T = TypeVar("T")
R = TypeVar("R")

MOST_TOGETHER: Final = 2000
"""Items of one shared transaction: what others wait for stays short."""


@dataclass(eq=False)
class _Job(Generic[T, R]):
    """One caller's batch and, once it is written, its results or what went wrong."""

    batch: Sequence[T]
    done: bool = False
    results: list[R] = field(default_factory=list)
    error: Exception | None = None


class _Lane(Generic[T, R]):
    """The callers of one scope: who waits, and whose turn it is."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn = threading.Lock()
        self.waiting: list[_Job[T, R]] = []

    def next_jobs(self, own: _Job[T, R]) -> list[_Job[T, R]]:
        """The caller's job and those that wait with it, up to `MOST_TOGETHER` items."""
        chosen, size = [own], len(own.batch)
        with self.lock:
            for job in self.waiting:
                if job is not own and size + len(job.batch) <= MOST_TOGETHER:
                    chosen.append(job)
                    size += len(job.batch)
        return chosen

    def leave(self) -> None:
        """Forget the jobs that are done."""
        with self.lock:
            self.waiting = [job for job in self.waiting if not job.done]


class Together(Generic[T, R]):
    """Wraps ``write(batch) -> results`` (one per item, in order; idempotent), and opens its transaction.

    Calling it behaves like ``write``, and batches that wait in threads of one process and one scope
    become one call. When that fails, each caller writes its own alone, so that only the one whose
    batch it is hears of its error. Inside a transaction it writes at once, as part of that transaction.
    """

    def __init__(self, write: Callable[[Sequence[T]], list[R]]) -> None:
        """Keep the function that writes."""
        self._write = write
        self._lanes: defaultdict[Scope, _Lane[T, R]] = defaultdict(_Lane)

    def __call__(self, batch: Sequence[T]) -> list[R]:
        """Write the batch, perhaps with others; return its results once they are on disk."""
        if inside_transaction():
            return self._write(batch)
        lane, own = self._lanes[current()], _Job[T, R](batch)
        with lane.lock:
            lane.waiting.append(own)
        with lane.turn:
            if not own.done:
                self._serve(lane, own)
        if own.error is not None:
            raise own.error
        return own.results

    def _serve(self, lane: _Lane[T, R], own: _Job[T, R]) -> None:
        """Write for everyone who waits; when that fails, only for the caller."""
        try:
            try:
                self._all_at_once(lane, own)
            except Exception:
                self._alone(own)
        finally:
            lane.leave()

    def _all_at_once(self, lane: _Lane[T, R], own: _Job[T, R]) -> None:
        """Write all jobs as one batch, those included that came while we waited for the lock."""
        with writing():
            jobs = lane.next_jobs(own)
            results = iter(self._write([item for job in jobs for item in job.batch]))
        for job in jobs:
            job.results = [next(results) for _ in job.batch]
            job.done = True

    def _alone(self, job: _Job[T, R]) -> None:
        """Write one job; what goes wrong is for its caller."""
        try:
            with writing():
                job.results = self._write(job.batch)
        except Exception as error:
            job.error = error
        job.done = True
