"""The walking network of the demo city: streets dense where people live, bridges, valley roads, stairs.

Junctions are jittered grids whose spacing follows the density; streets are the Gabriel graph of the
junctions (an edge stands when no third junction lies in the circle over it), which looks like
streets. Rivers are crossed at bridges only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonae.demo.frame import Floats, latitude, longitude
from sonae.demo.ground import Ground, River
from sonae.engines.evacuation.network import Network

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SPACINGS = (38.0, 76.0, 152.0, 304.0)
BRIDGE_EVERY_M = 950.0
LONGEST_M = 620.0
STEEP_STAIRS = 0.19


@dataclass(frozen=True)
class Streets:
    """Junctions (x, y in metres) and the network made of them."""

    x: Floats
    y: Floats
    network: Network


def _wanted_spacing(ground: Ground, x: Floats, y: Floats, factor: float) -> Floats:
    """Return the spacing of junctions wanted at points, in metres; inf in water."""
    density = ground.sample(ground.density, x, y)
    wild = ground.sample(ground.inland, x, y) > 400 * ground.plan.scale
    spacing = factor * 42.0 / np.sqrt(density + np.where(wild, 0.012, 0.05))
    water = ground.sample(ground.to_main, x, y) < ground.main.width / 2 + 12
    water |= ground.sample(ground.to_tributary, x, y) < ground.tributary.width / 2 + 8
    return np.where(water, np.inf, np.minimum(spacing, SPACINGS[-1] * 1.3))


def _grid(ground: Ground, spacing: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return one jittered grid over the city."""
    xs = np.arange(spacing / 2, ground.plan.width, spacing)
    ys = np.arange(spacing / 2, ground.plan.height, spacing)
    x, y = (axis.ravel() for axis in np.meshgrid(xs, ys))
    reach = spacing * 0.22
    x = x + rng.uniform(-reach, reach, len(x))
    y = y + rng.uniform(-reach, reach, len(y))
    return np.clip(x, 1, ground.plan.width - 1), np.clip(y, 1, ground.plan.height - 1)


