"""What the people of the demo city do: who arrives when and how one hears of it.

Who does what when is a function of the resident and the minute, so that a play that was stopped, killed
or run at another speed tells the same story; which place still has room depends on how often it looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import NAMESPACE_OID, UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from sonae.demo.script import CUT_FROM, CUT_TO, PAPER_EVERY, PAPER_TO, START
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.residents import interface as residents
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import InquirySubject, NewSighting, PersonState
from sonae.domains.shelters import interface as shelters

BATCH = 30
"""Events per delivery, as a terminal sends them."""
MOST_PER_TICK = 6000
_WAYS = ("shelter", "home", "relative", "car", "patrol")
_SHARES = (0.60, 0.16, 0.10, 0.05, 0.09)
_DAY_GONE_HOME = 44 * 60
_FOLLOW, _NEAREST = 0.85, 0.12
"""Of the households that come to a shelter so many go where the plan tells them, and so many to the
nearest open place whatever they are told; the others to a place they know. Invented shares.
"""
_USUAL_ROOM = 100


def _draws(resident: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) per resident that never changes (SplitMix64)."""
    x = resident.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 7919 + 1)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return np.asarray((x >> np.uint64(11)).astype(np.float64) / 2**53)


def _ways(resident: NDArray[np.int64]) -> list[str]:
    """Return how one hears of each resident."""
    place = np.searchsorted(np.cumsum(_SHARES), _draws(resident, 1) * 0.9999)
    return [_WAYS[i] for i in place.tolist()]


def _delay_minutes(resident: NDArray[np.int64], ways: Sequence[str]) -> NDArray[np.float64]:
    """Return minutes from coming under inquiry until the person is somewhere and says so."""
    draw = _draws(resident, 2)
    wave = 25 + 330 * draw**1.6 + 900 * np.maximum(draw - 0.9, 0) * 10 * _draws(resident, 3)
    late = 24 * 60 + 44 * 60 * _draws(resident, 4)
    patrol = np.array([way == "patrol" for way in ways])
    return np.asarray(np.where(patrol, late, wave))


@dataclass(frozen=True)
class Shelters:
    """Where people can go: open facilities, which two lose the network, which write on paper."""

    open: list[int]
    cut: frozenset[int]
    paper: frozenset[int]


def shelters_now() -> Shelters:
    """Return the open facilities and the parts that some of them play."""
    found = sorted(pk for pk, report in shelters.states().items() if report.state == "open")
    return Shelters(found, frozenset(found[3:5]), frozenset(found[6::9]))


class Rooms:
    """Room left in the open places: who comes to a full one is sent on to one that has some."""

    def __init__(self, open_now: Sequence[int], unheard: frozenset[int] = frozenset()) -> None:
        """Look at heads and capacities of now; a place of unknown capacity takes the usual number.

        Nobody is sent on to places that are ``unheard`` of: whether they have room is not known.
        """
        self.unheard = unheard
        heads = safety.occupancies()
        rows = {place.facility.pk: place for place in shelters.places(heads)}
        self._at = {pk: (row.facility.latitude, row.facility.longitude) for pk, row in rows.items()}
        self.open = list(open_now)
        self.left = {
            pk: max((rows[pk].capacity or _USUAL_ROOM) - heads.get(pk, 0), 0) for pk in open_now
        }

    def take(self, facility: int) -> int:
        """Take one seat there, else at the nearest with one; where all are full, people stay together."""
        if self.left.get(facility, 0) <= 0:
            free = [pk for pk in self.open if self.left[pk] > 0 and pk not in self.unheard]
            facility = min(free, key=lambda pk: self._apart(facility, pk), default=facility)
        self.left[facility] = self.left.get(facility, 0) - 1
        return facility

    def _apart(self, one: int, other: int) -> float:
        """Return how far two places are from each other, in degrees of latitude."""
        (lat, lon), (lat2, lon2) = self._at[one], self._at[other]
        return math.hypot(lat - lat2, (lon - lon2) * math.cos(math.radians(lat)))


