"""Real and sample telegrams say here what they say to a person who reads them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree

from sonae.core.clock import JST
from sonae.engines.warnings import Warning, WarningRefused, in_force, read, read_all
from sonae.engines.warnings.model import AREA_TYPES, PHENOMENA, SEVERITIES
from tests.conftest import real_data
from tests.engines.warnings import expected, expected_told
from tests.engines.warnings.conftest import folder, sample

# The only file that is no message: a licence beside the satellite log.
NO_MESSAGE = {"LICENSE"}

Key = tuple[str, str | None, str, int | None, str]


def by_city(warning: Warning) -> dict[Key, set[str]]:
    """City codes by (phenomenon, code, kind, level, severity)."""
    found: defaultdict[Key, set[str]] = defaultdict(set)
    for item in warning.items:
        codes = {area.code for area in item.areas if area.type == "city"}
        key = (item.phenomenon, item.kind_code, item.kind, item.level, item.severity)
        if codes:
            found[key] |= codes
    return dict(found)


@pytest.mark.parametrize("name", expected.WEATHER)
def test_weather(name: str) -> None:
    warning = sample(name)
    assert warning.telegram == name.rpartition("_")[2].removesuffix(".xml")
    assert (warning.status, warning.action, warning.source) == ("actual", "issue", "jma")
    found = by_city(warning)
    lines = {line[:5]: line[5:] for line in expected.WEATHER[name]}
    assert {key: len(codes) for key, codes in found.items()} == {
        key: count for key, (count, _) in lines.items()
    }
    for key, (_, city) in lines.items():
        assert city in found[key], key
    assert not warning.deviations


@pytest.mark.parametrize("name", expected.TSUNAMI)
def test_tsunami(name: str) -> None:
    status, event, kinds = expected.TSUNAMI[name]
    warning = sample(name)
    found: Counter[tuple[str | None, str, str]] = Counter()
    for item in warning.items:
        assert item.phenomenon == "tsunami"
        assert item.level is None
        assert {area.type for area in item.areas} == {"tsunami_area"}
        found[item.kind_code, item.kind, item.severity] += len(item.areas)
    assert found == kinds
    assert (warning.telegram, warning.status, warning.event_id) == ("VTSE41", status, event)
    assert warning.series == f"VTSE41|{status}|{event[:14]}"


@pytest.mark.parametrize("name", expected.QUAKE)
def test_earthquake(name: str) -> None:
    telegram, event, places = expected.QUAKE[name]
    warning = sample(name)
    found: Counter[tuple[str, str]] = Counter()
    for item in warning.items:
        assert (item.phenomenon, item.level, item.kind_code) == ("earthquake", None, None)
        for area in item.areas:
            found[item.kind, area.type] += 1
    assert found == places
    assert (warning.telegram, warning.event_id) == (telegram, event)
    assert warning.series == f"{telegram}|actual|{event}"


@pytest.mark.parametrize("name", expected.RIVER)
def test_river(name: str) -> None:
    event, code, kind, level, severity, areas = expected.RIVER[name]
    warning = sample(name)
    (item,) = warning.items
    assert (item.phenomenon, item.kind_code, item.kind) == ("flood", code, kind)
    assert (item.level, item.severity) == (level, severity)
    assert sorted((a.code, a.name, a.type) for a in item.areas) == sorted(areas)
    assert warning.event_id == event
    assert warning.series.startswith("VXKO|")
    assert warning.series.endswith(f"|{event}")


@pytest.mark.parametrize("name", expected.FLASH)
def test_flash(name: str) -> None:
    series, phenomenon, kind, severity, areas = expected.FLASH[name]
    warning = sample(name)
    (item,) = warning.items
    assert (item.phenomenon, item.kind, item.kind_code, item.level, item.severity) == (
        phenomenon, kind, None, None, severity,
    )  # fmt: skip
    assert [(a.code, a.name, a.type) for a in item.areas] == areas
    assert warning.series == series


@pytest.mark.parametrize("name", expected.CANCELLED)
def test_a_cancellation_names_no_area_and_is_not_in_force(name: str) -> None:
    telegram, phenomenon = expected.CANCELLED[name]
    warning = sample(name)
    (item,) = warning.items
    assert (warning.action, warning.telegram) == ("cancel", telegram)
    assert (item.phenomenon, item.severity, item.areas) == (phenomenon, "lifted", ())
    assert not item.in_force


def test_the_table_covers_at_least_sixty_files() -> None:
    tables = (
        expected.WEATHER, expected.TSUNAMI, expected.QUAKE, expected.RIVER, expected.FLASH,
        expected.CANCELLED, expected_told.TOLD, expected_told.KEPT,
    )  # fmt: skip
    assert sum(len(table) for table in tables) >= 60


@pytest.mark.parametrize("name", expected_told.TOLD)
def test_told(name: str) -> None:
    telegram, status, action, lines = expected_told.TOLD[name]
    warning = sample(name)
    assert (warning.telegram, warning.status, warning.action) == (telegram, status, action)
    assert not warning.deviations
    found: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for item in warning.items:
        key = (item.phenomenon, item.kind_code, item.kind, item.level, item.severity)
        for area in item.areas:
            found[*key, area.type].add(area.code)
        if not item.areas:
            found[*key, ""] = set()
    assert {key: len(codes) for key, codes in found.items()} == {
        line[:6]: line[6] for line in lines
    }
    for line in lines:
        assert not line[7] or line[7] in found[line[:6]], line


@pytest.mark.parametrize("name", expected_told.KEPT)
def test_kept_whole_is_known_by_its_name_and_warns_of_nothing(name: str) -> None:
    known = read(real_data("alerts", "jma", "samples", name).read_bytes())
    assert known.telegram == expected_told.KEPT[name]
    assert {(i.phenomenon, i.level, i.severity) for i in known.items} == {
        ("other", None, "information")
    }


def test_expected_shaking_decides_the_gravity_of_an_early_warning() -> None:
    """37_01_02: 愛媛県南予 震度６弱 (特別警報), 高知県西部 震度５強, 大分県中部 震度４から５弱."""
    areas = {
        area.code: item
        for item in sample("37_01_02_240613_VXSE43.xml").items
        for area in item.areas
    }
    assert (areas["622"].severity, areas["622"].condition) == ("emergency", "震度６弱")
    assert (areas["632"].severity, areas["632"].condition) == ("warning", "震度５強")
    assert (areas["751"].severity, areas["751"].condition) == ("warning", "震度５弱")
    # 愛媛 has 震度６弱 in one of its areas; 大分 has 5弱 at most.
    assert (areas["9380"].severity, areas["9440"].severity) == ("emergency", "warning")
    assert areas["9943"].kind == "緊急地震速報（警報）"


def test_every_early_warning_warns_exactly_whom_its_body_warns() -> None:
    """Every VXSE43–45 of the folder, against a plain XPath: codes 1x warn, 0x forecast."""
    seen = 0
    for path in [*folder("jma", "samples"), *folder("jma", "real")]:
        if not any(f"VXSE4{n}" in path.name for n in (3, 4, 5)):
            continue
        root = etree.parse(path).getroot()
        name = "*[local-name()='%s']"
        warned = set()
        for area in root.xpath(f"//{name % 'Pref'}/{name % 'Area'}"):
            steps = "/".join(name % step for step in ("Category", "Kind", "Code"))
            if area.xpath(f"string({steps})").startswith("1"):
                warned.add(area.xpath(f"string({name % 'Code'})"))
        warning = read(path.read_bytes())
        ours = {
            area.code
            for item in warning.items
            for area in item.areas
            if area.type == "area" and len(area.code) == 3 and item.severity != "information"
        }
        assert ours == warned, path.name
        seen += len(warned)
    assert seen > 900


def test_volcanoes_whose_residents_must_leave_are_a_special_warning() -> None:
    """No sample has level 4 or 5; codes of 噴火警報（居住地域）: by law a 特別警報."""
    raw = real_data("alerts", "jma", "samples", "45_01_01_200522_VFVO50.xml").read_bytes()
    raised = (
        raw.replace("レベル３（入山規制）".encode(), "レベル５（避難）".encode())
        .replace(b"<Code>13</Code>", b"<Code>15</Code>")
        .replace("火口周辺警報：入山規制等".encode(), "噴火警報：避難等".encode())
        .replace(b"<Code>43</Code>", b"<Code>41</Code>")
        .replace("<Name>火口周辺警報</Name>".encode(), "<Name>噴火警報</Name>".encode())
        .replace(b"<Code>02</Code>", b"<Code>01</Code>")
    )
    assert {(i.severity, i.level) for i in read(raised).items} == {("emergency", None)}


def test_every_file_of_the_folder_is_read_or_refused_with_a_reason() -> None:
    """All files but schemas, licences and tables: at least one item each, or a refusal with a code."""
    read_files, refused = 0, set()
    for parts in (("jma", "samples"), ("jma", "real"), ("cap", "alert"), ("lalert",), ("qzss",)):
        for path in folder(*parts):
            try:
                found = read_all(path.read_bytes(), name=path.name)
            except WarningRefused as refusal:
                assert refusal.code, path.name
                assert str(refusal.detail), path.name
                refused.add(path.name)
                continue
            assert found, path.name
            assert all(warning.items for warning in found), path.name
            read_files += 1
    assert read_files >= 500
    assert refused == NO_MESSAGE


def test_no_official_telegram_is_refused() -> None:
    for path in [*folder("jma", "samples"), *folder("jma", "real")]:
        assert read(path.read_bytes(), name=path.name).title, path.name


def test_no_official_type_is_unknown_by_name() -> None:
    """Without a file's name, as over the wire: every title of the folder has a code."""
    unnamed = {
        warning.title
        for path in [*folder("jma", "samples"), *folder("jma", "real")]
        if not (warning := read(path.read_bytes())).telegram
    }
    assert unnamed == set()


