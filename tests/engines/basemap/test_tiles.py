"""The base map's file: read back by GDAL and by the format's own reader, nothing lost, nothing made up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from pmtiles.reader import MmapSource, Reader, all_tiles
from pyproj import Transformer

from sonae.engines.basemap import build, tiles
from sonae.engines.basemap.build import Order
from sonae.engines.basemap.tiles import FIRST_ZOOM, LAST_ZOOM, TileLayer
from sonae.engines.hazard.layer import HazardLayer
from tests.engines.evacuation.small import at, layer, network

DEGREES = Transformer.from_crs(3857, 4326, always_xy=True)


def drawn(path: Path, name: str, zoom: int = LAST_ZOOM) -> tuple[Any, dict[str, Any]]:
    """Shapes (in degrees) and columns of one layer at one zoom, as GDAL reads them."""
    meta, _, shapes, values = pyogrio.raw.read(path, layer=name, ZOOM_LEVEL=str(zoom))
    moved = shapely.transform(
        shapely.from_wkb(shapes), lambda p: np.column_stack(DEGREES.transform(p[:, 0], p[:, 1]))
    )
    return moved, dict(zip(meta["fields"], values, strict=True))


def city(tmp_path: Path, layers: Sequence[HazardLayer] = (), name: str = "試験市") -> Order:
    """An order for a small city of one long street, two lanes with stairs, and two towns."""
    net = network(
        [(i * 300.0, 50.0) for i in range(10)] + [(600.0, 120.0), (1500.0, 130.0)],
        [*((i, i + 1) for i in range(9)), (2, 10), (5, 11)],
        stairs=(9,),
    )
    net.save(tmp_path / "network")
    folders = []
    for number, one in enumerate(layers):
        one.save(tmp_path / f"layer{number}")
        folders.append(str(tmp_path / f"layer{number}"))
    lat, lon = at(300, 60)
    towns = ((lon, lat, "西町", "ニシマチ"), (lon + 0.01, lat, "東町一丁目", "ヒガシマチ"))
    return Order(
        str(tmp_path / "map.pmtiles"), name, str(tmp_path / "network"), tuple(folders), towns
    )


def test_what_was_drawn_can_be_read_where_it_was(tmp_path: Path) -> None:
    order = city(tmp_path, [layer([[3, 1, 0, 255]], cell_m=400)])
    made = build.build(order)
    path = Path(order.out)
    assert made.bytes == path.stat().st_size and made.tiles > 0 and made.towns == 2
    shapes, columns = drawn(path, "towns")
    assert set(columns["name"]) == {"西町", "東町一丁目"}
    lon, lat = order.towns[0][:2]
    here = shapes[list(columns["name"]).index("西町")]
    assert abs(shapely.get_x(here) - lon) < 1e-5 and abs(shapely.get_y(here) - lat) < 1e-5
    street, _ = drawn(path, "trunk_streets")
    south, west = at(0, 50)
    _, east = at(2700, 50)
    assert shapely.total_bounds(street) == pytest.approx((west, south, east, south), abs=2e-5)
    _lanes, columns = drawn(path, "lanes")
    assert sorted(columns["stairs"]) == [0, 1]


def test_zones_keep_rank_and_place_and_unknown_ground_is_drawn(tmp_path: Path) -> None:
    raster = layer([[3, 1, 0, 255]], cell_m=400, name="flood_l2")
    path = Path(city(tmp_path, [raster]).out)
    build.build(city(tmp_path, [raster]))
    zones, columns = drawn(path, "zones")
    assert set(columns["layer"]) == {"flood_l2"} and set(columns["rank"]) == {1, 3}
    deep = shapely.union_all(zones[columns["rank"] == 3])
    expected = shapely.box(
        raster.west, raster.north - raster.dlat, raster.west + raster.dlon, raster.north
    )
    assert shapely.area(shapely.symmetric_difference(deep, expected)) < expected.area * 0.02
    unknown, _ = drawn(path, "unsurveyed")
    assert shapely.union_all(unknown).contains(
        shapely.Point(raster.west + 3.5 * raster.dlon, raster.north - raster.dlat / 2)
    )


def test_missing_tiles_are_known_to_be_missing(tmp_path: Path) -> None:
    """A tile without any shape is in no directory: a browser knows without asking that it is empty."""
    order = city(tmp_path)
    made = build.build(order)
    with Path(order.out).open("rb") as file:
        source = MmapSource(file)
        header = Reader(source).header()
        places = [place for place, _ in all_tiles(source)]
        assert Reader(source).get(LAST_ZOOM, 0, 0) is None
    assert len(places) == len(set(places)) == made.tiles
    assert (header["min_zoom"], header["max_zoom"]) == (FIRST_ZOOM, LAST_ZOOM)
    south, west = at(0, 50)
    assert header["min_lon_e7"] <= west * 1e7 <= header["max_lon_e7"]
    assert header["min_lat_e7"] <= south * 1e7 <= header["max_lat_e7"]


def test_sources_are_named_in_the_file(tmp_path: Path) -> None:
    order = city(tmp_path, [layer([[1, 0]])])
    made = build.build(order)
    assert made.sources == ("試験 2026-01-01",)
    told = tiles.described(Path(order.out))
    assert told["attribution"] == "試験 2026-01-01" and told["name"] == "試験市"
    assert {"towns", "lanes", "zones", "covered"} <= {one["id"] for one in told["vector_layers"]}


def test_ground_without_streets_is_not_shown_as_known(tmp_path: Path) -> None:
    build.build(city(tmp_path))
    known = shapely.union_all(drawn(tmp_path / "map.pmtiles", "covered")[0])
    lat, lon = at(1200, 50)
    assert known.contains(shapely.Point(lon, lat))
    assert not known.contains(shapely.Point(lon, lat + 0.02))


def test_a_build_in_its_own_process_says_what_it_made(tmp_path: Path) -> None:
    order = city(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "sonae.engines.basemap.build"],
        input=json.dumps(order.__dict__), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["towns"] == 2 and Path(order.out).exists()


def test_nothing_to_draw_is_refused_and_leaves_the_last_file(tmp_path: Path) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(b"the last good map")
    with pytest.raises(ValueError, match="nothing"):
        tiles.write(path, [TileLayer("none", np.empty(0, object), {})], name="", attribution="")
    assert path.read_bytes() == b"the last good map"


def test_no_shape_is_left_out_of_a_crowded_tile(tmp_path: Path) -> None:
    """GDAL's own limits would thin a tile silently; ours keep every one of 30,000 points in one tile."""
    rng = np.random.default_rng(7)
    points = shapely.points(139 + rng.random(30_000) * 0.02, 37 + rng.random(30_000) * 0.015)
    numbers = np.arange(30_000, dtype=np.int32)
    tiles.write(
        tmp_path / "x.pmtiles",
        [TileLayer("towns", points, {"n": numbers})],
        name="",
        attribution="",
    )
    _, columns = drawn(tmp_path / "x.pmtiles", "towns")
    assert set(columns["n"]) == set(numbers.tolist())


def test_the_same_city_makes_the_same_file(tmp_path: Path) -> None:
    order = city(tmp_path, [layer([[2, 1, 0]])])
    build.build(order)
    first = Path(order.out).read_bytes()
    build.build(order)
    assert Path(order.out).read_bytes() == first
