"""Pictures drawn by the server: true to scale, well-formed, safe, and never an interpolated claim."""

from __future__ import annotations

import itertools
import math
import re
from datetime import datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from sonae.core.clock import JST
from sonae.web.citizen.nearest import straight
from sonae.web.drawing import (
    Ground,
    Plane,
    RoutePlace,
    TownMark,
    curve,
    overlay_png,
    route_map,
    town_map,
)
from sonae.web.drawing.chart import round_axis

T0 = datetime(2026, 7, 1, 22, 10, tzinfo=JST)
SVG = "{http://www.w3.org/2000/svg}"

lons, lats = st.floats(123, 153), st.floats(24, 45)


def parsed(svg: str) -> etree._Element:
    """The picture as XML; refuses anything not well-formed."""
    return etree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


@given(lon=lons, lat=lats, east=st.floats(-0.05, 0.05), north=st.floats(-0.05, 0.05))
def test_a_plane_shows_every_point_at_one_scale(
    lon: float, lat: float, east: float, north: float
) -> None:
    """A distance measured in the picture is the distance on the ground, within half a percent."""
    ends = [(lon, lat), (lon + east, lat + north)]
    plane = Plane.around(ends, 640, 420)
    (x0, y0), (x1, y1) = (plane.xy(*end) for end in ends)
    assert all(0 <= x <= 640 and 0 <= y <= 420 for x, y in ((x0, y0), (x1, y1)))
    drawn = math.hypot(x1 - x0, y1 - y0) * plane.metres
    truth = straight(lat, lon, lat + north, lon + east)
    assert drawn == pytest.approx(truth, rel=0.005, abs=1.0)
    length, text = plane.scale()
    assert 0 < length <= 640 * 0.3 + 1e-6
    stated = float(text.split()[0]) * (1000 if "km" in text else 1)
    assert length * plane.metres == pytest.approx(stated)


def test_north_is_up_and_east_is_right() -> None:
    """A map that mirrors the city would send people the wrong way."""
    plane = Plane.around([(139.7, 37.6), (139.8, 37.7)], 100, 100)
    assert plane.xy(139.7, 37.7)[1] < plane.xy(139.7, 37.6)[1]
    assert plane.xy(139.7, 37.6)[0] < plane.xy(139.8, 37.6)[0]


def test_one_point_alone_is_in_the_middle() -> None:
    """Standing at the shelter already."""
    plane = Plane.around([(139.7, 37.6)], 640, 420)
    assert plane.xy(139.7, 37.6) == pytest.approx((320, 210))


HOME = RoutePlace("緑町", 139.70, 37.60)
SCHOOL = RoutePlace("第一小学校 <&>", 139.71, 37.61)


def test_the_way_is_drawn_through_its_points() -> None:
    """The network's line is drawn, names are escaped, and the words say the same."""
    line = [(139.70, 37.60), (139.70, 37.61), (139.71, 37.61)]
    svg = route_map(HOME, SCHOOL, line, title="道", description="緑町から1.2 km", key="-1")
    root = parsed(svg)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}desc") == "緑町から1.2 km"
    assert "第一小学校 <&>" in "".join(root.itertext())
    assert "style=" not in svg and "<script" not in svg
    ways = [p.get("d") for p in root.iter(f"{SVG}path") if p.get("stroke") == "#0b4aa8"]
    assert any(d is not None and d.count("L") == 2 for d in ways)


def test_without_a_network_the_line_is_dashed() -> None:
    """A straight line must not look like a way to walk."""
    root = parsed(route_map(HOME, SCHOOL, [], title="道", description="直線"))
    blue = [p for p in root.iter(f"{SVG}path") if p.get("stroke") == "#0b4aa8"]
    assert blue and all(p.get("stroke-dasharray") for p in blue)


def test_a_stretch_in_danger_stands_out() -> None:
    """It is drawn over the way, in another colour and dashed: not by colour alone."""
    line = [(139.70, 37.60), (139.71, 37.61)]
    root = parsed(route_map(HOME, SCHOOL, line, title="道", description="", danger=[line]))
    red = [p for p in root.iter(f"{SVG}path") if p.get("stroke") == "#b3130c"]
    assert len(red) == 1 and red[0].get("stroke-dasharray")


@given(counts=st.lists(st.integers(0, 200_000), min_size=1, max_size=40))
def test_a_curve_is_a_stair_inside_its_frame(counts: list[int]) -> None:
    """A count holds until the next is known: only horizontal and vertical steps."""
    points = [(T0 + timedelta(minutes=7 * n), count) for n, count in enumerate(counts)]
    root = parsed(curve(points, title="未確認", description="減っています"))
    line = next(p for p in root.iter(f"{SVG}path") if p.get("stroke-width") == "3").get("d") or ""
    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)*", line)
    heights = [float(y) for y in re.findall(r"(?:V|^M[\d.]+ )([\d.]+)", line)]
    assert all(14 <= y <= 226 for y in heights)
    order = sorted(range(len(counts)), key=lambda n: counts[n])
    assert all(heights[b] <= heights[a] + 0.11 for a, b in itertools.pairwise(order))


