"""Reads of the plan: the current run, one resident's advice with the way, the best site of a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from sonae.core import clock
from sonae.domains.evacuation import networks, roadstate
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.evacuation.services import city_or_empty, conditions, engine_sites
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import AssistanceRegistrant, Resident, shared_position
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.engines.evacuation.danger import RoadState
from sonae.engines.evacuation.graph import Graph, RouteTree, way, way_edges
from sonae.engines.evacuation.planning import REASONS, City, SiteChooser
from sonae.engines.evacuation.profiles import ADULT, PROFILES, WHEELCHAIR, Conditions
from sonae.engines.evacuation.rulebook import RULE_NUMBER, RULES, Rule, TimeRule
from sonae.engines.evacuation.rulebook import trace as rules_that_held

Line = list[tuple[float, float]]


NEEDS: Final[Mapping[str, str]] = {"wheelchair": "step_free", "pets": "pets"}
"""What a household may need of a site → the three-valued attribute of `Facility` that answers it."""


@dataclass(frozen=True)
class Walker:
    """Who goes: index into `PROFILES`, bits of welfare groups, floor and storeys (0 = unknown), pets."""

    profile: int = ADULT
    groups: int = 0
    floor: int = 0
    storeys: int = 0
    pets: bool = False

    @property
    def stairs(self) -> bool:
        """Whether steps can be used."""
        return PROFILES[self.profile].stairs

    @property
    def needs(self) -> tuple[str, ...]:
        """What a site must offer (`NEEDS`)."""
        wanted = {"wheelchair": self.profile == WHEELCHAIR, "pets": self.pets}
        return tuple(need for need, asked in wanted.items() if asked)

    def refused_by(self, facility: Facility) -> tuple[str, ...]:
        """Return the needs that a site is known not to meet; an unknown is no refusal."""
        return tuple(need for need in self.needs if getattr(facility, NEEDS[need]) == "no")


def sites_for(
    walker: Walker, *, any_site: bool = False, lasting: bool = False
) -> shelters.SiteTable:
    """Return the planner's columns, without the sites known to refuse the walker's needs.

    ``any_site``: with those too. ``lasting``: as if none were closed, full or under water but what
    never is used, for what holds longer than tonight.
    """
    table, rows = shelters.site_table(), shelters.facilities()
    if lasting:
        usable = np.array([one.usable != "no" for one in rows], np.bool_)
        table = replace(table, admitting=usable)
    else:
        table = roadstate.dry(table)
    if any_site or not walker.needs:
        return table
    fits = np.array([not walker.refused_by(one) for one in rows], np.bool_)
    return replace(table, admitting=table.admitting & fits)


@dataclass(frozen=True)
class Way:
    """The way from a place to a site: metres, metres in danger, minutes, (longitude, latitude) line.

    ``facility`` None with ``reason`` when there is no site: none_designated, none_open, not_connected
    (no way that this walker can go), no_network (no road near the place).
    """

    facility: Facility | None
    distance_m: float | None
    danger_m: float | None
    minutes: float | None
    line: Line
    partial: bool
    reason: str


@dataclass(frozen=True)
class PersonalAdvice:
    """What one resident should do now, the rule that decided it, and the way to go.

    ``reasons``: every rule that held, about the place and about the time, in their order.
    ``start`` (longitude, latitude): where the way begins, at home or (``moved``) at the position that
    the resident shared; nobody else may see that on a map.
    """

    advice: Advice
    rule: Rule
    line: Line
    start: tuple[float, float]
    moved: bool
    reasons: list[Rule | TimeRule]


def current_run() -> PlanRun | None:
    """Return the plan run that counts now, or None before the first warning."""
    return PlanRun.objects.filter(current=True).select_related("telegram").first()


def counts() -> Mapping[str, Any]:
    """Return the totals of the current run (see `services._counts`); empty without one.

    By town without those under 支援措置: beside a list by name, the difference would tell of each. The
    totals count everybody, as beds and buses do.
    """
    run = current_run()
    if run is None or not run.counts.get("towns"):
        return run.counts if run is not None else {}
    towns: dict[str, tuple[int, int]] = {
        key: tuple(two) for key, two in run.counts["towns"].items()
    }
    hidden = Advice.objects.filter(
        run=run.advice_run, resident__in=Resident.objects.filter(shielded=True)
    )
    for town, zone in hidden.values_list("resident__household__town", "zone"):
        inside, unsurveyed = towns.get(str(town), (0, 0))
        less = (inside - 1, unsurveyed) if zone == "inside" else (inside, unsurveyed - 1)
        if min(less) >= 0:
            towns[str(town)] = less
    return {**run.counts, "towns": towns}


def advice_of(resident_pks: Sequence[int]) -> dict[int, Advice]:
    """Return resident → advice of the current run; residents out of danger are absent.

    The caller has passed the residents through `consent.interface.disclose`.
    """
    run = current_run()
    if run is None:
        return {}
    rows = Advice.objects.filter(run=run.advice_run, resident__in=resident_pks)
    rows = rows.select_related("facility", "run")
    return {row.resident_id: row for row in rows}


def personal_advice(resident_pk: int) -> PersonalAdvice | None:
    """Return one resident's advice with the way drawn from where the plan began; None out of danger."""
    run, advice = current_run(), advice_of([resident_pk]).get(resident_pk)
    if run is None or advice is None:
        return None
    home = Resident.objects.select_related("household").get(pk=resident_pk).household
    position = shared_position(resident_pk, run.at)
    place = position or home
    node = _node_at(position.latitude, position.longitude) if position else home.node
    line: Line = []
    if advice.facility is not None and node is not None:
        names = [item["hazard"] for item in run.hazards]
        rolling = AssistanceRegistrant.objects.filter(resident=resident_pk, wheelchair=True)
        line = line_to(advice.facility, node, names, stairs=not rolling.exists())
    told = RULES[RULE_NUMBER[advice.rule]]
    start = (place.longitude, place.latitude)
    held = rules_that_held(advice.trace)
    return PersonalAdvice(advice, told, line, start, position is not None, held)


