"""Web Push: encrypting for each phone, and handing over to a push service on this machine.

Baseline in the same run: as simple programs do it, one push after the other, each with a connection
and a signed token of its own. The service is a plain HTTP/1.1 server in a process of its own that answers
201 after 20 ms, as one on the internet does, and throws everything away.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

PHONES = 2_000
SINGLY = 100
ROUNDS = 3
SERVICE = """
import asyncio, sys
ANSWER = b"HTTP/1.1 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n"
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = next(int(line[15:]) for line in head.split(b"\\r\\n")
                          if line.lower().startswith(b"content-length:"))
            await reader.readexactly(length)
            await asyncio.sleep(0.02)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()
asyncio.run(main())
"""


def median(work: Callable[[], object]) -> tuple[float, float]:
    """Return the median seconds of a few rounds, and of this process's CPU in them."""
    wall, cpu = [], []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    return statistics.median(wall), statistics.median(cpu)


def service() -> tuple[subprocess.Popen[bytes], int]:
    """Start the push service; return it and its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", SERVICE, str(port)])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            break
    return process, port


def main() -> None:
    """Print pushes per second, with the ratio to the baseline."""
    os.environ["SONAE_HOME"] = tempfile.mkdtemp()
    os.environ["SONAE_ALLOW_PRIVATE_TARGETS"] = "1"
    os.environ["SONAE_ISSUER"] = "https://city.example"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sonae.settings")
    import django

    django.setup()
    import json

    from cryptography.hazmat.primitives.asymmetric import ec

    from sonae.domains.messages.interface import Parcel, Recipient
    from sonae.domains.messages.pushkeys import padded, unpadded
    from sonae.gateways import push
    from sonae.platform.sealing import seal

    process, port = service()
    keys = []
    for _ in range(50):
        point = push._point(ec.generate_private_key(ec.SECP256R1()))
        told = {"p256dh": unpadded(point), "auth": unpadded(os.urandom(16))}
        keys.append((seal("push keys", json.dumps(told)), told))
    people = [
        Recipient(n, f"http://127.0.0.1:{port}/wp/{n}", "ja", f"https://city.example/a/{n:060d}",
                  keys[n % 50][0])
        for n in range(PHONES)
    ]  # fmt: skip
    texts = {
        "ja": {
            "subject": "警戒レベル4 避難指示",
            "body": "対象：西町\n危険な場所から、全員、避難してください。",
        }
    }
    parcel = Parcel("urn:uuid:1", texts, people, "order:1", 80_000)

    def singly() -> None:
        for one in people[:SINGLY]:
            push._signed.cache_clear()
            body = push._Round(parcel)._payload(one, full=True)
            told = keys[one.delivery % 50][1]
            sealed = push.encrypted(body, padded(told["p256dh"]), padded(told["auth"]))
            connection = http.client.HTTPConnection("127.0.0.1", port)
            headers = {"Authorization": push._authorization(one.address), "TTL": "80000"}
            connection.request("POST", "/wp/1", sealed, headers)
            connection.getresponse().read()
            connection.close()

    point, auth = padded(keys[0][1]["p256dh"]), padded(keys[0][1]["auth"])
    alone, _cpu = median(lambda: [push.encrypted(b"x" * 300, point, auth) for _ in range(500)])
    try:
        together, cpu = median(lambda: list(push.send(parcel)))
        each, cpu_each = median(singly)
    finally:
        process.terminate()
        process.wait()
    print(f"encrypting: {500 / alone:,.0f}/s on one core")
    print(f"handing over: {PHONES / together:,.0f} pushes/s ({PHONES / cpu:,.0f} per CPU-second)")
    print(f"one after the other: {SINGLY / each:,.0f}/s ({SINGLY / cpu_each:,.0f} per CPU-second)")
    print(f"  ratio {(PHONES / together) / (SINGLY / each):.1f} wall, "
          f"{(PHONES / cpu) / (SINGLY / cpu_each):.1f} CPU")  # fmt: skip


if __name__ == "__main__":
    main()
