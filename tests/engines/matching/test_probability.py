"""Probabilities by line, households and learning, each against a second reckoning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.matching import household, levels, posterior, training
from sonae.engines.matching.household import Cards, Evidence
from sonae.engines.matching.model import first
from sonae.engines.matching.pairs import Pairs

WEIGHTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.floats(-30, 60)),
    min_size=1, max_size=25, unique_by=lambda one: one[:2],
)  # fmt: skip


def arrays(found: list[tuple[int, int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = sorted(found)
    line, resident, weight = (np.array(part) for part in zip(*found, strict=True))
    return line.astype(np.int64), resident.astype(np.int64), weight.astype(float)


def empty(line: np.ndarray, resident: np.ndarray) -> Pairs:
    size = len(levels.COMPARISONS)
    return Pairs(
        line,
        resident,
        np.zeros((len(line), size), np.int8),
        np.zeros((len(line), size), np.float32),
    )


@given(WEIGHTS)
def test_a_line_shares_one_among_its_candidates_and_nobody(
    found: list[tuple[int, int, float]],
) -> None:
    line, _resident, weight = arrays(found)
    share = posterior.share(line, weight, 5)
    for n in range(5):
        own = [2.0**w for ln, w in zip(line, weight, strict=True) if ln == n]
        expected = [one / (1 + sum(own)) for one in own]
        assert share[line == n] == pytest.approx(expected, rel=1e-9)


@given(WEIGHTS)
def test_best_and_top_agree_with_sorting(found: list[tuple[int, int, float]]) -> None:
    line, _resident, weight = arrays(found)
    share = posterior.share(line, weight, 5)
    at, sure = posterior.best(line, share, 5)
    top = posterior.top(line, share, 3)
    for n in range(5):
        own = sorted(share[line == n], reverse=True)
        assert sure[n] == (own[0] if own else 0)
        assert (at[n] >= 0) == bool(own)
        assert list(share[top[line[top] == n]]) == own[:3]


def support(line: int, home: int, pairs: Pairs, cards: Cards, p: np.ndarray) -> float:
    """The definition, read slowly: 1 − Π over the card's other lines of (1 − P(line lives there))."""
    missing = 1.0
    for mate in range(len(cards.card)):
        if mate != line and cards.card[mate] == cards.card[line] >= 0:
            here = (pairs.line == mate) & (cards.household[pairs.resident] == home)
            missing *= 1 - min(p[here].sum(), 1 - 1e-9)
    return 1 - missing


@given(
    WEIGHTS,
    st.lists(st.integers(-1, 1), min_size=5, max_size=5),
    st.lists(st.integers(-1, 3), min_size=10, max_size=10),
)
def test_support_of_a_household_is_what_its_definition_says(
    found: list[tuple[int, int, float]], card: list[int], homes: list[int]
) -> None:
    line, resident, weight = arrays(found)
    pairs, cards = empty(line, resident), Cards(np.array(card), np.array(homes))
    p = posterior.share(line, weight, 5)
    own, best = household._support(pairs, cards, p)
    for n in range(len(line)):
        home = cards.household[resident[n]]
        known = cards.card[line[n]] >= 0 and home >= 0
        expected = support(int(line[n]), int(home), pairs, cards, p) if known else 0.0
        assert own[n] == pytest.approx(expected, abs=1e-6)
        assert best[n] >= own[n] - 1e-9


def test_without_cards_the_household_pass_changes_nothing() -> None:
    line, resident, weight = arrays([(0, 1, 3.0), (0, 2, 2.0), (1, 1, 5.0)])
    cards = Cards(np.full(5, -1), np.arange(10))
    settled = household.settle(empty(line, resident), Evidence.alone(weight), cards, 0.8, 1000)
    share, added = settled.probability, settled.added
    assert share == pytest.approx(posterior.share(line, weight, 5))
    assert not added.any()


def test_a_card_mate_makes_a_namesake_certain_and_the_other_unlikely() -> None:
    """Two men of one name; the wife on the card lives with the first."""
    line, resident, weight = arrays([(0, 0, 4.0), (0, 1, 4.0), (1, 2, 12.0)])
    cards = Cards(np.array([0, 0, -1, -1, -1]), np.array([7, 8, 7]))
    settled = household.settle(empty(line, resident), Evidence.alone(weight), cards, 0.85, 100_000)
    share, added = settled.probability, settled.added
    assert share[0] > 0.99 > 0.01 > share[1]
    assert added[0] > 0 > added[1]


def test_nobody_is_two_lines_of_one_card() -> None:
    line, resident, weight = arrays([(0, 0, 20.0), (1, 0, 10.0), (1, 1, 9.0)])
    cards = Cards(np.array([0, 0, -1, -1, -1]), np.array([7, 7]))
    settled = household.settle(empty(line, resident), Evidence.alone(weight), cards, 0.85, 100_000)
    share = settled.probability
    assert share[0] > 0.99
    assert share[2] > share[1]


def family(own: float, home: float) -> float:
    """The probability of the only candidate; ``home`` of its bits say only the household."""
    line, resident, weight = arrays([(0, 0, own + home + posterior.prior(100_000, 0.9))])
    evidence = Evidence(weight, np.array([home]), np.zeros(1))
    cards = Cards(np.full(5, -1), np.full(5, -1))
    settled = household.settle(
        empty(line, resident), evidence, cards, 0.85, 100_000, kin=(0.1, 0.1)
    )
    return float(settled.probability[0])


def test_a_surname_and_an_address_alone_make_nobody_a_resident() -> None:
    """The grandmother taken in bears the name and gives the address of people of the register."""
    assert family(own=-10, home=0) < family(own=-10, home=30) < 0.1
    assert family(own=-10, home=60) == pytest.approx(family(own=-10, home=30), rel=0.01)
    assert family(own=8, home=30) > 0.99


