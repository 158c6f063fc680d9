"""Rosters read: every row a line or a defect, cells kept as written, the card's ditto signs understood."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.defects import ACTIONS
from sonae.engines.rosters import items
from sonae.engines.rosters.condition import condition
from sonae.engines.rosters.problems import PROBLEMS
from sonae.engines.rosters.reading import Reading, first_line, read, read_typed

DAY = date(2026, 7, 1)
CELL = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("〃同上男女備太郎12/.年月日昭和　 \t"), max_size=12
)  # fmt: skip
HEADS = ["世帯", "氏名", "ふりがな", "性別", "生年月日", "年齢", "住所", "備考"]


def table(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def problems(found: Reading) -> list[tuple[int, str, str]]:
    return [(one.row, one.problem, one.action) for one in found.defects]


@given(st.lists(st.lists(CELL, min_size=8, max_size=9), min_size=1, max_size=8))
def test_every_row_is_a_line_or_a_defect_whatever_is_written(rows: list[list[str]]) -> None:
    clean = [[cell.replace("\x00", "").replace("\r", " ") for cell in row] for row in rows]
    try:
        found = read(table([HEADS, *clean]), "x.csv", as_of=DAY)
    except SonaeError as error:
        assert error.code in {"empty_file", "unreadable"}
        return
    written = [row for row in clean if any(cell.strip() for cell in row)]
    lost = {one.row for one in found.defects if one.action == "left_out"}
    kept = {one.row for one in found.lines}
    assert not lost & kept
    assert len(kept) + len(lost) >= len(written) - sum(_only_number(row) for row in written)
    for line in found.lines:
        assert line.facts["name"] or line.facts["kana"]
        assert line.facts["sex"] in {"", "1", "2"} and line.facts["age"].isdigit() | (
            not line.facts["age"]
        )
        assert not line.facts["birth_date"] or int(line.facts["birth_date"][:4]) <= DAY.year
        assert line.group
    assert {one.problem for one in found.defects} <= set(PROBLEMS)
    assert {one.action for one in found.defects} <= set(ACTIONS)


def _only_number(row: list[str]) -> bool:
    return sum(bool(cell.strip()) for cell in row) == 1


@given(st.permutations(range(len(HEADS))))
def test_columns_may_stand_in_any_order(order: list[int]) -> None:
    row = ["A", "備 太郎", "そなえ たろう", "男", "昭和25年4月1日", "76", "西町1番地", "杖"]
    found = read(table([[HEADS[n] for n in order], [row[n] for n in order]]), "x.csv", as_of=DAY)
    [line] = found.lines
    assert line.facts == {
        "name": "備 太郎", "kana": "ソナエ タロウ", "sex": "1", "birth_date": "1950-04-01",
        "age": "76", "address": "西町1番地", "phone": "",
    }  # fmt: skip
    assert line.said["note"] == "杖" and sorted(line.cells) == sorted(row)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("above", [[], [["避難者名簿", "", ""], ["7月1日 18時現在", "", ""]]])
def test_any_encoding_and_a_title_above_the_heading(encoding: str, above: list[list[str]]) -> None:
    raw = table(
        [*above, ["№", "お名前", "年令"], ["1", "髙﨑 太郎", "七"], ["2", "", ""]], encoding
    )
    found = read(raw, "x.csv", as_of=DAY)
    [line] = found.lines
    assert line.facts["name"] == "髙﨑 太郎" and line.row == len(above) + 2
    assert ("bad_age" in {one.problem for one in found.defects}) == (line.facts["age"] == "")


def test_two_columns_make_one_name_and_three_one_address() -> None:
    heads = ["姓", "名", "セイ", "メイ", "市区町村", "町名", "住所"]
    row = ["備", "太郎", "ソナエ", "タロウ", "試験市", "西町", "1-2"]
    [line] = read(table([heads, row]), "x.csv", as_of=DAY).lines
    facts = line.facts
    assert (facts["name"], facts["kana"], facts["address"]) == (
        "備 太郎",
        "ソナエ タロウ",
        "試験市西町1-2",
    )


def test_ditto_signs_take_the_line_above_and_make_one_card() -> None:
    rows = [
        {"name": "備 太郎", "address": "西町1"}, {"name": "〃 花子", "address": "同上"},
        {"name": "高橋 葵", "address": "東町4"}, {"name": "同上 翔", "address": "〃"},
    ]  # fmt: skip
    lines = read_typed(rows, items.NAMES, DAY).lines
    assert [one.facts["name"] for one in lines] == ["備 太郎", "備 花子", "高橋 葵", "高橋 翔"]
    assert [one.facts["address"] for one in lines] == ["西町1", "西町1", "東町4", "東町4"]
    assert lines[0].group == lines[1].group != lines[2].group == lines[3].group
    assert lines[1].said["name"] == "〃 花子", "as written stays as written"
    first = read_typed([{"name": "〃"}], items.NAMES, DAY)
    assert not first.lines and problems(first) == [(1, "no_name_above", "left_out")]


def test_what_is_wrong_is_said_by_row_with_what_was_done() -> None:
    rows = [
        ["1", "備 太郎", "", "?", "2/30", "三つ", "", ""],
        ["1", "備\u200b 花子", "", "女", "2030-01-01", "40", "", ""],
        ["2", "斎藤〓", "", "", "S65.1.1", "12", "", "", "余り"],
        ["", "氏名", "ふりがな", "性別", "", "", "", ""],
        ["合計", "3", "", "", "", "", "", ""],
        ["3", "", "", "男", "", "", "西町", ""],
        ["4", "高橋 葵", "", "女", "2004-10-10", "50", "", "あ" * 400],
        ["4", "高橋 葵", "", "女", "2004-10-10", "50", "", ""],
    ]
    found = read(table([HEADS, *rows]), "x.csv", as_of=DAY)
    told = set(problems(found))
    assert {
        (2, "bad_sex", "kept"), (2, "bad_date", "kept"), (2, "bad_age", "kept"),
        (3, "control", "corrected"), (3, "future_date", "kept"), (4, "gaiji", "kept"),
        (4, "more_cells", "kept"), (5, "heading_again", "left_out"), (6, "total_row", "left_out"),
        (7, "no_name", "left_out"), (8, "birth_and_age", "kept"), (8, "too_long", "corrected"),
        (9, "duplicate", "kept"),
    } <= told  # fmt: skip
    assert [line.row for line in found.lines] == [2, 3, 4, 8, 9]


def test_what_stands_in_the_next_cell_is_read_where_it_belongs_and_told() -> None:
    found = read(
        table([HEADS, ["1", "", "佐藤 茂", "男", "", "昭和60年1月5日", "栄町", ""]]),
        "x.csv",
        as_of=DAY,
    )
    (line,) = found.lines
    assert (line.facts["name"], line.facts["birth_date"]) == ("佐藤 茂", "1985-01-05")
    assert line.cells[2] == "佐藤 茂" and line.said["kana"] == "佐藤 茂"
    assert [(d.row, d.column, d.problem, d.action, d.detail) for d in found.defects] == [
        (2, "氏名", "next_cell", "corrected", "佐藤 茂"),
        (2, "生年月日", "next_cell", "corrected", "昭和60年1月5日"),
    ]


@pytest.mark.parametrize("at", [0, 1])
def test_merged_cells_of_a_workbook_belong_to_every_row(at: int) -> None:
    """Also where the first sheet of the workbook is empty, and another is read."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0] if at == 0 else book.create_sheet("名簿")
    for row in (
        ["世帯", "氏名", "年齢"],
        ["A-1", "備 太郎", 76],
        [None, "備 花子", 74],
        ["B", "佐藤 守", 26.0],
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.create_sheet("控え").append(["氏名", "x"])
    out = io.BytesIO()
    book.save(out)
    found = read(out.getvalue(), "x.xlsx", as_of=DAY)
    assert [line.group for line in found.lines] == ["A-1", "A-1", "B"]
    assert found.lines[2].facts["age"] == "26"
    assert {"merged_cells", "other_sheet"} <= {one.problem for one in found.defects}


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", "empty_file"), (b"\xff\xfe", "empty_file"), ("氏名,年齢\n".encode(), "empty_file"),
        ("列1,列2\nあ,い\n".encode(), "missing_columns"), (b"\xd0\xcf\x11\xe0rest", "unreadable"),
        (b"PK\x03\x04broken", "unreadable"), ("氏名\n備\n".encode() + b"\x81\n", "encoding"),
    ],
)  # fmt: skip
def test_what_is_no_roster_is_refused_with_a_reason(raw: bytes, error: str) -> None:
    with pytest.raises(SonaeError) as refused:
        read(raw, "x", as_of=DAY)
    assert refused.value.code == error and refused.value.detail


