"""``sonae hazard load … withdraw``: from a file to what is in use, and what is seen on the roads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner
from django.conf import settings

from sonae.domains.hazards import interface as hazards
from sonae.platform.scope import World
from sonae.web.commands import hazards as commands
from tests.domains.hazards.test_loading import flood
from tests.domains.hazards.test_obstacles import point, square
from tests.engines.evacuation.small import at
from tests.fixtures import City

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path_factory.mktemp("home"))


def run(
    command: Command, *arguments: object
) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """Exit status, rows and refusals."""
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return done.exit_code, rows, lines


def test_a_layer_is_loaded_looked_at_and_confirmed(city: City, tmp_path: Path) -> None:
    path = flood(tmp_path / "A31a-20.geojson", (600, 200, 4), (300, 50, 9))
    status, rows, refused = run(
        commands.load, path, tmp_path / "none.gml", "--source", "試験県", "--extent", "city",
        "--date", "2025-03-31", "--defects", tmp_path / "d.jsonl", "--format", "jsonl",
    )  # fmt: skip
    assert status == 1
    assert [one["error"] for one in refused] == ["unreadable"]
    (row,) = rows
    assert (row["state"], row["defects"], row["extent"]) == ("draft", 1, "city")
    assert row["homes"]["inside"] == 1
    (defect,) = [
        json.loads(line) for line in (tmp_path / "d.jsonl").read_text("utf-8").splitlines()
    ]
    assert (defect["value"], defect["row"]) == ("9", 2)
    assert [one.name for one in hazards.drafts()] == ["A31a-20"]
    status, rows, _ = run(commands.confirm, row["layer"])
    assert (status, rows[0]["state"]) == (0, "active")
    _, rows, _ = run(commands.list_, "--format", "jsonl")
    assert "A31a-20" in {one["name"] for one in rows if one["state"] == "active"}
    status, _, refused = run(commands.discard, row["layer"])
    assert (status, refused[0]["error"]) == (1, "not_a_draft")


def test_confirm_at_once_and_discard(city: City, tmp_path: Path) -> None:
    path = flood(tmp_path / "now.geojson", (0, 100, 1))
    _, rows, _ = run(commands.load, path, "--source", "試験県", "--confirm", "--format", "jsonl")
    assert [one["state"] for one in rows] == ["active"]
    _, rows, _ = run(commands.load, path, "--source", "試験県", "--format", "jsonl")
    status, rows, _ = run(commands.discard, rows[0]["layer"])
    assert (status, rows[0]["state"]) == (0, "discarded")


def test_roads_are_reported_listed_and_opened_again(city: City, tmp_path: Path) -> None:
    features = [
        {"type": "Feature", "geometry": shape, "properties": {"kind": kind, "source": "警察署"}}
        for kind, shape in (
            ("closed", point(300)), ("flooded", square(600)), ("flooded", point(1)),
            ("collapsed", point(300, 900)),
        )
    ]  # fmt: skip
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    status, rows, refused = run(commands.observe, path, "--format", "jsonl")
    assert status == 1
    assert [(one["row"], one["error"], one["action"]) for one in refused] == [
        (3, "bad_shape", "left_out")
    ]
    metres = {one["kind"]: one["road_m"] for one in rows}
    assert metres["closed"] == pytest.approx(100, abs=1)
    assert metres["collapsed"] == 0.0, "no road is near: said, not hidden"
    _, listed, _ = run(commands.observed, "--format", "jsonl")
    assert {one["obstacle"] for one in listed} == {one["obstacle"] for one in rows}
    status, _, refused = run(commands.withdraw, rows[0]["obstacle"], 10_000_000)
    assert (status, refused[0]["error"]) == (1, "not_found")
    assert len(hazards.in_force()) == 2


def test_an_exercise_has_roads_of_its_own(city: City, tmp_path: Path) -> None:
    lat, lon = at(300, 50)
    path = tmp_path / "x.csv"
    path.write_text(f"kind,lat,lon,source\nclosed,{lat},{lon},訓練係\n", "utf-8")
    status, rows, _ = run(commands.observe, path, "--exercise", "--format", "jsonl")
    assert (status, len(rows)) == (0, 1)
    assert hazards.in_force() == []
    with city.entered(World.EXERCISE):
        assert len(hazards.in_force()) == 1


def test_a_layer_is_taken_out_of_use_in_two_steps_and_back(city: City) -> None:
    (row,) = [one for one in hazards.maps() if one.name == "flood_l2"]
    status, shown, _ = run(commands.retire, row.pk)
    assert (status, shown[0]["state"]) == (0, "active")
    assert shown[0]["change"]["inside>unknown"] == 3
    status, shown, _ = run(commands.retire, row.pk, "--confirm")
    assert (status, shown[0]["state"]) == (0, "retired")
    _, listed, _ = run(commands.list_, "--retired", "--format", "jsonl")
    assert [one["layer"] for one in listed if one["state"] == "retired"] == [row.pk]
    status, _, refused = run(commands.retire, row.pk)
    assert (status, refused[0]["error"]) == (1, "not_active")
    status, shown, _ = run(commands.restore, row.pk)
    assert (status, shown[0]["state"]) == (0, "draft")
    run(commands.confirm, row.pk)
    assert row.pk in {one.pk for one in hazards.maps()}
