"""Routes of the section: REST API, described by itself at ``/api/v1/openapi.json``."""

from __future__ import annotations

import logging
from typing import Any, Literal, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from sonae import __version__
from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import ExchangePartner
from sonae.domains.safety import interface as safety
from sonae.platform.access import Actor, Audience, audience
from sonae.platform.problems import STATUS, problem
from sonae.web.api import obstacles, reads, scans
from sonae.web.api.callers import (
    OperatorSession,
    PartnerKey,
    TerminalToken,
    require_reader,
    terminal_for,
)

MOST_TELEGRAM_BYTES = 16 * 1024 * 1024
log = logging.getLogger(__name__)
api = NinjaAPI(
    title="Sonae",
    version=__version__,
    description="避難所の受付、開設状況、警報、避難情報。エラーは application/problem+json です。",
    urls_namespace="api_v1",
    docs_url=None,
    openapi_url="/openapi.json",
)
_terminal, _operator, _partner = TerminalToken(), OperatorSession(), PartnerKey()


@api.exception_handler(SonaeError)
def _expected(_request: HttpRequest, error: SonaeError) -> HttpResponse:
    more = {"hint": error.hint} if error.hint else {}
    return problem(STATUS.get(error.code, 422), error.code, error.detail, **more)


@api.exception_handler(AuthenticationError)
def _unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem(401, "sign_in", "受付端末のトークンか、ログインが必要です。")


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(422, "unprocessable", "値が正しくありません。", errors=error.errors)


@api.exception_handler(HttpError)
def _http(_request: HttpRequest, error: HttpError) -> HttpResponse:
    code = "forbidden" if error.status_code == 403 else "refused"
    return problem(error.status_code, code, str(error))


@api.exception_handler(Http404)
def _missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(404, "not_found")


