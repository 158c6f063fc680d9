"""Which ways people on foot may use in an evacuation, and what the ways are like.

Follows the tags of OpenStreetMap (``highway``, ``foot``, ``access`` …) and, where a file has them,
those of 歩行空間ネットワークデータ (国土交通省, ``route_type``). The more particular tag counts:
``foot`` over ``access`` over ``highway``. A file without ``highway`` holds roads made by somebody
who knows the place: all of them count, unless ``foot`` or ``access`` says no.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.lines import Lines

WALKED = frozenset(
    {
        "footway", "path", "pedestrian", "steps", "living_street", "residential", "service", "track",
        "unclassified", "road", "cycleway", "platform", "crossing", "sidewalk",
        "tertiary", "tertiary_link", "secondary", "secondary_link", "primary", "primary_link",
        "trunk", "trunk_link",
    }
)  # fmt: skip
"""Ordinary roads and paths. National roads (trunk) have room beside the traffic in Japan."""
UNDECIDED = frozenset({"bridleway", "corridor", "elevator"})
"""Left out unless ``foot`` says yes: corridors are locked at night, lifts stop with the power."""
MOTORWAYS = frozenset({"motorway", "motorway_link"})
"""自動車専用道路: walking there is forbidden (道路法 第48条の11)."""
UNBUILT = frozenset(
    {"construction", "proposed", "planned", "abandoned", "razed", "disused", "demolished", "no"}
)
NOT_WAYS = frozenset(
    {"raceway", "bus_guideway", "busway", "escape", "rest_area", "services", "emergency_bay",
     "emergency_access_point", "via_ferrata", "ladder", "traffic_island", "bus_stop"}
)  # fmt: skip
ALLOWED = frozenset(
    {"yes", "designated", "permissive", "official", "destination", "public", "customers",
     "use_sidepath", "discouraged"}
)  # fmt: skip
FORBIDDEN = frozenset(
    {"no", "private", "permit", "military", "agricultural", "forestry", "delivery", "restricted",
     "emergency"}
)  # fmt: skip
EASY_PATHS = frozenset({"strolling", "hiking", "mountain_hiking"})
"""``sac_scale`` up to T2; beyond that hands are needed, which nobody can ask of evacuees."""
REASONS = (
    "", "motorway", "private", "unbuilt", "not_a_way", "unknown_kind", "indoor", "ford", "mountain",
    "lift",
)  # fmt: skip
USED, MOTORWAY, PRIVATE, UNBUILT_YET, NOT_A_WAY, UNKNOWN_KIND, INDOOR, FORD, MOUNTAIN, LIFT = range(
    10
)
NUMBERED_STAIRS, NUMBERED_ESCALATOR, NUMBERED_LIFT = "6", "5", "4"
"""``route_type`` (経路の種類): the codes that all editions share. Codes of width and slope differ."""
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
WIDEST_M, STEEPEST = 150.0, 1.5


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found of each line (k,).

    ``reason``: index into `REASONS`, 0 = people may walk here. ``stairs``, ``bridge``, ``tunnel``.
    ``width_m``, ``slope`` (rise over run in the line's direction): nan = not stated. ``unreadable``:
    (line, tag, value) of what is stated but cannot be meant.
    """

    reason: NDArray[np.uint8]
    stairs: NDArray[np.bool_]
    bridge: NDArray[np.bool_]
    tunnel: NDArray[np.bool_]
    width_m: NDArray[np.float32]
    slope: NDArray[np.float32]
    unreadable: list[tuple[int, str, str]]


def judge(lines: Lines) -> Judged:
    """Judge every line by its tags."""
    unreadable: list[tuple[int, str, str]] = []
    kinds = [_words(value) for value in lines.tag("route_type")]
    stairs = _has(lines.tag("highway"), {"steps"}) | _truth(lines.tag("stairs", "階段"))
    stairs &= ~_truth(lines.tag("ramp:wheelchair"))
    stairs |= np.array([bool(k & {NUMBERED_STAIRS, NUMBERED_ESCALATOR}) for k in kinds], bool)
    stairs |= _has(lines.tag("wheelchair"), {"no"})
    width = _numbers(lines, ("width", "幅員", "w_min", "有効幅員"), _width, unreadable)
    guessed = _numbers(lines, ("est_width",), _width, unreadable)
    slope = _numbers(lines, ("incline", "勾配"), _incline, unreadable)
    return Judged(
        _reasons(lines, kinds), stairs, _truth(lines.tag("bridge", "橋")),
        _truth(lines.tag("tunnel", "トンネル")),
        np.where(np.isnan(width), guessed, width).astype(np.float32), slope.astype(np.float32),
        unreadable,
    )  # fmt: skip


