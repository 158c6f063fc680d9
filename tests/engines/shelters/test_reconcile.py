"""Two lists of one city: the same places are found, and every difference is listed, none repaired."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.engines.shelters.changes import Changes, compare
from sonae.engines.shelters.cli import group
from sonae.engines.shelters.columns import NATIONAL_FLAGS
from sonae.engines.shelters.listing import HAZARDS, Capacity, Listed, Reading
from sonae.engines.shelters.readers import read_file
from sonae.engines.shelters.reconcile import reconcile
from sonae.engines.shelters.same import bare_address, bare_name, joined, metres_between, pair
from tests.conftest import real_data

from .sheet import as_csv, good_rows

METRE = 1 / 111_320
EVERYTHING = frozenset(
    {"id", "name", "lat", "lon", "address", "capacity", "admits", "shelter_too", *HAZARDS}
)


def place(number: int, name: str = "", **over: object) -> Listed:
    """A place of its own, 700 m from the next."""
    flags = dict.fromkeys(HAZARDS, "yes")
    one = Listed(
        "x", number, f"E{number}", name or f"{chr(0x4E00 + 7 * number)}公民館", "emergency_site",
        37.5 + number * 700 * METRE, 139.9, address=f"試験県試験市東町{number}番地1", hazards=flags,
        capacity=Capacity(100 + number),
    )  # fmt: skip
    return replace(one, **over)  # type: ignore[arg-type]


def reading(rows: list[Listed], fields: frozenset[str] = EVERYTHING) -> Reading:
    return Reading(rows, [], (), fields)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("鶴ヶ城公園", "鶴ケ城公園"), ("第一小学校（体育館）", "第一小学校"), ("ふれあいセンター", "ふれあい・センター"),
        ("Ａ会館", "A会館"), ("髙台小学校", "高台小学校"), ("東 小学校", "東小学校"),
    ],
)  # fmt: skip
def test_spelling_is_no_difference_of_names(one: str, other: str) -> None:
    assert bare_name(one) == bare_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("山口県宇部市鵜の島町7番6号", "宇部市鵜の島町７−６"), ("福島県会津若松市一箕町松長1-19", "一箕町松長１－１９"),
        ("草江一丁目6番7号", "草江1-6-7"), ("宇部市大字沖宇部100番地", "宇部市沖宇部100"),
    ],
)  # fmt: skip
def test_one_address_in_many_spellings(one: str, other: str) -> None:
    assert bare_address(one) == bare_address(other)


def test_the_first_and_the_second_school_are_two_places() -> None:
    ones = [place(1, "第一小学校"), place(2, "第二小学校")]
    others = [replace(ones[1], id="a"), replace(ones[0], id="b")]
    assert [(p.one, p.other, p.sure) for p in pair(ones, others)] == [(0, 1, True), (1, 0, True)]
    near = replace(ones[0], name="第二小学校", id="c", lat=(ones[0].lat or 0) + 20 * METRE)
    assert not any(p.sure and p.by == "name" for p in pair([ones[0]], [near]))


def test_an_id_that_names_another_place_is_not_believed() -> None:
    (found,) = pair([place(1, "東公民館")], [replace(place(9, "西運動場"), id="E1")], ids=True)
    assert (found.by, found.sure) == ("id", False)


@settings(max_examples=30)
@given(st.integers(2, 30), st.integers(0, 10_000))
def test_pairs_do_not_depend_on_order_and_no_row_is_used_twice(count: int, seed: int) -> None:
    chance = random.Random(seed)
    ones = [place(n) for n in range(count)]
    others = [
        replace(one, id="", lat=(one.lat or 0) + chance.uniform(-150, 150) * METRE)
        for one in ones
        if chance.random() < 0.9
    ]
    names = {one.name for one in others}
    chance.shuffle(others)
    found = pair(ones, others)
    assert len({p.one for p in found}) == len({p.other for p in found}) == len(found)
    assert {ones[p.one].name for p in found if p.sure} >= names
    assert all(ones[p.one].name == others[p.other].name for p in found if p.sure)


def test_a_whole_prefecture_is_paired_without_a_table_of_all_pairs() -> None:
    """3,000 places a side: 9 million pairs would be looked at one by one otherwise."""
    chance = random.Random(3)
    letters = "東西南北中央上下山川田本町新大小高松杉森原岡"
    ones = [
        Listed("x", n, "", f"{''.join(chance.choices(letters, k=4))}公民館", "shelter",
               35 + chance.random() / 2, 135 + chance.random() / 2)
        for n in range(3000)
    ]  # fmt: skip
    others = [replace(one, lat=(one.lat or 0) + 80 * METRE) for one in ones]
    chance.shuffle(others)
    found = pair(ones, others)
    assert len(found) == 3000
    assert all(ones[p.one].row == others[p.other].row for p in found if p.sure)


def test_distances_are_metres() -> None:
    assert metres_between(place(1), place(2)) == pytest.approx(700, rel=0.001)
    assert metres_between(place(1), replace(place(2), lat=None)) is None


def test_every_difference_of_flags_position_and_capacity_is_listed() -> None:
    national = [place(1), place(2), place(3)]
    flags = {**national[0].hazards, "flood": "partial", "tsunami": "unknown"}
    municipal = [
        replace(national[0], id="1", hazards=flags, capacity=Capacity(999), lat=(national[0].lat or 0) + 250 * METRE,
                usable="no", usable_reason="改修工事中", restricted_to=("elderly",)),
        replace(national[1], id="2"), replace(place(7), id="7"),
    ]  # fmt: skip
    before = copy.deepcopy((national, municipal))
    found = reconcile([reading(national)], [reading(municipal)])
    assert (national, municipal) == before, "nothing is repaired"
    told = {one.field: (one.national, one.municipal, one.grave) for one in found[0].differences}
    assert told.keys() == {"flood", "tsunami", "position", "capacity", "restricted_to", "usable"}
    assert told["flood"] == ("yes", "partial", True)
    assert told["tsunami"] == ("yes", "unknown", False)
    assert told["capacity"] == (101, 999, True) and told["position"][2]
    assert told["usable"] == ("unknown", "改修工事中", True)
    assert sorted(one.status for one in found) == [
        "different",
        "municipal_only",
        "national_only",
        "same",
    ]


def test_what_a_list_has_no_column_for_it_does_not_deny() -> None:
    """The national list has no capacities, and says nothing by that."""
    national = [replace(place(1), capacity=Capacity())]
    found = reconcile([reading(national, EVERYTHING - {"capacity"})], [reading([place(1)])])
    assert found[0].status == "same"


@given(st.lists(st.sampled_from(["yes", "no", "partial", "unknown"]), min_size=16, max_size=16))
def test_flags_listed_are_exactly_those_that_differ(marks: list[str]) -> None:
    sides = [dict(zip(HAZARDS, part, strict=True)) for part in (marks[:8], marks[8:])]
    one, other = (place(1, hazards=flags) for flags in sides)
    (found,) = reconcile([reading([one])], [reading([other])])
    differ = {h for h in HAZARDS if sides[0][h] != sides[1][h]}
    assert {d.field for d in found.differences} == differ
    for d in found.differences:
        assert (d.national, d.municipal) == (sides[0][d.field], sides[1][d.field])


def test_a_hall_with_two_designations_is_one_place() -> None:
    hall = replace(
        place(1), id="S1", kind="shelter", hazards=dict.fromkeys(HAZARDS, "unknown"),
        restricted_to=("elderly",), usable="no", usable_reason="休止中",
    )  # fmt: skip
    one, other = joined([replace(place(1), capacity=Capacity()), place(2), hall])
    assert (one.kind, one.restricted_to, one.usable, one.capacity.total) == (
        "both",
        ("elderly",),
        "no",
        101,
    )
    assert one.more["指定避難所_ID"] == "S1" and one.id == "E1"
    assert other.kind == "emergency_site"


def codes(found: Changes) -> set[tuple[str, str]]:
    return {(one.code, one.field) for one in found.doubts}


def test_an_edition_beside_the_one_before() -> None:
    before = [place(n) for n in range(12)]
    after = [replace(one, id="") for one in before[1:]] + [place(40)]
    after[0] = replace(after[0], capacity=Capacity(7), hazards={**after[0].hazards, "flood": "no"})
    found = compare(before, after)
    assert (found.gone, found.new, len(found.kept)) == ([0], [11], 11)
    (changes,) = found.changed.values()
    assert {(c.field, c.before, c.after) for c in changes} == {
        ("flood", "yes", "no"),
        ("capacity", 101, 7),
    }
    assert codes(found) == {("capacities_leap", "capacity"), ("designations_lost", "flood")}


def test_mass_corrections_are_asked_about() -> None:
    """Capacities doubled or tripled, 70 values in one upload (facts §2.3)."""
    before = [place(n, capacity=Capacity(247)) for n in range(40)]
    after = [replace(one, capacity=Capacity(471 if n % 2 else 247)) for n, one in enumerate(before)]
    found = compare(before, after)
    assert codes(found) == {("many_changed", "capacity"), ("capacities_leap", "capacity")}
    assert {d.count for d in found.doubts} == {20} and found.doubts[0].total == 40
    assert compare(before, before).doubts == []
    lost = compare(before, [replace(one, capacity=Capacity()) for one in before])
    assert ("capacities_lost", "capacity") in codes(lost)
    gone = compare(before, before[:30])
    assert ("many_gone", "") in codes(gone)
    moved = compare(before, [replace(before[0], lon=139.91), *before[1:]])
    assert codes(moved) == {("moved_far", "position")}


def test_an_id_given_to_another_place_is_asked_about() -> None:
    found = compare([place(1, "東公民館")], [replace(place(30, "西運動場"), id="E1")])
    assert ("other_place", "") in codes(found)
    assert not found.gone and not found.new


def test_an_edition_without_a_column_leaves_its_values() -> None:
    before, after = [place(1)], [replace(place(1), capacity=Capacity())]
    assert compare(before, after, EVERYTHING - {"capacity"}).changed == {}
    assert compare(before, after, EVERYTHING).changed != {}


@settings(max_examples=25)
@given(st.sets(st.integers(0, 25)), st.sets(st.integers(0, 25)))
def test_new_and_gone_are_the_two_differences_of_the_sets(old: set[int], new: set[int]) -> None:
    before, after = [place(n) for n in sorted(old)], [place(n) for n in sorted(new)]
    found = compare(before, after)
    assert {before[at].row for at in found.gone} == old - new
    assert {after[at].row for at in found.new} == new - old
    assert found.changed == {}


def test_the_commands(tmp_path: Path) -> None:
    rows = good_rows(6)
    (tmp_path / "old.csv").write_text(as_csv(rows), "utf-8")
    rows[0][24] = "" if rows[0][24] else "1"
    (tmp_path / "new.csv").write_text(as_csv(rows[:5]), "cp932")
    files = [str(tmp_path / name) for name in ("old.csv", "new.csv")]
    done = CliRunner().invoke(group, ["diff", *files, "--format", "jsonl"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(one["status"], one["field"]) for one in lines if one["status"] != "doubt"} == {
        ("gone", None), ("changed", "flood"),
    }  # fmt: skip
    done = CliRunner().invoke(group, ["reconcile", *files, "--format", "jsonl"])
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["status"] for one in found} == {"national_only", "different"}
    assert "国だけ 1" in done.stderr
    done = CliRunner().invoke(
        group, ["reconcile", files[0], str(tmp_path / "none"), "--format", "jsonl"]
    )
    assert done.exit_code == 1 and done.stdout == ""
    assert json.loads(done.stderr.splitlines()[0])["error"] == "unreadable"


@pytest.mark.real_data
@pytest.mark.parametrize("city", ["072028", "222038", "352021", "432041"])
def test_the_halls_that_the_national_lists_say_are_at_one_address_are_found(city: str) -> None:
    """住所同一 is the ministry's own mark: an answer key that the matching does not read."""
    folder = real_data("geo", "gsi-shelters")
    sites, halls = (
        read_file(folder / kind / f"{city}.json").listed for kind in ("emergency", "evacuation")
    )
    sure = {p.other for p in pair(sites, halls) if p.sure}
    marked = {at for at, hall in enumerate(halls) if hall.kind == "both"}
    assert marked <= sure
    assert len(sure - marked) <= 3


