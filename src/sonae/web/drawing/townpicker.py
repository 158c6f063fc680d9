"""The city's towns to choose from: one circle each, coloured by how many people are in danger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.plane import Plane

WIDTH, HEIGHT = 760.0, 480.0
SMALLEST, LARGEST = 7.0, 24.0
_SHADES = ("#dfe3e8", "#f6c9a8", "#e8823c", "#b3130c")
"""Nobody, then thirds of the most: the table beside gives the numbers, so colour is never alone."""


@dataclass(frozen=True)
class TownChoice:
    """One town: its key in the form, where it is, people inside danger, whether it is ticked."""

    key: int
    name: str
    longitude: float
    latitude: float
    inside: int
    chosen: bool


def town_picker(towns: Sequence[TownChoice]) -> SafeString:
    """Draw the towns; a script lets a pointer tick them, the list of ticks does the same for all.

    Hidden from assistive technology on purpose: the list says the same and more.
    """
    if not towns:
        return SafeString("")
    plane = Plane.around([(t.longitude, t.latitude) for t in towns], WIDTH, HEIGHT, margin=0.06)
    most = max(max(town.inside for town in towns), 1)
    room = min(LARGEST, max(SMALLEST, math.sqrt(WIDTH * HEIGHT / len(towns)) * 0.4))
    drawn = "".join(_town(plane, town, most, room) for town in towns)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg class="town-map" data-town-picker viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true">'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>{drawn}</svg>'
    )


def _shade(inside: int, most: int) -> str:
    """Return the colour of a town."""
    return _SHADES[0] if not inside else _SHADES[min(3, 1 + inside * 3 // (most + 1))]


def _town(plane: Plane, town: TownChoice, most: int, room: float) -> str:
    """Return one town: a ring that shows whether it is chosen, and what a pointer is told."""
    x, y = plane.xy(town.longitude, town.latitude)
    ring = "4" if town.chosen else "1"
    return (
        f'<g data-town="{town.key}" cursor="pointer"><title>{escape(town.name)} {town.inside:,}</title>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{room:.1f}" fill="{_shade(town.inside, most)}" '
        f'stroke="#17202e" stroke-width="{ring}"/></g>'
    )
