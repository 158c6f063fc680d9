"""Reads of the register for reception and pages: by QR, card, name, kana or birth date."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from sonae.core import romaji, wareki
from sonae.core.errors import SonaeError
from sonae.core.kana import is_kana, search_key
from sonae.core.typed import code
from sonae.core.wareki import FuzzyDate
from sonae.domains.consent import interface as consent
from sonae.domains.residents import lostcodes, qr
from sonae.domains.residents.models import AssistanceRegistrant, Household, Resident
from sonae.domains.residents.rules import name_key
from sonae.domains.residents.similar import similar, spoken
from sonae.platform.access import SYSTEM, Actor

_KINDS = ("name", "kana", "birth_date", "sex", "address", "household", "needs")
_LISTED = ("name", "kana", "birth_date", "address", "household")
_LIKE_A_DATE: Final = re.compile(
    r"(?:[MTSHRmtshr]|明治|大正|昭和|平成|令和)?\.?\d{1,4}(?:[./-]\d{1,2}){2}"
    r"|(?:明治|大正|昭和|平成|令和)?\d{1,4}年\d{1,2}月(?:\d{1,2}日)?"
)
_HIGHEST = "\U0010ffff"
_AT_ONCE = 2000
_FIRST_LOOK: Final = 25
PRESENTED_TO: Final = ("reception", "window")
"""Purposes for which the person stands there and shows the own code or card."""
AT_A_GLANCE: Final = 5
"""People of a list that are seen without searching in it."""
ONE_LOOK: Final = timedelta(hours=1)
"""A page that is opened again shows a person once in this time."""


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
    """What a search found: ``how`` it was read, the people, and whether there are ``more``.

    The last ``similar`` of the people only have a name that is near what was typed: never taken for
    the one who was meant before a person has chosen.
    ``how``: qr, card, resident_id, birth_date, kana, name, kana+birth_date, name+birth_date.
    """

    how: str
    people: list[Person]
    more: bool
    similar: int = 0


def search(actor: Actor, text: str, *, limit: int = 20, purpose: str = "reception") -> Search:
    """Find people by whatever was typed or scanned into the one field of the desk.

    Understood are a QR, a card number of a person or household, a resident id, and any of name or
    name in kana (beginning, or given name alone), together with a birth date in any form or its year.
    Someone under 支援措置 is found by the own QR or card only, where it is presented (`PRESENTED_TO`), and
    then without address. ``purpose`` is what the disclosure is recorded for.
    """
    typed = text.strip()
    if not typed:
        return Search("", [], False)
    standing_there = purpose in PRESENTED_TO
    how, found = presented(typed, hidden=standing_there)
    people = _shown(actor, found, presented=standing_there, purpose=purpose) if how else []
    # Where nobody stands with the own card, the number of one is that of nobody: read on as text.
    if how and (people or standing_there):
        return Search(how, people, False)
    how, rows, near = _typed(typed, limit + 1)
    people = _shown(actor, rows[:limit] + near, purpose=purpose)
    others = {one.pk for one in near}
    similar_ones = sum(one.pk in others for one in people)
    return Search(how, people, len(rows) > limit, similar_ones)


def presented(
    typed: str, at: datetime | None = None, *, hidden: bool = True
) -> tuple[str, list[Resident]]:
    """Return the people whose own code or card this is, and which of the two; nothing for other text.

    `SonaeError` ``qr_invalid``, ``qr_elsewhere``, ``qr_expired`` or ``qr_lost`` for a code that is not in
    force, or was not ``at`` the moment when a desk without a network saw it. A household's code shows
    those who are not under 支援措置: whoever has left the home may still hold its card. Without ``hidden``
    the own card of somebody who is so is that of nobody, down to the work that it takes to say so.
    """
    everyone = _everyone() if hidden else _everyone().filter(shielded=False)
    if qr.is_token(typed):
        token = qr.verify(typed, at)
        lostcodes.refuse(token, at)
        if token.kind == qr.PERSON:
            return "qr", list(everyone.filter(resident_id=token.identifier))
        return "qr", _of_card(token.identifier)
    written = sorted({typed, code(typed)})
    if not any(sign.isascii() and sign.isalnum() for sign in written[0] + written[-1]):
        return "", []  # a name being typed: every card has a letter or a digit
    if own := list(everyone.filter(card_number__in=written)):
        return "card", own
    of_home = _of_card(*written)
    return ("card", of_home) if of_home else ("", [])


def _of_card(*codes: str) -> list[Resident]:
    """Return the people of a household card, none of them shielded."""
    return list(_everyone().filter(household__card_code__in=codes, shielded=False).order_by("pk"))


def _everyone() -> QuerySet[Resident]:
    return Resident.objects.select_related("household__town", "assistanceregistrant")


def _typed(typed: str, most: int) -> tuple[str, list[Resident], list[Resident]]:
    """Return how typed text is read, up to ``most`` people it finds, and people of a similar name.

    None of them is shielded. Similar names are looked for when nobody bears the whole name that was
    typed and fewer are found than a glance takes in: every look at a person is on that person's record.
    """
    rows = _everyone().filter(shielded=False)
    if (own := code(typed)).isascii():
        by_id = list(rows.filter(resident_id__in={own, typed.upper()}))
        if by_id:
            return "resident_id", by_id, []
    words, born = terms(typed)
    if born is not None:
        rows = rows.filter(_born(born))
    if not words:
        return "birth_date", list(rows.order_by("kana_key", "pk")[:most]), []
    how, found = _named(rows, words, most)
    keys = {search_key(words), name_key(words)}
    whole = any({one.kana_key, one.name_key} & keys for one in found)
    if not found and romaji.is_roman(words):
        # Latin letters say less than kana (Ono: オノ, オオノ): first in the list, never opened alone.
        heard = _named(rows, spoken(words), AT_A_GLANCE)[1]
        return (
            (f"{how}+birth_date" if born is not None else how),
            [],
            heard + _similar(rows, words, heard),
        )
    near = [] if whole or len(found) >= AT_A_GLANCE else _similar(rows, words, found)
    return (f"{how}+birth_date" if born is not None else how), found, near


def _similar(rows: QuerySet[Resident], words: str, found: Sequence[Resident]) -> list[Resident]:
    """Return a few of the rows whose name is near the words, without those found already."""
    known = {one.pk for one in found}
    pks = [pk for pk in similar(words) if pk not in known]
    wanted = AT_A_GLANCE - len(found)
    near: list[int] = []
    for part in (pks[:_FIRST_LOOK], pks[_FIRST_LOOK:]):
        if part and len(near) < wanted:
            there = set(rows.filter(pk__in=part).values_list("pk", flat=True))
            near += [pk for pk in part if pk in there]
    order = {pk: at for at, pk in enumerate(near[:wanted])}
    return sorted(_everyone().filter(pk__in=order), key=lambda one: order[one.pk])


def _named(rows: QuerySet[Resident], words: str, most: int) -> tuple[str, list[Resident]]:
    """Find by name: by the beginning of the whole name first, then by the given name alone."""
    if not is_kana(words):
        return "name", _beginning(rows, "name_key", name_key(words), most)
    key = search_key(words)
    found = _beginning(rows, "kana_key", key, most)
    if len(found) < most and " " not in words:
        known = {one.pk for one in found}
        given = _beginning(rows, "given_key", key, most)
        found += [one for one in given if one.pk not in known][: most - len(found)]
    return "kana", found


def _beginning(rows: QuerySet[Resident], field: str, key: str, most: int) -> list[Resident]:
    """Return the rows whose key begins so, in the order of the key, by the key's index.

    SQLite uses an index for a range, not for LIKE; PostgreSQL's order of texts depends on the
    language, so that there a range would be wrong and LIKE has an index of its own.
    """
    if not key:
        return []
    if connection.vendor == "postgresql":
        rows = rows.filter(**{f"{field}__startswith": key})
    else:
        rows = rows.filter(**{f"{field}__gte": key, f"{field}__lt": key + _HIGHEST})
    return list(rows.order_by(field, "pk")[:most])


def terms(typed: str) -> tuple[str, FuzzyDate | None]:
    """Split typed text into the words of a name and a birth date, either of which may be missing."""
    whole = _date(typed)
    if whole is not None:
        return "", whole
    words, born = [], None
    for word in typed.split():
        date = _date(word)
        if date is None or born is not None:
            words.append(word)
        else:
            born = date
    return " ".join(words), born


def _date(typed: str) -> FuzzyDate | None:
    """Return the date a text says, as far as it goes; None when it is no date.

    SonaeError for what is written like a date and is none: "not found" would be a wrong answer to it.
    """
    if not any(sign.isdigit() or sign == "元" for sign in typed):
        return None
    try:
        read = wareki.parse(typed)
    except SonaeError:
        if _LIKE_A_DATE.fullmatch(unicodedata.normalize("NFKC", typed)):
            raise
        return None
    return read if read.earliest and read.latest else None


def _born(date: FuzzyDate) -> Q:
    """Return the condition that a birth date of the register may be the date, unknown parts included."""
    first, last = str(date.earliest), str(date.latest)
    return _born_plainly(date, first, last) | Q(
        birth_first__gt="", birth_first__lte=last, birth_last__gte=first
    )


def _born_plainly(date: FuzzyDate, first: str, last: str) -> Q:
    """Return the condition on birth dates of which the register knows year, month and day, or less."""
    if date.precision == "day" and not date.approximate and not date.irregular:
        return Q(birth_date__in=[first, first[:7], first[:4]])
    low = first[:4] if date.approximate else first
    return Q(birth_date__gte=low, birth_date__lte=last) | Q(birth_date__in=[first[:7], first[:4]])


def _shown(
    actor: Actor,
    found: Sequence[Resident],
    *,
    presented: bool = False,
    purpose: str = "reception",
) -> list[Person]:
    """Pass people through the decision on disclosure; who is denied entirely is left out."""
    shielded = {one.pk for one in found if one.shielded}
    fields: dict[int, frozenset[str]] = {}
    for why, pks in (
        (purpose, [one.pk for one in found if one.pk not in shielded]),
        ("reception_presented" if presented else purpose, sorted(shielded)),
    ):
        made = consent.disclose(actor, pks, purpose=why, kinds=_KINDS, shielded=shielded)
        fields |= {pk: one.fields for pk, one in made.items()}
    return [_person(one, fields[one.pk]) for one in found if fields[one.pk]]


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


def household_of(
    actor: Actor, resident_pk: int, *, shown: str = "", purpose: str = "reception"
) -> list[Person]:
    """Return everyone of a resident's household for the desk, in the register's order.

    Members under 支援措置 are absent, unless ``shown`` is the own QR or card number of one of them
    (the text as scanned): who stands there with it is checked in with the others of the home. Asked by
    the number of one of them alone, the home is nobody's: a list without that person would tell.
    """
    home = Resident.objects.filter(pk=resident_pk).values("household")
    rows = list(_everyone().filter(household__in=home).order_by("pk"))
    holders = {one.pk for one in presented(shown)[1] if one.shielded} if shown else set()
    opened = any(one.pk in holders for one in rows)
    listed = [one for one in rows if opened or not one.shielded]
    if all(one.pk != resident_pk for one in listed):
        return []
    return _shown(actor, listed, presented=opened, purpose=purpose)


def homes_of(actor: Actor, resident_pks: Sequence[int]) -> dict[int, list[Person]]:
    """Return resident → everyone of the household whom the asker may see, in the register's order.

    For comparing people side by side: one decision for all. Who is not to be seen is absent, as a key
    too; within `ONE_LOOK` the same person before the same eyes is one look.
    """
    asked = dict(Resident.objects.filter(pk__in=resident_pks).values_list("pk", "household"))
    rows = list(_everyone().filter(household__in=set(asked.values())).order_by("pk"))
    shielded = {one.pk for one in rows if one.shielded}
    pks = [one.pk for one in rows]
    made = consent.disclose(
        actor, pks, purpose="reception", kinds=_KINDS, shielded=shielded, once_in=ONE_LOOK
    )
    home = {one.pk: one.household_id for one in rows}
    shown = [_person(one, made[one.pk].fields) for one in rows if made[one.pk].fields]
    seen = {person.pk for person in shown}
    return {
        pk: [person for person in shown if home[person.pk] == household]
        for pk, household in asked.items()
        if pk in seen
    }


def matching_columns() -> dict[str, list[str]]:
    """Return the register as `engines.matching` takes it, primary keys as ids. For the machine only.

    Shielded people are in it: whoever shows a result must leave them out (`shielded_pks`).
    """
    home, columns = "household__", ("resident_id", "household_id", "name", "kana", "sex", "birth_date", "address", "phone")  # fmt: skip
    rows = Resident.objects.order_by("pk").values_list(
        "pk", "household", "name", "kana", "sex", "birth_date", f"{home}town__name",
        f"{home}address", "phone",
    )  # fmt: skip
    found: dict[str, list[str]] = {name: [] for name in columns}
    add = [found[name].append for name in columns]
    for pk, household, name, kana, sex, birth, town, address, phone in rows.iterator(_AT_ONCE * 5):
        values = (str(pk), str(household), name, kana, sex, birth, town + address, phone)
        for put, value in zip(add, values, strict=True):
            put(value)
    return found


def shielded_pks() -> set[int]:
    """Return who is under 支援措置. For the machine only, to leave them out of what it shows."""
    return set(Resident.objects.filter(shielded=True).values_list("pk", flat=True))


def own_household(actor: Actor) -> list[Resident]:
    """Return the signed-in resident's own household, oneself included; empty without a link.

    A shielded resident is alone here: a look at the others would be on *their* record, with a name
    and a time that the one the shield is against could read.
    """
    if actor.resident_id is None:
        return []
    home = Resident.objects.filter(pk=actor.resident_id).values("household")
    rows = list(_everyone().filter(household__in=home).order_by("pk"))
    if any(one.shielded for one in rows if one.pk == actor.resident_id):
        return [one for one in rows if one.pk == actor.resident_id]
    return [one for one in rows if one.pk == actor.resident_id or not one.shielded]


def own_home(actor: Actor) -> Household | None:
    """Return the signed-in resident's own home, or None."""
    if actor.resident_id is None:
        return None
    rows = Household.objects.select_related("town")
    return rows.filter(resident__pk=actor.resident_id).first()


def wheelchairs(resident_pks: Sequence[int]) -> set[int]:
    """Return those of the residents, whom the asker may see, of whose wheelchair the roster knows."""
    rows = AssistanceRegistrant.objects.filter(resident__in=resident_pks, wheelchair=True)
    return set(rows.values_list("resident_id", flat=True))


def operator_rows(limit: int | None = None, *, actor: Actor = SYSTEM) -> Iterator[dict[str, str]]:
    """Give register rows to the operator of the machine (`sonae people list`), no shielded ones.

    Each row given out is recorded like any other disclosure.
    """
    rows = Resident.objects.filter(shielded=False).select_related("household__town").order_by("pk")
    last, left = 0, limit if limit is not None else sys.maxsize
    while left > 0 and (part := list(rows.filter(pk__gt=last)[: min(left, _AT_ONCE)])):
        last, left = part[-1].pk, left - len(part)
        pks = [one.pk for one in part]
        consent.disclose(actor, pks, purpose="reception", kinds=_LISTED, shielded=())
        for one in part:
            yield {
                "resident_id": one.resident_id,
                "household_id": one.household.number,
                "name": one.name,
                "kana": one.kana,
                "birth_date": one.birth_date,
                "address": f"{one.household.town.name}{one.household.address}",
            }