def _arrives(minute: float, facility: int, places: Shelters, now: float) -> bool:
    """Tell whether an arrival at that minute is known by now: cut and paper shelters tell later."""
    if facility in places.cut and CUT_FROM <= minute < CUT_TO:
        return now >= CUT_TO
    if facility in places.paper and minute < PAPER_TO:
        return now >= (minute // PAPER_EVERY + 1) * PAPER_EVERY
    return now >= minute


@dataclass(frozen=True)
class Missing:
    """Residents not yet accounted for, as columns: primary key, minute added, advised facility."""

    resident: NDArray[np.int64]
    added: NDArray[np.float64]
    facility: list[int | None]


def missing() -> Missing:
    """Read who is not yet accounted for in the exercise."""
    inquiry = safety.current_inquiry()
    rows = list(
        InquirySubject.objects.filter(inquiry=inquiry, accounted_at=None)
        .order_by("resident")
        .values_list("resident", "added_at")
    )
    pks = [pk for pk, _ in rows]
    run = evacuation.current_run()
    rows_of = evacuation.Advice.objects.filter(run=run.advice_run if run else None)
    advised = dict(rows_of.values_list("resident", "facility"))
    added = np.array([(at - START).total_seconds() / 60 for _, at in rows])
    return Missing(np.array(pks, np.int64), added, [advised.get(pk) for pk in pks])


def reports(now: float) -> list[NewSighting]:
    """Return what is heard by minute ``now`` of people who were not accounted for until then."""
    who = missing()
    places = shelters_now()
    if not len(who.resident) or not places.open:
        return []
    ways = _with_own_places(who.resident, _ways(who.resident))
    at = who.added + _delay_minutes(who.resident, ways)
    due = np.flatnonzero(at <= now)
    rooms, goals = Rooms(places.open, places.cut | places.paper), _goals(who, places.open)
    heard = []
    for row in due.tolist():
        facility = goals[row]
        if ways[row] == "shelter":
            if not _arrives(float(at[row]), facility, places, now):
                continue
            facility = rooms.take(facility)
        heard.append(_sighting(int(who.resident[row]), ways[row], float(at[row]), facility, places))
        if len(heard) >= MOST_PER_TICK:
            break
    return heard


def _with_own_places(resident: NDArray[np.int64], ways: Sequence[str]) -> list[str]:
    """Let those whose timeline names a place of their own go there."""
    run = evacuation.current_run()
    warned = [item["hazard"] for item in run.hazards] if run else []
    rows = evacuation.timelines.with_own_destination(warned)
    own = set(rows.values_list("pk", flat=True))
    return [
        "relative" if pk in own else way for pk, way in zip(resident.tolist(), ways, strict=True)
    ]


def _goals(who: Missing, open_now: Sequence[int]) -> list[int]:
    """Return where each would go: whole households as the plan says, to the nearest, or elsewhere.

    Who is told a place that is not open goes to the nearest that is.
    """
    from scipy.spatial import cKDTree

    people = residents.population()
    at = np.minimum(np.searchsorted(people.pk, who.resident), len(people.pk) - 1)
    choice, known = _draws(people.household[at], 5), _draws(people.household[at], 6)
    rows = {row.pk: (row.latitude, row.longitude) for row in shelters.facilities()}
    home = np.column_stack((people.lat[at], people.lon[at]))
    nowhere = ~(np.isfinite(home[:, 0]) & np.isfinite(home[:, 1]))
    scale = (1.0, float(np.cos(np.radians(np.mean([rows[pk][0] for pk in open_now])))))
    tree = cKDTree(np.array([rows[pk] for pk in open_now]) * scale)
    nearest = tree.query(np.nan_to_num(home) * scale)[1]
    other = (known * len(open_now)).astype(np.int64)
    place = np.where(nowhere | (choice >= _FOLLOW + _NEAREST), other, nearest).tolist()
    opened, follows = set(open_now), (choice < _FOLLOW).tolist()
    return [
        advised if follow and advised in opened else open_now[index]
        for advised, follow, index in zip(who.facility, follows, place, strict=True)
    ]


_TOLD = {
    "home": ("shelter_at_home", "self", "自宅の上の階"),
    "relative": ("report", "family", "親戚の家"),
    "car": ("in_car", "self", "車の中"),
    "patrol": ("report", "patrol", "戸別訪問で確認"),
}


def _sighting(
    resident: int, way: str, minute: float, facility: int | None, places: Shelters
) -> NewSighting:
    """Return the sighting of one resident; its id depends only on who and how."""
    at = START + timedelta(minutes=minute)
    status = "needs_help" if resident % 173 == 0 else "safe"
    if way == "shelter":
        cut = facility in places.cut and CUT_FROM <= minute < CUT_TO
        source = "paper" if facility in places.paper and minute < PAPER_TO else "reception"
        return _event(resident, "in", at, f"D{facility}", source, facility, "", status, offline=cut)
    direction, source, place = _TOLD[way]
    return _event(resident, direction, at, "web", source, None, place, status)


def _event(
    resident: int, direction: str, at: datetime, device: str, source: str, facility: int | None,
    place: str, status: str, *, offline: bool = False,
) -> NewSighting:  # fmt: skip
    """Return a sighting with a stable id and a clock of its device."""
    stamp = f"{int(at.timestamp() * 1000):013d}-{resident % 65536:04x}-{device}"
    return NewSighting(
        id=_stable_id(resident, direction, at),
        direction=direction,
        occurred_at=at,
        clock=stamp,
        source=source,
        resident_pk=resident,
        facility_pk=facility,
        place=place,
        status=status,
        device=device,
        actor="demo",
        offline=offline,
    )


def _stable_id(resident: int, direction: str, at: datetime) -> UUID:
    return uuid5(NAMESPACE_OID, f"{resident}/{direction}/{at.isoformat()}")


def moves(now: float) -> list[NewSighting]:
    """Return people who move to another shelter, and after the lifting those who go home."""
    places = shelters_now()
    if now < CUT_TO or len(places.open) < 2:
        return []
    random = Random(int(now))  # noqa: S311 - a story, no secret
    inside = PersonState.objects.filter(direction__in=("in", "move"), facility__in=places.open)
    rows = inside.exclude(resident=None).order_by("pk")
    people = [(row.resident_id or 0, row.facility_id or 0) for row in rows]
    at = START + timedelta(minutes=now)
    if now < _DAY_GONE_HOME:
        chosen = random.sample(people, min(len(people) // 250, 60))
        rooms = Rooms(places.open)
        wanted = [(pk, random.choice([p for p in places.open if p != f])) for pk, f in chosen]
        came = dict(chosen)
        found = [(pk, rooms.take(to)) for pk, to in wanted]
        return [_to(pk, to, at) for pk, to in found if to != came[pk]]
    chosen = random.sample(people, min(len(people) // 18, 900))
    return [_event(pk, "out", at, f"D{f}", "reception", f, "自宅へ", "safe") for pk, f in chosen]


def _to(resident: int, facility: int, at: datetime) -> NewSighting:
    return _event(resident, "move", at, f"D{facility}", "reception", facility, "", "safe")


def batches(events: Sequence[NewSighting]) -> Iterator[Iterable[NewSighting]]:
    """Cut events into deliveries of terminals, oldest first."""
    ordered = sorted(events, key=lambda event: event.occurred_at)
    for start in range(0, len(ordered), BATCH * 10):
        yield ordered[start : start + BATCH * 10]
