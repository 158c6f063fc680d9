"""What is reported holds until its time or until it is withdrawn, in its own world, and moves the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import roadstate
from sonae.domains.evacuation.models import PlanRun
from sonae.domains.hazards import interface as hazards
from sonae.domains.hazards import obstacles
from sonae.domains.hazards.interface import Obstacle, Report
from sonae.domains.residents.interface import Household
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from sonae.web.citizen.nearest import choose
from tests.engines.evacuation.small import at
from tests.fixtures import CLERK, OPERATOR, VIEWER, City, flood_telegram

pytestmark = pytest.mark.django_db


def point(east: float, north: float = 50.0) -> dict[str, Any]:
    lat, lon = at(east, north)
    return {"type": "Point", "coordinates": [lon, lat]}


def square(east: float, wide: float = 80.0) -> dict[str, Any]:
    corners = [
        at(east + x, 50 + y) for x, y in ((0, -40), (wide, -40), (wide, 40), (0, 40), (0, -40))
    ]
    return {"type": "Polygon", "coordinates": [[[lon, lat] for lat, lon in corners]]}


def report(kind: str = "closed", shape: dict[str, Any] | None = None, **more: Any) -> Report:
    known: dict[str, Any] = {"source": "消防団 第2分団", "observed_at": clock.now(), **more}
    return Report(kind=kind, shape=shape or point(300), **known)


def told(*reports: Report) -> list[Obstacle]:
    return hazards.report_obstacles(OPERATOR, reports)


def warned() -> PlanRun:
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    run = evacuation.current_run()
    assert run is not None
    return run


def advice(city: City, name: str = "備 太郎") -> Any:
    found = evacuation.personal_advice(city.residents[name].pk)
    assert found is not None
    return found.advice


def test_a_closed_road_changes_the_plan_at_once_and_its_withdrawal_too(city: City) -> None:
    first = warned()
    assert advice(city).facility == city.facilities["F4"]
    (row,) = told(report(note="橋の流失"))
    outbox.drain()
    second = evacuation.current_run()
    assert second is not None
    assert second.pk != first.pk
    assert (advice(city).facility, advice(city).reason) == (None, "not_connected")
    hazards.withdraw(OPERATOR, row.pk)
    hazards.withdraw(OPERATOR, row.pk)
    outbox.drain()
    assert advice(city).facility == city.facilities["F4"]
    assert (hazards.in_force(), [one.pk for one in hazards.ended()]) == ([], [row.pk])
    assert AuditEntry.objects.filter(action="obstacle_withdrawn").count() == 1


def test_the_way_of_a_page_asked_before_is_not_kept(city: City) -> None:
    place = at(50, 50)
    assert evacuation.best_way(*place, ["flood"]).facility == city.facilities["F4"]
    told(report())
    assert evacuation.best_way(*place, ["flood"]).reason == "not_connected"


def test_a_page_names_no_site_that_no_way_leads_to(city: City) -> None:
    """One page, one answer: where closures cut every way, nothing is named as the crow flies."""
    latitude, longitude = at(50, 50)
    address = f"/where/?at={latitude:.5f},{longitude:.5f}&hazard=flood"
    unknown = "いま通れる道が分かりません"
    assert unknown not in Client().get(address).content.decode()
    told(report())
    page = Client().get(address).content.decode()
    assert unknown in page
    assert "119番" in page
    assert "直線" not in page


def test_everybody_s_map_shows_what_is_closed_now(city: City) -> None:
    """Where it is, what it is, who saw it and when; without a log-in, and no longer than it holds."""
    assert Client().get("/map/obstacles.json").json()["features"] == []
    (row,) = told(report(note="橋の流失"))
    (shown,) = Client().get("/map/obstacles.json").json()["features"]
    assert shown["geometry"]["type"] == row.shape["type"]
    assert "橋の流失" in shown["properties"]["name"]
    assert shown["properties"]["told"].startswith(row.source)
    hazards.withdraw(OPERATOR, row.pk)
    assert Client().get("/map/obstacles.json").json()["features"] == []


def test_observed_water_is_danger_on_roads_and_for_homes(city: City) -> None:
    """高橋 lives on ground that the map calls dry; the water that was seen there says otherwise."""
    warned()
    assert evacuation.personal_advice(city.residents["高橋 幸子"].pk) is None
    before = advice(city).danger_m
    told(report("flooded", square(610), hazard="flood", depth_m=1.2))
    outbox.drain()
    seen = advice(city, "高橋 幸子")
    assert (seen.zone, seen.rank) == ("inside", 2)
    (answer,) = hazards.at_place(*at(650, 50), ["flood"])
    assert (answer["zone"], answer["source"]) == ("inside", "消防団 第2分団")
    told(report("flooded", square(360, 30), hazard="inland_flood"))
    outbox.drain()
    assert advice(city).danger_m > before


def test_tonight_s_water_and_closures_are_no_matter_of_a_lasting_plan(city: City) -> None:
    """A card and a timeline are made from the maps; the answer of now from what was seen."""
    home = Household.objects.get(pk=city.residents["高橋 幸子"].household_id)
    place, walker = (home.latitude, home.longitude), evacuation.Walker()
    plan = evacuation.staying(*place, walker)
    card = evacuation.cards.SiteFinder().site(home, "flood", walker)
    told(report("flooded", square(610), hazard="flood", depth_m=1.2))
    told(report())
    assert evacuation.staying(*place, walker) == plan
    assert evacuation.cards.SiteFinder().site(home, "flood", walker) == card
    assert card[0] is not None


def test_water_of_unknown_depth_has_no_depth(city: City) -> None:
    told(report("flooded", square(610), hazard="flood"))
    (answer,) = hazards.at_place(*at(650, 50), ["flood"])
    assert (answer["zone"], answer["depth_m"]) == ("inside", None)
    (beside,) = hazards.at_place(*at(580, 50), ["flood"])
    assert beside["zone"] == "outside", "what was seen says nothing beyond its edge"


def test_nobody_is_sent_to_a_site_that_stands_in_the_water(city: City) -> None:
    """中央公園 (450 m) is where 西町 goes; once water is seen there, it is not, and the pages say so."""
    warned()
    park = city.facilities["F4"]
    assert advice(city).facility == park
    (row,) = told(report("flooded", square(430, 40), hazard="inland_flood"))
    outbox.drain()
    assert advice(city).facility != park
    assert evacuation.sites_under_water() == {park.pk}
    way = evacuation.best_way(*at(50, 50), ["flood"])
    assert way.facility != park
    assert "浸水の報告があります" in Client().get("/shelters/").content.decode()
    rest = [one for one in city.facilities.values() if one.pk != park.pk]
    for one in rest:
        shelters.set_state(OPERATOR, one.pk, "closed")
    found = choose(*at(50, 50), "flood", shelters.places())
    assert found is None, "not even where no other site is left"
    for one in rest:
        shelters.set_state(OPERATOR, one.pk, "open")
    hazards.withdraw(OPERATOR, row.pk)
    outbox.drain()
    assert evacuation.sites_under_water() == frozenset()
    assert evacuation.best_way(*at(50, 50), ["flood"]).facility == park


def test_unmeasured_water_is_as_deep_as_the_map_says_it_can_be(city: City) -> None:
    """Who lives above every depth of the map is not driven down into water that somebody saw."""
    warned()
    before = advice(city, "斎藤 健")
    assert before.decision in ("stay", "upstairs")
    told(report("flooded", square(330), hazard="flood"))
    outbox.drain()
    assert advice(city, "斎藤 健").decision == before.decision
    told(report("flooded", square(610), hazard="flood"))
    outbox.drain()
    assert advice(city, "高橋 幸子").rule == "depth_unknown", "the map knows no depth there"


@pytest.fixture
def noon() -> Iterator[FrozenClock]:
    """A clock that stands still, for ends that come by the clock."""
    still = FrozenClock(clock.now().replace(microsecond=0))
    with clock.using(still):
        yield still


def test_a_report_ends_by_the_clock_and_the_plan_follows(city: City, noon: FrozenClock) -> None:
    warned()
    told(report(valid_until=noon.at + timedelta(hours=2)))
    outbox.drain()
    assert advice(city).reason == "not_connected"
    with pytest.raises(outbox.Retry) as early:
        obstacles.expired(noon.at + timedelta(hours=2))
    assert early.value.seconds > 7000
    with clock.using(FrozenClock(noon.at + timedelta(hours=2, seconds=1))):
        assert hazards.in_force() == []
        obstacles.expired(noon.at + timedelta(hours=2))
        outbox.drain()
        assert advice(city).facility == city.facilities["F4"]


def test_the_end_waits_in_the_outbox_once_per_time(city: City, noon: FrozenClock) -> None:
    from sonae.platform.models import OutboxEntry

    end = noon.at + timedelta(hours=3)
    told(report(valid_until=end), report(shape=point(500), valid_until=end))
    told(report(shape=point(520), valid_until=end))
    waiting = OutboxEntry.objects.filter(topic=obstacles.EXPIRED)
    assert waiting.count() == 1
    assert waiting.get().due_at > waiting.get().created_at.timestamp() + 3 * 3600 - 60


def test_an_exercise_closes_no_real_road(city: City) -> None:
    with city.entered(World.EXERCISE):
        told(report())
        assert len(hazards.in_force()) == 1
    assert hazards.in_force() == []
    assert evacuation.best_way(*at(50, 50), ["flood"]).facility == city.facilities["F4"]


def test_the_same_report_twice_is_one(city: City) -> None:
    first, again = told(report(key="bridge-1"), report(key="bridge-1", note="another"))
    assert first.pk == again.pk
    assert len(hazards.in_force()) == 1


def test_another_report_under_a_known_key_is_refused(city: City, noon: FrozenClock) -> None:
    """What changed, was renewed, was withdrawn or is over must not be taken for known."""
    end = noon.at + timedelta(hours=6)
    (row,) = told(report(key="7", valid_until=end))
    assert not row.known
    (again,) = told(report(key="7", valid_until=end + timedelta(seconds=20)))
    assert (again.pk, again.known) == (row.pk, True)
    for other in (
        report(key="7", shape=point(500), valid_until=end),
        report(key="7", valid_until=end + timedelta(hours=3)),
        report("collapsed", key="7", valid_until=end),
    ):
        for act in (told, hazards.check_report):
            with pytest.raises(SonaeError) as caught:
                act(other)
            assert (caught.value.code, "「7」" in caught.value.detail) == ("conflict", True)
    with clock.using(FrozenClock(end + timedelta(minutes=1))), pytest.raises(SonaeError) as caught:
        told(report(key="7", valid_until=end, observed_at=noon.at))
    assert caught.value.code == "conflict", "it is over"
    hazards.withdraw(OPERATOR, row.pk)
    with pytest.raises(SonaeError) as caught:
        told(report(key="7", valid_until=end))
    assert caught.value.code == "conflict", "it was withdrawn"


def test_a_file_names_the_row_that_is_another_report_and_a_new_day_is_new(
    city: City, tmp_path: Path, noon: FrozenClock
) -> None:
    lat, lon = at(300, 50)
    path = tmp_path / "規制.csv"
    path.write_text(
        f"id,kind,lat,lon,source\n7,closed,{lat},{lon},県\n7,closed,{lat + 0.001},{lon},県\n"
        f",closed,{lat},{lon},県\n",
        "utf-8",
    )
    good, wrong = hazards.read_reports(path)
    assert [(one.row, one.problem) for one in wrong] == [(3, "conflict")]
    assert [row.known for row in told(*good)] == [False, False]
    good, _ = hazards.read_reports(path)
    assert [row.known for row in told(*good)] == [True, True]
    with clock.using(FrozenClock(noon.at + timedelta(days=1))):
        good, wrong = hazards.read_reports(path)
        assert [(one.row, one.problem) for one in wrong] == [(2, "conflict"), (3, "conflict")]
        assert [row.known for row in told(*good)] == [False], "without an id or a time: of its day"
        assert len(hazards.in_force()) == 1


def test_only_operators_report(city: City) -> None:
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError) as caught:
            hazards.report_obstacles(actor, [report()])
        assert caught.value.code == "forbidden"


def test_what_is_wrong_is_named_and_nothing_is_stored(city: City) -> None:
    now = clock.now()
    wrong: list[tuple[Report, str]] = [
        (report("broken"), "bad_kind"),
        (report(source=" "), "no_source"),
        (report(observed_at=now + timedelta(hours=1)), "in_the_future"),
        (report(valid_until=now - timedelta(hours=1)), "bad_end"),
        (report(valid_until=now + timedelta(days=400)), "bad_end"),
        (report("flooded", square(0), hazard="fire"), "bad_hazard"),
        (report("flooded", square(0), hazard="flood", depth_m=-1.0), "bad_depth"),
        (report("flooded", point(0), hazard="flood"), "bad_shape"),
        (report(shape={"type": "Point", "coordinates": []}), "bad_shape"),
        (report(shape={"type": "Nothing"}), "bad_shape"),
        (report(shape={"type": "Point", "coordinates": [37.0, 139.0]}), "bad_position"),
        (report(shape={"type": "Point", "coordinates": [float("nan"), 37.0]}), "bad_position"),
    ]
    for bad, code in wrong:
        with pytest.raises(SonaeError) as caught:
            told(report(), bad)
        assert caught.value.code == code
    assert not Obstacle.objects.exists()


def test_how_much_road_a_report_lies_on(city: City) -> None:
    assert evacuation.roads_hit("closed", point(300)) == pytest.approx(100, abs=1)
    assert evacuation.roads_hit("closed", point(300, 500)) == 0.0


def test_a_report_that_has_the_number_of_another_is_another(city: City) -> None:
    """Numbers come again after a rollback."""
    found = evacuation.city()
    assert found is not None
    (row,) = told(report())
    assert len(roadstate.roads_now(found).closed) > 0
    Obstacle.objects.filter(pk=row.pk).update(key="another", shape=point(300, 500))
    assert len(roadstate.roads_now(found).closed) == 0


CSV = """id,種類,lat,lon,情報源,確認日時,有効期限,内容
7,通行止め,{lat},{lon},警察署,2026-07-01 10:00,2026-07-01 18:00,冠水のため
8,浸水,{lat},{lon},警察署,,,
9,崩壊地点,{lat},{lon},,2026-07-01 10:00,,
x,通行止め,abc,{lon},警察署,,,
"""


def test_a_csv_of_the_police_with_its_defects(city: City, tmp_path: Path) -> None:
    lat, lon = at(300, 50)
    path = tmp_path / "規制.csv"
    path.write_bytes(CSV.format(lat=lat, lon=lon).encode("cp932"))
    now = FrozenClock(clock.now().replace(year=2026, month=7, day=1, hour=11))
    with clock.using(now):
        good, wrong = hazards.read_reports(path)
        assert [(one.kind, one.note, one.key) for one in good] == [
            ("closed", "冠水のため", "規制.csv:7")
        ]
        assert [(one.row, one.problem, one.action) for one in wrong] == [
            (3, "bad_shape", "left_out"), (4, "no_source", "left_out"), (5, "not_a_number", "left_out"),
        ]  # fmt: skip
        again, _ = hazards.read_reports(path, source="県")
        assert len(again) == 2, "a source given for the whole file stands in"
        told(*good)
        told(*hazards.read_reports(path)[0])
        assert len(hazards.in_force()) == 1


def test_a_geojson_of_any_shape(city: City, tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": square(610),
            "properties": {"kind": "flooded", "depth_m": 0.4},
        },
        {"type": "Feature", "geometry": None, "properties": {"kind": "closed"}},
        "nonsense",
    ]
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    good, wrong = hazards.read_reports(path, source="県 水防計画室")
    assert [(one.kind, one.hazard, one.depth_m) for one in good] == [("flooded", "flood", 0.4)]
    assert [(one.row, one.problem) for one in wrong] == [(2, "bad_shape"), (3, "bad_shape")]
    assert good[0].key == hazards.read_reports(path, source="県 水防計画室")[0][0].key


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type":"FeatureCollection"}'])
def test_a_file_that_is_no_geojson_is_refused(city: City, tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(text, "utf-8")
    with pytest.raises(SonaeError) as caught:
        hazards.read_reports(path)
    assert caught.value.code == "unreadable"


def collected(tmp_path: Path, *features: Any) -> tuple[list[Report], list[Any]]:
    """Read features as a GeoJSON file."""
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return hazards.read_reports(path, source="県")


def feature(**more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": point(300), "properties": {"kind": "closed"}, **more}


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"properties": "text"}, "unreadable"),
        ({"properties": [1, 2]}, "unreadable"),
        ({"geometry": {"type": "Point"}}, "bad_shape"),
        ({"geometry": {"type": "Point", "coordinates": None}}, "bad_shape"),
        ({"geometry": {"type": "Point", "coordinates": [139]}}, "bad_shape"),
        ({"geometry": {"type": "Point", "coordinates": [10**400, 37]}}, "not_a_number"),
        ({"geometry": {"type": "LineString", "coordinates": [[10**400, 37], [1, 2]]}}, "bad_shape"),
        ({"properties": {"kind": "closed", "observed_at": "9999-12-31"}}, "in_the_future"),
        ({"properties": {"kind": "closed", "observed_at": "0001-01-01"}}, "bad_time"),
        ({"properties": {"kind": "\ud800"}}, "bad_kind"),
    ],
)
def test_a_malformed_feature_is_left_out_alone(
    city: City, tmp_path: Path, bad: dict[str, Any], problem: str
) -> None:
    good, wrong = collected(tmp_path, feature(**bad), feature())
    assert [(one.row, one.problem) for one in wrong] == [(1, problem)]
    wrong[0].value.encode()
    assert len(told(*good)) == 1


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
    | st.sampled_from(["closed", "flooded", "9999-12-31", "0001-01-01T00:00", "flood", "139.0"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["type", "coordinates", "kind", "id"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
PROPERTIES = st.fixed_dictionaries(
    {"kind": st.sampled_from(["closed", "collapsed", "flooded"]) | JUNK},
    optional={
        name: JUNK
        for name in ("id", "observed_at", "valid_until", "depth_m", "hazard", "note", "source")
    },
)
GEOMETRY = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon"]) | JUNK,
        "coordinates": JUNK
        | st.lists(st.tuples(st.floats(135, 140), st.floats(34, 38) | st.floats()), max_size=5)
        | st.lists(st.lists(st.tuples(st.floats(135, 140), st.floats(34, 38)), max_size=6)),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    one=st.fixed_dictionaries({"properties": PROPERTIES | JUNK, "geometry": GEOMETRY | JUNK}) | JUNK
)
def test_no_feature_takes_the_others_with_it(city: City, tmp_path: Path, one: Any) -> None:
    good, wrong = collected(tmp_path, one, feature())
    assert [report.key for report in good[-1:]] == [
        report.key for report in collected(tmp_path, feature())[0]
    ]
    assert len(good) + len(wrong) == 2
    json.dumps([defect.value for defect in wrong], ensure_ascii=False).encode()
    assert len(told(*good)) == len(good)


@pytest.mark.parametrize("where", [(35.0, 140.0), (34.0, 135.0), (43.06, 141.35)])
def test_a_place_far_from_every_town_is_refused_with_its_distance(
    city: City, where: tuple[float, float]
) -> None:
    """A closure hundreds of kilometres away was listed as one of the city's."""
    with pytest.raises(SonaeError) as caught:
        told(report(shape={"type": "Point", "coordinates": [where[1], where[0]]}))
    assert caught.value.code == "bad_position" and "km離れています" in caught.value.detail
    assert hazards.in_force() == []


def test_a_road_that_leads_out_of_the_city_may_be_closed(city: City) -> None:
    (row,) = told(report(shape=point(9_000)))
    assert row.pk in {one.pk for one in hazards.in_force()}


def test_the_words_that_a_file_may_use_are_named(city: City, tmp_path: Path) -> None:
    lat, lon = at(300, 50)
    path = tmp_path / "closed.csv"
    rows = [
        f"{lat},{lon},通行不能,",
        f"{lat},{lon},浸水,雨",
        f"{lat},{lon},通行止め,",
        "35.0,140.0,通行止め,",
    ]
    path.write_text("\n".join(["lat,lon,種類,災害種別", *rows]), "utf-8")
    good, wrong = hazards.read_reports(path, "消防団")
    assert [one.kind for one in good] == ["closed"]
    assert [(one.row, one.problem) for one in wrong] == [
        (2, "bad_kind"), (3, "bad_hazard"), (5, "bad_position"),
    ]  # fmt: skip
    assert "通行止め（closed）、崩壊地点（collapsed）、浸水（flooded）" in wrong[0].value
    with pytest.raises(SonaeError) as caught:
        told(report("flooded", square(300), hazard="雨"))
    assert "内水氾濫（inland_flood）" in caught.value.hint
