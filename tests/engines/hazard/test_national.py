"""国土数値情報 as it is sent: its own GML, Shapefiles in zip with CP932 texts, every edition's codes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from sonae.core.errors import SonaeError
from sonae.engines.archives import unpacked
from sonae.engines.hazard.layer import UNREADABLE
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.readers import open_layers
from tests.engines.hazard.test_polygons import SOUTH, WEST, geojson, ranks, square


def shapefile(folder: Path, name: str, rows: list[dict[str, Any]], encoding: str = "CP932") -> Path:
    """Squares side by side as a Shapefile with a .prj; CP932 without a .cpg, as offices send it."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = np.array([shapely.Polygon(square(number)[0]) for number in range(len(rows))])
    columns = list(rows[0])
    path = folder / f"{name}.shp"
    pyogrio.raw.write(
        path, geometry=shapely.to_wkb(shapes), fields=columns,
        field_data=[np.array([row[column] for row in rows], object) for column in columns],
        crs="EPSG:6668", geometry_type="Polygon", driver="ESRI Shapefile", encoding=encoding,
    )  # fmt: skip
    path.with_suffix(".cpg").unlink(missing_ok=True)
    return path


def zipped(folder: Path, path: Path) -> Path:
    """Put a folder into a zip whose names are CP932 without the UTF-8 flag."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder)))
    return path


def gml(feature: str, values: list[dict[str, str]], *, hole: bool = False, head: str = "") -> str:
    """A dataset in the scheme of 国土数値情報: curves, surfaces, features, in latitude, longitude."""
    members = []
    for number, row in enumerate(values):
        ring = " ".join(f"{lat:.6f} {lon:.6f}" for lon, lat in square(number)[0])
        members.append(curve(f"c{number}", ring))
        inner = ""
        if hole:
            lon, lat = WEST + number / 100 + 0.004, SOUTH + 0.004
            corners = [(0, 0), (0.002, 0), (0.002, 0.002), (0, 0.002), (0, 0)]
            text = " ".join(f"{lat + up:.6f} {lon + right:.6f}" for right, up in corners)
            members.append(curve(f"h{number}", text))
            inner = f"<gml:interior>{ring_of(f'h{number}')}</gml:interior>"
        members.append(
            f'<gml:Surface gml:id="a{number}"><gml:patches><gml:PolygonPatch><gml:exterior>'
            f"{ring_of(f'c{number}')}</gml:exterior>{inner}</gml:PolygonPatch></gml:patches></gml:Surface>"
        )
        texts = "".join(f"<ksj:{name}>{text}</ksj:{name}>" for name, text in row.items())
        members.append(
            f'<ksj:{feature} gml:id="f{number}"><ksj:bounds xlink:href="#a{number}"/>{texts}'
            f"</ksj:{feature}>"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<ksj:Dataset gml:id="D" '
        'xmlns:ksj="http://nlftp.mlit.go.jp/ksj/schemas/ksj-app" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<gml:description>試験</gml:description>{''.join(members)}</ksj:Dataset>"
    )


def curve(name: str, positions: str) -> str:
    return (
        f'<gml:Curve gml:id="{name}"><gml:segments><gml:LineStringSegment><gml:posList>{positions}'
        "</gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>"
    )


def ring_of(name: str) -> str:
    return f'<gml:Ring><gml:curveMember xlink:href="#{name}"/></gml:Ring>'


def only(spec: Path) -> PolygonLayer:
    (layer,) = open_layers(str(spec))
    assert isinstance(layer, PolygonLayer)
    return layer


def test_old_floods_in_gml_mix_five_and_seven_steps(tmp_path: Path) -> None:
    codes = ["11", "15", "21", "27", "14", "99"]
    path = tmp_path / "A31-12_07.xml"
    path.write_text(gml("ExpectedFloodArea", [{"waterDepth": one} for one in codes]), "utf-8")
    layer = only(path)
    assert (layer.hazard, layer.kind) == ("flood", "depth")
    found = ranks(layer, *range(6))
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert layer.depths[found[4] - 1] == (2.0, 5.0)
    assert layer.depths[found[3] - 1] == (5.0, None)
    assert found[5] == UNREADABLE
    (defect,) = layer.defects
    assert (defect.problem, defect.column, defect.value, defect.row, defect.action) == (
        "unreadable_value", "A31_001", "99", 6, "unknown",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "row", "hazard", "want"),
    [
        ("SedimentRelatedDisasterWarningAreasPolygon", {"cop": "2", "coz": "2"}, "landslide", 2),
        ("StormSurge", {"classificationOfWaterDepth": "3m以上5m未満"}, "storm_surge", 1),
        ("Tsunami", {"A40_003": "0.3m以上 ～ 1m未満"}, "tsunami", 1),
        ("Flood", {"A31a_205": "4"}, "flood", 4),
    ],
)
def test_every_kind_in_gml(
    tmp_path: Path, feature: str, row: dict[str, str], hazard: str, want: int
) -> None:
    path = tmp_path / "x.gml"
    path.write_text(gml(feature, [row]), "utf-8")
    layer = only(path)
    assert (layer.hazard, ranks(layer, 0)) == (hazard, [want])


def test_holes_of_a_surface_stay_holes(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text(gml("ExpectedFloodArea", [{"waterDepth": "23"}], hole=True), "utf-8")
    layer = only(path)
    assert ranks(layer, 0) == [0], "the middle lies in the hole"
    assert ranks(layer, 0, row=0.1) != [0]


def test_a_feature_whose_curve_is_missing_is_left_out_and_named(tmp_path: Path) -> None:
    whole = gml("ExpectedFloodArea", [{"waterDepth": "21"}, {"waterDepth": "22"}])
    path = tmp_path / "x.xml"
    path.write_text(whole.replace("#c1", "#gone"), "utf-8")
    layer = only(path)
    assert len(layer.shapes) == 1
    assert [(one.problem, one.row, one.action) for one in layer.defects] == [
        ("no_area", 2, "left_out")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (gml("F", [{"waterDepth": "21"}], head='<!DOCTYPE x [<!ENTITY a "b">]>'), "doctype"),
        (gml("F", [{"waterDepth": "21"}], head="<!-- x -->\n<!doctype x>"), "doctype"),
        (gml("F", [{"waterDepth": "21"}])[:-40], "unreadable"),
        (gml("F", [{"waterDepth": "21"}]).replace("139.01", "abc"), "unreadable"),
        (gml("F", []), "empty_file"),
        (gml("F", [{"nothing": "21"}]), "unknown_layer"),
        ("", "empty_file"),
    ],
)
def test_a_broken_gml_is_refused_with_its_reason(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(text, "utf-8")
    with pytest.raises(SonaeError) as caught:
        open_layers(str(path))
    assert caught.value.code == code


def test_a_doctype_in_utf_16_is_seen_as_well(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    text = gml("F", [{"waterDepth": "21"}], head="<!DOCTYPE x>").replace("UTF-8", "UTF-16")
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(SonaeError):
        open_layers(str(path))


@pytest.mark.parametrize("encoding", ["CP932", "UTF-8"])
def test_a_zip_of_a_prefecture_with_folders_and_metadata(tmp_path: Path, encoding: str) -> None:
    inner = tmp_path / "in" / "A40-16_22_GML"
    texts = ["0.3m以上 ～ 1m未満", "5m以上～10m未満", "不明"]
    rows = [{"A40_001": "静岡県", "A40_003": text} for text in texts]
    shapefile(inner, "A40-16_22", rows, encoding)
    (inner / "KS-META-A40-16_22.xml").write_text("<x/>", "utf-8")
    (inner / "A40-16_22.xml").write_text("<broken", "utf-8")
    layer = only(zipped(tmp_path / "in", tmp_path / "A40-16_22_GML.zip"))
    assert layer.name == "A40-16_22_GML"
    assert ranks(layer, 0, 1, 2) == [1, 2, UNREADABLE]
    assert layer.depths == ((0.3, 1.0), (5.0, 10.0))
    assert [one.value for one in layer.defects] == ["不明"]


def test_rivers_of_one_prefecture_become_one_layer_per_kind(tmp_path: Path) -> None:
    base = tmp_path / "in" / "A31a-23_07"
    shapefile(base / "20_想定最大規模", "A31a-20-23_07_1", [{"A31a_202": "阿賀川", "A31a_205": 3}])
    two = shapefile(
        base / "20_想定最大規模", "A31a-20-23_07_2", [{"A31a_202": "湯川", "A31a_205": 5}]
    )
    shapefile(base / "10_計画規模", "A31a-10-23_07_1", [{"A31a_102": "阿賀川", "A31a_105": 2}])
    shapefile(base / "30", "A31a-30-23_07_1", [{"A31a_302": "阿賀川", "A31a_305": 7}])
    shapefile(base / "41", "A31a-41-23_07_1", [{"A31a_402": "阿賀川", "A31a_405": 1}])
    shapefile(base / "42", "A31a-42-23_07_1", [{"A31a_402": "阿賀川"}])
    assert two.exists()
    layers = open_layers(str(zipped(tmp_path / "in", tmp_path / "A31a-23_07_10_GML.zip")))
    found = {(one.kind, one.scale): one for one in layers}
    assert len(found) == len(layers) == 4
    assert len({one.name for one in layers}) == 4
    assert ranks(found["depth", "L2"], 0) == [5]
    assert ranks(found["depth", "L1"], 0) == [2]
    assert ranks(found["duration", "L2"], 0) == [7], "longer than four weeks is a rank of its own"
    assert ranks(found["collapse", "L2"], 0) == [2]
    assert found["collapse", "L2"].details == ("氾濫流", "河岸侵食")


@pytest.mark.parametrize("column", ["A31_205", "A31a_205"])
def test_both_spellings_of_the_flood_columns(tmp_path: Path, column: str) -> None:
    layer = only(geojson(tmp_path / "x.geojson", [{column: 6}, {column: 7}]))
    assert (layer.scale, ranks(layer, 0, 1)) == ("L2", [6, UNREADABLE])


def test_geopackage_and_planned_zones(tmp_path: Path) -> None:
    shapes = np.array([shapely.Polygon(square(number)[0]) for number in range(3)])
    pyogrio.raw.write(
        tmp_path / "A33.gpkg", geometry=shapely.to_wkb(shapes), fields=["A33_002", "A33_006"],
        field_data=[np.array([1, 2, 3]), np.array(["2015-03-01", "2019/07/02", None], object)],
        crs="EPSG:6668", geometry_type="Polygon", driver="GPKG",
    )  # fmt: skip
    named, planned = open_layers(str(tmp_path / "A33.gpkg"))
    assert ranks(named, 0, 1) == [1, 2]
    assert ranks(planned, 2) == [1]
    assert named.date == "2019-07-02"


def test_a_shape_that_crosses_itself_is_mended_and_said(tmp_path: Path) -> None:
    path = geojson(tmp_path / "x.geojson", [{"A31a_205": 2}])
    text = path.read_text("utf-8")
    bow = text.replace(str(square(0)[0][1]), "TMP").replace(
        str(square(0)[0][2]), str(square(0)[0][1])
    )
    path.write_text(bow.replace("TMP", str(square(0)[0][2])), "utf-8")
    layer = only(path)
    assert [one.problem for one in layer.defects] == ["invalid_shape"]
    assert shapely.is_valid(layer.shapes).all()


def test_a_file_of_an_archive_that_cannot_be_read_is_reported_beside_the_good_ones(
    tmp_path: Path,
) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    geojson(inner / "good.geojson", [{"A31a_205": 2}])
    (inner / "bad.geojson").write_text("{", "utf-8")
    (inner / "empty.gml").write_text("", "utf-8")
    layer = only(zipped(inner, tmp_path / "x.zip"))
    assert {(one.problem, one.input) for one in layer.defects} == {
        ("unreadable_file", "bad.geojson"), ("unreadable_file", "empty.gml"),
    }  # fmt: skip


def test_archives_that_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.txt").write_text("x", "utf-8")
    zipped(tmp_path / "none", tmp_path / "none.zip")
    for name in ("x.zip", "none.zip"):
        with pytest.raises(SonaeError) as caught:
            open_layers(str(tmp_path / name))
        assert caught.value.code == "unreadable"


def test_an_archive_never_writes_outside_nor_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("/etc/evil.txt", "y")
    with unpacked(bad) as folder:
        assert sorted(str(one.relative_to(folder)) for one in folder.rglob("*.txt")) == [
            "etc/evil.txt", "evil.txt",
        ]  # fmt: skip
    assert not folder.exists()
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zero", b"\0" * 30_000_000)
    with pytest.raises(SonaeError) as caught, unpacked(bomb):
        pass
    assert caught.value.code == "too_large"
