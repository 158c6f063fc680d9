"""Places with room: who is told another place, who keeps the place told, what a what-if says and does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.evacuation import capacity, seats, services
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Changes
from sonae.domains.evacuation.models import Advice, Assignment, HouseholdTimeline, PlanRun
from sonae.domains.hazards import interface as hazards
from sonae.domains.residents.interface import Household
from sonae.domains.safety import interface as safety
from sonae.domains.safety import selectors
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.scope import World
from tests.engines.evacuation.small import at
from tests.fixtures import CLERK, FACILITIES, OPERATOR, VIEWER, City, _facility_row, flood_telegram

pytestmark = pytest.mark.django_db


def _capacities(city: City, **people: int | None) -> None:
    """Load the facilities with other capacities; a facility is named by its id."""
    rows = [_facility_row(*row) for row in FACILITIES]
    shelters.load_facilities(
        replace(row, site_capacity=people.get(row.public_id, row.site_capacity)) for row in rows
    )
    outbox.drain()


def _warn(level: int = 4, minute: int = 0, status: str = "actual") -> None:
    warnings.accept(flood_telegram(level, status, minute), via="test")
    outbox.drain()


def _advice_run() -> int:
    """The run whose rows hold the advice that counts."""
    run = evacuation.current_run()
    assert run is not None
    return int(run.advice_run)


def _current() -> int:
    run = evacuation.current_run()
    assert run is not None
    return int(run.pk)


def _sites(city: City) -> dict[str, str]:
    """Household number → the places its members are told, joined: one place for a whole household."""
    told: dict[str, set[str]] = {}
    for one in Advice.objects.filter(run=_advice_run()).select_related(
        "resident__household", "facility"
    ):
        if one.decision.startswith("leave"):
            place = one.facility.public_id if one.facility else "-"
            told.setdefault(one.resident.household.number.lstrip("0"), set()).add(place)
    return {home: "+".join(sorted(places)) for home, places in told.items()}


def _summary() -> dict[str, object]:
    found = evacuation.current_assignment()
    assert found is not None
    return found.summary


def test_with_room_for_all_nobody_is_told_another_place(city: City) -> None:
    _capacities(city, F4=50, F2=200)
    _warn()
    assert _sites(city)["1"] == _sites(city)["2"] == "F4"
    run = evacuation.current_run()
    assert run is not None
    assert run.reason == "warning", "nothing to plan anew"
    assert _summary()["redirected"] == 0
    assert _summary()["unserved"] == dict.fromkeys(
        ("no_site", "no_route", "known_capacity_full", "unknown_capacity"), 0
    )


def test_a_place_expected_to_be_full_takes_whole_households_only(city: City) -> None:
    """F4 takes three of five: the household of three or the household of two, never a part of one."""
    _capacities(city, F4=3, F2=200)
    _warn()
    told = _sites(city)
    assert sorted((told["1"], told["2"])) == ["F2", "F4"]
    run = evacuation.current_run()
    assert run is not None
    assert run.reason == "capacity"
    taro = evacuation.personal_advice(city.residents["備 太郎"].pk)
    assert taro is not None
    metres = {"F4": 400, "F2": 700}[told["1"]]
    assert taro.advice.distance_m == pytest.approx(metres, abs=1)
    assert taro.advice.minutes == pytest.approx(metres / 0.5 / 60, rel=0.3)
    assert len(taro.line) == metres / 100 + 1, "the way drawn leads to the place told"
    for site in _summary()["sites"]:  # type: ignore[attr-defined]
        assert site["coming"] <= site["capacity"]


def test_seats_that_were_stored_are_told_whatever_happens_next(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the seats were stored and before anybody was told."""
    _capacities(city, F4=3, F2=200)
    replan, died = services.replan, []

    def dies_once(reason: str, telegram_pk: int | None = None) -> PlanRun:
        if reason == "capacity" and not died:
            died.append(reason)
            raise SystemError("killed")
        return replan(reason, telegram_pk)

    monkeypatch.setattr(services, "replan", dies_once)
    _warn()
    assert died
    told = _sites(city)
    assert sorted((told["1"], told["2"])) == ["F2", "F4"]
    made = evacuation.current_assignment()
    assert made is not None
    assert made.run_id == _current()


def test_a_capacity_that_nobody_knows_is_neither_zero_nor_endless(city: City) -> None:
    _capacities(city, F4=None, F2=0)
    _warn()
    assert _sites(city)["1"] == "F4", "nothing says that it will be full"
    assert _summary()["uncounted"] == 5
    assert _summary()["served"] == 0


def test_who_finds_no_room_is_told_the_best_place_and_that_it_will_be_full(city: City) -> None:
    _capacities(city, F4=3, F2=0)
    _warn()
    summary = _summary()
    rows = Advice.objects.filter(run=_advice_run(), reason="expected_full")
    left = summary["unserved"]["known_capacity_full"]  # type: ignore[index]
    assert rows.count() == left
    assert left > 0
    assert all(row.facility is not None for row in rows)
    towns = summary["towns"]
    assert sum(n for causes in towns.values() for n in causes.values()) == left  # type: ignore[attr-defined]


