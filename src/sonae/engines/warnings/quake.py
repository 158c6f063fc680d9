"""震度速報 (VXSE51) and 震源・震度に関する情報 (VXSE53): observed intensities by area and city.

The headline names only intensity 3 and more; the body names all. Severity follows the law's line
for 緊急地震速報: 6弱 and more 特別警報, 5弱 and more 警報. An intensity is not a level.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import whole_telegram
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Element, Report, bare, first

INTENSITIES = {
    "1": "震度１",
    "2": "震度２",
    "3": "震度３",
    "4": "震度４",
    "5-": "震度５弱",
    "5+": "震度５強",
    "6-": "震度６弱",
    "6+": "震度６強",
    "7": "震度７",
}
_SEVERE = {"5-": "warning", "5+": "warning", "6-": "emergency", "6+": "emergency", "7": "emergency"}
_PLACES = {"Pref": "prefecture", "Area": "area", "City": "city"}
_INSIDE = frozenset({"Area", "City", "IntensityStation"})
_MISSING = "未入電"


def read_quake(report: Report, family: Family) -> list[WarningItem]:
    """One item per intensity; an earthquake without one in Japan (遠地地震) is one item too."""
    items = Items()
    observation = first(first(report.body, "Intensity"), "Observation")
    if observation is not None:
        for place in observation.iter("{*}Pref", "{*}Area", "{*}City"):
            _add(place, items)
    return items.done() if items else [whole_telegram(report, family)]


def _add(place: Element, items: Items) -> None:
    says = _own_values(place)
    area = WarningArea(says.get("Code", ""), says.get("Name", ""), _PLACES[bare(place.tag)])
    for intensity, name in _intensities(says):
        items.add_as((intensity, name), partial(_item, intensity, name), (area,))


def _item(intensity: str, name: str) -> WarningItem:
    severity = _SEVERE.get(intensity, "information")
    return WarningItem("earthquake", None, name, None, severity, ())


def _own_values(place: Element) -> dict[str, str]:
    """What a place says of itself: the schema puts that before the places inside it."""
    out: dict[str, str] = {}
    for child in place:
        name = bare(child.tag)
        if name in _INSIDE:
            break
        text = child.text
        out[name] = text.strip() if text else ""
    return out


def _intensities(says: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The place's intensity; 「震度５弱以上未入電」 (not reported yet) counts as 5弱, not as calm."""
    written, condition = says.get("MaxInt", ""), says.get("Condition", "")
    if written:
        yield written, INTENSITIES.get(written, f"震度{written}")
    if _MISSING in condition:
        yield "5-", condition
