"""The signature of the feed: ECDSA P-256 with a certificate of the city's own, made at first use."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from sonae.core import clock
from sonae.platform.keyfile import kept


def _made() -> bytes:
    """Make a key and a self-signed certificate for ten years, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sonae CAP feed")])
    now = clock.SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _pem() -> bytes:
    """Return key and certificate, readable by their owner only."""
    return kept("cap.pem", _made)


def certificate() -> bytes:
    """Return the certificate (PEM) that receivers pin."""
    pem = _pem()
    return pem[pem.index(b"-----BEGIN CERTIFICATE") :]


def sign(alert: etree._Element) -> bytes:
    """Return the alert with an enveloped signature (XML-DSig, exclusive canonicalisation)."""
    return _signed(etree.tostring(alert), _pem())


@lru_cache(maxsize=256)
def _signed(plain: bytes, pem: bytes) -> bytes:
    """Sign once what many will fetch."""
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
    )
    cut = pem.index(b"-----BEGIN CERTIFICATE")
    signed = signer.sign(etree.fromstring(plain), key=pem[:cut], cert=pem[cut:].decode())
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
