"""The queue before the desks: against the formula, against serving by hand, and what must always hold."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.queueing import _served, least_desks, mean_wait, simulate


@pytest.mark.parametrize(("desks", "load"), [(1, 0.5), (2, 1.4), (5, 4.0), (10, 7.0)])
def test_the_simulation_waits_as_long_as_erlangs_formula_says(desks: int, load: float) -> None:
    """60,000 people with exponential times: within a tenth of the exact mean."""
    rng, takes = Random(7), 30.0
    services = [rng.expovariate(1 / takes) for _ in range(60_000)]
    people, seconds = 60_000, 60_000 * takes / load
    found = simulate(people, seconds, services, desks, seed=3)
    mean = sum(services) / len(services)
    assert isclose(found.wait_mean, mean_wait(people / seconds, mean, desks), rel_tol=0.1)


def test_erlang_c_by_hand() -> None:
    assert mean_wait(0.5, 1.0, 1) == pytest.approx(1.0), "M/M/1: ρ/(1−ρ) service times"
    assert mean_wait(1.0, 1.0, 2) == pytest.approx(1 / 3)
    assert mean_wait(2.0, 1.0, 2) == inf


def test_a_line_served_by_hand() -> None:
    """Three come at once to one desk, 10 s each; a fourth comes when all is quiet."""
    found = _served([0.0, 0.0, 0.0, 100.0], [10.0] * 4, 1)
    assert (found.wait_mean, found.longest, found.over) == (7.5, 2, 10.0)
    assert _served([0.0, 0.0, 0.0], [10.0] * 3, 3).longest == 0
    assert _served([0.0], [10.0], 1).busy == 1.0


TIMES = st.lists(st.floats(0.5, 400), min_size=1, max_size=20)


@given(TIMES, st.integers(1, 200), st.integers(1, 6), st.integers(0, 99))
def test_what_holds_of_every_queue(times: list[float], people: int, desks: int, seed: int) -> None:
    """More desks never make the same people wait longer; nobody is lost; no desk works twice at once."""
    one, more = (simulate(people, 600, times, n, seed=seed) for n in (desks, desks + 1))
    assert more.wait_mean <= one.wait_mean + 1e-9
    assert more.longest <= one.longest
    assert 0 <= one.longest < people or people == 1
    assert 0 < one.busy <= 1 + 1e-9
    assert one.people == people
    assert simulate(people, 600, times, desks, seed=seed) == one


def test_desks_that_keep_up() -> None:
    assert least_desks(3600, 3600, 30) == 30
    assert least_desks(1, 3600, 30) == 1
    waits = [simulate(1000, 3600, [30.0], n).wait_p90 for n in range(8, 13)]
    assert all(b <= a for a, b in pairwise(waits))


@pytest.mark.parametrize("wrong", [(0, [1.0], 1), (5, [], 1), (5, [1.0], 0), (5, [-1.0], 1)])
def test_a_queue_of_nothing_is_refused(wrong: tuple[int, list[float], int]) -> None:
    people, services, desks = wrong
    with pytest.raises(ValueError, match="queue"):
        simulate(people, 60, services, desks)
