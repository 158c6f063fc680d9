"""Who is in a shelter now, for those who run it: names for lists, numbers for reports.

Lists leave out whom the reader may not see (支援措置); numbers count everybody, because everybody eats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.core.kana import search_key
from sonae.domains.consent import interface as consent
from sonae.domains.residents.interface import AssistanceRegistrant, Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import PersonState, Sighting
from sonae.domains.safety.reading import events_of
from sonae.domains.safety.selectors import ONE_LOOK, visitor_name
from sonae.domains.safety.visitors import known_by_now
from sonae.domains.safety.whose import Eyes
from sonae.domains.shelters.interface import Facility
from sonae.platform.access import Actor, Audience, require

SUPPORTED: Final = frozenset({"in_car", "shelter_at_home"})
"""在宅・車中泊: who stays elsewhere and is fed from this shelter (災害対策基本法 第86条の7)."""
AGES: Final = ((0, "infant"), (6, "child"), (18, "adult"), (65, "old"), (75, "very_old"))
"""From which age on somebody counts in which row of the report."""


@dataclass(frozen=True)
class Inside:
    """Somebody in the shelter, or supported by it, as far as the reader may see.

    ``person`` as in `PersonState`; ``home`` is the same for people of one household. ``place`` is what
    the check-in said (a room), ``supported`` tells who stays in a car or at home, ``offline`` whom a
    terminal without a connection took in.
    """

    person: str
    name: str
    kana: str
    home: str
    status: str
    supported: bool
    place: str
    since: datetime
    needs: tuple[str, ...] = ()
    offline: bool = False


@dataclass
class Summary:
    """People of a shelter in numbers, nobody named: ``people`` inside, ``supported`` outside it.

    ``needs`` as the desks wrote them, ``ages`` by `AGES` (``unknown`` where no birth date is known),
    ``sexes`` by the register's code. ``registrants``: 避難行動要支援者 among them.
    """

    people: int = 0
    households: int = 0
    visitors: int = 0
    in_car: int = 0
    at_home: int = 0
    injured: int = 0
    registrants: int = 0
    needs: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)
    sexes: Counter[str] = field(default_factory=Counter)

    @property
    def supported(self) -> int:
        """People who stay elsewhere and are supported from here."""
        return self.in_car + self.at_home


def _states(facility_pk: int) -> QuerySet[PersonState]:
    """Return the states of everybody inside or supported from here, the dead left out."""
    rows = PersonState.objects.filter(
        facility=facility_pk, direction__in=rules.PRESENT | SUPPORTED
    ).exclude(status=rules.DECEASED)
    return rows.select_related("resident", "visitor").order_by("pk")


def _here(facility_pk: int) -> list[PersonState]:
    """Return them as every desk may see them: who is somebody hidden is a visitor here too (`Eyes`)."""
    eyes = Eyes()
    found = list(_states(facility_pk).exclude(resident__in=eyes.residents))
    found += [
        one
        for one in eyes.parts()
        if one.facility_id == facility_pk
        and one.direction in rules.PRESENT | SUPPORTED
        and one.status != rules.DECEASED
    ]
    guests = [one for one in found if one.visitor is not None]
    for one, now in zip(
        guests, known_by_now([one.visitor for one in guests if one.visitor]), strict=True
    ):
        one.visitor = now
    return found


def inside(actor: Actor, facility_pk: int, people: Sequence[str] | None = None) -> list[Inside]:
    """Return who is in a shelter or supported by it, by household and reading; ``people``: only those.

    That the actor sees a person is recorded once an hour. Whoever is under 支援措置 is on no list: such
    a person is served by the own card (`presented_inside`).
    """
    require(actor, Audience.RECEPTION)
    rows = [one for one in _here(facility_pk) if people is None or one.person in people]
    made = lines_of(actor, [one for one in rows if not (one.resident and one.resident.shielded)])
    cut = made_offline((one.person for one in made), facility_pk)
    return [replace(one, offline=one.person in cut) for one in made]


def presented_inside(actor: Actor, facility_pk: int, residents: Sequence[int]) -> list[Inside]:
    """Return those of the residents, found by the card that they showed, who are in the shelter."""
    require(actor, Audience.RECEPTION)
    rows = list(_states(facility_pk).filter(resident__in=residents))
    return lines_of(actor, rows, presented=True)


def lines_of(actor: Actor, rows: Sequence[PersonState], *, presented: bool = False) -> list[Inside]:
    """Return the lines of these states, with the names that the actor may see; the look is recorded."""
    shielded = {one.resident_id for one in rows if one.resident and one.resident.shielded}
    decided = consent.disclose(
        actor,
        [one.resident_id for one in rows if one.resident_id is not None],
        purpose="reception_presented" if presented else "reception",
        kinds=("name", "kana", "household", "needs"),
        shielded={pk for pk in shielded if pk is not None},
        once_in=ONE_LOOK,
    )
    needs = _needs(rows)
    made = []
    for one in rows:
        fields = decided[one.resident_id].fields if one.resident_id in decided else None
        if fields is None or "name" in fields:
            made.append(_line(one, fields, needs.get(one.person, ())))
    first = {one.home: one.kana or one.name for one in reversed(made)}
    return sorted(made, key=lambda one: (first[one.home], one.home))


def _line(one: PersonState, fields: frozenset[str] | None, needs: Sequence[str]) -> Inside:
    """Return one line; ``fields`` None for a visitor, who told the desk all there is."""
    supported = one.direction in SUPPORTED
    rest = (one.status, supported, one.place, one.seen_at)
    if one.resident is None or fields is None:
        kana = one.visitor.kana if one.visitor else ""
        return Inside(
            one.person, visitor_name(one.visitor), kana, one.person, *rest, tuple(needs)
        )  # fmt: skip
    home = f"h{one.resident.household_id}" if "household" in fields else one.person
    kana = one.resident.kana if "kana" in fields else ""
    told = tuple(needs) if "needs" in fields else ()
    return Inside(one.person, one.resident.name, kana, home, *rest, told)


def _said_of(people: Iterable[str], column: str, seen: QuerySet[Sighting]) -> list[tuple[str, Any]]:
    """Return (person, value of a column) of those of the sightings that nothing has taken back."""
    keys = list(people)
    residents, visitors = ([int(one[1:]) for one in keys if one[0] == kind] for kind in "rv")
    told = list(
        seen.filter(
            Q(resident__in=residents)
            | Q(visitor__in=visitors)
            | Q(visitor__resident__in=residents)
            | Q(visitor__same_as__in=visitors),
            refusal="",
        )
        .order_by("clock")
        .values_list("pk", "resident", "visitor", "visitor__resident", "visitor__same_as", column)
    )
    held = Sighting.objects.filter(supersedes__in=[row[0] for row in told])
    gone = set(held.values_list("supersedes", flat=True))
    return [
        (f"r{resident or linked}" if resident or linked else f"v{same_as or visitor}", value)
        for pk, resident, visitor, linked, same_as, value in told
        if pk not in gone
    ]


def _needs(rows: Iterable[PersonState]) -> dict[str, list[str]]:
    """Return person → what the desks noted for them that nothing has taken back."""
    found: dict[str, list[str]] = {}
    noted = Sighting.objects.exclude(needs=[])
    for person, needs in _said_of((one.person for one in rows), "needs", noted):
        held = found.setdefault(person, [])
        held.extend(need for need in needs if need not in held)
    return found


def made_offline(people: Iterable[str], facility_pk: int) -> set[str]:
    """Return those whose coming to a shelter a terminal recorded that had no connection.

    It could not compare with other shelters: what contradicts it there is not this desk's mistake.
    """
    came = Sighting.objects.filter(
        facility=facility_pk, offline=True, direction__in=rules.PRESENT | SUPPORTED
    )
    return {person for person, _pk in _said_of(people, "pk", came)}


def named_places(facility_pk: int, places: Sequence[str]) -> dict[str, datetime]:
    """Return person → when a check-in in a facility named one of these places (rooms) last."""
    seen = Sighting.objects.filter(
        facility=facility_pk, place__in=places, direction__in=rules.PRESENT, refusal=""
    )
    rows = seen.order_by("clock").values_list(
        "resident", "visitor", "visitor__resident", "visitor__same_as", "occurred_at"
    )
    return {
        f"r{resident or linked}" if resident or linked else f"v{same_as or visitor}": at
        for resident, visitor, linked, same_as, at in rows
    }


@dataclass(frozen=True)
class Doubt:
    """What a clerk must look into: one person ``two_places`` at once, or two lines that may be one.

    ``others``: the other place's name, or who else is written as this person may be.
    """

    kind: str
    who: Inside
    others: tuple[str, ...]


def doubts(actor: Actor, facility_pk: int) -> list[Doubt]:
    """Return whose check-in here contradicts another place's, and who may be checked in twice.

    Nothing is dropped for it: both check-ins stand until a person has decided.
    """
    people = inside(actor, facility_pk)
    known = {row.person: row for row in _here(facility_pk)}
    torn = [known[one.person] for one in people if known[one.person].conflict]
    places = _other_places(torn, facility_pk)
    found = [
        Doubt("two_places", one, places[one.person]) for one in people if places.get(one.person)
    ]
    return found + _twice(people, known)


def _other_places(rows: Sequence[PersonState], facility_pk: int) -> dict[str, tuple[str, ...]]:
    """Return person → the other places at which desks checked the person in at practically one time."""
    found = {}
    for row in rows:
        column, pk = (
            ("resident_id", row.resident_id) if row.resident_id else ("visitor_id", row.visitor_id)
        )
        told = events_of(column, [pk or 0])[pk or 0]
        sides = [
            e.facility for e in rules.two_places(rules.standing(told)) if e.facility != facility_pk
        ]
        names = Facility.objects.filter(pk__in=[one for one in sides if one is not None])
        found[row.person] = tuple(names.values_list("name", flat=True))
    return found


def _twice(people: Sequence[Inside], known: Mapping[str, PersonState]) -> list[Doubt]:
    """Return visitors written like somebody else who is here, where no birth date speaks against it."""
    alike: dict[str, list[Inside]] = {}
    for one in people:
        for key in {search_key(one.kana), one.name.replace(" ", "").replace("\u3000", "")} - {""}:
            alike.setdefault(key, []).append(one)
    made: dict[str, Doubt] = {}
    for group in alike.values():
        for one in group:
            if known[one.person].visitor_id is None or one.person in made:
                continue
            others = [o.name or o.kana for o in group if o is not one and _fits(known, one, o)]
            if others:
                made[one.person] = Doubt("twice", one, tuple(others))
    return list(made.values())


def _fits(known: Mapping[str, PersonState], one: Inside, other: Inside) -> bool:
    """Tell whether what is known of two birth dates may be one date."""
    first, second = (_born(known[person.person]) for person in (one, other))
    return first.startswith(second) or second.startswith(first)


def _born(row: PersonState) -> str:
    who = row.resident or row.visitor
    return who.birth_date if who else ""


def summary(facility_pk: int) -> Summary:
    """Return the people of a shelter in numbers; everybody counts, nobody is named."""
    return _summed(_here(facility_pk))


def _summed(rows: Sequence[PersonState]) -> Summary:
    made, today = Summary(), clock.now().astimezone(JST).date()
    residents = [one.resident for one in rows if one.resident is not None]
    made.registrants = AssistanceRegistrant.objects.filter(
        resident__in=[one.pk for one in residents]
    ).count()
    needs, homes = _needs(rows), set[int]()
    for one in rows:
        if one.direction in SUPPORTED:
            made.in_car += one.direction == "in_car"
            made.at_home += one.direction == "shelter_at_home"
            continue
        made.people += 1
        made.injured += one.status in rules.CALLS
        made.needs.update(needs.get(one.person, ()))
        _count_person(made, one, today, homes)
    made.households = len(homes)
    return made


def _count_person(made: Summary, one: PersonState, today: date, homes: set[int]) -> None:
    """Count one person inside by age and sex, as far as known."""
    resident: Resident | None = one.resident
    born = resident.birth_date if resident else (one.visitor.birth_date if one.visitor else "")
    made.ages[age_row(born, today)] += 1
    if resident is None:
        made.visitors += 1
        made.sexes["unknown"] += 1
        return
    homes.add(resident.household_id)
    made.sexes[resident.sex or "unknown"] += 1


def age_row(born: str, today: date) -> str:
    """Return the row of `AGES` for a birth date as far as known (ISO); ``unknown`` without a year."""
    if not born[:4].isdecimal():
        return "unknown"
    month_day = born[5:10] or "01-01"
    age = today.year - int(born[:4]) - (f"{today:%m-%d}" < month_day)
    return next((name for start, name in reversed(AGES) if age >= start), "unknown")


def require_inside(facility_pk: int, people: Iterable[str]) -> Mapping[str, PersonState]:
    """Return person → state of people in (or supported by) a shelter; `SonaeError` if one is not."""
    wanted = list(dict.fromkeys(people))
    shown = [one for one in _here(facility_pk) if one.person in wanted]
    presented = _states(facility_pk).filter(person__in=wanted)  # by the own card, on no list
    found = {one.person: one for one in [*shown, *presented]}
    if not wanted or len(found) < len(wanted):
        raise SonaeError(
            "conflict",
            "この避難所にいない人が含まれています。",
            "退所や移動のあとかもしれません。ページを読み直して、もう一度選んでください。",
        )
    return found
