"""One hazard layer over the city: what it draws, where it was surveyed, and where nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.citymap import HEIGHT, WIDTH, Ground, ground, scale_bar
from sonae.web.drawing.plane import Plane

Point = tuple[float, float]


def layer_map(
    towns: Sequence[Point],
    layer: Ground,
    *,
    title: str,
    description: str,
    streets: Iterable[Ground] = (),
    key: str = "",
) -> SafeString:
    """Draw a layer's picture on hatched ground; only its own picture is plain, as far as surveyed.

    ``towns`` (lon, lat) are dots for orientation. ``key`` tells several maps of one page apart.
    """
    corners = [(layer.west, layer.north), (layer.east, layer.south)]
    plane = Plane.around([*towns, *corners], WIDTH, HEIGHT, margin=0.04)
    left, top = plane.xy(layer.west, layer.north)
    right, bottom = plane.xy(layer.east, layer.south)
    box = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    below = "".join(ground(plane, one) for one in streets)
    dots = "".join(_dot(plane, *town) for town in towns)
    return mark_safe(  # noqa: S308 - every text is escaped
        f'<svg class="town-map" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="layer-title{key} '
        f'layer-text{key}"><title id="layer-title{key}">{escape(title)}</title>'
        f'<desc id="layer-text{key}">{escape(description)}</desc>'
        f'<defs><pattern id="unsurveyed{key}" width="9" height="9" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect width="9" height="9" fill="#e6e7e2"/>'
        '<rect width="4" height="9" fill="#d3d5cd"/></pattern></defs>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="url(#unsurveyed{key})"/>'
        f'<rect {box} fill="#f8f9f5"/>{below}{ground(plane, layer)}'
        f'<rect {box} fill="none" stroke="#47546a" stroke-width="1.5" stroke-dasharray="6 4"/>'
        f"{dots}{scale_bar(plane)}</svg>"
    )


def _dot(plane: Plane, lon: float, lat: float) -> str:
    """Return a town as a small dot."""
    x, y = plane.xy(lon, lat)
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="#47546a"/>'
