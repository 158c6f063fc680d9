"""Authorization: who signs in to a service, what the person lets it know, and back to it with a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.openid import interface as openid
from sonae.domains.openid.interface import Service
from sonae.domains.residents.interface import Resident
from sonae.platform.access import Actor, Audience, Role, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.oauth.provider import ONCE, SERVER, Request
from sonae.web.oauth.session import Way, authenticated

_PROMPTS: Final = {"none", "login", "consent"}
TIERS: Final = {
    "city": lazy("市"), "prefecture": lazy("県"), "state": lazy("国"), "company": lazy("企業・団体"),
}  # fmt: skip


class _Refused(Exception):
    """An answer for the service instead of a code: ``error`` of OAuth or OpenID Connect."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.oauth: Request | None = None
        self.uri = ""
        self.told = {"error": error, **({"error_description": description} if description else {})}


@dataclass(frozen=True)
class Asked:
    """An authorization request that can be answered; ``uri`` is a registered address."""

    oauth: Request
    service: Service
    uri: str
    scope: str
    prompt: frozenset[str]
    max_age: int | None
    claims: tuple[str, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of personal data that it asks for."""
        return openid.rules.kinds_of(self.scope, self.claims) & frozenset(self.service.kinds)

    def details(self) -> dict[str, Any]:
        """Return what the tokens need of it later."""
        data = self.oauth.payload.data
        return {
            "redirect_uri": self.uri, "nonce": data.get("nonce", ""), "claims": list(self.claims),
            "challenge": data.get("code_challenge", ""),
        }  # fmt: skip


def read(request: HttpRequest) -> Asked:
    """Read and check an authorization request (its query); `OAuth2Error`, `_Refused`.

    An error without an address to lead back to is for the person: nobody may be led to an address that
    is not registered.
    """
    oauth = Request(request, request.GET)
    if any(len(request.GET.getlist(name)) > 1 for name in ONCE):
        raise InvalidRequestError("A parameter is given more than once")
    if len(request.META.get("QUERY_STRING", "")) > 4000:
        raise InvalidRequestError("The request is too long")
    grant = SERVER.get_consent_grant(oauth, end_user=True)
    data = oauth.payload.data
    row = grant.request.client.row
    try:
        claims = tuple(openid.rules.claims_asked(data.get("claims", "")))
        for name in ("request", "request_uri"):
            if name in data:
                raise _Refused(f"{name}_not_supported")
        if data.get("response_mode", "query") != "query":
            raise _Refused("invalid_request", "Only response_mode query is supported")
        prompt = frozenset(data.get("prompt", "").split())
        if not prompt <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
            account = "select_account" in prompt
            raise _Refused("account_selection_required" if account else "invalid_request", "prompt")
        max_age = data.get("max_age", "")
        if max_age and not (max_age.isascii() and max_age.isdecimal() and len(max_age) < 10):
            raise _Refused("invalid_request", "max_age is no number of seconds")
    except SonaeError as error:
        raise InvalidRequestError(
            "claims is no JSON object", redirect_uri=grant.redirect_uri
        ) from error
    except _Refused as refused:
        refused.oauth, refused.uri = oauth, grant.redirect_uri
        raise
    seconds = int(max_age) if max_age else None
    return Asked(oauth, row, grant.redirect_uri, oauth.scope, prompt, seconds, claims)


@csrf_exempt
@never_cache
@audience(Audience.PUBLIC)
def authorize(request: HttpRequest) -> HttpResponse:
    """Lead a person who comes from a service through signing in and consent, and back to it."""
    if request.method == "POST":
        # A form of another site brings no cookie of ours; the address it leads to does.
        return HttpResponseRedirect(f"{request.path}?{request.POST.urlencode()}")
    return _answered(request, _next)


def _answered(
    request: HttpRequest, step: Callable[[HttpRequest, Asked], HttpResponse]
) -> HttpResponse:
    """Read the request, take a step, and say what is wrong to whom it may be said."""
    if is_exercise():
        raise SonaeError("not_found", _("訓練の中では、ほかのサービスにログインできません。"))
    oauth, uri = Request(request, request.GET), ""
    try:
        asked = read(request)
        oauth, uri = asked.oauth, asked.uri
        return step(request, asked)
    except _Refused as refused:
        Way(request).over()
        oauth, uri = refused.oauth or oauth, refused.uri or uri
        return SERVER.back(oauth, uri, refused.told)
    except OAuth2Error as error:
        told = {"error": error.error, "error_description": error.get_error_description()}
        if error.redirect_uri:
            return SERVER.back(oauth, error.redirect_uri, told)
        return render(request, "oauth/wrong.html", told, status=400)


def _next(request: HttpRequest, asked: Asked) -> HttpResponse:
    """Take the next step that is left: sign in, sign in again, ask, or lead back."""
    actor, way = actor_of(request), Way(request)
    if actor.role is None:
        return _to_login(request, asked, way, "/accounts/login/")
    person = Resident.objects.filter(pk=actor.resident_id or 0).first()
    if actor.role is not Role.RESIDENT or person is None:
        if "none" in asked.prompt:
            raise _Refused("access_denied")
        return render(request, "oauth/not_you.html", {"service": asked.service}, status=403)
    how = authenticated(request)
    if _stale(asked, way, how.at.timestamp()):
        return _to_login(request, asked, way, "/accounts/reauthenticate/")
    if way.answered == "refused":
        return _leave(request, way, _denied)
    to_ask = _to_ask(actor, asked, way, person)
    if to_ask is not None:
        if "none" in asked.prompt:
            raise _Refused("consent_required")
        return _page(request, asked, to_ask, person)
    return _leave(request, way, lambda: _with_code(request, actor, asked, way))


def _denied() -> HttpResponse:
    raise _Refused("access_denied", "The person does not want to sign in to the service")


def _leave(request: HttpRequest, way: Way, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Lead back to the service; by a page of ours in between, where the browser comes from a form."""
    if way.hop:
        way.hop = False
        way.keep()
        return render(request, "oauth/onward.html", {"address": request.get_full_path()})
    return answer()


def _with_code(request: HttpRequest, actor: Actor, asked: Asked, way: Way) -> HttpResponse:
    """Begin the sign-in and lead back with its code."""
    use = openid.using.begin(actor, asked.service)
    code = openid.signins.begin(
        request.user, use, authenticated(request), asked.details(), asked.scope, way.occasion  # type: ignore[arg-type]
    )  # fmt: skip
    way.over()
    return SERVER.back(asked.oauth, asked.uri, {"code": code})


def _to_login(request: HttpRequest, asked: Asked, way: Way, page: str) -> HttpResponse:
    """Lead to a page where the person proves who it is, and back here."""
    if "none" in asked.prompt:
        raise _Refused("login_required")
    way.login_since, way.hop = clock.now().timestamp(), True
    way.keep()
    return HttpResponseRedirect(f"{page}?next={quote(request.get_full_path())}")


def _stale(asked: Asked, way: Way, at: float) -> bool:
    """Tell whether the person must prove again who it is: wanted by the service, or too long ago."""
    if way.login_since and at >= way.login_since:
        return False
    if "login" in asked.prompt:
        return True
    return asked.max_age is not None and clock.now().timestamp() - at > asked.max_age


def _to_ask(actor: Actor, asked: Asked, way: Way, person: Resident) -> frozenset[str] | None:
    """Return about which kinds the person is to be asked now (maybe none), None when nothing is left."""
    if way.answered:
        return None
    wish = consent.preferences([person.pk]).get(person.pk, consent.ASK_UNLESS_CHOSEN)
    wanted = frozenset(asked.service.kinds) if wish == "first_only" else asked.kinds
    made = openid.using.decided(asked.service, person, wanted, "", recorded=False)
    again = wish == "every_time" or "consent" in asked.prompt
    left = made.open
    if again and not person.shielded:
        left |= asked.kinds
    known = openid.using.use_of(asked.service, person.pk) is not None
    return None if known and not left and not again else left


def _page(
    request: HttpRequest, asked: Asked, kinds: frozenset[str], person: Resident
) -> HttpResponse:
    """Show what the service is and what it wants to know, in two columns.

    Where the law gives in an emergency, there is nothing to choose, and that is said.
    """
    row = asked.service
    law = openid.using.by_law(row, person)
    held = openid.using.standing(actor_of(request), row)
    context = {
        "service": row, "tier": TIERS[row.tier], "shielded": person.shielded,
        "address": f"/oauth/consent?{request.META.get('QUERY_STRING', '')}",
        "kinds": [
            (code, words.data_kind(code), code in held["peacetime"].given,
             code in held["emergency"].given, code in law)
            for code in words.DATA_KINDS if code in kinds
        ],
        "body": words.supporter(row.body) if row.body else "",
    }  # fmt: skip
    return render(request, "oauth/consent.html", context)


@never_cache
@audience(Audience.RESIDENT)
def answer(request: HttpRequest) -> HttpResponse:
    """Take what the person answered on our page, and go on."""
    if request.method != "POST":
        return HttpResponseRedirect(f"/oauth/authorize?{request.META.get('QUERY_STRING', '')}")
    return _answered(request, _answer)


def _answer(request: HttpRequest, asked: Asked) -> HttpResponse:
    actor, way = actor_of(request), Way(request)
    person = Resident.objects.filter(pk=actor.resident_id or 0).first()
    if person is None:
        raise _Refused("access_denied")
    if request.POST.get("verb") == "allow":
        _keep(actor, asked, way, person, request.POST)
    else:
        way.answered = "refused"
    way.hop = True
    way.keep()
    return HttpResponseRedirect(f"/oauth/authorize?{request.META.get('QUERY_STRING', '')}")


def _keep(actor: Actor, asked: Asked, way: Way, person: Resident, post: Any) -> None:
    """Keep the answers about the kinds that were asked about."""
    wish = consent.preferences([person.pk]).get(person.pk, consent.ASK_UNLESS_CHOSEN)
    kinds = _to_ask(actor, asked, way, person) or frozenset()
    given: Mapping[str, frozenset[str]] = {
        phase: frozenset(post.getlist(phase)) & kinds for phase in openid.using.PHASES
    }
    way.answered, way.occasion = "given", str(uuid4()) if wish == "every_time" else ""
    openid.using.begin(actor, asked.service)
    if kinds:
        openid.using.answer(actor, asked.service, kinds, given, way.occasion)
