"""Reads of the ledger: who is not accounted for, the curve, occupancy, states and histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Decision
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import HouseholdTimeline
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState, Sighting, Visitor
from sonae.domains.safety.reading import events_of
from sonae.platform.access import Actor, Audience, require

SHIELDED_TEXT = "支援措置対象（詳細は担当者へ）"
_AT_ONCE: Final = 5000
ONE_LOOK: Final = timedelta(hours=1)
"""A list that refreshes itself is one look at a person for this long."""


@dataclass(frozen=True)
class Count3:
    """Residents under inquiry: ``total``, ``accounted`` and the rest by zone."""

    total: int
    accounted: int
    inside: int
    unknown: int

    @property
    def unaccounted(self) -> int:
        """Residents not yet accounted for."""
        return self.inside + self.unknown


@dataclass(frozen=True)
class Unaccounted:
    """One line of the list; personal fields are empty where disclosure is denied.

    ``destination``: the timeline that states where the household goes on its own, not a sighting.
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


@dataclass(frozen=True)
class Point:
    """One point of the curve: how many were not accounted for at that minute."""

    at: datetime
    unaccounted: int


def current_inquiry() -> Inquiry | None:
    """Return the open inquiry of the world in force, else the last one, else None."""
    return Inquiry.objects.order_by(F("closed_at").desc(nulls_first=True), "-opened_at").first()


def _inquiry_of(at: datetime | None) -> Inquiry | None:
    """Return the inquiry that a question as of a moment is about: the last one opened until then."""
    if at is None:
        return current_inquiry()
    return Inquiry.objects.filter(opened_at__lte=at).order_by("-opened_at").first()


def _missing(inquiry: Inquiry, at: datetime | None) -> QuerySet[InquirySubject]:
    """Return the subjects not accounted for, now or as of a moment."""
    rows = InquirySubject.objects.filter(inquiry=inquiry)
    if at is None:
        return rows.filter(accounted_at=None)
    return rows.filter(added_at__lte=at).filter(Q(accounted_at=None) | Q(accounted_at__gt=at))


def unaccounted_count(at: datetime | None = None) -> Count3:
    """Return the one number: residents not yet accounted for, by zone, of how many."""
    inquiry = _inquiry_of(at)
    if inquiry is None:
        return Count3(0, 0, 0, 0)
    rows = InquirySubject.objects.filter(inquiry=inquiry)
    if at is not None:
        rows = rows.filter(added_at__lte=at)
    total = rows.count()
    zones = Counter(dict(_missing(inquiry, at).values_list("zone").annotate(n=Count("pk"))))
    inside = zones.get("inside", 0)
    rest = sum(zones.values()) - inside
    return Count3(total, total - inside - rest, inside, rest)


def unaccounted_by_town(at: datetime | None = None) -> dict[int, int]:
    """Return town (primary key) → residents not yet accounted for."""
    inquiry = _inquiry_of(at)
    if inquiry is None:
        return {}
    rows = _missing(inquiry, at).order_by().values_list("town_id").annotate(n=Count("pk"))
    return dict(rows)


def unaccounted_by_urgency(at: datetime | None = None) -> dict[tuple[str, str], int]:
    """Return (danger band, need band) → residents not yet accounted for (`rules` names the bands)."""
    inquiry = _inquiry_of(at)
    if inquiry is None:
        return {}
    danger = Case(
        When(~Q(zone="inside"), then=Value("unknown")),
        When(danger__gte=rules.GRAVE_DANGER, then=Value("grave")),
        default=Value("inside"),
    )
    need = Case(
        When(need__gte=rules.NEED_REGISTERED, then=Value("registrant")),
        When(need__gte=rules.NEED_SMALL, then=Value("slow")),
        default=Value("other"),
    )
    rows = _missing(inquiry, at).order_by().annotate(band=danger, needs=need)
    counted = rows.values_list("band", "needs").annotate(n=Count("pk"))
    return {(band, needs): count for band, needs, count in counted}


