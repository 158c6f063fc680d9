"""The publisher of a CAP feed: an index in Atom or RSS, alerts inside the feed, or one alert.

It can sign what it serves with a throw-away key (ECDSA P-256, enveloped), change it afterwards, and
misbehave like any server. `certificate` is what a receiver pins.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from sonae.core import clock
from sonae.gateways.simulators.serving import Faults, Service, address, send, wait

FORMS: Final = ("atom", "rss", "wrapped", "single")
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"


class Signer:
    """A throw-away key with a certificate of its own."""

    def __init__(self, days: int = 30) -> None:
        """``days`` the certificate holds from yesterday on; negative: it is over already."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rehearsal")])
        now = clock.SystemClock().now()
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1000))
            .not_valid_after(now + timedelta(days=days))
            .sign(self._key, hashes.SHA256())
        )

    @property
    def certificate(self) -> str:
        """What a receiver pins (PEM)."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, alert: bytes) -> bytes:
        """Return the alert with an enveloped signature."""
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.ECDSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=_C14N,
        )
        signed = signer.sign(etree.fromstring(alert), key=self._key, cert=[self._certificate])
        return bytes(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))


@dataclass(frozen=True)
class Alert:
    """One alert: its name, bytes, when it appears (monotonic), and when by the clock."""

    name: str
    body: bytes
    at: float
    updated: datetime


class CapServer:
    """Serves ``/feed.xml`` in one of `FORMS` and ``/alerts/*`` until closed."""

    def __init__(
        self,
        form: str = "atom",
        bind: tuple[str, int] = ("127.0.0.1", 0),
        *,
        signer: Signer | None = None,
    ) -> None:
        """Start serving; with a ``signer`` every alert is signed."""
        self.form, self.signer = form, signer
        self.alerts: list[Alert] = []
        self.faults = Faults()
        self.asked: list[str] = []
        self.links = ""
        self._lock = threading.Lock()
        self.http = Service(self.answer, bind)

    @property
    def url(self) -> str:
        """The address to give to the ``cap-feed`` input."""
        return f"{self.http.url}feed.xml"

    def publish(
        self,
        name: str,
        body: bytes,
        *,
        after: float = 0.0,
        tamper: tuple[bytes, bytes] = (b"", b""),
    ) -> bytes:
        """Let an alert appear; ``tamper`` replaces one text by another after it was signed."""
        served = self.signer.sign(body) if self.signer else body
        served = served.replace(*tamper) if tamper[0] else served
        with self._lock:
            updated = clock.SystemClock().now().astimezone(UTC) + timedelta(seconds=after)
            self.alerts.append(Alert(name, served, time.monotonic() + after, updated))
        return served

    def close(self) -> None:
        """Stop serving."""
        self.http.close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer the index and the alerts, or as badly as `faults` wants."""
        self.asked.append(request.path)
        folder, _slash, name = request.path.strip("/").partition("/")
        if self.faults.errors > 0:
            self.faults.errors -= 1
            send(request, 500)
        elif folder == "feed.xml":
            self._answer(request, "feed.xml", self._feed())
        else:
            found = [one.body for one in self._shown() if one.name == name and folder == "alerts"]
            self._answer(request, name, found[0] if found else None)

    def _answer(self, request: BaseHTTPRequestHandler, name: str, body: bytes | None) -> None:
        if body is None:
            send(request, 404)
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            send(request, 304, b"", {"ETag": etag})
            return
        cut = self.faults.half.get(name, 0)
        self.faults.half[name] = max(0, cut - 1)
        send(request, 200, body, {"ETag": etag}, cut=cut > 0)

    def _shown(self) -> list[Alert]:
        with self._lock:
            return [one for one in self.alerts if one.at <= time.monotonic()]

    def _feed(self) -> bytes | None:
        """Return what the address gives at this moment, newest first (or as the faults say)."""
        shown = sorted(self._shown(), key=lambda one: one.at, reverse=not self.faults.reversed)
        if self.faults.repeated:
            shown = [*shown, *shown]
        if self.form == "single":
            return max(shown, key=lambda one: one.at).body if shown else None
        if self.form == "rss":
            items = "".join(map(self._item, shown))
            return f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()
        entry = self._wrapped if self.form == "wrapped" else self._entry
        head = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>CAP</title>'
        return head + b"".join(map(entry, shown)) + b"</feed>"

    def _link(self, one: Alert) -> str:
        return f"{self.links or self.http.url}alerts/{one.name}"

    def _entry(self, one: Alert) -> bytes:
        link = escape(self._link(one))
        return (
            f"<entry><title>{escape(one.name)}</title><id>{link}</id>"
            f"<updated>{one.updated.isoformat()}</updated><link rel='alternate' type='text/html' "
            f"href='/about.html'/><link type='application/cap+xml' href='{link}'/></entry>"
        ).encode()

    def _item(self, one: Alert) -> str:
        link, date = escape(self._link(one)), format_datetime(one.updated)
        return f"<item><title>x</title><guid>{link}</guid><link>{link}</link><pubDate>{date}</pubDate></item>"

    def _wrapped(self, one: Alert) -> bytes:
        plain = etree.tostring(etree.fromstring(one.body))
        return b"<entry><content type='application/cap+xml'>" + plain + b"</content></entry>"


def _files(paths: Sequence[Path]) -> list[Path]:
    return [
        file
        for path in paths
        for file in (sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path])
    ]


@click.command("cap-feed")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--bind", default="127.0.0.1:8716", show_default=True, help="待ち受ける HOST:PORT")
@click.option("--every", default=5.0, show_default=True, help="出す間隔（秒）")
@click.option("--form", type=click.Choice(FORMS), default="atom", show_default=True,
              help="一覧（atom・rss）、警報を入れたフィード（wrapped）、1通だけ（single）")  # fmt: skip
@click.option("--sign", type=click.Path(path_type=Path), metavar="FILE",
              help="使い捨ての鍵で署名し、証明書を FILE に書く")  # fmt: skip
def command(paths: tuple[Path, ...], bind: str, every: float, form: str, sign: Path | None) -> None:
    """CAP のファイル（フォルダーでもよい）を、フィードとして順に出す。止めるには Ctrl-C。"""
    signer = Signer() if sign else None
    server = CapServer(form, address(bind), signer=signer)
    if sign and signer:
        sign.write_text(signer.certificate)
    files = _files(paths)
    for number, file in enumerate(files):
        server.publish(file.name, file.read_bytes(), after=number * every)
    click.echo(f"{server.url} で{len(files)}通を{every:g}秒ごとに出します。", err=True)
    more = f' --set certificates="$(cat {sign})"' if sign else ""
    click.echo(f"受信側: sonae inputs add cap-feed --set url={server.url}{more}", err=True)
    wait(server.http.thread, server.close)
