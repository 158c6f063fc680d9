"""Access tokens as signed JSON (RFC 9068): made and read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from sonae.core import clock
from sonae.domains.openid import keys, rules, signins
from sonae.domains.openid.models import Service, ServiceLogin
from sonae.domains.openid.services import service


@dataclass(frozen=True)
class Access:
    """An access token that holds: whose, by which sign-in (None: the program itself), for what."""

    service: Service
    login: ServiceLogin | None
    scope: str
    claims: dict[str, Any]


def access_token(issuer: str, row: Service, login: ServiceLogin | None, scope: str) -> str:
    """Return a new access token of a service, for a sign-in or (None) for itself."""
    now, key = int(clock.now().timestamp()), keys.signer()
    claims: dict[str, Any] = {
        "iss": issuer, "aud": [issuer, row.client_id], "client_id": row.client_id, "iat": now,
        "exp": now + int(rules.ACCESS_LIFE.total_seconds()), "jti": secrets.token_urlsafe(16),
        "scope": scope, "sub": login.sub if login else row.client_id,
    }  # fmt: skip
    if login:
        claims |= {
            "login": str(login.key), "acr": login.acr, "amr": login.amr,
            "auth_time": int(login.authenticated_at.timestamp()),
        }  # fmt: skip
    header = {"alg": keys.ALGORITHM, "typ": "at+jwt", "kid": str(key.kid)}
    return jwt.encode(header, claims, key)


def read(issuer: str, token: str) -> Access | None:
    """Return what an access token of ours opens now; None for anything else."""
    try:
        found = jwt.decode(token, keys.key_set(), algorithms=[keys.ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    claims, now = found.claims, clock.now().timestamp()
    ours = found.header.get("typ") == "at+jwt" and claims.get("iss") == issuer
    if not ours or not claims["iat"] - 60 <= now < claims["exp"]:
        return None
    login = signins.by_key(claims["login"]) if "login" in claims else None
    row = service(claims["client_id"])
    if row is None or ("login" in claims and (login is None or login.service_id != row.pk)):
        return None
    return Access(row, login, claims["scope"], claims)
