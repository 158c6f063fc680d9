"""津波警報・注意報・予報 (VTSE41), by 津波予報区. A cancellation carries no area at all."""

from __future__ import annotations

from collections.abc import Iterator

from sonae.engines.warnings.areas import place
from sonae.engines.warnings.family import Family, Items
from sonae.engines.warnings.headline import read_headline
from sonae.engines.warnings.model import WarningItem
from sonae.engines.warnings.report import Element, Report, first, text, values


def read_tsunami(report: Report, family: Family) -> list[WarningItem]:
    """One item per kind of warning with its 津波予報区."""
    items = Items()
    for item in _forecast_items(report):
        area, category = first(item, "Area"), first(item, "Category")
        kind = first(category, "Kind")
        if area is None or kind is None:
            continue
        items.add(
            _kind(values(kind), text(first(category, "LastKind"), "Name"), report, family),
            [place(text(area, "Code"), text(area, "Name"), "tsunami_area")],
        )
    return items.done() if items else read_headline(report, family)


def _forecast_items(report: Report) -> Iterator[Element]:
    forecast = first(first(report.body, "Tsunami"), "Forecast")
    if forecast is not None:
        yield from forecast.iterchildren("{*}Item")


def _kind(says: dict[str, str], last: str, report: Report, family: Family) -> WarningItem:
    code, name = says.get("Code", ""), says.get("Name", "")
    means = family.meaning(code, name, report.deviations)
    lifted = means.severity == "lifted"
    return WarningItem(
        means.phenomenon,
        code,
        name,
        None,
        means.severity,
        (),
        last_kind=last if lifted else "",
        until=None if lifted else report.valid_until,
    )
