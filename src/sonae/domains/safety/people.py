"""One person on the desk (時系列): everything said of somebody, what fits and what does not, what was heard.

``person`` is a key as in `PersonState`. Somebody under 支援措置 is, for whom that may not be shown, not
there: the same error as for a key that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.consent import interface as consent
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.links import link_history, links_of
from sonae.domains.safety.models import PersonLink, Sighting, Visitor
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.services import NewSighting, Result, VisitorFacts, record
from sonae.domains.safety.times import clock_of
from sonae.domains.safety.visitors import known_by_now, written_like
from sonae.domains.safety.whose import Eyes
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

_KEY: Final = re.compile(r"[rv][1-9][0-9]{0,17}")
_KINDS: Final = ("name", "kana", "birth_date", "address", "phone", "needs", "safety")
HEARD: Final = ("self", "family", "carer", "school", "patrol", "post", "other_city", "city")
"""From whom the desk takes down what is said of somebody."""
HEARD_PLACES: Final = ("report", "shelter_at_home", "in_car", "elsewhere", "hospital")
"""Where somebody may be said to be; who comes to a shelter is checked in there."""

JUST_NOW: Final = timedelta(minutes=3)
"""What was so longer ago takes its place among what has been heard since."""


@dataclass(frozen=True)
class Step:
    """One sighting in a person's history; ``undone`` when something has taken it back."""

    sighting: Sighting
    undone: bool
    written_as: str


@dataclass(frozen=True)
class History:
    """What is known of one person; personal fields are empty where disclosure is denied.

    ``dispute`` as `rules.disputed`; ``sides`` the sightings that cannot both be; ``steps`` newest
    first; ``aliases`` visitors who are this person, with the links that say so.
    """

    person: str
    resident: Resident | None
    name: str
    kana: str
    birth_date: str
    address: str
    phone: str
    helper: str
    state: rules.State | None
    dispute: str
    sides: Sequence[Sighting]
    steps: Sequence[Step]
    aliases: Sequence[tuple[Visitor, PersonLink | None]]

    @property
    def offline(self) -> bool:
        """Whether one of the sides was recorded by a terminal that had no connection."""
        return any(one.offline for one in self.sides)

    @property
    def keys(self) -> list[str]:
        """Every key under which this person may have been written down, the present one first."""
        return list(dict.fromkeys([self.person, *(f"v{one.pk}" for one, _link in self.aliases)]))


@dataclass(frozen=True)
class _Known:
    """Whom a key means for one reader: the key to show, its resident or visitors, the fields."""

    key: str
    resident: Resident | None
    visitors: Sequence[Visitor]
    fields: frozenset[str]
    eyes: Eyes | None = None


def keys_of(actor: Actor, person: str) -> list[str]:
    """Return every key under which a person may be written down, that of who it is first.

    Links are followed as far as the reader may know them; `SonaeError` ``not_found`` for nobody.
    """
    known = _known(actor, person)
    return list(dict.fromkeys([known.key, *(f"v{one.pk}" for one in known.visitors)]))


def _known(actor: Actor, person: str) -> _Known:
    """Return whom a key means, as far as the reader may know it."""
    if not _KEY.fullmatch(person):
        raise _nobody()
    kind, pk = person[0], int(person[1:])
    if kind == "r":
        return _resident(actor, pk)
    row, eyes = Visitor.objects.filter(pk=pk).first(), Eyes(actor)
    if row is None:
        raise _nobody()
    kind, end = eyes.end(row)
    if kind == "r":
        return _resident(actor, end)
    return _Known(f"v{end}", None, eyes.alike(end), frozenset(_KINDS), eyes)


def _resident(actor: Actor, pk: int) -> _Known:
    rows = Resident.objects.select_related("household__town", "assistanceregistrant")
    one = rows.filter(pk=pk).first()
    if one is None:
        raise _nobody()
    shielded = {pk} if one.shielded else set()
    made = consent.disclose(actor, [pk], purpose="rescue", kinds=_KINDS, shielded=shielded)
    if "name" not in made[pk].fields:
        raise _nobody()
    return _Known(f"r{pk}", one, list(one.visitors.order_by("pk")), made[pk].fields)


