"""The hash-chained audit (監査記録): who did what, when; any later change shows.

Each entry's hash covers the previous one, so that removing or altering a record breaks the chain
at a place `verify` names.
"""

import hashlib
import json
from typing import Any

from sonae.core import clock
from sonae.platform.db import writing
from sonae.platform.models import AuditEntry
from sonae.platform.scope import current_municipality

GENESIS = "0" * 64


def _digest(entry: AuditEntry) -> str:
    """Return the SHA-256 of the entry's content and its predecessor's hash, in hex."""
    content = [
        entry.municipality, entry.world, entry.sequence, entry.at.timestamp(),
        entry.actor, entry.action, entry.target, entry.detail, entry.previous_hash,
    ]  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def record(actor: str, action: str, target: str = "", **detail: Any) -> AuditEntry:
    """Append one act to the chain of the municipality in force; joins the caller's transaction."""
    with writing():
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