def unaccounted(
    actor: Actor,
    *,
    at: datetime | None = None,
    town: int | None = None,
    zone: str = "",
    own: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> list[Unaccounted]:
    """Return the list ordered by danger × need, for staff; every look is recorded.

    ``own``: only those for whom an own destination is stated.
    """
    require(actor, Audience.STAFF)
    inquiry = _inquiry_of(at)
    if inquiry is None:
        return []
    rows = _chosen(inquiry, at, town, zone, own)
    weight = (F("danger") + 1) * (F("need") + 1)
    wanted = rows.select_related("resident__household", "resident__assistanceregistrant", "town")
    found = list(wanted.order_by(-weight, "town__code", "resident_id")[offset : offset + limit])
    return _lines(actor, found, at)


def _chosen(
    inquiry: Inquiry, at: datetime | None, town: int | None, zone: str, own: bool = False
) -> QuerySet[InquirySubject]:
    """Return the subjects not accounted for, of a town (primary key) and a zone where given."""
    rows = _missing(inquiry, at)
    if own:
        rows = rows.filter(resident__in=evacuation.timelines.with_own_destination())
    if town is not None:
        rows = rows.filter(town=town)
    if zone == "unknown":
        # Whatever is not known to lie inside: unsurveyed ground, and what only an order means.
        return rows.exclude(zone="inside")
    return rows.filter(zone=zone) if zone else rows


def unaccounted_listed(
    *, at: datetime | None = None, town: int | None = None, zone: str = "", own: bool = False
) -> int:
    """Return how many people `unaccounted` lists in all."""
    inquiry = _inquiry_of(at)
    return 0 if inquiry is None else _chosen(inquiry, at, town, zone, own).count()


def _lines(actor: Actor, found: Sequence[InquirySubject], at: datetime | None) -> list[Unaccounted]:
    """Return the lines with what may be disclosed, and what was known at the moment asked for."""
    pks = [row.resident_id for row in found]
    made = consent.disclose(
        actor,
        pks,
        purpose="rescue",
        kinds=("name", "kana", "birth_date", "address", "phone", "needs", "safety", "destination"),
        shielded={row.resident_id for row in found if row.resident.shielded},
    )
    told = [pk for pk in pks if "destination" in made[pk].fields]
    goals = evacuation.timelines.stated_destinations(told)
    states: Mapping[int, PersonState | rules.State] = (
        state_of(pks) if at is None else _states(pks, at)
    )
    return [
        _line(
            row,
            made[row.resident_id].fields,
            states.get(row.resident_id),
            _stated_by(goals.get(row.resident_id), at),
        )
        for row in found
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
) -> Unaccounted:
    """Put one line together from the permitted fields."""
    one = row.resident
    registrant = getattr(one, "assistanceregistrant", None)
    known = state if "safety" in fields else None
    return Unaccounted(
        resident_pk=one.pk,
        name=one.name if "name" in fields else SHIELDED_TEXT,
        kana=one.kana if "kana" in fields else "",
        birth_date=one.birth_date if "birth_date" in fields else "",
        address=one.household.address if "address" in fields else "",
        town=row.town.name if "address" in fields else "",
        phone=one.phone if "phone" in fields else "",
        zone=row.zone,
        danger=row.danger,
        need=row.need,
        helper=registrant.reason if registrant and "needs" in fields else "",
        last_seen=known.seen_at if known else None,
        last_place=known.place if known else "",
        destination=goal,
    )


@dataclass(frozen=True)
class Seen:
    """One of the newest sightings with the name that the reader may see (visitors by their own)."""

    sighting: Sighting
    name: str


def _per_minute(inquiry: Inquiry, column: str) -> Counter[str]:
    """Return minute (UTC text) → how many subjects have this moment in it."""
    table = connection.ops.quote_name(InquirySubject._meta.db_table)
    minute = f"substr({column}, 1, 16)"
    if connection.vendor == "postgresql":
        minute = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {minute}, COUNT(*) FROM {table} WHERE inquiry_id = %s"  # noqa: S608
            f" AND {column} IS NOT NULL GROUP BY 1",
            [inquiry.pk],
        )
        return Counter(dict(cursor.fetchall()))


