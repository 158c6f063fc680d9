"""Handing things over by HTTP: pooled connections, no redirects, a clear end to every wait.

Each channel turns the answer into an outcome; what all have in common is here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final

import urllib3

from sonae.core import clock

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
MOST_BYTES: Final = 64 * 1024
"""Of an answer: what counts is its status and a line of words."""
LONGEST_WAIT: Final = 900.0
_AGENT: Final = "Sonae (disaster response of a city hall)"


class Unreachable(Exception):
    """No answer: refused, too slow, or broken off on the way. It may or may not have been taken."""


@dataclass(frozen=True)
class Answer:
    """What the other side said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def words(self) -> str:
        """The beginning of what was said, on one line, for people."""
        said = " ".join(self.body.decode("utf-8", "replace").split())[:120]
        return f"{self.status} {said}".strip()

    @property
    def wait(self) -> float:
        """Seconds that the other side asks us to wait (Retry-After), 0 when it says nothing readable."""
        told = self.headers.get("retry-after", "").strip()
        if told.isdecimal():
            return min(float(told), LONGEST_WAIT)
        try:
            until: datetime = parsedate_to_datetime(told)
        except (TypeError, ValueError):
            return 0.0
        if until.tzinfo is None:
            return 0.0
        return min(max((until - clock.SystemClock().now()).total_seconds(), 0.0), LONGEST_WAIT)


@cache
def _pool() -> urllib3.PoolManager:
    """The connections of this process; urllib3 opens dead ones anew and checks certificates."""
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS)
    return urllib3.PoolManager(
        num_pools=32, maxsize=64, timeout=timeout, retries=False, headers={"User-Agent": _AGENT}
    )


def send(method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Ask once; `Unreachable` without an answer. Nothing is followed and nothing tried again here."""
    try:
        answer = _pool().request(
            method, address, body=body, headers={"User-Agent": _AGENT, **headers},
            redirect=False, preload_content=False,
        )  # fmt: skip
        try:
            said = _begun(answer)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{type(error).__name__}: {error}"[:160]) from error
    found = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, found, said)


def _begun(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Return the beginning of what is said; whoever says too much, or too slowly, is hung up on.

    What was read to its end leaves the connection to the next request. The time-out of the socket
    counts from byte to byte: against somebody who lets them drip only a clock of our own helps.
    """
    said, until = b"", time.monotonic() + ANSWER_SECONDS
    while len(said) < MOST_BYTES and time.monotonic() < until:
        more = answer.read1(MOST_BYTES - len(said))
        if not more:
            return said
        said += more
    answer.close()
    return said
