"""Calls for help: who does what about each, as events that supersede and never overwrite."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.messages.models import Message
from sonae.domains.safety import interface as safety
from sonae.domains.safety.calls import answer_to
from sonae.domains.safety.interface import CallAnswer
from sonae.platform import outbox
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


def call(city: City, name: str = "備 太郎", minutes: int = 0) -> str:
    """Somebody calls for help; the key of the person."""
    safety.record([sighting(city, name, None, "report", status="needs_help", minutes=minutes)])
    return f"r{city.residents[name].pk}"


def answers() -> dict[str, str]:
    return {one.name: one.answer for one in safety.help_wanted(OPERATOR)}


def test_each_step_is_kept_with_who_and_when(city: City) -> None:
    person = call(city)
    assert answers() == {"備 太郎": "open"}
    safety.answer_call(OPERATOR, person, "progress", "消防第2分団が向かう")
    with clock.using(FrozenClock(clock.now() + timedelta(minutes=20))):
        safety.answer_call(OPERATOR, person, "unreachable", "玄関に応答なし")
    [one] = safety.help_wanted(OPERATOR)
    assert one.answer == "unreachable"
    assert [(step.status, step.note) for step in one.history] == [
        ("unreachable", "玄関に応答なし"), ("progress", "消防第2分団が向かう"),
    ]  # fmt: skip
    assert one.history[0].supersedes_id == one.history[1].pk
    assert one.history[0].at - one.history[1].at >= timedelta(minutes=20)
    assert {step.by for step in one.history} == {OPERATOR.name or OPERATOR.id}


def test_a_new_call_after_help_is_open_anew_but_help_on_its_way_stays(city: City) -> None:
    person = call(city)
    safety.answer_call(OPERATOR, person, "progress")
    call(city, minutes=5)
    assert answers() == {"備 太郎": "progress"}
    safety.answer_call(OPERATOR, person, "done")
    assert (answers(), safety.help_count()) == ({"備 太郎": "done"}, 0)
    call(city, minutes=9)
    assert (answers(), safety.help_count()) == ({"備 太郎": "open"}, 1)
    safety.record([sighting(city, "備 太郎", minutes=15)])
    assert (answers(), safety.help_count()) == ({}, 0), "who came to a shelter calls no more"
    with pytest.raises(SonaeError, match="助けを求めていません"):
        safety.answer_call(OPERATOR, person, "done")
    assert CallAnswer.objects.count() == 2, "what was done stays on record"


@pytest.mark.parametrize("taken_back", [False, True])
def test_help_for_an_earlier_need_does_not_hide_a_new_one(city: City, taken_back: bool) -> None:
    person = call(city)
    safety.answer_call(OPERATOR, person, "progress", "消防が向かう")
    safe = sighting(city, "備 太郎", minutes=5)
    safety.record([safe])
    assert answers() == {}
    if taken_back:
        void = sighting(city, "備 太郎", None, "void", minutes=6, supersedes=safe.id)
        safety.record([void])
    call(city, minutes=30)
    expected = "progress" if taken_back else "open"
    assert answers() == {"備 太郎": expected}
    assert safety.help_counts() == {expected: 1}
    assert sum(safety.help_by_town().values()) == 1
    call(city, minutes=35)
    assert answers() == {"備 太郎": expected}
    safety.answer_call(OPERATOR, person, "progress")
    call(city, minutes=40)
    assert answers() == {"備 太郎": "progress"}, "help is on its way to this need"


def test_a_visitor_who_calls_again_after_being_well_is_open_anew(city: City) -> None:
    someone = safety.VisitorFacts("旅 行子", birth_date="1990-01-01", person="T001-V7")
    for minutes, status in ((0, "needs_help"), (5, "safe"), (30, "needs_help")):
        told = sighting(city, None, None, "report", minutes=minutes, visitor=someone, status=status)
        safety.record([told])
        if not minutes:
            [one] = safety.help_wanted(OPERATOR)
            safety.answer_call(OPERATOR, one.person, "progress")
    [one] = safety.help_wanted(OPERATOR)
    assert (one.answer, len(one.history)) == ("open", 1)


def test_done_never_covers_a_call_that_the_operator_did_not_see(city: City) -> None:
    person = call(city)
    [shown] = safety.help_wanted(OPERATOR)
    call(city, minutes=5)
    safety.answer_call(OPERATOR, person, "done", seen=shown.clock)
    assert answers() == {"備 太郎": "open"}
    safety.answer_call(OPERATOR, person, "done", seen=safety.help_wanted(OPERATOR)[0].clock)
    assert answers() == {"備 太郎": "done"}
    call(city, minutes=9)
    safety.answer_call(OPERATOR, person, "done", seen="z")
    made = CallAnswer.objects.latest("pk")
    assert made.clock == safety.help_wanted(OPERATOR)[0].clock, "no later than what there is"


def test_open_calls_come_first_then_the_gravest_then_the_oldest(city: City) -> None:
    warn()
    names = ["備 太郎", "備 花子", "斎藤 健"]
    people = {name: call(city, name, minutes=n) for n, name in enumerate(names)}
    listed = safety.help_wanted(OPERATOR)
    expected = sorted(listed, key=lambda one: (-one.danger, one.seen_at))
    assert [one.name for one in listed] == [one.name for one in expected]
    safety.answer_call(OPERATOR, people[listed[0].name], "progress")
    assert safety.help_wanted(OPERATOR)[-1].name == listed[0].name
    assert safety.help_counts() == {"open": 2, "progress": 1}
    safety.answer_call(OPERATOR, people[listed[0].name], "done")
    home = city.residents[listed[1].name].household.town_id
    assert safety.help_by_town().get(home, 0) >= 1
    assert sum(safety.help_by_town().values()) == 2


def test_only_operators_answer_and_only_with_words_that_exist(city: City) -> None:
    person = call(city)
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError, match="forbidden"):
            safety.answer_call(actor, person, "done")
    with pytest.raises(SonaeError, match="選んで"):
        safety.answer_call(OPERATOR, person, "maybe")
    with pytest.raises(SonaeError, match="助けを求めていません"):
        safety.answer_call(OPERATOR, "r999999", "done")
    assert not CallAnswer.objects.exists()


def test_a_call_calls_the_officers_on_duty_once_in_ten_minutes_without_a_name(city: City) -> None:
    with clock.using(FrozenClock(clock.now().replace(minute=1))):
        safety.record([sighting(city, "備 太郎")])
        outbox.drain()
        assert not Message.objects.filter(kind="alarm").exists(), "who is safe calls nobody"
        call(city)
        call(city, "斎藤 健")
        outbox.drain()
        [alarm] = Message.objects.filter(kind="alarm")
        [text] = alarm.wording_set.all()
        assert "助けを求める連絡" in text.subject
        assert "太郎" not in text.body and "斎藤" not in text.body
    with clock.using(FrozenClock(clock.now().replace(minute=1) + timedelta(minutes=11))):
        call(city, minutes=11)
        outbox.drain()
    assert Message.objects.filter(kind="alarm").count() == 2


@given(st.lists(st.sampled_from(["call", "progress", "done", "unreachable", "open"]), max_size=9))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_stands_is_the_last_word_since_the_last_call(steps: list[str]) -> None:
    """Recomputed forwards from the course of events; without a database."""
    told: list[CallAnswer] = []
    tick, expected = 1, "open"
    for step in steps:
        if step == "call":
            tick += 1
            expected = expected if expected == "progress" else "open"
        else:
            told.insert(
                0, CallAnswer(municipality="992011", world="live", clock=f"{tick:04}", status=step)
            )
            expected = step
        assert answer_to(f"{tick:04}", told) == expected
