"""OpenStreetMap in all its formats is one and the same network; what is broken is named or refused."""

from __future__ import annotations

import itertools
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.roads import build, read_roads
from tests.engines.evacuation.osm_files import City, town

FORMATS = ("xml", "pbf", "overpass", "geometry")


def written(city: City, kind: str, folder: Path) -> Path:
    """The city's file in one format."""
    if kind == "xml":
        return city.xml(folder / "c.osm")
    if kind == "pbf":
        return city.pbf(folder / "c.osm.pbf")
    return city.overpass(folder / "c.json", geometry=kind == "geometry")


def edges(net: Network) -> set[tuple[float, float, float, float, bool, bool, bool]]:
    """Edges by their places and kinds, whichever way round."""
    found = set()
    for n, (a, b) in enumerate(zip(net.tail.tolist(), net.head.tolist(), strict=True)):
        ends = sorted((round(float(net.lat[i]), 7), round(float(net.lon[i]), 7)) for i in (a, b))
        kinds = (bool(net.stairs[n]), bool(net.bridge[n]), bool(net.tunnel[n]))
        found.add((*ends[0], *ends[1], *kinds))
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_network(kind: str, tmp_path: Path) -> None:
    city = town()
    net = build([written(city, kind, tmp_path)]).network
    used = {101: [1, 2, 3, 4], 102: [3, 5], 103: [5, 6, 7], 106: [4, 11], 107: [7, 1]}
    want = set()
    for way, refs in used.items():
        for a, b in itertools.pairwise(refs):
            ends = sorted((round(city.nodes[i][0], 7), round(city.nodes[i][1], 7)) for i in (a, b))
            want.add((*ends[0], *ends[1], way == 102, way == 103, way == 107))
    assert edges(net) == want
    assert net.facts["left_out"] == {"motorway": 1, "private": 1, "unknown_kind": 1}
    assert net.facts["kinds_unknown"] == ["strange"]
    assert np.nanmax(net.width_m) == 4.5
    assert np.count_nonzero(np.isfinite(net.width_m)) == 3
    assert np.abs(net.slope[net.slope_known]).tolist() == pytest.approx([0.08, 0.08])
    assert not net.slope_known[net.stairs].any(), "incline=up says no figure"


def test_ways_meet_by_number_not_by_place(tmp_path: Path) -> None:
    """A bridge whose node lies exactly over a node of the road below is not joined to it."""
    nodes = {1: (34.0, 131.0), 2: (34.0, 131.001), 3: (34.0, 131.002),
             4: (34.001, 131.001), 5: (34.0, 131.001), 6: (33.999, 131.001)}  # fmt: skip
    ways = {1: ([1, 2, 3], {"highway": "residential"}),
            2: ([4, 5, 6], {"highway": "footway", "bridge": "yes"})}  # fmt: skip
    for kind in FORMATS:
        net = build([written(City(nodes, ways), kind, tmp_path)]).network
        assert len(net.lat) == 6, kind
        assert int(net.components().max()) == 1, kind


