"""Reception terminals (受付端末): enrol, find by token, revoke."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety.models import Terminal
from sonae.domains.shelters.interface import Facility
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import current_municipality

EDGE: Final = "edge"
"""The purpose (`fleet.PURPOSES`) of a terminal that is an edge node."""
_TTL_SECONDS = 30.0
_SEEN_EVERY = timedelta(seconds=60)
_known: dict[tuple[str, str], tuple[float, Terminal | None]] = {}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def enrol_terminal(
    shelter: str, name: str, *, purpose: str = "desk", actor: Actor = SYSTEM
) -> tuple[Terminal, str]:
    """Enrol a terminal for a facility (its public id); return it and its token, shown only now."""
    require(actor, Audience.ADMINISTRATOR)
    facility = Facility.objects.filter(public_id=shelter).first()
    if facility is None:
        raise SonaeError(
            "not_found",
            f"施設ID {shelter} は登録されていません。",
            "施設IDは、避難所の一覧を取り込んだ表の最初の列（public_id）です。",
        )
    token = secrets.token_urlsafe(32)
    with writing():
        take_turn("terminals", every_world=True)
        number = (
            max(
                (_number(code) for code in Terminal.objects.values_list("code", flat=True)),
                default=0,
            )
            + 1
        )
        row = Terminal.objects.create(
            code=f"T{number:03d}",
            name=name[:60],
            purpose=purpose,
            facility=facility,
            token_hash=_hash(token),
            enrolled_at=clock.now(),
        )
        audit.record(actor.id, "terminal_enrolled", row.code, shelter=shelter)
    return row, token


def _number(code: str) -> int:
    return int(code[1:]) if code[1:].isdecimal() else 0


def terminal_by_token(token: str) -> Terminal | None:
    """Return the terminal of a token, or None when unknown or revoked; remembered for 30 s."""
    key = (current_municipality(), _hash(token))
    held = _known.get(key)
    if held is not None and time.monotonic() - held[0] < _TTL_SECONDS:
        return held[1]
    rows = Terminal.objects.select_related("facility")
    found = rows.filter(token_hash=key[1], revoked_at=None).first()
    if len(_known) > 5000:
        _known.clear()
    _known[key] = (time.monotonic(), found)
    return found


def refuse_edge(terminal: Terminal) -> None:
    """Refuse with ``forbidden`` an edge node where records are made: it carries those of others."""
    if terminal.purpose == EDGE:
        raise SonaeError(
            "forbidden",
            "中継機は、受付の記録を自分では送れません。",
            "受付に使う端末は、災害対策本部で、用途を「受付」にして登録してください。",
        )


def touch(terminal: Terminal, told: Mapping[str, Any] | None = None) -> None:
    """Note that a terminal was heard of and what it ``told`` of itself (`fleet.read_status`).

    At most once a minute, or when its box empties or fills: a silent desk must be noticed, and nobody
    may go home while a tablet still holds records.
    """
    now, facts = clock.SystemClock().now(), dict(told or {})
    recent = terminal.last_seen_at is not None and now - terminal.last_seen_at < _SEEN_EVERY
    box = facts.get("waiting", terminal.waiting)
    wiped = "wiped_at" in facts or terminal.wiped_at is not None
    if recent and not wiped and bool(box) == bool(terminal.waiting):
        return
    facts["last_seen_at"] = now
    if "wiped_at" in facts:
        facts["wiped_at"] = now  # heard of once more after that, it is not what it said
    for name, value in facts.items():
        setattr(terminal, name, value)
    with writing():
        Terminal.objects.filter(pk=terminal.pk).update(**facts)


def terminals() -> list[Terminal]:
    """Return all terminals with their facilities, revoked ones included, by code."""
    return list(Terminal.objects.select_related("facility").order_by("code"))


def forget_known() -> None:
    """Read every terminal anew at its next call, in this process; others do so within 30 s."""
    _known.clear()


def revoke_terminal(code: str, *, actor: Actor) -> bool:
    """End a terminal's access (within 30 s in every process); whether there was one to end."""
    require(actor, Audience.OPERATOR)
    with writing():
        live = Terminal.objects.filter(code=code, revoked_at=None)
        ended = live.update(revoked_at=clock.now()) > 0
        if ended:
            audit.record(actor.id, "terminal_revoked", code)
    forget_known()
    return ended
