"""From a telegram to everyone's advice, over the domain's interface and the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import services
from sonae.domains.evacuation.models import Advice, PlanRun
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Household, population
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import WarnedHazard
from sonae.engines.evacuation.planning import plan
from sonae.engines.evacuation.rulebook import DEPARTURES
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.engines.evacuation.small import at, layer, network
from tests.fixtures import CLERK, FACILITIES, City, _facility_row, flood_telegram

pytestmark = pytest.mark.django_db


def _warn(level: int = 4, status: str = "actual", minute: int = 0) -> None:
    warnings.accept(flood_telegram(level, status, minute), via="test")
    outbox.drain()


def test_a_telegram_gives_everyone_in_danger_a_decision_a_site_a_way_and_a_time(city: City) -> None:
    _warn(4)
    run = evacuation.current_run()
    assert run is not None
    assert run.reason == "warning"
    assert run.counts["inside"] == 6
    assert run.counts["unknown"] == 3
    taro = evacuation.personal_advice(city.residents["備 太郎"].pk)
    assert taro is not None
    assert (taro.advice.zone, taro.advice.decision) == ("inside", "leave")
    assert taro.advice.facility == city.facilities["F4"]
    assert taro.advice.distance_m == 400
    assert taro.advice.danger_m == 350
    assert taro.advice.departure == "leave_now"
    assert taro.advice.leave_by is not None
    assert len(taro.line) == 5
    assert evacuation.personal_advice(city.residents["高橋 翔"].pk) is None, "dry ground: no advice"


def test_unsurveyed_ground_is_unknown_and_a_high_floor_stays(city: City) -> None:
    _warn(4)
    found = evacuation.advice_of([r.pk for r in city.residents.values()])
    assert found[city.residents["山﨑 清"].pk].zone == "unknown"
    assert found[city.residents["山﨑 清"].pk].decision == "leave_unknown"
    ken = found[city.residents["斎藤 健"].pk]
    assert (ken.decision, ken.departure, ken.leave_by) == ("stay", "no_need", None)


def test_the_nearest_site_that_is_not_designated_is_not_chosen(city: City) -> None:
    _warn(4)
    chosen = {a.facility.public_id for a in Advice.objects.select_related("facility") if a.facility}
    assert chosen == {"F4", "F2"} - ({"F2"} if "F2" not in chosen else set())
    assert "F1" not in chosen
    assert "F3" not in chosen


def test_a_full_site_changes_the_plan_once(city: City) -> None:
    _warn(4)
    shelters.set_state(CLERK, city.facilities["F4"].pk, "full")
    shelters.set_state(CLERK, city.facilities["F1"].pk, "open")
    outbox.drain()
    run = evacuation.current_run()
    assert run is not None
    assert run.reason == "facility"
    assert PlanRun.objects.filter(reason="facility").count() == 1, "two reports, one plan"
    taro = evacuation.personal_advice(city.residents["備 太郎"].pk)
    assert taro is not None
    assert taro.advice.facility == city.facilities["F2"]


def _listed(city: City, **changed: object) -> None:
    """Load the list of facilities again, one of them otherwise than before."""
    rows = [_facility_row(*row) for row in FACILITIES]
    shelters.load_facilities(
        [replace(row, **changed) if row.public_id == "F4" else row for row in rows]  # type: ignore[arg-type]
    )
    outbox.drain()


def _site_of(city: City, name: str) -> str | None:
    advice = evacuation.advice_of([city.residents[name].pk])[city.residents[name].pk]
    return advice.facility.public_id if advice.facility else None


@pytest.mark.parametrize("world", World)
def test_a_site_that_the_new_list_calls_unusable_is_nobody_s_destination(
    city: City, world: World
) -> None:
    _warn(4, status="actual" if world is World.LIVE else "exercise")
    with city.entered(world):
        assert _site_of(city, "備 太郎") == "F4"
        outbox.drain()
    _listed(city, usable="no", usable_reason="工事中")
    with city.entered(world):
        run = evacuation.current_run()
        assert run is not None
        assert run.reason == "city"
        assert _site_of(city, "備 太郎") == "F2"
        assert not Advice.objects.filter(run=run.advice_run, reason="not_connected").exists()
    other = World.EXERCISE if world is World.LIVE else World.LIVE
    with city.entered(other):
        assert evacuation.current_run() is None, "nothing was planned there, nothing is now"


def test_a_site_that_moved_is_found_on_the_network_again(city: City) -> None:
    _warn(4)
    lat, lon = at(450, 80)
    _listed(city, latitude=lat, longitude=lon)
    assert shelters.facilities()[3].node == city.facilities["F4"].node
    assert _site_of(city, "備 太郎") == "F4"


def test_a_new_layer_and_a_new_network_change_the_plan(city: City) -> None:
    _warn(4)
    hazards.register_layer(layer([[0, 3, 0, 0, 0, 0, 0, 0, 255]], name="flood_l2"))
    outbox.drain()
    assert city.residents["備 太郎"].pk not in evacuation.advice_of([city.residents["備 太郎"].pk])
    [minoru] = evacuation.advice_of([city.residents["渡邉 実"].pk]).values()
    assert minoru.distance_m == 300
    points = [(50.0 + 100 * i, 50.0) for i in range(9)]
    evacuation.load_network(network([*points, (150.0, 250.0)], [(1, 9), (9, 4)]))
    outbox.drain()
    [minoru] = evacuation.advice_of([city.residents["渡邉 実"].pk]).values()
    assert minoru.distance_m is not None
    assert minoru.distance_m > 500
    assert PlanRun.objects.filter(reason="city").count() == 2


def test_lifting_empties_the_plan_and_old_advice_goes(city: City) -> None:
    _warn(4)
    _warn(0, minute=5)
    run = evacuation.current_run()
    assert run is not None
    assert run.hazards == []
    assert evacuation.personal_advice(city.residents["備 太郎"].pk) is None
    assert services.forget_superseded() == 9
    assert Advice.objects.count() == 0
    assert PlanRun.objects.count() == 2, "the totals of old plans stay"


def test_the_same_telegram_is_planned_once(city: City) -> None:
    _warn(4)
    telegram = PlanRun.objects.get().telegram_id
    again = evacuation.replan("warning", telegram)
    assert again == evacuation.current_run()
    assert PlanRun.objects.count() == 1


def test_an_exercise_plans_in_its_own_world(city: City) -> None:
    _warn(4, status="exercise")
    assert evacuation.current_run() is None
    with city.entered(World.EXERCISE):
        run = evacuation.current_run()
        assert run is not None
        assert run.counts["inside"] == 6


def test_level_two_plans_nobody(city: City) -> None:
    _warn(2)
    run = evacuation.current_run()
    assert run is None or run.hazards == []


def test_without_a_network_the_reason_is_said(city: City) -> None:
    Household.objects.update(node=None)
    city_now = population()
    assert (city_now.node[~city_now.moved] >= -1).all()
    _warn(4)
    reasons = set(Advice.objects.values_list("reason", flat=True))
    assert "none_designated" not in reasons


def test_best_way_from_any_place(city: City) -> None:
    home = city.residents["渡邉 実"].household
    found = evacuation.best_way(home.latitude, home.longitude, ["flood"])
    assert found.facility == city.facilities["F4"]
    assert found.distance_m == pytest.approx(300, abs=1)
    assert found.line[0] == (home.longitude, home.latitude)
    tsunami = evacuation.best_way(home.latitude, home.longitude, ["tsunami"])
    assert (tsunami.facility, tsunami.reason) == (None, "none_designated")
    far = evacuation.best_way(home.latitude + 1, home.longitude, ["flood"])
    assert far.reason == "no_network"


@pytest.mark.parametrize(("expected", "departure"), [(4, "leave_now"), (5, "too_late")])
@pytest.mark.parametrize("minutes", [-5, 3])
def test_the_next_level_is_not_yet_the_water(
    city: City, expected: int, departure: str, minutes: int
) -> None:
    """From home 400 m to walk: level 4 on the way means to go, level 5 means not to."""
    now = clock.now()
    warned = WarnedHazard(
        "flood", 3, "warning", expected, now + timedelta(minutes=minutes), now, "氾濫警戒情報", 1,
        rises=((expected, now + timedelta(minutes=minutes)),),
    )  # fmt: skip
    engine = services._engine_warned(warned, now)
    people, site = population(), shelters.site_table()
    city_now = services.city_or_empty()
    made = plan(
        services.engine_people(people, city_now),
        city_now,
        hazards.layers(),
        services.engine_sites(site),
        [engine],
    )
    told = dict(zip(people.pk[made.person].tolist(), made.departure.tolist(), strict=True))
    assert DEPARTURES[told[city.residents["備 太郎"].pk]] == departure


def test_the_way_begins_where_the_plan_found_the_person(city: City) -> None:
    """備 一郎 lives at 50 m and shared a position at 250 m before the plan."""
    ichiro = city.residents["備 一郎"]
    lat, lon = at(250, 60)
    residents.share_position(CLERK, ichiro.pk, lat, lon)
    _warn(4)
    told = evacuation.personal_advice(ichiro.pk)
    assert told is not None
    assert told.moved
    assert told.start == (lon, lat)
    assert len(told.line) == 3, "from 250 m to 450 m, not from home"
    assert told.advice.distance_m == pytest.approx(210, abs=1)
    at_home = evacuation.personal_advice(city.residents["備 太郎"].pk)
    assert at_home is not None
    assert (at_home.moved, len(at_home.line)) == (False, 5)
