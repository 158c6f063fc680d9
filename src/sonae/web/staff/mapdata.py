"""Layers of the map on demand, as GeoJSON and transparent pictures; the SVG map needs none of them."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE, HazardLayer
from sonae.platform.access import Audience, audience
from sonae.web import words
from sonae.web.drawing import overlay_png

MOST_EDGES = 40_000
"""Edges of the network sent at once; a larger network is thinned to the longer ones."""


def _geojson(features: Iterable[dict[str, Any]]) -> HttpResponse:
    """Return a FeatureCollection."""
    body = json.dumps(
        {"type": "FeatureCollection", "features": list(features)},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return HttpResponse(body, content_type="application/geo+json")


def _point(longitude: float, latitude: float, **properties: Any) -> dict[str, Any]:
    """Return a point feature."""
    place = {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}
    return {"type": "Feature", "geometry": place, "properties": properties}


@audience(Audience.STAFF)
def towns(request: HttpRequest) -> HttpResponse:
    """町字 with the people in danger (inside, unsurveyed) and those not yet accounted for."""
    exposed = evacuation.counts().get("towns", {})
    left = safety.unaccounted_by_town()
    return _geojson(
        _point(
            town.longitude,
            town.latitude,
            name=town.name,
            inside=exposed.get(str(town.pk), [0, 0])[0],
            unsurveyed=exposed.get(str(town.pk), [0, 0])[1],
            unaccounted=left.get(town.pk, 0),
        )
        for town in municipalities.towns()
    )


@audience(Audience.STAFF)
def facilities(request: HttpRequest) -> HttpResponse:
    """Facilities with their state, head-count and what they are designated for."""
    return _geojson(
        _point(
            place.facility.longitude,
            place.facility.latitude,
            name=place.facility.name,
            state=place.state,
            state_name=words.state("facility", place.state)[0],
            people=place.people,
            capacity=place.capacity,
            hazards="・".join(words.hazard(code) for code in place.hazards),
        )
        for place in shelters.places(safety.occupancies())
        if place.site or place.shelter
    )


@audience(Audience.STAFF)
def network(request: HttpRequest) -> HttpResponse:
    """The walking network as one feature of lines."""
    city = evacuation.city()
    if city is None:
        return _geojson([])
    net = city.network
    order = np.argsort(-np.asarray(net.length_m), kind="stable")[:MOST_EDGES]
    ends = np.stack(
        [
            net.lon[net.tail[order]],
            net.lat[net.tail[order]],
            net.lon[net.head[order]],
            net.lat[net.head[order]],
        ],
        axis=1,
    ).round(5)
    lines = [[[a, b], [c, d]] for a, b, c, d in ends.tolist()]
    geometry = {"type": "MultiLineString", "coordinates": lines}
    return _geojson(
        [{"type": "Feature", "geometry": geometry, "properties": {"source": net.source}}]
    )


def _layer(name: str) -> HazardLayer:
    """Return the layer in use of that name."""
    found = next((layer for layer in hazards.layers() if layer.name == name), None)
    if found is None:
        raise SonaeError("not_found", "このハザード情報はありません。")
    return found


@audience(Audience.STAFF)
def layers(request: HttpRequest) -> HttpResponse:
    """The hazard layers in use: name, source, date and the corners of their picture."""
    rows = [
        {
            "name": layer.name,
            "hazard": layer.hazard,
            "hazard_name": words.hazard(layer.hazard),
            "source": layer.source,
            "date": layer.date,
            "west": layer.west,
            "north": layer.north,
            "east": layer.west + layer.dlon * layer.ranks.shape[1],
            "south": layer.north - layer.dlat * layer.ranks.shape[0],
        }
        for layer in hazards.layers()
    ]
    return HttpResponse(
        json.dumps({"layers": rows}, ensure_ascii=False), content_type="application/json"
    )


@lru_cache(maxsize=16)
def _picture(municipality: str, folder: str, name: str) -> bytes:
    """Return a layer's picture; a new version of a layer lies in a new folder."""
    layer = _layer(name)
    ranks = np.asarray(layer.ranks)
    unsurveyed = (ranks == NOT_SURVEYED) | (ranks == UNREADABLE)
    return overlay_png(np.where(unsurveyed, 0, ranks), unsurveyed)


@audience(Audience.STAFF)
def overlay(request: HttpRequest, name: str) -> HttpResponse:
    """One hazard layer as a transparent PNG; not surveyed is hatched, never clear."""
    row = next((row for row in hazards.maps() if row.name == name), None)
    if row is None:
        raise SonaeError("not_found", "このハザード情報はありません。")
    body = _picture(row.municipality, row.folder, name)
    return HttpResponse(
        body, content_type="image/png", headers={"Cache-Control": "private, max-age=300"}
    )
