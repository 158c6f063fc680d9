"""時系列情報 (VPWP50): hours with from and to, and never a warning in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import Warning, in_force, read
from sonae.engines.warnings.model import WarningItem
from tests.engines.warnings.conftest import folder, sample

BEGIN = datetime(2026, 8, 30, 6, tzinfo=JST)
LEVELS = {"21": 2, "22": 2, "31": 3, "41": 4, "51": 5}
GRADES = {"20": "advisory", "30": "warning", "50": "emergency"}


def telegram(
    codes: dict[str, list[str]], part: str = "", hours: int = 3, begin: datetime = BEGIN
) -> bytes:
    """A telegram of one city: type of 危険度 → code per period of ``hours`` from ``begin``."""
    most = max(map(len, codes.values()))
    defines = "".join(
        f'<TimeDefine timeId="{n + 1}"><DateTime>{(begin + timedelta(hours=hours * n)).isoformat()}'
        f"</DateTime><Duration>PT{hours}H</Duration></TimeDefine>"
        for n in range(most)
    )
    kinds = ""
    for type_, told in codes.items():
        lines = "".join(
            f'<Significancy refID="{n + 1}" type="{type_}"><Code>{code}</Code></Significancy>'
            for n, code in enumerate(told)
        )
        inner = f"<Local><AreaName>{part}</AreaName>{lines}</Local>" if part else lines
        kinds += (
            f"<Kind><Property><Type>{type_}</Type><SignificancyPart><Base>{inner}</Base>"
            "</SignificancyPart></Property></Kind>"
        )
    return f"""<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control>
