"""Texts of a J-Alert receiver: what they mean, and that a test is a test and a drill denied is real."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.engines.warnings import WarningRefused, read, split
from sonae.engines.warnings.jalert import KINDS, document, status_of

AT = datetime(2026, 8, 30, 5, 10, tzinfo=clock.JST)
MISSILE = "ミサイル発射。ミサイル発射。\n建物の中、または地下に避難してください。"


def test_civil_protection_is_an_emergency_for_the_city_whose_receiver_it_is() -> None:
    warning = read(document("JALT", AT, MISSILE))
    [item] = warning.items
    assert (item.phenomenon, item.severity, item.areas) == ("civil_protection", "emergency", ())
    assert (warning.source, warning.status, warning.issued_at) == ("jalert", "actual", AT)
    assert "建物の中" in warning.headline


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("これは、Ｊアラートのテストです。これは、Ｊアラートのテストです。", "test"),
        ("こちらは防災備え。これは訓練放送です。", "test"),
        ("【訓練】ミサイル発射。", "test"),
        ("ミサイル発射。これは訓練ではありません。", "actual"),
        ("テストではない。直ちに避難。", "actual"),
        (MISSILE, "actual"),
    ],
)
def test_a_test_is_a_test_and_what_denies_being_one_is_real(text: str, status: str) -> None:
    assert status_of(text) == status
    assert read(document("JALT", AT, text)).status == status


def test_a_call_taken_back_is_lifted() -> None:
    [item] = read(document("JALT", AT, "避難の呼びかけを解除します。")).items
    assert item.severity == "lifted"


def test_every_known_type_and_an_unknown_one_says_something() -> None:
    for code in (*KINDS, "ABCD"):
        warning = read(document(code, AT, "大津波のおそれがあります。"))
        assert warning.items
        assert ("unknown_code:ABCD" in warning.deviations) == (code == "ABCD")
    [rain] = read(document("WRMA", AT, "大雨特別警報が発表されました。")).items
    assert (rain.phenomenon, rain.severity) == ("heavy_rain", "emergency")


@pytest.mark.parametrize(
    "raw", [b"#JALERT ", b"#JALERT JALT\nx", b"#JALERT JALT 2026-08-30\nx", b"#JALERT JALT x\n\xff"]
)
def test_a_broken_document_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(WarningRefused) as refused:
        read(raw)
    assert refused.value.code in ("incomplete", "encoding")


@given(st.text())
def test_any_text_is_kept_and_read(text: str) -> None:
    raw = document("JALT", AT, text.encode("utf-8", "replace").decode())
    assert split(raw) == [raw]
    assert read(raw).items
