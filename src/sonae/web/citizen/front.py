"""The first page, for everybody: what is happening here, what to do, where to go."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import get_language

from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, audience
from sonae.web import pending
from sonae.web import pending as messages
from sonae.web.citizen.shared import for_everyone
from sonae.web.citizen.situation import Situation, describe


def city_name() -> str:
    """Return the municipality's name in the reader's language."""
    city = municipalities.municipality()
    return city.name_en if get_language() == "en" and city.name_en else city.name


def situation() -> tuple[Situation, list[warnings.WarningInForce]]:
    """Return the head of the page and the warnings in force, gravest first."""
    orders = [
        (order, [town.name for town in order.towns.all()])
        for order in pending.orders()
        if order.status == "issued"
    ]
    lines = warnings.in_force()
    return describe(orders, lines, city_name()), lines


def content() -> dict[str, Any]:
    """Return what the page shows."""
    head, lines = situation()
    states = shelters.states().values()
    return {
        "here": "/",
        "situation": head,
        "lines": lines,
        "notices": messages.public_items(),
        "received": warnings.last_received(),
        "open_count": sum(report.state == "open" for report in states),
    }


@audience(Audience.PUBLIC)
@for_everyone("front")
def front(request: HttpRequest) -> bytes:
    """Render the page; the same for all readers of a language."""
    return render_to_string("citizen/front.html", content(), request=request).encode()
