"""Reads of the plan: the current run, one resident's advice with the way, the best site of a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np

from sonae.domains.evacuation import networks, roadstate
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.evacuation.services import city_or_empty, engine_sites
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import AssistanceRegistrant, Resident, shared_position
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.engines.evacuation.decision import RULE_NUMBER, RULES, Rule
from sonae.engines.evacuation.graph import RouteTree, way
from sonae.engines.evacuation.planning import REASONS, City, SiteChooser
from sonae.engines.evacuation.profiles import ADULT, PROFILES, WHEELCHAIR
from sonae.platform.scope import current_municipality

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


def sites_for(walker: Walker) -> shelters.SiteTable:
    """Return the planner's columns, without the sites known to refuse the walker's needs."""
    table = shelters.site_table()
    if not walker.needs:
        return table
    fits = np.array([not walker.refused_by(one) for one in shelters.facilities()], np.bool_)
    return replace(table, admitting=table.admitting & fits)


@dataclass(frozen=True)
class Way:
    """The way from a place to a site: metres, metres in danger, minutes, (longitude, latitude) line.

    ``facility`` None with ``reason`` (none_designated, none_open, not_connected) when there is no site.
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

    ``start`` (longitude, latitude): where the way begins, at home or (``moved``) at the position that
    the resident shared; nobody else may see that on a map.
    """

    advice: Advice
    rule: Rule
    line: Line
    start: tuple[float, float]
    moved: bool


def current_run() -> PlanRun | None:
    """Return the plan run that counts now, or None before the first warning."""
    return PlanRun.objects.filter(current=True).select_related("telegram").first()


def counts() -> Mapping[str, Any]:
    """Return the totals of the current run (see `services._counts`); empty without one."""
    run = current_run()
    return run.counts if run is not None else {}


def advice_of(resident_pks: Sequence[int]) -> dict[int, Advice]:
    """Return resident → advice of the current run; residents out of danger are absent.

    The caller has passed the residents through `consent.interface.disclose`.
    """
    run = current_run()
    if run is None:
        return {}
    rows = Advice.objects.filter(run=run, resident__in=resident_pks).select_related(
        "facility", "run"
    )
    return {row.resident_id: row for row in rows}


def personal_advice(resident_pk: int) -> PersonalAdvice | None:
    """Return one resident's advice with the way drawn from where the plan began; None out of danger."""
    advice = advice_of([resident_pk]).get(resident_pk)
    if advice is None:
        return None
    home = Resident.objects.select_related("household").get(pk=resident_pk).household
    position = shared_position(resident_pk, advice.run.at)
    place = position or home
    node = _node_at(position.latitude, position.longitude) if position else home.node
    line: Line = []
    if advice.facility is not None and node is not None:
        names = tuple(sorted({item["hazard"] for item in advice.run.hazards}))
        rolling = AssistanceRegistrant.objects.filter(resident=resident_pk, wheelchair=True)
        line = line_to(advice.facility, node, names, stairs=not rolling.exists())
    told = RULES[RULE_NUMBER[advice.rule]]
    start = (place.longitude, place.latitude)
    return PersonalAdvice(advice, told, line, start, position is not None)


def _node_at(latitude: float, longitude: float) -> int | None:
    """Return the network's node at a place (degrees), None when no path is near."""
    node, off = city_or_empty().network.snap(np.array([latitude]), np.array([longitude]))
    return int(node[0]) if off[0] <= networks.FARTHEST_M else None


def rule(rule_id: str) -> Rule:
    """Return the rule by its id, for its sentence and source."""
    return RULES[RULE_NUMBER[rule_id]]


Key = tuple[str, float, tuple[str, ...], tuple[str, ...], tuple[int, ...]]


def hazard_key(names: Sequence[str]) -> Key:
    """Return what a tree depends on: municipality, network, layers, hazards, obstacles."""
    folders = tuple(row.folder for row in hazards.maps())
    return current_municipality(), networks.stamp(), folders, tuple(names), roadstate.stamp()


@lru_cache(maxsize=8)
def graphs_for(key: Key) -> Any:
    """Return the graphs for a set of hazards, kept for the pages that ask again."""
    city = city_or_empty()
    own = [one for one in hazards.planning_layers() if one.hazard in key[3]]
    return city.graphs(own, roadstate.roads_now(city))


@lru_cache(maxsize=64)
def _tree(
    key: Key,
    nodes: tuple[int, ...],
    stairs: bool = True,
) -> RouteTree:
    """Return the route tree towards some facilities' nodes: about 1.5 MB, one for a whole crowd."""
    found: RouteTree = graphs_for(key)[stairs].tree(np.array(nodes, np.int32))
    return found


def _line(city: City, nodes: Sequence[int]) -> Line:
    """Return the way along nodes as (longitude, latitude), bends included."""
    return city.network.line(nodes)


def line_to(facility: Facility, node: int, names: Sequence[str], *, stairs: bool = True) -> Line:
    """Return the way from a node to a facility under the danger of these hazards, bends included.

    ``stairs`` False: a way without steps (wheelchairs).
    """
    if facility.node is None:
        return []
    tree = _tree(hazard_key(tuple(sorted(names))), (facility.node,), stairs)
    return _line(city_or_empty(), way(tree, node))


def best_way(
    latitude: float, longitude: float, names: Sequence[str], walker: Walker | None = None
) -> Way:
    """Return the best designated site for a place (degrees) and a set of hazards, and the way there.

    Never the nearest one that is not designated; without any the reason says so. Minutes are for
    ``walker``, by default an adult by day (1.0 m/s); a site that is known not to take the walker's
    wheelchair or pets is none.
    """
    goer = walker or Walker()
    city = city_or_empty()
    node, off = city.network.snap(np.array([latitude]), np.array([longitude]))
    if off[0] > networks.FARTHEST_M:
        return Way(None, None, None, None, [], False, "not_connected")
    table = sites_for(goer)
    ordered = tuple(sorted(names))
    sites = engine_sites(table)
    chooser = SiteChooser(graphs_for(hazard_key(ordered)), sites, ordered)
    everything = (1 << len(ordered)) - 1
    code, chosen = chooser.choose(everything, goer.groups)
    if not len(chosen):
        return Way(None, None, None, None, [], False, REASONS[code])
    partial = REASONS[code] == "partial"
    tree = _tree(hazard_key(ordered), tuple(sites.node[chosen].tolist()), goer.stairs)
    best = int(tree.site[node[0]])
    if best < 0:
        return Way(None, None, None, None, [], False, "not_connected")
    metres = float(tree.distance_m[node[0]]) + float(off[0])
    facility = shelters.facility(int(table.pk[chosen[best]]))
    line = [(longitude, latitude), *_line(city, way(tree, int(node[0])))]
    minutes = metres / PROFILES[goer.profile].speed / 60.0
    return Way(facility, metres, float(tree.danger_m[node[0]]), minutes, line, partial, "")
