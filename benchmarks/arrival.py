"""A city arrives at its shelters: 400 terminals, a burst of 100 a second, the server killed twice.

117,209 people arrive in three hours, some 11 a second, with a burst of 100 a second for a minute. The
burst runs in real time on the real server (`sonae serve`), each terminal sending a scan the moment it is
made, and gives the latency of an online scan: from the moment of the scan, not of the request, to the
acknowledgement. The rest of the three hours is compressed: the arrivals follow their curve (slow, a peak
after two fifths of the time, a long tail) at `--rate` a second on average. During it the server's processes
are all killed with SIGKILL twice and started again. Terminals do as the device does: one request under way,
the oldest 30 unsent at a time, the same ids again after any doubt, tried again with the next scan or after
2.5 s, 5 s … 60 s. At the end the ledger is compared with what was made and with what was acknowledged, id by id.

By default a part of the rest (`--rest`) is replayed, with ``--full`` all of it. `--database postgres` uses a
throw-away PostgreSQL with fsync on. Baseline in the same run: a bare SQLite loop (synchronous=FULL, the
same lock before each transaction) writing 100 events a second, without HTTP or Django.

Usage: python benchmarks/arrival.py [--database sqlite|postgres] [--full] [--rest 8000] [--burst 60]
"""

from __future__ import annotations

import argparse
import fcntl
import itertools
import math
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
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check_in  # the same city, the same server's command

ROOT = check_in.ROOT
PEOPLE, TERMINALS, BATCH, HOURS = 117_209, 400, 30, 3
BURST_RATE, WANTED_P99_MS = 100, 150
FIRST_WAIT, LONGEST_WAIT, GIVE_UP = 2.5, 60.0, 20.0
SETTLE_SECONDS = 120.0


@dataclass(slots=True)
class Scan:
    """One check-in: its id, the event as JSON, when it was made (monotonic), when acknowledged."""

    id: str
    body: str
    made: float
    acknowledged: float = 0.0


