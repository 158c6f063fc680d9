"""XML signatures (XML-DSig) of CAP messages: valid by a pinned certificate, invalid, or unsigned.

Only what a signature covers may be believed: `Signature.signed` is that part and nothing else, so
that a message wrapped around a signed one gains nothing (signature wrapping).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier

from sonae.core.errors import SonaeError
from sonae.engines.warnings.report import Element, local
from sonae.engines.warnings.safexml import parse

UNSIGNED, VALID, INVALID = "unsigned", "valid", "invalid"
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_METHODS: Final = frozenset(
    method
    for method in SignatureMethod
    if not method.name.startswith(("HMAC_", "DSA_")) and "SHA1" not in method.name
)
_DIGESTS: Final = frozenset(one for one in DigestAlgorithm if "SHA1" not in one.name)
WHY: Final = {
    "no_certificate": (
        "署名がありますが、ここでは確かめられません。"
        "受信経路に発信者の証明書が登録されていないためです。"
    ),
    "expired": "登録してある証明書の期限が切れているか、まだ始まっていません。",
    "digest": "署名のあとで内容が変えられています。",
    "signature": "登録してある証明書の署名ではありません。",
    "unsupported": "署名の形が正しくないか、安全でない方式（SHA-1 など）です。",
    "elsewhere": "署名されているのは、この電文の全体ではありません。",
}
"""Reasons why a signature is invalid, in words."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of a message's signature: ``why`` of `WHY` when invalid; ``signed`` when valid."""

    state: str
    why: str = ""
    signed: bytes = b""


def certificates(pem: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text (none for an empty one); ``unprocessable`` otherwise."""
    if not pem.strip():
        return []
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise SonaeError(
            "unprocessable",
            "証明書（PEM）として読めません。",
            "-----BEGIN CERTIFICATE----- から -----END CERTIFICATE----- までを入れてください。",
        ) from None


def check(raw: bytes, trusted: Sequence[x509.Certificate], *, at: datetime) -> Signature:
    """Check the signature of one CAP message against pinned certificates that hold at ``at``.

    The first signature that is a child of the message counts. A signature anywhere else makes the
    message signed, and invalid. `WarningRefused` for what is no safe XML.
    """
    root = parse(raw, keep_space=True).root
    if next(root.iter(_SIGNATURE), None) is None:
        return Signature(UNSIGNED)
    if root.find(_SIGNATURE) is None:
        return Signature(INVALID, "elsewhere")
    if not trusted:
        return Signature(INVALID, "no_certificate")
    found = [_by(root, certificate, at) for certificate in trusted]
    return max(found, key=lambda one: (one.state == VALID, _TELLING.index(one.why)))


_TELLING: Final = ("", "expired", "unsupported", "signature", "elsewhere", "digest")
"""Of several certificates the one tells that came nearest."""


def _by(root: Element, certificate: x509.Certificate, at: datetime) -> Signature:
    """Check by one certificate."""
    config = SignatureConfiguration(
        location="./",
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=at,
    )
    try:
        # Issuers' Ids break the schema of XML-DSig; what counts is what was signed.
        result = XMLVerifier().verify(
            root, x509_cert=certificate, expect_config=config, validate_schema=False
        )
    except InvalidCertificate:
        return Signature(INVALID, "expired")
    except InvalidDigest:
        return Signature(INVALID, "digest")
    except InvalidSignature:
        return Signature(INVALID, "signature")
    except Exception:
        # Whatever a hostile signature makes the library raise, it is not valid.
        return Signature(INVALID, "unsupported")
    signed = None if isinstance(result, list) else result.signed_xml
    if signed is None or local(signed) != local(root) or signed.tag != root.tag:
        return Signature(INVALID, "elsewhere")
    return Signature(VALID, signed=etree.tostring(signed, encoding="UTF-8"))
