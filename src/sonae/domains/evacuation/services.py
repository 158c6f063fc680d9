"""Verbs of the plan: one pass over everyone whenever a warning or a facility changes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core import clock
from sonae.domains.evacuation import advising, networks, orders, roadstate, seats
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.evacuation.rules import planning_level
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents.interface import Population, population
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import WarnedHazard
from sonae.engines.evacuation.danger import RoadState
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.planning import REASONS, City, People, Plan, Sites, Warned, plan
from sonae.engines.evacuation.profiles import BARE, GROUNDS, Conditions, ground_under
from sonae.engines.evacuation.rulebook import BIT, DECISIONS, RULES, TIMES
from sonae.engines.evacuation.sun import is_night, minutes_to_sunset
from sonae.engines.hazard.lookup import IN
from sonae.platform import outbox
from sonae.platform.db import take_turn, writing

SUPERSEDED = "plan.superseded"
_ORDINAL = {"yes": 2, "partial": 1}


def replan(reason: str, telegram_pk: int | None = None) -> PlanRun:
    """Plan for everyone anew and make the result the current plan of the world in force.

    ``reason``: ``warning``, ``facility``, ``city``, ``capacity`` or ``manual``. Publishes ``plan.ready {run}``
    and ``plan.superseded {run}``. A warning that is already planned for is not planned again.
    """
    while True:
        known = PlanRun.objects.filter(telegram=telegram_pk, reason=reason).first()
        if telegram_pk is not None and known is not None:
            return known
        made = _replan_once(reason, telegram_pk)
        if made is not None:
            return made


def _replan_once(reason: str, telegram_pk: int | None) -> PlanRun | None:
    """Plan once; None when another plan was made meanwhile, which may know less or more than this.

    Then everything is read again. Times cannot tell which is newer: the clock of an exercise jumps.
    """
    begun = time.perf_counter()
    now = clock.now()
    newest = _newest()
    warned = warned_now()
    people = population()
    sites = roadstate.dry(shelters.site_table())
    made = compute(people, sites, warned, now) if warned else None
    counts, after = {}, None
    if made is not None:
        counts = _counts(made, people, warned)
        names = [item.hazard for item in warned]
        after = advising.table(made, people.pk, sites.pk, names, now)
    with writing():
        take_turn("plan")
        if _newest() != newest:
            return None
        PlanRun.objects.filter(current=True).update(current=False)
        run = PlanRun.objects.create(
            telegram_id=telegram_pk,
            reason=reason,
            at=now,
            hazards=[_hazard_json(item) for item in warned],
            counts=counts,
            current=True,
        )
        if after is not None:
            after = advising.store(run, after, newest)
        run.seconds = round(time.perf_counter() - begun, 3)
        run.save(update_fields=["seconds", "base"])
        outbox.publish("plan.ready", {"run": run.pk}, order_key="plan", dedupe_key=f"plan:{run.pk}")
        if reason != seats.REASON:
            outbox.publish("capacity.due", {"run": run.pk}, order_key="capacity", priority=7)
        outbox.publish(SUPERSEDED, {"run": run.pk}, order_key="plan-tidy", delay=30, priority=9)
    if after is not None:
        advising.remember(run, after)
    return run


def _newest() -> PlanRun | None:
    """Return the run that was made last in this world."""
    return PlanRun.objects.order_by("-pk").first()


def replan_for_facilities() -> PlanRun | None:
    """Plan anew when a facility's state changed after the current plan; many reports, one plan."""
    current = PlanRun.objects.filter(current=True).first()
    if current is None or not current.hazards:
        return None
    newest = max((report.at for report in shelters.states().values()), default=None)
    if newest is None or newest <= current.at:
        return None
    return replan("facility")


def replan_for_order() -> PlanRun | None:
    """Plan anew when an order was issued or ended: what the mayor orders is what people are told."""
    current = PlanRun.objects.filter(current=True).first()
    return replan("order") if current is not None and current.hazards else None


