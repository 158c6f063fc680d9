"""From files to a network: every kind of file, every defect by row, lengths and slopes recomputed."""

from __future__ import annotations

import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from sonae.core.errors import SonaeError
from sonae.engines.evacuation.network import FILE, Network
from sonae.engines.evacuation.reach import describe, reach
from sonae.engines.evacuation.roads import build, read_roads
from sonae.engines.evacuation.walkable import REASONS, reason
from tests.conftest import real_data
from tests.engines.evacuation.small import at, network
from tests.engines.evacuation.test_roads import roads
from tests.engines.evacuation.test_route_cli import sonae

EARTH = Geod(ellps="GRS80")
LINES = [
    ([(131.0, 34.0), (131.001, 34.0005), (131.002, 34.0)], "residential", "3.5"),
    ([(131.002, 34.0), (131.003, 34.001)], "steps", None),
    ([(131.1, 34.1), (131.101, 34.1)], "path", "2"),
]


def as_geojson(path: Path) -> Path:
    return roads(path, [([list(p) for p in line], {"highway": kind, "width": width})
                        for line, kind, width in LINES])  # fmt: skip


def as_vector(path: Path, driver: str) -> Path:
    shapes = np.array([shapely.LineString(line) for line, _, _ in LINES])
    pyogrio.raw.write(
        path, shapely.to_wkb(shapes), geometry_type="LineString", crs="EPSG:6668", driver=driver,
        field_data=[np.array([row[n] for row in LINES], object) for n in (1, 2)],
        fields=["highway", "width"],
    )  # fmt: skip
    return path


def as_zip(path: Path) -> Path:
    shape = as_vector(path.with_suffix(".shp"), "ESRI Shapefile")
    with zipfile.ZipFile(path, "w") as file:
        for part in shape.parent.glob(f"{shape.stem}.*"):
            if part.suffix in (".shp", ".shx", ".dbf", ".prj"):
                file.write(part, part.name)
    return path


def as_edges(path: Path, encoding: str) -> Path:
    rows = ["from_lat,from_lon,to_lat,to_lon,highway,幅員,備考"]
    for line, kind, width in LINES:
        for (x, y), (u, v) in itertools.pairwise(line):
            rows.append(f"{y},{x},{v},{u},{kind},{width or ''},道")
    path.write_text("\n".join(rows), encoding)
    return path


def as_wkt(path: Path) -> Path:
    rows = ["name,wkt,highway,width"]
    rows += [f'x,"{shapely.LineString(line).wkt}",{kind},{w or ""}' for line, kind, w in LINES]
    path.write_text("\r\n".join(rows), "utf-8-sig")
    return path


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "zip", "utf8.csv", "sjis.csv", "wkt.csv"])
def test_every_kind_of_file_gives_the_same_network(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"r.{kind}"
    made = {
        "geojson": as_geojson, "gpkg": lambda p: as_vector(p, "GPKG"), "zip": as_zip,
        "utf8.csv": lambda p: as_edges(p, "utf-8"), "sjis.csv": lambda p: as_edges(p, "cp932"),
        "wkt.csv": as_wkt,
    }[kind](path)  # fmt: skip
    built = build([made], source="市道路課", date="2026-04-01")
    net = built.network
    assert (len(net.lat), len(net.tail), built.defects) == (6, 4, [])
    assert (net.source, net.date) == ("市道路課", "2026-04-01")
    assert net.stairs.sum() == 1
    assert sorted(net.width_m[np.isfinite(net.width_m)].tolist()) == [2.0, 3.5, 3.5]
    want = [EARTH.inv(*a, *b)[2] for line, _, _ in LINES
            for a, b in itertools.pairwise(line)]  # fmt: skip
    assert sorted(net.length_m.tolist()) == pytest.approx(sorted(want), rel=1e-6)
    assert describe(net)["components"] == 2


def features(path: Path, rows: list[tuple[dict[str, Any] | None, dict[str, Any]]]) -> Path:
    made = [{"type": "Feature", "geometry": shape, "properties": tags} for shape, tags in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}), "utf-8")
    return path


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(point) for point in points]}


