"""震度速報 (VXSE51) and 震源・震度に関する情報 (VXSE53): observed intensities by area and city.

The headline names only intensity 3 and more; the body names all. Severity follows the law's line
for 緊急地震速報: 6弱 and more 特別警報, 5弱 and more 警報. An intensity is not a level.
"""

from __future__ import annotations

from sonae.engines.warnings.areas import place, unique
from sonae.engines.warnings.family import Family
from sonae.engines.warnings.headline import whole_telegram
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Element, Report, bare, first

# Intensity and its name → the places, in the telegram's order.
Found = dict[tuple[str, str], list[WarningArea]]

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
_STATION = "IntensityStation"
_MISSING = "未入電"


def read_quake(report: Report, family: Family) -> list[WarningItem]:
    """One item per intensity; an earthquake without one in Japan (遠地地震) is one item too."""
    observation = first(first(report.body, "Intensity"), "Observation")
    found: Found = {}
    if observation is not None:
        _inside(observation, "", found)
    items = [_item(*key).over(unique(areas)) for key, areas in found.items()]
    return items or [whole_telegram(report, family)]


def _inside(within: Element, type_: str, found: Found) -> None:
    """Collect a place and then the places inside it; its stations, which come last, are passed."""
    says: dict[str, str] = {}
    places = []
    for child in within:
        name = bare(child.tag)
        if name == _STATION:
            break
        if name in _PLACES:
            places.append((child, _PLACES[name]))
        elif name not in says:
            text = child.text
            says[name] = text.strip() if text else ""
    if type_:
        area = place(says.get("Code", ""), says.get("Name", ""), type_)
        for key in _intensities(says):
            found.setdefault(key, []).append(area)
    for inner, inner_type in places:
        _inside(inner, inner_type, found)


def _item(intensity: str, name: str) -> WarningItem:
    severity = _SEVERE.get(intensity, "information")
    return WarningItem("earthquake", None, name, None, severity, ())


def _intensities(says: dict[str, str]) -> list[tuple[str, str]]:
    """The place's intensity; 「震度５弱以上未入電」 (not reported yet) counts as 5弱, not as calm."""
    written, condition = says.get("MaxInt"), says.get("Condition")
    found = [(written, INTENSITIES.get(written, f"震度{written}"))] if written else []
    if condition and _MISSING in condition:
        found.append(("5-", condition))
    return found
