"""備え市 as data: exact numbers, the same for everyone, believable, and honest about what is unknown."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from sonae.core.municipality import is_valid
from sonae.demo.city import DemoCity, generate
from sonae.demo.frame import CODE, FULL, SMALL
from sonae.demo.givennames import given_name_table
from sonae.demo.surnames import surname_table


@cache
def small() -> DemoCity:
    return generate("small", 1)


def digest(city: DemoCity) -> str:
    whole = [
        city.register.households, city.register.residents, city.register.registrants, city.towns.name,
        city.network.lat.tobytes(), city.network.tail.tobytes(), [p.name for p in city.places],
        [layer.ranks.tobytes() for layer in city.layers],
    ]  # fmt: skip
    return hashlib.sha256(pickle.dumps(whole)).hexdigest()


def test_the_numbers_are_exact() -> None:
    city = small()
    assert len(city.register.residents["name"]) == SMALL.residents == 5000
    assert len(city.register.households["number"]) == SMALL.households
    assert len(city.register.registrants["resident"]) == SMALL.registrants
    assert sum(bool(place.hazards) for place in city.places) == SMALL.sites
    assert sum(place.is_shelter for place in city.places) == SMALL.shelters
    assert sum(bool(place.restricted_to) for place in city.places) == SMALL.welfare
    assert (FULL.residents, FULL.households, FULL.sites, FULL.shelters) == (
        117_209,
        50_480,
        199,
        102,
    )
    assert FULL.registrants / FULL.residents == pytest.approx(0.04, abs=0.001)
    assert is_valid(CODE)


def test_the_same_seed_is_the_same_city_in_another_process() -> None:
    code = (
        "from tests.demo.test_city import digest\n"
        "from sonae.demo.city import generate\n"
        "print(digest(generate('small', 1)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "src:.", "PYTHONHASHSEED": "7"},
    )
    assert told.stdout.strip() == digest(small())
    assert digest(generate("small", 2)) != digest(small())


def test_everyone_lives_somewhere_and_has_one_identity() -> None:
    people, homes = small().register.residents, small().register.households
    assert set(people["household"]) == set(range(SMALL.households))
    for column in ("resident_id", "card_number"):
        assert len(set(people[column])) == SMALL.residents
    assert len(set(homes["card_code"])) == SMALL.households
    addresses = set(zip(homes["town"], homes["address"], strict=True))
    assert len(addresses) == SMALL.households
    assert all(" " in name for name in people["name"])
    assert all(" " in kana for kana in people["kana"])
    assert all(email == "" or email.endswith("@example.jp") for email in people["email"])


def test_ages_and_households_look_like_a_japanese_city() -> None:
    years = 2026 - np.array([int(text[:4]) for text in small().register.residents["birth_date"]])
    assert 0.18 < (years >= 65).mean() < 0.35
    assert 0.08 < (years < 15).mean() < 0.22
    assert years.max() <= 107
    assert years.min() >= 0


def test_neighbours_share_names_and_forms_differ() -> None:
    people = small().register.residents
    kana = people["kana"]
    assert len(set(kana)) < len(kana), "some sound alike"
    table = surname_table()
    assert len({tuple(pair) for pair in zip(table.base, table.sound, strict=True)}) >= 300
    assert (table.base != np.arange(len(table.base))).sum() >= 10, "variant forms of one surname"
    assert len(given_name_table("male").kanji) + len(given_name_table("female").kanji) >= 300


def test_the_network_is_one_and_its_lengths_are_metres() -> None:
    net = small().network
    assert len(set(net.components().tolist())) == 1
    assert abs(len(net.lat) - SMALL.nodes) < SMALL.nodes * 0.2
    scale = np.cos(np.radians(net.lat.mean()))
    straight = np.hypot(
        (net.lat[net.tail] - net.lat[net.head]) * 111_000,
        (net.lon[net.tail] - net.lon[net.head]) * 111_320 * scale,
    )
    assert (net.length_m > straight * 0.97).all()
    assert (net.length_m < straight * 1.3 + 5).all()
    assert net.stairs.any()


def test_hazards_are_three_valued_and_cover_homes() -> None:
    homes = small().register.households
    lat, lon = np.array(homes["latitude"]), np.array(homes["longitude"])
    layers = {layer.name: layer for layer in small().layers}
    assert {
        "flood_l1",
        "flood_l2",
        "flood_collapse",
        "flood_duration",
        "landslide",
        "inland_flood",
    } == set(layers)
    flood = layers["flood_l2"].ranks_at(lat, lon)
    assert 0.1 < ((flood > 0) & (flood < 254)).mean() < 0.7
    assert (flood == 255).any(), "some ground was never surveyed"
    assert (flood == 0).any()
    both = (layers["flood_l1"].ranks > 0) & (layers["flood_l1"].ranks < 254)
    deeper = layers["flood_l2"].ranks[both]
    assert (deeper >= layers["flood_l1"].ranks[both]).mean() > 0.99, "L2 is never milder than L1"
    assert set(np.unique(layers["landslide"].ranks)) <= {0, 1, 2, 255}


def test_facilities_say_what_is_unknown_and_the_nearest_is_often_wrong() -> None:
    places = small().places
    for place in places:
        assert place.shelter_capacity is None or place.shelter_capacity > 0
        assert place.site_capacity is None or place.site_capacity > 0
        assert {place.pets, place.step_free, place.wheelchair_toilet} <= {"yes", "no", "unknown"}
        assert (place.usable == "no") == bool(place.usable_reason)
    assert any(place.is_shelter and place.shelter_capacity is None for place in places)
    sites = [place for place in places if place.hazards]
    assert all(place.hazards["tsunami"] == "no" for place in sites), "no sea: none designated"
    homes = small().register.households
    lat, lon = np.array(homes["latitude"])[:, None], np.array(homes["longitude"])[:, None]
    away = np.hypot(lat - [p.latitude for p in sites], (lon - [p.longitude for p in sites]) * 0.79)
    right = np.array([place.hazards["flood"] == "yes" for place in sites])
    wrong = (~right[away.argmin(axis=1)]).mean()
    assert 0.15 < wrong < 0.7
