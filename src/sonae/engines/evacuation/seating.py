"""Whole households on the places that the division left to each site (世帯を分けない割り当て).

The division may cut through a home of several households, or through one household; here everyone
of a household goes to one site. Who finds no room is seated by chains: somebody moves over to
another site so that the household fits, for the fewest metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
_LARGEST = 12
"""Households larger than this count as this large when somebody else looks for room to move over."""
_LONGEST = 6
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Demand:
    """Households and what each site costs them.

    ``size``: people (h,). ``row``: the household's row of ``cost`` (h,), because households of one
    home share it. ``cost``: metres (r, s), inf = may not or cannot. ``capacity``: people per site (s,).
    """

    size: NDArray[np.int64]
    row: NDArray[np.int64]
    cost: NDArray[np.float64]
    capacity: NDArray[np.int64]

    def metres(self, household: NDArray[np.int64], site: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the metres of households to sites, one each."""
        return self.cost[self.row[household], site]


class Board:
    """Who sits where: ``site`` per household (NOWHERE = nowhere) and the ``room`` left per site."""

    def __init__(self, demand: Demand) -> None:
        """Begin with everyone standing."""
        self.demand = demand
        self.site = np.full(len(demand.size), NOWHERE, np.int64)
        self.room = demand.capacity.astype(np.int64).copy()

    def put_many(self, households: NDArray[np.int64], site: NDArray[np.int64]) -> None:
        """Seat households that are known to fit."""
        self.site[households] = site
        heads = np.bincount(site, weights=self.demand.size[households], minlength=len(self.room))
        self.room -= heads.astype(np.int64)

    def put(self, household: int, site: int) -> None:
        """Move one household and keep the room right."""
        size, now = self.demand.size[household], int(self.site[household])
        if now >= 0:
            self.room[now] += size
        self.site[household] = site
        self.room[site] -= size

    def waiting(self) -> NDArray[np.int64]:
        """Return the households without a place that may go somewhere, the largest first."""
        found = np.flatnonzero(self.site < 0)
        reach = np.asarray(np.isfinite(self.demand.cost).any(axis=1))
        found = found[reach[self.demand.row[found]]]
        return found[np.argsort(-self.demand.size[found], kind="stable")]

    def seat_waiting(self) -> None:
        """Seat everyone for whom some site has room, each where it is nearest."""
        for household in self.waiting().tolist():
            cost = self.demand.cost[self.demand.row[household]]
            fits = np.where(self.room >= self.demand.size[household], cost, np.inf)
            if np.isfinite(best := fits.min(initial=np.inf)):
                self.put(household, int(np.flatnonzero(fits == best)[0]))

    def improve(self) -> None:
        """Move households to a nearer site that has room, the largest gain first."""
        demand = self.demand
        for _ in range(_ROUNDS):
            spare = np.flatnonzero(self.room > 0)
            seated = np.flatnonzero(self.site >= 0)
            if not len(spare) or not len(seated):
                return
            choice = demand.cost[:, spare].argmin(axis=1)
            best = spare[choice][demand.row[seated]]
            gain = demand.metres(seated, self.site[seated]) - demand.metres(seated, best)
            gain[demand.size[seated] > self.room[best]] = 0.0
            moving = np.flatnonzero(gain > 0)
            if not len(moving):
                return
            for at in moving[np.argsort(-gain[moving], kind="stable")].tolist():
                if self.room[best[at]] >= demand.size[seated[at]]:
                    self.put(int(seated[at]), int(best[at]))


