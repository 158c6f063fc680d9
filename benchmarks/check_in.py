"""Check-ins at shelters under load: scans per second and latency over real HTTP, SQLite FULL.

Starts the real server (`sonae serve`, 4 workers × 4 threads) on a city of 100,000 people who are all
under inquiry. Sixteen terminals then check people in, first one scan per request, then 30 per request
(what a device sends after an outage). Every scan is new; each answer must say accepted. Baseline in
the same run: a bare SQLite loop (synchronous=FULL, the same lock before each transaction) that inserts
the event and its state, 1 and 30 per transaction, without HTTP or Django. Medians of the rounds.

Usage: python benchmarks/check_in.py [--seconds 5] [--rounds 3] [--connections 16] [--workers 4]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import selectors
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[1]
PEOPLE, PER_HOME, BATCH, TERMINALS = 100_000, 2, 30, 16
WANTED_SINGLE, WANTED_P99_MS, WANTED_BATCHED = 500, 100, 8_000
FACILITIES = ("F1", "F2", "F3", "F4")


def prepare(terminals: int) -> None:
    """Make the city, put everyone under inquiry, print one token per line (child process)."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from sonae.core import clock
    from sonae.domains.municipalities.interface import Municipality
    from sonae.domains.residents.interface import Household, Resident
    from sonae.domains.safety import interface as safety
    from sonae.platform import worlds
    from sonae.platform.db import bulk_insert, writing
    from tests.fixtures import AREAS, CODE, make_city

    Municipality.objects.create(
        code=CODE, name="試験市", kana="シケンシ", name_en="Shiken City", prefecture="試験県",
        latitude=37.0, longitude=139.0, warning_areas=AREAS, is_demo=True,
    )  # fmt: skip
    with worlds.entered(CODE), writing():
        made = make_city()
        town, homes = made.towns["西町"].pk, PEOPLE // PER_HOME
        bulk_insert(Household, {
            "municipality": [CODE] * homes, "number": [f"B{i:07d}" for i in range(homes)],
            "town_id": [town] * homes, "address": ["1番地"] * homes, "latitude": [37.0] * homes,
            "longitude": [139.0] * homes, "card_code": [f"HB{i:06d}" for i in range(homes)],
        })  # fmt: skip
        first = Household.objects.order_by("pk").get(number="B0000000").pk
        bulk_insert(Resident, {
            "municipality": [CODE] * PEOPLE, "resident_id": [f"B{i:06d}" for i in range(PEOPLE)],
            "household_id": [first + i // PER_HOME for i in range(PEOPLE)],
            **{name: [""] * PEOPLE for name in (
                "name", "kana", "kana_key", "given_key", "name_key", "birth_date", "sex",
                "relation", "phone", "email", "card_number")},
            "channel": ["none"] * PEOPLE, "language": ["ja"] * PEOPLE, "shielded": [False] * PEOPLE,
        })  # fmt: skip
        now = clock.now()
        inquiry = safety.Inquiry.objects.create(opened_at=now, reason="benchmark")
        people = list(
            Resident.objects.filter(resident_id__startswith="B").values_list("pk", flat=True)
        )
        bulk_insert(safety.InquirySubject, {
            "inquiry_id": [inquiry.pk] * PEOPLE, "resident_id": people, "town_id": [town] * PEOPLE,
            "zone": ["inside"] * PEOPLE, "danger": [60] * PEOPLE, "need": [10] * PEOPLE,
            "added_at": [now] * PEOPLE,
        })  # fmt: skip
    with worlds.entered(CODE):
        for number in range(terminals):
            print(safety.enrol_terminal(FACILITIES[number % 4], f"受付{number}")[1])


@contextmanager
def server(home: str, port: int, workers: int) -> Iterator[int]:
    """Run `sonae serve` until the block ends; gives its process id; raises when it does not come up."""
    command = [
        sys.executable, "-m", "sonae", "serve", "--bind", f"127.0.0.1:{port}",
        "--workers", str(workers), "--threads", "4", "--no-work",
    ]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, "SONAE_HOME": home})
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit("the server ended at once")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def cpu_seconds(root: int) -> float:
    """Return the CPU time that a process and its living descendants have used (Linux)."""
    parents, used = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(used.get(pid, 0.0) for pid in family)