def test_a_curve_without_points_is_an_empty_frame() -> None:
    """Nothing known draws nothing."""
    assert not list(parsed(curve([], title="x", description="y")).iter(f"{SVG}path"))


@given(most=st.integers(0, 10**7))
def test_axes_are_round_and_hold_the_largest_count(most: int) -> None:
    """Two to five steps of 1, 2 or 5 times a power of ten."""
    top, step = round_axis(most)
    assert top >= most and top % step == 0 and 1 <= top // step <= 5
    assert str(step)[0] in "125" and set(str(step)[1:]) <= {"0"}


def test_times_below_the_curve_are_round_clock_times() -> None:
    """Ticks at whole hours in JST; midnight shows the date."""
    points = [(T0, 100), (T0 + timedelta(hours=6), 10)]
    texts = [
        t.text or "" for t in parsed(curve(points, title="x", description="y")).iter(f"{SVG}text")
    ]
    assert {"23:00", "7/2", "01:00"} <= set(texts)
    assert all(text.endswith(":00") for text in texts if ":" in text)


def test_circles_of_towns_have_areas_in_proportion() -> None:
    """Four times the people, about four times the area beyond the least size; zero draws no circle."""
    marks = [
        TownMark("西", 139.7, 37.6, 400, 100),
        TownMark("東", 139.8, 37.6, 100),
        TownMark("北", 139.75, 37.7, 0),
    ]
    root = parsed(
        town_map(marks, title="t", description="d", places=[(139.75, 37.65), (10.0, 10.0)])
    )
    groups = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}title") is not None]
    assert [g.findtext(f"{SVG}title") for g in groups] == ["西 400", "東 100"]
    radii = [float(g.find(f"{SVG}circle").get("r")) for g in groups]  # type: ignore[union-attr]
    assert radii[0] - 4 == pytest.approx(2 * (radii[1] - 4), abs=0.2)
    core = float(groups[0].findall(f"{SVG}circle")[1].get("r"))  # type: ignore[arg-type]
    assert core == pytest.approx(radii[0] / 2, abs=0.1)
    houses = [p for p in root.iter(f"{SVG}path") if p.get("fill") == "#0a6b3d"]
    assert len(houses) == 1, "a place outside the picture is not drawn at its edge"


def test_no_towns_draw_nothing() -> None:
    """A city without towns has no map."""
    assert town_map([], title="t", description="d") == ""


def test_an_overlay_keeps_ranks_apart_and_marks_what_nobody_surveyed() -> None:
    """Outside is clear, ranks have their colours, unsurveyed ground is never clear all over."""
    ranks = np.zeros((12, 12), np.uint8)
    ranks[:3], ranks[3:6] = 1, 4
    unsurveyed = np.zeros((12, 12), bool)
    unsurveyed[6:9] = True
    picture = np.array(Image.open(BytesIO(overlay_png(ranks, unsurveyed))).convert("RGBA"))
    assert len({tuple(picture[0, 0]), tuple(picture[4, 0]), tuple(picture[11, 0])}) == 3
    assert picture[9:, :, 3].max() == 0
    hatched = picture[6:9, :, 3] > 0
    assert hatched.any() and not hatched.all()


def test_a_large_overlay_is_thinned_and_loses_no_cell() -> None:
    """A whole city stays one small file; the gravest cell of a pixel is drawn, however small it is."""
    ranks, unsurveyed = np.zeros((4001, 3000), np.uint8), np.zeros((4001, 3000), bool)
    ranks[1000:1006, 500:506] = 1
    ranks[1001, 502] = 5  # a single cell, where every third is not looked at
    ranks[4000, 2999] = 2  # in a pixel of which little is there
    unsurveyed[2000, :] = True
    picture = Image.open(BytesIO(overlay_png(ranks, unsurveyed))).convert("RGBA")
    assert max(picture.size) <= 1600
    at = np.array(picture)
    assert at[1001 // 3, 502 // 3, :3].tolist() == [242, 133, 201]
    assert at[-1, -1, 3] > 0 and at[2000 // 3, :, 3].any()


def test_the_map_lies_on_its_streets_and_names_quiet_towns() -> None:
    """Circles on an empty ground tell nobody where they are."""
    marks = [TownMark("西", 139.70, 37.60, 0), TownMark("東", 139.80, 37.70, 0)]
    ground = Ground("/staff/map/streets.png", west=139.70, north=37.70, east=139.80, south=37.60)
    drawn = town_map(marks, title="t", description="d", grounds=[ground])
    image = re.search(r'<image href="/staff/map/streets.png" x="([^"]+)" y="([^"]+)"', drawn)
    dots = re.findall(r'<circle cx="([^"]+)" cy="([^"]+)" r="2.5"', drawn)
    assert image is not None
    assert image[1] == dots[0][0] and image[2] == dots[1][1], "its corner is the town there"
    assert ">西</text>" in drawn and ">東</text>" in drawn
