"""The city as circles, one per 町字: how many, how dangerous; no base map needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.plane import Plane

WIDTH, HEIGHT = 760.0, 560.0
LABELLED = 12


@dataclass(frozen=True)
class TownMark:
    """One 町字: ``count`` sizes its circle; ``urgent`` of them are in the gravest danger."""

    name: str
    longitude: float
    latitude: float
    count: int
    urgent: int = 0
    href: str = ""


def town_map(
    marks: Sequence[TownMark],
    *,
    title: str,
    description: str,
    places: Iterable[tuple[float, float]] = (),
) -> SafeString:
    """Draw every town as a dot and, where ``count`` > 0, as a circle of proportional area.

    The darker core of a circle is the share that is urgent. ``places`` (lon, lat) are facilities.
    The ``LABELLED`` largest counts are written beside their circle.
    """
    if not marks:
        return SafeString("")
    plane = Plane.around([(m.longitude, m.latitude) for m in marks], WIDTH, HEIGHT, margin=0.06)
    ranked = sorted(marks, key=lambda m: -m.count)
    most = max(ranked[0].count, 1)
    dots = "".join(_dot(plane, mark) for mark in marks)
    houses = "".join(_house(plane, lon, lat) for lon, lat in places if plane.holds(lon, lat))
    circles = "".join(_circle(plane, mark, most) for mark in ranked if mark.count)
    labels = "".join(_label(plane, mark, most) for mark in ranked[:LABELLED] if mark.count)
    length, scale = plane.scale(0.2)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg class="town-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="town-map-title '
        f'town-map-text"><title id="town-map-title">{escape(title)}</title>'
        f'<desc id="town-map-text">{escape(description)}</desc>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>{dots}{houses}{circles}{labels}'
        f'<g transform="translate(16 {HEIGHT - 16:g})"><path d="M0-6V0H{length:.1f}V-6" fill="none" '
        f'stroke="#17202e" stroke-width="2"/><text x="{length + 8:.1f}" font-size="14" fill="#17202e">{scale}'
        "</text></g></svg>"
    )


def _dot(plane: Plane, mark: TownMark) -> str:
    """Return a town as a small grey dot."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#9aa5b1"/>'


def _house(plane: Plane, lon: float, lat: float) -> str:
    """Return a facility as a small green house."""
    x, y = plane.xy(lon, lat)
    return f'<path transform="translate({x:.1f} {y:.1f})" d="M0-6 6-1V5H-6V-1z" fill="#0a6b3d"/>'


def _radius(mark: TownMark, most: int) -> float:
    """Return the radius of a town's circle: the area is proportional to the count."""
    return 5 + 27 * math.sqrt(mark.count / most)


def _circle(plane: Plane, mark: TownMark, most: int) -> str:
    """Return the circle of a town, its urgent core, and what a pointer is told."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    radius = _radius(mark, most)
    core = radius * math.sqrt(mark.urgent / mark.count)
    drawn = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#b3130c" fill-opacity=".28" '
        'stroke="#b3130c" stroke-width="1.5"/>'
    )
    if core:
        drawn += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{core:.1f}" fill="#b3130c" fill-opacity=".75"/>'
        )
    return f"<g><title>{escape(mark.name)} {mark.count:,}</title>{drawn}</g>"


def _label(plane: Plane, mark: TownMark, most: int) -> str:
    """Return name and count beside a circle."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    right = x < WIDTH * 0.75
    where = x + (1 if right else -1) * (_radius(mark, most) + 4)
    return (
        f'<text x="{where:.1f}" y="{y + 5:.1f}" text-anchor="{"start" if right else "end"}" font-size="15" '
        f'fill="#17202e" stroke="#f3f4ee" stroke-width="4" paint-order="stroke">{escape(mark.name)} '
        f'<tspan font-weight="700">{mark.count:,}</tspan></text>'
    )
