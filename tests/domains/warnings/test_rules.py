"""What concerns a municipality, as pure decisions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from sonae.demo.city import generate
from sonae.domains.shelters.interface import HAZARDS
from sonae.domains.warnings import rules
from sonae.domains.warnings.rules import Place
from sonae.engines.warnings import Warning, WarningArea, read
from sonae.engines.warnings.model import PHENOMENA
from tests.domains.warnings.conftest import rain
from tests.engines.warnings.conftest import sample

CONFIGURED = {
    "city": ["3520200"],
    "area": ["350010", "350011"],
    "prefecture": ["350000"],
    "river": ["860606000100"],
    "tsunami_area": ["711"],
}


def ube(areas: Mapping[str, Sequence[str]] = CONFIGURED) -> Place:
    """宇部市, by default with its areas configured."""
    return Place("352021", areas, ((131.25, 33.95),))


@pytest.mark.parametrize(
    ("code", "type_", "configured", "bare"),
    [
        ("3520200", "city", True, True),
        ("3520201", "city", True, True),
        ("3520300", "city", False, False),
        ("350000", "prefecture", True, True),
        ("35", "prefecture", True, True),
        ("360000", "prefecture", False, False),
        ("9350", "prefecture", True, True),
        ("9360", "prefecture", False, False),
        ("350010", "area", True, True),
        ("350020", "area", False, True),
        ("360010", "area", False, False),
        ("860606000100", "river", True, False),
        ("860606000200", "river", False, False),
        ("711", "tsunami_area", True, True),
        ("610", "tsunami_area", False, True),
        ("", "area", False, False),
        ("506", "volcano", False, False),
    ],
)
def test_area(code: str, type_: str, configured: bool, bare: bool) -> None:
    area = WarningArea(code, "x", type_)
    assert rules.area_concerns(area, ube()) is configured
    assert rules.area_concerns(area, ube({})) is bare


def test_an_inland_city_has_no_coast() -> None:
    area = WarningArea("711", "x", "tsunami_area")
    assert not rules.area_concerns(area, ube({**CONFIGURED, "tsunami_area": []}))


def test_a_ring_over_the_city() -> None:
    over = ((131.0, 33.0), (132.0, 33.0), (132.0, 34.5), (131.0, 34.5), (131.0, 33.0))
    bow_tie = ((131.0, 33.8), (131.5, 34.1), (131.5, 33.8), (131.0, 34.1), (131.0, 33.8))
    away = ((141.0, 33.0), (142.0, 33.0), (142.0, 34.0), (141.0, 33.0))
    for ring, concerned in ((over, True), (away, False)):
        assert rules.area_concerns(WarningArea("", "x", "polygon", (ring,)), ube()) is concerned
    # A ring that crosses itself is taken as the area that it encloses: two triangles.
    crossed = WarningArea("", "x", "polygon", (bow_tie,))
    west = Place("352021", {}, ((131.05, 33.95),))
    assert rules.area_concerns(crossed, west)
    assert not rules.area_concerns(crossed, Place("352021", {}, ((131.25, 34.05),)))


def square(longitude: float, latitude: float, side_m: float) -> WarningArea:
    """A warning drawn as a square around a place."""
    dy = side_m / 2 / 111_320
    dx = dy / math.cos(math.radians(latitude))
    corners = [(-dx, -dy), (dx, -dy), (dx, dy), (-dx, dy), (-dx, -dy)]
    ring = tuple((longitude + x, latitude + y) for x, y in corners)
    return WarningArea("", "x", "polygon", (ring,))


def test_a_square_around_any_home_is_ours_also_between_the_points_of_towns() -> None:
    made = generate("full", 1)
    towns = made.towns
    place = Place("992011", {}, tuple(zip(towns.lon.tolist(), towns.lat.tolist(), strict=True)))
    homes = made.register.households
    where = list(zip(homes["longitude"], homes["latitude"], strict=True))[::97]
    missed = [one for one in where if not rules.area_concerns(square(*one, 400.0), place)]
    assert len(where) > 100
    assert missed == []


def test_a_square_beyond_the_towns_is_not_ours() -> None:
    for metres, concerned in ((2600, True), (2800, False), (20_000, False)):
        east = 131.25 + metres / 111_320 / math.cos(math.radians(33.95))
        assert rules.area_concerns(square(east, 33.95, 400.0), ube()) is concerned
        assert (
            rules.area_concerns(square(131.25, 33.95 + metres / 111_320, 400.0), ube()) is concerned
        )
    assert not rules.area_concerns(square(131.25, 33.95, 400.0), Place("352021", {}, ()))


def matsue(warning: Warning) -> list[tuple[str, int | None]]:
    """What a telegram says about 松江市."""
    here = Place("322016", {}, ((133.05, 35.46),))
    return [(item.kind, item.level) for item in rules.ours(warning, here).items]


def test_only_our_part_of_a_telegram_is_ours() -> None:
    assert matsue(sample("15_17_01_250630_VPWW56.xml")) == [("レベル２土砂災害注意報", 2)]
    assert matsue(sample("15_17_01_250630_VPWW55.xml")) == [("レベル３大雨警報", 3)]
    assert ("レベル４大雨危険警報", 4) in matsue(sample("15_17_01_250123_VPWW54.xml"))
    assert matsue(sample("15_16_03_241226_VPWW55.xml")) == []
    assert matsue(sample("32-35_10_01_220510_VXSE51.xml")) != []


def test_what_a_telegram_leaves_out_does_not_concern() -> None:
    here = Place("322016", {}, ((133.05, 35.46),))
    assert rules.concerns(sample("15_17_01_250630_VPWW55.xml"), here)
    assert not rules.concerns(sample("15_16_03_241226_VPWW55.xml"), here)
    assert not rules.concerns(sample("32-35_01_03_100514_VXSE53.xml"), here)


def test_every_hazard_is_one_of_designation() -> None:
    assert set(rules.HAZARDS_OF) <= PHENOMENA
    assert {hazard for hazards in rules.HAZARDS_OF.values() for hazard in hazards} <= set(HAZARDS)
    assert rules.hazards_of("heavy_rain", "土砂災害、浸水害") == (
        "inland_flood",
        "flood",
        "landslide",
    )
    assert rules.hazards_of("thunder") == ()


def test_changed_codes_count_on_their_days() -> None:
    old, new = {"code": "350010", "until": "2026-05-27"}, {"code": "350011", "from": "2026-05-28"}
    here = Place("352021", {"area": [old, new, "350099"]}, ((131.25, 33.95),))
    said = read(rain("10"))

    def named(code: str, day: str) -> bool:
        at = datetime.fromisoformat(f"{day}T23:30:00+09:00")
        return rules.area_concerns(
            WarningArea(code, "", "area"), here.when(replace(said, issued_at=at))
        )

    assert named("350010", "2026-05-27") and not named("350010", "2026-05-28")
    assert named("350011", "2026-05-28") and not named("350011", "2026-05-27")
    assert named("350099", "2020-01-01") and named("350099", "2030-01-01")
    # Asked for no day, all that ever counted: too many rather than too few.
    assert rules.area_concerns(WarningArea("350010", "", "area"), here)
