"""Places for 50,480 households at sites of limited capacity, against sending all to the nearest.

Baseline in the same run: the nearest designated site for everyone (one argmin over the same costs),
which overloads sites. The demo city's people, network and 指定緊急避難場所 for floods.
"""

from __future__ import annotations

import time

import numpy as np

from sonae.demo.city import generate
from sonae.engines.evacuation.assignment import Demand, assign
from sonae.engines.evacuation.graph import Graph

CANDIDATES = 24
SLACK = 1.15


def main() -> None:
    """Print seconds, person-kilometres, people without a place and people over capacity."""
    city = generate("full", 1)
    network, homes = city.network, city.register.households
    size = np.bincount(
        np.asarray(city.register.residents["household"]), minlength=len(homes["number"])
    )
    node, _ = network.snap(np.asarray(homes["latitude"]), np.asarray(homes["longitude"]))
    rng = np.random.default_rng(1)
    sites = rng.choice(len(network.lat), 124, replace=False).astype(np.int32)
    room = rng.lognormal(0, 0.7, len(sites))
    capacity = (room / room.sum() * size.sum() * SLACK).astype(np.int64)
    graph = Graph(network, np.zeros(len(network.tail), np.float32))
    begun = time.perf_counter()
    nodes, at = np.unique(node, return_inverse=True)
    _, metres = graph.costs(sites, nodes)
    ways = time.perf_counter() - begun
    cost = metres.T[at.ravel()]
    nearest = np.argsort(cost, axis=1)[:, :CANDIDATES].astype(np.int32)
    wanted = np.take_along_axis(cost, nearest.astype(np.int64), axis=1)
    begun = time.perf_counter()
    choice = assign(Demand(size.astype(np.int64), nearest, wanted, capacity))
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    first = np.argmin(cost, axis=1)
    bare = time.perf_counter() - begun
    crowd = np.bincount(first, weights=size, minlength=len(sites))
    over = int(np.maximum(crowd - capacity, 0).sum())
    on = np.flatnonzero(choice >= 0)
    walked = float((size[on] * wanted[on, choice[on]]).sum()) / 1000
    short = float((size * cost[np.arange(len(size)), first]).sum()) / 1000
    print(
        f"{size.sum():,} people in {len(size):,} households, {len(sites)} sites, {capacity.sum():,} places"
    )
    print(f"all ways from every site: {ways:.2f} s")
    print(f"assignment with {CANDIDATES} candidates: {seconds:.2f} s; nearest only: {bare:.3f} s")
    print(
        f"without a place: {int(size.sum() - size[on].sum()):,}; nearest only puts {over:,} people over capacity"
    )
    print(f"person-km: {walked:,.0f}; nearest only {short:,.0f} (ratio {walked / short:.2f})")


if __name__ == "__main__":
    main()
