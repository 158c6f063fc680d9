"""What is in force where: towns marked with the gravest warning, drawn areas outlined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.core import danger_level
from sonae.web.drawing.citymap import HEIGHT, WIDTH, Ground, ground, scale_bar
from sonae.web.drawing.plane import Plane

Ring = Sequence[tuple[float, float]]
_PLAIN = {
    "emergency": ("#17202e", "#ffffff"),
    "critical": ("#6b1a86", "#ffffff"),
    "warning": ("#b3130c", "#ffffff"),
    "advisory": ("#f2c200", "#000000"),
    "information": ("#ffffff", "#17202e"),
}
"""Background and text of warnings that state no level, by severity."""


@dataclass(frozen=True)
class TownWarned:
    """One 町字 with the gravest warning there: ``sign`` is written on its mark ("" = none)."""

    name: str
    longitude: float
    latitude: float
    sign: str = ""
    level: int | None = None
    severity: str = ""


@dataclass(frozen=True)
class Outline:
    """A drawn area of a warning: its rings in (longitude, latitude)."""

    name: str
    rings: Sequence[Ring]
    level: int | None
    severity: str


def colours(level: int | None, severity: str) -> tuple[str, str]:
    """Return background and text colour: the published one of a level, ours where none is stated."""
    if level is not None and level >= 2:
        known = danger_level.danger_level(level)
        return known.colour, known.text_colour
    return _PLAIN.get(severity, _PLAIN["information"])


def warning_map(
    towns: Sequence[TownWarned],
    outlines: Iterable[Outline] = (),
    *,
    title: str,
    description: str,
    grounds: Iterable[Ground] = (),
) -> SafeString:
    """Draw every town as a dot, warned ones as a coloured disc with its sign, areas as outlines."""
    if not towns:
        return SafeString("")
    plane = Plane.around([(t.longitude, t.latitude) for t in towns], WIDTH, HEIGHT, margin=0.06)
    below = "".join(ground(plane, one) for one in grounds)
    drawn = "".join(_outline(plane, one) for one in outlines)
    marks = "".join(_mark(plane, one) for one in towns)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg class="town-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="warn-map-title '
        f'warn-map-text"><title id="warn-map-title">{escape(title)}</title>'
        f'<desc id="warn-map-text">{escape(description)}</desc>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>{below}{drawn}{marks}'
        f"{scale_bar(plane)}</svg>"
    )


def _mark(plane: Plane, town: TownWarned) -> str:
    x, y = plane.xy(town.longitude, town.latitude)
    if not town.sign:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#9aa5b1"/>'
    back, text = colours(town.level, town.severity)
    return (
        f'<g><title>{escape(town.name)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{back}" '
        f'stroke="#17202e" stroke-width="1"/><text x="{x:.1f}" y="{y + 3.8:.1f}" font-size="11" '
        f'font-weight="700" text-anchor="middle" fill="{text}">{escape(town.sign)}</text></g>'
    )


def _outline(plane: Plane, one: Outline) -> str:
    """Return the rings of an area; what lies outside the picture is cut off by it."""
    back, _text = colours(one.level, one.severity)
    paths = " ".join(plane.path(ring) + "Z" for ring in one.rings if len(ring) > 2)
    return (
        f'<path d="{paths}" fill="{back}" fill-opacity=".18" stroke="{back}" stroke-width="3" '
        f'stroke-dasharray="8 4"><title>{escape(one.name)}</title></path>'
        if paths
        else ""
    )
