"""Rosters written with the errors of paper: what is linked is right, what is doubtful is shown."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import pytest

from sonae.engines.matching import linking
from tests.conftest import ROOT
from tests.engines.matching.people import AS_OF, city

LINES = 700


@cache
def written(generator: str, hard: bool) -> Any:
    """A roster of the small city by one of the benchmark's writers, from a seed of the tests."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import rosters  # type: ignore[import-not-found]

        return rosters.write(generator, city(), LINES, 4242, hard)
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@cache
def matched(generator: str, hard: bool) -> list[linking.LineResult]:
    """What matching says of that roster."""
    return linking.match(city(), written(generator, hard).columns, as_of=AS_OF)


def test_a_roster_is_written_as_its_description_says_and_the_same_again() -> None:
    one = written("paper", False)
    written.cache_clear()
    assert written("paper", False) == one
    rows = len(one.truth)
    assert rows == pytest.approx(LINES, rel=0.03)
    assert sum(not who for who in one.truth) / rows == pytest.approx(0.094, abs=0.03)
    assert sum(bool(text) for text in one.columns["birth_date"]) / rows == pytest.approx(
        0.62, abs=0.06
    )
    assert len(set(one.columns["line_id"])) == rows


@pytest.mark.parametrize("hard", [False, True])
def test_a_roster_of_forms_has_what_forms_bring_and_is_written_the_same_again(hard: bool) -> None:
    one = written("forms", hard)
    written.cache_clear()
    assert written("forms", hard) == one
    rows = len(one.truth)
    assert rows == LINES == len(set(one.columns["line_id"]))
    assert 0.02 < sum(not who for who in one.truth) / rows < 0.25
    names, places = one.columns["name"], one.columns["address"]
    assert any(text[:1] in "〃々" for text in names if text)
    assert any(text in ("同上", "〃", "同じ") for text in places)
    assert len(set(one.person)) < rows, "somebody is written twice"
    register = {key: n for n, key in enumerate(city()["resident_id"])}
    assert all(who in register for who in one.truth if who)


@pytest.mark.parametrize(
    ("generator", "hard", "recall", "seen"),
    [
        ("paper", False, 0.93, 0.97), ("paper", True, 0.75, 0.9),
        ("forms", False, 0.9, 0.95), ("forms", True, 0.75, 0.88),
    ],
)  # fmt: skip
def test_what_is_linked_by_itself_is_right_and_the_rest_is_among_five(
    generator: str, hard: bool, recall: float, seen: float
) -> None:
    """The small city's names repeat ten times as often as a real one's: looser than the benchmark."""
    roster = written(generator, hard)
    found = matched(generator, hard)
    auto = [
        (one.resident_id, who)
        for one, who in zip(found, roster.truth, strict=True)
        if one.resident_id
    ]
    residents = sum(bool(who) for who in roster.truth)
    assert sum(a == b for a, b in auto) / len(auto) >= 0.995
    best = sum(one.probability >= 0.5 and one.candidates[0].resident_id == who
               for one, who in zip(found, roster.truth, strict=True))  # fmt: skip
    assert best / residents >= recall
    shown = sum(bool(who) and who in [c.resident_id for c in one.candidates]
                for one, who in zip(found, roster.truth, strict=True))  # fmt: skip
    assert shown / residents >= seen


def test_probabilities_mean_what_they_say() -> None:
    """Of lines said to be right with p, about p are right (each bin within what chance allows)."""
    pairs = []
    for case in (("paper", False), ("paper", True), ("forms", False), ("forms", True)):
        roster, found = written(*case), matched(*case)
        pairs += [(one.probability, bool(who) and one.candidates[0].resident_id == who)
                  for one, who in zip(found, roster.truth, strict=True) if one.candidates]  # fmt: skip
    for low, high in ((0.5, 0.9), (0.9, 0.99), (0.99, 1.01)):
        inside = [(p, right) for p, right in pairs if low <= p < high]
        said = sum(p for p, _right in inside) / len(inside)
        true = sum(right for _p, right in inside) / len(inside)
        assert true >= said - 3 * (said * (1 - said) / len(inside)) ** 0.5 - 0.01
