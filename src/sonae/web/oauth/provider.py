"""The authorization server: Authlib's flows over our tables, with what it leaves open closed.

Closed here: PKCE by S256 for everybody (one switch per old service), ``iss`` in every answer (RFC 9207),
codes and refresh tokens good once, where a second use ends the sign-in and all that came of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from authlib.common.urls import add_params_to_uri
from authlib.integrations.django_oauth2 import AuthorizationServer
from authlib.integrations.django_oauth2.requests import DjangoOAuth2Payload
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    grants,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from sonae.core import clock
from sonae.domains.openid import interface as openid
from sonae.web.oauth.clients import Client, Code, Held, Refresh

CLIENT_AUTH: Final = ["client_secret_basic", "client_secret_post", "none"]
ONCE: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method", "prompt", "max_age", "claims", "response_mode", "acr_values",
)  # fmt: skip
"""Parameters that an authorization request may carry once (RFC 6749 3.1)."""


_ISSUER: ContextVar[str] = ContextVar("sonae_issuer")


def issuer(request: HttpRequest) -> str:
    """Return who we are: SONAE_ISSUER, else the address as asked (its host is one of SONAE_HOSTS)."""
    return settings.ISSUER.rstrip("/") or f"{request.scheme}://{request.get_host()}"


class Request(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib reads it: an authorization by its query, all else by its form alone."""

    def __init__(self, request: HttpRequest, data: QueryDict | None = None) -> None:
        """``data``: the parameters, where they are not the form's."""
        # TLS ends at the city's proxy; whether the way to it is safe is not ours to see.
        super().__init__(request.method, f"https://{request.get_host()}{request.path}")
        self.headers = request.headers
        self.http = request
        read = data if data is not None else request.POST
        self.payload = _Payload(read)
        self._form = request.POST
        self.issuer = issuer(request)
        _ISSUER.set(self.issuer)

    @property
    def form(self) -> QueryDict:
        """The form."""
        return self._form


class _Payload(DjangoOAuth2Payload):  # type: ignore[misc]
    """The parameters of one place, never of query and form mixed."""

    def __init__(self, read: QueryDict) -> None:
        self._read = read
        self.__dict__["data"] = read.dict()
        self.__dict__["datalist"] = {name: read.getlist(name) for name in read}


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server on our tables."""

    def __init__(self) -> None:
        """Register grants and endpoints."""
        super().__init__(None, None)
        self.scopes_supported = list(openid.rules.SCOPES)
        self.register_token_generator("default", _tokens)
        self.register_grant(CodeGrant, [Pkce(), IdToken()])
        self.register_grant(RefreshGrant)
        self.register_grant(MachineGrant)
        for endpoint in (Revocation, Introspection, Logout):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> Client | None:
        """Return a registered service that is not stopped."""
        row = openid.service(client_id)
        return Client(row) if row else None

    def save_token(self, token: dict[str, Any], request: Request) -> None:
        """Do nothing: access tokens carry what they say, refresh tokens were kept when made."""

    def create_oauth2_request(self, request: HttpRequest | Request) -> Request:
        """Return the request as Authlib reads it."""
        return request if isinstance(request, Request) else Request(request)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nobody listens."""

    def back(self, request: Request, uri: str, params: Mapping[str, str]) -> HttpResponse:
        """Lead back to a service, with ``state`` and who we are (RFC 9207), by query or form."""
        told = dict(params)
        if state := request.payload.state:
            told["state"] = state
        told["iss"] = request.issuer
        return HttpResponse(
            status=302, headers={"Location": add_params_to_uri(uri, list(told.items()))}
        )


class Pkce(CodeChallenge):  # type: ignore[misc]
    """PKCE by S256 for every service, with a secret or without (RFC 9700)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse a request without a challenge, or with one that is not hashed."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            if grant.request.client.row.without_pkce and "code_challenge_method" not in data:
                return
            raise InvalidRequestError("PKCE is required: send code_challenge with S256")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Only code_challenge_method S256 is supported")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """The authorization code flow."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = CLIENT_AUTH

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Return the sign-in of a code; a code that comes again has ended it."""
        row = openid.signins.by_code(code, client.row)
        return Code(row) if row else None

    def authenticate_user(self, authorization_code: Code) -> openid.ServiceLogin | None:
        """Use the code up: whoever comes second gets nothing, and the first loses what it got."""
        row = authorization_code.row
        return row if openid.signins.redeem(row) else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing: it was used up, and is kept to know it again."""