@dataclass
class Events:
    """Makes scans that nobody sent before: UUID version 7, hybrid clock, everyone in a random order."""

    made: int = 0
    order: list[int] = field(default_factory=lambda: random.sample(range(PEOPLE), PEOPLE))

    def one(self) -> str:
        """The JSON of one check-in."""
        self.made += 1
        ms = time.time_ns() // 1_000_000
        identifier = UUID(
            int=(ms << 80) | (7 << 76) | (2 << 62) | (self.made << 20) | random.getrandbits(20)
        )
        person = self.order[self.made % PEOPLE]
        at = time.strftime("%Y-%m-%dT%H:%M:%S+09:00", time.gmtime(ms / 1000 + 9 * 3600))
        return (
            f'{{"id":"{identifier}","direction":"in","occurred_at":"{at}",'
            f'"clock":"{ms:013d}-{self.made & 0xFFFF:04x}-T","person":{{"resident_id":"B{person:06d}"}},'
            '"offline":true,"note":"","needs":[]}'
        )

    def request(self, token: str, number: int, batch: int) -> bytes:
        """The bytes of one POST with ``batch`` scans, by terminal ``number``."""
        body = '{"terminal":"T","events":[' + ",".join(self.one() for _ in range(batch)) + "]}"
        return (
            f"POST /api/v1/shelters/{FACILITIES[number % 4]}/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


@dataclass
class Round:
    """Scans per second; median, 99th percentile and the server's CPU time of a request in ms."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass
class Link:
    """One terminal's connection: what it has received, when it asked."""

    socket: socket.socket
    number: int
    token: str
    received: bytes = b""
    asked: float = 0.0


def load(
    port: int, pid: int, tokens: list[str], events: Events, batch: int, seconds: float
) -> Round:
    """Let every terminal send batch after batch for ``seconds``; stop on any answer but accepted."""
    chooser, times = selectors.DefaultSelector(), []
    links = [
        Link(socket.create_connection(("127.0.0.1", port)), number, token)
        for number, token in enumerate(tokens)
    ]

    def ask(link: Link) -> None:
        data = events.request(link.token, link.number, batch)
        link.received, link.asked = b"", time.perf_counter()
        link.socket.sendall(data)

    for link in links:
        link.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(link.socket, selectors.EVENT_READ, link)
    begun, used = time.perf_counter(), cpu_seconds(pid)
    for link in links:
        ask(link)
    while (now := time.perf_counter()) - begun < seconds:
        for key, _events in chooser.select(1.0):
            if _answered(key.data, batch):
                times.append(time.perf_counter() - key.data.asked)
                ask(key.data)
    used = cpu_seconds(pid) - used
    for link in links:
        link.socket.close()
    times.sort()
    return Round(
        len(times) * batch / (now - begun),
        1000 * statistics.median(times),
        1000 * times[int(len(times) * 0.99)],
        1000 * used / len(times),
    )


def wake(port: int, tokens: list[str]) -> None:
    """Ask the server on as many connections as there are terminals, and wait until it answers all."""
    links = [socket.create_connection(("127.0.0.1", port), timeout=120) for _ in tokens]
    for link in links:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    for link in links:
        link.recv(65536)
        link.close()


def _answered(link: Link, batch: int) -> bool:
    """Take what came; whether the answer is whole. SystemExit unless every scan was accepted."""
    piece = link.socket.recv(262144)
    if not piece:
        raise SystemExit("the server closed a connection under load")
    link.received += piece
    head, found, body = link.received.partition(b"\r\n\r\n")
    if not found:
        return False
    lowered = head.lower()
    at = lowered.index(b"content-length:") + 15
    if len(body) < int(lowered[at:].split(b"\r\n", 1)[0]):
        return False
    if b" 200 " not in head[:16] or body.count(b'"accepted"') != batch:
        raise SystemExit(f"refused under load: {head[:60]!r} {body[:200]!r}")
    return True


def bare(folder: str, batch: int, seconds: float) -> float:
    """Return events per second of the bare loop: lock, BEGIN IMMEDIATE, insert + upsert, COMMIT."""
    path = Path(folder) / f"bare-{batch}.sqlite3"
    link = sqlite3.connect(path, isolation_level=None)
    link.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, person INT, place INT, at TEXT, clock TEXT);"
        "CREATE INDEX IF NOT EXISTS event_person ON event (person);"
        "CREATE INDEX IF NOT EXISTS event_place ON event (place, at);"
        "CREATE TABLE IF NOT EXISTS state (person INT PRIMARY KEY, place INT, clock TEXT);"
    )
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        fcntl.flock(lock, fcntl.LOCK_EX)
        link.execute("BEGIN IMMEDIATE")
        for _ in range(batch):
            count += 1
            key, person = os.urandom(16).hex(), random.randrange(PEOPLE)
            link.execute("INSERT INTO event VALUES (?,?,1,?,?)", (key, person, "2026", key))
            link.execute("INSERT OR REPLACE INTO state VALUES (?,1,?)", (person, key))
        link.execute("COMMIT")
        fcntl.flock(lock, fcntl.LOCK_UN)
    link.close()
    os.close(lock)
    return count / (time.perf_counter() - begun)


