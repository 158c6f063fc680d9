"""Reading ``Head/Headline/Information``: for families whose headline holds all, and as fallback.

Also the last line of defence: a telegram from which nothing else could be read becomes one item
that names the telegram, so that it is seen by a person and never counts as "no warning".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sonae.engines.warnings.areas import areas_in
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.model import WarningArea, WarningItem
from sonae.engines.warnings.report import Report, first, values
from sonae.engines.warnings.wording import level_of, severity_of_level

# Repeats the areas of the other blocks, sorted by kind.
_TOLD_BY = ("Code", "Name", "Condition")
_REPEATING = "（警報注意報種別毎）"


def read_headline(report: Report, family: Family) -> list[WarningItem]:
    """One item per kind in the headline, with all its areas; else one item for the telegram."""
    items = Items()
    for block in report.informations():
        block_type = block.get("type") or ""
        if block_type.endswith(_REPEATING):
            continue
        for entry in block.iterchildren("{*}Item"):
            areas = list(areas_in(entry, block_type))
            for kind in entry.iterchildren("{*}Kind"):
                says = values(kind)
                items.add_as(
                    (*map(says.get, _TOLD_BY),), partial(_kind, says, report, family), areas
                )
    return items.done() if items else [whole_telegram(report, family)]


def _kind(says: dict[str, str], report: Report, family: Family) -> WarningItem:
    code, name, condition = says.get("Code", ""), says.get("Name", ""), says.get("Condition", "")
    means = family.meaning(code, name, report.deviations)
    severity, level = means.severity, means.level
    if condition == "解除":
        severity, level = "lifted", None
    return WarningItem(
        means.phenomenon,
        code or None,
        name or report.head_title or report.title,
        level,
        severity,
        (),
        condition=condition,
        until=report.valid_until,
    )


def whole_telegram(report: Report, family: Family) -> WarningItem:
    """The telegram itself as one item: for what has no kinds, no areas or no known shape."""
    level = level_of(report.headline) if family.levels and family.phenomenon != "other" else None
    return WarningItem(
        family.phenomenon,
        None,
        report.head_title or report.title or "（標題のない電文）",
        None if report.action == "cancel" else level,
        _severity(report, level),
        tuple(_target_areas(report)),
        until=report.valid_until,
    )


def _severity(report: Report, level: int | None) -> str:
    if report.action == "cancel":
        return "lifted"
    return severity_of_level(level) if level else "information"


def _target_areas(report: Report) -> Iterator[WarningArea]:
    target = first(report.body, "TargetArea")
    if target is not None:
        says = values(target)
        yield WarningArea(says.get("Code", ""), says.get("Name", ""), "area")
