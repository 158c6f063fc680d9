"""Broken, hostile and unexpected input: a clear refusal or a kept item, never a crash or silence."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
import tracemalloc
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import WarningRefused, read, read_all
from sonae.engines.warnings.compose import CityKind, compose_weather
from sonae.engines.warnings.safexml import MAX_BYTES
from tests.engines.warnings.conftest import folder

RAIN = compose_weather(
    "VPWW55",
    [CityKind("9920100", "備え市", "33")],
    office="備え地方気象台",
    prefecture=("990000", "備え県"),
    issued_at=datetime(2026, 8, 30, 5, 10, tzinfo=JST),
    headline="備え市では大雨に警戒してください。",
)
TEXT = RAIN.decode().partition("?>")[2]
CODES = {
    "empty", "too_large", "doctype", "encoding", "truncated", "not_xml", "too_deep",
    "unknown_root", "incomplete", "unknown_status", "several_messages",
}  # fmt: skip


def refusal(raw: bytes) -> str:
    """The code with which ``raw`` is refused; every refusal also says what to do or what is wrong."""
    with pytest.raises(WarningRefused) as caught:
        read(raw)
    assert caught.value.code in CODES
    assert caught.value.detail
    return caught.value.code


BOMB = """<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
EXTERNAL = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, "<!DOCTYPE Report>", "<!doctype html>"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "shift_jis"]
)
def test_a_doctype_is_refused_in_every_encoding(doctype: str, encoding: str) -> None:
    name = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(
        encoding, encoding
    )
    body = f'<?xml version="1.0" encoding="{name}"?>\n<!-- c --><?p i?>\n{doctype}{TEXT}'
    assert refusal(body.encode(encoding)) == "doctype"


def test_a_doctype_hidden_behind_a_long_comment_is_found() -> None:
    assert refusal(b"<!--" + b"x" * 100_000 + b"--><!DOCTYPE r><r/>") == "doctype"


def test_the_word_doctype_elsewhere_is_no_doctype() -> None:
    raw = RAIN.replace("備え市では".encode(), b"<!-- <!DOCTYPE x> -->&lt;!DOCTYPE x&gt;")
    assert read(raw).headline.startswith("<!DOCTYPE x>")


def test_a_declaration_that_hides_a_doctype_from_the_check_is_refused() -> None:
    """In UTF-7 and EBCDIC the bytes of ``<!DOCTYPE`` look like something else."""
    hidden = '<?xml version="1.0" encoding="utf-7"?>+ADw-!DOCTYPE r+AD4-<r/>'
    assert refusal(hidden.encode()) == "encoding"
    assert refusal(f'<?xml version="1.0" encoding="cp037"?>{EXTERNAL}<r/>'.encode("cp037")) in (
        "encoding", "not_xml",
    )  # fmt: skip


def test_an_entity_without_a_doctype_is_an_error_not_a_gap() -> None:
    assert refusal(RAIN.replace("備え市では".encode(), b"&x;")) == "not_xml"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "shift_jis", "euc-jp", "iso-2022-jp"]
)
def test_the_same_telegram_in_every_encoding(encoding: str) -> None:
    name = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    raw = f'<?xml version="1.0" encoding="{name}"?>{TEXT}'.encode(encoding)
    warning = read(raw)
    assert warning.items == read(RAIN).items
    assert warning.headline == "備え市では大雨に警戒してください。"


def test_utf_16_without_a_mark_is_recognised() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        raw = f'<?xml version="1.0" encoding="UTF-16"?>{TEXT}'.encode(encoding)
        assert read(raw).items == read(RAIN).items


def test_a_wrong_declaration_is_forgiven_and_reported() -> None:
    raw = RAIN.replace(b"'UTF-8'", b"'UTF-16'")
    assert b"UTF-16" in raw
    warning = read(raw)
    assert warning.deviations == ("encoding_declaration",)
    assert warning.items == read(RAIN).items


def test_bytes_that_are_not_in_the_declared_encoding_are_refused() -> None:
    assert refusal(TEXT.encode("cp932")) == "encoding"
    assert refusal(RAIN.replace("備".encode(), b"\xff\xfe\xfd")) == "encoding"
    assert refusal(b'<?xml version="1.0" encoding="klingon"?><r/>') == "encoding"


def test_leading_space_is_forgiven() -> None:
    warning = read(b"\r\n  " + RAIN)
    assert warning.deviations == ("leading_space",)


