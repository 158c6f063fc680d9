"""A place without a register entry gets the very answer that the plan gives to who lives there."""

from __future__ import annotations

from datetime import datetime

import pytest

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Walker
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Household, population
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.engines.evacuation.profiles import ELDERLY, WHEELCHAIR
from sonae.platform import outbox
from tests.engines.evacuation.small import at
from tests.fixtures import OPERATOR, City, flood_telegram, know

pytestmark = pytest.mark.django_db


def _walkers() -> dict[int, tuple[Walker, float, float]]:
    """Resident → the same person as a walker, and the home."""
    people = population()
    return {
        int(pk): (
            Walker(
                int(people.profile[i]), int(people.groups[i]), int(people.floor[i]),
                int(people.storeys[i]),
            ),
            float(people.lat[i]), float(people.lon[i]),
        )
        for i, pk in enumerate(people.pk)
    }  # fmt: skip


@pytest.mark.parametrize("level", [3, 4, 5])
def test_one_place_is_planned_as_everyone_is(city: City, level: int) -> None:
    """Decision, departure, time, rule, zone, site, distance: the same for all twelve residents."""
    warnings.accept(flood_telegram(level), via="test")
    outbox.drain()
    advices = evacuation.advice_of([one.pk for one in city.residents.values()])
    assert advices
    for pk, (walker, lat, lon) in _walkers().items():
        own = evacuation.advise(lat, lon, walker)
        planned = advices.get(pk)
        if planned is None:
            assert own.decision == "not_exposed"
            continue
        assert (own.decision, own.departure, own.zone, own.hazard) == (
            planned.decision, planned.departure, planned.zone, planned.hazard,
        )  # fmt: skip
        assert own.rule is not None
        assert own.rule.id == planned.rule
        assert own.way is not None
        assert (own.way.facility.pk if own.way.facility else None) == planned.facility_id
        assert own.way.distance_m == pytest.approx(planned.distance_m, abs=0.2)


def test_nothing_warned_of_is_nothing_to_do(city: City) -> None:
    lat, lon = at(50, 50)
    assert evacuation.advise(lat, lon, Walker()).decision == "not_exposed"


def test_a_site_known_to_refuse_is_not_named_and_an_unknown_one_is(city: City) -> None:
    """中央公園 is nearest; when it is known to have steps, a wheelchair is sent on to 高台中学校."""
    lat, lon = at(50, 50)
    park, school = city.facilities["F4"], city.facilities["F2"]
    rolling = Walker(WHEELCHAIR)
    flood = evacuation.imagined(["flood"], 4)
    first = evacuation.advise(lat, lon, rolling, flood)
    assert first.way is not None
    assert first.way.facility == park, "unknown is no refusal"
    assert evacuation.offered(park, rolling) == {"wheelchair": "unknown"}
    know([park], step_free="no")
    second = evacuation.advise(lat, lon, rolling, flood)
    assert second.way is not None
    assert second.way.facility == school
    assert second.unmet == ()
    assert evacuation.best_way(lat, lon, ["flood"], rolling).facility == school
    assert evacuation.best_way(lat, lon, ["flood"], Walker(ELDERLY)).facility == park


def test_where_every_site_refuses_one_is_named_and_it_is_said(city: City) -> None:
    """A life is not weighed against a rule about dogs: go, and know what awaits you."""
    lat, lon = at(50, 50)
    know(list(city.facilities.values()), pets="no")
    advice = evacuation.advise(lat, lon, Walker(pets=True), evacuation.imagined(["flood"], 4))
    assert advice.way is not None
    assert advice.way.facility is not None
    assert advice.unmet == ("pets",)


def test_a_full_site_is_nobody_s_destination(city: City) -> None:
    lat, lon = at(50, 50)
    shelters.set_state(OPERATOR, city.facilities["F4"].pk, "full")
    advice = evacuation.advise(lat, lon, Walker(), evacuation.imagined(["flood"], 4))
    assert advice.way is not None
    assert advice.way.facility == city.facilities["F2"]


@pytest.mark.parametrize(
    ("east", "storeys", "floor", "home", "upstairs"),
    [(50, 2, 1, "no", "no"), (250, 2, 1, "no", "yes"), (250, 1, 1, "no", "no"), (350, 8, 5, "yes", "yes"),
     (350, 8, 8, "yes", "no"), (350, 0, 0, "no", "no"), (350, 2, 5, "no", "no"), (650, 2, 1, "yes", "no"),
     (650, 1, 1, "yes", "no"), (650, 0, 0, "yes", "no"), (850, 2, 1, "unknown", "unknown")],
)  # fmt: skip
def test_staying_is_allowed_only_where_it_is_known_to_be_safe(
    city: City, east: int, storeys: int, floor: int, home: str, upstairs: str
) -> None:
    """Upstairs needs water and a floor above it; a floor above the roof is no floor; unsurveyed: unknown."""
    found = evacuation.staying(*at(east, 50), Walker(floor=floor, storeys=storeys))
    assert (found.allows("home"), found.allows("upstairs")) == (home, upstairs)
    for goal, answer in (("home", home), ("upstairs", upstairs)):
        assert (found.why(goal) == "") == (answer == "yes")