def _junctions(ground: Ground, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return junctions, about as many as the plan wants."""
    grids = [_grid(ground, spacing, rng) for spacing in SPACINGS]
    limits = (0.0, *(s * 1.42 for s in SPACINGS[:-1]), np.inf)
    factor = 1.0
    for _ in range(8):
        kept = []
        for number, (x, y) in enumerate(grids):
            wanted = _wanted_spacing(ground, x, y, factor)
            fits = (wanted >= limits[number]) & (wanted < limits[number + 1])
            kept.append((x[fits], y[fits]))
        count = sum(len(x) for x, _ in kept)
        if abs(count - ground.plan.nodes) < ground.plan.nodes * 0.03:
            break
        factor *= (count / ground.plan.nodes) ** 0.6
    x, y = (np.concatenate(axis) for axis in zip(*kept, strict=True))
    return x, y


def gabriel(x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """Return the edges of the Gabriel graph."""
    from scipy.spatial import Delaunay, cKDTree

    points = np.column_stack((x, y))
    corners = Delaunay(points).simplices
    pairs = np.concatenate((corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]))
    pairs = np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)
    tail, head = pairs[:, 0], pairs[:, 1]
    length = np.hypot(x[tail] - x[head], y[tail] - y[head])
    short = length < LONGEST_M
    tail, head, length = tail[short], head[short], length[short]
    middle = (points[tail] + points[head]) / 2
    nearest, _ = cKDTree(points).query(middle)
    keep = nearest >= length / 2 - 1e-6
    return tail[keep], head[keep]


def _side(river: River, at: npt.NDArray[np.generic], x: Floats, y: Floats) -> npt.NDArray[np.int8]:
    """Return on which side of a river points lie (-1 or 1), by its nearest point."""
    index = np.clip(at.astype(np.int64), 1, len(river.x) - 2)
    along_x, along_y = (
        river.x[index + 1] - river.x[index - 1],
        river.y[index + 1] - river.y[index - 1],
    )
    cross = along_x * (y - river.y[index]) - along_y * (x - river.x[index])
    return np.where(cross >= 0, 1, -1).astype(np.int8)


def _crossings(
    river: River,
    distance: Floats,
    at: npt.NDArray[np.generic],
    x: Floats,
    y: Floats,
    tail: Ints,
    head: Ints,
) -> tuple[Mask, Mask]:
    """Return which edges cross a river, and which of them are its bridges."""
    side = _side(river, at, x, y)
    length = np.hypot(x[tail] - x[head], y[tail] - y[head])
    close = np.minimum(distance[tail], distance[head]) < length
    crossing = (side[tail] != side[head]) & close
    spot = (at[tail].astype(np.int64) * 20 // BRIDGE_EVERY_M).astype(np.int64)
    bridge = np.zeros(len(tail), bool)
    rows = np.flatnonzero(crossing)
    order = rows[np.lexsort((length[rows], spot[rows]))]
    first = np.ones(len(order), bool)
    first[1:] = spot[order][1:] != spot[order][:-1]
    bridge[order[first]] = True
    return crossing, bridge


def _without_fords(ground: Ground, x: Floats, y: Floats, tail: Ints, head: Ints) -> Mask:
    """Return which edges stay: those that cross no river, and the bridges."""
    stays = np.ones(len(tail), bool)
    for river, to, at in (
        (ground.main, ground.to_main, ground.main_at),
        (ground.tributary, ground.to_tributary, ground.tributary_at),
    ):
        crossing, bridge = _crossings(
            river, ground.sample(to, x, y), ground.nearest(at, x, y), x, y, tail, head
        )
        stays &= ~crossing | bridge
    return stays


def largest(count: int, tail: Ints, head: Ints) -> Mask:
    """Return which junctions belong to the largest connected part."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(tail), np.int8), (tail, head)), shape=(count, count))
    labels = connected_components(graph.tocsr(), directed=False)[1]
    return np.asarray(labels == np.bincount(labels).argmax())


def build_streets(ground: Ground, rng: np.random.Generator) -> Streets:
    """Generate the connected walking network of the city."""
    x, y = _junctions(ground, rng)
    tail, head = gabriel(x, y)
    stays = _without_fords(ground, x, y, tail, head)
    tail, head = tail[stays], head[stays]
    kept = largest(len(x), tail, head)
    number = np.cumsum(kept) - 1
    inside = kept[tail] & kept[head]
    tail, head = number[tail[inside]], number[head[inside]]
    return Streets(x[kept], y[kept], _network(ground, rng, x[kept], y[kept], tail, head))


def _network(
    ground: Ground, rng: np.random.Generator, x: Floats, y: Floats, tail: Ints, head: Ints
) -> Network:
    """Return the network with lengths, slopes, stairs and a bend in every longer street."""
    length = np.hypot(x[tail] - x[head], y[tail] - y[head])
    height = ground.sample(ground.height, x, y)
    slope = (height[head] - height[tail]) / np.maximum(length, 1.0)
    bent = np.flatnonzero(length > 110)
    across = rng.normal(0, 0.05, len(bent)) * length[bent]
    unit_x, unit_y = (
        (x[head] - x[tail])[bent] / length[bent],
        (y[head] - y[tail])[bent] / length[bent],
    )
    bend_x = (x[tail] + x[head])[bent] / 2 - unit_y * across
    bend_y = (y[tail] + y[head])[bent] / 2 + unit_x * across
    length[bent] = 2 * np.hypot(length[bent] / 2, across)
    has = np.zeros(len(tail), np.int32)
    has[bent] = 1
    stairs = (np.abs(slope) > STEEP_STAIRS) & (length < 130)
    return Network(
        lat=latitude(y), lon=longitude(x),
        tail=tail.astype(np.int32), head=head.astype(np.int32),
        length_m=length.astype(np.float32), slope=slope.astype(np.float32), stairs=stairs,
        shape_start=np.concatenate(([0], np.cumsum(has))).astype(np.int32),
        shape_lat=latitude(bend_y), shape_lon=longitude(bend_x),
        source="備え市（架空）", date="2026-04-01",
    )  # fmt: skip
