"""The review desk (照合の確認): one question at a time, each to one clerk, every answer an event.

A question is leased while it is looked at, so that two clerks never answer the same one; a lease
that nobody renews runs out. Answers become links (`safety.link`) and can be taken back.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, F, FloatField, Q, QuerySet, Value, When

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Person
from sonae.domains.rosters.models import MatchDecision, MatchQuestion, RosterLine
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonLink, Visitor
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

LEASE_SECONDS: Final = 300.0
LATER_SECONDS: Final = 1800.0
ANSWERS: Final = ("person", "none", "later")
_ASKED: Final = ("open", "later", "second")
_WITHHELD: Final = 26
"""Of 256: so many automatic links are not shown again either, so that a line that is not shown tells
nothing about who is under 支援措置."""


@dataclass(frozen=True)
class Written:
    """Somebody as written down: a line of a roster or a visitor of a desk, in one form."""

    visitor_pk: int
    name: str
    kana: str
    sex: str
    birth_date: str
    age: str
    address: str
    phone: str
    note: str = ""
    line: RosterLine | None = None


@dataclass(frozen=True)
class Choice:
    """One candidate as shown: the person, how sure, why; ``home``: the others of the household."""

    number: int
    person: int
    written: Written | None
    resident: Person | None
    probability: float
    why: Sequence[str]
    levels: Mapping[str, str]
    weights: Mapping[str, float]
    home: Sequence[Person]


@dataclass(frozen=True)
class Asked:
    """A question with all that a clerk needs to answer it; ``card``: the other lines of the paper."""

    question: MatchQuestion
    who: Written
    choices: list[Choice]
    card: list[RosterLine]


@dataclass(frozen=True)
class Progress:
    """How far the desk is: questions open, waiting (later or second person), answered by me today."""

    open: int
    later: int
    second: int
    mine: int
    answered: int


def _unix() -> float:
    """Return real time in UNIX seconds: a lease is held against other clerks, in a drill as in life."""
    return clock.SystemClock().now().timestamp()


def _waiting(actor: Actor, now: float) -> QuerySet[MatchQuestion]:
    """Return the questions this clerk may be asked now, the most urgent first."""
    rows = MatchQuestion.objects.filter(
        Q(state="open") | Q(state="later", due_at__lte=now) | Q(state="second")
    )
    return rows.exclude(state="second", first_by=actor.id)


def _free(rows: QuerySet[MatchQuestion], actor: Actor, now: float) -> QuerySet[MatchQuestion]:
    return rows.filter(Q(leased_until__lte=now) | Q(leased_by=actor.id))


def take_next(actor: Actor) -> MatchQuestion | None:
    """Return the question to answer next, leased to this clerk for five minutes; None: none is open."""
    require(actor, Audience.OPERATOR)
    now = _unix()
    with writing():
        take_turn("review")
        rows = _waiting(actor, now)
        mine = Case(
            When(leased_by=actor.id, leased_until__gt=now, then=Value(1.0)),
            default=Value(0.0), output_field=FloatField(),
        )  # fmt: skip
        held = rows.filter(leased_by=actor.id, leased_until__gt=now).order_by(-F("order"), "pk")
        free = _free(rows, actor, now).order_by(-mine, "-order", "pk")
        found = held.first()
        while found is None and (one := free.first()) is not None:
            found = None if _nobody_left(one) else one
        if found is None:
            return None
        _lease(found, actor, now)
    return found


def _nobody_left(question: MatchQuestion) -> bool:
    """Tell whether nobody can be asked about (any more); then the question is settled as a stranger's."""
    if question.state == "second" or _still_there(question):
        return False
    question.state, question.leased_until = "settled", 0.0
    question.save(update_fields=["state", "leased_until"])
    return True


def _lease(question: MatchQuestion, actor: Actor, now: float) -> None:
    question.leased_by, question.leased_until = actor.id, now + LEASE_SECONDS
    question.save(update_fields=["leased_by", "leased_until"])


def keep(actor: Actor, question_pk: int) -> bool:
    """Lengthen the lease of the question being looked at; False when it is somebody else's by now."""
    require(actor, Audience.OPERATOR)
    now = _unix()
    rows = MatchQuestion.objects.filter(pk=question_pk, leased_by=actor.id, state__in=_ASKED)
    with writing():
        return bool(rows.update(leased_until=now + LEASE_SECONDS))


