"""ハザード情報 and 道路と浸水: who may do what, what stays when something is wrong, what residents see."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.hazards.interface import HazardMap, Obstacle, Stated
from sonae.platform.access import Role
from sonae.web import kept
from sonae.web.staff.roads import SIZES, Sheet
from tests.domains.hazards.test_loading import flood
from tests.domains.hazards.test_obstacles import point, report, square, told
from tests.engines.evacuation.small import at
from tests.fixtures import OPERATOR, City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path_factory.mktemp("home"))
    kept.forget()


def upload(client: Client, path: Path, **more: str) -> tuple[int, str, str]:
    """Status, address and text of the answer to an upload."""
    form = {"source": "試験県", "extent": "city", "source_date": "", "scale": "", "replaces": "",
            "hazard": "", **more}  # fmt: skip
    with path.open("rb") as file:
        answer = client.post("/staff/hazards/upload/", {**form, "file": file})
    return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()


def test_the_list_names_source_date_extent_and_shares(city: City) -> None:
    page = signed_in(Role.VIEWER).get("/staff/hazards/").content.decode()
    assert "洪水：想定最大規模" in page
    assert "2026-01-01" in page
    assert "資料が示す範囲だけ" in page
    assert "60.0%" in page, "three of five homes lie inside"
    assert "土砂災害・高潮・津波のレイヤがありません" in page
    assert "ファイルを取り込む" not in page


def test_a_file_is_previewed_confirmed_and_taken_back(city: City, tmp_path: Path) -> None:
    operator, admin = signed_in(Role.OPERATOR), signed_in(Role.ADMINISTRATOR)
    (old,) = [row for row in hazards.maps() if row.name == "flood_l2"]
    path = flood(tmp_path / "A31a-20.geojson", (600, 200, 4), (300, 20, 9))
    status, where, _ = upload(operator, path, replaces=str(old.pk))
    assert status == 302
    page = operator.get(where).content.decode()
    for said in ("区域外 → 区域内", "区域内 → 区域外", "取込案（まだ使われていない）", "読めない値",
                 "A31a_205", "分からない所として扱った", "確定は管理者の仕事です"):  # fmt: skip
        assert said in page, said
    picture = operator.get(f"{where}picture.png")
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")
    assert [row.pk for row in hazards.maps() if row.hazard == "flood" and row.kind == "depth"] == [
        old.pk
    ]
    admin.post(f"{where}confirm/")
    made = HazardMap.objects.get(state="active", kind="depth")
    assert (made.name, made.replaces) == ("flood_l2", old)
    assert "このレイヤに戻す" in operator.get(f"/staff/hazards/{old.pk}/").content.decode()
    operator.post(f"/staff/hazards/{old.pk}/restore/")
    operator.post(f"/staff/hazards/{old.pk}/discard/")
    again = operator.get(f"/staff/hazards/{old.pk}/").content.decode()
    assert "このレイヤに戻す" in again, "what was in use is not lost"
    assert [row.pk for row in hazards.maps() if row.kind == "depth"] == [made.pk]


def test_an_operator_does_not_confirm_and_a_viewer_does_nothing(city: City, tmp_path: Path) -> None:
    path = flood(tmp_path / "a.geojson", (0, 100, 1))
    (row,) = hazards.prepare(OPERATOR, str(path), Stated(source="試験県"))
    assert signed_in(Role.OPERATOR).post(f"/staff/hazards/{row.pk}/confirm/").status_code == 403
    viewer = signed_in(Role.VIEWER)
    assert upload(viewer, path)[0] == 403
    assert viewer.post(f"/staff/hazards/{row.pk}/discard/").status_code == 403
    assert viewer.get(f"/staff/hazards/{row.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.geojson", b"{", "地図データとして読めません"),
        ("x.geojson", b"", "空です"),
        ("x.gml", b"<!DOCTYPE x><CityModel/>", "DOCTYPE"),
        ("x.zip", b"PK nothing", "zipとして開けません"),
        ("x.exe", b"MZ", "この形式は読めません"),
    ],
)
def test_a_malformed_upload_says_why_and_leaves_the_layer(
    city: City, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = [row.pk for row in hazards.maps()]
    status, _, page = upload(signed_in(Role.OPERATOR), path, source="県の資料")
    assert status == 422
    assert said in page
    assert 'value="県の資料"' in page, "what was typed stays"
    assert [row.pk for row in hazards.maps()] == before
    assert hazards.drafts() == []


def test_a_source_is_needed_and_dates_are_checked(city: City, tmp_path: Path) -> None:
    operator, path = signed_in(Role.OPERATOR), flood(tmp_path / "a.geojson", (0, 100, 1))
    assert "出典を入力してください" in upload(operator, path, source=" ")[2]
    assert "日付として読めません" in upload(operator, path, source_date="昨日")[2]
    answer = operator.post("/staff/hazards/upload/", {"source": "x"})
    assert "ファイルを選んでください" in answer.content.decode()


def test_layers_are_not_changed_from_an_exercise(city: City, tmp_path: Path) -> None:
    page = signed_in(Role.ADMINISTRATOR).get("/drill/staff/hazards/").content.decode()
    assert "本番の画面を使ってください" in page
    assert 'type="file"' not in page


def test_a_click_is_where_the_picture_shows_it() -> None:
    """Both pictures: the middle is the middle, and what is put somewhere is drawn there again."""
    sheet = Sheet(139.01, 37.002, 800.0)
    for size, (width, height) in SIZES.items():
        assert sheet.clicked(size, width / 2, height / 2) == pytest.approx(
            (139.01, 37.002), abs=1e-9
        )
        for x, y in ((0, 0), (width, 0), (40, 300), (width, height)):
            back = sheet.plane(size).xy(*sheet.clicked(size, x, y))
            assert back == pytest.approx((x, y), abs=0.2)


def clicked(client: Client, address: str, x: float, y: float, size: str = "large") -> str:
    """Click on the map and return the address of the next page."""
    query = urlsplit(address).query
    answer = client.get(f"/staff/roads/new/?{query}&{size}.x={x:.0f}&{size}.y={y:.0f}")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def form_of(address: str) -> dict[str, str]:
    """The hidden fields that a page carries on."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def spot(east: float, span: float = 400.0) -> str:
    lat, lon = at(east, 50)
    return f"/staff/roads/new/?lon={lon:.7f}&lat={lat:.7f}&span={span:.0f}"


