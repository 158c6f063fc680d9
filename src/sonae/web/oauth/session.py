"""The browser's session with us: how somebody signed in, and how far an authorization has come."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from django.http import HttpRequest

from sonae.core import clock
from sonae.domains.openid.interface import signins
from sonae.platform.scope import in_force

_SID: Final = "openid_sid"
_WAYS: Final = "openid_ways"
_MOST_WAYS: Final = 5
_AMR: Final = {"password": "pwd", "totp": "otp", "recovery_codes": "otp", "webauthn": "pop"}
"""allauth's words → those of RFC 8176."""


def sid_of(request: HttpRequest) -> str:
    """Return the name under which we find this session's sign-ins again; no service gets it."""
    if _SID not in request.session:
        request.session[_SID] = secrets.token_urlsafe(16)
    return str(request.session[_SID])


def on_sign_out(sender: Any, request: HttpRequest, **_named: Any) -> None:
    """End the sign-ins to services of a session that ends, wherever the person signed out."""
    session = getattr(request, "session", None)
    if session is not None and _SID in session and in_force() is not None:
        signins.end_session(str(session[_SID]))


def authenticated(request: HttpRequest) -> signins.Authenticated:
    """Return how and when the person in this session proved who it is."""
    records = get_authentication_records(request, request.user)
    words = [str(one.get("type") or one.get("method", "")) for one in records]
    amr = list(dict.fromkeys(_AMR[word] for word in words if word in _AMR))
    second = "pwd" in amr and len(amr) > 1
    passkey = any(one.get("passwordless") for one in records)
    moments = [datetime.fromtimestamp(one["at"], UTC) for one in records if one.get("at")]
    at = max(moments, default=getattr(request.user, "last_login", None) or clock.now())
    strong = second or passkey
    return signins.Authenticated(
        sid_of(request), "aal2" if strong else "aal1", [*amr, "mfa"] if strong else amr, at
    )


class Way:
    """How far one authorization request has come in this session, from one page to the next.

    ``login_since``: when the person was sent to sign in for it; ``answered``: the consent was given
    or refused on our page; ``occasion``: the answer is for this sign-in alone; ``hop``: the browser
    comes from one of our forms, from which the strict policy lets it go to no other site.
    """

    def __init__(self, request: HttpRequest) -> None:
        """Read the way of this request's query."""
        self._session = request.session
        query = request.META.get("QUERY_STRING", "")
        self._name = hashlib.sha256(query.encode()).hexdigest()[:24]
        held = self._session.get(_WAYS, {}).get(self._name, {})
        self.login_since: float = held.get("login_since", 0.0)
        self.answered: str = held.get("answered", "")
        self.occasion: str = held.get("occasion", "")
        self.hop: bool = held.get("hop", False)

    def keep(self) -> None:
        """Keep how far it has come; only the last few are."""
        ways = dict(self._session.get(_WAYS, {}))
        ways.pop(self._name, None)
        ways[self._name] = {
            "login_since": self.login_since, "answered": self.answered,
            "occasion": self.occasion, "hop": self.hop,
        }  # fmt: skip
        self._session[_WAYS] = dict(list(ways.items())[-_MOST_WAYS:])

    def over(self) -> None:
        """Forget it: the person goes back to the service."""
        ways = dict(self._session.get(_WAYS, {}))
        if ways.pop(self._name, None) is not None:
            self._session[_WAYS] = ways
