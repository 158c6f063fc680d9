"""Lists of facilities: every defect named, no blank taken for an answer, nothing lost."""

from __future__ import annotations

import io
import json
import math
import os
import statistics
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.shelters import gsi
from sonae.engines.shelters import table as tables_of_facilities
from sonae.engines.shelters.astray import ALONE_M, APART_M, astray
from sonae.engines.shelters.cli import group
from sonae.engines.shelters.columns import NATIONAL_FLAGS as FLAGS
from sonae.engines.shelters.listing import (
    HAZARDS,
    Capacity,
    Defect,
    Listed,
    capacity,
    closure,
    flag,
    restricted_to,
)
from sonae.engines.shelters.readers import read_list
from tests.conftest import ROOT, real_data

STANDARD = (
    "ID,名称,所在地_連結表記,緯度,経度,電話番号,内線番号,連絡先メールアドレス,郵便番号,"
    "災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,災害種別_高潮,災害種別_地震,災害種別_津波,"
    "災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,想定収容人数,備考"
)


Read = tuple[list[Listed], list[Defect]]


def read_csv(text: str, name: str) -> Read:
    found = tables_of_facilities.read_csv(text, name)
    return found.listed, found.defects


def read_xlsx(raw: bytes, name: str) -> Read:
    found = tables_of_facilities.read_xlsx(raw, name)
    return found.listed, found.defects


def read_geojson(text: str, name: str) -> Read:
    found = gsi.read_geojson(text, name)
    return found.listed, found.defects


def row(**over: str) -> str:
    """One row of the standard table."""
    cells = {
        "ID": "1", "名称": "第一小学校", "所在地_連結表記": "備え市1", "緯度": "37.5", "経度": "139.9",
        "電話番号": "", "内線番号": "", "連絡先メールアドレス": "", "郵便番号": "", "災害種別_洪水": "1",
        "災害種別_地震": "△", "災害種別_津波": "×", "想定収容人数": "247",
    } | over  # fmt: skip
    return ",".join(f'"{cells.get(column, "")}"' for column in STANDARD.split(","))


def table(*rows: str) -> str:
    return "\n".join((STANDARD, *rows))


def feature(**values: object) -> dict[str, object]:
    flags: dict[str, object] = dict.fromkeys(FLAGS.values(), "")
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [139.9, 37.5]},
            "properties": {"共通ID": "E1", "施設・場所名": "公園", "備考": None, **flags, **values}}  # fmt: skip


def national(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_national_flags_have_three_values() -> None:
    one = feature(洪水="1", 地震=None, 津波="2")
    del one["properties"]["高潮"]  # type: ignore[attr-defined]
    (listed,), defects = read_geojson(national(one), "x.json")
    found = {hazard: listed.hazards[hazard] for hazard in HAZARDS}
    assert found == {
        "flood": "yes", "landslide": "no", "storm_surge": "unknown", "earthquake": "unknown",
        "tsunami": "unknown", "fire": "no", "inland_flood": "no", "volcano": "no",
    }  # fmt: skip
    assert {(d.column, d.problem) for d in defects} == {
        ("地震", "not_a_flag"),
        ("津波", "not_a_flag"),
    }


def test_a_closure_that_stands_only_in_the_name_closes() -> None:
    name = "中央体育館(※改修工事中のため令和8年3月まで使用不可)"
    values = {"施設・場所名": name}
    (listed,), (defect,) = read_geojson(national(feature(**values)), "x.json")
    assert (listed.usable, listed.usable_reason) == ("no", "改修工事中のため令和8年3月まで使用不可")
    assert (defect.problem, defect.action, defect.value) == ("closed_in_name", "corrected", name)
    assert closure("中央体育館") == ""


def test_features_without_place_or_properties_are_said() -> None:
    listed, defects = read_geojson(
        national({"type": "Feature"}, {**feature(), "geometry": None}), "x.json"
    )
    assert [one.lat for one in listed] == [None]
    assert [d.problem for d in defects] == ["not_a_feature", "no_position"]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("屋内1,371人／屋外5,470人（面積の1/2）", (6841, 1371, 5470)),
        ("屋内1,371人屋外5,470人", (6841, 1371, 5470)), ("屋外200", (200, None, 200)),
        ("1200", (1200, None, None)), ("５００人", (500, None, None)), ("約300名", (300, None, None)),
        ("", (None, None, None)), ("－", (None, None, None)), ("未定", (None, None, None)),
        ("体育館100人、校舎200人", (None, None, None)),
    ],
)  # fmt: skip
def test_capacities(text: str, want: tuple[int | None, int | None, int | None]) -> None:
    found = capacity(text)
    assert (found.total, found.indoor, found.outdoor) == want


