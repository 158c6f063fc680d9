"""Prices of places (避難先の混雑の値段): what a full site must cost so that people spread by themselves.

If every household simply takes the site where metres plus price are least, and prices are right,
no site is overfull and nobody could be moved for the better: the dual of minimum-cost flow. The
function to climb is smoothed by ``tau`` metres (log-sum-exp), climbed by Newton's method, and made
sharper step by step; a sample of the homes is enough until it is sharp. What the prices promise is
a lower bound of the best possible plan over *all* sites, whatever candidates were looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SAMPLE = 2000
_COARSE = (1000.0, 300.0, 100.0)
_FINE = (60.0, 15.0, 4.0)
_ENOUGH = 0.004
_LEAST_STEP = 0.05


@dataclass(frozen=True, eq=False)
class Market:
    """Homes (``r`` rows) and sites (``s``): ``cost`` metres (r, s), inf = may not; ``people`` (r,).

    ``room``: places (s,). ``nowhere``: metres that staying without a place counts as; more than any
    difference between two plans, so that nobody is left out to save others a walk.
    """

    cost: NDArray[np.float64]
    people: NDArray[np.float64]
    room: NDArray[np.float64]
    nowhere: float

    def bound(self, price: NDArray[np.float64]) -> float:
        """Return what no plan can go below: person-metres, the unserved counted as ``nowhere``."""
        best = np.minimum((self.cost + price).min(axis=1), self.nowhere)
        return float((self.people * best).sum() - (self.room * price).sum())


def market_prices(market: Market, candidates: int) -> NDArray[np.float64]:
    """Return the price of each site in metres (s,), near the best ones.

    ``candidates``: how many sites per home are looked at while the prices are made sharp.
    """
    sites = len(market.room)
    price = np.zeros(sites)
    rows = len(market.people)
    every = _sample(rows)
    scale = market.people.sum() / max(market.people[every].sum(), 1.0)
    columns = np.broadcast_to(np.arange(sites), (len(every), sites))
    sample = _Climb(market, market.cost[every], columns, market.people[every] * scale)
    for tau in _COARSE:
        price = sample.climb(price, tau)
    for tau in _FINE:
        columns, cost = nearest(market.cost, price, candidates)
        price = _Climb(market, cost, columns, market.people).climb(price, tau)
    return price


def _sample(rows: int) -> NDArray[np.int64]:
    """Return the same rows every time, spread over all."""
    return np.sort(np.random.default_rng(1).permutation(rows)[:_SAMPLE])


def nearest(
    cost: NDArray[np.float64], price: NDArray[np.float64], candidates: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for every row its best sites at these prices, and their metres (r, candidates)."""
    count = min(candidates, cost.shape[1])
    if count == cost.shape[1]:
        return np.broadcast_to(np.arange(count), cost.shape), cost
    priced = (cost + price).astype(np.float32)
    columns = np.argpartition(priced, count - 1, axis=1)[:, :count]
    return columns, np.take_along_axis(cost, columns, axis=1)


class _Climb:
    """Newton's method on the smoothed function over some rows and their candidate columns."""

    def __init__(
        self,
        market: Market,
        cost: NDArray[np.float64],
        columns: NDArray[np.int64],
        people: NDArray[np.float64],
    ) -> None:
        """Add to every row the column of staying nowhere, whose price is always nothing."""
        self.sites, self.room = len(market.room), market.room
        extra = np.full((len(cost), 1), market.nowhere)
        self.cost = np.hstack((cost, extra))
        self.columns = np.hstack((columns, np.full((len(cost), 1), self.sites)))
        self.people = people

    def climb(self, price: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
        """Return better prices for this sharpness (metres)."""
        reach = 5.0 * tau
        value, share = self._soften(price, tau)
        for _ in range(60):
            load = self._loads(share)
            slope = load - self.room
            free = np.flatnonzero((price > 0) | (slope > 0))
            if np.abs(slope[free]).sum() <= _ENOUGH * self.people.sum():
                break
            bend = (np.diag(load) - self._crossings(share)) / tau
            bend[np.diag_indices(self.sites)] += 1e-3 * self.people.sum() / self.sites / tau
            step = np.zeros(self.sites)
            step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
            far = bool(np.abs(step).max() > reach)
            price, value, share, whole = self._go(
                price, np.clip(step, -reach, reach), tau, value, share
            )
            reach *= 2.0 if far and whole else 1.0
        return price

    def _go(
        self,
        price: NDArray[np.float64],
        step: NDArray[np.float64],
        tau: float,
        value: float,
        share: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], float, NDArray[np.float64], bool]:
        """Go the step, or a part of it when all of it would lead down."""
        part = 1.0
        while part >= _LEAST_STEP:
            there = np.maximum(price + part * step, 0.0)
            height, shares = self._soften(there, tau)
            if height >= value:
                return there, height, shares, part == 1.0
            part /= 2.0
        return price, value, share, False

    def _soften(self, price: NDArray[np.float64], tau: float) -> tuple[float, NDArray[np.float64]]:
        """Return the smoothed function and how each row divides itself among its columns."""
        total = self.cost + np.append(price, 0.0)[self.columns]
        least = total.min(axis=1, keepdims=True)
        share = np.exp((least - total) / tau)
        whole = share.sum(axis=1, keepdims=True)
        share /= whole
        best = least[:, 0] - tau * np.log(whole[:, 0])
        return float((self.people * best).sum() - (self.room * price).sum()), share

    def _loads(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the people at each site."""
        heads = (share * self.people[:, None]).ravel()
        load = np.bincount(self.columns.ravel(), weights=heads, minlength=self.sites + 1)
        return np.asarray(load[: self.sites], np.float64)

    def _crossings(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the people who hesitate between every two sites (s, s)."""
        heads = share * self.people[:, None]
        size = self.sites + 1
        if share.shape[1] == size:
            return np.asarray((heads.T @ share)[:-1, :-1])
        found = np.zeros(size * size)
        for one in range(share.shape[1]):
            pair = self.columns[:, one] * size
            for other in range(one, share.shape[1]):
                weight = heads[:, one] * share[:, other]
                found += np.bincount(
                    pair + self.columns[:, other], weights=weight, minlength=size * size
                )
        upper = found.reshape(size, size)
        both = upper + upper.T - np.diag(np.diag(upper))
        return np.asarray(both[:-1, :-1])
