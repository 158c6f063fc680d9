"""Homes whose house nobody knows: the plan and the pages say so, and nobody is forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Household, Resident
from sonae.domains.residents.population import Population
from sonae.engines.evacuation.planning import People, Warned, expose
from sonae.engines.hazard.lookup import IN, OUT, UNKNOWN
from sonae.platform import outbox
from tests.domains.residents.test_editions import agree, rows_now, sent, table
from tests.engines.evacuation.small import at, layer
from tests.fixtures import ADMINISTRATOR, City

RANKS = [[3, 3, 3, 3, 0, 0, 0, 0]]
"""100 m to a cell: wet in the west, dry in the east."""


def zones_of(east: float, spread: float) -> tuple[int, int]:
    """What is said of one person at a place of whom so many metres are not known: zone and rank."""
    lat, lon = at(east, 50)
    one = np.ones(1)
    people = People(
        lat * one, lon * one, np.zeros(1, np.int32), np.zeros(1, np.float32), np.zeros(1, np.int16),
        np.zeros(1, np.int16), np.zeros(1, np.uint8), np.zeros(1, np.uint8),
        spread_m=np.full(1, spread, np.float32),
    )  # fmt: skip
    [(_, found)] = expose([Warned("flood", 4)], [layer(RANKS)], people)
    return int(found.zone[0]), int(found.rank[0])


@pytest.mark.parametrize(
    ("east", "spread", "zone"),
    [(200, 0, IN), (600, 0, OUT), (200, 40, IN), (600, 40, OUT), (380, 40, UNKNOWN), (420, 40, UNKNOWN),
     (600, np.inf, UNKNOWN), (200, np.inf, UNKNOWN), (600, 5000, UNKNOWN)],
)  # fmt: skip
def test_a_place_is_inside_or_outside_only_all_around(
    east: float, spread: float, zone: int
) -> None:
    found, rank = zones_of(east, spread)
    assert found == zone
    assert rank == (3 if zone == IN else 0), "of an unknown zone no depth is told"


def spread_of(people: Population, one: Resident) -> float:
    return float(people.spread_m[people.pk.tolist().index(one.pk)])


@pytest.mark.django_db
def test_a_home_without_its_house_is_planned_for_as_unknown(city: City) -> None:
    rows = rows_now()
    rows[5][7] = "中町 8-8"  # 斎藤 moves within the town: no position
    rows[6][7] = rows[7][7] = rows[8][7] = "知らない所"
    agree(sent(table(rows)))
    outbox.drain()
    moved, lost = Household.objects.get(number="00000003"), Household.objects.get(number="00000004")
    assert (moved.place, moved.located) == ("town", False) and moved.node is not None
    assert (lost.place, lost.node) == ("none", None), "no way begins where nobody lives"
    people = residents.population()
    assert spread_of(people, city.residents["備 太郎"]) == 0
    assert 0 < spread_of(people, city.residents["斎藤 健"]) < 1000
    assert spread_of(people, city.residents["高橋 翔"]) == np.inf
    assert residents.homes.by_place() == {"home": 3, "town": 1, "none": 1}


@pytest.mark.django_db
def test_a_shared_position_is_certain(city: City) -> None:
    Household.objects.filter(number="00000003").update(place="town")
    who = city.residents["斎藤 健"]
    residents.share_position(ADMINISTRATOR, who.pk, *at(200, 50), 5.0)
    assert spread_of(residents.population(), who) == 0
