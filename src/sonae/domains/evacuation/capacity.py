"""受入見込み: how many people to expect where, computed for the plan in force and for what-ifs alike.

The ledger of who is already somewhere lies above this domain: it comes as ``Settled``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core import clock
from sonae.domains.evacuation import networks, roadstate, seats, services, timelines
from sonae.domains.evacuation.models import Assignment, HouseholdTimeline, PlanRun
from sonae.domains.evacuation.seats import Seats
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import Population, population
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.expecting import Expected, Units, expect, units_of
from sonae.engines.evacuation.placing import CAUSES, FULL, NO, UNSAID, YES, Comfort, unserved
from sonae.engines.evacuation.planning import City, Plan, SiteChooser
from sonae.platform import outbox
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import current_municipality

REVIEW_SECONDS = 600.0
"""Arrivals fill places: every ten minutes the expected numbers are looked at anew."""
CHANGED = "seats.changed"
_THREE = {"yes": YES, "no": NO, "unknown": UNSAID}
Tell = Callable[[int, str], object]
"""Hears how far a computation is: percent, and what is being done."""


@dataclass(frozen=True)
class Settled:
    """Residents (primary keys) who are somewhere already → the facility, or None for elsewhere;
    ``occupancy``: people inside per facility, visitors too.
    """

    place: Mapping[int, int | None] = field(default_factory=dict)
    occupancy: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """A what-if: facilities (primary keys) to close, to open, and the people they would take."""

    close: frozenset[int] = frozenset()
    open: frozenset[int] = frozenset()
    capacity: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a computation found: the seats, and the totals that pages show.

    ``news``: somebody must hear something else than the plan now says.
    """

    seats: Seats
    summary: dict[str, Any]
    seconds: float
    news: bool


def compute(settled: Settled, changes: Changes, tell: Tell = lambda *_: None) -> Outcome | None:
    """Expect everyone of the warned hazards somewhere; None while nothing is warned of."""
    begun = time.perf_counter()
    warned = services.warned_now()
    if not warned:
        return None
    tell(10, "住民と避難先を読み込んでいます")
    people, table = (
        population(),
        changed(roadstate.dry(shelters.site_table(settled.occupancy)), changes),
    )
    city = services.city_or_empty()
    tell(20, "だれが、どこから避難するかを計算しています")
    made = services.compute(people, table, warned, clock.now(), plain=True)
    names = [item.hazard for item in warned]
    units = _units(made, people, city, settled, names)
    tell(35, "全員の道のりを計算しています")
    layers = [layer for layer in hazards.planning_layers() if layer.hazard in names]
    graphs = city.graphs(layers, roadstate.roads_now(city))
    chooser = SiteChooser(graphs, services.engine_sites(table), names)
    told = _told(units, people, table, settled)
    room = np.where(
        table.capacity < 0, -1, np.maximum(table.capacity - np.maximum(table.occupancy, 0), 0)
    )
    costs = _costs(city, tuple(sorted(names)), table, units)
    found = expect(units, chooser, room, _comfort(), told, costs)
    tell(90, "結果をまとめています")
    given = _seats(units, table, found)
    return Outcome(
        given,
        summary(units, table, found, settled),
        round(time.perf_counter() - begun, 2),
        _news(units, table, given),
    )


def changed(table: shelters.SiteTable, changes: Changes) -> shelters.SiteTable:
    """Return the planner's columns as a what-if would have them."""
    closed = np.isin(table.pk, list(changes.close))
    opened = np.isin(table.pk, list(changes.open))
    capacity = table.capacity.copy()
    for at, pk in enumerate(table.pk.tolist()):
        capacity[at] = changes.capacity.get(pk, capacity[at])
    state = tuple(
        "closed" if shut else "open" if free else now
        for now, shut, free in zip(table.state, closed, opened, strict=True)
    )
    admitting = (table.admitting | opened) & ~closed
    return replace(table, admitting=admitting, capacity=capacity, state=state)


def _units(
    made: Plan, people: Population, city: City, settled: Settled, warned: list[str]
) -> Units:
    """Return the households on their way; who is somewhere already, or goes to a place of their own
    (relatives, a car park) that does not lie in what is ``warned`` of, needs no place.
    """
    own = timelines.with_own_destination(warned).values_list("pk", flat=True)
    gone = np.array([*settled.place, *own], np.int64)
    moving = services.engine_people(people, city)
    stated = HouseholdTimeline.objects.filter(current=True, resident=None)
    pets = [
        home for home, members in stated.values_list("household", "members") if "pets" in members
    ]
    return units_of(
        made,
        moving,
        people.household,
        people.town,
        np.isin(people.pk, gone),
        np.array(pets, np.int64),
    )


