"""Errors carry a code, a sentence and a way out, and print as the contract says."""

from __future__ import annotations

from sonae.core.errors import SonaeError


def test_an_error_prints_code_detail_and_hint() -> None:
    error = SonaeError(
        "doctype", "DOCTYPE を含むXMLは受け取りません。", "DOCTYPE を除いてください。"
    )
    assert str(error) == "doctype: DOCTYPE を含むXMLは受け取りません。 (DOCTYPE を除いてください。)"
    assert str(SonaeError("doctype", "だめです")) == "doctype: だめです"


def test_the_record_is_the_contract_of_the_command_line() -> None:
    error = SonaeError("doctype", "だめです")
    assert error.record("a.xml") == {"input": "a.xml", "error": "doctype", "detail": "だめです"}
    assert error.record() == {"error": "doctype", "detail": "だめです"}
    assert SonaeError("x", "y", "z").record()["hint"] == "z"
