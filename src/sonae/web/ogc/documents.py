"""The documents of OGC API – Features (17-069r4, 18-058r1, 19-079r2) as plain data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import shapely

from sonae.core import clock
from sonae.core.clock import JST
from sonae.domains.municipalities import interface as municipalities
from sonae.web.ogc import crs
from sonae.web.ogc.query import Query
from sonae.web.opendata.rows import Feature
from sonae.web.opendata.sets import DataSet, Field

CONFORMS: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
)
"""What is claimed; tests/web/test_ogc_conformance.py holds every requirement of it."""
QUERYABLES: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
OPENAPI, SCHEMA = "application/vnd.oai.openapi+json;version=3.0", "application/schema+json"
_TYPES: Final = {"datetime": ("string", "date-time")}

Address = Callable[[str], str]
"""Turns a path below ``/ogc`` into an absolute address."""


def link(href: str, rel: str, kind: str, title: object = "") -> dict[str, str]:
    """Return one link."""
    return {"href": href, "rel": rel, "type": kind, **({"title": str(title)} if title else {})}


def both(address: Address, path: str, kind: str, form: str) -> list[dict[str, str]]:
    """Return the links of a document to itself and to its other form."""
    forms = [(kind, "json"), (HTML, "html")]
    return [
        link(f"{address(path)}?f={name}", "self" if name == form else "alternate", media)
        for media, name in forms
    ]


def landing(address: Address, form: str) -> dict[str, Any]:
    """Return the landing page (req/core/root-success)."""
    city = municipalities.municipality()
    return {
        "title": f"{city.name} 防災の地理データ",
        "description": "避難場所・避難所、町字、危険区域、発令中の避難情報、発表中の警報。",
        "links": [
            *both(address, "/", JSON, form),
            link(address("/api?f=json"), "service-desc", OPENAPI, "API"),
            link(address("/api?f=html"), "service-doc", HTML, "API"),
            link(address("/conformance?f=json"), "conformance", JSON),
            link(address("/collections?f=json"), "data", JSON),
        ],
    }


def conformance(address: Address, form: str) -> dict[str, Any]:
    """Return the conformance declaration (req/core/conformance-success)."""
    return {"conformsTo": list(CONFORMS), "links": both(address, "/conformance", JSON, form)}


def collections(sets: Iterable[DataSet], address: Address, form: str) -> dict[str, Any]:
    """Return the list of the sets that the caller may read."""
    return {
        "links": both(address, "/collections", JSON, form),
        "crs": crs.offered(),
        "collections": [collection(one, address, form, listed=True) for one in sets],
    }


def collection(
    data: DataSet, address: Address, form: str, *, listed: bool = False
) -> dict[str, Any]:
    """Return the description of one set (req/core/sfc-md-success)."""
    path = f"/collections/{data.id}"
    own = (
        [link(f"{address(path)}?f=json", "self", JSON)]
        if listed
        else both(address, path, JSON, form)
    )
    found: dict[str, Any] = {
        "id": data.id,
        "title": str(data.title),
        "description": str(data.description),
        "attribution": "、".join(data.sources()),
        "links": [
            *own,
            link(f"{address(path)}/items?f=json", "items", GEOJSON, data.title),
            link(f"{address(path)}/items?f=html", "items", HTML, data.title),
            link(f"{address(path)}/queryables", QUERYABLES, SCHEMA),
        ],
        "itemType": "feature",
        "crs": crs.offered(),
        "storageCrs": crs.CRS84,
    }
    extent = _extent(data.features())
    return {**found, "extent": extent} if extent else found


def _extent(features: list[Feature]) -> dict[str, Any]:
    """Return where and when the features are; a set without any says nothing of it."""
    shapes = [one.geometry for one in features if not shapely.is_empty(one.geometry)]
    if not shapes:
        return {}
    sides = [float(side) * 1e7 for side in shapely.total_bounds(shapes)]
    bounds = [math.floor(side) / 1e7 for side in sides[:2]]
    bounds += [math.ceil(side) / 1e7 for side in sides[2:]]
    found: dict[str, Any] = {"spatial": {"bbox": [bounds], "crs": crs.CRS84}}
    starts = [one.start for one in features if one.start is not None]
    if starts:
        ends = [one.end for one in features]
        last = None if None in ends else max(end for end in ends if end is not None)
        found["temporal"] = {"interval": [[_utc(min(starts)), _utc(last) if last else None]]}
    return found


def _utc(at: datetime) -> str:
    """Return a moment as RFC 3339 text."""
    return at.isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """Return a property as JSON has it; moments in Japanese time."""
    return _utc(value.astimezone(JST)) if isinstance(value, datetime) else value


def feature(one: Feature, system: str) -> dict[str, Any]:
    """Return one feature as GeoJSON in a coordinate reference system."""
    return {
        "type": "Feature",
        "id": one.id,
        "geometry": json.loads(shapely.to_geojson(crs.written(one.geometry, system))),
        "properties": {name: plain(value) for name, value in one.properties.items()},
    }


def items(
    data: DataSet, query: Query, found: list[Feature], address: Address, form: str
) -> dict[str, Any]:
    """Return one page of what was selected, with the links to the pages around it."""
    page = found[query.offset : query.offset + query.limit]
    return {
        "type": "FeatureCollection",
        "numberMatched": len(found),
        "numberReturned": len(page),
        "timeStamp": _utc(clock.now()),
        "links": _pages(data, query, len(found), address, form),
        "features": [feature(one, query.crs) for one in page],
    }


def _pages(
    data: DataSet, query: Query, total: int, address: Address, form: str
) -> list[dict[str, str]]:
    """Return self, alternate, next, prev and the set itself; every parameter given stays."""
    kept = {name: value for name, value in query.text.items() if name not in ("f", "offset")}

    def at(offset: int, kind: str) -> str:
        asked = {**kept, "limit": str(query.limit), **({"offset": str(offset)} if offset else {})}
        return f"{address(f'/collections/{data.id}/items')}?{urlencode({'f': kind, **asked})}"

    media = {"json": GEOJSON, "html": HTML}
    links = [
        link(at(query.offset, kind), "self" if kind == form else "alternate", media[kind])
        for kind in media
    ]
    if query.offset + query.limit < total:
        links.append(link(at(query.offset + query.limit, form), "next", media[form]))
    if query.offset:
        links.append(link(at(max(query.offset - query.limit, 0), form), "prev", media[form]))
    return [*links, link(f"{address(f'/collections/{data.id}')}?f=json", "collection", JSON)]


def item(data: DataSet, one: Feature, system: str, address: Address, form: str) -> dict[str, Any]:
    """Return one feature as a document of its own (req/core/f-success)."""
    path = f"/collections/{data.id}/items/{one.id}"
    return {
        **feature(one, system),
        "links": [
            *both(address, path, GEOJSON, form),
            link(f"{address(f'/collections/{data.id}')}?f=json", "collection", JSON),
        ],
    }


def schema_of(one: Field) -> dict[str, Any]:
    """Return a property's JSON schema."""
    kind, form = _TYPES.get(one.kind, (one.kind, ""))
    found: dict[str, Any] = {"title": str(one.title), "type": kind}
    if form:
        found["format"] = form
    return {**found, "enum": list(one.values)} if one.values else found


def queryables(data: DataSet, address: Address) -> dict[str, Any]:
    """Return the properties by which a set can be selected (req/queryables)."""
    path = address(f"/collections/{data.id}/queryables")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": path,
        "type": "object",
        "title": str(data.title),
        "properties": {
            "geometry": {"title": "geometry", "format": "geometry-any"},
            **{one.name: schema_of(one) for one in data.fields},
        },
        "additionalProperties": False,
    }
