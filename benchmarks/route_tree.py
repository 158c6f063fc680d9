"""The route tree for all nodes from all sites, against scipy's bare dijkstra on the same matrix.

Promise: within 1.5 × of ``dijkstra(min_only=True)``. The network is the demo city's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.sparse.csgraph import dijkstra

from sonae.demo.city import generate
from sonae.engines.evacuation.danger import Samples, edge_danger
from sonae.engines.evacuation.graph import Graph

RUNS = 15


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Print medians and the ratio."""
    city = generate("full", 1)
    network = city.network
    floods = [layer for layer in city.layers if layer.hazard == "flood"]
    samples = Samples(network)
    danger = edge_danger(network, samples, floods)
    graph = Graph(network, danger)
    rng = np.random.default_rng(1)
    sites = rng.choice(len(network.lat), 102, replace=False).astype(np.int32)
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(_seconds(lambda: graph.tree(sites)))
        bare.append(_seconds(lambda: dijkstra(graph.matrix, indices=sites, min_only=True)))
    build = statistics.median(_seconds(lambda: Graph(network, danger)) for _ in range(RUNS))
    wet = statistics.median(
        _seconds(lambda: edge_danger(network, samples, floods)) for _ in range(5)
    )
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    print(f"network: {len(network.lat):,} nodes, {len(network.tail):,} edges, {len(sites)} sites")
    print(f"route tree: {statistics.median(ours) * 1000:.1f} ms median of {RUNS}")
    print(f"bare scipy dijkstra(min_only): {statistics.median(bare) * 1000:.1f} ms")
    print(f"ratio: {ratio:.2f} (promise: at most 1.5)")
    print(f"danger of all edges: {wet * 1000:.1f} ms; matrix from edges: {build * 1000:.1f} ms")


if __name__ == "__main__":
    main()