def test_every_defect_is_named_by_row_and_the_rest_is_used(tmp_path: Path) -> None:
    good = line((131.0, 34.0), (131.001, 34.0))
    path = features(tmp_path / "bad.geojson", [
        (good, {"width": "広い"}),
        (None, {}),
        ({"type": "Point", "coordinates": [131.0, 34.0]}, {}),
        (line((131.001, 34.0), (131.001, 34.0)), {}),
        (line((131.001, 34.0), (231.0, 34.0), (131.002, 34.0), (131.003, 34.0)), {}),
        (good, {}),
        (line((131.001, 34.0), (131.0, 34.0)), {}),
        (line((131.0, 34.0), (131.0, 34.001), (131.001, 34.001), (131.0, 34.0)), {"incline": "400%"}),
    ])  # fmt: skip
    built = build([path])
    told = {(d.row, d.problem, d.action) for d in built.defects}
    assert told == {
        (1, "not_a_number", "kept"), (2, "not_a_line", "left_out"), (3, "not_a_line", "left_out"),
        (4, "zero_length", "left_out"), (5, "bad_position", "left_out"),
        (6, "duplicate", "left_out"), (8, "not_a_number", "kept"),
    }  # fmt: skip
    assert {d.value for d in built.defects if d.row == 1} == {"広い"}
    assert built.network.facts["opposite_lines"] == 1, "the other direction is no defect"
    assert len(built.network.tail) == 5, "1, 5 without its lost point, and the triangle"
    assert built.network.contradiction() == ""


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308])
def test_numbers_that_are_no_place_cut_the_line_there(bad: float, tmp_path: Path) -> None:
    """GeoPackage holds any float; the line goes on where its coordinates are sound again."""
    points = [[131.0, 34.0], [131.001, 34.0], [bad, 34.0], [131.003, 34.0], [131.004, 34.0]]
    pyogrio.raw.write(
        tmp_path / "n.gpkg", shapely.to_wkb(np.array([shapely.LineString(points)])), [], [],
        driver="GPKG", geometry_type="LineString", crs="EPSG:4326",
    )  # fmt: skip
    built = build([tmp_path / "n.gpkg"])
    assert [(d.row, d.problem) for d in built.defects] == [(1, "bad_position")]
    assert (len(built.network.tail), describe(built.network)["components"]) == (2, 2)


def test_rows_of_a_table_are_its_line_numbers(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(
        "from_lat,from_lon,to_lat,to_lon\n34,131,34,131.001\n\n34,x,34,131.002\n34,131,34,131\n"
    )
    built = build([tmp_path / "e.csv"])
    assert {(d.row, d.problem) for d in built.defects} == {(4, "not_a_line"), (5, "zero_length")}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("e.csv", "", "empty_file"),
        ("e.csv", "from_lat,from_lon,to_lat,to_lon\n", "empty_file"),
        ("e.csv", "a,b\n1,2\n", "missing_columns"),
        ("e.csv", "from_lat,from_lon,to_lat,to_lon\nx,y,z,w\n", "no_lines"),
        ("e.csv", 'from_lat,wkt\n1,"' + "x" * 140_000, "unreadable"),
        ("e.geojson", '{"type": "FeatureCollection", "features": []}', "empty_file"),
        ("e.geojson", '{"type": "FeatureCollection", "fea', "unreadable"),
    ],
)
def test_tables_that_are_none_are_refused(name: str, text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SonaeError) as caught:
        build([tmp_path / name])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"highway": "trunk"}, ""),
        ({"highway": "trunk", "motorroad": "yes"}, "motorway"),
        ({"highway": "trunk", "motorroad": "yes", "foot": "yes"}, ""),
        ({"highway": "motorway", "foot": "yes"}, "motorway"),
        ({"highway": "service", "access": "private"}, "private"),
        ({"highway": "service", "access": "private", "foot": "permissive"}, ""),
        ({"highway": "footway", "foot": "private", "access": "yes"}, "private"),
        ({"highway": "footway", "access": "customers"}, ""),
        ({"highway": "construction"}, "unbuilt"),
        ({"highway": "path", "ford": "yes"}, "ford"),
        ({"highway": "path", "sac_scale": "mountain_hiking"}, ""),
        ({"highway": "path", "sac_scale": "alpine_hiking"}, "mountain"),
        ({"highway": "corridor"}, "indoor"),
        ({"highway": "corridor", "foot": "yes"}, ""),
        ({"highway": "footway", "indoor": "yes"}, "indoor"),
        ({"highway": "elevator"}, "lift"),
        ({"highway": "raceway"}, "not_a_way"),
        ({"highway": "residential,motorway_link"}, "motorway"),
        ({"highway": "虹"}, "unknown_kind"),
        ({"highway": ""}, ""),
    ],
)
def test_who_may_walk_where(tags: dict[str, str], why: str) -> None:
    def words(name: str) -> frozenset[str]:
        return frozenset(tags.get(name, "").split(",")) - {""}

    names = ("highway", "foot", "access", "motorroad", "indoor", "ford", "sac_scale")
    assert REASONS[reason(*map(words, names))] == why


