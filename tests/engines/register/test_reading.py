"""Files of people, read: every form of a date, every town, every layout, hostile bytes."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import wareki
from sonae.core.errors import SonaeError
from sonae.engines.register import mappings, reading
from sonae.engines.register.converters import CONVERTERS, born, check_digit_fits
from sonae.engines.register.difference import (
    COLUMNS,
    Held,
    HeldHome,
    Place,
    compare,
    compare_homes,
)
from sonae.engines.register.items import ITEMS, PURPOSES, meaning, refused
from sonae.engines.register.problems import PROBLEMS
from sonae.engines.register.reading import Reading
from sonae.engines.register.towns import TownFinder

TOWNS = TownFinder(
    [("w", "001", "西町"), ("s3", "013", "栄町三丁目"), ("s4", "014", "栄町四丁目"), ("t", "020", "大字鶴ケ岡"),
     ("i", "021", "一番町"), ("tm", "022", "鶴ケ岡南")],
    ("試験県", "試験市"),
)  # fmt: skip


def table(rows: list[list[str]]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerows(rows)
    return held.getvalue().encode()


def read(raw: bytes, purpose: str = "register", **over: object) -> Reading:
    seen = reading.peek(raw, "x.csv", purpose)
    return reading.read(
        raw, "x.csv", purpose, mappings.guess(seen.headings, purpose), TOWNS, **over
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "key", "first", "last"),
    [
        ("昭和20年3月5日", "1945-03-05", "", ""), ("S20.3.5", "1945-03-05", "", ""),
        ("1945-03-05", "1945-03-05", "", ""), ("19450305", "1945-03-05", "", ""),
        ("1945-03", "1945-03", "", ""), ("1945", "1945", "", ""),
        ("明治45年7月30日", "1912-07-30", "1912-07-30", "1912-07-30"),
        ("大正15年12月25日", "1926-12-25", "1926-12-25", "1926-12-25"),
        ("昭和20年月日不詳", "1945", "1945-01-01", "1945-12-31"),
        ("昭和20年3月日不詳", "1945-03", "1945-03-01", "1945-03-31"),
        ("年月日不詳", "", "", ""), ("昭和20年頃", "1945", "1944-01-01", "1947-01-01"),
        ("推定昭和20年3月5日", "1945", "1945-02-18", "1945-03-20"),
        ("昭和20年春", "1945", "1945-03-01", "1945-05-31"),
        ("昭和20年3月上旬", "1945-03", "1945-03-01", "1945-03-10"),
        ("昭和20年3月中旬頃", "1945-03", "1945-03-01", "1945-03-30"),
        ("昭和20年1月から昭和21年3月まで", "1945", "1945-01-01", "1946-03-31"),
        ("昭和20年2月29日", "1945", "1945-02-28", "1945-03-01"),
        ("昭和20年3月頃", "1945", "1945-01-29", "1945-05-01"),
    ],
)  # fmt: skip
def test_every_form_of_an_unknown_day_survives(
    written: str, key: str, first: str, last: str
) -> None:
    """住民記録システム標準仕様書 1.1.8: kept as written, and read as what it can mean."""
    made, _problem = born(written)
    if made.written:
        assert made.written == written, "the words go out as they came in"
        assert born(made.written)[0] == made
    else:
        read_again = wareki.parse(made.key)
        assert (read_again.earliest, read_again.latest) == (
            wareki.parse(written).earliest, wareki.parse(written).latest,
        )  # fmt: skip
    assert made.key == key
    if made.written:
        assert (made.first, made.last) == (first, last)


@given(st.dates(min_value=wareki.ERAS[-1].first, max_value=date(2099, 12, 31)))
def test_a_plain_day_needs_no_words(day: date) -> None:
    for text in (wareki.format_long(day), wareki.format_short(day), str(day)):
        assert born(text) == ((str(day), "", "", ""), "")


@given(st.text(max_size=40))
def test_no_cell_breaks_a_converter(cell: str) -> None:
    for convert in CONVERTERS.values():
        _value, problem = convert(cell.strip())
        assert problem == "" or problem in PROBLEMS


@pytest.mark.parametrize(
    ("address", "town", "rest"),
    [
        ("試験県試験市西町1番地", "w", "1番地"), ("西町 １－２", "w", "1-2"), ("栄町3-1-2", "s3", "1-2"),
        ("栄町三丁目1番2号", "s3", "1番2号"), ("栄町４丁目５", "s4", "5"), ("鶴が岡12", "t", "12"),
        ("字鶴ヶ岡 3番地コーポ", "t", "3番地コーポ"), ("鶴ケ岡南5", "tm", "5"), ("一番町2", "i", "2"),
        ("山田町1", None, "山田町1"), ("栄町9-1", None, "栄町9-1"), ("", None, ""),
        ("栄町三-1", "s3", "1"), ("西1-2", "w", "1-2"), ("福島県他市西町1", None, "福島県他市西町1"),
    ],
)  # fmt: skip
def test_the_town_of_an_address(address: str, town: str | None, rest: str) -> None:
    found = TOWNS.find(address)
    assert (found.town, found.rest) == (town, rest)


def test_check_digits() -> None:
    def digit(number: str) -> str:
        weights = [2, 3, 4, 5, 6, 7] * 3
        rest = sum(int(d) * w for d, w in zip(reversed(number), weights, strict=False)) % 11
        return str(0 if rest in (0, 1) else 11 - rest)

    for n in range(1, 3000, 7):
        assert check_digit_fits(f"{n}{digit(str(n))}")
        assert not check_digit_fits(f"{n}{(int(digit(str(n))) + 1) % 10}")


def test_check_digits_are_told_only_where_numbers_have_them() -> None:
    head = [["宛名番号", "氏名", "住所"]]
    plain = [[f"{n:06d}", "人", "西町1"] for n in range(1000, 1100)]
    assert read(table(head + plain)).counts["check_digit"] == 0
    good = [
        [one[0] + next(d for d in "0123456789" if check_digit_fits(one[0] + d)), *one[1:]]
        for one in plain
    ]
    good[5][0] = good[5][0][:-1] + str((int(good[5][0][-1]) + 1) % 10)
    assert read(table(head + good)).counts["check_digit"] == 1


def test_layouts_fit_their_own_headings() -> None:
    for code, layout in mappings.layouts().items():
        assert layout["name"] and layout["purpose"] in PURPOSES
        if layout.get("heading", True):
            made = mappings.guess(list(layout["columns"]), layout["purpose"])
            assert made.layout == code and made.columns == layout["columns"]
            assert not mappings.lacking(made.items, layout["purpose"]), code
        else:
            assert not mappings.lacking(mappings.by_place(code).items, layout["purpose"])
        assert (
            mappings.valid(mappings.from_json({"columns": layout["columns"]}), layout["purpose"])
            == []
        )


def test_the_32_columns_of_lgdpm_are_read() -> None:
    heads = [
        "識別番号",
        "世帯番号",
        "住民種別",
        "住民状態",
        "住民票コード",
        "氏",
        "名",
        "氏カナ",
        "名カナ",
        "性別",
        "年齢",
        "生年月日",
        "都道府県",
        "市区町村",
        "町名",
        "番地",
        "郵便番号",
        "負傷",
        "負傷内容",
        "アレルギー",
        "アレルギー物質",
        "妊婦",
        "乳幼児",
        "要介護度",
        "一人暮らし高齢者",
        "高齢者世帯",
        "寝たきり高齢者",
        "認知症高齢者",
        "療育手帳",
        "身体障害者手帳",
        "本籍",
        "筆頭者",
    ]
    row = dict.fromkeys(heads, "") | {
        "識別番号": "12", "世帯番号": "3", "住民状態": "1", "氏": "備", "名": "太郎", "氏カナ": "ｿﾅｴ", "名カナ": "ﾀﾛｳ",
        "性別": "1", "生年月日": "S25.4.1", "都道府県": "試験県", "市区町村": "試験市", "町名": "栄町三丁目",
        "番地": "1-2", "住民票コード": "99999999999", "本籍": "秘密",
    }  # fmt: skip
    gone = row | {"識別番号": "13", "住民状態": "3"}
    found = read(table([heads, list(row.values()), list(gone.values())]))
    one = found.people["12"]
    assert (one.name, one.kana, one.birth.key, one.sex) == (
        "備 太郎",
        "ソナエ タロウ",
        "1950-04-01",
        "1",
    )
    assert (found.homes["3"].town, found.homes["3"].address) == ("s3", "1-2")
    assert found.people["13"].left_reason == "died"
    assert "秘密" not in str(found) and "99999999999" not in str(found), (
        "what nobody needs is not held"
    )


def test_a_file_by_place_has_its_own_codes() -> None:
    raw = table([
        ["0001", "7", "日本人", "2", "備 太郎", "ソナエ タロウ", "19500401", "1", "本人", "", "西町", "1", "", "20260401",
         "20", ""],
        ["0002", "7", "日本人", "1", "備 花子", "ソナエ ハナコ", "19520000", "2", "妻", "", "西町", "1", "", "", "", "1"],
    ])  # fmt: skip
    found = reading.read(raw, "x", "register", mappings.by_place("interim"), TOWNS)
    left, here = found.people["0001"], found.people["0002"]
    assert (left.left_on, left.left_reason) == ("2026-04-01", "moved_out")
    assert here.shielded and here.birth.key == "1952"


def test_what_must_not_be_taken_is_refused() -> None:
    for heading in ("個人番号", "マイナンバー", "個人番号（12桁）", "住民票コード"):
        assert refused(heading) and not meaning(heading, "register")
    kept = mappings.from_json({"columns": {"個人番号": "number", "氏名": "name", "x": "nothing"}})
    assert kept.columns == {"氏名": "name"}


def test_every_item_is_read_by_something() -> None:
    for one in ITEMS.values():
        assert one.reads in CONVERTERS
        assert meaning(one.name, next(p for p, of in PURPOSES.items() if one.of in of))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    for head in (b"", "宛名番号,氏名,住所\n".encode()):
        try:
            read(head + raw)
        except SonaeError as error:
            assert error.code in {
                "empty_file",
                "unreadable",
                "encoding",
                "missing_columns",
                "too_large",
            }


def test_more_rows_than_any_city_has_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    rows = [
        ["宛名番号", "世帯番号", "氏名", "住所"],
        *[[str(n), "1", "備", "西町1"] for n in (1, 2, 3)],
    ]
    assert read(table(rows)).rows == 3
    with pytest.raises(SonaeError, match="too_large"):
        read(table([*rows, ["4", "1", "備", "西町1"]]))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 6), st.sampled_from(["備", "渡邉", "", "〓 \ue000"])),
                max_size=40))  # fmt: skip
def test_nobody_is_lost_and_nobody_is_twice(rows: list[tuple[int, int, str]]) -> None:
    """Every row is a person, a defect that leaves it out, or both told: rows add up."""
    raw = table(
        [
            ["宛名番号", "世帯番号", "氏名", "住所"],
            *[[str(n), str(h), name, "西町1"] for n, h, name in rows],
        ]
    )
    if not rows:
        with pytest.raises(SonaeError):
            read(raw)
        return
    found = read(raw)
    kept = [one for one in found.people.values() if one.row]
    assert len(kept) + found.left_out == found.rows == len(rows)
    assert {one.key for one in kept} == {str(n) for n, _h, name in rows if name}, (
        "the first row with a name stands"
    )


def held(key: str, left_on: str = "", **values: str) -> Held:
    return Held(int(key), key, "1", left_on, "", False, tuple(values.get(c, "") for c in COLUMNS))


@given(st.sets(st.integers(1, 20)), st.sets(st.integers(1, 20)), st.booleans())
def test_a_difference_adds_up(here: set[int], file: set[int], whole: bool) -> None:
    """Recomputed as sets: new = file − here, gone = here − file (full editions only)."""
    people = [held(str(n), name="人") for n in here]
    read_ = Reading(fields=frozenset({"number", "name"}))
    for n in file:
        read_.people[str(n)] = reading.Person(
            n, str(n), number=str(n), name="人" if n % 2 else "別"
        )
    found = compare(people, read_, whole=whole, today="2026-07-01")
    assert {int(one.key) for one in found.new} == file - here
    assert found.gone == (here - file if whole else set())
    assert found.changed == {n for n in here & file if n % 2 == 0}
    assert found.same == len([n for n in here & file if n % 2])
    assert found.present == len(here)


def test_homes_move_only_when_the_file_says_so() -> None:
    there = [
        HeldHome(1, "1", "w", "1番地", 37.0, 139.0, "home", 2, 1),
        HeldHome(2, "2", "w", "2番地", 37.0, 139.0, "home", None, None),
    ]
    homes = {
        "1": reading.Home(2, "1", "w", "1番地"), "2": reading.Home(3, "2", "s3", "9"),
        "3": reading.Home(4, "3", None, "遠く"), "4": reading.Home(5, "4", "w", "無人"),
    }  # fmt: skip
    found = compare([], Reading(), whole=False, today="2026-07-01")
    compare_homes(found, there, homes, {"1", "2", "3"}, lambda home: Place(1.0, 2.0, "town"))
    assert {(c.pk, c.item) for c in found.home_changes} == {
        (2, "town"), (2, "address"), (2, "latitude"), (2, "longitude"), (2, "place"),
    }  # fmt: skip
    assert [one.number for one in found.homes_new] == ["3"], "a home nobody lives in is none"
