"""Clocks of tablets: ahead of the server's, and set back to nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.safety import interface as safety
from sonae.domains.safety import times
from sonae.domains.safety.interface import PersonState, Sighting
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import CLERK, OPERATOR, City

pytestmark = pytest.mark.django_db


def state(city: City, name: str = "備 太郎") -> PersonState:
    return safety.state_of([city.residents[name].pk])[city.residents[name].pk]


def test_a_call_for_help_wins_over_a_tablet_that_runs_ahead(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    safety.record([sighting(city, "備 太郎", minutes=30)])
    times._server_clocks.clear()  # another process serves the resident
    safety.report_self([taro], "needs_help", actor=CLERK)
    assert state(city).status == "needs_help"
    assert [one.name for one in safety.help_wanted(OPERATOR)] == ["備 太郎"]
    gone = sighting(city, "備 太郎", direction="out", device="desk:2")
    gone.clock = ""
    safety.record([gone])
    assert state(city).direction == "out"
    assert safety.occupancy(city.facilities["F2"].pk).people == 0


def test_events_of_one_batch_made_here_keep_their_order(city: City) -> None:
    batch = [sighting(city, "備 太郎", direction=how) for how in ("in", "out", "in", "out")]
    for one in batch:
        one.clock = ""
    safety.record(batch)
    assert len({one.clock for one in batch}) == 4
    assert [one.clock for one in batch] == sorted(one.clock for one in batch)
    assert state(city).direction == "out"


def scans(ahead: timedelta, *rows: tuple[str, str], ago: int = 5) -> list[dict[str, Any]]:
    """Events (resident, direction), a minute apart, of a tablet whose clock is so far ahead."""
    tablet, made = HybridClock("T001"), []
    for number, (who, how) in enumerate(rows):
        at = clock.now() + ahead - timedelta(minutes=ago - number)
        with clock.using(FrozenClock(at)):
            made.append({
                "id": str(uuid7()), "direction": how, "occurred_at": at.isoformat(),
                "clock": tablet.tick(), "person": {"resident_id": who},
            })  # fmt: skip
    return made


WRONG = [timedelta(days=-400), timedelta(hours=-12), timedelta(days=3), timedelta(days=4000)]


@pytest.mark.parametrize("ahead", WRONG)
def test_a_clock_that_is_far_off_is_corrected_by_the_time_of_sending(
    city: City, ahead: timedelta
) -> None:
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    warn(4)
    start = clock.now()
    safety.record([sighting(city, "備 太郎", direction="out"), sighting(city, "備 花子", "F1")])
    with clock.using(FrozenClock(start + timedelta(minutes=10))):
        sent = (clock.now() + ahead).isoformat()
        batch = scans(ahead, ("R0011", "in"), ("R0012", "in"), ("R0012", "out"))
        answers = safety.receive(terminal, batch, sent)
        assert [one.status for one in answers] == ["accepted"] * 3
    assert safety.unaccounted_count().unaccounted == 7
    assert [state(city).direction, state(city, "備 花子").direction] == ["in", "out"]
    kept = Sighting.objects.get(pk=batch[0]["id"])
    assert kept.occurred_at == start + timedelta(minutes=5), "exactly, by the time of sending"
    assert kept.stated_at == datetime.fromisoformat(batch[0]["occurred_at"])
    with clock.using(FrozenClock(start + timedelta(minutes=11))):
        safety.report_self([city.residents["備 太郎"].pk], "needs_help", actor=CLERK)
    assert state(city).status == "needs_help"


@pytest.mark.parametrize("ahead", [timedelta(days=-400), timedelta(days=3), timedelta(days=4000)])
@pytest.mark.parametrize("sent", [None, "now", "yesterday", 7])
def test_a_time_that_cannot_be_counts_from_when_it_came_in_the_order_sent(
    city: City, ahead: timedelta, sent: object
) -> None:
    """Also where the tablet was put right between recording and sending."""
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    warn(4)
    with clock.using(FrozenClock(clock.now() + timedelta(minutes=10))):
        told = clock.now().isoformat() if sent == "now" else sent
        batch = scans(ahead, ("R0011", "in"), ("R0012", "in"), ("R0012", "out"), ("R0012", "in"))
        safety.receive(terminal, batch, told)
        kept = Sighting.objects.get(pk=batch[0]["id"])
        assert kept.occurred_at == clock.now()
    assert kept.stated_at == datetime.fromisoformat(batch[0]["occurred_at"])
    assert safety.unaccounted_count().unaccounted == 7
    assert [state(city).direction, state(city, "備 花子").direction] == ["in", "in"]
    assert [one["stated_at"] for one in safety.exported()].count(None) == 0
    assert safety.rebuild() == 2
    assert safety.unaccounted_count().unaccounted == 7


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "9999-12-31T00:00:00Z"]
)
def test_the_ends_of_the_calendar(city: City, text: str) -> None:
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    for sent in (None, text, clock.now().isoformat()):
        event = {**scans(timedelta(), ("R0011", "in"))[0], "occurred_at": text}
        [answer] = safety.receive(terminal, [event], sent)
        assert (answer.status, answer.error) in [("accepted", None), ("refused", "bad_time")]
    oldest = clock.now() - times.OLDEST
    assert not Sighting.objects.filter(occurred_at__lt=oldest).exists()
    list(safety.exported())


def test_a_clock_that_is_a_little_off_is_left_alone(city: City) -> None:
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    for hours in (-5, -1, 1, 5):
        ahead = timedelta(hours=hours)
        [event] = scans(ahead, ("R0011", "in"))
        safety.receive(terminal, [event], (clock.now() + ahead).isoformat())
        kept = Sighting.objects.get(pk=event["id"])
        assert (kept.stated_at, kept.clock) == (None, event["clock"])
        assert kept.occurred_at == datetime.fromisoformat(event["occurred_at"])


def test_an_order_that_runs_years_ahead_is_brought_back() -> None:
    """A tablet's own time was put right, its hybrid clock still remembers 2099."""
    now = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
    found = times.Delivery(now, None).dated(now, "4071000000000-0007-T1", 3)
    assert found == times.Dated(now, f"{clock.unix_ms(now):013d}-0003-T1", None)
