"""Polling an index that names documents: asked with its validators, each document fetched once.

What ``jma-feed`` and ``cap-feed`` share. Addresses that pull the same files again and again have
been blocked, and a document that came in half must not count as received.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.domains.warnings.interface import Link
from sonae.gateways.inputs.web import Answered, Half, Host, Page

MOST_SEEN: Final = 20_000
"""Documents remembered by their key: more than any index holds."""
MOST_TRIES: Final = 3
_GONE: Final = frozenset({404, 410})


@dataclass(frozen=True)
class Entry:
    """One document that an index names; ``key`` tells it from all others, also from its next edition."""

    key: str
    link: str
    updated: str = ""


@dataclass
class Memory:
    """What a receiver knows of earlier polls; kept over restarts."""

    seen: dict[str, None] = field(default_factory=dict)
    validators: dict[str, tuple[str, str]] = field(default_factory=dict)
    polled_at: str = ""
    tries: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, progress: Mapping[str, Any]) -> Memory:
        """What `Link.keep` stored."""
        validators = {k: (v[0], v[1]) for k, v in progress.get("validators", {}).items()}
        return cls(
            dict.fromkeys(progress.get("seen", ())), validators, progress.get("polled_at", "")
        )

    def as_progress(self) -> dict[str, Any]:
        """What to keep: the newest keys only."""
        seen = list(self.seen)[-MOST_SEEN:]
        return {"seen": seen, "validators": self.validators, "polled_at": self.polled_at}


def read_index(
    link: Link,
    host: Host,
    memory: Memory,
    name: str,
    take: Callable[[Page], bool],
) -> None:
    """Ask for one index; an unchanged one is a sign of life.

    ``take`` does with a new one what is to be done, and says whether all of it is received: only
    then its validators are remembered.
    """
    if link.stopped():
        return
    etag, modified = memory.validators.get(name, ("", ""))
    page = host.get(name, etag, modified)
    link.heard()
    if page.status != 304 and take(page):
        memory.validators[name] = (page.etag, page.modified)


def fetch_new(link: Link, host: Host, memory: Memory, entries: Iterable[Entry]) -> bool:
    """Fetch what nobody has yet, oldest first; whether everything is received.

    One document that the server refuses does not hold up the others; it is raised after them.
    """
    complete, refused = True, None
    for entry in sorted(entries, key=lambda one: one.updated):
        if entry.key not in memory.seen:
            try:
                complete &= not link.stopped() and _fetch(link, host, memory, entry)
            except Answered as answer:
                refused = refused or answer
    if refused is not None:
        raise refused
    return complete


def _fetch(link: Link, host: Host, memory: Memory, entry: Entry) -> bool:
    """Hand one document in; False when it came in half and will be fetched again.

    One that stays broken is handed in as it is: kept, and shown to a person.
    """
    try:
        body = host.get(entry.link).body
        broken = not body.rstrip().endswith(b">")
    except Half:
        body, broken = b"", True
    except Answered as answer:
        if answer.status not in _GONE:
            raise
        body, broken = entry.link.encode(), True
    except SonaeError as error:
        if error.code != "foreign_host":
            raise
        body, broken = entry.link.encode(), False
    tries = memory.tries.get(entry.key, 0) + 1
    if broken and tries < MOST_TRIES:
        memory.tries[entry.key] = tries
        return False
    link.hand_in(body)
    memory.tries.pop(entry.key, None)
    memory.seen[entry.key] = None
    return True
