"""Secrets at rest: texts and files sealed with a key derived from the server's own (AES-128-CBC + HMAC).

A copy of the database without ``secret.key`` tells nobody an authenticator's secret. Devices seal to the
server's public point what they themselves must not be able to open again.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from sonae.core.errors import SonaeError

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (FIPS 186-5)."""
_POINT: Final = 65


@lru_cache(maxsize=8)
def _private(purpose: str, secret: str) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key to which others seal for one purpose."""
    raw = HKDF(SHA256(), length=48, salt=None, info=f"sonae letters {purpose}".encode())
    number = int.from_bytes(raw.derive(secret.encode())) % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def letter_key(purpose: str) -> tuple[bytes, bytes]:
    """Return the public point (x, y: 32 bytes each) to which others seal letters for ``purpose``."""
    numbers = _private(purpose, settings.SECRET_KEY).public_key().public_numbers()
    return numbers.x.to_bytes(32), numbers.y.to_bytes(32)


def open_letter(purpose: str, letter: bytes, info: str, bound: str) -> bytes:
    """Return what somebody sealed to `letter_key`: point (65 bytes), iv (12), AES-256-GCM of the rest.

    The key is HKDF-SHA-256 of the ECDH secret with the point as salt and ``info``; ``bound`` is
    authenticated beside it. `SonaeError` ``unsealable`` for anything else.
    """
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), letter[:_POINT])
        shared = _private(purpose, settings.SECRET_KEY).exchange(ec.ECDH(), theirs)
        key = HKDF(SHA256(), 32, salt=letter[:_POINT], info=info.encode()).derive(shared)
        iv, data = letter[_POINT : _POINT + 12], letter[_POINT + 12 :]
        return AESGCM(key).decrypt(iv, data, bound.encode())
    except (ValueError, InvalidTag):
        raise SonaeError("unsealable", "この市に宛てて封をしたものではありません。") from None


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
