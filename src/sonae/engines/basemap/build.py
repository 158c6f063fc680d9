"""From a city's network, hazard layers and towns to its base map, in a process of its own.

``python -m sonae.engines.basemap.build`` reads the order (JSON, see `Order`) from standard input and
prints what was made (`Made`): beside a server it must neither hold up nor share memory with anyone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from sonae.engines.basemap import tiles
from sonae.engines.basemap.streets import streets
from sonae.engines.basemap.tiles import TileLayer
from sonae.engines.evacuation.network import Network
from sonae.engines.hazard.layer import HazardLayer
from sonae.engines.hazard.outline import covered, outlines, unsurveyed

CELL: Final = 0.0025
"""Side of the cells (degrees, about 250 m) in which the ground counts as known when a way is there."""
STREETS: Final = (
    ("trunk_streets", 2500.0, 10),
    ("main_streets", 1000.0, 12),
    ("side_streets", 300.0, 13),
    ("lanes", 0.0, 14),
)
"""Layer, shortest natural street in it (metres), zoom from which it is drawn."""
_TIERS: Final = frozenset(name for name, _, _ in STREETS)


@dataclass(frozen=True)
class Order:
    """What to draw: folders of `Network.save` and `HazardLayer.save`, towns as lon, lat, name, kana."""

    out: str
    name: str
    network: str | None
    layers: tuple[str, ...] = ()
    towns: tuple[tuple[float, float, str, str], ...] = ()


@dataclass(frozen=True)
class Made:
    """What was made: tiles, bytes, CPU seconds, natural streets, and the sources to be named."""

    tiles: int
    bytes: int
    seconds: float
    streets: int
    zones: int
    towns: int
    sources: tuple[str, ...] = field(default=())


def build(order: Order) -> Made:
    """Write the base map. Raises ValueError when there is nothing to draw."""
    began = time.process_time()
    net = Network.load(Path(order.network)) if order.network else None
    layers = [HazardLayer.load(Path(folder)) for folder in order.layers]
    drawn = [*_covered(net), *_streets(net), *_zones(layers), _towns(order.towns)]
    named = [(one.source, one.date) for one in layers]
    if net is not None:
        named.insert(0, (net.source, net.date))
    sources = tuple(dict.fromkeys(f"{source} {date}".strip() for source, date in named))
    out = Path(order.out)
    count = tiles.write(out, drawn, name=order.name, attribution="、".join(sources))
    return Made(
        tiles=count,
        bytes=out.stat().st_size,
        seconds=round(time.process_time() - began, 2),
        streets=sum(len(one.shapes) for one in drawn if one.name in _TIERS),
        zones=sum(len(one.shapes) for one in drawn if one.name == "zones"),
        towns=len(order.towns),
        sources=sources,
    )


def _covered(net: Network | None) -> list[TileLayer]:
    """Return the ground for which there are streets, to a few hundred metres: beyond it is unknown."""
    from scipy.ndimage import binary_closing, binary_dilation

    if net is None:
        return []
    column = np.floor(np.asarray(net.lon) / CELL).astype(np.int64)
    row = np.floor(np.asarray(net.lat) / CELL).astype(np.int64)
    west, south = column.min() - 2, row.min() - 2
    mask = np.zeros((row.max() - south + 3, column.max() - west + 3), bool)
    mask[row - south, column - west] = True
    near = shapely.get_parts(covered(binary_closing(binary_dilation(mask), iterations=2)))
    shapes = shapely.transform(near, lambda points: (points + np.array([west, south])) * CELL)
    return [TileLayer("covered", shapes, {"known": np.ones(len(shapes), np.int32)})]


def _streets(net: Network | None) -> list[TileLayer]:
    """Return the streets in three layers by how far they go straight on."""
    if net is None:
        return []
    found, left = streets(net), np.inf
    made = []
    for name, least, zoom in STREETS:
        mine = (found.length_m >= least) & (found.length_m < left)
        stairs = found.stairs[mine].astype(np.int32)
        made.append(TileLayer(name, found.lines[mine], {"stairs": stairs}, zoom))
        left = least
    return made


def _zones(layers: Sequence[HazardLayer]) -> list[TileLayer]:
    """Return the zones of all hazard layers by rank, and the ground that nobody surveyed."""
    zones = [(layer, rank, shape) for layer in layers for rank, shape in outlines(layer).items()]
    unknown = [(layer, 0, shape) for layer in layers if not (shape := unsurveyed(layer)).is_empty]
    return [_hazard_layer("zones", zones), _hazard_layer("unsurveyed", unknown)]


def _hazard_layer(name: str, rows: Sequence[tuple[HazardLayer, int, Any]]) -> TileLayer:
    """Return one layer of single polygons: each lies in few tiles, a whole rank in all of them."""
    parts, row = shapely.get_parts(
        np.array([shape for *_, shape in rows], object), return_index=True
    )
    columns = {
        "layer": np.array([layer.name for layer, _, _ in rows], object)[row],
        "kind": np.array([layer.kind for layer, _, _ in rows], object)[row],
        "rank": np.array([rank for _, rank, _ in rows], np.int32)[row],
    }
    return TileLayer(name, parts, columns)


def _towns(rows: Sequence[tuple[float, float, str, str]]) -> TileLayer:
    """Return the names of the towns as points."""
    places = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
    columns = {
        "name": np.array([row[2] for row in rows], object),
        "kana": np.array([row[3] for row in rows], object),
    }
    return TileLayer("towns", shapely.points(places), columns)


def main() -> int:
    """Do the order on standard input at the lowest priority; the answer is one line of JSON."""
    os.nice(10)
    given: dict[str, Any] = json.load(sys.stdin)
    order = Order(
        given["out"],
        given["name"],
        given["network"],
        tuple(given["layers"]),
        tuple((row[0], row[1], row[2], row[3]) for row in given["towns"]),
    )
    print(json.dumps(asdict(build(order)), ensure_ascii=False))  # noqa: T201 - its answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
