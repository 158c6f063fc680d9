"""The hash-chained audit (監査記録): who did what, when; any later change shows.

Each entry's hash covers the previous one, so that removing or altering a record breaks the chain
at a place `verify` names.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sonae.core import clock
from sonae.platform.db import take_turn, writing
from sonae.platform.models import AuditEntry
from sonae.platform.scope import current_municipality, every_municipality

GENESIS = "0" * 64


_EXACT = 2**53


def _plain(value: Any) -> Any:
    """Return JSON data with one spelling per number: PostgreSQL gives 1e16 back as an integer."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if abs(value) > _EXACT:
        return repr(float(value))
    return int(value) if value == int(value) else value


def _digest(entry: AuditEntry) -> str:
    """Return the SHA-256 of the entry's content and its predecessor's hash, in hex."""
    content = [
        entry.municipality, entry.world, entry.sequence, entry.at.timestamp(),
        entry.actor, entry.action, entry.target, _plain(entry.detail), entry.previous_hash,
    ]  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
        entry.hash = _digest(entry)
        entry.save()
    return entry


@dataclass(frozen=True)
class Head:
    """The newest record of a chain: keep it elsewhere, and a chain cut short will show."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        """``sequence:hash``."""
        return f"{self.sequence}:{self.hash}"


@every_municipality()
def head(municipality: str) -> Head:
    """Return the newest record of a municipality's chain (sequence 0 when there is none)."""
    last = AuditEntry.everywhere.filter(municipality=municipality).order_by("-sequence").first()
    return Head(last.sequence, last.hash) if last else Head(0, GENESIS)


@every_municipality()
def holds(municipality: str, kept: Head) -> bool:
    """Tell whether the chain still has the record that was its head when it was noted."""
    if kept.sequence == 0:
        return kept.hash == GENESIS
    rows = AuditEntry.everywhere.filter(municipality=municipality, sequence=kept.sequence)
    return rows.filter(hash=kept.hash).exists()


@every_municipality()
def verify(municipality: str) -> int | None:
    """Return the sequence of the first record that does not fit the chain, or None if all do."""
    previous, expected = GENESIS, 1
    rows = AuditEntry.everywhere.filter(municipality=municipality).order_by("sequence")
    for entry in rows.iterator(chunk_size=5000):
        fits = entry.sequence == expected and entry.previous_hash == previous
        if not fits or entry.hash != _digest(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    return None
