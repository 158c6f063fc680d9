"""The quickly spliced mail says exactly what a mail built by the library would say."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.domains.messages.interface import Parcel, Recipient
from sonae.gateways.envelope import Unfit, prepared

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=120
)
LINES = st.lists(WORDS, min_size=1, max_size=8).map("\n\n".join)


def read(raw: bytes) -> EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    assert made.defects == []
    return made


@given(subject=WORDS, body=LINES, language=st.sampled_from(["ja", "ja-x-easy", "en", "pt"]))
def test_what_goes_in_comes_out(subject: str, body: str, language: str) -> None:
    texts = {name: {"subject": subject, "body": body} for name in ("ja", "ja-x-easy", "en")}
    write = prepared(Parcel("urn:uuid:1234", texts))
    leave = "https://city.example/u/abc"
    raw = write(
        Recipient(7, "taro@example.jp", language, "https://city.example/a/xyz", leave=leave)
    )
    assert isinstance(raw, bytes)
    mail = read(raw)
    assert mail["To"] == "taro@example.jp"
    assert mail["Message-ID"].startswith("<1234.7@")
    text = mail.get_content().replace("\r\n", "\n")
    assert text.startswith(body)
    assert text.rstrip().endswith("https://city.example/a/xyz")
    assert mail["List-Unsubscribe"] == f"<{leave}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "address",
    ["", "taro", "taro@", "備@example.jp", "a@b\r\nBcc: all@example.jp", "a b@example.jp", "<a@b>"],
)
def test_an_address_cannot_smuggle_anything_in(address: str) -> None:
    write = prepared(Parcel("urn:uuid:1", {"ja": {"subject": "件名", "body": "本文"}}))
    assert isinstance(write(Recipient(1, address, "ja", "x")), Unfit)


def test_the_sender_may_have_a_name(settings: Any) -> None:
    settings.MAIL_FROM = "備え市 防災 <bousai@sonae.example>"
    write = prepared(Parcel("urn:uuid:1", {"ja": {"subject": "件名", "body": "本文"}}))
    raw = write(Recipient(1, "a@example.jp", "ja", "x"))
    assert isinstance(raw, bytes)
    mail = read(raw)
    assert mail["From"] == "備え市 防災 <bousai@sonae.example>"
    assert mail["Message-ID"] == "<1.1@sonae.example>"
