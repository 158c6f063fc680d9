"""kill -9 of the real server in the middle of a stream of scans: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from sonae.core import clock
from sonae.core.ids import HybridClock, uuid7
from tests.conftest import ROOT
from tests.installation import clean_environment, copied
from tests.ports import free_port

PREPARE = """
import django; django.setup()
from sonae.domains.municipalities.interface import Municipality
from sonae.platform import worlds
from tests.fixtures import AREAS, CODE, make_city
Municipality.objects.create(code=CODE, name="試験市", kana="シケンシ", prefecture="試験県",
    latitude=37.0, longitude=139.0, warning_areas=AREAS, is_demo=True)
with worlds.entered(CODE):
    make_city()
"""
PEOPLE = [f"R00{n}1" for n in range(1, 6)]


def sonae(home: Path, *arguments: str) -> str:
    """Standard output of one command."""
    done = subprocess.run(
        [sys.executable, "-m", "sonae", *arguments], env=clean_environment(home), cwd=ROOT,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of its own with the tiny city."""
    folder = copied(installation, tmp_path_factory.mktemp("killed") / "home")
    environment = clean_environment(folder) | {
        "DJANGO_SETTINGS_MODULE": "sonae.settings", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", PREPARE], env=environment, cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def token(home: Path) -> str:
    """A terminal enrolled by the command line, as the contract has it."""
    line = json.loads(
        sonae(home, "reception", "enrol", "--shelter", "F2", "--name", "受付1", "--format", "jsonl")
    )
    assert line["terminal"] == "T001"
    return str(line["token"])


class Server:
    """gunicorn with two processes, in a session of its own so that all of it can be killed at once."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "gunicorn", "sonae.wsgi:application", "--bind",
                f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--workers", "2",
                "--threads", "4", "--no-control-socket", "--log-level", "critical",
            ],
            env=clean_environment(home), cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        for _ in range(600):
            try:
                link = HTTPConnection("127.0.0.1", self.port, timeout=30)
                link.request("GET", "/healthz")
                if link.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not come up")

    def kill(self) -> None:
        """SIGKILL to every process of the server: nobody gets to tidy up."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def post(
        self, token: str, body: bytes, link: HTTPConnection | None = None
    ) -> tuple[int, bytes]:
        """Status and body of one batch; raises when the connection breaks."""
        link = link or HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        link.request("POST", "/api/v1/shelters/F2/scans", body, headers)
        answer = link.getresponse()
        return answer.status, answer.read()


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A running server, killed at the end."""
    made = Server(home)
    yield made
    made.kill()


def event(device: HybridClock, number: int) -> dict[str, object]:
    return {
        "id": str(uuid7()), "direction": "in" if number % 2 else "out",
        "occurred_at": clock.now().isoformat(), "clock": device.tick(),
        "person": {"resident_id": PEOPLE[number % len(PEOPLE)]},
    }  # fmt: skip


class Desk(threading.Thread):
    """One device: sends batch after batch, keeps what was acknowledged and what was not."""

    def __init__(self, server: Server, token: str, name: str) -> None:
        super().__init__(daemon=True)
        self.server, self.token, self.device = server, token, HybridClock(name)
        self.acknowledged: list[str] = []
        self.open: list[dict[str, object]] = []
        self.wrong: list[object] = []

    def run(self) -> None:
        """Until the connection breaks."""
        link = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        for number in range(100_000):
            self.open = [event(self.device, number + i) for i in range(7)]
            try:
                status, body = self.server.post(
                    self.token, json.dumps({"events": self.open}).encode(), link
                )
            except (OSError, HTTPException):
                return
            results = json.loads(body)["results"] if status == 200 else []
            self.acknowledged += [one["id"] for one in results if one["status"] == "accepted"]
            if len(results) != len(self.open):
                self.wrong.append((status, body))


def test_every_acknowledged_scan_survives_kill_9(home: Path, token: str) -> None:
    acknowledged: list[str] = []
    left: list[dict[str, object]] = []
    for round_number in range(2):
        server = Server(home)
        desks = [Desk(server, token, f"D{round_number}{n}") for n in range(4)]
        for desk in desks:
            desk.start()
        until = time.monotonic() + 30
        while sum(len(d.acknowledged) for d in desks) < 100 and time.monotonic() < until:
            time.sleep(0.02)
        server.kill()
        for desk in desks:
            desk.join(30)
            assert desk.wrong == []
            acknowledged += desk.acknowledged
            left += desk.open
    assert len(acknowledged) >= 200
    stored = Counter(json.loads(line)["id"] for line in export(home))
    assert set(acknowledged) <= stored.keys(), "something acknowledged was lost"
    assert max(stored.values()) == 1, "something was stored twice"

    again = Server(home)  # the devices send what was never answered, and everything else once more
    try:
        status, body = again.post(token, json.dumps({"events": left}).encode())
        assert status == 200
        assert {one["status"] for one in json.loads(body)["results"]} <= {"accepted", "duplicate"}
    finally:
        again.kill()
    lines = [json.loads(line) for line in export(home)]
    stored = Counter(line["id"] for line in lines)
    assert max(stored.values()) == 1
    assert set(acknowledged) | {str(one["id"]) for one in left} == stored.keys()
    assert {line["status"] for line in lines} == {"accepted"}
    assert {line["shelter_id"] for line in lines} == {"F2"}


def export(home: Path) -> list[str]:
    return sonae(home, "reception", "export", "--format", "jsonl").splitlines()


def test_fifty_megabytes_are_refused_and_the_server_lives(server: Server, token: str) -> None:
    before = memory(server)
    status, body = server.post(token, b'{"events": ["' + b"x" * 50_000_000 + b'"]}')
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    status, answer = server.post(token, b'{"events": []}')
    assert (status, json.loads(answer)["results"]) == (200, [])
    assert memory(server) - before < 40_000_000, "the body was taken into memory"


def memory(server: Server) -> int:
    """Resident bytes of all processes of the server."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getpgid(int(folder.name)) == server.process.pid:
                total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError):
            continue
    return total


