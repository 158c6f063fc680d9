"""A file becomes a draft with its defects and its effect on homes, and nothing is in use before a person says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from django.conf import settings

from sonae.core.errors import SonaeError
from sonae.domains.hazards import interface as hazards
from sonae.domains.hazards.interface import HazardMap, Stated
from sonae.domains.residents.interface import Household
from sonae.platform import outbox
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from tests.engines.evacuation.small import at
from tests.engines.hazard.test_tiles import png
from tests.fixtures import ADMINISTRATOR, CLERK, OPERATOR, VIEWER, City

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of a test lie in a folder of their own."""
    monkeypatch.setattr(settings, "HOME", tmp_path_factory.mktemp("home"))


def area(east: float, wide: float = 100.0) -> list[list[list[float]]]:
    """A rectangle on the street of 試験市, in metres east of the corner."""
    south, west = at(east, -50)
    north, far = at(east + wide, 150)
    return [[[west, south], [far, south], [far, north], [west, north], [west, south]]]


def flood(path: Path, *rows: tuple[float, float, object]) -> Path:
    """A flood file: metres east, metres wide, rank."""
    features = [
        {"type": "Feature", "properties": {"A31a_205": rank, "A31a_202": "試験川"},
         "geometry": {"type": "Polygon", "coordinates": area(east, wide)}}
        for east, wide, rank in rows
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def zone(east: float) -> tuple[object, object]:
    (answer,) = hazards.at_place(*at(east, 50), ["flood"])
    return answer["zone"], answer["rank"]


def only(rows: list[HazardMap]) -> HazardMap:
    (row,) = rows
    return row


CITY = Stated(source="試験県 洪水浸水想定区域図", source_date="2025-03-31", extent="city")


def prepared(path: Path, stated: Stated = CITY) -> HazardMap:
    return only(hazards.prepare(OPERATOR, str(path), stated))


def test_a_draft_says_what_would_change_and_changes_nothing(city: City, tmp_path: Path) -> None:
    (old,) = [row for row in hazards.maps() if row.name == "flood_l2"]
    stated = Stated(source="試験県", extent="city", replaces=old.pk)
    row = prepared(flood(tmp_path / "A31a-20-25.geojson", (600, 200, 4)), stated)
    assert row.state == "draft"
    assert row.replaces == old
    assert row.homes == {"inside": 1, "outside": 4, "unknown": 0}
    assert row.change == {"inside>outside": 3, "outside>inside": 1, "unknown>outside": 1}
    assert (row.scale, row.extent, row.cell_m, row.file_name) == (
        "L2", "city", 5.0, "A31a-20-25.geojson",
    )  # fmt: skip
    assert zone(50) == ("inside", 3)
    assert hazards.drafts() == [row]


def test_of_a_home_of_which_only_the_town_is_known_a_draft_says_unknown(
    city: City, tmp_path: Path
) -> None:
    """As plans do: unless the whole town is alike (`Household.place`)."""
    Household.objects.filter(number="00000003").update(place="town")  # 350 m ± 300 m: some is wet
    Household.objects.filter(number="00000004").update(place="none")
    (old,) = [row for row in hazards.maps() if row.name == "flood_l2"]
    stated = Stated(source="試験県", extent="city", replaces=old.pk)
    row = prepared(flood(tmp_path / "A31a-20-25.geojson", (600, 200, 4)), stated)
    assert row.homes == {"inside": 0, "outside": 3, "unknown": 2}
    assert row.change == {"inside>outside": 2, "unknown>outside": 1, "unknown>unknown": 2}


def test_confirming_takes_it_into_use_and_plans_anew(city: City, tmp_path: Path) -> None:
    (old,) = [row for row in hazards.maps() if row.name == "flood_l2"]
    stated = Stated(source="試験県", extent="city", replaces=old.pk, name="flood_l2")
    row = prepared(flood(tmp_path / "a.geojson", (600, 200, 4)), stated)
    with pytest.raises(SonaeError) as caught:
        hazards.confirm(OPERATOR, row.pk)
    assert caught.value.code == "forbidden"
    hazards.confirm(ADMINISTRATOR, row.pk)
    hazards.confirm(ADMINISTRATOR, row.pk)
    assert (zone(50), zone(650)) == (("outside", 0), ("inside", 4))
    old.refresh_from_db()
    assert old.state == "retired"
    assert AuditEntry.objects.filter(action="hazard_layer_loaded", target="flood_l2").count() == 2
    assert outbox.drain() > 0
    again = hazards.restore(OPERATOR, old.pk)
    assert (again.state, again.replaces) == ("draft", row)
    assert again.change["outside>inside"] == 3
    hazards.confirm(ADMINISTRATOR, again.pk)
    assert zone(50) == ("inside", 3)


def test_unless_the_source_states_the_survey_only_the_areas_are_known(
    city: City, tmp_path: Path
) -> None:
    row = prepared(
        flood(tmp_path / "b.geojson", (0, 100, 2), (600, 100, 2)), Stated(source="試験県")
    )
    assert row.homes == {"inside": 2, "outside": 0, "unknown": 3}
    hazards.confirm(ADMINISTRATOR, row.pk)
    layer = hazards.raster(row)
    lat, lon = np.array([at(x, 50) for x in (50, 350, 5000)]).T
    assert layer.ranks_at(lat, lon).tolist() == [2, 255, 255]


def test_an_edge_is_answered_to_the_metre(city: City, tmp_path: Path) -> None:
    for row in hazards.maps():
        HazardMap.objects.filter(pk=row.pk).update(state="retired")
    row = prepared(flood(tmp_path / "edge.geojson", (0, 103.3, 3)))
    hazards.confirm(ADMINISTRATOR, row.pk)
    assert [zone(x)[0] for x in (103.2, 103.4)] == ["inside", "outside"]


def test_values_that_cannot_be_read_are_listed_and_unknown(city: City, tmp_path: Path) -> None:
    row = prepared(flood(tmp_path / "c.geojson", (0, 100, 9), (100, 100, "x"), (300, 100, 1)))
    assert row.homes == {"inside": 1, "outside": 2, "unknown": 2}
    assert [
        (d["problem"], d["column"], d["row"], d["value"], d["action"]) for d in row.defects
    ] == [
        ("unreadable_value", "A31a_205", 1, "9", "unknown"),
        ("unreadable_value", "A31a_205", 2, "x", "unknown"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"{", "unreadable"),
        (b'{"type":"FeatureCollection","features":[]}', "empty_file"),
        (b"\xff\xfe\x00garbage", "unreadable"),
    ],
)
def test_a_malformed_file_leaves_the_last_good_layer(
    city: City, tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "bad.geojson"
    path.write_bytes(content)
    before = [row.pk for row in hazards.maps()]
    with pytest.raises(SonaeError) as caught:
        prepared(path)
    assert caught.value.code == code
    assert [row.pk for row in hazards.maps()] == before
    assert (hazards.drafts(), zone(50)) == ([], ("inside", 3))


def test_data_of_another_city_are_refused(city: City, tmp_path: Path) -> None:
    with pytest.raises(SonaeError) as caught:
        prepared(flood(tmp_path / "far.geojson", (90_000, 100, 3)))
    assert caught.value.code == "outside_municipality"


def test_what_is_stated_wrongly_is_said(city: City, tmp_path: Path) -> None:
    path = flood(tmp_path / "a.geojson", (0, 100, 3))
    for stated, code in (
        (Stated(extent="all"), "bad_extent"), (Stated(scale="L3"), "bad_scale"),
        (Stated(source_date="令和"), "bad_date"), (Stated(replaces=-1), "not_found"),
    ):  # fmt: skip
        with pytest.raises(SonaeError) as caught:
            prepared(path, stated)
        assert caught.value.code == code
    assert hazards.drafts() == []


def test_a_draft_that_is_thrown_away_leaves_no_files(city: City, tmp_path: Path) -> None:
    row = prepared(flood(tmp_path / "a.geojson", (0, 100, 3)))
    folder = Path(settings.HOME) / row.folder
    assert folder.exists()
    hazards.discard(OPERATOR, row.pk)
    assert not folder.exists()
    for act in (hazards.discard, hazards.confirm):
        with pytest.raises(SonaeError) as caught:
            act(ADMINISTRATOR, row.pk)
        assert caught.value.code == "not_a_draft"


def test_a_layer_that_was_in_use_is_never_thrown_away(city: City, tmp_path: Path) -> None:
    old = prepared(flood(tmp_path / "a.geojson", (0, 100, 3)))
    hazards.confirm(ADMINISTRATOR, old.pk)
    new = prepared(flood(tmp_path / "a.geojson", (0, 100, 2)))
    hazards.confirm(ADMINISTRATOR, new.pk)
    for _ in range(2):
        hazards.restore(OPERATOR, old.pk)
        assert hazards.discard(OPERATOR, old.pk).state == "retired"
        assert (Path(settings.HOME) / old.folder).exists()
    hazards.restore(OPERATOR, old.pk)
    hazards.confirm(ADMINISTRATOR, old.pk)
    assert zone(50) == ("inside", 3)


def test_only_operators_load_and_never_from_an_exercise(city: City, tmp_path: Path) -> None:
    path = flood(tmp_path / "a.geojson", (0, 100, 3))
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError) as caught:
            hazards.prepare(actor, str(path), CITY)
        assert caught.value.code == "forbidden"
    row = prepared(path)
    with city.entered(World.EXERCISE):
        for act in (
            lambda: prepared(path),
            lambda: hazards.confirm(ADMINISTRATOR, row.pk),
            lambda: hazards.discard(OPERATOR, row.pk),
        ):
            with pytest.raises(SonaeError) as caught:
                act()
            assert caught.value.code == "exercise"


