"""Small networks, layers and people for the tests of the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.network import METRES_PER_DEGREE, Network
from sonae.engines.evacuation.planning import People, Sites
from sonae.engines.hazard.layer import HazardLayer

SOUTH, WEST = 37.0, 139.0
EAST_SCALE = float(np.cos(np.radians(SOUTH)))


def at(x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees (latitude, longitude) of metres east and north of the corner."""
    return SOUTH + y_m / METRES_PER_DEGREE, WEST + x_m / (METRES_PER_DEGREE * EAST_SCALE)


def network(
    points_m: list[tuple[float, float]],
    edges: list[tuple[int, int]],
    lengths: list[float] | None = None,
    stairs: tuple[int, ...] = (),
    bends: dict[int, list[tuple[float, float]]] | None = None,
) -> Network:
    """A network of points in metres; straight edges have their own length."""
    where = np.array([at(x, y) for x, y in points_m]).reshape(-1, 2)
    straight = [float(np.hypot(*(np.subtract(points_m[a], points_m[b])))) for a, b in edges]
    inner = [[at(*p) for p in (bends or {}).get(e, [])] for e in range(len(edges))]
    start = np.cumsum([0, *map(len, inner)])
    flat = np.array([p for points in inner for p in points]).reshape(-1, 2)
    return Network(
        lat=where[:, 0],
        lon=where[:, 1],
        tail=np.array([a for a, _ in edges], np.int32),
        head=np.array([b for _, b in edges], np.int32),
        length_m=np.array(lengths or straight, np.float32),
        slope=np.zeros(len(edges), np.float32),
        stairs=np.isin(np.arange(len(edges)), stairs),
        shape_start=start.astype(np.int32),
        shape_lat=flat[:, 0],
        shape_lon=flat[:, 1],
        source="試験",
        date="2026-01-01",
    )


def layer(
    ranks: NDArray[np.uint8] | list[list[int]],
    *,
    hazard: str = "flood",
    kind: str = "depth",
    scale: str = "L2",
    cell_m: float = 100.0,
    name: str = "",
) -> HazardLayer:
    """A raster whose south-west corner is the corner of the networks."""
    grid = np.asarray(ranks, np.uint8)
    dlat = cell_m / METRES_PER_DEGREE
    depths = ((0.0, 0.5), (0.5, 3.0), (3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, None))
    return HazardLayer(
        name=name or f"{hazard}_{kind}",
        hazard=hazard,
        kind=kind,
        ranks=grid,
        west=WEST,
        north=SOUTH + dlat * grid.shape[0],
        dlon=cell_m / (METRES_PER_DEGREE * EAST_SCALE),
        dlat=dlat,
        source="試験",
        date="2026-01-01",
        scale=scale,
        depths=depths if kind == "depth" else (),
        details=("警戒区域", "特別警戒区域") if hazard == "landslide" else (),
    )


def people(places_m: list[tuple[float, float]], net: Network, **columns: list[int]) -> People:
    """People at places; columns floor, storeys, profile, groups default to 1, 2, adult, none."""
    count = len(places_m)
    where = np.array([at(x, y) for x, y in places_m]).reshape(-1, 2)
    node, metres = net.snap(where[:, 0], where[:, 1])

    def column(name: str, value: int, kind: type) -> NDArray:  # type: ignore[type-arg]
        return np.array(columns.get(name, [value] * count), kind)

    return People(
        where[:, 0], where[:, 1], node, metres,
        column("floor", 1, np.int16), column("storeys", 2, np.int16),
        column("profile", 0, np.uint8), column("groups", 0, np.uint8),
    )  # fmt: skip


def sites(
    nodes: list[int],
    flood: list[int],
    landslide: list[int] | None = None,
    admits: list[int] | None = None,
    usable: list[bool] | None = None,
) -> Sites:
    """Sites at nodes with designation 0 no, 1 partial, 2 yes."""
    count = len(nodes)
    return Sites(
        np.array(nodes, np.int32),
        {
            "flood": np.array(flood, np.uint8),
            "landslide": np.array(landslide or [0] * count, np.uint8),
        },
        np.array(admits or [0] * count, np.uint8),
        np.array(usable or [True] * count, np.bool_),
    )
