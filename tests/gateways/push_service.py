"""A push service and the browsers behind it: takes what RFC 8030 asks for and opens what was encrypted.

It does what a browser does with its own private key (RFC 8291) and what a push service does with the
sender's token (RFC 8292), written from the receiving side.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.ports import free_port

CURVE = ec.SECP256R1()


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


@dataclass
class Browser:
    """One subscription: its keys, and what it has shown."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    shown: list[dict[str, str]] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": b64(point(self.key)), "auth": b64(self.auth)}

    def opened(self, body: bytes) -> bytes:
        """Decrypt as a browser: header, key agreement, one record, padding (RFC 8188, RFC 8291)."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs)
        )
        info = b"WebPush: info\0" + point(self.key) + theirs
        secret = HKDF(hashes.SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert plain[-1:] == b"\x02", "the last record ends in 2"
        return plain[:-1]


@dataclass
class Service:
    """The counterpart: browsers by path, and what it answers to some of them."""

    port: int = field(default_factory=free_port)
    browsers: dict[str, Browser] = field(default_factory=dict)
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    most: int = 4096

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, name: str) -> Browser:
        made = Browser(f"{self.origin}/wp/{name}")
        self.browsers[f"/wp/{name}"] = made
        return made

    def say(self, name: str, *statuses: int, **headers: str) -> None:
        """Answer the next requests for a browser so instead of taking them."""
        told = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers[f"/wp/{name}"] += [(status, told) for status in statuses]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        self.requests.append((path, headers))
        if self.answers[path]:
            return self.answers[path].pop(0)
        if path not in self.browsers:
            return 404, {}
        if len(body) > self.most:
            return 413, {}
        self._check(headers)
        self.browsers[path].shown.append(json.loads(self.browsers[path].opened(body)))
        return 201, {"Location": f"{self.origin}/message/1"}

    def _check(self, headers: dict[str, str]) -> None:
        """Refuse, as push services do, what is not RFC 8030 and RFC 8292."""
        scheme, _, rest = headers["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        text, _, signature = parts["t"].rpartition(".")
        rs = raw(signature)
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw(parts["k"]))
        der = encode_dss_signature(int.from_bytes(rs[:32]), int.from_bytes(rs[32:]))
        key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))
        head, claims = (json.loads(raw(part)) for part in text.split("."))
        wrong = {
            "scheme": scheme != "vapid",
            "alg": head != {"typ": "JWT", "alg": "ES256"},
            "aud": claims["aud"] != self.origin,
            "sub": not claims["sub"].startswith(("mailto:", "https:")),
            "encoding": headers["content-encoding"] != "aes128gcm",
            "ttl": not headers["ttl"].isdecimal(),
            "topic": len(headers["topic"]) > 32,
        }
        self.problems += [name for name, bad in wrong.items() if bad]


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, told = self.service.take(self.path, headers, body)
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal."""


def serving(service: Service) -> ThreadingHTTPServer:
    """Start the service in a thread; `shutdown` ends it."""
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", service.port), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