def curve() -> list[Point]:
    """Return the number of residents not accounted for at every minute at which it changed."""
    inquiry = current_inquiry()
    if inquiry is None:
        return []
    added, found = _per_minute(inquiry, "added_at"), _per_minute(inquiry, "accounted_at")
    points, number = [], 0
    for minute in sorted(added.keys() | found.keys()):
        number += added[minute] - found[minute]
        at = datetime.strptime(minute, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        points.append(Point(at.astimezone(clock.JST), number))
    return points


def state_of(resident_pks: Sequence[int]) -> dict[int, PersonState]:
    """Return resident → present state; people never sighted are absent."""
    keys = [f"r{pk}" for pk in resident_pks]
    rows = PersonState.objects.filter(person__in=keys).select_related("facility")
    return {row.resident_id: row for row in rows if row.resident_id is not None}


def settled() -> evacuation.Settled:
    """Return who needs no place any more: inside a facility, or heard of elsewhere and in no need.

    Only what was heard since the present inquiry began to ask for the person counts.
    """
    inquiry = Inquiry.objects.filter(closed_at=None).first()
    place: dict[int, int | None] = {}
    if inquiry is not None:
        found = InquirySubject.objects.filter(inquiry=inquiry, accounted_at__isnull=False)
        states = PersonState.objects.filter(resident__in=found.values("resident"))
        there = Q(direction__in=rules.PRESENT)
        in_need = Q(status__in=rules.CALLS)
        gone = Q(direction="out") & ~Q(status=rules.DECEASED)
        rows = states.exclude(gone).filter(there | ~in_need)
        for resident, direction, facility in rows.values_list(
            "resident_id", "direction", "facility_id"
        ):
            if resident is not None:
                place[resident] = facility if direction in rules.PRESENT else None
    return evacuation.Settled(place, occupancies())


def occupancies() -> dict[int, int]:
    """Return facility (primary key) → people inside now; facilities never reported are absent."""
    rows = PersonState.objects.filter(direction__in=rules.PRESENT, facility__isnull=False)
    inside = dict(rows.values_list("facility_id").annotate(n=Count("pk")))
    seen = Sighting.objects.filter(facility__isnull=False, refusal="")
    ever = seen.order_by().values_list("facility_id", flat=True).distinct()
    return {pk: inside.get(pk, 0) for pk in ever}


@dataclass(frozen=True)
class Occupancy:
    """People and households inside a facility; ``as_of`` the moment it is true for."""

    people: int
    households: int
    as_of: datetime


def occupancy(facility_pk: int, at: datetime | None = None) -> Occupancy:
    """Return who is inside a facility, now or as of a moment (folded from the sightings until then)."""
    as_of = at or clock.now()
    if at is None:
        rows = PersonState.objects.filter(direction__in=rules.PRESENT, facility=facility_pk)
        households = rows.exclude(resident=None).aggregate(
            n=Count("resident__household", distinct=True)
        )["n"]
        return Occupancy(rows.count(), households, as_of)
    residents = _inside("r", facility_pk, at)
    visitors = _inside("v", facility_pk, at)
    homes = Resident.objects.filter(pk__in=residents).values("household").distinct().count()
    return Occupancy(len(residents) + len(visitors), homes, as_of)


def _inside(kind: str, facility_pk: int, at: datetime) -> list[int]:
    """Return who was inside a facility as of a moment: residents (``r``), or visitors (``v``).

    A visitor counts as the person that the links now say it is, so that nobody counts twice.
    """
    rows: Any = Sighting.objects.filter(facility=facility_pk, refusal="", occurred_at__lte=at)
    ever: set[int] = set()
    for resident, visitor, linked, same_as in (
        rows.order_by()
        .values_list("resident", "visitor", "visitor__resident", "visitor__same_as")
        .distinct()
    ):
        person = (resident or linked) if kind == "r" else None if linked else same_as or visitor
        if person is not None:
            ever.add(person)
    found = []
    column = "resident_id" if kind == "r" else "visitor_id"
    for person, events in events_of(column, sorted(ever), at).items():
        state = rules.fold(events)
        if state and state.direction in rules.PRESENT and state.facility == facility_pk:
            found.append(person)
    return found


def recent(actor: Actor, facility_pk: int | None = None, limit: int = 30) -> list[Seen]:
    """Return the newest sightings, of one facility or of all, newest first, with the names to show.

    The list refreshes itself: that the actor sees a person on it is recorded once an hour.
    """
    require(actor, Audience.RECEPTION)
    rows = Sighting.objects.select_related("resident", "visitor", "facility")
    if facility_pk is not None:
        rows = rows.filter(facility=facility_pk)
    found = list(rows.order_by("-recorded_at", "-pk")[:limit])
    people = [row.resident for row in found if row.resident is not None]
    names = _names(actor, people, purpose="reception", kinds=("name",))
    return [Seen(row, names.get(row.resident_id or 0, visitor_name(row.visitor))) for row in found]


def looked(
    actor: Actor, people: Sequence[Resident], purpose: str, kinds: Sequence[str]
) -> Mapping[int, Decision]:
    """Return resident → what the actor may see; that it was shown is recorded once an hour."""
    return consent.disclose(
        actor,
        [one.pk for one in people],
        purpose=purpose,
        kinds=kinds,
        shielded={one.pk for one in people if one.shielded},
        once_in=ONE_LOOK,
    )


def _names(
    actor: Actor, people: Sequence[Resident], *, purpose: str, kinds: Sequence[str]
) -> dict[int, str]:
    """Return resident → name as far as the actor may see it; the look is recorded once an hour."""
    made = looked(actor, people, purpose, kinds)
    return {one.pk: one.name if "name" in made[one.pk].fields else SHIELDED_TEXT for one in people}


def visitor_name(visitor: Visitor | None) -> str:
    """Return what a visitor is called; empty where nothing was said."""
    return (visitor.name or visitor.kana) if visitor else ""


def conflicts() -> list[PersonState]:
    """Return people seen at two facilities at once: a clerk must look."""
    rows = PersonState.objects.filter(conflict=True).select_related(
        "resident", "visitor", "facility"
    )
    return list(rows)


def exported() -> Iterator[dict[str, object]]:
    """Give every stored event as the contract of `sonae reception export` has it, oldest first.

    ``status`` is accepted or refused (with ``error``); ``safety`` what was said of the person;
    ``stated_at`` the device's time where it was corrected.
    """
    rows = Sighting.objects.order_by("recorded_at", "pk").values_list(
        "pk", "resident__resident_id", "visitor_id", "facility__public_id", "direction",
        "occurred_at", "clock", "device", "refusal", "status", "recorded_at", "supersedes",
        "stated_at",
    )  # fmt: skip
    for (
        pk, who, visitor, where, move, at, tick, device, refusal, how, kept, old, stated,
    ) in rows.iterator(chunk_size=5000):  # fmt: skip
        yield {
            "id": str(pk),
            "resident_id": who,
            "shelter_id": where,
            "direction": move,
            "occurred_at": at.astimezone(clock.JST).isoformat(),
            "clock": tick,
            "terminal": device,
            "status": "refused" if refusal else "accepted",
            "error": refusal or None,
            "safety": how,
            "visitor": visitor,
            "recorded_at": kept.astimezone(clock.JST).isoformat(),
            "supersedes": str(old) if old else None,
            "stated_at": stated.astimezone(clock.JST).isoformat() if stated else None,
        }
