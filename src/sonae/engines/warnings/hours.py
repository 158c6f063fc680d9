"""気象警報・注意報時系列情報 (VPWP50): what is expected in which hours, by city.

It takes over what once stood behind each warning, and is no proof that any warning was issued: its
items are information with a ``forecast``, and none of them is ever in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sonae.engines.warnings.areas import area_of, place
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import Forecast, WarningArea, WarningItem
from sonae.engines.warnings.report import Element, Report, bare, duration, first, moment, values
from sonae.engines.warnings.wording import phenomenon_of

_PHENOMENA: Final[Mapping[str, str]] = {
    "大雨浸水危険度": "heavy_rain",
    "土砂災害危険度": "landslide",
    "高潮危険度": "storm_surge",
    "風危険度": "storm",
    "風雪危険度": "snow_storm",
    "雪危険度": "heavy_snow",
    "波危険度": "wave",
    "雷危険度": "thunder",
    "融雪危険度": "snow_melt",
    "濃霧危険度": "fog",
    "着氷危険度": "ice_accretion",
    "着雪危険度": "snow_accretion",
    "乾燥危険度": "dry",
    "なだれ危険度": "avalanche",
    "低温危険度": "cold",
    "霜危険度": "frost",
}


class Expected(NamedTuple):
    """What a code of 危険度 means: the level where its scale has levels, and the severity."""

    level: int | None
    severity: str


# Two scales: 11–51 with 警戒レベル, 00–50 without. Below 注意報級, and 値なし, nothing is expected.
_NOTHING: Final = frozenset({"00", "01", "11"})
_CODES: Final[Mapping[str, Expected]] = {
    **dict.fromkeys(("21", "22"), Expected(2, "advisory")),
    "31": Expected(3, "warning"),
    "41": Expected(4, "critical"),
    "51": Expected(5, "emergency"),
    "20": Expected(None, "advisory"),
    "30": Expected(None, "warning"),
    "50": Expected(None, "emergency"),
}
Hours = Mapping[str, tuple[datetime, datetime]]
# Type of 危険度 and part of the area (陸上, 海上) → code by timeId.
Told = dict[tuple[str, str], dict[str, str]]


def read_hours(report: Report, family: Family) -> list[WarningItem]:
    """One item per 危険度, part of the area and course of hours, with its cities."""
    items = Items()
    for block in first_all(report.body, "MeteorologicalInfos"):
        for series in block.iterchildren("{*}TimeSeriesInfo"):
            hours = _hours(first(series, "TimeDefines"))
            for entry in series.iterchildren("{*}Item"):
                _read_city(entry, hours, report, items)
    return items.done() if items else read_headline(report, family)


def first_all(parent: Element | None, name: str) -> Iterator[Element]:
    """Every child ``name``; none where there is no parent."""
    if parent is not None:
        yield from parent.iterchildren("{*}" + name)


def _hours(defines: Element | None) -> Hours:
    """timeId → its hours; what cannot be read is left out."""
    found = {}
    for define in first_all(defines, "TimeDefine"):
        says = values(define)
        start, length = moment(says.get("DateTime", "")), duration(says.get("Duration", ""))
        if start is not None and length is not None:
            found[define.get("timeId") or ""] = (start, start + length)
    return found


def _read_city(entry: Element, hours: Hours, report: Report, items: Items) -> None:
    area = first(entry, "Area")
    named = _city(area) if area is not None else None
    for (type_, part), codes in _told(entry).items():
        forecast = _forecast(codes, hours, report.deviations)
        item = WarningItem(
            _PHENOMENA.get(type_) or phenomenon_of(type_),
            None,
            type_,
            None,
            "information",
            (),
            forecast,
            condition=part,
        )
        items.add(item, [named] if named else [])


def _city(area: Element) -> WarningArea:
    """The area; these telegrams leave out the code type, and 7 digits are a city's."""
    found = area_of(area)
    return place(found.code, found.name, "city") if len(found.code) == 7 else found


def _told(entry: Element) -> Told:
    """The codes of one city, by type of 危険度 and part."""
    found: Told = {}
    for told in entry.iter("{*}Significancy"):
        around = told.getparent()
        part = ""
        if around is not None and bare(around.tag) == "Local":
            part = values(around).get("AreaName", "")
        codes = found.setdefault((told.get("type") or "", part), {})
        codes[told.get("refID") or ""] = values(told).get("Code", "")
    return found


def _forecast(
    codes: Mapping[str, str], hours: Hours, deviations: list[str]
) -> tuple[Forecast, ...]:
    """The hours in which something is expected; neighbours that expect the same are one."""
    made: list[Forecast] = []
    for ref, code in codes.items():
        expected = _CODES.get(code)
        if expected is None and code not in _NOTHING:
            _note(deviations, f"unknown_code:{code}")
        if expected is None or ref not in hours:
            continue
        start, end = hours[ref]
        last = made[-1] if made else None
        if last is not None and (last.end, last.level, last.severity) == (start, *expected):
            made[-1] = Forecast(expected.level, last.start, end, expected.severity)
        else:
            made.append(Forecast(expected.level, start, end, expected.severity))
    return tuple(made)


def _note(deviations: list[str], word: str) -> None:
    if word not in deviations:
        deviations.append(word)
