"""Events that a terminal could not send, in the form sealed for the city when each was made (decision 0015).

Each is AES-256-GCM under a key made of the token's hash, which this server keeps and the device has under its
PIN: so one of the city's terminals made it. That is sealed to the server's public key: so nobody else opens
it, the device itself not without its PIN. They come as a file, as a row of QR codes, or from a device that
was enrolled anew; what is inside goes the ordinary way (`scans.receive`), so that ids count once however
often and by whichever way they come.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sonae.core.errors import SonaeError
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.scans import Answer, receive
from sonae.platform import audit, envelopes, sealing
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current

MOST_BYTES: Final = 16 * 1024 * 1024
"""Some 20,000 events: weeks of one terminal."""
_PART: Final = 500
_INFO: Final = "sonae outbox 2"
_PURPOSE: Final = "outbox"
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
    made = take_left(raw)
    with writing():
        audit.record(actor.id, "outbox_carried", made.terminal.code, events=len(made.answers))
    return made


def take_left(raw: bytes) -> Carried:
    """Do the same for a device that was enrolled anew; whoever calls it knows that it is one of ours."""
    outer = _envelope(raw)
    terminal, sealed = _terminal(outer), outer.get("events")
    if not isinstance(sealed, list) or not sealed:
        raise SonaeError("unreadable", "書き出された記録の中身を読めません。", _ASK)
    carry = envelopes.key_for(terminal.token_hash, _INFO)
    events = [_opened(one, terminal, carry) for one in sealed]
    if not any(events):
        raise SonaeError(
            "forged",
            "このファイルは開けません。途中で切れたか、変えられたか、別の市の端末のものです。",
            _ASK,
        )
    known, answers = [one for one in events if one is not None], list[Answer]()
    for start in range(0, len(known), _PART):
        # Without the time of sending: the way on foot took hours, and says nothing of the clock.
        answers += receive(terminal, known[start : start + _PART])
    answers += [Answer(None, "refused", "forged")] * (len(events) - len(known))
    return Carried(terminal, _moment(outer.get("made_at")), tuple(answers))


def sealing_jwk() -> dict[str, str]:
    """Return the public key as a JWK to which terminals seal what they record."""
    x, y = (envelopes.encoded(one) for one in sealing.letter_key(_PURPOSE))
    return {"kty": "EC", "crv": "P-256", "use": "enc", "kid": x[:12], "x": x, "y": y}


def _envelope(raw: bytes) -> dict[str, Any]:
    """Return the outer object of the file."""
    if len(raw) > MOST_BYTES:
        raise SonaeError("too_large", f"{MOST_BYTES // 1024 // 1024} MBまでのファイルを読めます。")
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("sonae") != "outbox" or found.get("v") != 2:
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


def _opened(sealed: object, terminal: Terminal, carry: bytes) -> dict[str, Any] | None:
    """Return one event; None for what was not sealed by this terminal for this city."""
    bound = f"{_INFO} {terminal.code} {current().world.value}"
    try:
        inner = sealing.open_letter(_PURPOSE, envelopes.decoded(sealed), _INFO, bound)
    except SonaeError:
        return None
    parts = {"iv": envelopes.encoded(inner[:12]), "data": envelopes.encoded(inner[12:])}
    return envelopes.opened(carry, bound, parts) or None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
