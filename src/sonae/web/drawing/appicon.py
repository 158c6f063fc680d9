"""The mark of the system as PNG: home screens of phones take no SVG."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

BLUE, WHITE = (11, 74, 168, 255), (255, 255, 255, 255)
_FINER = 4
"""Drawn so many times larger and reduced: smooth edges."""
_HOUSE = ((16, 5), (27, 14), (27, 27.5), (5, 27.5), (5, 14))
_CHECK = ((10.5, 18.5), (14.5, 22.5), (22, 15))
_SAFE = 0.72
"""A maskable icon is cut to any shape: what matters lies within the middle circle."""


@lru_cache(maxsize=8)
def icon_png(size: int, *, maskable: bool = False) -> bytes:
    """Return the mark as a square PNG of ``size`` pixels; ``maskable`` fills the square to its edges."""
    from PIL import Image, ImageDraw

    side = size * _FINER
    unit = side / 32 * (_SAFE if maskable else 1)
    off = (side - 32 * unit) / 2
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    radius = 0 if maskable else 7 * unit
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=BLUE)
    pen.polygon([(x * unit + off, y * unit + off) for x, y in _HOUSE], fill=WHITE)
    check = [(x * unit + off, y * unit + off) for x, y in _CHECK]
    pen.line(check, fill=BLUE, width=round(3 * unit), joint="curve")
    for x, y in (check[0], check[-1]):
        half = 1.5 * unit
        pen.ellipse((x - half, y - half, x + half, y + half), fill=BLUE)
    out = BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).quantize(64).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()