def test_where_no_hazard_is_mapped_nobody_is_told_that_staying_is_safe(city: City) -> None:
    from sonae.domains.hazards.interface import HazardMap

    HazardMap.objects.all().delete()
    found = evacuation.staying(*at(650, 50), Walker(floor=1, storeys=2))
    assert (found.allows("home"), found.allows("upstairs")) == ("unknown", "unknown")


def test_a_town_is_answered_by_its_gravest_ground(city: City) -> None:
    """西町 is wet all over, 中町 in part, 東町 is dry or was never surveyed; its point is dry."""
    flood = evacuation.imagined(["flood"], 4)

    def told(name: str) -> tuple[str, bool, str]:
        town = city.towns[name]
        ground = evacuation.ground_of(town)
        advice = evacuation.advise(town.latitude, town.longitude, Walker(), flood, ground=ground)
        (spread,) = evacuation.spread_over(ground, ["flood"])
        return advice.decision, advice.whole, spread.zone

    assert told("西町") == ("leave", True, "inside")
    assert told("中町") == ("leave", False, "divided")
    assert told("東町") == ("leave_unknown", False, "unknown")
    alone = evacuation.advise(*at(750, 50), Walker(), flood)
    assert alone.decision == "not_exposed", "one point of 東町 says nothing of the whole"


def test_what_is_said_of_a_town_is_never_safer_than_any_home_in_it(city: City) -> None:
    """Wherever a home stands, the town's answer is at least as grave as its own."""
    rank = {"not_exposed": 0, "stay": 1, "upstairs": 2, "leave_unknown": 3, "leave": 4}
    flood = evacuation.imagined(["flood"], 4)
    for east in (420, 495, 560, 790, 805, 860):
        Household.objects.filter(town=city.towns["中町"]).update(longitude=at(east, 50)[1])
        for town in city.towns.values():
            ground = evacuation.ground_of(town)
            whole = evacuation.advise(town.latitude, town.longitude, Walker(), flood, ground=ground)
            for home in Household.objects.filter(town=town):
                own = evacuation.advise(home.latitude, home.longitude, Walker(), flood)
                assert rank[whole.decision] >= rank[own.decision]
                assert not whole.whole or whole.decision == own.decision


def test_a_town_without_homes_is_never_called_outside(city: City) -> None:
    """The register tells where people live; without it the rest of the town is unknown."""
    Household.objects.filter(town=city.towns["東町"]).update(town=city.towns["中町"])
    town = city.towns["東町"]
    Town.objects.filter(pk=town.pk).update(longitude=at(650, 50)[1])
    town.refresh_from_db()
    ground = evacuation.ground_of(town)
    flood = evacuation.imagined(["flood"], 4)
    advice = evacuation.advise(town.latitude, town.longitude, Walker(), flood, ground=ground)
    (spread,) = evacuation.spread_over(ground, ["flood"])
    assert spread.zone in ("unknown", "divided")
    assert not advice.whole


def test_minutes_are_of_the_hour_and_by_day_where_a_plan_asks(city: City) -> None:
    """In the dark the same way takes longer; a plan and a card count by day."""
    lat, lon = at(50, 50)
    for hour, slower in ((12, 1.0), (23, 0.8)):
        with clock.using(clock.FrozenClock(datetime(2026, 7, 1, hour, tzinfo=clock.JST))):
            now = evacuation.best_way(lat, lon, ["flood"]).minutes
            planned = evacuation.advise(lat, lon, Walker(), evacuation.imagined(["flood"], 4)).way
            day = evacuation.best_way(lat, lon, ["flood"], by_day=True).minutes
            assert evacuation.best_way(lat, lon, ["flood"], lasting=True).minutes == day
        assert now is not None and day is not None and planned is not None
        assert now * slower == pytest.approx(day)
        assert planned.minutes == pytest.approx(now, abs=0.06), "the sentence and the card agree"


def test_a_town_is_outside_only_where_all_of_it_is(city: City) -> None:
    """Over several points: all outside, all inside, mixed or unsurveyed."""
    wet, dry, unknown = at(50, 50), at(650, 50), at(850, 50)

    def told(*points: tuple[float, float]) -> str:
        lats, lons = [p[0] for p in points], [p[1] for p in points]
        return evacuation.zone_over(["flood"], lats, lons)["flood"]

    assert told(dry, dry) == "outside"
    assert told(wet, at(150, 50)) == "inside"
    assert told(wet, dry) == told(dry, unknown) == told(unknown) == told() == "unknown"
