"""Columns that moved are put back where the shapes of the values prove it, and only there."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.engines.shelters.align import align, fit
from sonae.engines.shelters.columns import STANDARD, meaning
from sonae.engines.shelters.listing import HAZARDS, Listed, Reading
from sonae.engines.shelters.table import read_csv

from .sheet import AT, FLAGS, as_csv, good_row, good_rows

KEYS = [meaning(heading) for heading in STANDARD]


def read(rows: list[list[str]]) -> Reading:
    return read_csv(as_csv(rows), "x.csv")


def shifts(found: Reading) -> set[str]:
    return {one.action for one in found.defects if one.problem == "shifted_columns"}


def agrees(one: Listed, true: Listed) -> None:
    """No value may be wrong; it may be missing, and then it is in a report."""
    for hazard in HAZARDS:
        assert one.hazards[hazard] in {true.hazards[hazard], "unknown"}
    assert one.capacity.total in {true.capacity.total, None}
    assert (one.lat, one.lon) in {(true.lat, true.lon), (None, None)}


def test_rows_in_order_stay_as_they_are() -> None:
    rows = good_rows()
    assert [one.cells for one in align(KEYS, rows)] == rows
    assert read(rows).defects == []


def test_five_columns_that_moved_in_every_row_are_put_back() -> None:
    """The address columns stand behind the telephone: the heading says one order, the data another."""
    rows = good_rows()
    moved = [[*r[:5], *r[10:17], *r[5:10], *r[17:]] for r in rows]
    assert moved[0][AT["電話番号"] + 1 - 1] != "", "something else stands there now"
    found = read(moved)
    assert [vars(a) | {"row": 0} for a in found.listed] == [
        vars(b) | {"row": 0} for b in read(rows).listed
    ]
    assert shifts(found) == {"corrected"}
    first = [d for d in found.defects if d.row == 2]
    assert ("所在地_都道府県", "試験県") in {(d.column, d.value) for d in first}


def test_a_code_as_extension_and_a_prefecture_as_mail() -> None:
    """Blocks that are no neighbours: what shows its nature goes home, the rest is kept and said."""
    homes = [
        AT[name] for name in ("所在地_全国地方公共団体コード", "所在地_都道府県", "所在地_市区町村")
    ]
    start = AT["内線番号"]
    rows = good_rows()
    moved = [list(row) for row in rows]
    for row in moved:
        for offset, home in enumerate(homes):
            row[start + offset], row[home] = row[home], ""
    found, true = read(moved), read(rows)
    for one, other in zip(found.listed, true.listed, strict=True):
        agrees(one, other)
        assert one.more["所在地_都道府県"] == "試験県" and one.more["所在地_市区町村"] == "試験市"
        assert one.hazards == other.hazards
    told = {(d.column, d.value, d.action) for d in found.defects if d.row == 2}
    assert ("所在地_都道府県", "試験県", "corrected") in told


@pytest.mark.parametrize("at", [5, 17, 20, 24, 26, 30, 33])
@pytest.mark.parametrize("value", ["", "余分な値"])
def test_a_cell_too_many_never_makes_a_wrong_answer(at: int, value: str) -> None:
    rows = good_rows()
    found, true = read([[*r[:at], value, *r[at:]] for r in rows]), read(rows)
    for one, other in zip(found.listed, true.listed, strict=True):
        agrees(one, other)
    assert shifts(found), "it was seen"


@pytest.mark.parametrize("at", [4, 9, 17, 24, 26, 30])
def test_a_cell_too_few_never_makes_a_wrong_answer(at: int) -> None:
    rows = good_rows()
    found, true = read([[*r[:at], *r[at + 1 :]] for r in rows]), read(rows)
    for one, other in zip(found.listed, true.listed, strict=True):
        agrees(one, other)
    assert shifts(found), "it was seen"


def test_one_row_out_of_many_is_found() -> None:
    rows = good_rows()
    row = rows[3]
    bad = [*rows[:3], [*row[:20], "追記", *row[20:]], *rows[4:]]
    found, true = read(bad), read(rows)
    assert [one.hazards for one in found.listed] == [one.hazards for one in true.listed]
    assert {d.row for d in found.defects if d.problem == "shifted_columns"} == {5}


def cut(row: list[str], first: str) -> list[str]:
    at = AT["想定収容人数"]
    return [*row[:at], first, "371", *row[at + 1 :]]


def test_a_number_cut_by_its_own_comma_is_put_together() -> None:
    found = read([*good_rows(3), cut(good_row(4), "2")])
    assert found.listed[3].capacity.total == 2371
    assert [(d.row, d.column, d.value, d.problem, d.action) for d in found.defects] == [
        (5, "想定収容人数", "2,371", "split_number", "corrected")
    ]


def test_a_lone_1_before_the_number_may_be_a_flag_that_moved() -> None:
    """1,371 people, or a blank too many among the flags? Where both fit, nobody is told either."""
    blank, full = good_row(4), good_row(4)
    for name in FLAGS:
        full[AT[name]] = "1"
    blank[AT[FLAGS[2]]] = ""
    one, other = read([cut(blank, "1"), cut(full, "1")]).listed
    assert one.capacity.total is None and other.capacity.total == 1371
    assert all(one.hazards[h] in {"yes", "unknown"} for h in HAZARDS)


def test_flags_are_not_believed_when_nothing_proves_their_place() -> None:
    """A code and a prefecture without a home, and nothing behind the flags: they are unknown."""
    heading = ("名称", "内線番号", "連絡先メールアドレス", "災害種別_洪水", "災害種別_地震", "備考")
    text = as_csv([["第一小学校", "992011", "試験県", "1", "1", ""]], heading)
    found = read_csv(text, "x.csv")
    assert found.listed[0].hazards["flood"] == found.listed[0].hazards["earthquake"] == "unknown"
    said = [d.value for d in found.defects if d.problem == "shifted_columns"]
    assert {"992011", "試験県", "1"} <= set(said)


rows_of_text = st.lists(
    st.lists(st.sampled_from(["", "1", "0", "△", "37.5", "139.9", "992011", "試験県", "a@b.jp",
                              "https://example.jp", "第一小学校", "999-0000", "120人", "?", "－"]),
             min_size=1, max_size=44), min_size=1, max_size=6)  # fmt: skip


@settings(max_examples=40)
@given(rows_of_text)
def test_nothing_that_was_written_is_lost(rows: list[list[str]]) -> None:
    """Whatever stands in a row stands in the facility or in a report, also when columns moved."""
    rows = [["", "", "施設", *row] for row in rows]
    found = read(rows)
    for number, row in enumerate(rows, start=2):
        mine = [
            json.dumps(one.to_json(), ensure_ascii=False)
            for one in found.listed
            if one.row == number
        ]
        said = mine + [one.value for one in found.defects if one.row == number]
        flags = {"1", "0", "△", "－", "?"}
        for cell in row:
            assert not cell or cell in flags or any(cell in text for text in said), cell


@given(st.sampled_from(KEYS), st.text(max_size=20))
def test_a_blank_proves_nothing_and_every_fit_is_finite(key: str | None, text: str) -> None:
    assert fit(key, " ") == 0
    assert -3 <= fit(key, text) <= 2
