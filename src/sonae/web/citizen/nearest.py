"""Which designated place to name, and the way to it: by the walking network, else straight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.profiles import ASSISTED, PROFILES

EARTH_M = 6_371_000.0


@dataclass(frozen=True)
class Choice:
    """A designated place and the way: metres, minutes (None = unknown), line as (lon, lat).

    ``slow_minutes``: of who needs support in walking, None where the walker is no faster.
    ``instead_of``: the place that would be named if it were not closed or full.
    """

    place: shelters.Place
    distance_m: float
    by_road: bool
    minutes: float | None
    slow_minutes: float | None
    danger_m: float
    line: Sequence[tuple[float, float]] = ()
    instead_of: shelters.Place | None = None


def straight(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the great-circle distance in metres."""
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(half))


def candidates(
    hazard: str, places: list[shelters.Place], *, lasting: bool = False
) -> list[shelters.Place]:
    """Return the places anyone may flee to for ``hazard``: designated, not closed or full, for all.

    None that lies in water that was seen. Fully designated ones exclude the partial ones: those count
    only where nothing else is left. ``lasting``: whatever is closed, full or under water tonight.
    """
    wet = frozenset[int]() if lasting else evacuation.sites_under_water()
    fit = [
        place
        for place in places
        if hazard in place.hazards
        and (place.facility.usable != "no" if lasting else place.state in shelters.ADMITTING)
        and not place.restricted_to
        and place.facility.pk not in wet
    ]
    whole = [place for place in fit if place.designated(hazard) == "yes"]
    return whole or fit


def choose(
    lat: float,
    lon: float,
    hazard: str,
    places: list[shelters.Place],
    walker: evacuation.Walker | None = None,
    *,
    lasting: bool = False,
    by_day: bool = False,
) -> Choice | None:
    """Return the place to name for ``hazard`` from a point in degrees, or None when there is none.

    A place known to refuse the walker's needs is named only where no other is left.

    Without a walking network, or off it, the distance is straight and the minutes stay unknown. None
    where the network knows no way now: `candidates` tells whether there are places at all.
    ``lasting``: for paper that outlives tonight's closures. ``by_day``: minutes by day, not as one
    walks now.
    """
    goer = walker or evacuation.Walker()
    told = {"lasting": lasting, "by_day": by_day}
    if evacuation.city() is not None:
        way = evacuation.best_way(lat, lon, [hazard], goer, **told)
        if way.facility is None and goer.needs:
            way = evacuation.best_way(lat, lon, [hazard], goer, any_site=True, **told)
        if way.facility is None and way.reason == "not_connected":
            return None
        place = next((p for p in places if way.facility and p.facility.pk == way.facility.pk), None)
        if place is not None and way.distance_m is not None:
            closed = None if lasting else instead_of(lat, lon, hazard, places, place, goer)
            return Choice(
                place, way.distance_m, True, way.minutes, _slow(way.minutes, goer),
                way.danger_m or 0.0, way.line, closed,
            )  # fmt: skip
    fit = candidates(hazard, places, lasting=lasting)
    return _straight(lat, lon, [p for p in fit if not goer.refused_by(p.facility)] or fit)


def _slow(minutes: float | None, goer: evacuation.Walker) -> float | None:
    """Return the minutes of the same way for who needs support in walking, None where no more."""
    own, slow = PROFILES[goer.profile].speed, PROFILES[ASSISTED].speed
    return None if minutes is None or own <= slow else minutes * own / slow


def instead_of(
    lat: float,
    lon: float,
    hazard: str,
    places: list[shelters.Place],
    named: shelters.Place,
    goer: evacuation.Walker,
) -> shelters.Place | None:
    """Return the closed or full place where people expect to be sent, None when it is the ``named`` one."""
    shut = [p for p in places if hazard in p.hazards and p.state not in shelters.ADMITTING]
    if not shut:
        return None
    usual = evacuation.best_way(lat, lon, [hazard], goer, lasting=True).facility
    found = next((p for p in shut if usual and p.facility.pk == usual.pk), None)
    return found if found and found.facility.pk != named.facility.pk else None


def _straight(lat: float, lon: float, fit: list[shelters.Place]) -> Choice | None:
    """Return the nearest candidate as the crow flies; its minutes stay unknown."""
    if not fit:
        return None
    metres = {
        place.facility.pk: straight(lat, lon, place.facility.latitude, place.facility.longitude)
        for place in fit
    }
    best = min(fit, key=lambda place: metres[place.facility.pk])
    return Choice(best, metres[best.facility.pk], False, None, None, 0.0)
