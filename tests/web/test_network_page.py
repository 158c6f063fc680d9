"""道路網 on the staff desk: shown to all staff, replaced by administrators, preview before effect."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation import networks
from sonae.engines.evacuation.network import FILE, Network
from sonae.platform.access import Role
from sonae.web.staff import network as page
from tests.domains.evacuation.test_networks import street
from tests.fixtures import City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db


def sent(path: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(path.name, path.read_bytes())


def upload(client: Client, path: Path, source: str = "道路課") -> str:
    """Send a file; where the answer leads."""
    form = {"files": sent(path), "source": source, "date": "2026-11-01"}
    answer = client.post("/staff/network/upload/", form)
    return answer.headers.get("Location", f"{answer.status_code}")


def test_all_staff_see_it_and_only_administrators_may_change_it(city: City, tmp_path: Path) -> None:
    viewer, operator = signed_in(Role.VIEWER), signed_in(Role.OPERATOR)
    shown = viewer.get("/staff/network/").content.decode()
    assert "いまの道路網" in shown
    assert "試験" in shown
    assert "すべての世帯と避難先に道がつながっています" in shown
    assert "道路網を入れ替える" not in shown
    assert viewer.get("/staff/network/streets.png").headers["Content-Type"] == "image/png"
    assert upload(operator, street(tmp_path / "n.geojson", 0)) == "403"
    assert Client().get("/staff/network/").status_code == 302


def test_upload_preview_confirm(city: City, tmp_path: Path) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    assert "道路網の出典と" in admin.get("/staff/map/").content.decode()
    there = upload(admin, street(tmp_path / "n.geojson", 1510))
    preview = admin.get(there).content.decode()
    for words in ("まだ使われていません", "道路課", "2026-11-01", "第一小学校", "道から遠い",
                  "孤立した道のそば", "西町", "長さが0", "使わない"):  # fmt: skip
        assert words in preview, words
    old = evacuation.city()
    assert old is not None
    assert old.network.source == "試験"
    lines = admin.get(f"{there}defects.jsonl").content.decode().splitlines()
    assert json.loads(lines[0])["problem"] == "zero_length"
    picture = admin.get(f"{there}streets.png")
    (tmp_path / "p.png").write_bytes(picture.content)
    with Image.open(tmp_path / "p.png") as image:
        assert {index for _, index in image.getcolors() or ()} == {0, 1, 2}, "the island stands out"
    assert 'name="agreed" value="homes_cut_off" required' in preview
    refused = admin.post(f"{there}confirm/", follow=True).content.decode()
    assert "5世帯のうち3世帯で、道がつながらなくなります" in refused
    assert evacuation.city() == old, "without the tick nothing changes"
    assert admin.post(f"{there}confirm/", {"agreed": ["homes_cut_off"]}).status_code == 302
    now = admin.get("/staff/network/").content.decode()
    assert "道路網を入れ替えました：道路課" in now
    assert "長さが0" in now
    assert admin.get(there).status_code == 404


def test_what_was_dropped_is_gone(city: City, tmp_path: Path) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    there = upload(admin, street(tmp_path / "n.geojson", 0))
    assert admin.post(f"{there}nonsense/").status_code == 404
    assert "いまの道路網のままです" in admin.post(f"{there}discard/", follow=True).content.decode()
    assert admin.post(f"{there}confirm/").status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("a.osm.pbf", b"\xff" * 99, "壊れているか"),
        ("a.osm", b"<!DOCTYPE osm [<!ENTITY a 'b'>]><osm/>", "DOCTYPE"),
        ("a.geojson", b"{", "読めません"),
        ("a.csv", b"a,b\n1,2\n", "from_lat"),
        ("../../etc/a.zip", b"PK", "読めません"),
        ("a.osm", b"", "空です"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_what_was_typed_stays(
    name: str, body: bytes, words: str, city: City
) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    before = (networks.network_folder() / FILE).read_bytes()
    form = {"files": SimpleUploadedFile(name, body), "source": "県道路課", "date": "2026-02-03"}
    answer = admin.post("/staff/network/upload/", form)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert words in shown
    assert 'value="県道路課"' in shown
    assert (networks.network_folder() / FILE).read_bytes() == before


def test_too_much_and_nothing(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = signed_in(Role.ADMINISTRATOR)
    answer = admin.post("/staff/network/upload/", {"source": "", "date": ""})
    assert "ファイルを選んでください" in answer.content.decode()
    monkeypatch.setattr(page, "MOST_BYTES", 10)
    assert upload(admin, street(tmp_path / "n.geojson", 0)) == "422"
    assert admin.get("/staff/network/upload/").status_code == 302


def test_a_city_without_a_network_is_told_what_that_means(city: City) -> None:
    kept_file = networks.network_folder() / FILE
    raw = kept_file.read_bytes()
    kept_file.unlink()
    try:
        shown = signed_in(Role.VIEWER).get("/staff/network/").content.decode()
    finally:
        kept_file.write_bytes(raw)
    assert "道路網がまだありません" in shown
    assert "管理者に" in shown


def test_a_network_of_one_point_is_drawn_all_the_same(city: City) -> None:
    evacuation.load_network(Network.lonely(37.0, 139.0))
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/staff/network/").status_code == 200
    assert viewer.get("/staff/network/streets.png").status_code == 200


def test_the_map_shows_the_streets_of_the_network_in_use(city: City) -> None:
    """Another network of the same source, date and size is another picture."""
    viewer, before = signed_in(Role.VIEWER), evacuation.city()
    assert before is not None
    first = viewer.get("/staff/map/streets.png").content
    lat = np.array(before.network.lat)
    lat[0] += 0.002
    evacuation.load_network(replace(before.network, lat=lat))
    assert viewer.get("/staff/map/streets.png").content != first
