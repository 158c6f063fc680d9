"""A queue before desks: how long people wait when so many come, each takes so long, and n desks serve.

First come, first served, one line for all desks (M/G/n by simulation; for exponential times the formula
of Erlang, 1917, tells the mean wait exactly, and the tests hold the two together).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf
from random import Random
from statistics import quantiles


@dataclass(frozen=True)
class Queue:
    """What a simulated arrival of people was like; times in seconds.

    ``wait_*``: from coming to being served; ``longest``: most people in line at once; ``over``: from the
    last one's coming until the last is done; ``busy``: share of the desks' time in use, 0–1.
    """

    desks: int
    people: int
    wait_mean: float
    wait_median: float
    wait_p90: float
    longest: int
    over: float
    busy: float

    @property
    def minutes(self) -> tuple[float, float, float]:
        """Median wait, ninety per cent, and how long it goes on after the last came, in minutes."""
        wait, ninety, over = (
            round(one / 60, 1) for one in (self.wait_median, self.wait_p90, self.over)
        )
        return wait, ninety, over


def simulate(
    people: int, seconds: float, services: Sequence[float], desks: int, *, seed: int = 0
) -> Queue:
    """Let ``people`` come at random within ``seconds``; each takes one of ``services`` at random.

    ``services``: measured times in seconds, at least one, none negative. ``desks`` ≥ 1.
    """
    if people < 1 or desks < 1 or not services or min(services) < 0:
        raise ValueError("a queue needs people, desks and times")
    rng = Random(seed)  # noqa: S311 - a simulation, the same at every run
    coming = sorted(rng.random() * seconds for _ in range(people))
    return _served(coming, rng.choices(services, k=people), desks)


def _served(coming: Sequence[float], taking: Sequence[float], desks: int) -> Queue:
    """Serve people in the order of their coming; return what it was like."""
    free = [0.0] * desks
    starts, waits = [], []
    for at, takes in zip(coming, taking, strict=True):
        start = max(at, free[0])
        heapq.heapreplace(free, start + takes)
        starts.append(start)
        waits.append(start - at)
    end = max(free)
    spread = quantiles(waits, n=10, method="inclusive") if len(waits) > 1 else waits * 9
    return Queue(
        desks=desks,
        people=len(waits),
        wait_mean=sum(waits) / len(waits),
        wait_median=spread[4],
        wait_p90=spread[8],
        longest=_longest(coming, starts),
        over=end - coming[-1],
        busy=sum(taking) / (desks * end) if end else 0.0,
    )


def _longest(coming: Sequence[float], starts: Sequence[float]) -> int:
    """Return the most people in line at once; ``starts`` rise as ``coming`` does."""
    served = longest = 0
    for place, at in enumerate(coming):
        while served < place and starts[served] <= at:
            served += 1
        longest = max(longest, place - served + (starts[place] > at))
    return longest


def least_desks(people: int, seconds: float, mean_service: float) -> int:
    """Return how many desks keep up with the arrivals at all; with fewer the line only grows."""
    return max(1, ceil(people * mean_service / seconds)) if seconds > 0 else people


def mean_wait(per_second: float, mean_service: float, desks: int) -> float:
    """Return the mean wait of M/M/n in seconds (Erlang C); infinite when the desks cannot keep up."""
    load = per_second * mean_service
    if load >= desks:
        return inf
    term = total = 1.0
    for k in range(1, desks):
        term *= load / k
        total += term
    last = term * load / desks * desks / (desks - load)
    waiting = last / (total + last)
    return waiting * mean_service / (desks - load)
