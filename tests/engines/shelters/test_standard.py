"""Lists out and in again: whatever a facility states comes back, in both encodings."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.engines.shelters import standard
from sonae.engines.shelters.columns import STANDARD
from sonae.engines.shelters.listing import HAZARDS, Capacity, Listed
from sonae.engines.shelters.readers import read_list
from sonae.engines.shelters.standard import Whose, Written
from tests.conftest import real_data

CITY = Whose("992011", "試験県", "試験市")
PLAIN = st.text(
    st.characters(codec="cp932", exclude_categories=("C", "Z"), exclude_characters="¢£¬‖−〜"),
    min_size=1,
    max_size=12,
).filter(
    lambda text: not any(word in text for word in ("使用", "利用", "閉鎖", "休止", "廃止", "工事"))
)
ANY = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
FLAG = st.sampled_from(["yes", "partial", "no", "unknown"])
GROUPS = st.sampled_from(
    [(), ("elderly",), ("disabled", "child"), ("elderly", "disabled", "child"), ("other",)]
)


@st.composite
def facilities(
    draw: st.DrawFn, text: st.SearchStrategy[str] = PLAIN, *, sites: bool = True
) -> list[Listed]:
    count = draw(st.integers(1, 6))
    made = []
    for number in range(count):
        total = draw(st.none() | st.integers(1, 99_999))
        usable = draw(st.sampled_from(["yes", "no", "unknown"]))
        made.append(
            Listed(
                input="", row=0, id=f"E{number:04d}", name=f"第{number}{draw(text)}会館",
                kind=draw(st.sampled_from(["emergency_site", "both"])) if sites else "shelter",
                lat=draw(st.floats(20, 46)), lon=draw(st.floats(122, 154)),
                address=f"試験市{draw(text)}{number}",
                hazards={hazard: draw(FLAG) if sites else "unknown" for hazard in HAZARDS},
                capacity=Capacity(total, text="" if total is None else str(total)),
                restricted_to=draw(GROUPS), usable=usable,
                usable_reason=draw(st.sampled_from(["改修工事中", "閉鎖"])) if usable == "no" else "",
            )
        )  # fmt: skip
    return made


def again(rows: list[Listed], path: Path, *, sites: bool, shift_jis: bool) -> list[Listed]:
    """Written to a file and read by the same reader as everybody's lists."""
    table = standard.table([Written(row) for row in rows], CITY, sites=sites)
    body, lost = standard.encoded(table, shift_jis=shift_jis)
    assert lost == []
    path.write_bytes(body)
    found, _defects = read_list(path)
    return [replace(one, input="", row=0, kana="", more={}) for one in found]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists") / "list.csv"


@given(rows=facilities(), shift_jis=st.booleans())
def test_emergency_sites_come_back_as_they_were(
    path: Path, rows: list[Listed], shift_jis: bool
) -> None:
    assert again(rows, path, sites=True, shift_jis=shift_jis) == rows


@given(rows=facilities(sites=False), shift_jis=st.booleans())
def test_shelters_come_back_as_they_were(path: Path, rows: list[Listed], shift_jis: bool) -> None:
    assert again(rows, path, sites=False, shift_jis=shift_jis) == rows


@given(rows=facilities(ANY))
def test_in_shift_jis_every_character_that_is_lacking_is_reported(rows: list[Listed]) -> None:
    table = standard.table([Written(row) for row in rows], CITY, sites=True)
    body, lost = standard.encoded(table, shift_jis=True)
    body.decode("cp932")
    lacking = []
    for number, row in enumerate(table, start=1):
        for column, cell in zip(table[0], row, strict=True):
            lacking += [(number, column, c) for c in cell if not encodable(c)]
    assert [(one.row, one.column, one.character) for one in lost] == lacking
    for one in lost:
        assert encodable(one.instead) and one.value and one.to_json()["problem"] == "not_encodable"
        assert one.to_json()["action"] == ("left_out" if one.instead == "〓" else "corrected")


def encodable(character: str) -> bool:
    """Whether it comes back: Python writes some characters as others without a word."""
    try:
        return character.encode("cp932").decode("cp932") == character
    except UnicodeEncodeError:
        return False


def test_look_alikes_take_the_place_of_what_shift_jis_lacks() -> None:
    body, lost = standard.encoded([["名称"], ["一〜三丁目𠮷野"]], shift_jis=True)
    assert body.decode("cp932") == "名称\r\n一～三丁目〓野\r\n"
    assert [one.instead for one in lost] == ["～", "〓"]
    assert standard.encoded([["名称"], ["一〜三丁目𠮷野"]], shift_jis=False)[1] == []


def test_the_heading_is_the_standards_own_with_ours_behind() -> None:
    sites = standard.table([], CITY, sites=True)[0]
    assert tuple(sites[: len(STANDARD)]) == STANDARD and sites[len(STANDARD) :] == list(
        standard.OWN
    )
    shelters = standard.table([], CITY, sites=False)[0]
    assert not any("災害種別" in name for name in shelters) and "受入対象者" in shelters
    body, _ = standard.encoded([sites], shift_jis=False)
    assert body.startswith(b"\xef\xbb\xbf") and body.endswith(b"\r\n")


def test_openstreetmap_gets_tags_only_for_what_is_known() -> None:
    one = Listed(
        input="", row=0, id="E1", name="小学校", kind="both", lat=37.0, lon=139.0,
        hazards={**dict.fromkeys(HAZARDS, "unknown"), "flood": "yes", "fire": "no", "tsunami": "partial"},
    )  # fmt: skip
    tags = standard.osm_tags(one)
    assert tags == {
        "name": "小学校", "ref": "E1", "emergency": "assembly_point", "assembly_point:flood": "yes",
        "assembly_point:fire": "no", "assembly_point:tsunami": "limited",
        "emergency:amenity": "social_facility", "emergency:social_facility": "shelter",
    }  # fmt: skip
    closed = replace(
        one, kind="shelter", usable="no", capacity=Capacity(80), restricted_to=("elderly",)
    )
    tags = standard.osm_tags(closed)
    assert "emergency" not in tags and tags["operational_status"] == "closed"
    assert tags["capacity:persons"] == "80" and tags["emergency:social_facility:for"] == "elderly"


@pytest.mark.real_data
@pytest.mark.parametrize("shift_jis", [False, True])
def test_a_real_list_makes_the_round_trip_through_the_command(
    tmp_path: Path, shift_jis: bool
) -> None:
    """宇部's 108 designated sites (国土地理院): out as the standard table, in by ``shelters check``."""
    rows, _ = read_list(real_data("geo", "gsi-shelters", "emergency", "352021.json"))
    table = standard.table([Written(row) for row in rows], CITY, sites=True)
    body, _lost = standard.encoded(table, shift_jis=shift_jis)
    path = tmp_path / "ube.csv"
    path.write_bytes(body)
    done = subprocess.run(
        [sys.executable, "-m", "sonae", "shelters", "check", str(path), "--format", "jsonl"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    read = [json.loads(line) for line in done.stdout.splitlines()]
    told = [json.loads(json.dumps(row.to_json())) for row in rows]
    assert [contract(one) for one in read] == [contract(one) for one in told]


def contract(row: dict[str, Any]) -> dict[str, Any]:
    """What a list states of a facility: neither where it was read nor what else stood in its row."""
    return {key: value for key, value in row.items() if key not in {"input", "row", "kana", "more"}}
