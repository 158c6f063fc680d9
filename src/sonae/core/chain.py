"""The hash chain of the audit (監査記録): how a record is sealed, and where a chain is first broken.

Pure, so that anybody can check an exported chain without our database or server: each record's hash
covers its content and its predecessor's hash. Whoever rewrites a chain from some record to its end
makes a chain that holds; only a head that was noted elsewhere shows that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What the first record names as its predecessor's hash."""
FIELDS: Final = (
    "municipality", "world", "sequence", "at", "actor", "action", "target", "detail",
    "previous_hash", "hash",
)  # fmt: skip
"""What a record consists of; ``at`` an aware ISO 8601 time with its microseconds."""
_EXACT: Final = 2**53


@dataclass(frozen=True)
class Head:
    """The newest record of a chain: keep it elsewhere, and a chain cut short will show."""

    sequence: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        """``sequence:hash``."""
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def read(cls, text: str) -> Head | None:
        """Read a head as it is printed; None for anything else."""
        sequence, _colon, digest = text.strip().partition(":")
        plain = sequence.isascii() and sequence.isdecimal() and len(sequence) < 16
        known = len(digest) == 64 and set(digest) <= set("0123456789abcdef")
        return cls(int(sequence), digest) if plain and known else None


@dataclass(frozen=True)
class Broken:
    """The first record that does not fit: the number it should have, why, and what it says itself.

    ``why``: ``missing`` (a record is not there, or one too many), ``moved`` (it follows another one),
    ``altered`` (its content is not what was sealed), ``foreign`` (of another city), ``unreadable``.
    """

    sequence: int
    why: str
    at: str = ""
    actor: str = ""
    action: str = ""


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


def digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's content and its predecessor's hash, in hex.

    ``at`` may be an aware datetime or its ISO text. `ValueError`, `TypeError`, `KeyError` or
    `OverflowError` for what is no record.
    """
    at = record["at"]
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("no time, or one without an offset")
    content = [
        record["municipality"], record["world"], record["sequence"], moment.timestamp(),
        record["actor"], record["action"], record["target"], _plain(record["detail"]),
        record["previous_hash"],
    ]  # fmt: skip
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def check(
    records: Iterable[Mapping[str, Any]], after: Head | None = None
) -> tuple[Head, Broken | None]:
    """Walk a chain in its order, from the beginning or ``after`` a head noted before.

    Return the last record that fits and the first that does not (None: all fit).
    """
    last, city = after or Head(), None
    for record in records:
        why = _wrong(record, last, city)
        if why:
            told = [str(record.get(name, ""))[:120] for name in ("at", "actor", "action")]
            return last, Broken(last.sequence + 1, why, *told)
        city = record["municipality"]
        last = Head(record["sequence"], record["hash"])
    return last, None


def _wrong(record: Mapping[str, Any], last: Head, city: str | None) -> str:
    """Return why a record cannot follow ``last``, empty when it can."""
    if any(name not in record for name in FIELDS):
        return "unreadable"
    if city is not None and record["municipality"] != city:
        return "foreign"
    if record["sequence"] != last.sequence + 1 or isinstance(record["sequence"], bool):
        return "missing"
    try:
        sealed = digest(record)
    except (ValueError, TypeError, KeyError, OverflowError):
        return "unreadable"
    if record["hash"] != sealed:
        # A rewritten predecessor shows in both; whose content is whole was only put elsewhere.
        return "altered"
    return "" if record["previous_hash"] == last.hash else "moved"
