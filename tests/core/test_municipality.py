"""Codes of places: check digits against real codes, meshes against their own corners."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import municipality
from sonae.core.errors import SonaeError
from tests.conftest import real_data

REAL = [
    ("01100", "011002"), ("13101", "131016"), ("35202", "352021"), ("07202", "072028"),
    ("43204", "432041"), ("22203", "222038"), ("47382", "473821"), ("27100", "271004"),
]  # fmt: skip
LATITUDES = st.floats(20.5, 45.9)
LONGITUDES = st.floats(122.5, 153.9)


@pytest.mark.parametrize(("five", "six"), REAL)
def test_check_digits_of_real_municipalities(five: str, six: str) -> None:
    assert municipality.six_digits(five) == municipality.six_digits(six) == six
    assert municipality.five_digits(six) == five
    assert municipality.is_valid(six)


@pytest.mark.parametrize("six", [six for _five, six in REAL])
def test_one_wrong_digit_is_noticed(six: str) -> None:
    wrong = [
        six[:place] + str(digit) + six[place + 1 :]
        for place in range(6)
        for digit in range(10)
        if str(digit) != six[place]
    ]
    # Remainders 0 and 10 share the digit 1, so a few of the 54 slip through.
    assert sum(map(municipality.is_valid, wrong)) <= 4


def test_a_leading_zero_lost_in_a_spreadsheet_is_mended() -> None:
    assert municipality.six_digits("72028") == "072028"
    assert municipality.six_digits("３５２０２") == "352021"


@pytest.mark.parametrize("code", ["", "352022", "1234", "abcde", "482021", "3520211", "00000"])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(SonaeError) as caught:
        municipality.six_digits(code)
    assert caught.value.code == "bad_municipality_code"


@given(st.integers(1, 47), st.integers(100, 999))
def test_six_digits_is_settled_and_five_comes_back(prefecture: int, number: int) -> None:
    five = f"{prefecture:02}{number}"
    six = municipality.six_digits(five)
    assert municipality.six_digits(six) == six
    assert municipality.five_digits(six) == five


def test_prefectures() -> None:
    assert len(municipality.PREFECTURES) == 47
    assert municipality.prefecture_name("352021") == "山口県"
    assert municipality.prefecture_name("99") == "見本県"
    assert [municipality.prefecture_code(n) for n in ("山口県", "山口", "東京", "北海道", "京都")] == [
        "35", "35", "13", "01", "26",
    ]  # fmt: skip
    assert municipality.prefecture_code("") is None
    assert municipality.prefecture_code("北海") is None
    with pytest.raises(SonaeError):
        municipality.prefecture_name("48")


def test_weather_area_codes() -> None:
    assert municipality.class20_code("182010") == "1820100"
    assert municipality.municipality_of_class20("1820100") == "182010"
    with pytest.raises(SonaeError):
        municipality.municipality_of_class20("182010")


@pytest.mark.real_data
def test_every_municipality_of_the_weather_service_has_a_valid_code() -> None:
    table = real_data("alerts", "jma", "areas", "area.sql").read_text("utf-8")
    codes = re.findall(r"VALUES\('(\d{7})'", table)
    assert len(codes) > 1700
    assert all(municipality.is_valid(municipality.municipality_of_class20(code)) for code in codes)


@pytest.mark.parametrize(
    ("level", "code"),
    [(1, "5339"), (2, "533945"), (3, "53394611"), (4, "533946113"), (5, "5339461132")],
)
def test_known_meshes(level: int, code: str) -> None:
    """東京都庁 35.6896, 139.6917 is in 5339-45; 東京駅 35.6812, 139.7671 in 5339-46-11."""
    if level == 2:
        assert municipality.mesh_code(35.6896, 139.6917, 2) == code
    else:
        assert municipality.mesh_code(35.6812, 139.7671, level).startswith(code[:8])
        assert len(municipality.mesh_code(35.6812, 139.7671, level)) == len(code)


@given(LATITUDES, LONGITUDES, st.integers(1, 6))
def test_a_point_lies_in_its_mesh(lat: float, lon: float, level: int) -> None:
    south, west, north, east = municipality.mesh_bounds(municipality.mesh_code(lat, lon, level))
    assert south - 1e-9 <= lat <= north + 1e-9
    assert west - 1e-9 <= lon <= east + 1e-9


@given(LATITUDES, LONGITUDES, st.integers(1, 6))
def test_a_corner_lies_in_its_own_mesh(lat: float, lon: float, level: int) -> None:
    code = municipality.mesh_code(lat, lon, level)
    south, west, _north, _east = municipality.mesh_bounds(code)
    if south >= 20 and west >= 122:
        assert municipality.mesh_code(south, west, level) == code


@given(LATITUDES, LONGITUDES)
def test_finer_meshes_nest(lat: float, lon: float) -> None:
    codes = [municipality.mesh_code(lat, lon, level) for level in range(1, 7)]
    assert all(fine.startswith(coarse) for coarse, fine in pairwise(codes))


@pytest.mark.parametrize("code", ["", "53", "5339481", "533988", "533945115", "abcd"])
def test_other_mesh_codes_are_refused(code: str) -> None:
    with pytest.raises(SonaeError, match="bad_mesh_code"):
        municipality.mesh_bounds(code)


def test_a_point_abroad_is_refused() -> None:
    with pytest.raises(SonaeError, match="outside_japan"):
        municipality.mesh_code(51.5, 0.0)
    with pytest.raises(ValueError, match="levels"):
        municipality.mesh_code(35, 139, 7)
