"""Reception events as terminals send them: read each one, resolve the person, record all at once.

Nothing that a terminal sends is lost: what cannot count is stored with its reason (``refusal``) and
answered ``refused``. Only a batch that is no list of objects is turned away as a whole.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import InterfaceError, OperationalError

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.typed import code
from sonae.domains.residents import interface as residents
from sonae.domains.safety import rules
from sonae.domains.safety.models import Terminal
from sonae.domains.safety.reading import known_residents
from sonae.domains.safety.services import NewSighting, VisitorFacts, record
from sonae.domains.safety.terminals import refuse_edge
from sonae.domains.safety.times import Delivery
from sonae.domains.shelters import interface as shelters

log = logging.getLogger(__name__)
MOST_EVENTS: Final = 1000
MOST_PARTY: Final = 60
LONGEST_CHECK_IN: Final = 1800
_NOTE, _TEXT = 400, 200
_FACTS: Final = ("name", "kana", "birth_date", "address")


@dataclass(frozen=True, slots=True)
class Member:
    """What became of one further member of the party of an event."""

    resident_id: str
    status: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one event; ``id`` as the terminal wrote it (None when it wrote none)."""

    id: object
    status: str
    error: str | None = None
    party: tuple[Member, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The answer of the contract; ``party`` only when one of its members was refused."""
        made: dict[str, object] = {"id": self.id, "status": self.status, "error": self.error}
        if any(one.error for one in self.party):
            made["party"] = [
                {"resident_id": m.resident_id, "status": m.status, "error": m.error}
                for m in self.party
            ]
        return made


@dataclass(slots=True)
class _Read:
    """One event on its way: the base sighting, whom it is about, who else is present."""

    raw_id: object
    base: NewSighting
    resident: str = ""
    party: list[str] = field(default_factory=list)


def receive(
    terminal: Terminal, events: Sequence[Any], sent_at: object = None, refusal: str = ""
) -> list[Answer]:
    """Store a batch of events of one terminal; one answer per event, in order.

    ``sent_at`` is the text of the terminal's own time: by it a clock that is far off is corrected.
    With a ``refusal`` (its code) nothing of the batch counts: it is kept for people to look at.
    When this returns, everything answered is on disk. `SonaeError` ``unreadable`` when the batch is
    no list of objects or longer than `MOST_EVENTS`, ``forbidden`` of an edge node; then nothing was
    stored.
    """
    refuse_edge(terminal)
    if len(events) > MOST_EVENTS:
        raise SonaeError("too_large", f"一度に送れるのは{MOST_EVENTS}件までです。")
    if not all(isinstance(event, Mapping) for event in events):
        raise SonaeError("unprocessable", "events は記録（オブジェクト）の配列にしてください。")
    delivery = Delivery(clock.now(), _sent(sent_at))
    if refusal:
        read = [_Read(one.get("id"), _refused(one, terminal, refusal)) for one in events]
    else:
        read = [_read(event, terminal, delivery, place) for place, event in enumerate(events)]
    wanted = {pid for one in read for pid in (one.resident, *one.party) if pid}
    known = known_residents(sorted(wanted)) if wanted else {}
    sets = [_sightings(one, known) for one in read]
    results = iter(record([one for group in sets for one in group]))
    answers = []
    for one, group in zip(read, sets, strict=True):
        main, *others = [next(results) for _ in group]
        members = zip(_others(one), others, strict=False)  # after them what `_sightings` adds
        party = tuple(Member(pid, result.status, result.error) for pid, result in members)
        answers.append(Answer(one.raw_id, main.status, main.error, party))
    return answers


def _sent(value: object) -> datetime | None:
    """Return when the terminal says it sent; what cannot be read says nothing."""
    try:
        return _moment(value)
    except SonaeError:
        return None


def _others(one: _Read) -> list[str]:
    """Return the members of the party beside the person the event itself is about."""
    return [pid for pid in one.party if pid != one.resident]


def _sightings(one: _Read, known: Mapping[str, int]) -> list[NewSighting]:
    """Return the sightings of one event: its own, one per further member of the party, and more."""
    others = _others(one)
    if one.base.seconds is not None:
        one.base.seconds /= 1 + len(others)
    members = [_about(_of_member(one.base, pid), pid, known) for pid in others]
    if members and one.base.supersedes and one.resident in known:
        # The first of the party now may have been a further member then.
        again = replace(_of_member(one.base, one.resident), direction="void", seconds=None)
        members.append(_about(again, one.resident, known))
    first = _about(one.base, one.resident, known) if one.resident else one.base
    return [first, *members]


def _of_member(base: NewSighting, pid: str) -> NewSighting:
    """Return the sighting of one further member of the party, before its resident is filled in.

    What takes a party's event back takes each member's back: their ids are made from the event's.
    """
    old = base.supersedes
    return replace(
        base,
        id=uuid5(base.id, pid),
        visitor=None,
        needs=(),
        supersedes=uuid5(old, pid) if old else None,
    )


def _about(base: NewSighting, pid: str, known: Mapping[str, int]) -> NewSighting:
    """Fill in one resident, or the refusal when there is no such person; return the sighting."""
    if pid in known:
        base.resident_pk = known[pid]
    else:
        base.refusal = "unknown_resident"
        base.note = f"{base.note} {pid}".strip()[:_NOTE]
    return base


def _read(event: Mapping[str, Any], terminal: Terminal, delivery: Delivery, place: int) -> _Read:
    """Read one event; whatever is wrong with it becomes its refusal, with the event in the note."""
    raw_id = event.get("id")
    try:
        made = _Read(raw_id, _base(event, terminal, delivery, place))
        made.party = _party(event)
        _person(event, made)
    except SonaeError as error:
        return _Read(raw_id, _refused(event, terminal, error.code))
    except (OperationalError, InterfaceError):
        raise  # the database, not the event: nothing is stored, the terminal sends it all again
    except Exception:
        # One event that we cannot cope with must not keep the others of its batch from the disk.
        log.exception("a reception event could not be read")
        return _Read(raw_id, _refused(event, terminal, "unreadable"))
    return made


def _kept(event: Mapping[str, Any]) -> str:
    """Return the event as text for the note of a refused one, so that a person can read it."""
    return _written(event)[:_NOTE]


def _written(event: Mapping[str, Any], *, sort_keys: bool = False) -> str:
    """Return the event as JSON; of one nested as deep as can be read only what it calls itself."""
    try:
        return _clean(json.dumps(event, ensure_ascii=False, sort_keys=sort_keys, default=str))
    except RecursionError:
        return _clean(str(event.get("id"))[:_TEXT])


def _clean(text: str) -> str:
    """Return text without NUL and lone surrogates, which no database takes."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _refused(event: Mapping[str, Any], terminal: Terminal, code: str) -> NewSighting:
    """Return what is stored of an event that cannot count."""
    return NewSighting(
        id=_event_id(event, terminal),
        direction="in",
        occurred_at=clock.now(),
        clock="",
        source="reception",
        facility_pk=terminal.facility_id,
        device=terminal.code,
        actor=f"terminal:{terminal.code}",
        refusal=code[:40],
        note=_kept(event),
    )


def _event_id(event: Mapping[str, Any], terminal: Terminal) -> UUID:
    """Return the event's id; one that is no UUID is mapped to one, the same at every delivery."""
    text = event.get("id")
    try:
        return UUID(text) if isinstance(text, str) else _made_id(event, terminal)
    except ValueError:
        return _made_id(event, terminal)


def _made_id(event: Mapping[str, Any], terminal: Terminal) -> UUID:
    """Return an id of the whole event: two events that call themselves "1" are two."""
    return uuid5(NAMESPACE_OID, f"sonae:scan:{terminal.pk}:{_written(event, sort_keys=True)}")


def _base(
    event: Mapping[str, Any], terminal: Terminal, delivery: Delivery, place: int
) -> NewSighting:
    """Return the sighting without its person; `SonaeError` names what cannot be read."""
    text, made = event.get("id"), _event_id(event, terminal)
    if not isinstance(text, str) or str(made) != text.lower():
        raise SonaeError("bad_id", "id は UUID version 7 にしてください。")
    supersedes = event.get("supersedes")
    if event.get("direction") == "void" and not supersedes:
        raise SonaeError("bad_supersedes", "取消（void）には supersedes が必要です。")
    stamp = _text(event, "clock", 64) if "clock" in event else None
    dated = delivery.dated(_moment(event.get("occurred_at")), stamp, place)
    return NewSighting(
        id=made,
        direction=_one_of(event, "direction", rules.DIRECTIONS, None),
        occurred_at=dated.at,
        stated_at=dated.stated,
        clock=dated.clock,
        source="reception",
        facility_pk=terminal.facility_id,
        place=_text(event, "place", _TEXT),
        status=_one_of(event, "status", rules.STATED, "safe"),
        device=terminal.code,
        actor=f"terminal:{terminal.code}",
        offline=event.get("offline") is True,
        needs=_needs(event.get("needs")),
        note=_text(event, "note", _NOTE),
        supersedes=_uuid(supersedes) if supersedes else None,
        seconds=timed(event.get("seconds")),
        bound_for=_bound_for(event),
    )


def _bound_for(event: Mapping[str, Any]) -> int | None:
    """Return the facility for which somebody leaves; one that we do not know is passed over."""
    to = _text(event, "to", 40)
    if event.get("direction") != "out" or not to:
        return None
    return next((one.pk for one in shelters.facilities() if one.public_id == to), None)


def timed(value: object) -> float | None:
    """Return how long a check-in took in seconds; None where nothing that can be was said.

    Longer than `LONGEST_CHECK_IN` somebody walked away from a half-filled form.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value <= LONGEST_CHECK_IN else None


def _text(event: Mapping[str, Any], key: str, longest: int) -> str:
    value = event.get(key)
    if not isinstance(value, str):
        return ""
    return (value if value.isascii() and "\x00" not in value else _clean(value))[:longest]


def _one_of(event: Mapping[str, Any], key: str, allowed: Sequence[str], default: str | None) -> str:
    value = event.get(key, default)
    if value not in allowed:
        raise SonaeError(f"bad_{key}", f"{key} の値が正しくありません。", "、".join(allowed))
    return str(value)


def _moment(value: object) -> datetime:
    """Return a time as an aware moment; one without an offset is Japanese time."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is None:
            raise SonaeError("bad_time", "occurred_at を読めません。")
        at = (at if at.tzinfo else at.replace(tzinfo=clock.JST)).astimezone(clock.JST)
        if at.year == 1:
            at.astimezone(UTC)  # as it is stored; a fault beyond the end of the calendar
        return at
    except (ValueError, OverflowError):
        raise SonaeError("bad_time", "occurred_at を読めません。") from None


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise SonaeError("bad_supersedes", "supersedes は記録の id にしてください。") from None


def _needs(value: object) -> list[str]:
    listed = value if isinstance(value, list) else []
    return [_clean(need)[:40] for need in listed if isinstance(need, str)][:20]


def _party(event: Mapping[str, Any]) -> list[str]:
    """Return the resident ids present, each once."""
    value = event.get("party") or []
    if not isinstance(value, list) or not all(isinstance(pid, str) for pid in value):
        raise SonaeError("bad_party", "party は住民IDの配列にしてください。")
    if len(value) > MOST_PARTY:
        raise SonaeError("bad_party", f"party は{MOST_PARTY}人までです。")
    return list(dict.fromkeys(_clean(pid)[:24] for pid in value))


def _person(event: Mapping[str, Any], made: _Read) -> None:
    """Find out whom the event is about: id, QR, card, or what is known of a visitor."""
    person = event.get("person")
    if not isinstance(person, Mapping):
        raise SonaeError("bad_person", "person がありません。")
    if _text(person, "resident_id", 64):
        made.resident = _text(person, "resident_id", 64)
    elif shown := _text(person, "qr", 400) or _text(person, "card", 64):
        # What a desk saw without a network is judged by the moment at which it saw it.
        at = made.base.occurred_at if made.base.offline else None
        made.resident = _shown(shown.strip(), made.party, at)
    else:
        facts = VisitorFacts(*(_text(person, key, _TEXT).strip() for key in _FACTS))
        if not (facts.name or facts.kana):
            raise SonaeError("bad_person", "氏名かフリガナが必要です。")
        made.base.visitor = _fitting(facts)


def _fitting(facts: VisitorFacts) -> VisitorFacts:
    """Return the facts within the columns' lengths."""
    return VisitorFacts(facts.name[:120], facts.kana[:160], facts.birth_date[:10], facts.address)


def _shown(text: str, party: Sequence[str], at: datetime | None) -> str:
    """Return the resident whose code or card was shown; a household's card needs to be told who came."""
    how, found = residents.presented(text, at)
    of_home = _of_household(text, at)
    if not found and not of_home:
        raise SonaeError("unknown_card" if how != "qr" else "qr_unknown", "登録がありません。")
    if len(found) == 1 and not of_home:
        return str(found[0].resident_id)
    if not party:
        raise SonaeError("party_missing", "世帯のカードです。来ている人を party に入れてください。")
    return party[0]


def _of_household(text: str, at: datetime | None) -> bool:
    """Tell whether a text is a household's card or code."""
    if residents.qr.is_token(text):
        return residents.qr.verify(text, at).kind == residents.qr.HOUSEHOLD
    return residents.Household.objects.filter(card_code__in={text, code(text)}).exists()
