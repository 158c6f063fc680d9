"""The list of those not accounted for: danger × need, then who has been silent longest, last known place.

Somebody under 支援措置 counts in the one number and stands on no list, in no count by town or kind and
behind no filter, except for the officer whom the city has named for them: where a line without a
name stands, or a number that does not add up, tells where that person lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Advice, HouseholdTimeline
from sonae.domains.safety import rules
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.selectors import inquiry_of, missing, openly, state_of
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Actor, Audience, require

_AT_ONCE: Final = 5000
NEEDS: Final = ("registrant", "slow", "other")
"""Bands of need that the list can be narrowed to (`rules`)."""


@dataclass(frozen=True)
class Unaccounted:
    """One line of the list; personal fields are empty where disclosure is denied.

    ``destination``: the timeline that states where the household goes on its own, not a sighting.
    ``last_seen`` and ``last_place``: what was last heard, from before the danger or without saying how
    the person is; ``stale``: longer ago than `rules.STALE`.
    """

    resident_pk: int
    name: str
    kana: str
    birth_date: str
    address: str
    town: str
    phone: str
    zone: str
    danger: int
    need: int
    helper: str
    last_seen: datetime | None
    last_place: str
    destination: HouseholdTimeline | None = None
    stale: bool = False
    asked_since: datetime | None = None


@dataclass(frozen=True)
class Narrowed:
    """What the list is narrowed to: ``town`` and ``shelter`` (primary keys; ``shelter``: whom the plan
    sends there), ``zone`` inside or unknown, ``need`` of `NEEDS`, ``own`` destination stated,
    ``silent``: not heard of for so long.
    """

    town: int | None = None
    zone: str = ""
    own: bool = False
    shelter: int | None = None
    need: str = ""
    silent: timedelta | None = None


def unaccounted_by_town(at: datetime | None = None) -> dict[int, int]:
    """Return town (primary key) → residents not yet accounted for, the shielded left out."""
    inquiry = inquiry_of(at)
    if inquiry is None:
        return {}
    rows = openly(missing(inquiry, at)).order_by().values_list("town_id")
    return dict(rows.annotate(n=Count("pk")))


_DANGER_BAND: Final = Case(
    When(~Q(zone="inside"), then=Value("unknown")),
    When(danger__gte=rules.GRAVE_DANGER, then=Value("grave")),
    default=Value("inside"),
)
_NEED_BAND: Final = Case(
    When(need__gte=rules.NEED_REGISTERED, then=Value("registrant")),
    When(need__gte=rules.NEED_SMALL, then=Value("slow")),
    default=Value("other"),
)


def unaccounted_by_urgency(at: datetime | None = None) -> dict[tuple[str, str], int]:
    """Return (danger band, need band) → residents not yet accounted for (`rules` names the bands)."""
    inquiry = inquiry_of(at)
    if inquiry is None:
        return {}
    rows = openly(missing(inquiry, at)).order_by().annotate(band=_DANGER_BAND, needs=_NEED_BAND)
    counted = rows.values_list("band", "needs").annotate(n=Count("pk"))
    return {(band, needs): count for band, needs, count in counted}


def unaccounted(
    actor: Actor,
    *,
    at: datetime | None = None,
    limit: int = 100,
    offset: int = 0,
    supporter: str = "",
    **narrowed: Any,
) -> list[Unaccounted]:
    """Return the list for staff, narrowed as `Narrowed` says; every look is recorded.

    By danger × need, then whoever has been silent longest (never heard of first), then by town.
    ``supporter``: the body that the data are handed to, when they are not for the city's own work:
    only registrants of 避難行動要支援者名簿, with the fields that the law allows now.
    """
    require(actor, Audience.STAFF)
    inquiry = inquiry_of(at)
    if inquiry is None:
        return []
    rows = _chosen(actor, inquiry, at, Narrowed(**narrowed))
    if supporter:
        rows = rows.filter(resident__assistanceregistrant__isnull=False, resident__shielded=False)
    weight = (F("danger") + 1) * (F("need") + 1)
    ordered = rows.order_by(-weight, F("heard").asc(nulls_first=True), "town__code", "resident_id")
    pks = list(ordered.values_list("pk", flat=True)[offset : offset + limit])
    return _lines(actor, _with_people(pks), at, supporter)


def _with_people(pks: Sequence[int]) -> list[InquirySubject]:
    """Return subjects with their people, in the order given."""
    related = ("resident__household", "resident__assistanceregistrant", "town")
    found: dict[int, InquirySubject] = {}
    for start in range(0, len(pks), _AT_ONCE):
        rows = InquirySubject.objects.filter(pk__in=pks[start : start + _AT_ONCE])
        found |= {row.pk: row for row in rows.select_related(*related)}
    return [found[pk] for pk in pks if pk in found]


def _heard() -> Subquery:
    """Return when somebody was last heard of, by the whole unique key of the states."""
    person = Concat(Value("r"), Cast(OuterRef("resident_id"), CharField()))
    return Subquery(PersonState.objects.filter(person=person).values("seen_at")[:1])


def _chosen(
    actor: Actor | None, inquiry: Inquiry, at: datetime | None, asked: Narrowed
) -> QuerySet[InquirySubject]:
    """Return the subjects not accounted for that are asked for, with ``heard``."""
    rows = openly(missing(inquiry, at), actor).annotate(heard=_heard())
    if asked.own:
        rows = rows.filter(resident__in=evacuation.timelines.with_own_destination())
    if asked.town is not None:
        rows = rows.filter(town=asked.town)
    if asked.shelter is not None:
        run = evacuation.current_run()
        sent = Advice.objects.filter(run=run.advice_run if run else 0, facility=asked.shelter)
        rows = rows.filter(resident__in=sent.values("resident"))
    if asked.need in NEEDS:
        rows = rows.annotate(needs=_NEED_BAND).filter(needs=asked.need)
    if asked.silent is not None:
        since = (at or clock.now()) - asked.silent
        rows = rows.filter(Q(heard__isnull=True) | Q(heard__lte=since))
    if asked.zone == "unknown":
        # Whatever is not known to lie inside: unsurveyed ground, and what only an order means.
        return rows.exclude(zone="inside")
    return rows.filter(zone=asked.zone) if asked.zone else rows


def unaccounted_listed(actor: Actor, *, at: datetime | None = None, **narrowed: Any) -> int:
    """Return how many people `unaccounted` lists in all for this reader."""
    inquiry = inquiry_of(at)
    if inquiry is None:
        return 0
    return _chosen(actor, inquiry, at, Narrowed(**narrowed)).count()


_KINDS: Final = (
    "name", "kana", "birth_date", "address", "phone", "needs", "safety", "destination",
)  # fmt: skip


def _lines(
    actor: Actor, found: Sequence[InquirySubject], at: datetime | None, supporter: str = ""
) -> list[Unaccounted]:
    """Return the lines with what may be disclosed, and what was known at the moment asked for."""
    pks = [row.resident_id for row in found]
    made = consent.disclose(
        actor,
        pks,
        purpose="rescue",
        kinds=_KINDS,
        shielded={row.resident_id for row in found if row.resident.shielded},
        supporter=supporter,
        registrants=pks if supporter else (),
    )
    shown = [row for row in found if "name" in made[row.resident_id].fields]
    told = [pk for pk in pks if "destination" in made[pk].fields]
    goals = evacuation.timelines.stated_destinations(told)
    states: Mapping[int, PersonState | rules.State] = (
        state_of(pks) if at is None else _states(pks, at)
    )
    names = {row.pk: row.name for row in shelters.facilities()}
    return [
        _line(
            row,
            made[row.resident_id].fields,
            states.get(row.resident_id),
            _stated_by(goals.get(row.resident_id), at),
            names,
            at or clock.now(),
        )
        for row in shown
    ]


def _stated_by(goal: HouseholdTimeline | None, at: datetime | None) -> HouseholdTimeline | None:
    """Return a stated destination as far as it was stated at the moment asked for."""
    return goal if goal is not None and (at is None or goal.stated_at <= at) else None


def _states(pks: Sequence[int], at: datetime) -> dict[int, rules.State]:
    """Return resident → state as of a moment, from the sightings until then."""
    found = {}
    for start in range(0, len(pks), _AT_ONCE):
        histories = events_of("resident_id", pks[start : start + _AT_ONCE], at)
        found.update({pk: rules.fold(events) for pk, events in histories.items()})
    return {pk: state for pk, state in found.items() if state is not None}


def _line(
    row: InquirySubject,
    fields: frozenset[str],
    state: PersonState | rules.State | None,
    goal: HouseholdTimeline | None,
    names: Mapping[int, str],
    now: datetime,
) -> Unaccounted:
    """Put one line together from the permitted fields."""
    one = row.resident
    registrant = getattr(one, "assistanceregistrant", None)
    known = state if "safety" in fields else None
    seen = known.seen_at if known else None
    return Unaccounted(
        resident_pk=one.pk,
        name=one.name,
        kana=one.kana if "kana" in fields else "",
        birth_date=one.birth_date if "birth_date" in fields else "",
        address=one.household.address if "address" in fields else "",
        town=row.town.name if "address" in fields else "",
        phone=one.phone if "phone" in fields else "",
        zone=row.zone,
        danger=row.danger,
        need=row.need,
        helper=registrant.reason if registrant and "needs" in fields else "",
        last_seen=seen,
        last_place=_place(known, names) if known else "",
        destination=goal,
        stale=seen is not None and now - seen > rules.STALE,
        asked_since=row.added_at,
    )


def _place(state: PersonState | rules.State, names: Mapping[int, str]) -> str:
    """Return where somebody was last: what was said of the place, else the facility."""
    facility = state.facility_id if isinstance(state, PersonState) else state.facility
    return state.place or (names.get(facility, "") if facility else "")
