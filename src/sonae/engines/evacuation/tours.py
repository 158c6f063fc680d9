"""In which order to walk past some homes: a short way through all of them, from the outermost on.

Straight lines, because whoever goes from door to door does not keep to streets that a map knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_ROUNDS = 40
METRES_PER_DEGREE = 111_195.0


def tour(latitudes: Sequence[float], longitudes: Sequence[float]) -> list[int]:
    """Return the places' indices in walking order (n,); an open way, equal places next to each other.

    Nearest neighbour from the place farthest from the middle, then pieces turned around as long as
    that shortens the way (2-opt).
    """
    count = len(latitudes)
    if count < 3:
        return list(range(count))
    points = _metres(np.asarray(latitudes, float), np.asarray(longitudes, float))
    order = _nearest(points)
    for _round in range(MOST_ROUNDS):
        if not _turned(points, order):
            break
    return [int(place) for place in order]


def length(latitudes: Sequence[float], longitudes: Sequence[float], order: Sequence[int]) -> float:
    """Return the metres of an order."""
    points = _metres(np.asarray(latitudes, float), np.asarray(longitudes, float))[list(order)]
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _metres(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    squeeze = math.cos(math.radians(float(latitudes.mean())))
    east = (longitudes - longitudes.mean()) * squeeze
    return np.stack([east, latitudes - latitudes.mean()], axis=1) * METRES_PER_DEGREE


def _nearest(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest-neighbour order from the outermost place."""
    here = int(np.hypot(*(points - points.mean(axis=0)).T).argmax())
    left = np.ones(len(points), bool)
    order = np.empty(len(points), np.int64)
    for place in range(len(points)):
        order[place], left[here] = here, False
        apart = np.where(left, np.hypot(*(points - points[here]).T), np.inf)
        here = int(apart.argmin())
    return order


def _turned(points: NDArray[np.float64], order: NDArray[np.int64]) -> bool:
    """Turn around, for every place, the piece after it that shortens the way most; whether any did."""
    found = False
    for first in range(len(order) - 2):
        path = points[order]
        start, after = path[first], path[first + 1]
        ends = path[first + 2 :]
        now = np.hypot(*(after - start)) + np.append(np.hypot(*np.diff(ends, axis=0).T), 0.0)
        onward = np.concatenate([np.hypot(*(ends[1:] - after).T), [0.0]])
        gain = now - np.hypot(*(ends - start).T) - onward
        best = int(gain.argmax())
        if gain[best] > 1e-6:
            last = first + 2 + best
            order[first + 1 : last + 1] = order[first + 1 : last + 1][::-1]
            found = True
    return found
