"""Addresses: prefecture, municipality, town and the rest, as people write them."""

from __future__ import annotations

import csv
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.matching import characters, former, towns
from sonae.engines.matching.addresses import Parser
from sonae.engines.matching.towns import Master, Town
from tests.conftest import real_data

CHOME = [Town(f"栄町{sign}丁目", "", 37.5 + at / 100, 139.9) for at, sign in enumerate("一二三")]
HARA = [
    Town("大字原", "", 37.0, 139.0),
    Town("大字原", "沢目", 37.1, 139.1),
    Town("鶴ケ岡", "", 37.2, 139.2),
]
MASTER = Master.of({
    ("福島県", "備え市"): [*CHOME, *HARA, Town("一番町", "", 37.3, 139.3), Town("南", "", 37.4, 139.4)],
    ("福島県", "河沼郡見本町"): [Town("本町", "", 37.6, 139.6), Town("河原町川上", "", 37.6, 139.7), Town("河原町川下", "", 37.6, 139.8)],
    ("広島県", "備え市"): [Town("港町", "", 34.0, 133.0), Town("一番町", "", 34.1, 133.1)],
    ("京都府", "京都市中京区"): [Town("寺町", "", 35.0, 135.0), Town("上本町", "", 35.1, 135.1), Town("榎木町", "", 35.2, 135.2)],
    ("大阪府", "堺市堺区"): [Town("浅香山町一丁", "", 34.5, 135.4), Town("浅香山町二丁", "", 34.5, 135.5)],
    ("北海道", "札幌市中央区"): [Town("北一条西二丁目", "", 43.0, 141.0), Town("北一条西十二丁目", "", 43.1, 141.1)],
    ("山口県", "山陽小野田市"): [Town("大字小野田", "", 34.0, 131.1), Town("日の出一丁目", "", 34.0, 131.2)],
})  # fmt: skip
PARSER = Parser(MASTER)
AT_HOME = Parser(MASTER, home=("福島県", "備え市"))


@pytest.mark.parametrize(
    ("text", "city", "town", "rest"),
    [
        ("福島県備え市栄町一丁目2番3号", "備え市", "栄町一丁目", "2-3"),
        ("福島県備え市榮町１－２－３　備えビル302号室", "備え市", "栄町一丁目", "2-3 備えビル302号室"),
        ("福島県備え市栄町1の2の3", "備え市", "栄町一丁目", "2-3"),
        ("〒965-0001 福島県備え市栄町２丁目", "備え市", "栄町二丁目", ""),
        ("福島備え市栄町3−1−4", "備え市", "栄町三丁目", "1-4"),
        ("福島県備え市栄町5番6号", "備え市", "栄町", "5-6"),
        ("福島県備え市大字原字沢目12番地3", "備え市", "大字原沢目", "12-3"),
        ("福島県備え市原沢目十二番地三", "備え市", "大字原沢目", "12-3"),
        ("福島県備え市原999", "備え市", "大字原", "999"),
        ("福島県備え市鶴ヶ岡1", "備え市", "鶴ケ岡", "1"), ("福島県備え市鶴が岡1", "備え市", "鶴ケ岡", "1"),
        ("福島県備え市1番町4", "備え市", "一番町", "4"), ("福島県備え市一番町7千代田ビル", "備え市", "一番町", "7 千代田ビル"),
        ("河沼郡見本町本町1", "河沼郡見本町", "本町", "1"), ("福島県見本町本1", "河沼郡見本町", "本町", "1"),
        ("備え市港町1-2", "備え市", "港町", "1-2"), ("備え市栄町1-2", "備え市", "栄町一丁目", "2"),
        ("福島県河沼郡河原町川上5", "河沼郡見本町", "河原町川上", "5"),
        ("福島県大沼郡河原町川下5", "河沼郡見本町", "河原町川下", "5"),
        ("小野田市日の出1-2-3", "山陽小野田市", "日の出一丁目", "2-3"),
        ("京都市中京区寺町通御池上る上本町488", "京都市中京区", "上本町", "488"),
        ("中京区寺町通二条下ル榎木町97 京ビル", "京都市中京区", "榎木町", "97 京ビル"),
        ("京都市中京区寺町3", "京都市中京区", "寺町", "3"),
        ("堺市堺区浅香山町1-2-3", "堺市堺区", "浅香山町一丁", "2-3"),
        ("札幌市中央区北1条西12丁目3", "札幌市中央区", "北一条西十二丁目", "3"),
        ("札幌市中央区北1西2", "札幌市中央区", "北一条西二丁目", ""),
    ],
)  # fmt: skip
def test_a_town_is_read(text: str, city: str, town: str, rest: str) -> None:
    read = PARSER.parse(text)
    assert (read.level, read.city, read.town, read.rest) == (3, city, town, rest)
    assert read.input == text


def test_what_is_not_known_is_not_said() -> None:
    nothing = PARSER.parse("どこかの町1-2")
    assert (nothing.level, nothing.prefecture, nothing.rest) == (0, "", "どこかの町1-2")
    assert PARSER.parse("広島県どこか").level == 1
    city = PARSER.parse("広島県備え市無い町1-2")
    assert (city.level, city.town, city.lat, city.rest) == (2, "", None, "無い町1-2")
    assert PARSER.parse("福島県備え市栄町5番6号").lat is None, "栄町 alone has no point of its own"
    assert PARSER.parse("福島県備え市南大沢1").town == "南", "a master without 南大沢 cannot tell"
    assert PARSER.parse("").level == 0


