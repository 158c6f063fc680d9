"""Hazard map tiles (重ねるハザードマップ, PNG in z/x/y): one colour is one rank, exactly.

A tile that is missing means "nothing here" or "not surveyed": on its own it is unknown. A colour
that is in no legend is unreadable, never the nearest class: palettes drift.
"""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonae.core.errors import SonaeError
from sonae.engines.hazard.codes import DEPTHS
from sonae.engines.hazard.defects import Defect
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
_AT_ONCE = 4
MOST_TILES = 6_000
"""A city of 40 × 40 km at zoom 16; a courtesy to whoever serves them."""
LOAD_ZOOM = 15
"""About 4 m a pixel in Japan: the grid of the national flood maps is 5 m or coarser."""
_ZONE_DETAIL = ("土砂災害警戒区域等（色からは特別警戒区域か判別できません）",)


@dataclass
class Palette:
    """The palette monitor: what was seen in tiles that no legend explains; palettes drift.

    ``colours``: ``#RRGGBB`` → pixels; ``first``: the tile where each was seen first.
    """

    tiles: int = 0
    missing: int = 0
    broken: list[str] = field(default_factory=list)
    colours: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, odd: NDArray[np.uint8], tile: str) -> None:
        """Count the colours (n, 4) of pixels in no legend."""
        values, times = np.unique(odd[:, :3], axis=0, return_counts=True)
        for (red, green, blue), count in zip(values.tolist(), times.tolist(), strict=True):
            name = f"#{red:02X}{green:02X}{blue:02X}"
            self.colours[name] += count
            self.first.setdefault(name, tile)

    def defects(self, name: str) -> tuple[Defect, ...]:
        """Return one defect per unknown colour, one for broken and one for missing tiles."""
        found = [
            Defect("unreadable_colour", "unknown", colour, self.first[colour], None, count, name)
            for colour, count in self.colours.most_common()
        ]
        if self.broken:
            broken = Defect(
                "broken_tile", "unknown", self.broken[0], count=len(self.broken), input=name
            )
            found.append(broken)
        if self.missing:
            found.append(Defect("missing_tile", "unknown", count=self.missing, input=name))
        return tuple(found)


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
    palette: Palette = field(default_factory=Palette)
    _kept: dict[tuple[int, int], NDArray[np.uint8] | None] = field(default_factory=dict)

    def ranks_at(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the rank at each point (degrees): 254 unreadable colour, 255 no tile."""
        x, y = pixel(np.asarray(lat, np.float64), np.asarray(lon, np.float64), self.zoom)
        tile = np.stack((x // 256, y // 256), axis=-1)
        names, at = np.unique(tile.reshape(-1, 2), axis=0, return_inverse=True)
        ranks = np.full(len(x), NOT_SURVEYED, np.uint8)
        order = np.argsort(at.ravel(), kind="stable")
        groups = np.split(order, np.cumsum(np.bincount(at.ravel(), minlength=len(names)))[:-1])
        for (column, row), here in zip(names.tolist(), groups, strict=True):
            found = self._tile(column, row)
            if found is not None:
                ranks[here] = found[y[here] % 256, x[here] % 256]
        return ranks

    def fetch(self, column: int, row: int) -> bytes | None:
        """Return a tile's bytes, None when it does not exist; SonaeError when nobody can tell."""
        return _fetch(self.place, self.zoom, column, row)

    def _tile(self, column: int, row: int) -> NDArray[np.uint8] | None:
        """Return the ranks of one tile (256, 256), None when there is no such tile."""
        if (column, row) not in self._kept:
            raw = _fetch(self.place, self.zoom, column, row)
            self._kept[column, row] = self._read(raw, f"{self.zoom}/{column}/{row}")
        return self._kept[column, row]

    def _read(self, raw: bytes | None, name: str) -> NDArray[np.uint8] | None:
        """Return the ranks of a tile's bytes and note in the palette what was odd about it."""
        if raw is None:
            self.palette.missing += 1
            return None
        self.palette.tiles += 1
        colours = pixels(raw)
        if colours is None:
            self.palette.broken.append(name)
            return np.full((256, 256), UNREADABLE, np.uint8)
        ranks = ranked(colours, self.kind)
        self.palette.note(colours[ranks == UNREADABLE], name)
        return ranks

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of a folder's tiles; None for an address."""
        if "{z}" in self.place:
            return None
        names = [
            (int(path.parent.name), int(path.stem))
            for path in Path(self.place, str(self.zoom)).glob("*/*.png")
            if path.parent.name.isdigit() and path.stem.isdigit()
        ]
        if not names:
            return None
        columns, rows = zip(*names, strict=True)
        west, north = corner(min(columns), min(rows), self.zoom)
        east, south = corner(max(columns) + 1, max(rows) + 1, self.zoom)
        return west, south, east, north

    def prefetch(self, bounds: tuple[float, float, float, float]) -> int:
        """Read all tiles below west, south, east, north, several at a time; return their number."""
        west, south, east, north = bounds
        x, y = pixel(np.array([north, south]), np.array([west, east]), self.zoom)
        columns = range(int(x[0]) // 256, int(x[1]) // 256 + 1)
        rows = range(int(y[0]) // 256, int(y[1]) // 256 + 1)
        wanted = [(c, r) for c in columns for r in rows if (c, r) not in self._kept]
        if len(wanted) > MOST_TILES:
            raise SonaeError(
                "too_large",
                f"タイルが{len(wanted):,}枚になります（上限{MOST_TILES:,}枚）。",
                "--zoom で縮尺を小さくしてください。",
            )
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for (column, row), raw in zip(
                wanted, pool.map(lambda at: _fetch(self.place, self.zoom, *at), wanted), strict=True
            ):
                self._kept[column, row] = self._read(raw, f"{self.zoom}/{column}/{row}")
        return len(wanted)

    @property
    def defects(self) -> tuple[Defect, ...]:
        """Return what was odd about the tiles read so far: colours in no legend, broken pictures."""
        return self.palette.defects(self.name)


def pixel(
    lat: NDArray[np.float64], lon: NDArray[np.float64], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixel of each point on the Web Mercator world of ``zoom`` (256 · 2^zoom wide)."""
    size = 256.0 * 2**zoom
    sine = np.sin(np.radians(np.clip(lat, -85.0511, 85.0511)))
    x = (lon + 180.0) / 360.0 * size
    y = (0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * size
    return np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)


def corner(column: int, row: int, zoom: int) -> tuple[float, float]:
    """Return longitude and latitude of a tile's north-west corner."""
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / 2**zoom))))
    return column / 2**zoom * 360.0 - 180.0, float(lat)


