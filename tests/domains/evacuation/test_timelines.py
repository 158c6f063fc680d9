"""A household's plan: stated, taken back, forgotten; an own destination is allowed, checked, counted."""

from __future__ import annotations

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation import capacity
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import HouseholdTimeline, timelines
from sonae.domains.residents.interface import Household
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.engines.evacuation.timeline import Answers
from sonae.platform import outbox
from sonae.platform.access import Actor, Role
from sonae.platform.scope import World
from tests.fixtures import OPERATOR, VIEWER, City, actor, flood_telegram

pytestmark = pytest.mark.django_db
Destination = timelines.Destination
OWN = Answers(frozenset({"elderly", "pets"}), "car", "own")


def who(city: City, name: str) -> Actor:
    """The signed-in resident of that name."""
    pk = city.residents[name].pk
    return actor(Role.RESIDENT, 100 + pk, pk)


def flooded() -> None:
    """A level 4 flood: planned for, under inquiry."""
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()


def test_a_plan_is_the_household_s_and_the_last_change_can_be_taken_back(city: City) -> None:
    taro, hanako = who(city, "備 太郎"), who(city, "備 花子")
    assert timelines.timeline_of(taro) is None
    timelines.state(taro, Answers(frozenset({"elderly"})))
    timelines.state(hanako, OWN, Destination("relatives", " 姉の  家 ", city.towns["東町"]))
    row = timelines.timeline_of(taro)
    assert row is not None
    assert (row.goal, row.place_name, row.town) == ("own", "姉の 家", city.towns["東町"])
    assert timelines.answers_of(row) == OWN
    assert timelines.undo(taro).goal == "site"
    assert timelines.undo(taro).goal == "own", "taking back once more brings the change back"
    assert HouseholdTimeline.objects.count() == 2, "only what taking back needs is kept"


def test_nothing_is_left_of_a_plan_that_was_deleted(city: City) -> None:
    taro = who(city, "備 太郎")
    timelines.state(taro, Answers())
    timelines.state(taro, OWN, Destination("car_park"))
    timelines.forget(taro)
    assert not HouseholdTimeline.objects.exists()
    with pytest.raises(SonaeError, match="元に戻せる計画"):
        timelines.undo(taro)


def test_an_own_destination_is_withdrawn_by_itself(city: City) -> None:
    taro = who(city, "備 太郎")
    with pytest.raises(SonaeError, match="取り消す行き先はありません"):
        timelines.withdraw_destination(taro)
    timelines.state(taro, OWN, Destination("relatives", "姉の家"))
    row = timelines.withdraw_destination(taro)
    assert (row.goal, row.place_name, row.members) == ("site", "", ["elderly", "pets"])
    assert timelines.stated_destinations([city.residents["備 太郎"].pk]) == {}


@pytest.mark.parametrize("place", [None, Destination(), Destination("moon", "x")])
def test_an_own_destination_needs_a_kind(city: City, place: Destination | None) -> None:
    with pytest.raises(SonaeError, match="行き先"):
        timelines.state(who(city, "備 太郎"), OWN, place)
    assert not HouseholdTimeline.objects.exists()


def test_staying_upstairs_is_stored_only_where_it_is_known_to_be_safe(city: City) -> None:
    """Third wet storey: refused with its rule; fifth floor: stored; never surveyed: refused."""
    stay = Answers(goal="upstairs")
    with pytest.raises(SonaeError, match="一番上の階より高い"):
        timelines.state(who(city, "備 太郎"), stay)
    with pytest.raises(SonaeError, match="調査されていません"):
        timelines.state(who(city, "山﨑 清"), stay)
    with pytest.raises(SonaeError, match="上の階へ移る計画はいりません"):
        timelines.state(who(city, "高橋 幸子"), stay)
    Household.objects.filter(pk=city.residents["高橋 幸子"].household_id).update(storeys=1)
    with pytest.raises(SonaeError, match="1階建ての家には、上の階がありません"):
        timelines.state(who(city, "高橋 幸子"), stay)
    assert timelines.state(who(city, "高橋 幸子"), Answers(goal="home")).goal == "home"
    with pytest.raises(SonaeError, match="家にとどまる計画にはできません"):
        timelines.state(who(city, "備 太郎"), Answers(goal="home"))
    assert timelines.state(who(city, "斎藤 健"), stay).goal == "upstairs"


def test_staying_upstairs_is_not_brought_back_where_it_is_no_longer_safe(city: City) -> None:
    """The family has moved down, or the map has changed, since the plan was made."""
    ken = who(city, "斎藤 健")
    row = timelines.state(ken, Answers(goal="upstairs"))
    timelines.state(ken, Answers())
    Household.objects.filter(pk=row.household_id).update(floor=1)
    with pytest.raises(SonaeError, match="家の上の階に残る計画にはできません"):
        timelines.undo(ken)
    now = timelines.timeline_of(ken)
    assert now is not None
    assert now.goal == "site"


