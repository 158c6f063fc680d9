"""How the weights are learnt from the data themselves, without anybody telling who is who.

Splink can estimate them by several passes, each blind on the columns it blocks on. Here every line
has all of its candidates at once, of which at most one is right: the probabilities of the lines
say how often each level occurs among true pairs, the new shares give new probabilities, until
nothing moves (expectation and maximisation). `u`, the share among chance pairs, is counted on pairs
drawn by lot. What is seen rarely stays near what the model said before.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from sonae.engines.matching import household, levels, posterior
from sonae.engines.matching.backends import Backend
from sonae.engines.matching.household import Cards, Evidence, Settled
from sonae.engines.matching.model import Model
from sonae.engines.matching.pairs import Pairs, compare

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ROUNDS: Final = 12
_BELIEF_M, _BELIEF_U = 40.0, 200.0
"""How many observations what was believed before counts for."""
_CHANCE_PAIRS: Final = 300_000
_STILL: Final = 1e-4
_SURE_CARD: Final = 0.9
_OF_HOUSEHOLD: Final = ("surname", "address", "phone")


def _counted(pairs: Pairs, n: int, probability: Floats | None) -> Floats:
    """Return how often each level of a comparison occurs; position 0 is "missing"."""
    size = len(levels.COMPARISONS[n].levels) + 1
    return np.bincount(pairs.level[:, n], probability, size).astype(np.float64)


def shares(
    pairs: Pairs, probability: Floats | None, before: Model, which: str, belief: float
) -> Model:
    """Return the model with ``m`` or ``u`` counted on pairs, each counting by its probability."""
    found = []
    for n in range(len(levels.COMPARISONS)):
        count, old = _counted(pairs, n, probability), before.shares(which, n)
        mixed = count[1:] + belief * old[1:]
        found.append(np.array([1.0, *(mixed / mixed.sum())]))
    return before.having(which, found)


def chance(backend: Backend, people: int, lines: int, before: Model) -> Model:
    """Return the model with ``u`` counted on pairs drawn by lot (always the same lot)."""
    import pyarrow as pa

    rng = np.random.default_rng(20260701)
    drawn = pa.table({
        "line": rng.integers(0, lines, _CHANCE_PAIRS),
        "resident": rng.integers(0, people, _CHANCE_PAIRS),
    })  # fmt: skip
    backend.put("drawn", drawn)
    backend.make("candidates", "SELECT DISTINCT line, resident FROM drawn")
    found = compare(backend, people, lines)
    backend.drop("drawn", "candidates")
    return shares(found, None, before, "u", _BELIEF_U)


def _together(pairs: Pairs, cards: Cards, probability: Floats, before: Model) -> float:
    """Return how often the surely known lines of one card are of one household."""
    sure = np.flatnonzero((probability > _SURE_CARD) & (cards.card[pairs.line] >= 0))
    card, home = cards.card[pairs.line[sure]], cards.household[pairs.resident[sure]]
    order = np.argsort(card, kind="stable")
    card, home = card[order], home[order]
    pair = card[1:] == card[:-1]
    same = pair & (home[1:] == home[:-1]) & (home[1:] >= 0)
    belief = 30.0
    value = (same.sum() + belief * before.together) / (pair.sum() + belief)
    return float(np.clip(value, 0.3, 0.98))


def _outside(
    pairs: Pairs, settled: Settled, cards: Cards, following: Model, before: Model
) -> Model:
    """Return the model with what is learnt of those who are not in the register."""
    taken = np.bincount(pairs.line, settled.probability, len(cards.card))
    outside: Floats = np.clip(1 - taken, 0, 1).astype(np.float64)

    def share(of: Floats, part: Floats, expected: float, least: float, most: float) -> float:
        value = (part.sum() + _BELIEF_M * expected) / (of.sum() + _BELIEF_M)
        return float(np.clip(value, least, most))

    alone = outside * (1 - settled.support)
    far = cards.far if cards.far is not None else np.zeros(len(outside), bool)
    return replace(
        following,
        kin=share(alone, alone * (1 - settled.stranger), before.kin, 0.01, 0.6),
        guest=share(settled.support, settled.support * outside, before.guest, 0.005, 0.3),
        far=share(outside, outside * far, before.far, 0.01, 0.95),
    )


def weighed(pairs: Pairs, parts: Floats, cards: Cards, people: int, model: Model) -> Evidence:
    """Return what speaks for every pair, and what of it is about the household or the card alone.

    ``parts``: the weights by comparison (`Pairs.weights`).
    """
    at = {one.name: n for n, one in enumerate(levels.COMPARISONS)}
    lent = np.zeros(len(pairs))
    for name, shared in (("address", cards.same_address), ("phone", cards.same_phone)):
        if shared is not None:
            lent += np.where(shared[pairs.line], parts[:, at[name]], 0.0)
    far = np.zeros(len(cards.card))
    if cards.far is not None and cards.far.any():
        far[cards.far] = max(0.0, math.log2(model.far / float(cards.far.mean())))
    return Evidence(
        parts.sum(axis=1) + posterior.prior(people, model.resident),
        parts[:, [at[name] for name in _OF_HOUSEHOLD]].sum(axis=1), lent, far,
    )  # fmt: skip


def learn(
    pairs: Pairs, cards: Cards, people: int, before: Model, lines: int, known: Ints | None = None
) -> Model:
    """Return the model with ``m``, the share of residents and of families estimated on all lines.

    ``known``: what somebody has decided of a line (`household.settle`).
    """
    model = before
    for _round in range(ROUNDS):
        evidence = weighed(pairs, pairs.weights(model), cards, people, model)
        settled = household.settle(
            pairs, evidence, cards, model.together, people, known, kin=model.kinship()
        )
        probability = settled.probability
        following = shares(
            pairs, probability, before=replace(before, u=model.u), which="m", belief=_BELIEF_M
        )
        belief = 100.0
        resident = (probability.sum() + belief * before.resident) / (lines + belief)
        following = replace(
            following,
            resident=float(np.clip(resident, 0.05, 0.99)),
            together=_together(pairs, cards, probability, before),
        )
        following = _outside(pairs, settled, cards, following, before)
        moved = max(
            float(np.abs(following.shares("m", n) - model.shares("m", n)).max())
            for n in range(len(levels.COMPARISONS))
        )
        model = following
        if moved < _STILL:
            break
    return model
