"""Links (本人の照合): that a visitor is a resident, or another visitor: said, agreed to, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.consent import interface as consent
from sonae.domains.identity.interface import citysettings
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.linking import COLUMNS, NewLink, component, record_links
from sonae.domains.safety.models import (
    DeathConfirmation,
    PersonLink,
    PersonState,
    Visitor,
)
from sonae.domains.safety.times import server_clock
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import parts, take_turn, writing

SILENTLY: Final = "shield.person_linked"
"""What the record calls a link to somebody under 支援措置."""


@dataclass(frozen=True, slots=True)
class Match:
    """Who a visitor is: a resident or another visitor (primary keys), and how sure, with the reason."""

    visitor_pk: int
    resident_pk: int | None = None
    other_pk: int | None = None
    reason: str = ""
    probability: float | None = None


def link(
    actor: Actor,
    visitor_pk: int,
    resident_pk: int | None = None,
    other_pk: int | None = None,
    *,
    source: str,
    reason: str,
    probability: float | None = None,
) -> PersonLink:
    """Say that a visitor is a resident, or is another visitor; return the event.

    Where two people are asked for, and always where either of the two may be dead, the first one's
    event is ``proposed`` and changes nothing until another person says the same. `SonaeError`
    ``link_circle`` for a link that would close a circle, ``not_found`` for people that are not there,
    ``conflict`` where it is so already.
    """
    match = Match(visitor_pk, resident_pk, other_pk, reason.strip(), probability)
    made = link_many(actor, [match], source=source)
    if not made:
        raise SonaeError("conflict", "この人は、もうそのように結び付いています。")
    return made[0]


def link_many(actor: Actor, matches: Sequence[Match], *, source: str) -> list[PersonLink]:
    """Say who many visitors are, in one transaction; return the events made, in order.

    Left out: what is so already, and of automatic links whatever a person has decided before, be it
    that this is nobody of the register, and whoever may be dead (`mourned`): nobody is dead by one
    person's word nor by the machine's. All or nothing otherwise; errors as `link` has them.
    """
    require(actor, Audience.RECEPTION)
    if source not in rules.LINK_SOURCES:
        raise SonaeError("unprocessable", "照合の方法が正しくありません。")
    with writing():
        take_turn("safety")
        _check_people(actor, matches)
        before = _before([one.visitor_pk for one in matches])
        made = _wanted(actor, matches, before, source)
        _refuse_circles(made)
        record_links(made)
        _on_record(actor, made, source)
    return _rows([one.id for one in made])


def _on_record(actor: Actor, made: Sequence[NewLink], source: str) -> None:
    """Keep what was linked on record: what concerns the shielded apart, in words of its own.

    The chronology shows those acts to nobody, so that it reads as if the person were not registered.
    """
    people = {one.resident_pk for one in made if one.resident_pk is not None}
    hidden = {
        pk
        for part in parts(people)
        for pk in Resident.held.filter(pk__in=part, shielded=True).values_list("pk", flat=True)
    }
    apart = [one for one in made if one.resident_pk in hidden]
    rest = [one for one in made if one.resident_pk not in hidden]
    for act, rows in (
        ("person_linked", [one for one in rest if not one.proposed]),
        ("person_link_proposed", [one for one in rest if one.proposed]),
        (SILENTLY, apart),
    ):
        if rows:
            target = f"visitor:{rows[0].visitor_pk}" if len(rows) == 1 else "visitors"
            audit.record(actor.id, act, target, count=len(rows), source=source)


def _check_people(actor: Actor, matches: Sequence[Match]) -> None:
    """Refuse people who are not there; a shielded one is not there for anybody but the machine."""
    if any((one.resident_pk is None) == (one.other_pk is None) for one in matches):
        raise SonaeError("unprocessable", "住民か来訪者の、どちらか1人を選んでください。")
    visitors = {pk for one in matches for pk in (one.visitor_pk, one.other_pk) if pk is not None}
    people = {one.resident_pk for one in matches if one.resident_pk is not None}
    held = (
        Resident.objects.all() if actor.id == SYSTEM.id else Resident.objects.filter(shielded=False)
    )
    there = sum(Visitor.objects.filter(pk__in=part).count() for part in parts(visitors))
    known = sum(held.filter(pk__in=part).count() for part in parts(people))
    if (there, known) != (len(visitors), len(people)):
        raise SonaeError("not_found", "この人は登録されていません。")


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands about one visitor: all link events, the one in force (None: never linked)."""

    events: Sequence[PersonLink]
    force: PersonLink | None

    @property
    def target(self) -> tuple[int | None, int | None]:
        """Whom the visitor is linked to."""
        return (self.force.resident_id, self.force.other_id) if self.force else (None, None)

    @property
    def open(self) -> list[PersonLink]:
        """Proposals that nobody has answered, nor anything newer overtaken; the newest last.

        An answer that was taken back is none: then the proposal waits again.
        """
        gone: set[UUID | None] = set()
        for one in reversed(self.events):
            if one.pk not in gone and not _asks(one):
                gone.add(one.supersedes)
        since = self.force.clock if self.force else ""
        asked = (one for one in self.events if _asks(one) and one.pk not in gone)
        return [one for one in asked if one.clock > since]


