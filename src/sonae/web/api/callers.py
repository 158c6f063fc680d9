"""Who calls the API: a terminal by its bearer token, an account by its session, or anyone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import ExchangePartner, partners
from sonae.domains.safety import interface as safety
from sonae.platform.access import Actor, Audience, actor_of, permits
from sonae.platform.scope import is_exercise


class TerminalToken(HttpBearer):
    """``Authorization: Bearer`` with the token that `sonae reception enrol` printed."""

    def authenticate(self, request: HttpRequest, token: str) -> safety.Terminal | None:
        """Return the terminal, or None: 401."""
        return safety.terminal_by_token(token)


class PartnerKey(HttpBearer):
    """``Authorization: Bearer`` with the key of another city (`exchange.partners.enrol`)."""

    def authenticate(self, request: HttpRequest, token: str) -> ExchangePartner | None:
        """Return the city, or None: 401, also when it was stopped or its day is past."""
        return partners.partner_by_token(token)


class OperatorSession(APIKeyCookie):
    """The session of a signed-in operator, with the CSRF token that every change needs."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        """Return the actor; 401 when nobody is signed in, 403 when the role does not suffice."""
        actor = actor_of(request)
        if actor.role is None:
            return None
        if not permits(frozenset({Audience.OPERATOR}), actor.role):
            raise SonaeError("forbidden", "この操作をする権限がありません。")
        return actor


def terminal_of(request: HttpRequest) -> safety.Terminal | None:
    """Return the terminal whose token the request bears, or None."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return safety.terminal_by_token(token) if scheme.lower() == "bearer" and token else None


def require_reader(request: HttpRequest) -> None:
    """In the exercise world nothing is public: only accounts and terminals may read (decision 0002)."""
    if not is_exercise() or actor_of(request).role is not None or terminal_of(request) is not None:
        return
    raise SonaeError("sign_in", "訓練の情報は公開していません。")


def terminal_for(request: HttpRequest, shelter_id: str) -> safety.Terminal:
    """Return the calling terminal; 403 when it is enrolled for another shelter than the one named."""
    terminal: Any = getattr(request, "auth", None)
    if not isinstance(terminal, safety.Terminal):
        raise SonaeError("sign_in", "受付端末のトークンが必要です。")
    if terminal.facility.public_id != shelter_id:
        raise SonaeError(
            "forbidden",
            f"この端末は{terminal.facility.name}の受付です。",
            "端末を登録した避難所のIDで送ってください。",
        )
    return terminal
