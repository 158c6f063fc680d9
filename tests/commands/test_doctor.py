"""``sonae doctor`` tells a fit installation from one that would fail at night."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from sonae.platform import worlds
from sonae.platform.models import OutboxEntry
from sonae.web.commands import doctor
from tests.installation import sonae


@pytest.mark.xdist_group("commands")
def test_a_fresh_installation_is_fit_to_start_and_says_what_it_lacks(home: Path) -> None:
    done = sonae(home, "doctor", "--format", "jsonl")
    found = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    for check in (
        "python",
        "sqlite",
        "space",
        "secret_key",
        "tables",
        "row_security",
        "outbox",
        "static",
    ):
        assert found[check]["state"] == "ok", found[check]
    for check in ("municipality", "mail", "address"):
        assert found[check]["state"] == "warning"
        assert found[check]["hint"]


@pytest.mark.xdist_group("commands")
def test_an_installation_that_was_never_set_up_fails(tmp_path: Path) -> None:
    done = sonae(tmp_path, "doctor", "--format", "jsonl")
    found = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert found["tables"]["state"] == "failed"
    assert "sonae setup" in found["tables"]["hint"]
    assert "municipality" not in found


@pytest.mark.parametrize(
    ("version", "state"), [((3, 40, 1), "failed"), ((3, 51, 2), "failed"), ((3, 51, 3), "ok")]
)
def test_a_sqlite_with_the_wal_bug_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], state: str
) -> None:
    fake = SimpleNamespace(sqlite_version_info=version, sqlite_version=".".join(map(str, version)))
    monkeypatch.setattr(doctor, "sqlite3", fake)
    monkeypatch.setattr(doctor, "connection", SimpleNamespace(vendor="sqlite"))
    assert doctor.sqlite().state == state


def test_the_bundled_sqlite_is_a_safe_one() -> None:
    assert sqlite3.sqlite_version_info >= doctor.SAFE_SQLITE


def test_a_full_disk_and_an_open_key_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    key = tmp_path / "secret.key"
    key.touch(0o600)
    assert doctor.secret().state == "ok"
    key.chmod(0o644)
    assert doctor.secret().state == "failed"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: SimpleNamespace(free=1e8))
    assert doctor.space().state == "failed"
    tmp_path.chmod(0o755)
    assert doctor.home().state == "warning"
    tmp_path.chmod(0o700)
    assert doctor.home().state == "ok"


@pytest.mark.django_db
def test_work_that_waits_or_failed_is_found() -> None:
    assert doctor.outbox().state == "ok"
    now = doctor.clock.SystemClock().now()
    common = {"topic": "t", "subscriber": "s", "created_at": now}
    with worlds.entered("999999"):
        OutboxEntry.objects.create(**common, state=OutboxEntry.FAILED, due_at=now.timestamp())
        assert doctor.outbox().state == "warning"
        OutboxEntry.objects.create(**common, due_at=now.timestamp() - 3600)
        assert doctor.outbox().state == "failed"


def test_no_password_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SMTP", "smtp://user:geheim@mail.example:25")
    finding = doctor.mail()
    assert finding.state == "ok"
    assert "geheim" not in str(finding)
