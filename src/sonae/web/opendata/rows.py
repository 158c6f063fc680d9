"""The rows of every set of geodata: read from the domains, in longitude and latitude, nothing else.

What is unknown is None, never 0 and never an empty "no". No row holds anything about a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import shapely
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.engines.hazard.layer import HazardLayer
from sonae.engines.hazard.outline import outlines, surveyed
from sonae.web import blocked

HAZARDS: Final = shelters.HAZARDS
SMALL: Final = 5
"""Counts of people below this, other than none, are not told apart (秘匿: 1～4人)."""
_MULTI: Final = (shapely.MultiPoint, shapely.MultiLineString, shapely.MultiPolygon)


@dataclass(frozen=True)
class Feature:
    """One row: ``id`` stays the same while the thing does; ``start``/``end`` None = open or no time."""

    id: str
    geometry: Any
    properties: dict[str, Any]
    start: datetime | None = None
    end: datetime | None = None


def _point(longitude: float, latitude: float) -> Any:
    return shapely.Point(longitude, latitude)


def _common(place: shelters.Place) -> dict[str, Any]:
    """Return what both lists of facilities tell."""
    row = place.facility
    return {
        "public_id": row.public_id,
        "name": row.name,
        "kana": row.kana or None,
        "address": row.address or None,
        "town": row.town.name if row.town else None,
        "state": place.state,
        "state_at": place.report.at if place.report else None,
        "usable": row.usable,
        "usable_reason": row.usable_reason or None,
        "pets": row.pets,
        "step_free": row.step_free,
        "wheelchair_toilet": row.wheelchair_toilet,
        "source": row.source or None,
        "source_date": row.source_date or None,
    }


def _at(place: shelters.Place) -> Any:
    return _point(place.facility.longitude, place.facility.latitude)


def emergency_sites() -> list[Feature]:
    """Return every 指定緊急避難場所 with its designation for each hazard."""
    return [
        Feature(
            place.facility.public_id,
            _at(place),
            {
                **_common(place),
                **{hazard: place.designated(hazard) for hazard in HAZARDS},
                "shelter_too": place.shelter is not None,
                "capacity": place.site.capacity,
            },
        )
        for place in shelters.places()
        if place.site is not None
    ]


def shelter_places() -> list[Feature]:
    """Return every 指定避難所 with whom it admits."""
    return [
        Feature(
            place.facility.public_id,
            _at(place),
            {
                **_common(place),
                "site_too": place.site is not None,
                "restricted_to": ",".join(place.restricted_to) or None,
                "capacity": place.shelter.capacity,
            },
        )
        for place in shelters.places()
        if place.shelter is not None
    ]


def occupancy() -> list[Feature]:
    """Return how many are inside each place: the figures of the public list, and nothing finer."""
    now = clock.now()
    return [
        Feature(
            place.facility.public_id,
            _at(place),
            {
                "public_id": place.facility.public_id,
                "name": place.facility.name,
                "state": place.state,
                "people": place.people,
                "capacity": place.capacity,
                "congestion": place.crowding.word,
                "congestion_source": place.crowding.source or None,
                "congestion_at": place.crowding.at,
                "state_at": place.report.at if place.report else None,
            },
            now,
            now,
        )
        for place in shelters.places(safety.occupancies(), heard=safety.heard())
        if place.site is not None or place.shelter is not None
    ]


def towns() -> list[Feature]:
    """Return the towns as points."""
    return [
        Feature(
            town.code,
            _point(town.longitude, town.latitude),
            {
                "code": town.code,
                "name": town.name,
                "kana": town.kana or None,
                "district": town.district or None,
            },
        )
        for town in municipalities.towns()
    ]


@lru_cache(maxsize=64)
def _shapes(folder: str, layer: HazardLayer) -> tuple[dict[int, Any], Any]:
    """Return the zones and the surveyed ground of a layer; a new version lies in a new folder."""
    return outlines(layer), surveyed(layer)


def _drawn() -> Iterable[tuple[HazardLayer, dict[int, Any], Any]]:
    for row, layer in zip(hazards.maps(), hazards.layers(), strict=True):
        yield layer, *_shapes(row.folder, layer)


def _told(layer: HazardLayer) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "hazard": layer.hazard,
        "kind": layer.kind,
        "scale": layer.scale or None,
        "source": layer.source,
        "source_date": layer.date or None,
    }


def hazard_zones() -> list[Feature]:
    """Return every zone of every layer in use, one row per layer and rank."""
    return [
        Feature(f"{layer.name}-{rank}", shape, {**_told(layer), **_rank(layer, rank)})
        for layer, zones, _ground in _drawn()
        for rank, shape in sorted(zones.items())
    ]


def _rank(layer: HazardLayer, rank: int) -> dict[str, Any]:
    """Return what a rank means: metres of water, or the name of the zone."""
    low, high = layer.depths[rank - 1] if rank <= len(layer.depths) else (None, None)
    detail = layer.details[rank - 1] if rank <= len(layer.details) else None
    return {"rank": rank, "depth_from_m": low, "depth_to_m": high, "detail": detail}


def hazard_extents() -> list[Feature]:
    """Return the ground for which each layer says yes or no."""
    return [Feature(layer.name, ground, _told(layer)) for layer, _zones, ground in _drawn()]


def orders() -> list[Feature]:
    """Return the evacuation orders in force with the towns they mean."""
    everywhere = municipalities.towns()
    found = []
    for order in evacuation.orders_in_force():
        meant = everywhere if order.whole_city else list(order.towns.all())
        points = [(town.longitude, town.latitude) for town in meant]
        found.append(
            Feature(
                f"order-{order.number}",
                shapely.MultiPoint(points),
                {
                    "number": order.number,
                    "level": order.level,
                    "name": str(evacuation.ORDER_NAMES[order.level]),
                    "hazard": order.hazard,
                    "whole_city": order.whole_city,
                    "towns": ",".join(town.name for town in meant)
                    if not order.whole_city
                    else None,
                    "reason": order.reason or None,
                    "people": order.people,
                    "issued_at": order.issued_at,
                },
                order.issued_at,
            )
        )
    return sorted(found, key=lambda one: one.id)


def warnings_in_force() -> list[Feature]:
    """Return the warnings in force; without a drawn area the place of the municipality stands for it."""
    city = municipalities.municipality()
    here = _point(city.longitude, city.latitude)
    return sorted((_warning(line, here) for line in warnings.in_force()), key=lambda one: one.id)


def _warning(line: warnings.WarningInForce, here: Any) -> Feature:
    rings = warnings.rings_of(line)
    shape = shapely.MultiPolygon([(list(ring), []) for ring in rings]) if rings else here
    return Feature(
        f"{line.area_code}-{line.phenomenon}-{line.kind}",
        shape,
        {
            "area_code": line.area_code,
            "area_name": line.area_name,
            "area_type": line.area_type,
            "phenomenon": line.phenomenon,
            "kind": line.kind,
            "level": line.level,
            "severity": line.severity,
            "since": line.since,
            "until": line.until,
            "outlined": bool(rings),
        },
        line.since,
        line.until,
    )


def obstacles(dimension: int | None = None) -> list[Feature]:
    """Return what is closed, fallen or under water now; not who recorded it.

    ``dimension``: only points (0), lines (1) or areas (2), each as a multi-part shape.
    """
    found = [
        Feature(
            f"obstacle-{row.pk}",
            hazards.geometry_of(row),
            {
                "kind": row.kind,
                "name": blocked.name_of(row),
                "source": row.source,
                "observed_at": row.observed_at,
                "valid_until": row.valid_until,
            },
            row.observed_at,
            row.valid_until,
        )
        for row in hazards.in_force()
    ]
    if dimension is not None:
        found = [
            replace(one, geometry=_MULTI[dimension](shapely.get_parts([one.geometry]).tolist()))
            for one in found
            if shapely.get_dimensions(one.geometry) == dimension
        ]
    return sorted(found, key=lambda one: one.id)


def town_counts() -> Iterator[tuple[municipalities.Town, dict[str, int | None]]]:
    """Yield every town with how many are unaccounted, inside and on ground not surveyed.

    Unaccounted is None without an open inquiry, the others without a plan: unknown is never 0.
    """
    inquiry = safety.current_inquiry()
    asking = inquiry is not None and inquiry.closed_at is None
    left = safety.unaccounted_by_town() if asking else {}
    exposed: Mapping[str, Any] | None = evacuation.counts().get("towns")
    for town in municipalities.towns():
        inside, unsurveyed = (None, None) if exposed is None else exposed.get(str(town.pk), (0, 0))
        people = left.get(town.pk, 0) if asking else None
        yield town, {"unaccounted": people, "inside": inside, "unsurveyed": unsurveyed}


def unaccounted() -> list[Feature]:
    """Return how many people of each town are not accounted for; small counts are hidden.

    None, and not hidden: nobody is asking, or there is no plan.
    """
    found = []
    for town, counts in town_counts():
        small = {name for name, count in counts.items() if count is not None and 0 < count < SMALL}
        shown = {name: None if name in small else count for name, count in counts.items()}
        found.append(
            Feature(
                town.code,
                _point(town.longitude, town.latitude),
                {
                    "code": town.code,
                    "name": town.name,
                    **shown,
                    "hidden": bool(small),
                },
            )
        )
    return found


def _named(*texts: str) -> list[str]:
    return [text for text in dict.fromkeys(text.strip() for text in texts) if text]


def _credits() -> list[str]:
    return [str(one) for one in municipalities.municipality().settings.get("credits", ())]


def own_sources() -> list[str]:
    """Return the city itself as the source."""
    return [municipalities.municipality().name]


def facility_sources() -> list[str]:
    """Return whose lists the facilities come from, with their dates."""
    return (
        _named(*(f"{row.source} {row.source_date}" for row in shelters.facilities()))
        or own_sources()
    )


def town_sources() -> list[str]:
    """Return whose towns these are."""
    return _credits() or own_sources()


def hazard_sources() -> list[str]:
    """Return whose hazard layers these are, with their dates."""
    return _named(*(f"{row.source} {row.source_date}" for row in hazards.maps()))


def obstacle_sources() -> list[str]:
    """Return who reported what holds now."""
    return _named(*(row.source for row in hazards.in_force())) or own_sources()


def warning_sources() -> list[str]:
    """Return who issued what is in force."""
    offices = _named(*(line.telegram.office for line in warnings.in_force()))
    return offices or [_("気象庁")]
