"""Names of towns: as people write, say and spell them; order by reading and number."""

from __future__ import annotations

import pytest

from sonae.core import romaji, townname

SAKAE = ("栄町一丁目", "サカエマチイッチョウメ")
NEXT = ("栄町二丁目", "サカエマチニチョウメ")
HIROZUKA = ("大字広塚", "オオアザヒロヅカ")


@pytest.mark.parametrize(
    "typed",
    ["栄町一丁目", "栄町1丁目", "栄町１", "栄町1-2-3", "栄町1丁目2番3号", "サカエマチ1", "ｻｶｴﾏﾁ1",
     "さかえまちいっちょうめ", "sakaemachi 1", "Sakae-machi 1-chome", "栄町", "さかえまち"],
)  # fmt: skip
def test_a_town_is_found_as_people_write_it(typed: str) -> None:
    assert townname.fits(typed, *SAKAE) == 3
    assert townname.fits(typed, *HIROZUKA) == 0
    assert (townname.fits(typed, *NEXT) == 0) == any(sign in typed for sign in "一1１い")


@pytest.mark.parametrize("typed", ["大字広塚", "広塚123番地", "ひろづか", "ひろずか", "hirozuka"])
def test_oaza_and_the_lot_number_do_not_count(typed: str) -> None:
    assert townname.fits(typed, *HIROZUKA) == 3


@pytest.mark.parametrize(
    ("typed", "name"),
    [("榮町1丁目", "栄町一丁目"), ("大字廣塚", "大字広塚"), ("鶴が岡", "鶴ヶ岡"), ("鶴ケ岡", "鶴ヶ岡"),
     ("五之町", "五ノ町"), ("五の町", "五ノ町"), ("櫻木町", "桜木町"), ("大﨑", "大崎"), ("驛前", "駅前"),
     ("葛󠄀城", "葛城")],
)  # fmt: skip
def test_old_and_new_forms_of_a_name_are_one(typed: str, name: str) -> None:
    assert townname.fits(typed, name, "") == 3
    assert townname.fits(name, typed, "") == 3


def test_a_form_is_folded_between_signs_only_and_never_joins_two_names() -> None:
    """がけ下 begins with its が; 沢 and 滝 are two letters however old."""
    assert townname.fits("ケけ下", "がけ下", "") == 0
    assert townname.fits("大沢", "大滝", "") == 0


def test_parts_rank_below_beginnings_and_nothing_fits_nothing() -> None:
    assert townname.fits("塚", *HIROZUKA) == 1
    assert townname.fits("広", *HIROZUKA) == 2
    for nothing in ("", "  ", "-", "xyz", "no such town"):
        assert townname.fits(nothing, *HIROZUKA) == 0
    assert townname.fits("1丁目", *SAKAE) == 1
    assert townname.fits("サカエ", "栄町", "") == 0, "a town without reading is found by its signs"


def test_order_is_by_reading_and_the_number_counts_as_a_number() -> None:
    numbers = "一二三四五六七八九十"
    said = ("イッ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハッ", "キュウ", "ジュッ")
    towns = [(f"駅前{n}丁目", f"エキマエ{r}チョウメ") for n, r in zip(numbers, said, strict=True)]
    towns = [*towns, HIROZUKA, ("読めない町", "")]
    assert sorted(towns[::-1], key=lambda one: townname.order(*one)) == towns


@pytest.mark.parametrize(
    ("name", "spoken", "letters"),
    [
        ("中央一丁目", "チュウオウイッチョウメ", "Chuo 1-chome"),
        ("大手町", "オオテマチ", "Otemachi"),
        ("大字堂林", "オオアザドウバヤシ", "Dobayashi"),
        ("新町", "シンマチ", "Shinmachi"),
        ("八丁", "ハッチョウ", "Hatcho"),
        ("二十一丁目", "ニジュウイッチョウメ", "Nijuitchome"),
        ("不明", "", ""),
    ],
)
def test_latin_letters(name: str, spoken: str, letters: str) -> None:
    assert townname.english(name, spoken) == letters
    if letters:
        assert townname.fits(letters, name, spoken)


def test_letters_that_are_no_japanese_are_no_kana() -> None:
    assert romaji.from_roman("Ōtemachi") == "オテマチ"
    assert romaji.from_roman("shimbashi") == "シンバシ"
    assert romaji.from_roman("ctrl") == ""
