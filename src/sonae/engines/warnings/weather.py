"""気象警報・注意報: VPWW50, 53, 54 (old system) and VPWW55–61 (2026 system).

``Body/Warning`` tells each area's kinds with what changed; a kind whose ``Status`` is 解除 ended
although its code is still that of the warning. 「発表警報・注意報はなし」 is not an item.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from sonae.engines.warnings.areas import areas_in, type_of_block, unique
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import Forecast, WarningArea, WarningItem
from sonae.engines.warnings.report import Element, Report, duration, local, moment, text, values
from sonae.engines.warnings.wording import level_of, meaning_of, normal

# What an item is made of: equal texts make equal items.
_TOLD_BY = ("Code", "Name", "Status", "Condition")
LIFTED_CODE, LIFTED = "00", "解除"
NONE_IN_FORCE = "発表警報・注意報はなし"
# CriteriaClass codes of the level family; 20, 30 and 50 belong to the family without levels.
_CRITERIA_LEVELS = {"11": 1, "21": 2, "22": 2, "31": 3, "41": 4, "51": 5}
_NOTICE_LINE = re.compile(r"[〈<＜](レベル[1-5１-５][^〉>＞]*)[〉>＞]([^〈<＜]*)")
_NOTICE_NAMES = re.compile(r"[、,，\s]+")


def read_weather(report: Report, family: Family) -> list[WarningItem]:
    """The items of one VPWW telegram; an item says so when nothing is in force at all."""
    items = Items()
    none: list[WarningArea] = []
    for block in _blocks(report):
        block_type = block.get("type") or ""
        for item in block.iterchildren("{*}Item"):
            none.extend(_read_item(item, block_type, report, family, items))
    for found in _from_notice(report):
        items.add(replace(found, areas=()), found.areas)
    if items:
        return items.done()
    if none:
        return [_nothing_in_force(family, none)]
    return read_headline(report, family)


def _blocks(report: Report) -> Iterator[Element]:
    if report.body is not None:
        yield from report.body.iterchildren("{*}Warning")


def _read_item(
    item: Element, block_type: str, report: Report, family: Family, items: Items
) -> Iterable[WarningArea]:
    """Collect one area's kinds; return its areas when none is in force there."""
    areas = list(areas_in(item, block_type))
    any_kind = False
    for kind in item.iterchildren("{*}Kind"):
        says = values(kind)
        if says.get("Code") or says.get("Name"):
            any_kind = True
            forecast = _forecasts(kind) if "Property" in says else ()
            key = (*map(says.get, _TOLD_BY), forecast)
            items.add_as(key, partial(_kind, says, forecast, report, family), areas)
    return () if any_kind else areas


def _kind(
    says: dict[str, str], forecast: tuple[Forecast, ...], report: Report, family: Family
) -> WarningItem:
    code, name = says.get("Code", ""), says.get("Name", "")
    means = family.meaning(code, name, report.deviations)
    if LIFTED in says.get("Status", "") or means.severity == "lifted":
        return WarningItem(
            means.phenomenon, LIFTED_CODE, LIFTED, None, "lifted", (), last_kind=name
        )
    condition = says.get("Condition", "")
    return WarningItem(
        means.phenomenon, code, name, means.level, means.severity, (), forecast, condition
    )


def _forecasts(kind: Element) -> tuple[Forecast, ...]:
    """Hours in which a level is expected (CriteriaPeriod), also where they differ by sub-area."""
    found = set()
    for period in kind.iter("{*}CriteriaPeriod"):
        for holder in period.iter("{*}Base", "{*}Local"):
            forecast = _forecast(holder)
            if forecast is not None:
                found.add(forecast)
    return tuple(sorted(found, key=lambda each: (each.start, each.level)))


def _forecast(holder: Element) -> Forecast | None:
    criteria = next(holder.iterchildren("{*}CriteriaClass"), None)
    start = moment(text(holder, "Time"))
    if criteria is None or start is None:
        return None
    level = _CRITERIA_LEVELS.get(text(criteria, "Code"))
    if level is None:
        return None
    length = duration(text(holder, "Duration"))
    return Forecast(level, start, start + length if length else None)


def _nothing_in_force(family: Family, areas: Iterable[WarningArea]) -> WarningItem:
    """The telegram says for every area that nothing is in force: that is an answer, not a gap."""
    return WarningItem(family.phenomenon, None, NONE_IN_FORCE, None, "lifted", unique(areas))


def _from_notice(report: Report) -> Iterator[WarningItem]:
    """Levels that the old types name only in ``Body/Notice`` (経過措置).

    「〈レベル４大雨危険警報〉松江市」: VPWW54 folds level 4 into 警報, so without this the level is
    lost. 「＊」 marks a footnote.
    """
    if report.body is None:
        return
    cities = None
    for notice in report.body.iterchildren("{*}Notice"):
        for kind, names in _NOTICE_LINE.findall(notice.text or ""):
            cities = _city_areas(report) if cities is None else cities
            yield _notice_item(kind, names, cities)


def _notice_item(kind: str, names: str, cities: dict[str, WarningArea]) -> WarningItem:
    means = meaning_of(normal(kind))
    type_ = "river" if means.phenomenon == "flood" else "city"
    bare = [name.strip("＊*（）() 　") for name in _NOTICE_NAMES.split(names)]
    areas = tuple(
        cities.get(name, WarningArea("", name, type_)) if type_ == "city"
        else WarningArea("", name, type_)
        for name in bare
        if name
    )  # fmt: skip
    return WarningItem(means.phenomenon, None, kind, level_of(kind), means.severity, areas)


def _city_areas(report: Report) -> dict[str, WarningArea]:
    """City areas of the telegram by name: the notice gives names without codes."""
    found = {}
    for block in _blocks(report):
        block_type = block.get("type") or ""
        if type_of_block(block_type) == "city":
            for item in block:
                if local(item) == "Item":
                    found.update({area.name: area for area in areas_in(item, block_type)})
    return found