@given(st.floats(-12, 12), st.floats(-10, 40))
def test_nobody_is_a_stranger_or_of_a_family_that_is_known(own: float, home: float) -> None:
    """The same by Bayes' rule: nobody's odds, a stranger's and a relative's, added up."""
    resident = 2 ** (own + home + posterior.prior(100_000, 0.9))
    nobody = 0.9 + 0.1 * 2**home * household._TYPICAL / 100_000
    assert family(own, home) == pytest.approx(resident / (resident + nobody), rel=1e-6)


def test_an_address_in_another_city_speaks_for_a_stranger() -> None:
    line, resident, weight = arrays([(0, 0, 3.0), (1, 1, 3.0)])
    nothing, cards = np.zeros(2), Cards(np.full(5, -1), np.full(5, -1))
    far = np.array([4.0, 0, 0, 0, 0])
    evidence = Evidence(weight, nothing, nothing, far)
    share = household.settle(empty(line, resident), evidence, cards, 0.85, 1000).probability
    assert share == pytest.approx([1 / (1 + 2.0), 8 / 9])


def test_an_address_that_the_card_says_for_all_counts_once() -> None:
    """A guest on the card, whose own home is elsewhere, is not made one of the family by it."""
    line, resident, weight = arrays([(0, 0, 12.0), (1, 1, 2.0), (1, 2, 6.0)])
    lent = np.array([0.0, 14.0, -4.0])
    cards = Cards(np.array([0, 0, -1, -1, -1]), np.array([7, 7, -1]))
    pairs, home = empty(line, resident), np.zeros(3)
    once = household.settle(pairs, Evidence(weight, home, lent), cards, 0.85, 100_000)
    twice = household.settle(pairs, Evidence(weight, home, 0 * lent), cards, 0.85, 100_000)
    assert once.probability[2] > twice.probability[2]
    assert once.added[1] == pytest.approx(twice.added[1] - 14, abs=0.1)


def test_what_several_lines_of_a_card_say_is_found() -> None:
    card = np.array([0, 0, 0, -1, -1, 1])
    values = ["a", "b", "a", "a", "a", "a"]
    assert (
        household.repeated(card, values, first=False).tolist() == [False, False, True] + [False] * 3
    )
    assert (
        household.repeated(card, values, first=True).tolist() == [True, False, True] + [False] * 3
    )
    assert not household.repeated(card, [None] * 6, first=True).any()


def test_what_was_decided_is_not_doubted() -> None:
    line, resident, weight = arrays([(0, 0, 20.0), (0, 1, -5.0), (1, 0, 20.0)])
    cards = Cards(np.full(2, -1), np.full(2, -1))
    known = np.array([1, -1])
    settled = household.settle(
        empty(line, resident), Evidence.alone(weight), cards, 0.85, 1000, known
    )
    share = settled.probability
    assert share.tolist() == [0, 1, 0]


def test_households_of_one_and_crowds_count_for_nothing() -> None:
    values = ["a", "a", "b", "", "c", "c", "c", "c"]
    assert household.numbered(values, 3).tolist() == [0, 0, -1, -1, -1, -1, -1, -1]
    assert household.numbered([], 3).tolist() == []


def made_up(
    count: int, true: list[list[float]], chance: list[list[float]]
) -> tuple[Pairs, np.ndarray]:
    """Lines with five candidates each, the first of them right, levels drawn from known shares."""
    rng = np.random.default_rng(9)
    line = np.repeat(np.arange(count), 5)
    right = np.arange(count * 5) % 5 == 0
    level = np.zeros((len(line), len(levels.COMPARISONS)), np.int8)
    for n, (m, u) in enumerate(zip(true, chance, strict=True)):
        level[right, n] = 1 + rng.choice(len(m), right.sum(), p=m)
        level[~right, n] = 1 + rng.choice(len(u), (~right).sum(), p=u)
    rarity = np.full(level.shape, 8.0, np.float32)
    return Pairs(line, np.arange(len(line)), level, rarity), right


def test_learning_finds_the_shares_that_the_pairs_were_drawn_from() -> None:
    def spread(one: levels.Comparison, last: float) -> list[float]:
        rest = [(1 - last) / (len(one.levels) - 1)] * (len(one.levels) - 1)
        return [*rest, last]

    true = [spread(one, 0.1) for one in levels.COMPARISONS]
    chance = [spread(one, 0.97) for one in levels.COMPARISONS]
    pairs, _right = made_up(3000, true, chance)
    cards = Cards(np.full(3000, -1), np.full(15_000, -1))
    learnt = training.learn(pairs, cards, 15_000, first(), 3000)
    for n, expected in enumerate(true):
        if levels.COMPARISONS[n].name != "sex":
            assert learnt.shares("m", n)[1:] == pytest.approx(expected, abs=0.05)


def test_weights_are_logarithms_of_shares_and_of_rarity() -> None:
    model = first()
    for n, one in enumerate(levels.COMPARISONS):
        for code, level in enumerate(one.levels, 1):
            row = np.zeros((1, len(levels.COMPARISONS)), np.int8)
            row[0, n] = code
            pairs = Pairs(
                np.zeros(1, int), np.zeros(1, int), row, np.full(row.shape, 10.0, np.float32)
            )
            rare = math.log2(level.m) + 10 if level.tf else math.log2(level.m / level.u)
            assert pairs.weights(model)[0] == pytest.approx(
                [rare if k == n else 0 for k in range(row.shape[1])]
            )
