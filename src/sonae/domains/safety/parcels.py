"""Records that come by an edge node (中継機): each sealed by its terminal for the city, answered by a receipt.

The node carries what it can neither open nor make: a parcel is an envelope (`platform.envelopes`) under a
key that only the terminal and this city can derive, bound to the terminal, the world and the record's id.
What is inside goes the ordinary way (`scans.receive`), so that ids count once by whichever way they come;
the answer goes back as sealed, so that no terminal takes the node's word for the city's (decision 0015).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety.extracts import looked
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.scans import receive
from sonae.domains.safety.terminals import EDGE
from sonae.domains.safety.times import MOST_SKEW
from sonae.platform import envelopes
from sonae.platform.scope import current

MOST_PARCELS: Final = 100
_TOO_LATE: Final = timedelta(minutes=5)
"""After now: what was held later than that was held by another clock than today's."""
_STOPPED: Final = "terminal_stopped"


@dataclass(frozen=True)
class _Parcel:
    """A parcel that was opened: what it says, and when the node took it, as far as that is known."""

    id: str
    terminal: Terminal
    content: Mapping[str, Any]
    taken_at: datetime
    off: timedelta
    """How far the terminal's clock was ahead of ours when it sealed this; zero when believed."""

    @property
    def refusal(self) -> str:
        """Why it cannot count: the terminal had been stopped before it handed this over."""
        ended = self.terminal.revoked_at
        return _STOPPED if ended is not None and self.taken_at > ended else ""


class _Way(NamedTuple):
    """What parcels have in common that are received together."""

    terminal: str
    refusal: str
    off: timedelta


def require_edge(terminal: Terminal) -> None:
    """Refuse with ``forbidden`` whoever is not enrolled as an edge node."""
    if terminal.purpose != EDGE:
        raise SonaeError(
            "forbidden",
            "この端末は中継機として登録されていません。",
            "災害対策本部で、用途を「中継」にして登録してください。",
        )


def edge_devices(edge: Terminal) -> list[dict[str, str]]:
    """Return the terminals of the node's shelter, each with the key that only it and this node share.

    From such a key nobody gets back to the token, so the node can speak with a terminal and not for it.
    """
    require_edge(edge)
    rows = Terminal.objects.filter(
        facility_id=edge.facility_id, revoked_at=None, locked_at=None, wipe_at=None
    ).exclude(purpose=EDGE)
    return [
        {
            "terminal": one.code,
            "name": one.name,
            "key": envelopes.encoded(
                envelopes.key_for(one.token_hash, f"sonae edge 1 {edge.code}")
            ),
        }
        for one in rows.order_by("code")
    ]


def take_parcels(edge: Terminal, parcels: Sequence[Any], sent_at: object) -> list[dict[str, Any]]:
    """Open and record what terminals sealed; one answer per parcel, in order: a receipt or an error.

    A parcel: ``terminal``, ``id``, ``held_at`` (when the node took it), ``iv``, ``data``. ``sent_at``:
    the node's own time. A receipt is sealed for the terminal. Errors: ``not_found`` (no such
    terminal), ``forged`` (sealed by nobody whom we know, or changed); nothing of such a parcel is
    stored here, and the node keeps it. When this returns, whatever has a receipt is on disk.
    """
    require_edge(edge)
    if len(parcels) > MOST_PARCELS:
        raise SonaeError("too_large", f"一度に送れるのは{MOST_PARCELS}件までです。")
    if not all(isinstance(one, Mapping) for one in parcels):
        raise SonaeError("unprocessable", "parcels は記録（オブジェクト）の配列にしてください。")
    codes = {one["terminal"] for one in parcels if isinstance(one.get("terminal"), str)}
    rows = Terminal.objects.select_related("facility").filter(
        code__in={code for code in codes if "\0" not in code}
    )
    known = {row.code: row for row in rows}
    behind = _behind(sent_at)
    read = [_opened(one, known, behind) for one in parcels]
    told = _received([one for one in read if isinstance(one, _Parcel)])
    return [told[id(one)] if isinstance(one, _Parcel) else one for one in read]


def _behind(sent_at: object) -> timedelta:
    """Return how far the node's clock is behind ours; what cannot be read says nothing."""
    sent = _moment(sent_at)
    return clock.SystemClock().now() - sent if sent is not None else timedelta()


