"""The city as circles, one per 町字: how many, how dangerous; no base map needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.obstaclemap import Blocked, blocked_marks
from sonae.web.drawing.plane import Plane

WIDTH, HEIGHT = 760.0, 560.0
LABELLED = 14
SMALLEST, LARGEST = 4.0, 30.0


@dataclass(frozen=True)
class TownMark:
    """One 町字: ``count`` sizes its circle; ``urgent`` of them are in the gravest danger."""

    name: str
    longitude: float
    latitude: float
    count: int
    urgent: int = 0
    href: str = ""


@dataclass(frozen=True)
class Ground:
    """A picture to lay below, by its address and its bounds in degrees."""

    href: str
    west: float
    north: float
    east: float
    south: float


def town_map(
    marks: Sequence[TownMark],
    *,
    title: str,
    description: str,
    places: Iterable[tuple[float, float]] = (),
    grounds: Iterable[Ground] = (),
    around: Sequence[tuple[float, float]] = (),
    blocks: Iterable[Blocked] = (),
) -> SafeString:
    """Draw every town as a dot and, where ``count`` > 0, as a circle of proportional area.

    The darker core of a circle is the share that is urgent. ``places`` (lon, lat) are facilities.
    The ``LABELLED`` largest counts are written beside their circle, then names where there is room.
    ``grounds`` (streets, say) are loaded by the browser; without them the picture is still whole.
    ``around`` (lon, lat) are points that the picture shall take in besides the towns.
    ``blocks`` are closed roads, collapses and water.
    """
    corners = [*around, *((m.longitude, m.latitude) for m in marks)]
    if not corners:
        return SafeString("")
    plane = Plane.around(corners, WIDTH, HEIGHT, margin=0.06)
    ranked = sorted(marks, key=lambda m: -m.count)
    radii = _Radii(max((m.count for m in marks), default=1) or 1, max(len(marks), 1))
    dots = "".join(_dot(plane, mark) for mark in marks)
    houses = "".join(_house(plane, lon, lat) for lon, lat in places if plane.holds(lon, lat))
    circles = "".join(_circle(plane, mark, radii) for mark in ranked if mark.count)
    labels = _labels(plane, ranked, radii)
    below = "".join(ground(plane, one) for one in grounds)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg class="town-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="town-map-title '
        f'town-map-text"><title id="town-map-title">{escape(title)}</title>'
        f'<desc id="town-map-text">{escape(description)}</desc>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>{below}{dots}{houses}{circles}{blocked_marks(plane, blocks)}{labels}'
        f"{scale_bar(plane)}</svg>"
    )


def scale_bar(plane: Plane) -> str:
    """Return the scale of a picture, for its lower left corner."""
    length, scale = plane.scale(0.2)
    return (
        f'<g transform="translate(16 {HEIGHT - 16:g})"><path d="M0-6V0H{length:.1f}V-6" fill="none" '
        f'stroke="#17202e" stroke-width="2"/><text x="{length + 8:.1f}" font-size="14" fill="#17202e">'
        f"{scale}</text></g>"
    )


def ground(plane: Plane, one: Ground) -> str:
    """Return a picture where it lies; what hangs over the edge is cut off by the view box."""
    left, top = plane.xy(one.west, one.north)
    right, bottom = plane.xy(one.east, one.south)
    return (
        f'<image href="{escape(one.href)}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}" preserveAspectRatio="none"/>'
    )


def _dot(plane: Plane, mark: TownMark) -> str:
    """Return a town as a small grey dot."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#9aa5b1"/>'


def _house(plane: Plane, lon: float, lat: float) -> str:
    """Return a facility as a small green house."""
    x, y = plane.xy(lon, lat)
    return f'<path transform="translate({x:.1f} {y:.1f})" d="M0-6 6-1V5H-6V-1z" fill="#0a6b3d"/>'


@dataclass(frozen=True)
class _Radii:
    """Radii of circles whose area grows with the count; smaller where towns are many."""

    most: int
    towns: int

    def __call__(self, mark: TownMark) -> float:
        """Return a town's radius."""
        room = math.sqrt(WIDTH * HEIGHT / self.towns) * 0.55
        return SMALLEST + min(room, LARGEST) * math.sqrt(mark.count / self.most)


def _circle(plane: Plane, mark: TownMark, radii: _Radii) -> str:
    """Return the circle of a town, its urgent core, and what a pointer is told."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    radius = radii(mark)
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


Box = tuple[float, float, float, float]


def _labels(plane: Plane, ranked: Sequence[TownMark], radii: _Radii) -> str:
    """Return names and counts of the largest towns, leaving out those that would cover another."""
    taken: list[Box] = []
    texts: list[str] = []
    for mark in ranked:
        box = _label_box(plane, mark, radii)
        if len(texts) < LABELLED and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            texts.append(_label(box, mark))
    return "".join(texts)


def _label_box(plane: Plane, mark: TownMark, radii: _Radii) -> Box:
    """Return the box of a label (left, top, right, bottom), beside its circle and in the picture."""
    x, y = plane.xy(mark.longitude, mark.latitude)
    wide = 15.0 * len(mark.name) + 9.0 * len(f"{mark.count:,}") + 8
    gap = radii(mark) + 4
    left = x + gap if x + gap + wide <= WIDTH else x - gap - wide
    return left, y - 10, left + wide, y + 10


def _overlap(one: Box, other: Box) -> bool:
    """Tell whether two boxes share ground."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _label(box: Box, mark: TownMark) -> str:
    """Return name and count of a town."""
    size, colour = (15, "#17202e") if mark.count else (12, "#4a5566")
    count = f' <tspan font-weight="700">{mark.count:,}</tspan>' if mark.count else ""
    return (
        f'<text x="{box[0]:.1f}" y="{box[1] + 15:.1f}" font-size="{size}" fill="{colour}" '
        f'stroke="#f3f4ee" stroke-width="4" paint-order="stroke">{escape(mark.name)}{count}</text>'
    )
