"""緊急地震速報 (VXSE43–45): expected intensities by 細分区域 and prefecture.

Whether an area is warned stands at the area (警報 10/11/19, 予報 00/01/09), not in the title: a
VXSE45 「予報」 carries the warning too. From 震度６弱 or 長周期地震動階級４ on it is a 特別警報 by law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sonae.engines.warnings.areas import areas_in
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import SEVERITY_RANK, WarningArea, WarningItem
from sonae.engines.warnings.quake import INTENSITIES
from sonae.engines.warnings.report import Element, Report, first, text, values

_REGIONS = "（地方予報区）"
_SPECIAL = frozenset({"6-", "6+", "7"})


def read_eew(report: Report, family: Family) -> list[WarningItem]:
    """One item per kind and expected intensity; without areas the headline, else the telegram."""
    items = Items()
    worst: dict[WarningArea, WarningItem] = {}
    forecast = first(first(report.body, "Intensity"), "Forecast")
    for prefecture in forecast.iterchildren("{*}Pref") if forecast is not None else ():
        _read_prefecture(prefecture, report, family, items, worst)
    if not items:
        return read_headline(report, family)
    for place, item in worst.items():
        items.add(replace(item, condition=""), [place])
    for item, areas in _regions(report, family):
        items.add(item, areas)
    return items.done()


def _read_prefecture(
    element: Element,
    report: Report,
    family: Family,
    items: Items,
    worst: dict[WarningArea, WarningItem],
) -> None:
    """Collect the areas of one ``Pref`` (it may be repeated per area) and its gravest kind."""
    place = _place(element, "prefecture")
    for area in element.iterchildren("{*}Area"):
        item = _area_item(area, report, family)
        if item is not None:
            items.add(item, [_place(area, "area")])
            held = worst.get(place)
            if held is None or SEVERITY_RANK[item.severity] > SEVERITY_RANK[held.severity]:
                worst[place] = item


def _place(element: Element, type_: str) -> WarningArea:
    return WarningArea(text(element, "Code"), text(element, "Name"), type_)


def _area_item(area: Element, report: Report, family: Family) -> WarningItem | None:
    kind = first(first(area, "Category"), "Kind")
    if kind is None:
        return None
    says = values(kind)
    code, name = says.get("Code", ""), says.get("Name", "")
    means = family.meaning(code, name, report.deviations)
    intensity, long_period = _expected(area, "ForecastInt"), _expected(area, "ForecastLgInt")
    severity = means.severity
    if severity == "warning" and (intensity in _SPECIAL or long_period == "4"):
        severity = "emergency"
    condition = INTENSITIES.get(intensity, "")
    return WarningItem("earthquake", code, name, None, severity, (), condition=condition)


def _expected(area: Element, name: str) -> str:
    """The upper end of what is expected; 「over」 means at least the lower end."""
    forecast = first(area, name)
    lower, upper = text(forecast, "From"), text(forecast, "To")
    return lower if upper in ("over", "不明", "") else upper


def _regions(report: Report, family: Family) -> Iterator[tuple[WarningItem, list[WarningArea]]]:
    """The large regions, which only the headline names."""
    for block in report.informations():
        block_type = block.get("type") or ""
        if block_type.endswith(_REGIONS):
            for entry in block.iterchildren("{*}Item"):
                says = values(kind) if (kind := first(entry, "Kind")) is not None else {}
                code, name = says.get("Code", ""), says.get("Name", "")
                means = family.meaning(code, name, report.deviations)
                item = WarningItem("earthquake", code, name, None, means.severity, ())
                yield item, list(areas_in(entry, block_type))