def _asks(one: PersonLink) -> bool:
    return one.proposed and (one.resident_id is not None or one.other_id is not None)


def _before(visitors: Sequence[int]) -> dict[int, _Before]:
    """Return visitor → what stands about it, for every visitor asked for."""
    events: dict[int, list[PersonLink]] = {pk: [] for pk in visitors}
    for part in parts(events):
        for row in PersonLink.objects.filter(visitor__in=part).order_by("clock", "pk"):
            events[row.visitor_id].append(row)
    return {pk: _Before(rows, _force(rows)) for pk, rows in events.items()}


def _force(rows: Sequence[PersonLink]) -> PersonLink | None:
    by_id = {row.pk: row for row in rows}
    found = rules.in_force(_as_link(row) for row in rows)
    return next((by_id[one.id] for one in found.values()), None)


def _as_link(row: PersonLink) -> rules.Link:
    return rules.Link(*(getattr(row, name) for name in COLUMNS))


def _wanted(
    actor: Actor, matches: Sequence[Match], before: Mapping[int, _Before], source: str
) -> list[NewLink]:
    """Return the events to be made of matches."""
    machine, always = source == "auto", citysettings.link_needs_two()
    dead, made = mourned(matches), []
    for one in matches:
        held, target = before[one.visitor_pk], (one.resident_pk, one.other_pk)
        ask = one.visitor_pk in dead or (always and not machine)
        if (machine and ask) or (
            held.force is not None
            and (held.target == target or (machine and held.force.source != "auto"))
        ):
            continue
        same = [p for p in held.open if (p.resident_id, p.other_id) == target]
        asked = next((p for p in same if p.by != actor.id), None)
        if ask and same and asked is None:
            continue  # one's own, which waits for somebody else
        replaced = asked or held.force
        made.append(
            _event(
                actor, one.visitor_pk, held, source, one.reason, resident_pk=one.resident_pk,
                other_pk=one.other_pk, probability=one.probability,
                proposed=ask and asked is None, supersedes=replaced.pk if replaced else None,
            )
        )  # fmt: skip
    return made


def mourned(matches: Iterable[Match]) -> set[int]:
    """Return the visitors of matches of which either side is confirmed dead, or proposed to be."""
    sides: dict[int, set[str]] = {}
    for one in matches:
        keys = sides.setdefault(one.visitor_pk, {f"v{one.visitor_pk}"})
        keys.add(f"v{one.other_pk}" if one.resident_pk is None else f"r{one.resident_pk}")
    named = {int(key[1:]) for keys in sides.values() for key in keys if key[0] == "v"}
    ends: dict[str, str] = {}
    for part in parts(named):
        linked = Visitor.objects.filter(pk__in=part).values_list("pk", "resident", "same_as")
        for pk, resident, other in linked:
            ends[f"v{pk}"] = f"r{resident}" if resident else f"v{other or pk}"
    people = {pk: keys | {ends.get(key, key) for key in keys} for pk, keys in sides.items()}
    dead = _dead({key for keys in people.values() for key in keys})
    return {pk for pk, keys in people.items() if keys & dead}


def _dead(people: Iterable[str]) -> set[str]:
    """Return the keys (as in `PersonState`) of people whose death is recorded or proposed."""
    found: set[str] = set()
    for part in parts(people):
        told = PersonState.objects.filter(person__in=part, status=rules.DECEASED)
        asked = DeathConfirmation.objects.filter(person__in=part, state="proposed")
        for rows in (told, asked):
            found.update(rows.values_list("person", flat=True))
    return found


def _event(
    actor: Actor, visitor_pk: int, held: _Before, source: str, reason: str, **more: Any
) -> NewLink:
    """Return a new event about a visitor, later than all that is known of it."""
    tick = server_clock(row.clock for row in held.events)
    return NewLink(
        id=uuid7(), visitor_pk=visitor_pk, source=source, by=actor.id, at=clock.now(), clock=tick,
        reason=reason, **more,
    )  # fmt: skip


