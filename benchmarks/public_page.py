"""The public page under load: requests per second and latency on 2 workers × 4 threads.

Starts the real server (`sonae serve`) on a small city in a flood: warnings in force, an evacuation
order, open shelters. Then 16 keep-alive connections ask for the page as a phone does (compressed),
and as a phone that has it already (304). Baseline in the same run: a static file of the same size
from the same server. Also prints the bytes of a first visit. Medians of the rounds.

Usage: python benchmarks/public_page.py [--seconds 5] [--rounds 3] [--connections 16]
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANTED_PER_SECOND = 1500
WANTED_SHELL = 14 * 1024
WANTED_VISIT = 100 * 1024


def prepare() -> None:
    """Make the small flooded city (runs in a child with its own SONAE_HOME)."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from sonae.domains.municipalities.interface import Municipality
    from sonae.domains.shelters import interface as shelters
    from sonae.domains.warnings import interface as warnings
    from sonae.platform import worlds
    from tests.fixtures import AREAS, CODE, OPERATOR, flood_telegram, make_city

    Municipality.objects.create(
        code=CODE, name="試験市", kana="シケンシ", name_en="Shiken City", prefecture="試験県",
        latitude=37.0, longitude=139.0, warning_areas=AREAS, is_demo=True,
    )  # fmt: skip
    with worlds.entered(CODE):
        made = make_city()
        warnings.accept(flood_telegram(), via="benchmark")
        _order(made.towns.values())
        for facility in made.facilities.values():
            shelters.set_state(OPERATOR, facility.pk, "open")


def _order(towns: object) -> None:
    """Put an evacuation order in force, as the page will mostly be read with one."""
    from sonae.core import clock
    from sonae.domains.evacuation.interface import EvacuationOrder

    order = EvacuationOrder.objects.create(
        number=1, level=4, hazard="flood", status="issued", drafted_by="benchmark",
        drafted_at=clock.now(), issued_at=clock.now(),
    )  # fmt: skip
    order.towns.set(list(towns))  # type: ignore[call-overload]