def test_the_national_network_for_walkers_has_its_own_codes(tmp_path: Path) -> None:
    """歩行空間ネットワークデータ: 6 stairs, 5 escalator, 4 lift."""
    rows = [
        (line((131.0 + n / 1000, 34.0), (131.001 + n / 1000, 34.0)), {"route_type": kind})
        for n, kind in enumerate((1, 6, "5", 4, 99))
    ]
    net = build([features(tmp_path / "link.geojson", rows)]).network
    order = np.argsort(net.lon[net.tail] + net.lon[net.head])
    assert net.stairs[order].tolist() == [False, True, True, False]
    assert net.facts["left_out"] == {"lift": 1}


def test_of_stairs_and_a_road_on_one_line_the_road_counts(tmp_path: Path) -> None:
    shape = line((131.0, 34.0), (131.001, 34.0))
    for tags in ([{"highway": "steps"}, {"highway": "path"}],
                 [{"highway": "path"}, {"highway": "steps"}]):  # fmt: skip
        net = build([features(tmp_path / "r.geojson", [(shape, one) for one in tags])]).network
        assert net.stairs.tolist() == [False]


def tile(folder: Path, metres: np.ndarray, zoom: int, x: int, y: int) -> None:  # type: ignore[type-arg]
    """Write one elevation tile as 国土地理院 does, nan = no data."""
    value = np.where(np.isnan(metres), 2**23, np.nan_to_num(np.round(metres * 100)) % 2**24)
    value = value.astype(np.int64)
    rgb = np.stack([value >> 16 & 255, value >> 8 & 255, value & 255], axis=-1).astype(np.uint8)
    path = folder / str(zoom) / str(x) / f"{y}.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(rgb).save(path)


def test_the_ground_gives_slopes_and_a_bridge_keeps_level(tmp_path: Path) -> None:
    """The ground falls 1 m a pixel to the east; at zoom 15 a pixel is 360/2^23 degrees wide."""
    zoom, pixel = 15, 360 / 2**23
    x, y = 28312, 13080
    heights = np.broadcast_to(-1.0 * np.arange(256) * (np.arange(256) < 200), (256, 256)).copy()
    heights[:, 240:] = np.nan
    tile(tmp_path / "dem", heights, zoom, x, y)
    north = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (y + 0.5) / 2**zoom))))

    def east(column: float) -> float:
        return float(x * 256 + column + 0.5) * pixel - 180

    path = features(tmp_path / "r.geojson", [
        (line(*((east(c), north) for c in range(0, 101, 10))), {}),
        (line((east(150), north), (east(210), north), (east(220), north)), {"bridge": "yes"}),
        (line((east(250), north), (east(254), north)), {}),
    ])  # fmt: skip
    net = build([path], dem=str(tmp_path / "dem")).network
    step = EARTH.inv(east(0), north, east(10), north)[2]
    west = net.lon[net.tail] < east(120)
    uphill = np.sign(net.lon[net.tail] - net.lon[net.head])
    assert (net.slope * uphill)[west] == pytest.approx(np.full(10, 10 / step), rel=0.01)
    deck = net.bridge
    assert deck.sum() == 2
    assert np.ptp(net.slope[deck] * uphill[deck]) < 1e-6, "one even rise from end to end"
    assert net.slope_known.tolist() == (net.lon[net.tail] < east(245)).tolist()
    with pytest.raises(SonaeError, match="unreadable"):
        build([path], dem=str(tmp_path))


