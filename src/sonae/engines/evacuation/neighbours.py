"""Neighbours on one way to one place (近所の世帯をまとめる), where it costs little, and what it costs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonae.engines.evacuation.seating import Board

WORTH_M = 200.0
"""Nobody walks farther than this many metres more for staying with the neighbours."""
BUDGET = 0.005
"""All together not more than this share of all person-metres."""
_PASSES = 2


@dataclass(frozen=True)
class Together:
    """People of a block (``share`` 0–1) who go where most of it goes, and the price in person-metres."""

    before: float
    after: float
    price: float


def gather(board: Board, block: NDArray[np.int64]) -> Together:
    """Move households to where most of their block goes, by free places and by exchange.

    ``block``: number of the 街区 or 町字 of each household (h,), -1 = none.
    """
    demand = board.demand
    on = np.flatnonzero(board.site >= 0)
    metres = float((demand.size[on] * demand.metres(on, board.site[on])).sum())
    before, purse = _share(board, block), BUDGET * abs(metres)
    spent = 0.0
    for _ in range(_PASSES):
        price = _pass(board, block, purse - spent)
        spent += price
    return Together(before, _share(board, block), spent)


def _most(board: Board, block: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the site to which most people of each household's block go, -1 without one (h,)."""
    sites = len(board.room)
    on = np.flatnonzero((board.site >= 0) & (block >= 0))
    target = np.full(len(block), -1, np.int64)
    if not len(on):
        return target
    blocks, at = np.unique(block[on], return_inverse=True)
    heads = np.bincount(
        at.ravel() * sites + board.site[on],
        weights=board.demand.size[on],
        minlength=len(blocks) * sites,
    ).reshape(len(blocks), sites)
    target[on] = heads.argmax(axis=1)[at.ravel()]
    return target


def _share(board: Board, block: NDArray[np.int64]) -> float:
    """Return which part of the people in blocks goes where most of their block goes."""
    target = _most(board, block)
    on = target >= 0
    people = board.demand.size[on].sum()
    return float(board.demand.size[on & (board.site == target)].sum() / people) if people else 1.0


def _pass(board: Board, block: NDArray[np.int64], purse: float) -> float:
    """Move whom free places allow, then exchange households of one size; return what it cost."""
    demand, target = board.demand, _most(board, block)
    away = np.flatnonzero((target >= 0) & (board.site != target))
    if not len(away):
        return 0.0
    extra = demand.metres(away, target[away]) - demand.metres(away, board.site[away])
    worth = np.isfinite(extra) & (extra <= WORTH_M)
    away, extra = away[worth], extra[worth]
    order = np.argsort(extra, kind="stable")
    spent = 0.0
    waiting: dict[tuple[int, int, int], list[tuple[int, float]]] = defaultdict(list)
    for household, more in zip(away[order].tolist(), extra[order].tolist(), strict=True):
        size, here, there = (
            int(demand.size[household]), int(board.site[household]), int(target[household]),
        )  # fmt: skip
        partners = waiting[there, here, size]
        if board.room[there] >= size and spent + size * more <= purse:
            board.put(household, there)
            spent += size * more
        elif partners and spent + size * (more + partners[0][1]) <= purse:
            other, theirs = partners.pop(0)
            board.put(other, here)
            board.put(household, there)
            spent += size * (more + theirs)
        else:
            waiting[here, there, size].append((household, more))
    return spent
