"""What the layers of one hazard say about many places, in three values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

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
    rank = np.zeros(count, np.uint8)
    depth = np.zeros(count, np.float32)
    which = np.full(count, -1, np.int8)
    surveyed = np.zeros(count, bool)
    collapse = np.zeros(count, bool)
    collapse_known = np.zeros(count, bool)
    duration = np.full(count, NOT_SURVEYED, np.uint8)
    deciding = {id(layer) for layer in governing([one for one in layers if one.kind in EXTENTS])}
    for number, layer in enumerate(layers):
        found = layer.ranks_at(lat, lon)
        valid = (found > OUTSIDE) & (found < UNREADABLE)
        if layer.kind == "collapse":
            collapse |= valid
            collapse_known |= found < UNREADABLE
        elif layer.kind == "duration":
            longer = (found < UNREADABLE) & ((duration == NOT_SURVEYED) | (found > duration))
            np.copyto(duration, found, where=longer)
        else:
            if id(layer) in deciding:
                surveyed |= found < UNREADABLE
            better = valid & (found > rank)
            np.copyto(rank, found, where=better)
            np.maximum(depth, depth_table(layer).take(found), out=depth)
            np.copyto(which, np.int8(number), where=better)
    np.copyto(depth, np.float32(np.nan), where=rank == 0)
    zone = np.full(count, UNKNOWN, np.uint8)
    np.copyto(zone, np.uint8(OUT), where=surveyed)
    np.copyto(zone, np.uint8(IN), where=(rank > 0) | collapse)
    return Found(zone, rank, depth, collapse, duration, which, collapse_known)