def test_a_mapping_by_hand_overrules_the_guess() -> None:
    raw = table([["甲", "乙"], ["ソナエ", "備 太郎"]])
    with pytest.raises(SonaeError):
        read(raw, "x.csv", as_of=DAY)
    [line] = read(raw, "x.csv", as_of=DAY, mapping=["kana", "name"]).lines
    assert line.facts["name"] == "備 太郎"
    with pytest.raises(SonaeError):
        read(raw, "x.csv", as_of=DAY, mapping=["note", "age"])
    assert items.checked(["name", "name", "nonsense"], 4) == ["name", "", "", ""]


def test_a_date_in_the_column_of_the_reading_is_told_and_no_reading() -> None:
    rows = [
        ["氏名", "フリガナ"],
        ["備 太郎", "1950-04-01"],
        ["備 花子", "ソナエ2 ハナコ"],
        ["J", "JOHN"],
    ]
    found = read(table(rows), "x.csv", as_of=DAY)
    assert found.lines[0].facts["kana"] == "" and len(found.lines) == 3
    assert all(one.facts["kana"] for one in found.lines[1:])
    [told] = found.defects
    assert (told.row, told.column, told.problem) == (2, "フリガナ", "bad_kana")
    assert found.lines[0].said["kana"] == "1950-04-01", "what was written stays"