@pytest.mark.parametrize("kind", ["xml", "pbf", "overpass"])
@pytest.mark.parametrize(
    ("tags", "passes"),
    [
        ({"barrier": "gate"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, True),
        ({"barrier": "gate", "locked": "yes"}, False),
        ({"barrier": "bollard", "access": "no", "foot": "designated"}, True),
        ({"barrier": "fence"}, False),
        ({"access": "private"}, True),
    ],
)
def test_a_shut_gate_cuts_the_way(
    tags: dict[str, str], passes: bool, kind: str, tmp_path: Path
) -> None:
    nodes = {n: (34.0, 131.0 + 0.001 * n) for n in (1, 2, 3)}
    city = City(nodes, {1: ([1, 2, 3], {"highway": "service"})}, {2: tags})
    net = build([written(city, kind, tmp_path)]).network
    assert int(net.components().max()) == (0 if passes else 1)
    assert len(net.tail) == 2, "people live on both sides of it"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_node_that_is_not_in_the_file_cuts_the_way_and_is_named(
    kind: str, tmp_path: Path
) -> None:
    city = town()
    del city.nodes[3]
    built = build([written(city, kind, tmp_path)])
    missing = [one for one in built.defects if one.problem in ("missing_node", "bad_position")]
    assert {(one.row, one.action) for one in missing} == {(101, "left_out"), (102, "left_out")}
    assert ("too_few_points" in {d.problem for d in built.defects}) is False
    assert "zero_length" in built.network.facts["defects"], "the stairs lead nowhere now"


def test_editors_number_below_zero(tmp_path: Path) -> None:
    nodes = {-1: (34.0, 131.0), -2: (34.0, 131.001), 5: (34.0, 131.002)}
    city = City(nodes, {-7: ([-1, -2, 5], {"highway": "path"})})
    net = build([city.xml(tmp_path / "e.osm")]).network
    assert (len(net.lat), len(net.tail), int(net.components().max())) == (3, 2, 0)


def test_what_an_editor_deleted_is_not_there(tmp_path: Path) -> None:
    path = town().xml(tmp_path / "c.osm")
    text = path.read_text().replace('<way id="102">', '<way id="102" action="delete">')
    path.write_text(text)
    assert not build([path]).network.stairs.any()


BAD_COORDINATES = ("nan", "inf", "91", "-181", "north", "")


@pytest.mark.parametrize("value", BAD_COORDINATES)
def test_a_coordinate_that_is_none_is_a_defect_not_the_end(value: str, tmp_path: Path) -> None:
    path = town().xml(tmp_path / "c.osm")
    text = path.read_text().replace('<node id="2" lat="34.0002"', f'<node id="2" lat="{value}"')
    path.write_text(text)
    built = build([path])
    assert {d.row for d in built.defects if d.action == "left_out"} == {101}
    assert np.isfinite(built.network.lat).all()
    assert len(built.network.tail) == 6, "the pieces on either side of node 2 are gone"


def huge_pbf() -> bytes:
    """A header block that claims two thousand million bytes."""
    blob = b"\x0a\x09OSMHeader\x18" + b"\xff\xff\xff\xff\x07"
    return struct.pack(">i", len(blob)) + blob + b"x" * 100


def bomb_pbf() -> bytes:
    """A block of data that unpacks to far more than it says."""
    packed = zlib.compress(bytes(64 * 2**20), 9)
    body = b"\x10\x64" + b"\x1a" + varint(len(packed)) + packed
    blob = b"\x0a\x09OSMHeader\x18" + varint(len(body))
    return struct.pack(">i", len(blob)) + blob + body


def varint(number: int) -> bytes:
    """A number as protocol buffers write it."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


DOCTYPE = '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><osm/>'


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("a.osm.pbf", b"", "empty_file"),
        ("a.osm.pbf", b"\xff" * 1000, "unreadable"),
        ("a.osm.pbf", huge_pbf(), "unreadable"),
        ("a.osm.pbf", bomb_pbf(), "unreadable"),
        ("a.osm", b"", "empty_file"),
        ("a.osm", b"<osm><node id='1'", "unreadable"),
        ("a.osm", DOCTYPE.encode(), "doctype"),
        ("a.osm", b"<gpx><trk/></gpx>", "no_lines"),
        ("a.osm", b"<html><node/></html>", "unreadable"),
        ("a.osm", b'<osm><way id="many"><nd ref="1"/><tag k="highway" v="path"/></way></osm>',
         "unreadable"),
        ("a.osm", b'<osm><node id="1" lat="34" lon="131"/></osm>', "no_lines"),
        ("a.json", b'{"elements": 5}', "unreadable"),
        ("a.json", b'{"elements": [{"type": "way"', "unreadable"),
        ("a.json", b'{"elements": [{"id": 1}]}', "unreadable"),
        ("a.json", b'{"elements": [], "remark": "runtime error: timeout"}', "unreadable"),
        ("a.json", b'{"elements": []}', "no_lines"),
    ],
)  # fmt: skip
def test_a_file_that_is_broken_is_refused(
    name: str, body: bytes, code: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(SonaeError) as caught:
        read_roads(tmp_path / name)
    assert caught.value.code == code


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_binary_extract_cut_or_altered_anywhere_is_refused_or_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pbf")
    raw = bytearray(town().pbf(folder / "c.osm.pbf").read_bytes())
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw) - 1))]
    else:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "c.osm.pbf").write_bytes(raw)
    try:
        net = read_roads(folder / "c.osm.pbf")
    except SonaeError as error:
        assert error.code in {"unreadable", "empty_file", "no_lines"}
    else:
        assert net.contradiction() == ""


def test_a_claim_of_a_thousand_million_nodes_takes_no_memory(tmp_path: Path) -> None:
    """Numbers of nodes are names: a huge one is as good as a small one."""
    big = 2**62
    nodes = {big: (34.0, 131.0), big - 1: (34.0, 131.001)}
    city = City(nodes, {1: ([big, big - 1], {"highway": "path"})})
    for kind in ("xml", "pbf", "overpass"):
        assert len(build([written(city, kind, tmp_path)]).network.tail) == 1


def test_both_files_of_a_city_join_where_they_share_nodes(tmp_path: Path) -> None:
    west = City({1: (34.0, 131.0), 2: (34.0, 131.001)}, {1: ([1, 2], {"highway": "path"})})
    east = City({2: (34.0, 131.001), 3: (34.0, 131.002)}, {2: ([2, 3], {"highway": "path"})})
    paths = [west.pbf(tmp_path / "w.osm.pbf"), east.xml(tmp_path / "e.osm")]
    net = build(paths).network
    assert (len(net.lat), int(net.components().max())) == (3, 0)
    lines = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry":
         {"type": "LineString", "coordinates": [[131.002, 34.0], [131.003, 34.0]]}}]}  # fmt: skip
    (tmp_path / "own.geojson").write_text(json.dumps(lines))
    mixed = build([*paths, tmp_path / "own.geojson"]).network
    assert (len(mixed.lat), int(mixed.components().max())) == (4, 0)
    assert mixed.facts["inputs"] == ["w.osm.pbf", "e.osm", "own.geojson"]


def test_one_unreadable_file_of_several_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "b.osm").write_text("<osm")
    with pytest.raises(SonaeError):
        build([town().xml(tmp_path / "a.osm"), tmp_path / "b.osm"])


def test_a_box_keeps_whole_lines_that_touch_it(tmp_path: Path) -> None:
    path = town().xml(tmp_path / "c.osm")
    net = build([path], box=(130.9999, 33.9, 131.0006, 34.1)).network
    assert len(net.tail) == 4, "ways 101 and 107 have a node there"
    with pytest.raises(SonaeError, match="no_lines"):
        build([path], box=(10.0, 10.0, 11.0, 11.0))
