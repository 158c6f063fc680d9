"""緊急地震速報 (VXSE43–45): expected intensities by 細分区域 and prefecture.

Whether an area is warned stands at the area (警報 10/11/19, 予報 00/01/09), not in the title: a
VXSE45 「予報」 carries the warning too. From 震度６弱 or 長周期地震動階級４ on it is a 特別警報 by law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from sonae.engines.warnings.areas import areas_in, place
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import SEVERITY_RANK, WarningArea, WarningItem
from sonae.engines.warnings.quake import INTENSITIES
from sonae.engines.warnings.report import Element, Report, bare, first, values

_REGIONS = "（地方予報区）"
_SPECIAL = frozenset({"6-", "6+", "7"})


def read_eew(report: Report, family: Family) -> list[WarningItem]:
    """One item per kind and expected intensity; without areas the headline, else the telegram."""
    items = Items()
    worst: dict[WarningArea, tuple[str, str, str]] = {}
    forecast = first(first(report.body, "Intensity"), "Forecast")
    for prefecture in forecast.iterchildren("{*}Pref") if forecast is not None else ():
        _read_prefecture(prefecture, report, family, items, worst)
    if not items:
        return read_headline(report, family)
    for area, word in worst.items():
        items.add(_item(*word), [area])
    for item, areas in _regions(report, family):
        items.add(item, areas)
    return items.done()


def _read_prefecture(
    element: Element,
    report: Report,
    family: Family,
    items: Items,
    worst: dict[WarningArea, tuple[str, str, str]],
) -> None:
    """Collect the areas of one ``Pref`` (it may be repeated per area) and its gravest kind."""
    prefecture = _place(values(element), "prefecture")
    for area in element.iterchildren("{*}Area"):
        says = {bare(child.tag): child for child in area}
        if "Category" not in says:
            continue
        kind = values(_kind_of(says["Category"]))
        code, name = kind.get("Code", ""), kind.get("Name", "")
        intensity = _expected(says.get("ForecastInt"))
        severe = intensity in _SPECIAL or _expected(says.get("ForecastLgInt")) == "4"
        severity = family.meaning(code, name, report.deviations).severity
        if severe and severity == "warning":
            severity = "emergency"
        word = (code, name, severity)
        named = place(_text(says.get("Code")), _text(says.get("Name")), "area")
        items.add_as((*word, intensity), partial(_item, *word, intensity), [named])
        held = worst.get(prefecture)
        if held is None or SEVERITY_RANK[severity] > SEVERITY_RANK[held[2]]:
            worst[prefecture] = word


def _kind_of(category: Element) -> Element | None:
    """Its ``Kind``, which the schema puts first."""
    start = category[0] if len(category) else None
    return start if start is not None and bare(start.tag) == "Kind" else first(category, "Kind")


def _item(code: str, name: str, severity: str, intensity: str = "") -> WarningItem:
    condition = INTENSITIES.get(intensity, "")
    return WarningItem("earthquake", code, name, None, severity, (), condition=condition)


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _place(says: Mapping[str, str], type_: str) -> WarningArea:
    return place(says.get("Code", ""), says.get("Name", ""), type_)


def _expected(forecast: Element | None) -> str:
    """The upper end of what is expected; 「over」 means at least the lower end."""
    says = values(forecast)
    lower, upper = says.get("From", ""), says.get("To", "")
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
