"""The commons of L-Alert as seen by a receiver: publishes messages with WS-Security."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import secrets
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click
from lxml import etree

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.engines.warnings.safexml import parse

_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_STATUS: Final = re.compile(rb"(<[\w:]*distributionStatus>)\s*\w+\s*(</)")
_DECLARATION: Final = re.compile(rb"^(\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")


class Refused(Exception):
    """A SOAP Fault: its code and words."""

    def __init__(self, code: str, text: str) -> None:
        """``code`` is the faultcode."""
        super().__init__(f"{code}: {text}")
        self.code = code


def token(user: str, password: str, *, nonce: bytes, created: datetime) -> str:
    """Return the UsernameToken with its password digest."""
    at = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = hashlib.sha1(nonce + at.encode() + password.encode(), usedforsecurity=False).digest()
    return (
        f'<wsse:Security xmlns:wsse="{_OASIS}-wssecurity-secext-1.0.xsd">'
        f'<wsse:UsernameToken xmlns:wsu="{_OASIS}-wssecurity-utility-1.0.xsd">'
        f"<wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="{_OASIS}-username-token-profile-1.0#PasswordDigest">'
        f"{base64.b64encode(made).decode()}</wsse:Password>"
        f'<wsse:Nonce EncodingType="{_OASIS}-soap-message-security-1.0#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</wsse:Nonce><wsu:Created>{at}</wsu:Created>"
        "</wsse:UsernameToken></wsse:Security>"
    )


def envelope(document: bytes, security: str) -> bytes:
    """Return the call of ``publish`` with a document (UTF-8) inside."""
    inside = _DECLARATION.sub(b"", document)
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>'
        b'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header>'
        + security.encode()
        + b'</S:Header><S:Body><pcsoap:publish xmlns:pcsoap="http://soap.publiccommons.ne.jp/">'
        b"<pcsoap:message>" + inside + b"</pcsoap:message></pcsoap:publish></S:Body></S:Envelope>"
    )


class Publisher:
    """Calls one address with one user's credentials."""

    def __init__(
        self, url: str, user: str, password: str, tls: ssl.SSLContext | None = None
    ) -> None:
        """``url`` as the receiver gave it; ``tls`` where its certificate is not a public one."""
        self._parts, self._user, self._password, self._tls = urlsplit(url), user, password, tls

    def publish(self, document: bytes) -> tuple[int, str]:
        """Publish one message; the answer's code and result. `Refused` for a Fault, `OSError`."""
        now, nonce = clock.SystemClock().now(), secrets.token_bytes(16)
        made = token(self._user, self._password, nonce=nonce, created=now)
        return self.send(envelope(document, made))

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Send a request as it is."""
        host, port = self._parts.hostname or "", self._parts.port
        connection: http.client.HTTPConnection
        if self._parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=30, context=self._tls)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=30)
        told = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **(headers or {})}
        try:
            connection.request("POST", self._parts.path or "/", body=body, headers=told)
            return _understood(connection.getresponse().read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()


def _understood(body: bytes) -> tuple[int, str]:
    try:
        root: etree._Element = parse(body).root
    except SonaeError as error:
        raise ConnectionError(f"応答が読めません: {error.detail}") from error
    texts = {str(etree.QName(one).localname): (one.text or "") for one in root.iter("{*}*")}
    if "faultcode" in texts:
        raise Refused(texts["faultcode"], texts.get("faultstring", ""))
    return int(texts.get("code", "-1")), texts.get("result", "")


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.xml")) if path.is_dir() else [path]


@click.command("lalert")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "url", default="http://127.0.0.1:8730/", show_default=True, help="送る先")
@click.option("--user", default="commons", show_default=True, help="利用者名")
@click.option("--password", prompt=True, hide_input=True, help="パスワード")
@click.option("--every", default=5.0, show_default=True, help="送る間隔（秒）")
@click.option("--exercise", is_flag=True, help="distributionStatus を Exercise に変えて送る")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False), help="相手の証明書の認証局（PEM）"
)
def command(
    paths: tuple[Path, ...],
    url: str,
    user: str,
    password: str,
    every: float,
    exercise: bool,
    ca: str | None,
) -> None:
    """メッセージ（EDXL-DE の .xml、フォルダーも可）を、Lアラートと同じ形で順に送り、応答を示す。"""
    publisher = Publisher(url, user, password, ssl.create_default_context(cafile=ca))
    failed = False
    for number, file in enumerate(_files(paths)):
        time.sleep(every if number else 0)
        document = file.read_bytes()
        if exercise:
            document = _STATUS.sub(rb"\1Exercise\2", document)
        try:
            code, result = publisher.publish(document)
            click.echo(f"{file.name}\t{code}\t{result}")
        except (Refused, OSError) as error:
            failed = True
            click.echo(f"{file.name}\t{error}")
    if failed:
        raise click.exceptions.Exit(1)