class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]
    """Refreshing, with a new refresh token each time."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = CLIENT_AUTH
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        """Return a refresh token that is good; one that was used before has ended its sign-in."""
        row = openid.signins.by_refresh(refresh_token)
        return Refresh(row) if row else None

    def authenticate_user(self, refresh_token: Refresh) -> openid.ServiceLogin:
        """Use the token up; `InvalidGrantError` for whoever comes second."""
        if not openid.signins.use_refresh(refresh_token.row):
            raise InvalidGrantError()
        return refresh_token.login

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        """Do nothing: it was used up."""


class MachineGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """A program for itself."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = CLIENT_AUTH[:2]

    def validate_requested_scope(self) -> None:
        """Refuse scopes that are about a person who signed in."""
        asked = (self.request.payload.scope or "").split()
        if not set(asked) <= set(openid.rules.MACHINE_SCOPES) & set(self.request.client.row.scopes):
            raise InvalidScopeError()


def _tokens(
    grant_type: str, client: Client, user: openid.ServiceLogin | None = None,
    scope: str | None = None, expires_in: int | None = None, include_refresh_token: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Return the answer of the token endpoint; ``user`` is the sign-in, None for a program itself."""
    allowed = client.get_allowed_scope(scope)
    if user is None and not allowed:
        allowed = " ".join(set(openid.rules.MACHINE_SCOPES) & set(client.row.scopes))
    made: dict[str, Any] = {
        "access_token": openid.tokens.access_token(_ISSUER.get(), client.row, user, allowed),
        "token_type": "Bearer",
        "expires_in": int(openid.rules.ACCESS_LIFE.total_seconds()),
        "scope": allowed,
    }
    if user is not None and include_refresh_token and client.check_grant_type("refresh_token"):
        made["refresh_token"] = openid.signins.refresh_token(user)
    return made


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token: who, how and when. Personal data are given at UserInfo alone."""

    def exists_nonce(self, nonce: str, request: Request) -> bool:
        """Return False: the code is good once, and the nonce is the service's own to check."""
        return False

    def resolve_client_private_key(self, client: Client) -> Any:
        """Return the key that signs now."""
        return openid.keys.signer()

    def get_encode_header(self, client: Client) -> dict[str, str]:
        """Return the header with the key's id."""
        return {"alg": openid.keys.ALGORITHM, "kid": str(openid.keys.signer().kid)}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """Return issuer, audience and times."""
        now = int(clock.now().timestamp())
        life = int(openid.rules.ACCESS_LIFE.total_seconds())
        return {"iss": _ISSUER.get(), "aud": client.row.client_id, "iat": now, "exp": now + life}

    def generate_user_info(self, user: openid.ServiceLogin, scope: str) -> dict[str, str]:
        """Return the person as this service knows it, and this sign-in alone for its logout.

        A word for the browser's session would be the same at every service, and join what ``sub`` parts.
        """
        return {"sub": user.sub, "sid": str(user.key)}


class _TokenOf:
    """Finding a token by its text, whatever the hint says."""

    CLIENT_AUTH_METHODS: Sequence[str] = CLIENT_AUTH

    def query_token(self, token_string: str, token_type_hint: str | None) -> Held | Refresh | None:
        """Return an access or refresh token that holds, or None."""
        access = openid.tokens.read(_ISSUER.get(), token_string)
        if access is not None:
            return Held(access)
        refresh = openid.signins.peek(token_string)
        return Refresh(refresh) if refresh else None


class Revocation(_TokenOf, RevocationEndpoint):  # type: ignore[misc]
    """Revocation (RFC 7009): with one token goes the sign-in and every other of it."""

    def revoke_token(self, token: Held | Refresh, request: Request) -> None:
        """End the sign-in; a program's own token runs out by itself within minutes."""
        if token.login is not None:
            openid.signins.end([token.login.pk], "revoked")


class Introspection(_TokenOf, IntrospectionEndpoint):  # type: ignore[misc]
    """Introspection (RFC 7662), for the service a token belongs to."""

    CLIENT_AUTH_METHODS = CLIENT_AUTH[:2]

    def check_permission(self, token: Held | Refresh, client: Client, request: Request) -> bool:
        """Tell whether the token is the service's own."""
        return token.check_client(client)

    def introspect_token(self, token: Held | Refresh) -> dict[str, Any]:
        """Return what there is to say of it."""
        return token.told(_ISSUER.get())


class Logout(EndSessionEndpoint):  # type: ignore[misc]
    """RP-initiated logout; the view asks the person where a request proves nothing."""

    def get_server_jwks(self) -> Any:
        """Return our public keys."""
        return openid.keys.key_set()

    def get_algorithms(self) -> list[str]:
        """Return the one algorithm that we sign with."""
        return [openid.keys.ALGORITHM]

    def end_session(self, end_session_request: Any) -> None:
        """Do nothing: the view ends the session, which is Django's."""


SERVER: Final = Server()
