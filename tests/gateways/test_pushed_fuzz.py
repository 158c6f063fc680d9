"""Whatever bytes a caller sends: a frame, a call or a refusal, never another failure."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.gateways.inputs import jma_frame, lalert_soap, listening
from sonae.gateways.simulators.jma_socket import frame, with_bch
from sonae.gateways.simulators.lalert import envelope, token

NOW = datetime(2026, 8, 30, 5, 10, tzinfo=clock.JST)
TELEGRAM = b'<?xml version="1.0"?><Report/>'


@given(st.binary(max_size=700))
def test_any_body_has_contents(body: bytes) -> None:
    document, test = jma_frame.contents(body)
    assert document in body or body.find(b"PK\x03\x04") >= 0
    assert test in (True, False)


@given(st.binary(max_size=300), st.integers(0, 80))
def test_a_damaged_zip_is_left_as_it_is(noise: bytes, at: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", TELEGRAM)
    body = bytearray(packed.getvalue())
    body[at : at + len(noise)] = noise
    jma_frame.contents(bytes(body))


@given(st.binary(max_size=12))
def test_any_ten_bytes_are_a_head_or_none(head: bytes) -> None:
    length = jma_frame.length_of(head)
    assert length is None or 0 <= length <= jma_frame.MOST_BYTES


@given(st.sampled_from(["AN", "BI", "FX"]), st.booleans(), st.booleans(), st.booleans())
def test_what_was_framed_is_found_again(
    kind: str, check_point: bool, packed: bool, test: bool
) -> None:
    sent = frame(
        kind, with_bch(TELEGRAM, "VPWW55", packed=packed, test=test), check_point=check_point
    )
    made = jma_frame.Frame(sent[:10], sent[10:])
    assert jma_frame.length_of(sent[:10]) == len(sent) - 10
    assert (made.kind, made.wants_acknowledgement) == (kind, check_point)
    assert made.acknowledgement == b"00000033ENACK" + sent[:30]
    found, flag = jma_frame.contents(made.body)
    assert (found.startswith(b"\x1f\x8b") if packed else found == TELEGRAM, flag) == (True, test)


def gate() -> lalert_soap.Gate:
    return lalert_soap.Gate(
        "commons", "secret", timedelta(minutes=5), used={}, remember=lambda used: None
    )


@given(st.binary(max_size=400), st.integers(0, 1200))
def test_a_damaged_call_is_refused_or_the_same(noise: bytes, at: int) -> None:
    call = bytearray(envelope(TELEGRAM, token("commons", "secret", nonce=b"n" * 16, created=NOW)))
    call[at : at + len(noise)] = noise
    with suppress(SonaeError):
        gate().admit(lalert_soap.opened(bytes(call)), NOW)


@given(st.text(), st.text(), st.text(), st.text())
def test_no_guess_is_admitted(user: str, digest: str, nonce: str, created: str) -> None:
    with suppress(lalert_soap.Denied):
        gate().admit(lalert_soap.Call(user, digest, nonce, created, b""), NOW)
        raise AssertionError("admitted")


@given(st.text(alphabet="0123456789,- 、:./abc", max_size=30))
def test_settings_are_read_or_refused(text: str) -> None:
    for reader in (listening.ports, listening.networks):
        with suppress(SonaeError):
            assert isinstance(reader(text), tuple)
