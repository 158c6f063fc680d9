"""Signatures of CAP: only what is signed by a pinned key may be believed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.engines.warnings import WarningRefused, read
from sonae.engines.warnings.signature import certificates, check
from sonae.gateways.simulators.cap_feed import Signer
from tests.engines.warnings.conftest import folder
from tests.engines.warnings.test_cap import alert

SIGNER, STRANGER = Signer(), Signer()
NOW = clock.SystemClock().now()


def state(raw: bytes, *signers: Signer) -> tuple[str, str]:
    """State and reason by the certificates of these."""
    pinned = certificates("".join(one.certificate for one in signers))
    found = check(raw, pinned, at=NOW)
    assert bool(found.signed) is (found.state == "valid")
    return found.state, found.why


def test_a_signature_is_valid_by_its_pinned_certificate_only() -> None:
    raw = SIGNER.sign(alert("a"))
    assert state(raw, SIGNER) == ("valid", "")
    assert state(raw, STRANGER, SIGNER) == ("valid", "")
    assert state(raw, STRANGER) == ("invalid", "signature")
    assert state(raw) == ("invalid", "no_certificate")
    assert state(alert("a"), SIGNER) == ("unsigned", "")


def test_what_is_signed_is_what_is_read() -> None:
    found = check(SIGNER.sign(alert("a")), certificates(SIGNER.certificate), at=NOW)
    warning = read(found.signed)
    assert (warning.event_id, warning.deviations) == ("a", ())
    assert warning.items == read(alert("a")).items


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Severe", b"Minor"),
        (b"<status>Actual", b"<status>Exercise"),
        (b"<areaDesc>", b"<areaDesc>everywhere "),
        (b"</info>", b"</info><info><event>Tsunami</event></info>"),
    ],
)
def test_what_is_changed_afterwards_is_invalid(old: bytes, new: bytes) -> None:
    raw = SIGNER.sign(alert("a"))
    assert old in raw
    assert state(raw.replace(old, new), SIGNER) == ("invalid", "digest")


def test_a_certificate_that_is_over_believes_nothing() -> None:
    old = Signer(days=-1)
    assert state(old.sign(alert("a")), old) == ("invalid", "expired")


def test_a_message_wrapped_around_a_signed_one_gains_nothing() -> None:
    """Signature wrapping: the true alert is moved inside, the false one stands where it is looked for."""
    true = etree.fromstring(SIGNER.sign(alert("true")))
    false = etree.fromstring(alert("false", event="Tsunami Warning"))
    signature = true.find("{*}Signature")
    false.append(signature)
    false.append(true)
    assert state(etree.tostring(false), SIGNER) == ("invalid", "digest")
    moved = etree.fromstring(alert("false"))
    moved.find("{*}info").append(etree.fromstring(SIGNER.sign(alert("true"))))
    assert state(etree.tostring(moved), SIGNER) == ("invalid", "elsewhere")


def test_a_signature_over_a_part_is_none_over_the_message() -> None:
    raw = SIGNER.sign(alert("a"))
    other = raw.replace(b'URI=""', b'URI="#x"').replace(b"<info>", b'<info Id="x">')
    assert state(other, SIGNER)[0] == "invalid"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ecdsa-sha256", b"hmac-sha256"),
        (b"ecdsa-sha256", b"ecdsa-sha1"),
        (b"ecdsa-sha256", b"nonsense"),
        (b"SignatureValue>", b"SignatureNone>"),
        (b"SignedInfo>", b"UnsignedInfo>"),
        (b"enveloped-signature", b"unheard-of"),
        (b"DigestValue>", b"DigestValue>!!"),
    ],
)
def test_hostile_signatures_are_invalid_and_crash_nothing(old: bytes, new: bytes) -> None:
    raw = SIGNER.sign(alert("a"))
    assert old in raw
    assert state(raw.replace(old, new), SIGNER)[0] == "invalid"


def test_a_doctype_is_refused_before_any_signature_is_looked_at() -> None:
    raw = SIGNER.sign(alert("a")).replace(b"<alert", b"<!DOCTYPE alert><alert", 1)
    with pytest.raises(WarningRefused, match="doctype"):
        check(raw, certificates(SIGNER.certificate), at=NOW)


def test_what_is_no_certificate_is_said() -> None:
    assert certificates("  ") == []
    for bad in ("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(SonaeError, match="unprocessable"):
            certificates(bad)


def test_real_signatures_without_a_pinned_certificate_are_said_to_be_unverifiable() -> None:
    states = {}
    for path in folder("cap", "alert"):
        raw = path.read_bytes()
        if b"SignatureValue" in raw:
            states[path.name] = check(raw, certificates(SIGNER.certificate), at=NOW).state
            assert check(raw, [], at=NOW + timedelta(days=1)).why in ("no_certificate", "elsewhere")
    assert len(states) >= 6
    assert set(states.values()) == {"invalid"}
