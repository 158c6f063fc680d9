"""Makes well-formed 気象庁防災情報XML: for drills, the demo's 72 hours and tests.

The output follows JMA's schemas and is read by ``reader.read`` like any other telegram. Nothing
here is ever sent to JMA's side: these are inputs of our own system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import cast

from lxml import etree

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.engines.warnings.families import BY_TELEGRAM
from sonae.engines.warnings.model import SEVERITY_RANK, Forecast
from sonae.engines.warnings.report import Element

_ROOT = "http://xml.kishou.go.jp/jmaxml1/"
_HEAD = _ROOT + "informationBasis1/"
_METEOROLOGY = _ROOT + "body/meteorology1/"
_SEISMOLOGY = _ROOT + "body/seismology1/"
_BASIS = _ROOT + "elementBasis1/"
_STATUS = {"actual": "通常", "exercise": "訓練", "test": "試験"}
_ACTION = {"issue": "発表", "correct": "訂正", "cancel": "取消"}
_CITY = "気象・地震・火山情報／市町村等"
_PREFECTURE = "気象情報／府県予報区・細分区域等"
_CRITERIA = {5: "51", 4: "41", 3: "31", 2: "21", 1: "11"}
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

_TITLES = {
    "VPWW53": "気象特別警報・警報・注意報",
    "VPWW54": "気象警報・注意報（Ｈ２７）",
    "VPWW55": "気象警報・注意報（Ｒ０６）（大雨）",
    "VPWW56": "気象警報・注意報（Ｒ０６）（土砂災害）",
    "VPWW57": "気象警報・注意報（Ｒ０６）（高潮）",
    "VPWW58": "気象警報・注意報（Ｒ０６）（暴風）",
    "VPWS50": "気象警報・注意報（Ｒ０６）（集約通報）",
    "VXKO": "指定河川洪水予報",
    "VXWW50": "土砂災害警戒情報",
    "VTSE41": "津波警報・注意報・予報a",
    "VXSE51": "震度速報",
    "VXSE53": "震源・震度に関する情報",
    "VPBS50": "府県気象防災速報",
}
_LEVEL_NAMES = {
    5: "レベル５{}特別警報",
    4: "レベル４{}危険警報",
    3: "レベル３{}警報",
    2: "レベル２{}注意報",
}
_WORDS = {"heavy_rain": "大雨", "landslide": "土砂災害", "storm_surge": "高潮"}
_NAMES: Mapping[str, str] = {
    "33": "大雨特別警報",
    "03": "大雨警報",
    "10": "大雨注意報",
    "04": "洪水警報",
    "18": "洪水注意報",
    "38": "高潮特別警報",
    "08": "高潮警報",
    "19": "高潮注意報",
    "35": "暴風特別警報",
    "05": "暴風警報",
    "15": "強風注意報",
    "32": "暴風雪特別警報",
    "02": "暴風雪警報",
    "13": "風雪注意報",
    "14": "雷注意報",
}
_RIVER_NAMES = {
    "10": "氾濫注意報解除",
    "20": "レベル２氾濫注意報",
    "30": "レベル３氾濫警報",
    "40": "レベル４氾濫危険警報",
    "51": "レベル５氾濫特別警報",
}


@dataclass(frozen=True, slots=True)
class CityKind:
    """One kind of warning for one city (二次細分区域 code, 7 digits).

    ``kind_code`` is the family's code; empty: nothing in force. With ``lifted`` the kind ends.
    """

    code: str
    name: str
    kind_code: str
    lifted: bool = False
    last_code: str = ""
    condition: str = ""
    forecast: tuple[Forecast, ...] = field(default=())


def compose_weather(
    telegram: str,
    cities: Sequence[CityKind],
    *,
    office: str,
    prefecture: tuple[str, str],
    issued_at: datetime,
    sent_at: datetime | None = None,
    headline: str = "",
    notice: str = "",
    status: str = "actual",
    action: str = "issue",
) -> bytes:
    """A VPWW telegram for ``cities`` of one ``prefecture`` (code, name).

    ``telegram`` VPWW53–58, or VPWS50 for the whole country. Several ``CityKind`` of one city become one item with several kinds.
    ``sent_at`` (default ``issued_at``) orders the series. ``notice`` is Body/Notice, where the old
    types name level 4.
    """
    for city in cities:
        _kind_name(telegram, city.kind_code or "00")
    report = _report(telegram, office, status, sent_at or issued_at)
    head = _head(report, f"{prefecture[1]}気象警報・注意報", issued_at, action, headline)
    _text(head, _HEAD, "InfoKind", "気象警報・注意報", before="Headline")
    _text(head, _HEAD, "InfoKindVersion", "1.5_0", before="Headline")
    in_force = [city for city in cities if city.kind_code and not city.lifted]
    _weather_head(telegram, head, in_force, prefecture)
    body = _body(report, _METEOROLOGY)
    if notice:
        _text(body, _METEOROLOGY, "Notice", notice)
    _prefecture_block(telegram, body, in_force, prefecture)
    _city_block(telegram, body, cities)
    return _bytes(report)


def compose_river(
    *,
    river_code: str,
    river_name: str,
    kind_code: str,
    cities: Iterable[tuple[str, str]],
    prefecture: tuple[str, str],
    office: str,
    issued_at: datetime,
    sent_at: datetime | None = None,
    serial: int = 1,
    headline: str = "",
    status: str = "actual",
    action: str = "issue",
) -> bytes:
    """A 指定河川洪水予報 for the forecast zone ``river_code`` (12 digits, also the EventID).

    ``kind_code`` 10 解除, 20, 30, 40 or 51; ``cities`` (7-digit code, name) are 浸水想定地区.
    """
    name = _river_name(kind_code)
    report = _report("VXKO", office, status, sent_at or issued_at)
    head = _head(
        report, f"{river_name}{name}", issued_at, action, headline, river_code, str(serial)
    )
    _text(head, _HEAD, "InfoKind", "指定河川洪水予報", before="Headline")
    _text(head, _HEAD, "InfoKindVersion", "1.1_1", before="Headline")
    zone, rivers = (river_code, river_name), (river_code[:10], river_name)
    for ending, code_type, area in (
        ("予報区域", "指定河川洪水予報（予報区域）", zone),
        ("河川", "河川", rivers),
        ("府県予報区等", _PREFECTURE, prefecture),
    ):
        block = _information(head, f"指定河川洪水予報（{ending}）")
        _head_item(block, name, kind_code, code_type, [area])
    _river_body(_body(report, _METEOROLOGY), list(cities), prefecture)
    return _bytes(report)


def compose_cancel(
    telegram: str,
    *,
    office: str,
    issued_at: datetime,
    sent_at: datetime | None = None,
    event_id: str = "",
    headline: str = "先ほどの情報を取り消します。",
    status: str = "actual",
) -> bytes:
    """A 取消 of the series of ``telegram`` + ``office`` (+ ``event_id``): it carries no area."""
    report = _report(telegram, office, status, sent_at or issued_at)
    head = _head(report, _title(telegram), issued_at, "cancel", headline, event_id)
    _text(head, _HEAD, "InfoKind", _title(telegram), before="Headline")
    _text(head, _HEAD, "InfoKindVersion", "1.0_0", before="Headline")
    seismic = telegram.startswith(("VTSE", "VXSE"))
    namespace = _SEISMOLOGY if seismic else _METEOROLOGY
    _text(_body(report, namespace), namespace, "Text" if seismic else "Notice", headline)
    return _bytes(report)


def _title(telegram: str) -> str:
    if telegram not in _TITLES:
        raise SonaeError("unknown_telegram", telegram, " / ".join(_TITLES))
    return _TITLES[telegram]


def _river_name(kind_code: str) -> str:
    if kind_code not in _RIVER_NAMES:
        raise SonaeError("unknown_code", kind_code, " / ".join(_RIVER_NAMES))
    return _RIVER_NAMES[kind_code]


def _kind_name(telegram: str, code: str) -> str:
    """The official name of a code in its family; ``unknown_code`` for any other."""
    if code == "00":
        return "解除"
    meaning = BY_TELEGRAM[telegram].codes.get(code)
    if meaning is None or (meaning.level is None and code not in _NAMES):
        raise SonaeError("unknown_code", f"{telegram} {code}")
    if meaning.level is not None:
        return _LEVEL_NAMES[meaning.level].format(_WORDS[meaning.phenomenon])
    return _NAMES[code]


def _report(telegram: str, office: str, status: str, sent_at: datetime) -> Element:
    report = etree.Element(f"{{{_ROOT}}}Report", nsmap=_spaces(_ROOT, jmx=_ROOT))
    control = _sub(report, _ROOT, "Control")
    sent = clock.aware(sent_at).astimezone(UTC)
    for name, value in (
        ("Title", _title(telegram)),
        ("DateTime", sent.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Status", _STATUS[status]),
        ("EditorialOffice", office),
        ("PublishingOffice", office),
    ):
        _text(control, _ROOT, name, value)
    return report


def _head(
    report: Element,
    title: str,
    issued_at: datetime,
    action: str,
    headline: str,
    event_id: str = "",
    serial: str = "",
) -> Element:
    head = etree.SubElement(report, f"{{{_HEAD}}}Head", nsmap=_spaces(_HEAD))
    issued = clock.aware(issued_at).astimezone(clock.JST).isoformat(timespec="seconds")
    for name, value in (
        ("Title", title),
        ("ReportDateTime", issued),
        ("TargetDateTime", issued),
        ("EventID", event_id),
        ("InfoType", _ACTION[action]),
        ("Serial", serial),
    ):
        _text(head, _HEAD, name, value)
    _text(_sub(head, _HEAD, "Headline"), _HEAD, "Text", headline)
    return head


def _information(head: Element, block_type: str) -> Element:
    headline = next(head.iterchildren("{*}Headline"))
    block = _sub(headline, _HEAD, "Information")
    block.set("type", block_type)
    return block


def _head_item(
    block: Element, name: str, code: str, code_type: str, areas: Iterable[tuple[str, str]]
) -> None:
    item = _sub(block, _HEAD, "Item")
    kind = _sub(item, _HEAD, "Kind")
    _text(kind, _HEAD, "Name", name)
    _text(kind, _HEAD, "Code", code)
    holder = _sub(item, _HEAD, "Areas")
    holder.set("codeType", code_type)
    for area_code, area_name in areas:
        area = _sub(holder, _HEAD, "Area")
        _text(area, _HEAD, "Name", area_name)
        _text(area, _HEAD, "Code", area_code)


def _weather_head(
    telegram: str, head: Element, in_force: Sequence[CityKind], prefecture: tuple[str, str]
) -> None:
    if not in_force:
        return
    worst = _worst(telegram, in_force)
    block = _information(head, "気象警報・注意報（府県予報区等）")
    _head_item(block, _kind_name(telegram, worst), worst, _PREFECTURE, [prefecture])
    block = _information(head, "気象警報・注意報（市町村等）")
    for city in in_force:
        name = _kind_name(telegram, city.kind_code)
        _head_item(block, name, city.kind_code, _CITY, [(city.code, city.name)])


def _worst(telegram: str, in_force: Iterable[CityKind]) -> str:
    codes = BY_TELEGRAM[telegram].codes
    return max(
        (c.kind_code for c in in_force), key=lambda code: SEVERITY_RANK[codes[code].severity]
    )


def _prefecture_block(
    telegram: str, body: Element, in_force: Sequence[CityKind], prefecture: tuple[str, str]
) -> None:
    block = _sub(body, _METEOROLOGY, "Warning")
    block.set("type", "気象警報・注意報（府県予報区等）")
    item = _sub(block, _METEOROLOGY, "Item")
    worst = _worst(telegram, in_force) if in_force else ""
    _kind(telegram, item, CityKind(*prefecture, worst))
    _area(item, *prefecture)


def _city_block(telegram: str, body: Element, cities: Sequence[CityKind]) -> None:
    block = _sub(body, _METEOROLOGY, "Warning")
    block.set("type", "気象警報・注意報（市町村等）")
    for (code, name), kinds in groupby(cities, key=lambda city: (city.code, city.name)):
        item = _sub(block, _METEOROLOGY, "Item")
        for kind in kinds:
            _kind(telegram, item, kind)
        _area(item, code, name)


def _kind(telegram: str, item: Element, city: CityKind) -> None:
    kind = _sub(item, _METEOROLOGY, "Kind")
    if not city.kind_code:
        _text(kind, _METEOROLOGY, "Status", "発表警報・注意報はなし")
        return
    _text(kind, _METEOROLOGY, "Name", _kind_name(telegram, city.kind_code))
    _text(kind, _METEOROLOGY, "Code", city.kind_code)
    _text(kind, _METEOROLOGY, "Status", _change(city))
    if city.condition:
        _text(kind, _METEOROLOGY, "Condition", city.condition)
    if city.last_code:
        last = _sub(kind, _METEOROLOGY, "LastKind")
        _text(last, _METEOROLOGY, "Name", _kind_name(telegram, city.last_code))
        _text(last, _METEOROLOGY, "Code", city.last_code)
    if city.forecast:
        _criteria(kind, city.forecast)


def _change(city: CityKind) -> str:
    if city.lifted:
        return "解除"
    return "継続" if city.last_code == city.kind_code else "発表"


def _criteria(kind: Element, forecasts: Iterable[Forecast]) -> None:
    """CriteriaPeriod: the hours in which a level is expected."""
    holder = _sub(kind, _METEOROLOGY, "Property")
    _text(holder, _METEOROLOGY, "Type", "危険度")
    for forecast in forecasts:
        if forecast.level is None:
            continue
        base = _sub(_sub(holder, _METEOROLOGY, "CriteriaPeriod"), _METEOROLOGY, "Base")
        name = f"警戒レベル{forecast.level}相当".translate(_WIDE)
        _text(base, _METEOROLOGY, "Sentence", name)
        criteria = _sub(base, _METEOROLOGY, "CriteriaClass")
        _text(criteria, _METEOROLOGY, "Name", name)
        _text(criteria, _METEOROLOGY, "Code", _CRITERIA[forecast.level])
        _text(base, _METEOROLOGY, "Time", forecast.start.astimezone(clock.JST).isoformat())
        if forecast.end:
            minutes = int((forecast.end - forecast.start).total_seconds() // 60)
            _text(base, _METEOROLOGY, "Duration", f"PT{minutes // 60}H{minutes % 60}M")


def _river_body(
    body: Element, cities: Sequence[tuple[str, str]], prefecture: tuple[str, str]
) -> None:
    block = _sub(body, _METEOROLOGY, "Warning")
    block.set("type", "指定河川洪水予報")
    item = _sub(block, _METEOROLOGY, "Item")
    kind = _sub(item, _METEOROLOGY, "Kind")
    for name, value in (("Name", "浸水想定地区"), ("Code", "1"), ("Status", "対象地域")):
        _text(kind, _METEOROLOGY, name, value)
    holder = _sub(item, _METEOROLOGY, "Areas")
    for code, name in cities:
        area = _sub(holder, _METEOROLOGY, "Area")
        for tag, value in (
            ("Name", f"{prefecture[1]}{name}"),
            ("Prefecture", prefecture[1]),
            ("PrefectureCode", f"{prefecture[0][:2]}000"),
            ("City", name),
            ("CityCode", code),
            ("SubCityList", "-"),
        ):
            _text(area, _METEOROLOGY, tag, value)


def _area(item: Element, code: str, name: str) -> None:
    area = _sub(item, _METEOROLOGY, "Area")
    _text(area, _METEOROLOGY, "Name", name)
    _text(area, _METEOROLOGY, "Code", code)


def _body(report: Element, namespace: str) -> Element:
    spaces = _spaces(namespace, jmx_eb=_BASIS)
    return etree.SubElement(report, f"{{{namespace}}}Body", nsmap=spaces)


def _spaces(default: str, **prefixes: str) -> Mapping[str, str]:
    """A namespace map; the default namespace's key is None, which the library's types leave out."""
    return cast("Mapping[str, str]", {None: default, **prefixes})


def _sub(parent: Element, namespace: str, name: str) -> Element:
    return etree.SubElement(parent, f"{{{namespace}}}{name}")


def _text(parent: Element, namespace: str, name: str, value: str, before: str = "") -> None:
    child = etree.Element(f"{{{namespace}}}{name}")
    child.text = value or None
    mark = parent.find(f"{{{namespace}}}{before}") if before else None
    if mark is None:
        parent.append(child)
    else:
        mark.addprevious(child)


def _bytes(report: Element) -> bytes:
    return etree.tostring(report, xml_declaration=True, encoding="UTF-8", pretty_print=True)
