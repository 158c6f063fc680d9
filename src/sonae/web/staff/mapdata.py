"""Layers of the map on demand, as GeoJSON and transparent pictures; the SVG map needs none of them."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.http import HttpRequest, HttpResponse

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.network import Network
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE, HazardLayer
from sonae.platform.access import Audience, audience
from sonae.platform.scope import current_municipality
from sonae.web import blocked, words
from sonae.web.drawing import lines_png, overlay_png
from sonae.web.livemap import title_of

MOST_EDGES = 40_000
"""Edges of the network sent at once, for the part of the city that is looked at."""


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
    left, calls = safety.unaccounted_by_town(), safety.help_by_town()
    return _geojson(
        _point(
            town.longitude,
            town.latitude,
            name=town.name,
            inside=exposed.get(str(town.pk), [0, 0])[0],
            unsurveyed=exposed.get(str(town.pk), [0, 0])[1],
            unaccounted=left.get(town.pk, 0),
            help=calls.get(town.pk, 0),
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


def ends(net: Network) -> npt.NDArray[np.float64]:
    """Return longitude and latitude of both ends of every edge (m, 4)."""
    tail, head = np.asarray(net.tail), np.asarray(net.head)
    return np.stack([net.lon[tail], net.lat[tail], net.lon[head], net.lat[head]], axis=1)


@audience(Audience.STAFF)
def network(request: HttpRequest) -> HttpResponse:
    """The walking network inside ``bbox`` (west,south,east,north in degrees) as one feature."""
    city = evacuation.city()
    try:
        west, south, east, north = (float(part) for part in request.GET.get("bbox", "").split(","))
    except ValueError:
        raise SonaeError("unreadable", "bbox は 西,南,東,北 の度です。") from None
    if city is None:
        return _geojson([])
    both = ends(city.network)
    lon, lat = both[:, [0, 2]].mean(axis=1), both[:, [1, 3]].mean(axis=1)
    seen = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    shown = both[np.flatnonzero(seen)[:MOST_EDGES]].round(6).tolist()
    geometry = {
        "type": "MultiLineString",
        "coordinates": [[[a, b], [c, d]] for a, b, c, d in shown],
    }
    return _geojson([{"type": "Feature", "geometry": geometry, "properties": {}}])


def bounds(net: Network) -> tuple[float, float, float, float]:
    """Return west, north, east, south of the network in degrees."""
    lon, lat = np.asarray(net.lon), np.asarray(net.lat)
    return float(lon.min()), float(lat.max()), float(lon.max()), float(lat.min())


@lru_cache(maxsize=4)
def _streets(municipality: str, source: str, date: str, edges: int) -> bytes:
    """Return the picture of the network; another network is another key."""
    city = evacuation.city()
    assert city is not None
    return lines_png(ends(city.network), *bounds(city.network))


@audience(Audience.STAFF)
def streets(request: HttpRequest) -> HttpResponse:
    """The whole walking network as one picture."""
    city = evacuation.city()
    if city is None:
        raise SonaeError("not_found", "道路網はまだ読み込まれていません。")
    net = city.network
    body = _streets(current_municipality(), net.source, net.date, len(net.tail))
    return HttpResponse(
        body, content_type="image/png", headers={"Cache-Control": "private, max-age=300"}
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
            "title": title_of(layer),
            "source": layer.source,
            "date": layer.date,
            "west": layer.west,
            "north": layer.north,
            "east": layer.west + layer.dlon * layer.ranks.shape[1],
            "south": layer.north - layer.dlat * layer.ranks.shape[0],
        }
        for layer in hazards.layers()
    ]
    body = json.dumps({"layers": rows, "streets": street_bounds()}, ensure_ascii=False)
    return HttpResponse(body, content_type="application/json")


@audience(Audience.STAFF)
def obstacles(request: HttpRequest) -> HttpResponse:
    """What is closed, fallen or under water now."""
    return _geojson(
        {
            "type": "Feature",
            "geometry": one.row.shape,
            "properties": {
                "kind": one.row.kind,
                "name": one.name,
                "source": one.row.source,
                "observed_at": one.row.observed_at.isoformat(),
                "valid_until": one.row.valid_until.isoformat(),
            },
        }
        for one in blocked.shown()
    )


def street_bounds() -> dict[str, float] | None:
    """Return the bounds of the picture of the streets, or None without a network."""
    city = evacuation.city()
    names = ("west", "north", "east", "south")
    return dict(zip(names, bounds(city.network), strict=True)) if city else None


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
