"""A service, a sign-in and a refresh token as Authlib asks for them."""

from __future__ import annotations

import hmac
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from sonae.core import clock
from sonae.domains.openid import interface as openid
from sonae.domains.openid.interface import RefreshToken, Service, ServiceLogin


class Client(ClientMixin):  # type: ignore[misc]
    """A registered service; what it may use is what it was registered with."""

    def __init__(self, row: Service) -> None:
        """``row``: the service."""
        self.row = row
        self.client_metadata = {"post_logout_redirect_uris": row.logout_uris}

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.row.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return None: a request always says where it wants to be led back to."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what is registered of a scope, in the order in which it was asked for."""
        asked = dict.fromkeys((scope or "").split())
        return " ".join(one for one in asked if one in self.row.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether an address is registered, character by character."""
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether it is the service's secret."""
        given = openid.rules.hashed(client_secret)
        return bool(self.row.secret_hash) and hmac.compare_digest(self.row.secret_hash, given)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the service may prove itself so: with its secret, or having none, without."""
        return (method == "none") is not bool(self.row.secret_hash)

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether it may ask for this: for a code, if people sign in to it."""
        return response_type == "code" and "authorization_code" in self.row.grants

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether it is registered for a grant."""
        return grant_type in self.row.grants


class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """The code of a sign-in that has just begun."""

    def __init__(self, row: ServiceLogin) -> None:
        """``row``: the sign-in."""
        self.row = row
        self.code_challenge = row.asked_for.get("challenge", "")
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """Return where the person was led back to."""
        return str(self.row.asked_for["redirect_uri"])

    def get_scope(self) -> str:
        """Return the scope of the sign-in."""
        return self.row.scope

    def get_nonce(self) -> str:
        """Return the nonce that the service sent."""
        return str(self.row.asked_for.get("nonce", ""))

    def get_auth_time(self) -> int:
        """Return when the person signed in with us, in seconds since 1970."""
        return int(self.row.authenticated_at.timestamp())

    def get_acr(self) -> str:
        """Return how strong that was."""
        return self.row.acr

    def get_amr(self) -> list[str]:
        """Return by what means."""
        return list(self.row.amr)


class Refresh(TokenMixin):  # type: ignore[misc]
    """A refresh token that is good."""

    def __init__(self, row: RefreshToken) -> None:
        """``row``: the refresh token with its sign-in."""
        self.row = row
        self.login = row.login

    def check_client(self, client: Client) -> bool:
        """Tell whether it belongs to a service."""
        return bool(self.login.service_id == client.row.pk)

    def get_scope(self) -> str:
        """Return the scope of the sign-in."""
        return self.login.scope

    def is_expired(self) -> bool:
        """Tell whether its time is over."""
        return bool(self.row.expires_at <= clock.now())

    def is_revoked(self) -> bool:
        """Tell whether its sign-in has ended."""
        return not openid.signins.alive(self.login)

    def told(self, issuer: str) -> dict[str, Any]:
        """Return what introspection says of it."""
        return {
            "active": True, "client_id": self.login.service.client_id, "scope": self.login.scope,
            "sub": self.login.sub, "iss": issuer, "exp": int(self.row.expires_at.timestamp()),
            "iat": int(self.row.made_at.timestamp()), "token_type": "refresh_token",
        }  # fmt: skip


class Held(TokenMixin):  # type: ignore[misc]
    """An access token that holds."""

    def __init__(self, access: openid.tokens.Access) -> None:
        """``access``: what the token opens."""
        self.access = access
        self.login = access.login

    def check_client(self, client: Client) -> bool:
        """Tell whether it belongs to a service."""
        return bool(self.access.service.pk == client.row.pk)

    def is_expired(self) -> bool:
        """Return False: it was read as one that holds."""
        return False

    def is_revoked(self) -> bool:
        """Return False: it was read as one that holds."""
        return False

    def told(self, issuer: str) -> dict[str, Any]:
        """Return what introspection says of it."""
        names = ("iss", "aud", "client_id", "scope", "sub", "iat", "exp", "jti", "acr", "auth_time")
        known = {name: self.access.claims[name] for name in names if name in self.access.claims}
        return {"active": True, "token_type": "Bearer", **known}
