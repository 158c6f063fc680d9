"""Verbs of the ledger: record sightings (the only writer of them), reports of residents, rebuild."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.safety import rules
from sonae.domains.safety.calls import call_duty
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState, Sighting, Visitor
from sonae.domains.safety.reading import events_of, present, superseded
from sonae.domains.safety.rules import Event, State
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.combining import Together
from sonae.platform.db import (
    among,
    bulk_insert,
    moment_read,
    stored,
    take_turn,
    writing,
)
from sonae.platform.scope import Scope, current

_server_clocks: dict[Scope, HybridClock] = {}
"""One per world: an exercise on simulated time must not push the live clock ahead."""


@dataclass(frozen=True, slots=True)
class VisitorFacts:
    """What is known of someone who is not linked to the register.

    ``person`` is the key of a `Visitor` when it is known already which of them is meant.
    """

    name: str = ""
    kana: str = ""
    birth_date: str = ""
    address: str = ""
    person: str = ""

    @property
    def telling(self) -> bool:
        """Whether these facts tell one person from another; a bare name does not."""
        return bool(self.birth_date or self.address)

    @property
    def key(self) -> str:
        """The same telling facts are the same visitor, whichever device wrote them down."""
        text = "\x1f".join((self.name, self.kana, self.birth_date, self.address))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(slots=True)
class NewSighting:
    """One sighting to be recorded; ``refusal`` keeps an event that cannot count, with its reason.

    ``clock`` is the device's; empty for an event made on this server, which gets its own when it is
    recorded, above all that is known of the person (a tablet's clock may run ahead of ours).
    Not frozen: thousands of them a second are made, and a frozen one takes thrice as long.
    """

    id: UUID
    direction: str
    occurred_at: datetime
    clock: str
    source: str
    resident_pk: int | None = None
    visitor: VisitorFacts | None = None
    facility_pk: int | None = None
    place: str = ""
    status: str = "safe"
    device: str = ""
    actor: str = ""
    confidence: float = 1.0
    offline: bool = False
    needs: Sequence[str] = ()
    note: str = ""
    supersedes: UUID | None = None
    refusal: str = ""
    stated_at: datetime | None = None


class Result(NamedTuple):
    """What became of one sighting: ``accepted`` and ``duplicate`` mean that it is on disk.

    ``error`` says why it counts for nothing, also of a ``duplicate`` that was refused before.
    """

    id: UUID
    status: str
    error: str | None = None


def record(batch: Sequence[NewSighting]) -> list[Result]:
    """Record sightings and fold the state of everyone they touch, in one transaction.

    Idempotent by id. Returns one result per sighting, in order; when it returns, they are on disk.
    Terminals that send at the same moment share a transaction.
    """
    return _together(batch) if batch else []


def _record_again(batch: Sequence[NewSighting]) -> list[Result]:
    if connection.vendor == "sqlite":  # has but one writer
        return _record(batch)
    try:
        with writing():
            return _record(batch)
    except IntegrityError:  # another writer stored one of the same ids just now
        return _record(batch)


_together: Together[NewSighting, Result] = Together(_record_again)


def _record(batch: Sequence[NewSighting]) -> list[Result]:
    """Write what is new and report on everything."""
    take_turn("safety")
    known = _known_ids([one.id for one in batch])
    fresh: dict[UUID, NewSighting] = {}
    results = []
    for one in batch:
        if (first := fresh.setdefault(one.id, one)) is not one:
            results.append(Result(one.id, "duplicate", first.refusal or None))
        elif known and one.id in known:
            del fresh[one.id]
            results.append(_known_before(one.id, *known[one.id]))
        else:
            status = "refused" if one.refusal else "accepted"
            results.append(Result(one.id, status, one.refusal or None))
    if fresh:
        visitors = _visitors(fresh.values())
        _fold_touched(list(fresh.values()), visitors)
        _insert(list(fresh.values()), visitors)
        if any(one.status in rules.CALLS and not one.refusal for one in fresh.values()):
            call_duty()
    return results


def _known_before(identifier: UUID, code: str, world: str, refusal: str) -> Result:
    """Return the answer to an id that is stored: here it is on disk, elsewhere it is not here.

    What was refused stays refused: a device that did not hear so must not take it for recorded.
    """
    here = current()
    if (code, world) != (here.municipality, here.world.value):
        return Result(identifier, "refused", "id_of_another_world")
    return Result(identifier, "duplicate", refusal or None)


def _known_ids(ids: Sequence[UUID]) -> dict[UUID, tuple[str, str, str]]:
    """Return the ids that are stored already with their municipality, world and refusal."""
    as_stored = stored(Sighting, "id")
    by_value = {as_stored(one): one for one in ids}
    found = present(Sighting, "id", list(by_value))
    if not found:
        return {}
    rows = Sighting.everywhere.filter(pk__in=[by_value[value] for value in found])
    return {
        pk: (code, world, refusal)
        for pk, code, world, refusal in rows.values_list("pk", "municipality", "world", "refusal")
    }


def _visitors(fresh: Iterable[NewSighting]) -> dict[UUID, int]:
    """Return sighting → primary key of its visitor, making rows for those never seen before."""
    meant = [(one, one.visitor) for one in fresh if one.visitor and not one.refusal]
    if not meant:
        return {}
    keys = _visitor_keys(meant)
    facts = {keys[one.id]: who for one, who in meant}
    found = dict(Visitor.objects.filter(key__in=facts).values_list("key", "pk"))
    for key, one in facts.items():
        if key not in found:
            row = Visitor.objects.create(
                key=key,
                name=one.name,
                kana=one.kana,
                birth_date=one.birth_date,
                address=one.address,
                first_seen_at=clock.now(),
            )
            found[key] = row.pk
    return {event: found[key] for event, key in keys.items()}


def _visitor_keys(meant: Iterable[tuple[NewSighting, VisitorFacts]]) -> dict[UUID, str]:
    """Return sighting → key of its visitor.

    A bare name is somebody new each time, also at the same place: two people called タナカ are two.
    Only who leaves is one of that name who is known to be there, the longest there first.
    """
    keys: dict[UUID, str] = {}
    stays: dict[tuple[str, str, int | None], list[tuple[str, str]]] = {}
    for one, who in meant:
        keys[one.id] = who.person or (who.key if who.telling else one.id.hex)
        if who.person or who.telling:
            continue
        called = (who.name, who.kana, one.facility_pk)
        if called not in stays:
            stays[called] = _staying(*called)
        came = [stay for stay in stays[called] if not one.clock or stay[0] < one.clock]
        if one.direction in rules.SETTLED:
            stays[called].append((one.clock, one.id.hex))
        elif one.direction == "out" and came:
            stays[called].remove(came[0])
            keys[one.id] = came[0][1]
    return keys


def _staying(name: str, kana: str, facility_pk: int | None) -> list[tuple[str, str]]:
    """Return (clock, key) of those in a place of whom only this name is known, the longest first."""
    rows = PersonState.objects.filter(
        direction__in=rules.SETTLED,
        facility=facility_pk,
        visitor__name=name,
        visitor__kana=kana,
        visitor__birth_date="",
        visitor__address="",
    )
    return list(rows.order_by("clock").values_list("clock", "visitor__key"))


def _insert(fresh: Sequence[NewSighting], visitors: Mapping[UUID, int]) -> None:
    """Insert the sightings as columns."""
    scope, now, count = current(), clock.now(), len(fresh)
    bulk_insert(
        Sighting,
        {
            "municipality": [scope.municipality] * count,
            "world": [scope.world.value] * count,
            "id": [one.id for one in fresh],
            "resident_id": [None if one.refusal else one.resident_pk for one in fresh],
            "visitor_id": [_visitor_pk(one, visitors) for one in fresh],
            "facility_id": [one.facility_pk for one in fresh],
            "place": [one.place[:200] for one in fresh],
            "direction": [one.direction for one in fresh],
            "status": [one.status for one in fresh],
            "occurred_at": [one.occurred_at for one in fresh],
            "stated_at": [one.stated_at for one in fresh],
            "recorded_at": [now] * count,
            "clock": [one.clock for one in fresh],
            "source": [one.source for one in fresh],
            "device": [one.device[:64] for one in fresh],
            "actor": [one.actor[:120] for one in fresh],
            "confidence": [one.confidence for one in fresh],
            "offline": [one.offline for one in fresh],
            "needs": [list(one.needs) for one in fresh],
            "note": [one.note[:400] for one in fresh],
            "supersedes": [one.supersedes for one in fresh],
            "refusal": [one.refusal for one in fresh],
        },
    )


def _visitor_pk(one: NewSighting, visitors: Mapping[UUID, int]) -> int | None:
    return visitors[one.id] if one.visitor and not one.refusal else None


def _fold_touched(fresh: Sequence[NewSighting], visitors: Mapping[UUID, int]) -> None:
    """Fold again everyone whom the new sightings touch: what is stored, and what is about to be.

    A correction may say that it was somebody else: that one is touched too.
    """
    live = [one for one in fresh if not one.refusal]
    targets = [one.supersedes for one in live if one.supersedes]
    gone = {*targets, *superseded([one.id for one in live])}
    owners = Sighting.objects.filter(pk__in=targets, refusal="") if targets else []
    residents = _histories(
        "resident_id",
        [(one.resident_pk, one) for one in live if one.resident_pk],
        {row.resident_id for row in owners if row.resident_id},
        gone,
    )
    if residents:
        _store_states("resident_id", "r", residents)
        _account(residents)
    people = _histories(
        "visitor_id",
        [(visitors[one.id], one) for one in live if one.visitor],
        {row.visitor_id for row in owners if row.visitor_id},
        gone,
    )
    if people:
        _store_states("visitor_id", "v", people)


def _histories(
    column: str, fresh: Sequence[tuple[int, NewSighting]], also: set[int], gone: set[UUID]
) -> dict[int, list[Event]]:
    """Return person → all sightings, those not yet inserted included; ``also``: people without one.

    ``gone`` are taken back by one that is not yet stored, or before they were.
    """
    found: defaultdict[int, list[Event]] = defaultdict(list)
    if fresh or also:
        found.update(events_of(column, {person for person, _one in fresh} | also))
    for person, one in fresh:
        one.clock = one.clock or _server_clock(found[person])
        event = Event(
            one.id, one.direction, one.status, one.facility_pk, one.place[:200], one.occurred_at,
            one.clock, one.device[:64], one.supersedes,
        )  # fmt: skip
        found[person].append(event)
    if gone:
        for person, events in found.items():
            found[person] = [e._replace(taken_back=e.taken_back or e.id in gone) for e in events]
    return found


def _store_states(column: str, prefix: str, histories: Mapping[int, Sequence[Event]]) -> None:
    """Write the folded states; a person without any standing sighting has none."""
    folded = {person: rules.fold(events) for person, events in histories.items()}
    gone = [f"{prefix}{person}" for person, state in folded.items() if state is None]
    if gone:
        PersonState.objects.filter(person__in=gone).delete()
    rows = [(f"{prefix}{person}", person, state) for person, state in folded.items() if state]
    if rows:
        _upsert_states(column, rows)


_FOLDED = ("facility_id", "place", "direction", "status", "seen_at", "clock", "conflict")


def _upsert_states(column: str, rows: Sequence[tuple[str, int, State]]) -> None:
    """Insert or replace states in one executemany: building model objects costs more than SQLite."""
    scope, moment = current(), stored(PersonState, "seen_at")
    names = ("municipality", "world", "person", column, *_FOLDED)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {connection.ops.quote_name(PersonState._meta.db_table)} "  # noqa: S608 - names
            f"({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))}) "
            "ON CONFLICT (municipality, world, person) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in _FOLDED),
            [
                (
                    scope.municipality, scope.world.value, key, person, state.facility, state.place,
                    state.direction, state.status, moment(state.seen_at), state.clock, state.conflict,
                )
                for key, person, state in rows
            ],
        )  # fmt: skip


def _account(histories: Mapping[int, Sequence[Event]]) -> None:
    """Bring the open inquiry up to date for these residents."""
    moment = stored(InquirySubject, "accounted_at")
    table = connection.ops.quote_name(InquirySubject._meta.db_table)
    rows = [
        (moment(rules.accounted_since(histories[person], added_at)), subject)
        for subject, person, added_at in _under_inquiry(list(histories))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET accounted_at = %s WHERE id = %s", rows)  # noqa: S608


def _under_inquiry(people: Sequence[int]) -> Iterator[tuple[int, int, datetime]]:
    """Return (subject, resident, since when) of those who are subjects of the open inquiry."""
    quote, scope = connection.ops.quote_name, current()
    moments: dict[Any, datetime] = {}
    one_of, listed = among("s.resident_id", people)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.id, s.resident_id, s.added_at FROM {quote(Inquiry._meta.db_table)} i "  # noqa: S608
            f"JOIN {quote(InquirySubject._meta.db_table)} s ON s.inquiry_id = i.id "
            "WHERE i.municipality = %s AND i.world = %s AND i.closed_at IS NULL "
            f"AND {one_of}",
            [scope.municipality, scope.world.value, listed],
        )
        rows = cursor.fetchall()
    for subject, person, added_at in rows:
        if added_at not in moments:
            moments[added_at] = moment_read(added_at)
        yield subject, person, moments[added_at]


def report_self(
    resident_pks: Sequence[int],
    status: str,
    *,
    direction: str = "report",
    place: str = "",
    note: str = "",
    actor: Actor,
    source: str = "self",
) -> list[Result]:
    """Record what people say of themselves and of those with them (無事です, 助けが必要です …)."""
    now = clock.now()
    return record(
        [
            NewSighting(
                id=uuid7(),
                direction=direction,
                occurred_at=now,
                clock="",
                source=source,
                resident_pk=pk,
                place=place,
                status=status,
                device="web",
                actor=actor.id,
                note=note,
            )
            for pk in resident_pks
        ]
    )


def undo(actor: Actor, sighting_id: UUID) -> Result:
    """Take a sighting back: a void event supersedes it; nothing is deleted."""
    require(actor, Audience.RECEPTION)
    row = Sighting.objects.select_related("visitor").filter(pk=sighting_id).first()
    if row is None:
        raise SonaeError("not_found", "この記録はありません。")
    visitor = row.visitor
    with writing():
        audit.record(actor.id, "sighting_undone", str(sighting_id))
        [result] = record(
            [
                NewSighting(
                    id=uuid7(),
                    direction="void",
                    occurred_at=clock.now(),
                    clock="",
                    source=row.source,
                    resident_pk=row.resident_id,
                    visitor=_facts(visitor) if visitor else None,
                    facility_pk=row.facility_id,
                    device="web",
                    actor=actor.id,
                    supersedes=row.pk,
                )
            ]
        )
    return result


def _facts(visitor: Visitor) -> VisitorFacts:
    return VisitorFacts(
        visitor.name, visitor.kana, visitor.birth_date, visitor.address, visitor.key
    )


def _server_clock(known: Iterable[Event]) -> str:
    """Return this server's next hybrid logical clock, above all that is known of a person.

    From what is stored and not only from what this process saw: other processes record too.
    """
    here = _server_clocks.setdefault(current(), HybridClock("server"))
    if newest := max((event.clock for event in known), default=""):
        here.observe(newest)
    return here.tick()


def rebuild() -> int:
    """Fold everyone's state and every open inquiry anew from the sightings; return how many people."""
    with writing():
        take_turn("safety")
        PersonState.objects.all().delete()
        residents = _people("resident_id")
        visitors = _people("visitor_id")
        for start in range(0, len(residents), 5000):
            histories = events_of("resident_id", residents[start : start + 5000])
            _store_states("resident_id", "r", histories)
            _account(histories)
        for start in range(0, len(visitors), 5000):
            _store_states(
                "visitor_id", "v", events_of("visitor_id", visitors[start : start + 5000])
            )
    return len(residents) + len(visitors)


def _people(column: str) -> list[int]:
    """Return everyone who has a sighting."""
    rows: Any = Sighting.objects.exclude(**{column: None}).values_list(column, flat=True)
    return sorted(set(rows))