@given(st.text(max_size=30))
def test_no_text_becomes_a_capacity_of_zero_or_a_designation_by_accident(text: str) -> None:
    assert isinstance(capacity(text), Capacity)
    if not any(char.isdigit() for char in text):
        assert capacity(text).total is None
    if not text.strip():
        assert flag(text) == "unknown"


def test_flags_of_municipal_tables() -> None:
    assert [flag(x) for x in ("1", "○", "〇", "◎", "△", "×", "0", "", " ", None, "？", "１")] == [
        "yes", "yes", "yes", "yes", "partial", "no", "no", "unknown", "unknown", "unknown", "unknown", "yes",
    ]  # fmt: skip


def test_restrictions_never_become_everyone() -> None:
    assert restricted_to("高齢者") == ("elderly",)
    assert restricted_to("障がい者・高齢者") == ("elderly", "disabled")
    assert restricted_to("本校の生徒、卒業生とその家族") == ("other",)
    assert restricted_to("") == ()


def test_the_standard_table() -> None:
    (listed,), defects = read_csv(table(row()), "x.csv")
    assert (listed.row, listed.id, listed.lat, listed.lon) == (2, "1", 37.5, 139.9)
    assert (listed.hazards["flood"], listed.hazards["earthquake"]) == ("yes", "partial")
    assert (listed.hazards["tsunami"], listed.hazards["fire"]) == ("no", "unknown")
    assert listed.capacity.total == 247
    assert defects == []


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"緯度": "abc"}, "not_a_number"), ({"緯度": ""}, "no_position"),
        ({"緯度": "139.9", "経度": "37.5"}, "swapped_position"), ({"緯度": "0", "経度": "0"}, "outside_municipality"),
        ({"想定収容人数": "多数"}, "not_a_number"), ({"名称": "ドロップされたピン"}, "placeholder"),
        ({"名称": "公民館（休止中）"}, "closed_in_name"), ({"名称": ""}, "no_name"),
        ({"災害種別_洪水": "浸水深による"}, "not_a_flag"),
        ({"内線番号": "072028", "連絡先メールアドレス": "福島県"}, "shifted_columns"),
    ],
)  # fmt: skip
def test_each_defect_is_named(over: dict[str, str], problem: str) -> None:
    (listed,), defects = read_csv(table(row(**over)), "x.csv")
    assert problem in {d.problem for d in defects}
    assert all(d.row == 2 for d in defects)
    assert listed.name == over.get("名称", "第一小学校"), "the row is kept"


def test_swapped_positions_are_put_right_and_shifted_capacities_not_believed() -> None:
    (one,), _ = read_csv(table(row(緯度="139.9", 経度="37.5")), "x.csv")
    assert (one.lat, one.lon) == (37.5, 139.9)
    (two,), _ = read_csv(table(row(内線番号="072028", 連絡先メールアドレス="福島県")), "x.csv")
    assert two.capacity == Capacity(text="247")


def test_repeated_rows_are_kept_and_named() -> None:
    listed, defects = read_csv(table(row(), row(ID="2"), row()), "x.csv")
    assert len(listed) == 3
    assert [(d.row, d.problem) for d in defects] == [(3, "duplicate"), (4, "duplicate")]


