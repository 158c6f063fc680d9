"""What terminals call (sealed, from any origin), and the page that only the laptop itself shows."""

from __future__ import annotations

import json
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from sonae.core.errors import SonaeError
from sonae.domains.edge import interface as edge
from sonae.domains.residents import interface as residents
from sonae.platform.access import Audience, audience
from sonae.platform.problems import STATUS, problem, refused

MOST_BYTES: Final = 8 * 1024 * 1024
_OPEN: Final = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
"""The application comes from the city's origin. Nothing is given to whoever cannot open the answer."""
_HERE: Final = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})


@csrf_exempt
@audience(Audience.TERMINAL)
def exchange(request: HttpRequest) -> HttpResponse:
    """One exchange with a terminal: an envelope in, an envelope out."""
    try:
        told = edge.exchange(_outer(request))
    except SonaeError as error:
        answer = problem(_status(error), error.code, error.detail)
    else:
        answer = HttpResponse(json.dumps(told), content_type="application/json")
    for name, value in _OPEN.items():
        answer[name] = value
    return answer


def _status(error: SonaeError) -> int:
    return 403 if error.code == "forged" else STATUS.get(error.code, 422)


def _outer(request: HttpRequest) -> dict[str, object]:
    """Return the envelope of a request; `SonaeError` for what is none."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise SonaeError("too_large", "一度に送る記録が多すぎます。")
    try:
        found = json.loads(request.body) if request.method == "POST" else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("sonae") != "edge" or found.get("v") != 1:
        raise SonaeError("unreadable", "受付端末の記録ではありません。")
    return found


@audience(Audience.PUBLIC)
def page(request: HttpRequest) -> HttpResponse:
    """How the node stands, and the code by which terminals join; only on the laptop itself."""
    if request.META.get("REMOTE_ADDR") not in _HERE:
        return refused(request, "forbidden", 403, _("この画面は、中継機のパソコンでだけ開けます。"))
    now = edge.standing()
    code = f"{now.node.address}/reception/device/#edge={now.node.code}@{now.node.own_address}"
    told = {"now": now, "node": now.node, "code": code, "drawn": residents.qr.svg(code)}
    return render(request, "edge/page.html", told)
