"""The fold: any order, any duplication, skewed clocks — the same state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from sonae.domains.safety.rules import (
    DIRECTIONS,
    STATUSES,
    Event,
    _folded,
    accounted_since,
    fold,
    standing,
)

START = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def event(
    number: int,
    direction: str = "in",
    facility: int | None = 1,
    *,
    minute: int | None = None,
    status: str = "safe",
    device: str = "T1",
    supersedes: int | None = None,
    place: str = "",
) -> Event:
    at = START + timedelta(minutes=number if minute is None else minute)
    clock = f"{int(at.timestamp() * 1000):013d}-{number:04x}-{device}"
    target = None if supersedes is None else UUID(int=supersedes)
    return Event(UUID(int=number), direction, status, facility, place, at, clock, device, target)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to 12 events of one person from five devices whose clocks differ by hours."""
    count = draw(st.integers(0, 12))
    skew = [draw(st.integers(-180, 180)) for _ in range(5)]
    rows = []
    for number in range(1, count + 1):
        device = draw(st.integers(0, 4))
        target = draw(st.one_of(st.none(), st.integers(1, count)))
        rows.append(
            event(
                number,
                draw(st.sampled_from(DIRECTIONS)),
                draw(st.sampled_from([1, 2, 3, None])),
                minute=200 + number * 3 + skew[device],
                status=draw(st.sampled_from(STATUSES)),
                device=f"T{device}",
                supersedes=target if target != number else None,
            )
        )
    return rows


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_duplication_change_nothing(rows: list[Event], random: Random) -> None:
    again = rows + random.choices(rows, k=len(rows)) if rows else []
    random.shuffle(again)
    assert fold(again) == fold(rows)
    assert accounted_since(again, START) == accounted_since(rows, START)


@given(histories())
def test_nothing_that_was_taken_back_counts(rows: list[Event]) -> None:
    left = standing(rows)
    targets = {row.supersedes for row in rows}
    assert all(row.id not in targets and row.direction != "void" for row in left)


@given(histories(), st.integers(0, 12), st.integers(0, 12))
def test_merging_parts_is_the_same_as_having_all(rows: list[Event], one: int, two: int) -> None:
    """Set union: what devices know together does not depend on who tells first."""
    parts = rows[one:], rows[:two], rows[: max(one, two)]
    together = [event for part in parts for event in part] + rows[two:]
    assert fold(together) == fold(rows)


def test_moves_between_shelters_stay_one_history() -> None:
    rows = [event(1, "in", 1), event(30, "out", 1), event(60, "in", 2)]
    state = fold(rows)
    assert state is not None
    assert (state.direction, state.facility, state.conflict) == ("in", 2, False)
    assert fold(rows[:2]).facility is None  # type: ignore[union-attr]


def test_leaving_a_place_one_is_no_longer_at_says_nothing() -> None:
    late = [event(1, "in", 1), event(30, "in", 2, device="T2"), event(45, "out", 1)]
    state = fold(late)
    assert state is not None
    assert (state.direction, state.facility) == ("in", 2)


def test_a_report_does_not_take_anyone_out_of_a_shelter() -> None:
    state = fold([event(1, "in", 1), event(5, "report", None, status="needs_help")])
    assert state is not None
    assert (state.direction, state.facility, state.status) == ("in", 1, "needs_help")


def test_two_desks_at_once_is_flagged_and_both_are_kept() -> None:
    rows = [event(1, "in", 1, device="T1"), event(4, "in", 2, device="T2")]
    state = fold(rows)
    assert state is not None
    assert state.conflict
    assert len(standing(rows)) == 2
    walked = [event(1, "in", 1, device="T1"), event(40, "in", 2, device="T2")]
    assert not fold(walked).conflict  # type: ignore[union-attr]
    settled = [*rows, event(20, "void", supersedes=1)]
    assert not fold(settled).conflict  # type: ignore[union-attr]


def test_a_correction_wins_over_an_older_edit_that_arrives_later() -> None:
    correction = event(9, "in", 2, supersedes=1)
    assert fold([correction]).facility == 2  # type: ignore[union-attr]
    assert fold([correction, event(1, "in", 1)]).facility == 2  # type: ignore[union-attr]


def test_a_tombstone_is_not_undone_by_what_it_deleted() -> None:
    assert fold([event(5, "void", supersedes=1), event(1, "in", 1)]) is None


def test_accounted_for_from_the_first_word_after_the_opening() -> None:
    opened = START + timedelta(minutes=100)
    assert accounted_since([], opened) is None
    assert accounted_since([event(120, "in", 1)], opened) == START + timedelta(minutes=120)
    assert accounted_since([event(120, "report", None, status="unknown")], opened) is None
    assert accounted_since([event(10, "in", 1)], opened) == opened, "came before the warning"
    gone = [event(10, "in", 1), event(50, "out", 1)]
    assert accounted_since(gone, opened) is None, "went home before the warning"
    taken_back = [event(120, "in", 1), event(130, "void", supersedes=120)]
    assert accounted_since(taken_back, opened) is None


@given(histories())
def test_one_event_alone_folds_like_several(rows: list[Event]) -> None:
    """The short way of the desk says what the long one says."""
    for row in rows:
        if left := standing([row]):
            assert fold([row]) == _folded(left)
