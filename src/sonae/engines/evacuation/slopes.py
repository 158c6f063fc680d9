"""How steep the lines are: from stated slopes, heights at both ends, heights of points or the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.lines import Lines, on_earth
from sonae.engines.evacuation.walkable import STEEPEST, Judged

WINDOW_M = 30.0
"""Heights are compared over this much of the way: a ground model errs by decimetres, which on a
piece of 5 m would be a cliff."""
_ENDS = (("h_s_SAMPLE", "h_e_SAMPLE"), ("start_height", "end_height"), ("始点標高", "終点標高"))


def slopes(
    lines: Lines, judged: Judged, ground: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """Return rise over run of the piece that begins at each point (p,), nan where nothing says it.

    What the file states counts first, then the heights at the ends of a line, then the heights of
    its points, then ``ground``. A bridge or a tunnel leaves the ground: it rises evenly from end to end.
    """
    along = distances(lines)
    owner = lines.owner
    found = np.asarray(judged.slope, np.float64)[owner]
    for stated in (_of_ends(lines, along)[owner], _of_points(lines, judged, along, lines.height_m)):
        found = np.where(np.isnan(found), stated, found)
    if ground is not None:
        under = _of_points(lines, judged, along, ground)
        found = np.where(np.isnan(found), under, found)
    return np.where(np.abs(found) <= STEEPEST, found, np.nan).astype(np.float32)


def distances(lines: Lines) -> NDArray[np.float64]:
    """Return metres from the beginning of its line to every point (p,); a lost point adds nothing."""
    from pyproj import Geod

    metres = np.zeros(len(lines.lat))
    sound = on_earth(lines.lat, lines.lon)
    same = np.flatnonzero(
        (np.diff(lines.owner) == 0) & sound[1:] & sound[:-1] if len(metres) else np.zeros(0, bool)
    )
    _, _, steps = Geod(ellps="GRS80").inv(
        lines.lon[same], lines.lat[same], lines.lon[same + 1], lines.lat[same + 1]
    )
    metres[same + 1] = steps
    total = np.cumsum(metres)
    begins = lines.start[:-1]
    full = np.diff(lines.start) > 0
    base = np.zeros(len(lines))
    base[full] = total[begins[full]]
    return np.asarray(total - base[lines.owner])


def _of_ends(lines: Lines, along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of each line from the heights at its ends (k,)."""
    names = next((pair for pair in _ENDS if all(name in lines.tags for name in pair)), None)
    if names is None or not len(lines):
        return np.full(len(lines), np.nan)
    start, end = (_metres(lines.tags[name]) for name in names)
    length = np.zeros(len(lines))
    full = np.diff(lines.start) > 0
    length[full] = along[lines.start[1:][full] - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, (end - start) / length, np.nan)


def _metres(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return a column as numbers, nan for what is none."""
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return np.array([_number(value) for value in values.tolist()])


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def _of_points(
    lines: Lines, judged: Judged, along: NDArray[np.float64], height: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the slope of the piece beginning at each point, over `WINDOW_M` around its middle."""
    known = np.isfinite(height) & on_earth(lines.lat, lines.lon)
    if known.sum() < 2:
        return np.full(len(height), np.nan)
    owner = lines.owner
    # One axis for all lines: each begins a kilometre after the end of the one before.
    begin = np.concatenate(([0.0], np.cumsum(_lengths(lines, along) + 1000.0)))[:-1]
    axis, values = begin[owner[known]] + along[known], height[known]
    middle = along.copy()
    middle[:-1] = (along[:-1] + along[1:]) / 2
    low, high = _known_reach(lines, along, known)
    even = (judged.bridge | judged.tunnel)[owner]
    since = np.where(even, low[owner], np.maximum(middle - WINDOW_M / 2, low[owner]))
    until = np.where(even, high[owner], np.minimum(middle + WINDOW_M / 2, high[owner]))
    run = until - since
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = (np.interp(begin[owner] + at, axis, values) for at in (since, until))
        start, end = ends
        return np.where(run > 1.0, (end - start) / run, np.nan)


def _lengths(lines: Lines, along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the metres of each line (k,)."""
    length = np.zeros(len(lines))
    np.maximum.at(length, lines.owner, along)
    return length


def _known_reach(
    lines: Lines, along: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where on each line the first and the last known height lie (k,), nan without any."""
    low, high = np.full(len(lines), np.inf), np.full(len(lines), -np.inf)
    np.minimum.at(low, lines.owner[known], along[known])
    np.maximum.at(high, lines.owner[known], along[known])
    none = ~np.isfinite(low)
    low[none], high[none] = np.nan, np.nan
    return low, high
