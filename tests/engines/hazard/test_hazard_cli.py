"""``sonae hazard at`` keeps the contract of the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engines.evacuation.small import at, layer
from tests.engines.hazard.test_elevation import dem
from tests.engines.hazard.test_polygons import geojson


def sonae(*args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command line as a user does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "sonae", "hazard", "at", *args],
        input=given, capture_output=True, env=environment, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    """A saved raster: rank 3, dry, unreadable, not surveyed, from west to east."""
    layer([[3, 0, 254, 255]]).save(tmp_path / "flood")
    return tmp_path / "flood"


def points(*east: float) -> bytes:
    lines = ["id,lat,lon"]
    for number, metres in enumerate(east):
        lat, lon = at(metres, 50)
        lines.append(f"p{number},{lat},{lon}")
    return "\n".join(lines).encode()


def test_each_point_and_layer_is_one_line_in_three_values(raster: Path, tmp_path: Path) -> None:
    zones = geojson(tmp_path / "A33.geojson", [{"A33_002": 2}])
    done = sonae(
        "--layer", str(raster), "--layer", str(zones), "-", given=points(50, 150, 250, 350, 5000)
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    flood = [row for row in rows if row["hazard"] == "flood"]
    assert [row["zone"] for row in flood] == [
        "inside", "outside", "unknown", "unknown", "unknown",
    ]  # fmt: skip
    assert flood[0]["rank"] == 3
    assert flood[0]["depth_m"] == [3.0, 5.0]
    assert all(row["rank"] is None and row["depth_m"] is None for row in flood[1:])
    assert all(row["source"] for row in rows)
    slope = [row for row in rows if row["hazard"] == "landslide"]
    assert [row["detail"] for row in slope[:4]] == ["土砂災害特別警戒区域"] * 4
    assert slope[4]["zone"] == "unknown"


def test_bad_rows_and_layers_are_refused_and_the_rest_is_answered(raster: Path) -> None:
    given = points(50) + b"\nx,abc,139\ny,139.0,37.0\n"
    done = sonae("--layer", str(raster), "--layer", "missing.gpkg", "-", given=given)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["p0"]
    refused = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["error"] for one in refused] == ["unreadable", "bad_position", "bad_position"]
    assert [one.get("row") for one in refused] == [None, 3, 4]
    assert "逆" in refused[2]["hint"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_encodings_and_csv_out(raster: Path, tmp_path: Path, encoding: str) -> None:
    lat, lon = at(50, 50)
    file = tmp_path / "points.csv"
    file.write_bytes(f"名前,lon,id,lat\r\n備え市役所,{lon},役所,{lat}\r\n".encode(encoding))
    done = sonae("--layer", str(raster), "--format", "csv", str(file))
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert (row["id"], row["zone"]) == ("役所", "inside")


def test_a_file_without_the_columns_or_rows(raster: Path) -> None:
    for given, code in ((b"", "empty_file"), (b"id,x\n1,2\n", "missing_columns"),
                        (b"\x81\n", "encoding")):  # fmt: skip
        done = sonae("--layer", str(raster), "-", given=given)
        assert done.returncode == 1
        assert json.loads(done.stderr.splitlines()[0])["error"] == code
    assert sonae("-", given=b"id,lat,lon\n").returncode == 2, "no layer is wrong usage"


def test_an_endless_cell_is_refused_and_the_points_before_it_are_answered(raster: Path) -> None:
    done = sonae("--layer", str(raster), "-", given=points(50) + b'\np9,"' + b"1" * 140_000)
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["p0"]
    assert [json.loads(line)["error"] for line in done.stderr.splitlines()] == ["unreadable"]


def verb(*args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run another verb of the group."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "sonae", "hazard", *args],
        input=given, capture_output=True, env=environment, check=False, timeout=60,
    )  # fmt: skip


def test_check_says_what_a_file_holds_and_what_is_wrong(tmp_path: Path) -> None:
    path = geojson(tmp_path / "A31a-20.geojson", [{"A31a_205": 2}, {"A31a_205": "x"}])
    done = verb("check", str(path), str(tmp_path / "none.gml"), "--defects", str(tmp_path / "d"))
    assert done.returncode == 1
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["hazard"], row["scale"], row["areas"], row["unreadable"]) == ("flood", "L2", 2, 1)
    assert row["by_rank"] == {"2": 1}
    (defect,) = [json.loads(line) for line in (tmp_path / "d").read_text("utf-8").splitlines()]
    assert (defect["column"], defect["row"], defect["value"]) == ("A31a_205", 2, "x")
    (refused,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert refused["error"] == "unreadable"


def test_height_answers_in_metres_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "DEM.xml").write_text(dem(1, 1, ["12.5"]), "utf-8")
    done = verb(
        "height",
        "--dem",
        str(tmp_path / "DEM.xml"),
        "-",
        given=b"id,lat,lon\na,35.5,138.5\nb,40,138.5\n",
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == [{"id": "a", "metres": 12.5}, {"id": "b", "metres": None}]