def test_tiles_become_a_raster_with_their_odd_colours_reported(city: City, tmp_path: Path) -> None:
    """The tile is all of one legend colour but for a stripe that no legend explains."""
    from sonae.engines.hazard.tiles import PALETTE, pixel

    lat, lon = at(50, 50)
    x, y = pixel(np.array([lat]), np.array([lon]), 15)
    colours = {
        (i, j): (*PALETTE[2], 255) if j % 8 else (0xFF, 0xFF, 0xB3, 255)
        for i in range(256)
        for j in range(256)
    }
    file = (
        tmp_path / "01_flood_l2_shinsuishin_data" / "15" / str(x[0] // 256) / f"{y[0] // 256}.png"
    )
    file.parent.mkdir(parents=True)
    file.write_bytes(png(colours))
    row = only(
        hazards.prepare(OPERATOR, str(file.parents[2]), Stated(source="重ねるハザードマップ"))
    )
    assert (row.hazard, row.kind, row.scale) == ("flood", "depth", "L2")
    (defect,) = [d for d in row.defects if d["problem"] == "unreadable_colour"]
    assert (defect["value"], defect["count"]) == ("#FFFFB3", 32 * 256)
    ranks = np.asarray(hazards.raster(row).ranks)
    assert set(np.unique(ranks).tolist()) <= {3, 254, 255}
    assert 0.05 < (ranks == 254).mean() < 0.25


def test_several_kinds_in_one_file_become_several_drafts(city: City, tmp_path: Path) -> None:
    rows = [
        {"type": "Feature", "properties": {"A33_002": code, "A33_006": "2019-07-02"},
         "geometry": {"type": "Polygon", "coordinates": area(100.0 * code)}}
        for code in (1, 3)
    ]  # fmt: skip
    path = tmp_path / "A33.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}), "utf-8")
    made = hazards.prepare(OPERATOR, str(path), Stated(source="国土数値情報"))
    assert [row.source_date for row in made] == ["2019-07-02", "2019-07-02"]
    assert len({row.name for row in made}) == 2
    with pytest.raises(SonaeError) as caught:
        hazards.prepare(OPERATOR, str(path), Stated(name="一つの名前"))
    assert caught.value.code == "several_layers"


def test_the_raster_keeps_what_the_polygons_say(city: City, tmp_path: Path) -> None:
    row = prepared(flood(tmp_path / "a.geojson", (0, 250, 3), (200, 300, 5)))
    layer = hazards.raster(row)
    west, south, east, north = layer.bounds
    lat, lon = np.array([at(x, 50) for x in range(2, 900, 7)]).T
    shapes = [shapely.Polygon(area(0, 250)[0]), shapely.Polygon(area(200, 300)[0])]
    for y, x, rank in zip(lat, lon, layer.ranks_at(lat, lon), strict=True):
        held = [
            r for shape, r in zip(shapes, (3, 5), strict=True) if shape.covers(shapely.Point(x, y))
        ]
        near = min(shape.boundary.distance(shapely.Point(x, y)) for shape in shapes)
        assert rank == max(held, default=0) or near < layer.dlat
    assert south < lat.min() <= lat.max() < north
    assert west < lon.min() < lon.max() < east


def test_an_added_layer_shows_the_homes_over_all_layers_of_the_hazard(
    city: City, tmp_path: Path
) -> None:
    """Three of five homes are inside by the layer in use; the new one adds a fourth, beside it."""
    row = prepared(flood(tmp_path / "added.geojson", (600, 200, 4)))
    assert row.replaces is None
    assert row.change == {"inside>inside": 3, "outside>inside": 1, "unknown>outside": 1}
    hazards.confirm(ADMINISTRATOR, row.pk)
    assert (zone(50), zone(650)) == (("inside", 3), ("inside", 4)), "as the preview said"


def test_a_draft_is_compared_anew_when_another_layer_comes_or_goes(
    city: City, tmp_path: Path
) -> None:
    waiting = prepared(flood(tmp_path / "waiting.geojson", (600, 200, 4)))
    other = prepared(flood(tmp_path / "other.geojson", (600, 200, 2)))
    hazards.confirm(ADMINISTRATOR, other.pk)
    waiting.refresh_from_db()
    assert waiting.change == {"inside>inside": 4, "outside>outside": 1}
    hazards.retire(ADMINISTRATOR, other.pk, seen=hazards.change_without(other_of(other)))
    waiting.refresh_from_db()
    assert waiting.change["outside>inside"] == 1


def other_of(row: HazardMap) -> HazardMap:
    """The row as it is stored now."""
    return HazardMap.objects.get(pk=row.pk)


def test_a_layer_added_by_mistake_is_taken_out_of_use_and_back(city: City, tmp_path: Path) -> None:
    row = prepared(flood(tmp_path / "wrong.geojson", (600, 200, 4)))
    hazards.confirm(ADMINISTRATOR, row.pk)
    row = other_of(row)
    change = hazards.change_without(row)
    assert change == {"inside>inside": 3, "inside>outside": 1, "outside>unknown": 1}
    with pytest.raises(SonaeError) as caught:
        hazards.retire(OPERATOR, row.pk, seen=change)
    assert caught.value.code == "forbidden"
    with pytest.raises(SonaeError) as caught:
        hazards.retire(ADMINISTRATOR, row.pk, seen={})
    assert (caught.value.code, zone(650)[0]) == ("conflict", "inside"), "nobody saw what changes"
    outbox.drain()
    hazards.retire(ADMINISTRATOR, row.pk, seen=change)
    assert zone(650)[0] == "outside" and zone(50) == ("inside", 3)
    assert outbox.drain() > 0, "everybody is planned for anew"
    assert AuditEntry.objects.filter(action="hazard_layer_retired", target=row.name).count() == 1
    with pytest.raises(SonaeError) as caught:
        hazards.retire(ADMINISTRATOR, row.pk, seen=change)
    assert caught.value.code == "not_active"
    assert [one.pk for one in hazards.retired()] == [row.pk]
    again = hazards.restore(OPERATOR, row.pk)
    assert again.change["outside>inside"] == 1 and again.replaces is None
    hazards.confirm(ADMINISTRATOR, row.pk)
    assert zone(650) == ("inside", 4)


def test_without_its_last_layer_a_hazard_is_unknown_not_absent(city: City) -> None:
    (row,) = [one for one in hazards.maps() if one.hazard == "flood" and one.kind == "depth"]
    change = hazards.change_without(row)
    assert {key.split(">")[1] for key in change} == {"unknown"}
    hazards.retire(ADMINISTRATOR, row.pk, seen=change)
    assert zone(50)[0] == "unknown"


def test_going_back_takes_the_place_of_what_came_after(city: City, tmp_path: Path) -> None:
    """A layer of another name replaced it; taking it back leaves no two of them in use."""
    (old,) = [row for row in hazards.maps() if row.name == "flood_l2"]
    new = prepared(flood(tmp_path / "new.geojson", (600, 200, 4)),
                   Stated(source="試験県", extent="city", replaces=old.pk))  # fmt: skip
    hazards.confirm(ADMINISTRATOR, new.pk)
    assert hazards.restore(OPERATOR, old.pk).replaces == new
    hazards.confirm(ADMINISTRATOR, old.pk)
    assert [row.pk for row in hazards.maps() if row.kind == "depth"] == [old.pk]
