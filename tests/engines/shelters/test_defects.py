"""Every defect that real tables of municipalities have shown is named, with what was done about it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.defects import ACTIONS
from sonae.engines.hazard.layer import NOT_SURVEYED, HazardLayer
from sonae.engines.shelters import readers
from sonae.engines.shelters.cli import group
from sonae.engines.shelters.columns import STANDARD
from sonae.engines.shelters.danger import contradictions
from sonae.engines.shelters.listing import (
    HAZARDS,
    Listed,
    Reading,
    capacity,
    closed_in_part,
    closure,
    flag,
)
from sonae.engines.shelters.problems import PROBLEMS
from sonae.engines.shelters.suspect import nameless
from sonae.engines.shelters.table import read_csv
from tests.conftest import real_data

from .sheet import AT, as_csv, good_row, good_rows


def changed(**over: str) -> list[str]:
    """A good row with some cells changed."""
    row = good_row(1)
    for name, value in over.items():
        row[AT[name]] = value
    return row


def read(*rows: list[str]) -> Reading:
    return read_csv(as_csv(list(rows)), "x.csv")


def told(found: Reading) -> set[tuple[int, str, str, str]]:
    return {(d.row, d.column, d.problem, d.action) for d in found.defects}


@pytest.mark.parametrize(
    ("over", "column", "problem", "action"),
    [
        ({"想定収容人数": "屋内1,371人／屋外5,470人（面積の1/2）"}, "想定収容人数", "not_a_number", "corrected"),
        ({"想定収容人数": "応相談"}, "想定収容人数", "not_a_number", "kept"),
        ({"想定収容人数": "-1"}, "想定収容人数", "not_a_number", "kept"),
        ({"想定収容人数": "0"}, "想定収容人数", "zero_capacity", "kept"),
        ({"名称": "体育館（※改修工事中のため当分の間使用不可）"}, "名称", "closed_in_name", "corrected"),
        ({"備考": "令和8年3月まで閉鎖"}, "備考", "closed_in_name", "corrected"),
        ({"名称": "第一小学校（津波時は使用不可）"}, "名称", "closed_in_part", "kept"),
        ({"名称": "ドロップされたピン"}, "名称", "placeholder", "kept"),
        ({"名称": "ポイント 3"}, "名称", "placeholder", "kept"),
        ({"名称": "第１小学校\ufffd"}, "名称", "garbled", "kept"),
        ({"ID": ""}, "ID", "no_id", "kept"), ({"ID": "仮-12"}, "ID", "provisional_id", "kept"),
        ({"緯度": "37度30分36秒"}, "緯度", "not_decimal", "corrected"),
        ({"緯度": "３７．５１"}, "緯度", "not_decimal", "corrected"),
        ({"緯度": "", "経度": ""}, "緯度", "no_position", "kept"),
        ({"緯度": "139.91", "経度": "37.51"}, "緯度", "swapped_position", "corrected"),
        ({"緯度": "0", "経度": "0"}, "緯度", "outside_municipality", "left_out"),
        ({"災害種別_洪水": "浸水深による"}, "災害種別_洪水", "not_a_flag", "kept"),
        ({"災害種別_洪水": "○（2階以上）"}, "災害種別_洪水", "flag_with_condition", "kept"),
    ],
)  # fmt: skip
def test_each_defect_names_row_column_and_what_was_done(
    over: dict[str, str], column: str, problem: str, action: str
) -> None:
    found = read(*good_rows(3), changed(**over))
    assert (5, column, problem, action) in told(found)
    assert len(found.listed) == 4, "the row is kept"
    kept = json.dumps(found.listed[3].to_json(), ensure_ascii=False)
    for value in over.values():
        assert value in kept or any(value in d.value for d in found.defects)


def test_degrees_minutes_and_seconds_are_read() -> None:
    one = read(changed(緯度="37度30分36秒", 経度="東経139°54′36.0″")).listed[0]
    assert one.lat == pytest.approx(37.51)
    assert one.lon == pytest.approx(139.91)


def test_a_blank_flag_is_a_question_only_where_others_say_no() -> None:
    """With 1 and blank alone, as the standard has it, nothing is wrong; the blank stays unknown."""
    yes, no, blank = (changed(災害種別_津波=mark) for mark in ("○", "×", ""))
    with_no = read(yes, no, blank)
    assert (4, "災害種別_津波", "blank_flag", "kept") in told(with_no)
    without = read(yes, changed(災害種別_津波="1"), blank)
    assert "blank_flag" not in {d.problem for d in without.defects}
    assert with_no.listed[2].hazards["tsunami"] == without.listed[2].hazards["tsunami"] == "unknown"


def test_repeated_ids_are_seen_through_width_and_dashes() -> None:
    found = read(changed(ID="A-1"), changed(ID="Ａ－１", 名称="別の施設", 所在地_連結表記="別"))
    assert (3, "ID", "duplicate", "kept") in told(found)
    assert len(found.listed) == 2


def test_cells_written_unlike_the_rest_of_their_column_are_named() -> None:
    rows = [changed(ID=f"{n}", 名称=f"{n}", 所在地_連結表記=f"東町{n}-1") for n in range(4)]
    for row, name in zip(rows, "甲乙丙丁", strict=True):
        row[AT["名称"]] = name
    rows[2][AT["所在地_連結表記"]] = "東町2−1"
    rows[3][AT["所在地_連結表記"]] = "東町３-1"
    named = [d for d in read(*rows).defects if d.problem == "character_variants"]
    assert [(d.row, d.column, d.value, d.detail) for d in named] == [
        (4, "所在地_連結表記", "東町2−1", "東町2-1"),
        (5, "所在地_連結表記", "東町３-1", "東町3-1"),
    ]


def test_a_row_of_another_municipality_is_named_by_its_code() -> None:
    rows = good_rows(4)
    rows[2][AT["全国地方公共団体コード"]] = "992020"
    assert (4, "全国地方公共団体コード", "outside_municipality", "kept") in told(read(*rows))


def test_many_addresses_on_one_point_are_named() -> None:
    rows = good_rows(5)
    for row in rows[1:]:
        row[AT["緯度"]], row[AT["経度"]] = "37.5", "139.9"
    found = read(*rows)
    assert {d.row for d in found.defects if d.problem == "same_position"} == {3, 4, 5, 6}


def test_a_schema_that_changes_is_read_and_said() -> None:
    """The time of the edition in a heading today, a column of its own tomorrow."""
    today = "名称,緯度,経度,洪水,収容人数（令和6年4月1日現在）,空き状況\n公民館,37.5,139.9,○,100,空きあり\n"
    tomorrow = (
        "時刻,施設名,北緯,東経,洪水時,定員,空き状況\n10:00,公民館,37.5,139.9,○,100,空きあり\n"
    )
    one, other = read_csv(today, "a.csv"), read_csv(tomorrow, "b.csv")
    assert one.listed[0].capacity.total == other.listed[0].capacity.total == 100
    assert one.listed[0].hazards == other.listed[0].hazards
    assert one.listed[0].more["空き状況"] == "空きあり"
    assert "moment_in_heading" in {d.problem for d in one.defects}
    assert {d.column for d in other.defects if d.problem == "unknown_column"} == {
        "時刻",
        "空き状況",
    }
    assert one.headings != other.headings


def test_english_headings_and_kinds() -> None:
    text = (
        "Shelter Name,Address,Latitude,Longitude,Flood,Landslide,Max Capacity,Type\n"
        "Town hall,1-1,37.5,139.9,yes,no,80,指定避難所\nPark,2-1,37.51,139.91,partial,,,指定緊急避難場所\n"
    )
    hall, park = read_csv(text, "x.csv").listed
    assert (hall.name, hall.kind, hall.capacity.total) == ("Town hall", "shelter", 80)
    assert (hall.hazards["flood"], hall.hazards["landslide"]) == ("yes", "no")
    assert (park.kind, park.hazards["flood"], park.hazards["landslide"]) == (
        "emergency_site",
        "partial",
        "unknown",
    )


def test_hazards_named_in_one_cell() -> None:
    text = "名称,緯度,経度,対応災害\n公園,37.5,139.9,洪水・土砂災害、地震\n"
    (one,) = read_csv(text, "x.csv").listed
    assert one.kind == "emergency_site"
    assert {h for h in HAZARDS if one.hazards[h] == "yes"} == {"flood", "landslide", "earthquake"}
    assert one.hazards["tsunami"] == "unknown", "not named is not said"


def test_indoors_and_outdoors_in_columns_of_their_own() -> None:
    text = "名称,緯度,経度,洪水,収容人数（屋内）,収容人数（屋外）\n甲,37.5,139.9,1,100,400\n乙,37.5,139.9,1,100,\n"
    both, one = read_csv(
        text.replace("収容人数（屋内）", "屋内収容人数").replace(
            "収容人数（屋外）", "屋外収容人数"
        ),
        "x",
    ).listed
    assert (both.capacity.total, both.capacity.indoor, both.capacity.outdoor) == (500, 100, 400)
    assert (one.capacity.total, one.capacity.indoor) == (None, 100)


def test_the_national_list_as_csv_says_not_designated_with_a_blank() -> None:
    text = "NO,共通ID,施設・場所名,住所,洪水,津波,指定避難所との住所同一,緯度,経度\n1,E1,公園,甲1,1,,1,37.5,139.9\n"
    (one,) = read_csv(text, "x.csv").listed
    assert (one.id, one.kind) == ("E1", "both")
    assert (one.hazards["flood"], one.hazards["tsunami"], one.hazards["fire"]) == (
        "yes",
        "no",
        "unknown",
    )


ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "utf-16")


def test_one_table_in_every_encoding_and_as_workbook_is_one_list(tmp_path: Path) -> None:
    rows = good_rows(5)
    rows[1][AT["名称"]] = "髙台小学校"
    rows[2][AT["想定収容人数"]] = "屋内１００人"
    book, held = openpyxl.Workbook(), io.BytesIO()
    for line in (["避難場所の一覧"], [], list(STANDARD), *rows):
        book.worksheets[0].append(
            [float(c) if c.replace(".", "").isdecimal() and "." in c else c for c in line]
        )
    book.create_sheet("メモ").append(["担当者へ"])
    book.save(held)
    sent = {f"{code}.csv": as_csv(rows).encode(code) for code in ENCODINGS}
    sent["tab.csv"] = as_csv(rows).replace(",", "\t").encode()
    whole = [readers.read_bytes(raw, name) for name, raw in sent.items()]
    want = [{**one.to_json(), "input": ""} for one in whole[0].listed]
    for found in whole:
        assert [{**one.to_json(), "input": ""} for one in found.listed] == want
    sheet = readers.read_bytes(held.getvalue(), "x.xlsx")
    assert [{**one.to_json(), "input": "", "row": one.row - 2} for one in sheet.listed] == want
    assert ("メモ", "other_sheet") in {(d.column, d.problem) for d in sheet.defects}


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("a.csv", b"", "empty_file"), ("a.csv", b"\xef\xbb\xbf\r\n", "empty_file"),
        ("a.csv", b"\x00" * 400, "empty_file"), ("a.xls", b"\xd0\xcf\x11\xe0" + b"x" * 99, "unreadable"),
        ("a.zip", b"PK\x03\x04 broken", "unreadable"), ("a.csv", b"\xff\xfe\x00", "encoding"),
    ],
)  # fmt: skip
def test_uploads_that_hold_nothing_are_refused(name: str, raw: bytes, code: str) -> None:
    with pytest.raises(SonaeError) as caught:
        readers.read_bytes(raw, name)
    assert caught.value.code == code


def test_a_heading_of_two_lines_below_a_title() -> None:
    text = "一覧（令和6年）,,,,\n名称,緯度,経度,災害種別,\n,,,洪水,地震\n甲,37.5,139.9,○,×\n"
    found = read_csv(text, "x.csv")
    (one,) = found.listed
    assert (one.row, one.hazards["flood"], one.hazards["earthquake"]) == (4, "yes", "no")


def test_a_repeated_heading_is_no_facility() -> None:
    found = read(good_row(1), list(STANDARD), good_row(2))
    assert [one.row for one in found.listed] == [2, 4]
    assert (3, "名称", "repeated_heading", "left_out") in told(found)


def points(*features: tuple[Mapping[str, object], object]) -> str:
    return json.dumps({"features": [
        {"type": "Feature", "properties": values, "geometry": {"type": "Point", "coordinates": at}}
        for values, at in features
    ]})  # fmt: skip


def test_positions_of_geojson_are_read_like_those_of_tables() -> None:
    name = "施設・場所名"
    at = [[37.5, 139.9], [0, 0], ["a", 1], [float("nan"), 37], None, [139.9, 37.5, 12.0]]
    text = points(*(({name: f"館{n}", "洪水": "1"}, one) for n, one in enumerate(at)))
    found = readers.read_bytes(text.encode(), "x.geojson")
    assert [(one.lat, one.lon) for one in found.listed] == [
        (37.5, 139.9), (None, None), (None, None), (None, None), (None, None), (37.5, 139.9),
    ]  # fmt: skip
    assert [(d.row, d.problem, d.action) for d in found.defects] == [
        (1, "swapped_position", "corrected"), (2, "outside_municipality", "left_out"),
        (3, "no_position", "kept"), (4, "no_position", "kept"), (5, "no_position", "kept"),
    ]  # fmt: skip


def test_geojson_with_a_citys_own_names_is_read_as_a_table() -> None:
    values = {
        "Shelter Name": "公民館",
        "flood": True,
        "tsunami": False,
        "capacity": 120,
        "extra": {"a": 1},
    }
    found = readers.read_bytes(points((values, [139.9, 37.5])).encode(), "x.geojson")
    (one,) = found.listed
    assert (one.row, one.name, one.capacity.total, one.lat) == (1, "公民館", 120, 37.5)
    assert (one.hazards["flood"], one.hazards["tsunami"]) == ("yes", "no")
    assert one.more["extra"] == '{"a": 1}'


@given(st.dictionaries(st.sampled_from(STANDARD), st.text(max_size=12), max_size=8))
def test_every_problem_and_action_has_its_words(over: dict[str, str]) -> None:
    try:
        found = read(changed(**over), good_row(2))
    except SonaeError as error:
        assert error.code in PROBLEMS
        return
    assert {d.problem for d in found.defects} <= PROBLEMS.keys()
    assert {d.action for d in found.defects} <= ACTIONS.keys()
    assert all(
        one.hazards[h] in {"yes", "partial", "no", "unknown"}
        for one in found.listed
        for h in HAZARDS
    )


@given(st.integers(1, 99_999), st.integers(1, 99_999))
def test_numbers_of_people_indoors_and_outdoors_are_those_written(
    inside: int, outside: int
) -> None:
    for text in (f"屋内{inside:,}人／屋外{outside:,}人", f"屋外：{outside}名、屋内：{inside}名",
                 f"屋内{inside}屋外{outside}（面積の1/2）"):  # fmt: skip
        found = capacity(text)
        assert (found.total, found.indoor, found.outdoor) == (inside + outside, inside, outside)
    wrong = capacity(f"計{inside + outside + 1}人（屋内{inside}・屋外{outside}）")
    assert wrong.total is None, "what contradicts itself is unknown"


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("合計600人（屋内200・屋外400）", 600), ("500人（うち屋内200人）", 500), ("100～150人", None),
        ("1人/2㎡", None), ("200世帯", None), ("令和6年4月1日現在 300人", 300), ("2階 300人", 300),
        ("0242-00-0000", None), ("12.5", None), ("247.0", 247),
    ],
)  # fmt: skip
def test_capacities_in_words(text: str, total: int | None) -> None:
    assert capacity(text).total == total
    assert capacity(text).text == text


def test_closed_altogether_or_in_part() -> None:
    assert closure("中央体育館使用不可") and closure("公民館 (closed)")
    assert closure("公民館（令和8年3月まで体育館は使用不可）") != "", "a period closes the whole"
    for text in ("第一小（体育館は使用不可）", "公園（津波時は使用不可）"):
        assert closure(text) == "" and closed_in_part(text) != ""


def test_marks_of_every_kind() -> None:
    assert [flag(x) for x in ("―", "－", "ー", "−", "○2階以上", "×（浸水）", "Y", "対象外", "要確認")] == [
        "no", "no", "no", "no", "partial", "no", "yes", "no", "unknown",
    ]  # fmt: skip


def test_names_that_are_none() -> None:
    assert all(
        nameless(n) for n in ("無題のピン", "Untitled", "Dropped Pin", "合計", "○○", "ピン2")
    )
    assert not any(
        nameless(n) for n in ("ピンクリボン会館", "計石公民館", "テ", "点野小学校", "未来館")
    )


def layer(rank: int, hazard: str = "flood", kind: str = "depth") -> HazardLayer:
    """One cell of a hazard around the good rows, 0.1 degrees wide."""
    return HazardLayer(
        name=f"{hazard}_l2", hazard=hazard, kind=kind, ranks=np.full((1, 1), rank, np.uint8),
        west=139.85, north=37.6, dlon=0.15, dlat=0.15, source="架空", date="2026-01-01", scale="L2",
        depths=((0.0, 0.5), (0.5, 3.0)), details=(),
    )  # fmt: skip


def site(**hazards: str) -> Listed:
    flags = dict.fromkeys(HAZARDS, "no") | hazards
    return Listed("x", 2, "1", "公園", "emergency_site", 37.5, 139.9, hazards=flags)


def test_a_site_in_the_zone_it_is_designated_for_is_said_and_not_changed() -> None:
    one = site(flood="yes", landslide="partial")
    found = contradictions([one], [layer(2), layer(1, "landslide", "zone"), layer(2, "tsunami")])
    assert [(c.hazard, c.designation, c.said()) for c in found] == [
        ("flood", "yes", "浸水0.5〜3m"), ("landslide", "partial", "浸水0〜0.5m"),
    ]  # fmt: skip
    assert one.hazards["flood"] == "yes"
    defect = found[0].to_defect()
    assert (defect.problem, defect.action, defect.column) == ("in_hazard_zone", "kept", "洪水")
    assert "架空" in defect.detail and "2026-01-01" in defect.detail


@pytest.mark.parametrize("rank", [0, NOT_SURVEYED])
def test_outside_or_unsurveyed_is_no_contradiction(rank: int) -> None:
    assert contradictions([site(flood="yes")], [layer(rank)]) == []
    assert contradictions([site(flood="unknown")], [layer(2)]) == []
    assert contradictions([Listed("x", 2, "1", "a", "shelter", None, None)], [layer(2)]) == []


def test_the_report_and_the_layer_on_the_command_line(tmp_path: Path) -> None:
    layer(2).save(tmp_path / "layer")
    file = tmp_path / "x.csv"
    file.write_text(as_csv([changed(災害種別_洪水="1", 想定収容人数="応相談")]), "utf-8")
    done = CliRunner().invoke(
        group,
        ["check", str(file), "--layer", str(tmp_path / "layer"), "--report", "--format", "jsonl"],
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["problem"] for one in rows] == ["not_a_number", "in_hazard_zone"]
    assert all(one["meaning"] and one["advice"] and one["done"] for one in rows)
    assert rows[1]["input"] == str(file) and done.exit_code == 0


@pytest.mark.real_data
def test_the_older_list_of_ube_is_read_and_its_marks_designate_nothing() -> None:
    """国土数値情報 P20 (2012): 42 places, −1 = unknown capacity; designation came a year later."""
    found = readers.read_file(real_data("geo", "osm", "ube", "ube_shelters.zip"))
    assert len(found.listed) == 42
    assert sum(one.capacity.total is None for one in found.listed) == 5
    assert all(set(one.hazards.values()) == {"unknown"} for one in found.listed)
    assert {d.problem for d in found.defects} == {"not_a_designation", "not_a_number"}
    assert found.listed[0].more["P20_007"] == "1"


@pytest.mark.real_data
def test_a_site_of_numazu_lies_in_a_landslide_zone_it_is_designated_for() -> None:
    """Facts §2.2: the national list and the zones contradict each other; both are left as they are."""
    zones = real_data("geo", "plateau-numazu", "523856_lsld_6668_op.gml")
    sites = real_data("geo", "gsi-shelters", "emergency", "222038.json")
    arguments = ["check", str(sites), "--layer", str(zones), "--report", "--format", "jsonl"]
    done = CliRunner().invoke(group, arguments)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    inside = [one for one in rows if one["problem"] == "in_hazard_zone"]
    assert inside and all(one["column"] == "崖崩れ、土石流及び地滑り" for one in inside)
