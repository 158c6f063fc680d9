"""Who has left one shelter for another (移動中): for the receiving desk and for the one that was left.

A departure says where somebody is going; only a desk that sees the person says that he or she arrived.
In between the answer is neither yes nor no, and after `LATE` it is that nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.safety import rules
from sonae.domains.safety.inside import Inside, lines_of
from sonae.domains.safety.models import PersonState, Sighting
from sonae.domains.safety.selectors import heard, occupancies
from sonae.domains.safety.services import NewSighting, Result, VisitorFacts, record
from sonae.domains.safety.whose import Eyes
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, writing

LATE: Final = timedelta(hours=3)
"""Who has not been seen to arrive for so long is to be asked after."""
SHOWN: Final = timedelta(hours=24)
"""How long a departure stays on the page of the shelter that was left."""
EXPECTED: Final = timedelta(days=3)
"""How long somebody is expected: who never came must outlast a night and a change of shift."""
_METRES: Final = 111_195
"""Of a degree of latitude."""
_WHOSE: Final = ("resident", "visitor", "visitor__resident", "visitor__same_as")


@dataclass(frozen=True)
class Underway:
    """Somebody who left for another shelter; ``other``: the shelter left, or where he or she is going.

    ``word``: coming, late (nobody knows), arrived, elsewhere (seen at another place since).
    """

    who: Inside
    other: str
    left_at: datetime
    offline: bool
    word: str


@dataclass(frozen=True)
class _Departure:
    """The last departure of one person that names where to."""

    start: str
    target: str
    target_pk: int
    left_at: datetime
    offline: bool


@dataclass(frozen=True)
class Onward:
    """A shelter that is reported open, with how far it is in a straight line; ``free`` None = unknown."""

    place: shelters.Place
    metres: int

    @property
    def free(self) -> int | None:
        """Places left by head-count and capacity."""
        if self.place.people is None or self.place.capacity is None:
            return None
        return max(0, self.place.capacity - self.place.people)


def onward(facility_pk: int) -> list[Onward]:
    """Return the open shelters to which somebody here can be sent, the nearest first."""
    places = shelters.places(occupancies(), heard=heard())
    here = next((one.facility for one in places if one.facility.pk == facility_pk), None)
    if here is None:
        return []
    squeeze = math.cos(math.radians(here.latitude))
    found = [
        Onward(one, round(_METRES * math.hypot(
            one.facility.latitude - here.latitude,
            (one.facility.longitude - here.longitude) * squeeze,
        )))
        for one in places
        if one.state == "open" and one.facility.pk != facility_pk
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.metres)


def _departures(eyes: Eyes, **only: Any) -> dict[str, _Departure]:
    """Return person, as these eyes see it, → the last departure for another shelter."""
    rows = Sighting.objects.filter(direction="out", bound_for__isnull=False, refusal="", **only)
    named = rows.order_by("clock").values_list(
        *_WHOSE, "facility__name", "bound_for__name", "bound_for", "occurred_at", "offline"
    )
    found = {}
    for resident, visitor, linked, same_as, start, target, pk, at, offline in named:
        if visitor in eyes.hidden:
            person = f"v{eyes.hidden[visitor]}"
        else:
            who = resident or linked
            person = f"r{who}" if who else f"v{same_as or visitor}"
        found[person] = _Departure(start or "", target, pk, at, offline)
    return found


def _states(eyes: Eyes, people: Sequence[str]) -> list[PersonState]:
    """Return the present states of people, as these eyes see them; the dead are left out."""
    asked, hidden, seen = set(people), eyes.residents, eyes.parts()
    for some in parts(asked):
        rows = PersonState.objects.filter(person__in=some).select_related("resident", "visitor")
        seen += [one for one in rows if one.resident_id not in hidden]
    return [one for one in seen if one.person in asked and one.status != rules.DECEASED]


def _word(one: PersonState, way: _Departure, now: datetime) -> str:
    """Return what became of a departure."""
    if one.direction == "out" and one.bound_for_id == way.target_pk:
        return "late" if now - way.left_at > LATE else "coming"
    if one.direction in rules.PRESENT and one.facility_id == way.target_pk:
        return "arrived"
    return "elsewhere"


def _listed(actor: Actor, ways: dict[str, _Departure], *, to: bool) -> list[Underway]:
    """Return the lines of these departures whose people may be shown, the latest first."""
    states, now = {one.person: one for one in _states(Eyes(), list(ways))}, clock.now()
    open_to_us = [one for one in states.values() if not (one.resident and one.resident.shielded)]
    made = [
        Underway(
            who, ways[who.person].start if to else ways[who.person].target,
            ways[who.person].left_at, ways[who.person].offline,
            _word(states[who.person], ways[who.person], now),
        )
        for who in lines_of(actor, open_to_us)
    ]  # fmt: skip
    return sorted(made, key=lambda one: one.left_at, reverse=True)


def coming(actor: Actor, facility_pk: int) -> list[Underway]:
    """Return who left another shelter for this one and has not been seen since, the latest first.

    Within `EXPECTED`; so with `coming_count`.
    """
    require(actor, Audience.RECEPTION)
    since = clock.now() - EXPECTED
    ways = _departures(Eyes(), bound_for=facility_pk, occurred_at__gte=since)
    return [one for one in _listed(actor, ways, to=True) if one.word in ("coming", "late")]


def sent(actor: Actor, facility_pk: int) -> list[Underway]:
    """Return who left this shelter for another within a day, and what became of it."""
    require(actor, Audience.RECEPTION)
    ways = _departures(Eyes(), facility=facility_pk, occurred_at__gte=clock.now() - SHOWN)
    undone = {one.person for one in _states(Eyes(), list(ways)) if one.facility_id == facility_pk}
    kept = {person: way for person, way in ways.items() if person not in undone}
    return _listed(actor, kept, to=False)


def coming_count(facility_pk: int) -> int:
    """Return how many are on their way to a shelter; everybody alive counts."""
    rows = PersonState.objects.filter(bound_for=facility_pk, seen_at__gte=clock.now() - EXPECTED)
    return rows.exclude(status=rules.DECEASED).count()


def arrive(actor: Actor, facility_pk: int, people: Sequence[str]) -> list[Result]:
    """Record that people on the list of `coming` have arrived, as a check-in at the desk."""
    require(actor, Audience.RECEPTION)
    known = {one.who.person for one in coming(actor, facility_pk)}
    if not people or not set(people) <= known:
        raise SonaeError(
            "conflict",
            "こちらへ向かっている人ではなくなっています。",
            "もう受付されたか、移動が取り消されています。ページを読み直してください。",
        )
    rows = _states(Eyes(), list(people))
    with writing():
        audit.record(actor.id, "arrival_recorded", f"facility:{facility_pk}", people=len(rows))
        return record([_arrival(actor, facility_pk, one) for one in rows])


def _arrival(actor: Actor, facility_pk: int, one: PersonState) -> NewSighting:
    return NewSighting(
        id=uuid7(),
        direction="in",
        occurred_at=clock.now(),
        clock="",
        source="reception",
        resident_pk=one.resident_id,
        visitor=VisitorFacts(person=one.visitor.key) if one.visitor else None,
        facility_pk=facility_pk,
        device=f"desk:{actor.account_id}",
        actor=actor.id,
    )
