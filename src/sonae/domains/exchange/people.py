"""Who is meant, and what may be told of them: candidates, the decision, the facts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from sonae.core.errors import SonaeError
from sonae.core.kana import search_key
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Decision, Outsider
from sonae.domains.exchange import rules
from sonae.domains.exchange.models import SafetyRequest
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Visitor
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import parts

MOST_CANDIDATES = 20
_NOBODY = 0


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be the one asked for; ``key`` is ``r<pk>`` or ``v<pk>``."""

    key: str
    name: str
    kana: str
    birth_date: str
    address: str
    known: bool
    """Whether the ledger knows anything of the person."""


class Hidden:
    """Which visitors may be a resident under 支援措置, written down by hand at a shelter.

    The same name or reading, with no birth year that speaks against it, is enough to stay out of every
    list, answer and export.
    """

    def __init__(self) -> None:
        """Read the names of those who are shielded."""
        self._years: dict[str, set[str]] = {}
        # Who has moved away is as much in danger here as before.
        rows = Resident.held.filter(shielded=True)
        for name, kana, born in rows.values_list("name", "kana_key", "birth_date"):
            for key in (residents.name_key(name), kana):
                self._years.setdefault(key, set()).add(born[:4])

    def hides(self, one: Visitor) -> bool:
        """Tell whether a visitor must not be shown."""
        born = one.birth_date[:4]
        for key in {residents.name_key(one.name), search_key(one.kana), search_key(one.name)} - {
            ""
        }:
            years = self._years.get(key, set())
            if years and (not born or "" in years or born in years):
                return True
        return False


def visible_visitors(rows: QuerySet[Visitor] | None = None) -> list[Visitor]:
    """Return visitors that may be listed, as they are known by now: linked to nobody, and not `Hidden`.

    Hidden is who is so by what was first written or by what was written since.
    """
    hidden, later = Hidden(), safety.corrections()
    found = Visitor.objects.all() if rows is None else rows
    first = (one for one in found.filter(resident=None, same_as=None) if not hidden.hides(one))
    now = (safety.corrected(one, later.get(one.pk)) for one in first)
    return [one for one in now if not hidden.hides(one)]


def candidates(actor: Actor, text: str) -> list[Candidate]:
    """Return people whom an inquiry may mean, by name, kana or birth date; each look is recorded.

    Nobody under 支援措置 is ever among them, whatever is typed: not by the own card either.
    """
    require(actor, Audience.OPERATOR)
    found = residents.search(actor, text, limit=MOST_CANDIDATES, purpose="safety_inquiry")
    people = [] if found.how in ("qr", "card") else found.people
    states = safety.state_of([one.pk for one in people])
    listed = [
        Candidate(f"r{one.pk}", one.name, one.kana, one.birth_date, one.address, one.pk in states)
        for one in people
    ]
    return listed + _visitors_like(text)[: MOST_CANDIDATES - len(listed)]


def _visitors_like(text: str) -> list[Candidate]:
    """Return visitors who were ever written like what was typed."""
    # With the eyes of a screen that everybody sees: what is not found cannot be told by telephone.
    found = safety.written_like(safety.Eyes(), text)
    shown = [
        one
        for part in parts(found)
        for one in visible_visitors(Visitor.objects.filter(pk__in=part))
    ]
    shown.sort(key=lambda one: (not found[one.pk], one.kana, one.pk))
    return [
        Candidate(f"v{one.pk}", one.name, one.kana, one.birth_date, one.address, True)
        for one in shown[:MOST_CANDIDATES]
    ]


def chosen(key: str) -> tuple[Resident | None, Visitor | None]:
    """Return whom a candidate's key means; `SonaeError` ``not_found`` for anybody not to be listed."""
    kind, number = key[:1], key[1:]
    if number.isdecimal() and kind == "r":
        found = Resident.objects.filter(pk=int(number), shielded=False).first()
        if found is not None:
            return found, None
    if number.isdecimal() and kind == "v":
        for visitor in visible_visitors(Visitor.objects.filter(pk=int(number))):
            return None, visitor
    raise SonaeError("not_found", "この人は一覧にありません。", "もう一度さがしてください。")


