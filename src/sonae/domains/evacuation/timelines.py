"""マイ・タイムライン: a household states its plan and its own destination, takes it back, has it forgotten.

An own destination (relatives, a car park) is allowed, recorded and never judged; what the maps know
of the place is said beside it in three values. Staff read it through `consent.disclose` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import places
from sonae.domains.evacuation.ground import ground_of
from sonae.domains.evacuation.models import Advice, HouseholdTimeline
from sonae.domains.evacuation.selectors import Walker, current_run
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Household, Resident, own_home
from sonae.engines.evacuation.timeline import STAYS, Answers
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

PLACE_KINDS: Final = ("relatives", "car_park", "hotel", "other")
LONGEST_NAME: Final = 80


@dataclass(frozen=True)
class Destination:
    """An own destination as stated: ``town`` None and not ``outside`` means that nobody said where."""

    kind: str = ""
    name: str = ""
    town: Town | None = None
    outside: bool = False


def answers_of(row: HouseholdTimeline) -> Answers:
    """Return the three answers of a stored timeline."""
    return Answers(frozenset(row.members), row.leaving, row.goal)


def destination_of(row: HouseholdTimeline) -> Destination | None:
    """Return the own destination of a stored timeline, None when it goes elsewhere."""
    if row.goal != "own":
        return None
    return Destination(row.place_kind, row.place_name, row.town, row.outside)


def _holder(actor: Actor, window: int | None = None) -> tuple[Household, Resident | None]:
    """Return whose timeline this is: the household's, or the person's own under 支援措置.

    ``window``: the household (primary key) that a clerk writes for, of someone without a phone.
    """
    if window is not None:
        require(actor, Audience.OPERATOR)
        return Household.objects.get(pk=window), None
    home = own_home(actor)
    if home is None:
        raise SonaeError("no_resident", "この利用者は、住民の記録と結び付いていません。")
    own = Resident.objects.get(pk=actor.resident_id or 0)
    return home, own if own.shielded else None


def _rows(home: Household, own: Resident | None) -> QuerySet[HouseholdTimeline]:
    """Return the rows of one holder, newest first."""
    rows = HouseholdTimeline.objects.filter(household=home, resident=own)
    return rows.select_related("town").order_by("-pk")


def timeline_of(actor: Actor, window: int | None = None) -> HouseholdTimeline | None:
    """Return the timeline of the household, None before there is one.

    Here and below it is the signed-in resident's own, or at the ``window`` the one that a clerk of the
    city writes for.
    """
    return _rows(*_holder(actor, window)).filter(current=True).first()


def can_undo(actor: Actor, window: int | None = None) -> bool:
    """Tell whether there is an earlier plan to go back to."""
    return _rows(*_holder(actor, window)).filter(current=False).exists()


def _not_in_exercise() -> None:
    """The timeline is the register's: an exercise shows it and changes nothing."""
    if is_exercise():
        raise SonaeError(
            "conflict",
            "訓練の画面では、家の計画は変わりません。",
            "本番の画面で変えてください。",
        )


def state(
    actor: Actor,
    answers: Answers,
    destination: Destination | None = None,
    window: int | None = None,
) -> HouseholdTimeline:
    """Store the household's timeline in place of the one before, which can be brought back.

    `SonaeError` ``unreadable`` for an own destination without a kind, ``not_allowed`` for staying at
    home or upstairs where the rules do not allow it or nobody knows.
    """
    _not_in_exercise()
    home, own = _holder(actor, window)
    place = _checked(answers, destination)
    _require_staying(home, answers)
    return _store(home, own, actor, {
        "members": sorted(answers.members), "leaving": answers.leaving, "goal": answers.goal,
        "place_kind": place.kind, "place_name": place.name, "town": place.town,
        "outside": place.outside,
    }, at_window=window is not None)  # fmt: skip


def _checked(answers: Answers, destination: Destination | None) -> Destination:
    """Return what is kept of an own destination; nothing when the household goes elsewhere."""
    if answers.goal != "own":
        return Destination()
    if destination is None or destination.kind not in PLACE_KINDS:
        raise SonaeError("unreadable", "自分で決めた行き先が、どんな所かを選んでください。")
    name = " ".join(destination.name.split())[:LONGEST_NAME]
    town = None if destination.outside else destination.town
    return Destination(destination.kind, name, town, destination.outside)


def household_walker(home: Household, answers: Answers) -> Walker:
    """Return the slowest of a household with what it needs of a site."""
    return Walker(
        answers.profile, 0, home.floor or 0, home.storeys or 0, pets="pets" in answers.members
    )


def _require_staying(home: Household, answers: Answers) -> None:
    """Refuse a plan to stay where that is not known to be safe, or where there is no upper floor."""
    if answers.goal not in STAYS:
        return
    walker = household_walker(home, answers)
    found = places.staying(home.latitude, home.longitude, walker, known=home.located)
    if found.allows(answers.goal) == "yes":
        return
    where = "家の上の階に残る" if answers.goal == "upstairs" else "家にとどまる"
    raise SonaeError("not_allowed", f"{where}計画にはできません。{found.why(answers.goal)}")


def _store(
    home: Household,
    own: Resident | None,
    actor: Actor,
    values: Mapping[str, object],
    *,
    at_window: bool,
) -> HouseholdTimeline:
    """Put a row in place of the current one; of the older ones only that one stays."""
    with writing():
        take_turn(f"timeline:{home.pk}", every_world=True)
        rows = _rows(home, own)
        rows.filter(current=False).delete()
        rows.filter(current=True).update(current=False)
        if at_window:
            audit.record(actor.id, "timeline.window", household=home.pk)
        return HouseholdTimeline.objects.create(
            household=home, resident=own, stated_by=actor.id, stated_at=clock.now(), **values
        )


