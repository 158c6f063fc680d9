"""Secrets at rest: texts and files sealed with a key derived from the server's own (AES-128-CBC + HMAC).

A copy of the database without ``secret.key`` tells nobody an authenticator's secret.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from sonae.core.errors import SonaeError


@lru_cache(maxsize=8)
def _box(purpose: str, secret: str) -> Fernet:
    """Return the box of one purpose: what is sealed for one cannot be opened for another."""
    derive = HKDF(SHA256(), length=32, salt=None, info=f"sonae {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret.encode())))


def seal_bytes(purpose: str, raw: bytes) -> bytes:
    """Return a file's bytes sealed for ``purpose``: text in base64, a third longer."""
    return _box(purpose, settings.SECRET_KEY).encrypt(raw)


def unseal_bytes(purpose: str, sealed: bytes) -> bytes:
    """Return what was sealed; `SonaeError` ``unsealable`` when it was not by this server's key."""
    try:
        return _box(purpose, settings.SECRET_KEY).decrypt(sealed)
    except InvalidToken:
        raise SonaeError(
            "unsealable",
            "保管された秘密の値を開けません。",
            "secret.key がデータベースと同じ時点のものか確かめてください。",
        ) from None


def seal(purpose: str, text: str) -> str:
    """Return ``text`` sealed for ``purpose``, as text to store."""
    return seal_bytes(purpose, text.encode()).decode("ascii")


def unseal(purpose: str, sealed: str) -> str:
    """Return the text that was sealed; `SonaeError` like `unseal_bytes`."""
    return unseal_bytes(purpose, sealed.encode()).decode()