def test_people_keep_the_place_they_were_told_until_it_closes(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    before = _sites(city)
    shelters.set_state(CLERK, city.facilities["F4"].pk, "open", capacity=100)
    outbox.drain()
    assert _sites(city) == before, "room at F4 is no reason to send anybody back"
    _warn(5, minute=5)
    assert _sites(city) == before, "nor is another telegram"
    shelters.set_state(CLERK, city.facilities["F4"].pk, "closed")
    outbox.drain()
    assert _sites(city)["1"] == _sites(city)["2"] == "F2"


def test_water_seen_on_the_way_to_a_seat_is_news(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    same = capacity.compute(selectors.settled(), Changes())
    assert same is not None
    assert not same.news
    corners = [at(560, 10), at(590, 10), at(590, 90), at(560, 90), at(560, 10)]
    water = {"type": "Polygon", "coordinates": [[[lon, lat] for lat, lon in corners]]}
    seen = hazards.Report(
        kind="flooded", shape=water, source="消防団", observed_at=clock.now(), hazard="inland_flood"
    )
    hazards.report_obstacles(OPERATOR, [seen])
    found = capacity.compute(selectors.settled(), Changes())
    assert found is not None
    assert found.seats.facility.tolist() == same.seats.facility.tolist()
    assert found.seats.distance_m.tolist() == same.seats.distance_m.tolist()
    assert found.news


def test_the_seats_are_unpacked_once_and_not_for_a_place(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    first = seats.held()
    assert first is not None
    assert seats.held() is first
    capacity.place_everyone(_current(), selectors.settled())
    assert seats.held() is not first, "another assignment"
    monkeypatch.delattr(seats, "told")
    home = city.residents["備 太郎"].household
    assert evacuation.advise(home.latitude, home.longitude, evacuation.Walker()).way is not None


def test_who_is_there_takes_up_room_and_the_family_follows(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    at_f4 = next(home for home, place in _sites(city).items() if place == "F4")
    one = city.residents["備 太郎" if at_f4 == "2" else "渡邉 実"]
    event = safety.NewSighting(
        id=uuid7(), direction="in", occurred_at=clock.now(), clock="", source="reception",
        resident_pk=one.pk, facility_pk=city.facilities["F2"].pk, device="T", actor="T",
    )  # fmt: skip
    safety.record([event])
    run = evacuation.current_run()
    assert run is not None
    settled = selectors.settled()
    assert settled.place[one.pk] == city.facilities["F2"].pk
    found = capacity.compute(settled, Changes())
    assert found is not None
    by_site = {site["pk"]: site for site in found.summary["sites"]}
    assert by_site[city.facilities["F2"].pk]["present"] == 1
    home = Household.objects.get(resident=one).pk
    row = found.seats.household.tolist().index(home)
    assert found.seats.facility[row] == city.facilities["F2"].pk, "where the first of them is"


@pytest.mark.parametrize("status", ["safe", "injured", "needs_help"])
@pytest.mark.parametrize("direction", ["in", "report", "out"])
def test_who_is_in_need_keeps_a_place_and_who_is_there_has_one(
    city: City, status: str, direction: str
) -> None:
    _warn()
    one, there = city.residents["備 太郎"].pk, city.facilities["F2"].pk
    event = safety.NewSighting(
        id=uuid7(), direction=direction, occurred_at=clock.now(), clock="", source="reception",
        resident_pk=one, facility_pk=there if direction != "report" else None, device="T",
        actor="T", status=status,
    )  # fmt: skip
    safety.record([event])
    expected = {("in", status): {one: there}, ("report", "safe"): {one: None}}
    assert selectors.settled().place == expected.get((direction, status), {})


def test_with_everyone_somewhere_the_city_is_planned_for_as_before(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    run = evacuation.current_run()
    assert run is not None
    everyone = {one.pk: None for one in city.residents.values()}
    made = capacity.place_everyone(run.pk, capacity.Settled(everyone))
    assert made is not None
    assert made.summary["people"] == 0
    assert evacuation.replan("manual").counts["inside"] == run.counts["inside"]
    home = city.residents["備 太郎"].household
    found = evacuation.advise(home.latitude, home.longitude, evacuation.Walker())
    assert found.decision == "leave"
    assert capacity.place_everyone(_current(), selectors.settled()) is not None


def _states(city: City, name: str, goal: str, members: list[str]) -> None:
    HouseholdTimeline.objects.create(
        household=city.residents[name].household, members=members, leaving="early", goal=goal,
        place_kind="relatives" if goal == "own" else "", stated_by="x", stated_at=clock.now(),
    )  # fmt: skip


def test_who_goes_to_relatives_takes_up_no_place(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _states(city, "備 太郎", "own", [])
    _warn()
    assert _sites(city)["2"] == "F4", "the other household has all of F4"
    people = {site["pk"]: site["coming"] for site in _summary()["sites"]}  # type: ignore[attr-defined]
    assert people[city.facilities["F4"].pk] == 2


@pytest.mark.parametrize(("pets", "place"), [("no", "F2"), ("unknown", "F4"), ("yes", "F4")])
def test_a_household_with_pets_goes_where_pets_are_taken(city: City, pets: str, place: str) -> None:
    rows = [_facility_row(*row) for row in FACILITIES]
    known = {"F4": 50, "F2": 200}
    shelters.load_facilities(
        replace(
            row,
            site_capacity=known.get(row.public_id),
            pets=pets if row.public_id == "F4" else "yes",
        )
        for row in rows
    )
    outbox.drain()
    _states(city, "備 太郎", "site", ["pets"])
    _warn()
    assert _sites(city)["1"] == place
    assert _sites(city)["2"] == "F4"


def test_when_the_warning_ends_the_seats_are_given_up(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    assert Assignment.objects.count() == 1
    _warn(0, minute=5)
    assert Assignment.objects.count() == 0


def test_the_exercise_has_seats_of_its_own(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn(status="exercise")
    assert Assignment.objects.count() == 0
    with city.entered(World.EXERCISE):
        assert Assignment.objects.count() == 1


def _ask(**changes: object) -> evacuation.WhatIf:
    made = evacuation.ask(OPERATOR, Changes(**changes))  # type: ignore[arg-type]
    outbox.drain()
    return evacuation.what_if(made.pk)


def test_a_what_if_changes_nothing_until_it_is_adopted(city: City) -> None:
    _capacities(city, F4=3, F2=200)
    _warn()
    before, runs = _sites(city), PlanRun.objects.count()
    f4 = city.facilities["F4"].pk
    found = _ask(close=frozenset({f4}))
    assert (found.status, found.percent) == ("done", 100)
    coming = {site["pk"]: site["coming"] for site in found.result["then"]["sites"]}
    assert coming.get(f4, 0) == 0
    assert coming[city.facilities["F2"].pk] >= 5
    assert (_sites(city), PlanRun.objects.count()) == (before, runs)
    [step] = evacuation.steps(found)
    assert (step.facility.pk, step.before, step.state) == (f4, "unknown", "closed")
    evacuation.adopt(OPERATOR, found.pk)
    outbox.drain()
    assert shelters.states()[f4].state == "closed"
    assert f"第{found.number}号" in shelters.states()[f4].note
    assert _sites(city)["1"] == _sites(city)["2"] == "F2"
    with pytest.raises(SonaeError):
        evacuation.adopt(OPERATOR, found.pk)


def test_a_what_if_with_more_room_serves_more(city: City) -> None:
    _capacities(city, F4=3, F2=0)
    _warn()
    left = _summary()["unserved"]["known_capacity_full"]  # type: ignore[index]
    found = _ask(capacity={city.facilities["F2"].pk: 40})
    assert found.result["then"]["unserved"]["known_capacity_full"] < left
    assert found.result["now"]["unserved"]["known_capacity_full"] == left
    evacuation.adopt(OPERATOR, found.pk)
    outbox.drain()
    place = next(p for p in shelters.places() if p.facility.public_id == "F2")
    assert place.capacity == 40
    shelters.set_state(CLERK, place.facility.pk, "open")
    place = next(p for p in shelters.places() if p.facility.public_id == "F2")
    assert place.capacity == 40, "a report without a number keeps the last number"


def test_a_discarded_what_if_is_not_computed_nor_adopted(city: City) -> None:
    _warn()
    made = evacuation.ask(OPERATOR, Changes(close=frozenset({city.facilities["F4"].pk})))
    evacuation.discard_what_if(OPERATOR, made.pk)
    outbox.drain()
    found = evacuation.what_if(made.pk)
    assert (found.status, found.result) == ("discarded", {})
    assert evacuation.what_ifs() == []
    with pytest.raises(SonaeError):
        evacuation.adopt(OPERATOR, made.pk)


def test_what_makes_no_sense_is_refused_with_words(city: City) -> None:
    f4 = city.facilities["F4"].pk
    with pytest.raises(SonaeError, match="避難計画がない"):
        evacuation.ask(OPERATOR, Changes(close=frozenset({f4})))
    _warn()
    for changes in (
        Changes(),
        Changes(close=frozenset({f4}), open=frozenset({f4})),
        Changes(close=frozenset({999_999})),
        Changes(capacity={f4: -1}),
    ):
        with pytest.raises(SonaeError):
            evacuation.ask(OPERATOR, changes)
    with pytest.raises(SonaeError):
        evacuation.ask(VIEWER, Changes(close=frozenset({f4})))
