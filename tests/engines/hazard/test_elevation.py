"""Heights: the rule of DEM tiles for every colour, DEM files with their gaps, finer surveys first."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sonae.core.errors import SonaeError
from sonae.engines.hazard.burning import Grid
from sonae.engines.hazard.elevation import Elevation, Patchwork, heights, open_ground, raster_of
from sonae.engines.hazard.tiles import pixel

LAT, LON, ZOOM = 35.1, 138.86, 14


@given(st.integers(-(2**23) + 1, 2**23 - 1))
def test_every_height_survives_the_colours(centimetres: int) -> None:
    value = centimetres % (1 << 24)
    colour = np.array([[[value >> 16, value >> 8 & 255, value & 255, 255]]], np.uint8)
    assert heights(colour)[0, 0] == pytest.approx(centimetres * 0.01, rel=1e-6)


def test_no_data_is_no_height() -> None:
    colours = np.array([[[128, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 255]]], np.uint8)
    assert np.isnan(heights(colours)[0, :2]).all()
    assert heights(colours)[0, 2] == 0.0


def tile(folder: Path, centimetres: int) -> Path:
    x, y = pixel(np.array([LAT]), np.array([LON]), ZOOM)
    path = folder / str(ZOOM) / str(x[0] // 256) / f"{y[0] // 256}.png"
    path.parent.mkdir(parents=True)
    image = Image.new(
        "RGB", (256, 256), (centimetres >> 16, centimetres >> 8 & 255, centimetres & 255)
    )
    held = io.BytesIO()
    image.save(held, "PNG")
    path.write_bytes(held.getvalue())
    return folder


def dem(rows: int, cols: int, values: list[str], start: tuple[int, int] = (0, 0)) -> str:
    """A file in the scheme of 基盤地図情報: one degree wide, heights from the north-west corner."""
    tuples = "\n".join(f"地表面,{value}" for value in values)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Dataset xmlns="http://fgd.gsi.go.jp/spec/2008/FGD_GMLSchema" '
        'xmlns:gml="http://www.opengis.net/gml/3.2"><DEM><coverage><gml:boundedBy><gml:Envelope>'
        "<gml:lowerCorner>35.0 138.0</gml:lowerCorner><gml:upperCorner>36.0 139.0</gml:upperCorner>"
        "</gml:Envelope></gml:boundedBy><gml:gridDomain><gml:Grid><gml:limits><gml:GridEnvelope>"
        f"<gml:low>0 0</gml:low><gml:high>{cols - 1} {rows - 1}</gml:high></gml:GridEnvelope>"
        f"</gml:limits></gml:Grid></gml:gridDomain><gml:rangeSet><gml:DataBlock><gml:tupleList>{tuples}"
        "</gml:tupleList></gml:DataBlock></gml:rangeSet><gml:coverageFunction><gml:GridFunction>"
        f"<gml:startPoint>{start[0]} {start[1]}</gml:startPoint></gml:GridFunction>"
        "</gml:coverageFunction></coverage></DEM></Dataset>"
    )


def test_a_file_that_begins_and_ends_inside_its_grid(tmp_path: Path) -> None:
    path = tmp_path / "FG-GML-5238-56-00-DEM5A.xml"
    path.write_text(dem(2, 4, ["10.5", "-9999.", "-1.25", "3"], start=(2, 0)), "utf-8")
    ground = open_ground(str(path))
    lat = np.array([35.75, 35.75, 35.75, 35.75, 35.25, 35.25, 35.25, 37.0])
    lon = np.array([138.1, 138.4, 138.6, 138.9, 138.1, 138.4, 138.6, 138.6])
    nan = np.nan
    np.testing.assert_allclose(
        ground.metres_at(lat, lon), [nan, nan, 10.5, nan, -1.25, 3.0, nan, nan]
    )


def test_tiles_files_archives_and_the_finer_first(tmp_path: Path) -> None:
    coarse = open_ground(str(tile(tmp_path / "dem_png", 1234)))
    lat, lon = np.array([LAT, LAT + 1]), np.array([LON, LON])
    np.testing.assert_allclose(coarse.metres_at(lat, lon), [12.34, np.nan], rtol=1e-5)
    with zipfile.ZipFile(tmp_path / "FG-GML.zip", "w") as archive:
        archive.writestr("FG-GML-5238-56-00-DEM5A-20200101.xml", dem(1, 1, ["7.7"]))
        archive.writestr("fmdid15-0101.xml", "<other/>")
    fine = open_ground(str(tmp_path / "FG-GML.zip"))
    both = Patchwork((fine, coarse))
    np.testing.assert_allclose(both.metres_at(lat, lon), [7.7, np.nan], rtol=1e-5)
    kept = raster_of(both, Grid.around((138.85, 35.09, 138.87, 35.11), 100.0))
    kept.save(tmp_path / "city.npz")
    again = open_ground(str(tmp_path / "city.npz"))
    assert isinstance(again, Elevation)
    np.testing.assert_allclose(again.metres_at(lat[:1], lon[:1]), [7.7], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.xml", "<x/>", "unreadable"),
        ("b.xml", "<!DOCTYPE x><x/>", "doctype"),
        ("c.xml", dem(2, 2, ["1"] * 9), "unreadable"),
        ("d.npz", "nothing", "unreadable"),
    ],
)
def test_what_is_no_height_is_refused(tmp_path: Path, name: str, text: str, code: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(SonaeError) as caught:
        open_ground(str(tmp_path / name))
    assert caught.value.code == code