def _node_at(latitude: float, longitude: float) -> int | None:
    """Return the network's node at a place (degrees), None when no path is near."""
    node, off = city_or_empty().network.snap(np.array([latitude]), np.array([longitude]))
    return int(node[0]) if off[0] <= networks.FARTHEST_M else None


def rule(rule_id: str) -> Rule:
    """Return the rule by its id, for its sentence and source."""
    return RULES[RULE_NUMBER[rule_id]]


def graphs_for(city: City, names: Sequence[str], *, lasting: bool = False) -> dict[bool, Graph]:
    """Return the graphs for some hazards and the roads of now; `City` keeps them for the crowd.

    ``lasting``: by the maps alone, without what is reported of the roads and seen of the water.
    """
    layers = hazards.layers() if lasting else hazards.planning_layers()
    own = [one for one in layers if one.hazard in names]
    return city.graphs(own, RoadState() if lasting else roadstate.roads_now(city))


def _line(city: City, graph: Graph, tree: RouteTree, node: int) -> Line:
    """Return the way from a node as (longitude, latitude), along the edges that were meant."""
    nodes = way(tree, node)
    return city.network.line(nodes, way_edges(graph, tree, nodes))


def line_to(facility: Facility, node: int, names: Sequence[str], *, stairs: bool = True) -> Line:
    """Return the way from a node to a facility under the danger of these hazards, bends included.

    ``stairs`` False: a way without steps (wheelchairs).
    """
    if facility.node is None:
        return []
    city = city_or_empty()
    graph = graphs_for(city, names)[stairs]
    return _line(city, graph, city.trees.tree(graph, np.array([facility.node], np.int32)), node)


def best_way(
    latitude: float,
    longitude: float,
    names: Sequence[str],
    walker: Walker | None = None,
    *,
    any_site: bool = False,
    lasting: bool = False,
    by_day: bool = False,
) -> Way:
    """Return the best designated site for a place (degrees) and a set of hazards, and the way there.

    Never the nearest one that is not designated; without any the reason says so. Minutes are for
    ``walker``, by default an adult, as people walk now; a site that is known not to take the
    walker's wheelchair or pets is none, unless ``any_site``: then it is one, by a way that fits.
    ``lasting``: see `sites_for` and `graphs_for`. ``by_day``: minutes by day on bare roads, which
    ``lasting`` means too.
    """
    goer = walker or Walker()
    city = city_or_empty()
    node, off = city.network.snap(np.array([latitude]), np.array([longitude]))
    if off[0] > networks.FARTHEST_M:
        return Way(None, None, None, None, [], False, "no_network")
    table = sites_for(goer, any_site=any_site, lasting=lasting)
    ordered = tuple(sorted(names))
    graphs = graphs_for(city, ordered, lasting=lasting)
    chooser = SiteChooser(graphs, engine_sites(table), ordered, city.trees)
    code, chosen = chooser.choose((1 << len(ordered)) - 1, goer.groups)
    if not len(chosen):
        return Way(None, None, None, None, [], False, REASONS[code])
    tree, start = chooser.tree(chosen, goer.stairs), int(node[0])
    best = int(tree.site[start])
    if best < 0:
        return Way(None, None, None, None, [], False, "not_connected")
    facility = shelters.facility(int(table.pk[chosen[best]]))
    walking = Conditions() if lasting or by_day else conditions(clock.now())
    line = [(longitude, latitude), *_line(city, graphs[goer.stairs], tree, start)]
    effort = float(chooser.effort_m(chosen, goer.stairs)[start]) + float(off[0])
    return Way(
        facility,
        float(tree.distance_m[start]) + float(off[0]),
        float(tree.danger_m[start]),
        effort / float(walking.speeds()[goer.profile]) / 60.0,
        line,
        REASONS[code] == "partial",
        "",
    )