@contextmanager
def server(home: Path, port: int) -> Iterator[None]:
    """Run `sonae serve` until the block ends; raises when it does not come up in a minute."""
    environment = {**os.environ, "SONAE_HOME": str(home)}
    command = [sys.executable, "-m", "sonae", "serve", "--bind", f"127.0.0.1:{port}", "--no-work"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the page answers."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("the server ended at once")
        try:
            if fetch(port, "/")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not answer within a minute")


def request(path: str, extra: str = "") -> bytes:
    """Return the bytes of a GET as a phone sends it."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
        f"Accept-Language: ja-JP\r\n{extra}\r\n"
    ).encode()


def fetch(port: int, path: str, extra: str = "") -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (lower case) and body of one GET."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(request(path, f"Connection: close\r\n{extra}"))
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


@dataclass
class Load:
    """What a round measured: answers per second and the 99th percentile in milliseconds."""

    per_second: float
    p99_ms: float


def load(port: int, ask: bytes, connections: int, seconds: float) -> Load:
    """Send ``ask`` again and again on each connection, one at a time, for ``seconds``."""
    chooser, times = selectors.DefaultSelector(), []
    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        chooser.register(link, selectors.EVENT_READ, [b"", 0.0, ask])
    begun = time.perf_counter()
    for key in list(chooser.get_map().values()):
        _send(key.fileobj, key.data)
    while (now := time.perf_counter()) - begun < seconds:
        for key, _events in chooser.select(1.0):
            _receive(key.fileobj, key.data, times)
    took = now - begun
    for key in list(chooser.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    times.sort()
    return Load(len(times) / took, 1000 * times[int(len(times) * 0.99)])


def _send(link: object, state: list) -> None:  # type: ignore[type-arg]
    """Send one request and note when."""
    state[0], state[1] = b"", time.perf_counter()
    link.sendall(state[2])  # type: ignore[attr-defined]


def _receive(link: object, state: list, times: list[float]) -> None:  # type: ignore[type-arg]
    """Take what came; when the answer is whole, note its time and ask again."""
    piece = link.recv(262144)  # type: ignore[attr-defined]
    if not piece:
        raise SystemExit("the server closed a connection under load")
    state[0] += piece
    head, found, body = state[0].partition(b"\r\n\r\n")
    if not found:
        return
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    if b" 304 " in head[:20] or (length and len(body) >= int(length.group(1))):
        if head[9:12] not in {b"200", b"304"}:
            raise SystemExit(f"refused under load: {head[:40]!r}")
        times.append(time.perf_counter() - state[1])
        _send(link, state)


def first_visit(port: int) -> tuple[int, int]:
    """Return the compressed bytes of HTML and CSS, and of everything a first visit loads."""
    _status, _headers, page = fetch(port, "/")
    html = gzip.decompress(page).decode()
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    # What the browser and the service worker fetch by themselves is part of the visit.
    addresses += ["/manifest.webmanifest", "/icon-192.png", "/sw.js", "/offline/"]
    sizes = {address: len(fetch(port, address)[2]) for address in dict.fromkeys(addresses)}
    css = sum(size for address, size in sizes.items() if address.endswith(".css"))
    return len(page) + css, len(page) + sum(sizes.values())


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_wrk(port: int, path: str, connections: int, seconds: float) -> float | None:
    """Return wrk's requests per second, or None where wrk is not installed."""
    if not (tool := shutil.which("wrk")):
        return None
    options = [f"-c{connections}", "-t1", f"-d{seconds:.0f}s", "-H", "Accept-Encoding: gzip"]
    done = subprocess.run(
        [tool, *options, f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(re.findall(r"Requests/sec: *([\d.]+)", done.stdout)[0])


def measure(port: int, arguments: argparse.Namespace) -> None:
    """Run the rounds, page and baseline in turn, and print."""
    _status, headers, body = fetch(port, "/")
    cases = {
        "page": request("/"),
        "page, 304": request("/", f"If-None-Match: {headers['etag']}\r\n"),
        "static file of the same size": request("/static/same-size.bin"),
    }
    results: dict[str, list[Load]] = {name: [] for name in cases}
    for _ in range(arguments.rounds):
        for name, ask in cases.items():
            results[name].append(load(port, ask, arguments.connections, arguments.seconds))
    print(
        f"public page: {len(body):,} bytes compressed, 2 workers x 4 threads, "
        f"{arguments.connections} connections, {os.cpu_count()} cores shared with the client"
    )
    rates = {}
    for name, rounds in results.items():
        rates[name] = statistics.median(one.per_second for one in rounds)
        p99 = statistics.median(one.p99_ms for one in rounds)
        print(f"  {name:30} {rates[name]:8,.0f} requests/s   p99 {p99:6.1f} ms")
    base = rates["static file of the same size"]
    print(
        f"  page / static file: {rates['page'] / base:.2f}   wanted: >= {WANTED_PER_SECOND:,} requests/s"
    )
    if (rate := with_wrk(port, "/", arguments.connections, arguments.seconds)) is not None:
        print(f"  page by wrk: {rate:,.0f} requests/s")
    shell, visit = first_visit(port)
    print(
        f"  HTML + CSS {shell:,} bytes compressed (wanted <= {WANTED_SHELL:,}); "
        f"first visit {visit:,} bytes (wanted <= {WANTED_VISIT:,})"
    )


def main() -> None:
    """Prepare, serve, measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.prepare:
        prepare()
        return
    with tempfile.TemporaryDirectory(prefix="sonae-bench-") as folder:
        home = Path(folder)
        environment = {
            **os.environ, "SONAE_HOME": folder, "DJANGO_SETTINGS_MODULE": "sonae.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        }  # fmt: skip
        subprocess.run([sys.executable, __file__, "--prepare"], env=environment, check=True)
        subprocess.run([sys.executable, "-m", "sonae", "setup"], env=environment, check=True)
        port = free_port()
        with server(home, port):
            size = len(fetch(port, "/")[2])
        (home / "static" / "same-size.bin").write_bytes(os.urandom(size))
        with server(home, port):
            fetch(port, "/")
            measure(port, arguments)


if __name__ == "__main__":
    main()
