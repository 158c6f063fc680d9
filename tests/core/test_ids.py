"""UUID v7 and the hybrid logical clock: order, uniqueness, and no way back."""

from __future__ import annotations

import random
import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock, ids
from sonae.core.errors import SonaeError

AT = datetime(2026, 7, 1, 10, 0, 5, 123000, tzinfo=clock.JST)
NODES = st.text("ABCDEFGHIJ0123456789-_.受付", min_size=1, max_size=20)


def test_uuid7_has_the_version_variant_and_time_of_the_rfc() -> None:
    before = clock.unix_ms(datetime.now(UTC))
    made = ids.uuid7()
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs(clock.unix_ms(ids.uuid7_time(made)) - before) < 5000


def test_uuid7_sorts_in_the_order_of_making() -> None:
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)
    assert len(set(made)) == len(made)


def test_uuid7_is_unique_across_threads() -> None:
    made: list[list[uuid.UUID]] = []

    def work() -> None:
        made.append([ids.uuid7() for _ in range(2000)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(part == sorted(part) for part in made)
    assert len({one for part in made for one in part}) == 8000


def test_uuid7_keeps_its_order_when_the_machine_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maker = ids._Uuid7Maker()
    times = iter([2_000_000_000_000, 1_000_000_000_000, 1_000_000_000_000])
    monkeypatch.setattr(clock, "machine_ns", lambda: next(times) * 1_000_000)
    first, second, third = maker(), maker(), maker()
    assert first < second < third


def test_uuid7_counter_overflow_borrows_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = ids._Uuid7Maker()
    monkeypatch.setattr(clock, "machine_ns", lambda: 1_700_000_000_000 * 1_000_000)
    first = maker()
    maker._counter = ids._COUNTER_MAX
    assert maker() > first
    assert maker._last_ms == 1_700_000_000_001


def test_uuid7_at_is_reproducible() -> None:
    one, again = (ids.uuid7_at(AT, random.Random(7)) for _ in range(2))
    assert one == again
    assert one.version == 7
    assert ids.uuid7_time(one) == AT


def test_the_time_of_another_version_is_refused() -> None:
    with pytest.raises(SonaeError) as caught:
        ids.uuid7_time(uuid.uuid4())
    assert caught.value.code == "not_uuid7"


def test_tick_writes_the_contract_text() -> None:
    with clock.using(clock.FrozenClock(AT)):
        device = ids.HybridClock("T01")
        assert device.tick() == f"{clock.unix_ms(AT)}-0000-T01"
        assert device.tick() == f"{clock.unix_ms(AT)}-0001-T01"


@given(st.integers(0, 9_999_999_999_999), st.integers(0, 0xFFFF), NODES)
def test_clock_text_round_trips(ms: int, counter: int, node: str) -> None:
    reading = ids.ClockReading(ms, counter, node)
    assert ids.parse_clock(str(reading)) == reading


@given(st.lists(st.tuples(st.integers(0, 10**13 - 1), st.integers(0, 0xFFFF), NODES), max_size=20))
def test_texts_sort_as_readings_do(parts: list[tuple[int, int, str]]) -> None:
    readings = [ids.ClockReading(*part) for part in parts]
    assert [str(one) for one in sorted(readings)] == sorted(str(one) for one in readings)


@given(st.lists(st.tuples(st.booleans(), st.integers(-5000, 5000)), max_size=40))
def test_a_tick_is_above_everything_made_or_seen(steps: list[tuple[bool, int]]) -> None:
    """Two devices with clocks that jump about, sending each other every event."""
    here, there = ids.HybridClock("A"), ids.HybridClock("B")
    last = ""
    for at_here, jump in steps:
        with clock.using(clock.FrozenClock(AT + timedelta(milliseconds=jump))):
            device = here if at_here else there
            if last:
                device.observe(last)
            text = device.tick()
            assert text[:18] > last[:18]
            last = text


def test_counter_overflow_borrows_a_millisecond() -> None:
    with clock.using(clock.FrozenClock(AT)):
        device = ids.HybridClock("T01", last=f"{clock.unix_ms(AT)}-ffff-T09")
        assert device.tick() == f"{clock.unix_ms(AT) + 1}-0000-T01"


def test_drift_is_reported_and_a_broken_clock_is_not_followed() -> None:
    with clock.using(clock.FrozenClock(AT)):
        device = ids.HybridClock("T01")
        assert device.observe(f"{clock.unix_ms(AT) + 90_000}-0000-T02") == 90_000
        assert device.tick().startswith(f"{clock.unix_ms(AT) + 90_000}-0001-")
        assert device.observe("9999999999999-ffff-T03") > ids.MAX_AHEAD_MS
        assert device.tick().startswith(f"{clock.unix_ms(AT) + 90_000}-0002-")
        assert device.observe("0000000000000-0000-T04") < 0


@pytest.mark.parametrize(
    "text", ["", "1-0000-T01", "1782867605123-000G-T01", "1782867605123-0000-", "x" * 500,
             "1782867605123-0000-a b", "１７８２８６７６０５１２３-0000-T01", "1782867605123-0000-T\n"]
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(SonaeError) as caught:
        ids.parse_clock(text)
    assert caught.value.code == "bad_clock"
    assert caught.value.hint


@pytest.mark.parametrize("node", ["", "受付 1", "a" * 65])
def test_a_bad_terminal_name_is_refused_at_once(node: str) -> None:
    with pytest.raises(SonaeError):
        ids.HybridClock(node)
