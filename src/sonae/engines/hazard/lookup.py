"""What the layers of one hazard say about many places, in three values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sonae.engines.hazard.layer import NOT_SURVEYED, OUTSIDE, UNREADABLE, Layer

AnyLayer = TypeVar("AnyLayer", bound=Layer)
OUT, IN, UNKNOWN = range(3)
EXTENTS = ("depth", "zone")
"""Kinds of layers that say where danger reaches; collapse and duration say more about it."""
ZONES = ("outside", "inside", "unknown")


@dataclass(frozen=True, eq=False)
class Found:
    """One hazard at many places; arrays of one length.

    ``zone``: OUT, IN or UNKNOWN. ``rank``: 0–6. ``depth_m``: greatest upper depth in metres of any
    layer, inf when open, nan outside and where a layer draws danger without a depth. ``collapse``:
    inside 家屋倒壊等氾濫想定区域; ``collapse_known``: some layer says whether. ``duration``: rank, 0 none,
    255 unknown. ``layer``: index of the layer that gave the rank, -1 none.
    """

    zone: NDArray[np.uint8]
    rank: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    collapse: NDArray[np.bool_]
    duration: NDArray[np.uint8]
    layer: NDArray[np.int8]
    collapse_known: NDArray[np.bool_]


# Tables of 256 answers: a lookup takes a sixth of the time of a choice made place by place.
_LAST = np.uint16(255)
_ALL = np.arange(256)
_DRAWN = (_ALL > OUTSIDE) & (_ALL < UNREADABLE)
_AFTER = np.where(_ALL < UNREADABLE, _ALL + 1, 0).astype(np.uint8)
"""A known duration plus one, 0 where it is not known: the maximum is the longest known one."""
_BEFORE = np.where(_ALL == 0, NOT_SURVEYED, _ALL - 1).astype(np.uint8)
_NOWHERE = np.where(_ALL == 0, np.nan, 0.0).astype(np.float32)
_ZONE = np.array([UNKNOWN, OUT, IN, IN], np.uint8)
"""By inside × 2 + surveyed."""


def _keys(number: int) -> NDArray[np.uint16]:
    """Return per rank what sorts by rank and then by the earlier layer; 0 where nothing is drawn."""
    return np.where(_DRAWN, _ALL << 8 | (255 - number), 0).astype(np.uint16)


def depth_table(layer: Layer) -> NDArray[np.float32]:
    """Return the upper depth in metres per rank 0–255: 0 where no water is drawn, nan unstated."""
    table = np.full(256, np.nan, np.float32)
    table[[OUTSIDE, UNREADABLE, NOT_SURVEYED]] = 0.0
    for rank, (_, upper) in enumerate(layer.depths, start=1):
        table[rank] = np.inf if upper is None else upper
    return table


def governing(layers: Sequence[AnyLayer]) -> list[AnyLayer]:
    """Return the layers whose "nothing here" counts: 想定最大規模 (L2) where there is one, else all.

    Dry in a 計画規模 (L1) survey is not dry in the largest flood.
    """
    largest = [layer for layer in layers if layer.scale == "L2"]
    return largest or list(layers)


def zones(layers: Sequence[Layer], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> Found:
    """Look one hazard's layers up at all places (degrees).

    Inside when any layer says so (the highest rank counts; another river may have L1 only); outside
    when none says inside and a governing layer was surveyed there; else unknown. No layer at all:
    unknown everywhere. The depth is the greatest of all layers, whatever its rank: rank 4 of one
    survey (2–3 m) is less water than rank 3 of another (3–5 m).
    """
    count = len(lat)
    best = np.zeros(count, np.uint16)
    depth = np.zeros(count, np.float32)
    surveyed, collapse, collapse_known = np.zeros((3, count), bool)
    longest = np.zeros(count, np.uint8)
    unmeasured: NDArray[np.bool_] | None = None
    deciding = {id(layer) for layer in governing([one for one in layers if one.kind in EXTENTS])}
    for number, layer in enumerate(layers):
        found = layer.ranks_at(lat, lon)
        if layer.kind == "collapse":
            collapse |= _DRAWN.take(found)
            collapse_known |= found < UNREADABLE
        elif layer.kind == "duration":
            np.maximum(longest, _AFTER.take(found), out=longest)
        else:
            if id(layer) in deciding:
                surveyed |= found < UNREADABLE
            np.maximum(best, _keys(number).take(found), out=best)
            if layer.scale == "observed" and not layer.depths:
                unmeasured = _DRAWN.take(found) | (False if unmeasured is None else unmeasured)
                continue
            np.maximum(depth, depth_table(layer).take(found), out=depth)
    if unmeasured is not None:
        depth[unmeasured & (depth == 0.0)] = np.nan
    rank = (best >> 8).astype(np.uint8)
    depth += _NOWHERE.take(rank)
    inside = (rank > 0) | collapse
    zone = _ZONE.take(inside.view(np.uint8) * np.uint8(2) + surveyed.view(np.uint8))
    which = (_LAST - (best & _LAST)).astype(np.uint8).view(np.int8)
    duration = _BEFORE.take(longest)
    return Found(zone, rank, depth, collapse, duration, which, collapse_known)


_RING: Final = [(0.0, 0.0)] + [
    (share * np.sin(turn), share * np.cos(turn))
    for share in (0.35, 0.7, 1.0)
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False)
]
"""Where around an uncertain place the maps are asked, in shares of its spread (north, east)."""
Say = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.uint8]]


def uncertain(
    say: Say, lat: NDArray[np.float64], lon: NDArray[np.float64], spread_m: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Return the places (indices) of which ``say`` does not tell one thing all around.

    ``spread_m``: how far around its place (degrees) a house may lie; 0 certain, inf nobody knows.
    """
    unsure = np.flatnonzero(spread_m > 0)
    if not len(unsure):
        return unsure
    places, back = np.unique(
        np.stack([lat[unsure], lon[unsure], spread_m[unsure]], axis=1), axis=0, return_inverse=True
    )
    lat, lon, spread = places.T
    reach = np.where(np.isfinite(spread), spread, 0.0) / 111_320.0
    seen = np.stack(
        [
            say(lat + north * reach, lon + east * reach / np.cos(np.radians(lat)))
            for north, east in _RING
        ]
    )
    agreed = (seen == seen[0]).all(axis=0) & np.isfinite(spread)
    lost: NDArray[np.int64] = unsure[~agreed[back.ravel()]]
    return lost
