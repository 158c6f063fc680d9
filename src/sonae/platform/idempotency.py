"""A POST sent twice is done once: ``Idempotency-Key`` (IETF httpapi draft).

`IdempotencyMiddleware` does it for every route. The view runs for the first request with a key; the
same request again gets the stored answer, another request under the same key is refused, and one
that comes while the first is still at work is asked to come back. An answer that invites another try
(401, 403, 404, 405, 409, 413, 429, 5xx) is never stored.

A crash between the view's commit and the stored answer lets the request run again once the claim
has run out; that is why every inbound id is UNIQUE as well.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sonae.core import clock
from sonae.platform.db import writing
from sonae.platform.models import IdempotencyRecord
from sonae.platform.problems import refused

HEADER: Final = "Idempotency-Key"
FIELD: Final = "idempotency_key"
LONGEST_KEY: Final = 200
CLAIM: Final = timedelta(seconds=130)
"""A request still unanswered after this is taken for dead (the server's own limit is 120 s)."""
KEPT: Final = timedelta(hours=48)
_AGAIN_SECONDS: Final = 2
_NEVER_KEPT: Final = (401, 403, 404, 405, 409, 413, 429)
_KEPT_HEADERS: Final = ("Location", "ETag", "Content-Language")
_SEEN: Final = "_sonae_idempotent"
_PURGE_EVERY: Final = 512

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def idempotent(view: View[P]) -> View[P]:
    """Let a POST view be repeated safely by header ``Idempotency-Key`` or form field of that name.

    For a view that is called outside the middleware: a decorator for a plain view,
    ``decorate_view(idempotent)`` for a ninja operation. Requests without a key, and methods other
    than POST, pass through.
    """

    @functools.wraps(view)
    def once(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return _once(request, lambda: view(request, *args, **kwargs))

    return cast("View[P]", once)


class IdempotencyMiddleware:
    """Lets every POST of the site be repeated safely; the innermost layer, so that all others count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or answer again."""
        return _once(request, lambda: self.get_response(request))


def _once(request: HttpRequest, answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Answer the first request with a key by ``answer``, and the same request by what is stored."""
    key = "" if request.method != "POST" or hasattr(request, _SEEN) else _key(request)
    if not key:
        return answer()
    setattr(request, _SEEN, True)
    if len(key) > LONGEST_KEY:
        return refused(request, "idempotency_key_too_long", 422, f"{HEADER}: {LONGEST_KEY}字まで")
    claimed = _claim(request, key)
    if isinstance(claimed, HttpResponse):
        return claimed
    try:
        response = answer()
    except BaseException:
        _release(claimed)
        raise
    _keep(claimed, response)
    return response


def _key(request: HttpRequest) -> str:
    """Return the key from the header, else from the form; empty when there is none."""
    header = request.headers.get(HEADER, "").strip()
    if header or request.content_type not in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ):
        return header
    return str(request.POST.get(FIELD, "")).strip()


def _credential(request: HttpRequest) -> str:
    """Return whose key it is: a bearer's, an account's, else the sender's address."""
    bearer = request.headers.get("Authorization", "")
    if bearer:
        return "bearer:" + hashlib.sha256(bearer.encode()).hexdigest()
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"account:{user.pk}"
    return f"address:{request.META.get('REMOTE_ADDR', '')}"[:120]


def _fingerprint(request: HttpRequest) -> str:
    """Return the SHA-256 of what is asked for, world and query included, without the CSRF token."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        # The boundary between the parts differs each time the same form is sent.
        for name in sorted(set(request.POST) - {"csrfmiddlewaretoken"}):
            digest.update(repr((name, request.POST.getlist(name))).encode())
        for name, file in sorted(cast("dict[str, UploadedFile[Any]]", request.FILES).items()):
            digest.update(repr((name, getattr(file, "name", ""))).encode())
            for part in file.chunks():
                digest.update(part)
            file.seek(0)
    elif request.content_type == "application/x-www-form-urlencoded" and request.POST:
        for name in sorted(set(request.POST) - {"csrfmiddlewaretoken"}):
            digest.update(repr((name, request.POST.getlist(name))).encode())
    else:
        digest.update(request.body)
    return digest.hexdigest()


def _claim(request: HttpRequest, key: str) -> IdempotencyRecord | HttpResponse:
    """Take the key for this request, or return the answer that the request gets instead."""
    made = IdempotencyRecord(
        credential=_credential(request),
        key=key,
        fingerprint=_fingerprint(request),
        created_at=clock.SystemClock().now(),
    )
    try:
        with writing():
            made.save(force_insert=True)
    except IntegrityError:
        return _second(request, made)
    if made.pk % _PURGE_EVERY == 0:
        forget_before(made.created_at - KEPT)
    return made


def _second(request: HttpRequest, wanted: IdempotencyRecord) -> IdempotencyRecord | HttpResponse:
    """Answer a request whose key is known already."""
    rows = IdempotencyRecord.objects.filter(credential=wanted.credential, key=wanted.key)
    held = rows.first()
    if held is None:
        return _busy(request)
    if held.fingerprint != wanted.fingerprint:
        detail = f"この {HEADER} は別の内容の要求に使われています。"
        return refused(
            request, "idempotency_key_reused", 422, detail, "新しいキーで送ってください。"
        )
    if held.status:
        return _replayed(held)
    dead = held.created_at < wanted.created_at - CLAIM
    with writing():
        taken = dead and rows.filter(status=0, created_at=held.created_at).update(
            created_at=wanted.created_at
        )
    return held if taken else _busy(request)


def _busy(request: HttpRequest) -> HttpResponse:
    """Ask the sender to come back: the first request is still at work."""
    detail = "同じ要求を処理しています。少し待って送り直してください。"
    response = refused(request, "idempotency_in_progress", 409, detail)
    response["Retry-After"] = str(_AGAIN_SECONDS)
    return response


def _replayed(held: IdempotencyRecord) -> HttpResponse:
    """Return the stored answer, marked as such."""
    body = bytes(held.body)
    response = HttpResponse(body, status=held.status, content_type=held.content_type or None)
    for name, value in held.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def _keep(held: IdempotencyRecord, response: HttpResponseBase) -> None:
    """Store the answer, unless it invites another try or cannot be kept."""
    status = response.status_code
    if status in _NEVER_KEPT or status >= 500 or not isinstance(response, HttpResponse):
        _release(held)
        return
    with writing():
        IdempotencyRecord.objects.filter(pk=held.pk).update(
            status=status,
            body=response.content,
            content_type=response.get("Content-Type", "")[:80],
            headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        )


def _release(held: IdempotencyRecord) -> None:
    """Give the key back: the request may be sent again under it."""
    with writing():
        IdempotencyRecord.objects.filter(pk=held.pk, status=0).delete()


def forget_before(moment: datetime) -> int:
    """Remove answers stored before ``moment`` (aware, real time); return how many."""
    with writing():
        return IdempotencyRecord.objects.filter(created_at__lt=moment).delete()[0]
