"""OGC API – Features: what each parameter does, what is refused, who may read what."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.identity import interface as identity
from sonae.domains.municipalities.interface import Town
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from sonae.web.ogc import crs, documents, query
from sonae.web.opendata import rows
from sonae.web.opendata.sets import SETS, set_of
from tests.domains.hazards.test_obstacles import report, told
from tests.fixtures import APPROVER, CODE, OPERATOR, City, flood_telegram

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def get(path: str, **headers: str) -> Any:
    return Client(headers=headers).get(f"/ogc{path}")


def read(path: str) -> Any:
    answer = get(path)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def items(name: str, asked: str = "") -> Any:
    return read(f"/collections/{name}/items?{asked}")


def names(found: Any) -> list[str]:
    return [one["properties"]["name"] for one in found["features"]]


@pytest.fixture
def many(city: City) -> City:
    """The city with sixty more towns."""
    Town.objects.bulk_create(
        [
            Town(
                code=f"{n:03d}", name=f"新町{n}", kana="", latitude=37.1 + n / 1000, longitude=139.1
            )
            for n in range(10, 70)
        ]
    )
    return city


def test_every_feature_comes_exactly_once_over_the_pages(many: City) -> None:
    seen, address = [], "/collections/towns/items?limit=7"
    while address:
        page = read(address)
        assert page["numberMatched"] == 63 and page["numberReturned"] == len(page["features"])
        seen += [one["id"] for one in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        parts = urlsplit(links.get("next", ""))
        address = f"{parts.path.removeprefix('/ogc')}?{parts.query}" if parts.query else ""
    assert len(seen) == 63 and sorted(set(seen)) == sorted(seen)


def test_a_page_leads_back_and_keeps_what_was_asked(many: City) -> None:
    page = items("towns", "limit=10&offset=15&bbox=139,37,140,38&name=%E6%96%B0%E7%94%BA30")
    links = {link["rel"]: link["href"] for link in page["links"]}
    assert page["features"] == [] and page["numberMatched"] == 1
    assert "offset=5" in links["prev"] and "bbox=" in links["prev"] and "name=" in links["prev"]
    assert "next" not in links


def test_bbox_selects_by_the_ground_in_any_system(city: City) -> None:
    west = city.towns["西町"]
    lon, lat, d = west.longitude, west.latitude, 0.0005
    assert names(items("towns", f"bbox={lon - d},{lat - d},{lon + d},{lat + d}")) == ["西町"]
    assert names(items("towns", f"bbox={lon - d},{lat - d},0,{lon + d},{lat + d},9")) == ["西町"]
    turned = f"bbox={lat - d},{lon - d},{lat + d},{lon + d}&bbox-crs={quote(EPSG + '4326')}"
    assert names(items("towns", turned)) == ["西町"]
    for code in (3857, 6668, 6677):
        here = crs.written(rows._point(lon, lat), f"{EPSG}{code}")
        e = d if code == 6668 else 40
        box = f"{here.x - e},{here.y - e},{here.x + e},{here.y + e}"
        assert names(items("towns", f"bbox={box}&bbox-crs={quote(f'{EPSG}{code}')}")) == ["西町"]
    assert names(items("towns", "bbox=170,-80,-170,80")) == []
    assert len(names(items("towns", "bbox=170,-80,169,80"))) == 3, "around the world"


def test_coordinates_come_in_the_order_of_their_system(city: City) -> None:
    west = city.towns["西町"]
    plain = items("towns", "name=%E8%A5%BF%E7%94%BA")["features"][0]["geometry"]["coordinates"]
    assert plain == [pytest.approx(west.longitude), pytest.approx(west.latitude)]
    answer = get(f"/collections/towns/items?limit=1&crs={quote(EPSG + '4326')}")
    assert answer["Content-Crs"] == f"<{EPSG}4326>"
    turned = json.loads(answer.content)["features"][0]["geometry"]["coordinates"]
    assert turned == [pytest.approx(west.latitude), pytest.approx(west.longitude)]
    assert get("/collections/towns/items")["Content-Crs"] == f"<{crs.CRS84}>"
    plane = read(f"/collections/towns/items/001?crs={quote(EPSG + '6677')}")["geometry"]
    north, east = plane["coordinates"]
    assert 90_000 < north < 130_000 and -90_000 < east < -60_000


@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([4326, 6668, 3857, 6677]))
def test_there_and_back_a_place_stays_where_it_is(dx: float, dy: float, code: int) -> None:
    uri = f"{EPSG}{code}"
    place = rows._point(139.5 + dx, 36.5 + dy)
    back = crs._moved(crs.written(place, uri), uri, crs.CRS84)
    assert abs(back.x - place.x) < 2e-7 and abs(back.y - place.y) < 2e-7


def test_properties_select_exactly(city: City) -> None:
    assert names(items("emergency-sites", "flood=yes")) == ["高台中学校", "中央公園"]
    assert names(items("emergency-sites", "flood=unknown")) == []
    assert names(items("emergency-sites", "capacity=300")) == ["第一小学校"]
    assert names(items("emergency-sites", "shelter_too=false")) == ["中央公園"]
    assert names(items("shelters", "restricted_to=elderly,disabled")) == ["福祉会館"]
    assert names(items("emergency-sites", "flood=yes&shelter_too=true")) == ["高台中学校"]


BAD = (
    "limit=0", "limit=-1", "limit=ten", "limit=1.5", "limit=", "limit=1&limit=2", "offset=-1",
    "offset=x", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=139,38,140,37", "bbox=1,2,3,4,5", "bbox=",
    "bbox=nan,37,140,38", "bbox=139,37,inf,38", "bbox=139,-91,140,37", "bbox=500,37,140,38",
    "bbox=139,37,9,140,38,1", "bbox-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "bbox=139,37,140,38&bbox-crs=EPSG:4326", "crs=EPSG:4326", "crs=", f"crs={EPSG}27700",
    "datetime=2026-01-01", "datetime=..", "datetime=../..", "datetime=now",
    "datetime=2026-13-01T00:00:00Z", "datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z",
    "datetime=2026-01-01T00:00:00Z/2026-01-02T00:00:00Z/..", "f=gml", "f=", "foo=1", "LIMIT=3",
    "flood=maybe", "capacity=many", "capacity=３", "shelter_too=yes", "state_at=yesterday", "%00=1",
    "limit=99999999999999999999", "name=a&name=b",
)  # fmt: skip


@pytest.mark.parametrize("asked", BAD)
def test_what_is_not_understood_is_refused_and_says_why(city: City, asked: str) -> None:
    answer = get(f"/collections/emergency-sites/items?{asked}")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    told = json.loads(answer.content)
    assert told["status"] == 400 and told["code"] == "bad_parameter" and told["detail"]


@pytest.mark.parametrize(
    "path",
    ["/collections/none", "/collections/none/items", "/collections/towns/items/999", "/nothing",
     "/collections/towns/items/", "/collections/towns/queryables/x"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(city: City, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404 and answer["Content-Type"] == "application/problem+json"


def test_other_parameters_are_refused_everywhere(city: City) -> None:
    for path in ("/", "/api", "/conformance", "/collections", "/collections/towns",
                 "/collections/towns/queryables", "/collections/towns/items/001"):  # fmt: skip
        assert get(f"{path}?x=1").status_code == 400, path
        assert get(f"{path}?f=xml").status_code == 400, path


@given(st.text(max_size=60))
def test_no_time_makes_it_stumble(text: str) -> None:
    try:
        start, end = query._interval(text)
    except query.SonaeError:
        return
    assert start is not None or end is not None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=7))
def test_no_box_makes_it_stumble(numbers: list[float]) -> None:
    try:
        area = query._area({"bbox": ",".join(map(str, numbers))})
    except query.SonaeError:
        return
    assert area.is_valid


def test_the_form_follows_the_caller(city: City) -> None:
    page = "text/html,application/xhtml+xml,*/*;q=0.8"
    for path, kind in (
        ("/", "application/json"),
        ("/collections/towns/items", "application/geo+json"),
    ):
        assert get(path)["Content-Type"] == kind
        assert get(path, accept="application/geo+json")["Content-Type"] == kind
        assert get(path, accept=page)["Content-Type"].startswith("text/html")
        assert get(f"{path}?f=json", accept=page)["Content-Type"] == kind
    assert get("/", accept="image/png").status_code == 406


def flood(city: City) -> None:
    """A flood warning, an order for 西町 and an inquiry."""
    warnings.accept(flood_telegram(), via="test")
    outbox.drain()
    order = evacuation.orders()[0]
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()


def test_warnings_and_orders_in_force_by_time(city: City) -> None:
    assert items("evacuation-orders")["features"] == items("warnings")["features"] == []
    flood(city)
    order = items("evacuation-orders")["features"][0]
    assert order["properties"]["level"] == 4 and order["geometry"]["type"] == "MultiPoint"
    assert order["properties"]["towns"] and order["properties"]["issued_at"].endswith("+09:00")
    warned = items("warnings")["features"]
    assert warned and {one["properties"]["phenomenon"] for one in warned} == {"flood"}
    before = quote((clock.now() - timedelta(days=2)).isoformat())
    after = quote((clock.now() + timedelta(days=2)).isoformat())
    for name in ("evacuation-orders", "warnings"):
        count = items(name)["numberMatched"]
        assert items(name, f"datetime=../{after}")["numberMatched"] == count
        assert items(name, f"datetime={before}/..")["numberMatched"] == count
        assert items(name, f"datetime=../{before}")["numberMatched"] == 0
    assert items("towns", f"datetime={before}")["numberMatched"] == 3, "no time, always"


def test_occupancy_is_the_public_figure_and_unknown_is_not_nought(city: City) -> None:
    assert {one["properties"]["people"] for one in items("occupancy")["features"]} == {None}
    shelters.set_state(OPERATOR, city.facilities["F1"].pk, "open")
    terminal, _ = safety.enrol_terminal("F1", "受付")
    event = {
        "id": "0197c2f0-0000-7000-8000-000000000001", "direction": "in",
        "occurred_at": clock.now().isoformat(), "clock": f"{int(clock.now().timestamp() * 1000):013d}-0000-T001",
        "person": {"resident_id": "R0011"},
    }  # fmt: skip
    assert (
        safety.receive(terminal, [event], clock.now().isoformat())[0].as_json()["status"]
        == "accepted"
    )
    found = {one["id"]: one["properties"] for one in items("occupancy")["features"]}
    assert (
        found["F1"]["people"] == 1
        and found["F1"]["state"] == "open"
        and found["F2"]["people"] is None
    )
    public = Client().get("/shelters/").content.decode()
    assert "第一小学校" in public


def signed_in(role: Role) -> Client:
    account = identity.Account.objects.create_user(
        f"{role.value}@example.jp", role=role.value, municipality=CODE
    )
    client = Client()
    client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_what_is_for_staff_is_for_staff(city: City) -> None:
    flood(city)
    for path in ("", "/items", "/items/001", "/queryables"):
        address = f"/ogc/collections/unaccounted{path}"
        refused = Client().get(address)
        assert refused.status_code == 401 and refused["WWW-Authenticate"].startswith("Bearer")
        for role in (Role.RESIDENT, Role.RECEPTION):
            client = signed_in(role)
            assert client.get(address).status_code == 403
            identity.Account.objects.all().delete()
    assert "unaccounted" not in Client().get("/ogc/collections").content.decode()
    assert "unaccounted" not in Client().get("/ogc/api").content.decode()
    client = signed_in(Role.VIEWER)
    answer = client.get("/ogc/collections/unaccounted/items")
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"
    assert answer["Access-Control-Allow-Origin"] == "null"
    assert "unaccounted" in client.get("/ogc/collections").content.decode()


def test_a_token_opens_what_its_account_may_read(city: City) -> None:
    account = identity.add_account("gis@example.jp", "kawa-no-mizu-7", Role.VIEWER)
    made, token = identity.issue_token(account.email, "QGIS", ["ogc.read"], 30)
    bearer = {"authorization": f"Bearer {token}"}
    assert get("/collections/unaccounted/items", **bearer).status_code == 200
    assert get("/collections/unaccounted/items", authorization="Bearer wrong").status_code == 401
    assert get("/collections/towns/items", authorization="Bearer wrong").status_code == 401
    identity.revoke_token(made.pk)
    assert get("/collections/unaccounted/items", **bearer).status_code == 401
    refused = Client(headers=bearer).get("/staff/")
    assert refused.status_code in {302, 401}, "a token opens nothing but geodata"


def test_closures_in_force_go_out_without_who_recorded_them(city: City) -> None:
    assert items("obstacles")["features"] == []
    line = {"type": "LineString", "coordinates": [[139.0, 37.0], [139.001, 37.0]]}
    kept, taken_back = told(report(shape=line, note="橋の流失"), report(note="誤り"))
    hazards.withdraw(OPERATOR, taken_back.pk)
    (one,) = items("obstacles", "kind=closed")["features"]
    assert one["geometry"] == line
    assert one["properties"].keys() == {"kind", "name", "source", "observed_at", "valid_until"}
    assert "橋の流失" in one["properties"]["name"]
    assert kept.recorded_by not in json.dumps(one, ensure_ascii=False)
    assert items("obstacles", "kind=flooded")["features"] == []
    assert set_of("obstacles").sources() == ["消防団 第2分団"]


def test_where_nobody_asks_the_counts_are_unknown_not_none(city: City) -> None:
    def told() -> list[tuple[Any, ...]]:
        client = signed_in(Role.OPERATOR)
        found = json.loads(client.get("/ogc/collections/unaccounted/items").content)["features"]
        towns = json.loads(client.get("/staff/map/towns.json").content)["features"]
        names = ("unaccounted", "inside", "unsurveyed")
        identity.Account.objects.all().delete()
        return [tuple(one["properties"][name] for name in names) for one in (*found, *towns)]

    assert set(told()) == {(None, None, None)}
    hidden = rows.unaccounted()[0].properties["hidden"]
    assert hidden is False, "not known is not withheld"
    flood(city)
    assert sum(one[0] or 0 for one in told()) > 0
    inquiry = safety.current_inquiry()
    assert inquiry is not None
    type(inquiry).objects.filter(pk=inquiry.pk).update(closed_at=clock.now())
    assert {one[0] for one in told()} == {None}
    assert {one[1] for one in told()} != {None}, "the plan is still there"


def test_small_counts_are_hidden_and_none_says_who(city: City) -> None:
    """西町 has five people in danger, the others fewer: 1–4 are not told apart."""
    flood(city)
    found = signed_in(Role.OPERATOR).get("/ogc/collections/unaccounted/items").content.decode()
    counts = {one["properties"]["name"]: one["properties"] for one in json.loads(found)["features"]}
    real = {town.name: safety.unaccounted_by_town().get(town.pk, 0) for town in city.towns.values()}
    assert any(0 < count < 5 for count in real.values()) and any(
        count >= 5 for count in real.values()
    )
    for name, count in real.items():
        assert counts[name]["unaccounted"] == (None if 0 < count < 5 else count)
        assert counts[name]["hidden"] or not 0 < count < 5
    for resident in city.residents:
        assert resident not in found


def test_nothing_public_names_a_person(city: City) -> None:
    flood(city)
    for data in SETS:
        told = json.dumps(
            [documents.feature(one, crs.CRS84) for one in data.features()], ensure_ascii=False
        )
        for name, resident in city.residents.items():
            assert (
                name not in told
                and resident.resident_id not in told
                and resident.card_number not in told
            )
        for one in data.features():
            assert set(one.properties) == {field.name for field in data.fields}


def test_an_exercise_is_not_shown_to_the_public(city: City) -> None:
    for path in (
        "",
        "collections",
        "collections/towns",
        "collections/towns/items",
        "api",
        "conformance",
    ):
        assert Client().get(f"/drill/ogc/{path}").status_code == 401, path
    answer = signed_in(Role.VIEWER).get("/drill/ogc/collections/towns/items")
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"
    assert "/drill/ogc/" in answer.content.decode()


def test_only_reading(city: City) -> None:
    client = Client()
    for method in (client.post, client.put, client.delete, client.patch):
        assert method("/ogc/collections/towns/items").status_code in {403, 405}
    assert client.head("/ogc/collections/towns/items").status_code == 200


def test_pages_for_people_say_the_same(many: City) -> None:
    flood(many)
    told(report())
    assert [one.id for one in SETS if not one.features()] == ["obstacle-lines", "obstacle-areas"]
    client = signed_in(Role.VIEWER)
    for path in ("", "api", "conformance", "collections"):
        assert client.get(f"/ogc/{path}?f=html").status_code == 200, path
    for data in SETS:
        for path in ("", "/queryables", "/items"):
            page = client.get(f"/ogc/collections/{data.id}{path}?f=html")
            assert page.status_code == 200 and str(data.title) in page.content.decode()
        for one in data.features()[:1]:
            page = client.get(f"/ogc/collections/{data.id}/items/{quote(one.id)}?f=html")
            assert page.status_code == 200, one.id
    assert "次へ" in client.get("/ogc/collections/towns/items?f=html&limit=5").content.decode()


def test_sets_are_described_and_their_names_free(city: City) -> None:
    taken = set(query.OWN)
    for data in SETS:
        assert not taken & {field.name for field in data.fields}
        assert set_of(data.id) is data and data.sources()
        described = documents.queryables(data, lambda path: f"https://x{path}")["properties"]
        assert set(described) == {"geometry", *(field.name for field in data.fields)}