@api.exception_handler(Exception)
def _defect(_request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("API request failed", exc_info=error)
    return problem(500, "internal", "処理できませんでした。少し待って送り直してください。")


@api.post(
    "/shelters/{shelter_id}/scans",
    auth=_terminal,
    summary="受付記録をまとめて送る（id で一度だけ数える）",
    openapi_extra=scans.OPENAPI,
    tags=["reception"],
)
def post_scans(request: HttpRequest, shelter_id: str) -> HttpResponse:
    """One result per event, in order; accepted and duplicate mean: on disk."""
    return scans.handle(request, terminal_for(request, shelter_id))


@api.get(
    "/shelters/{shelter_id}/extract",
    auth=_terminal,
    summary="地区の名簿（署名付き・期限付き）",
    tags=["reception"],
)
def get_extract(request: HttpRequest, shelter_id: str) -> HttpResponse:
    """The people of the terminal's district as a compact JWS (EdDSA)."""
    text = safety.extract(terminal_for(request, shelter_id))
    return HttpResponse(
        text, content_type="application/jose", headers={"Cache-Control": "no-store"}
    )


@api.get("/terminal", auth=_terminal, response=reads.TerminalInfo, tags=["reception"])
def get_terminal(request: HttpRequest) -> reads.TerminalInfo:
    """Who the calling terminal is, for which shelter and world, and the keys it verifies with."""
    found = cast("safety.Terminal", getattr(request, "auth", None))
    safety.refuse_edge(found)
    return reads.terminal(found)


@api.post(
    "/terminal/carried",
    auth=_terminal,
    summary="前の登録のときの未送信の記録（封をしたまま）",
    tags=["reception"],
    openapi_extra=scans.CARRIED_OPENAPI,
)
def post_carried(request: HttpRequest) -> HttpResponse:
    """What a device had not sent when it was enrolled anew, as it was sealed for the city."""
    return scans.carried(request)


@api.get(
    "/shelters/{shelter_id}/desk",
    auth=_terminal,
    response=reads.Offered,
    summary="受付で選べる部屋と、ほかの開いている避難所",
    tags=["reception"],
)
def get_offered(request: HttpRequest, shelter_id: str) -> reads.Offered:
    """Rooms with free places, open shelters to be sent to, and how many are on their way here."""
    return reads.offered(terminal_for(request, shelter_id))


@api.get("/edge", auth=_terminal, tags=["reception"])
def get_edge(request: HttpRequest) -> dict[str, Any]:
    """What an edge node needs: who it is, and the terminals of its shelter with the keys they share."""
    return reads.edge(cast("safety.Terminal", getattr(request, "auth", None)))


@api.post("/edge/parcels", auth=_terminal, openapi_extra=scans.PARCELS, tags=["reception"])
def post_parcels(request: HttpRequest) -> HttpResponse:
    """Records that terminals sealed and an edge node brings; one answer each, in order: a receipt or an error."""
    return scans.handle_parcels(request, cast("safety.Terminal", getattr(request, "auth", None)))


@api.get("/shelters/{shelter_id}/occupancy", response=reads.Occupancy, tags=["shelters"])
def get_occupancy(request: HttpRequest, shelter_id: str, at: str = "") -> reads.Occupancy:
    """People and households inside, now or as of any time."""
    require_reader(request)
    return reads.occupancy(shelter_id, at)


@api.get("/shelters", response=list[reads.Shelter], tags=["shelters"])
def get_shelters(request: HttpRequest) -> list[reads.Shelter]:
    """Every facility with its designations, state and head-count."""
    require_reader(request)
    return reads.shelter_list()


@api.get("/warnings", response=list[reads.InForce], tags=["warnings"])
def get_warnings(request: HttpRequest) -> list[reads.InForce]:
    """Warnings in force, gravest first."""
    require_reader(request)
    return reads.warnings_in_force()


@api.post("/warnings", auth=_operator, tags=["warnings"])
def post_warning(
    request: HttpRequest, old: Literal["record", "in-force"] = "record"
) -> dict[str, Any]:
    """Hand in a telegram exactly as received (XML in the body).

    A telegram so old that it can hardly still hold is kept as history (``historical``); ``old=in-force``
    has it treated as one of now.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_TELEGRAM_BYTES:
        raise SonaeError("too_large", "電文が大きすぎます。")
    return reads.accept_telegram(request.body, old)


@api.get("/orders", response=list[reads.Order], tags=["orders"])
def get_orders(request: HttpRequest) -> list[reads.Order]:
    """Evacuation orders in force, gravest first."""
    require_reader(request)
    return reads.orders_in_force()


@api.get("/obstacles", tags=["roads"])
def get_obstacles(request: HttpRequest) -> dict[str, Any]:
    """Closed roads, collapses and water that hold now, as a GeoJSON FeatureCollection."""
    require_reader(request)
    return obstacles.collection()


@api.post("/obstacles", auth=_operator, tags=["roads"])
def post_obstacles(request: HttpRequest, source: str = "") -> dict[str, Any]:
    """Report from a GeoJSON FeatureCollection in the body; refused features are listed, the others stored.

    The same ``id`` of a feature is stored once. ``source`` stands in where a feature names none.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_TELEGRAM_BYTES:
        raise SonaeError("too_large", "報告が大きすぎます。")
    return obstacles.accept(cast("Actor", getattr(request, "auth", None)), request.body, source)


@api.delete("/obstacles/{obstacle}", auth=_operator, tags=["roads"])
def delete_obstacle(request: HttpRequest, obstacle: int) -> dict[str, Any]:
    """Withdraw a report: it was wrong, or is over. It stays in the record."""
    return obstacles.withdrawn(cast("Actor", getattr(request, "auth", None)), obstacle)


@api.get("/exchange/people", auth=_partner, tags=["exchange"])
def get_exchange_people(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """The caller's own residents who are here, as far as law and scope allow; each one is recorded.

    At most 500 at a time: ``next`` is the value of ``after`` for those that follow, null at the end.
    """
    return reads.exchanged(cast("ExchangePartner", getattr(request, "auth", None)), after)


@api.post("/exchange/requests", auth=_partner, tags=["exchange"])
def post_exchange_request(request: HttpRequest, inquiry: reads.Inquiry) -> dict[str, str]:
    """Ask about anybody by name, residents too (第86条の15). People decide; read the answer by the id."""
    return reads.asked(cast("ExchangePartner", getattr(request, "auth", None)), inquiry)


@api.get("/exchange/requests/{key}", auth=_partner, tags=["exchange"])
def get_exchange_request(request: HttpRequest, key: str) -> dict[str, Any]:
    """The answer to an inquiry of the caller: waiting, answered or withdrawn; decided anew each time.

    ``told`` is empty where nobody is known, nothing may be told, or nothing is known: it reads the same.
    """
    return reads.answered(cast("ExchangePartner", getattr(request, "auth", None)), key)


@api.get("/keys", tags=["reception"])
def get_keys(request: HttpRequest) -> dict[str, Any]:
    """The public key (JWK set) that verifies extracts and QR codes offline."""
    return {"keys": [safety.public_jwk()]}


@audience(Audience.PUBLIC, Audience.TERMINAL)
def unknown_path(_request: HttpRequest, rest: str) -> HttpResponse:
    """Answer an address that the API does not have."""
    return problem(404, "not_found", f"/api/v1/{rest} はありません。")


def _described() -> list[URLPattern | URLResolver]:
    """Return the routes with their audiences: each operation checks its own caller as well."""
    patterns = api.urls[0]
    for pattern in patterns:
        audience(Audience.PUBLIC, Audience.TERMINAL)(cast("URLPattern", pattern).callback)
    return patterns


app_name = "api_v1"
urlpatterns = [*_described(), path("<path:rest>", unknown_path)]
