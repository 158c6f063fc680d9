"""Loading the list of facilities: nothing referred to is lost, unknown stays unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import EmergencySite, Facility, FacilityRow, Shelter
from sonae.platform import worlds
from sonae.platform.models import AuditEntry
from sonae.platform.scope import Scope

from .conftest import CLERK, ROWS, VIEWER, make_city


def by_id() -> dict[str, shelters.Place]:
    """All places by public id."""
    return {place.facility.public_id: place for place in shelters.places()}


def test_a_list_becomes_facilities_and_two_separate_designations(place: Scope) -> None:
    """指定緊急避難場所 and 指定避難所 are kept apart, and a missing hazard is unknown, never no."""
    found = by_id()
    assert [p.facility.name for p in found.values()] == [row.name for row in ROWS]
    assert found["F1"].site and found["F1"].shelter
    assert found["F2"].site and not found["F2"].shelter
    assert found["F3"].shelter and not found["F3"].site
    assert found["F1"].site.hazards["flood"] == "no"
    assert found["F1"].site.hazards["volcano"] == "unknown"
    assert found["F1"].hazards == ["landslide", "earthquake"]
    assert found["F3"].designated("flood") == "no"
    assert found["F1"].facility.town is not None and found["F1"].facility.town.code == "T1"


def test_capacity_unknown_is_none_and_the_shelters_own_number_comes_first(place: Scope) -> None:
    """200 people may stay although 300 may flee there; the welfare hall's number is unknown."""
    found = by_id()
    assert found["F1"].capacity == 200
    assert found["F2"].capacity is None
    assert found["F3"].capacity is None


def test_loading_again_keeps_rows_and_withdraws_what_is_gone(place: Scope) -> None:
    """Reports refer to facilities: a reload keeps their keys; one that is gone is no destination."""
    keys = dict(Facility.objects.values_list("public_id", "pk"))
    shelters.set_state(CLERK, keys["F2"], "open")
    changed = [replace(ROWS[0], name="第一小学校（新校舎）"), *ROWS[2:]]
    new = FacilityRow("F9", "新体育館", 35.09, 135.09, hazards={"flood": "yes"})
    done = shelters.load_facilities([*changed, new])
    assert (done.added, done.updated, done.withdrawn) == (1, 4, 1)
    after = dict(Facility.objects.values_list("public_id", "pk"))
    assert {key: after[key] for key in keys} == keys
    found = by_id()
    assert found["F1"].facility.name == "第一小学校（新校舎）"
    assert found["F2"].site is None and found["F2"].hazards == []
    assert found["F2"].state == "open", "what was reported stays on record"


def test_an_empty_list_changes_nothing(place: Scope) -> None:
    """The last good list stays in force."""
    with pytest.raises(SonaeError) as refused:
        shelters.load_facilities([])
    assert refused.value.code == "empty_file"
    assert EmergencySite.objects.count() == 3
    assert Shelter.objects.count() == 3


def test_only_an_administrator_loads_a_list(place: Scope) -> None:
    """An operator opens shelters, but does not rewrite what is designated."""
    with pytest.raises(SonaeError) as refused:
        shelters.load_facilities(ROWS, actor=CLERK)
    assert refused.value.code == "forbidden"


def test_the_load_is_in_the_audit(place: Scope) -> None:
    """Who replaced the list, and what it did."""
    entry = AuditEntry.objects.get(action="shelters.load")
    assert entry.detail == {"added": 5, "updated": 0, "withdrawn": 0}


def test_facilities_of_another_municipality_are_never_touched(place: Scope) -> None:
    """The same public id may exist next door."""
    make_city("992020")
    with worlds.entered("992020"):
        shelters.load_facilities([replace(ROWS[1], name="隣の市の公園")])
        assert [f.name for f in shelters.facilities()] == ["隣の市の公園"]
    assert by_id()["F2"].facility.name == "高台公園"
    assert len(shelters.facilities()) == 5


def test_a_line_of_the_checked_list_becomes_a_row() -> None:
    """The contract of `sonae shelters check` is what a city loads."""
    row = shelters.row_of_check(
        {
            "id": "E1", "name": "体育館", "kind": "both", "lat": 34.0, "lon": 131.2, "address": "港町1",
            "hazards": {"flood": "yes"}, "capacity": {"total": None, "text": "未定"},
            "restricted_to": ["elderly"], "usable": "unknown", "usable_reason": None,
        },
        source="一覧", source_date="2025-10-27",
    )  # fmt: skip
    assert row.hazards == {"flood": "yes"} and row.is_shelter
    assert row.site_capacity is None and row.shelter_capacity is None
    assert row.restricted_to == ("elderly",) and row.usable_reason == ""
    only = shelters.row_of_check(
        {"id": "E2", "name": "公園", "kind": "shelter", "lat": 1, "lon": 2}
    )
    assert only.hazards is None and only.is_shelter


def test_nodes_are_stored_for_the_planner(place: Scope) -> None:
    """A facility that the walking network does not reach has none."""
    keys = dict(Facility.objects.values_list("public_id", "pk"))
    shelters.place_on_network({keys["F3"]: 77, keys["F5"]: None})
    nodes = dict(Facility.objects.values_list("public_id", "node"))
    assert (nodes["F3"], nodes["F5"], nodes["F1"]) == (77, None, 5)


def test_viewers_cannot_report(place: Scope) -> None:
    """Looking is not reporting."""
    with pytest.raises(SonaeError) as refused:
        shelters.set_state(VIEWER, shelters.facilities()[0].pk, "open")
    assert refused.value.code == "forbidden"


def test_the_list_is_read_once_until_it_changes(
    place: Scope, django_assert_num_queries: Any
) -> None:
    """One look at the stamp is all that a second reader costs; any change is seen at once."""
    first = shelters.facilities()
    with django_assert_num_queries(1):
        again = shelters.facilities()
    assert [f.pk for f in again] == [f.pk for f in first]
    again.clear()
    assert len(shelters.facilities()) == 5, "a reader cannot empty the list of another"
    shelters.place_on_network({first[0].pk: 4321})
    assert shelters.facilities()[0].node == 4321
    shelters.load_facilities([replace(ROWS[0], name="改名"), *ROWS[1:]])
    assert shelters.facilities()[0].name == "改名"