@pytest.mark.parametrize("raw", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_nothing_is_empty(raw: bytes) -> None:
    assert refusal(raw) in ("empty", "not_xml")


@pytest.mark.parametrize(
    "raw",
    [b"hello", b"{}", b"\x00\x01\x02", b"PK\x03\x04", "電文".encode(), b"GIF89a", b"\xff\xd8\xff"],
)
def test_other_files_are_refused(raw: bytes) -> None:
    assert refusal(raw) in ("not_xml", "encoding")


@pytest.mark.parametrize(
    "raw", [b"<html><body>Error</body></html>", b"<Report/>", b"<feed/>", b"<alerts></alerts>"]
)
def test_other_xml_is_refused(raw: bytes) -> None:
    assert refusal(raw) == "unknown_root"


def test_a_telegram_cut_anywhere_is_refused() -> None:
    for cut in range(1, len(RAIN) - 2, 37):
        assert refusal(RAIN[:cut]) in ("truncated", "not_xml", "encoding", "empty"), cut
    assert refusal(RAIN[: len(RAIN) // 2]) in ("truncated", "encoding")


def test_too_large_is_refused_before_it_is_parsed() -> None:
    raw = RAIN + b" " * (50 * 1024 * 1024)
    started = time.process_time()
    assert refusal(raw) == "too_large"
    assert time.process_time() - started < 2


MEMORY = """
import re, sys
from pathlib import Path
from sonae.engines.warnings import WarningRefused, read
raw = sys.stdin.buffer.read()
try:
    said = len(read(raw).items)
except WarningRefused as refusal:
    said = refusal.code
# Not ru_maxrss: that begins with what the parent had.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(said, int(peak[1]) // 1024)
"""


def memory(raw: bytes) -> tuple[str, int]:
    """What a process of its own says to a document, and the megabytes it took at most."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], input=raw, capture_output=True, check=True, timeout=60
    )
    said, megabytes = done.stdout.split()
    return said.decode(), int(megabytes)


def swollen(size: int) -> bytes:
    """A telegram of ``size`` bytes: one of its cities again and again."""
    at = RAIN.rindex(b"</Item>") + 7
    item = RAIN[RAIN.rindex(b"<Item>") : at]
    return b"".join([RAIN[:at], item * ((size - len(RAIN)) // len(item)), RAIN[at:]])


@pytest.mark.parametrize("megabytes", [4, 8, 16, 20, 24])
def test_a_large_telegram_takes_two_hundred_megabytes_at_most(megabytes: int) -> None:
    said, peak = memory(swollen(megabytes * 1_000_000))
    assert said.isdigit() if megabytes <= 20 else said == "too_large"
    assert peak <= 200


@pytest.mark.parametrize("tiny", [b"<a/>", b"<a>x</a>", b'<a b="c"/>', b'<a b="c" d="e">f</a>'])
def test_millions_of_tiny_elements_do_not_fill_the_memory(tiny: bytes) -> None:
    _said, peak = memory(b"<Report>" + tiny * (MAX_BYTES // len(tiny) - 9) + b"</Report>")
    assert peak <= 200
    _said, peak = memory(b"<Report>" + tiny * (1_990_000 // len(tiny)) + b"</Report>")
    assert peak <= 200


def test_too_many_elements_are_not_called_two_telegrams() -> None:
    with pytest.raises(WarningRefused) as refused:
        read(b"<Report>" + b"<a/>" * (MAX_BYTES // 4 - 9) + b"</Report>")
    assert "要素" in refused.value.detail
    assert "送信元に確かめ" in refused.value.hint


def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"<Report>" + b" " * (400 * 1024 * 1024), compresslevel=9)
    tracemalloc.start()
    assert refusal(bomb) == "too_large"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_BYTES


def test_gzip_is_unpacked_and_reported() -> None:
    warning = read(gzip.compress(RAIN))
    assert warning.deviations == ("gzip",)
    assert warning.items == read(RAIN).items
    assert refusal(gzip.compress(RAIN)[:-30]) in ("truncated", "not_xml")
    assert refusal(b"\x1f\x8bnot gzip") == "not_xml"


def test_a_very_deep_tree_is_refused() -> None:
    raw = b"<Report>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Report>"
    assert refusal(raw) == "too_deep"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<Status>通常</Status>", "", "unknown_status"),
        ("<Status>通常</Status>", "<Status>演習</Status>", "unknown_status"),
        ("<Status>通常</Status>", "<Status></Status>", "unknown_status"),
        ("2026-08-29T20:10:00Z", "not a time", "incomplete"),
        ("2026-08-29T20:10:00Z", "", "incomplete"),
        ("Head", "Heads", "incomplete"),
    ],
)
def test_a_telegram_that_does_not_say_enough_is_refused(old: str, new: str, code: str) -> None:
    """Above all: no guess whether it is a drill."""
    assert old in RAIN.decode()
    assert refusal(RAIN.decode().replace(old, new).encode()) == code


def test_a_comment_inside_a_value_does_not_cut_it() -> None:
    raw = RAIN.replace("レベル５大雨".encode(), "レベル５<!-- x -->大雨".encode())
    raw = raw.replace(b"<Code>33</Code>", b"<Code>3<!-- -->3</Code>")
    assert read(raw).items == read(RAIN).items
    raw = RAIN.replace("備え市".encode(), "<![CDATA[備え]]>市".encode())
    assert read(raw).items == read(RAIN).items


def test_unknown_codes_are_understood_by_name_and_noted() -> None:
    raw = RAIN.replace(b"<Code>33</Code>", b"<Code>77</Code>")
    warning = read(raw)
    assert {(i.phenomenon, i.kind_code, i.level, i.severity) for i in warning.items} == {
        ("heavy_rain", "77", 5, "emergency")
    }
    assert warning.deviations == ("unknown_code:77",)


def test_a_code_against_its_name_is_noted() -> None:
    raw = RAIN.replace("レベル５大雨特別警報".encode(), "レベル３大雨警報".encode())
    warning = read(raw)
    assert {item.level for item in warning.items} == {5}
    assert warning.deviations == ("level_mismatch:33",)


def test_a_new_word_in_the_new_system_s_title_is_read_all_the_same() -> None:
    raw = RAIN.replace("（大雨）".encode(), "（林野火災）".encode())
    warning = read(raw, name="VPWW62_20260830.xml")
    assert warning.telegram == "VPWW62"
    assert {(i.kind, i.level) for i in warning.items} == {("レベル５大雨特別警報", 5)}


@pytest.mark.parametrize(
    "title",
    [
        "気象警報・注意報（Ｒ０６）（大雨）",
        "気象警報・注意報(R06)(大雨)",
        "気象警報･注意報（Ｒ０６）（大雨）",
        " 気象警報・注意報（Ｒ０６） （大雨） ",
        "気象警報・注意報（Ｒ０６）（大雨・浸水）",
    ],
)
def test_editions_of_a_title_are_one_type_and_one_series(title: str) -> None:
    raw = RAIN.replace(
        "<Title>気象警報・注意報（Ｒ０６）（大雨）".encode(), f"<Title>{title}".encode()
    )
    warning = read(raw)
    assert warning.telegram == "VPWW55"
    assert warning.series == read(RAIN).series


def test_a_name_never_changes_what_a_telegram_means() -> None:
    plain = read(RAIN).to_json()
    named = read(RAIN, name="VXKO50_test.xml").to_json()
    assert plain | {"input": ""} == named | {"input": ""}


@settings(max_examples=300)
@given(st.binary(max_size=400))
@example(b"<")
@example(b"<!")
@example(b"<!-")
@example(b"<?xml")
def test_any_bytes_are_refused_clearly(raw: bytes) -> None:
    with pytest.raises(WarningRefused):
        read_all(raw)


@settings(max_examples=400)
@given(st.data())
def test_any_damage_is_refused_or_read_without_a_crash(data: st.DataObject) -> None:
    """Bytes of a real telegram replaced, cut out or doubled."""
    raw = bytearray(RAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 60))
        raw[at : at + length] = data.draw(
            st.one_of(st.binary(max_size=8), st.just(bytes(raw[at : at + length]) * 2))
        )
    try:
        warnings = read_all(bytes(raw))
    except WarningRefused as refused:
        assert refused.code in CODES
        return
    assert all(warning.items for warning in warnings)


@settings(max_examples=60)
@given(st.data())
def test_any_text_removed_from_a_real_telegram_never_silences_it(data: st.DataObject) -> None:
    """Elements of real telegrams emptied at random: something is always said, or it is refused."""
    paths = [
        path
        for path in folder("jma", "samples")
        if any(mark in path.name for mark in ("VPWW5", "VXKO", "VTSE41", "VXWW", "VPBS", "VXSE5"))
        and path.stat().st_size < 60_000
    ]
    text = data.draw(st.sampled_from(paths)).read_text(encoding="utf-8-sig")
    parts = text.split("</")
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(parts) - 2))
        head, mark, _ = parts[at].rpartition(">")
        parts[at] = head + mark
    try:
        warning = read("</".join(parts).encode())
    except WarningRefused as refused:
        assert refused.code in CODES
        return
    assert warning.items
