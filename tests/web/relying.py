"""A relying party in a few lines: what a service does over HTTP, for tests on Django's own client."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from sonae.domains.openid import interface as openid
from sonae.domains.openid.interface import Registration, Service

BACK = "https://care.example.jp/callback"
SCOPE = "openid profile address phone email needs offline_access"


@dataclass
class Party:
    """One service with its secret, and the verifier of its last request."""

    row: Service
    secret: str
    uri: str = BACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def query(self, **changes: str | None) -> str:
        """The query of an authorization request; a change to None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked: dict[str, str | None] = {
            "response_type": "code", "client_id": self.row.client_id, "redirect_uri": self.uri,
            "scope": "openid profile", "state": "st", "nonce": "no",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256", **changes,
        }  # fmt: skip
        return urlencode({name: value for name, value in asked.items() if value is not None})

    def ask(self, browser: Client, **changes: str | None) -> Any:
        """Send a browser to us with an authorization request."""
        return browser.get(f"/oauth/authorize?{self.query(**changes)}")

    def answer(self, browser: Client, form: Mapping[str, Any], **changes: str | None) -> Any:
        """Answer our consent page and follow it as far as the service's own address."""
        query = self.query(**changes)
        assert browser.post(f"/oauth/consent?{query}", form).status_code == 302
        onward = browser.get(f"/oauth/authorize?{query}")
        assert b"http-equiv" in onward.content
        return browser.get(f"/oauth/authorize?{query}")

    def post(self, path: str, **form: str) -> Any:
        """Call one of the endpoints for programs, with the secret by HTTP Basic."""
        pair = base64.b64encode(f"{self.row.client_id}:{self.secret}".encode()).decode()
        return Client().post(f"/oauth/{path}", form, headers={"Authorization": f"Basic {pair}"})

    def redeem(self, answer: Any, **changes: str) -> Any:
        """Bring the code of an answer to the token endpoint."""
        form = {
            "grant_type": "authorization_code", "code": told(answer)["code"],
            "redirect_uri": self.uri, "code_verifier": self.verifier,
        }  # fmt: skip
        return self.post("token", **{**form, **changes})

    def refresh(self, token: str) -> Any:
        """Refresh."""
        return self.post("token", grant_type="refresh_token", refresh_token=token)

    def info(self, token: str) -> Any:
        """Ask UserInfo."""
        return Client().get("/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})


def party(name: str = "見守りアプリ", **given: Any) -> Party:
    """Register a service."""
    values: dict[str, Any] = {
        "redirect_uris": [BACK], "grants": ["authorization_code", "refresh_token"], "scope": SCOPE,
        "operator": "見守り社", "purpose": "ひとり暮らしの人の見守り",
    }  # fmt: skip
    row, secret = openid.register(Registration(name, **{**values, **given}))
    return Party(row, secret, row.redirect_uris[0] if row.redirect_uris else "")


def told(answer: Any) -> dict[str, str]:
    """The parameters with which a browser is led back to the service."""
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return {
        name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()
    }
