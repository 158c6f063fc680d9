"""A hazard layer as a transparent picture to lay over a map."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_PIXELS = 1600
"""Longest side of an overlay: a whole city in one file of a few hundred kilobytes."""

_LEAST_DEGREES = 1e-6
"""A straight street has no width; its picture still has one pixel."""

LINE_PIXELS = 1000
"""Longest side of a picture of the streets: a first look; zooming in loads the lines themselves."""

_COLOURS = np.array(
    [
        (0, 0, 0, 0),
        (247, 245, 169, 150),
        (255, 216, 192, 165),
        (255, 183, 183, 175),
        (255, 145, 145, 185),
        (242, 133, 201, 195),
        (220, 122, 220, 205),
    ],
    dtype=np.uint8,
)
"""Red-green-blue-alpha of ranks 0 (none) to 6: the published scale of 浸水想定 maps, thinned."""

_ZONES = np.array([(0, 0, 0, 0), (245, 227, 75, 215), *[(229, 72, 77, 225)] * 5], dtype=np.uint8)
"""The same of zones without depth: 警戒区域 yellow, 特別警戒区域 red, as people call them."""

_UNSURVEYED = np.array((120, 120, 120, 110), dtype=np.uint8)


def overlay_png(
    ranks: npt.NDArray[np.integer],
    unsurveyed: npt.NDArray[np.bool_] | None = None,
    *,
    zones: bool = False,
    most: int = MOST_PIXELS,
) -> bytes:
    """Return a PNG of ``ranks`` (rows from north, 0 = outside, higher = worse).

    ``unsurveyed`` marks cells nobody has surveyed; they are hatched grey, not left clear, because
    clear would look safe. ``zones``: ranks are kinds of zone, not depths. ``most``: pixels of the
    longest side at most. Where a pixel stands for several cells, it shows the gravest of them.
    """
    from PIL import Image

    step = max(1, -(-max(ranks.shape) // most))
    thin = np.clip(_gravest(ranks, step).astype(np.int64), 0, len(_COLOURS) - 1)
    picture = (_ZONES if zones else _COLOURS)[thin]
    if unsurveyed is not None:
        rows, columns = np.indices(thin.shape)
        hatched = _gravest(unsurveyed, step) & (thin == 0) & ((rows + columns) % 6 < 3)
        picture[hatched] = _UNSURVEYED
    out = BytesIO()
    Image.fromarray(picture, "RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()


def _gravest(cells: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """Return the highest value of every square of ``step`` × ``step`` cells."""
    if step == 1:
        return cells
    down = np.maximum.reduceat(cells, np.arange(0, cells.shape[0], step), axis=0)
    return np.asarray(np.maximum.reduceat(down, np.arange(0, cells.shape[1], step), axis=1))


def lines_png(
    ends: npt.NDArray[np.float64],
    west: float,
    north: float,
    east: float,
    south: float,
    marked: npt.NDArray[np.bool_] | None = None,
) -> bytes:
    """Return thin lines on a clear ground: ``ends`` (n, 4) longitude, latitude of both ends.

    The picture spans the four bounds in degrees; its longest side is `LINE_PIXELS`. Lines ``marked``
    (n,) are drawn last, thick and dark.
    """
    from PIL import Image, ImageDraw

    east, south = max(east, west + _LEAST_DEGREES), min(south, north - _LEAST_DEGREES)
    across = (east - west) * np.cos(np.radians((north + south) / 2))
    scale = LINE_PIXELS / max(across, north - south)
    size = (max(1, int(across * scale)), max(1, int((north - south) * scale)))
    picture = Image.new("P", size, 0)
    picture.putpalette([243, 244, 238, 169, 176, 160, 150, 20, 60])
    pen = ImageDraw.Draw(picture)
    x = (ends[:, [0, 2]] - west) / (east - west) * (size[0] - 1)
    y = (north - ends[:, [1, 3]]) / (north - south) * (size[1] - 1)
    lines = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1).round()
    strong = np.zeros(len(lines), bool) if marked is None else marked
    for chosen, colour, width in ((~strong, 1, 1), (strong, 2, 4)):
        for x0, y0, x1, y1 in lines[chosen].tolist():
            pen.line((x0, y0, x1, y1), fill=colour, width=width)
    out = BytesIO()
    bits = 2 if strong.any() else 1
    picture.save(out, "PNG", optimize=True, transparency=0, bits=bits)
    return out.getvalue()
