"""``sonae shelters load``: nothing changes without --confirm, doubts need --agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sonae.domains.shelters import interface as shelters
from sonae.web.commands.shelters import load
from tests.conftest import real_data
from tests.fixtures import OPERATOR, City

LINES = [
    "ID,名称,緯度,経度,災害種別_洪水,指定避難所との重複,想定収容人数",
    *(f"F{n},{name},{lat},139.0,1,1,{room}" for n, name, lat, room in
      ((1, "第一小学校", 37.0, 300), (2, "高台中学校", 37.0, 200), (3, "福祉会館", 37.0, ""))),
]  # fmt: skip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(load, [*arguments, "--format", "jsonl"])


def lines(done: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_list_waits_until_it_is_confirmed_and_doubts_are_agreed_to(
    city: City, tmp_path: Path
) -> None:
    file = tmp_path / "city.csv"
    file.write_text("\n".join(LINES[:2]), "cp932")
    first = run(str(file))
    assert first.exit_code == 0 and "まだ何も変えていません" in first.stderr
    told = lines(first)
    assert {one["status"] for one in told} >= {"doubt", "gone", "changed"}
    assert len([p for p in shelters.places() if p.site or p.shelter]) == 4
    refused = run(str(file), "--confirm")
    assert (
        refused.exit_code == 1
        and json.loads(refused.stderr.splitlines()[-1])["error"] == "conflict"
    )
    keys = [str(one["key"]) for one in told if one["status"] == "doubt"]
    done = run(str(file), "--confirm", *(part for key in keys for part in ("--agree", key)))
    assert done.exit_code == 0, done.output
    assert [p.facility.public_id for p in shelters.places() if p.site or p.shelter] == ["F1"]


def test_an_empty_file_is_refused_and_changes_nothing(city: City, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    done = run(str(tmp_path / "empty.csv"), "--confirm")
    assert done.exit_code == 1 and json.loads(done.stderr)["error"] == "empty_file"
    assert run(str(tmp_path / "none.csv")).exit_code == 1
    assert len([p for p in shelters.places() if p.site or p.shelter]) == 4


@pytest.mark.real_data
def test_the_national_lists_of_ube_come_into_force_and_stand_beside_the_older_one(
    city: City,
) -> None:
    """108 sites and 62 shelters are 113 places; of P20's capacities none is taken over by itself."""
    folder = real_data("geo", "gsi-shelters")
    files = [str(folder / kind / "352021.json") for kind in ("emergency", "evacuation")]
    told = lines(run(*files, "--origin", "national"))
    assert sum(one["status"] == "new" for one in told) == 113
    keys = [str(one["key"]) for one in told if one["status"] == "doubt"]
    agreed = [part for key in keys for part in ("--agree", key)]
    done = run(*files, "--origin", "national", "--source", "国土地理院", "--confirm", *agreed)
    assert done.exit_code == 0, done.stderr
    held = [p for p in shelters.places() if p.site or p.shelter]
    assert len(held) == 113 and sum(bool(p.site and p.shelter) for p in held) == 57
    assert all(p.facility.public_id.startswith("E35202") for p in held)
    old = real_data("geo", "osm", "ube", "ube_shelters.zip")
    differ = lines(run(str(old), "--compare", "--elsewhere"))
    rooms = [one for one in differ if one["field"] == "capacity"]
    assert len(rooms) >= 30 and all(one["before"] is None for one in rooms)
    assert not any(p.capacity for p in shelters.places() if p.site)
    first = next(p for p in held if p.facility.public_id == rooms[0]["id"])
    shelters.settle(OPERATOR, first.facility.pk, "capacity", "municipal", "P20")
    again = {p.facility.pk: p.capacity for p in shelters.places()}
    assert again[first.facility.pk] == rooms[0]["after"]