def policy() -> rules.AnswerPolicy:
    """Return the table of answers that the municipality has chosen."""
    return rules.answer_policy(municipality().settings.get("answer_policy"))


def outsider(row: SafetyRequest) -> Outsider:
    """Return who asks, as the decision and the resident's record need it."""
    table = policy()
    name = row.asker_body or row.asker_name
    told = f"安否照会：{name}（{row.relation}）" if row.relation else f"安否照会：{name}"
    return Outsider(
        row.asker, rules.ASKERS[row.asker], told, f"request:{row.pk}",
        table.table[row.asker], table.source,
    )  # fmt: skip


def decided(row: SafetyRequest, *, actor: Actor = SYSTEM, recorded: bool = False) -> Decision:
    """Decide what may be told to who asks; the same work whether there is a person or not."""
    resident = row.resident
    subject = resident.pk if resident else _NOBODY
    hidden: Collection[int] = ()
    if resident is not None and resident.shielded:
        hidden = {subject}
    if row.visitor_id and not visible_visitors(Visitor.objects.filter(pk=row.visitor_id)):
        hidden = {subject}
    made = consent.disclose(
        actor, [subject], purpose="safety_inquiry", kinds=consent.ANSWER, shielded=hidden,
        outsider=outsider(row), recorded=recorded and resident is not None,
    )  # fmt: skip
    return made[subject]


def state_of(row: SafetyRequest) -> PersonState | None:
    """Return what the ledger knows of the person asked for."""
    if row.resident_id:
        return safety.state_of([row.resident_id]).get(row.resident_id)
    if row.visitor_id:
        return PersonState.objects.filter(person=f"v{row.visitor_id}").first()
    return None


def facts(row: SafetyRequest, made: Decision) -> dict[str, Any]:
    """Return what is told: kind → value, with the time it was true; empty where nothing is known.

    ``heard_from``: a source, where only somebody else has said how the person is. "Nobody answered" is
    no news of anybody.
    """
    state = state_of(row)
    if state is None or state.status == "unknown" or made.outcome != "permit":
        return {}
    who = _identity(row)
    told: dict[str, Any] = {
        "held": True,
        "injury": rules.LIVING_STATUSES.get(state.status, "unknown"),
        "condition": state.status,
        "whereabouts": {
            "direction": state.direction,
            "facility": state.facility.name if state.facility else "",
            "place": state.place,
        },
        **who,
    }
    allowed = {kind: value for kind, value in told.items() if kind in made.fields and value}
    about = {"as_of": state.seen_at.isoformat()}
    if source := _heard_from(row) if set(allowed) & {"injury", "condition"} else "":
        about["heard_from"] = source
    return {**allowed, **about} if allowed else {}


def _heard_from(row: SafetyRequest) -> str:
    """Return who has said how the person is, empty where it was seen or said by the person."""
    found = safety.hearsay(
        [row.resident_id] if row.resident_id else [], [row.visitor_id] if row.visitor_id else []
    )
    return next(iter(found.values()), "")


def _identity(row: SafetyRequest) -> dict[str, str]:
    """Return who the person is, from the register or as a visitor has said."""
    if row.resident is not None:
        one, home = row.resident, row.resident.household
        return {
            "name": one.name, "kana": one.kana, "birth_date": one.birth_date, "sex": one.sex,
            "address": f"{home.town.name}{home.address}", "phone": one.phone,
        }  # fmt: skip
    if row.visitor is not None:
        pk = row.visitor.pk
        seen = safety.corrected(row.visitor, safety.corrections([pk]).get(pk))
        return {
            "name": seen.name, "kana": seen.kana, "birth_date": seen.birth_date,
            "address": seen.address,
        }  # fmt: skip
    return {}
