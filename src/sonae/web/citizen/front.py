"""The first page, for everybody: what is happening here, what to do, where to go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import get_language

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, audience
from sonae.web import words
from sonae.web.citizen.shared import for_everyone
from sonae.web.citizen.situation import Situation, describe


def city_name() -> str:
    """Return the municipality's name in the reader's language."""
    city = municipalities.municipality()
    return city.name_en if get_language() == "en" and city.name_en else city.name


def situation() -> tuple[Situation, list[warnings.WarningInForce]]:
    """Return the head of the page and the warnings in force, gravest first."""
    orders = [
        (order, [words.town(town) for town in order.towns.all()])
        for order in evacuation.orders_in_force()
    ]
    lines = warnings.in_force()
    return describe(orders, lines, city_name(), hearing=warnings.hearing()), lines


@dataclass(frozen=True)
class Line:
    """One kind of warning with all the areas it holds for, since the earliest; one telegram of it."""

    kind: str
    level: int | None
    areas: str
    since: datetime
    telegram: int


def grouped(lines: Sequence[warnings.WarningInForce]) -> list[Line]:
    """Return one line per kind and level, in the order given (gravest first)."""
    found: dict[tuple[str, int | None], list[warnings.WarningInForce]] = {}
    for line in lines:
        found.setdefault((line.kind, line.level), []).append(line)
    return [
        Line(
            kind,
            level,
            "、".join(dict.fromkeys(one.area_name for one in same)),
            min(one.since for one in same),
            same[0].telegram_id,
        )
        for (kind, level), same in found.items()
    ]


def content() -> dict[str, Any]:
    """Return what the page shows."""
    head, lines = situation()
    states = shelters.states().values()
    return {
        "here": "/",
        "situation": head,
        "lines": grouped(lines),
        "notices": messages.public_items(),
        "received": warnings.last_received(),
        "readable": municipalities.can_be_read(),
        "open_count": sum(report.state == "open" for report in states),
    }


@audience(Audience.PUBLIC)
@for_everyone("front")
def front(request: HttpRequest) -> bytes:
    """Render the page; the same for all readers of a language."""
    return render_to_string("citizen/front.html", content(), request=request).encode()
