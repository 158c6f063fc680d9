"""Every requirement of every conformance class that ``/ogc/conformance`` claims, one test each.

The ids are those of the standards (17-069r4 Part 1, 18-058r1 Part 2, 19-079r2 Part 3). `HELD` names
them; the last test proves that no requirement of a claimed class is without a test.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.test import Client

from sonae.core import clock
from sonae.web.ogc import crs, documents, query
from sonae.web.opendata.sets import PUBLIC_SETS
from tests.fixtures import City

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PART1 = {
    "core": (
        "root-op", "root-success", "api-definition-op", "api-definition-success", "conformance-op",
        "conformance-success", "http", "query-param-unknown", "query-param-invalid", "crs84",
        "fc-md-op", "fc-md-success", "fc-md-links", "fc-md-items", "fc-md-items-links",
        "fc-md-extent", "sfc-md-op", "sfc-md-success", "fc-op", "fc-limit-definition",
        "fc-limit-response-1", "fc-bbox-definition", "fc-bbox-response", "fc-time-definition",
        "fc-time-response", "fc-response", "fc-links", "fc-rel-type", "fc-timeStamp",
        "fc-numberMatched", "fc-numberReturned", "f-op", "f-success", "f-links",
    ),
    "oas30": ("oas-definition-1", "oas-definition-2", "oas-impl", "completeness", "exceptions-codes", "security"),
    "html": ("definition", "content"),
    "geojson": ("definition", "content"),
}  # fmt: skip
PART2 = {
    "crs": (
        "crs-uri", "fc-md-crs-list", "fc-md-storageCrs", "fc-md-storageCrs-valid-value",
        "fc-md-crs-list-global", "fc-bbox-crs-definition", "fc-bbox-crs-valid-value",
        "fc-bbox-crs-valid-defaultValue", "fc-bbox-crs-action", "ogc-crs-header",
        "ogc-crs-header-value", "fc-crs-definition", "fc-crs-valid-value", "fc-crs-default-value",
        "fc-crs-action", "geojson",
    ),
}  # fmt: skip
PART3 = {
    "queryables": ("get-op", "link", "response", "properties"),
    "queryables-query-parameters": ("parameters", "response"),
}
HELD: dict[str, Callable[..., None]] = {}


def holds(*ids: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say which requirements a test holds."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        for one in ids:
            assert one not in HELD, one
            HELD[one] = test
        return test

    return note


def get(path: str, **headers: str) -> Any:
    return Client(headers=headers).get(f"/ogc{path}")


def read(path: str) -> Any:
    answer = get(path)
    assert answer.status_code == 200, (path, answer.content)
    return json.loads(answer.content)


def rels(document: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for link in document["links"]:
        assert link["href"].startswith("http://testserver/ogc/") and link["rel"] and link["type"]
        found.setdefault(link["rel"], []).append(link)
    return found


def local(address: str) -> str:
    parts = urlsplit(address)
    return parts.path.removeprefix("/ogc") + (f"?{parts.query}" if parts.query else "")


@holds("core/root-op", "core/root-success")
def test_the_landing_page_links_to_all_there_is(city: City) -> None:
    links = rels(read("/"))
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(links)


@holds("core/api-definition-op", "core/api-definition-success")
def test_the_definition_can_be_fetched_where_it_is_linked(city: City) -> None:
    for link in (*rels(read("/"))["service-desc"], *rels(read("/"))["service-doc"]):
        answer = get(local(link["href"]))
        assert answer.status_code == 200
        assert answer["Content-Type"].split(";")[0] == link["type"].split(";")[0]


@holds("core/conformance-op", "core/conformance-success")
def test_the_classes_are_declared(city: City) -> None:
    assert read("/conformance")["conformsTo"] == list(documents.CONFORMS)


@holds("core/http")
def test_http_is_spoken_as_it_should(city: City) -> None:
    assert get("/collections/none").status_code == 404
    assert get("/", accept="image/png").status_code == 406
    assert Client().delete("/ogc/collections").status_code in {403, 405}


@holds("core/query-param-unknown")
def test_unknown_parameters_are_answered_with_400(city: City) -> None:
    assert get("/collections/towns/items?unknown=1").status_code == 400


@holds("core/query-param-invalid")
def test_invalid_values_are_answered_with_400(city: City) -> None:
    for asked in ("limit=0", "bbox=1,2", "datetime=x"):
        assert get(f"/collections/towns/items?{asked}").status_code == 400


@holds("core/crs84", "crs/fc-crs-default-value")
def test_unless_asked_otherwise_places_are_longitude_latitude(city: City) -> None:
    answer = get("/collections/towns/items?name=%E8%A5%BF%E7%94%BA")
    place = json.loads(answer.content)["features"][0]["geometry"]["coordinates"]
    assert 138 < place[0] < 140 and 36 < place[1] < 38


@holds("core/fc-md-op", "core/fc-md-success", "core/fc-md-links", "core/fc-md-items")
def test_every_collection_is_described_with_its_links(city: City) -> None:
    document = read("/collections")
    assert {"self", "alternate"} <= set(rels(document))
    assert [one["id"] for one in document["collections"]] == [one.id for one in PUBLIC_SETS]


@holds("core/fc-md-items-links")
def test_every_collection_links_to_its_features_in_every_form(city: City) -> None:
    for one in read("/collections")["collections"]:
        kinds = {link["type"] for link in rels(one)["items"]}
        assert kinds == {"application/geo+json", "text/html"}
        for link in rels(one)["items"]:
            assert get(local(link["href"])).status_code == 200


@holds("core/fc-md-extent")
def test_the_extent_holds_every_feature(city: City) -> None:
    for one in read("/collections")["collections"]:
        if "extent" not in one:
            assert read(f"/collections/{one['id']}/items")["numberMatched"] == 0
            continue
        west, south, east, north = one["extent"]["spatial"]["bbox"][0]
        assert one["extent"]["spatial"]["crs"] == CRS84
        inside = read(f"/collections/{one['id']}/items?bbox={west},{south},{east},{north}")
        assert inside["numberMatched"] == read(f"/collections/{one['id']}/items")["numberMatched"]


@holds("core/sfc-md-op", "core/sfc-md-success")
def test_a_collection_alone_says_what_the_list_says(city: City) -> None:
    with clock.using(clock.FrozenClock(clock.now())):  # occupancy is of now
        listed = {one["id"]: one for one in read("/collections")["collections"]}
        each = {name: read(f"/collections/{name}") for name in listed}
    for name, one in listed.items():
        alone = each[name]
        assert {k: v for k, v in alone.items() if k != "links"} == {
            k: v for k, v in one.items() if k != "links"
        }
        assert {"self", "alternate", "items"} <= set(rels(alone))


@holds("core/fc-op", "core/fc-response", "core/fc-links", "core/fc-rel-type")
def test_features_can_be_fetched_with_their_links(city: City) -> None:
    for one in PUBLIC_SETS:
        document = read(f"/collections/{one.id}/items")
        links = rels(document)
        assert {"self", "alternate", "collection"} <= set(links)
        assert links["alternate"][0]["type"] == "text/html"


@holds("core/fc-timeStamp", "core/fc-numberMatched", "core/fc-numberReturned")
def test_pages_count_truly(city: City) -> None:
    whole = read("/collections/towns/items")
    part = read("/collections/towns/items?limit=2")
    assert whole["numberMatched"] == part["numberMatched"] == len(whole["features"]) == 3
    assert part["numberReturned"] == len(part["features"]) == 2 and "T" in part["timeStamp"]


def parameter(name: str) -> Any:
    return read("/api")["components"]["parameters"][name]


@holds("core/fc-limit-definition", "core/fc-limit-response-1")
def test_limit_is_defined_and_kept_and_a_larger_one_is_the_largest(city: City) -> None:
    schema = parameter("limit")["schema"]
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (1, query.MOST, query.USUAL)
    assert parameter("limit")["style"] == "form" and parameter("limit")["explode"] is False
    assert len(read("/collections/towns/items?limit=1")["features"]) == 1
    assert get(f"/collections/towns/items?limit={query.MOST + 1}").status_code == 200


@holds("core/fc-bbox-definition", "core/fc-bbox-response")
def test_bbox_is_defined_and_selects(city: City) -> None:
    schema = parameter("bbox")["schema"]
    assert schema["type"] == "array" and {o["minItems"] for o in schema["oneOf"]} == {4, 6}
    assert read("/collections/towns/items?bbox=0,0,1,1")["numberMatched"] == 0
    assert read("/collections/towns/items?bbox=138,36,140,38")["numberMatched"] == 3


@holds("core/fc-time-definition", "core/fc-time-response")
def test_datetime_is_defined_and_features_without_time_always_match(city: City) -> None:
    assert parameter("datetime")["schema"]["type"] == "string"
    for asked in (
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z/..",
        "../2020-01-01T00:00:00Z",
        "/2020-01-01T00:00:00Z",
    ):
        assert read(f"/collections/towns/items?datetime={asked}")["numberMatched"] == 3
    assert (
        read("/collections/occupancy/items?datetime=../2020-01-01T00:00:00Z")["numberMatched"] == 0
    )


@holds("core/f-op", "core/f-success", "core/f-links")
def test_a_feature_alone_is_the_feature_of_the_page(city: City) -> None:
    for data in PUBLIC_SETS:
        for one in read(f"/collections/{data.id}/items")["features"]:
            alone = read(f"/collections/{data.id}/items/{quote(one['id'])}")
            assert {"self", "alternate", "collection"} <= set(rels(alone))
            if data.id != "occupancy":
                assert {k: v for k, v in alone.items() if k != "links"} == one


@holds("oas30/oas-definition-1", "oas30/oas-definition-2", "oas30/completeness")
def test_the_definition_names_every_path_and_parameter(city: City) -> None:
    answer = get("/api")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = json.loads(answer.content)
    assert document["openapi"].startswith("3.0")
    for data in PUBLIC_SETS:
        operation = document["paths"][f"/collections/{data.id}/items"]["get"]
        told = {p.get("name") or p["$ref"].rsplit("/", 1)[1] for p in operation["parameters"]}
        assert told == {*query.OWN, *(field.name for field in data.fields)}
    ids = [path["get"]["operationId"] for path in document["paths"].values()]
    assert len(ids) == len(set(ids))


@holds("oas30/oas-impl")
def test_every_path_of_the_definition_answers(city: City) -> None:
    for path in read("/api")["paths"]:
        if "{" not in path:
            assert get(path).status_code == 200, path


@holds("oas30/exceptions-codes", "oas30/security")
def test_refusals_and_keys_are_defined(city: City) -> None:
    document = read("/api")
    answers = document["paths"]["/collections/towns/items"]["get"]["responses"]
    assert {"200", "400", "404", "500"} <= set(answers)
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


@holds("html/definition", "html/content")
def test_every_document_is_a_page_too(city: City) -> None:
    for path in ("/", "/conformance", "/api", "/collections", "/collections/towns",
                 "/collections/towns/items", "/collections/towns/items/001"):  # fmt: skip
        answer = get(path, accept="text/html")
        assert answer.status_code == 200 and answer["Content-Type"].startswith("text/html")
        assert "<h1>" in answer.content.decode()
    page = get("/collections/towns/items", accept="text/html").content.decode()
    for one in read("/collections/towns/items")["features"]:
        assert one["properties"]["name"] in page and one["id"] in page


@holds("geojson/definition", "geojson/content")
def test_features_are_geojson(city: City) -> None:
    for data in PUBLIC_SETS:
        answer = get(f"/collections/{data.id}/items")
        assert answer["Content-Type"] == "application/geo+json"
        document = json.loads(answer.content)
        assert document["type"] == "FeatureCollection"
        for one in document["features"]:
            assert one["type"] == "Feature" and one["geometry"]["type"] and one["id"]
            assert set(one["properties"]) == {field.name for field in data.fields}


@holds("crs/crs-uri", "crs/fc-md-crs-list", "crs/fc-md-crs-list-global")
def test_systems_are_listed_by_uri(city: City) -> None:
    document = read("/collections")
    for listed in (document["crs"], *(one["crs"] for one in document["collections"])):
        assert listed[0] == CRS84 and all(
            uri.startswith("http://www.opengis.net/def/crs/") for uri in listed
        )
        assert "http://www.opengis.net/def/crs/EPSG/0/6677" in listed, "平面直角座標系 IX系"


@holds("crs/fc-md-storageCrs", "crs/fc-md-storageCrs-valid-value")
def test_the_system_of_storage_is_one_of_the_list(city: City) -> None:
    for one in read("/collections")["collections"]:
        assert one["storageCrs"] in one["crs"]


@holds(
    "crs/fc-bbox-crs-definition",
    "crs/fc-bbox-crs-valid-value",
    "crs/fc-bbox-crs-valid-defaultValue",
)
def test_bbox_crs_is_one_of_the_list_or_refused(city: City) -> None:
    schema = parameter("bbox-crs")["schema"]
    assert schema["default"] == CRS84 and schema["enum"] == crs.offered()
    for uri in crs.offered():
        answer = get(f"/collections/towns/items?bbox=1,2,3,4&bbox-crs={quote(uri)}")
        assert answer.status_code == 200, uri
    assert get("/collections/towns/items?bbox=1,2,3,4&bbox-crs=http://x").status_code == 400


@holds("crs/fc-bbox-crs-action")
def test_bbox_crs_turns_the_axes(city: City) -> None:
    uri = quote("http://www.opengis.net/def/crs/EPSG/0/4326")
    assert read(f"/collections/towns/items?bbox=36,138,38,140&bbox-crs={uri}")["numberMatched"] == 3
    assert read(f"/collections/towns/items?bbox=36,9,38,10&bbox-crs={uri}")["numberMatched"] == 0


@holds("crs/ogc-crs-header", "crs/ogc-crs-header-value", "crs/geojson")
def test_the_answer_names_its_system(city: City) -> None:
    for uri in crs.offered():
        for path in ("items", "items/001"):
            answer = get(f"/collections/towns/{path}?crs={quote(uri)}")
            assert answer["Content-Crs"] == f"<{uri}>" and answer.status_code == 200


@holds("crs/fc-crs-definition", "crs/fc-crs-valid-value")
def test_crs_is_one_of_the_list_or_refused(city: City) -> None:
    assert parameter("crs")["schema"]["enum"] == crs.offered()
    for path in ("items", "items/001"):
        assert get(f"/collections/towns/{path}?crs=http://x").status_code == 400


@holds("crs/fc-crs-action")
def test_crs_changes_the_coordinates(city: City) -> None:
    metres = read(
        f"/collections/towns/items/001?crs={quote('http://www.opengis.net/def/crs/EPSG/0/3857')}"
    )
    x, y = metres["geometry"]["coordinates"]
    assert 15_400_000 < x < 15_500_000 and 4_400_000 < y < 4_500_000


@holds("queryables/get-op", "queryables/link", "queryables/response", "queryables/properties")
def test_queryables_are_linked_and_described(city: City) -> None:
    for one in read("/collections")["collections"]:
        link = rels(one)["http://www.opengis.net/def/rel/ogc/1.0/queryables"][0]
        answer = get(local(link["href"]))
        assert answer["Content-Type"] == "application/schema+json"
        schema = json.loads(answer.content)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object" and schema["$id"] == link["href"]
        assert schema["properties"]["geometry"]["format"] == "geometry-any"


@holds("queryables-query-parameters/parameters", "queryables-query-parameters/response")
def test_every_queryable_selects(city: City) -> None:
    for data in PUBLIC_SETS:
        every = read(f"/collections/{data.id}/items")["features"]
        for name in (field.name for field in data.fields):
            told = [one["properties"][name] for one in every if one["properties"][name] is not None]
            if not told:
                continue
            text = json.dumps(told[0]) if not isinstance(told[0], str) else told[0]
            found = read(f"/collections/{data.id}/items?{name}={quote(text)}")
            assert found["numberMatched"] == told.count(told[0]), (data.id, name)


def test_no_requirement_of_a_claimed_class_is_without_a_test() -> None:
    asked = {
        f"{name}/{requirement}"
        for part in (PART1, PART2, PART3)
        for name, requirements in part.items()
        for requirement in requirements
    }
    assert sorted(asked) == sorted(HELD)
    assert {uri.rsplit("/", 1)[1] for uri in documents.CONFORMS} == {*PART1, *PART2, *PART3}


@pytest.mark.parametrize("uri", documents.CONFORMS)
def test_classes_are_named_by_their_standard(uri: str) -> None:
    assert uri.startswith("http://www.opengis.net/spec/ogcapi-features-")
