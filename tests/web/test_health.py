"""/healthz and /readyz: alive, and fit for work, each check seen failing."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from sonae.domains.municipalities.interface import forget_serving
from sonae.platform.models import WorkerBeat
from sonae.web import health
from tests.fixtures import City


@pytest.fixture(autouse=True)
def _look_again() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


@pytest.fixture
def worker(city: City) -> WorkerBeat:
    return WorkerBeat.objects.create(name="here:1", seen_at=time.time())


def ready() -> tuple[int, dict[str, bool]]:
    health.forget()
    answer = Client().get("/readyz")
    body = json.loads(answer.content)
    assert body["ready"] is all(body["checks"].values())
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, body["checks"]


def test_alive_without_any_question_to_the_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_ready_when_everything_is(worker: WorkerBeat) -> None:
    status, checks = ready()
    assert status == 200
    assert checks == {"database": True, "worker": True, "disk": True, "municipality": True}


def test_not_ready_without_a_worker_or_with_a_silent_one(worker: WorkerBeat) -> None:
    WorkerBeat.objects.update(seen_at=time.time() - health.WORKER_SECONDS - 5)
    assert ready() == (503, {**health.checks(), "worker": False})
    WorkerBeat.objects.all().delete()
    assert ready()[1]["worker"] is False


def test_not_ready_on_a_full_disk(worker: WorkerBeat, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage("/")._replace(free=1024)
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: full)
    status, checks = ready()
    assert status == 503
    assert checks["disk"] is False


def test_not_ready_when_nothing_can_be_written(
    worker: WorkerBeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise DatabaseError("attempt to write a readonly database")

    monkeypatch.setattr(health, "writing", broken)
    monkeypatch.setattr(health.connection, "close", lambda: None)
    assert ready()[1]["database"] is False


@pytest.mark.django_db
def test_without_a_municipality_it_answers_but_is_not_ready() -> None:
    forget_serving()
    status, checks = ready()
    assert status == 503
    assert checks["municipality"] is False
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/").status_code == 503


def test_answers_are_remembered_for_a_moment(worker: WorkerBeat) -> None:
    assert ready()[0] == 200
    WorkerBeat.objects.all().delete()
    assert Client().get("/readyz").status_code == 200
    assert ready()[0] == 503
