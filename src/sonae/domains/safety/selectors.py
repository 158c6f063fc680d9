"""Reads of the ledger: who is not accounted for, the curve, occupancy, states and histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from sonae.core import clock
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Decision
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState, Sighting, Visitor
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.whose import Eyes
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts
from sonae.platform.scope import current_municipality

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
class Point:
    """One point of the curve: how many were not accounted for at that minute."""

    at: datetime
    unaccounted: int


def current_inquiry() -> Inquiry | None:
    """Return the open inquiry of the world in force, else the last one, else None."""
    return Inquiry.objects.order_by(F("closed_at").desc(nulls_first=True), "-opened_at").first()


def inquiry_of(at: datetime | None) -> Inquiry | None:
    """Return the inquiry that a question as of a moment is about: the last one opened until then."""
    if at is None:
        return current_inquiry()
    return Inquiry.objects.filter(opened_at__lte=at).order_by("-opened_at").first()


def missing(inquiry: Inquiry, at: datetime | None) -> QuerySet[InquirySubject]:
    """Return the subjects not accounted for, now or as of a moment."""
    rows = InquirySubject.objects.filter(inquiry=inquiry)
    if at is None:
        return rows.filter(accounted_at=None)
    return rows.filter(added_at__lte=at).filter(Q(accounted_at=None) | Q(accounted_at__gt=at))


def openly(rows: QuerySet[InquirySubject], actor: Actor | None = None) -> QuerySet[InquirySubject]:
    """Leave out the shielded, unless it is their officer who asks."""
    if actor is not None and consent.is_shield_officer(actor):
        return rows
    return rows.exclude(resident__in=Resident.objects.filter(shielded=True))


def unaccounted_shown(actor: Actor | None = None, at: datetime | None = None) -> Count3:
    """Return the one number as a screen may show it: without those under 支援措置, who have their officer.

    With them it would tell of each of them: it would be more than the lists beside it, by town and by
    danger, and a name written on a list would make it fall. Their officer sees everybody.
    """
    inquiry = inquiry_of(at)
    if inquiry is None:
        return Count3(0, 0, 0, 0)
    return _counted(
        openly(InquirySubject.objects.filter(inquiry=inquiry), actor),
        openly(missing(inquiry, at), actor),
        at,
    )


def unaccounted_count(at: datetime | None = None) -> Count3:
    """Return the one number of all: residents not yet accounted for, by zone, of how many.

    For the machine; a screen shows `unaccounted_shown`.
    """
    inquiry = inquiry_of(at)
    if inquiry is None:
        return Count3(0, 0, 0, 0)
    return _counted(InquirySubject.objects.filter(inquiry=inquiry), missing(inquiry, at), at)


def _counted(
    rows: QuerySet[InquirySubject], lacking: QuerySet[InquirySubject], at: datetime | None
) -> Count3:
    """Count all subjects known at a moment and those of them who are not accounted for."""
    if at is not None:
        rows = rows.filter(added_at__lte=at)
    total = rows.count()
    zones = Counter(dict(lacking.values_list("zone").annotate(n=Count("pk"))))
    inside = zones.get("inside", 0)
    rest = sum(zones.values()) - inside
    return Count3(total, total - inside - rest, inside, rest)


@dataclass(frozen=True)
class Seen:
    """One of the newest sightings with the name that the reader may see (visitors by their own)."""

    sighting: Sighting
    name: str


def _per_minute(inquiry: Inquiry, column: str) -> Counter[str]:
    """Return minute (UTC text) → how many subjects have this moment in it, the shielded left out."""
    quote = connection.ops.quote_name
    table, people = quote(InquirySubject._meta.db_table), quote(Resident._meta.db_table)
    minute = f"substr({column}, 1, 16)"
    if connection.vendor == "postgresql":
        minute = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {minute}, COUNT(*) FROM {table} WHERE inquiry_id = %s"  # noqa: S608
            f" AND {column} IS NOT NULL AND resident_id NOT IN"
            f" (SELECT id FROM {people} WHERE municipality = %s AND shielded) GROUP BY 1",
            [inquiry.pk, current_municipality()],
        )
        return Counter(dict(cursor.fetchall()))


def curve() -> list[Point]:
    """Return `unaccounted_shown` at every minute at which it changed."""
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
    found = PersonState.objects.select_related("facility")
    return {
        row.resident_id: row
        for part in parts(resident_pks)
        for row in found.filter(person__in=[f"r{pk}" for pk in part])
        if row.resident_id is not None
    }


def hearsay(residents: Sequence[int] = (), visitors: Sequence[int] = ()) -> dict[str, str]:
    """Return person (as in `PersonState`) → who said how they are, of whom that is only by hearsay.

    A death is by two people's confirmation, never by hearsay.
    """
    found: dict[str, str] = {}
    asked = (("r", "resident_id", residents), ("v", "visitor_id", visitors))
    for letter, column, people in asked:
        for pk, events in events_of(column, people).items():
            left = rules.standing(events)
            dead = any(one.status == rules.DECEASED for one in left)
            if left and not dead and left[-1].source in rules.HEARSAY:
                found[f"{letter}{pk}"] = left[-1].source
    return found


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
    inside = Counter(dict(rows.values_list("facility_id").annotate(n=Count("pk"))))
    inside.update(_otherwise())
    seen = Sighting.objects.filter(facility__isnull=False, refusal="")
    ever = seen.order_by().values_list("facility_id", flat=True).distinct()
    return {pk: inside[pk] for pk in ever if inside[pk] or _reported(pk)}


def _reported(facility_pk: int) -> bool:
    """Tell whether anything of an empty facility still stands: what was taken back reported nothing."""
    rows = Sighting.objects.filter(facility=facility_pk, refusal="").exclude(direction="void")
    voids = Sighting.objects.filter(supersedes=OuterRef("pk"), refusal="", direction="void")
    return rows.filter(~Exists(voids)).exists()


def _otherwise() -> Counter[int]:
    """Return by how much heads differ from the ledger's, at which facility: screens show this number.

    The list of a shelter and its number say the same: whoever is written on it counts there, and that
    a name on two lists is one person under 支援措置 is told by no number either.
    """
    eyes, found = Eyes(), Counter[int]()
    if not eyes.residents:
        return found
    folded = PersonState.objects.filter(resident__in=eyes.residents)
    for rows, step in ((eyes.parts(), 1), (folded, -1)):
        for one in rows:
            if one.direction in rules.PRESENT and one.facility_id is not None:
                found[one.facility_id] += step
    return found


def heard() -> dict[int, datetime]:
    """Return facility (primary key) → when its head-count was last added to: how old the count is."""
    seen = Sighting.objects.filter(facility__isnull=False, refusal="").order_by()
    rows = seen.values_list("facility_id").annotate(at=Max("recorded_at"))
    return {pk: at for pk, at in rows if pk is not None}


@dataclass(frozen=True)
class Occupancy:
    """People and households inside a facility; ``as_of`` the moment it is true for.

    Households of residents; those under 支援措置 count as people alone.
    """

    people: int
    households: int
    as_of: datetime


def occupancy(facility_pk: int, at: datetime | None = None) -> Occupancy:
    """Return who is inside a facility, now or as of a moment (folded from the sightings until then)."""
    as_of = at or clock.now()
    if at is None:
        rows = PersonState.objects.filter(direction__in=rules.PRESENT, facility=facility_pk)
        households = rows.filter(resident__shielded=False).aggregate(
            n=Count("resident__household", distinct=True)
        )["n"]
        return Occupancy(rows.count() + _otherwise()[facility_pk], households, as_of)
    residents = inside_at("r", facility_pk, at)
    visitors = inside_at("v", facility_pk, at)
    openly_here = Resident.objects.filter(pk__in=list(residents), shielded=False)
    homes = openly_here.values("household").distinct().count()
    return Occupancy(len(residents) + len(visitors), homes, as_of)


def inside_at(kind: str, facility_pk: int, at: datetime) -> dict[int, rules.State]:
    """Return who was inside a facility as of a moment, and how: residents (``r``), or visitors (``v``).

    A visitor counts as the person that `Eyes` see in it.
    """
    eyes = Eyes()
    rows: Any = Sighting.objects.filter(facility=facility_pk, refusal="", occurred_at__lte=at)
    ever: set[int] = set()
    for resident, visitor, linked, same_as in (
        rows.order_by()
        .values_list("resident", "visitor", "visitor__resident", "visitor__same_as")
        .distinct()
    ):
        if visitor in eyes.hidden:
            linked, same_as = None, eyes.hidden[visitor]
        person = (resident or linked) if kind == "r" else None if linked else same_as or visitor
        if person is not None:
            ever.add(person)
    found = {}
    told = eyes.events(ever, at) if kind == "v" else events_of("resident_id", sorted(ever), at)
    for pk in eyes.residents & set(told) if kind == "r" else ():
        told[pk] = eyes.said_by(pk, at)
    for person, events in told.items():
        state = rules.fold(events)
        if state and state.direction in rules.PRESENT and state.facility == facility_pk:
            found[person] = state
    return found


def recent(actor: Actor, facility_pk: int | None = None, limit: int = 30) -> list[Seen]:
    """Return the newest sightings, of one facility or of all, newest first, with the names to show.

    The list refreshes itself: that the actor sees a person on it is recorded once an hour.
    """
    require(actor, Audience.RECEPTION)
    rows = Sighting.objects.select_related("resident", "visitor", "facility", "bound_for")
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


def conflicts(actor: Actor | None = None) -> list[PersonState]:
    """Return people of whom something is said that cannot be (`rules.disputed`): a clerk must look.

    The shielded are not among them, unless it is their officer who asks; who is written down of them is.
    """
    eyes = Eyes(actor)
    rows = PersonState.objects.filter(conflict=True).select_related(
        "resident", "visitor", "facility"
    )
    if eyes.sees_all:
        return list(rows.order_by("-seen_at", "pk"))
    written = [one for one in eyes.parts() if one.conflict and one.visitor_id is not None]
    found = [*rows.exclude(resident__shielded=True), *written]
    return sorted(found, key=lambda one: (one.seen_at, one.clock), reverse=True)


def exported() -> Iterator[dict[str, object]]:
    """Give every stored event as the contract of `sonae reception export` has it, oldest first.

    ``status`` is accepted or refused (with ``error``); ``safety`` what was said of the person;
    ``stated_at`` the device's time where it was corrected.
    """
    rows = Sighting.objects.order_by("recorded_at", "pk").values_list(
        "pk", "resident__resident_id", "visitor_id", "facility__public_id", "direction",
        "occurred_at", "clock", "device", "refusal", "status", "recorded_at", "supersedes",
        "stated_at", "bound_for__public_id",
    )  # fmt: skip
    for (
        pk, who, visitor, where, move, at, tick, device, refusal, how, kept, old, stated, to,
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
            "to": to,
        }