def test_a_road_is_closed_by_a_click_and_opened_again(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    empty = operator.get("/staff/roads/").content.decode()
    assert "通れない道がないという意味ではありません" in empty
    address = clicked(operator, spot(300), 360, 260)
    page = operator.get(address).content.decode()
    assert "1点を置きました" in page
    assert "道 100 m にかかります" in page
    typed = {**form_of(address), "source": "消防団", "note": "橋が流失", "hours": "3"}
    stored = operator.post("/staff/roads/new/", {**typed, "observed_at": ""})
    assert stored.status_code == 302
    row = Obstacle.objects.get()
    assert (row.kind, row.source, row.note) == ("closed", "消防団", "橋が流失")
    lat, lon = at(300, 50)
    assert row.shape["coordinates"] == pytest.approx([lon, lat], abs=1e-5)
    assert 2.9 < (row.valid_until - clock.now()).total_seconds() / 3600 <= 3.0
    for address in ("/staff/roads/", "/staff/map/"):
        assert "橋が流失" in operator.get(address).content.decode()
    assert "橋が流失" in operator.get("/map/obstacles.json").content.decode()
    operator.post(f"/staff/roads/{row.pk}/withdraw/")
    page = operator.get("/staff/roads/").content.decode()
    assert "終わった報告" in page
    assert hazards.in_force() == []


def test_water_is_drawn_with_three_clicks_and_taken_back_point_by_point(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    address = spot(650) + "&kind=flooded"
    for x, y in ((100, 100), (220, 100), (220, 240), (10, 10)):
        address = clicked(operator, address, x, y, "small")
    assert len(form_of(address)["points"].split(";")) == 4
    address = operator.get(f"{address}&step=back").headers["Location"]
    assert len(form_of(address)["points"].split(";")) == 3
    typed = {**form_of(address), "source": "職員", "hazard": "flood", "depth_m": "0.5"}
    operator.post("/staff/roads/new/", typed)
    row = Obstacle.objects.get()
    assert (row.shape["type"], row.depth_m, row.hazard) == ("Polygon", 0.5, "flood")
    (answer,) = hazards.at_place(*at(650, 60), ["flood"])
    assert answer["zone"] in {"inside", "outside"}


def test_moving_zooming_and_finding_a_town(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    for step, name, more in (("east", "lon", 1), ("west", "lon", -1), ("north", "lat", 1),
                             ("south", "lat", -1)):  # fmt: skip
        there = form_of(operator.get(f"{spot(300)}&step={step}").headers["Location"])
        here = form_of(spot(300))
        assert (float(there[name]) - float(here[name])) * more > 0
    nearer = operator.get(f"{spot(300, 1600)}&step=nearer").headers["Location"]
    assert form_of(nearer)["span"] == "800"
    found = operator.get(f"{spot(300)}&place=東町").headers["Location"]
    assert float(form_of(found)["lon"]) == pytest.approx(city.towns["東町"].longitude, abs=1e-5)
    lat, lon = at(300, 50)
    typed = operator.get(f"/staff/roads/new/?place={lat},{lon}").headers["Location"]
    assert form_of(typed)["points"] == f"{lon:.6f},{lat:.6f}"
    missed = operator.get(f"{spot(300)}&place=どこにもない町", follow=True)
    assert "という町は見つかりません" in missed.content.decode()


@pytest.mark.parametrize(
    "query", ["lon=x&lat=nan&span=-5&kind=no&form=no&points=1;2,a;,", "points=" + "1,1;" * 500]
)
def test_a_nonsensical_address_shows_the_usual_map(city: City, query: str) -> None:
    operator = signed_in(Role.OPERATOR)
    assert operator.get(f"/staff/roads/new/?{query}").status_code == 200
    drawn = operator.get(f"/staff/roads/large.svg?{query}")
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    assert operator.get("/staff/roads/huge.svg").status_code == 404


def test_the_picture_marks_the_pieces_of_road_that_are_meant(city: City) -> None:
    told(report(note="<b>倒木</b>"))
    svg = (
        signed_in(Role.VIEWER)
        .get("/staff/roads/large.svg?" + urlsplit(spot(300)).query)
        .content.decode()
    )
    assert "&lt;b&gt;倒木" in svg
    struck = re.findall(r'<path d="([^"]*)" fill="none" stroke="#b3130c" stroke-width="4"', svg)
    assert struck[0].count("M") == 1, "one piece of the street"


def test_what_is_wrong_with_a_report_is_said_and_typing_stays(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    answer = operator.post("/staff/roads/new/", {"source": "職員", "note": "書いた文"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "地図で場所を示してください" in page
    assert 'value="書いた文"' in page
    lat, lon = at(300, 50)
    drawn = {"points": f"{lon},{lat}", "kind": "closed", "form": "point"}
    page = operator.post("/staff/roads/new/", {**drawn, "source": ""}).content.decode()
    assert "情報源がありません" in page
    bad = {**drawn, "source": "x", "observed_at": "きのう"}
    assert "時刻を読めません" in operator.post("/staff/roads/new/", bad).content.decode()
    assert not Obstacle.objects.exists()


def test_only_operators_report(city: City) -> None:
    viewer = signed_in(Role.VIEWER)
    (row,) = told(report())
    assert "地図で報告する" not in viewer.get("/staff/roads/").content.decode()
    assert viewer.get("/staff/roads/new/").status_code == 403
    assert viewer.post(f"/staff/roads/{row.pk}/withdraw/").status_code == 403
    assert viewer.post("/staff/roads/load/").status_code == 403


def test_a_file_of_reports_shows_the_rows_that_were_left_out(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    lat, lon = at(300, 50)
    text = f"種類,lat,lon,内容\n通行止め,{lat},{lon},工事\n通行止め,,{lon},どこか\n"
    file = io.BytesIO(text.encode("cp932"))
    file.name = "規制.csv"
    answer = operator.post("/staff/roads/load/", {"file": file, "source": "県道路課"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1件を登録し、1件は取り込みませんでした" in page
    assert "数ではありません" in page
    assert Obstacle.objects.get().source == "県道路課"
    nothing = operator.post("/staff/roads/load/", follow=True).content.decode()
    assert "ファイルを選んでください" in nothing


def test_a_file_read_twice_says_what_was_known(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    lat, lon = at(300, 50)

    def load() -> str:
        file = io.BytesIO(f"kind,lat,lon\nclosed,{lat},{lon}\n".encode())
        file.name = "a.csv"
        sent = {"file": file, "source": "県"}
        return operator.post("/staff/roads/load/", sent, follow=True).content.decode()

    assert "1件を登録しました" in load()
    again = load()
    assert "0件を登録しました" in again
    assert "1件は、すでに登録済みでした" in again


def test_a_file_over_the_limit_is_refused_whole(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sonae.web.staff.roads.MOST_BYTES", 20)
    lat, lon = at(300, 50)
    file = io.BytesIO(f"kind,lat,lon\nclosed,{lat},{lon}\n".encode())
    file.name = "a.csv"
    page = signed_in(Role.OPERATOR).post(
        "/staff/roads/load/", {"file": file, "source": "県"}, follow=True
    )
    assert "ファイルが大きすぎます" in page.content.decode()
    assert not Obstacle.objects.exists()


def test_residents_see_what_is_reported_beside_their_way(city: City) -> None:
    told(report("flooded", square(350, 20), hazard="flood", note="田から水"))
    told(report(shape=point(300, 3000), note="遠い道"))
    page = Client().get("/where/?town=001&hazard=flood").content.decode()
    assert "田から水" in page
    assert "消防団 第2分団" in page
    assert "遠い道" not in page
    assert "ほかにも通れない道があるかもしれません" in page
    assert evacuation.best_way(*at(150, 50), ["flood"]).danger_m


def test_an_administrator_takes_a_layer_out_of_use_after_seeing_what_changes(city: City) -> None:
    operator, admin = signed_in(Role.OPERATOR), signed_in(Role.ADMINISTRATOR)
    (row,) = [one for one in hazards.maps() if one.name == "flood_l2"]
    where = f"/staff/hazards/{row.pk}/"
    assert "使うのをやめる" not in operator.get(where).content.decode()
    assert operator.get(f"{where}retire/").status_code == 403
    assert 'href="retire/"' in admin.get(where).content.decode()
    page = admin.get(f"{where}retire/").content.decode()
    for said in ("区域内 → 不明", "どの家も「分からない」になります", "使うのをやめる"):
        assert said in page, said
    for seen in ("", "{", "[]", '{"inside&gt;unknown": 1}'):
        admin.post(f"{where}retire/", {"seen": seen})
        assert row.pk in {one.pk for one in hazards.maps()}, "what nobody saw is not done"
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    admin.post(f"{where}retire/", {"seen": html.unescape(found[1])})
    assert row.pk not in {one.pk for one in hazards.maps()}
    assert where in operator.get("/staff/hazards/").content.decode(), "it can be found again"
    assert "このレイヤに戻す" in operator.get(where).content.decode()
    assert admin.get(f"{where}retire/").status_code == 302
