"""The ledger over its interface: recording, inquiry, occupancy, list, rebuild."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.core.ids import HybridClock, uuid7
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting, PersonState, Sighting, VisitorFacts
from sonae.domains.safety.models import InquirySubject
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.fixtures import CLERK, OPERATOR, VIEWER, City, flood_telegram

pytestmark = pytest.mark.django_db


def sighting(
    city: City,
    name: str | None = None,
    facility: str | None = "F2",
    direction: str = "in",
    *,
    device: str = "T001",
    minutes: int = 0,
    visitor: VisitorFacts | None = None,
    status: str = "safe",
    **more: object,
) -> NewSighting:
    at = clock.now() + timedelta(minutes=minutes)
    with clock.using(FrozenClock(at)):
        tick = HybridClock(device).tick()
    return NewSighting(
        id=uuid7(), direction=direction, occurred_at=at, clock=tick, source="reception",
        resident_pk=city.residents[name].pk if name else None, visitor=visitor,
        facility_pk=city.facilities[facility].pk if facility else None, device=device,
        status=status, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def warn(level: int = 4, status: str = "actual", minute: int = 0) -> None:
    warnings.accept(flood_telegram(level, status, minute), via="test")
    outbox.drain()


def test_recorded_once_however_often_it_is_sent(city: City) -> None:
    batch = [sighting(city, "備 太郎"), sighting(city, "備 花子")]
    assert [r.status for r in safety.record(batch)] == ["accepted", "accepted"]
    assert [r.status for r in safety.record([*batch, batch[0]])] == ["duplicate"] * 3
    assert Sighting.objects.count() == 2
    assert safety.occupancy(city.facilities["F2"].pk).people == 2
    assert safety.occupancy(city.facilities["F2"].pk).households == 1


def test_a_refused_event_is_kept_and_counts_for_nothing(city: City) -> None:
    one = sighting(city, "備 太郎", refusal="unknown_resident")
    [result] = safety.record([one])
    assert (result.status, result.error) == ("refused", "unknown_resident")
    again = safety.record([one, one])
    assert [(r.status, r.error) for r in again] == [("duplicate", "unknown_resident")] * 2
    assert Sighting.objects.get().refusal == "unknown_resident"
    assert PersonState.objects.count() == 0


def test_visitors_are_people_too(city: City) -> None:
    who = VisitorFacts("外 来", "ソト ライ", "1999-01-01", "他市")
    safety.record([sighting(city, visitor=who), sighting(city, visitor=who, minutes=1)])
    found = safety.occupancy(city.facilities["F2"].pk)
    assert (found.people, found.households) == (1, 0)


def inside(city: City, *places: str) -> list[int]:
    return [safety.occupancy(city.facilities[place].pk).people for place in places]


def test_two_strangers_of_one_name_are_two(city: City) -> None:
    who = VisitorFacts(kana="タナカ")
    here, there = sighting(city, None, "F1", visitor=who), sighting(city, None, "F2", visitor=who)
    second = sighting(city, None, "F1", visitor=who, minutes=60, device="T002")
    safety.record([here])
    safety.record([there, second])
    assert safety.record([here])[0].status == "duplicate"
    assert inside(city, "F1", "F2") == [2, 1]
    assert safety.conflicts() == []
    for minutes, left in ((70, [1, 1]), (80, [0, 1]), (90, [0, 1])):
        safety.record([sighting(city, None, "F1", "out", visitor=who, minutes=minutes)])
        assert inside(city, "F1", "F2") == left, "who leaves is one of those who are there"
    safety.undo(CLERK, there.id)
    assert inside(city, "F1", "F2") == [0, 0]
    known = VisitorFacts(kana="タナカ", birth_date="1985-01-05")
    safety.record(
        [sighting(city, None, place, visitor=known, minutes=100) for place in ("F1", "F2")]
    )
    assert sum(inside(city, "F1", "F2")) == 1, "with a birth date it is one person who walks"


def test_strangers_who_come_and_go_in_one_delivery(city: City) -> None:
    who = VisitorFacts(name="田中")
    moves = [("in", 0), ("in", 1), ("out", 2), ("in", 3), ("out", 4)]
    batch = [sighting(city, None, "F1", how, visitor=who, minutes=m) for how, m in moves]
    early = sighting(city, None, "F1", "out", visitor=who, minutes=-5)
    safety.record([*batch, early])
    assert inside(city, "F1") == [1], "who left before they came was somebody else"
    held = _everything()
    safety.rebuild()
    assert _everything() == held


def test_the_inquiry_opens_with_everyone_in_danger_and_falls_with_every_check_in(
    city: City,
) -> None:
    warn(4)
    count = safety.unaccounted_count()
    assert (count.total, count.inside, count.unknown, count.unaccounted) == (9, 6, 3, 9)
    safety.record([sighting(city, "備 太郎"), sighting(city, "高橋 翔")])
    assert safety.unaccounted_count().unaccounted == 8, "who was not in danger changes nothing"
    safety.report_self([city.residents["山﨑 ミツ"].pk], "safe", actor=CLERK)
    assert safety.unaccounted_count().unknown == 2
    assert safety.unaccounted_by_town()[city.towns["西町"].pk] == 4


def test_who_came_before_the_warning_is_accounted_for(city: City) -> None:
    safety.record([sighting(city, "備 太郎", minutes=-30)])
    warn(4)
    assert safety.unaccounted_count().unaccounted == 8
    safety.record([sighting(city, "備 太郎", minutes=5, direction="report", status="unknown")])
    assert safety.unaccounted_count().unaccounted == 8


def test_an_undone_check_in_is_missing_again(city: City) -> None:
    warn(4)
    [result] = safety.record([sighting(city, "備 太郎")])
    for actor, sighting_id, code in (
        (VIEWER, result.id, "forbidden"),
        (CLERK, uuid7(), "not_found"),
    ):
        with pytest.raises(SonaeError, match=code):
            safety.undo(actor, sighting_id)
    assert safety.unaccounted_count().unaccounted == 8
    safety.undo(CLERK, result.id)
    assert safety.unaccounted_count().unaccounted == 9
    assert safety.occupancy(city.facilities["F2"].pk).people == 0
    assert Sighting.objects.count() == 2, "nothing is deleted"


def test_later_plans_add_and_raise_but_forget_nobody(city: City) -> None:
    warn(3)
    before = dict(InquirySubject.objects.values_list("resident__name", "danger"))
    safety.record([sighting(city, "備 花子", minutes=1)])
    warn(5, minute=5)
    after = dict(InquirySubject.objects.values_list("resident__name", "danger"))
    assert after.keys() == before.keys()
    assert all(after[name] >= before[name] for name in before)
    assert safety.unaccounted_count().unaccounted == 8


def test_the_list_is_ordered_by_danger_and_need_and_every_look_is_recorded(city: City) -> None:
    warn(4)
    lines = safety.unaccounted(VIEWER)
    weights = [(line.danger + 1) * (line.need + 1) for line in lines]
    assert weights == sorted(weights, reverse=True)
    assert lines[0].name == "備 太郎"
    assert lines[0].helper == "要介護３"
    assert AccessEvent.objects.filter(recipient=VIEWER.name, purpose="rescue").count() == 8
    town = safety.unaccounted(VIEWER, town=city.towns["東町"].pk, limit=2)
    assert len(town) == 2
    with pytest.raises(SonaeError):
        safety.unaccounted(CLERK)


def test_as_of_any_time(city: City) -> None:
    warn(4)
    opened = clock.now()
    safety.record([sighting(city, "備 太郎", minutes=10), sighting(city, "備 花子", minutes=20)])
    safety.record([sighting(city, "備 太郎", direction="out", minutes=30)])

    def then(minutes: int) -> tuple[int, int]:
        at = opened + timedelta(minutes=minutes)
        return safety.unaccounted_count(at).unaccounted, safety.occupancy(
            city.facilities["F2"].pk, at
        ).people

    assert [then(m) for m in (1, 15, 25, 35)] == [(9, 0), (8, 1), (7, 2), (7, 1)]
    assert safety.curve()[-1].unaccounted == safety.unaccounted_shown().unaccounted == 6
    assert [p.unaccounted for p in safety.curve()] == [8, 7, 6]


def test_as_of_shows_nothing_that_was_learnt_later(city: City) -> None:
    opened = clock.now()
    warn(4)
    safety.record([sighting(city, "備 太郎", None, "report", status="unknown", place="自宅の前")])
    safety.record([sighting(city, "備 太郎", "F2", minutes=30, place="体育館")])

    def line(minutes: int) -> tuple[datetime | None, str] | None:
        at = clock.now() + timedelta(minutes=minutes)
        rows = {one.name: one for one in safety.unaccounted(VIEWER, at=at)}
        return (rows["備 太郎"].last_seen, rows["備 太郎"].last_place) if rows else None

    seen, place = line(10) or (None, "")
    assert place == "自宅の前"
    assert seen is not None and opened <= seen <= opened + timedelta(minutes=5)
    assert line(-60) is None, "before the inquiry"


def test_as_of_an_inquiry_that_was_closed_since(city: City) -> None:
    start = clock.now()
    warn(4)
    safety.record([sighting(city, "備 太郎", minutes=10)])
    with clock.using(FrozenClock(start + timedelta(hours=2))):
        safety.close_inquiry(OPERATOR)
    with clock.using(FrozenClock(start + timedelta(days=7))):
        warn(4, minute=9)
        assert safety.unaccounted_count().unaccounted == 9
    for hours, left in ((1, 8), (3, 8), (24 * 8, 9), (-1, 0)):
        at = start + timedelta(hours=hours)
        assert safety.unaccounted_count(at).unaccounted == left, hours
        listed = max(0, left - 1)  # the shielded one is in the number alone
        assert sum(safety.unaccounted_by_town(at).values()) == listed
        assert sum(safety.unaccounted_by_urgency(at).values()) == listed
        assert len(safety.unaccounted(VIEWER, at=at)) == listed


def test_two_desks_flag_one_person(city: City) -> None:
    safety.record([sighting(city, "備 太郎", "F2", device="T001")])
    safety.record([sighting(city, "備 太郎", "F4", device="T002", minutes=3)])
    assert [state.resident_id for state in safety.conflicts()] == [city.residents["備 太郎"].pk]


def test_any_order_of_delivery_and_a_rebuild_give_the_same(city: City) -> None:
    warn(4)
    names = list(city.residents)
    random = Random(4)
    batch = [
        sighting(
            city,
            random.choice(names),
            random.choice(["F1", "F2", "F4"]),
            random.choice(["in", "out", "move", "in_car", "report"]),
            device=f"T{random.randrange(5)}",
            minutes=random.randrange(-60, 240),
        )
        for _ in range(60)
    ]
    for start in range(0, 60, 7):
        safety.record(batch[start : start + 7])
    first = _everything()
    InquirySubject.objects.update(accounted_at=None)
    assert safety.rebuild() == len({one.resident_pk for one in batch})
    assert _everything() == first
    Sighting.objects.all().delete()
    PersonState.objects.all().delete()
    InquirySubject.objects.update(accounted_at=None)
    random.shuffle(batch)
    safety.record(batch[:20])
    safety.record(batch[10:])
    assert _everything() == first


def _everything() -> tuple[list[object], list[object]]:
    states = PersonState.objects.order_by("person").values_list(
        "person", "facility", "direction", "status", "seen_at", "clock", "conflict"
    )
    subjects = InquirySubject.objects.order_by("resident").values_list("resident", "accounted_at")
    return list(states), list(subjects)


def test_an_exercise_never_touches_the_live_ledger(city: City) -> None:
    warn(4)
    with city.entered(World.EXERCISE):
        warnings.accept(flood_telegram(5, "exercise"), via="test")
        outbox.drain()
        safety.record([sighting(city, "備 太郎")])
        assert safety.unaccounted_count().unaccounted == 8
    assert safety.unaccounted_count().unaccounted == 9
    assert safety.occupancies() == {}


def test_terminals(city: City) -> None:
    row, token = safety.enrol_terminal("F2", "受付1")
    assert safety.terminal_by_token(token) == row
    assert safety.terminal_by_token("wrong") is None
    safety.revoke_terminal(row.code, actor=OPERATOR)
    assert safety.terminal_by_token(token) is None
    with pytest.raises(SonaeError):
        safety.enrol_terminal("NOWHERE", "受付1")


def test_the_inquiry_is_closed_by_a_person(city: City) -> None:
    warn(4)
    with pytest.raises(SonaeError):
        safety.close_inquiry(VIEWER)
    safety.close_inquiry(OPERATOR)
    assert safety.current_inquiry().closed_at is not None  # type: ignore[union-attr]
    warn(5, minute=9)
    assert safety.current_inquiry().closed_at is None  # type: ignore[union-attr]
    assert isinstance(safety.current_inquiry().opened_at, datetime)  # type: ignore[union-attr]
