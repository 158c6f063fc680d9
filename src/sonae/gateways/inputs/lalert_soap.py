"""Lアラート: the SOAP 1.1 call ``MQService.publish`` and its WS-Security UsernameToken.

v1 形式（公開資料に基づく）: the operation, its namespaces and the password digest are those of published
clients and receivers; the v2 specification is given to members only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from sonae.core.errors import SonaeError
from sonae.engines.warnings.safexml import parse

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PUBLISH: Final = "http://soap.publiccommons.ne.jp/"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DIGEST: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
    "#PasswordDigest"
)
MOST_NONCE: Final = 256
MOST_NONCES: Final = 2000
"""More calls than this within the window are refused: forgetting one would let it be played again."""


class Denied(SonaeError):
    """The caller is not who may publish: ``denied``. Callers are not told which part was wrong."""


@dataclass(frozen=True)
class Call:
    """One call: the parts of its token, and the document it publishes."""

    user: str
    digest: str
    nonce: str
    created: str
    document: bytes


def opened(raw: bytes) -> Call:
    """Return what a request says.

    `WarningRefused` for XML that is unsafe or broken (``doctype``, ``too_large`` …), `SonaeError`
    ``unreadable`` for what is no call of ``publish``, `Denied` where there is no token.
    """
    root = parse(raw, keep_space=True).root
    if root.tag != f"{{{SOAP}}}Envelope":
        raise _no_call("SOAP 1.1 の Envelope ではありません。")
    messages = root.findall(f"{{{SOAP}}}Body/{{{PUBLISH}}}publish/{{*}}message")
    if len(messages) != 1:
        raise _no_call("publish の message がありません。")
    document = _document(messages[0])
    tokens = root.findall(f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    if len(tokens) != 1:
        raise Denied("denied", "UsernameToken がありません。")
    password = tokens[0].find(f"{{{WSSE}}}Password")
    if password is None or password.get("Type") != DIGEST:
        raise Denied("denied", "パスワードが PasswordDigest ではありません。")
    user, digest, nonce, created = (
        (tokens[0].findtext(name) or "").strip()
        for name in (
            f"{{{WSSE}}}Username", f"{{{WSSE}}}Password", f"{{{WSSE}}}Nonce", f"{{{WSU}}}Created",
        )
    )  # fmt: skip
    return Call(user, digest, nonce, created, document)


def _document(message: etree._Element) -> bytes:
    """The element that a message holds, as a document of its own; or the text, for XML sent as text."""
    inner = next(iter(message), None)
    if inner is not None:
        return etree.tostring(inner, encoding="UTF-8", xml_declaration=True, with_tail=False)
    text = (message.text or "").strip()
    if not text:
        raise _no_call("message が空です。")
    return text.encode()


def _no_call(why: str) -> SonaeError:
    return SonaeError("unreadable", why)


def digest_of(nonce: bytes, created: str, password: str) -> str:
    """Return the PasswordDigest of the UsernameToken profile 1.0 (SHA-1 is the profile's)."""
    made = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(made.digest()).decode("ascii")


class Gate:
    """Who may publish: one user, a window of time, and no token twice. Safe for threads."""

    def __init__(
        self,
        user: str,
        password: str,
        window: timedelta,
        *,
        used: Mapping[str, str],
        remember: Callable[[dict[str, str]], None],
    ) -> None:
        """``used``: tokens of an earlier run with the time they were made; ``remember`` keeps them."""
        self._user, self._password, self._window = user, password, window
        self._used = dict(used)
        self._remember = remember
        self._lock = threading.Lock()

    def admit(self, call: Call, now: datetime) -> None:
        """Let a call pass, or raise `Denied` with the reason for our own staff."""
        nonce, created = _nonce(call.nonce), _moment(call.created)
        wanted = digest_of(nonce, call.created, self._password)
        same_user = hmac.compare_digest(call.user.encode(), self._user.encode())
        same_digest = hmac.compare_digest(call.digest.encode(), wanted.encode())
        if not (same_user and same_digest):
            raise Denied("denied", "利用者名かパスワードが違います。")
        if abs(now - created) > self._window:
            raise Denied(
                "denied",
                f"相手の時計が{abs(now - created).total_seconds():.0f}秒ずれているか、古い呼び出しです。",
            )
        with self._lock:
            self._forget(now)
            key = base64.b64encode(nonce).decode("ascii")
            if key in self._used:
                raise Denied("denied", "同じ合言葉（Nonce）が2度使われました。")
            if len(self._used) >= MOST_NONCES:
                raise Denied("denied", "短い間に呼び出しが多すぎます。")
            self._used[key] = created.isoformat()
            self._remember(dict(self._used))

    def _forget(self, now: datetime) -> None:
        """Forget the tokens that their time alone refuses."""
        self._used = {
            key: at
            for key, at in self._used.items()
            if abs(now - datetime.fromisoformat(at)) <= self._window
        }


def _nonce(written: str) -> bytes:
    try:
        nonce = base64.b64decode("".join(written.split()), validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if not 0 < len(nonce) <= MOST_NONCE:
        raise Denied("denied", "Nonce が正しくありません。")
    return nonce


def _moment(written: str) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Denied("denied", "Created が正しくありません。")
    return found


def answer(code: int, result: str) -> bytes:
    """Return the answer of ``publish``: code 0 says that the document is on disk."""
    return _envelope(
        f'<pcsoap:publishResponse xmlns:pcsoap="{PUBLISH}"><pcsoap:processResponse>'
        f"<pcsoap:code>{code}</pcsoap:code><pcsoap:result>{escape(result)}</pcsoap:result>"
        "</pcsoap:processResponse></pcsoap:publishResponse>"
    )


def fault(code: str, text: str) -> bytes:
    """Return a SOAP Fault; ``code`` Client, Server or ``wsse:FailedAuthentication``."""
    name = code if ":" in code else f"S:{code}"
    return _envelope(
        f'<S:Fault><faultcode xmlns:wsse="{WSSE}">{name}</faultcode>'
        f'<faultstring xml:lang="ja">{escape(text)}</faultstring></S:Fault>'
    )


def _envelope(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<S:Envelope xmlns:S="{SOAP}"><S:Body>{inside}</S:Body></S:Envelope>'
    ).encode()
