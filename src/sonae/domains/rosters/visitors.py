"""Visitors (来訪者): people in their own right, listed, found, described better, and told to their city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from sonae.core import clock, kana, wareki
from sonae.core.errors import SonaeError
from sonae.core.municipality import named_alone
from sonae.domains.rosters.desk import Written, written
from sonae.domains.rosters.models import MatchQuestion
from sonae.domains.rosters.runs import ask
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Visitor, VisitorEntry
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

EDITED: Final = ("name", "kana", "sex", "birth_date", "address", "phone", "home_city", "note")
_MATCHED: Final = ("name", "kana", "sex", "birth_date", "address", "phone")
_LONGEST: Final[Mapping[str, int]] = {
    "name": 120, "kana": 160, "sex": 1, "birth_date": 10, "address": 200, "phone": 40,
    "home_city": 60, "note": 300,
}  # fmt: skip


@dataclass(frozen=True)
class Guest:
    """A visitor who is nobody of the register (as far as known): facts, where last seen, open question."""

    who: Written
    home_city: str
    state: PersonState | None
    question: int | None


def visitors(
    actor: Actor, text: str = "", *, limit: int = 100, offset: int = 0
) -> tuple[list[Guest], int]:
    """Return visitors who are not linked to anybody, newest first, and how many match.

    ``text``: parts of any name or reading ever written, a birth date, or a part of the address or of the
    city to be told; `SonaeError` for what is written like a date, is none and stands in no address. Who
    turned out to be a resident or another visitor is not listed: a person is listed once.
    """
    require(actor, Audience.OPERATOR)
    eyes = safety.Eyes(actor)
    rows = eyes.own()
    pks = list(rows.order_by("-pk").values_list("pk", flat=True))
    if typed := text.strip():
        said = Q(address__contains=typed) | Q(home_city__contains=typed)
        told = set(VisitorEntry.objects.filter(said).values_list("visitor", flat=True))
        told |= set(rows.filter(address__contains=typed).values_list("pk", flat=True))
        try:
            told |= safety.written_like(eyes, typed).keys()
        except SonaeError:
            if not told:  # 1-2-3 may be a lot of an address
                raise
        pks = [pk for pk in pks if pk in told]
    shown = pks[offset : offset + limit]
    with writing():
        audit.record(actor.id, "visitors_seen", "", count=len(shown), searched=bool(typed))
    return _guests(eyes, shown), len(pks)


def _guests(eyes: safety.Eyes, pks: list[int]) -> list[Guest]:
    known = written(pks)
    states = eyes.states(pks)
    cities = dict(
        VisitorEntry.objects.filter(visitor__in=pks).order_by("at", "pk").values_list(
            "visitor", "home_city"
        )
    )  # fmt: skip
    asked = dict(
        MatchQuestion.objects.filter(visitor__in=pks)
        .exclude(state="settled")
        .values_list("visitor", "pk")
    )
    return [
        Guest(known[pk], cities.get(pk, ""), states.get(pk), asked.get(pk))
        for pk in pks
        if pk in known
    ]


def visitor(actor: Actor, pk: int) -> tuple[Guest, list[VisitorEntry]]:
    """Return one visitor and what was written of him or her, newest first; the look is recorded.

    `SonaeError` ``not_found`` also for who is linked: such a person's page is the resident's.
    """
    require(actor, Audience.OPERATOR)
    eyes = safety.Eyes(actor)
    if not eyes.own(Visitor.objects.filter(pk=pk)).exists():
        raise SonaeError("not_found", "この来訪者はいません。")
    with writing():
        audit.record(actor.id, "visitor_seen", f"visitor:{pk}")
    [found] = _guests(eyes, [pk])
    return found, list(VisitorEntry.objects.filter(visitor=pk).order_by("-at", "-pk"))


def describe(actor: Actor, pk: int, facts: Mapping[str, str]) -> VisitorEntry:
    """Write down what is known of a visitor by now; what was written before stays readable.

    Whoever may be somebody of the register by that is matched anew. `SonaeError` ``unreadable`` for a
    birth date that is none, nobody's name, or a city to be told that is not one only.
    """
    require(actor, Audience.OPERATOR)
    visitor(actor, pk)
    told = {name: " ".join(facts.get(name, "").split())[: _LONGEST[name]] for name in EDITED}
    if not told["name"] and not told["kana"]:
        raise SonaeError("unreadable", "氏名かフリガナのどちらかは必要です。")
    told["kana"] = kana.katakana(told["kana"])
    told["birth_date"] = _birth(facts.get("birth_date", ""))
    if told["home_city"] and not named_alone(told["home_city"]):
        raise SonaeError(
            "unreadable", "知らせる市区町村が、どこか決まりません。",
            "町・村・区と、同じ名前のある市は、都道府県から書いてください（例：福島県大熊町）。",
        )  # fmt: skip
    before = written([pk])[pk]
    with writing():
        made = VisitorEntry.objects.create(
            visitor_id=pk, at=clock.now(), by=(actor.name or actor.id)[:120], **told
        )
        audit.record(actor.id, "visitor_described", f"visitor:{pk}")
        if any(told[name] != getattr(before, name) for name in _MATCHED):
            ask(actor)
    return made


def _birth(text: str) -> str:
    if not text.strip():
        return ""
    day = wareki.parse(text)
    first, last = str(day.earliest or ""), str(day.latest or "")
    return next((first[:n] for n in (10, 7, 4) if first and first[:n] == last[:n]), "")


def seen(actor: Actor, pk: int) -> list[safety.Sighting]:
    """Return the sightings of a visitor that count, newest first: none that was taken back."""
    steps = safety.history(actor, f"v{pk}").steps
    return [step.sighting for step in steps if not step.undone][:50]
