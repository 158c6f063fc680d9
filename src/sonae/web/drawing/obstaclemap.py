"""Closed roads, collapses and water on a map: a sign, a line or an area each, and the map to enter them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.plane import Plane

Line = Sequence[tuple[float, float]]
STREET_M = 10.0
"""How wide a street is drawn, in metres, as far as that can be seen."""


@dataclass(frozen=True)
class Blocked:
    """One report: ``kind`` closed, collapsed or flooded, its ``name`` for reading, where it lies.

    ``points``, ``lines`` and ``areas`` (outer rings) in (longitude, latitude).
    """

    kind: str
    name: str
    points: Line = ()
    lines: Sequence[Line] = ()
    areas: Sequence[Line] = ()


@dataclass(frozen=True)
class Named:
    """A named point for orientation."""

    name: str
    longitude: float
    latitude: float
    house: bool = False


_SIGNS = {
    "closed": '<circle r="10" fill="#b3130c" stroke="#fff" stroke-width="2"/>'
    '<path d="M-5.5 0H5.5" stroke="#fff" stroke-width="4"/>',
    "collapsed": '<path d="M0-11 11 9H-11z" fill="#7a3b00" stroke="#fff" stroke-width="2"/>'
    '<path d="M0-4V3M0 5V7" stroke="#fff" stroke-width="2.5"/>',
    "flooded": '<circle r="10" fill="#0b4aa8" stroke="#fff" stroke-width="2"/>'
    '<path d="M-6 1q3-4 6 0t6 0" fill="none" stroke="#fff" stroke-width="2.5"/>',
}
_COLOURS = {"closed": "#b3130c", "collapsed": "#7a3b00", "flooded": "#0b4aa8"}


def blocked_marks(plane: Plane, blocks: Iterable[Blocked]) -> str:
    """Return all reports that touch the picture; forms and not colours alone tell them apart."""
    return "".join(_mark(plane, one) for one in blocks if _touches(plane, one))


def _touches(plane: Plane, one: Blocked) -> bool:
    """Tell whether the box around a report overlaps the picture."""
    every = [*one.points, *(p for line in (*one.lines, *one.areas) for p in line)]
    if not every:
        return False
    placed = [plane.xy(*point) for point in every]
    xs, ys = [x for x, _ in placed], [y for _, y in placed]
    across = min(xs) <= plane.width and max(xs) >= 0
    return across and min(ys) <= plane.height and max(ys) >= 0


def _mark(plane: Plane, one: Blocked) -> str:
    """Return one report: its area, its line, and a sign at every point or in the middle."""
    colour = _COLOURS[one.kind]
    drawn = [
        f'<path d="{plane.path(area)}Z" fill="{colour}" fill-opacity=".3" stroke="{colour}" '
        'stroke-width="2.5"/>'
        for area in one.areas
    ]
    drawn += [
        f'<path d="{plane.path(line)}" fill="none" stroke="#fff" stroke-width="9"/>'
        f'<path d="{plane.path(line)}" fill="none" stroke="{colour}" stroke-width="6" '
        'stroke-dasharray="10 5"/>'
        for line in one.lines
    ]
    middles = [line[len(line) // 2] for line in one.lines]
    middles += [_middle(area) for area in one.areas]
    drawn += [_sign(plane, one.kind, place) for place in [*one.points, *middles]]
    return f"<g><title>{escape(one.name)}</title>{''.join(drawn)}</g>"


def _middle(ring: Line) -> tuple[float, float]:
    """Return the mean of a ring's corners."""
    corners = ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
    return sum(p[0] for p in corners) / len(corners), sum(p[1] for p in corners) / len(corners)


def _sign(plane: Plane, kind: str, place: tuple[float, float]) -> str:
    """Return the sign of a kind at a place."""
    x, y = plane.xy(*place)
    return f'<g transform="translate({x:.1f} {y:.1f})">{_SIGNS[kind]}</g>'


