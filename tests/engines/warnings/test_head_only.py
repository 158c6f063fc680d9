"""A body that nobody looks at builds no tree: the same reading, the same refusals, as strict as ever."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.engines.warnings import WarningRefused, read
from sonae.engines.warnings.families import head_suffices
from sonae.engines.warnings.jma import read_jma
from sonae.engines.warnings.safexml import parse
from tests.engines.warnings.conftest import folder

TITLE = "大雨危険度通知"
TEXT = f"""<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>{TITLE}</Title><DateTime>2026-08-30T00:00:00Z</DateTime><Status>通常</Status>
<EditorialOffice>気象庁本庁</EditorialOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>危険度</Title>
<ReportDateTime>2026-08-30T09:00:00+09:00</ReportDateTime><InfoType>発表</InfoType>
<Headline><Text>備え市に注意</Text><Information type="大雨危険度通知（市町村等）"><Item>
<Kind><Name>大雨</Name><Code>03</Code></Kind>
<Areas codeType="気象・地震・火山情報／市町村等"><Area><Name>備え市</Name><Code>9920100</Code></Area></Areas>
</Item></Information></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/">BODY</Body></Report>"""


def telegram(body: str = "<Text>本文</Text>", **instead: str) -> bytes:
    text = TEXT.replace("BODY", body)
    for old, new in instead.items():
        text = text.replace(old, new)
    return text.encode()


def tags(raw: bytes) -> list[str]:
    root = parse(raw, head_only=head_suffices).root
    return [child.tag.rpartition("}")[2] for child in root]


def both(raw: bytes) -> tuple[object, object]:
    """What is read with the shortcut and what is read from the whole tree; a refusal by its code."""

    def outcome(short: bool) -> object:
        try:
            parsed = parse(raw, head_only=head_suffices if short else None)
            return read_jma(parsed.root, "", "", parsed.deviations)
        except WarningRefused as refused:
            return refused.code

    return outcome(True), outcome(False)


def test_only_control_and_head_become_a_tree() -> None:
    assert tags(telegram()) == ["Control", "Head"]
    item = read(telegram()).items[0]
    assert (item.kind, item.areas[0].code) == ("大雨", "9920100")


@pytest.mark.parametrize(
    "raw",
    [
        telegram(大雨危険度通知="気象警報・注意報（Ｈ２７）"),
        telegram("<TargetArea><Name>備え県</Name><Code>990000</Code></TargetArea>"),
        telegram("<!-- c -->", 備え市に注意="<!-- </Head> -->備え市に注意"),
        telegram("<Text/>", 備え市に注意="<![CDATA[</Head>]]>備え市に注意"),
    ],
)
def test_what_needs_its_body_or_is_unusual_is_parsed_whole(raw: bytes) -> None:
    assert tags(raw) == ["Control", "Head", "Body"]
    short, whole = both(raw)
    assert short == whole


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<a>" * 1_000_000, "too_deep"),
        ("<a>" * 300 + "</a>" * 300, "too_deep"),
        ("<a><b></a>", "not_xml"),
        ("<a x='1' x='2'/>", "not_xml"),
        ("<p:a/>", "not_xml"),
        ("&x;", "not_xml"),
        ("\x01", "not_xml"),
        ("<a/>" * 2_000_000, "too_large"),
    ],
)
def test_a_hostile_body_is_refused_although_nobody_looks_at_it(body: str, code: str) -> None:
    raw = telegram(body)
    began = time.process_time()
    assert both(raw) == (code, code)
    assert time.process_time() - began < 5


def test_a_second_title_does_not_choose_the_reading() -> None:
    """The title that is looked for in the bytes must be the one in Control."""
    raw = TEXT.replace("<Control>", f"<Other><Title>{TITLE}</Title></Other><Control>", 1)
    raw = raw.replace(f"<Control><Title>{TITLE}", "<Control><Title>気象警報・注意報（Ｈ２７）")
    assert tags(raw.encode()) == ["Other", "Control", "Head", "Body"]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_cut_and_mangled_telegrams_mean_the_same_both_ways(data: st.DataObject) -> None:
    raw = telegram("<Item><Name>あ</Name></Item>" * 3)
    at = data.draw(st.integers(0, len(raw)))
    more = data.draw(st.sampled_from([b"", b"<", b">", b"&", b"\xff", b"]]>", b"<!--", b"</Head>"]))
    raw = raw[:at] + more + (b"" if data.draw(st.booleans()) else raw[at:])
    short, whole = both(raw)
    assert short == whole


@pytest.mark.parametrize("where", ["samples", "real"])
def test_every_telegram_of_the_data_reads_the_same_both_ways(where: str) -> None:
    shortened = 0
    for path in folder("jma", where):
        raw = path.read_bytes()
        short, whole = both(raw)
        assert short == whole, path.name
        shortened += len(tags(raw)) == 2
    assert shortened > 0
