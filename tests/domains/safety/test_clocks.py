"""Clocks of tablets: ahead of the server's, and set back to nowhere."""

from __future__ import annotations

import pytest

from sonae.domains.safety import interface as safety
from sonae.domains.safety import services
from sonae.domains.safety.interface import PersonState
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import CLERK, OPERATOR, City

pytestmark = pytest.mark.django_db


def state(city: City, name: str = "備 太郎") -> PersonState:
    return safety.state_of([city.residents[name].pk])[city.residents[name].pk]


def test_a_call_for_help_wins_over_a_tablet_that_runs_ahead(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    safety.record([sighting(city, "備 太郎", minutes=30)])
    services._server_clocks.clear()  # another process serves the resident
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
