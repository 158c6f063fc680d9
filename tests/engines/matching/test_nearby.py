"""Names one sign off what was typed, among a register: found by looking up, checked by looking at everybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from sonae.engines.matching.nearby import LEAST, Nearby

SIGNS = "アイウカキ"
NAMES = st.text(st.sampled_from(SIGNS), min_size=1, max_size=4)
PEOPLE = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=12)
REGISTER = [
    ("サトウ", "ケンジ", 1),
    ("サイトウ", "ケンシ", 2),
    ("ワタナヘ", "ミキ", 3),
    ("ワタナヘ", "ミユキ", 4),
    ("キ", "イチ", 5),
]


def nearby(people: list[tuple[str, str]]) -> Nearby:
    return Nearby((family, given_name, at) for at, (family, given_name) in enumerate(people))


@pytest.mark.parametrize(
    ("typed", "parts", "whole", "begun"),
    [
        ("サトフケンジ", (), {1}, set()), ("サトウケシジ", (), {1}, set()), ("ケンジサトフ", ("ケンジ", "サトフ"), {1}, set()),
        ("ワタナヘミキ", ("ワタナヘ", "ミキ"), {3, 4}, set()), ("ワタマヘミ", ("ワタマヘ", "ミ"), set(), {3, 4}),
        ("サトケウンジ", (), {1}, set()), ("クイチ", (), {5}, set()), ("サイ", (), set(), set()), ("サトウ", (), set(), set()),
        ("モリモト", (), set(), set()),
    ],
)  # fmt: skip
def test_who_is_near(typed: str, parts: tuple[str, ...], whole: set[int], begun: set[int]) -> None:
    found = Nearby(REGISTER).find(typed, parts)
    assert whole <= {key for key, far in found.items() if far == 0}
    assert begun <= {key for key, far in found.items() if far <= 1}
    if not whole | begun:
        assert found == {}


@given(PEOPLE, NAMES, NAMES)
def test_with_a_space_everybody_one_sign_off_is_found(
    people: list[tuple[str, str]], family: str, given_name: str
) -> None:
    """Recomputed by comparing with every name."""
    typed = family + given_name
    found = nearby(people).find(typed, (family, given_name))
    expected = {
        at
        for at, (one, other) in enumerate(people)
        if OSA.distance(family, one) + OSA.distance(given_name, other) == 1
    }
    if len(typed) >= LEAST:
        assert expected <= {at for at, far in found.items() if far == 0}


@given(PEOPLE, st.data())
def test_without_a_space_one_mistake_hides_nobody(
    people: list[tuple[str, str]], data: st.DataObject
) -> None:
    family, given_name = data.draw(st.sampled_from(people))
    name = family + given_name
    at = data.draw(st.integers(0, len(name) - 1))
    kinds = [
        name[:at] + "カ" + name[at + 1 :],
        name[:at] + name[at + 1 :],
        name[:at] + "カ" + name[at:],
    ]
    if at + 1 < len(name):
        kinds.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    typed = data.draw(st.sampled_from(kinds))
    found = nearby(people).find(typed)
    if len(typed) > LEAST and not name.startswith(typed) and typed != given_name:
        assert people.index((family, given_name)) in found


@given(PEOPLE, st.text(max_size=20))
def test_whoever_is_found_is_near(people: list[tuple[str, str]], typed: str) -> None:
    for at, far in nearby(people).find(typed).items():
        family, given_name = people[at]
        name = family + given_name
        nearest = min(OSA.distance(typed, name[:end]) for end in range(len(name) + 1))
        turned = min(
            OSA.distance(typed, (given_name + family)[:end]) for end in range(len(name) + 1)
        )
        assert min(nearest, turned) <= 1
        if far == 0:
            assert abs(len(typed) - len(name)) <= 1
