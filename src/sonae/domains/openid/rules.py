"""What scopes, claims and grants mean here; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sonae.core.errors import SonaeError

SCOPE_KINDS: Final[Mapping[str, frozenset[str]]] = {
    "profile": frozenset({"name", "kana", "birth_date", "sex"}),
    "address": frozenset({"address"}),
    "phone": frozenset({"phone"}),
    "email": frozenset({"email"}),
    "needs": frozenset({"needs"}),
}
"""Scope → the kinds of personal data that it asks for (OpenID Connect Core 5.4; ``needs`` is ours)."""
MACHINE_SCOPES: Final = ("scim.read", "ngsi.read", "ngsi.write", "notifications.send")
"""Scopes of programs that act for themselves (client credentials)."""
SCOPES: Final = ("openid", *SCOPE_KINDS, "offline_access", *MACHINE_SCOPES)
CLAIMS: Final[Mapping[str, str]] = {
    "name": "name", "name#ja-Kana-JP": "kana", "birthdate": "birth_date", "gender": "sex",
    "address": "address", "phone_number": "phone", "email": "email", "urn:sonae:needs": "needs",
}  # fmt: skip
"""Claim → the kind of personal data that it tells."""
GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")
TIERS: Final = ("city", "prefecture", "state", "company")
"""Who runs a service, in the order in which residents trust them (trials of 会津若松)."""

CODE_LIFE: Final = timedelta(seconds=60)
ACCESS_LIFE: Final = timedelta(minutes=10)
SESSION_LIFE: Final = timedelta(hours=12)
"""A sign-in without ``offline_access``; it also ends with the browser's session."""
OFFLINE_LIFE: Final = timedelta(days=60)
"""A sign-in with ``offline_access``, from its last refresh."""


def hashed(token: str) -> str:
    """Return the SHA-256 of a secret, in hex: what is kept of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def kinds_of(scope: str, claims: Collection[str] = ()) -> frozenset[str]:
    """Return the kinds of personal data that a scope and single claims ask for."""
    by_scope = [SCOPE_KINDS[one] for one in scope.split() if one in SCOPE_KINDS]
    by_claim = {CLAIMS[one] for one in claims if one in CLAIMS}
    return frozenset().union(*by_scope) | by_claim


def claims_asked(text: str) -> list[str]:
    """Return the UserInfo claims that the ``claims`` parameter names (OpenID Connect Core 5.5).

    `SonaeError` ``unreadable`` for what is no JSON object of objects.
    """
    if not text:
        return []
    try:
        read = json.loads(text)
        wanted = read.get("userinfo") or {}
        # What we sign says who, how and when; personal data are given at UserInfo alone.
        return sorted(str(one) for one in {**wanted})
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise SonaeError("unreadable", "claims is no JSON object") from None


def notice_hash(told: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what people are told of a service: another text needs another consent."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def checked_uri(uri: str, what: str) -> str:
    """Return an address to lead people back to; `SonaeError` ``unprocessable`` unless it is safe.

    HTTPS with a host, HTTP on loopback alone, or a scheme of an app's own (RFC 8252), never a fragment.
    """
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    loopback = host in ("127.0.0.1", "::1", "localhost")
    web = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    good = bool(host) if web else "." in parts.scheme
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(' "<>\\^`{|}')
    if not good or not plain or parts.fragment or "#" in uri or parts.username or len(uri) > 500:
        raise SonaeError(
            "unprocessable", f"{what} {uri[:120]} は使えません。",
            "https:// で始まるアドレス（試験では http://127.0.0.1 など）を、# なしで指定してください。",
        )  # fmt: skip
    return uri


def sector_of(uris: Sequence[str]) -> str:
    """Return the one host (or app scheme) of addresses to lead back to; `SonaeError` when several."""
    hosts = {urlsplit(uri).hostname or urlsplit(uri).scheme for uri in uris}
    if len(hosts) > 1:
        raise SonaeError(
            "unprocessable", "戻り先のホストが2つ以上あります。",
            "同じ人を同じ識別子で扱うまとまりの名前を --sector で指定してください。",
        )  # fmt: skip
    return next(iter(hosts), "")


def birthdate(written: str) -> str:
    """Return a birth date as far as known in the form of a claim: YYYY-MM-DD or YYYY, else nothing."""
    return written if len(written) == 10 else written[:4]
