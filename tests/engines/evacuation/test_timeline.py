"""The five steps of a household hold for every combination of answers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.evacuation.profiles import ADULT, ELDERLY, PROFILES, START_MINUTES, WHEELCHAIR
from sonae.engines.evacuation.timeline import (
    GOALS,
    LEAVING,
    MEMBERS,
    SLOW,
    STAYS,
    Answers,
    steps,
)

ALL = [
    Answers(frozenset(who), leaving, goal)
    for count in range(len(MEMBERS) + 1)
    for who in itertools.combinations(MEMBERS, count)
    for leaving in LEAVING
    for goal in GOALS
]


def _name(answers: Answers) -> str:
    """The same name in every test process: sets have no order."""
    return "-".join([*sorted(answers.members), answers.leaving, answers.goal])


@pytest.mark.parametrize("answers", ALL, ids=_name)
def test_five_levels_one_way_out_and_none_at_the_last(answers: Answers) -> None:
    """One level at which to go (none when staying); at level 5 nobody is sent outside."""
    made = steps(answers, 12.0)
    assert [step.level for step in made] == [1, 2, 3, 4, 5]
    assert all(step.actions for step in made)
    leaving = [step for step in made if step.leaves]
    assert len(leaving) == (answers.goal not in STAYS)
    assert not made[-1].leaves
    assert "外へ出ない" in made[-1].actions[0]
    for step in leaving:
        assert step.level == answers.leave_level
        assert step.out_minutes == START_MINUTES
        assert step.there_minutes == START_MINUTES + 12.0


@pytest.mark.parametrize("answers", ALL, ids=_name)
def test_who_needs_longer_goes_first(answers: Answers) -> None:
    """Level 3 for the old, the disabled and small children, and for who depends on a car; else 4."""
    early = bool(answers.members & SLOW) or answers.leaving != "on_foot"
    assert answers.leave_level == (3 if early else 4)


@given(st.sampled_from(ALL), st.none() | st.floats(0, 10_000))
def test_an_unknown_walk_gives_no_time_of_arrival(answers: Answers, minutes: float | None) -> None:
    for step in steps(answers, minutes):
        assert (step.there_minutes is not None) == (step.leaves and minutes is not None)


@given(st.sampled_from(ALL))
def test_everyone_at_home_is_packed_for(answers: Answers) -> None:
    """One sentence more for each who needs something packed."""
    assert len(steps(answers, None)[0].actions) == 1 + len(answers.members)


@given(st.frozensets(st.sampled_from(MEMBERS)))
def test_the_slowest_sets_the_pace(members: frozenset[str]) -> None:
    """Adding somebody never makes a household faster."""
    own = PROFILES[Answers(members).profile].speed
    for more in MEMBERS:
        assert PROFILES[Answers(members | {more}).profile].speed <= own
    wanted = WHEELCHAIR if "wheelchair" in members else ELDERLY if members & SLOW else ADULT
    assert Answers(members).profile == wanted


@pytest.mark.parametrize(
    ("members", "leaving", "goal"),
    [({"cat"}, "on_foot", "site"), (set(), "by boat", "site"), (set(), "on_foot", "moon"), ({""}, "", "")],
)  # fmt: skip
def test_answers_that_no_question_offers_are_refused(
    members: set[str], leaving: str, goal: str
) -> None:
    with pytest.raises(ValueError, match="unknown answer"):
        Answers(frozenset(members), leaving, goal)
