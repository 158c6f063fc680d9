"""土砂災害警戒情報 (VXWW50): 警戒 and 解除 by city; its level stands only in the headline's text."""

from __future__ import annotations

from sonae.engines.warnings.areas import areas_in
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import WarningItem
from sonae.engines.warnings.report import Report, values
from sonae.engines.warnings.wording import level_of

_NONE, _LIFTED = "0", "1"


def read_landslide(report: Report, family: Family) -> list[WarningItem]:
    """The cities under 警戒 and those whose 警戒 was lifted; cities with なし are no items."""
    items = Items()
    blocks = report.body.iterchildren("{*}Warning") if report.body is not None else ()
    for block in blocks:
        for entry in block.iterchildren("{*}Item"):
            for kind in entry.iterchildren("{*}Kind"):
                says = values(kind)
                if says.get("Code") != _NONE:
                    items.add(
                        _kind(says, report, family),
                        areas_in(entry, "（市町村等）"),
                    )
    return items.done() if items else read_headline(report, family)


def _kind(says: dict[str, str], report: Report, family: Family) -> WarningItem:
    code, name = says.get("Code", ""), says.get("Name", "")
    means = family.meaning(code, name, report.deviations)
    if code == _LIFTED or says.get("Status") == "解除":
        return WarningItem("landslide", code, name, None, "lifted", (), last_kind=report.title)
    return WarningItem(means.phenomenon, code, name, level_of(report.headline), means.severity, ())