def test_a_list_without_headings_loses_nobody_when_a_person_says_so() -> None:
    raw = table([["備 太郎", "1950-04-01"], ["備 花子", "1952-05-02", "西町"]])
    with pytest.raises(SonaeError, match="missing_columns"):
        read(raw, "x.csv", as_of=DAY)
    assert first_line(raw, "x.csv") == ["備 太郎", "1950-04-01", ""]
    found = read(raw, "x.csv", as_of=DAY, mapping=["name", "birth_date", "address"], heading=False)
    assert [(one.row, one.facts["name"]) for one in found.lines] == [(1, "備 太郎"), (2, "備 花子")]
    assert found.headings == ["1列目", "2列目", "3列目"] and found.defects == []
    [alone] = read(raw, "x.csv", as_of=DAY, mapping=["name", "birth_date"]).lines
    assert alone.facts["name"] == "備 花子", "else the first line is taken for the headings"


def test_below_a_title_a_person_names_every_column() -> None:
    raw = "第一小学校 名簿\nだれ,いつ生\n備 太郎,1950-04-01\n".encode()
    assert first_line(raw, "x.csv") == ["第一小学校 名簿", ""]
    found = read(raw, "x.csv", as_of=DAY, mapping=["name", "birth_date"])
    assert found.mapping == ["name", "birth_date"]
    assert (found.lines[-1].facts["name"], found.lines[-1].facts["birth_date"]) == (
        "備 太郎", "1950-04-01",
    )  # fmt: skip
    assert "more_cells" not in {one.problem for one in found.defects}


@pytest.mark.parametrize("heading", [True, False])
def test_separators_alone_are_an_empty_file(heading: bool) -> None:
    for mapping in (None, ["name", "kana"]):
        with pytest.raises(SonaeError, match="empty_file"):
            read(b",,,\n,,\n", "x.csv", as_of=DAY, mapping=mapping, heading=heading)


def test_more_rows_than_any_roster_has_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sonae.engines.rosters.reading.MOST_ROWS", 3)
    rows = [["氏名"], *[[f"備 {n}郎"] for n in "一二三"]]
    assert len(read(table(rows), "x.csv", as_of=DAY).lines) == 3
    with pytest.raises(SonaeError, match="too_large"):
        read(table([*rows, ["備 四郎"]]), "x.csv", as_of=DAY)


@pytest.mark.parametrize(
    ("heading", "item"),
    [
        ("氏名", "name"), ("※氏名（必須）", "name"), ("避難者氏名", "name"), ("ふりがな", "kana"),
        ("氏名（カナ）", "kana"), ("生年月日（和暦）", "birth_date"), ("年 齢", "age"), ("性　別", "sex"),
        ("連絡先", "phone"), ("世帯代表者", "group"), ("退所日", "left"), ("血液型", ""),
    ],
)  # fmt: skip
def test_headings_are_understood_as_lists_write_them(heading: str, item: str) -> None:
    assert items.meaning(heading) == item


@pytest.mark.parametrize(
    ("heading", "text", "means"),
    [
        *(("安否", text, "safe") for text in ("", " ", "－", "無事", "無事です", "ご無事"[1:], "○", "異常なし",
          "けがなし", "ケガ無し", "負傷はありません", "無事、けがなし", "体調良好", "特になし", "OK", "骨折なし")),
        *(("安否", text, "injured") for text in ("けが", "軽傷", "右足骨折", "負傷者", "ケガあり", "無事（けがあり）",
          "骨折の疑い", "重傷 歩けない")),
        *(("安否", text, "needs_help") for text in ("要救助", "けが、救助要請")),
        *(("安否", text, "") for text in ("行方不明", "安否不明", "不明", "死亡", "負傷後に死亡", "意識不明", "意識なし、骨折",
          "けが不明", "×", "有", "未確認", "無事?", "無事、発熱", "無事ではない", "けがなしではない", "心肺停止",
          "連絡が取れない", "助け不要?", "なにか", "無事か不明", "1")),
        ("けが", "有", "injured"), ("負傷の有無", "あり", "injured"), ("負傷", "○", "injured"),
        ("けが", "無", "safe"), ("ケガ", "なし", "safe"), ("負傷", "×", "safe"), ("負傷", "不明", ""),
        ("負傷", "腕", ""), ("けが", "死亡", ""),
    ],
)  # fmt: skip
def test_a_condition_is_read_with_its_negation_or_not_at_all(
    heading: str, text: str, means: str
) -> None:
    assert condition(text, heading) == means
    found = read(table([["氏名", heading], ["備 太郎", text]]), "x.csv", as_of=DAY)
    told = [one.value for one in found.defects if one.problem == "bad_status"]
    assert (len(found.lines), told) == (1, [] if means or heading == "負傷の有無" else [text])
