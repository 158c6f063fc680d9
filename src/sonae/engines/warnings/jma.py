"""気象庁防災情報XML → ``Warning``: envelope, family, series key, items."""

from __future__ import annotations

import re

from sonae.engines.warnings.families import family_of
from sonae.engines.warnings.family import Family
from sonae.engines.warnings.headline import whole_telegram
from sonae.engines.warnings.model import Warning, WarningItem
from sonae.engines.warnings.report import Element, Report, open_report
from sonae.engines.warnings.wording import normal

NAMESPACE = "http://xml.kishou.go.jp/jmaxml1/"
_TELEGRAM_IN_NAME = re.compile(r"(?<![A-Z])[VIJ][A-Z]{3}(?:\d\d|ii)(?![A-Z\d])")


def read_jma(root: Element, raw_sha256: str, name: str, deviations: tuple[str, ...]) -> Warning:
    """The warning of one JMA telegram; ``name`` (a file's) only labels types without a title."""
    report = open_report(root)
    report.deviations[:0] = deviations
    hint = _telegram_in(name)
    family = family_of(report.title, hint)
    items = _items(report, family)
    return Warning(
        source="jma",
        telegram=_label(family, hint),
        title=report.title,
        office=report.office,
        series=series_key(report, family),
        event_id=report.event_id or None,
        status=report.status,
        action=report.action,
        issued_at=report.issued_at,
        headline=report.headline,
        items=tuple(items),
        raw_sha256=raw_sha256,
        sent_at=report.sent_at,
        head_title=report.head_title,
        serial=report.serial,
        deviations=tuple(report.deviations),
        input=name,
    )


def _items(report: Report, family: Family) -> list[WarningItem]:
    if report.action == "cancel":
        # It carries no area: it is about everything its series said before.
        return [whole_telegram(report, family)]
    return list(family.reader(report, family)) or [whole_telegram(report, family)]


def series_key(report: Report, family: Family) -> str:
    """JMA's rule: title + office + status, and EventID for the types that use one.

    VPBS50's EventID is ``<event>_<time of issue>`` and changes at every issue: only the part
    before ``_`` names the event. Several EventIDs (a tsunami of two earthquakes) are joined by
    ``state``; the first one names the series.
    """
    by_title = family.by_title or not family.telegram
    parts = [normal(report.title) if by_title else family.telegram]
    if not family.national:
        parts.append(normal(report.office))
    parts.append(report.status)
    event = report.event_id.split()[0] if report.event_id.split() else ""
    if family.by_event and event:
        parts.append(event.partition("_")[0] if family.twin == "flash" else event)
    return "|".join(parts)


def _telegram_in(name: str) -> str:
    match = _TELEGRAM_IN_NAME.search(name.rpartition("/")[2])
    return match[0] if match else ""


def _label(family: Family, hint: str) -> str:
    """VXKO50–89 share a title, as do VPTW40–45: the number is known only from a name."""
    shared = len(family.telegram) == 4 or family.by_title
    if shared and hint[:4] == family.telegram[:4] and hint[4:].isdigit():
        return hint
    return family.telegram