def asked(actor: Actor, question: MatchQuestion) -> Asked:
    """Return a question as shown. Residents come through the decision on disclosure, recorded."""
    require(actor, Audience.OPERATOR)
    who = written([question.visitor_id])[question.visitor_id]
    twice = question.kind == "duplicate"
    choices = _visitor_choices(question) if twice else _resident_choices(actor, question)
    return Asked(question, who, choices, _card(who))


def _card(who: Written) -> list[RosterLine]:
    """Return the other lines of the same card."""
    if who.line is None or not who.line.group:
        return []
    rows = RosterLine.objects.filter(roster=who.line.roster_id, group=who.line.group)
    return list(rows.exclude(pk=who.line.pk).order_by("row")[:30])


def _resident_choices(actor: Actor, question: MatchQuestion) -> list[Choice]:
    shown = _still_there(question)
    homes = residents.homes_of(actor, [one["person"] for one in shown])
    found: list[Choice] = []
    for one in shown:
        home = homes.get(one["person"])
        if home is None:
            continue
        resident = next(p for p in home if p.pk == one["person"])
        others = [p for p in home if p.pk != resident.pk]
        found.append(_choice(len(found) + 1, one, None, resident, others))
    return found


def _still_there(question: MatchQuestion) -> list[dict[str, Any]]:
    """Return the candidates of today: without who has left the register since or come under 支援措置.

    How sure they are as if there had been no others.
    """
    if question.kind == "duplicate":
        return list(question.candidates)
    people = [one["person"] for one in question.candidates]
    there = residents.Resident.objects.filter(pk__in=people, shielded=False)
    known = set(there.values_list("pk", flat=True))
    gone = sum(one["probability"] for one in question.candidates if one["person"] not in known)
    rest = max(1.0 - gone, 1e-6)
    return [
        {**one, "probability": round(min(one["probability"] / rest, 1.0), 4)}
        for one in question.candidates
        if one["person"] in known
    ]


def _visitor_choices(question: MatchQuestion) -> list[Choice]:
    known = written([one["person"] for one in question.candidates])
    there = [one for one in question.candidates if one["person"] in known]
    return [_choice(n, one, known[one["person"]], None, []) for n, one in enumerate(there, start=1)]


def _choice(
    number: int, one: Mapping[str, Any], who: Written | None, resident: Person | None,
    home: Sequence[Person],
) -> Choice:  # fmt: skip
    return Choice(
        number, one["person"], who, resident, one["probability"], one["why"], one["levels"],
        one["weights"], home,
    )  # fmt: skip


def written(visitor_pks: Sequence[int]) -> dict[int, Written]:
    """Return visitor → what is known of him or her: by correction, by roster, by the desk's own words."""
    found = {}
    lines = {
        row.visitor_id: row
        for row in RosterLine.objects.filter(visitor__in=visitor_pks).select_related(
            "roster__facility"
        )
    }
    later = safety.corrections(visitor_pks)
    for one in Visitor.objects.filter(pk__in=visitor_pks):
        line, entry = lines.get(one.pk), later.get(one.pk)
        first = entry or line or one
        note = entry.note if entry else line.said.get("note", "") if line else ""
        found[one.pk] = Written(
            one.pk, first.name, first.kana, getattr(first, "sex", ""), first.birth_date,
            line.age if line else "", first.address, getattr(first, "phone", ""), note, line,
        )  # fmt: skip
    return found


def answer(actor: Actor, question_pk: int, what: str, person: int | None = None) -> MatchDecision:
    """Answer a question: ``person`` (one of those shown), ``none`` of them, or ``later``.

    `SonaeError` ``conflict`` when another clerk has it or has answered, ``unprocessable`` for a person
    who was not among those shown. Where two people are asked for, the first answer waits for a second.
    """
    require(actor, Audience.OPERATOR)
    if what not in ANSWERS:
        raise SonaeError("unprocessable", "答えが選ばれていません。")
    with writing():
        take_turn("review")
        question = _held(actor, question_pk)
        today = _still_there(question)
        shown = {one["person"]: one for one in today}
        if what == "person" and person not in shown:
            raise SonaeError("unprocessable", "この候補は、いまの問いにありません。")
        made = MatchDecision(
            question=question, answer=what, at=clock.now(), by=actor.id, shown=today,
            person=person if what == "person" else None,
        )  # fmt: skip
        if what == "later":
            question.state, question.due_at = "later", _unix() + LATER_SECONDS
        else:
            _settle(actor, question, made, shown.get(person or 0))
        question.leased_until = 0.0
        question.save()
        made.save()
        audit.record(
            actor.id, "match_answered", f"visitor:{question.visitor_id}", answer=what,
            kind=question.kind,
        )  # fmt: skip
    return made


