"""Road files as networks: nothing invented, nothing lost, the same ways as an independent library."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from sonae.core.errors import SonaeError
from sonae.engines import geofiles
from sonae.engines.evacuation.graph import Graph, Skeleton, way, way_edges
from sonae.engines.evacuation.network import Network
from sonae.engines.evacuation.repair import repaired, risen
from sonae.engines.evacuation.roads import read_roads
from tests.conftest import real_data
from tests.engines.evacuation.small import network
from tests.engines.evacuation.test_ties import same


def roads(path: Path, lines: list[tuple[list[list[float]], dict[str, Any]]], crs: str = "") -> Path:
    """A GeoJSON of lines."""
    features = [
        {"type": "Feature", "properties": values,
         "geometry": {"type": "LineString", "coordinates": points}}
        for points, values in lines
    ]  # fmt: skip
    made: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs:
        made["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(made), "utf-8")
    return path


def test_every_vertex_is_a_node_and_both_directions_one_edge(tmp_path: Path) -> None:
    there = [[139.0, 37.0], [139.001, 37.0], [139.002, 37.001]]
    made = read_roads(roads(tmp_path / "r.geojson", [(there, {}), (there[::-1], {})]))
    assert (len(made.lat), len(made.tail)) == (3, 2)
    # 1/1000 degree of longitude at 37° on GRS80, computed from the ellipsoid's radius there.
    a, e2 = 6378137.0, 0.00669438002290
    east = a / math.sqrt(1 - e2 * math.sin(math.radians(37)) ** 2) * math.cos(math.radians(37))
    assert float(made.length_m.min()) == pytest.approx(east * math.radians(0.001), rel=1e-5)
    assert made.source == "r.geojson"


def test_tags_decide_who_may_walk(tmp_path: Path) -> None:
    lines = [
        ([[139.0, 37.0], [139.001, 37.0]], {"highway": "footway,steps"}),
        ([[139.1, 37.0], [139.101, 37.0]], {"highway": "motorway"}),
        ([[139.2, 37.0], [139.201, 37.0]], {"highway": "service", "access": "private"}),
        ([[139.3, 37.0], [139.301, 37.0]], {"highway": "service", "access": "no", "foot": "yes"}),
        ([[139.4, 37.0], [139.401, 37.0]], {"highway": "track", "foot": "no"}),
        ([[139.5, 37.0], [139.501, 37.0]], {"highway": "residential"}),
    ]  # fmt: skip
    made = read_roads(roads(tmp_path / "r.geojson", lines))
    assert sorted(np.round(made.lon[made.tail], 1).tolist()) == [139.0, 139.3, 139.5]
    assert made.stairs.tolist() == [True, False, False]


def test_heights_give_slopes_in_the_direction_of_the_line(tmp_path: Path) -> None:
    values = {"h_s_SAMPLE": 10.0, "h_e_SAMPLE": 4.0, "length": 60.0}
    made = read_roads(roads(tmp_path / "r.geojson", [([[139.0, 37.0], [139.001, 37.0]], values)]))
    assert made.slope.tolist() == pytest.approx([-6.0 / made.length_m[0]]), "the drawn length"
    assert made.slope_known.all()
    rising = made.lon[made.head[0]] < made.lon[made.tail[0]]
    assert not rising


def test_plane_coordinates_become_degrees(tmp_path: Path) -> None:
    """平面直角座標系 IX (EPSG:6677): its origin is 36° N, 139°50′ E by definition."""
    line = [([[0.0, 0.0], [100.0, 0.0]], {})]
    made = read_roads(roads(tmp_path / "r.geojson", line, "urn:ogc:def:crs:EPSG::6677"))
    assert float(made.lat[0]) == pytest.approx(36.0, abs=1e-6)
    assert float(made.lon.min()) == pytest.approx(139 + 50 / 60, abs=1e-6)
    assert float(made.length_m[0]) == pytest.approx(100, rel=2e-4)


def test_what_is_no_road_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.shp").write_bytes(b"no")
    (tmp_path / "folder").mkdir()
    motorway = [([[139.1, 37.0], [139.101, 37.0]], {"highway": "motorway"})]
    roads(tmp_path / "motorway.geojson", motorway)
    roads(tmp_path / "plane.geojson", [([[0.0, 0.0], [5000.0, 0.0]], {})])
    for name, code in (("missing.gpkg", "unreadable"), ("bad.shp", "unreadable"),
                       ("folder", "unreadable"), ("motorway.geojson", "no_lines"),
                       ("plane.geojson", "unknown_crs")):  # fmt: skip
        with pytest.raises(SonaeError) as caught:
            read_roads(tmp_path / name)
        assert caught.value.code == code, name


def test_a_saved_network_is_a_road_file_too(tmp_path: Path) -> None:
    made = network([(0, 0), (100, 0)], [(0, 1)])
    made.save(tmp_path / "net")
    assert read_roads(tmp_path / "net").length_m.tolist() == [100.0]


def test_the_line_of_a_way_follows_the_bends_in_its_direction() -> None:
    net = network([(0, 0), (100, 0), (200, 0)], [(0, 1), (2, 1)], bends={1: [(160, 50), (140, 50)]})
    there = net.line([0, 1, 2])
    assert len(there) == 5
    assert net.line([2, 1, 0]) == there[::-1]
    assert [lon for lon, _ in there] == sorted(lon for lon, _ in there)
    assert net.line([1]) == [(net.lon[1], net.lat[1])]
    assert net.line([]) == []


@pytest.fixture(scope="module")
def ube() -> Network:
    """The real walking network of 宇部."""
    return read_roads(real_data("geo", "osm", "ube", "ube_roads.zip"))


@pytest.mark.real_data
def test_real_roads_are_whole(ube: Network) -> None:
    """Facts: about 39,085 nodes, 44,042 edges, 1,012 km, 99.5 % of nodes in the largest component.

    A bus terminal and a station's passages (busway, corridor) are left out: 61 nodes, 72 edges.
    """
    assert len(ube.lat) == pytest.approx(39_085 - 61, rel=0.0002)
    assert len(ube.tail) == pytest.approx(44_042 - 72, rel=0.0002)
    assert float(ube.length_m.sum()) / 1000 == pytest.approx(1_012, rel=0.005)
    assert np.bincount(ube.components()).max() / len(ube.lat) == pytest.approx(0.995, abs=0.001)
    assert 0 < ube.stairs.mean() < 0.02
    assert float(np.abs(ube.slope).max()) < 0.5


@pytest.mark.real_data
def test_a_tree_on_real_roads_equals_networkx(ube: Network) -> None:
    rng = np.random.default_rng(11)
    danger = np.where(rng.random(len(ube.tail)) < 0.13, ube.length_m, 0).astype(np.float32)
    sites = rng.choice(len(ube.lat), 60, replace=False).astype(np.int32)
    tree = Graph(ube, danger).tree(sites)
    other = nx.Graph()
    columns = (ube.tail.tolist(), ube.head.tolist(), ube.length_m.tolist(), danger.tolist())
    for a, b, length, bad in zip(*columns, strict=True):
        dm = max(round(length * 10), 1)
        other.add_edge(a, b, cost=(min(round(bad * 10), dm) << 24) + dm)
    want = nx.multi_source_dijkstra_path_length(other, set(sites.tolist()), weight="cost")
    reached = np.flatnonzero(tree.site >= 0)
    assert set(reached.tolist()) == set(want)
    packed = np.rint(tree.danger_m * 10)[reached] * 2**24 + np.rint(tree.distance_m * 10)[reached]
    assert packed.tolist() == [want[node] for node in reached.tolist()]


@pytest.mark.real_data
def test_closings_on_real_roads_are_mended_exactly_and_every_metre_is_walked(ube: Network) -> None:
    """A site closes and fifty roads are cut: the mended tree is the new tree; 300 ways, edge by edge."""
    rng = np.random.default_rng(12)
    danger = np.where(rng.random(len(ube.tail)) < 0.13, ube.length_m, 0).astype(np.float32)
    unsure = np.where((danger == 0) & (rng.random(len(danger)) < 0.3), ube.length_m, 0)
    sites = rng.choice(len(ube.lat), 60, replace=False).astype(np.int32)
    shut = np.zeros(len(danger), bool)
    shut[rng.choice(len(shut), 50, replace=False)] = True
    skeleton = Skeleton(ube)
    before, after = (
        Graph(ube, danger, cut, unsurveyed_m=unsure.astype(np.float32), skeleton=skeleton)
        for cut in (None, shut)
    )
    costlier = risen(before, after)
    assert costlier is not None
    mended = repaired(before.tree(sites), sites, after, sites[1:], costlier)
    assert mended is not None
    same(mended, after.tree(sites[1:]))
    for node in rng.choice(np.flatnonzero(mended.site >= 0), 300, replace=False).tolist():
        edges = way_edges(after, mended, way(mended, node))
        assert not shut[edges].any()
        length = [max(round(float(metres) * 10), 1) for metres in ube.length_m[edges]]
        assert sum(length) == round(float(mended.distance_m[node]) * 10)
        bad = [round(float(metres) * 10) for metres in danger[edges]]
        assert sum(map(min, bad, length)) == round(float(mended.danger_m[node]) * 10)


@pytest.mark.real_data
def test_real_roads_hold_every_walkable_line(ube: Network) -> None:
    """Every vertex of every walkable line of the file is a node: counted without the reader."""
    file = real_data("geo", "osm", "ube", "ube_roads.zip")
    found = geofiles.read(file, ["highway", "access"])
    indoor = np.array(["corridor" in str(kind) for kind in found.column("highway")])
    shut = (found.column("access") == "no") | (found.column("highway") == "busway") | indoor
    kept = found.shapes[~shut]
    vertices = shapely.get_coordinates(kept)
    nodes = np.column_stack((ube.lon, ube.lat))
    for ours, theirs in ((nodes, vertices), (vertices, nodes)):
        metres, _ = cKDTree(ours).query(theirs)
        assert metres.max() < 2e-7, "within two centimetres, in degrees"