def replan_for_city(what: str) -> PlanRun | None:
    """Plan anew when people, facilities, layers, roads or obstacles changed while a plan is in force.

    A site that was taken off the list must not stay anybody's destination.
    """
    if what == "facilities":
        networks.place_facilities()
    if what == "register":
        networks.place_homes()
    current = PlanRun.objects.filter(current=True).first()
    return replan("city") if current is not None and current.hazards else None


def forget_superseded() -> int:
    """Remove the advice of runs that no longer count; their totals stay. Return rows removed."""
    with writing():
        take_turn("plan")
        in_use = [run.advice_run for run in PlanRun.objects.filter(current=True)]
        old = PlanRun.objects.exclude(pk__in=in_use).values("pk")
        return int(Advice.objects.filter(run__in=old)._raw_delete("default"))


def warned_now() -> list[WarnedHazard]:
    """Return the warned hazards that people must act on, gravest first."""
    acting = [item for item in warnings.warned_hazards().values() if _level(item)]
    return sorted(acting, key=lambda item: -(_level(item) or 0))


def _level(item: WarnedHazard) -> int | None:
    """Return what a warned hazard counts as in the plan, None when nobody must act."""
    return planning_level(item.hazard, item.level, item.severity)


def _hazard_json(item: WarnedHazard) -> dict[str, Any]:
    """Return what a plan run keeps of a warned hazard; ``level`` is 警戒レベル相当."""
    return {
        "hazard": item.hazard,
        "level": _level(item),
        "kind": item.kind,
        "telegram": item.telegram,
        "expected_level": item.expected_level,
        "draft_order": item.draft_order,
    }


def _engine_warned(item: WarnedHazard, now: datetime) -> Warned:
    """Translate for the engine: every higher level that is forecast, in minutes from now."""
    level = _level(item) or 3
    return Warned(
        item.hazard,
        level,
        tuple(
            (higher, max((begins - now).total_seconds() / 60.0, 0.0))
            for higher, begins in item.rises
            if higher > level
        ),
    )


def engine_sites(table: shelters.SiteTable) -> Sites:
    """Return the facilities as the engine wants them: only designated, admitting ones can be chosen."""
    ordinal = np.zeros(1 + max(shelters.DESIGNATION.values()), np.uint8)
    for name, code in shelters.DESIGNATION.items():
        ordinal[code] = _ORDINAL.get(name, 0)
    columns = {
        hazard: ordinal[table.designation[:, number]]
        for number, hazard in enumerate(shelters.HAZARDS)
    }
    return Sites(
        node=table.node.astype(np.int32),
        designation=columns,
        admits=table.groups.astype(np.uint8),
        usable=table.admitting,
    )


def engine_people(
    people: Population, city: City, ordered: NDArray[np.uint8] | None = None
) -> People:
    """Return everyone as the engine wants them; shared positions are snapped now."""
    node, node_m = people.node, people.node_m
    moved = np.flatnonzero(people.moved)
    if len(moved):
        node, node_m = node.copy(), node_m.copy()
        at, metres = city.network.snap(people.lat[moved], people.lon[moved])
        node[moved] = np.where(metres <= networks.FARTHEST_M, at, -1)
        node_m[moved] = metres
    return People(
        people.lat,
        people.lon,
        node,
        node_m,
        people.floor,
        people.storeys,
        people.profile,
        people.groups,
        ordered,
        people.spread_m,
    )


def _ordered(people: Population) -> NDArray[np.uint8] | None:
    """Return the level of the gravest order in force for each person's town; None without any order."""
    whole, towns = orders.levels_in_force()
    if not whole and not towns:
        return None
    levels = np.full(len(people.town), whole, np.uint8)
    for town, level in towns.items():
        levels[people.town == town] = max(level, whole)
    return levels


