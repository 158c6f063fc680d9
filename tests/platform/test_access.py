"""Access: every route names its audience, and exactly that audience comes in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, path, resolve
from django.urls.converters import IntConverter, StringConverter, UUIDConverter

from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import Account
from sonae.platform import problems
from sonae.platform.access import (
    ROLES,
    SYSTEM,
    Actor,
    Audience,
    Role,
    audience,
    declared,
    permits,
    require,
)
from tests.fixtures import CODE, City

SAMPLES = {
    IntConverter: "1",
    StringConverter: "x",
    UUIDConverter: "0197c2aa-0000-7000-8000-000000000000",
}


@dataclass(frozen=True)
class Route:
    """One route: its pattern as written and an address that it answers."""

    written: str
    address: str


def _sample(pattern: Any) -> str:
    """An address for one pattern: every converter replaced by a value it takes."""
    converters = getattr(pattern, "converters", {})

    def value(match: re.Match[str]) -> str:
        converter = converters.get(match["name"])
        return next((text for kind, text in SAMPLES.items() if isinstance(converter, kind)), "x")

    return re.sub(r"<(?:\w+:)?(?P<name>\w+)>", value, str(pattern))


def routes(patterns: Any = None, written: str = "", address: str = "/") -> Iterator[Route]:
    """Walk all routes of the site."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        here = written + str(one.pattern), address + _sample(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, *here)
        elif isinstance(one, URLPattern):
            yield Route(*here)


ALL = list(routes())


def audiences_of(route: Route) -> frozenset[Audience] | None:
    return declared(resolve(route.address))


def test_the_walk_sees_the_site() -> None:
    seen = {route.address for route in ALL}
    assert {"/", "/healthz", "/accounts/login/", "/staff/"} <= seen
    assert len(seen) > 40


@pytest.mark.parametrize("route", ALL, ids=lambda route: route.written or "/")
def test_every_route_names_its_audience(route: Route) -> None:
    assert audiences_of(route), "add @audience(...) to the view"


@pytest.fixture
def clients(city: City) -> dict[Role | None, Client]:
    """A client of every role, and of nobody."""
    made: dict[Role | None, Client] = {None: Client(raise_request_exception=False)}
    for role in Role:
        account = Account.objects.create_user(
            f"{role.value}@example.jp", role=role.value, municipality=CODE, name=role.value,
            resident_pk=city.residents["備 太郎"].pk if role is Role.RESIDENT else None,
        )  # fmt: skip
        made[role] = Client(raise_request_exception=False)
        made[role].force_login(account)
    return made


def turned_away(answer: HttpResponse) -> bool:
    """Whether the middleware refused: sent to sign in, or 401/403 with its code."""
    if answer.status_code == 302:
        return answer["Location"].startswith("/accounts/login/?next=")
    if answer.status_code not in (401, 403):
        return False
    if answer["Content-Type"] == "application/problem+json":
        return json.loads(answer.content)["code"] in ("sign_in", "forbidden", "undeclared")
    return "（forbidden）" in answer.content.decode()


