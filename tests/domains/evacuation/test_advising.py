"""What is stored of a plan: only what changed is written, and what stands is what a new plan says."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.evacuation import advising, services
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.advising import UNKNOWN, Table, difference
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.residents.interface import Resident
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.engines.evacuation.rulebook import LEAVE_BY, LEAVE_NOW, TOO_LATE
from sonae.platform import outbox
from sonae.platform.db import writing
from tests.fixtures import CLERK, City, flood_telegram


def _table(rows: list[tuple[int, int, int, int]]) -> Table:
    """Advice from (resident, facility, departure, leave_by), else alike."""
    resident, facility, departure, leave_by = (
        np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else [[]] * 4)
    )
    codes, none = np.zeros(len(rows), np.uint8), np.full(len(rows), UNKNOWN)
    return Table(
        resident, codes, np.full(len(rows), "flood"), codes, codes, codes, facility,
        none, none, none, leave_by, departure.astype(np.uint8), codes, none + 1,
    )  # fmt: skip


def _rows(table: Table) -> dict[int, tuple[int, int, int]]:
    columns = (table.facility_id, table.departure, table.leave_by)
    values = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(table.resident_id.tolist(), values, strict=True))


PLANS = st.dictionaries(
    st.integers(1, 12),
    st.tuples(st.sampled_from([UNKNOWN, 7, 8]), st.sampled_from([0, 1, 3]), st.integers(0, 3)),
).map(lambda plan: [(key, *plan[key]) for key in sorted(plan)])


@given(PLANS, PLANS)
def test_the_difference_makes_the_new_plan_of_the_old(
    before: list[tuple[int, int, int, int]], after: list[tuple[int, int, int, int]]
) -> None:
    old, new = _table(before), _table(after)
    change = difference(old, new)
    stored = {who: row for who, row in _rows(old).items() if who not in change.gone.tolist()}
    wanted = _rows(change.after)
    written = {int(change.after.resident_id[row]) for row in change.write}
    assert not written & set(stored), "nobody has two rows"
    stored |= {who: wanted[who] for who in written}
    assert stored == wanted
    for who, (facility, departure, since) in wanted.items():
        fresh, former = _rows(new)[who], _rows(old).get(who)
        assert (facility, departure) == fresh[:2]
        at_once = departure in (LEAVE_NOW, TOO_LATE)
        held = former is not None and former[1] == departure
        assert since == (former[2] if at_once and held and former else fresh[2])
        if former == wanted[who]:
            assert who not in written, "what did not change is not written"


def test_times_are_cut_to_the_minute_in_absolute_time() -> None:
    """Planned again 40 seconds later, the deadline is the same minute."""
    deadline = datetime(2026, 9, 1, 3, 0, 30, tzinfo=UTC)

    def told(now: datetime) -> list[Any]:
        class Made:
            person = np.array([0])
            zone = decision = rule = reason = rank = hazard = np.zeros(1, np.uint8)
            departure = np.array([LEAVE_BY], np.uint8)
            site = np.array([-1])
            distance_m = danger_m = minutes = np.array([np.nan])
            until_minutes = np.array([(deadline - now).total_seconds() / 60])
            trace = np.zeros(1, np.int64)

        table = advising.table(Made, np.array([5]), np.zeros(0, np.int64), ["flood"], now)  # type: ignore[arg-type]
        columns = table.columns(np.arange(1))
        assert (columns["facility_id"], columns["distance_m"]) == ([None], [None])
        return columns["leave_by"]

    now = datetime(2026, 9, 1, 1, 17, 3, tzinfo=UTC)
    assert told(now) == told(now + timedelta(seconds=40)) == [deadline.replace(second=0)]


def _stored(run: PlanRun) -> dict[int, tuple[Any, ...]]:
    """All that is stored as advice of a run, without whose row it is."""
    names = [field.name for field in fields(Table) if field.name != "leave_by"]
    rows = Advice.objects.filter(run=run.advice_run).values_list(*names)
    return {row[0]: row for row in rows}


def _warn(minute: int = 0) -> PlanRun:
    warnings.accept(flood_telegram(4, "actual", minute), via="test")
    outbox.drain()
    run = evacuation.current_run()
    assert run is not None
    return run


@pytest.fixture
def _any_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine people: let a change of several count as few."""
    monkeypatch.setattr(advising, "LARGEST_SHARE", 10.0)


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_a_closed_site_rewrites_only_those_who_went_there(city: City) -> None:
    first = _warn()
    kept = dict(Advice.objects.filter(run=first.pk).values_list("resident_id", "pk"))
    gone = set(
        Advice.objects.filter(facility=city.facilities["F4"]).values_list("resident_id", flat=True)
    )
    assert 0 < len(gone) < len(kept)
    shelters.set_state(CLERK, city.facilities["F4"].pk, "full")
    outbox.drain()
    second = evacuation.current_run()
    assert second is not None
    assert (second.reason, second.base_id, second.advice_run) == ("facility", first.pk, first.pk)
    now = dict(Advice.objects.filter(run=first.pk).values_list("resident_id", "pk"))
    assert {who for who in now if now[who] != kept.get(who)} == gone
    made = _stored(second)
    assert services.forget_superseded() == 0, "the rows in use stay"
    assert _stored(second) == made
    advising._last.clear()
    whole = services.replan("manual")
    assert whole.base_id is None
    assert _stored(whole) == made, "what stands is what a new plan says"
    assert services.forget_superseded() == len(made)


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_the_same_plan_again_writes_nothing(city: City) -> None:
    first = _warn()
    before = list(Advice.objects.order_by("pk").values_list())
    clock_now = clock.now()
    again = services.replan("manual")
    assert again.advice_run == first.pk
    assert list(Advice.objects.order_by("pk").values_list()) == before
    assert again.at >= clock_now - timedelta(seconds=1)


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_rows_that_were_lost_meanwhile_are_written_again(city: City) -> None:
    first = _warn()
    whole = _stored(first)
    Advice.objects.filter(resident=city.residents["備 太郎"]).delete()
    again = services.replan("manual")
    assert again.base_id is None
    assert _stored(again) == whole


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_a_plan_of_another_process_is_not_taken_for_one_s_own(city: City) -> None:
    first = _warn()
    whole = _stored(first)
    PlanRun.objects.filter(pk=first.pk).update(token="made elsewhere")
    Advice.objects.filter(run=first.pk).update(rule="collapse", trace=1)
    again = services.replan("manual")
    assert again.base_id is None
    assert _stored(again) == whole


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_a_plan_that_was_rolled_back_is_not_remembered(city: City) -> None:
    first = _warn()
    whole = _stored(first)
    shelters.set_state(CLERK, city.facilities["F4"].pk, "full")

    class Stop(Exception):
        pass

    with pytest.raises(Stop), writing():
        services.replan("facility")
        raise Stop
    again = services.replan("facility")
    assert _stored(again) != whole
    made = _stored(again)
    advising._last.clear()
    assert _stored(services.replan("manual")) == made


@pytest.mark.django_db
@pytest.mark.usefixtures("_any_share")
def test_the_inquiry_hears_of_everyone_of_a_plan_stored_in_part(city: City) -> None:
    from sonae.domains.safety.models import InquirySubject

    _warn()
    shelters.set_state(CLERK, city.facilities["F4"].pk, "full")
    outbox.drain()
    run = evacuation.current_run()
    assert run is not None
    assert run.base_id is not None
    asked = set(InquirySubject.objects.values_list("resident_id", flat=True))
    assert asked >= set(_stored(run))
    taro = Resident.objects.get(pk=city.residents["備 太郎"].pk)
    personal = evacuation.personal_advice(taro.pk)
    assert personal is not None
    assert personal.advice.facility == city.facilities["F2"]
    assert personal.rule in personal.reasons
