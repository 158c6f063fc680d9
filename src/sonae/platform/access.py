"""The one access check: who may call which route. Deny by default.

Every view declares its audience with `audience`; third-party views (log-in) are declared by URL
namespace or name in `settings.SONAE_AUDIENCES`. A route without an audience is refused, and a test
walks all routes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from sonae.core.errors import SonaeError
from sonae.platform.scope import World, in_force


class Role(StrEnum):
    """What an account may do (`identity.Account.role`)."""

    RESIDENT = "resident"
    VIEWER = "viewer"
    RECEPTION = "reception"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


class Audience(StrEnum):
    """Who a route is for."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    RESIDENT = "resident"
    STAFF = "staff"
    RECEPTION = "reception"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    TERMINAL = "terminal"
    CLIENT = "client"


_LET_THROUGH = frozenset({Audience.PUBLIC, Audience.TERMINAL, Audience.CLIENT})
_ALL_STAFF = {Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR}
ROLES: dict[Audience, set[Role]] = {
    Audience.SIGNED_IN: set(Role),
    Audience.RESIDENT: {Role.RESIDENT},
    Audience.STAFF: _ALL_STAFF,
    Audience.RECEPTION: {Role.RECEPTION, Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR},
    Audience.OPERATOR: {Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR},
    Audience.APPROVER: {Role.APPROVER},
    Audience.ADMINISTRATOR: {Role.ADMINISTRATOR},
}


@dataclass(frozen=True)
class Actor:
    """Who is acting: an account, a terminal or the system itself.

    ``id`` is what the audit shows (``account:12``, ``terminal:T01``, ``system:outbox``).
    """

    id: str
    role: Role | None
    name: str = ""
    account_id: int | None = None
    resident_id: int | None = None


SYSTEM = Actor("system", None, "システム")

View = TypeVar("View", bound=Callable[..., Any])


def audience(*allowed: Audience) -> Callable[[View], View]:
    """Declare who the view is for; the last word on access for its route."""

    def declare(view: View) -> View:
        if getattr(view, "sonae_audience", frozenset(allowed)) != frozenset(allowed):
            raise ValueError(f"{view} is declared twice, for different audiences")
        view.sonae_audience = frozenset(allowed)  # type: ignore[attr-defined]
        return view

    return declare


def declared(match: ResolverMatch) -> frozenset[Audience] | None:
    """Return the audiences of a resolved route, or None when it declares none."""
    own = getattr(match.func, "sonae_audience", None)
    if own is not None:
        return frozenset(own)
    for name in (match.view_name, *match.namespaces, match.route):
        for pattern, audiences in settings.SONAE_AUDIENCES.items():
            if name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1])):
                return frozenset(Audience(a) for a in audiences)
    return None


def permits(audiences: frozenset[Audience], role: Role | None) -> bool:
    """Tell whether an account of ``role`` (None = not signed in) may use such a route.

    Terminal and client routes check their own bearer token and are let through here.
    """
    if audiences & _LET_THROUGH:
        return True
    return role is not None and any(role in ROLES[a] for a in audiences)


def require(actor: Actor, *allowed: Audience) -> None:
    """Refuse with `SonaeError('forbidden')` unless the actor may do what ``allowed`` may."""
    if actor.id == SYSTEM.id or permits(frozenset(allowed), actor.role):
        return
    raise SonaeError("forbidden", "この操作をする権限がありません。")


def _of_an_exercise() -> bool:
    """Tell whether the request belongs to the exercise world (False outside any scope)."""
    scope = in_force()
    return scope is not None and scope.world is World.EXERCISE


def actor_of(request: HttpRequest) -> Actor:
    """Return the actor of a request: the signed-in account, else an anonymous actor.

    An account of another municipality is nobody here, and an account is nobody outside any.
    """
    account = request.user
    scope = in_force()
    if not account.is_authenticated or scope is None or account.municipality != scope.municipality:
        return Actor("anonymous", None)
    return Actor(
        id=f"account:{account.pk}",
        role=Role(account.role),
        name=account.get_full_name(),
        account_id=account.pk,
        resident_id=account.resident_pk,
    )


_RESTRICTED: Final = "_sonae_restricted"


class AccessMiddleware:
    """Refuses every request whose route does not name the caller among its audience."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the check happens once the route is known.

        What is not for everybody is kept by no browser and no proxy: shelters share their machines.
        """
        response = self.get_response(request)
        if getattr(request, _RESTRICTED, False):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Check the resolved route's audience before its view runs."""
        from sonae.platform.problems import refused

        match = request.resolver_match
        audiences = declared(match) if match else None
        if audiences is None:
            return refused(request, "undeclared", 403)
        if Audience.PUBLIC in audiences and _of_an_exercise():
            # A visitor must never take an exercise for the real thing (decision 0002).
            audiences = (audiences - {Audience.PUBLIC}) | {Audience.SIGNED_IN}
        if audiences & _LET_THROUGH:
            return None
        setattr(request, _RESTRICTED, True)
        actor = actor_of(request)
        if permits(audiences, actor.role):
            return None
        if actor.role is None:
            return refused(request, "sign_in", 401)
        return refused(request, "forbidden", 403)
