"""Tiles: one colour one rank; a missing tile and an unknown colour are unknown."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sonae.core.errors import SonaeError
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE
from sonae.engines.hazard.readers import open_layers
from sonae.engines.hazard.tiles import PALETTE, TileLayer, decode, open_tiles, pixel

ZOOM = 15
LAT, LON = 35.1, 138.86


def png(colours: dict[tuple[int, int], tuple[int, ...]], mode: str = "RGBA") -> bytes:
    """A tile, transparent but for some pixels (x, y)."""
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    for place, colour in colours.items():
        image.putpixel(place, colour)
    held = io.BytesIO()
    image.convert(mode).save(held, "PNG")
    return held.getvalue()


def tiles(folder: Path, colours: dict[tuple[int, int], tuple[int, ...]]) -> Path:
    """A folder with the one tile of the place."""
    x, y = pixel(np.array([LAT]), np.array([LON]), ZOOM)
    path = folder / str(ZOOM) / str(x[0] // 256) / f"{y[0] // 256}.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(png(colours))
    return folder


def here() -> tuple[int, int]:
    x, y = pixel(np.array([LAT]), np.array([LON]), ZOOM)
    return int(x[0] % 256), int(y[0] % 256)


def test_the_published_palette_gives_ranks_and_nothing_else_does() -> None:
    drawn = {(number, 0): (*colour, 255) for number, colour in enumerate(PALETTE)}
    drawn |= {(10, 0): (0xF8, 0xE1, 0xA6, 255), (11, 0): (0xFF, 0xFF, 0xB3, 255)}
    got = decode(png(drawn), "depth")
    assert got[0, :6].tolist() == [1, 2, 3, 4, 5, 6]
    assert got[0, 10:13].tolist() == [UNREADABLE, UNREADABLE, 0]


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_only_exact_colours_count(colour: tuple[int, int, int]) -> None:
    want = PALETTE.index(colour) + 1 if colour in PALETTE else UNREADABLE
    assert decode(png({(5, 7): (*colour, 255)}), "depth")[7, 5] == want


def test_other_kinds_of_image_are_unreadable_not_dry() -> None:
    assert (decode(b"", "depth") == UNREADABLE).all()
    assert (decode(png({})[:200], "depth") == UNREADABLE).all()
    small = io.BytesIO()
    Image.new("RGBA", (16, 16)).save(small, "PNG")
    assert (decode(small.getvalue(), "depth") == UNREADABLE).all()
    assert (decode(png({}, "P"), "zone") <= 1).all()


def test_the_pixel_of_a_place_equals_the_textbook_formula() -> None:
    """緯度経度 → タイル座標 (OpenStreetMap wiki, Slippy map tilenames)."""
    import math

    for lat, lon, zoom in ((35.1, 138.86, 15), (-33.9, 18.4, 9), (0.0, 0.0, 2), (71.2, -156.8, 12)):
        n = 2**zoom * 256
        x = int((lon + 180) / 360 * n)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
        got = pixel(np.array([lat]), np.array([lon]), zoom)
        assert (int(got[0][0]), int(got[1][0])) == (x, y)


def test_a_folder_of_tiles(tmp_path: Path) -> None:
    folder = tiles(tmp_path / "01_flood_l2_shinsuishin_data", {here(): (*PALETTE[2], 255)})
    (layer,) = open_layers(str(folder))
    assert (layer.hazard, layer.kind, layer.scale) == ("flood", "depth", "L2")
    step = 360 / 2**ZOOM / 256
    got = layer.ranks_at(np.array([LAT, LAT, LAT + 1]), np.array([LON, LON + 3 * step, LON]))
    assert got.tolist() == [3, 0, NOT_SURVEYED]


@pytest.mark.parametrize(
    ("name", "hazard", "kind"),
    [
        ("01_flood_l1_shinsuishin_newlegend_data", "flood", "depth"),
        ("01_flood_l2_kaokutoukai_hanran_data", "flood", "collapse"),
        ("03_hightide_l2_shinsuishin_data", "storm_surge", "depth"),
        ("04_tsunami_newlegend_data", "tsunami", "depth"),
        ("05_dosekiryukeikaikuiki", "landslide", "zone"),
        ("05_kyukeishakeikaikuiki", "landslide", "zone"),
        ("05_jisuberikeikaikuiki", "landslide", "zone"),
    ],
)
def test_names_of_the_portal(name: str, hazard: str, kind: str) -> None:
    layer = open_tiles(f"https://tiles.invalid/raster/{name}/{{z}}/{{x}}/{{y}}.png")
    assert (layer.hazard, layer.kind) == (hazard, kind)


def test_what_cannot_be_told_is_refused(tmp_path: Path) -> None:
    (tmp_path / "15" / "1").mkdir(parents=True)
    for place in (str(tmp_path), "https://t.invalid/01_flood_l2_keizoku_data/{z}/{x}/{y}.png"):
        with pytest.raises(SonaeError) as caught:
            open_layers(place)
        assert caught.value.code == "unknown_layer"
    (layer,) = open_layers(f"inland_flood={tmp_path}")
    assert layer.hazard == "inland_flood"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real web server over a folder of tiles."""
    tiles(tmp_path / "04_tsunami_newlegend_data", {here(): (*PALETTE[0], 255)})

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/04_tsunami_newlegend_data/{{z}}/{{x}}/{{y}}.png"
    made.shutdown()
    made.server_close()


