"""Polygon layers: codes of the national data, exact edges, three values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.errors import SonaeError
from sonae.engines.hazard.codes import DEPTHS, depth_range
from sonae.engines.hazard.layer import NOT_SURVEYED, UNREADABLE
from sonae.engines.hazard.polygons import PolygonLayer
from sonae.engines.hazard.readers import open_layers
from tests.conftest import real_data

WEST, SOUTH = 139.0, 37.0


def square(column: int, row: int = 0) -> list[list[list[float]]]:
    """A square of 0.01 degrees, counted from the south-west corner."""
    west, south = WEST + column / 100, SOUTH + row / 100
    east, north = west + 0.01, south + 0.01
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def geojson(path: Path, rows: list[dict[str, Any]]) -> Path:
    """One square per row, side by side eastward."""
    features = [
        {"type": "Feature", "properties": row,
         "geometry": {"type": "Polygon", "coordinates": square(number)}}
        for number, row in enumerate(rows)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def ranks(layer: Any, *columns: float, row: float = 0.5) -> list[int]:
    """Ranks in the middle of the squares."""
    lat = np.full(len(columns), SOUTH + row / 100)
    lon = np.array([WEST + (column + 0.5) / 100 for column in columns])
    return layer.ranks_at(lat, lon).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("0.3m以上 ～ 0.5m未満", (0.3, 0.5)), ("1m以上～3m未満", (1.0, 3.0)), ("1.0～2.0m", (1.0, 2.0)),
        ("１ｍ以上〜３ｍ未満", (1.0, 3.0)), ("3m以上5m未満", (3.0, 5.0)), ("3m 以上 5m 未満", (3.0, 5.0)),
        ("20m以上", (20.0, None)), ("0.3m未満", (0.0, 0.3)),
        ("～0.3m", (0.0, 0.3)), ("3m", None), ("", None), (None, None), ("不明", None),
        ("3m以上～1m未満", None), ("1.2.3m以上", None),
    ],
)  # fmt: skip
def test_free_text_depths(text: str | None, want: tuple[float, float | None] | None) -> None:
    assert depth_range(text) == want


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader_or_yields_an_empty_range(text: str) -> None:
    found = depth_range(text)
    assert found is None or (found[0] >= 0 and (found[1] is None or found[1] > found[0]))


def test_new_and_old_flood_codes_are_not_the_same(tmp_path: Path) -> None:
    new = geojson(tmp_path / "new.geojson", [{"A31a_205": 3}, {"A31a_205": 9}, {"A31a_205": None}])
    (layer,) = open_layers(str(new))
    assert (layer.hazard, layer.scale, layer.depths) == ("flood", "L2", DEPTHS)
    assert ranks(layer, 0, 1, 2) == [3, UNREADABLE, UNREADABLE]
    old = geojson(tmp_path / "old.geojson", [{"A31_001": "23"}, {"A31_001": "3"}])
    (steps,) = open_layers(str(old))
    assert ranks(steps, 0, 1) == [3, UNREADABLE]
    assert steps.depths[3 - 1] == (1.0, 2.0)
    assert layer.depths[3 - 1] == (3.0, 5.0)


def test_other_groups_of_a31a(tmp_path: Path) -> None:
    for column, kind, scale in (("A31a_105", "depth", "L1"), ("A31a_305", "duration", "L2"),
                                ("A31a_405", "collapse", "L2")):  # fmt: skip
        (layer,) = open_layers(str(geojson(tmp_path / f"{column}.geojson", [{column: 1}])))
        assert (layer.kind, layer.scale) == (kind, scale)
        assert bool(layer.depths) == (kind == "depth")


def test_landslide_zones_and_those_not_yet_designated(tmp_path: Path) -> None:
    file = geojson(tmp_path / "A33.geojson", [{"A33_002": code} for code in (1, 2, 3, 4)])
    named, planned = open_layers(str(file))
    assert ranks(named, 0, 1) == [1, 2]
    assert ranks(planned, 2, 3) == [1, 2]
    assert named.details == ("土砂災害警戒区域", "土砂災害特別警戒区域")
    assert planned.details[1] == "土砂災害特別警戒区域（指定前）"
    assert ranks(named, 2) == [0], "a zone before designation is no designated zone"


def test_tsunami_ranges_rank_by_depth(tmp_path: Path) -> None:
    texts = ["5m以上～10m未満", "0.3m以上～1m未満", "深い"]
    (layer,) = open_layers(str(geojson(tmp_path / "A40.json", [{"A40_003": t} for t in texts])))
    assert layer.hazard == "tsunami"
    assert ranks(layer, 0, 1, 2) == [2, 1, UNREADABLE]
    assert layer.depths == ((0.3, 1.0), (5.0, 10.0))


def test_own_ranks_need_a_hazard(tmp_path: Path) -> None:
    file = geojson(tmp_path / "own.geojson", [{"rank": 2}])
    with pytest.raises(SonaeError) as caught:
        open_layers(str(file))
    assert caught.value.code == "unknown_layer"
    (layer,) = open_layers(f"storm_surge={file}")
    assert (layer.hazard, ranks(layer, 0)) == ("storm_surge", [2])


def test_beyond_the_data_is_unknown_unless_somebody_states_the_survey(tmp_path: Path) -> None:
    (layer,) = open_layers(str(geojson(tmp_path / "a.geojson", [{"A31a_205": 1}, {"A31a_205": 2}])))
    assert ranks(layer, 5) == [NOT_SURVEYED]
    assert isinstance(layer, PolygonLayer)
    assert not layer.stated
    wide = layer.within(shapely.box(WEST, SOUTH, WEST + 1, SOUTH + 1))
    assert ranks(wide, 5, 0) == [0, 1]
    assert wide.stated


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 2, 3, 254])), min_size=1, max_size=8)
)
def test_of_overlapping_polygons_the_highest_readable_rank_counts(
    drawn: list[tuple[int, int]],
) -> None:
    shapes = np.array([shapely.Polygon(square(column)[0]) for column, _ in drawn])
    layer = PolygonLayer(
        "x", "flood", "depth", shapes, np.array([r for _, r in drawn], np.uint8),
        shapely.box(WEST, SOUTH, WEST + 0.05, SOUTH + 0.01), "試験",
    )  # fmt: skip
    for column in range(5):
        own = [rank for place, rank in drawn if place == column]
        good = [rank for rank in own if rank < UNREADABLE]
        want = max(good) if good else UNREADABLE if own else 0
        assert ranks(layer, column) == [want]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.geojson").write_text("{", "utf-8")
    (tmp_path / "doc.gml").write_text('<!DOCTYPE x><x xmlns="CityModel"/>', "utf-8")
    (tmp_path / "none.gml").write_text('<CityModel xmlns="x"/>', "utf-8")
    (tmp_path / "folder").mkdir()
    line = {"type": "Feature", "properties": {"rank": 1},
            "geometry": {"type": "LineString", "coordinates": [[1, 1], [2, 2]]}}  # fmt: skip
    (tmp_path / "line.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [line]}), "utf-8"
    )
    for name, code in (("bad.geojson", "unreadable"), ("doc.gml", "doctype"),
                       ("none.gml", "unknown_layer"), ("folder", "unreadable"),
                       ("missing.shp", "unreadable"), ("line.geojson", "unknown_layer")):  # fmt: skip
        with pytest.raises(SonaeError) as caught:
            open_layers(str(tmp_path / name))
        assert caught.value.code == code, name


@pytest.mark.real_data
def test_real_plateau_files() -> None:
    """沼津: counted and placed independently of the reader (facts: 12, 230 and 234 features)."""
    folder = real_data("geo", "plateau-numazu")
    (flood,) = open_layers(str(folder / "52385628_fld_6697_l2_op.gml"))
    (waves,) = open_layers(str(folder / "523856_tnm_22_4_6697_op.gml"))
    (slope,) = open_layers(str(folder / "523856_lsld_6668_op.gml"))
    assert isinstance(flood, PolygonLayer)
    assert isinstance(waves, PolygonLayer)
    assert isinstance(slope, PolygonLayer)
    assert (len(flood.shapes), len(waves.shapes), len(slope.shapes)) == (4615, 3642, 234)
    assert slope.date > "2000", "the newest 告示日 of all zones"
    assert waves.depths == (), "the code list did not come with the file: no depth"
    assert flood.depths == DEPTHS
    middle = shapely.point_on_surface(slope.shapes)
    found = slope.ranks_at(shapely.get_y(middle), shapely.get_x(middle))
    assert (found >= slope.rank).all()
    assert set(found.tolist()) == {1, 2}
    far = flood.ranks_at(np.array([35.2]), np.array([138.9]))
    assert far.tolist() == [NOT_SURVEYED]


def city_model(inner: str) -> str:
    """One object of a later PLATEAU edition, a square at the south-west corner."""
    ring = " ".join(f"{lat} {lon} 0" for lon, lat in square(0)[0])
    return (
        '<?xml version="1.0"?><core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" '
        'xmlns:gml="http://www.opengis.net/gml" xmlns:wtr="http://www.opengis.net/citygml/waterbody/2.0" '
        'xmlns:uro="https://www.geospatial.jp/iur/uro/3.1" xmlns:urf="https://www.geospatial.jp/iur/urf/3.1">'
        f"<core:cityObjectMember>{inner.replace('RING', _polygon(ring))}</core:cityObjectMember></core:CityModel>"
    )


def _polygon(ring: str) -> str:
    return (
        f"<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>{ring}</gml:posList>"
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )


def water(name: str, rank: str) -> str:
    return (
        f"<wtr:WaterBody><wtr:lod1MultiSurface>RING</wtr:lod1MultiSurface><uro:floodingRiskAttribute>"
        f"<uro:{name}>{rank}</uro:{name}></uro:floodingRiskAttribute></wtr:WaterBody>"
    )


@pytest.mark.parametrize(
    ("inner", "hazard", "scale", "want", "depths"),
    [
        (water("WaterBodyRiverFloodingRiskAttribute", "<uro:rank>4</uro:rank><uro:scale>2</uro:scale>"),
         "flood", "L2", 4, DEPTHS),
        (water("RiverFloodingRiskAttribute", "<uro:rankOrg>4</uro:rankOrg>"),
         "flood", "", UNREADABLE, DEPTHS),
        (water("WaterBodyTsunamiRiskAttribute", "<uro:rankOrg>9</uro:rankOrg>"), "tsunami", "", 9, ()),
        (water("HighTideRiskAttribute", "<uro:rank>2</uro:rank>"), "storm_surge", "", 2, ()),
        (water("InlandFloodingRiskAttribute", "<uro:rank>1</uro:rank>"), "inland_flood", "", 1, ()),
        ("<urf:SedimentDisasterProneArea>RING<urf:disasterType>1</urf:disasterType>"
         "<urf:areaType>2</urf:areaType></urf:SedimentDisasterProneArea>", "landslide", "", 2, ()),
        ("<urf:SedimentDisasterProneArea>RING<urf:areaType>3</urf:areaType>"
         "</urf:SedimentDisasterProneArea>", "landslide", "", UNREADABLE, ()),
    ],
)  # fmt: skip
def test_later_plateau_editions(
    tmp_path: Path, inner: str, hazard: str, scale: str, want: int, depths: object
) -> None:
    """Only the standard rank of river floods has depths; a rank of one's own (rankOrg) has none."""
    (tmp_path / "x_op.gml").write_text(city_model(inner), "utf-8")
    (layer,) = open_layers(str(tmp_path / "x_op.gml"))
    assert (layer.hazard, layer.scale, layer.depths) == (hazard, scale, depths)
    assert ranks(layer, 0) == [want]


@given(st.integers(1, 70), st.integers(0, 2**16))
def test_many_or_few_shapes_answer_as_each_shape_alone(count: int, seed: int) -> None:
    """Boxes are only a first look: the answer is that of every polygon asked about every point."""
    rng = np.random.default_rng(seed)
    middles = np.column_stack(
        (rng.uniform(WEST, WEST + 0.1, count), rng.uniform(SOUTH, SOUTH + 0.1, count))
    )
    shapes = shapely.buffer(shapely.points(middles), rng.uniform(0.001, 0.01, count), quad_segs=2)
    rank = rng.choice([1, 2, 3, UNREADABLE], count).astype(np.uint8)
    one = PolygonLayer("x", "flood", "depth", shapes, rank, None, "試験")
    lon, lat = rng.uniform(WEST, WEST + 0.1, 50), rng.uniform(SOUTH, SOUTH + 0.1, 50)
    got = one.ranks_at(lat, lon).tolist()
    for x, y, found in zip(lon, lat, got, strict=True):
        here = rank[shapely.intersects_xy(shapes, x, y)]
        readable = here[here < UNREADABLE]
        wanted = int(readable.max()) if len(readable) else UNREADABLE if len(here) else NOT_SURVEYED
        assert found == wanted