def test_roles_are_admitted_and_refused_as_declared(
    clients: dict[Role | None, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The check alone is under test: what the views then do has its own tests.
    wrong = []
    for route in ALL:
        match = resolve(route.address)
        stub = audience(*(audiences_of(route) or ()))(lambda request, *a, **k: HttpResponse("in"))
        with monkeypatch.context() as patch:
            patch.setattr("django.urls.resolvers.ResolverMatch.__getitem__", _with(stub, match))
            for role, client in clients.items():
                answer = client.get(route.address)
                expected = permits(audiences_of(route) or frozenset(), role)
                if turned_away(answer) is expected or (expected and answer.content != b"in"):
                    wrong.append((route.address, role, answer.status_code))
    assert wrong == []


def _with(view: Any, match: Any) -> Any:
    """ResolverMatch unpacks as (view, args, kwargs): let it give our view."""

    def item(self: Any, index: int) -> Any:
        return (view if self.route == match.route else self.func, self.args, self.kwargs)[index]

    return item


def test_in_the_exercise_every_page_asks_who_you_are(clients: dict[Role | None, Client]) -> None:
    for address in ("/", "/where/", "/shelters/"):
        assert clients[None].get(address).status_code == 200
        assert clients[None].get(f"/drill{address}")["Location"].startswith("/accounts/login/")
        assert clients[Role.VIEWER].get(f"/drill{address}").status_code == 200


@pytest.mark.parametrize("role", [None, *Role])
def test_roles_and_audiences_fit(role: Role | None) -> None:
    for one in Audience:
        admitted = permits(frozenset({one}), role)
        if one in (Audience.PUBLIC, Audience.TERMINAL, Audience.CLIENT):
            assert admitted
        else:
            assert admitted is (role in ROLES[one])
    assert not permits(frozenset(), role)


def test_every_audience_but_the_open_ones_has_its_roles() -> None:
    assert set(ROLES) == set(Audience) - {Audience.PUBLIC, Audience.TERMINAL, Audience.CLIENT}
    assert all(ROLES.values())


def test_declared_third_party_audiences_exist_and_are_not_too_wide() -> None:
    names = {resolve(route.address).view_name for route in ALL}
    for pattern, audiences in settings.SONAE_AUDIENCES.items():
        assert {Audience(one) for one in audiences}
        hits = [
            name for name in names
            if name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))
        ]  # fmt: skip
        assert hits, f"SONAE_AUDIENCES names {pattern}, which is no route"


def open_view() -> Any:
    return lambda request: HttpResponse("nobody said who may see this")


def failing(request: HttpRequest) -> HttpResponse:
    raise SonaeError(request.GET["code"], "だめです", "こうしてください")


urlpatterns = [
    path("undeclared/", open_view()),
    path("api/v1/undeclared/", open_view()),
    path("failing/", audience(Audience.PUBLIC)(failing)),
    path("api/v1/failing/", audience(Audience.PUBLIC)(failing)),
    path("staff/", audience(Audience.STAFF)(open_view())),
    path("api/v1/staff/", audience(Audience.STAFF)(open_view())),
    path("", audience(Audience.PUBLIC)(open_view()), name="front"),
]


@pytest.fixture
def here() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.mark.usefixtures("here", "city")
def test_a_route_without_audience_is_closed_to_everyone(clients: dict[Role | None, Client]) -> None:
    for client in clients.values():
        answer = client.get("/api/v1/undeclared/")
        assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "undeclared")
        assert client.get("/undeclared/").status_code == 403


@pytest.mark.usefixtures("here", "city")
def test_programs_get_problems_and_people_get_pages() -> None:
    client = Client()
    program = client.get("/api/v1/staff/")
    assert program.status_code == 401
    assert program["WWW-Authenticate"].startswith("Bearer")
    assert program["Content-Type"] == "application/problem+json"
    asked = client.get("/staff/", headers={"Accept": "application/json"})
    assert asked.status_code == 401
    person = client.get("/staff/")
    assert person["Location"] == "/accounts/login/?next=/staff/"


@pytest.mark.usefixtures("here", "city")
@pytest.mark.parametrize("code", [*problems.STATUS, "some_new_code"])
def test_every_refusal_has_one_shape(code: str) -> None:
    status = problems.STATUS.get(code, 422)
    answer = Client().get(f"/api/v1/failing/?code={code}")
    body = json.loads(answer.content)
    assert answer.status_code == body["status"] == status
    assert body["type"] == f"urn:sonae:problem:{code}"
    assert (body["code"], body["detail"], body["hint"]) == (code, "だめです", "こうしてください")
    assert body["title"]
    if code != "sign_in":
        page = Client().get(f"/failing/?code={code}")
        assert page.status_code == status
        assert "だめです" in page.content.decode()
        assert "こうしてください" in page.content.decode()


def test_a_view_is_declared_once() -> None:
    view = audience(Audience.STAFF)(open_view())
    assert audience(Audience.STAFF)(view) is view
    with pytest.raises(ValueError, match="twice"):
        audience(Audience.PUBLIC)(view)


def test_services_check_the_actor_too() -> None:
    require(SYSTEM, Audience.APPROVER)
    require(Actor("account:1", Role.APPROVER), Audience.OPERATOR)
    for actor in (Actor("account:1", Role.OPERATOR), Actor("anonymous", None), Actor("x", None)):
        with pytest.raises(SonaeError, match="forbidden"):
            require(actor, Audience.APPROVER)
