"""The base map over HTTP: pieces by Range, kept for ever by browsers, nothing but maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from sonae.domains.evacuation import interface as evacuation
from sonae.web import mapfile
from tests.fixtures import City


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the one map of this module: drawing takes seconds."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def home(settings: Any, drawn: Path) -> None:
    """That folder is where the city of each test is made."""
    settings.HOME = drawn


@pytest.fixture
def made(home: None, city: City) -> evacuation.BaseMap:
    """A base map in use."""
    held = evacuation.basemap()
    return held if held is not None else evacuation.build_basemap()[0]


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_piece_is_exactly_what_was_asked_for(made: evacuation.BaseMap) -> None:
    whole, address = made.path.read_bytes(), f"/map/{made.version}.pmtiles"
    size = len(whole)
    for asked, first, last in (
        ("bytes=0-126", 0, 126), ("bytes=127-", 127, size - 1), ("bytes=-100", size - 100, size - 1),
        (f"bytes=10-{size * 2}", 10, size - 1), (f"bytes=-{size * 2}", 0, size - 1),
    ):  # fmt: skip
        answer = Client().get(address, HTTP_RANGE=asked)
        assert answer.status_code == 206, asked
        assert body(answer) == whole[first : last + 1]
        assert answer["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert answer["Content-Length"] == str(last - first + 1)
        assert answer["Content-Type"] == "application/vnd.pmtiles"


def test_everything_nothing_and_what_is_known_already(made: evacuation.BaseMap) -> None:
    whole, address = made.path.read_bytes(), f"/map/{made.version}.pmtiles"
    answer = Client().get(address)
    assert answer.status_code == 200 and body(answer) == whole
    assert answer["Accept-Ranges"] == "bytes" and "immutable" in answer["Cache-Control"]
    etag = answer["ETag"]
    assert Client().get(address, HTTP_IF_NONE_MATCH=etag).status_code == 304
    beyond = Client().get(address, HTTP_RANGE=f"bytes={len(whole)}-")
    assert beyond.status_code == 416 and beyond["Content-Range"] == f"bytes */{len(whole)}"
    same = Client().get(address, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE=etag)
    other = Client().get(address, HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE='"older"')
    assert (same.status_code, other.status_code) == (206, 200)
    head = Client().head(address)
    assert head.status_code == 200 and head["Content-Length"] == str(len(whole))
    assert Client().post(address).status_code in {403, 405}


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "items=0-9", "bytes=a-b", "bytes=-0",
     "bytes=" + "9" * 400 + "-", "bytes=1-2-3"],
)  # fmt: skip
def test_what_is_no_range_gets_everything(made: evacuation.BaseMap, asked: str) -> None:
    answer = Client().get(f"/map/{made.version}.pmtiles", HTTP_RANGE=asked)
    assert answer.status_code == 200 and body(answer) == made.path.read_bytes()


@given(st.text("0123456789-,=bytes ", max_size=40), st.integers(1, 10**9))
def test_no_header_asks_for_what_is_not_there(text: str, size: int) -> None:
    request = RequestFactory().get("/", HTTP_RANGE=f"bytes={text}")
    asked = mapfile._asked(request, '"v"', size)
    if asked is not None:
        first, last = asked
        assert first >= 0 and last < size and last - first < mapfile.MOST_BYTES
        assert first <= last or first == size


@pytest.mark.parametrize(
    "name",
    [
        "0000000000000000",
        "basemap",
        "..%2f..%2fsonae",
        "../../sonae",
        "x" * 300,
        "ABCDEF0123456789",
    ],
)
def test_only_versions_of_the_map_are_found(made: evacuation.BaseMap, name: str) -> None:
    assert Client().get(f"/map/{name}.pmtiles").status_code == 404


def test_without_a_map_there_is_none(city: City, settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "empty"
    assert Client().get("/map/0123456789abcdef.pmtiles").status_code == 404


def test_the_map_of_an_exercise_is_for_people_who_signed_in(made: evacuation.BaseMap) -> None:
    answer = Client().get(f"/drill/map/{made.version}.pmtiles")
    assert answer.status_code in {302, 401}
