"""The best division of homes among sites when a home may be divided (transportation problem).

Prices leave few homes undecided; only those go to the linear program (HiGHS by scipy), which is
then small. Whether it left out anything that matters is not assumed: its own prices bound the best
possible plan over all sites, and as long as the bound is not reached more homes and sites are let in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.prices import Market, market_prices, nearest

FIRST_CANDIDATES = 12
SAME = 0.0001
"""A plan this near to the proven bound counts as unchanged by more candidates."""
_DOUBT_M = 10.0
_MOST_ROUNDS = 8
_WHOLE = 1e-6


@dataclass(frozen=True, eq=False)
class Division:
    """People of each home (row) sent to each site: ``row``, ``site``, ``people``; the rest nowhere.

    ``price``: metres per site. ``bound``: person-metres no plan over all sites can go below, the
    unserved counted as `Market.nowhere`. ``reached``: the person-metres of this division, likewise.
    ``proven``: letting in more homes or sites would change nothing.
    """

    row: NDArray[np.int64]
    site: NDArray[np.int64]
    people: NDArray[np.float64]
    price: NDArray[np.float64]
    bound: float
    reached: float

    @property
    def proven(self) -> bool:
        """Whether the bound over all sites is reached, so that more candidates change nothing."""
        return self.reached <= self.bound + SAME * max(abs(self.bound), 1.0)


def divide(market: Market) -> Division:
    """Return the division with the fewest left over and, with as few, the fewest person-metres."""
    candidates = min(FIRST_CANDIDATES, len(market.room))
    price = market_prices(market, candidates)
    arcs = Arcs(market, price, candidates)
    best = arcs.solve()
    for _ in range(_MOST_ROUNDS):
        if best.proven or not arcs.widen(best.price):
            break
        again = arcs.solve()
        bound = max(best.bound, again.bound)
        best = replace(again if again.reached <= best.reached else best, bound=bound)
        best = replace(best, price=again.price)
    return best


class Arcs:
    """Which homes may still choose, and among which sites; everybody else has the clear best one."""

    def __init__(self, market: Market, price: NDArray[np.float64], candidates: int) -> None:
        """Open the sites that are within the doubt of the best at these prices."""
        self.market, self.price = market, price
        columns, cost = nearest(market.cost, price, candidates)
        priced = cost + price[columns]
        least = np.minimum(priced.min(axis=1), market.nowhere)
        near = priced <= (least + _DOUBT_M)[:, None]
        self.first = columns[np.arange(len(columns)), priced.argmin(axis=1)]
        lost = market.nowhere <= least + _DOUBT_M
        self.open = lost | (near.sum(axis=1) > 1)
        self._open_crowded()
        wide = priced <= (least + 2 * _DOUBT_M)[:, None]
        at, column = np.nonzero(wide & self.open[:, None] & np.isfinite(priced))
        self.row, self.site = at, columns[at, column]

    def _open_crowded(self) -> None:
        """Let all homes choose whose clear best site is wanted by more people than it takes."""
        market, clear = self.market, ~self.open
        wanted = np.bincount(
            self.first[clear], weights=market.people[clear], minlength=len(market.room)
        )
        self.open |= (wanted > market.room)[self.first]

    def widen(self, price: NDArray[np.float64]) -> bool:
        """Let in, for every home, the site that is best at these prices; False when all were in."""
        priced = self.market.cost + price
        best = priced.argmin(axis=1)
        rows = np.arange(len(best))
        have = np.full(len(best), self.market.nowhere)
        np.minimum.at(have, self.row, priced[self.row, self.site])
        have = np.where(self.open, have, priced[rows, self.first])
        new = np.flatnonzero(priced[rows, best] < have - _WHOLE)
        opened = new[~self.open[new]]
        self.open[opened] = True
        self.row = np.concatenate((self.row, opened, new))
        self.site = np.concatenate((self.site, self.first[opened], best[new]))
        return len(new) > 0

    def solve(self) -> Division:
        """Fix the clear homes and solve for the others."""
        market = self.market
        clear = np.flatnonzero(~self.open)
        taken = np.bincount(
            self.first[clear], weights=market.people[clear], minlength=len(market.room)
        )
        rows = np.flatnonzero(self.open)
        at = np.searchsorted(rows, self.row)
        metres = market.cost[self.row, self.site]
        heads, fresh = _program(market, rows, at, self.site, metres, market.room - taken)
        some = heads > _WHOLE
        row = np.concatenate((clear, self.row[some]))
        where = np.concatenate((self.first[clear], self.site[some]))
        people = np.concatenate((market.people[clear], heads[some]))
        left = float(market.people.sum() - people.sum())
        reached = float((people * market.cost[row, where]).sum()) + left * market.nowhere
        bounds = {market.bound(price): price for price in (fresh, self.price)}
        return Division(row, where, people, fresh, max(bounds), reached)


def _program(
    market: Market,
    rows: NDArray[np.int64],
    at: NDArray[np.int64],
    site: NDArray[np.int64],
    metres: NDArray[np.float64],
    room: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve the linear program over the open arcs; return people per arc and prices per site."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    arcs, homes, sites = len(at), len(rows), len(room)
    if not homes:
        return np.zeros(0), np.zeros(sites)
    every = np.ones(arcs + homes)
    column = np.arange(arcs + homes)
    leave = coo_array(
        (every, (np.concatenate((at, np.arange(homes))), column)), shape=(homes, arcs + homes)
    )
    arrive = coo_array((every[:arcs], (site, column[:arcs])), shape=(sites, arcs + homes))
    solved = linprog(
        np.concatenate((metres, np.full(homes, market.nowhere))),
        A_ub=arrive.tocsr(),
        b_ub=np.maximum(room, 0.0),
        A_eq=leave.tocsr(),
        b_eq=market.people[rows],
        method="highs-ds",
    )
    if solved.x is None:
        raise ArithmeticError(f"the linear program has no answer: {solved.message}")
    return solved.x[:arcs], np.maximum(-solved.ineqlin.marginals, 0.0)
