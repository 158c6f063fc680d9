"""Three-valued hazard of 117,209 people and of 10 million places, against a bare numpy gather.

Promise: at most 5 ms per layer for the people, at most 0.5 s for 10 million places on one layer. The
layers are the demo city's, and one raster of 5,000 × 5,000 cells of 5 m; shapely's STRtree answers
the same question on the polygons that such a raster was made from.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import shapely

from sonae.demo.city import generate
from sonae.engines.hazard.burning import Grid, raster_of
from sonae.engines.hazard.lookup import zones
from sonae.engines.hazard.polygons import PolygonLayer

PEOPLE, MANY, RUNS, FEW = 117_209, 10_000_000, 31, 5


def median_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median milliseconds of processor time of the runs: others share the machine."""
    times = []
    for _ in range(runs):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times) * 1000


def field(rng: np.random.Generator) -> PolygonLayer:
    """Return an invented field of 2,171 polygons of 250 points over 25 × 25 km."""
    turn = np.linspace(0, 2 * np.pi, 250, endpoint=False)
    shapes = []
    for lon, lat, size in zip(
        rng.uniform(139.0, 139.28, 2171),
        rng.uniform(35.0, 35.225, 2171),
        rng.gamma(2.0, 0.0012, 2171),
        strict=True,
    ):
        radius = size * (1 + 0.25 * np.sin(turn * 7 + lon) + 0.1 * np.sin(turn * 19))
        shapes.append(
            shapely.Polygon(
                np.column_stack((lon + radius * np.cos(turn) * 1.2, lat + radius * np.sin(turn)))
            )
        )
    box = shapely.box(139.0, 35.0, 139.28, 35.225)
    rank = rng.integers(1, 7, 2171).astype(np.uint8)
    return PolygonLayer("field", "flood", "depth", np.array(shapes), rank, box, "invented")


def people(layers: list[object]) -> None:
    """Print what the demo city's layers take for everybody."""
    rng = np.random.default_rng(1)
    first = layers[0]
    rows, cols = first.ranks.shape  # type: ignore[attr-defined]
    lat = rng.uniform(first.north - rows * first.dlat, first.north, PEOPLE)  # type: ignore[attr-defined]
    lon = rng.uniform(first.west, first.west + cols * first.dlon, PEOPLE)  # type: ignore[attr-defined]
    flat, at = first.ranks.reshape(-1), rng.integers(0, first.ranks.size, PEOPLE)  # type: ignore[attr-defined]
    bare = median_ms(lambda: flat.take(at))
    print(f"{PEOPLE:,} people, raster {rows} × {cols}; medians of {RUNS}, processor time")
    print(f"bare random gather: {bare:.2f} ms")
    for layer in layers:
        ours = median_ms(lambda layer=layer: layer.ranks_at(lat, lon))  # type: ignore[misc, attr-defined]
        name = layer.name  # type: ignore[attr-defined]
        print(f"{name:28s} rank at places {ours:6.2f} ms = {ours / bare:5.1f} × the gather")
    for hazard in sorted({layer.hazard for layer in layers}):  # type: ignore[attr-defined]
        own = [layer for layer in layers if layer.hazard == hazard]  # type: ignore[attr-defined]
        ours = median_ms(lambda own=own: zones(own, lat, lon))  # type: ignore[misc]
        print(f"{hazard}: {len(own)} layers, three-valued: {ours:.2f} ms (promise 5 ms a layer)")


def many() -> None:
    """Print what 10 million places take on one large raster, and STRtree on its polygons."""
    rng = np.random.default_rng(2)
    areas = field(rng)
    begun = time.perf_counter()
    grid = Grid.around(shapely.total_bounds(np.array([areas.surveyed])), 5.0)
    layer = raster_of(areas, grid)
    burnt = time.perf_counter() - begun
    wet = float((layer.ranks > 0).mean())
    print(f"\nraster {grid.rows} × {grid.cols} burnt in {burnt:.2f} s, {wet:.0%} wet")
    west, south, east, north = layer.bounds
    lat, lon = rng.uniform(south, north, MANY), rng.uniform(west, east, MANY)
    flat, at = layer.ranks.reshape(-1), rng.integers(0, layer.ranks.size, MANY)
    for count, runs in ((PEOPLE, RUNS), (MANY, FEW)):
        bare = median_ms(lambda n=count: flat.take(at[:n]), runs)  # type: ignore[misc]
        ours = median_ms(lambda n=count: layer.ranks_at(lat[:n], lon[:n]), runs)  # type: ignore[misc]
        limit = "5 ms" if count == PEOPLE else "500 ms"
        print(
            f"{count:>10,} places: {ours:7.2f} ms (promise {limit}) = {ours / bare:.1f} × the bare "
            f"gather's {bare:.2f} ms"
        )
    areas.ranks_at(lat[:10], lon[:10])
    tree = median_ms(lambda: areas.ranks_at(lat[:PEOPLE], lon[:PEOPLE]), 3)
    ours = median_ms(lambda: layer.ranks_at(lat[:PEOPLE], lon[:PEOPLE]))
    same = (
        layer.ranks_at(lat[:PEOPLE], lon[:PEOPLE]) == areas.ranks_at(lat[:PEOPLE], lon[:PEOPLE])
    ).mean()
    print(
        f"STRtree, {PEOPLE:,} places: {tree:.0f} ms = {tree / ours:,.0f} × the raster's; {same:.3%} alike"
    )


def main() -> None:
    """Print medians and ratios."""
    people(list(generate("full", 1).layers))
    many()


if __name__ == "__main__":
    main()
