"""Idempotency-Key: the same POST twice is done once, on plain views and on ninja operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import Client, RequestFactory
from ninja import NinjaAPI, Schema, Status
from ninja.decorators import decorate_view

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import Account
from sonae.domains.shelters.models import FacilityStatus
from sonae.platform import idempotency, worlds
from sonae.platform.access import Role
from sonae.platform.idempotency import idempotent
from sonae.platform.models import IdempotencyRecord
from sonae.platform.scope import World
from tests.fixtures import CODE, City

PATH = "/api/v1/things"
Answer = Callable[[HttpRequest], Any]


class Thing(Schema):
    name: str


@pytest.fixture(autouse=True)
def _scope(db: None) -> Iterator[None]:
    """The plain views are called without any middleware: enter the scope for them."""
    with worlds.entered("992011"):
        yield


class Counted:
    """A view that counts its calls and answers what it is told to."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.calls = 0
        self.answer: Answer = answer or (
            lambda request: HttpResponse(f"made {self.calls}", status=201, content_type="text/x")
        )
        self.view = idempotent(self)

    def __call__(self, request: HttpRequest) -> Any:
        self.calls += 1
        return self.answer(request)

    __name__ = "counted"

    def post(self, key: str = "k1", body: str = "{}", path: str = PATH, **headers: str) -> Any:
        request = RequestFactory().post(
            path, body, content_type="application/json",
            headers={"Idempotency-Key": key, **headers} if key else headers,
        )  # fmt: skip
        request.user = AnonymousUser()
        return self.view(request)


def test_the_second_time_gets_the_stored_answer() -> None:
    thing = Counted()
    first, second = thing.post(), thing.post()
    assert thing.calls == 1
    assert (second.status_code, second.content) == (201, b"made 1") == (201, first.content)
    assert second["Content-Type"] == "text/x"
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert thing.post("k2").content == b"made 2"


def test_without_a_key_every_request_counts() -> None:
    thing = Counted()
    thing.post("")
    thing.post("")
    assert thing.calls == 2
    assert not IdempotencyRecord.objects.exists()


def test_reading_is_never_stored() -> None:
    thing = Counted()
    for _turn in range(2):
        request = RequestFactory().get(PATH, headers={"Idempotency-Key": "k"})
        request.user = AnonymousUser()
        thing.view(request)
    assert thing.calls == 2


@pytest.mark.parametrize("other", [{"body": '{"a":1}'}, {"path": "/api/v1/others"}])
def test_another_request_under_the_same_key_is_refused(other: dict[str, str]) -> None:
    thing = Counted()
    thing.post()
    refused = thing.post(**other)
    assert refused.status_code == 422
    assert json.loads(refused.content)["code"] == "idempotency_key_reused"
    assert thing.calls == 1


def test_the_key_belongs_to_the_sender() -> None:
    thing = Counted()
    answers = [thing.post(Authorization=f"Bearer {token}").content for token in ("a", "b", "a")]
    assert answers == [b"made 1", b"made 2", b"made 1"]


def test_a_second_while_the_first_is_at_work_is_asked_to_come_back() -> None:
    inner: list[Any] = []

    def answer(request: HttpRequest) -> HttpResponse:
        if not inner:
            inner.append(None)
            inner[0] = thing.post()
        return HttpResponse("done")

    thing = Counted(answer)
    assert thing.post().content == b"done"
    assert inner[0].status_code == 409
    assert int(inner[0]["Retry-After"]) > 0
    assert json.loads(inner[0].content)["code"] == "idempotency_in_progress"
    assert thing.calls == 1
    assert thing.post().content == b"done"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 409, 413, 429, 500, 502, 503])
def test_an_answer_that_invites_another_try_is_never_stored(status: int) -> None:
    thing = Counted(lambda request: HttpResponse(status=status if thing.calls == 1 else 200))
    assert [thing.post().status_code for _ in range(3)] == [status, 200, 200]
    assert thing.calls == 2


@pytest.mark.parametrize("status", [200, 201, 202, 400, 422])
def test_every_other_answer_is_stored(status: int) -> None:
    thing = Counted(lambda request: HttpResponse(b"\x00\xff", status=status))
    assert [thing.post().status_code for _ in range(2)] == [status, status]
    assert thing.post().content == b"\x00\xff"
    assert thing.calls == 1