def _opened(
    one: Mapping[str, Any], known: Mapping[str, Terminal], behind: timedelta
) -> _Parcel | dict[str, Any]:
    """Return the parcel opened, or the answer that says why it cannot be."""
    code, identifier = one.get("terminal"), one.get("id")
    answer = {"terminal": code, "id": identifier}
    terminal = known.get(code) if isinstance(code, str) else None
    if terminal is None or terminal.purpose == EDGE:
        return answer | {"error": "not_found"}  # a node records nothing: it could seal for itself
    key = envelopes.key_for(terminal.token_hash, "sonae parcel 1")
    content = envelopes.opened(key, _bound("parcel", terminal, identifier), dict(one))
    if content is None or not _consistent(content, terminal, identifier):
        return answer | {"error": "forged"}
    now = clock.SystemClock().now()
    held, sealed = _moment(one.get("held_at")), _moment(content.get("at"))
    return _Parcel(
        str(identifier), terminal, content,
        *_times(terminal, held + behind if held is not None else None, sealed, now),
    )  # fmt: skip


def _times(
    terminal: Terminal, held: datetime | None, sealed: datetime | None, now: datetime
) -> tuple[datetime, timedelta]:
    """Return when a parcel was handed over, and how far the terminal's clock was ahead (zero: believed).

    ``held``: the node's word, by how far its clock is off today. It says nothing when that clock was put
    right, or lost, between holding and bringing; what was held in the future shows it. Where the two
    are hours apart, a terminal is believed that told the right time when it was last heard and tells
    one since then that can be. For a terminal that was stopped the node's word stands while it can be.
    """
    own = sealed is not None and _kept_time(terminal, sealed, now)
    apart = sealed - held if held is not None and sealed is not None else timedelta()
    off = timedelta(minutes=round(apart / timedelta(minutes=1)))
    known = held is not None and held <= now + _TOO_LATE
    if own or not known or abs(off) <= MOST_SKEW:
        off = timedelta()
    if held is not None and known:
        return held, off
    return (min(sealed, now) if sealed is not None and own else now), off


def _kept_time(terminal: Terminal, sealed: datetime, now: datetime) -> bool:
    """Tell whether a terminal's clock was right when we last heard it, and says a time since then."""
    seen, ahead = terminal.last_seen_at, timedelta(seconds=terminal.clock_ahead or 0)
    if seen is None or abs(ahead) > MOST_SKEW:
        return False
    return seen - MOST_SKEW <= sealed <= now + MOST_SKEW


def _bound(kind: str, terminal: Terminal, identifier: object) -> str:
    return f"sonae {kind} 1 {terminal.code} {current().world.value} {identifier}"


def _consistent(content: Mapping[str, Any], terminal: Terminal, identifier: object) -> bool:
    """Tell whether what is inside is what the envelope says it is, of this terminal's shelter."""
    if content.get("shelter") != terminal.facility.public_id or not _is_uuid(identifier):
        return False
    event, look = content.get("event"), content.get("look")
    if isinstance(event, Mapping):
        return event.get("id") == identifier
    return isinstance(look, Mapping)


def _received(parcels: Sequence[_Parcel]) -> dict[int, dict[str, Any]]:
    """Record opened parcels by their way; return the answer of each by its identity."""
    ways: dict[_Way, list[_Parcel]] = defaultdict(list)
    told: dict[int, dict[str, Any]] = {}
    for one in parcels:
        if "event" in one.content:
            ways[_Way(one.terminal.code, one.refusal, one.off)].append(one)
        else:
            looked(one.terminal, [one.content["look"]])
            told[id(one)] = _receipt(one, {"look": True})
    for way, group in ways.items():
        sent = (clock.now() + way.off).isoformat() if way.off else None
        events = [one.content["event"] for one in group]
        answers = receive(group[0].terminal, events, sent, way.refusal)
        for one, answer in zip(group, answers, strict=True):
            told[id(one)] = _receipt(one, {"result": answer.as_json()})
    return told


def _receipt(one: _Parcel, said: dict[str, object]) -> dict[str, Any]:
    """Return the city's word on a record, readable by its terminal alone."""
    key = envelopes.key_for(one.terminal.token_hash, "sonae receipt 1")
    content = said | {"received_at": clock.SystemClock().now().isoformat()}
    sealed = envelopes.sealed(key, _bound("receipt", one.terminal, one.id), content)
    return {"terminal": one.terminal.code, "id": one.id, "receipt": sealed}


def _is_uuid(value: object) -> bool:
    try:
        return str(UUID(str(value))) == value
    except ValueError:
        return False


def _moment(value: object) -> datetime | None:
    """Return a moment with its offset; None for what is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.astimezone(clock.JST) if at is not None and at.tzinfo else None
    except (ValueError, OverflowError):
        return None
