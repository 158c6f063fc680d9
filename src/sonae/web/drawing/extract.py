"""A piece of the city map as one SVG that stays on a phone: streets, danger, sites, where one is."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sonae.web.drawing.plane import METRES_PER_DEGREE, Plane

WIDTH, HEIGHT = 640.0, 640.0
NAMED_SITES = 6
"""So many other sites near the place have their name beside them; more could not be read."""
MOST_STREETS = 8000
"""The nearest so many pieces of street: a whole ward in some 30 kB compressed."""


@dataclass(frozen=True)
class ExtractPlace:
    """A site on the map: ``goal`` marks one that an answer names."""

    name: str
    longitude: float
    latitude: float
    goal: bool = False


@dataclass(frozen=True)
class Picture:
    """A PNG to lay below the streets, with its corners in degrees."""

    png: bytes
    west: float
    north: float
    east: float
    south: float


def around(latitude: float, longitude: float, points: Sequence[tuple[float, float]]) -> Plane:
    """Return the piece of map about a place (degrees): a kilometre each way, and all ``points``."""
    north = 1000 / METRES_PER_DEGREE
    east = north / np.cos(np.radians(latitude))
    corners = [
        (longitude - east, latitude - north),
        (longitude + east, latitude + north),
    ]
    return Plane.around([*corners, *points], WIDTH, HEIGHT, margin=0.05)


def bounds(plane: Plane) -> tuple[float, float, float, float]:
    """Return west, north, east, south of a picture in degrees."""
    south = plane.north - plane.metres * plane.height / METRES_PER_DEGREE
    middle = (plane.north + south) / 2
    across = plane.metres * plane.width / (METRES_PER_DEGREE * np.cos(np.radians(middle)))
    return plane.west, plane.north, plane.west + float(across), south


def city_extract(
    plane: Plane,
    here: tuple[float, float],
    places: Sequence[ExtractPlace],
    streets: npt.NDArray[np.float64],
    picture: Picture | None,
    *,
    title: str,
    description: str,
) -> SafeString:
    """Draw the piece of map; ``streets`` (n, 4) longitude, latitude of both ends, ``here`` (lon, lat)."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        'font-family="sans-serif" aria-labelledby="extract-title extract-text">'
        f'<title id="extract-title">{escape(title)}</title>'
        f'<desc id="extract-text">{escape(description)}</desc>'
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#f3f4ee"/>',
        _picture(plane, picture) if picture else "",
        _streets(plane, here, streets),
        *_sites(plane, here, places),
        _here(plane, here),
        _scale(plane),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text is escaped above


def _picture(plane: Plane, picture: Picture) -> str:
    """Return the danger as an embedded picture."""
    left, top = plane.xy(picture.west, picture.north)
    right, bottom = plane.xy(picture.east, picture.south)
    data = base64.b64encode(picture.png).decode("ascii")
    return (
        f'<image x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
    )


def _streets(plane: Plane, here: tuple[float, float], ends: npt.NDArray[np.float64]) -> str:
    """Return the nearest streets inside the picture as one path in whole units."""
    if not len(ends):
        return ""
    middle = METRES_PER_DEGREE * np.cos(
        np.radians(plane.north - plane.metres * plane.height / 2 / METRES_PER_DEGREE)
    )
    x = (ends[:, [0, 2]] - plane.west) * middle / plane.metres
    y = (plane.north - ends[:, [1, 3]]) * METRES_PER_DEGREE / plane.metres
    inside = ((x >= 0) & (x <= WIDTH) & (y >= 0) & (y <= HEIGHT)).any(axis=1)
    x, y = x[inside], y[inside]
    left, top = plane.xy(*here)
    away = np.maximum(np.abs(x.mean(axis=1) - left), np.abs(y.mean(axis=1) - top))
    near = np.argsort(away, kind="stable")[:MOST_STREETS]
    whole = np.stack([x[near, 0], y[near, 0], x[near, 1], y[near, 1]], axis=1).round()
    lines = np.unique(whole.astype(np.int64), axis=0).tolist()
    path = "".join(f"M{a} {b}l{c - a} {d - b}" for a, b, c, d in lines if (a, b) != (c, d))
    return (
        f'<path d="{path}" fill="none" stroke="#7d8577" stroke-width="1.6" stroke-linecap="round"/>'
    )


def _sites(plane: Plane, here: tuple[float, float], places: Sequence[ExtractPlace]) -> list[str]:
    """Return all sites, those that an answer names on top; names for these and the nearest others."""
    left, top = plane.xy(*here)

    def away(place: ExtractPlace) -> float:
        x, y = plane.xy(place.longitude, place.latitude)
        return float(np.hypot(x - left, y - top))

    others = sorted((one for one in places if not one.goal), key=away)
    drawn = [_site(plane, one, named=n < NAMED_SITES) for n, one in enumerate(others)]
    return [*drawn[::-1], *(_site(plane, one, named=True) for one in places if one.goal)]


def _site(plane: Plane, place: ExtractPlace, *, named: bool) -> str:
    """Return a site: a filled house where an answer names it, a small one else."""
    x, y = plane.xy(place.longitude, place.latitude)
    if not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
        return ""
    size, colour = (1.0, "#0a6b3d") if place.goal else (0.55, "#47546a")
    house = (
        f'<path transform="translate({x:.0f} {y:.0f}) scale({size})" d="M0-15 16-2V14H-16V-2z" '
        f'fill="{colour}" stroke="#fff" stroke-width="3"/>'
    )
    if not named:
        return house
    anchor = "start" if x < WIDTH * 0.25 else "end" if x > WIDTH * 0.75 else "middle"
    text, weight = (20, 700) if place.goal else (13, 400)
    return (
        f'{house}<text x="{x:.0f}" y="{y + (36 if place.goal else 24):.0f}" text-anchor="{anchor}" '
        f'font-size="{text}" font-weight="{weight}" fill="#17202e" stroke="#fff" stroke-width="4" '
        f'paint-order="stroke">{escape(place.name)}</text>'
    )


def _here(plane: Plane, here: tuple[float, float]) -> str:
    """Return where one is: a ring."""
    x, y = plane.xy(*here)
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="11" fill="#fff" stroke="#b3130c" stroke-width="6"/>'
    )


def _scale(plane: Plane) -> str:
    """Return the scale bar."""
    length, text = plane.scale()
    return (
        f'<g transform="translate(16 {HEIGHT - 16:g})"><path d="M0-7V0H{length:.0f}V-7" fill="none" '
        f'stroke="#17202e" stroke-width="2"/><text x="{length / 2:.0f}" y="-8" text-anchor="middle" '
        f'font-size="15" fill="#17202e" stroke="#fff" stroke-width="4" paint-order="stroke">{text}</text></g>'
    )
