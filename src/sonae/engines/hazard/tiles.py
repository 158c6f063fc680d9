"""Hazard map tiles (重ねるハザードマップ, PNG in z/x/y): one colour is one rank, exactly.

A tile that is missing means "nothing here" or "not surveyed": on its own it is unknown. A colour
that is in no legend is unreadable, never the nearest class: palettes drift.
"""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from sonae.core.errors import SonaeError
from sonae.engines.hazard.codes import DEPTHS
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE

PALETTE = (
    (247, 245, 169), (255, 216, 192), (255, 183, 183), (255, 145, 145), (242, 133, 201),
    (220, 122, 220),
)  # fmt: skip
"""Colours of ranks 1–6 (水害ハザードマップ作成の手引き, 浸水深の標準凡例)."""
_KINDS = (
    ("kaokutoukai", "flood", "collapse"),
    ("shinsuishin", None, "depth"),
    ("tsunami", "tsunami", "depth"),
    ("hightide", "storm_surge", "depth"),
    ("naisui", "inland_flood", "depth"),
    ("doseki", "landslide", "zone"),
    ("kyukeisha", "landslide", "zone"),
    ("jisuberi", "landslide", "zone"),
)
_WATERS = (("hightide", "storm_surge"), ("naisui", "inland_flood"), ("flood", "flood"))
_URL_ZOOM = 17
_TIMEOUT_S = 10
_ZONE_DETAIL = ("土砂災害警戒区域等（色からは特別警戒区域か判別できません）",)


@dataclass(frozen=True, eq=False)
class TileLayer:
    """Tiles of one hazard below a folder or an address with ``{z}/{x}/{y}``; answers like a layer.

    ``zoom``: the level that is read. Tiles are read when a point falls on them and then kept.
    """

    name: str
    hazard: str
    kind: str
    place: str
    zoom: int
    source: str
    date: str = ""
    scale: str = ""
    depths: tuple[tuple[float, float | None], ...] = ()
    details: tuple[str, ...] = ()
    rivers: tuple[str, ...] = ()
    stated: bool = True
    _kept: dict[tuple[int, int], NDArray[np.uint8] | None] = field(default_factory=dict)

    def ranks_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the rank at each point (degrees): 254 unreadable colour, 255 no tile."""
        x, y = pixel(np.asarray(lat, np.float64), np.asarray(lon, np.float64), self.zoom)
        tile = np.stack((x // 256, y // 256), axis=-1)
        names, at = np.unique(tile.reshape(-1, 2), axis=0, return_inverse=True)
        ranks = np.full(len(x), NOT_SURVEYED, np.uint8)
        for number, (column, row) in enumerate(names.tolist()):
            found = self._tile(column, row)
            if found is not None:
                here = np.flatnonzero(at.ravel() == number)
                ranks[here] = found[y[here] % 256, x[here] % 256]
        return ranks

    def _tile(self, column: int, row: int) -> NDArray[np.uint8] | None:
        """Return the ranks of one tile (256, 256), None when there is no such tile."""
        if (column, row) not in self._kept:
            raw = _fetch(self.place, self.zoom, column, row)
            self._kept[column, row] = None if raw is None else decode(raw, self.kind)
        return self._kept[column, row]


def pixel(
    lat: NDArray[np.float64], lon: NDArray[np.float64], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixel of each point on the Web Mercator world of ``zoom`` (256 · 2^zoom wide)."""
    size = 256.0 * 2**zoom
    sine = np.sin(np.radians(np.clip(lat, -85.0511, 85.0511)))
    x = (lon + 180.0) / 360.0 * size
    y = (0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * size
    return np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)


def decode(raw: bytes, kind: str) -> NDArray[np.uint8]:
    """Return the ranks of one PNG tile; an image that cannot be read is unreadable all over."""
    try:
        with Image.open(io.BytesIO(raw), formats=("PNG",)) as image:
            colours: NDArray[np.uint8] = np.asarray(image.convert("RGBA"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return np.full((256, 256), UNREADABLE, np.uint8)
    if colours.shape[:2] != (256, 256):
        return np.full((256, 256), UNREADABLE, np.uint8)
    drawn = colours[..., 3] > 0
    if kind != "depth":
        return drawn.astype(np.uint8)
    ranks = np.where(drawn, np.uint8(UNREADABLE), np.uint8(0))
    for rank, colour in enumerate(PALETTE, start=1):
        ranks[drawn & (colours[..., :3] == colour).all(axis=-1)] = rank
    return ranks


def _fetch(place: str, zoom: int, column: int, row: int) -> bytes | None:
    """Return a tile's bytes, None when it does not exist; SonaeError when nobody can tell."""
    if "{z}" not in place:
        path = Path(place) / str(zoom) / str(column) / f"{row}.png"
        return path.read_bytes() if path.is_file() else None
    address = place.format(z=zoom, x=column, y=row)
    if not address.startswith(("https://", "http://")):
        raise SonaeError("bad_address", f"{place}はWebアドレスではありません。")
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        if error.code in {404, 410}:
            return None
        raise SonaeError("unreachable", f"{address}：{error.code}") from error
    except OSError as error:
        raise SonaeError("unreachable", f"{address}に接続できません。") from error


def open_tiles(place: str, hazard: str | None = None, zoom: int | None = None) -> TileLayer:
    """Open a folder ``z/x/y.png`` or an address with ``{z}/{x}/{y}``; the name tells the hazard.

    Names are those of 重ねるハザードマップ (``01_flood_l2_shinsuishin_data`` …). Raises SonaeError
    ``unknown_layer`` when neither name nor ``hazard`` tells, or for durations, whose legend is not
    published as colours.
    """
    remote = "{z}" in place
    name = place.split("{z}")[0].rstrip("/").rsplit("/", 1)[-1] if remote else Path(place).name
    if "keizoku" in name:
        raise SonaeError("unknown_layer", f"{name}：浸水継続時間の色の凡例が公表されていません。")
    named, kind = _meaning(name)
    known = hazard or named
    if known is None:
        raise SonaeError(
            "unknown_layer",
            f"{name}が何のハザードか分かりません。",
            "flood=フォルダ のように災害の種類を前に付けてください。",
        )
    if hazard is not None and named is None:
        kind = "zone" if hazard == "landslide" else "depth"
    level = zoom or (_URL_ZOOM if remote else _deepest(Path(place)))
    return TileLayer(
        name=name,
        hazard=known,
        kind=kind,
        place=place,
        zoom=level,
        source="重ねるハザードマップ（国土交通省・国土地理院）" if remote else name,
        scale="L2" if "_l2" in name else "L1" if "_l1" in name else "",
        depths=DEPTHS if kind == "depth" else (),
        details=_ZONE_DETAIL if kind == "zone" else (),
    )


def _meaning(name: str) -> tuple[str | None, str]:
    """Return hazard and kind that a layer's name tells; None when it does not."""
    for word, hazard, kind in _KINDS:
        if word in name:
            return hazard or next((h for w, h in _WATERS if w in name), None), kind
    return None, "depth"


def is_tile_folder(path: Path) -> bool:
    """Tell whether a folder holds tiles (numbered zoom levels)."""
    return path.is_dir() and any(inner.name.isdigit() for inner in path.iterdir())


def _deepest(folder: Path) -> int:
    """Return the deepest zoom level of a folder; SonaeError when there is none."""
    levels: list[Any] = [int(one.name) for one in folder.iterdir() if one.name.isdigit()]
    if not levels:
        raise SonaeError("unreadable", f"{folder.name}にタイル（z/x/y.png）がありません。")
    return int(max(levels))
