"""Endpoints for programs: discovery, keys, tokens, UserInfo, introspection, revocation; and logout."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from django.contrib.auth import logout as sign_out
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sonae.core.errors import SonaeError
from sonae.domains.openid import interface as openid
from sonae.platform.access import Audience, audience
from sonae.platform.scope import is_exercise
from sonae.web.oauth.provider import CLIENT_AUTH, SERVER, Request, issuer
from sonae.web.oauth.session import sid_of

_PAUSE: Final = 300
"""Seconds after which failures are forgotten (`settings.ACCOUNT_RATE_LIMITS`)."""


@require_GET
@audience(Audience.PUBLIC)
def discovery(request: HttpRequest) -> HttpResponse:
    """Answer what this provider is (OpenID Connect Discovery 1.0, RFC 8414)."""
    base = issuer(request)
    return JsonResponse(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/oauth/authorize",
            "token_endpoint": f"{base}/oauth/token",
            "userinfo_endpoint": f"{base}/oauth/userinfo",
            "jwks_uri": f"{base}/oauth/jwks",
            "introspection_endpoint": f"{base}/oauth/introspect",
            "revocation_endpoint": f"{base}/oauth/revoke",
            "end_session_endpoint": f"{base}/oauth/logout",
            "scopes_supported": list(openid.rules.SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(openid.rules.GRANTS),
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": [openid.keys.ALGORITHM],
            "token_endpoint_auth_methods_supported": CLIENT_AUTH,
            "revocation_endpoint_auth_methods_supported": CLIENT_AUTH,
            "introspection_endpoint_auth_methods_supported": CLIENT_AUTH[:2],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent"],
            "acr_values_supported": ["aal1", "aal2"],
            "claim_types_supported": ["normal"],
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "nonce", "sid", "auth_time", "acr", "amr",
                "at_hash", *openid.rules.CLAIMS, "email_verified", "phone_number_verified",
            ],
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["ja", "en"],
        }
    )  # fmt: skip


@require_GET
@audience(Audience.PUBLIC)
def jwks(request: HttpRequest) -> HttpResponse:
    """Answer the public keys; kept for an hour, while a new one is published a day ahead."""
    _real()
    answer = JsonResponse(openid.keys.jwks())
    answer["Cache-Control"] = "public, max-age=3600"
    return answer


@csrf_exempt
@require_POST
@audience(Audience.PUBLIC)
def token(request: HttpRequest) -> HttpResponse:
    """Answer a code, a refresh token or a program's own credentials with tokens."""
    _real()
    return _quiet(request, SERVER.create_token_response(request))


@csrf_exempt
@require_POST
@audience(Audience.PUBLIC)
def introspect(request: HttpRequest) -> HttpResponse:
    """Tell a service what one of its tokens is worth."""
    _real()
    return _quiet(request, SERVER.create_endpoint_response("introspection", request))


@csrf_exempt
@require_POST
@audience(Audience.PUBLIC)
def revoke(request: HttpRequest) -> HttpResponse:
    """End the sign-in that one of a service's tokens belongs to."""
    _real()
    return _quiet(request, SERVER.create_endpoint_response("revocation", request))


