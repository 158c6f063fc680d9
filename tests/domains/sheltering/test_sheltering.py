"""Running a shelter over its interface: rooms, supplies, meals, board, guests, health, reports, handover."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.safety import interface as safety
from sonae.domains.safety.inside import age_row
from sonae.domains.safety.interface import VisitorFacts
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.sheltering import rules
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Actor, Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import CLERK, OPERATOR, VIEWER, City, actor

NEXT_SHIFT = actor(Role.RECEPTION, 9)


def full_house(city: City) -> int:
    """高台中学校 open with the 備 family, a shielded man and a visitor inside, one family in the car."""
    pk = city.facilities["F2"].pk
    shelters.set_state(CLERK, pk, "open", ordered_by="mayor")
    safety.record(
        [
            sighting(city, "備 太郎", needs=["wheelchair"], place="教室1"),
            sighting(city, "備 花子", needs=["medicine"], status="injured"),
            sighting(city, "備 一郎"),
            sighting(city, "佐藤 守"),
            sighting(city, visitor=VisitorFacts("旅 人子", "タビ ヒトコ", "2024-05-05"), needs=["infant"]),
            sighting(city, "渡邉 実", direction="in_car"),
            sighting(city, "斎藤 健", facility="F1"),
        ]
    )  # fmt: skip
    return pk


def key(city: City, name: str) -> str:
    return f"r{city.residents[name].pk}"


@pytest.fixture
def house(city: City) -> int:
    return full_house(city)


pytestmark = pytest.mark.django_db


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(SonaeError) as error:
        act()
    assert error.value.code == code


def test_everybody_counts_and_nobody_under_shield_is_listed(city: City, house: int) -> None:
    told = safety.summary(house)
    assert (told.people, told.households, told.visitors, told.in_car) == (5, 2, 1, 1)
    assert told.needs == {"wheelchair": 1, "medicine": 1, "infant": 1}
    assert told.injured == 1
    assert told.registrants == 1, "備 太郎, 要介護３"
    assert sum(told.ages.values()) == 5 and told.ages["infant"] == 1 and told.ages["very_old"] == 1
    listed = safety.inside(CLERK, house)
    assert [one.name for one in listed][:3].count("備 太郎") == 1
    assert "佐藤 守" not in {one.name for one in listed}
    assert {one.name for one in listed if one.supported} == {"渡邉 実"}
    homes = [one.home for one in listed]
    assert len(set(homes[: homes.count(homes[0])])) == 1, "families stand together"
    seen = AccessEvent.objects.filter(subject=city.residents["備 太郎"].pk).count()
    safety.inside(CLERK, house)
    again = AccessEvent.objects.filter(subject=city.residents["備 太郎"].pk).count()
    assert (seen, again) == (1, 1), "looking is on the person's record, once an hour"
    refused("forbidden", lambda: safety.inside(VIEWER, house))


def test_needs_taken_back_are_gone(city: City, house: int) -> None:
    one = safety.Sighting.objects.get(resident=city.residents["備 花子"])
    safety.record([sighting(city, "備 花子", supersedes=one.pk, minutes=1)])
    assert "medicine" not in safety.summary(house).needs


@pytest.mark.parametrize(
    ("born", "row"),
    [
        ("2026-07-01", "infant"), ("2020-07-02", "infant"), ("2020-07-01", "child"),
        ("1951-07-02", "old"), ("1951-07-01", "very_old"), ("1940", "very_old"), ("", "unknown"),
        ("年月日不詳", "unknown"), ("2027-01-01", "unknown"),
    ],
)  # fmt: skip
def test_ages_by_the_day(born: str, row: str) -> None:
    assert age_row(born, date(2026, 7, 1)) == row


def test_the_capacity_is_that_of_the_open_rooms(city: City, house: int) -> None:
    def capacity() -> int | None:
        return next(p.capacity for p in shelters.places() if p.facility.pk == house)

    listed = capacity()
    sheltering.set_room(CLERK, house, "体育館", "general")
    assert capacity() == listed, "one room unknown: no sum is claimed"
    sheltering.set_room(CLERK, house, "体育館", "general", "１２０")
    room = sheltering.set_room(CLERK, house, "教室1", "family", "30")
    assert capacity() == 150
    heads = {v.room.name: v.people for v in sheltering.rooms(house)}
    assert heads == {"体育館": 0, "教室1": 1}, "the check-in named the room"
    family = [key(city, name) for name in ("備 太郎", "備 花子")]
    gym = sheltering.rooms(house)[0].room
    assert sheltering.assign(CLERK, house, gym.pk, family) == 2
    assert {v.room.name: v.people for v in sheltering.rooms(house)} == {"体育館": 2, "教室1": 0}
    safety.record([sighting(city, "備 花子", direction="out", minutes=5)])
    assert sheltering.rooms(house)[0].people == 1, "who left is in no room"
    safety.record([sighting(city, "備 花子", place="教室1", minutes=24 * 60)])
    back = {v.room.name: (v.people, v.free) for v in sheltering.rooms(house)}
    assert back == {"体育館": (1, 119), "教室1": (1, 29)}, (
        "who came again is in the room named then"
    )
    sheltering.set_room(CLERK, house, "廊下", "general")
    assert sheltering.rooms(house)[-1].free is None, "no capacity: nobody knows"
    sheltering.set_room(CLERK, house, "廊下", "general", "0")
    sheltering.set_room(CLERK, house, "教室1", "family", "30", is_open=False)
    assert capacity() == 120
    refused("conflict", lambda: sheltering.assign(CLERK, house, room.pk, family[:1]))
    refused("conflict", lambda: sheltering.assign(CLERK, house, gym.pk, [key(city, "斎藤 健")]))
    refused("unreadable", lambda: sheltering.set_room(CLERK, house, " ", "general"))
    refused("unreadable", lambda: sheltering.set_room(CLERK, house, "図書室", "general", "多い"))
    refused("forbidden", lambda: sheltering.set_room(VIEWER, house, "図書室", "general"))


def test_a_request_is_received_when_all_of_it_came(house: int) -> None:
    row = sheltering.ask(CLERK, house, "bedding", "毛布", "50", "枚", urgent=True)
    refused("forbidden", lambda: sheltering.step(CLERK, row.pk, "sent"))
    assert sheltering.step(OPERATOR, row.pk, "sent").state == "sent"
    refused("conflict", lambda: sheltering.step(OPERATOR, row.pk, "received"))
    refused("conflict", lambda: sheltering.step(OPERATOR, row.pk, "arranged"))
    sheltering.receive(CLERK, house, "20", request_pk=row.pk, giver="○○運輸")
    [view] = sheltering.supplies(house, only_open=True)
    assert (view.received, view.left, view.request.state) == (20, 30, "sent")
    sheltering.receive(CLERK, house, "35", request_pk=row.pk)
    assert sheltering.supplies(house, only_open=True) == []
    assert sheltering.supplies(house)[0].left == 0, "more than asked for is no debt"
    sheltering.receive(CLERK, house, "3", item="粉ミルク", unit="缶", giver="市民")
    assert [one.item for one in sheltering.receipts(house)] == ["粉ミルク", "毛布", "毛布"]
    gone = sheltering.ask(CLERK, house, "water", "水", "100", "L")
    sheltering.step(CLERK, gone.pk, "cancelled")
    refused("conflict", lambda: sheltering.receive(CLERK, house, "1", request_pk=gone.pk))
    assert sheltering.step(CLERK, gone.pk, "asked").state == "asked", "an undo"
    for quantity in ("0", "-3", "たくさん", "1.5", "9999999999", ""):
        refused(
            "unreadable", lambda q=quantity: sheltering.ask(CLERK, house, "food", "米", q, "kg")
        )  # type: ignore[misc]
    refused("not_found", lambda: sheltering.receive(CLERK, house, "1", request_pk=10**9))


@given(
    st.lists(st.sampled_from(["arranged", "sent", "received", "cancelled", "asked"]), max_size=8)
)
def test_no_way_leads_back_from_received(steps: list[str]) -> None:
    state = "asked"
    for step in steps:
        if rules.may_become(state, step):
            assert state != "received"
            state = step
    assert state in rules.SUPPLY_STEPS


def test_everybody_eats_once_before_anybody_eats_twice(city: City, house: int) -> None:
    meal = sheltering.begin(CLERK, house, "夕食 おにぎり", "8", ["egg", "gold"])
    assert meal.allergens == ["egg"]
    taro, hanako = key(city, "備 太郎"), key(city, "備 花子")
    in_car = key(city, "渡邉 実")
    assert sheltering.hand_out(CLERK, house, meal.pk, [taro, taro, in_car]) == [taro, in_car]
    assert sheltering.hand_out(CLERK, house, meal.pk, [taro, hanako]) == [hanako]
    assert sheltering.hand_out(CLERK, house, meal.pk, [taro], seconds=True) == [taro]
    ichiro = key(city, "備 一郎")
    assert sheltering.hand_out(CLERK, house, meal.pk, [ichiro], seconds=True) == []
    [view] = sheltering.meals(house)
    assert (view.entitled, view.served, view.seconds, view.left) == (6, 3, 1, 4)
    had = {one.who.name: one.helpings for one in sheltering.diners(CLERK, house, meal.pk, "備")}
    assert had == {"備 太郎": 2, "備 花子": 1, "備 一郎": 0}
    sheltering.take_back(CLERK, house, meal.pk, taro)
    assert sheltering.meals(house)[0].seconds == 0
    refused("conflict", lambda: sheltering.take_back(CLERK, house, meal.pk, ichiro))
    refused("conflict", lambda: sheltering.hand_out(CLERK, house, meal.pk, [key(city, "斎藤 健")]))
    sheltering.end(CLERK, house, meal.pk)
    refused("conflict", lambda: sheltering.hand_out(CLERK, house, meal.pk, [ichiro]))


def test_a_shielded_person_eats_by_the_own_card(city: City, house: int) -> None:
    meal = sheltering.begin(CLERK, house, "朝食")
    names = {one.who.name for one in sheltering.diners(CLERK, house, meal.pk)}
    assert "佐藤 守" not in names
    assert sheltering.diners(CLERK, house, meal.pk, "佐藤") == []
    card = city.residents["佐藤 守"].card_number
    [one] = sheltering.diners(CLERK, house, meal.pk, card)
    assert one.who.person == key(city, "佐藤 守")
    assert sheltering.hand_out(CLERK, house, meal.pk, [one.who.person]) == [one.who.person]
    assert sheltering.meals(house)[0].left is None, "nobody counted the portions"


def test_the_board_shows_what_hangs_there_now(house: int) -> None:
    now = clock.now()
    inside = sheltering.put_up(CLERK, house, "消灯", "22時に消灯します。")
    outside = sheltering.put_up(
        CLERK, house, "給水", "9時から", public=True, until=now + timedelta(hours=2)
    )
    assert sheltering.board(house) == [outside, inside]
    assert sheltering.board(house, public=True) == [outside]
    with clock.using(FrozenClock(now + timedelta(hours=3))):
        assert sheltering.board(house) == [inside]
        refused("unreadable", lambda: sheltering.put_up(CLERK, house, "x", "y", until=now))
    sheltering.take_down(CLERK, house, inside.pk)
    refused("not_found", lambda: sheltering.take_down(CLERK, house, inside.pk))
    assert sheltering.board(house) == [outside]
    refused("unreadable", lambda: sheltering.put_up(CLERK, house, "x", "長" * 2001))


def test_guests_are_in_no_head_count(house: int) -> None:
    people = safety.summary(house).people
    one = sheltering.come(CLERK, house, "volunteer", "山田 助", "災害ボランティアセンター")
    sheltering.come(CLERK, house, "press", "記者")
    assert safety.summary(house).people == people
    assert [g.left_at is None for g in sheltering.guests(house)] == [True, True]
    left = sheltering.leave(CLERK, house, one.pk).left_at
    assert sheltering.leave(CLERK, house, one.pk).left_at == left, "a second press changes nothing"
    assert sheltering.guests(house)[-1].pk == one.pk
    refused("unreadable", lambda: sheltering.come(CLERK, house, "spy", "誰か"))


def test_who_may_infect_others_is_offered_a_room_apart(city: City, house: int) -> None:
    taro, hanako = key(city, "備 太郎"), key(city, "備 花子")
    sheltering.note(CLERK, house, taro, "３７．６", ["cough", "magic"])
    sheltering.note(CLERK, house, hanako, "36.5", ["legs"], look_after=True)
    first, second = sheltering.latest(CLERK, house)
    assert (first.who.person, first.at_once, first.apart) == (hanako, True, False)
    assert (second.check.celsius, second.check.symptoms, second.apart) == (37.6, ["cough"], True)
    sheltering.set_room(CLERK, house, "保健室", "infectious", "4")
    room = next(v.room for v in sheltering.rooms(house) if v.room.use == "infectious")
    sheltering.assign(CLERK, house, room.pk, [taro])
    assert not any(one.apart for one in sheltering.latest(CLERK, house))
    told = sheltering.counts(house)
    assert told == {"checked": 2, "fever": 1, "apart": 1, "at_once": 1, "look_after": 1}
    with clock.using(FrozenClock(clock.now() + timedelta(hours=25))):
        assert sheltering.counts(house)["checked"] == 0, "yesterday's health is not today's"
    for typed in ("99", "熱い", "3.7", "-1", "nan", "inf"):
        refused("unreadable", lambda t=typed: sheltering.note(CLERK, house, taro, t))  # type: ignore[misc]
    refused("conflict", lambda: sheltering.note(CLERK, house, key(city, "斎藤 健"), "36"))
    entry = AuditEntry.objects.filter(action="sheltering.health").last()
    assert entry is not None and "37" not in str(entry.detail) and taro not in str(entry.detail)


def test_a_report_keeps_the_numbers_of_its_moment(city: City, house: int) -> None:
    sheltering.ask(CLERK, house, "bedding", "毛布", "50", "枚", urgent=True)
    made = sheltering.report(CLERK, house, {"water": "down", "trouble": "  トイレが足りない "})
    assert made.figures["people"] == 5 and made.figures["meals_needed"] == 6
    assert made.figures["supplies"] == [["毛布", 50, "枚", True, "asked"]]
    assert made.condition["water"] == "down" and made.condition["gas"] == "unknown"
    assert made.condition["trouble"] == "トイレが足りない"
    safety.record([sighting(city, "備 花子", direction="out", minutes=5)])
    assert sheltering.reports(house)[0].figures["people"] == 5
    assert sheltering.figures(house)["people"] == 4
    assert sheltering.reports(day=made.day) == [made]
    refused("unreadable", lambda: sheltering.report(CLERK, house, {"water": "wet"}))


def test_a_handover_is_taken_by_somebody_else_and_once(house: int) -> None:
    row = sheltering.write_handover(CLERK, house, "3番教室の雨漏りを見ること")
    assert row.figures["people"] == 5
    refused("conflict", lambda: sheltering.take_handover(CLERK, house, row.pk))
    assert sheltering.take_handover(NEXT_SHIFT, house, row.pk).taken_by == NEXT_SHIFT.name
    refused("conflict", lambda: sheltering.take_handover(OPERATOR, house, row.pk))


@pytest.mark.parametrize("who", [VIEWER, actor(Role.RESIDENT, 8), Actor("anonymous", None)])
def test_strangers_run_no_shelter(city: City, who: Actor) -> None:
    pk = city.facilities["F2"].pk
    for act in (
        lambda: sheltering.ask(who, pk, "food", "米", "1", "kg"),
        lambda: sheltering.begin(who, pk, "朝食"),
        lambda: sheltering.put_up(who, pk, "a", "b"),
        lambda: sheltering.come(who, pk, "other", "x"),
        lambda: sheltering.report(who, pk, {}),
        lambda: sheltering.write_handover(who, pk, "x"),
        lambda: sheltering.latest(who, pk),
        lambda: sheltering.diners(who, pk, 1),
    ):
        refused("forbidden", act)
    refused("not_found", lambda: sheltering.begin(CLERK, 10**9, "朝食"))


def test_an_exercise_leaves_nothing_behind(city: City, house: int) -> None:
    with city.entered(World.EXERCISE):
        sheltering.set_room(CLERK, house, "体育館", "general", "10")
        sheltering.ask(CLERK, house, "food", "米", "1", "kg")
        sheltering.put_up(CLERK, house, "訓練", "訓練です", public=True)
    assert sheltering.rooms(house) == []
    assert sheltering.supplies() == []
    assert sheltering.board(house) == []


def test_two_desks_at_once_and_one_person_twice_are_shown_and_nothing_is_dropped(
    city: City,
) -> None:
    """備 一郎 at two shelters within minutes; 備 花子 written down again as a stranger."""
    pk = full_house(city)
    assert safety.doubts(CLERK, pk) == []
    safety.record(
        [
            sighting(city, "備 一郎", facility="F1", device="T002", minutes=-2),
            sighting(city, visitor=VisitorFacts("", "ソナエ ハナコ"), minutes=1),
            sighting(city, visitor=VisitorFacts("", "ソナエ タロウ", "2001-01-01"), minutes=1),
            sighting(city, visitor=VisitorFacts("佐藤 守", "サトウ マモル"), minutes=1),
        ]
    )
    people = safety.summary(pk).people
    found = {
        (one.kind, one.who.name or one.who.kana): one.others for one in safety.doubts(CLERK, pk)
    }
    assert found == {
        ("two_places", "備 一郎"): ("第一小学校",),
        ("twice", "ソナエ ハナコ"): ("備 花子",),
    }, "another birth date is another person, and nobody learns who is shielded"
    assert people == 8, "all of them stand until a person has decided"