def _nobody() -> SonaeError:
    return SonaeError("not_found", "この人は登録されていません。")


def history(actor: Actor, person: str) -> History:
    """Return everything about one person, for staff; that it was looked at is recorded."""
    require(actor, Audience.STAFF)
    known = _known(actor, person)
    events = _events(known)
    left = rules.standing(events)
    standing = {event.id for event in left}
    rows = _sightings(known)
    dispute = rules.disputed(left)
    one, fields = known.resident, known.fields
    [first] = known_by_now(known.visitors[:1]) or [Visitor()]
    registrant = getattr(one, "assistanceregistrant", None)
    home = f"{one.household.town.name}{one.household.address}" if one else first.address
    source: Resident | Visitor = one or first
    return History(
        person=known.key,
        resident=one,
        name=(source.name or source.kana) if "name" in fields else "",
        kana=source.kana if "kana" in fields else "",
        birth_date=source.birth_date if "birth_date" in fields else "",
        address=home if "address" in fields else "",
        phone=one.phone if one and "phone" in fields else "",
        helper=registrant.reason if registrant and "needs" in fields else "",
        state=rules.fold(events),
        dispute=dispute,
        sides=_sides(dispute, left, {row.pk: row for row in rows}),
        steps=[Step(row, row.pk not in standing, _written(row, one)) for row in rows],
        aliases=_aliases(known),
    )


def _events(known: _Known) -> list[rules.Event]:
    """Return the events of a person as this reader may join them."""
    if known.resident is not None:
        return events_of("resident_id", [known.resident.pk])[known.resident.pk]
    root = known.visitors[0]
    return (known.eyes or Eyes()).events([root.pk])[root.pk]


def _sightings(known: _Known) -> list[Sighting]:
    """Return the sightings that `_events` folds, voids left out, newest first."""
    own = Sighting.objects.filter(visitor__in=[one.pk for one in known.visitors])
    if known.resident is not None:
        own = own | Sighting.objects.filter(resident=known.resident.pk)
    rows = (
        own.filter(refusal="")
        .exclude(direction="void")
        .select_related("facility", "visitor", "bound_for")
    )
    return sorted(rows, key=lambda row: (row.occurred_at, row.clock), reverse=True)


@dataclass(frozen=True)
class LinkStep:
    """One thing that was said of who somebody is; ``what``: linked, proposed, refused, ended, undone.

    ``written``: the name under which the one of whom it is said was written down.
    """

    what: str
    written: str
    link: PersonLink


def link_story(actor: Actor, found: History) -> list[LinkStep]:
    """Return what people have said of who this person is, newest first.

    What the machine said is not among it, nor what is about a resident other than this one: whoever
    may not be known here is not told of by a gap either (docs/decisions/0014).
    """
    require(actor, Audience.STAFF)
    own = found.resident.pk if found.resident else None
    names = {int(key[1:]) for key in found.keys if key[0] == "v"}
    if own is not None:
        names |= set(PersonLink.objects.filter(resident=own).values_list("visitor", flat=True))
    called = {one.pk: one.name or one.kana for one in Visitor.objects.filter(pk__in=names)}
    steps: list[tuple[str, LinkStep]] = []
    for pk in names & called.keys():
        shown: set[UUID | None] = set()
        for row in reversed(link_history(pk)):
            about = row.resident_id is not None or row.other_id is not None
            named = row.other_id is not None or (own is not None and row.resident_id == own)
            if (about and named and row.source != "auto") or (
                not about and row.supersedes in shown
            ):
                shown.add(row.pk)
                steps.append((row.clock, LinkStep(_said(row), called[pk], row)))
    return [step for _clock, step in sorted(steps, key=lambda one: one[0], reverse=True)]


