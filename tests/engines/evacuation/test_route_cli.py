"""``sonae evacuation route`` keeps the contract: the right site, an honest reason, a drawn way."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from sonae.engines.evacuation.network import METRES_PER_DEGREE
from sonae.engines.evacuation.roads import read_roads
from tests.conftest import ROOT, real_data
from tests.engines.evacuation.small import EAST_SCALE, SOUTH, WEST, at, layer, network

FLAGS = (
    "洪水",
    "崖崩れ、土石流及び地滑り",
    "高潮",
    "地震",
    "津波",
    "大規模な火事",
    "内水氾濫",
    "火山現象",
)


def sonae(*args: str, given: str = "") -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Run the command line; exit status, rows, what was said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "sonae", "evacuation", *args],
        input=given.encode(), capture_output=True, check=False, timeout=90,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    said = [json.loads(line) for line in done.stderr.splitlines() if line.startswith(b"{")]
    return done.returncode, rows, said


def gsi(path: Path, sites: list[tuple[str, float, str]]) -> Path:
    """A national list: id, metres east on the street, hazards designated (words in FLAGS)."""
    features = []
    for name, east, designated in sites:
        lat, lon = at(east, 50)
        flags = {flag: "1" if flag in designated.split() else "" for flag in FLAGS}
        values = {"共通ID": name, "施設・場所名": f"{name}広場", "住所": "", "備考": None, **flags}
        features.append({"type": "Feature", "properties": values,
                         "geometry": {"type": "Point", "coordinates": [lon, lat]}})  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """600 m of street; sites at 50 m (landslides only), 250 m (flood), 650 m (flood)."""
    net = network([(50.0 + 100 * i, 50.0) for i in range(7)], [(i, i + 1) for i in range(6)])
    net.save(tmp_path / "roads")
    gsi(tmp_path / "sites.json", [
        ("A", 50, "崖崩れ、土石流及び地滑り"), ("B", 250, "洪水"), ("C", 650, "洪水 高潮"),
    ])  # fmt: skip
    layer([[0, 3, 3, 0, 0, 0, 0]]).save(tmp_path / "water")
    return tmp_path


def origins(*east: float) -> str:
    rows = [f"o{n},{lat},{lon}" for n, (lat, lon) in enumerate(at(x, 50) for x in east)]
    return "id,lat,lon\n" + "\n".join(rows)


def files(street: Path) -> list[str]:
    return ["--roads", str(street / "roads"), "--shelters", str(street / "sites.json")]


def test_the_nearest_site_that_is_not_designated_is_passed_by(street: Path) -> None:
    status, rows, _ = sonae("route", *files(street), "--for", "flood", "-", given=origins(50, 600))
    assert status == 0
    assert [row["shelter_id"] for row in rows] == ["B", "C"]
    assert rows[0]["distance_m"] == pytest.approx(200, abs=0.2)
    assert rows[0]["minutes"] == pytest.approx(200 / 60, abs=0.1)
    assert rows[0]["line"][0] == pytest.approx([at(50, 50)[1], at(50, 50)[0]])
    assert rows[0]["line"][-1] == pytest.approx([at(250, 50)[1], at(250, 50)[0]])
    assert all(a != b for a, b in itertools.pairwise(rows[0]["line"]))


def test_metres_in_danger_come_first(street: Path) -> None:
    args = ["route", *files(street), "--for", "flood", "--hazard", str(street / "water")]
    status, rows, _ = sonae(*args, "--no-line", "-", given=origins(50, 350, 450))
    assert status == 0
    assert [row["shelter_id"] for row in rows] == ["B", "C", "C"]
    assert rows[0]["hazard_m"] == pytest.approx(150, abs=0.2), "unavoidable, and said"
    assert rows[1]["hazard_m"] == 0
    assert "line" not in rows[0]


def test_profiles_speed_and_night(street: Path) -> None:
    def minutes(*more: str) -> float:
        args = ["route", *files(street), "--for", "flood", "--no-line", *more, "-"]
        return float(sonae(*args, given=origins(50))[1][0]["minutes"])

    assert minutes("--profile", "wheelchair") == pytest.approx(200 / 0.5 / 60, abs=0.1)
    assert minutes("--speed", "2") == pytest.approx(200 / 2 / 60, abs=0.1)
    assert minutes("--night") == pytest.approx(200 / 0.8 / 60, abs=0.1)


def test_reasons(street: Path) -> None:
    for hazard, reason in (("volcano", "none_designated"), ("flood", None)):
        _, rows, _ = sonae("route", *files(street), "--for", hazard, "-", given=origins(50))
        assert (rows[0]["reason"], rows[0]["reachable"]) == (reason, reason is None)
    _, rows, _ = sonae(
        "route", *files(street), "--for", "flood", "--for", "storm_surge", "-", given=origins(50)
    )
    assert rows[0]["shelter_id"] == "C", "designated for both"
    _, rows, _ = sonae("route", *files(street), "--for", "flood", "-", given=origins(9000))
    assert (rows[0]["reason"], rows[0]["shelter_id"]) == ("not_connected", None)


def test_a_site_off_every_road_is_told_of(street: Path) -> None:
    gsi(street / "sites.json", [(f"Z{n}", 9000 + 100 * n, "洪水") for n in range(7)])
    status, rows, said = sonae("route", *files(street), "--for", "flood", "-", given=origins(50))
    assert status == 0
    assert rows[0]["reason"] == "not_connected"
    (note,) = [one for one in said if one["note"] == "far_from_road"]
    assert (note["count"], len(note["rows"])) == (7, 7), "one line, however many there are"
    assert "ほか2件" in note["detail"]


def test_bad_inputs_are_refused_one_by_one(street: Path) -> None:
    given = origins(50) + "\nbad,x,y\n"
    args = ["route", *files(street), "--shelters", "missing.json", "--for", "flood", "-"]
    status, rows, said = sonae(*args, given=given)
    assert status == 1
    assert [row["id"] for row in rows] == ["o0"]
    assert {one["error"] for one in said} == {"unreadable", "bad_position"}
    status, rows, said = sonae("route", "--roads", "no.gpkg", *files(street)[2:], "--for", "flood", "-",
                               given=given)  # fmt: skip
    assert (status, rows) == (1, [])
    assert sonae("route", *files(street), "-", given=given)[0] == 2, "--for is missing"


@pytest.mark.real_data
def test_real_city_against_networkx(tmp_path: Path) -> None:
    """宇部: sites, metres and lines recomputed from the files with another library."""
    roads = real_data("geo", "osm", "ube", "ube_roads.zip")
    file = real_data("geo", "gsi-shelters", "emergency", "352021.json")
    rng = np.random.default_rng(2)
    lat, lon = rng.uniform(33.935, 33.99, 25), rng.uniform(131.235, 131.30, 25)
    given = "id,lat,lon\n" + "\n".join(
        f"{i},{a},{b}" for i, (a, b) in enumerate(zip(lat, lon, strict=True))
    )
    status, rows, said = sonae("route", "--roads", str(roads), "--shelters", str(file),
                               "--for", "tsunami", "-", given=given)  # fmt: skip
    assert status == 0
    net = read_roads(roads)
    graph = nx.Graph()
    for a, b, metres in zip(
        net.tail.tolist(), net.head.tolist(), net.length_m.tolist(), strict=True
    ):
        graph.add_edge(a, b, metres=metres)
    main = max(nx.connected_components(graph), key=len)
    features = json.loads(file.read_text("utf-8"))["features"]
    flagged = {f["properties"]["共通ID"]: f["geometry"]["coordinates"] for f in features
               if f["properties"]["津波"] == "1"}  # fmt: skip
    nodes = np.array(sorted(main))

    def nearest(x: float, y: float) -> tuple[int, float]:
        scale = np.cos(np.radians(net.lat.mean()))
        d = np.hypot((net.lon[nodes] - x) * scale, net.lat[nodes] - y) * METRES_PER_DEGREE
        return int(nodes[d.argmin()]), float(d.min())

    ends = {name: nearest(*place) for name, place in flagged.items()}
    sources = {node for node, metres in ends.values() if metres <= 1000}
    (note,) = [one for one in said if one.get("note") == "far_from_road"]
    assert note["count"] == len(note["rows"]) > 10, "sites beyond the mapped centre are told of"
    length = nx.multi_source_dijkstra_path_length(graph, sources, weight="metres")
    for row, y, x in zip(rows, lat, lon, strict=True):
        node, off = nearest(x, y)
        if off > 1000:
            assert row["reason"] == "not_connected"
            continue
        assert row["shelter_id"] in flagged
        assert row["distance_m"] == pytest.approx(length[node] + off, rel=0.002, abs=2)
        assert row["distance_m"] == pytest.approx(_drawn(row["line"][:-1]), rel=0.01, abs=5)


def _drawn(line: list[list[float]]) -> float:
    """Metres of a drawn line, on a plane around the test's city."""
    points = np.array(line)
    scale = np.cos(np.radians(points[:, 1].mean()))
    steps = np.diff(points, axis=0) * [METRES_PER_DEGREE * scale, METRES_PER_DEGREE]
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def test_the_helper_places_the_street() -> None:
    assert at(0, 0) == (SOUTH, WEST)
    assert at(METRES_PER_DEGREE * EAST_SCALE, 0)[1] == pytest.approx(WEST + 1)