def _quiet(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Return an answer that nobody keeps; a refused client learns how to prove itself, or to wait."""
    if b'"invalid_client"' in answer.content and not _may_fail(request):
        told = {"error": "invalid_client", "error_description": "Too many failures: wait"}
        answer = JsonResponse(told, status=429)
        answer["Retry-After"] = str(_PAUSE)
    answer["Cache-Control"] = "no-store"
    if answer.status_code == 401:
        answer["WWW-Authenticate"] = 'Basic realm="sonae"'
    return answer


def _may_fail(request: HttpRequest) -> bool:
    """Count a service's failure to prove itself, by service and address; tell whether it may go on.

    Who has the secret is never refused for the failures of others: it is 256 bits drawn by lot, which
    nobody guesses, and residents wait behind that service. All that are unknown count as one.
    """
    named, _secret = extract_basic_authorization(request.headers)
    named = named or request.POST.get("client_id", "")
    known = named if openid.service(named) else ""
    address = get_adapter().get_client_ip(request)
    return bool(ratelimit.consume(request, action="service_failed", key=f"{known} {address}"))


def _real() -> None:
    """Refuse the exercise: who people are is no part of it."""
    if is_exercise():
        raise SonaeError("not_found", "訓練の中に、認証の窓口はありません。")


@csrf_exempt
@audience(Audience.PUBLIC)
def userinfo(request: HttpRequest) -> HttpResponse:
    """Tell a service what it may know of the person now."""
    _real()
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        text = request.POST.get("access_token", "") if request.method == "POST" else ""
    access = openid.tokens.read(issuer(request), text.strip()) if text else None
    if access is None:
        return _no_token("invalid_token" if text else "")
    if access.login is None or "openid" not in access.scope.split():
        return _no_token("insufficient_scope", 403)
    answer = JsonResponse(openid.userinfo(access.login, access.scope))
    answer["Cache-Control"] = "no-store"
    return answer


def _no_token(error: str, status: int = 401) -> HttpResponse:
    """Return the refusal of RFC 6750; without a token it names no error."""
    told = f', error="{error}"' if error else ""
    answer = JsonResponse({"error": error or "invalid_request"}, status=status)
    answer["WWW-Authenticate"] = f'Bearer realm="sonae"{told}'
    answer["Cache-Control"] = "no-store"
    return answer


@csrf_exempt
@never_cache
@audience(Audience.PUBLIC)
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out for a service that proves whose session it is about; else ask the person first."""
    _real()
    if request.method == "POST":
        # A form of another site brings no cookie of ours, and nobody would be signed out.
        return HttpResponseRedirect(f"{request.path}?{request.POST.urlencode()}")
    try:
        asked = SERVER.validate_endpoint_request("end_session", Request(request, request.GET))
    except OAuth2Error as error:
        told = {"error": error.error, "error_description": error.get_error_description()}
        return render(request, "oauth/wrong.html", told, status=400)
    login = _login_of(asked)
    here = request.user.is_authenticated
    if here and (login is None or login.session != sid_of(request)):
        context = {"address": f"/oauth/logout/confirm?{request.GET.urlencode()}"}
        return render(request, "oauth/logout.html", context)
    return _signed_out(request, asked)


def _login_of(asked: Any) -> openid.ServiceLogin | None:
    """Return the sign-in that the ID token of a logout came of, also where it has ended before."""
    claims = (asked.id_token_claims or {}) if asked is not None else {}
    return openid.signins.named(str(claims.get("sid", "")))


@never_cache
@audience(Audience.SIGNED_IN)
def logout_confirmed(request: HttpRequest) -> HttpResponse:
    """Sign out because the person said so."""
    if request.method != "POST":
        return render(request, "oauth/logout.html", {"address": request.get_full_path()})
    try:
        asked = SERVER.validate_endpoint_request("end_session", Request(request, request.GET))
    except OAuth2Error:
        asked = None
    return _signed_out(request, asked, onward=True)


def _signed_out(request: HttpRequest, asked: Any, *, onward: bool = False) -> HttpResponse:
    """End the session with what hangs on it, and lead back where a registered address was given.

    An ID token ends no more than the sign-in that it came of: services keep them, and pass them on.
    The others end with the session of the browser that is here (`session.on_sign_out`).
    """
    if (login := _login_of(asked)) is not None:
        openid.signins.end_signed_out(login)
    sign_out(request)
    uri = asked.redirect_uri if asked is not None else None
    if uri and onward:
        return render(request, "oauth/onward.html", {"address": uri})
    if uri:
        return HttpResponse(status=302, headers={"Location": uri})
    return render(request, "oauth/signed_out.html", {"title": _("ログアウトしました")})
