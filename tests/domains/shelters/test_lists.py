"""Uploaded lists: seen before they count, the last good one stays, nobody's shelter vanishes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sonae.core.errors import SonaeError
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility, FacilityList, FacilityRow, Upload
from sonae.platform import outbox, worlds
from sonae.platform.models import AuditEntry
from sonae.platform.scope import Scope, World

from .conftest import CLERK, CODE, ROWS, VIEWER, make_city

HEADING = (
    "ID,名称,所在地_連結表記,緯度,経度,災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,災害種別_高潮,災害種別_地震,"
    "災害種別_津波,災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,指定避難所との重複,想定収容人数"
)
COLUMNS = next(csv.reader([HEADING]))
CITY = [
    ("F1", "第一小学校", 35.01, 135.01, "1", "300"), ("F2", "高台公園", 35.02, 135.02, "", ""),
    ("F3", "福祉会館", 35.03, 135.03, "1", ""), ("F4", "旧中学校", 35.04, 135.04, "", ""),
    ("F5", "東公民館", 35.05, 135.05, "1", "50"),
]  # fmt: skip


def row(
    public_id: str, name: str, lat: float, lon: float, too: str, room: str, **over: str
) -> dict[str, str]:
    """One line of the city's list; by default designated for earthquakes alone."""
    cells = dict.fromkeys(COLUMNS, "") | {
        "ID": public_id, "名称": name, "緯度": str(lat), "経度": str(lon), "災害種別_地震": "1",
        "指定避難所との重複": too, "想定収容人数": room,
    }  # fmt: skip
    return cells | over