def _said(row: PersonLink) -> str:
    """Return what a link event says, in one word."""
    if row.undo:
        return "undone"
    if row.resident_id is None and row.other_id is None:
        return "refused" if row.proposed else "ended"
    return "proposed" if row.proposed else "linked"


def _written(row: Sighting, one: Resident | None) -> str:
    """Return the name under which a linked visitor was written down; nothing where it is the same."""
    if row.visitor is None or one is None:
        return ""
    return row.visitor.name or row.visitor.kana


def _sides(
    dispute: str, left: Sequence[rules.Event], rows: dict[UUID, Sighting]
) -> Sequence[Sighting]:
    """Return the sightings that stand against each other, the newest first."""
    if dispute == "two_places":
        found = rules.two_places(left)
    elif dispute == "two_words":
        found = [left[-1], [one for one in left if one.source in rules.FIRST_HAND][-1]]
    elif dispute == "alive":
        dead = next(place for place, one in enumerate(left) if one.status == rules.DECEASED)
        found = [one for one in left[dead:] if one.status != "unknown"][::-1]
    else:
        found = []
    return [rows[one.id] for one in found if one.id in rows]


def _aliases(known: _Known) -> list[tuple[Visitor, PersonLink | None]]:
    root = known.key if known.resident is None else ""
    others = [one for one in known.visitors if f"v{one.pk}" != root]
    links = links_of([one.pk for one in others])
    hidden = known.eyes.residents if known.eyes else set()
    told = {pk: link for pk, link in links.items() if link.resident_id not in hidden}
    return [(one, told.get(one.pk)) for one in others]


def _about(known: _Known | VisitorFacts, **facts: object) -> NewSighting:
    """Return a sighting that somebody at the desk makes about a person, known or described."""
    if isinstance(known, VisitorFacts):
        resident, visitor = None, known
    elif known.resident is not None:
        resident, visitor = known.resident.pk, None
    else:
        resident, visitor = None, VisitorFacts(person=known.visitors[0].key)
    one = NewSighting(
        id=uuid7(),
        direction="report",
        occurred_at=clock.now(),
        clock="",
        source="city",
        resident_pk=resident,
        visitor=visitor,
        device="web",
    )
    for name, value in facts.items():
        setattr(one, name, value)
    return one


def visitors_called(actor: Actor, text: str, limit: int = 20) -> list[Visitor]:
    """Return visitors of whom any writing is like a text (`written_like`), for staff, as known by now.

    Whose name begins so comes first, then the newest.
    """
    require(actor, Audience.STAFF)
    found = written_like(Eyes(actor), text)
    first = sorted(found, key=lambda pk: (not found[pk], -pk))[:limit]
    rows = {one.pk: one for one in known_by_now(Visitor.objects.filter(pk__in=first))}
    return [rows[pk] for pk in first]


def take_down(
    actor: Actor,
    person: str | VisitorFacts,
    *,
    source: str,
    status: str,
    direction: str = "report",
    place: str = "",
    at: datetime | None = None,
    teller: str = "",
    note: str = "",
    form: UUID | None = None,
) -> Result:
    """Record what somebody says of a person, by phone or at the window.

    ``person``: a key, or the facts of somebody who was not found and becomes a visitor by it.
    ``source`` of `HEARD`, ``direction`` of `HEARD_PLACES`, ``at`` since when it holds (now unless
    said); ``teller`` who says it and how that was checked: required unless it is the person's own
    word or the city's. ``form`` makes a second press of the same form a duplicate.
    """
    require(actor, Audience.OPERATOR)
    known = person if isinstance(person, VisitorFacts) else _known(actor, person)
    when = at or clock.now()
    if source not in HEARD or status not in rules.STATED or direction not in HEARD_PLACES:
        raise SonaeError("unprocessable", "だれから聞いたか、安否、いる場所を選んでください。")
    if direction in ("elsewhere", "hospital") and not place.strip():
        raise SonaeError(
            "unprocessable", "どこにいるか（親せきの家、病院の名前など）を書いてください。"
        )
    if source not in ("self", "city", "post") and not teller.strip():
        raise SonaeError("unprocessable", "だれから聞いたか、名前と続柄を書いてください。")
    if when > clock.now():
        raise SonaeError("unprocessable", "いつのことかが、いまより後になっています。")
    told = f"{teller.strip()}：{note.strip()}" if teller.strip() else note.strip()
    one = _about(
        known, source=source, status=status, direction=direction, place=place.strip()[:200],
        occurred_at=when, note=told[:400], actor=actor.id, id=form or uuid7(),
        clock=clock_of(when, "heard") if at is not None and clock.now() - at > JUST_NOW else "",
    )  # fmt: skip
    with writing():
        about = str(one.id) if isinstance(known, VisitorFacts) else known.key
        audit.record(actor.id, "statement_taken", about, source=source)
        [result] = record([one])
    return result