def test_tiles_from_the_web(server: str) -> None:
    (layer,) = open_layers(server, zoom=ZOOM)
    got = layer.ranks_at(np.array([LAT, LAT + 1]), np.array([LON, LON]))
    assert got.tolist() == [1, NOT_SURVEYED], "404 says neither outside nor inside"


def test_a_server_that_does_not_answer_is_an_error_not_dry_ground() -> None:
    (layer,) = open_layers("http://127.0.0.1:9/04_tsunami_data/{z}/{x}/{y}.png", zoom=ZOOM)
    with pytest.raises(SonaeError) as caught:
        layer.ranks_at(np.array([LAT]), np.array([LON]))
    assert caught.value.code == "unreachable"


def test_the_palette_monitor_counts_every_colour_that_no_legend_has(tmp_path: Path) -> None:
    x, y = here()
    odd = {((x + n) % 256, y): (0xF8, 0xE1, 0xA6, 255) for n in range(1, 4)}
    folder = tiles(tmp_path / "01_flood_l2_shinsuishin_data", {(x, y): (*PALETTE[2], 255), **odd})
    (layer,) = open_layers(str(folder))
    assert isinstance(layer, TileLayer)
    bounds = layer.bounds()
    assert bounds is not None
    west, south, east, north = bounds
    assert west <= LON < east
    assert south < LAT <= north
    inside = (west + 1e-9, south + 1e-9, east - 1e-9, north - 1e-9)
    assert layer.prefetch(inside) == 1
    assert layer.ranks_at(np.array([LAT, LAT + 1]), np.array([LON, LON])).tolist() == [3, 255]
    seen = {(one.problem, one.value): (one.count, one.action) for one in layer.defects}
    assert seen == {
        ("unreadable_colour", "#F8E1A6"): (3, "unknown"), ("missing_tile", ""): (1, "unknown"),
    }  # fmt: skip


def test_a_broken_tile_is_named(tmp_path: Path) -> None:
    folder = tiles(tmp_path / "flood_shinsuishin", {})
    (file,) = folder.rglob("*.png")
    file.write_bytes(b"\x89PNG not really")
    (layer,) = open_layers(str(folder))
    assert isinstance(layer, TileLayer)
    assert layer.ranks_at(np.array([LAT]), np.array([LON])).tolist() == [UNREADABLE]
    (defect,) = layer.defects
    assert (defect.problem, defect.count) == ("broken_tile", 1)
    assert defect.value.endswith(file.stem)


def test_a_zip_of_tiles_is_read_before_it_is_gone(tmp_path: Path) -> None:
    x, y = here()
    folder = tiles(tmp_path / "in" / "05_dosekiryukeikaikuiki", {(x, y): (1, 2, 3, 255)})
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, str(file.relative_to(tmp_path / "in")))
    (layer,) = open_layers(str(tmp_path / "x.zip"))
    assert (layer.hazard, layer.kind) == ("landslide", "zone")
    assert layer.ranks_at(np.array([LAT, LAT + 1]), np.array([LON, LON])).tolist() == [1, 255]


def test_too_many_tiles_are_refused_before_any_is_fetched() -> None:
    layer = open_tiles("http://127.0.0.1:9/01_flood_l2_shinsuishin_data/{z}/{x}/{y}.png", None, 17)
    with pytest.raises(SonaeError) as caught:
        layer.prefetch((138.0, 34.0, 140.0, 36.0))
    assert caught.value.code == "too_large"
