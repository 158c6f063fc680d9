"""Lines on which others call us: many connections, one thread that stores (`ports.Link` is for one).

Connections wait until their document is on disk and only then acknowledge it. What the counterpart
sends again because an acknowledgement was lost becomes the same document again.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.domains.warnings.interface import Accepted, Link

WAIT_SECONDS: Final = 60.0
"""A document that is not on disk after this long is not acknowledged."""
SAME: Final = timedelta(minutes=10)
"""The same bytes within this time were sent again, not said again."""
_BEAT: Final = 0.2

Stamp = Callable[[datetime, bytes], bytes]
"""Makes a document of bytes that do not say when they were sent."""


class LineClosed(ConnectionError):
    """The line ends: nothing is stored and nothing may be acknowledged."""


@dataclass
class _Asked:
    raw: bytes
    rehearsal: bool
    stamp: Stamp | None
    answer: Future[Accepted] = field(default_factory=Future)


class Handover:
    """Between the threads of connections and the receiver's own thread (`serve`)."""

    def __init__(self, link: Link) -> None:
        """Take over the progress of an earlier run."""
        self._link = link
        self._queue: queue.Queue[_Asked] = queue.Queue()
        self._closing = threading.Lock()
        self.closed = False
        self._progress: dict[str, Any] = dict(link.progress)
        self._unsaved = self._was_heard = False
        self._trouble = ""

    def hand_in(
        self, raw: bytes, *, rehearsal: bool = False, stamp: Stamp | None = None
    ) -> Accepted:
        """Store one document from any thread; on disk when it returns.

        `LineClosed` or `TimeoutError`: do not acknowledge it.
        """
        asked = _Asked(raw, rehearsal, stamp)
        with self._closing:
            if self.closed:
                raise LineClosed
            self._queue.put(asked)
        return asked.answer.result(WAIT_SECONDS)

    def heard(self) -> None:
        """Note a sign of life, from any thread."""
        self._was_heard = True

    def trouble(self, why: str) -> None:
        """Show staff what a counterpart did wrong, from any thread; it may have chosen the words."""
        self._trouble = why.encode("utf-8", "replace").decode().replace("\0", "")

    def recall(self, name: str) -> Any:
        """Return what was kept under a name, also by an earlier run; None for nothing."""
        return self._progress.get(name)

    def keep(self, name: str, value: Any) -> None:
        """Remember JSON data, from any thread; on disk before the next document is."""
        self._progress = {**self._progress, name: value}
        self._unsaved = True

    def serve(self) -> None:
        """Store what connections hand over until the link is stopped; in the receiver's thread."""
        self._link.ready()
        try:
            while not self._link.stopped():
                self._tell()
                try:
                    asked = self._queue.get(timeout=_BEAT)
                except queue.Empty:
                    continue
                self._take(asked)
            self._tell()
        finally:
            self.close()

    def close(self) -> None:
        """Refuse whatever still waits."""
        with self._closing:
            self.closed = True
        while not self._queue.empty():
            self._queue.get_nowait().answer.set_exception(LineClosed())

    def _tell(self) -> None:
        if self._unsaved:
            self._unsaved = False
            self._link.keep(self._progress)
        if self._was_heard:
            self._was_heard = False
            self._link.heard()
        if self._trouble:
            why, self._trouble = self._trouble, ""
            self._link.trouble(why)

    def _take(self, asked: _Asked) -> None:
        try:
            document = self._document(asked)
            self._tell()
            answer = self._link.hand_in(document, rehearsal=asked.rehearsal)
        except BaseException:
            asked.answer.set_exception(LineClosed())
            raise
        asked.answer.set_result(answer)

    def _document(self, asked: _Asked) -> bytes:
        """Stamp bytes with the moment they were first seen, which is on disk before they are."""
        if asked.stamp is None:
            return asked.raw
        now = clock.SystemClock().now()
        first = {
            key: at
            for key, at in (self.recall("first") or {}).items()
            if timedelta() <= now - datetime.fromisoformat(at) < SAME
        }
        key = f"{hashlib.sha256(asked.raw).hexdigest()}:{int(asked.rehearsal)}"
        if key not in first:
            first[key] = now.isoformat()
            self.keep("first", first)
        return asked.stamp(datetime.fromisoformat(first[key]), asked.raw)
