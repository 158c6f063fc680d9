"""``sonae setup`` on an empty home, as ./dev and an update call it: a process of its own."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from sonae.demo.cli import NO_MUNICIPALITY
from tests.installation import sonae

pytestmark = pytest.mark.xdist_group("commands")


def test_the_database_has_all_tables_and_keeps_what_it_acknowledges(home: Path) -> None:
    connection = sqlite3.connect(home / "sonae.sqlite3")
    tables = {name for (name,) in connection.execute("select name from sqlite_master")}
    assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()
    assert {"safety_sighting", "evacuation_evacuationorder", "platform_outboxentry"} <= tables


def test_the_secret_key_is_for_its_owner_only(home: Path) -> None:
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600
    assert len((home / "secret.key").read_text()) > 60


def test_static_files_are_hashed_and_compressed(home: Path) -> None:
    paths = json.loads((home / "static/staticfiles.json").read_text())["paths"]
    style = next(hashed for path, hashed in paths.items() if path.endswith(".css"))
    assert (home / "static" / style).exists()
    assert (home / "static" / f"{style}.gz").exists()


def test_again_it_changes_nothing_and_is_quick(home: Path) -> None:
    before = (home / "secret.key").read_text()
    began = time.monotonic()
    done = sonae(home, "setup")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # Ten seconds are promised for a warm start as a whole; this guards against collecting again.
    assert time.monotonic() - began < 30
    assert (home / "secret.key").read_text() == before


def test_static_files_are_collected_again_when_they_were_lost(home: Path) -> None:
    (home / "static/.collected").unlink()
    assert "static files collected" in sonae(home, "setup").stderr


def test_a_new_installation_serves_nobody_yet(home: Path) -> None:
    assert sonae(home, "demo", "accounts").returncode == NO_MUNICIPALITY


def test_check_tells_whether_setup_was_run_and_changes_nothing(home: Path, tmp_path: Path) -> None:
    assert sonae(home, "setup", "--check").returncode == 0
    done = sonae(tmp_path, "setup", "--check")
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"] == "not_set_up"
    assert not (tmp_path / "static").exists()


def test_a_database_that_cannot_be_opened_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "sonae.sqlite3").mkdir()
    done = sonae(tmp_path, "setup")
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"] == "database_unavailable"


def test_a_home_that_is_no_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = sonae(tmp_path / "file", "setup")
    assert done.returncode == 1
    record = json.loads(done.stderr.splitlines()[-1])
    assert record["error"] == "home_unavailable"
    assert "SONAE_HOME" in record["hint"]


def test_tables_of_an_earlier_state_are_refused_with_a_way_out(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "old")
    connection = sqlite3.connect(tmp_path / "old" / "sonae.sqlite3")
    connection.execute("alter table sonae_messages_delivery drop column others")
    connection.commit()
    connection.close()
    done = sonae(tmp_path / "old", "setup")
    assert done.returncode == 1
    record = json.loads(done.stderr.splitlines()[-1])
    assert record["error"] == "older_tables"
    assert "others" in record["detail"]
