"""The clock: stands still, runs fast, and stays local to the context that set it."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock

AT = datetime(2026, 7, 1, 10, 0, 5, tzinfo=clock.JST)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)


def test_now_is_aware_and_japanese() -> None:
    now = clock.now()
    assert now.utcoffset() == timedelta(hours=9)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_using_nests_and_restores() -> None:
    later = AT + timedelta(days=1)
    with clock.using(clock.FrozenClock(AT)):
        assert clock.now() == AT
        with clock.using(clock.FrozenClock(later)):
            assert clock.now() == later
        assert clock.now() == AT
        assert clock.today() == date(2026, 7, 1)
    assert clock.current() == clock.SystemClock()


def test_using_restores_after_an_exception() -> None:
    with pytest.raises(RuntimeError), clock.using(clock.FrozenClock(AT)):
        raise RuntimeError
    assert clock.current() == clock.SystemClock()


def test_another_thread_keeps_its_own_clock() -> None:
    seen: list[clock.Clock] = []
    with clock.using(clock.FrozenClock(AT)):
        thread = threading.Thread(target=lambda: seen.append(clock.current()))
        thread.start()
        thread.join()
    assert seen == [clock.SystemClock()]


def test_today_is_the_day_in_japan() -> None:
    with clock.using(clock.FrozenClock(datetime(2026, 6, 30, 15, 0, tzinfo=UTC))):
        assert clock.today() == date(2026, 7, 1)


def test_scaled_clock_runs_at_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(clock.SystemClock, "now", lambda self: real + timedelta(seconds=432))
    scaled = clock.ScaledClock(start_sim=AT, start_real=real, speed=600)
    assert scaled.now() == AT + timedelta(hours=72)
    assert clock.ScaledClock(AT, real, 0).now() == AT


def test_a_held_clock_stands_still_and_keeps_its_speed() -> None:
    start = datetime(2026, 7, 1, 9, tzinfo=clock.JST)
    with clock.using(clock.ScaledClock(start, clock.SystemClock().now(), 1e6)):
        with clock.held():
            seen = clock.now()
            assert clock.now() == seen
            assert clock.real_seconds(2e6) == 2
        assert clock.now() > seen


def test_the_clock_of_the_machine_is_not_held() -> None:
    with clock.held():
        assert clock.current() == clock.SystemClock()


@pytest.mark.parametrize("naive", [datetime(2026, 7, 1), datetime(2026, 7, 1, 10)])
def test_naive_times_are_refused(naive: datetime) -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.FrozenClock(naive)
    with pytest.raises(ValueError, match="offset"):
        clock.unix_ms(naive)


def test_a_clock_cannot_run_backwards() -> None:
    with pytest.raises(ValueError, match="negative"):
        clock.ScaledClock(AT, AT, -1)


@given(MOMENTS)
def test_unix_ms_is_exact_and_comes_back(moment: datetime) -> None:
    milliseconds = clock.unix_ms(moment)
    back = clock.from_unix_ms(milliseconds)
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert clock.unix_ms(back) == milliseconds