@dataclass(eq=False)
class Terminal:
    """A device: what it has not heard of, the one request under way, when it tries again."""

    number: int
    token: str
    box: deque[Scan] = field(default_factory=deque)
    asked: list[Scan] = field(default_factory=list)
    link: socket.socket | None = None
    received: bytes = b""
    since: float = 0.0
    wait: float = FIRST_WAIT
    again: float = math.inf
    """When to try again; infinite while a request is under way or nothing waits."""

    @property
    def shelter(self) -> str:
        """The shelter that it is enrolled for."""
        return check_in.FACILITIES[self.number % len(check_in.FACILITIES)]

    def request(self) -> bytes:
        """The bytes of one batch: the oldest unsent."""
        self.asked = [self.box[at] for at in range(min(BATCH, len(self.box)))]
        body = '{"terminal":"T","events":[' + ",".join(one.body for one in self.asked) + "]}"
        return (
            f"POST /api/v1/shelters/{self.shelter}/scans HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class Fleet:
    """All terminals on one selector, each doing what the device does."""

    def __init__(self, port: int, tokens: list[str]) -> None:
        """Enrolled terminals of the server on ``port``."""
        self.port, self.chooser = port, selectors.DefaultSelector()
        self.terminals = [Terminal(number, token) for number, token in enumerate(tokens)]
        self.order = random.sample(range(PEOPLE), PEOPLE)
        self.made: list[Scan] = []
        self.failures = 0
        self.heard = 0.0

    def scan(self, due: float) -> None:
        """Somebody arrives at a terminal, now."""
        number = len(self.made)
        person, terminal = self.order[number], self.terminals[random.randrange(len(self.terminals))]
        ms = time.time_ns() // 1_000_000
        made = UUID(
            int=(ms << 80) | (7 << 76) | (2 << 62) | (number << 20) | random.getrandbits(20)
        )
        at = time.strftime("%Y-%m-%dT%H:%M:%S+09:00", time.gmtime(ms / 1000 + 9 * 3600))
        body = (
            f'{{"id":"{made}","direction":"in","occurred_at":"{at}",'
            f'"clock":"{ms:013d}-{number & 0xFFFF:04x}-T{terminal.number:03d}",'
            f'"person":{{"resident_id":"B{person:06d}"}},"note":"","needs":[]}}'
        )
        one = Scan(str(made), body, due)
        self.made.append(one)
        terminal.box.append(one)
        terminal.wait = FIRST_WAIT
        if not terminal.asked:
            self.send(terminal)

    def send(self, terminal: Terminal) -> None:
        """Ask, on the standing connection or a new one."""
        terminal.again = math.inf
        try:
            if terminal.link is None:
                terminal.link = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                terminal.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.chooser.register(terminal.link, selectors.EVENT_READ, terminal)
            terminal.received, terminal.since = b"", time.monotonic()
            terminal.link.sendall(terminal.request())
        except OSError:
            self.failed(terminal)

    def failed(self, terminal: Terminal) -> None:
        """No answer: everything stays unsent, the connection is gone, later once more."""
        self.failures += 1
        if terminal.link is not None:
            with suppress(KeyError, ValueError):
                self.chooser.unregister(terminal.link)
            terminal.link.close()
        terminal.link, terminal.asked = None, []
        terminal.again = time.monotonic() + terminal.wait
        terminal.wait = min(2 * terminal.wait, LONGEST_WAIT)

    def hear(self, terminal: Terminal) -> None:
        """Take what came; what is acknowledged by its id leaves the box."""
        assert terminal.link is not None
        try:
            piece = terminal.link.recv(262_144)
        except OSError:
            piece = b""
        if not piece:
            # Closed by the server after its keep-alive: nothing was under way.
            idle = not terminal.asked
            self.failed(terminal)
            if idle:
                terminal.again = math.inf
            return
        terminal.received += piece
        head, found, body = terminal.received.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.index(b"content-length:") + 15
        if len(body) < int(lowered[at:].split(b"\r\n", 1)[0]):
            return
        self._answered(terminal, head, body)

    def _answered(self, terminal: Terminal, head: bytes, body: bytes) -> None:
        status = head.split(b" ", 2)[1]
        if status[:1] == b"5" or status == b"429":
            self.failed(terminal)
            return
        good = body.count(b'"accepted"') + body.count(b'"duplicate"')
        if status != b"200" or good != len(terminal.asked):
            raise SystemExit(f"refused: {head[:60]!r} {body[:300]!r}")
        now = self.heard = time.monotonic()
        for one in terminal.asked:
            if one.id.encode() not in body:
                raise SystemExit(f"not answered by its id: {one.id}")
            one.acknowledged = now
            terminal.box.popleft()
        terminal.asked, terminal.wait = [], FIRST_WAIT
        if terminal.box:
            self.send(terminal)

    def turn(self, until: float) -> None:
        """Hear what comes until a moment; ask again whose time has come."""
        while True:
            now = time.monotonic()
            for key, _events in self.chooser.select(max(0.0, min(until - now, 0.05))):
                self.hear(key.data)
            now = time.monotonic()
            for one in self.terminals:
                if one.again <= now and not one.asked and one.box:
                    self.send(one)
                elif one.asked and now - one.since > GIVE_UP:
                    self.failed(one)
            if now >= until:
                return

    def settle(self) -> float:
        """Wait until nothing is unsent; the seconds that took. SystemExit after `SETTLE_SECONDS`."""
        begun = time.monotonic()
        while any(one.box for one in self.terminals):
            self.turn(time.monotonic() + 0.1)
            if time.monotonic() - begun > SETTLE_SECONDS:
                raise SystemExit(f"still unsent: {sum(len(one.box) for one in self.terminals)}")
        return time.monotonic() - begun


def curve(people: int, rate: float) -> list[float]:
    """Return when people come (seconds), ``rate`` a second on average: a peak after 2/5, a long tail."""
    total = people / rate
    return sorted(total * random.betavariate(2.2, 3.0) for _ in range(people))


class Server:
    """`sonae serve`; killed as a power cut would, and started again on the same port."""

    def __init__(self, port: int, workers: int, environment: dict[str, str]) -> None:
        """Start it and wait until it answers."""
        self.port, self.environment = port, environment
        self.command = [
            sys.executable, "-m", "sonae", "serve", "--bind", f"127.0.0.1:{port}", "--no-work",
            "--workers", str(workers), "--threads", "4",
        ]  # fmt: skip
        self.start()
        while not self.answers():
            time.sleep(0.1)

    def start(self) -> None:
        """Start the processes; they need seconds until they answer."""
        self.process = subprocess.Popen(
            self.command, env=self.environment, stderr=subprocess.DEVNULL
        )

    def answers(self) -> bool:
        """Whether it listens; SystemExit when it has ended by itself."""
        if self.process.poll() is not None:
            raise SystemExit("the server ended by itself")
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def kill(self) -> None:
        """SIGKILL for the supervisor, gunicorn and every worker."""
        family = [self.process.pid]
        for pid in family:  # grows while it is walked
            with suppress(OSError):
                text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                family += [int(one) for one in text.split()]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(20)
        while any(_alive(pid) for pid in family):
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.wait(40)


def _alive(pid: int) -> bool:
    """Whether a process still runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def bare(folder: str, seconds: float) -> list[float]:
    """Return the milliseconds of each event of a bare loop at the burst's rate: lock, insert, upsert, commit."""
    path = Path(folder) / "bare.sqlite3"
    link = sqlite3.connect(path, isolation_level=None)
    link.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE event (id TEXT PRIMARY KEY, person INT, place INT, at TEXT, clock TEXT);"
        "CREATE INDEX event_person ON event (person); CREATE INDEX event_place ON event (place, at);"
        "CREATE TABLE state (person INT PRIMARY KEY, place INT, clock TEXT);"
    )
    lock, times = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600), []
    begun = time.perf_counter()
    for n in range(int(seconds * BURST_RATE)):
        due = begun + n / BURST_RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        fcntl.flock(lock, fcntl.LOCK_EX)
        link.execute("BEGIN IMMEDIATE")
        key = os.urandom(16).hex()
        link.execute("INSERT INTO event VALUES (?,?,1,?,?)", (key, n, "2026", key))
        link.execute("INSERT OR REPLACE INTO state VALUES (?,1,?)", (n, key))
        link.execute("COMMIT")
        fcntl.flock(lock, fcntl.LOCK_UN)
        times.append(1000 * (time.perf_counter() - due))
    link.close()
    os.close(lock)
    return sorted(times)


