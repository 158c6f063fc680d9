"""A facility said twice in one upload is one facility, and nothing that either row says is lost silently."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.shelters.listing import HAZARDS, UNSTATED, Capacity, Listed
from sonae.engines.shelters.repeated import unrepeated


def listed(row: int, public_id: str, name: str, **over: object) -> Listed:
    """One row of a list of emergency sites, on its own spot."""
    known: dict[str, object] = {"kind": "emergency_site", "lat": 35.0 + row / 100, "lon": 135.0}
    return Listed(input="sites.csv", row=row, id=public_id, name=name, **known | over)  # type: ignore[arg-type]


HALL = listed(2, "A1", "広塚児童館", address="備え市広塚1番", capacity=Capacity(540))
SAME = {"lat": HALL.lat, "lon": HALL.lon, "address": HALL.address}


@pytest.mark.parametrize(
    ("again", "problem"),
    [
        (replace(HALL, row=3), "duplicate"),
        (replace(HALL, row=3, id=""), "duplicate"),
        (replace(HALL, row=3, id="A9"), "duplicate"),
        (replace(HALL, row=3, id="Ａ１", name="広塚児童会館"), "duplicate"),
        (replace(HALL, row=3, name="体育センター"), "duplicate"),
        (replace(HALL, row=3, address="", lat=None, lon=None), "duplicate"),
        (replace(HALL, row=3, capacity=Capacity(870)), "rows_differ"),
        (replace(HALL, row=3, input="more.csv"), "duplicate"),
    ],
)
def test_one_id_or_one_name_and_address_is_one_facility(again: Listed, problem: str) -> None:
    whole, (repeat,) = unrepeated([HALL, again])
    assert len(whole) == 1 and whole[0].capacity.total == 540
    defect = repeat.to_defect("ID")
    assert (defect.row, defect.problem, defect.action) == (3, problem, "left_out")
    assert "2行目と同じ施設" in defect.detail
    assert ("870" in defect.detail) == (problem == "rows_differ")


@pytest.mark.parametrize(
    "other",
    [
        listed(9, "A1", "西山スポーツ広場"),
        listed(9, "A2", "広塚児童館", address="備え市西町5番"),
        listed(9, "", "広塚児童館"),
        listed(9, "A1", "広塚第二児童館"),
        replace(HALL, row=9, kind="shelter"),
    ],
)
def test_another_place_is_never_lost_for_a_slip(other: Listed) -> None:
    whole, repeats = unrepeated([HALL, other])
    assert whole == [HALL, other] and not repeats


def test_what_the_first_row_leaves_blank_the_later_ones_fill() -> None:
    blank = replace(HALL, capacity=Capacity(), address="", hazards={**UNSTATED, "flood": "yes"})
    told = replace(HALL, row=3, kana="ヒロツカ", hazards={**UNSTATED, "fire": "no"}, usable="no",
                   usable_reason="工事中", restricted_to=("child",), more={"電話": "1"})  # fmt: skip
    (one,), (repeat,) = unrepeated([blank, told])
    assert (one.row, one.capacity.total, one.address, one.kana) == (
        2,
        540,
        HALL.address,
        "ヒロツカ",
    )
    assert (one.hazards["flood"], one.hazards["fire"]) == ("yes", "no")
    assert (one.usable, one.usable_reason, one.restricted_to) == ("no", "工事中", ("child",))
    assert one.more == {"電話": "1"} and not repeat.differs


rows = st.lists(
    st.builds(
        lambda n, kind, room, flag: listed(
            n, f"A{n}", f"第{n}小学校", kind=kind, capacity=Capacity(room), address=f"備え市{n}番",
            hazards={**UNSTATED, "flood": flag},
        ),
        st.integers(1, 6), st.sampled_from(["emergency_site", "both", "shelter"]),
        st.sampled_from([None, 100, 200]), st.sampled_from(["yes", "no", "unknown"]),
    ),
    max_size=12,
)  # fmt: skip


@given(rows)
def test_every_row_counts_once_and_twice_is_as_once(given_rows: list[Listed]) -> None:
    whole, repeats = unrepeated(given_rows)
    assert len(whole) + len(repeats) == len(given_rows)
    sides = {(row.id, row.kind == "shelter") for row in given_rows}
    assert len(whole) == len(sides), "one facility for each id and kind of designation"
    assert unrepeated(whole) == (whole, [])
    for one in whole:
        mine = [row for row in given_rows if row.id == one.id
                and (row.kind == "shelter") == (one.kind == "shelter")]  # fmt: skip
        known = [row.capacity.total for row in mine if row.capacity.total is not None]
        assert one.capacity.total == (known[0] if known else None)
        assert set(one.hazards) == set(HAZARDS)