def test_no_telegram_that_states_a_level_is_read_without_one() -> None:
    """By the text itself: every 「レベルｎ」 of a kind's name or headline must come out as a level.

    Not 噴火警戒レベル (another scale), not hours that VPWP50 and 早期注意情報 only expect, and not
    VPRN50, which ended in 2026.
    """
    other_scale = ("VFVO", "VFSV", "VPWP", "VPFD", "VPRN", "VPZJ", "VPCJ", "VPFJ", "VMCJ")
    checked = 0
    for path in [*folder("jma", "samples"), *folder("jma", "real")]:
        if any(mark in path.name for mark in other_scale):
            continue
        root = etree.parse(path).getroot()
        head = root.xpath("string(//*[local-name()='Headline'])")
        names = root.xpath("//*[local-name()='Kind']/*[local-name()='Name']/text()")
        notices = root.xpath("//*[local-name()='Notice']/text()")
        stated = {
            int(unicodedata.normalize("NFKC", digit))
            for text in (head, *names, *notices)
            for digit in re.findall(r"レベル([1-5１-５])", text)
        }
        warning = read(path.read_bytes(), name=path.name)
        levels = {item.level for item in warning.items if item.level}
        if not stated or warning.action == "cancel":
            continue
        lifted_only = all(not item.in_force for item in warning.items)
        if lifted_only:
            continue
        checked += 1
        assert levels, path.name
        assert max(stated) in levels, path.name
    assert checked >= 25


