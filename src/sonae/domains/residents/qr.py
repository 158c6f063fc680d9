"""Signed QR tokens (住民QR・世帯カードQR): verified anywhere without a network.

Ed25519 over version, kind, expiry, municipality and identifier, written in base 32 so that the code
is small (alphanumeric mode, version 6-M holds 154 characters). Identifiers are unique within one
municipality, and one server may serve several with its one key: so the token says which it is of.
"""

from __future__ import annotations

import base64
import contextlib
import io
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.platform.scope import current_municipality

PREFIX = "SN1"
PERSON, HOUSEHOLD = "P", "H"
LONGEST: Final = timedelta(days=5 * 365)
"""How long a code is valid that is made now: a card hangs on the fridge for years."""
_VERSION = 2
_HEAD = struct.Struct(">BcII")
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Token:
    """What a valid token says: ``kind`` P or H, ``identifier``, ``expires_at``."""

    kind: str
    identifier: str
    expires_at: datetime


def _key() -> Ed25519PrivateKey:
    """Return the city's signing key, made at first use and readable by its owner only."""
    file = Path(settings.HOME) / "qr.key"
    if not file.exists():
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        part = file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(raw)
        with contextlib.suppress(FileExistsError):
            os.link(part, file)
        part.unlink()
    return Ed25519PrivateKey.from_private_bytes(file.read_bytes())


def public_key() -> bytes:
    """Return the 32 bytes with which terminals verify tokens offline."""
    return _key().public_key().public_bytes_raw()


def sign(data: bytes) -> bytes:
    """Return the 64-byte signature under ``data`` (extracts for terminals: printable text)."""
    if data[:1] < b" ":
        raise ValueError("the first byte, a version, is a QR token's own")
    return _key().sign(data)


def make(kind: str, identifier: str, expires_at: datetime) -> str:
    """Return the token text for a person or a household of the municipality in force."""
    city = int(current_municipality())
    head = _HEAD.pack(_VERSION, kind.encode("ascii"), int(expires_at.timestamp()), city)
    body = head + identifier.encode("ascii")
    signed = body + _key().sign(body)
    return PREFIX + base64.b32encode(signed).decode("ascii").rstrip("=")


def is_token(text: str) -> bool:
    """Tell whether the text looks like one of our tokens."""
    return text.startswith(PREFIX) and len(text) > 100


def verify(text: str, at: datetime | None = None) -> Token:
    """Return what a token says; `SonaeError` ``qr_invalid``, ``qr_elsewhere`` or ``qr_expired``.

    ``at``: when it was shown, where that was not now (a desk without a network).
    """
    raw = _decoded(text.strip())
    body, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    try:
        _key().public_key().verify(signature, body)
    except InvalidSignature:
        raise SonaeError("qr_invalid", "このQRコードは市が発行したものではありません。") from None
    if body[:1] != bytes([_VERSION]):
        raise SonaeError(
            "qr_invalid",
            "このQRコードは古い版のため使えません。",
            "氏名で受け付けてください。新しいQRコードは本人のページで出せます。",
        )
    _version, kind, expires, city = _HEAD.unpack(body[: _HEAD.size])
    if city != int(current_municipality()):
        raise SonaeError(
            "qr_elsewhere",
            "このQRコードはほかの市町村のものです。",
            "名簿にない人として、氏名で受け付けてください。",
        )
    ends = datetime.fromtimestamp(expires, UTC)
    if ends <= (at or clock.now()):
        raise SonaeError(
            "qr_expired", "このQRコードは有効期限が切れています。氏名で受け付けてください。"
        )
    return Token(kind.decode("ascii"), body[_HEAD.size :].decode("ascii"), ends)


def _decoded(text: str) -> bytes:
    """Return the bytes behind a token's text."""
    if not text.startswith(PREFIX):
        raise SonaeError("qr_invalid", "このQRコードは読み取れません。")
    packed = text[len(PREFIX) :].upper()
    try:
        return base64.b32decode(packed + "=" * (-len(packed) % 8))
    except ValueError:  # binascii.Error, and its base for what is not ASCII
        raise SonaeError("qr_invalid", "このQRコードは読み取れません。") from None


def svg(text: str, mask: int | None = None) -> str:
    """Return the QR code of a text as an SVG element for a page or a card (level M).

    ``mask``: use this pattern instead of trying all eight, a fourth of the time where there are
    thousands; readers read any.
    """
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", boost_error=False, mask=mask).save(
        out, kind="svg", xmldecl=False, svgns=True, scale=4, border=2, omitsize=True
    )
    return out.getvalue().decode("utf-8")
