"""Fetching over HTTP for receivers: conditional, bounded, from the hosts that were named."""

from __future__ import annotations

import http.client
import io
import ipaddress
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from sonae.core.errors import SonaeError

TIMEOUT_SECONDS: Final = 20
MOST_BYTES: Final = 64 * 1024 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_AGENT: Final = "Sonae (disaster response of a city hall)"


@dataclass(frozen=True)
class Page:
    """One answer: ``status``, the whole body (empty for 304), validators for the next request."""

    status: int
    body: bytes
    etag: str = ""
    modified: str = ""


class Half(OSError):
    """The body ended before it was complete."""


class Answered(OSError):
    """The other side answered with a failure: ``status`` and the beginning of what it said."""

    def __init__(self, status: int, path: str, said: bytes = b"") -> None:
        """``path`` without its query, which may hold a secret."""
        super().__init__(f"HTTP {status} {path[:120]}")
        self.status, self.said = status, said[:2000]


class Host:
    """One host and perhaps others that are named; a connection to each, opened anew when it breaks."""

    def __init__(
        self,
        base: str,
        *,
        lan: bool = False,
        headers: Mapping[str, str] | None = None,
        also: Sequence[str] = (),
    ) -> None:
        """``base`` is the address of a folder (``https://…/``); plain HTTP only to this machine.

        ``lan``: a device of the city's own network may speak plain HTTP too. ``headers`` go with
        every request. ``also``: further hosts (HOST or HOST:PORT) to which a link may lead.
        """
        self.base = base if base.endswith("/") else f"{base}/"
        parts = urlsplit(self.base)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise SonaeError("unprocessable", f"アドレスが正しくありません: {base}")
        if parts.scheme == "http" and not _near(parts.hostname, lan):
            raise SonaeError(
                "unprocessable",
                "暗号化されない http のアドレスからは受信しません。",
                "https にしてください。",
            )
        self._scheme = parts.scheme
        self._hosts = frozenset((parts.netloc, *also))
        self._headers = dict(headers or {})
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def address(self, link: str) -> str:
        """Return the absolute address of a link; ``foreign_host`` when it leaves these hosts."""
        found = urljoin(self.base, link)
        parts = urlsplit(found)
        if parts.scheme != self._scheme or parts.netloc not in self._hosts:
            raise SonaeError("foreign_host", f"別のサーバーへのリンクは開きません: {found[:120]}")
        return found

    def get(self, link: str, etag: str = "", modified: str = "") -> Page:
        """Fetch; `OSError` when the line is down, `Half` for a cut body, `SonaeError` for a refusal."""
        headers = {}
        if etag:
            headers["If-None-Match"] = etag
        if modified:
            headers["If-Modified-Since"] = modified
        return self.send("GET", link, headers=headers)

    def send(
        self,
        method: str,
        link: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Ask with any method; failures as in `get`, and `Answered` for an answer that says no."""
        address = urlsplit(self.address(link))
        sent = {"User-Agent": _AGENT, "Accept-Encoding": "gzip", **self._headers, **(headers or {})}
        try:
            return self._ask(method, address, body, sent)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if isinstance(error, OSError):
                raise
            raise Half(f"{type(error).__name__}: {error}") from error

    def _ask(
        self, method: str, address: SplitResult, sent: bytes | None, headers: dict[str, str]
    ) -> Page:
        connection = self._opened(address)
        target = address.path + (f"?{address.query}" if address.query else "")
        connection.request(method, target, sent, headers)
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            self.close()
            raise SonaeError("too_large", f"大きすぎる応答です: {address.path[:120]}")
        told = answer.headers.get("Content-Length", "")
        if told.isdecimal() and answer.status == 200 and len(body) != int(told):
            self.close()
            raise Half(f"{len(body)} / {told} bytes: {address.path[:120]}")
        if answer.status in _REDIRECTS:
            raise SonaeError(
                "redirected",
                f"別のアドレスへ移されています: {answer.headers.get('Location', '')[:120]}",
            )
        if answer.status not in (200, 204, 304):
            raise Answered(answer.status, address.path, body)
        plain = _plain(body, answer.headers.get("Content-Encoding", ""))
        return Page(
            answer.status,
            plain,
            answer.headers.get("ETag", ""),
            answer.headers.get("Last-Modified", ""),
        )

    def _opened(self, address: SplitResult) -> http.client.HTTPConnection:
        if address.netloc not in self._connections:
            kind = (
                http.client.HTTPSConnection
                if self._scheme == "https"
                else http.client.HTTPConnection
            )
            made = kind(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
            self._connections[address.netloc] = made
        return self._connections[address.netloc]

    def close(self) -> None:
        """Drop the connections; the next request opens another."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()


def _plain(body: bytes, encoding: str) -> bytes:
    """Return the body unpacked, within the same limit."""
    if encoding.lower() != "gzip":
        return body
    return unpacked(body)


def unpacked(body: bytes) -> bytes:
    """Return what gzip packed, within the limit; `Half` when it is cut or broken."""
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = reader.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise Half(f"gzip: {error}") from error
    if len(plain) > MOST_BYTES:
        raise SonaeError("too_large", "大きすぎる応答です。")
    if not reader.eof:
        raise Half("gzip: cut")
    return plain


def unzipped(body: bytes, most: int = MOST_BYTES) -> bytes:
    """Return the one file of a zip, of ``most`` bytes; `Half` when it is cut, broken or holds another number."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            (name,) = archive.namelist()
            with archive.open(name) as file:
                plain = file.read(most + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        EOFError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise Half(f"zip: {error}") from error
    if len(plain) > most:
        raise SonaeError("too_large", "大きすぎる電文です。")
    return plain


def _near(host: str, lan: bool) -> bool:
    """Whether a host is this machine, or with ``lan`` one of the city's own network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or (lan and ("." not in host or host.endswith(".local")))
    return address.is_loopback or (lan and address.is_private)
