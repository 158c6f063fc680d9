"""What the ledger says stays true: rebuilt, raced, added later, sent under a used name, looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation.interface import Advice, PlanRun
from sonae.domains.safety import interface as safety
from sonae.domains.safety.inquiries import open_inquiry
from sonae.domains.safety.interface import PersonState, Sighting, VisitorFacts
from sonae.domains.safety.models import Inquiry, InquirySubject
from sonae.platform import worlds
from sonae.platform.access import Actor, Role
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import World
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import CLERK, CODE, OPERATOR, VIEWER, City


def accounted() -> dict[str, object]:
    """Resident → since when accounted for."""
    return dict(InquirySubject.objects.values_list("resident__name", "accounted_at"))


@pytest.mark.django_db
@pytest.mark.parametrize("before_hours", [1, 71, 73, 100])
@pytest.mark.parametrize("direction", ["in", "report", "shelter_at_home", "out"])
@pytest.mark.parametrize("status", ["safe", "unknown", "needs_help"])
def test_a_rebuild_finds_what_the_opening_found(
    city: City, before_hours: int, direction: str, status: str
) -> None:
    """Two forms of one rule: SQL when people are added, the fold when anything is recorded."""
    safety.record(
        [
            sighting(
                city, "備 太郎", direction=direction, status=status, minutes=-60 * before_hours
            ),
            sighting(city, "備 花子", minutes=-5),
        ]
    )
    warn(4)
    opened = accounted()
    assert opened["備 花子"] is not None
    assert sum(value is not None for value in opened.values()) in (1, 2)
    safety.rebuild()
    assert accounted() == opened


@pytest.mark.django_db
def test_nobody_is_accounted_for_before_being_in_danger(city: City) -> None:
    warn(4)
    row = InquirySubject.objects.get(resident__name="備 太郎")
    later = row.added_at + timedelta(hours=2)
    InquirySubject.objects.filter(pk=row.pk).update(added_at=later)
    safety.record([sighting(city, "備 太郎", minutes=30)])
    row.refresh_from_db()
    assert row.accounted_at == later, "still in the shelter when the danger came"
    safety.record([sighting(city, "備 太郎", direction="out", minutes=60)])
    safety.record([sighting(city, "備 太郎", direction="report", minutes=61)])
    row.refresh_from_db()
    assert row.accounted_at is None, "what was said before the danger says nothing about it"
    assert min(point.unaccounted for point in safety.curve()) >= 0


@pytest.mark.django_db
def test_two_events_that_call_themselves_1_are_two(city: City) -> None:
    terminal, _token = safety.enrol_terminal("F2", "受付1")
    other, _token = safety.enrol_terminal("F2", "受付2")
    one, two = {"id": "1", "note": "a"}, {"id": "1", "note": "b"}
    answers = [*safety.receive(terminal, [one, two]), *safety.receive(other, [one])]
    assert [a.status for a in answers] == ["refused"] * 3
    assert Sighting.objects.count() == 3, "each is kept"
    assert safety.receive(terminal, [one])[0].status == "duplicate"


@pytest.mark.django_db
def test_what_was_rehearsed_is_not_recorded_here(city: City) -> None:
    one = sighting(city, "備 太郎")
    with city.entered(World.EXERCISE):
        assert safety.record([one])[0].status == "accepted"
    [answer] = safety.record([one])
    assert (answer.status, answer.error) == ("refused", "id_of_another_world")
    assert Sighting.objects.count() == 0


@pytest.mark.django_db
def test_terminals_get_new_numbers_whatever_was_deleted(city: City) -> None:
    first, _token = safety.enrol_terminal("F2", "受付1")
    second, _token = safety.enrol_terminal("F2", "受付2")
    first.delete()
    third, _token = safety.enrol_terminal("F2", "受付3")
    assert (second.code, third.code) == ("T002", "T003")


@pytest.mark.django_db
def test_calls_for_help_are_looked_at_like_any_other_list(city: City) -> None:
    ken = city.residents["斎藤 健"]
    type(ken).objects.filter(pk=ken.pk).update(shielded=True)
    safety.record([sighting(city, "備 太郎", None, "report", status="needs_help", place="2階")])
    safety.record([sighting(city, "斎藤 健", None, "report", status="needs_help", minutes=1)])
    shown = {one.name: one.where for one in safety.help_wanted(VIEWER)}
    assert shown == {"備 太郎": "2階", "支援措置対象（詳細は担当者へ）": ""}
    homes = {one.name: (one.home, one.phone) for one in safety.help_wanted(VIEWER)}
    taro = city.residents["備 太郎"]
    assert homes["備 太郎"] == (f"西町 {taro.household.address}", taro.phone)
    assert homes["支援措置対象（詳細は担当者へ）"] == ("", "")
    safety.help_wanted(VIEWER)
    seen = AccessEvent.objects.filter(recipient=VIEWER.name, purpose="rescue")
    assert seen.count() == 2, "a list that refreshes itself is one look"
    with clock.using(FrozenClock(clock.now() + timedelta(hours=2))):
        safety.help_wanted(VIEWER)
    assert seen.count() == 4
    with pytest.raises(Exception, match="forbidden"):
        safety.help_wanted(CLERK)


@pytest.mark.django_db
def test_two_people_of_one_name_are_two_looks_and_more_shown_is_another(city: City) -> None:
    safety.record([sighting(city, "備 太郎", None, "report", status="needs_help")])
    first = Actor("account:91", Role.VIEWER, "佐藤", 91)
    second = Actor("account:92", Role.OPERATOR, "佐藤", 92)
    safety.help_wanted(first)
    safety.help_wanted(second)
    safety.help_wanted(second)
    seen = AccessEvent.objects.filter(purpose="rescue")
    assert [one.looker for one in seen.order_by("pk")] == ["account:91", "account:92"]
    with city.entered(World.EXERCISE):
        safety.record([sighting(city, "備 太郎", None, "report", status="needs_help")])
        with clock.using(FrozenClock(clock.now() - timedelta(days=300))):
            safety.help_wanted(first)
        event = AccessEvent.objects.latest("pk")
        assert abs(event.at - clock.SystemClock().now()) < timedelta(minutes=1)


@pytest.mark.django_db
def test_the_newest_records_of_a_desk_are_a_look_too(city: City) -> None:
    safety.record([sighting(city, "備 太郎")])
    [seen] = safety.recent(CLERK, city.facilities["F2"].pk)
    assert seen.name == "備 太郎"
    assert AccessEvent.objects.filter(recipient=CLERK.name, purpose="reception").count() == 1


def _second_waits(one: Callable[[], object], two: Callable[[], object]) -> None:
    """Run both at once, the first inside its turn; the second must not end before the first has."""
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        with worlds.entered(CODE), writing():
            take_turn("safety")
            one()
            begun.set()
            assert go.wait(20)
        connection.close()

    def quick() -> None:
        with worlds.entered(CODE):
            two()
        connection.close()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(slow)
        assert begun.wait(20)
        second = threads.submit(quick)
        done = threading.Event()
        second.add_done_callback(lambda _future: done.set())
        waited = not done.wait(0.3)
        go.set()
        first.result()
        second.result()
    assert waited, "the second must wait"


@pytest.mark.django_db(transaction=True)
def test_nobody_joins_an_inquiry_that_is_being_closed(city: City) -> None:
    """On PostgreSQL the end waits until those who are being added are in, and what follows opens anew."""
    warn(4)
    run = PlanRun.objects.order_by("pk").last()
    assert run is not None
    InquirySubject.objects.filter(resident__name="備 太郎").delete()
    _second_waits(lambda: open_inquiry(run.pk), lambda: safety.close_inquiry(OPERATOR))
    assert "備 太郎" in accounted()
    closed = safety.current_inquiry()
    assert closed is not None and closed.closed_at is not None
    open_inquiry(run.pk)
    assert Inquiry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_shelters_that_record_one_person_at_once_leave_the_fold_of_both(city: City) -> None:
    """On PostgreSQL the second waits for the first; otherwise it would fold without it."""
    first = sighting(city, "備 太郎", "F2", minutes=1)
    second = sighting(city, "備 太郎", "F1", "out", minutes=0, device="T002")
    _second_waits(lambda: safety.record([first]), lambda: safety.record([second]))
    pk = city.residents["備 太郎"].pk
    held = PersonState.objects.get(resident=pk)
    safety.rebuild()
    again = PersonState.objects.get(resident=pk)
    assert (held.facility_id, held.clock) == (again.facility_id, again.clock)
    assert held.facility_id == city.facilities["F2"].pk


def _all_states() -> tuple[list[object], dict[str, object]]:
    states = PersonState.objects.order_by("person").values_list(
        "person", "facility", "direction", "status", "clock"
    )
    return list(states), accounted()


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("at_once", [True, False])
def test_it_was_somebody_else_whatever_came_first(
    city: City, order: tuple[int, ...], at_once: bool
) -> None:
    """The first card was wrong, and so was the second: only the third person came."""
    warn(4)
    card = sighting(city, "備 太郎", minutes=1)
    fixed = sighting(city, visitor=VisitorFacts("備 次郎", address="2番地"), minutes=2)
    right = sighting(city, "備 花子", minutes=3)
    fixed.supersedes, right.supersedes = card.id, fixed.id
    batch = [(card, fixed, right)[place] for place in order]
    for part in [batch] if at_once else [[one] for one in batch]:
        assert [result.status for result in safety.record(part)] == ["accepted"] * len(part)
    assert safety.occupancy(city.facilities["F2"].pk).people == 1
    assert safety.occupancy(city.facilities["F2"].pk, right.occurred_at).people == 1
    assert safety.occupancy(city.facilities["F2"].pk, card.occurred_at).people == 1, "as known then"
    assert [name for name, at in accounted().items() if at] == ["備 花子"]
    held = _all_states()
    safety.rebuild()
    assert _all_states() == held


@pytest.mark.django_db
def test_a_refused_correction_takes_nothing_back(city: City) -> None:
    came = sighting(city, "備 太郎")
    wrong = sighting(city, supersedes=came.id, refusal="unknown_resident")
    safety.record([wrong])
    safety.record([came])
    assert safety.occupancy(city.facilities["F2"].pk).people == 1
    with city.entered(World.EXERCISE):
        safety.record([sighting(city, "備 花子", supersedes=came.id)])
    safety.rebuild()
    assert safety.occupancy(city.facilities["F2"].pk).people == 1


@pytest.mark.django_db
def test_danger_grows_with_the_hazard_and_is_less_for_who_need_not_leave(city: City) -> None:
    warn(4)
    run = PlanRun.objects.order_by("pk").last()
    assert run is not None
    cases = {
        ("inside", 3, "leave"): 70, ("inside", 3, "upstairs"): 55, ("inside", 3, "stay"): 40,
        ("inside", 6, "leave"): 100, ("inside", 9, "leave"): 100, ("unknown", 9, "leave"): 30,
    }  # fmt: skip
    for (zone, rank, decision), danger in cases.items():
        InquirySubject.objects.all().delete()
        Advice.objects.filter(run=run.advice_run).update(zone=zone, rank=rank, decision=decision)
        open_inquiry(run.pk)
        assert set(InquirySubject.objects.values_list("danger", flat=True)) == {danger}
