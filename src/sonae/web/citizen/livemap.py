"""What a resident's movable map shows: the places to flee to, and the ways from one's own place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, audience
from sonae.web import blocked
from sonae.web.citizen import walkers, where
from sonae.web.livemap import collection, place, point


@audience(Audience.PUBLIC)
def places(request: HttpRequest) -> HttpResponse:
    """Every designated place with its state: what the list beside it says, no more."""
    found = shelters.places(safety.occupancies())
    return collection(place(one) for one in found if one.site or one.shelter)


@audience(Audience.PUBLIC)
def obstacles(request: HttpRequest) -> HttpResponse:
    """What is closed, fallen or under water now: what the pages say of it, no more."""
    return collection([blocked.feature_of(one) for one in blocked.shown()])


@audience(Audience.PUBLIC)
def ways(request: HttpRequest) -> HttpResponse:
    """The spot, the places named for it and the ways there, as the page beside it answers."""
    spot, hazard = where.spot_asked(request), where.hazard_asked(request)
    if spot is None:
        raise SonaeError("not_found", "その場所は分かりませんでした。")
    features = [point(spot.longitude, spot.latitude, name=spot.name, here=True)]
    answers: Any = where.answered(spot, hazard, walkers.read(request.GET))["answers"]
    for answer in answers:
        if answer.choice is None:
            continue
        features.append(place(answer.choice.place))
        line = {"type": "LineString", "coordinates": [list(at) for at in answer.choice.line]}
        if len(answer.choice.line) > 1:
            features.append({"type": "Feature", "geometry": line, "properties": {}})
    return collection(features)