def _told(
    units: Units, people: Population, table: shelters.SiteTable, settled: Settled
) -> NDArray[np.int64]:
    """Return the site each household keeps: where some of it are already, else what it was told."""
    held = seats.held()
    keeps = np.full(len(units.household), -1, np.int64)
    if held is not None:
        row = held.rows_of(units.household, units.node)
        index = seats.site_index(table, held.facility)
        keeps = np.where((row >= 0) & ~held.crowded[row], index[row], -1)
    home = dict(zip(people.pk.tolist(), people.household.tolist(), strict=True))
    family = {home[pk]: place for pk, place in settled.place.items() if place and pk in home}
    places = {pk: at for at, pk in enumerate(table.pk.tolist())}
    for at, household in enumerate(units.household.tolist()):
        if household in family:
            keeps[at] = places.get(family[household], keeps[at])
    return keeps


def _comfort() -> Comfort:
    """Return what the facilities say about pets and steps, in the order of the planner's columns."""
    rows = shelters.facilities()
    return Comfort(
        np.array([_THREE.get(row.pets, UNSAID) for row in rows], np.uint8),
        np.array([_THREE.get(row.step_free, UNSAID) for row in rows], np.uint8),
    )


@lru_cache(maxsize=4)
def _all_costs(
    key: tuple[Any, ...], stairs: bool, sites: tuple[int, ...], nodes: bytes
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return metres in danger and metres (nodes, sites); kept, for states change more than roads."""
    city = services.city_or_empty()
    layers = [layer for layer in hazards.planning_layers() if layer.hazard in key[-1]]
    graph = city.graphs(layers, roadstate.roads_now(city))[stairs]
    wet, metres = city.trees.costs(graph, np.array(sites, np.int32), np.frombuffer(nodes, np.int32))
    return wet.T.astype(np.float32), metres.T.astype(np.float32)


def _costs(city: City, names: tuple[str, ...], table: shelters.SiteTable, units: Units) -> Any:
    """Return the engine's way to ask for metres: every site on the network at once, then from memory."""
    folders = tuple(row.folder for row in hazards.maps())
    roads = roadstate.roads_now(city).key()
    key = (current_municipality(), networks.stamp(), folders, roads, names)
    listed = np.flatnonzero((table.node >= 0) & (table.designation != 0).any(axis=1))
    column = np.full(len(table.pk), -1)
    column[listed] = np.arange(len(listed))
    sites = tuple(table.node[listed].tolist())
    place = np.full(len(city.network.lat), 0)

    def ask(stairs: bool, wanted: NDArray[np.int64]) -> Any:
        mine = np.unique(units.node[(units.node >= 0) & (units.stairs == stairs)])
        place[mine] = np.arange(len(mine))
        wet, metres = _all_costs(key, stairs, sites, mine.astype(np.int32).tobytes())
        return wet[:, column[wanted]], metres[:, column[wanted]], place.copy()

    return ask


def _seats(units: Units, table: shelters.SiteTable, found: Expected) -> Seats:
    """Return the answer as seats; without a place nobody has one, and hears why."""
    site = found.placement.site
    return Seats(
        units.household,
        units.node,
        np.where(site >= 0, table.pk[np.maximum(site, 0)], 0),
        found.distance_m.astype(np.float32),
        found.danger_m.astype(np.float32),
        found.placement.cause >= FULL,
        np.array(networks.stamp()),
    )


def _news(units: Units, table: shelters.SiteTable, given: Seats) -> bool:
    """Tell whether anybody must hear another place, another way there, or that it will be full."""
    held = seats.held()
    index, crowded = units.own.copy(), np.zeros(len(units.own), bool)
    metres, danger = given.distance_m, given.danger_m
    if held is not None:
        row = held.rows_of(units.household, units.node)
        had = np.where(row >= 0, seats.site_index(table, held.facility)[row], -1)
        stays = (had >= 0) & (units.own >= 0) & table.admitting[had]
        index[stays] = had[stays]
        crowded = (row >= 0) & held.crowded[row]
        led = stays & (had != units.own)
        metres = np.where(led, held.distance_m[row], metres)
        danger = np.where(led, held.danger_m[row], danger)
    new = seats.site_index(table, given.facility)
    new = np.where(new >= 0, new, units.own)
    moved = np.abs(np.nan_to_num(metres - given.distance_m)) > 1.0
    moved |= np.abs(np.nan_to_num(danger - given.danger_m)) > 1.0
    return bool(((new != index) | (crowded != given.crowded) | moved).any())


def summary(
    units: Units, table: shelters.SiteTable, found: Expected, settled: Settled
) -> dict[str, Any]:
    """Return the totals, the sites (by facility key) and the towns with people left over."""
    site, size, count = found.placement.site, units.size, len(table.pk)
    on = site >= 0
    coming = np.bincount(site[on], weights=size[on], minlength=count).astype(int)
    near = units.own >= 0
    nearest = np.bincount(units.own[near], weights=size[near], minlength=count).astype(int)
    shown = (coming > 0) | (nearest > 0) | (np.maximum(table.occupancy, 0) > 0) | table.admitting
    shown &= (table.designation != 0).any(axis=1) | (table.occupancy > 0)
    left = ~on
    return {
        "people": int(size.sum()),
        "households": len(size),
        "settled": len(settled.place),
        "served": int(size[on & ~found.placement.uncounted].sum()),
        "uncounted": int(size[found.placement.uncounted].sum()),
        "unserved": unserved(size, found.placement.cause),
        "redirected": int(size[on & near & (site != units.own)].sum()),
        "person_km": round(float((size[on] * found.distance_m[on]).sum()) / 1000, 1),
        "mean_m": round(float((size[on] * found.distance_m[on]).sum() / max(size[on].sum(), 1))),
        "over_nearest": _over(table, nearest),
        "larger_changes": found.placement.seats.larger_changes,
        "together": round(found.placement.together.after, 4),
        "together_price_km": round(found.placement.together.price / 1000, 1),
        "sites": [
            {
                "pk": int(table.pk[at]),
                "state": table.state[at],
                "capacity": int(table.capacity[at]),
                "present": int(table.occupancy[at]),
                "coming": int(coming[at]),
                "nearest": int(nearest[at]),
            }
            for at in np.flatnonzero(shown).tolist()
        ],
        "towns": _by_town(units, found, left),
    }


def _over(table: shelters.SiteTable, nearest: NDArray[np.int64]) -> int:
    """Return the people beyond known capacities if everyone went to the nearest site."""
    room = np.maximum(table.capacity - np.maximum(table.occupancy, 0), 0)
    return int(np.where(table.capacity >= 0, np.maximum(nearest - room, 0), 0).sum())


def _by_town(units: Units, found: Expected, left: NDArray[np.bool_]) -> dict[str, dict[str, int]]:
    """Return town (primary key) → cause → people left over."""
    rows: dict[str, dict[str, int]] = {}
    for town, cause, size in zip(
        units.town[left].tolist(),
        found.placement.cause[left].tolist(),
        units.size[left].tolist(),
        strict=True,
    ):
        causes = rows.setdefault(str(town), {})
        causes[CAUSES[cause]] = causes.get(CAUSES[cause], 0) + size
    return rows


def place_everyone(run_pk: int, settled: Settled) -> Assignment | None:
    """Give the households of the current plan their seats. Publishes ``seats.changed {assignment}``
    with them where anybody must hear something else, so that nobody keeps waiting for it.

    None when the plan is no longer the current one, or nothing is warned of any more.
    """
    run = PlanRun.objects.filter(pk=run_pk, current=True).first()
    found = compute(settled, Changes()) if run is not None else None
    if run is None or found is None:
        if not services.warned_now():
            _forget()
        return None
    with writing():
        take_turn("capacity")
        if not PlanRun.objects.filter(pk=run_pk, current=True).exists():
            return None
        Assignment.objects.all().delete()
        made = Assignment.objects.create(
            run=run, at=clock.now(), seconds=found.seconds,
            seats=found.seats.packed(), summary=found.summary,
        )  # fmt: skip
        if found.news:
            outbox.publish(CHANGED, {"assignment": made.pk}, order_key="capacity", priority=6)
        else:
            _review_later(run)
    return made


def tell_seats() -> PlanRun | None:
    """Plan anew so that everyone hears of the seats that count; None when they were given up."""
    if seats.latest() is None:
        return None
    run = services.replan(seats.REASON)
    with writing():
        if made := seats.latest():
            Assignment.objects.filter(pk=made.pk).update(run=run)
        _review_later(run)
    return run


def _review_later(run: PlanRun) -> None:
    """Have the expected numbers of a plan looked at anew in a while; called within `writing`."""
    outbox.publish(
        "capacity.due",
        {"run": run.pk},
        order_key="capacity-review",
        priority=9,
        delay=REVIEW_SECONDS,
    )


def _forget() -> None:
    """Give up the seats of an event that is over."""
    with writing():
        Assignment.objects.all().delete()