def _refuse_circles(made: Sequence[NewLink]) -> None:
    """Refuse links of visitors to each other that would lead back to where they began."""
    among = {one.visitor_pk: one.other_pk for one in made if one.other_pk is not None}
    if not among:
        return
    links = component({*among, *among.values()})
    step = {pk: one for pk, one in rules.in_force(links).items() if pk not in among}
    for visitor, other in among.items():
        if visitor in rules.chain(step, other):
            raise SonaeError(
                "link_circle",
                "結び付けがひと回りしてしまいます。",
                "先に、前の結び付きを解いてください。",
            )
        step[visitor] = rules.Link(UUID(int=0), visitor, None, other, False, False, "", None)


def _rows(ids: Sequence[UUID]) -> list[PersonLink]:
    found = {row.pk: row for part in parts(ids) for row in PersonLink.objects.filter(pk__in=part)}
    return [found[pk] for pk in ids]


def unlink(actor: Actor, visitor_pk: int, reason: str) -> PersonLink:
    """End the link of a visitor: from now on it is a person in its own right. One person is enough.

    `SonaeError` ``conflict`` when it is not linked.
    """
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("safety")
        held = _before([visitor_pk])[visitor_pk]
        if held.force is None or held.target == (None, None) or _hidden(actor, held.force):
            raise SonaeError("conflict", "この人は、だれにも結び付いていません。")
        return _ended(actor, held, held.force, reason, undo=False)


def undo_link(actor: Actor, link_id: UUID, reason: str) -> PersonLink:
    """Take back the link in force (or its end): who the visitor was before is who it is again.

    `SonaeError` ``conflict`` when something newer has been decided about the visitor since, or where
    that would join somebody dead to another person again: that takes two people.
    """
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("safety")
        row = PersonLink.objects.filter(pk=link_id).first()
        if row is None or _hidden(actor, row):
            raise SonaeError("not_found", "この結び付けはありません。")
        held = _before([row.visitor_id])[row.visitor_id]
        if held.force is None or held.force.pk != row.pk:
            raise SonaeError("conflict", "この結び付けは、もう変わっています。")
        _refuse_joining_dead(held, row)
        return _ended(actor, held, row, reason, undo=True)


def unlink_all(actor: Actor, visitor_pks: Iterable[int], reason: str) -> int:
    """End every link of these visitors, and of others to them; turn down what waits for agreement.

    For visitors of whom nothing is said any more. Return how many links ended. Whoever calls it
    writes the audit: an entry per person would tell who of them had been linked.
    """
    require(actor, Audience.OPERATOR)
    gone = set(visitor_pks)
    with writing():
        take_turn("safety")
        to_them = (PersonLink.objects.filter(other__in=part) for part in parts(gone))
        others = {pk for rows in to_them for pk in rows.values_list("visitor", flat=True)}
        made = []
        for pk, held in _before(sorted(gone | others)).items():
            meant = [one for one in held.open if pk in gone or one.other_id in gone]
            made += [
                _event(actor, pk, held, one.source, reason, proposed=True, supersedes=one.pk)
                for one in meant
            ]
            force = held.force
            if force and held.target != (None, None) and (pk in gone or force.other_id in gone):
                source = _decider(actor, force)
                made.append(_event(actor, pk, held, source, reason, supersedes=force.pk))
        record_links(made)
    return sum(not one.proposed for one in made)


def _hidden(actor: Actor, row: PersonLink) -> bool:
    """Tell whether a link may not be known to an actor: then, for the actor, there is none."""
    if row.resident_id is None or actor.id == SYSTEM.id or consent.is_shield_officer(actor):
        return False
    return Resident.held.filter(pk=row.resident_id, shielded=True).exists()


def _refuse_joining_dead(held: _Before, row: PersonLink) -> None:
    """Refuse an undo by which one person alone would say again who somebody dead is."""
    back = _force([one for one in held.events if one.pk != row.pk])
    if back is None or (back.resident_id is None and back.other_id is None):
        return
    if mourned([Match(row.visitor_id, back.resident_id, back.other_id)]):
        raise SonaeError(
            "conflict",
            "死亡の確認が出ている人なので、1人では前の結び付きに戻せません。",
            "「別の人」として解いてから、もう一度結び付け、もう1人が確かめてください。",
        )


def _ended(actor: Actor, held: _Before, row: PersonLink, reason: str, *, undo: bool) -> PersonLink:
    """Supersede a link by its end, or by an undo that lets count what was before it."""
    made = _event(
        actor, row.visitor_id, held, _decider(actor, row), reason.strip(), undo=undo,
        supersedes=row.pk,
    )  # fmt: skip
    record_links([made])
    audit.record(actor.id, "person_unlinked", f"visitor:{row.visitor_id}", reason=made.reason)
    return _rows([made.id])[0]


