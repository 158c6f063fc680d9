"""PFIF out: people who have agreed that anybody may learn how they are, and nobody else.

A record lives 60 days. Who has withdrawn the consent (or may not be told of any more) leaves as a
tombstone, so that whoever took the record before deletes it; a person who was never given out leaves
no trace at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent, Decision, Outsider
from sonae.domains.exchange.opaque import opaque
from sonae.domains.municipalities.interface import Municipality, municipality
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState
from sonae.engines.pfif.model import Record, written
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, writing

KEPT: Final = timedelta(days=60)
_AT_ONCE: Final = 1000
_DOMAIN: Final = re.compile(
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+"
)
_SEX: Final = {"1": "male", "2": "female"}
_STATUS: Final = {
    "safe": "believed_alive",
    "injured": "believed_alive",
    "needs_help": "believed_alive",
}
_HEARD_FROM: Final = {
    "family": "家族",
    "school": "学校",
    "post": "インターネットの投稿",
    "other_city": "ほかの市区町村",
}

Exported = Iterator[tuple[Record, list[Record]]]


def export(actor: Actor, domain: str) -> Exported:
    """Give everybody who has consented, and tombstones of those given out before; each on record.

    ``domain``: of the city, before the stroke of every id. `SonaeError` ``unprocessable`` when it is
    none. Nothing about anybody under 支援措置 leaves, whatever was agreed before.
    """
    require(actor, Audience.OPERATOR)
    domain = domain.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise SonaeError(
            "unprocessable", "発行元のドメインを、city.example.lg.jp の形で指定してください。"
        )
    with writing():
        audit.record(actor.id, "pfif_exported", domain)
    return _all(actor, domain)


def _all(actor: Actor, domain: str) -> Exported:
    to = Outsider("public", "public", f"PFIF（{domain}）", f"pfif:{domain}")
    for part in parts(_subjects(to.identifier), _AT_ONCE):
        yield from _part(actor, domain, to, part)


def _subjects(looker: str) -> list[int]:
    """Return who has consented, and who was given out before."""
    before = AccessEvent.objects.filter(looker=looker, decision="permit")
    given = before.values_list("subject", flat=True).distinct()
    return [*consent.agreeing("public", "safety_inquiry"), *given]


def _part(actor: Actor, domain: str, to: Outsider, subjects: Sequence[int]) -> Exported:
    rows = Resident.held.filter(pk__in=subjects).select_related("household__town")
    people = {one.pk: one for one in rows}
    before = set(
        AccessEvent.objects.filter(
            looker=to.identifier, decision="permit", subject__in=subjects
        ).values_list("subject", flat=True)
    )
    given = _given(actor, to, [one for one in people.values() if not one.left_on])
    states, city = safety.state_of(list(given)), municipality()
    heard = safety.hearsay(list(given))
    for pk, one in people.items():
        if pk in given:
            yield (
                _person(one, given[pk], city, domain),
                _notes(one, given[pk], states.get(pk), heard.get(f"r{pk}", ""), city, domain),
            )
        elif pk in before:
            yield _grave(pk, domain), []


def _given(actor: Actor, to: Outsider, people: Sequence[Resident]) -> dict[int, Decision]:
    """Return whom to give out, with what; on record as given stands nobody else.

    Whose name was not agreed to leaves no record that would make a tombstone of somebody never given.
    """
    made = consent.disclose(
        actor, [one.pk for one in people], purpose="safety_inquiry", kinds=consent.ANSWER - {"phone"},
        shielded={one.pk for one in people if one.shielded}, outsider=to, recorded=False,
    )  # fmt: skip
    given = {
        pk: one for pk, one in made.items() if one.outcome == "permit" and "name" in one.fields
    }
    denied = {pk: one for pk, one in made.items() if one.outcome != "permit"}
    consent.record(actor, "safety_inquiry", {**given, **denied}, outsider=to)
    return given


def _id(kind: str, pk: int, domain: str) -> str:
    return f"{domain}/{kind}.{opaque('pfif', pk)}"


def _grave(pk: int, domain: str) -> Record:
    now = written(clock.now())
    return Record(
        "person",
        {"person_record_id": _id("person", pk, domain), "entry_date": now, "expiry_date": now,
         "source_date": now},
    )  # fmt: skip


def _person(one: Resident, made: Decision, city: Municipality, domain: str) -> Record:
    """Return a person's record with what the consent covers."""
    now, home = clock.now(), one.household
    family, _space, given = one.name.partition(" ")
    told = {
        "name": {"full_name": one.name, "family_name": family if given else "", "given_name": given},
        "kana": {"alternate_names": one.kana},
        "birth_date": {"date_of_birth": one.birth_date},
        "sex": {"sex": _SEX.get(one.sex, "")},
        "address": {
            "home_state": city.prefecture, "home_city": city.name,
            "home_neighborhood": home.town.name, "home_country": "JP",
        },
    }  # fmt: skip
    fields = {
        "person_record_id": _id("person", one.pk, domain), "entry_date": written(now),
        "expiry_date": written(now + KEPT), "author_name": city.name, "source_name": city.name,
        "source_date": written(now),
    }  # fmt: skip
    for kind, values in told.items():
        if kind in made.fields:
            fields |= {name: text for name, text in values.items() if text}
    return Record("person", fields)


def _notes(
    one: Resident, made: Decision, state: PersonState | None, source: str, city: Municipality,
    domain: str,
) -> list[Record]:  # fmt: skip
    """Return what the city knows of a person as one note, with the time it was true.

    ``source``: who said so, where the city has only heard it. Where it knows nothing there is no note,
    and of a death none either.
    """
    if (
        state is None
        or state.status not in _STATUS
        or not made.fields & {"injury", "condition", "whereabouts", "held"}
    ):
        return []
    fields = {
        "note_record_id": f"{_id('note', one.pk, domain)}.{int(state.seen_at.timestamp())}",
        "person_record_id": _id("person", one.pk, domain), "entry_date": written(clock.now()),
        "author_name": city.name, "source_date": written(state.seen_at),
        "text": f"{city.name}が{_HEARD_FROM[source]}から聞きました。"
        if source
        else f"{city.name}が確認しました。",
    }  # fmt: skip
    if made.fields & {"injury", "condition"}:
        fields["status"] = _STATUS[state.status]
    if "whereabouts" in made.fields and (state.facility or state.place):
        fields["last_known_location"] = state.facility.name if state.facility else state.place
    return [Record("note", fields)]