def _held(actor: Actor, question_pk: int) -> MatchQuestion:
    """Return a question that this clerk may answer now."""
    question = MatchQuestion.objects.select_for_update().filter(pk=question_pk).first()
    if question is None:
        raise SonaeError("not_found", "この問いはありません。")
    if question.state not in _ASKED:
        raise SonaeError(
            "conflict", "この行は、もう照合が済んでいます。", "次の行へ進んでください。"
        )
    if question.leased_by != actor.id and question.leased_until > _unix():
        raise SonaeError(
            "conflict", "ほかの職員が、いまこの行を見ています。", "次の行へ進んでください。"
        )
    if question.state == "second" and question.first_by == actor.id:
        raise SonaeError("forbidden", "先に答えた人は、確かめたことにできません。")
    return question


def _settle(
    actor: Actor, question: MatchQuestion, made: MatchDecision, chosen: Mapping[str, Any] | None
) -> None:
    """Turn an answer into a link event, and tell what becomes of the question."""
    before = _first(question)
    if before is not None and before.person != made.person:
        if before.link is not None:
            made.link = safety.refuse_link(actor, before.link, "2人目の答えが違った").pk
        question.state, question.first_by = "open", ""
        made.proposed = True
        return
    event = _link(actor, question, chosen) if chosen else _unlink(actor, question)
    made.link = event.pk if event else None
    made.proposed = bool(event and event.proposed)
    question.state = "second" if made.proposed else "settled"
    question.first_by = actor.id if made.proposed else ""


def _first(question: MatchQuestion) -> MatchDecision | None:
    """Return the first clerk's answer to a question that waits for a second."""
    if question.state != "second":
        return None
    rows = MatchDecision.objects.filter(question=question, undone_at=None, proposed=True)
    return rows.order_by("-at", "-pk").first()


def _link(actor: Actor, question: MatchQuestion, chosen: Mapping[str, Any]) -> PersonLink | None:
    """Make the link; None when it is so already."""
    register = question.kind == "register"
    try:
        return safety.link(
            actor, question.visitor_id,
            resident_pk=chosen["person"] if register else None,
            other_pk=None if register else chosen["person"],
            source="review", reason="・".join(chosen["why"]), probability=chosen["probability"],
        )  # fmt: skip
    except SonaeError as error:
        if error.code != "conflict":
            raise
        return None


def _unlink(actor: Actor, question: MatchQuestion) -> PersonLink | None:
    """End the link of somebody who is nobody of the register after all."""
    if question.kind != "register":
        return None
    try:
        return safety.unlink(actor, question.visitor_id, "候補のだれでもない")
    except SonaeError as error:
        if error.code != "conflict":  # linked to nobody whom this clerk could mean
            raise
    return None


def in_hands(visitor_pks: Sequence[int]) -> set[int]:
    """Return whose question of the register a person has answered, or is looking at now.

    Under the turn ``review`` that stays so until the transaction ends.
    """
    asked = MatchQuestion.objects.filter(kind="register", visitor__in=visitor_pks)
    held = asked.filter(Q(state="second") | Q(state__in=_ASKED, leased_until__gt=_unix()))
    told = MatchDecision.objects.filter(
        question__in=asked.filter(state="settled"), answer__in=("person", "none"), undone_at=None
    )
    return {
        *held.values_list("visitor", flat=True),
        *told.values_list("question__visitor", flat=True),
    }


def last_answer(actor: Actor) -> MatchDecision | None:
    """Return this clerk's last answer that stands, for the undo key."""
    rows = MatchDecision.objects.filter(by=actor.id, undone_at=None).select_related("question")
    return rows.order_by("-at", "-pk").first()