@pytest.mark.real_data
def test_a_disturbed_copy_of_a_real_list_is_paired_with_its_original() -> None:
    """Moved as far as two real lists differ, renamed and cut short: no sure pair is wrong."""
    chance = random.Random(7)
    real = read_file(real_data("geo", "gsi-shelters", "emergency", "072028.json")).listed
    copies = []
    for at, one in enumerate(real):
        name = (
            one.name.replace("小学校", "小") if chance.random() < 0.3 else f"{one.name}（体育館）"
        )
        off = chance.choice([0, 20, 45, 90, 190]) * chance.choice([-1, 1]) * METRE
        copies.append(replace(one, id=str(at), name=name, lat=(one.lat or 0) + off))
    chance.shuffle(copies)
    found = pair(real, copies)
    assert sum(p.sure for p in found) >= 0.95 * len(real)
    assert all(copies[p.other].id == str(p.one) for p in found if p.sure)


@pytest.mark.real_data
def test_national_and_older_list_of_ube() -> None:
    """GSI 2025 beside P20 2012: 42 places, of which 37 are surely still there."""
    folder = real_data("geo", "gsi-shelters")
    national = [read_file(folder / kind / "352021.json") for kind in ("emergency", "evacuation")]
    old = read_file(real_data("geo", "osm", "ube", "ube_shelters.zip"))
    found = reconcile(national, [old])
    statuses = [one.status for one in found]
    assert statuses.count("same") + statuses.count("different") == 37
    assert statuses.count("municipal_only") + statuses.count("unsure") == 5
    assert set(NATIONAL_FLAGS) & {d.field for m in found for d in m.differences} == set()
