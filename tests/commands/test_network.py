"""``sonae evacuation network``: from the files of a city to the network in force, as an operator does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import networks
from sonae.platform import outbox
from sonae.platform.models import OutboxEntry
from sonae.web.commands.network import group
from tests.domains.evacuation.test_networks import street
from tests.fixtures import CODE, City

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        group, [*arguments, "--format", "jsonl"], env={"SONAE_MUNICIPALITY": CODE}
    )


def test_files_are_put_into_force_and_shown(city: City, tmp_path: Path) -> None:
    path = street(tmp_path / "n.geojson", 1510)
    outbox.drain()
    refused = run("load", str(path), "--source", "道路課")
    assert (refused.exit_code, json.loads(refused.stderr.splitlines()[-1])["error"]) == (
        1,
        "conflict",
    )
    done = run(
        "load", str(path), "--source", "道路課", "--date", "2026-11-01", "--agree", "homes_cut_off"
    )
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert (row["source"], row["nodes"], row["components"]) == ("道路課", 11, 2)
    assert (row["homes"], row["homes_off"], row["homes_beside_islands"]) == (5, 3, 2)
    assert (row["facilities_off"], row["facilities_beside_islands"]) == (2, 2)
    assert OutboxEntry.everywhere.filter(topic="city.changed").exists(), "the plan is made anew"
    shown = json.loads(run("show").stdout)
    assert {key: shown[key] for key in row} == row
    missed = [json.loads(line) for line in run("show", "--unreached").stdout.splitlines()]
    assert {(one["kind"], one["name"]) for one in missed if one["reason"] == "off"} == {
        ("facility", "第一小学校"), ("facility", "中央公園"), ("town", "西町"), ("town", "中町"),
    }  # fmt: skip


def test_a_network_built_before_is_taken_as_it_is(city: City, tmp_path: Path) -> None:
    found = evacuation.city()
    assert found is not None
    found.network.save(tmp_path / "net")
    assert run("load", str(tmp_path / "net")).exit_code == 0
    (tmp_path / "net" / "network.map").write_bytes(b"SONAEMAP" + bytes(100))
    before = networks.stamp()
    done = run("load", str(tmp_path / "net"))
    assert (done.exit_code, json.loads(done.stderr)["error"]) == (1, "unreadable")
    assert networks.stamp() == before


def test_refusals_name_the_files_and_nothing_changes(city: City, tmp_path: Path) -> None:
    before = networks.stamp()
    good, bad = street(tmp_path / "a.geojson", 0), street(tmp_path / "b.geojson", 0, broken=True)
    done = run("load", str(good), str(bad))
    assert done.exit_code == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"] == "unreadable"
    assert networks.stamp() == before
    assert run("load", str(tmp_path / "absent")).exit_code == 2