class Chains:
    """Seats by moving others over: from a site that lacks ``d`` places, along moves, to one with room."""

    def __init__(self, board: Board, price: NDArray[np.float64]) -> None:
        """Note for every site what moving a household of each size to each other site costs.

        ``price``: metres per site; with it no move gains, and no chain turns in circles.
        """
        self.board, self.demand, self.price = board, board.demand, price
        sites = len(board.room)
        self.move = np.full((sites, sites, _LARGEST + 1), np.inf)
        self.mover = np.full((sites, sites, _LARGEST + 1), NOWHERE, np.int64)
        for site in range(sites):
            self._note(site)

    def _note(self, site: int) -> None:
        """Find the cheapest household to move from a site, per size and target."""
        here = np.flatnonzero(self.board.site == site)
        size = np.minimum(self.demand.size[here], _LARGEST)
        self.move[site], self.mover[site] = np.inf, NOWHERE
        for number in np.unique(size).tolist():
            mine = here[size == number]
            rows = self.demand.row[mine]
            there = self.demand.cost[rows] + self.price
            extra = np.maximum(there - there[:, site][:, None], 0.0) * number
            best = extra.argmin(axis=0)
            self.move[site, :, number] = extra[best, np.arange(extra.shape[1])]
            self.mover[site, :, number] = mine[best]
        self.move[site, site] = np.inf

    def seat_waiting(self, most: int) -> int:
        """Seat whom a chain can seat, trying ``most`` households; return how many were seated."""
        return sum(self._seat(household) for household in self.board.waiting()[:most].tolist())

    def _seat(self, household: int) -> bool:
        """Seat one household by the cheapest chain, if there is one."""
        size = int(self.demand.size[household])
        cost = self.demand.cost[self.demand.row[household]]
        return self._apply(household, self._search((cost + self.price) * size, size))

    def _search(self, entry: NDArray[np.float64], size: int) -> list[tuple[int, int]]:
        """Return the cheapest chain as pairs (site, size of who moves on from there), the last 0.

        A state is a site and how many places it lacks for what has just come; empty without a chain.
        """
        room = self.board.room
        sites, sizes = np.arange(len(room)), np.arange(_LARGEST + 1)
        lack = np.clip(sizes[None, :] - room[:, None], 0, _LARGEST)
        cost = np.full((len(room), _LARGEST + 1), np.inf)
        cost[sites, np.clip(size - room, 0, _LARGEST)] = entry
        before = np.full((*cost.shape, 3), NOWHERE, np.int64)
        for _ in range(_LONGEST):
            owing = np.where(sizes > 0, cost, np.inf)
            prefix = np.minimum.accumulate(owing, axis=1)
            through = prefix[:, None, :] + self.move
            best = through.argmin(axis=0)
            value = np.take_along_axis(through, best[None], axis=0)[0]
            better = False
            for number in range(1, _LARGEST + 1):
                there = lack[:, number]
                gain = np.flatnonzero(value[:, number] < cost[sites, there] - 1e-9)
                if not len(gain):
                    continue
                better = True
                cost[gain, there[gain]] = value[gain, number]
                origin = best[gain, number]
                owed = owing[origin, : number + 1].argmin(axis=1)
                before[gain, there[gain]] = np.column_stack(
                    (origin, owed, np.full(len(gain), number))
                )
            if not better:
                break
        end = int(cost[:, 0].argmin())
        return self._chain(end, before) if np.isfinite(cost[end, 0]) else []

    def _chain(self, end: int, before: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Read the way back from a site that lacks nothing."""
        found, site, lack = [(end, 0)], end, 0
        while before[site, lack, 0] >= 0 and len(found) <= 2 * _LONGEST:
            site, lack, number = before[site, lack].tolist()
            found.append((site, number))
        return found[::-1]

    def _apply(self, household: int, chain: list[tuple[int, int]]) -> bool:
        """Move everyone along the chain; nothing when it would pass a site twice."""
        sites = [site for site, _ in chain]
        if not chain or len(set(sites)) < len(sites):
            return False
        movers = [
            int(self.mover[site, target, number])
            for (site, number), target in zip(chain, sites[1:], strict=False)
        ]
        for mover, target in reversed(list(zip(movers, sites[1:], strict=True))):
            self.board.put(mover, target)
        self.board.put(household, sites[0])
        for site in sites:
            self._note(site)
        return True
