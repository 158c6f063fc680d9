"""A place without a register entry gets the very answer that the plan gives to who lives there."""

from __future__ import annotations

import pytest

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Walker
from sonae.domains.residents.interface import population
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
    ("east", "storeys", "floor", "answer"),
    [(50, 2, 1, "no"), (350, 8, 5, "yes"), (350, 0, 0, "no"), (650, 2, 1, "yes"), (850, 2, 1, "unknown")],
)  # fmt: skip
def test_staying_is_allowed_only_where_it_is_known_to_be_safe(
    city: City, east: int, storeys: int, floor: int, answer: str
) -> None:
    """Deep water: no; high up: yes; unknown floor in water: no; never surveyed: unknown."""
    allowed, rule = evacuation.may_stay(*at(east, 50), Walker(floor=floor, storeys=storeys))
    assert allowed == answer
    assert (rule is None) == (allowed == "yes" and east == 650)


def test_a_town_is_outside_only_where_all_of_it_is(city: City) -> None:
    """Over several points: all outside, all inside, mixed or unsurveyed."""
    wet, dry, unknown = at(50, 50), at(650, 50), at(850, 50)

    def told(*points: tuple[float, float]) -> str:
        lats, lons = [p[0] for p in points], [p[1] for p in points]
        return evacuation.zone_over(["flood"], lats, lons)["flood"]

    assert told(dry, dry) == "outside"
    assert told(wet, at(150, 50)) == "inside"
    assert told(wet, dry) == told(dry, unknown) == told(unknown) == told() == "unknown"