def burst(fleet: Fleet, seconds: float) -> list[float]:
    """Let 100 people a second arrive in real time; the sorted milliseconds from scan to acknowledgement."""
    first, begun = len(fleet.made), time.monotonic()
    arrivals = sorted(random.uniform(0, seconds) for _ in range(int(seconds * BURST_RATE)))
    for at in arrivals:
        fleet.turn(begun + at)
        fleet.scan(begun + at)
    fleet.settle()
    return sorted(1000 * (one.acknowledged - one.made) for one in fleet.made[first:])


def rest(fleet: Fleet, server: Server, people: int, rate: float) -> list[float]:
    """Replay the rest along its curve, killing the server twice; the longest silence after each, in seconds."""
    begun, killed = time.monotonic(), []
    kills = [int(people * part) for part in (0.3, 0.6)]
    for number, at in enumerate(curve(people, rate)):
        fleet.turn(begun + at)
        fleet.scan(begun + at)
        if number in kills:
            while (
                killed and fleet.heard < killed[-1]
            ):  # it is to be killed at work, not at its start
                fleet.turn(time.monotonic() + 0.1)
            server.kill()
            killed.append(time.monotonic())
            server.start()
    fleet.settle()
    heard = sorted(one.acknowledged for one in fleet.made)
    ends = [*killed[1:], math.inf]
    return [_silence(heard, start, end) for start, end in zip(killed, ends, strict=True)]


def _silence(heard: list[float], start: float, end: float) -> float:
    """Return the longest time without an acknowledgement between two moments; the answers under way count."""
    times = [start, *(at for at in heard if start < at < end)]
    return max(later - earlier for earlier, later in itertools.pairwise(times))


def ledger() -> None:
    """Print the id and terminal of every event in the ledger, and how many people are inside (child process)."""
    import django

    django.setup()
    from sonae.domains.safety.interface import PersonState, Sighting
    from sonae.platform import worlds
    from tests.fixtures import CODE

    with worlds.entered(CODE):
        print(PersonState.objects.filter(direction="in").count())
        for pk in Sighting.objects.filter(refusal="").values_list("pk", flat=True).iterator():
            print(pk)


