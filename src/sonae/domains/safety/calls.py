"""Calls for help (助けが必要, けが): who calls, how grave it is, and what people did about it.

What is done about a call is an event (`CallAnswer`) that supersedes the one before and overwrites
nothing. A call made after somebody was helped, could not be reached, or was well, is open anew.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import Decision
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import CallAnswer, InquirySubject, PersonState, Visitor
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.selectors import (
    SHIELDED_TEXT,
    current_inquiry,
    looked,
    openly,
    visitor_name,
)
from sonae.domains.safety.visitors import known_by_now
from sonae.domains.safety.whose import Eyes
from sonae.domains.warnings.interface import alarm_duty
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, take_turn, writing

ANSWERS: Final = ("open", "progress", "unreachable", "done")
"""What may have been done about a call, in the order in which calls are listed."""


@dataclass(frozen=True)
class Call:
    """One call for help: what the reader may see of it, how grave it is, and what was done.

    ``where`` is what was said of the place, ``home`` the registered address with its town; either
    may be empty, and whoever goes there needs both. ``danger`` 0–100 as on the list of the
    unaccounted. ``person`` as in `PersonState`, or an opaque word for somebody under 支援措置, of whom the
    danger is not told either. ``answer`` is one of `ANSWERS`; ``history`` all that was done, newest first.
    ``clock``: that of the call, for `answer_call`.
    """

    person: str
    name: str
    where: str
    home: str
    phone: str
    status: str
    seen_at: datetime
    danger: int
    answer: str
    clock: str
    history: tuple[CallAnswer, ...] = ()


def help_wanted(actor: Actor, limit: int = 100) -> list[Call]:
    """Return the calls for help, for staff: open ones first, then by danger, then the oldest first."""
    require(actor, Audience.STAFF)
    eyes = Eyes(actor)
    states = _calling(eyes)
    answers, dangers = _answers((state.person for state in states), eyes), _dangers(actor)
    stands = _standing(states, answers)
    states.sort(key=lambda state: _urgency(state, stands, dangers))
    found = _with_people(states[:limit])
    people = [row.resident for row in found if row.resident is not None]
    made = looked(actor, people, "rescue", ("name", "address", "phone", "safety"))
    return [_call(row, made, answers, stands, dangers) for row in found]


def _calling(eyes: Eyes) -> list[PersonState]:
    """Return who calls for help, as a reader sees them, the oldest call first."""
    rows = PersonState.objects.filter(status__in=rules.CALLS).order_by("seen_at", "pk")
    stored = rows.only("pk", "person", "resident_id", "visitor_id", "clock", "seen_at")
    if not eyes.residents:
        return list(stored)
    found = [one for one in stored if one.resident_id not in eyes.residents]
    found += [one for one in eyes.parts() if one.status in rules.CALLS]
    return sorted(found, key=lambda one: (one.seen_at, one.person))


def _answers(people: Iterable[str], eyes: Eyes) -> dict[str, list[CallAnswer]]:
    """Return person → what was done about the calls, newest first.

    What was done for a visitor is done for whoever the visitor turns out to be.
    """
    whose = {person: person for person in people}
    linked = _written_as(whose).items()
    whose |= {one: end for one, end in linked if int(one[1:]) not in eyes.hidden}
    found: dict[str, list[CallAnswer]] = {}
    rows = [one for part in parts(whose) for one in CallAnswer.objects.filter(person__in=part)]
    for one in sorted(rows, key=lambda row: -row.pk):
        found.setdefault(whose[one.person], []).append(one)
    return found


def _written_as(people: Iterable[str]) -> dict[str, str]:
    """Return linked visitor → the person it is, of these people."""
    found: dict[str, str] = {}
    for kind, column in (("r", "resident"), ("v", "same_as")):
        for part in parts(int(one[1:]) for one in people if one[0] == kind):
            # That it is not null lets the index of the few that are linked serve.
            named = {f"{column}__in": part, f"{column}__isnull": False}
            rows = Visitor.objects.filter(**named).values_list("pk", column)
            found.update((f"v{pk}", f"{kind}{end}") for pk, end in rows)
    return found


def _dangers(actor: Actor) -> dict[int, int]:
    """Return resident → danger in the current inquiry, as far as the reader may know it."""
    rows = openly(InquirySubject.objects.filter(inquiry=current_inquiry()), actor)
    calling = PersonState.objects.filter(status__in=rules.CALLS, resident__isnull=False)
    found = rows.filter(resident__in=calling.values("resident"))
    return {row.resident_id: row.danger for row in found.only("resident_id", "danger")}


def _danger(state: PersonState, dangers: Mapping[int, int]) -> int:
    return dangers.get(state.resident_id or 0, rules.DANGER_UNKNOWN)


def answer_to(state_clock: str, answers: list[CallAnswer], *, anew: bool = False) -> str:
    """Return what stands about a call: the newest event, unless the person called again after it.

    Help that is on its way stays on its way, however often somebody calls; unless ``anew``: it was
    for an earlier need, because the person was heard of in no need since.
    """
    newest = answers[0] if answers else None
    if newest is None:
        return "open"
    on_its_way = newest.status == "progress" and not anew
    return newest.status if on_its_way or newest.clock >= state_clock else "open"


def _standing(
    states: Iterable[PersonState], answers: Mapping[str, list[CallAnswer]]
) -> dict[str, str]:
    """Return person → what stands about the call."""
    known = list(states)
    anew = _in_need_anew(known, answers)
    return {
        state.person: answer_to(
            state.clock, answers.get(state.person, []), anew=state.person in anew
        )
        for state in known
    }


def _in_need_anew(
    states: Iterable[PersonState], answers: Mapping[str, list[CallAnswer]]
) -> set[str]:
    """Return who was heard of in no need between the call that help is on its way to and now."""
    since: dict[str, dict[int, tuple[str, str]]] = {"resident_id": {}, "visitor_id": {}}
    for state in states:
        newest = next(iter(answers.get(state.person, [])), None)
        if newest is None or newest.status != "progress" or newest.clock >= state.clock:
            continue
        for column, people in since.items():
            if (pk := getattr(state, column)) is not None:
                people[pk] = state.person, newest.clock
    return {
        people[pk][0]
        for column, people in since.items()
        for pk, events in events_of(column, people).items()
        for event in rules.standing(events)
        if event.clock > people[pk][1] and event.status not in rules.CALLS
    }


def _urgency(
    state: PersonState, stands: Mapping[str, str], dangers: Mapping[int, int]
) -> tuple[int, int, datetime, int]:
    answer = ANSWERS.index(stands[state.person])
    return answer, -_danger(state, dangers), state.seen_at, int(state.person[1:])


def _with_people(states: list[PersonState]) -> list[PersonState]:
    """Return states with their people; one that is stored nowhere reads its own."""
    rows = PersonState.objects.select_related("resident__household__town", "visitor", "facility")
    found = {
        row.person: row
        for part in parts(one.pk for one in states if one.pk)
        for row in rows.filter(pk__in=part)
    }
    rows_now = [found.get(one.person, one) for one in states]
    for one in rows_now:
        if one.visitor is not None:
            [one.visitor] = known_by_now([one.visitor])
    return rows_now


def _call(
    row: PersonState,
    made: Mapping[int, Decision],
    answers: Mapping[str, list[CallAnswer]],
    stands: Mapping[str, str],
    dangers: Mapping[int, int],
) -> Call:
    """Return one call for help; where a shielded person is, only the person in charge may learn."""
    one, name, home, phone = row.resident, visitor_name(row.visitor), "", ""
    where = row.place or (row.facility.name if row.facility else "")
    if one is not None:
        fields = made[one.pk].fields
        name = one.name if "name" in fields else SHIELDED_TEXT
        phone = one.phone if "phone" in fields else ""
        home = f"{one.household.town.name} {one.household.address}"
        where, home = (where, home) if "address" in fields else ("", "")
    history = answers.get(row.person, [])
    told = one is None or "name" in made[one.pk].fields
    return Call(
        row.person if told else _opaque(row.person), name, where, home, phone, row.status, row.seen_at,
        _danger(row, dangers), stands[row.person], row.clock, tuple(history),
    )  # fmt: skip


def _opaque(person: str) -> str:
    """Return a word for somebody whose number must not be told: the next ones are of the same home."""
    key = settings.SECRET_KEY.encode()
    return "x" + hmac.new(key, f"call {person}".encode(), hashlib.sha256).hexdigest()[:20]


def _called(actor: Actor, person: str) -> PersonState | None:
    """Return the call for help that a reader means."""
    eyes = Eyes(actor)
    rows = PersonState.objects.filter(status__in=rules.CALLS)
    if not eyes.sees_all:
        rows = rows.exclude(resident__in=Resident.held.filter(shielded=True))
    if (plain := rows.filter(person=person).first()) is not None:
        return plain
    known = set(rows.values_list("person", flat=True))
    for one in _calling(eyes):
        shown = one.person if one.visitor_id or one.person in known else _opaque(one.person)
        if shown == person:
            return one
    return None


def answer_call(
    actor: Actor, person: str, status: str, note: str = "", seen: str = ""
) -> CallAnswer:
    """Record what is done about a call; it supersedes what was recorded before.

    ``seen``: the ``clock`` of the call that the actor saw; one made since stays open.
    """
    require(actor, Audience.OPERATOR)
    if status not in ANSWERS:
        raise SonaeError("unprocessable", "対応を選んでください。")
    with writing():
        take_turn("safety")
        state = _called(actor, person)
        if state is None:
            raise SonaeError("not_found", "この人は、いま助けを求めていません。")
        person = state.person
        before = next(iter(_answers([person], Eyes(actor)).get(person, [])), None)
        made = CallAnswer.objects.create(
            person=person,
            clock=min(seen, state.clock) if seen else state.clock,
            status=status,
            note=note.strip()[:400],
            at=clock.now(),
            by=actor.name or actor.id,
            supersedes=before,
        )
        audit.record(actor.id, f"help.{status}", f"person:{person}")
    return made


def help_counts() -> Counter[str]:
    """Return how many calls for help stand at each of `ANSWERS`."""
    eyes = Eyes()
    states = _calling(eyes)
    answers = _answers((state.person for state in states), eyes)
    return Counter(_standing(states, answers).values())


def help_count() -> int:
    """Return how many people call for help and are not helped yet."""
    counts = help_counts()
    return counts.total() - counts["done"]


def help_times() -> list[datetime]:
    """Return when those who call for help now did so, newest first."""
    return sorted((state.seen_at for state in _calling(Eyes())), reverse=True)


def help_by_town() -> dict[int, int]:
    """Return town (primary key) of the home → residents who call for help and are not helped yet.

    Those under 支援措置 are on the list of calls without name and place, and in no town.
    """
    eyes = Eyes()
    states = [state for state in _calling(eyes) if state.resident_id is not None]
    stands = _standing(states, _answers((state.person for state in states), eyes))
    waiting = [state.pk for state in states if state.pk and stands[state.person] != "done"]
    rows = PersonState.objects.filter(resident__shielded=False)
    towns = rows.values_list("resident__household__town", flat=True)
    return dict(Counter(town for part in parts(waiting) for town in towns.filter(pk__in=part)))


def call_duty() -> None:
    """Call the officers on duty because somebody calls for help; inside the ledger's transaction.

    Once in ten minutes, and without a name: mail is open.
    """
    now = clock.now().astimezone(clock.JST)
    alarm_duty(
        f"help:{now:%Y%m%d%H}{now.minute // 10}",
        "助けを求める連絡があります",
        f"{now:%H:%M} 助けを求める連絡が届きました。「安否」の画面で、だれが、どこにいるかを見て、"
        "対応を記録してください。\n\n続けて届いた連絡は、10分ごとに1通でお知らせします。",
    )