def _decider(actor: Actor, row: PersonLink) -> str:
    """Return the source of what undoes a link: a person's word stands against later matching."""
    return "review" if row.source == "auto" and actor.id != SYSTEM.id else row.source


def agree_link(actor: Actor, link_id: UUID, reason: str = "") -> PersonLink:
    """Agree to what another person has proposed; then it is in force.

    `SonaeError` ``forbidden`` for one's own proposal, ``conflict`` when it was answered already.
    """
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("safety")
        row, held = _proposal(link_id)
        if row.by == actor.id:
            raise SonaeError("forbidden", "提案した本人は、確かめたことにできません。")
        made = _event(
            actor, row.visitor_id, held, row.source, reason.strip() or row.reason,
            resident_pk=row.resident_id, other_pk=row.other_id, probability=row.probability,
            supersedes=row.pk,
        )  # fmt: skip
        _refuse_circles([made])
        record_links([made])
        audit.record(actor.id, "person_linked", f"visitor:{row.visitor_id}", source=row.source)
    return _rows([made.id])[0]


def refuse_link(actor: Actor, link_id: UUID, reason: str) -> PersonLink:
    """Turn a proposal down, or take one's own back; nothing has changed by it."""
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("safety")
        row, held = _proposal(link_id)
        made = _event(
            actor, row.visitor_id, held, row.source, reason.strip(), proposed=True, supersedes=row.pk
        )  # fmt: skip
        record_links([made])
        audit.record(actor.id, "person_link_refused", f"visitor:{row.visitor_id}")
    return _rows([made.id])[0]


def take_back(actor: Actor, link_id: UUID, reason: str) -> PersonLink:
    """Take back whatever an event said: a link, its end, a proposal, or that a proposal was refused.

    Then all is as it was before it; errors as `undo_link` and `refuse_link` have them.
    """
    row = PersonLink.objects.filter(pk=link_id).first()
    if row is None or not row.proposed:
        return undo_link(actor, link_id, reason)
    return refuse_link(actor, link_id, reason) if _asks(row) else _ask_again(actor, row, reason)


def _ask_again(actor: Actor, row: PersonLink, reason: str) -> PersonLink:
    """Take a refusal back: the proposal that it answered waits for a second person again."""
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("safety")
        held = _before([row.visitor_id])[row.visitor_id]
        newer = [one for one in held.events if (one.clock, one.pk.hex) > (row.clock, row.pk.hex)]
        if newer:
            raise SonaeError("conflict", "この人については、その後に別の答えが出ています。")
        made = _event(
            actor, row.visitor_id, held, row.source, reason.strip(), proposed=True, undo=True,
            supersedes=row.pk,
        )  # fmt: skip
        record_links([made])
        audit.record(actor.id, "person_link_proposed", f"visitor:{row.visitor_id}")
    return _rows([made.id])[0]


def _proposal(link_id: UUID) -> tuple[PersonLink, _Before]:
    """Return a proposal that waits for a second person."""
    row = PersonLink.objects.filter(pk=link_id, proposed=True).first()
    if row is None:
        raise SonaeError("not_found", "この提案はありません。")
    held = _before([row.visitor_id])[row.visitor_id]
    if row.pk not in {one.pk for one in held.open}:
        raise SonaeError("conflict", "この提案は、もう答えが出ています。")
    return row, held


# --- reads: for the machine; what a person may see of it is decided by `consent` ---------------------


def links_of(visitor_pks: Iterable[int]) -> dict[int, PersonLink]:
    """Return visitor → the link in force, of those that are linked to somebody.

    For the machine only: it names shielded residents too.
    """
    found = _before(list(visitor_pks)).items()
    return {pk: one.force for pk, one in found if one.force and one.target != (None, None)}


def link_history(visitor_pk: int) -> list[PersonLink]:
    """Return all that was said about who a visitor is, newest first. For the machine only."""
    return list(PersonLink.objects.filter(visitor=visitor_pk).order_by("-clock", "-pk"))


def proposed_links(visitor_pk: int | None = None) -> list[PersonLink]:
    """Return the proposals that wait for a second person, oldest first: of one visitor, or (None) all.

    For the machine only.
    """
    asked = PersonLink.objects.filter(proposed=True)
    asked = asked.filter(visitor=visitor_pk) if visitor_pk is not None else asked
    rows = asked.values_list("visitor", flat=True).distinct()
    waiting = [one for held in _before(list(rows)).values() for one in held.open]
    return sorted(waiting, key=lambda one: (one.clock, one.pk.hex))
