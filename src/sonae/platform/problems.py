"""One error shape: problem+json (RFC 9457) for programs, a page that says what to do for people."""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError

log = logging.getLogger(__name__)

STATUS = {
    "forbidden": 403,
    "sign_in": 401,
    "undeclared": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "unreadable": 400,
    "bad_parameter": 400,
    "not_acceptable": 406,
    "rate_limited": 429,
}
_PROGRAM_PATHS = ("/api/", "/scim/", "/ngsi/", "/oauth/", "/ogc/", "/feeds/")
_PAGES = ("/oauth/authorize", "/oauth/consent", "/oauth/logout")
"""What lies below them and is read by people all the same."""


def for_program(request: HttpRequest) -> bool:
    """Tell whether the caller is a program (API path or a JSON Accept header)."""
    path = request.path_info
    if any(path.startswith(prefix) for prefix in _PROGRAM_PATHS):
        return not path.startswith(_PAGES)
    return request.headers.get("Accept", "").startswith("application/json")


def problem(status: int, code: str, detail: str = "", **extra: Any) -> HttpResponse:
    """Return an ``application/problem+json`` answer; ``code`` is stable, ``detail`` is for people."""
    body = {
        "type": f"urn:sonae:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    text = json.dumps(body, ensure_ascii=False)
    response = HttpResponse(text, status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="sonae"'
    return response


def refused(
    request: HttpRequest, code: str, status: int, detail: str = "", hint: str = ""
) -> HttpResponse:
    """Answer a refused request in the caller's form; people who must sign in are led there."""
    if for_program(request):
        return problem(status, code, detail, **({"hint": hint} if hint else {}))
    if code == "sign_in":
        return _to_sign_in(request)
    context = {"code": code, "status": status, "detail": detail, "hint": hint}
    return render(request, "problem.html", context, status=status)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the log-in and back; a part of a page that renews itself leads its whole page there.

    What was to be sent is gone: that must be said before anybody believes that help was called.
    """
    if request.method not in ("GET", "HEAD"):
        told = _("まだ送られていません。ログインしてから、もう一度押してください。")
        flash.error(request, told, fail_silently=True)
        referer = urlsplit(request.headers.get("Referer", ""))
        back = referer.path if referer.netloc == request.get_host() and referer.path else "/"
        return HttpResponseRedirect(f"/accounts/login/?next={quote(back)}")
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(f"/accounts/login/?next={quote(request.get_full_path())}")
    page = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
    return HttpResponse(status=401, headers={"HX-Redirect": f"/accounts/login/?next={quote(page)}"})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old: nothing was sent, and that is said (settings)."""
    return refused(
        request,
        "form_expired",
        403,
        _("まだ送られていません。画面が古くなったか、クッキーが使えません。"),
        _(
            "前の画面を開き直して、もう一度送ってください。命に危険があるときは119番に電話してください。"
        ),
    )


class ProblemMiddleware:
    """Turns a `SonaeError` that leaves a view into the one error shape."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a `SonaeError`; anything else goes on to Django's handler."""
        if not isinstance(error, SonaeError):
            return None
        status = STATUS.get(error.code, 422)
        return refused(request, error.code, status, error.detail, error.hint)
