"""Places for everyone (避難先の割り当て): whole households to sites with limited capacity.

Sending everyone to the nearest site overloads some many times over. Three steps, measured against
minimum-cost flow in ``benchmarks/assign.py``: prices that spread people by themselves, a small
linear program for what prices leave open, and whole households put on the places so divided. A few
households are assigned exactly instead (mixed-integer program).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.prices import Market
from sonae.engines.evacuation.seating import NOWHERE, Board, Chains, Demand
from sonae.engines.evacuation.transport import Division, divide

__all__ = ["NOWHERE", "Demand", "Seats", "assign"]

BEYOND_M = 50_000.0
"""Going without a place counts as this many metres more than any way."""
MOST_CHAINS = 200
"""So many households look for a chain of moves; more are left over only where places really lack."""
EXACT_ARCS = 400
"""Up to so many pairs of household and site the best assignment of all is computed."""


@dataclass(frozen=True, eq=False)
class Seats:
    """The answer: ``site`` per household (NOWHERE without a place) and what is proven about it.

    ``least_unserved``: people who cannot be served by any plan, even dividing households.
    ``bound``: person-metres that no plan serving as many can go below; nan where not comparable.
    ``larger_changes``: whether looking at more sites per household could change the answer; the
    bound is over all sites, so that False is proven.
    """

    site: NDArray[np.int64]
    least_unserved: int
    bound: float
    larger_changes: bool


def assign(demand: Demand, *, exact_arcs: int = EXACT_ARCS) -> Seats:
    """Return a site for every household: as many people as possible, then the fewest person-metres.

    No site ever takes more people than its capacity, no household is divided.
    """
    rows = np.flatnonzero(np.asarray(np.isfinite(demand.cost).any(axis=1)))
    inside = np.isin(demand.row, rows)
    if not inside.any():
        nobody = np.full(len(demand.size), NOWHERE, np.int64)
        return Seats(nobody, 0, 0.0, False)
    if inside.sum() * demand.cost.shape[1] <= exact_arcs:
        return _exact(demand)
    return _by_prices(demand, rows)


def _market(demand: Demand, rows: NDArray[np.int64]) -> Market:
    """Return the homes with a way as a market."""
    heads = np.bincount(demand.row, weights=demand.size, minlength=len(demand.cost))
    cost = np.ascontiguousarray(demand.cost[rows])
    farthest = float(cost[np.isfinite(cost)].max())
    capacity = np.maximum(demand.capacity, 0).astype(np.float64)
    return Market(cost, heads[rows].astype(np.float64), capacity, farthest + BEYOND_M)


def _by_prices(demand: Demand, rows: NDArray[np.int64]) -> Seats:
    """Divide homes by prices, then seat whole households."""
    market = _market(demand, rows)
    division = divide(market)
    board = Board(demand)
    _seat_division(board, division, rows)
    board.seat_waiting()
    left = round(market.people.sum() - division.people.sum())
    if demand.size[board.waiting()].sum() > left:
        Chains(board, division.price).seat_waiting(MOST_CHAINS)
    board.improve()
    board.seat_waiting()
    bound = division.bound - left * market.nowhere
    return Seats(board.site, left, bound, not division.proven)


def _seat_division(board: Board, division: Division, rows: NDArray[np.int64]) -> None:
    """Seat the households of undivided homes at once, those of divided ones as the shares allow."""
    demand = board.demand
    heads = np.bincount(demand.row, weights=demand.size, minlength=len(demand.cost))
    row = rows[division.row]
    whole = division.people >= heads[row] - 1e-6
    target = np.full(len(demand.cost), NOWHERE, np.int64)
    target[row[whole]] = division.site[whole]
    going = np.flatnonzero(target[demand.row] >= 0)
    board.put_many(going, target[demand.row[going]])
    shares: dict[int, dict[int, float]] = {}
    for at in np.flatnonzero(~whole).tolist():
        shares.setdefault(int(row[at]), {})[int(division.site[at])] = float(division.people[at])
    for household in np.flatnonzero(np.isin(demand.row, np.array(list(shares), np.int64))).tolist():
        _seat_share(board, household, shares[int(demand.row[household])])


def _seat_share(board: Board, household: int, share: dict[int, float]) -> None:
    """Seat a household at the site of its home's shares that still expects the most people."""
    size = int(board.demand.size[household])
    fitting = [site for site in share if board.room[site] >= size and share[site] > size / 2]
    if fitting:
        site = max(fitting, key=lambda one: (share[one], -one))
        share[site] -= size
        board.put(household, site)


def _exact(demand: Demand) -> Seats:
    """Return the best assignment of few households by a mixed-integer program."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    cost = demand.cost[demand.row]
    home, site = np.nonzero(np.isfinite(cost) & (demand.size[:, None] <= demand.capacity[None, :]))
    seated = np.full(len(demand.size), NOWHERE, np.int64)
    if not len(home):
        return Seats(seated, _cannot(demand, seated, cost), 0.0, False)
    size = demand.size[home].astype(np.float64)
    metres = cost[home, site]
    gain = size * (metres - (len(size) + 1) * (metres.max() + BEYOND_M))
    arcs = np.arange(len(home))
    once = coo_array((np.ones(len(home)), (home, arcs)), shape=(len(cost), len(home))).tocsr()
    fill = coo_array((size, (site, arcs)), shape=(cost.shape[1], len(home))).tocsr()
    solved = milp(
        gain,
        constraints=[
            LinearConstraint(once, ub=1.0),
            LinearConstraint(fill, ub=demand.capacity.astype(np.float64)),
        ],
        integrality=np.ones(len(home)),
        bounds=Bounds(0.0, 1.0),
        options={"mip_rel_gap": 0.0},
    )
    chosen = np.flatnonzero(solved.x > 0.5)
    seated[home[chosen]] = site[chosen]
    walked = float((size[chosen] * metres[chosen]).sum())
    return Seats(seated, _cannot(demand, seated, cost), walked, False)


def _cannot(demand: Demand, seated: NDArray[np.int64], cost: NDArray[np.float64]) -> int:
    """Return the people with a way somewhere who are left over in the best assignment."""
    reach = np.isfinite(cost).any(axis=1)
    return int(demand.size[(seated < 0) & reach].sum())
