"""Verbs of the ledger: record sightings (the only writer of them), reports of residents, rebuild."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Q

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.safety import rules
from sonae.domains.safety.calls import call_duty
from sonae.domains.safety.folding import fold_again, store_residents, store_visitors
from sonae.domains.safety.linking import link_anew
from sonae.domains.safety.models import DeathConfirmation, PersonState, Sighting, Visitor
from sonae.domains.safety.reading import events_of, present, superseded
from sonae.domains.safety.rules import Event
from sonae.domains.safety.times import server_clock
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.combining import Together
from sonae.platform.db import bulk_insert, parts, stored, take_turn, writing
from sonae.platform.scope import current, every_municipality


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
    seconds: float | None = None
    bound_for: int | None = None


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
    _need_two_people(batch)
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


def _need_two_people(batch: Sequence[NewSighting]) -> None:
    """Refuse what says that somebody is dead, or takes that back, without the two people (`deaths`)."""
    said = {one.id for one in batch if one.status == rules.DECEASED}
    back = [one.supersedes for one in batch if one.supersedes is not None]
    if back:
        dead = Sighting.objects.filter(pk__in=back, status=rules.DECEASED)
        gone = set(dead.values_list("pk", flat=True))
        said |= {one.id for one in batch if one.supersedes in gone}
    if not said:
        return
    rows = DeathConfirmation.objects.filter(Q(sighting__in=said) | Q(undoing__in=said))
    agreed = {pk for both in rows.values_list("sighting", "undoing") for pk in both}
    for one in batch:
        if one.id in said - agreed:
            one.refusal = one.refusal or "needs_two_people"


def _known_before(identifier: UUID, code: str, world: str, refusal: str) -> Result:
    """Return the answer to an id that is stored: here it is on disk, elsewhere it is not here.

    What was refused stays refused: a device that did not hear so must not take it for recorded.
    """
    here = current()
    if (code, world) != (here.municipality, here.world.value):
        return Result(identifier, "refused", "id_of_another_world")
    return Result(identifier, "duplicate", refusal or None)


@every_municipality()
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


class _Whose(NamedTuple):
    """The visitor of a sighting, and who that is by the links in force."""

    pk: int
    resident: int | None
    same_as: int | None


def _visitors(fresh: Iterable[NewSighting]) -> dict[UUID, _Whose]:
    """Return sighting → its visitor, making rows for those never seen before."""
    meant = [(one, one.visitor) for one in fresh if one.visitor and not one.refusal]
    if not meant:
        return {}
    keys = _visitor_keys(meant)
    facts = {keys[one.id]: who for one, who in meant}
    rows = Visitor.objects.filter(key__in=facts)
    found = {
        key: _Whose(pk, resident, same_as)
        for key, pk, resident, same_as in rows.values_list("key", "pk", "resident_id", "same_as_id")
    }
    now = clock.now()
    made = Visitor.objects.bulk_create(
        Visitor(
            key=key,
            name=one.name,
            kana=one.kana,
            birth_date=one.birth_date,
            address=one.address,
            first_seen_at=now,
        )
        for key, one in facts.items()
        if key not in found
    )
    found |= {row.key: _Whose(row.pk, None, None) for row in made}
    return {event: found[key] for event, key in keys.items()}


def _visitor_keys(meant: Sequence[tuple[NewSighting, VisitorFacts]]) -> dict[UUID, str]:
    """Return sighting → key of its visitor.

    A bare name is somebody new each time, also at the same place: two people called タナカ are two.
    Only who leaves is one of that name who is known to be there, the longest there first.
    """
    keys: dict[UUID, str] = {}
    stays: dict[tuple[str, str, int | None], list[tuple[str, str]]] = {}
    leaving = {
        (who.name, who.kana, one.facility_pk) for one, who in meant if one.direction == "out"
    }
    for one, who in meant:
        keys[one.id] = who.person or (who.key if who.telling else one.id.hex)
        if who.person or who.telling:
            continue
        called = (who.name, who.kana, one.facility_pk)
        if called not in leaving:
            continue
        if called not in stays:
            stays[called] = _staying(*called)
        came = [stay for stay in stays[called] if not one.clock or stay[0] < one.clock]
        if one.direction in rules.SETTLED:
            stays[called].append((one.clock, one.id.hex))
        elif one.direction == "out" and came:
            stays[called].remove(came[0])
            keys[one.id] = came[0][1]
    return keys


_WRITTEN: Final = ("visitor", "resident__visitors", "visitor__aliases")
"""From a state to the visitors who are that person: itself, or linked to it."""


def _staying(name: str, kana: str, facility_pk: int | None) -> list[tuple[str, str]]:
    """Return (clock, key) of those in a place of whom only this name is known, the longest first.

    Who was linked to somebody since still answers to the name given at the desk.
    """
    scope = current()
    called = {
        "name": name, "kana": kana, "birth_date": "", "address": "",
        "municipality": scope.municipality, "world": scope.world.value,
    }  # fmt: skip
    there = PersonState.objects.filter(direction__in=rules.SETTLED, facility=facility_pk)
    found: dict[str, tuple[str, str]] = {}
    for way in _WRITTEN:
        rows = there.filter(**{f"{way}__{key}": value for key, value in called.items()})
        for person, *stay in rows.order_by(f"{way}__pk").values_list(
            "person", "clock", f"{way}__key"
        ):
            found.setdefault(person, (stay[0], stay[1]))
    return sorted(found.values())


def _insert(fresh: Sequence[NewSighting], visitors: Mapping[UUID, _Whose]) -> None:
    """Insert the sightings as columns."""
    scope, now, count = current(), clock.now(), len(fresh)
    bulk_insert(
        Sighting,
        {
            "municipality": [scope.municipality] * count,
            "world": [scope.world.value] * count,
            "id": [one.id for one in fresh],
            "resident_id": [None if one.refusal else one.resident_pk for one in fresh],
            "visitor_id": [visitors[one.id].pk if one.id in visitors else None for one in fresh],
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
            "seconds": [one.seconds for one in fresh],
            "bound_for_id": [_bound_for(one) for one in fresh],
        },
    )


def _bound_for(one: NewSighting) -> int | None:
    """Return where somebody who leaves is going; of any other move, and to where one is, nothing."""
    return one.bound_for if one.direction == "out" and one.bound_for != one.facility_pk else None


def _fold_touched(fresh: Sequence[NewSighting], visitors: Mapping[UUID, _Whose]) -> None:
    """Fold again everyone whom the new sightings touch: what is stored, and what is about to be.

    A correction may say that it was somebody else: that one is touched too.
    """
    live = [one for one in fresh if not one.refusal]
    targets = [one.supersedes for one in live if one.supersedes]
    gone = {*targets, *superseded([one.id for one in live])}
    residents = [(one.resident_pk, one) for one in live if one.resident_pk]
    strangers = []
    for one in live:
        if whose := visitors.get(one.id):
            if whose.resident is not None:
                residents.append((whose.resident, one))
            else:
                strangers.append((whose.same_as or whose.pk, one))
    owners, others = _owners(targets) if targets else (set(), set())
    if found := _histories("resident_id", residents, owners, gone):
        store_residents(found)
    if found := _histories("visitor_id", strangers, others, gone):
        store_visitors(found)


def _owners(targets: Sequence[UUID]) -> tuple[set[int], set[int]]:
    """Return whose sightings these are: residents, and visitors who are not linked to one."""
    rows: Any = Sighting.objects.filter(pk__in=targets, refusal="")
    residents: set[int] = set()
    visitors: set[int] = set()
    for resident, visitor, linked, same_as in rows.values_list(
        "resident_id", "visitor_id", "visitor__resident_id", "visitor__same_as_id"
    ):
        if (known := resident or linked) is not None:
            residents.add(known)
        elif visitor is not None:
            visitors.add(same_as or visitor)
    return residents, visitors


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
        one.clock = one.clock or server_clock(e.clock for e in found[person])
        event = Event(
            one.id, one.direction, one.status, one.facility_pk, one.place[:200], one.occurred_at,
            one.clock, one.device[:64], one.supersedes, source=one.source,
            bound_for=_bound_for(one),
        )  # fmt: skip
        found[person].append(event)
    if gone:
        for person, events in found.items():
            found[person] = [e._replace(taken_back=e.taken_back or e.id in gone) for e in events]
    return found


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
    if row.status == rules.DECEASED:
        raise SonaeError("conflict", "死亡の確認は、本人の記録の画面で取り消します。")
    with writing():
        audit.record(actor.id, "sighting_undone", str(sighting_id))
        [result] = record([_void(actor, row)])
    return result


def undo_all(actor: Actor, sighting_ids: Sequence[UUID]) -> int:
    """Take many sightings back at once, in one transaction; return how many still counted till now.

    What was taken back or corrected before is left as it is. Whoever calls it writes the audit.
    """
    require(actor, Audience.OPERATOR)
    count = 0
    with writing():
        take_turn("safety")
        for part in parts(sighting_ids):
            gone = set(superseded(part))
            rows = Sighting.objects.select_related("visitor").filter(pk__in=part, refusal="")
            voids = [
                _void(actor, row)
                for row in rows.exclude(direction="void").exclude(status=rules.DECEASED)
                if row.pk not in gone
            ]
            record(voids)
            count += len(voids)
    return count


def _void(actor: Actor, row: Sighting) -> NewSighting:
    """Return the event that takes a sighting back."""
    return NewSighting(
        id=uuid7(),
        direction="void",
        occurred_at=clock.now(),
        clock="",
        source=row.source,
        resident_pk=row.resident_id,
        visitor=_facts(row.visitor) if row.visitor else None,
        facility_pk=row.facility_id,
        device="web",
        actor=actor.id,
        supersedes=row.pk,
    )


def _facts(visitor: Visitor) -> VisitorFacts:
    return VisitorFacts(
        visitor.name, visitor.kana, visitor.birth_date, visitor.address, visitor.key
    )


def rebuild() -> int:
    """Work out anew, from sightings and links alone, who is who, every state and every open inquiry.

    Return how many people have a state or had one.
    """
    with writing():
        take_turn("safety")
        PersonState.objects.all().delete()
        link_anew()
        residents = _people("resident_id") | _people("visitor__resident_id")
        visitors = _people("visitor_id", visitor__resident=None, visitor__same_as=None)
        visitors |= _people("visitor__same_as_id")
        fold_again("r", sorted(residents))
        fold_again("v", sorted(visitors))
    return len(residents) + len(visitors)


def _people(column: str, **only: None) -> set[int]:
    """Return everyone who has a sighting."""
    rows: Any = Sighting.objects.filter(**only).exclude(**{column: None})
    return set(rows.order_by().values_list(column, flat=True).distinct())
