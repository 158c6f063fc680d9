"""``sonae warnings accept`` in real processes: at once, again, and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sonae.core.clock import JST
from sonae.engines.warnings.compose import CityKind, compose_weather
from tests.conftest import ROOT
from tests.installation import copied

AT = datetime(2026, 8, 30, 5, 10, tzinfo=JST)
_CITY = """
from sonae import django_setup; django_setup()
from sonae.domains.municipalities.interface import Municipality
Municipality.objects.create(code="992011", name="備え市", kana="", name_en="", prefecture="備え県",
    latitude=35.0, longitude=135.0)
"""
_COUNT = """
from sonae import django_setup; django_setup()
from sonae.domains.warnings.interface import Telegram
print(*Telegram.everywhere.values_list("pk", flat=True))
"""


def run(home: Path, *args: str, code: str = "") -> subprocess.Popen[str]:
    """Start the command line (or ``code``) on the installation in ``home``."""
    environment = {
        **os.environ,
        "SONAE_HOME": str(home),
        "PYTHONPATH": str(ROOT / "src"),
        "DJANGO_SETTINGS_MODULE": "sonae.settings",
    }
    environment.pop("SONAE_DATABASE", None)
    command = ["-c", code] if code else ["-m", "sonae", *args]
    return subprocess.Popen(
        [sys.executable, *command], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def output(process: subprocess.Popen[str]) -> str:
    """What a process printed; fails with its complaint when it failed."""
    out, complaint = process.communicate(timeout=100)
    assert process.returncode == 0, complaint
    return out


def stored(home: Path) -> set[int]:
    """Primary keys of all telegrams on disk."""
    return {int(pk) for pk in output(run(home, code=_COUNT)).split()}


@pytest.fixture
def home(installation: Path, tmp_path: Path) -> Path:
    """A small installation of its own, on disk, with telegrams in ``inbox``."""
    home = copied(installation, tmp_path / "home")
    output(run(home, code=_CITY))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(60):
        raw = compose_weather(
            "VPWW55", [CityKind("9920100", "備え市", "43" if number % 2 else "03")],
            office="備え地方気象台", prefecture=("990000", "備え県"),
            issued_at=AT + timedelta(minutes=number),
        )  # fmt: skip
        (inbox / f"{number:03}.xml").write_bytes(raw)
    return home


def test_three_processes_at_once_store_each_telegram_once(home: Path) -> None:
    inbox = str(home.parent / "inbox")
    processes = [run(home, "warnings", "accept", inbox) for _ in range(3)]
    rows = [json.loads(line) for each in processes for line in output(each).splitlines()]
    assert len(rows) == 180
    assert sum(not row["duplicate"] for row in rows) == 60
    assert {row["telegram"] for row in rows} == stored(home)
    assert len({row["telegram"] for row in rows}) == 60


def test_what_was_acknowledged_survives_kill_9(home: Path) -> None:
    process = run(home, "warnings", "accept", str(home.parent / "inbox"))
    assert process.stdout is not None
    acknowledged = [json.loads(process.stdout.readline()) for _ in range(5)]
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines()
    process.communicate(timeout=60)
    acknowledged += [json.loads(line) for line in rest if line.endswith("}")]
    held = stored(home)
    assert {row["telegram"] for row in acknowledged} <= held
    # The whole again: nothing twice, and what was cut off is made good.
    output(run(home, "warnings", "accept", str(home.parent / "inbox")))
    assert len(stored(home)) == 60
    assert held <= stored(home)


def test_refusals_are_reported_and_kept(home: Path) -> None:
    inbox = home.parent / "inbox"
    (inbox / "000.xml").write_bytes(b"<!DOCTYPE x><x/>")
    process = run(home, "warnings", "accept", str(inbox / "000.xml"), str(inbox / "001.xml"))
    out, complaint = process.communicate(timeout=100)
    assert process.returncode == 1
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (row["state"], row["world"], row["concerns_us"]) == ("read", "live", True)
    refused = json.loads(complaint.splitlines()[-1])
    assert refused["error"] == "doctype"
    assert {row["telegram"], refused["telegram"]} == stored(home)


def test_without_a_municipality_it_says_what_to_do(installation: Path) -> None:
    process = run(installation, "warnings", "accept", "x.xml")
    _, complaint = process.communicate(timeout=100)
    assert process.returncode == 1
    assert json.loads(complaint.splitlines()[-1])["error"] == "no_municipality"


def test_an_old_file_is_history_unless_a_person_says_otherwise(home: Path) -> None:
    file = str(home.parent / "inbox" / "001.xml")
    (row,) = map(json.loads, output(run(home, "warnings", "accept", file)).splitlines())
    assert (row["historical"], row["changed"]) == (True, False)
    assert "発表中にはしていません" in row["detail"] and "--old in-force" in row["detail"]
    again = output(run(home, "warnings", "accept", "--old", "in-force", file))
    (row,) = map(json.loads, again.splitlines())
    assert (row["historical"], row["changed"], row["duplicate"]) == (False, True, False)
