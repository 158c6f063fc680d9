"""``sonae warnings read`` and ``state`` keep the contract of the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sonae.core.clock import JST
from sonae.engines.warnings.compose import CityKind, compose_cancel, compose_weather
from tests.conftest import ROOT

AT = datetime(2026, 8, 30, 5, 10, tzinfo=JST)


def rain(code: str, minutes: int = 0, status: str = "actual") -> bytes:
    """A telegram of heavy rain ``minutes`` after AT."""
    return compose_weather(
        "VPWW55", [CityKind("9920100", "備え市", code)], office="備え地方気象台",
        prefecture=("990000", "備え県"), issued_at=AT + timedelta(minutes=minutes), status=status,
        headline="備え市では大雨に警戒してください。",
    )  # fmt: skip


def sonae(*args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command line as a user does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "sonae", "warnings", *args],
        input=given, capture_output=True, env=environment, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder with telegrams of which one is broken."""
    (tmp_path / "a.xml").write_bytes(rain("03"))
    (tmp_path / "b.xml").write_bytes(b"<!DOCTYPE x><x/>")
    (tmp_path / "c.xml").write_bytes(rain("43", 20))
    (tmp_path / "d.xml").write_bytes(rain("33", 30, "exercise"))
    return tmp_path


def test_read_prints_the_good_ones_and_refuses_the_rest(inbox: Path) -> None:
    files = [str(inbox / name) for name in ("a.xml", "b.xml", "c.xml", "missing.xml")]
    done = sonae("read", *files)
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["input"] for row in rows] == [files[0], files[2]]
    refusals = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(r["input"], r["error"]) for r in refusals] == [
        (files[1], "doctype"), (files[3], "unreadable"),
    ]  # fmt: skip
    assert all(refusal["detail"] for refusal in refusals)


def test_a_line_of_read_has_the_contract_s_fields(inbox: Path) -> None:
    done = sonae("read", str(inbox / "c.xml"))
    assert (done.returncode, done.stderr) == (0, b"")
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert {
        "input", "source", "telegram", "title", "office", "series", "event_id", "status", "action",
        "issued_at", "headline", "items", "raw_sha256",
    } <= row.keys()  # fmt: skip
    assert (row["source"], row["telegram"], row["status"], row["action"]) == (
        "jma", "VPWW55", "actual", "issue",
    )  # fmt: skip
    assert row["issued_at"] == "2026-08-30T05:30:00+09:00"
    assert row["event_id"] is None
    item = row["items"][0]
    assert {
        "phenomenon", "kind_code", "kind", "level", "severity", "areas", "forecast",
    } <= item.keys()  # fmt: skip
    assert {"code": "9920100", "name": "備え市", "type": "city"} in item["areas"]


def test_standard_input_and_csv(inbox: Path) -> None:
    done = sonae("read", "-", "--format", "csv", given=rain("33"))
    (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
    assert row["input"] == "-"
    assert json.loads(row["items"])[0]["level"] == 5


def test_a_folder_stands_for_its_files(inbox: Path) -> None:
    done = sonae("read", str(inbox))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3


def test_state_as_of_a_time(inbox: Path) -> None:
    files = [str(inbox / name) for name in ("a.xml", "c.xml", "d.xml")]

    def city(*args: str) -> list[tuple[str, int, str]]:
        done = sonae("state", *files, *args)
        assert done.returncode == 0
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return [
            (row["kind"], row["level"], row["since"])
            for row in rows
            if row["area"] == {"code": "9920100", "name": "備え市", "type": "city"}
        ]

    first = ("レベル３大雨警報", 3, "2026-08-30T05:10:00+09:00")
    second = ("レベル４大雨危険警報", 4, "2026-08-30T05:30:00+09:00")
    assert city("--at", "2026-08-30T05:00:00+09:00") == []
    assert city("--at", "2026-08-30T05:10:00+09:00") == [first]
    assert city("--at", "2026-08-29T20:15:00Z") == [first]
    assert city("--at", "2026-08-30T06:00:00") == [second]
    assert city("--at", "2026-08-30T06:00:00", "--status", "exercise") == [
        ("レベル５大雨特別警報", 5, "2026-08-30T05:40:00+09:00")
    ]


def test_state_after_a_cancellation_is_empty_and_good(inbox: Path) -> None:
    (inbox / "e.xml").write_bytes(
        compose_cancel("VPWW55", office="備え地方気象台", issued_at=AT + timedelta(hours=1))
    )
    files = [str(inbox / name) for name in ("e.xml", "c.xml", "a.xml")]
    done = sonae("state", *files, "--at", "2026-08-30T07:00:00+09:00")
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_message_from_the_future_is_reported_and_left_out(inbox: Path) -> None:
    kinds = [CityKind("9920100", "備え市", "10")]
    raw = compose_weather(
        "VPWW55", kinds, office="備え地方気象台", prefecture=("990000", "備え県"),
        issued_at=AT + timedelta(days=20 * 365),
    )  # fmt: skip
    (inbox / "f.xml").write_bytes(raw)
    done = sonae("state", str(inbox / "c.xml"), str(inbox / "f.xml"), "--format", "jsonl")
    assert "レベル４大雨危険警報" in done.stdout.decode()
    assert done.returncode == 1
    assert json.loads(done.stderr.decode().splitlines()[0])["error"] == "dated_ahead"


def test_table_and_csv_of_the_state(inbox: Path) -> None:
    file = str(inbox / "c.xml")
    at = ("--at", "2026-08-30T06:00:00")
    table = sonae("state", file, *at, "--format", "table").stdout.decode()
    assert "レベル４大雨危険警報" in table
    rows = list(
        csv.DictReader(io.StringIO(sonae("state", file, *at, "--format", "csv").stdout.decode()))
    )
    assert [(row["area_name"], row["level"]) for row in rows] == [("備え県", "4"), ("備え市", "4")]


@pytest.mark.parametrize(
    "args", [("read",), ("state", "x", "--at", "soon"), ("read", "x", "--format", "pdf"), ("fly",)]
)
def test_wrong_usage_is_2(args: tuple[str, ...]) -> None:
    assert sonae(*args).returncode == 2


def test_reading_needs_no_server_and_no_database(tmp_path: Path) -> None:
    """The engine's verbs load neither Django nor numpy."""
    code = (
        "import sys; from sonae.engines.warnings.cli import group;"
        "assert not {'django', 'numpy', 'shapely'} & set(sys.modules), 'heavy imports'"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
