"""Whom an evacuation order puts under inquiry where no plan knows of a danger."""

from __future__ import annotations

import pytest

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import inquiries
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from tests.fixtures import APPROVER, OPERATOR, City, flood_telegram

pytestmark = pytest.mark.django_db


def test_an_order_where_the_maps_know_no_danger_opens_the_inquiry(city: City) -> None:
    town = city.towns["東町"]
    there = set(Resident.objects.filter(household__town=town).values_list("pk", flat=True))
    assert there
    order = evacuation.draft_order(OPERATOR, level=4, hazard="landslide", towns=[town.pk])
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()
    assert safety.unaccounted_count().unaccounted == len(there)
    shown = there - {city.residents["佐藤 守"].pk}
    assert {row.resident_pk for row in safety.unaccounted(OPERATOR)} == shown
    assert inquiries.include_order(order.pk) is not None
    assert safety.unaccounted_count().total == len(there), "nobody twice"
    evacuation.cancel(APPROVER, order.pk)
    assert inquiries.include_order(order.pk) is None


def test_level_three_means_those_who_need_longer(city: City) -> None:
    order = evacuation.draft_order(
        OPERATOR, level=3, hazard="landslide", towns=[one.pk for one in city.towns.values()]
    )
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()
    listed = safety.unaccounted(OPERATOR)
    assert 0 < len(listed) < Resident.objects.count()
    assert all(row.need > 10 for row in listed)


def test_level_four_after_level_three_means_everyone(city: City) -> None:
    towns = [one.pk for one in city.towns.values()]
    for level in (3, 4):
        order = evacuation.draft_order(OPERATOR, level=level, hazard="landslide", towns=towns)
        evacuation.submit(OPERATOR, order.pk)
        evacuation.approve(APPROVER, order.pk)
        outbox.drain()
    assert safety.unaccounted_count().total == Resident.objects.count()


def test_a_mistaken_order_leaves_nobody_missing(city: City) -> None:
    order = evacuation.draft_order(
        OPERATOR, level=4, hazard="landslide", towns=[city.towns["東町"].pk]
    )
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()
    assert safety.unaccounted_count().unaccounted > 0
    evacuation.cancel(APPROVER, order.pk)
    outbox.drain()
    assert safety.unaccounted_count().total == 0
    inquiry = safety.current_inquiry()
    assert inquiry is not None
    assert inquiry.closed_at is not None


def test_what_the_plan_knows_stays_when_an_order_was_a_mistake(city: City) -> None:
    warnings.accept(flood_telegram(4), via="jma")
    outbox.drain()
    before = safety.unaccounted_count().total
    assert before
    order = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", towns=[one.pk for one in city.towns.values()]
    )
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()
    evacuation.cancel(APPROVER, order.pk)
    outbox.drain()
    assert safety.unaccounted_count().total == before