def city_or_empty() -> City:
    """Return the network in use; without one a single lonely node: no way anywhere."""
    found = networks.city()
    if found is not None:
        return found
    here = municipality()
    return City(Network.lonely(here.latitude, here.longitude))


def compute(
    people: Population,
    table: shelters.SiteTable,
    warned: list[WarnedHazard],
    now: datetime,
    city: City | None = None,
    *,
    plain: bool = False,
    lasting: bool = False,
) -> Plan:
    """Run the engine over everyone, on ``city`` or else on the network in use.

    ``plain``: as if nobody had been given a seat elsewhere. ``lasting``: by the maps alone, without
    what is ordered, reported of the roads and seen of the water.
    """
    city = city or city_or_empty()
    return plan(
        engine_people(people, city, None if lasting else _ordered(people)),
        city,
        hazards.layers() if lasting else hazards.planning_layers(),
        engine_sites(table),
        [_engine_warned(item, now) for item in warned],
        conditions=conditions(now),
        roads=RoadState() if lasting else roadstate.roads_now(city),
        told=None if plain else seats.told(people, table),
    )


def conditions(now: datetime) -> Conditions:
    """Return how people walk now: by the sun over the city, and by the snow that is warned of."""
    here = municipality()
    place = here.latitude, here.longitude
    grounds = [ground_under(line.phenomenon, line.severity) for line in warnings.in_force()]
    slowest = min(grounds, key=lambda ground: GROUNDS[ground].value, default=BARE)
    return Conditions(is_night(now, *place), slowest, minutes_to_sunset(now, *place))


def _counts(made: Plan, people: Population, warned: list[WarnedHazard]) -> dict[str, Any]:
    """Return the totals of a run: people, households, by decision, by reason, by hazard, by town."""
    inside = made.zone == IN
    towns: Mapping[int, Any] = _by_town(people.town[made.person], inside)
    return {
        "people": len(people.pk),
        "inside": int(inside.sum()),
        "unknown": int((~inside).sum()),
        "households": len(np.unique(people.household[made.person])),
        "decisions": _tally(DECISIONS, made.decision),
        "reasons": _tally(REASONS, made.reason),
        "rules": _tally([rule.id for rule in RULES], made.rule) | _time_rules(made),
        "hazards": _tally([item.hazard for item in warned], made.hazard),
        "towns": {str(town): pair for town, pair in towns.items()},
        "hazard_towns": {
            item.hazard: _towns_of(people, made, inside, bit) for bit, item in enumerate(warned)
        },
    }


def _time_rules(made: Plan) -> dict[str, int]:
    """Return for how many people each rule about the time decides: the first that held."""
    held = made.trace & sum(BIT[rule.id] for rule in TIMES)
    first = held & -held
    return {rule.id: int((first == BIT[rule.id]).sum()) for rule in TIMES}


def _tally(names: Sequence[str], codes: NDArray[np.uint8]) -> dict[str, int]:
    """Return how often each name occurs."""
    counted = np.bincount(codes, minlength=len(names)).tolist()
    return {name: count for name, count in zip(names, counted, strict=True) if count}


def _towns_of(people: Population, made: Plan, inside: NDArray[np.bool_], bit: int) -> list[int]:
    """Return the towns (primary keys) with people inside danger whom this hazard concerns."""
    concerned = inside & ((made.sets >> bit & 1) > 0)
    return np.unique(people.town[made.person[concerned]]).tolist()  # type: ignore[no-any-return]


def _by_town(town: NDArray[np.int64], inside: NDArray[np.bool_]) -> dict[int, list[int]]:
    """Return town → [people inside, people on ground not surveyed]."""
    names, at = np.unique(town, return_inverse=True)
    yes = np.bincount(at, weights=inside, minlength=len(names)).astype(int)
    no = np.bincount(at, weights=~inside, minlength=len(names)).astype(int)
    return {int(n): [int(a), int(b)] for n, a, b in zip(names, yes, no, strict=True)}