def upload(*rows: dict[str, str], name: str = "city.csv") -> Upload:
    """The list as a file."""
    held = io.StringIO()
    writer = csv.DictWriter(held, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return Upload(name, held.getvalue().encode("utf-8-sig"))


def lines() -> list[dict[str, str]]:
    """The whole list as it is."""
    return [row(*one) for one in CITY]


def by_id() -> dict[str, shelters.Place]:
    return {place.facility.public_id: place for place in shelters.places()}


def agree(
    edition: FacilityList, held: dict[int, int] | None = None, now: dict[int, int] | None = None
) -> shelters.Preview:
    """Confirm everything that is asked; ``now``: who is there when it comes to deciding."""
    before = held or {}
    found = shelters.preview_of(edition, before)
    doubts = {shelters.doubt_key(one.code, one.field) for one in found.doubts}
    people = before if now is None else now
    return shelters.put_in_force(
        CLERK, edition.pk, seen=shelters.stamp(), agreed=doubts, people=lambda: people
    )


@pytest.fixture
def listed(place: Scope) -> Iterator[Scope]:
    """The city with its own list in force once."""
    agree(shelters.take_in(CLERK, [upload(*lines())], source="市の一覧", source_date="2026-04-01"))
    yield place


def test_nothing_changes_before_a_person_agreed(place: Scope) -> None:
    changed = lines()
    changed[0]["名称"] = "第一小学校（新校舎）"
    edition = shelters.take_in(
        CLERK, [upload(*changed, row("F9", "新体育館", 35.09, 135.09, "", "80"))]
    )
    assert edition.state == "waiting"
    assert "F9" not in by_id() and by_id()["F1"].facility.name == "第一小学校"
    found = shelters.preview_of(edition, {})
    assert [found.after[at].name for at in found.changes.new] == ["新体育館"]


def test_a_list_that_a_person_agreed_to_is_in_force_and_everybody_is_told(
    place: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = dict(Facility.objects.values_list("public_id", "pk"))
    heard: list[Any] = []
    monkeypatch.setitem(outbox._subscribers, "city.changed", {"test.listener": heard.append})
    edition = shelters.take_in(
        CLERK, [upload(*lines(), row("F9", "新体育館", 35.09, 135.09, "", "80"))]
    )
    agree(edition)
    outbox.drain()
    assert {"what": "facilities"} in heard
    after = by_id()
    assert {one: after[one].facility.pk for one in keys} == keys
    assert after["F9"].capacity == 80 and after["F9"].facility.town is not None
    assert after["F1"].facility.pets == "yes", "what the list has no column for stays"
    assert after["F3"].restricted_to == ["elderly", "disabled"]
    assert FacilityList.objects.get(state="in_force").pk == edition.pk
    entry = AuditEntry.objects.get(action="shelters.list_in_force")
    assert (entry.actor, entry.detail["added"]) == (CLERK.id, 1)
    with pytest.raises(SonaeError) as refused:
        agree(edition)
    assert refused.value.code == "conflict", "once is enough"


@pytest.mark.parametrize(
    "raw", [b"", b"\xef\xbb\xbf\n", b"a,b\n1,2\n", b"PK\x03\x04", b"\xff\x81\xfd"]
)
def test_an_upload_that_cannot_be_read_never_replaces(listed: Scope, raw: bytes) -> None:
    before = [(p.facility.public_id, p.facility.name, p.capacity) for p in shelters.places()]
    edition = shelters.take_in(CLERK, [upload(*lines()), Upload("daily.csv", raw)])
    assert edition.state == "refused" and edition.defects[0]["problem"] == edition.result["error"]
    with pytest.raises(SonaeError):
        shelters.put_in_force(CLERK, edition.pk, seen=shelters.stamp())
    assert [
        (p.facility.public_id, p.facility.name, p.capacity) for p in shelters.places()
    ] == before
    assert FacilityList.objects.filter(state="in_force").count() == 1
    assert AuditEntry.objects.filter(action="shelters.list_taken_in").count() == 2


def test_a_list_without_one_usable_row_never_replaces(place: Scope) -> None:
    edition = shelters.take_in(CLERK, [upload(row("X", "ドロップされたピン", 35.0, 135.0, "", ""))])
    with pytest.raises(SonaeError) as refused:
        agree(edition)
    assert refused.value.code == "empty_file"
    assert len([p for p in shelters.places() if p.site or p.shelter]) == 5


def test_a_place_in_use_that_the_list_lacks_stays(listed: Scope) -> None:
    """People are in F5; F2 is open; F4 is not in use: only F4 loses its designation."""
    keys = dict(Facility.objects.values_list("public_id", "pk"))
    shelters.set_state(CLERK, keys["F2"], "open")
    rest = [line for line in lines() if line["ID"] in {"F1", "F3"}]
    edition = shelters.take_in(CLERK, [upload(*rest)])
    people = {keys["F5"]: 12}
    found = shelters.preview_of(edition, people)
    assert {one.place.facility.public_id for one in found.retained} == {"F2", "F5"}
    assert [one.facility.public_id for one in found.gone] == ["F4"]
    agree(edition, people)
    after = by_id()
    assert after["F5"].shelter and after["F2"].site and after["F2"].hazards == ["earthquake"]
    assert after["F4"].site is None
    assert FacilityList.objects.get(state="in_force").result["retained"] == ["F2", "F5"]


def test_who_came_in_meanwhile_counts(listed: Scope) -> None:
    """The head-count is asked for inside the transaction that decides."""
    keys = dict(Facility.objects.values_list("public_id", "pk"))
    edition = shelters.take_in(CLERK, [upload(*lines()[:4])])
    assert not shelters.preview_of(edition, {}).retained
    agree(edition, now={keys["F5"]: 1})
    assert by_id()["F5"].shelter is not None


def test_mass_corrections_need_a_yes_to_each(listed: Scope) -> None:
    doubled = [
        line | {"想定収容人数": str(int(line["想定収容人数"] or 0) * 3 or "")} for line in lines()
    ]
    edition = shelters.take_in(CLERK, [upload(*doubled)])
    found = shelters.preview_of(edition, {})
    assert {one.code for one in found.doubts} == {"capacities_leap"}
    with pytest.raises(SonaeError) as refused:
        shelters.put_in_force(CLERK, edition.pk, seen=shelters.stamp())
    assert refused.value.code == "conflict" and by_id()["F1"].capacity == 300
    shelters.put_in_force(
        CLERK, edition.pk, seen=shelters.stamp(), agreed={"capacities_leap.capacity"}
    )
    assert by_id()["F1"].capacity == 900


def test_a_place_far_from_every_town_is_asked_about(listed: Scope) -> None:
    """The towns of the city lie at 35.0, 135.0."""
    far = row("F9", "隣の市の館", 35.2, 135.2, "", "")
    found = shelters.preview_of(shelters.take_in(CLERK, [upload(*lines(), far)]), {})
    assert {one.code: one.names for one in found.doubts}["far_from_towns"] == ("隣の市の館",)


def test_a_place_that_could_not_be_used_does_not_reopen_by_itself(place: Scope) -> None:
    """F4 is closed in force; the list says nothing of it: a person is asked, then it is unknown."""
    edition = shelters.take_in(CLERK, [upload(*lines())])
    found = shelters.preview_of(edition, {})
    assert {one.code: one.names for one in found.doubts}["reopens"] == ("旧中学校",)
    agree(edition)
    assert by_id()["F4"].facility.usable == "unknown"


def test_closing_a_place_in_use_is_asked_about(listed: Scope) -> None:
    shelters.set_state(CLERK, by_id()["F1"].facility.pk, "open")
    closing = lines()
    closing[0]["名称"] = "第一小学校（改修工事中のため使用不可）"
    found = shelters.preview_of(shelters.take_in(CLERK, [upload(*closing)]), {})
    assert "closes_in_use" in {one.code for one in found.doubts}


def test_what_changed_while_somebody_looked_is_looked_at_again(listed: Scope) -> None:
    edition = shelters.take_in(CLERK, [upload(*lines())])
    seen = shelters.stamp()
    shelters.place_on_network({by_id()["F1"].facility.pk: 77})
    with pytest.raises(SonaeError) as refused:
        shelters.put_in_force(CLERK, edition.pk, seen=seen)
    assert refused.value.code == "conflict"


def test_a_list_with_other_ids_is_the_same_facilities(listed: Scope) -> None:
    """The national list numbers them otherwise: reports and printed codes still find their place."""
    keys = {p.facility.name: (p.facility.pk, p.facility.public_id) for p in shelters.places()}
    renamed = [line | {"ID": f"E{n}"} for n, line in enumerate(lines())]
    found = agree(shelters.take_in(CLERK, [upload(*renamed)], origin="national"))
    assert not found.changes.new and not found.gone
    assert {
        p.facility.name: (p.facility.pk, p.facility.public_id) for p in shelters.places()
    } == keys


def test_rows_that_cannot_be_facilities_are_left_out_and_said(place: Scope) -> None:
    bad = [
        row("", "", 35.0, 135.0, "", ""), row("X1", "無題の目印", 35.0, 135.0, "", ""),
        row("X2", "位置のない館", 0, 0, "", ""), row("", "番号のない館", 35.06, 135.06, "", ""),
        row("F9", "同じ番号の館", 35.07, 135.07, "", ""), row("F9", "もう一つの館", 35.08, 135.08, "", ""),
    ]  # fmt: skip
    found = agree(shelters.take_in(CLERK, [upload(*lines(), *bad)]))
    assert [why for _, why in found.left_out] == ["no_name", "placeholder", "no_position"]
    names = {p.facility.name: p.facility.public_id for p in shelters.places()}
    assert names["番号のない館"].startswith("L") and len(names["番号のない館"]) == 13
    assert {"同じ番号の館", "もう一つの館"} <= names.keys(), "neither of the two is lost"
    again = agree(shelters.take_in(CLERK, [upload(*lines(), *bad)]))
    assert not again.changes.new, "the made id is the same next time"


def test_a_row_without_position_keeps_the_one_in_force(listed: Scope) -> None:
    blank = lines()
    blank[1] |= {"緯度": "", "経度": ""}
    agree(shelters.take_in(CLERK, [upload(*blank)]))
    assert by_id()["F2"].facility.latitude == 35.02


def test_a_newer_upload_takes_the_place_of_one_that_waits(listed: Scope) -> None:
    first = shelters.take_in(CLERK, [upload(*lines())])
    second = shelters.take_in(CLERK, [upload(*lines()[:4])])
    first.refresh_from_db()
    assert (first.state, second.state) == ("overtaken", "waiting")
    shelters.discard(CLERK, second.pk)
    again = shelters.take_again(CLERK, FacilityList.objects.get(pk=first.pk).pk)
    assert again.state == "waiting" and len(again.rows) == 5
    agree(again)
    assert [one.state for one in shelters.editions()] == [
        "in_force",
        "discarded",
        "overtaken",
        "replaced",
        "replaced",
    ]


def test_who_may_and_where(place: Scope) -> None:
    for call in (
        lambda who: shelters.take_in(who, [upload(*lines())]),
        lambda who: shelters.put_in_force(who, 1, seen=""),
        lambda who: shelters.settle(who, 1, "flood", "both"),
        lambda who: shelters.discard(who, 1),
    ):
        with pytest.raises(SonaeError) as refused:
            call(VIEWER)
        assert refused.value.code == "forbidden"
        with worlds.entered(CODE, World.EXERCISE), pytest.raises(SonaeError) as refused:
            call(CLERK)
        assert refused.value.code == "conflict", "the list is the real one in both worlds"


def test_uploads_have_a_limit(place: Scope) -> None:
    for files in ([], [upload(*lines())] * 7, [Upload("x.csv", b"x" * (31 * 1024 * 1024))]):
        with pytest.raises(SonaeError):
            shelters.take_in(CLERK, files)


def compared(**over: str) -> FacilityList:
    """The national list beside: F1 is designated for floods there."""
    national = lines()
    national[0] |= {"災害種別_洪水": "1"} | over
    return shelters.take_in(CLERK, [upload(*national)], purpose="compare", origin="national")


def open_fields(public_id: str = "F1") -> set[str]:
    return {
        d.field
        for one in shelters.questions()
        if one.place and one.place.facility.public_id == public_id
        for d in one.open
    }


def test_differences_wait_for_a_person_and_nothing_is_taken_over_alone(listed: Scope) -> None:
    assert shelters.questions() == []
    edition = compared(想定収容人数="471")
    assert edition.state == "in_force" and shelters.reference() == edition
    assert open_fields() == {"flood", "capacity"}
    assert by_id()["F1"].capacity == 300 and "flood" not in by_id()["F1"].hazards


def test_a_choice_is_recorded_and_put_in_force(listed: Scope) -> None:
    compared(想定収容人数="471")
    key = by_id()["F1"].facility.pk
    shelters.settle(CLERK, key, "flood", "national", "県に確認")
    assert "flood" in by_id()["F1"].hazards
    shelters.settle(CLERK, key, "capacity", "municipal")
    assert by_id()["F1"].capacity == 300
    assert open_fields() == set()
    (newest, first) = shelters.noted(by_id()["F1"].facility)
    assert (first.field, first.choice, first.note, first.decided_by) == (
        "flood",
        "national",
        "県に確認",
        "当直 花子",
    )
    assert (newest.national, newest.municipal) == (471, 300)
    assert AuditEntry.objects.filter(action="shelters.difference_settled").count() == 2


def test_a_choice_outlives_the_next_upload_as_long_as_both_say_the_same(listed: Scope) -> None:
    compared()
    shelters.settle(CLERK, by_id()["F1"].facility.pk, "flood", "national")
    edition = shelters.take_in(CLERK, [upload(*lines())])
    found = shelters.preview_of(edition, {})
    assert [(p.facility.public_id, c.field, c.after) for p, c in found.settled] == [
        ("F1", "flood", "yes")
    ]
    agree(edition)
    assert "flood" in by_id()["F1"].hazards
    said = lines()
    said[0]["災害種別_洪水"] = "△"
    agree(shelters.take_in(CLERK, [upload(*said)]))
    assert by_id()["F1"].designated("flood") == "partial", "the city says something else now"
    assert "flood" in open_fields()


def test_both_noted_changes_nothing(listed: Scope) -> None:
    compared()
    shelters.settle(CLERK, by_id()["F1"].facility.pk, "flood", "both")
    assert "flood" not in by_id()["F1"].hazards and open_fields() == set()
    compared(災害種別_洪水="△")
    assert open_fields() == {"flood"}, "the other list says something new: asked again"


@pytest.mark.parametrize(("field", "choice"), [("flood", "neither"), ("volcano", "national")])
def test_what_cannot_be_settled_is_refused(listed: Scope, field: str, choice: str) -> None:
    compared()
    with pytest.raises(SonaeError):
        shelters.settle(CLERK, by_id()["F1"].facility.pk, field, choice)
    assert shelters.noted(by_id()["F1"].facility) == []


@pytest.mark.parametrize(
    ("over", "field", "shown"),
    [
        ({"緯度": "35.0125"}, "position", lambda p: p.facility.latitude == 35.0125),
        ({"指定避難所との重複": ""}, "kind", lambda p: p.shelter is None and p.site is not None),
        ({"名称": "第一小学校大体育館"}, "name", lambda p: p.facility.name == "第一小学校大体育館"),
        ({"備考": ""}, "flood", lambda p: p.designated("flood") == "yes"),
    ],
)  # fmt: skip
def test_every_kind_of_value_can_be_taken_over(
    listed: Scope, over: dict[str, str], field: str, shown: Any
) -> None:
    over.pop("備考", None)
    compared(**over)
    shelters.settle(CLERK, by_id()["F1"].facility.pk, field, "national")
    assert shown(by_id()["F1"])
    assert field not in open_fields()


def test_another_municipality_sees_none_of_it(listed: Scope) -> None:
    compared()
    make_city("992020")
    with worlds.entered("992020"):
        assert shelters.editions() == [] and shelters.reference() is None


def test_a_facility_loaded_directly_can_be_listed_again_unchanged(place: Scope) -> None:
    """What is in force, written as a list, compares as no change."""
    held = [shelters.listed_of(one) for one in shelters.places()]
    assert [one.name for one in held] == [r.name for r in ROWS]
    assert held[0].kind == "both" and held[2].kind == "shelter"
    extra = replace(ROWS[1], public_id="F8", name="別の公園")
    assert isinstance(extra, FacilityRow)


def known() -> dict[str, tuple[Any, ...]]:
    """All that is held of every facility that is a destination."""
    return {
        key: (one.facility.pk, one.facility.pets, one.facility.step_free, one.facility.usable,
              one.facility.wheelchair_toilet, one.site and one.site.hazards, one.restricted_to,
              one.site and one.site.capacity, one.shelter and one.shelter.capacity, one.facility.source)
        for key, one in by_id().items() if one.site or one.shelter
    }  # fmt: skip


def with_comforts() -> None:
    """Every facility has what no list has a column for."""
    rows = [replace(r, pets="yes", step_free="no", wheelchair_toilet="yes") for r in ROWS]
    shelters.load_facilities(rows)


def test_what_no_list_knows_survives_leaving_and_coming_back(place: Scope) -> None:
    """A short list by mistake, then the right one: pets, steps and toilets are as before."""
    with_comforts()
    agree(shelters.take_in(CLERK, [upload(*lines())], source="市の一覧"))
    before = known()
    agree(shelters.take_in(CLERK, [upload(*lines()[:1])]))
    assert known().keys() == {"F1"}
    edition = shelters.take_in(CLERK, [upload(*lines())], source="市の一覧")
    found = shelters.preview_of(edition, {})
    assert not found.fresh and len(found.returning) == 4, "nothing is said to be new"
    agree(edition)
    assert known() == before
    assert edition.pk and FacilityList.objects.get(state="in_force").result["returned"] == 4


def test_coming_back_under_another_id_is_the_same_facility(place: Scope) -> None:
    with_comforts()
    agree(shelters.take_in(CLERK, [upload(*lines())], source="市の一覧"))
    before = known()
    agree(shelters.take_in(CLERK, [upload(*lines()[:1])]))
    renamed = [line | {"ID": f"E{n}"} for n, line in enumerate(lines())]
    agree(shelters.take_in(CLERK, [upload(*renamed)], source="市の一覧"))
    assert known() == before


def test_an_id_given_to_another_place_later_is_another_facility(listed: Scope) -> None:
    """F5 left; far away something else gets its number: its history stays its own."""
    pk = by_id()["F5"].facility.pk
    agree(shelters.take_in(CLERK, [upload(*lines()[:4])]))
    other = row("F5", "西山スポーツ広場", 35.2, 135.2, "", "")
    found = agree(shelters.take_in(CLERK, [upload(*lines()[:4], other)]))
    assert len(found.fresh) == 1 and not found.returning
    names = {p.facility.name: p.facility for p in shelters.places()}
    assert names["東公民館"].pk == pk and names["西山スポーツ広場"].pk != pk


def test_a_closed_place_does_not_return_open_by_itself(place: Scope) -> None:
    agree(shelters.take_in(CLERK, [upload(*lines()[:3])]))
    found = shelters.preview_of(shelters.take_in(CLERK, [upload(*lines())]), {})
    assert {one.code: one.names for one in found.doubts}["reopens"] == ("旧中学校",)


def test_what_was_there_before_the_first_list_can_be_taken_again(place: Scope) -> None:
    """The very first upload may be the mistake: what was in force then comes back to the last value."""
    with_comforts()
    before = known()
    agree(shelters.take_in(CLERK, [upload(*lines()[:1])]))
    first = shelters.editions()[-1]
    assert (first.state, len(FacilityList.objects.get(pk=first.pk).rows)) == ("replaced", 5)
    agree(shelters.take_again(CLERK, first.pk))
    assert known() == before


def test_the_list_before_the_first_is_what_is_in_force_when_it_is_replaced(place: Scope) -> None:
    edition = shelters.take_in(CLERK, [upload(*lines())])
    with_comforts()
    shelters.load_facilities([*ROWS, FacilityRow("F7", "北館", 35.07, 135.07, is_shelter=True)])
    agree(edition)
    first = FacilityList.objects.get(state="replaced")
    assert [one["id"] for one in first.rows] == ["F1", "F2", "F3", "F4", "F5", "F7"]
    agree(shelters.take_in(CLERK, [upload(*lines())]))
    assert FacilityList.objects.filter(result__first=True).count() == 1, "kept once"


def test_a_row_copied_by_mistake_makes_no_facility_vanish(listed: Scope) -> None:
    """The sites twice, beside the list of shelters: still the facility that it was, and it is said."""
    key = by_id()["F1"].facility.pk
    sites = [line | {"指定避難所との重複": ""} for line in lines()]
    twice = upload(*sites, sites[0] | {"想定収容人数": "870"}, sites[1])
    edition = shelters.take_in(CLERK, [twice], source="市の一覧")
    found = shelters.preview_of(edition, {})
    assert not found.changes.new and not found.gone
    assert {one.code: one.names for one in found.doubts}["rows_differ"] == ("F1",)
    told = [(one["row"], one["problem"], one["action"]) for one in edition.defects
            if one["problem"] in {"duplicate", "rows_differ"}]  # fmt: skip
    assert told == [(7, "rows_differ", "left_out"), (8, "duplicate", "left_out")]
    agree(edition)
    assert (by_id()["F1"].facility.pk, by_id()["F1"].capacity) == (key, 300)


def test_an_id_that_two_places_share_is_asked_about(listed: Scope) -> None:
    wrong = row("F1", "西山スポーツ広場", 35.08, 135.08, "", "")
    found = agree(shelters.take_in(CLERK, [upload(*lines(), wrong)]))
    assert {one.code: one.names for one in found.doubts}["same_id"] == (
        "第一小学校",
        "西山スポーツ広場",
    )
    assert not found.gone and len(found.fresh) == 1


def test_half_of_a_list_is_asked_about_by_name(listed: Scope) -> None:
    """The file of shelters alone, or that of sites alone: the other file was not chosen."""
    heading = "共通ID,施設・場所名,住所,緯度,経度,指定緊急避難場所との住所同一"
    rows = ["S1,第一小学校,,35.01,135.01,1", "S2,東公民館,,35.05,135.05,"]
    halls = Upload("shelters.csv", "\n".join([heading, *rows]).encode("utf-8-sig"))
    edition = shelters.take_in(CLERK, [halls])
    assert {row["kind"] for row in edition.rows} == {"shelter", "both"}, "one says that it is both"
    found = {one.code: one for one in shelters.preview_of(edition, {}).doubts}
    assert found["sites_missing"].count == 5 and "shelters_missing" not in found
    sites = [line | {"指定避難所との重複": ""} for line in lines()]
    found = {one.code: one for one in shelters.preview_of(
        shelters.take_in(CLERK, [upload(*sites)]), {}).doubts}  # fmt: skip
    assert found["shelters_missing"].count == 3 and "sites_missing" not in found


def test_the_sites_alone_lose_the_places_that_are_shelters_only(place: Scope) -> None:
    """F3 and F5 are shelters only; a file of sites that marks F1 as a shelter too lacks them."""
    marked = [lines()[0], lines()[1], lines()[3]]
    found = {one.code: one for one in shelters.preview_of(
        shelters.take_in(CLERK, [upload(*marked)]), {}).doubts}  # fmt: skip
    assert found["shelters_missing"].count == 3
    whole = shelters.preview_of(shelters.take_in(CLERK, [upload(*lines())]), {})
    assert "shelters_missing" not in {one.code for one in whole.doubts}


def test_another_city_s_list_is_not_compared_unless_it_is_meant(listed: Scope) -> None:
    away = [row(f"X{n}", f"宇部{n}館", 34.0 + n / 100, 131.2, "", "") for n in range(4)]
    with pytest.raises(SonaeError) as caught:
        shelters.take_in(CLERK, [upload(*away, lines()[0])], purpose="compare", origin="national")
    assert caught.value.code == "outside_municipality"
    assert "5件のうち4件" in caught.value.detail and "km）" in caught.value.detail
    assert shelters.reference() is None
    edition = shelters.take_in(
        CLERK, [upload(*away, *lines())], purpose="compare", origin="national", elsewhere=True
    )
    assert shelters.reference() == edition
