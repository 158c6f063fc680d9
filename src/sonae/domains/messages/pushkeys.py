"""Web Push: the server's own key (VAPID, RFC 8292), and which push services it speaks to.

A browser ties its subscription to the public key: whoever steals a subscription cannot use it without
the private one, and a server that loses its key loses every subscription.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings

from sonae.platform.keyfile import kept

_READ_TWO_WAYS: Final = re.compile(r"[^!-~]|\\")
"""No address has these, and parsers differ on where a host ends at them."""


def _made() -> bytes:
    """Make a P-256 key, as PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@lru_cache(maxsize=4)
def _held(home: str) -> ec.EllipticCurvePrivateKey:
    """Return the key in a home folder, read once in the life of a process."""
    key = serialization.load_pem_private_key(kept("vapid.pem", _made), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("vapid.pem holds no elliptic-curve key")
    return key


def push_key() -> ec.EllipticCurvePrivateKey:
    """Return the server's private key for Web Push, made at first use."""
    return _held(str(settings.HOME))


def public_push_key() -> str:
    """Return the public key as browsers take it (``applicationServerKey``, base64url)."""
    raw = (
        push_key()
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return unpadded(raw)


def unpadded(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def padded(text: str) -> bytes:
    """Return the bytes of base64url with or without padding; ValueError for anything else."""
    data = text.encode("ascii").rstrip(b"=")
    return base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)


def known_service(endpoint: str) -> bool:
    """Tell whether an endpoint belongs to a push service that we speak to.

    A subscription is typed in by a stranger's browser: without this list it would let anybody make the
    server call any address. Tests and simulators on this machine may be allowed
    (SONAE_ALLOW_PRIVATE_TARGETS).
    """
    if _READ_TWO_WAYS.search(endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if settings.ALLOW_PRIVATE_TARGETS and _is_here(host):
        return parts.scheme in ("http", "https")
    named = any(host == one or host.endswith(f".{one}") for one in settings.PUSH_HOSTS)
    return parts.scheme == "https" and named and not parts.username and parts.port in (None, 443)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