<Title>気象警報・注意報時系列情報（Ｒ０６）</Title><DateTime>{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</DateTime>
<Status>通常</Status><EditorialOffice>備え地方気象台</EditorialOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>備え県の時系列情報</Title>
<ReportDateTime>{begin.isoformat()}</ReportDateTime><InfoType>発表</InfoType><Headline><Text/>
</Headline></Head><Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/">
<MeteorologicalInfos type="量的予想時系列（市町村等）"><TimeSeriesInfo><TimeDefines>{defines}</TimeDefines>
<Item>{kinds}<Area><Name>備え市</Name><Code>9920100</Code></Area></Item></TimeSeriesInfo>
</MeteorologicalInfos></Body></Report>""".encode()


def only(raw: bytes) -> WarningItem:
    (item,) = read(raw).items
    return item


def test_hours_of_a_level_have_a_from_and_a_to() -> None:
    item = only(telegram({"大雨浸水危険度": ["11", "21", "31", "41", "41", "00"]}))
    assert (item.phenomenon, item.severity, item.level) == ("heavy_rain", "information", None)
    assert [(area.code, area.type) for area in item.areas] == [("9920100", "city")]
    assert [step.to_json() for step in item.forecast] == [
        {"level": 2, "from": "2026-08-30T09:00:00+09:00", "to": "2026-08-30T12:00:00+09:00",
         "severity": "advisory"},
        {"level": 3, "from": "2026-08-30T12:00:00+09:00", "to": "2026-08-30T15:00:00+09:00",
         "severity": "warning"},
        {"level": 4, "from": "2026-08-30T15:00:00+09:00", "to": "2026-08-30T21:00:00+09:00",
         "severity": "critical"},
    ]  # fmt: skip


def test_a_scale_without_levels_says_how_grave_it_is() -> None:
    item = only(telegram({"風危険度": ["01", "30", "50"]}, part="海上"))
    assert (item.phenomenon, item.condition) == ("storm", "海上")
    assert [(step.level, step.severity) for step in item.forecast] == [
        (None, "warning"), (None, "emergency"),
    ]  # fmt: skip


def test_nothing_expected_is_an_answer_and_an_unknown_code_is_noted() -> None:
    assert only(telegram({"土砂災害危険度": ["11", "00"]})).forecast == ()
    warning = read(telegram({"土砂災害危険度": ["11", "77"]}))
    assert warning.items[0].forecast == ()
    assert warning.deviations == ("unknown_code:77",)


def test_whatever_is_expected_nothing_is_in_force() -> None:
    warning = read(telegram({"大雨浸水危険度": ["51"] * 4, "風危険度": ["50"] * 4}))
    for at in (warning.issued_at, BEGIN, BEGIN + timedelta(hours=5)):
        assert in_force([warning], at=at) == []


@given(
    st.dictionaries(
        st.sampled_from(["大雨浸水危険度", "高潮危険度", "波危険度", "霜危険度", "新しい危険度"]),
        st.lists(st.sampled_from(["00", "01", "11", *LEVELS, *GRADES]), min_size=1, max_size=16),
        min_size=1,
    )
)
@settings(max_examples=60, deadline=None)
def test_each_hour_says_what_the_telegram_says_of_it(codes: dict[str, list[str]]) -> None:
    """Recomputed hour by hour from the codes; neighbours that say the same are one step."""
    warning = read(telegram(codes))
    assert Warning.from_json(warning.to_json()) == warning
    found = {item.kind: item.forecast for item in warning.items}
    assert found.keys() == codes.keys()
    for type_, told in codes.items():
        for n, code in enumerate(told):
            moment = BEGIN + timedelta(hours=3 * n, minutes=30)
            steps = [s for s in found[type_] if s.end is not None and s.start <= moment < s.end]
            expected = []
            if code in LEVELS:
                expected = [LEVELS[code]]
            elif code in GRADES:
                expected = [GRADES[code]]
            assert [s.level or s.severity for s in steps] == expected
        for one, two in zip(found[type_], found[type_][1:], strict=False):
            assert one.end != two.start or (one.level, one.severity) != (two.level, two.severity)


def samples() -> list[Path]:
    return [path for path in folder("jma", "samples") if "VPWP50" in path.name]


def test_the_official_samples_expect_nothing_for_ten_towns() -> None:
    """Written from the telegrams: ten towns of 宗谷, seventeen or more courses, all below 注意報級."""
    for path in samples():
        warning = read(path.read_bytes(), name=path.name)
        rain = next(item for item in warning.items if item.kind == "大雨浸水危険度")
        assert [area.name for area in rain.areas][:2] == ["稚内市", "猿払村"]
        assert len(rain.areas) == 10
        wave = [item for item in warning.items if item.kind == "波危険度"]
        assert {a.name for i in wave for a in i.areas}.isdisjoint({"中頓別町"}), "an inland town"
        assert {item.kind for item in warning.items} >= {
            "土砂災害危険度",
            "高潮危険度",
            "なだれ危険度",
        }
        assert all(item.forecast == () and item.level is None for item in warning.items)
        assert not warning.deviations


@pytest.mark.parametrize(
    ("type_", "old", "new", "expected"),
    [
        ("大雨浸水危険度", "11", "41", (4, "critical")),
        ("高潮危険度", "11", "22", (2, "advisory")),
        ("風危険度", "01", "30", (None, "warning")),
        ("なだれ危険度", "01", "20", (None, "advisory")),
    ],
)
def test_a_sample_that_expects_something(
    type_: str, old: str, new: str, expected: tuple[int | None, str]
) -> None:
    """The second period of the first town of a sample, changed by hand."""
    path = samples()[0]
    text = path.read_text("utf-8")
    at = text.index(f'refID="2" type="{type_}"')
    changed = text[:at] + text[at:].replace(f"<Code>{old}</Code>", f"<Code>{new}</Code>", 1)
    items = [item for item in read(changed.encode()).items if item.forecast]
    assert [(item.kind, len(item.areas), len(item.forecast)) for item in items] == [(type_, 1, 1)]
    assert (items[0].forecast[0].level, items[0].forecast[0].severity) == expected
    assert items[0].areas == sample(path.name).items[0].areas[:1]
