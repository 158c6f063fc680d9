"""What the staff's movable map lays over the base map, and the picture of the streets for the still one."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from django.http import HttpRequest, HttpResponse

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import interface as safety
from sonae.engines.evacuation.network import Network
from sonae.platform.access import Audience, audience
from sonae.platform.scope import current_municipality
from sonae.web.drawing import lines_png
from sonae.web.livemap import collection, point
from sonae.web.opendata.rows import town_counts


@audience(Audience.STAFF)
def towns(request: HttpRequest) -> HttpResponse:
    """町字 with the people in danger (inside, unsurveyed) and those not yet accounted for; null = unknown."""
    calls = safety.help_by_town()
    return collection(
        point(
            town.longitude,
            town.latitude,
            name=town.name,
            **counts,
            help=calls.get(town.pk, 0),
        )
        for town, counts in town_counts()
    )


def ends(net: Network) -> npt.NDArray[np.float64]:
    """Return longitude and latitude of both ends of every edge (m, 4)."""
    tail, head = np.asarray(net.tail), np.asarray(net.head)
    return np.stack([net.lon[tail], net.lat[tail], net.lon[head], net.lat[head]], axis=1)


def bounds(net: Network) -> tuple[float, float, float, float]:
    """Return west, north, east, south of the network in degrees."""
    lon, lat = np.asarray(net.lon), np.asarray(net.lat)
    return float(lon.min()), float(lat.max()), float(lon.max()), float(lat.min())


@lru_cache(maxsize=4)
def _streets(municipality: str, stamp: float) -> bytes:
    """Return the picture of the network; another network is another stamp."""
    city = evacuation.city()
    assert city is not None
    return lines_png(ends(city.network), *bounds(city.network))


@audience(Audience.STAFF)
def streets(request: HttpRequest) -> HttpResponse:
    """The whole walking network as one picture."""
    stamp = evacuation.network_stamp()
    if not stamp:
        raise SonaeError("not_found", "道路網はまだ読み込まれていません。")
    body = _streets(current_municipality(), stamp)
    return HttpResponse(
        body, content_type="image/png", headers={"Cache-Control": "private, max-age=300"}
    )


def street_bounds() -> dict[str, float] | None:
    """Return the bounds of the picture of the streets, or None without a network."""
    city = evacuation.city()
    names = ("west", "north", "east", "south")
    return dict(zip(names, bounds(city.network), strict=True)) if city else None
