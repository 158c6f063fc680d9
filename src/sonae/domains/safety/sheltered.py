"""Who is, or was at a moment, in a shelter: the roster that the ledger makes (「18時の名簿」).

And who of them may stand on the list that hangs there: those who have said so, nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.kana import search_key
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Facts, Grant, Outsider, Question, decide
from sonae.domains.residents.interface import Resident, name_key
from sonae.domains.safety import rules
from sonae.domains.safety.inside import made_offline
from sonae.domains.safety.models import Visitor, VisitorConsent
from sonae.domains.safety.selectors import inside_at, looked
from sonae.domains.safety.visitors import known_by_now
from sonae.domains.safety.whose import Eyes
from sonae.domains.shelters.interface import Facility
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, take_turn, writing

BOARD: Final = "board"
POSTED: Final = "posted_list"
"""Recipient and purpose of the consent to stand on the list that hangs in a shelter."""
POSTED_KINDS: Final = ("name", "kana", "town")
_KINDS: Final = ("name", "kana", "birth_date", "sex", "address", "needs")


@dataclass(frozen=True)
class Sheltered:
    """One person inside: what was denied is empty. ``since``: when last heard of there.

    ``resident_pk`` is None for a visitor; ``posted``: has agreed to stand on the list that hangs there.
    ``offline``: taken in by a terminal that had no connection.
    """

    person: str
    resident_pk: int | None
    visitor_pk: int | None
    name: str
    kana: str
    birth_date: str
    sex: str
    address: str
    needs: str
    status: str
    since: datetime
    posted: bool
    offline: bool = False


def sheltered(actor: Actor, facility_pk: int, at: datetime | None = None) -> list[Sheltered]:
    """Return who is inside a facility, or was at a moment as far as is known by now, by reading.

    Each look is recorded. People under 支援措置 are not on it, nor is anything that tells how many: the
    number of people inside comes from `occupancy`, which counts people without a name too.
    """
    require(actor, Audience.OPERATOR)
    moment = at or clock.now()
    if moment > clock.now():
        raise SonaeError("unprocessable", "これから先の時刻の名簿は、まだありません。")
    listed = _residents(actor, facility_pk, moment) + _visitors(facility_pk, moment)
    cut = made_offline((one.person for one in listed), facility_pk)
    found = [replace(one, offline=one.person in cut) for one in listed]
    return sorted(found, key=lambda one: (not one.kana, one.kana, one.name, one.person))


def _residents(actor: Actor, facility_pk: int, at: datetime) -> list[Sheltered]:
    states = inside_at("r", facility_pk, at)
    pks = list(states)
    rows = list(
        Resident.held.filter(pk__in=pks).select_related("household__town", "assistanceregistrant")
    )
    made = looked(actor, rows, "reception", _KINDS)
    posted = consent.agreeing(BOARD, POSTED, pks)
    return [
        _resident(row, made[row.pk].fields, states[row.pk], row.pk in posted)
        for row in rows
        if "name" in made[row.pk].fields
    ]


def _resident(
    row: Resident, fields: Collection[str], state: rules.State, posted: bool
) -> Sheltered:
    registrant = getattr(row, "assistanceregistrant", None)
    told = {
        "kana": row.kana, "birth_date": row.birth_date, "sex": row.sex,
        "address": f"{row.household.town.name}{row.household.address}",
        "needs": registrant.reason if registrant else "",
    }  # fmt: skip
    shown: dict[str, Any] = {kind: value if kind in fields else "" for kind, value in told.items()}
    return Sheltered(
        f"r{row.pk}", row.pk, None, row.name, **shown, status=state.status, since=state.seen_at,
        posted=posted,
    )  # fmt: skip


def _visitors(facility_pk: int, at: datetime) -> list[Sheltered]:
    states = inside_at("v", facility_pk, at)
    posted = _grants(states)
    return [
        Sheltered(
            f"v{one.pk}", None, one.pk, one.name, one.kana, one.birth_date, "", one.address, "",
            states[one.pk].status, states[one.pk].seen_at, one.pk in posted,
        )
        for part in parts(states)
        for one in known_by_now(Visitor.objects.filter(pk__in=part))
    ]  # fmt: skip


# --- the list that hangs there ---------------------------------------------------------------------


def agreed(people: Collection[str]) -> set[str]:
    """Return those of the people (keys as in `PersonState`) who have agreed to stand on the posted list."""
    pks = {kind: [int(one[1:]) for one in people if one[0] == kind] for kind in "rv"}
    residents = consent.agreeing(BOARD, POSTED, pks["r"])
    return {f"r{pk}" for pk in residents} | {f"v{pk}" for pk in _grants(pks["v"])}


def agree_to_post(actor: Actor, people: Collection[str], wanted: Collection[str]) -> int:
    """Note of people who are here which of them agree (``wanted``) and which do not any more.

    Said by the person at the desk; return how many answers changed. In an exercise only visitors are
    asked, because the consents of residents are real.
    """
    require(actor, Audience.RECEPTION)
    with writing():
        take_turn("posted")
        held = agreed(people)
        changed = {one for one in people if (one in wanted) is not (one in held)}
        for one in sorted(changed):
            kind, pk = one[0], int(one[1:])
            if kind == "v":
                _visitor_says(actor, pk, yes=one in wanted)
            elif one in wanted:
                consent.grant(actor, pk, BOARD, POSTED, POSTED_KINDS)
            else:
                _withdraw(actor, pk)
    return len(changed)


def _withdraw(actor: Actor, pk: int) -> None:
    for row in consent.grants_of(actor, pk):
        if (row.recipient, row.purpose) == (BOARD, POSTED) and row.withdrawn_at is None:
            consent.withdraw(actor, row.pk)


def _consents(visitors: Iterable[int]) -> list[QuerySet[VisitorConsent]]:
    """Return the consents of visitors to stand on the posted list that are in force."""
    rows = VisitorConsent.objects.filter(recipient=BOARD, purpose=POSTED, withdrawn_at=None)
    return [rows.filter(visitor__in=part) for part in parts(visitors)]


def _grants(visitors: Iterable[int]) -> dict[int, Grant]:
    """Return visitor → the consent to stand on the posted list that is in force."""
    return {
        row.visitor_id: Grant(
            row.recipient, row.purpose, frozenset(row.kinds), "both", row.granted_at
        )
        for rows in _consents(visitors)
        for row in rows
    }


def _visitor_says(actor: Actor, pk: int, *, yes: bool) -> None:
    """Note what a visitor has said; what was said before stays readable."""
    if yes:
        VisitorConsent.objects.create(
            visitor_id=pk, recipient=BOARD, purpose=POSTED, kinds=list(POSTED_KINDS),
            granted_at=clock.now(), granted_by=actor.id,
        )  # fmt: skip
    else:
        for rows in _consents([pk]):
            rows.update(withdrawn_at=clock.now(), withdrawn_by=actor.id)
    act = "visitor_consented" if yes else "visitor_consent_withdrawn"
    audit.record(actor.id, act, f"visitor:{pk}", recipient=BOARD, purpose=POSTED)


def posted_list(actor: Actor, place: Facility) -> list[tuple[str, str, str]]:
    """Return name, kana and town of those inside now who may stand on the posted list; recorded.

    Decided for each as a disclosure to whoever reads it there. The town is the register's: of a
    visitor only what they are called hangs there.
    """
    require(actor, Audience.OPERATOR)
    now, reader = clock.now(), f"避難所の掲示：{place.name}"
    pks = list(inside_at("r", place.pk, now))
    rows = list(
        Resident.objects.filter(pk__in=consent.agreeing(BOARD, POSTED, pks)).select_related(
            "household__town"
        )
    )
    made = consent.disclose(
        actor, [one.pk for one in rows], purpose=POSTED, kinds=POSTED_KINDS,
        shielded={one.pk for one in rows if one.shielded},
        outsider=Outsider("public", BOARD, reader, f"board:{place.pk}"),
    )  # fmt: skip
    shown = [
        (one.name, one.kana if "kana" in made[one.pk].fields else "",
         one.household.town.name if "town" in made[one.pk].fields else "")
        for one in rows
        if "name" in made[one.pk].fields
    ]  # fmt: skip
    guests = _posted_visitors(inside_at("v", place.pk, now))
    with writing():
        audit.record(
            actor.id, "posted_list_printed", place.public_id, visitors=[one.pk for one in guests]
        )
    shown += [(one.name or one.kana, one.kana if one.name else "", "") for one in guests]
    return sorted(shown, key=lambda one: (one[1] or one[0], one[0]))


def _posted_visitors(inside_now: Collection[int]) -> list[Visitor]:
    """Return the visitors who may stand on the posted list: agreed, and nobody of the register."""
    grants, hidden = _grants(inside_now), Eyes().hidden
    first = [one for part in parts(grants) for one in Visitor.objects.filter(pk__in=part)]
    rows, kinds = known_by_now(first), frozenset(POSTED_KINDS)
    doubtful = _perhaps_residents([*first, *rows]) | hidden.keys() | set(hidden.values())
    question = Question("public", BOARD, POSTED, kinds, "emergency", clock.now())
    return [
        one
        for one in rows
        if (one.name or one.kana)
        and "name"
        in decide(question, Facts(shielded=one.pk in doubtful, grants=[grants[one.pk]])).fields
    ]


def _perhaps_residents(visitors: Sequence[Visitor]) -> set[int]:
    """Return visitors with the name or reading of somebody who is or was in the register.

    Unless a birth date speaks against it. That one may have said otherwise, or must not be found (支援措置);
    who is so called has perhaps only moved away, so that nothing follows from not hanging there.
    """
    keys = [
        {name_key(one.name), search_key(one.kana), search_key(one.name)} - {""} for one in visitors
    ]
    wanted = {key for known in keys for key in known}
    born: dict[str, list[str]] = {}
    for part in parts(wanted):
        named = Resident.held.filter(Q(name_key__in=part) | Q(kana_key__in=part))
        for name, kana, day in named.values_list("name_key", "kana_key", "birth_date"):
            for key in (name, kana):
                born.setdefault(key, []).append(day)
    return {
        one.pk
        for one in visitors
        if any(
            _may_be_one(one.birth_date, day) for key in keys[one.pk] for day in born.get(key, ())
        )
    }


def _may_be_one(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
