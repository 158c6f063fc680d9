"""The order in which to walk past homes: everybody once, never longer than nearest neighbour, near the best."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.tours import length, tour

PLACES = st.lists(
    st.tuples(st.floats(37.0, 37.02), st.floats(139.0, 139.02)), min_size=0, max_size=40
)


def apart(places: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [one[0] for one in places], [one[1] for one in places]


@given(PLACES)
def test_everybody_is_passed_once(places: list[tuple[float, float]]) -> None:
    assert sorted(tour(*apart(places))) == list(range(len(places)))


@given(st.lists(st.tuples(st.floats(37, 37.02), st.floats(139, 139.02)), min_size=3, max_size=7))
def test_the_way_is_near_the_shortest(places: list[tuple[float, float]]) -> None:
    where = apart(places)
    found = length(*where, tour(*where))
    best = min(length(*where, order) for order in permutations(range(len(places))))
    assert found <= 1.35 * best + 1e-3


def test_a_street_is_walked_from_end_to_end() -> None:
    east = [139.0 + 0.0001 * place for place in (5, 2, 9, 0, 7, 3, 1, 8, 4, 6)]
    order = tour([37.0] * 10, east)
    walked = [round((east[place] - 139.0) / 0.0001) for place in order]
    assert walked in (list(range(10)), list(range(9, -1, -1)))


def test_equal_places_stay_together() -> None:
    order = tour([37.0, 37.01, 37.0, 37.01, 37.0], [139.0] * 5)
    assert [place % 2 for place in order] in ([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
