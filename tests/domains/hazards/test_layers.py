"""Layers in use: the newest good one per name, three-valued answers with their source."""

from __future__ import annotations

import pytest

from sonae.domains.hazards import interface as hazards
from sonae.domains.hazards.models import HazardMap
from sonae.platform.scope import World
from tests.engines.evacuation.small import at, layer
from tests.fixtures import City

pytestmark = pytest.mark.django_db


def _zone(east: float, hazard: str = "flood") -> dict[str, object]:
    (answer,) = hazards.at_place(*at(east, 50), [hazard])
    return answer


def test_a_place_is_inside_outside_or_unknown_and_says_by_whose_survey(city: City) -> None:
    wet = _zone(50)
    assert (wet["zone"], wet["rank"], wet["depth_m"]) == ("inside", 3, 5.0)
    assert wet["source"] == "試験"
    assert _zone(450)["zone"] == "outside"
    assert _zone(850)["zone"] == "unknown"
    assert _zone(5000)["zone"] == "unknown"
    assert _zone(50, "landslide") == {
        "hazard": "landslide", "zone": "unknown", "rank": 0, "depth_m": None, "detail": "",
        "collapse": False, "source": "", "date": "",
    }  # fmt: skip


def test_detail_and_collapse(city: City) -> None:
    hazards.register_layer(layer([[1, 2]], hazard="landslide", kind="zone", name="slope"))
    assert [_zone(east, "landslide")["detail"] for east in (50, 150)] == [
        "警戒区域",
        "特別警戒区域",
    ]
    hazards.register_layer(layer([[0, 0, 0, 0, 1]], kind="collapse", name="flood_collapse"))
    dry = _zone(450)
    assert (dry["zone"], dry["collapse"]) == ("inside", True)


def test_a_newer_layer_takes_the_place_of_the_older(city: City) -> None:
    before = len(hazards.maps())
    hazards.register_layer(layer([[0] * 9], name="flood_l2"))
    assert len(hazards.maps()) == before
    assert _zone(50)["zone"] == "outside"
    assert HazardMap.objects.filter(name="flood_l2").count() == 2, "the old one is kept, unused"


def test_a_layer_that_cannot_be_saved_leaves_the_last_good_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = layer([[0] * 9], name="flood_l2")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(broken), "save", full)
    with pytest.raises(OSError, match="No space"):
        hazards.register_layer(broken)
    assert _zone(50)["zone"] == "inside"


def test_both_worlds_share_the_layers(city: City) -> None:
    live = [row.pk for row in hazards.maps()]
    with city.entered(World.EXERCISE):
        assert [row.pk for row in hazards.maps()] == live
        assert len(hazards.layers()) == len(live)
