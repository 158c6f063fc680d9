"""The piece of city map about a place that an answer comes with, also without a network."""

from __future__ import annotations

from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.shelters import interface as shelters
from sonae.engines.hazard.layer import UNREADABLE, HazardLayer
from sonae.engines.hazard.lookup import EXTENTS, governing
from sonae.platform.access import Audience, audience
from sonae.web import kept, words
from sonae.web.citizen import walkers, where
from sonae.web.citizen.nearest import choose
from sonae.web.citizen.walkers import Goer
from sonae.web.drawing import ExtractPlace, Picture, Plane, city_extract, extract, overlay_png

FRESH_SECONDS = 60.0
MOST_GOALS = 4
_CELLS, _PIXELS = 640, 320
"""Places asked and pixels drawn along a side: a pixel shows the gravest of its places."""
_DEPTHS = (0.5, 3.0, 5.0, 10.0, 20.0)
"""Where the published shades of depth change, in metres."""


def piece(
    latitude: float, longitude: float, goals: list[int], hazard: str, *, name: str
) -> SafeString:
    """Draw the map about a place (degrees); ``goals``: facilities (primary keys) that answers name."""
    rows = [row for row in shelters.places() if row.site or row.shelter]
    named = [row for row in rows if row.facility.pk in goals]
    points = [(row.facility.longitude, row.facility.latitude) for row in named]
    plane = extract.around(latitude, longitude, points[:MOST_GOALS])
    places = [
        ExtractPlace(
            row.facility.name, row.facility.longitude, row.facility.latitude,
            row.facility.pk in goals,
        )
        for row in rows
        if row.state in shelters.ADMITTING and plane.holds(row.facility.longitude, row.facility.latitude)
    ]  # fmt: skip
    told = {"name": name, "goals": words.listed([row.facility.name for row in named])}
    return city_extract(
        plane, (longitude, latitude), places, _streets(), _danger(plane, hazard),
        title=_("%(name)sのまわりの地図") % told,
        description=_("いる場所は赤い輪、避難先は大きい家の印：%(goals)s。") % told,
    )  # fmt: skip


def _streets() -> npt.NDArray[np.float64]:
    """Return all streets by both ends, (n, 4) longitude and latitude; none without a network."""
    city = evacuation.city()
    if city is None:
        return np.zeros((0, 4))
    net = city.network
    tail, head = np.asarray(net.tail), np.asarray(net.head)
    lon, lat = np.asarray(net.lon), np.asarray(net.lat)
    return np.stack([lon[tail], lat[tail], lon[head], lat[head]], axis=1)


def _danger(plane: Plane, hazard: str) -> Picture | None:
    """Return what is drawn of one hazard, all its layers together; unsurveyed ground is hatched."""
    held = [one for one in hazards.layers() if one.hazard == hazard and one.kind in EXTENTS]
    if not held:
        return None
    west, north, east, south = extract.bounds(plane)
    side = (np.arange(_CELLS) + 0.5) / _CELLS
    lat, lon = np.meshgrid(
        north - (north - south) * side, west + (east - west) * side, indexing="ij"
    )
    danger, surveyed = np.zeros(lat.size, np.uint8), np.zeros(lat.size, bool)
    deciding = {id(one) for one in governing(held)}
    for layer in held:
        ranks = layer.ranks_at(lat.ravel(), lon.ravel())
        known = ranks < UNREADABLE
        danger[known] = np.maximum(danger[known], _shades(layer)[ranks[known]])
        if id(layer) in deciding:
            surveyed |= known
    png = overlay_png(
        danger.reshape(lat.shape),
        ~surveyed.reshape(lat.shape),
        zones=all(one.kind == "zone" for one in held),
        most=_PIXELS,
    )
    return Picture(png, west, north, east, south)


def _shades(layer: HazardLayer) -> npt.NDArray[np.uint8]:
    """Return the shade 1–6 of each rank: its depth on the published scale, where it has one."""
    shades = np.minimum(np.arange(UNREADABLE), 6).astype(np.uint8)
    for rank, (least, _most) in enumerate(layer.depths, start=1):
        shades[rank] = 1 + np.searchsorted(_DEPTHS, least, side="right")
    return shades


@audience(Audience.PUBLIC)
def picture(request: HttpRequest) -> HttpResponse:
    """The map about a town or a position as a file of its own, the same for everybody who asks alike."""
    spot, _found = where.sought(request)
    if spot is None:
        raise SonaeError("not_found", _("この地図はありません。"))
    hazard, goer = where.hazard_asked(request), walkers.read(request.GET)
    name = "map:" + urlencode(where.query_of(spot, hazard, goer))
    page = kept.keep(name, FRESH_SECONDS, lambda: _about(spot, hazard, goer))
    response = kept.answer(request, page, packed=True)
    response.headers["Content-Type"] = "image/svg+xml; charset=utf-8"
    return response


def _about(spot: where.Spot, hazard: str, goer: Goer) -> bytes:
    """Draw the map about a spot with the sites that the page names for it."""
    current = [hazard] if hazard else where.current_hazards() or list(where.USUAL)
    places = shelters.places()
    goals = [
        choice.place.facility.pk
        for code in current
        if (choice := choose(spot.latitude, spot.longitude, code, places, goer.walker))
    ]
    return piece(spot.latitude, spot.longitude, goals, current[0], name=spot.name).encode()
