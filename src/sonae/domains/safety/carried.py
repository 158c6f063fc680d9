"""Events that a terminal could not send, carried in as a sealed file or a row of QR codes (decision 0015).

The envelope is AES-256-GCM under HKDF of the token's hash, which this server keeps and the device can
make: only this city opens it, and only one of its terminals can have sealed it. What is inside goes the
ordinary way (`scans.receive`), so that ids count once however often and by whichever way they come.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.scans import Answer, receive
from sonae.platform import audit, envelopes
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current

MOST_BYTES: Final = 16 * 1024 * 1024
"""Some 20,000 events: weeks of one terminal."""
_PART: Final = 500
_PURPOSE: Final = "sonae outbox 1"
_ASK: Final = "受付端末の「通信が戻らないとき」から、もう一度書き出してください。"


@dataclass(frozen=True)
class Carried:
    """What was carried in: whose, when it was sealed by the device's clock, what became of each event."""

    terminal: Terminal
    made_at: datetime | None
    answers: tuple[Answer, ...]

    def count(self, status: str) -> int:
        """Return how many events were answered so: accepted, duplicate or refused."""
        return sum(one.status == status for one in self.answers)

    @property
    def refused(self) -> list[Answer]:
        """The events that do not count, each with its reason."""
        return [one for one in self.answers if one.error]


def take_carried(actor: Actor, raw: bytes) -> Carried:
    """Open what a terminal sealed and record it; when this returns, everything answered is on disk.

    `SonaeError`: ``unreadable`` (no such file, or cut short), ``not_found`` (no such terminal here),
    ``conflict`` (of the other world), ``forged`` (sealed by nobody whom we know, or changed).
    """
    require(actor, Audience.RECEPTION)
    outer = _envelope(raw)
    terminal = _terminal(outer)
    content = _opened(outer, terminal)
    events = content.get("events")
    if not isinstance(events, list) or content.get("shelter") != terminal.facility.public_id:
        raise SonaeError("unreadable", "書き出された記録の中身を読めません。", _ASK)
    answers: list[Answer] = []
    for start in range(0, len(events), _PART):
        # Without the time of sending: the way on foot took hours, and says nothing of the clock.
        answers += receive(terminal, events[start : start + _PART])
    with writing():
        audit.record(actor.id, "outbox_carried", terminal.code, events=len(events))
    return Carried(terminal, _moment(content.get("made_at")), tuple(answers))


def _envelope(raw: bytes) -> dict[str, Any]:
    """Return the outer object of the file."""
    if len(raw) > MOST_BYTES:
        raise SonaeError("too_large", f"{MOST_BYTES // 1024 // 1024} MBまでのファイルを読めます。")
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("sonae") != "outbox" or found.get("v") != 1:
        raise SonaeError("unreadable", "受付端末が書き出したファイルではありません。", _ASK)
    return found


def _terminal(outer: dict[str, Any]) -> Terminal:
    """Return whose file it is; one that was stopped since may have sealed it before."""
    code = outer.get("terminal")
    rows = Terminal.objects.select_related("facility")
    found = rows.filter(code=code).first() if isinstance(code, str) and "\0" not in code else None
    if found is None:
        raise SonaeError("not_found", "この市の受付端末のファイルではありません。")
    if outer.get("world") != current().world.value:
        raise SonaeError(
            "conflict",
            "訓練と本番の記録は混ぜられません。",
            "書き出した端末と同じ側（訓練か本番）の画面で取り込んでください。",
        )
    return found


def _opened(outer: dict[str, Any], terminal: Terminal) -> dict[str, Any]:
    """Return what is sealed inside."""
    bound = f"sonae outbox 1 {terminal.code} {current().world.value}"
    found = envelopes.opened(envelopes.key_for(terminal.token_hash, _PURPOSE), bound, outer)
    if found is None:
        raise SonaeError(
            "forged",
            "このファイルは開けません。途中で切れたか、変えられたか、端末が登録し直されています。",
            _ASK,
        )
    return found


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