def test_an_exercise_shows_the_plan_and_changes_nothing(city: City) -> None:
    taro = who(city, "備 太郎")
    timelines.state(taro, OWN, Destination("relatives"))
    with city.entered(World.EXERCISE):
        assert timelines.timeline_of(taro) is not None
        for act in (timelines.undo, timelines.withdraw_destination, timelines.forget):
            with pytest.raises(SonaeError, match="訓練"):
                act(taro)
    assert HouseholdTimeline.objects.count() == 1


def test_who_is_shielded_has_a_plan_that_nobody_at_home_sees(city: City) -> None:
    """支援措置: the home's plan and the person's own never meet."""
    mamoru, kiyoshi = who(city, "佐藤 守"), who(city, "山﨑 清")
    timelines.state(mamoru, OWN, Destination("hotel", "駅前"))
    assert timelines.timeline_of(kiyoshi) is None
    timelines.state(kiyoshi, Answers())
    own = timelines.timeline_of(mamoru)
    assert own is not None
    assert own.place_name == "駅前"
    pks = {name: city.residents[name].pk for name in ("佐藤 守", "山﨑 清", "山﨑 ミツ")}
    assert set(timelines.stated_destinations(list(pks.values()))) == {pks["佐藤 守"]}
    timelines.forget(kiyoshi)
    assert timelines.timeline_of(mamoru) is not None


@pytest.mark.parametrize(
    ("town", "outside", "zone"),
    [("西町", False, "inside"), ("中町", False, "divided"), ("東町", False, "unknown"), (None, True, "unknown"), (None, False, "unknown")],
)  # fmt: skip
def test_what_the_maps_know_of_a_destination_is_said_in_three_values(
    city: City, town: str | None, outside: bool, zone: str
) -> None:
    """西町 is all wet; 中町 is divided; 東町 is dry and unsurveyed; beyond the city nobody knows."""
    place = Destination("relatives", "", city.towns[town] if town else None, outside)
    zones = timelines.zones_of(place)
    assert zones == {"flood": zone}
    assert timelines.worst_zone(zones.values()) == (zone if zone == "inside" else "unknown")


def test_the_worst_zone_never_turns_unknown_into_safe() -> None:
    assert timelines.worst_zone(["outside", "outside"]) == "outside"
    assert timelines.worst_zone(["outside", "unknown"]) == "unknown"
    assert timelines.worst_zone(["unknown", "inside"]) == "inside"
    assert timelines.worst_zone([]) == "unknown"


def test_the_desk_counts_them_apart_and_the_list_shows_where_they_meant_to_go(city: City) -> None:
    timelines.state(who(city, "備 太郎"), OWN, Destination("relatives", "姉の家", None, True))
    flooded()
    assert evacuation.timelines.expected_at_own() == 3
    assert safety.unaccounted_listed(OPERATOR, own=True) == 3
    rows = safety.unaccounted(VIEWER, own=True)
    assert {row.name for row in rows} == {"備 太郎", "備 花子", "備 一郎"}
    assert {row.destination.place_name for row in rows if row.destination} == {"姉の家"}
    others = [row for row in safety.unaccounted(VIEWER) if row.destination is None]
    assert others
    events = AccessEvent.objects.filter(subject=city.residents["備 太郎"].pk)
    assert any("destination" in event.fields for event in events), "who looked is on record"


def test_who_meant_to_go_into_danger_is_expected_at_the_site(city: City) -> None:
    """西町 is all wet: told to go to the site instead, and a place is kept there."""
    taro = who(city, "備 太郎")
    flooded()
    for town, own in (("東町", 3), ("西町", 0)):
        timelines.state(taro, OWN, Destination("relatives", "", city.towns[town]))
        assert timelines.expected_at_own() == own
        found = capacity.compute(capacity.Settled(), capacity.Changes())
        assert found is not None
        home = city.residents["備 太郎"].household_id
        assert (home in found.seats.household.tolist()) is (own == 0)
    assert safety.unaccounted_listed(OPERATOR, own=True) == 3, "where to look for them first"


def test_a_shielded_person_is_counted_and_never_shown(city: City) -> None:
    timelines.state(who(city, "佐藤 守"), OWN, Destination("hotel", "駅前"))
    flooded()
    shielded = city.residents["佐藤 守"].pk
    assert shielded not in {row.resident_pk for row in safety.unaccounted(OPERATOR)}
    assert safety.unaccounted_listed(OPERATOR, own=True) == 0
    assert timelines.expected_at_own() == 1, "whoever plans for them counts heads, not names"


def test_what_was_stated_later_is_not_known_earlier(city: City) -> None:
    """The list as of a moment holds what was known then."""
    flooded()
    before = warnings.last_received()
    timelines.state(who(city, "備 太郎"), OWN, Destination("relatives", "姉の家"))
    rows = safety.unaccounted(VIEWER, at=before)
    assert all(row.destination is None for row in rows)


def test_somebody_without_a_home_in_the_register_has_no_plan(city: City) -> None:
    with pytest.raises(SonaeError, match="結び付いていません"):
        timelines.state(actor(Role.RESIDENT, 9, None), Answers())
