"""The route tree for all nodes from all sites, against scipy's bare dijkstra on the same matrix.

Two copies of the demo city's network, joined: more than 100,000 nodes, with danger and with ground
that nobody surveyed. Promises: within 1.5 × of ``dijkstra(min_only=True)``; 48 trees for profiles and
hazards, their graphs included, in 2 s. Beside them the repair of a tree after a closing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from sonae.demo.city import generate
from sonae.engines.evacuation.danger import Samples, edge_ground
from sonae.engines.evacuation.graph import Graph, Skeleton
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.repair import repaired, risen

RUNS = 15
SITES = 102
PROMISED_RATIO, PROMISED_SECONDS = 1.5, 2.0


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()  # one thread: on a shared machine only this can be compared
    work()
    return time.process_time() - begun


def _median(work: Callable[[], object], runs: int = RUNS) -> float:
    return statistics.median(_seconds(work) for _ in range(runs))


def doubled(one: Network) -> Network:
    """Two copies of a network, the second 20 km further north, with 50 streets between them."""
    nodes = len(one.lat)
    bridge = np.random.default_rng(2).choice(nodes, 50, replace=False).astype(np.int32)
    none, few = np.zeros(50, np.float32), np.zeros(50, np.bool_)

    def twice(name: str, more: NDArray[np.generic]) -> NDArray[np.generic]:
        column = np.asarray(getattr(one, name))
        return np.concatenate((column, column, more.astype(column.dtype)))

    bends = np.diff(one.shape_start)
    start = np.concatenate(([0], np.cumsum(np.concatenate((bends, bends, none)))))
    return replace(
        one,
        lat=np.concatenate((one.lat, one.lat + 0.18)),
        lon=np.tile(one.lon, 2),
        tail=np.concatenate((one.tail, one.tail + nodes, bridge)).astype(np.int32),
        head=np.concatenate((one.head, one.head + nodes, bridge + nodes)).astype(np.int32),
        length_m=twice("length_m", np.full(50, 20_000.0)),
        slope=twice("slope", none),
        stairs=twice("stairs", few),
        slope_known=twice("slope_known", few),
        width_m=twice("width_m", none),
        bridge=twice("bridge", few),
        tunnel=twice("tunnel", few),
        shape_start=start.astype(np.int32),
        shape_lat=np.concatenate((one.shape_lat, one.shape_lat + 0.18)),
        shape_lon=np.tile(one.shape_lon, 2),
    )


def main() -> None:
    """Print medians and ratios."""
    city = generate("full", 1)
    network = doubled(city.network)
    nodes, edges = len(network.lat), len(network.tail)
    rng = np.random.default_rng(1)
    sites = rng.choice(nodes, SITES, replace=False).astype(np.int32)
    samples = Samples(network)
    floods = [layer for layer in city.layers if layer.hazard == "flood"]
    ground = edge_ground(network, samples, floods)
    danger, unsurveyed = ground.with_danger(network), ground.unsurveyed_m(network)
    skeleton = Skeleton(network)
    print(f"network: {nodes:,} nodes, {edges:,} edges, {SITES} sites")
    for name, doubt in (("all ground surveyed", None), ("half of it unsurveyed", unsurveyed)):
        graph = Graph(network, danger, unsurveyed_m=doubt, skeleton=skeleton)
        trees, bare = [], []
        for _ in range(RUNS):
            trees.append(_seconds(lambda: graph.tree(sites)))  # noqa: B023
            bare.append(_seconds(lambda: dijkstra(graph.matrix, indices=sites, min_only=True)))  # noqa: B023
        ratio = statistics.median(a / b for a, b in zip(trees, bare, strict=True))
        print(
            f"route tree, {name}: {statistics.median(trees) * 1000:.1f} ms of CPU, median of {RUNS}; bare scipy "
            f"{statistics.median(bare) * 1000:.1f} ms; ratio {ratio:.2f} (promise: at most {PROMISED_RATIO})"
        )
    many = _median(lambda: forty_eight(network, skeleton, danger, unsurveyed, sites), 3)
    print(
        f"48 profile x hazard trees with their graphs: {many:.2f} s of CPU (promise {PROMISED_SECONDS} s)"
    )
    repairs(network, skeleton, danger, sites)
    wet = _median(lambda: edge_ground(network, samples, floods), 5)
    build = _median(lambda: Graph(network, danger, skeleton=skeleton))
    print(
        f"ground of all edges: {wet * 1000:.1f} ms; skeleton: {_median(lambda: Skeleton(network), 3) * 1000:.1f} ms; "
        f"costs into it: {build * 1000:.1f} ms"
    )


def forty_eight(
    network: Network,
    skeleton: Skeleton,
    danger: NDArray[np.float32],
    unsurveyed: NDArray[np.float32],
    sites: NDArray[np.int32],
) -> None:
    """Grow trees for 3 dangers × with and without stairs × 8 lists of designated sites."""
    rng = np.random.default_rng(3)
    for share in (0.0, 0.5, 1.0):
        for blocked in (None, np.asarray(network.stairs)):
            graph = Graph(
                network, danger * np.float32(share), blocked, unsurveyed_m=unsurveyed, skeleton=skeleton
            )  # fmt: skip
            for _ in range(8):
                graph.tree(rng.choice(sites, SITES // 2, replace=False))


def repairs(
    network: Network, skeleton: Skeleton, danger: NDArray[np.float32], sites: NDArray[np.int32]
) -> None:
    """Print what mending a tree costs against growing it: one site closed, ten streets cut."""
    graph = Graph(network, danger, skeleton=skeleton)
    tree, fewer = graph.tree(sites), sites[1:]
    anew = _median(lambda: graph.tree(fewer))
    none = np.zeros(0, np.int64)
    closed = _median(lambda: repaired(tree, sites, graph, fewer, none))
    shut = np.zeros(len(network.tail), bool)
    shut[np.random.default_rng(4).choice(len(shut), 10, replace=False)] = True
    later = Graph(network, danger, shut, skeleton=skeleton)
    costlier = risen(graph, later)
    assert costlier is not None
    cut = _median(lambda: repaired(tree, sites, later, sites, costlier))
    print(
        f"a site closed: {closed * 1000:.1f} ms, {closed / anew:.2f} x a new tree; "
        f"ten streets cut: {cut * 1000:.1f} ms, {cut / anew:.2f} x"
    )


if __name__ == "__main__":
    main()
