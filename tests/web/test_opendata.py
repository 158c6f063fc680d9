"""Open data: the page, every file in every form, the same as what the API tells."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from django.test import Client

from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityRow
from sonae.engines.shelters.readers import read_list
from sonae.platform.models import AuditEntry
from sonae.web.commands.export import export
from sonae.web.opendata import files
from sonae.web.opendata.licence import licence, set_licence
from sonae.web.opendata.sets import PUBLIC_SETS, set_of
from tests.domains.hazards.test_obstacles import report, square, told
from tests.fixtures import OPERATOR, City


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    """Files of one test are none of the next."""
    settings.HOME = tmp_path


def fetched(name: str, form: str) -> bytes:
    answer = Client().get(f"/opendata/{name}/{form}")
    assert answer.status_code == 200, answer.content
    assert (
        "attachment" in answer["Content-Disposition"] and "992011" in answer["Content-Disposition"]
    )
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_page_names_every_set_its_source_its_forms_and_the_terms(city: City) -> None:
    page = Client().get("/opendata/").content.decode()
    for data in PUBLIC_SETS:
        assert str(data.title) in page and all(source in page for source in data.sources())
        for form in files.forms_of(data):
            assert f"/opendata/{data.id}/{form.id}" in page
    assert "まだ決まっていません" in page and "unaccounted" not in page
    set_licence("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/deed.ja")
    page = Client().get("/opendata/").content.decode()
    assert "CC BY 4.0" in page and "まだ決まっていません" not in page


@pytest.mark.parametrize("form", ["gpkg", "geojson", "fgb"])
def test_a_file_holds_what_the_api_tells(city: City, tmp_path: Path, form: str) -> None:
    told(report(), report("flooded", square(610), hazard="flood", depth_m=0.4))
    for data in PUBLIC_SETS:
        body, features = fetched(data.id, form), data.features()
        path = tmp_path / f"{data.id}.{form}"
        path.write_bytes(body)
        meta, _, shapes, values = pyogrio.raw.read(path)
        assert len(shapes) == len(features), data.id
        if not features:
            continue
        table = dict(zip(meta["fields"], values, strict=True))
        by_id = {name: row for row, name in enumerate(table["feature_id"])}
        for one in features:
            row = by_id[one.id]
            shape = shapely.from_wkb(shapes[row])
            assert shapely.hausdorff_distance(shape, one.geometry) < 1e-6
            for name, value in one.properties.items():
                if isinstance(value, str | int | float) and not isinstance(value, bool):
                    # GDAL makes dates of texts that look like one.
                    held = table[name][row]
                    same = str(held) == value if isinstance(value, str) else float(held) == value
                    assert same, (data.id, name)
                if value is None and table[name].dtype.kind == "f":
                    assert table[name][row] != table[name][row], "unknown is not nought"


def test_everything_in_one_geopackage(city: City, tmp_path: Path) -> None:
    set_licence("CC BY 4.0")
    path = tmp_path / "all.gpkg"
    path.write_bytes(fetched("all", "gpkg"))
    layers = {row[0] for row in pyogrio.list_layers(path)}
    assert layers == {data.id.replace("-", "_") for data in PUBLIC_SETS}
    info = pyogrio.read_info(path, layer="towns")
    assert "CC BY 4.0" in json.dumps(info["layer_metadata"], ensure_ascii=False)


@pytest.mark.parametrize("form", ["csv", "csv-sjis"])
def test_the_standard_table_comes_back_whole(city: City, tmp_path: Path, form: str) -> None:
    for name, site in (("emergency-sites", True), ("shelters", False)):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(fetched(name, form))
        read, _ = read_list(path)
        held = [
            files.listed(place, site=site)
            for place in shelters.places()
            if (place.site if site else place.shelter) is not None
        ]
        for one, place in zip(read, held, strict=True):
            told = {
                **place.to_json(),
                "hazards": place.hazards or dict.fromkeys(one.hazards, "unknown"),
            }
            for aside in ("input", "row", "kana", "more"):
                told.pop(aside, None)
            assert {key: one.to_json()[key] for key in told} == told


def test_openstreetmap_gets_points_with_tags(city: City) -> None:
    document = json.loads(fetched("emergency-sites", "osm"))
    tags = {one["properties"]["ref"]: one["properties"] for one in document["features"]}
    assert (
        tags["F2"]["emergency"] == "assembly_point" and tags["F2"]["assembly_point:flood"] == "yes"
    )
    assert tags["F1"]["assembly_point:flood"] == "no" and "assembly_point:fire" not in tags["F1"]


def test_a_file_is_written_once_a_minute_however_many_ask(city: City, tmp_path: Path) -> None:
    first = fetched("occupancy", "geojson")
    shelters.set_state(OPERATOR, city.facilities["F1"].pk, "open")
    assert fetched("occupancy", "geojson") == first
    path = next(tmp_path.rglob("occupancy.geojson"))
    os.utime(path, (0, 0))
    assert b'"open"' in fetched("occupancy", "geojson")


@pytest.mark.parametrize(
    ("path", "status"),
    [("unaccounted/gpkg", 401), ("none/gpkg", 404), ("towns/shp", 404), ("towns/csv", 400),
     ("all/geojson", 400), ("..%2f..%2fsonae/gpkg", 404)],
)  # fmt: skip
def test_what_is_not_offered_is_refused(city: City, path: str, status: int) -> None:
    answer = Client(headers={"accept": "application/json"}).get(f"/opendata/{path}")
    assert answer.status_code == status


def test_an_exercise_publishes_nothing(city: City) -> None:
    for path in ("", "towns/gpkg"):
        answer = Client(headers={"accept": "application/json"}).get(f"/drill/opendata/{path}")
        assert answer.status_code == 401


def test_a_form_that_fails_leaves_no_half_file(city: City, tmp_path: Path) -> None:
    path = tmp_path / "towns.gpkg"
    path.write_bytes(b"before")
    with pytest.raises(SonaeError, match="unreadable"):
        files.write(path, files.form_of("csv"), [set_of("towns")])
    assert path.read_bytes() == b"before" and list(tmp_path.glob(".towns*")) == []


def run(*args: str) -> Any:
    return CliRunner().invoke(export, list(args))


def test_the_command_writes_files_and_reports_what_shift_jis_lacks(
    city: City, tmp_path: Path
) -> None:
    shelters.load_facilities(
        [FacilityRow("F9", "𠮷野〜小学校", 37.0, 139.0, hazards={"flood": "yes"}, is_shelter=True)]
    )
    path = tmp_path / "sites.csv"
    done = run(
        "write", "emergency-sites", "--as", "csv-sjis", "--to", str(path), "--format", "jsonl"
    )
    assert done.exit_code == 1 and "〓野～小学校" in path.read_bytes().decode("cp932")
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["character"].split()[1] for one in told] == ["𠮷", "〜"]
    assert told[0]["column"] == "名称" and told[0]["row"] == 2 and told[0]["action"] == "left_out"
    done = run("write", "emergency-sites", "--as", "csv", "--to", str(path), "--format", "jsonl")
    assert done.exit_code == 0 and "𠮷野〜小学校" in path.read_text("utf-8-sig")


def test_the_command_knows_what_there_is_and_refuses_the_rest(city: City, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run("list", "--format", "jsonl").stdout.splitlines()]
    assert [row["data"] for row in rows] == [data.id for data in PUBLIC_SETS]
    everything = tmp_path / "all.gpkg"
    assert run("write", "--to", str(everything)).exit_code == 0
    assert len(pyogrio.list_layers(everything)) == len(PUBLIC_SETS)
    for args in (
        ["unaccounted"],
        ["none"],
        ["towns", "shelters", "--as", "fgb"],
        ["towns", "--as", "csv"],
    ):
        assert run("write", *args, "--to", str(tmp_path / "x")).exit_code == 1, args
        assert not (tmp_path / "x").exists()
    assert run("write", "towns", "--to", str(tmp_path / "no" / "folder.gpkg")).exit_code == 1
    assert run("write", "towns", "--as", "shp", "--to", "x").exit_code == 2


def test_the_terms_are_the_citys_decision(city: City) -> None:
    assert licence() is None
    done = run(
        "licence", "--name", "CC BY 4.0", "--url", "https://creativecommons.org/licenses/by/4.0/"
    )
    assert done.exit_code == 0
    held = licence()
    assert held is not None and held.name == "CC BY 4.0"
    assert AuditEntry.objects.filter(action="open_data_licence").exists()
    with pytest.raises(SonaeError, match="unreadable"):
        set_licence(" ")
    with pytest.raises(SonaeError, match="unreadable"):
        set_licence("x", "javascript:alert(1)")
    with pytest.raises(SonaeError, match="forbidden"):
        set_licence("x", actor=OPERATOR)
    assert municipalities.municipality().settings["open_data_licence"]["name"] == "CC BY 4.0"
