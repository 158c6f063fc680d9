"""Headings: the standard's own spelling, and the same thing by other names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.shelters.columns import (
    ALIASES,
    HAZARD_ALIASES,
    NATIONAL_FLAGS,
    STANDARD,
    meaning,
    meanings,
    plain_heading,
)


def test_the_standard_has_its_39_columns_once_each() -> None:
    assert len(STANDARD) == len(set(STANDARD)) == 39
    assert STANDARD[0] == "全国地方公共団体コード" and STANDARD[-1] == "備考"
    assert "連絡先備考（その他、SNSなど）" in STANDARD and "建物名等(方書)" in STANDARD


def test_every_flag_of_the_standard_is_its_hazard() -> None:
    found = meanings(STANDARD)
    assert {found[STANDARD.index("災害種別_" + name)] for name in NATIONAL_FLAGS.values()} == set(
        NATIONAL_FLAGS
    )
    assert found[STANDARD.index("名称")] == "name"
    assert found[STANDARD.index("想定収容人数")] == "capacity"


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("Shelter Name", "name"), ("LATITUDE", "lat"), ("緯度(10進数)", "lat"), ("storm_surge", "storm_surge"),
        ("地震への対応", "earthquake"), ("洪水時", "flood"), ("災害種別＿津波", "tsunami"),
        ("収容人数（人）", "capacity"), ("収容人数（令和6年4月1日現在）", "capacity"),
        ("収容人数_2024-01-02 10:30", "capacity"), ("\ufeffID", "id"), ("空き状況", None), ("", None),
    ],
)  # fmt: skip
def test_headings_of_other_lists(heading: str, key: str | None) -> None:
    assert meaning(heading) == key


def test_of_two_columns_of_a_kind_the_most_usual_name_counts() -> None:
    assert meanings(["備考", "施設名", "名称"]) == {0: "note", 2: "name"}
    assert meanings(["NO", "共通ID"]) == {1: "id"}


def test_no_heading_means_two_things() -> None:
    every = [name for names in (ALIASES | HAZARD_ALIASES).values() for name in names]
    assert len(every) == len(set(every))
    assert all(plain_heading(name) == name for name in every)


@given(st.text(max_size=40))
def test_any_text_has_a_meaning_or_none(heading: str) -> None:
    assert meaning(heading) is None or meaning(heading) in ALIASES | HAZARD_ALIASES