def pixels(raw: bytes) -> NDArray[np.uint8] | None:
    """Return red, green, blue, alpha (256, 256, 4) of one PNG tile; None when it cannot be read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(raw), formats=("PNG",)) as image:
            if image.size != (256, 256):
                return None
            return np.asarray(image.convert("RGBA"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def ranked(colours: NDArray[np.uint8], kind: str) -> NDArray[np.uint8]:
    """Return the ranks of a tile's colours: exactly those of the legend, 254 for any other."""
    drawn = colours[..., 3] > 0
    if kind != "depth":
        return drawn.astype(np.uint8)
    ranks = np.where(drawn, np.uint8(UNREADABLE), np.uint8(0))
    for rank, colour in enumerate(PALETTE, start=1):
        ranks[drawn & (colours[..., :3] == colour).all(axis=-1)] = rank
    return ranks


def decode(raw: bytes, kind: str) -> NDArray[np.uint8]:
    """Return the ranks of one PNG tile; an image that cannot be read is unreadable all over."""
    colours = pixels(raw)
    if colours is None:
        return np.full((256, 256), UNREADABLE, np.uint8)
    return ranked(colours, kind)


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


def open_tiles(
    place: str, hazard: str | None = None, zoom: int | None = None, *, name: str | None = None
) -> TileLayer:
    """Open a folder ``z/x/y.png`` or an address with ``{z}/{x}/{y}``; the name tells the hazard.

    Names are those of 重ねるハザードマップ (``01_flood_l2_shinsuishin_data`` …). Raises SonaeError
    ``unknown_layer`` when neither name nor ``hazard`` tells, or for durations, whose legend is not
    published as colours.
    """
    remote = "{z}" in place
    if name is None:
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
    """Tell whether a folder holds tiles: zoom levels, columns, pictures, all numbered."""
    if not path.is_dir():
        return False
    levels = (one for one in path.iterdir() if one.name.isdigit() and one.is_dir())
    return any(column.name.isdigit() for level in levels for column in level.iterdir())


def _deepest(folder: Path) -> int:
    """Return the deepest zoom level of a folder; SonaeError when there is none."""
    levels: list[Any] = [int(one.name) for one in folder.iterdir() if one.name.isdigit()]
    if not levels:
        raise SonaeError("unreadable", f"{folder.name}にタイル（z/x/y.png）がありません。")
    return int(max(levels))
