"""Lines as road files give them: points in order, and what the file says about each line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 1e-7
"""Points closer than this many degrees (1 cm) are one place where the file does not number them."""
PARTED = -1
"""The key of a point that joins nothing, not even another line through the same place."""


@dataclass(frozen=True, eq=False)
class Lines:
    """``k`` lines of a file over ``p`` points.

    ``lat``, ``lon``: degrees of all points, line after line (p,), nan where the file has none.
    ``key``: points with the same key are the same place (p,); `PARTED` joins nothing. ``start``:
    (k+1,) offsets of the lines. ``row``: number by which a person finds the line in the file (k,).
    ``tags``: name → text or number of each line, None where it is not given (k,). ``height_m``:
    metres above the sea (p,), nan = unknown. ``numbered``: keys come from the file's own numbers,
    not from the coordinates.
    """

    input: str
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    key: NDArray[np.int64]
    start: NDArray[np.int64]
    row: NDArray[np.int64]
    tags: dict[str, NDArray[Any]]
    height_m: NDArray[np.float64]
    numbered: bool = False

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self.row)

    def tag(self, *names: str) -> NDArray[Any]:
        """Return the first tag that the file has; all None when it has none of them."""
        for name in names:
            if name in self.tags:
                return self.tags[name]
        return np.full(len(self), None, object)

    @property
    def owner(self) -> NDArray[np.int64]:
        """The line that each point belongs to (p,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))


def grid_keys(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one number per place on a grid of a centimetre; `PARTED` for what is no place."""
    sound = on_earth(lat, lon)
    rows = np.rint(np.where(sound, lat + 90.0, 0.0) / GRID).astype(np.int64)
    columns = np.rint(np.where(sound, lon + 180.0, 0.0) / GRID).astype(np.int64)
    return np.where(sound, (columns << 31) | rows, PARTED)


def on_earth(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points are numbers and on the globe."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(lat) <= 90) & (np.abs(lon) <= 180), bool)


def clipped(lines: Lines, box: tuple[float, float, float, float]) -> Lines:
    """Return the lines that have a point inside west, south, east, north (degrees), whole."""
    west, south, east, north = box
    with np.errstate(invalid="ignore"):
        inside = (lines.lon >= west) & (lines.lon <= east)
        inside &= (lines.lat >= south) & (lines.lat <= north)
    return chosen(lines, np.bincount(lines.owner[inside], minlength=len(lines)) > 0)


def chosen(lines: Lines, keep: NDArray[np.bool_]) -> Lines:
    """Return only the lines marked."""
    points = np.repeat(keep, np.diff(lines.start))
    sizes = np.diff(lines.start)[keep]
    return Lines(
        lines.input, lines.lat[points], lines.lon[points], lines.key[points],
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), lines.row[keep],
        {name: values[keep] for name, values in lines.tags.items()}, lines.height_m[points],
        lines.numbered,
    )  # fmt: skip


def joined(parts: list[Lines]) -> Lines:
    """Return the lines of several files as one; places meet by number only if all have numbers."""
    if len(parts) == 1:
        return parts[0]
    numbered = all(part.numbered for part in parts)
    names = sorted({name for part in parts for name in part.tags})
    keys = [p.key if numbered else np.where(p.key == PARTED, PARTED, grid_keys(p.lat, p.lon))
            for p in parts]  # fmt: skip
    ends = np.cumsum([0, *(len(part.lat) for part in parts)])
    starts = [part.start[:-1] + end for part, end in zip(parts, ends, strict=False)]
    return Lines(
        "、".join(part.input for part in parts),
        np.concatenate([part.lat for part in parts]),
        np.concatenate([part.lon for part in parts]),
        np.concatenate(keys),
        np.concatenate([*starts, ends[-1:]]).astype(np.int64),
        np.concatenate([part.row for part in parts]),
        {name: np.concatenate([np.asarray(part.tag(name), object) for part in parts])
         for name in names},
        np.concatenate([part.height_m for part in parts]),
        numbered,
    )  # fmt: skip
