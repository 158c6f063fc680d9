"""府県気象防災速報 (VPBS50): no codes; 情報タグ in the headline says what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sonae.engines.warnings.areas import area_of, areas_in
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import whole_telegram
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Report, values
from sonae.engines.warnings.wording import Meaning, meaning_of

_CITY = "気象・地震・火山情報／市町村等"
# JMA issues the first three only where the danger maps show level 4 相当 or more; the telegram
# states no level, so none is given.
TAGS: Mapping[str, Meaning] = {
    "線状降水帯発生": Meaning("linear_rainband", "critical"),
    "線状降水帯直前": Meaning("linear_rainband", "critical"),
    "記録雨": Meaning("record_rain", "critical"),
    "顕著な大雪": Meaning("heavy_snow", "warning"),
    "短時間大雪": Meaning("heavy_snow", "warning"),
}


def read_flash(report: Report, family: Family) -> list[WarningItem]:
    """One item per tag, with the headline's areas and the cities that the body names."""
    items = Items()
    cities = list(_cities(report))
    for block in report.informations():
        for entry in block.iterchildren("{*}Item"):
            areas = [*areas_in(entry, block.get("type") or ""), *cities]
            for kind in entry.iterchildren("{*}Kind"):
                for tag in values(kind).get("Condition", "").split():
                    items.add(_tag(tag, report, family), areas)
    return items.done() if items else [whole_telegram(report, family)]


def _tag(tag: str, report: Report, family: Family) -> WarningItem:
    if tag not in TAGS:
        report.deviations.append(f"unknown_tag:{tag}")
    means = TAGS.get(tag) or meaning_of(tag, family.phenomenon)
    return WarningItem(
        means.phenomenon, None, tag, None, means.severity, (), until=report.valid_until
    )


def _cities(report: Report) -> Iterator[WarningArea]:
    """Cities that the observations name (美幌町付近で約１００ミリ)."""
    if report.body is None:
        return
    for area in report.body.iter("{*}Area"):
        if area.get("codeType") == _CITY:
            yield area_of(area)
