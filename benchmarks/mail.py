"""E-mail: writing personal mails, and handing them to a real SMTP server on this machine.

Baselines in the same run: one ``EmailMessage`` per resident (writing); one connection per mail
(handing over). The server is aiosmtpd in a process of its own and throws everything away.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

WRITTEN = 5_000
HANDED = 400
ROUNDS = 3
BODY = "\n\n".join(
    ["警戒レベル4 避難指示", "対象：西町、中町、東町", "いますぐ避難してください。" * 6]
)
SINK = """
import asyncio, sys
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP
async def main():
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Sink()), "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()
asyncio.run(main())
"""


def built(one: Any) -> bytes:
    """Write one mail with the library alone."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"], mail["From"], mail["To"] = (
        "警戒レベル4 避難指示",
        "a@sonae.example",
        one.address,
    )
    mail["Message-ID"] = f"<1.{one.delivery}@sonae.example>"
    mail.set_content(f"{BODY}\n\n{one.link}\n", charset="utf-8", cte="base64")
    return mail.as_bytes()


def median(work: Callable[[], object]) -> float:
    """Return the median seconds of a few rounds."""
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def sink() -> tuple[subprocess.Popen[bytes], int]:
    """Start the server that throws mails away; return it and its port once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", SINK, str(port)])
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            break
    return process, port


def main() -> None:
    """Print mails per second for both, with the ratio to the baselines."""
    os.environ["SONAE_HOME"] = tempfile.mkdtemp()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sonae.settings")
    import django

    django.setup()
    from django.conf import settings

    from sonae.domains.messages.interface import Parcel, Recipient
    from sonae.gateways import mail
    from sonae.gateways.envelope import prepared

    people = [
        Recipient(n, f"r{n}@example.jp", "ja", f"https://city.example/a/{n:060d}")
        for n in range(WRITTEN)
    ]
    texts = {"ja": {"subject": "警戒レベル4 避難指示", "body": BODY}}

    def write() -> None:
        compose = prepared(Parcel("urn:uuid:1", texts, people))
        for one in people:
            compose(one)

    ours, theirs = median(write), median(lambda: [built(one) for one in people])
    print(f"writing: {WRITTEN / ours:,.0f} mails/s; EmailMessage each: {WRITTEN / theirs:,.0f}/s; ")
    print(f"  ratio {theirs / ours:.0f}")
    server, port = sink()
    try:
        settings.SMTP = f"smtp://127.0.0.1:{port}"
        parcel = Parcel("urn:uuid:1", texts, people[:HANDED])
        together = median(lambda: list(mail.send(parcel)))
        singly = median(
            lambda: [list(mail.send(Parcel("urn:uuid:1", texts, [p]))) for p in people[:HANDED]]
        )
    finally:
        server.terminate()
        server.wait()
    print(
        f"handing over: {HANDED / together:,.0f} mails/s; a connection each: {HANDED / singly:,.0f}/s"
    )
    print(f"  ratio {singly / together:.1f} (the server is the limit)")


if __name__ == "__main__":
    main()