def test_the_contract_of_the_command_line(home: Path, token: str) -> None:
    listed = [
        json.loads(x) for x in sonae(home, "reception", "list", "--format", "jsonl").splitlines()
    ]
    assert [(one["terminal"], one["shelter_id"]) for one in listed] == [("T001", "F2")]
    assert "last_seen_at" in listed[0]
    wrong = subprocess.run(
        [sys.executable, "-m", "sonae", "reception", "enrol", "--shelter", "F9", "--name", "x"],
        env=clean_environment(home), cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert (wrong.returncode, json.loads(wrong.stderr)["error"]) == (1, "not_found")
    gone = sonae(home, "reception", "revoke", "T001", "--format", "jsonl")
    assert json.loads(gone) == {"terminal": "T001", "revoked": True}


LINKER = """
import django; django.setup()
import sys
from sonae.core import clock
from sonae.core.ids import uuid7
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform import worlds
from sonae.platform.access import SYSTEM
from tests.fixtures import CODE
who = sys.argv[1]
with worlds.entered(CODE):
    people = list(Resident.objects.filter(shielded=False).values_list("pk", flat=True))
    for number in range(100_000):
        facts = safety.VisitorFacts(f"{who}{number}", "", "1990-01-01", "")
        safety.record([safety.NewSighting(id=uuid7(), direction="in", occurred_at=clock.now(),
            clock="", source="paper", visitor=facts, device=who)])
        visitor = safety.Visitor.objects.get(key=facts.key).pk
        made = safety.link(SYSTEM, visitor, people[number % len(people)], source="auto", reason="")
        print(made.pk, flush=True)
        if number % 3 == 0:
            print(safety.undo_link(SYSTEM, made.pk, "").pk, flush=True)
"""
LEDGER = """
import django; django.setup()
import json
from sonae.domains.safety import interface as safety
from sonae.platform import worlds
from tests.fixtures import CODE
def held():
    states = safety.PersonState.objects.order_by("person")
    visitors = safety.Visitor.objects.order_by("pk")
    return [list(states.values_list("person", "direction", "status", "clock")),
        list(visitors.values_list("pk", "resident", "same_as"))]
with worlds.entered(CODE):
    before = held()
    safety.rebuild()
    ids = [str(pk) for pk in safety.PersonLink.objects.values_list("pk", flat=True)]
    print(json.dumps({"ids": ids, "same": held() == before}))
"""


def test_every_acknowledged_link_survives_kill_9_and_the_fold_with_it(home: Path) -> None:
    environment = clean_environment(home) | {
        "DJANGO_SETTINGS_MODULE": "sonae.settings", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
    }  # fmt: skip
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", LINKER, name], env=environment, cwd=ROOT, text=True,
            stdout=subprocess.PIPE,
        )
        for name in ("甲", "乙")
    ]  # fmt: skip
    told: list[str] = []
    for writer in writers:
        assert writer.stdout is not None
        told += [writer.stdout.readline().strip() for _ in range(15)]
    for writer in writers:
        writer.kill()
        rest, _none = writer.communicate()
        told += rest.split("\n")[:-1]  # the last line may be cut short
    after = subprocess.run(
        [sys.executable, "-c", LEDGER], env=environment, cwd=ROOT, check=True, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    found = json.loads(after.stdout)
    assert len(told) >= 30 and set(told) <= set(found["ids"]), "an acknowledged link was lost"
    assert found["same"], "a link is on disk whose fold is not"
