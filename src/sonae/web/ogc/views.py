"""``/ogc/``: OGC API – Features, for GIS and other programs, and the same as pages for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sonae.core.errors import SonaeError
from sonae.platform.access import Audience, audience
from sonae.platform.problems import problem
from sonae.platform.scope import is_exercise
from sonae.web.links import absolute
from sonae.web.ogc import callers, crs, documents, openapi, query
from sonae.web.ogc.documents import GEOJSON, JSON, Address
from sonae.web.opendata.sets import DataSet, set_of

View = Callable[..., HttpResponse]


def _form(request: HttpRequest, given: dict[str, str]) -> str:
    """Return json or html: by ``f``, else by what the caller accepts (req/core/http)."""
    if "f" in given:
        if given["f"] not in query.FORMATS:
            raise query.refused("f", given["f"], " ".join(query.FORMATS))
        return given["f"]
    accepts = request.headers.get("Accept", "*/*").lower()
    if "json" in accepts or ("*/*" in accepts and "text/html" not in accepts):
        return "json"
    if "html" in accepts or "text/*" in accepts:
        return "html"
    if "application/*" in accepts or "*/*" in accepts or not accepts:
        return "json"
    raise SonaeError("not_acceptable", f"形式 {accepts[:80]} では答えられません。", "json html")


def _address(request: HttpRequest) -> Address:
    return lambda path: absolute(request, f"/ogc{path}")


def reading(view: View) -> View:
    """Make a view of a reader: GET only, for everybody and for tokens; each checks its own set."""

    @audience(Audience.PUBLIC, Audience.CLIENT)
    @wraps(view)
    def checked(request: HttpRequest, **parts: str) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return problem(405, "refused", "GET だけです。")
        response = view(request, **parts)
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
        response.headers.setdefault("Cache-Control", "no-cache")
        response.headers["Vary"] = "Accept, Accept-Language, Authorization, Cookie"
        return response

    return checked


def _answer(
    request: HttpRequest,
    body: dict[str, Any],
    form: str,
    page: str,
    *,
    kind: str = JSON,
    **more: Any,
) -> HttpResponse:
    """Answer a document as JSON, or as the page ``page``."""
    if form == "html":
        return render(request, f"ogc/{page}.html", {"document": body, **more})
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text, content_type=kind)


@reading
def landing(request: HttpRequest) -> HttpResponse:
    """The entrance: what there is and where it is described."""
    form = _form(request, query.only(request.GET, "f"))
    sets = callers.readable(request)
    body = documents.landing(_address(request), form)
    return _answer(request, body, form, "landing", sets=sets)


@reading
def conformance(request: HttpRequest) -> HttpResponse:
    """The classes of the standard that this server keeps."""
    form = _form(request, query.only(request.GET, "f"))
    callers.readable(request)
    return _answer(request, documents.conformance(_address(request), form), form, "conformance")


@reading
def api(request: HttpRequest) -> HttpResponse:
    """The description for programs (OpenAPI 3.0)."""
    form = _form(request, query.only(request.GET, "f"))
    sets = callers.readable(request)
    body = openapi.build(sets, _address(request))
    return _answer(request, body, form, "api", kind=documents.OPENAPI, sets=sets)


@reading
def collections(request: HttpRequest) -> HttpResponse:
    """The sets that the caller may read."""
    form = _form(request, query.only(request.GET, "f"))
    sets = callers.readable(request)
    body = documents.collections(sets, _address(request), form)
    return _answer(request, body, form, "collections", sets=sets)


def _set(request: HttpRequest, name: str) -> DataSet:
    data = set_of(name)
    callers.require_reader(request, data)
    return data


def _for_whom(response: HttpResponse, data: DataSet) -> HttpResponse:
    """Keep what is for staff out of every cache and every other site."""
    if not data.public or is_exercise():
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Access-Control-Allow-Origin"] = "null"
    return response


@reading
def collection(request: HttpRequest, name: str) -> HttpResponse:
    """One set: what it is, where it lies, whose it is."""
    form = _form(request, query.only(request.GET, "f"))
    data = _set(request, name)
    body = documents.collection(data, _address(request), form)
    return _for_whom(_answer(request, body, form, "collection", data=data), data)


@reading
def queryables(request: HttpRequest, name: str) -> HttpResponse:
    """The properties by which a set can be selected."""
    form = _form(request, query.only(request.GET, "f"))
    data = _set(request, name)
    body = documents.queryables(data, _address(request))
    answered = _answer(request, body, form, "queryables", kind=documents.SCHEMA, data=data)
    return _for_whom(answered, data)


@reading
def items(request: HttpRequest, name: str) -> HttpResponse:
    """The features of a set, page by page."""
    data = _set(request, name)
    asked = query.read(request.GET, data)
    form = _form(request, dict(asked.text))
    found = asked.select(data.features())
    body = documents.items(data, asked, found, _address(request), form)
    response = _answer(request, body, form, "items", kind=GEOJSON, data=data, query=asked)
    response.headers["Content-Crs"] = f"<{asked.crs}>"
    return _for_whom(response, data)


@reading
def item(request: HttpRequest, name: str, feature: str) -> HttpResponse:
    """One feature."""
    data = _set(request, name)
    given = query.only(request.GET, "f", "crs")
    form, system = _form(request, given), crs.known(given.get("crs", crs.CRS84), "crs")
    one = next((one for one in data.features() if one.id == feature), None)
    if one is None:
        raise SonaeError("not_found", f"{data.title} に {feature[:80]} はありません。")
    body = documents.item(data, one, system, _address(request), form)
    rows = list(zip(data.fields, body["properties"].values(), strict=True))
    response = _answer(request, body, form, "item", kind=GEOJSON, data=data, rows=rows)
    response.headers["Content-Crs"] = f"<{system}>"
    return _for_whom(response, data)


@audience(Audience.PUBLIC, Audience.CLIENT)
def unknown_path(_request: HttpRequest, rest: str) -> HttpResponse:
    """Answer an address that the API does not have."""
    return problem(404, "not_found", f"/ogc/{rest[:80]} はありません。")
