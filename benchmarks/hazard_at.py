"""Three-valued hazard of 117,209 people, per raster layer, against a bare numpy gather.

Promise: at most 5 ms per layer. The layers are the demo city's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from sonae.demo.city import generate
from sonae.engines.hazard.lookup import zones

PEOPLE, RUNS = 117_209, 31


def median_ms(work: Callable[[], object]) -> float:
    """Return the median milliseconds of the runs."""
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def main() -> None:
    """Print medians and ratios."""
    layers = generate("full", 1).layers
    rng = np.random.default_rng(1)
    first = layers[0]
    rows, cols = first.ranks.shape
    lat = rng.uniform(first.north - rows * first.dlat, first.north, PEOPLE)
    lon = rng.uniform(first.west, first.west + cols * first.dlon, PEOPLE)
    flat, at = first.ranks.reshape(-1), rng.integers(0, first.ranks.size, PEOPLE)
    bare = median_ms(lambda: flat.take(at))
    print(f"{PEOPLE:,} people, raster {rows} × {cols}; medians of {RUNS}")
    print(f"bare random gather: {bare:.2f} ms")
    for layer in layers:
        ours = median_ms(lambda layer=layer: layer.ranks_at(lat, lon))  # type: ignore[misc]
        print(f"{layer.name:28s} rank at places {ours:6.2f} ms = {ours / bare:5.1f} × the gather")
    for hazard in sorted({layer.hazard for layer in layers}):
        own = [layer for layer in layers if layer.hazard == hazard]
        ours = median_ms(lambda own=own: zones(own, lat, lon))  # type: ignore[misc]
        print(f"{hazard}: {len(own)} layers, three-valued: {ours:.2f} ms (promise 5 ms a layer)")


if __name__ == "__main__":
    main()
