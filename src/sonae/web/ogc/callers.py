"""Who asks for geodata: anybody, a member of staff by session, or a program by its access token."""

from __future__ import annotations

from django.http import HttpRequest

from sonae.core.errors import SonaeError
from sonae.domains.identity import interface as identity
from sonae.platform.access import Actor, actor_of, permits, require
from sonae.platform.scope import is_exercise
from sonae.web.opendata.sets import SETS, DataSet

SCOPE = "ogc.read"


def caller(request: HttpRequest) -> Actor:
    """Return who asks; a token that opens nothing here is refused, not taken for nobody."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return actor_of(request)
    found = identity.token_actor(token.strip(), SCOPE)
    if found is None:
        raise SonaeError("sign_in", "このトークンは使えません（期限切れ、失効、または権限なし）。")
    return found


def require_reader(request: HttpRequest, data: DataSet) -> None:
    """Refuse a set that the caller may not read; in the exercise world nothing is for everybody."""
    actor = caller(request)
    if data.public and (actor.role is not None or not is_exercise()):
        return
    if actor.role is None:
        raise SonaeError(
            "sign_in",
            "職員用のデータです。",
            "ログインするか、`sonae accounts token` のトークンを Authorization: Bearer で送ってください。",
        )
    require(actor, data.audience)


def readable(request: HttpRequest) -> list[DataSet]:
    """Return the sets that the caller may read."""
    role = caller(request).role
    if role is None and is_exercise():
        raise SonaeError("sign_in", "訓練の情報は公開していません。")
    return [one for one in SETS if one.public or permits(frozenset({one.audience}), role)]
