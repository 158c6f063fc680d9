"""The chain of the audit, checked by nothing but the records: every kind of tampering is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import chain
from sonae.core.chain import Head

Record = dict[str, Any]


def made(count: int = 6, city: str = "992011") -> list[Record]:
    """A whole chain."""
    found: list[Record] = []
    for n in range(1, count + 1):
        one: Record = {
            "municipality": city, "world": "live", "sequence": n,
            "at": f"2026-07-01T10:00:0{n}.123456+09:00", "actor": "account:1", "action": "did",
            "target": f"thing:{n}", "detail": {"n": n, "x": [1.5, None, "備え"]},
            "previous_hash": found[-1]["hash"] if found else chain.GENESIS,
        }  # fmt: skip
        found.append({**one, "hash": chain.digest(one)})
    return found


def first_bad(records: list[Record], after: Head | None = None) -> tuple[int, str] | None:
    broken = chain.check(records, after)[1]
    return (broken.sequence, broken.why) if broken else None


def test_a_whole_chain_holds_and_tells_its_head() -> None:
    records = made()
    assert chain.check(records) == (Head(6, records[-1]["hash"]), None)
    assert chain.check([]) == (Head(), None)
    assert chain.check(records[2:], Head(2, records[1]["hash"]))[1] is None


VALUES = {
    "world": ["exercise"], "actor": ["account:2", "", 7], "action": ["did not"], "target": ["thing:9"],
    "at": ["2026-07-01T10:00:03.123457+09:00", "2026-07-01T10:00:03.123456+08:00", "never", None],
    "detail": [{}, {"n": 3, "x": [1.5, None, "そなえ"]}, {"n": "3", "x": [1.5, None, "備え"]}, []],
    "hash": ["0" * 64, None], "previous_hash": ["f" * 64, None],
}  # fmt: skip


@given(st.integers(1, 6), st.sampled_from(sorted(VALUES)), st.data())
def test_any_field_that_is_changed_names_its_record(
    place: int, name: str, data: st.DataObject
) -> None:
    records = made()
    value = data.draw(st.sampled_from(VALUES[name]))
    records[place - 1] = {**records[place - 1], name: value}
    if records != made():
        found = first_bad(records)
        assert found is not None
        assert found[0] == place


@given(st.permutations(range(6)))
def test_any_other_order_is_named_where_it_begins(order: list[int]) -> None:
    records = made()
    found = first_bad([records[n] for n in order])
    wrong = next((n for n, place in enumerate(order) if n != place), None)
    assert found == (None if wrong is None else (wrong + 1, "missing"))


@given(st.sets(st.integers(0, 5), min_size=1, max_size=6))
def test_what_is_taken_out_is_named_unless_it_is_the_end(gone: set[int]) -> None:
    records = [one for n, one in enumerate(made()) if n not in gone]
    whole = {one["sequence"] for one in records} == set(range(1, len(records) + 1))
    assert first_bad(records) == (None if whole else (min(gone) + 1, "missing"))


def test_what_is_put_in_or_said_twice_is_named() -> None:
    records = made()
    assert first_bad([*records[:3], records[2], *records[3:]]) == (4, "missing")
    forged = {**records[3], "actor": "account:9"}
    forged["hash"] = chain.digest(forged)
    assert first_bad([*records[:3], forged, *records[4:]]) == (5, "moved")
    assert first_bad([*records[:2], made(city="352021")[2]]) == (3, "foreign")


@pytest.mark.parametrize("name", chain.FIELDS)
def test_a_record_without_a_field_is_no_record(name: str) -> None:
    records = made()
    del records[1][name]
    assert first_bad(records) == (2, "unreadable")


def test_a_chain_written_anew_shows_only_against_a_head_noted_elsewhere() -> None:
    noted = Head(6, made()[-1]["hash"])
    records = made()
    records[2]["actor"] = "account:9"
    for before, one in zip([None, *records[:-1]], records, strict=True):
        one["previous_hash"] = before["hash"] if before else chain.GENESIS
        one["hash"] = chain.digest(one)
    head, broken = chain.check(records)
    assert broken is None
    assert head != noted


def test_heads_are_read_as_they_are_printed() -> None:
    head = Head(12, "0a" * 32)
    assert Head.read(str(head)) == head
    for text in (
        "",
        "12",
        "12:",
        "x:" + "0" * 64,
        "１:" + "0" * 64,
        "1:" + "G" * 64,
        "1:" + "0" * 63,
    ):
        assert Head.read(text) is None