def undo(actor: Actor, window: int | None = None) -> HouseholdTimeline:
    """Bring back the plan before the last change; once more brings the change back.

    `SonaeError` ``not_allowed`` for staying where that is not, or no longer, known to be safe.
    """
    _not_in_exercise()
    home, own = _holder(actor, window)
    earlier = _rows(home, own).filter(current=False).first()
    if earlier is None:
        raise SonaeError("not_found", "元に戻せる計画はありません。")
    _require_staying(home, answers_of(earlier))
    return _store(home, own, actor, {
        name: getattr(earlier, name)
        for name in ("members", "leaving", "goal", "place_kind", "place_name", "town", "outside")
    }, at_window=window is not None)  # fmt: skip


def withdraw_destination(actor: Actor, window: int | None = None) -> HouseholdTimeline:
    """Take an own destination back: from now on the household goes to the designated site."""
    row = timeline_of(actor, window)
    if row is None or row.goal != "own":
        raise SonaeError("not_found", "取り消す行き先はありません。")
    answers = answers_of(row)
    return state(actor, Answers(answers.members, answers.leaving, "site"), window=window)


def forget(actor: Actor, window: int | None = None) -> None:
    """Remove the household's timeline with the one before: nothing of it is kept."""
    _not_in_exercise()
    home, own = _holder(actor, window)
    with writing():
        if window is not None:
            audit.record(actor.id, "timeline.window", household=home.pk)
        _rows(home, own).delete()


# --- what staff and the plan read ------------------------------------------------------------


def _in_force() -> QuerySet[HouseholdTimeline]:
    return HouseholdTimeline.objects.filter(current=True, goal="own")


def stated_destinations(resident_pks: Sequence[int]) -> dict[int, HouseholdTimeline]:
    """Return resident → the timeline that states an own destination for that person.

    The caller has passed the residents through `consent.interface.disclose`. Someone under 支援措置
    has only what that person has stated alone.
    """
    people = list(
        Resident.objects.filter(pk__in=resident_pks).values_list("pk", "household", "shielded")
    )
    homes = {home for _pk, home, _shielded in people}
    rows = list(_in_force().filter(household__in=homes).select_related("town"))
    shared = {row.household_id: row for row in rows if row.resident_id is None}
    alone = {row.resident_id: row for row in rows if row.resident_id is not None}
    found = {pk: alone.get(pk) if shielded else shared.get(home) for pk, home, shielded in people}
    return {pk: row for pk, row in found.items() if row is not None}


def members_stated(household_pks: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return household → who is at home as its shared timeline states (`MEMBERS`)."""
    rows = HouseholdTimeline.objects.filter(
        current=True, resident=None, household__in=household_pks
    )
    return {home: frozenset(members) for home, members in rows.values_list("household", "members")}


def with_own_destination(warned: Iterable[str] = ()) -> QuerySet[Resident]:
    """Return the residents for whom an own destination is stated, to be counted or narrowed down.

    Less those whose destination lies inside one of the ``warned`` hazards: they are told to go to
    the designated site.
    """
    rows = _in_force().exclude(town__in=_towns_inside(warned))
    return Resident.objects.filter(
        Q(shielded=False, household__in=rows.filter(resident=None).values("household"))
        | Q(shielded=True, pk__in=rows.exclude(resident=None).values("resident"))
    )


def expected_at_own() -> int:
    """Return how many residents whom the current plan tells to leave go to a place of their own.

    Who is told not to go there, because it lies in danger, is not one of them.
    """
    run = current_run()
    if run is None:
        return 0
    warned = [item["hazard"] for item in run.hazards]
    leaving = Advice.objects.filter(run=run.advice_run, decision__startswith="leave")
    return leaving.filter(resident__in=with_own_destination(warned)).count()


def zones_of(destination: Destination) -> dict[str, str]:
    """Return hazard → inside, divided, outside or unknown at an own destination, for every mapped hazard.

    A town is inside where each of its homes is, outside only where all of its ground is. Beyond the
    municipality, or without a town, everything is unknown.
    """
    names, town = places.mapped(), destination.town
    if town is None or destination.outside:
        return dict.fromkeys(names, "unknown")
    homes = Household.objects.filter(town=town).values_list("latitude", "longitude")
    points = [*homes, (town.latitude, town.longitude)]
    by_homes = places.zone_over(names, [lat for lat, _ in points], [lon for _, lon in points])
    spread = {one.hazard: one.zone for one in places.spread_over(ground_of(town), names)}
    return {name: "inside" if by_homes[name] == "inside" else spread[name] for name in names}


def _towns_inside(warned: Iterable[str]) -> frozenset[int]:
    """Return the towns (primary keys) of own destinations that lie inside one of these hazards."""
    asked = frozenset(warned)
    names = [name for name in places.mapped() if name in asked] if asked else []
    if not names:
        return frozenset()
    stated = _in_force().exclude(town=None).values("town")
    rows = [
        *Town.objects.filter(pk__in=stated).values_list("pk", "latitude", "longitude"),
        *Household.objects.filter(town__in=stated).values_list("town", "latitude", "longitude"),
    ]
    pks, lats, lons = zip(*rows, strict=True) if rows else ((), (), ())
    return places.wholly_inside(names, pks, lats, lons)


def worst_zone(zones: Iterable[str]) -> str:
    """Return inside if any hazard reaches the place, outside only if none is known to or unknown."""
    found = set(zones)
    if "inside" in found:
        return "inside"
    return "outside" if found == {"outside"} else "unknown"
