"""Which edges of the network, and which sites, are closed or under water now, by what was reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.domains.evacuation import networks
from sonae.domains.hazards import interface as hazards
from sonae.domains.shelters.interface import SiteTable, site_table
from sonae.engines.evacuation.danger import RoadState
from sonae.engines.evacuation.obstacles import CLOSED, DANGER, Edges, Obstruction, road_state
from sonae.engines.evacuation.planning import City
from sonae.engines.hazard.layer import OUTSIDE, UNREADABLE
from sonae.platform.scope import current_municipality, current_world

_EFFECTS = {"closed": CLOSED, "collapsed": CLOSED, "flooded": DANGER}
_Reports = tuple[tuple[int, str, datetime], ...]
_State = tuple[float, _Reports]
_edges: dict[str, tuple[City, Edges]] = {}
_held: dict[tuple[str, str], tuple[_State, RoadState]] = {}


def roads_now(city: City) -> RoadState:
    """Return which edges of ``city`` are closed or in danger now; the same reports are placed once."""
    rows = hazards.in_force()
    if not rows:
        return RoadState()
    if city is not networks.city():
        return road_state(Edges(city.network), map(_obstruction, rows))
    world = (current_municipality(), current_world())
    # Numbers come again after a rollback; with key and time a report is itself.
    state = (networks.stamp(), tuple((row.pk, row.key, row.recorded_at) for row in rows))
    if world not in _held or _held[world][0] != state:
        _held[world] = (state, road_state(_edges_of(city), map(_obstruction, rows)))
    return _held[world][1]


def under_water(table: SiteTable) -> NDArray[np.bool_]:
    """Return which sites lie in water that was seen and is not yet gone."""
    wet = np.zeros(len(table.pk), np.bool_)
    for layer in hazards.observed_layers():
        drawn = layer.ranks_at(table.latitude, table.longitude)
        wet |= (drawn > OUTSIDE) & (drawn < UNREADABLE)
    return wet


def dry(table: SiteTable) -> SiteTable:
    """Return the table without sending anybody to a site that lies in the water."""
    return replace(table, admitting=table.admitting & ~under_water(table))


def sites_under_water() -> frozenset[int]:
    """Return the facilities (primary keys) that lie in water that was seen."""
    if not hazards.observed_layers():
        return frozenset()
    table = site_table()
    return frozenset(table.pk[under_water(table)].tolist())


def _edges_of(city: City) -> Edges:
    """Return the network's edges as lines, made once per network."""
    held = _edges.get(current_municipality())
    if held is None or held[0] is not city:
        held = (city, Edges(city.network))
        _edges[current_municipality()] = held
    return held[1]


def _obstruction(row: hazards.Obstacle) -> Obstruction:
    """Return a report as the engine wants it; a collapse covers every road beside it."""
    return Obstruction(_EFFECTS[row.kind], hazards.geometry_of(row), row.kind == "collapsed")


Line = list[tuple[float, float]]


def _hit(city: City, kind: str, shape: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return the edges a report would lie on."""
    one = Obstruction(_EFFECTS[kind], hazards.shape_of(shape), kind == "collapsed")
    return _edges_of(city).on(one)


def roads_hit(kind: str, shape: Mapping[str, Any]) -> float | None:
    """Return how many metres of road a report would lie on, None without a network.

    0.0 tells whoever reports that no way is changed by it.
    """
    city = networks.city()
    if city is None:
        return None
    return float(np.asarray(city.network.length_m)[_hit(city, kind, shape)].sum())


def lines_hit(kind: str, shape: Mapping[str, Any]) -> list[Line]:
    """Return the pieces of road a report would lie on as lines of (longitude, latitude)."""
    city = networks.city()
    if city is None:
        return []
    net = city.network
    return [
        net.line([int(net.tail[edge]), int(net.head[edge])]) for edge in _hit(city, kind, shape)
    ]