def test_an_advisory_announces_hours_of_a_higher_level() -> None:
    """CriteriaPeriod: 猿払村 is at level 3 and 「２３日１時から５時まで、警戒レベル４相当」."""
    items = sample("15_16_01_241031_VPWW56.xml").items
    (village,) = [i for i in items if any(a.code == "0151100" for a in i.areas)]
    (forecast,) = village.forecast
    assert (village.level, forecast.level) == (3, 4)
    assert forecast.start == datetime(2020, 6, 23, 1, 0, tzinfo=JST)
    assert forecast.end == datetime(2020, 6, 23, 5, 0, tzinfo=JST)
    assert village.to_json()["forecast"] == [
        {"level": 4, "from": "2020-06-23T01:00:00+09:00", "to": "2020-06-23T05:00:00+09:00"}
    ]


def test_a_forecast_that_differs_by_sub_area_is_read() -> None:
    """舞鶴市: 高潮予報区間 and the rest each have their own CriteriaPeriod, here of equal hours."""
    items = sample("15_16_02_250630_VPWW57.xml").items
    found = {
        forecast
        for item in items
        for forecast in item.forecast
        if any(a.code == "2620200" for a in item.areas)
    }
    assert [(f.level, f.start.hour, f.end and f.end.hour) for f in found] == [(4, 6, 12)]