def entry_map(
    plane: Plane,
    *,
    title: str,
    streets: Sequence[Line],
    names: Iterable[Named],
    blocks: Iterable[Blocked],
    hit: Iterable[Line] = (),
    drawing: Line = (),
    closed_ring: bool = False,
) -> SafeString:
    """Return a map that stands alone as a picture: streets, names, reports, and what is being drawn.

    ``hit``: pieces of road that the reports lie on.
    """
    wide = max(1.6, min(8.0, STREET_M / plane.metres))
    struck = "".join(plane.path(line) for line in hit)
    path = "".join(plane.path(line) for line in streets)
    length, scale = plane.scale(0.25)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plane.width:g} {plane.height:g}" '
        f'width="{plane.width:g}" height="{plane.height:g}" font-family="sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{plane.width:g}" height="{plane.height:g}" fill="#f3f4ee"/>'
        f'<path d="{path}" fill="none" stroke="#b9bfb0" stroke-width="{wide:.1f}" stroke-linecap="round"/>'
        f'<path d="{path}" fill="none" stroke="#fff" stroke-width="{wide * 0.6:.1f}" stroke-linecap="round"/>'
        f'<path d="{struck}" fill="none" stroke="#b3130c" stroke-width="4" stroke-linecap="round"/>'
        f"{_labels(plane, names)}{blocked_marks(plane, blocks)}"
        f"{_drawing(plane, drawing, closed_ring)}"
        f'<g transform="translate(14 {plane.height - 14:g})"><path d="M0-6V0H{length:.1f}V-6" fill="none" '
        f'stroke="#17202e" stroke-width="2"/><text x="{length + 6:.1f}" font-size="13">{scale}</text></g></svg>'
    )


def _labels(plane: Plane, names: Iterable[Named]) -> str:
    """Return the names in the picture; one that would cover another stays out, its house stays."""
    taken: list[tuple[float, float, float, float]] = []
    drawn = []
    for one in names:
        if not plane.holds(one.longitude, one.latitude):
            continue
        x, y = plane.xy(one.longitude, one.latitude)
        half, lower = 6.7 * len(one.name), y + 20 if one.house else y
        box = (x - half, lower - 13, x + half, lower + 4)
        free = all(
            box[0] >= o[2] or box[2] <= o[0] or box[1] >= o[3] or box[3] <= o[1] for o in taken
        )
        if free:
            taken.append(box)
        drawn.append(_name(plane, one, shown=free))
    return "".join(drawn)


def _name(plane: Plane, one: Named, *, shown: bool) -> str:
    """Return a name with a white edge, and a house where it is a facility."""
    x, y = plane.xy(one.longitude, one.latitude)
    house = (
        f'<path transform="translate({x:.1f} {y:.1f})" d="M0-7 7-1V6H-7V-1z" fill="#0a6b3d" stroke="#fff"/>'
        if one.house
        else ""
    )
    lower = y + 20 if one.house else y
    if not shown:
        return house
    return (
        f'{house}<text x="{x:.1f}" y="{lower:.1f}" text-anchor="middle" font-size="13" fill="#17202e" '
        f'stroke="#f3f4ee" stroke-width="4" paint-order="stroke">{escape(one.name)}</text>'
    )


def _drawing(plane: Plane, points: Line, closed_ring: bool) -> str:
    """Return what is being drawn: numbered points, joined."""
    if not points:
        return ""
    end = "Z" if closed_ring and len(points) > 2 else ""
    joined = (
        f'<path d="{plane.path(points)}{end}" fill="{"#b3130c" if end else "none"}" fill-opacity=".25" '
        'stroke="#b3130c" stroke-width="3" stroke-dasharray="6 4"/>'
    )
    dots = ""
    for number, (lon, lat) in enumerate(points, start=1):
        x, y = plane.xy(lon, lat)
        dots += (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="#b3130c" stroke="#fff" stroke-width="2"/>'
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="12" font-weight="700" '
            f'fill="#fff">{number}</text>'
        )
    return joined + dots
