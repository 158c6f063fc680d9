"""指定河川洪水予報 (VXKO50–89): the level by the family's code, the cities from 浸水想定地区.

Codes 20/21/22, 30/31, 40/41, 50/51/53 are levels 2–5 and 10 is 解除, in the wording of 2026
(レベル４氾濫危険警報) as in that of before (氾濫危険情報).
"""

from __future__ import annotations

from collections.abc import Iterator

from sonae.engines.warnings.areas import areas_in, place, unique
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import whole_telegram
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Element, Report, values
from sonae.engines.warnings.wording import level_of

_AREAS_AT_RISK = "浸水想定地区"
_NO_CITY = frozenset({"", "-"})


def read_river(report: Report, family: Family) -> list[WarningItem]:
    """One item per kind: its rivers and prefectures, and the cities that may be flooded."""
    items = Items()
    cities = unique(_cities(report.body))
    for block in report.informations():
        block_type = block.get("type") or ""
        for entry in block.iterchildren("{*}Item"):
            for kind in entry.iterchildren("{*}Kind"):
                item = _kind(kind, report, family)
                items.add(item, areas_in(entry, block_type))
                items.add(item, cities)
    return items.done() if items else [whole_telegram(report, family)]


def _kind(kind: Element, report: Report, family: Family) -> WarningItem:
    says = values(kind)
    code, name, condition = says.get("Code", ""), says.get("Name", ""), says.get("Condition", "")
    means = family.meaning(code, name, report.deviations)
    if means.level is None and means.severity != "lifted":
        # An unknown code must not lose the level that the headline states in words.
        means = means._replace(level=level_of(report.headline))
    return WarningItem(
        means.phenomenon, code or None, name, means.level, means.severity, (), condition=condition
    )


def _cities(body: Element | None) -> Iterator[WarningArea]:
    """The cities of 浸水想定地区; each names the station it lies at, which is not its own name."""
    if body is None:
        return
    for block in body.iterchildren("{*}Warning"):
        for item in block.iterchildren("{*}Item"):
            for kind in item.iterchildren("{*}Kind"):
                if values(kind).get("Name", "").startswith(_AREAS_AT_RISK):
                    yield from _cities_of(item)


def _cities_of(item: Element) -> Iterator[WarningArea]:
    for area in item.iter("{*}Area"):
        says = values(area)
        if says.get("City", "") not in _NO_CITY:
            yield place(says.get("CityCode", ""), says["City"], "city")