def test_a_section_of_coast_is_an_area() -> None:
    items = sample("15_16_02_250630_VPWW57.xml").items
    coast = {a.name: a for item in items for a in item.areas}["舞鶴湾"]
    assert (coast.code, coast.type) == ("2635999", "area")


def test_times_are_of_issue_and_of_transmission() -> None:
    warning = sample("15_17_01_250630_VPWW55.xml")
    assert warning.issued_at.isoformat() == "2024-11-02T11:19:00+09:00"
    assert warning.sent_at.isoformat() == "2024-11-02T11:19:27+09:00"
    assert warning.office == "松江地方気象台"
    assert warning.head_title == "島根県大雨警報・注意報"
    assert warning.headline.startswith("東部、西部では、低い土地の浸水")


def test_the_river_at_level_4_that_only_the_notice_names() -> None:
    items = sample("15_17_01_250123_VPWW54.xml").items
    (river,) = [i for i in items if any(a.type == "river" for a in i.areas)]
    assert (river.phenomenon, river.level, river.severity) == ("flood", 4, "critical")
    assert [(a.name, a.code) for a in river.areas] == [("高津川", "")]


@pytest.mark.parametrize(
    ("name", "place", "kind"),
    [
        ("32-35_07_06_240613_VXSE53.xml", "2221400", "震度５弱以上未入電"),
        ("32-35_07_07_240613_VXSE53.xml", "2221000", "震度５弱以上未入電"),
    ],
)
def test_a_city_that_has_not_reported_counts_as_shaken(name: str, place: str, kind: str) -> None:
    items = sample(name).items
    (missing,) = [i for i in items if i.kind == kind and any(a.code == place for a in i.areas)]
    assert missing.severity == "warning"


@pytest.mark.parametrize("name", ["32-35_01_03_100514_VXSE53.xml", "32-39_05_01_100831_VXSE53.xml"])
def test_an_earthquake_abroad_is_one_item_without_areas(name: str) -> None:
    (item,) = sample(name).items
    assert (item.phenomenon, item.severity, item.areas) == ("earthquake", "information", ())


def test_severity_of_an_intensity_follows_the_line_of_the_law() -> None:
    severities = {i.kind: i.severity for i in sample("32-39_11_05_240613_VXSE53.xml").items}
    assert severities == {
        "震度７": "emergency",
        "震度６強": "emergency",
        "震度６弱": "emergency",
        "震度５強": "warning",
        "震度５弱": "warning",
        "震度４": "information",
        "震度３": "information",
        "震度２": "information",
        "震度１": "information",
    }


def test_no_telegram_of_any_type_is_read_as_nothing() -> None:
    for path in [*folder("jma", "samples"), *folder("jma", "real")]:
        warning = read(path.read_bytes(), name=path.name)
        assert warning.items, path.name
        assert warning.title, path.name
        for item in warning.items:
            assert item.phenomenon in PHENOMENA, path.name
            assert item.severity in SEVERITIES, path.name
            assert item.kind, path.name
            assert all(area.type in AREA_TYPES for area in item.areas), path.name
        assert Warning.from_json(warning.to_json()) == warning, path.name