def compare(fleet: Fleet, environment: dict[str, str]) -> str:
    """Compare the ledger with what was made; SystemExit for one event lost, doubled or invented."""
    told = subprocess.run(
        [sys.executable, __file__, "--ledger"],
        env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    inside, *ids = told.stdout.split()
    made = {one.id for one in fleet.made}
    acknowledged = {one.id for one in fleet.made if one.acknowledged}
    if len(ids) != len(set(ids)) or set(ids) != made or int(inside) != len(made):
        raise SystemExit(
            f"ledger {len(ids)} ids, {len(set(ids))} different, {inside} people inside; made {len(made)}; "
            f"acknowledged and lost {len(acknowledged - set(ids))}; never made {len(set(ids) - made)}"
        )
    return f"{len(made):,} made, {len(acknowledged):,} acknowledged, {len(ids):,} in the ledger, each once"


@contextmanager
def database(kind: str, folder: str) -> Iterator[dict[str, str]]:
    """The environment of an installation on SQLite, or on a throw-away PostgreSQL that syncs its disk."""
    environment = {
        **os.environ, "SONAE_HOME": folder, "DJANGO_SETTINGS_MODULE": "sonae.settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }  # fmt: skip
    with ExitStack() as stack:
        if kind == "postgres":
            sys.path.insert(0, str(ROOT))
            from tools import postgres

            durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
            postgres.FAST = {**postgres.FAST, **durable, "max_connections": "100"}
            try:
                environment["SONAE_DATABASE"] = stack.enter_context(postgres.server())
            except postgres.UnavailableError as reason:
                print(f"skipped: {reason}")
                sys.exit(0)
        yield environment


def measure(arguments: argparse.Namespace, folder: str, environment: dict[str, str]) -> None:
    """Prepare, run the burst and the rest, compare, print."""
    made = subprocess.run(
        [sys.executable, __file__, "--prepare"],
        env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    subprocess.run([sys.executable, "-m", "sonae", "setup"], env=environment, check=True, stderr=subprocess.DEVNULL)  # fmt: skip
    base = bare(folder, 5.0)
    server = Server(check_in.free_port(), arguments.workers, environment)
    try:
        fleet = Fleet(server.port, made.stdout.split())
        check_in.wake(server.port, fleet.terminals[:16])  # type: ignore[arg-type]
        for one in range(64):  # every worker loads its code at its first request
            fleet.scan(time.monotonic())
            fleet.turn(time.monotonic() + 0.02 * (one % 4))
        fleet.settle()
        load = os.getloadavg()[0]
        used = check_in.cpu_seconds(server.process.pid)
        times = burst(fleet, arguments.burst)
        used = check_in.cpu_seconds(server.process.pid) - used
        left = PEOPLE - len(fleet.made)
        people = left if arguments.full else min(arguments.rest, left)
        begun = time.monotonic()
        silences = rest(fleet, server, people, arguments.rate)
        took = time.monotonic() - begun
    finally:
        with suppress(Exception):
            server.stop()
    verdict = compare(fleet, environment)
    speed = people / took / (PEOPLE / HOURS / 3600)
    print(
        f"arrival, {arguments.database}: {len(fleet.terminals)} terminals, {arguments.workers} workers x 4 threads, "
        f"{os.cpu_count()} cores shared with the client, load average before {load:.1f}\n"
        f"{_burst_told(times, base, used, arguments.burst)}\n"
        f"  {people:,} of the other {left:,} in {took:.0f} s, {speed:.0f} x the speed of the three hours; kill -9 "
        f"twice, first acknowledgement after {', '.join(f'{one:.1f}' for one in silences)} s; "
        f"{fleet.failures:,} requests without an answer\n"
        f"  {verdict}"
    )


def _burst_told(times: list[float], base: list[float], used: float, seconds: float) -> str:
    """Say how the burst went, beside the bare loop (both sorted milliseconds)."""
    middle, bare50 = statistics.median(times), statistics.median(base)
    p99, bare99 = times[int(0.99 * len(times))], base[int(0.99 * len(base))]
    return (
        f"  burst of {BURST_RATE}/s for {seconds:g} s, real time: scan to acknowledgement p50 {middle:.1f} ms, "
        f"p99 {p99:.1f} ms (wanted <= {WANTED_P99_MS}), longest {times[-1]:.0f} ms; "
        f"server CPU {1000 * used / len(times):.2f} ms a scan\n"
        f"     bare SQLite loop at the same rate: p50 {bare50:.2f} ms, p99 {bare99:.2f} ms; "
        f"ratio of p50 {middle / bare50:.1f}, of p99 {p99 / bare99:.1f}"
    )


def main() -> None:
    """Read the options; the hidden ones are this script's own child processes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument(
        "--full", action="store_true", help="all 117,209 people, not a part of the rest"
    )
    parser.add_argument("--rest", type=int, default=8_000)
    parser.add_argument(
        "--rate", type=float, default=400, help="arrivals a second while compressed"
    )
    parser.add_argument("--burst", type=float, default=60, help="seconds of the burst")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--ledger", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    check_in.PEOPLE, check_in.PER_HOME = PEOPLE, 1
    if arguments.prepare:
        check_in.prepare(TERMINALS)
        return
    if arguments.ledger:
        ledger()
        return
    with (
        tempfile.TemporaryDirectory(prefix="sonae-bench-") as folder,
        database(arguments.database, folder) as environment,
    ):
        measure(arguments, folder, environment)


if __name__ == "__main__":
    main()
