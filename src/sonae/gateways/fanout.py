"""Telling many, a few at once: outcomes in small groups, a rate that is kept, a busy counterpart left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final

from sonae.domains.messages.interface import Handed, Recipient
from sonae.platform.outbox import Permanent, Retry

GROUP: Final = 25
"""Deliveries stored together: at most so many, and those under way, go again after a kill -9."""
MOST_BUSY: Final = 10
"""So many busy answers of one counterpart, and nobody else of it is tried for now."""
RETRY_SECONDS: Final = 30.0


class Fan:
    """One try for every recipient of a parcel. ``tell`` runs in several threads and knows no database."""

    def __init__(
        self,
        at_once: int,
        per_second: float = 0.0,
        halt: threading.Event | None = None,
        of: Callable[[Recipient], str] = lambda _one: "",
    ) -> None:
        """``at_once`` connections; ``per_second`` requests at most, 0 for as many as go.

        ``halt``: once it is set nobody else is asked (`Parcel.halt`). ``of``: the counterpart that a
        recipient is told through, where there are several.
        """
        self._of = of
        self._halt = halt or threading.Event()
        self._at_once, self._gap = at_once, 1 / per_second if per_second else 0.0
        self._waits: dict[str, list[float]] = {}
        self._why = ""
        self._stop: Permanent | None = None
        self._turn, self._next = threading.Lock(), 0.0

    def later(self, one: Recipient, seconds: float, why: str) -> None:
        """Note that somebody could not be served yet, and how long the counterpart asks us to wait."""
        self._why = why
        self._waits.setdefault(self._of(one), []).append(seconds)

    def end(self, why: str) -> None:
        """Note that the counterpart refuses us altogether."""
        self._stop = Permanent(why)

    def turn(self) -> None:
        """Wait until the next request may go out, so that the agreed rate is kept."""
        if not self._gap:
            return
        with self._turn:
            at = max(self._next, time.monotonic())
            self._next = at + self._gap
        time.sleep(max(0.0, at - time.monotonic()))

    def _over(self, one: Recipient) -> bool:
        """Tell whether somebody is not to be asked now: what is under way is still waited for."""
        busy = len(self._waits.get(self._of(one), ())) >= MOST_BUSY
        return bool(self._stop) or busy or self._halt.is_set()

    def told(
        self, recipients: Sequence[Recipient], tell: Callable[[Recipient], Handed | None]
    ) -> Iterator[list[Handed]]:
        """Tell everybody; yield outcomes as they are known (None of ``tell``: not settled).

        `Retry` at the end when somebody could not be served yet, `Permanent` when the counterpart
        refuses us; what is known was yielded before.
        """

        def ask(one: Recipient) -> Handed | None:
            return None if self._over(one) else tell(one)

        with ThreadPoolExecutor(self._at_once) as pool:
            asked = [pool.submit(ask, one) for one in recipients]
            yield from _grouped(one.result() for one in as_completed(asked))
        if self._stop:
            raise self._stop
        if self._waits:
            asked_for = (seconds for waits in self._waits.values() for seconds in waits)
            raise Retry(max(RETRY_SECONDS, *asked_for), self._why)


def _grouped(outcomes: Iterator[Handed | None]) -> Iterator[list[Handed]]:
    done: list[Handed] = []
    for one in outcomes:
        if one is not None:
            done.append(one)
        if len(done) >= GROUP:
            yield done
            done = []
    if done:
        yield done
