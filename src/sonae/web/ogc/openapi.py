"""The API's description of itself (OpenAPI 3.0), made of the same sets and parameters that it reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sonae import __version__
from sonae.domains.municipalities import interface as municipalities
from sonae.web.ogc import crs, documents
from sonae.web.ogc.documents import GEOJSON, HTML, JSON, Address
from sonae.web.ogc.query import FORMATS, MOST, USUAL
from sonae.web.opendata.sets import DataSet, Field


def _parameter(name: str, schema: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "in": "query", "required": False, "description": text, "schema": schema, **more,
    }  # fmt: skip


def _shared() -> dict[str, Any]:
    """Return the parameters that every set has (req/core/fc-limit-definition and the following)."""
    box = {"type": "array", "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)]}
    systems = {"type": "string", "format": "uri", "enum": crs.offered(), "default": crs.CRS84}
    flat = {"style": "form", "explode": False}
    return {
        "f": _parameter("f", {"type": "string", "enum": list(FORMATS)}, "形式", **flat),
        "limit": _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
            "1回に返す件数",
            **flat,
        ),
        "offset": _parameter(
            "offset", {"type": "integer", "minimum": 0, "default": 0}, "飛ばす件数", **flat
        ),
        "bbox": _parameter("bbox", {**box, "items": {"type": "number"}}, "範囲", **flat),
        "bbox-crs": _parameter("bbox-crs", systems, "bbox の座標系", **flat),
        "crs": _parameter("crs", systems, "答えの座標系", **flat),
        "datetime": _parameter(
            "datetime", {"type": "string"}, "時刻または期間（RFC 3339）", **flat
        ),
    }


def _answers(kind: str, *, crs_header: bool = False) -> dict[str, Any]:
    good: dict[str, Any] = {
        "description": "OK",
        "content": {
            kind: {"schema": {"type": "object"}},
            HTML: {"schema": {"type": "string"}},
        },
    }
    if crs_header:
        good["headers"] = {"Content-Crs": {"schema": {"type": "string"}}}
    problem = {"$ref": "#/components/responses/Problem"}
    return {"200": good, **dict.fromkeys(("400", "401", "403", "404", "406", "500"), problem)}


def _get(tag: str, text: str, kind: str, names: Iterable[str], **more: Any) -> dict[str, Any]:
    return {
        "get": {
            "tags": [tag],
            "summary": text,
            "operationId": more.pop("id"),
            "parameters": [
                *({"$ref": f"#/components/parameters/{name}"} for name in names),
                *more.pop("extra", ()),
            ],
            "responses": _answers(kind, crs_header=bool(more.pop("crs_header", False))),
            **more,
        }
    }


def _paths_of(data: DataSet) -> dict[str, Any]:
    """Return the three addresses of one set."""
    path, name = f"/collections/{data.id}", data.id.replace("-", "_")
    guard: dict[str, Any] = {} if data.public else {"security": [{"token": []}]}
    filters = [_filter(one) for one in data.fields]
    identity = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        path: _get(data.id, str(data.title), JSON, ["f"], id=f"describe_{name}", **guard),
        f"{path}/queryables": _get(
            data.id, "queryables", documents.SCHEMA, ["f"], id=f"queryables_{name}", **guard
        ),
        f"{path}/items": _get(
            data.id, str(data.description), GEOJSON, _shared(), id=f"items_{name}",
            extra=filters, crs_header=True, **guard,
        ),
        f"{path}/items/{{featureId}}": _get(
            data.id, str(data.title), GEOJSON, ["f", "crs"], id=f"item_{name}",
            extra=[identity], crs_header=True, **guard,
        ),
    }  # fmt: skip


def _filter(one: Field) -> dict[str, Any]:
    return _parameter(
        one.name, documents.schema_of(one), str(one.title), style="form", explode=False
    )


def build(sets: Iterable[DataSet], address: Address) -> dict[str, Any]:
    """Return the whole description for the sets that the caller may read."""
    city = municipalities.municipality()
    paths = {
        "/": _get("api", "入口", JSON, ["f"], id="landing"),
        "/api": _get("api", "この説明", documents.OPENAPI, ["f"], id="api"),
        "/conformance": _get("api", "適合クラス", JSON, ["f"], id="conformance"),
        "/collections": _get("api", "データの一覧", JSON, ["f"], id="collections"),
    }
    for data in sets:
        paths |= _paths_of(data)
    problem = {
        "description": "RFC 9457",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {
            "title": f"{city.name} OGC API – Features",
            "version": __version__,
            "description": "件数は limit と next で区切って読みます。知らないパラメータは 400 で断ります。",
        },
        "servers": [{"url": address("").rstrip("/")}],
        "paths": paths,
        "components": {
            "parameters": _shared(),
            "responses": {"Problem": problem},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