def test_types_that_nobody_described_are_other() -> None:
    for name in ("24_11_01_190925_VPFD51.xml", "83_01_01_241226_VPZJ51.xml"):
        assert {item.phenomenon for item in sample(name).items} == {"other"}
    sea = sample("13_01_01_130906_VPCU50.xml")
    assert {item.phenomenon for item in sea.items} == {"other"}
    assert {item.severity for item in sea.items} >= {"warning"}


def test_hours_expected_by_vpwp50_are_no_proof_of_issue() -> None:
    for path in folder("jma", "samples"):
        if "VPWP50" in path.name:
            warning = read(path.read_bytes(), name=path.name)
            assert {(i.severity, i.level) for i in warning.items} == {("information", None)}
            assert in_force([warning], at=warning.issued_at) == []


# The same telegrams read a second way: plain XPath, no code of ours.


def _body_kinds(path: Path, block: str) -> set[tuple[str, str, bool]]:
    """(code of the kind, code of the area, lifted) in the Body/Warning blocks that end so."""
    root = etree.parse(path).getroot()
    local = "*[local-name()='%s']"
    found = set()
    for item in root.xpath(f"//{local % 'Warning'}[contains(@type,'{block}')]/{local % 'Item'}"):
        area = item.xpath(f"string({local % 'Area'}/{local % 'Code'})").strip()
        for kind in item.xpath(local % "Kind"):
            code = kind.xpath(f"string({local % 'Code'})").strip()
            status = kind.xpath(f"string({local % 'Status'})").strip()
            if code and status != "なし":
                found.add((code, area, status == "解除"))
    return found


@pytest.mark.parametrize(
    "mark", ["VPWW53", "VPWW54", "VPWW55", "VPWW56", "VPWW57", "VPWW5", "VPWW6"]
)
def test_all_weather_telegrams_agree_with_a_plain_xpath(mark: str) -> None:
    paths = [path for path in folder("jma", "samples") if mark in path.name]
    assert paths
    for path in paths:
        warning = read(path.read_bytes())
        plain = _body_kinds(path, "（市町村等）")
        held = {(code, area) for code, area, lifted in plain if not lifted}
        ended = {area for _, area, lifted in plain if lifted}
        ours = {
            (item.kind_code, area.code)
            for item in warning.items
            for area in item.areas
            if area.type == "city" and item.in_force and item.kind_code
        }
        over = {
            area.code
            for item in warning.items
            for area in item.areas
            if area.type == "city" and item.severity == "lifted" and item.kind_code == "00"
        }
        assert ours == held, path.name
        assert over == ended, path.name


def test_every_code_of_the_new_system_states_the_level_that_its_name_states() -> None:
    numbers = {"２": 2, "３": 3, "４": 4, "５": 5}
    seen = set()
    for path in folder("jma", "samples"):
        if any(f"VPWW5{n}" in path.name for n in (5, 6, 7)):
            for item in read(path.read_bytes()).items:
                if item.in_force:
                    assert item.level == numbers[item.kind[3]], (path.name, item.kind)
                    seen.add((item.kind_code, item.level))
    held = {("10", 2), ("29", 2), ("03", 3), ("09", 3), ("08", 3), ("43", 4), ("49", 4), ("48", 4)}
    assert seen == held


def test_all_earthquake_telegrams_name_every_place_that_shook() -> None:
    for path in [*folder("jma", "samples"), *folder("jma", "real")]:
        if "VXSE53" not in path.name and "VXSE51" not in path.name:
            continue
        root = etree.parse(path).getroot()
        shaken = root.xpath("//*[local-name()='City'][*[local-name()='MaxInt']]")
        codes = {city.xpath("string(*[local-name()='Code'])").strip() for city in shaken}
        warning = read(path.read_bytes())
        ours = {a.code for i in warning.items for a in i.areas if a.type == "city"}
        assert codes <= ours, path.name