def test_heights_of_the_points_themselves(tmp_path: Path) -> None:
    shape = {"type": "LineString", "coordinates": [[131.0, 34.0, 5.0], [131.001, 34.0, 15.0]]}
    net = build([features(tmp_path / "z.geojson", [(shape, {})])]).network
    assert abs(float(net.slope[0])) == pytest.approx(10 / float(net.length_m[0]), rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_lengths_are_those_of_the_ellipsoid_and_nothing_is_drawn_twice(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any tangle of lines: every different piece once, its length recomputed one by one."""
    point = st.tuples(st.integers(0, 4), st.integers(0, 4))
    drawn = data.draw(st.lists(st.lists(point, min_size=2, max_size=5), min_size=1, max_size=6))
    places = [[(131 + x / 1000, 34 + y / 1000) for x, y in one] for one in drawn]
    rows = [(line(*one), {}) for one in places]
    path = features(tmp_path_factory.mktemp("r") / "r.geojson", rows)
    pieces = {frozenset((a, b)) for one in places for a, b in itertools.pairwise(one)
              if a != b}  # fmt: skip
    if not pieces:
        with pytest.raises(SonaeError):
            read_roads(path)
        return
    net = read_roads(path)
    got = {}
    for a, b, metres in zip(net.tail, net.head, net.length_m.tolist(), strict=True):
        ends = frozenset((round(float(net.lon[n]), 7), round(float(net.lat[n]), 7)) for n in (a, b))
        assert ends not in got
        got[ends] = metres
    want = {frozenset((round(x, 7), round(y, 7)) for x, y in piece): EARTH.inv(*a, *b)[2]
            for piece in pieces for a, b in [tuple(piece)]}  # fmt: skip
    assert got.keys() == want.keys()
    assert [got[key] for key in want] == pytest.approx(list(want.values()), rel=1e-6)


def test_whom_the_network_does_not_reach() -> None:
    net = network([(0, 0), (100, 0), (200, 0), (500, 0), (560, 0)], [(0, 1), (1, 2), (3, 4)])
    lat, lon = (np.array(axis) for axis in zip(at(10, 0), at(520, 0), at(3000, 0), strict=True))
    found = reach(net, lat, lon)
    assert found.off.tolist() == [False, False, True]
    assert found.island.tolist() == [False, True, False]
    assert found.main_m == pytest.approx([10, 320, 2800], rel=1e-3)
    told = describe(net)
    assert (told["components"], told["main_nodes"], told["off_main_nodes"]) == (2, 3, 2)
    assert told["islands"][0]["metres"] == pytest.approx(60, abs=0.1)


def test_the_command_builds_reports_and_is_read_again(tmp_path: Path) -> None:
    path = features(tmp_path / "r.geojson", [
        (line((131.0, 34.0), (131.001, 34.0)), {"highway": "path"}),
        (line((131.0, 34.0), (131.0, 34.0)), {"highway": "path"}),
        (line((131.0, 34.0), (131.0, 34.1)), {"highway": "motorway"}),
    ])  # fmt: skip
    out, defects = tmp_path / "net", tmp_path / "d.jsonl"
    status, rows, _ = sonae("build", str(path), "--out", str(out), "--defects", str(defects))
    assert status == 0
    assert rows[0]["left_out"] == {"motorway": 1}
    assert (rows[0]["nodes"], rows[0]["edges"], rows[0]["defects"]) == (2, 1, {"zero_length": 1})
    assert json.loads(defects.read_text())["row"] == 2
    assert len(Network.load(out, check=True).tail) == 1
    before = (out / FILE).read_bytes()
    (tmp_path / "broken.osm").write_text("<osm")
    status, rows, said = sonae("build", str(path), str(tmp_path / "broken.osm"), "--out", str(out))
    assert (status, rows, said[0]["error"]) == (1, [], "unreadable")
    assert (out / FILE).read_bytes() == before, "the last good network stays"
    assert sonae("build", str(path), "--out", str(out), "--bbox", "3,4,1,2")[0] == 2


@pytest.mark.real_data
def test_real_lengths_agree_with_those_in_the_file(tmp_path: Path) -> None:
    """宇部: whole lines measured on the ellipsoid, against the length that the file states."""
    path = real_data("geo", "osm", "ube", "ube_roads.zip")
    net = read_roads(path)
    _, _, again = EARTH.inv(
        net.lon[net.tail], net.lat[net.tail], net.lon[net.head], net.lat[net.head]
    )
    assert np.abs(again - net.length_m).max() < 0.001
    net.save(tmp_path)
    read = Network.load(tmp_path, check=True)
    assert read.length_m.tobytes() == net.length_m.tobytes()
    assert describe(read) == describe(net)
