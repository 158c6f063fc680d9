"""災危通報: what a satellite receiver's sentences mean, on which day, and for whom."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.engines.warnings import Warning, WarningRefused, in_force, read, read_all, split
from sonae.engines.warnings.qzss import _prefectures_of
from tests.conftest import real_data
from tests.engines.warnings import dcx

MISSILE, TEST_SENTENCE, TEST_OF_JALERT = 128, 126, 136
FLYING_OBJECT, EARTHQUAKE, FLOOD, TEST_HAZARD = 96, 36, 68, 113


def log() -> bytes:
    """The recorded log: seven scenarios of a drill, 2022-03-07."""
    return (real_data("alerts/qzss") / "qzqsm_220307.log").read_bytes()


def on(day: str, *sentences: str) -> bytes:
    """A document as the input stores it."""
    return "\n".join([f"#QZSS {day}", *sentences, ""]).encode()


def dated_log(day: str = "2022-03-07") -> list[Warning]:
    """Every message of the log as received on a day."""
    return read_all(f"#QZSS {day}\n".encode() + log())


def told(warning: Warning) -> list[tuple[str, str, str, list[str]]]:
    """Phenomenon, kind, severity and area codes of each item."""
    return [(i.phenomenon, i.kind, i.severity, [a.code for a in i.areas]) for i in warning.items]


def test_the_recorded_drill_is_read_whole_and_stays_a_drill() -> None:
    warnings = dated_log()
    assert {w.status for w in warnings} == {"exercise"}
    assert {w.source for w in warnings} == {"qzss"}
    assert all(w.items and w.deviations == () for w in warnings)
    kinds = {i.phenomenon for w in warnings for i in w.items}
    assert kinds == {"earthquake", "tsunami", "volcano", "heavy_rain", "landslide", "flood"}
    assert all(i.level is None for w in warnings for i in w.items)


def test_what_the_log_says() -> None:
    warnings = dated_log()
    early, intensity, source, tsunami = warnings[:4]
    assert early.issued_at == datetime(2022, 3, 7, 13, 0, tzinfo=clock.JST)
    assert early.headline == "強い揺れに警戒してください。"
    [(phenomenon, _kind, severity, areas)] = told(early)
    assert (phenomenon, severity) == ("earthquake", "emergency")
    assert areas == [
        "32", "33", "34", "35", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46",
    ]  # fmt: skip
    assert told(intensity)[0] == ("earthquake", "震度5強", "warning", ["44", "45"])
    assert told(source) == [("earthquake", "震源 日向灘 M6.4", "information", [])]
    assert told(tsunami) == [("tsunami", "津波警報", "warning", ["600", "610", "760"])]
    flood, lifted = [w for w in warnings if w.telegram == "DCR11"]
    assert told(flood) == [("flood", "氾濫警戒情報", "warning", ["830303020300"])]
    assert told(lifted) == [("flood", "警報解除", "lifted", ["830303020300"])]


def test_pages_of_a_long_text_are_read_page_by_page() -> None:
    pages = [w for w in dated_log() if w.telegram == "DCR04"]
    assert pages[0].headline == "（1/27）南海トラフ沿"
    assert told(pages[0])[0][1] == "南海トラフ地震臨時情報（巨大地震注意）"
    assert told(pages[0])[0][2] == "advisory"


def test_an_old_log_is_not_today() -> None:
    """The sentence has no year and the week no date: the day of reception decides."""
    then = dated_log("2022-03-07")[0]
    later = dated_log("2024-03-08")[0]
    assert (then.issued_at.year, later.issued_at.year) == (2022, 2024)
    assert read_all(log())[0].deviations == ("date_assumed",)
    monday = read(on("2026-08-31", dcx.sentence(a1=1, a3=dcx.JALERT, a4=EARTHQUAKE, a5=3, a7=61)))
    assert monday.issued_at == datetime(2026, 8, 31, 10, 0, tzinfo=clock.JST)
    sunday = read(on("2026-09-06", dcx.sentence(a1=1, a3=dcx.JALERT, a4=EARTHQUAKE, a5=3, a7=61)))
    assert sunday.issued_at == monday.issued_at


@pytest.mark.parametrize("now", ["2026-11-22", "2026-03-08", "2027-01-02"])
def test_a_receiver_never_speaks_of_a_day_to_come(now: str) -> None:
    at = datetime.fromisoformat(f"{now}T12:00:00+09:00")
    with clock.using(clock.FrozenClock(at)):
        undated = read_all(log())
    assert {warning.issued_at.year for warning in undated} == {2026}
    stated = dated_log(now)
    assert all(warning.issued_at <= at + timedelta(days=1) for warning in stated)


def test_an_onset_to_come_does_not_date_the_message() -> None:
    """Expected on Sunday, said on Monday."""
    raw = on("2026-08-31", dcx.sentence(a1=1, a3=dcx.JALERT, a4=EARTHQUAKE, a5=3, a7=61 + 6 * 1440))
    assert read(raw).issued_at == datetime(2026, 9, 1, 9, 0, tzinfo=clock.JST)


def test_areas_that_come_in_several_sentences_are_all_in_force_and_lifted_one_by_one() -> None:
    at = datetime(2022, 3, 7, 15, 0, tzinfo=clock.JST)
    before = [w for w in dated_log() if w.telegram == "DCR10" and w.issued_at.minute == 35]
    lines = in_force(before, at=at, status="exercise")
    landslides = {line.area.name for line in lines if line.phenomenon == "landslide"}
    assert landslides == {
        "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県",
    }  # fmt: skip
    part = next(w for w in before if any(a.name == "東京都" for i in w.items for a in i.areas))
    lifted = dataclasses.replace(
        part,
        items=tuple(dataclasses.replace(i, severity="lifted") for i in part.items),
        sent_at=at,
        raw_sha256="later",
    )
    left = {a.area.name for a in in_force([lifted, *before], at=at, status="exercise")}
    assert left == {"茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県"} - {
        a.name for i in part.items for a in i.areas
    } | {line.area.name for line in lines if line.phenomenon == "heavy_rain"}


def test_a_missile_is_civil_protection_for_the_prefectures_named() -> None:
    raw = on(
        "2026-08-31",
        dcx.sentence(
            a1=1, a3=dcx.JALERT, a4=FLYING_OBJECT, a5=3, a7=61, a11=MISSILE,
            area=dcx.prefectures(1, 2, 47),
        ),
    )  # fmt: skip
    warning = read(raw)
    assert (warning.status, warning.action, warning.telegram) == ("actual", "issue", "DCX-JAlert")
    assert told(warning) == [
        ("civil_protection", "ミサイル・飛翔体", "emergency", ["01", "02", "47"])
    ]
    assert warning.headline.startswith("ミサイル発射。")
    assert [a.name for a in warning.items[0].areas] == ["北海道", "青森県", "沖縄県"]


def test_all_clear_ends_the_alert_in_any_order_of_arrival() -> None:
    fields = {"a3": dcx.JALERT, "a4": FLYING_OBJECT, "a5": 3, "a7": 61}
    alert = read(on("2026-08-31", dcx.sentence(a1=1, area=dcx.prefectures(1, 2), **fields)))
    clear = read(on("2026-08-31", dcx.sentence(a1=3, area=dcx.prefectures(1), **fields)))
    at = datetime(2026, 8, 31, 10, 5, tzinfo=clock.JST)
    for order in ([alert, clear], [clear, alert]):
        assert [line.area.code for line in in_force(order, at=at)] == ["02"]


@pytest.mark.parametrize(
    "fields",
    [
        {"a1": 0, "a4": FLYING_OBJECT, "a11": MISSILE},
        {"a1": 1, "a4": TEST_HAZARD},
        {"a1": 1, "a4": FLYING_OBJECT, "a11": TEST_SENTENCE},
        {"a1": 1, "a4": FLYING_OBJECT, "a11": TEST_OF_JALERT},
    ],
)
def test_every_way_to_say_test_is_a_test(fields: dict[str, int]) -> None:
    raw = on("2026-08-31", dcx.sentence(a3=dcx.JALERT, a5=3, area=dcx.prefectures(13), **fields))
    assert read(raw).status == "test"


def test_municipalities_are_named_by_five_digits() -> None:
    jalert = read(on("2026-08-31", dcx.sentence(
        a1=1, a3=dcx.JALERT, a4=FLOOD, a5=2, area=dcx.cities(35202, 35201))))  # fmt: skip
    assert [(a.code, a.name, a.type) for a in jalert.items[0].areas] == [
        ("35202", "山口県宇部市", "city"), ("35201", "山口県下関市", "city"),
    ]  # fmt: skip
    lalert = read(on("2026-08-31", dcx.sentence(
        a1=1, a3=dcx.LALERT, a4=FLOOD, a5=3, area=dcx.city(35202))))  # fmt: skip
    assert told(lalert) == [("flood", "洪水", "emergency", ["35202"])]
    whole = read(on("2026-08-31", dcx.sentence(
        a1=1, a3=dcx.LALERT, a4=FLOOD, a5=3, area=dcx.city(35000))))  # fmt: skip
    assert [(a.code, a.type) for a in whole.items[0].areas] == [("35", "prefecture")]


def test_the_null_message_that_fills_the_channel_warns_nobody() -> None:
    null = dcx.sentence(a9=0, vn=0)
    warning = read(on("2026-08-31", null))
    assert told(warning) == [("other", "空の通報", "information", [])]
    assert in_force([warning], at=datetime(2026, 9, 1, tzinfo=clock.JST)) == []


def test_a_log_is_split_into_documents_that_say_the_same() -> None:
    raw = b"#QZSS 2022-03-07\n$GPGGA,1,2*00\n" + log()
    documents = split(raw)
    assert len(documents) > 40
    assert all(split(one) == [one] for one in documents)
    assert [read(one) for one in documents] == read_all(raw)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("$QZQSM,58,", "$QZQSM,58,0", 1),
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text[:40],
        lambda text: text.replace(",58,", ",99,"),
    ],
)
def test_a_broken_sentence_is_refused_with_a_reason(spoil: object) -> None:
    good = dcx.sentence(a1=1, a3=dcx.JALERT, a4=FLOOD, a5=3)
    assert callable(spoil)
    with pytest.raises(WarningRefused) as refused:
        read(on("2026-08-31", spoil(good)))
    assert refused.value.code == "not_qzss"


@given(st.integers(0, 2**212 - 1))
def test_no_message_with_a_right_checksum_crashes_or_says_nothing(data: int) -> None:
    bits = f"{0x53:08b}{44:06b}{data:0212b}"
    bits += f"{dcx.crc24(bits):024b}" + "00"
    payload = f"QZQSM,58,{int(bits, 2):063X}"
    checksum = 0
    for character in payload:
        checksum ^= ord(character)
    try:
        warning = read(on("2026-08-31", f"${payload}*{checksum:02X}"))
    except WarningRefused as refused:
        assert refused.code == "not_qzss"
    else:
        assert warning.items
        assert Warning.from_json(warning.to_json()) == warning


def test_wide_regions_count_only_where_no_prefecture_of_theirs_is_named() -> None:
    assert _prefectures_of(frozenset({37, 66})) == [32]
    assert _prefectures_of(frozenset({66})) == [31, 32, 33, 34, 35]
    assert _prefectures_of(frozenset({1, 4, 57})) == [1]
    assert _prefectures_of(frozenset(range(1, 57))) == list(range(1, 48))