def client_alone(tokens: list[str], batch: int) -> float:
    """Return how many scans per second this client can write, so that it is no bottleneck."""
    events, count, begun = Events(), 0, time.perf_counter()
    while time.perf_counter() - begun < 0.5:
        events.request(tokens[0], 0, batch)
        count += batch
    return count / (time.perf_counter() - begun)


def measure(
    port: int, pid: int, folder: str, tokens: list[str], arguments: argparse.Namespace
) -> None:
    """Run the rounds, each case and its baseline in turn, and print."""
    events = Events(made=int(time.time()) % 1000)
    wake(port, tokens)
    load(port, pid, tokens, events, 1, 4.0)  # every worker loads its code at its first request
    rounds: dict[int, list[Round]] = {1: [], BATCH: []}
    bases: dict[int, list[float]] = {1: [], BATCH: []}
    for _ in range(arguments.rounds):
        for batch in rounds:
            bases[batch].append(bare(folder, batch, min(arguments.seconds, 2.0)))
            rounds[batch].append(load(port, pid, tokens, events, batch, arguments.seconds))
    print(
        f"check-in: {arguments.workers} workers x 4 threads, {len(tokens)} connections, "
        f"{os.cpu_count()} cores shared with the client, load average {os.getloadavg()[0]:.1f}, "
        f"SQLite synchronous=FULL, {PEOPLE:,} people under inquiry"
    )
    for batch, found in rounds.items():
        _print(batch, found, bases[batch], client_alone(tokens, batch))


def _print(batch: int, found: list[Round], bases: list[float], alone: float) -> None:
    """Print one case: medians, the spread, the ratio to the bare loop, what was wanted."""

    def middle(name: str) -> float:
        return statistics.median(getattr(r, name) for r in found)

    rate, base = middle("per_second"), statistics.median(bases)
    low, high = min(r.per_second for r in found), max(r.per_second for r in found)
    wanted = (
        f">= {WANTED_SINGLE}/s, p99 <= {WANTED_P99_MS} ms"
        if batch == 1
        else f">= {WANTED_BATCHED:,}/s"
    )
    print(
        f"  {batch:2} per request: {rate:8,.0f} scans/s ({low:,.0f}-{high:,.0f})   "
        f"p50 {middle('p50_ms'):6.1f} ms   p99 {middle('p99_ms'):6.1f} ms   wanted {wanted}\n"
        f"     bare SQLite loop {base:,.0f}/s, ratio {rate / base:.2f}; server CPU {middle('cpu_ms'):.2f} ms per request; "
        f"the client alone writes {alone:,.0f}/s"
    )


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Prepare, serve, measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=TERMINALS)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare(arguments.connections)
        return
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as folder:
        environment = {
            **os.environ, "SONAE_HOME": folder, "DJANGO_SETTINGS_MODULE": "sonae.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, __file__, "--prepare", "--connections", str(arguments.connections)],
            env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "sonae", "setup"], env=environment, check=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        port = free_port()
        with server(folder, port, arguments.workers) as pid:
            measure(port, pid, folder, made.stdout.split(), arguments)


if __name__ == "__main__":
    main()
