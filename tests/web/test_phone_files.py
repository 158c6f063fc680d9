"""Manifest, worker, icons, the piece of map and the household's extract: whole, small, and nobody else's."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from lxml import etree
from numpy.typing import NDArray
from PIL import Image

from sonae.domains.evacuation.interface import timelines
from sonae.domains.hazards import interface as hazards
from sonae.domains.identity import interface as identity
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Household
from sonae.domains.warnings import interface as warnings
from sonae.engines.evacuation.timeline import Answers
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.web import kept
from sonae.web.citizen import offline
from sonae.web.drawing import ExtractPlace, city_extract, extract
from tests.engines.evacuation.small import layer
from tests.fixtures import City, actor, flood_telegram, know

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Any:
    kept.forget()
    yield
    kept.forget()


def resident(city: City, name: str) -> Client:
    """A browser in which a resident is signed in."""
    one = city.residents[name]
    account = identity.add_account(
        f"{one.resident_id}@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name=name,
        resident_pk=one.pk,
    )  # fmt: skip
    client = Client()
    client.force_login(account)
    return client


def test_the_manifest_speaks_the_reader_s_language(city: City) -> None:
    ja = Client().get("/manifest.webmanifest")
    assert ja["Content-Type"].startswith("application/manifest+json")
    assert json.loads(ja.content)["name"].startswith("試験市")
    en = Client().get("/manifest.webmanifest", headers={"accept-language": "en"})
    assert json.loads(en.content)["name"].startswith("Shiken City")
    assert json.loads(en.content)["lang"] == "en"


@pytest.mark.parametrize(
    ("name", "size"), [("180", 180), ("192", 192), ("512", 512), ("maskable", 512)]
)
def test_icons_are_what_the_manifest_says(city: City, name: str, size: int) -> None:
    picture = Image.open(io.BytesIO(Client().get(f"/icon-{name}.png").content))
    assert picture.size == (size, size)
    corner = picture.convert("RGBA").getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert (corner[3] == 255) == (name == "maskable"), "only a maskable icon fills its corners"


@pytest.mark.parametrize("name", ["1", "99999", "x", "..", "512.png"])
def test_no_other_icon_is_drawn(city: City, name: str) -> None:
    assert Client().get(f"/icon-{name}.png").status_code == 404


def test_the_worker_is_asked_for_anew_and_names_files_that_exist(city: City) -> None:
    answer = Client().get("/sw.js")
    assert answer["Cache-Control"] == "no-cache"
    assert answer["Content-Type"].startswith("text/javascript")
    text = answer.content.decode()
    shell = json.loads(text.split("const SHELL = ", 1)[1].split(";\n", 1)[0])
    assert "/offline/" in shell
    assert any(path.endswith(".css") for path in shell)
    assert len(text) < 6500
    for path in shell:
        if not path.startswith("/static/"):
            assert Client().get(path).status_code == 200


def test_the_worker_shows_the_very_sentence_that_the_pages_hide() -> None:
    """Two files hold one text: what the worker looks for is what the template writes."""
    worker = (Path(offline.__file__).parents[1] / "static/sw.js").read_text("utf-8")
    page = (Path(offline.__file__).parents[1] / "templates/citizen/parts/head.html").read_text(
        "utf-8"
    )
    hidden = re.search(r"replace\(`([^`]+)`, `([^`]+)`\)", worker)
    assert hidden is not None
    names = set(re.findall(r'"(kept-\w+)"', worker))
    assert names == {"kept-note", "kept-other"}
    assert all(hidden[1].replace("${id}", name) in page for name in names)
    assert hidden[2] == hidden[1].removesuffix(" hidden")


def test_the_piece_of_map_is_small_whole_and_the_same_for_a_town(city: City) -> None:
    code = city.towns["西町"].code
    first = Client().get(f"/where/map.svg?town={code}")
    assert first["Content-Type"].startswith("image/svg+xml")
    root = etree.fromstring(first.content)
    text = "".join(root.itertext())
    assert "中央公園" in text
    assert "西町のまわりの地図" in text
    assert root.findall(".//{*}image"), "the flood is drawn"
    assert len(gzip.compress(first.content)) < 60_000
    again = Client().get(f"/where/map.svg?town={code}", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304


def test_the_piece_of_map_draws_every_layer_and_hatches_what_none_surveyed(city: City) -> None:
    """A second river is drawn as the first is; ground beyond all layers never looks clear."""

    def colours() -> NDArray[np.uint8]:
        kept.forget()
        svg = Client().get(f"/where/map.svg?town={city.towns['東町'].code}&hazard=flood").content
        image = etree.fromstring(svg).find(".//{*}image")
        assert image is not None
        data = next(value for key, value in image.attrib.items() if str(key).endswith("href"))
        picture = Image.open(io.BytesIO(base64.b64decode(str(data).split(",")[1])))
        return np.array(picture.convert("RGBA"))

    first = colours()
    assert first[0].max() > 0, "north of the layer nobody surveyed"
    shades = {tuple(c) for c in first.reshape(-1, 4).tolist()}
    deep = (255, 145, 145, 185)
    assert deep not in shades
    other = layer([[4, 4, 4]], name="flood_other", cell_m=20.0)
    hazards.register_layer(replace(other, west=other.west + 0.007))
    second = colours()
    assert deep in {tuple(c) for c in second.reshape(-1, 4).tolist()}
    wet = (first[..., :3] == (255, 216, 192)).all(axis=-1) & (first[..., 3] > 0)
    assert (second[wet] == first[wet]).all(), "the first river is still there"


def test_the_piece_of_map_answers_what_the_page_was_asked(city: City) -> None:
    """The chosen hazard and who goes change the site; the map beside the page marks the same one."""
    know([city.facilities["F4"]], step_free="no")
    goals = set()
    for asked in ("hazard=flood", "hazard=flood&m=wheelchair", "hazard=earthquake"):
        page = Client().get(f"/where/?town={city.towns['西町'].code}&{asked}").content.decode()
        found = re.search(r'class="map" src="([^"]+)"', page)
        assert found is not None
        drawn = etree.fromstring(Client().get(html.unescape(found[1])).content)
        told = "".join(drawn.find(".//{*}desc").itertext())  # type: ignore[union-attr]
        goal = told.split("：")[1].rstrip("。")
        assert goal in page
        goals.add(goal)
    assert len(goals) > 1


@pytest.mark.parametrize(
    "query", ["", "town=nowhere", "at=1,2", "at=x", "at=nan,nan", "at=37,139,1", "q=zzz"]
)
def test_a_map_of_nowhere_is_refused(city: City, query: str) -> None:
    assert Client().get(f"/where/map.svg?{query}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["m=<script>", "m=%00", "floor=-1&storeys=1e9", "floor=９", "town=001&m=child&m=child,pets,,x",
     "town=001&hazard=<b>", "at=36.99,139.0", "at=45.9,153.9", "town=001&floor=99999999999999999999"],
)  # fmt: skip
@pytest.mark.parametrize("page", ["/where/", "/plan/"])
def test_whatever_stands_in_an_address_is_answered(city: City, page: str, query: str) -> None:
    answer = Client().get(f"{page}?{query}")
    assert answer.status_code == 200
    assert b"<script>" not in answer.content.replace(b'<script type="module"', b"")


def test_names_in_a_map_are_text_and_never_markup(city: City) -> None:
    plane = extract.around(37.0, 139.0, [])
    evil = '<script>alert("x")</script>&'
    place = ExtractPlace(evil, 139.0, 37.0, goal=True)
    import numpy as np

    svg = city_extract(
        plane, (139.0, 37.0), [place], np.zeros((0, 4)), None, title=evil, description=evil
    )
    root = etree.fromstring(svg.encode())
    assert not root.findall(".//{*}script")
    assert evil in "".join(root.itertext())


def test_a_map_of_a_great_city_stays_small(city: City) -> None:
    """Streets beyond the nearest thousands are left out; what is left lies about the place."""
    import numpy as np

    rng = np.random.default_rng(1)
    start = np.column_stack(
        [139 + rng.uniform(-0.02, 0.02, 60_000), 37 + rng.uniform(-0.02, 0.02, 60_000)]
    )
    ends = np.hstack([start, start + 0.0003])
    plane = extract.around(37.0, 139.0, [])
    svg = city_extract(plane, (139.0, 37.0), [], ends, None, title="t", description="d")
    assert svg.count("M") <= extract.MOST_STREETS + 10
    assert len(gzip.compress(svg.encode())) < 80_000


def test_the_extract_holds_the_answer_and_no_name(city: City) -> None:
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    answer = resident(city, "備 太郎").get("/me/kept/")
    text = answer.content.decode()
    assert "いますぐ中央公園へ避難してください" in text
    assert "避難所の受付で見せるQRコード" in text
    assert 'id="kept-note" class="notice warning" hidden' in text
    for secret in ("備 太郎", "備 花子", "taro@example.jp", "csrf", "R0011", "要介護", "1950"):
        assert secret not in text, secret
    assert answer["Cache-Control"] == "private, no-store"


def test_the_extract_does_not_keep_how_the_family_calls_its_own_destination(city: City) -> None:
    client = resident(city, "備 太郎")
    asker = actor(Role.RESIDENT, 7, city.residents["備 太郎"].pk)
    place = timelines.Destination("relatives", "姉の山田和子の家", None, True)
    timelines.state(asker, Answers(goal="own"), place)
    for _warned in range(2):
        assert "山田和子" not in client.get("/me/kept/").content.decode()
        assert "山田和子" in client.get("/me/plan/").content.decode()
        warnings.accept(flood_telegram(4), via="test")
        outbox.drain()


def test_a_plan_to_stay_upstairs_that_is_no_longer_safe_is_said_and_not_kept(city: City) -> None:
    ken = city.residents["斎藤 健"]
    client = resident(city, "斎藤 健")
    timelines.state(actor(Role.RESIDENT, 7, ken.pk), Answers(goal="upstairs"))
    steps, refused = 'id="steps"', "この家では選べません。"
    assert steps in client.get("/me/kept/").content.decode()
    assert refused not in client.get("/me/plan/").content.decode()
    Household.objects.filter(pk=ken.household_id).update(floor=1)
    assert steps not in client.get("/me/kept/").content.decode()
    assert refused in client.get("/me/plan/").content.decode()


def test_the_extract_is_for_residents_and_never_of_an_exercise(city: City) -> None:
    assert Client().get("/me/kept/").status_code == 302
    client = resident(city, "備 太郎")
    assert client.get("/drill/me/kept/").status_code == 404
    staff = identity.add_account("op@example.jp", "natsu-no-yuki-7", Role.OPERATOR, name="当直")
    other = Client()
    other.force_login(staff)
    assert other.get("/me/kept/").status_code == 403


def test_the_owner_mark_tells_accounts_apart_and_nothing_more(city: City) -> None:
    marks = set()
    for name in ("備 太郎", "備 花子"):
        found = re.findall(
            r'data-owner="([0-9a-f]{16})"', resident(city, name).get("/me/kept/").content.decode()
        )
        assert len(found) == 1
        marks.add(found[0])
        page = resident_page_mark(city, name)
        assert page == found[0]
    assert len(marks) == 2


def resident_page_mark(city: City, name: str) -> str:
    """The mark on the page /me/ of the same account."""
    client = Client()
    account = identity.Account.objects.get(resident_pk=city.residents[name].pk)
    client.force_login(account)
    found = re.search(r'id="keep" data-owner="([0-9a-f]{16})"', client.get("/me/").content.decode())
    assert found is not None
    return found[1]


def test_a_town_found_by_an_old_form_of_its_letters_leads_to_its_answer(city: City) -> None:
    Town.objects.filter(name="西町").update(name="榮ヶ町")
    kept.forget()
    page = Client().get("/where/?q=栄が町").content.decode()
    assert "榮ヶ町からの避難先" in page
