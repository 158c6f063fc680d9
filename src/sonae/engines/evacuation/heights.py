"""Heights of the ground (標高) from 地理院タイル DEM PNG, for slopes of the walking network."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sonae.core.errors import SonaeError
from sonae.engines.evacuation.lines import on_earth
from sonae.engines.hazard.tiles import pixel

_SIDE = 256
_NOTHING = 2**23


def ground_heights(
    folder: Path, lat: NDArray[np.float64], lon: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return metres above the sea of points (degrees) from tiles ``folder/z/x/y.png``.

    The deepest zoom is read; nan where a tile is missing or says nothing. SonaeError ``unreadable``
    when the folder holds no tiles, or a tile is no PNG of 256 × 256.
    """
    zooms = [int(p.name) for p in folder.iterdir() if p.name.isdecimal()] if folder.is_dir() else []
    if not zooms:
        raise SonaeError(
            "unreadable", f"{folder.name}に標高タイルがありません。",
            "z/x/y.png の形に置いたフォルダを指定してください。",
        )  # fmt: skip
    found = np.full(len(lat), np.nan)
    sound = np.flatnonzero(on_earth(lat, lon))
    x, y = pixel(lat[sound], lon[sound], max(zooms))
    tile = (x // _SIDE << 32) | (y // _SIDE)
    order = np.argsort(tile, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(tile[order])) + 1) if len(order) else ():
        column, row = int(x[rows[0]] // _SIDE), int(y[rows[0]] // _SIDE)
        path = folder / str(max(zooms)) / str(column) / f"{row}.png"
        if path.is_file():
            found[sound[rows]] = decode(path)[y[rows] % _SIDE, x[rows] % _SIDE]
    return found


def decode(path: Path) -> NDArray[np.float64]:
    """Return the metres of one tile (256, 256), nan where it says nothing.

    x = 65536·R + 256·G + B in centimetres, negative above 2²³; 2²³ itself is no data (国土地理院).
    """
    try:
        with Image.open(io.BytesIO(path.read_bytes()), formats=("PNG",)) as image:
            if image.size != (_SIDE, _SIDE):
                raise ValueError(image.size)
            rgb = np.asarray(image.convert("RGBA"), np.int64)
    except (
        UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError,
    ) as error:  # fmt: skip
        raise SonaeError("unreadable", f"標高タイル {path.name} を読めません。") from error
    value = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
    metres = np.where(value < _NOTHING, value, value - 2**24) / 100.0
    return np.where((value == _NOTHING) | (rgb[..., 3] == 0), np.nan, metres)