def test_what_the_list_says_about_the_other_designation_is_kept() -> None:
    twin = {"指定避難所との住所同一": "1"}
    stay = feature(指定緊急避難場所との住所同一="1", 受入対象者="")
    for column in FLAGS.values():
        del stay["properties"][column]  # type: ignore[attr-defined]
    listed, _ = read_geojson(national(feature(**twin), feature(), stay), "x.json")
    assert [one.kind for one in listed] == ["both", "emergency_site", "both"]
    assert set(listed[2].hazards.values()) == {"unknown"}, "a shelter list designates no hazard"
    standard = STANDARD + ",指定避難所との重複"
    lines = (f"{row()},{mark}" for mark in ("1", "", "0", "？"))
    listed, _ = read_csv("\n".join((standard, *lines)), "x.csv")
    assert [one.kind for one in listed] == ["both", *["emergency_site"] * 3]


def test_a_place_in_another_municipality_is_named_and_kept() -> None:
    town = [row(ID=f"{n}", 名称=f"施設{n}", 緯度=f"{37.5 + n / 50}") for n in range(6)]
    pair = [row(ID=f"x{n}", 名称=f"隣市{n}", 経度=f"{140 + n / 8}") for n in range(2)]
    listed, defects = read_csv(table(*town, *pair), "x.csv")
    assert [(d.row, d.value, d.problem, d.action) for d in defects] == [
        (8, "37.5,140.0", "outside_municipality", "kept"),
        (9, "37.5,140.125", "outside_municipality", "kept"),
    ]
    assert [one.lon for one in listed[6:]] == [140.0, 140.125]
    _, even = read_csv(table(*town[:2], *pair), "x.csv")
    assert even == [], "nobody knows which half is the municipality"
    names = [{"共通ID": f"E{n}", "施設・場所名": f"公園{n}"} for n in range(4)]
    *same, other = [feature(**name) for name in names]
    away = {**other, "geometry": {"type": "Point", "coordinates": [140.2, 37.5]}}
    _, (defect,) = read_geojson(national(*same, away), "x.json")
    assert (defect.row, defect.column, defect.problem) == (4, "geometry", "outside_municipality")


@given(st.lists(st.tuples(st.floats(37, 37.4), st.floats(139, 139.4)), min_size=3, max_size=20))
def test_who_is_away_equals_a_naive_walk_from_place_to_place(
    where: list[tuple[float, float]],
) -> None:
    rows = [Listed("x", n, "", "", "shelter", lat, lon) for n, (lat, lon) in enumerate(where)]
    scale = math.cos(math.radians(statistics.median(lat for lat, _ in where)))

    def metres(a: Listed, b: Listed) -> float:
        assert a.lat is not None and a.lon is not None and b.lat is not None and b.lon is not None
        return 111_320 * math.hypot(a.lat - b.lat, (a.lon - b.lon) * scale)

    groups: list[set[int]] = []
    for one in rows:
        reach = [g for g in groups if any(metres(one, rows[other]) <= APART_M for other in g)]
        groups = [g for g in groups if g not in reach] + [{one.row}.union(*reach)]
    home = next((g for g in groups if len(g) * 2 > len(rows)), None)
    alone = {
        one.row
        for one in rows
        if all(metres(one, other) > ALONE_M for other in rows if other is not one)
    }
    wanted = set() if home is None else set(range(len(rows))) - home | alone
    assert {d.row for d in astray(rows, "lat")} == wanted