def _words(value: object) -> frozenset[str]:
    """Return the values that a cell names; simplified data join several (``a,b``, ``['a', 'b']``)."""
    if value is None or value != value:
        return frozenset()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    parts = re.split(r"[,;|]", str(value).strip("[]"))
    return frozenset(part.strip(" '\"").lower() for part in parts) - {""}


def _has(values: NDArray[Any], wanted: set[str]) -> NDArray[np.bool_]:
    """Return which cells name one of the wanted values."""
    return _each(values, lambda words: bool(words & wanted))


def _truth(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which cells say that something is there; ``bridge=viaduct`` does, ``no`` does not."""
    nothing = {"no", "false", "0", "none", "nan", "無", "なし", "-", "building_passage", "culvert"}
    return _each(values, lambda words: bool(words - nothing))


def _each(values: NDArray[Any], test: Callable[[frozenset[str]], bool]) -> NDArray[np.bool_]:
    """Return a test of every cell, each different value tested once."""
    known: dict[object, bool] = {}
    found = np.zeros(len(values), bool)
    for number, value in enumerate(values.tolist()):
        if value is None:
            continue
        if value not in known:
            known[value] = test(_words(value))
        found[number] = known[value]
    return found


def _reasons(lines: Lines, kinds: list[frozenset[str]]) -> NDArray[np.uint8]:
    """Return why each line is left out, 0 where it is not."""
    names = ("highway", "foot", "access", "motorroad", "indoor", "ford", "sac_scale")
    cells = zip(*(lines.tag(name).tolist() for name in names), strict=True)
    known: dict[tuple[object, ...], int] = {}
    found = np.zeros(len(lines), np.uint8)
    for number, row in enumerate(cells):
        key = tuple(None if cell != cell else cell for cell in row)
        if key not in known:
            known[key] = reason(*map(_words, key))
        found[number] = known[key]
    lifts = np.array([NUMBERED_LIFT in kind for kind in kinds], bool)
    return np.where((found == USED) & lifts, np.uint8(LIFT), found)


def reason(
    highway: frozenset[str],
    foot: frozenset[str] = frozenset(),
    access: frozenset[str] = frozenset(),
    motorroad: frozenset[str] = frozenset(),
    indoor: frozenset[str] = frozenset(),
    ford: frozenset[str] = frozenset(),
    sac_scale: frozenset[str] = frozenset(),
) -> int:
    """Return the index into `REASONS` of one way; where a cell names several values, all count."""
    allowed = bool(foot & ALLOWED) and not foot & FORBIDDEN
    if highway & UNBUILT:
        return UNBUILT_YET
    if highway & MOTORWAYS or ("yes" in motorroad and not allowed):
        return MOTORWAY
    if foot & FORBIDDEN or (access & FORBIDDEN and not allowed):
        return PRIVATE
    if ford & {"yes", "stepping_stones", "boat", "intermittent", "seasonal"}:
        return FORD
    if sac_scale - EASY_PATHS:
        return MOUNTAIN
    if highway & NOT_WAYS:
        return NOT_A_WAY
    if not allowed and "elevator" in highway:
        return LIFT
    if not allowed and (highway & UNDECIDED or indoor & {"yes", "corridor"}):
        return INDOOR
    if highway - WALKED - UNDECIDED:
        return UNKNOWN_KIND
    return USED


def _numbers(
    lines: Lines,
    names: tuple[str, ...],
    read: Callable[[str], float | None],
    unreadable: list[tuple[int, str, str]],
) -> NDArray[np.float64]:
    """Return a number per line, nan where none is stated; what cannot be meant is noted."""
    name = next((name for name in names if name in lines.tags), None)
    found = np.full(len(lines), np.nan)
    if name is None:
        return found
    known: dict[object, float | None] = {}
    for number, value in enumerate(lines.tags[name].tolist()):
        if value is None or value != value or value == "":
            continue
        if value not in known:
            known[value] = read(unicodedata.normalize("NFKC", str(value)).lower())
        seen = known[value]
        if seen is None:
            unreadable.append((number, name, str(value)))
        else:
            found[number] = seen
    return found


def _width(text: str) -> float | None:
    """Return metres; the narrowest of several. None for what is no width of a way."""
    if "'" in text.strip("[]' ") or "ft" in text:
        return None
    values = [float(part) for part in _NUMBER.findall(text)]
    return min(values) if values and 0 < min(values) <= max(values) <= WIDEST_M else None


def _incline(text: str) -> float | None:
    """Return rise over run of ``10%``, ``-4.5 %``, ``6°``; nan for up and down, which say no figure."""
    if text.strip() in {"up", "down", "yes", "steep", "up/down"}:
        return np.nan
    values = _NUMBER.findall(text)
    if len(values) != 1:
        return None
    rise = float(np.tan(np.radians(float(values[0])))) if "°" in text else float(values[0]) / 100
    return rise if abs(rise) <= STEEPEST else None
