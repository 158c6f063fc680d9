"""Register and roster in one form: what people leave out or write otherwise comes to the same text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.matching import cards, columns, splitting
from sonae.engines.matching.characters import Characters
from sonae.engines.matching.sides import Columns, column, size
from tests.engines.matching.people import AS_OF, city, roster


def lines(*rows: dict[str, str], register: Columns | None = None) -> list[dict[str, Any]]:
    return columns.prepare(register or city(), roster(*rows), AS_OF).roster.to_pylist()


def first(at: int, key: str) -> str:
    return city()[key][at]


ADDRESSES = [
    "栄町1-2-3",
    "栄町１丁目２番３号",
    "栄町一丁目2番3号",
    "備え市栄町1の2の3",
    "栄町 1丁目 2-3",
    "栄町1－2－3",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_one_place_has_one_lot_however_it_is_written(text: str) -> None:
    (line,) = lines({"name": "山田 太郎", "address": text})
    assert (line["area"], line["town"], line["lot"]) == ("栄町", "栄町1", "栄町1|2-3")


@pytest.mark.parametrize("text", ["大字広塚12番地", "広塚12", "廣塚１２番地"])
def test_oaza_and_old_forms_count_for_nothing(text: str) -> None:
    (line,) = lines({"name": "山田 太郎", "address": text})
    assert line["area"] == "広塚"
    assert line["lot"] is not None


def test_a_town_of_another_city_keeps_its_city() -> None:
    own, other = lines(
        {"name": "山田 太郎", "address": "備え市栄町1-2-3"},
        {"name": "山田 次郎", "address": "隣山市栄町1-2-3"},
    )
    assert (own["city"], other["city"]) == ("備え市", "隣山市")


def test_a_register_that_never_names_its_city_gets_the_name_most_lines_use() -> None:
    written = [{"name": "山田 太郎", "address": "備え市栄町1-2-3"}] * 3 + [
        {"name": "a b", "address": "隣山市栄町1"}
    ]
    both = columns.prepare(city(), roster(*written), AS_OF)
    assert set(both.register["city"].to_pylist()) == {"備え市"}


def test_an_age_gives_the_likelier_birth_year_and_a_date_beats_it() -> None:
    by_age, by_date = lines(
        {"name": "山田 太郎", "age": "満40歳"},
        {"name": "山田 太郎", "age": "40", "birth_date": "S50.1.1"},
    )
    assert by_age["birth_year"] == "1986"
    assert by_date["birth_year"] == "1975"


def test_sex_is_read_in_every_usual_word() -> None:
    words = {
        "男": "1",
        "M": "1",
        "１": "1",
        "女性": "2",
        "ｵﾝﾅ": "2",
        "f": "2",
        "？": None,
        "": None,
    }
    found = lines(*({"name": "山田 太郎", "sex": word} for word in words))
    assert [one["sex"] for one in found] == list(words.values())


def test_a_name_without_a_space_is_split_as_the_register_splits_it() -> None:
    name, kana = first(0, "name"), first(0, "kana")
    written = name.replace(" ", "")
    one, two = lines({"name": written}, {"kana": kana.replace(" ", "")})
    assert f"{one['surname']} {one['given']}" == splitting.kanji_form(
        name.split()[0]
    ) + " " + splitting.kanji_form(name.split()[1])
    assert f"{two['surname_kana']} {two['given_kana']}" == kana


def test_a_slip_in_the_surname_does_not_move_the_place_where_it_ends() -> None:
    known = splitting.Known(
        readings=_counts(ゴトウ=50, ヤト=1), given_readings=_counts(アキノリ=9, キノリ=1)
    )
    assert known.divide_kana("ヤトウアキノリ") == ("ヤトウ", "アキノリ")
    known = splitting.Known(surnames=_counts(佐々木=60, 佐=1), givens=_counts(健=9, 健一=5))
    assert known.divide("佐々木健一") == ("佐々木", "健一")


def _counts(**named: int) -> Any:
    from collections import Counter

    return Counter(named)


def test_a_card_says_once_what_all_its_lines_share() -> None:
    card = [
        {"name": "佐藤茂", "kana": "さとうしげる", "address": "栄町1-2-3", "group": "g"},
        {"name": "〃 春子", "kana": "〃 はるこ", "address": "同上", "group": "g"},
        {"name": "健", "kana": "けん", "address": "", "group": "g"},
        {"name": "〃 ハル", "address": "〃", "group": "g"},
    ]
    found = lines(*card)
    assert [one["lot"] for one in found] == ["栄町1|2-3"] * 4
    assert [one["surname"] for one in found[:2]] == ["佐藤", "佐藤"]
    assert [one["surname_kana"] for one in found[:2]] == ["サトウ", "サトウ"]
    assert found[3]["surname_kana"] == "サトウ"
    assert [one["given_kana"] for one in found] == ["シゲル", "ハルコ", "ケン", "ハル"]


def test_a_ditto_sign_without_a_card_means_the_line_above_and_a_blank_does_not() -> None:
    found = lines(
        {"name": "佐藤 茂", "address": "栄町1-2-3"},
        {"name": "〃 春子", "address": "同上"},
        {"name": "林 健", "address": ""},
    )
    assert [one["lot"] for one in found] == ["栄町1|2-3", "栄町1|2-3", None]
    assert [one["surname"] for one in found] == ["佐藤", "佐藤", "林"]


def test_a_list_without_cards_is_read_as_families_as_people_read_it() -> None:
    given = first(0, "name").split()[1]
    found = lines(
        {"name": "佐藤 茂", "kana": "さとう しげる", "address": "栄町1-2-3"},
        {"name": "〃 春子", "kana": "はるこ", "address": ""},
        {"name": given, "kana": ""},
        {"name": "林 健", "address": "本町1-1"},
        {"name": "林 進", "address": "〃"},
        {"name": "森 進", "address": "〃"},
    )
    cards = [one["card_key"] for one in found]
    assert cards[0] == cards[1] == cards[2] != cards[3] == cards[4] != cards[5]
    assert [one["surname"] for one in found[:3]] == ["佐藤"] * 3
    assert found[1]["surname_kana"] == "サトウ" and found[1]["given_kana"] == "ハルコ"
    assert [one["lot"] for one in found[:3]] == ["栄町1|2-3"] * 3


@pytest.mark.parametrize(
    ("address", "city_named", "area"),
    [
        ("さいたま市西23-4", "さいたま市", "西"), ("横浜市", "横浜市", None), ("栄町1-2-3", None, "栄町"),
        ("宮城県石巻市門脇町1", "石巻市", "門脇町"),
    ],
)  # fmt: skip
def test_a_city_is_known_by_its_form_though_the_register_names_none(
    address: str, city_named: str | None, area: str | None
) -> None:
    (line,) = lines({"address": address})
    assert (line["city"], line["area"]) == (city_named, area)


def test_a_town_that_begins_like_a_city_is_none() -> None:
    places = columns.Places.of(["今市町", "今市町一丁目", "栄町"])
    assert places.divide("今市町") == ("", "今市町", "")
    assert places.divide("今市待") == ("", "今市待", "")
    assert places.divide("別市待") == ("別市", "待", "")


def test_a_card_that_begins_with_a_ditto_sign_goes_on_from_another_sheet() -> None:
    found = lines(
        {"name": "佐藤 茂", "kana": "さとうしげる", "group": "a"}, {"name": "〃 進", "group": "a"},
        {"name": "〃 春子", "kana": "はるこ", "group": "b"}, {"name": "林 健", "group": "c"},
    )  # fmt: skip
    assert (
        len({one["card_key"] for one in found[:3]}) == 1 != len({one["card_key"] for one in found})
    )
    assert (found[2]["surname"], found[2]["surname_kana"]) == ("佐藤", "サトウ")


def test_a_given_name_whose_surname_nobody_says_is_no_surname() -> None:
    given, spoken = (first(0, key).split()[1] for key in ("name", "kana"))
    (line,) = lines({"name": given, "kana": spoken})
    assert line["surname"] is None and line["surname_kana"] is None
    assert (line["given"], line["given_kana"]) == (splitting.kanji_form(given), spoken)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"kana": "佐藤 茂"}, {"name": "佐藤 茂"}),
        ({"name": "さとうしげる", "kana": "佐藤 茂"}, {"name": "佐藤 茂", "kana": "さとうしげる"}),
        ({"age": "昭和60年1月5日"}, {"birth_date": "昭和60年1月5日"}),
        ({"birth_date": "41歳", "age": "S60.1.5"}, {"birth_date": "S60.1.5", "age": "41歳"}),
        ({"birth_date": "女"}, {"sex": "女"}),
        ({"phone": "栄町1-2-3"}, {"address": "栄町1-2-3"}),
        ({"address": "090-1234-5678", "phone": "栄町1-2-3"}, {"address": "栄町1-2-3", "phone": "090-1234-5678"}),
        # What may be meant where it stands is left there.
        ({"name": "佐藤 茂", "kana": "佐藤 茂"}, {"name": "佐藤 茂", "kana": "佐藤 茂"}),
        ({"age": "41"}, {"age": "41"}), ({"phone": "同上"}, {"phone": "同上"}),
        ({"birth_date": "昭和60年", "age": "60.1.5"}, {"birth_date": "昭和60年", "age": "60.1.5"}),
    ],
)  # fmt: skip
def test_what_plainly_stands_in_the_next_cell_is_put_back(
    written: dict[str, str], meant: dict[str, str]
) -> None:
    empty = dict.fromkeys(CELLS, "")
    assert cards.in_place({**empty, **written}) == {**empty, **meant}
    assert cards.in_place({**empty, **meant}) == {**empty, **meant}


def test_another_card_inherits_nothing() -> None:
    found = lines(
        {"name": "佐藤 茂", "address": "栄町1-2-3", "group": "a"}, {"name": "林 健", "group": "b"},
        {"name": "森 進", "group": "a"},
    )  # fmt: skip
    assert [one["lot"] for one in found] == ["栄町1|2-3", None, "栄町1|2-3"]


def test_a_name_in_kanji_alone_is_said_as_the_register_says_it() -> None:
    both = columns.prepare(city(), roster({"name": first(0, "name")}), AS_OF)
    (line,) = both.roster.to_pylist()
    (same,) = both.register.slice(0, 1).to_pylist()
    assert line["surname_kana"] is None
    assert line["surname_said"] == same["surname_loose"]


def test_a_register_without_spaces_is_split_by_what_its_families_share() -> None:
    closed = {**city(), "name": [name.replace(" ", "") for name in city()["name"]]}
    split = columns.prepare(closed, roster(), AS_OF).register.to_pylist()
    wanted = columns.prepare(city(), roster(), AS_OF).register.to_pylist()
    right = sum(a["surname"] == b["surname"] for a, b in zip(split, wanted, strict=True))
    assert right / len(wanted) > 0.93


def test_a_sign_that_could_not_be_written_joins_nobody() -> None:
    (line,) = lines({"name": "〓橋 太郎", "kana": "タカハシ タロウ"})
    assert (line["surname"], line["given"], line["surname_kana"]) == (None, "太郎", "タカハシ")


def test_the_full_table_of_characters_is_used_where_there_is_one() -> None:
    table = Characters(variant={ord("龘"): "竜"}, search={})
    register = {"resident_id": ["1"], "name": ["龘田 進"]}
    both = columns.prepare(register, roster({"name": "竜田 進"}), AS_OF, table)
    assert both.register["surname"].to_pylist() == both.roster["surname"].to_pylist() == ["竜田"]


def test_sides_are_checked() -> None:
    with pytest.raises(SonaeError):
        size({"name": []}, "line_id")
    with pytest.raises(SonaeError):
        size({"line_id": ["1"], "name": []}, "line_id")
    assert column({}, "name", 2).to_pylist() == ["", ""]


HOSTILE = st.text(
    st.sampled_from(
        "佐藤さとうサﾄ〃同上々栄町一二丁目番地12-０　 \t\n\r\x00'\"%;\\\u202e\u200b\u3099𠮷〓|"
    ),
    max_size=24,
)


CELLS = ("name", "kana", "sex", "birth_date", "age", "address", "phone", "group")


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(CELLS, HOSTILE)), min_size=1, max_size=6))
def test_whatever_is_written_is_one_line_each_and_never_an_error(
    rows: list[dict[str, str]],
) -> None:
    found = lines(*rows, register=_little())
    assert [one["row"] for one in found] == list(range(len(rows)))
    for one in found:
        assert one["birth"] is None or (len(one["birth"]) == 8 and one["birth"].isdigit())
        assert one["sex"] in (None, "1", "2")


def _little() -> dict[str, list[str]]:
    return {key: values[:50] for key, values in city().items()}


def test_bringing_into_one_form_twice_changes_nothing() -> None:
    once = columns.prepare(_little(), roster(), AS_OF).register.to_pylist()
    again = {
        **_little(),
        "name": [f"{row['surname']} {row['given']}" for row in once],
        "kana": [f"{row['surname_kana']} {row['given_kana']}" for row in once],
    }
    assert columns.prepare(again, roster(), AS_OF).register.to_pylist() == once
