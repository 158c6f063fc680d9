"""The way to the shelter as a small map that prints well in black and white."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.obstaclemap import Blocked, blocked_marks
from sonae.web.drawing.plane import Plane

Line = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 480.0, 340.0


@dataclass(frozen=True)
class RoutePlace:
    """A named point of the map, in degrees."""

    name: str
    longitude: float
    latitude: float


def route_map(
    origin: RoutePlace,
    goal: RoutePlace,
    line: Line,
    *,
    title: str,
    description: str,
    key: str = "",
    streets: Iterable[Line] = (),
    danger: Iterable[Line] = (),
    blocks: Iterable[Blocked] = (),
) -> SafeString:
    """Draw ``line`` from ``origin`` to ``goal``; an empty line becomes a dashed straight one.

    ``streets`` are drawn faintly for orientation, ``danger`` are parts of the way in danger,
    ``blocks`` closed roads, collapses and water.
    ``description`` says the same in words for those who cannot see the picture; ``key`` tells
    several maps of one page apart.
    """
    ends = [(origin.longitude, origin.latitude), (goal.longitude, goal.latitude)]
    plane = Plane.around([*line, *ends], WIDTH, HEIGHT, margin=0.14)
    parts = [
        f'<svg class="route-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="route-title{key} route-text{key}">'
        f'<title id="route-title{key}">{escape(title)}</title>'
        f'<desc id="route-text{key}">{escape(description)}</desc>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>',
        _streets(plane, streets),
        _way(plane, line, ends),
        *(_stroke(plane.path(part), "#b3130c", 7, "2 9") for part in danger),
        blocked_marks(plane, blocks),
        _start(plane, origin),
        _goal(plane, goal),
        _frame(plane),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text is escaped above


def _stroke(path: str, colour: str, width: float, dashes: str = "") -> str:
    """Return a round line."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linecap="round" stroke-linejoin="round"{dashed}/>'
    )


def _streets(plane: Plane, streets: Iterable[Line]) -> str:
    """Return the streets that touch the picture as one faint path."""
    near = [line for line in streets if any(plane.holds(*point) for point in line)]
    path = "".join(plane.path(line) for line in near)
    return _stroke(path, "#ffffff", 5) + _stroke(path, "#d5d8cc", 1) if path else ""


def _way(plane: Plane, line: Line, ends: Line) -> str:
    """Return the way: a cased line with arrows, or a dashed straight line without a network."""
    if len(line) < 2:
        return _stroke(plane.path(ends), "#0b4aa8", 4, "3 10")
    whole = plane.path([ends[0], *line, ends[1]])
    path = plane.path(line)
    return (
        _stroke(whole, "#0b4aa8", 3, "1 7")
        + _stroke(path, "#ffffff", 12)
        + _stroke(path, "#0b4aa8", 7)
    )


def _label(x: float, y: float, text: str) -> str:
    """Return a label with a white outline, kept inside the picture."""
    anchor = "start" if x < WIDTH * 0.3 else "end" if x > WIDTH * 0.7 else "middle"
    lower = y + 38 if y < HEIGHT - 60 else y - 26
    return (
        f'<text x="{x:.1f}" y="{lower:.1f}" text-anchor="{anchor}" font-size="20" font-weight="700" '
        f'fill="#17202e" stroke="#fff" stroke-width="5" paint-order="stroke">{escape(text)}</text>'
    )


def _start(plane: Plane, place: RoutePlace) -> str:
    """Return the start: a ring."""
    x, y = plane.xy(place.longitude, place.latitude)
    ring = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="#fff" stroke="#17202e" stroke-width="5"/>'
    )
    return ring + _label(x, y, place.name)


def _goal(plane: Plane, place: RoutePlace) -> str:
    """Return the goal: a filled house."""
    x, y = plane.xy(place.longitude, place.latitude)
    house = (
        f'<path transform="translate({x:.1f} {y:.1f})" d="M0-19 20-3V18H-20V-3z" fill="#0a6b3d" '
        'stroke="#fff" stroke-width="3" stroke-linejoin="round"/>'
        f'<path transform="translate({x:.1f} {y:.1f})" d="m-9 4 6 7 12-14" fill="none" stroke="#fff" '
        'stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>'
    )
    return house + _label(x, y, place.name)


def _frame(plane: Plane) -> str:
    """Return the scale bar and the north arrow."""
    length, text = plane.scale()
    bar = (
        f'<g transform="translate(16 {HEIGHT - 18:g})"><path d="M0-7V0H{length:.1f}V-7" fill="none" '
        f'stroke="#17202e" stroke-width="2"/><text x="{length / 2:.1f}" y="-8" text-anchor="middle" '
        f'font-size="15" fill="#17202e" stroke="#fff" stroke-width="4" paint-order="stroke">{text}</text></g>'
    )
    north = (
        f'<g transform="translate({WIDTH - 28:g} 34)"><path d="M0-22 9 4 0-2-9 4z" fill="#17202e"/>'
        '<text y="22" text-anchor="middle" font-size="15" font-weight="700" fill="#17202e">N</text></g>'
    )
    return bar + north
