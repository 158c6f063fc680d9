"""Envelopes between a terminal, an edge node and the city: AES-256-GCM under a key that both ends derive.

The secret is the hash of a terminal's token, which the city keeps and the terminal can make. Each purpose
has a key of its own (HKDF), and what an envelope is about is bound to it, so that none can be passed off
as another (decision 0015).
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_IV_BYTES: Final = 12


def key_for(secret: str, purpose: str) -> bytes:
    """Return the key of 32 bytes that whoever knows ``secret`` has for ``purpose``."""
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


def encoded(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decoded(text: object) -> bytes:
    """Return what `encoded` wrote; nothing for what it cannot have written."""
    try:
        made = str(text)
        return base64.urlsafe_b64decode(made + "=" * (-len(made) % 4))
    except (ValueError, binascii.Error):
        return b""


def sealed(key: bytes, bound: str, content: object) -> dict[str, str]:
    """Return ``iv`` and ``data`` of JSON content, bound to what it is about."""
    iv = secrets.token_bytes(_IV_BYTES)
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return {"iv": encoded(iv), "data": encoded(AESGCM(key).encrypt(iv, plain, bound.encode()))}


def opened(key: bytes, bound: str, outer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the object in an envelope, ``{}`` for what is no object.

    None when another key or purpose made it, or it was changed.
    """
    try:
        plain = AESGCM(key).decrypt(
            decoded(outer.get("iv")), decoded(outer.get("data")), bound.encode()
        )
    except (InvalidTag, ValueError):
        return None
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
