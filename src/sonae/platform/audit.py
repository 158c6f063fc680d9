"""The hash-chained audit (監査記録): who did what, when; any later change shows.

Each entry's hash covers the previous one, so that removing or altering a record breaks the chain
at a place `verify` names (`core.chain`, which checks exported chains as well).
"""

from collections.abc import Iterator
from typing import Any

from sonae.core import chain, clock
from sonae.core.chain import GENESIS, Broken, Head
from sonae.platform.db import take_turn, writing
from sonae.platform.models import AuditEntry
from sonae.platform.scope import current_municipality, every_municipality

__all__ = ["GENESIS", "Broken", "Head", "head", "holds", "lines", "record", "verify", "walk"]


def _content(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as a record of the chain."""
    return {name: getattr(entry, name) for name in chain.FIELDS}


def record(actor: str, action: str, target: str = "", **detail: Any) -> AuditEntry:
    """Append one act to the chain of the municipality in force; joins the caller's transaction."""
    with writing():
        take_turn("audit", every_world=True)
        last = (
            AuditEntry.everywhere.filter(municipality=current_municipality())
            .order_by("-sequence")
            .first()
        )
        entry = AuditEntry(
            sequence=last.sequence + 1 if last else 1,
            at=clock.now(),
            actor=actor,
            action=action,
            target=target,
            detail=detail,
            previous_hash=last.hash if last else GENESIS,
        )
        entry.hash = chain.digest(_content(entry))
        entry.save()
    return entry


@every_municipality()
def head(municipality: str) -> Head:
    """Return the newest record of a municipality's chain (sequence 0 when there is none)."""
    last = AuditEntry.everywhere.filter(municipality=municipality).order_by("-sequence").first()
    return Head(last.sequence, last.hash) if last else Head()


@every_municipality()
def holds(municipality: str, kept: Head) -> bool:
    """Tell whether the chain still has the record that was its head when it was noted."""
    if kept.sequence == 0:
        return kept.hash == GENESIS
    rows = AuditEntry.everywhere.filter(municipality=municipality, sequence=kept.sequence)
    return rows.filter(hash=kept.hash).exists()


def _records(municipality: str, after: int = 0) -> Iterator[dict[str, Any]]:
    rows = AuditEntry.everywhere.filter(municipality=municipality, sequence__gt=after)
    return map(_content, rows.order_by("sequence").iterator(chunk_size=5000))


@every_municipality()
def walk(municipality: str) -> tuple[Head, Broken | None]:
    """Return the last record that fits the chain, and the first that does not (None: all do)."""
    # Numbers below the first are asked for too: none of them may stand before it.
    return chain.check(_records(municipality, after=-(2**62)))


def verify(municipality: str) -> Broken | None:
    """Return the first record that does not fit the chain and why, or None if all do."""
    return walk(municipality)[1]


def lines(municipality: str, after: int = 0) -> Iterator[dict[str, Any]]:
    """Give the records after a number as JSON data, for a copy that is kept and checked elsewhere."""
    with every_municipality():
        for one in _records(municipality, after):
            yield {**one, "at": one["at"].isoformat()}