def test_cities_of_one_name_are_told_apart_or_not_at_all() -> None:
    unsure = PARSER.parse("備え市一番町4")
    assert (unsure.level, unsure.choices) == (0, ("広島県備え市", "福島県備え市"))
    assert PARSER.parse("備え市港町4").prefecture == "広島県"
    assert AT_HOME.parse("備え市一番町4").prefecture == "福島県"
    assert AT_HOME.parse("栄町1-2").key == "福島県備え市栄町一丁目"
    assert AT_HOME.parse("広島県備え市一番町4").prefecture == "広島県"


def test_a_former_municipality_is_named() -> None:
    assert PARSER.parse("山口県小野田市日の出1-2-3").written == "小野田市"
    assert PARSER.parse("山口県小野田市日の出1-2-3").to_json()["former"] == "小野田市"


def test_the_table_of_mergers_is_sound() -> None:
    rows = former.mergers()
    assert len({(one.prefecture, one.former) for one in rows}) == len(rows) > 50
    assert all(one.former not in one.now and one.since.year > 1950 for one in rows)


def test_the_table_of_mergers_leads_to_cities_of_the_master() -> None:
    cities = full().master.cities()
    for one in former.mergers():
        for now in one.now:
            assert any(p == one.prefecture and name.startswith(now) for p, name in cities), one
        assert (one.prefecture, one.former) not in cities


PLACES = [(city, town) for city in MASTER.cities() for town in MASTER.towns(city) if not town.koaza]
DIGITS = {"一": "1", "二": "2", "三": "3", "十二": "12"}


@given(
    st.sampled_from(PLACES), st.lists(st.integers(1, 9999), min_size=1, max_size=2),
    st.booleans(), st.sampled_from(["hyphen", "banchi", "kanji"]), st.sampled_from(["", " 第二ビル5階"]),
)  # fmt: skip
def test_what_was_put_together_is_taken_apart(
    place: tuple[towns.City, Town], lot: list[int], wide: bool, style: str, building: str
) -> None:
    """Recomputed by construction: an address is written from its parts in several styles."""
    (prefecture, city), town = place
    name = town.name.removeprefix("大字")
    if style == "hyphen" and name.endswith("丁目"):
        stem = name.removesuffix("丁目")
        digits = next(d for d in sorted(DIGITS, key=len, reverse=True) if stem.endswith(d))
        name = f"{stem.removesuffix(digits)}{DIGITS[digits]}-"
    numbers = "番地".join(map(str, lot)) if style == "banchi" else "-".join(map(str, lot))
    if wide:
        numbers = numbers.translate({ord(d): chr(ord(d) + 0xFEE0) for d in "0123456789-"})
    read = PARSER.parse(f"{prefecture}{city}{name}{numbers}{building}")
    assert (read.prefecture, read.city, read.town) == (prefecture, city, town.name)
    assert read.numbers == tuple(lot)
    assert (read.lat, read.lon) == (town.lat, town.lon)
    assert read.rest == f"{'-'.join(map(str, lot))}{building}"


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    for parser in (PARSER, AT_HOME):
        read = parser.parse(text)
        assert read.input == text
        assert 0 <= read.level <= 3
        assert (read.town != "") == (read.level == 3)


@given(
    st.text(
        st.sampled_from(
            "福島県備え市栄町一二三十丁目大字原沢鶴ヶケ岡番地号の-ー１2 、京都中区寺通上る"
        ),
        max_size=24,
    )
)
def test_likely_text_is_answered(text: str) -> None:
    read = PARSER.parse("福島県備え市" + text)
    assert read.level >= 2 or read.choices


@pytest.mark.parametrize(
    "text",
    ["\x00福島県備え市栄町1-1", "福島県\u200b備え市\ufe00栄町1-1", "\u202e福島県備え市栄町1-1"],
)
def test_invisible_characters_do_not_hide_a_town(text: str) -> None:
    assert PARSER.parse(text).town == "栄町一丁目"


def test_a_megabyte_is_read_at_its_beginning_and_nothing_is_lost() -> None:
    text = "福島県備え市栄町1-1" + "あ" * 1_000_000
    read = PARSER.parse(text)
    assert read.town == "栄町一丁目"
    assert read.rest == "1 " + "あ" * 1_000_000


@cache
def full() -> Parser:
    """Every town of Japan, from the published archive."""
    return Parser(
        towns.load(real_data("people", "address-master")),
        characters.load(real_data("people", "mj-variants")),
    )


def test_real_addresses_find_their_town() -> None:
    path = real_data("people", "address-tests", "addresses-sample.csv")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    parser = full()
    read = [parser.parse(row["住所"]) for row in rows]
    same = sum(
        parser.key(one.city) == parser.key(row["市区町村"])
        and parser.key(one.town) == parser.key(row["町字"])
        for one, row in zip(read, rows, strict=True)
    )
    spelt = sum(one.town == row["町字"] for one, row in zip(read, rows, strict=True))
    assert same / len(rows) >= 0.995
    assert spelt / len(rows) >= 0.99