def undo(actor: Actor, decision_pk: int) -> MatchQuestion:
    """Take an own answer back: all is as it was before it, and the question is this clerk's.

    The first of two answers waits again where this one was the second.

    `SonaeError` ``conflict`` when something newer was decided about the person since.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("review")
        made = MatchDecision.objects.select_related("question").filter(pk=decision_pk).first()
        if made is None or made.by != actor.id:
            raise SonaeError("not_found", "取り消せる答えがありません。")
        if made.undone_at is not None:
            raise SonaeError("conflict", "この答えは、もう取り消されています。")
        _still_told_of(made.question.visitor_id)
        if made.link is not None:
            safety.take_back(actor, made.link, "答えを取り消した")
        made.undone_at = clock.now()
        made.save(update_fields=["undone_at"])
        question = made.question
        first = _waits_again(question)
        question.state = "second" if first else "open"
        question.first_by = first.by if first else ""
        _lease(question, actor, _unix())
        question.save(update_fields=["state", "first_by"])
        audit.record(actor.id, "match_answer_undone", f"visitor:{question.visitor_id}")
    return question


def _still_told_of(visitor_pk: int) -> None:
    """Refuse to ask about somebody of whom nothing is said any more: the roster was taken back."""
    if not safety.still_spoken_of([visitor_pk]):
        raise SonaeError(
            "conflict", "この行は、名簿の取り込みか受付が取り消されたので、もう確かめられません。",
            "名簿をもう一度取り込むと、新しい行として照合されます。",
        )  # fmt: skip


def _waits_again(question: MatchQuestion) -> MatchDecision | None:
    """Return the first of two answers that waits for a second again, once that was taken back."""
    waiting = [one.pk for one in safety.proposed_links(question.visitor_id)]
    rows = MatchDecision.objects.filter(question=question, undone_at=None, link__in=waiting)
    return rows.order_by("-at", "-pk").first()


def ask_again(actor: Actor, visitor_pk: int) -> MatchQuestion:
    """Put a settled person on the desk once more, before this clerk; what stands stays until answered.

    The same for everybody, whoever settled it and as whom.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("review")
        question = MatchQuestion.objects.filter(visitor=visitor_pk, kind="register").first()
        if question is None:
            raise SonaeError("not_found", "この人は、まだ照合していません。")
        _still_told_of(visitor_pk)
        if question.state == "settled":
            question.state = "open"
            question.save(update_fields=["state"])
        if question.leased_until > _unix() and question.leased_by != actor.id:
            raise SonaeError("conflict", "ほかの職員が、いまこの行を見ています。")
        _lease(question, actor, _unix())
        audit.record(actor.id, "match_asked_again", f"visitor:{visitor_pk}")
    return question


def outcome(actor: Actor, visitor_pk: int) -> PersonLink | None:
    """Return the link of a visitor if this clerk may see it: the clerk's own, or the machine's.

    Not another clerk's, nor one in ten of the machine's, nor any to somebody under 支援措置: to the eye
    these are all the same (docs/decisions/0014).
    """
    require(actor, Audience.OPERATOR)
    link = safety.links_of([visitor_pk]).get(visitor_pk)
    if link is None or (link.by != actor.id and link.source != "auto"):
        return None
    if link.source == "auto" and _withheld(visitor_pk):
        return None
    if link.resident_id is not None and not residents.homes_of(actor, [link.resident_id]):
        return None
    return link


def _withheld(visitor_pk: int) -> bool:
    """Tell, always the same and by nobody to be foretold, whether an automatic link is not shown."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"withheld {visitor_pk}".encode(), hashlib.sha256).digest()[0] < _WITHHELD


def progress(actor: Actor) -> Progress:
    """Return how far the desk is."""
    require(actor, Audience.OPERATOR)
    now = _unix()
    states = MatchQuestion.objects.filter(state__in=_ASKED)
    open_now = states.filter(Q(state="open") | Q(state="later", due_at__lte=now)).count()
    today = clock.now().astimezone(clock.JST).replace(hour=0, minute=0, second=0, microsecond=0)
    answered = MatchDecision.objects.filter(undone_at=None, at__gte=today).exclude(answer="later")
    return Progress(
        open_now,
        states.filter(state="later", due_at__gt=now).count(),
        states.filter(state="second").count(),
        answered.filter(by=actor.id).count(),
        answered.count(),
    )