def test_a_failing_view_gives_the_key_back() -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        if thing.calls == 1:
            raise SonaeError("unreadable", "x")
        return HttpResponse("ok")

    thing = Counted(answer)
    with pytest.raises(SonaeError):
        thing.post()
    assert thing.post().content == b"ok"


def test_a_request_that_died_frees_its_key_after_a_while() -> None:
    thing = Counted()
    thing.post()
    IdempotencyRecord.objects.update(status=0, created_at=clock.now())
    assert thing.post().status_code == 409
    long_ago = clock.now() - idempotency.CLAIM - timedelta(seconds=1)
    IdempotencyRecord.objects.update(created_at=long_ago)
    assert thing.post().content == b"made 2"
    assert thing.post().content == b"made 2"


def test_a_redirect_leads_to_the_same_place_again() -> None:
    thing = Counted(lambda request: HttpResponseRedirect(f"/orders/{thing.calls}/"))
    assert thing.post()["Location"] == thing.post()["Location"] == "/orders/1/"


def test_what_cannot_be_kept_is_not_pretended() -> None:
    thing = Counted(lambda request: StreamingHttpResponse([b"x"]))
    thing.post()
    thing.post()
    assert thing.calls == 2


def test_a_form_may_carry_the_key_and_its_csrf_token_may_change() -> None:
    thing = Counted()

    def send(**fields: Any) -> Any:
        request = RequestFactory().post(PATH, {"idempotency_key": "form-1", **fields})
        request.user = AnonymousUser()
        return thing.view(request)

    send(text="避難", csrfmiddlewaretoken="a")
    send(text="避難", csrfmiddlewaretoken="b")
    assert thing.calls == 1
    assert send(text="別", csrfmiddlewaretoken="b").status_code == 422
    file = SimpleUploadedFile("a.csv", b"1,2")
    assert send(text="避難", file=file).status_code == 422


def test_a_key_that_is_too_long_is_refused() -> None:
    thing = Counted()
    assert thing.post("x" * 201).status_code == 422
    assert thing.calls == 0


def test_old_answers_are_forgotten() -> None:
    thing = Counted()
    thing.post()
    assert idempotency.forget_before(clock.now() - timedelta(hours=1)) == 0
    assert idempotency.forget_before(clock.now() + timedelta(seconds=1)) == 1
    thing.post()
    assert thing.calls == 2


def test_a_ninja_operation_is_repeated_safely() -> None:
    api, calls = NinjaAPI(urls_namespace="idempotency-test"), []

    @api.post("/things", response={201: Thing})
    @decorate_view(idempotent)
    def make(request: HttpRequest, payload: Thing) -> Status[Thing]:
        calls.append(payload.name)
        return Status(201, payload)

    [pattern] = [p for p in api.urls[0] if getattr(p, "name", "") == "make"]
    for _turn in range(2):
        request = RequestFactory().post(
            "/things", '{"name":"備え"}', content_type="application/json",
            headers={"Idempotency-Key": "n1"},
        )  # fmt: skip
        request.user = AnonymousUser()
        answer = pattern.callback(request)
        assert (answer.status_code, json.loads(answer.content)) == (201, {"name": "備え"})
    assert calls == ["備え"]


def test_every_post_of_the_site_is_repeated_safely(city: City) -> None:
    """Through the whole server: a report of a shelter's state is stored once."""
    account = Account.objects.create_user(
        "o@example.jp", role=Role.OPERATOR.value, municipality=CODE, name="本部"
    )
    client = Client()
    client.force_login(account)
    place = city.facilities["F2"].pk
    form = {"state": "open", "note": "体育館"}
    headers = {"Idempotency-Key": "report-1"}

    def send(**changes: str) -> Any:
        return client.post(f"/staff/shelters/{place}/report/", {**form, **changes}, headers=headers)

    before = FacilityStatus.objects.count()
    first, second = send(), send()
    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == first["Location"]
    assert second["Idempotency-Replayed"] == "true"
    assert FacilityStatus.objects.count() == before + 1
    assert send(note="別の内容").status_code == 422
    stranger = Client().post(f"/staff/shelters/{place}/report/", form, headers=headers)
    assert stranger["Location"].startswith("/accounts/login/")
    with city.entered(World.EXERCISE):
        assert not FacilityStatus.objects.exists()