CHECKS: Final = {
    "call_back": "登録の番号に電話をかけ直して確かめた",
    "document": "窓口で、公的な書類で確かめた",
    "known": "職員がその人を知っている",
    "unchecked": "まだ確かめていない",
}
"""How it was made sure who says it, as the record has it; no number of a document is ever kept."""


@dataclass(frozen=True)
class Teller:
    """Who of the family says it: name, relation to the person, how to call back, how it was checked."""

    name: str
    relation: str
    contact: str
    check: str

    def written(self) -> str:
        """Return the teller as the record has it."""
        told = "、".join(one for one in (self.relation, self.contact, CHECKS[self.check]) if one)
        return f"{self.name}（{told}）"


def family_statement(
    actor: Actor,
    person: str | VisitorFacts,
    teller: Teller,
    *,
    status: str,
    direction: str,
    place: str,
    at: datetime | None,
    note: str,
    form: UUID,
) -> str:
    """Record what a family says of a person (家族からの申し出); return the key of the person.

    Somebody who was not found is described, and is a visitor until matching or a clerk says who it is.
    `SonaeError` ``unprocessable`` says what is missing.
    """
    if not teller.name.strip() or not teller.relation.strip():
        raise SonaeError("unprocessable", "申し出た人の名前と、本人との続柄を書いてください。")
    if teller.check not in CHECKS:
        raise SonaeError("unprocessable", "申し出た人をどう確かめたかを選んでください。")
    if isinstance(person, VisitorFacts) and not (person.name.strip() or person.kana.strip()):
        raise SonaeError("unprocessable", "だれのことか、氏名かフリガナを書いてください。")
    take_down(
        actor, person, source="family", status=status, direction=direction, place=place, at=at,
        teller=teller.written(), note=note, form=form,
    )  # fmt: skip
    if isinstance(person, str):
        return person
    row = Sighting.objects.get(pk=form)
    return f"v{row.visitor_id}" if row.visitor_id else f"r{row.resident_id}"


def settle(actor: Actor, person: str, sighting_id: UUID, reason: str) -> Result:
    """Say which of two sides of a dispute holds: a new sighting, which `undo` takes back as any other.

    It changes neither side, and not since when the person has been heard of; about two places, not
    how the person is either. `SonaeError`
    ``conflict`` when nothing is disputed (any more).
    """
    require(actor, Audience.OPERATOR)
    found = history(actor, person)
    side = next((row for row in found.sides if row.pk == sighting_id), None)
    if side is None or found.dispute == "alive":
        raise SonaeError("conflict", "食い違いは、もう整理されています。記録を確かめてください。")
    if not reason.strip():
        raise SonaeError("unprocessable", "どうやって確かめたかを書いてください。")
    known, where = _known(actor, person), found.dispute == "two_places"
    status = rules.last_word(rules.standing(_events(known))) if where else side.status
    one = _about(
        known, direction="move" if where else "report",
        facility_pk=side.facility_id, place=side.place, status=status,
        occurred_at=side.occurred_at, note=reason.strip()[:400], actor=actor.id,
    )  # fmt: skip
    with writing():
        audit.record(actor.id, "dispute_settled", found.person)
        [result] = record([one])
    return result
