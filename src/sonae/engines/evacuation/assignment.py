"""Places for everyone (避難先の割り当て): whole households to sites with limited capacity.

Sending everyone to the nearest site overloads some many times over. An auction (Bertsekas) spreads
them: each household without a place bids for the site that is best for it at present prices; a full
site keeps the highest bids and its price rises to the lowest it kept. Households are never split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
_STEP_M = 100.0
"""Least raise of a bid: the result is within this many metres per household of the best."""
_PATIENCE = 300
_HASTE = 1.02
"""After `_PATIENCE` rounds bids rise ever faster: only a real shortage takes so long."""
_BEYOND_M = 50_000.0
"""A household gives up when even its best site costs this many metres more than any way."""


@dataclass(frozen=True, eq=False)
class Demand:
    """Households and where they may go; arrays of ``h`` rows, ``k`` candidates each.

    ``size``: people (h,). ``site``: index of each candidate site, best first, -1 for none (h, k).
    ``cost``: metres of each candidate, inf for none (h, k). ``capacity``: people per site (s,).
    """

    size: NDArray[np.int64]
    site: NDArray[np.int32]
    cost: NDArray[np.float64]
    capacity: NDArray[np.int64]


def assign(demand: Demand) -> NDArray[np.int64]:
    """Return for every household the number of its candidate (column), or NOWHERE.

    No site ever takes more people than its capacity.
    """
    if not demand.site.size or not len(demand.capacity):
        return np.full(len(demand.size), NOWHERE, np.int64)
    auction = _Auction(demand)
    auction.run()
    board = _Board(demand, auction.choice)
    board.seat()
    board.improve()
    board.seat()  # Moves to nearer sites leave room behind.
    return board.choice


class _Auction:
    """Bids of all households without a place at once, round after round."""

    def __init__(self, demand: Demand) -> None:
        """Start with nobody placed and all sites free of charge."""
        self.demand = demand
        self.choice = np.full(len(demand.size), NOWHERE, np.int64)
        self.columns = np.maximum(demand.site, 0)
        self.price = np.zeros(len(demand.capacity))
        self.bid = np.zeros(len(demand.size))
        finite = np.isfinite(demand.cost)
        self.trying: NDArray[np.bool_] = np.asarray(finite.any(axis=1), bool)
        self.limit = float(demand.cost[finite].max(initial=0.0)) + _BEYOND_M

    def run(self) -> None:
        """Hold rounds until everyone has a place or has given up."""
        step, rounds = _STEP_M, 0
        while len(waiting := np.flatnonzero((self.choice < 0) & self.trying)):
            sites = self._bid(waiting, step)
            if sites.any():
                self._keep_highest(sites)
            rounds += 1
            step *= _HASTE if rounds > _PATIENCE else 1.0

    def _bid(self, waiting: NDArray[np.int64], step: float) -> NDArray[np.bool_]:
        """Let the waiting bid up to what their second best is worth; return the sites bid for."""
        value = self.demand.cost[waiting] + self.price[self.columns[waiting]]
        rows = np.arange(len(waiting))
        best = value.argmin(axis=1)
        first = value[rows, best]
        value[rows, best] = np.inf
        second = np.minimum(value.min(axis=1), self.limit)
        hopeful = first < self.limit
        self.trying[waiting[~hopeful]] = False
        who, column = waiting[hopeful], best[hopeful]
        site = self.columns[who, column]
        self.choice[who] = column
        self.bid[who] = self.price[site] + np.maximum(second - first, 0.0)[hopeful] + step
        touched = np.zeros(len(self.price), bool)
        touched[site] = True
        return touched

    def _keep_highest(self, touched: NDArray[np.bool_]) -> None:
        """Keep the highest bids at each site that was bid for, as many people as fit."""
        at = self.columns[np.arange(len(self.choice)), np.maximum(self.choice, 0)]
        here = np.flatnonzero((self.choice >= 0) & touched[at])
        here = here[np.lexsort((-self.bid[here], at[here]))]
        site, size = at[here], self.demand.size[here]
        people = np.cumsum(size)
        begins = np.r_[True, site[1:] != site[:-1]]
        start = np.maximum.accumulate(np.where(begins, np.arange(len(here)), 0))
        out = people - people[start] + size[start] > self.demand.capacity[site]
        self.choice[here[out]] = NOWHERE
        crowded = np.zeros(len(self.price), bool)
        crowded[site[out]] = True
        lowest = np.full(len(self.price), self.limit)
        np.minimum.at(lowest, site[~out], self.bid[here[~out]])
        self.price = np.where(crowded, np.maximum(self.price, lowest), self.price)


class _Board:
    """Who sits where while the last places are given out; ``room`` is what is left at each site."""

    def __init__(self, demand: Demand, choice: NDArray[np.int64]) -> None:
        """Start from places that fit."""
        self.demand, self.choice = demand, choice
        on = np.flatnonzero(choice >= 0)
        taken = np.bincount(
            demand.site[on, choice[on]], weights=demand.size[on], minlength=len(demand.capacity)
        )
        self.room = demand.capacity - taken.astype(np.int64)

    def _put(self, household: int, column: int) -> None:
        """Move a household to one of its candidates and keep the room right."""
        size, now = self.demand.size[household], int(self.choice[household])
        if now >= 0:
            self.room[self.demand.site[household, now]] += size
        self.choice[household] = column
        self.room[self.demand.site[household, column]] -= size

    def _fits(self) -> NDArray[np.bool_]:
        """Return which candidates have room for the household now."""
        room = self.room[np.maximum(self.demand.site, 0)]
        return (room >= self.demand.size[:, None]) & np.isfinite(self.demand.cost)

    def seat(self) -> None:
        """Seat those without a place where room for all of them is left, large households first."""
        waiting = np.flatnonzero((self.choice < 0) & self._fits().any(axis=1))
        for household in waiting[np.argsort(-self.demand.size[waiting], kind="stable")].tolist():
            site, cost = self.demand.site[household], self.demand.cost[household]
            fits = np.isfinite(cost) & (self.room[site] >= self.demand.size[household])
            if fits.any():
                self._put(household, int(np.argmin(np.where(fits, cost, np.inf))))

    def improve(self) -> None:
        """Move households to a nearer candidate that has room, the largest gain first."""
        rows = np.arange(len(self.choice))
        for _ in range(4):
            seated = self.choice >= 0
            now = np.where(seated, self.demand.cost[rows, np.maximum(self.choice, 0)], -np.inf)
            gain = np.where(self._fits(), now[:, None] - self.demand.cost, -np.inf)
            best = gain.argmax(axis=1)
            top = gain[rows, best]
            moving = np.flatnonzero(seated & (top > 0))
            if not len(moving):
                return
            for household in moving[np.argsort(-top[moving], kind="stable")].tolist():
                column = int(best[household])
                if self.room[self.demand.site[household, column]] >= self.demand.size[household]:
                    self._put(household, column)
