"""Reads of the register for reception and pages: by QR, card, name, kana or birth date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from sonae.core import wareki
from sonae.core.errors import SonaeError
from sonae.core.kana import is_kana, search_key
from sonae.domains.consent import interface as consent
from sonae.domains.residents import qr
from sonae.domains.residents.models import Household, Resident
from sonae.domains.residents.services import name_key
from sonae.platform.access import Actor

_KINDS = ("name", "kana", "birth_date", "sex", "address", "household", "needs")
_HIGHEST = "\U0010ffff"


@dataclass(frozen=True)
class Person:
    """One resident as far as the asker may see; what was denied is empty."""

    pk: int
    resident_id: str
    household: int
    name: str
    kana: str
    birth_date: str
    sex: str
    address: str
    relation: str
    needs: str
    wheelchair: bool


@dataclass(frozen=True)
class Search:
    """What a search found: ``how`` it was read (qr, card, birth_date, kana, name), and whether cut."""

    how: str
    people: list[Person]
    more: bool


def search(actor: Actor, text: str, *, limit: int = 20) -> Search:
    """Find people by whatever was typed or scanned into the one field of the desk.

    A QR or card presented finds that person even under 支援措置 (name only); lists never show one.
    """
    typed = text.strip()
    if not typed:
        return Search("", [], False)
    if qr.is_token(typed):
        return Search("qr", _presented(actor, _by_token(qr.verify(typed))), False)
    rows = _everyone().filter(card_number=typed)
    if rows.exists():
        return Search("card", _presented(actor, list(rows)), False)
    how, rows = _typed(typed)
    found = list(rows.filter(shielded=False)[: limit + 1])
    return Search(how, _shown(actor, found[:limit], "reception"), len(found) > limit)


def _everyone() -> QuerySet[Resident]:
    return Resident.objects.select_related("household__town", "assistanceregistrant")


def _by_token(token: qr.Token) -> list[Resident]:
    """Return the people a token stands for."""
    rows = _everyone()
    if token.kind == qr.PERSON:
        return list(rows.filter(resident_id=token.identifier))
    return list(rows.filter(household__card_code=token.identifier).order_by("pk"))


def _typed(typed: str) -> tuple[str, QuerySet[Resident]]:
    """Return how typed text is read and the people it finds: resident id, birth date, kana or name."""
    rows = _everyone()
    day = _birth_date(typed)
    if day is not None:
        return "birth_date", rows.filter(birth_date=day.isoformat()).order_by("kana_key")
    if is_kana(typed):
        key = search_key(typed)
        prefix = rows.filter(kana_key__gte=key, kana_key__lt=key + _HIGHEST)
        return "kana", prefix.order_by("kana_key", "pk")
    key = name_key(typed)
    by_id = rows.filter(resident_id=key.upper())
    if key.isascii() and by_id.exists():
        return "resident_id", by_id
    prefix = rows.filter(name_key__gte=key, name_key__lt=key + _HIGHEST)
    return "name", prefix.order_by("name_key", "pk")


def _birth_date(typed: str) -> date | None:
    """Return the day when the text is one exact date in any form, else None."""
    if not any(sign.isdigit() for sign in typed):
        return None
    try:
        return wareki.parse(typed).exact
    except SonaeError:
        return None


def _presented(actor: Actor, found: Sequence[Resident]) -> list[Person]:
    """Show people whose own card or code lies on the desk."""
    return _shown(actor, found, "reception_presented")


def _shown(actor: Actor, found: Sequence[Resident], purpose: str) -> list[Person]:
    """Pass people through the decision on disclosure; who is denied entirely is left out."""
    made = consent.disclose(
        actor,
        [one.pk for one in found],
        purpose=purpose,
        kinds=_KINDS,
        shielded={one.pk for one in found if one.shielded},
    )
    return [_person(one, made[one.pk].fields) for one in found if made[one.pk].fields]


def _person(one: Resident, fields: frozenset[str]) -> Person:
    """Return what the fields allow of one resident."""
    registrant = getattr(one, "assistanceregistrant", None)
    helped = registrant if "needs" in fields else None
    home = one.household
    return Person(
        pk=one.pk,
        resident_id=one.resident_id,
        household=home.pk if "household" in fields else 0,
        name=one.name if "name" in fields else "",
        kana=one.kana if "kana" in fields else "",
        birth_date=one.birth_date if "birth_date" in fields else "",
        sex=one.sex if "sex" in fields else "",
        address=f"{home.town.name}{home.address}" if "address" in fields else "",
        relation=one.relation if "household" in fields else "",
        needs=helped.reason if helped else "",
        wheelchair=bool(helped and helped.wheelchair),
    )


def household_of(actor: Actor, resident_pk: int) -> list[Person]:
    """Return everyone of a resident's household for the desk, the head first.

    Members under 支援措置 are absent unless the household was found through one of them.
    """
    home = Resident.objects.filter(pk=resident_pk).values("household")
    rows = list(_everyone().filter(household__in=home).order_by("pk"))
    shielded = [one for one in rows if one.shielded and one.pk == resident_pk]
    listed = [one for one in rows if not one.shielded]
    return _shown(actor, listed, "reception") + _presented(actor, shielded)


def own_household(actor: Actor) -> list[Resident]:
    """Return the signed-in resident's own household, oneself included; empty without a link."""
    if actor.resident_id is None:
        return []
    home = Resident.objects.filter(pk=actor.resident_id).values("household")
    rows = list(_everyone().filter(household__in=home).order_by("pk"))
    return [one for one in rows if one.pk == actor.resident_id or not one.shielded]


def own_home(actor: Actor) -> Household | None:
    """Return the signed-in resident's own home, or None."""
    if actor.resident_id is None:
        return None
    rows = Household.objects.select_related("town")
    return rows.filter(resident__pk=actor.resident_id).first()


def operator_rows(limit: int | None = None) -> list[dict[str, str]]:
    """Return register rows for the operator of the machine (`sonae people list`), no shielded ones."""
    rows = Resident.objects.filter(shielded=False).select_related("household__town").order_by("pk")
    return [
        {
            "resident_id": one.resident_id,
            "household_id": one.household.number,
            "name": one.name,
            "kana": one.kana,
            "birth_date": one.birth_date,
            "address": f"{one.household.town.name}{one.household.address}",
        }
        for one in (rows[:limit] if limit else rows)
    ]