def test_lookalikes_encodings_and_workbooks(tmp_path: Path) -> None:
    text = "施設名,住所,緯度,経度,洪水,土砂,収容人数\r\n髙台中学校,備え市2,37.6,139.8,○,△,100人\r\n"
    for name, raw in (
        ("a.csv", text.encode("utf-8-sig")),
        ("b.csv", text.encode("cp932", "replace")),
    ):
        (tmp_path / name).write_bytes(raw)
        (listed,), _ = read_list(tmp_path / name)
        assert (listed.hazards["flood"], listed.hazards["landslide"]) == ("yes", "partial")
        assert listed.capacity.total == 100
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in text.split("\r\n")[:2]:
        sheet.append(line.split(","))
    held = io.BytesIO()
    book.save(held)
    (tmp_path / "c.xlsx").write_bytes(held.getvalue())
    (listed,), _ = read_list(tmp_path / "c.xlsx")
    assert (listed.name, listed.lat) == ("髙台中学校", 37.6)


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("a.csv", b"", "empty_file"), ("a.csv", STANDARD.encode(), "empty_file"),
        ("a.csv", b"x,y\n1,2\n", "missing_columns"), ("a.csv", b"\xff\x81\xfd", "encoding"),
        ("a.xlsx", b"PK no", "unreadable"), ("a.json", b"[1]", "unreadable"),
        ("a.json", b'{"features": []}', "empty_file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, raw: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(SonaeError) as caught:
        read_list(tmp_path / name)
    assert caught.value.code == code


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(table(row(), row(ID="2", 名称="公民館(使用不可)")), "utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    files = [str(tmp_path / "good.csv"), str(tmp_path / "empty.csv")]
    done = subprocess.run(
        [sys.executable, "-m", "sonae", "shelters", "check", *files, "--defects", str(tmp_path / "d")],
        capture_output=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["usable"] for one in rows] == ["unknown", "no"]
    assert rows[0]["capacity"] == {"total": 247, "indoor": None, "outdoor": None, "text": "247"}
    refused = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["input"], one["error"]) for one in refused] == [(files[1], "empty_file")]
    defects = [json.loads(line) for line in (tmp_path / "d").read_text("utf-8").splitlines()]
    assert [(d["row"], d["problem"], d["action"]) for d in defects] == [
        (3, "closed_in_name", "corrected"),
        (0, "empty_file", "left_out"),
    ]


def workbook() -> bytes:
    book, held = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["名称", "緯度", "経度"])
    sheet.append(["公民館", 37.5, 139.9])
    book.save(held)
    return held.getvalue()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_damaged_workbook_is_refused_or_read_and_never_more(
    damage: list[tuple[int, int]],
) -> None:
    raw = bytearray(workbook())
    for at, byte in damage:
        raw[at % len(raw)] = byte
    with suppress(SonaeError):
        read_xlsx(bytes(raw), "x.xlsx")


def test_a_bad_file_does_not_stop_the_good_one_after_it(tmp_path: Path) -> None:
    (tmp_path / "open_quote.csv").write_text(table(row(), '"2","' + "あ" * 140_000), "utf-8")
    (tmp_path / "open_heading.csv").write_text('名称,"' + "あ" * 140_000, "utf-8")
    (tmp_path / "deep.json").write_text('{"features":' + "[" * 100_000, "utf-8")
    (tmp_path / "good.csv").write_text(table(row()), "utf-8")
    bad = [str(tmp_path / name) for name in ("open_quote.csv", "open_heading.csv", "deep.json")]
    done = CliRunner().invoke(group, ["check", *bad, str(tmp_path / "good.csv")])
    assert done.exit_code == 1
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == ["第一小学校"]
    refused = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["input"], one["error"]) for one in refused] == [(f, "unreadable") for f in bad]


@pytest.mark.real_data
def test_real_national_lists_count_as_known() -> None:
    """Designated sites per hazard and restrictions of 会津若松, counted before by hand (facts)."""
    listed, _ = read_list(real_data("geo", "gsi-shelters", "emergency", "072028.json"))
    counted = Counter(h for one in listed for h, answer in one.hazards.items() if answer == "yes")
    assert (len(listed), counted["flood"], counted["landslide"]) == (199, 124, 190)
    assert (counted["earthquake"], counted["tsunami"], counted["inland_flood"]) == (193, 0, 199)
    stays, _ = read_list(real_data("geo", "gsi-shelters", "evacuation", "072028.json"))
    groups = Counter(one.restricted_to for one in stays if one.restricted_to)
    assert sum(groups.values()) == 32
    assert (groups["elderly",], groups["disabled",]) == (14, 10)
    assert Counter(one.kind for one in stays) == {"both": 67, "shelter": 35}
    assert Counter(one.kind for one in listed) == {"both": 67, "emergency_site": 132}
    assert not any(one.restricted_to for one in stays if one.kind == "both")


@pytest.mark.real_data
@pytest.mark.parametrize("city", ["072028", "222038", "352021", "432041"])
@pytest.mark.parametrize("kind", ["emergency", "evacuation"])
def test_no_real_site_counts_as_outside_its_municipality(kind: str, city: str) -> None:
    _, defects = read_list(real_data("geo", "gsi-shelters", kind, f"{city}.json"))
    assert "outside_municipality" not in {d.problem for d in defects}
