"""Places for 50,480 households at 102 sites of limited capacity: seconds, memory, and how near the best.

Baselines in the same run: the nearest site for everyone (which overloads sites), and the optimum of
minimum-cost flow, which may even divide households: solved exactly by HiGHS over all arcs that the
optimum can use, and checked by its own dual prices over every household and every site.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

import _memory
from sonae.demo.city import generate
from sonae.engines.evacuation.assignment import Demand, Seats, assign
from sonae.engines.evacuation.graph import Graph
from sonae.engines.evacuation.neighbours import gather
from sonae.engines.evacuation.prices import Market, market_prices
from sonae.engines.evacuation.seating import Board
from sonae.engines.evacuation.transport import Arcs

SITES, SLACK, ROUNDS = 102, 1.15, 3
FEWER = (1.0, 0.9, 0.8)
"""Shares of the places: room to spare, nearly all needed, and a real shortage."""


def town() -> tuple[Demand, Any, float]:
    """Return the demo city's households before sites drawn at random, and the seconds of the ways."""
    city = generate("full", 1)
    network, homes = city.network, city.register.households
    size = np.bincount(
        np.asarray(city.register.residents["household"]), minlength=len(homes["number"])
    ).astype(np.int64)
    lat, lon = np.asarray(homes["latitude"]), np.asarray(homes["longitude"])
    node, _ = network.snap(lat, lon)
    rng = np.random.default_rng(1)
    sites = rng.choice(len(network.lat), SITES, replace=False).astype(np.int32)
    room = rng.lognormal(0, 0.7, len(sites))
    capacity = (room / room.sum() * size.sum() * SLACK).astype(np.int64)
    graph = Graph(network, np.zeros(len(network.tail), np.float32))
    nodes, row = np.unique(node, return_inverse=True)
    begun = time.process_time()
    _, metres = graph.costs(sites, nodes)
    ways = time.process_time() - begun
    cells = np.floor(np.column_stack((lat, lon)) / 0.001)
    block = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    return Demand(size, row.ravel(), np.ascontiguousarray(metres.T), capacity), block, ways


def optimum(demand: Demand) -> tuple[float, float]:
    """Return person-metres of the best plan of all that divides households, and who stays unserved."""
    heads = np.bincount(demand.row, weights=demand.size, minlength=len(demand.cost))
    market = Market(
        demand.cost, heads, demand.capacity.astype(float), float(demand.cost.max()) + 50_000.0
    )
    arcs = Arcs(market, market_prices(market, 24), 24)
    found = arcs.solve()
    while arcs.widen(found.price):
        found = arcs.solve()
    gap = found.reached - market.bound(found.price)
    assert abs(gap) < 1e-6 * found.reached, "the optimum is not proven"
    left = float(demand.size.sum() - found.people.sum())
    return found.reached - left * market.nowhere, left


def measure(demand: Demand) -> tuple[Seats, float, float]:
    """Assign a few times; return the answer and the median seconds of CPU and of the clock."""
    cpu, wall = [], []
    for _ in range(ROUNDS):
        begun = (time.process_time(), time.perf_counter())
        seats = assign(demand)
        cpu.append(time.process_time() - begun[0])
        wall.append(time.perf_counter() - begun[1])
    return seats, statistics.median(cpu), statistics.median(wall)


def memory_mb(*, peak_anew: bool = False) -> float:
    """Return the most memory this process has held; ``peak_anew``: what it holds, and count anew."""
    me = Path("/proc/self")
    if peak_anew:
        (me / "clear_refs").write_text("5")
    return _memory.peak()


def main() -> None:
    """Print the figures for enough, scarce and too few places."""
    full, block, ways = town()
    print(f"{full.size.sum():,} people in {len(full.size):,} households, {SITES} sites")
    print(f"all ways from every site: {ways:.2f} CPU-s")
    for share in FEWER:
        capacity = np.floor(full.capacity * share).astype(np.int64)
        demand = Demand(full.size, full.row, full.cost, capacity)
        before = memory_mb(peak_anew=True)
        seats, cpu, wall = measure(demand)
        memory = memory_mb() - before
        tell(demand, seats, block)
        print(f"  {cpu:.2f} CPU-s, {wall:.2f} s by the clock, + {memory:.0f} MB")


def tell(demand: Demand, seats: Seats, block: Any) -> None:
    """Print how good one answer is."""
    on = np.flatnonzero(seats.site >= 0)
    walked = float((demand.size[on] * demand.metres(on, seats.site[on])).sum())
    crowd = np.bincount(seats.site[on], weights=demand.size[on], minlength=SITES)
    assert (crowd <= demand.capacity).all(), "a site is overfull"
    begun = time.process_time()
    first = demand.cost.argmin(axis=1)
    bare = time.process_time() - begun
    nearest = np.bincount(first[demand.row], weights=demand.size, minlength=SITES)
    over = int(np.maximum(nearest - demand.capacity, 0).sum())
    best, left = optimum(demand)
    board = Board(demand)
    board.put_many(on, seats.site[on])
    together = gather(board, block)
    print(f"{demand.capacity.sum():,} places (nearest only: {over:,} over capacity, {bare:.3f} s)")
    print(f"  unserved {int(demand.size.sum() - demand.size[on].sum()):,}, at best {left:,.0f}")
    print(
        f"  {walked / 1000:,.1f} person-km, {walked / best:.5f} x the optimum of minimum-cost flow"
    )
    print(
        f"  with most of their block: {together.before:.1%} of people; {together.after:.1%}"
        f" for {together.price / walked:.2%} more person-metres"
    )


if __name__ == "__main__":
    main()
