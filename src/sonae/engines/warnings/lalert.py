"""Lアラート (EDXL-DE + PCX), v1 形式（公開資料に基づく）.

Evacuation information is broken down: what was ordered or lifted, where, for how many. Everything
else (避難所, 本部, お知らせ, 緊急速報メール …) is kept whole as information. Namespaces carry a version
digit and one message mixes digits, so only local names count. ``level`` stays empty: an order of a
mayor is not 警戒レベル相当情報.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sonae.engines.warnings.model import Warning, WarningArea, WarningItem, WarningRefused
from sonae.engines.warnings.report import Element, first, moment, text

EVACUATION: Final = "EvacuationOrder"
_STATUSES = {"actual": "actual", "exercise": "exercise", "system": "test", "test": "test"}
_ACTIONS = {"report": "issue", "update": "correct", "cancel": "cancel"}
_LIFTED: Final = "解除"
# 発令区分, the longest names first. Abolished terms keep the place they had.
_SORTS: Final = (
    ("緊急安全確保", "emergency"),
    ("災害発生", "emergency"),
    ("避難指示", "critical"),
    ("避難勧告", "critical"),
    ("警戒区域", "critical"),
    ("屋内退避", "critical"),
    ("高齢者等避難", "warning"),
    ("避難準備", "warning"),
    ("自主避難", "advisory"),
)
_KINDS: Final = {
    EVACUATION: "避難情報",
    "Shelter": "避難所情報",
    "AntidisasterHeadquarter": "災害対策本部設置状況",
    "DamageInformation": "被害情報",
    "GeneralInformation": "お知らせ",
    "Event": "イベント情報",
    "UrgentMail": "緊急速報メール",
}
"""``commons:category`` → what a person calls it."""


def read_lalert(root: Element, raw_sha256: str, name: str, deviations: tuple[str, ...]) -> Warning:
    """The warning of one ``EDXLDistribution``; evacuation orders as one item per district."""
    status = _status(root)
    notes = list(deviations)
    category = _category(root)
    action = _action(root)
    sent = _sent(root)
    title = _deep(root, "Title")
    document = _deep(root, "documentID") or _deep(root, "distributionID")
    cities = list(_cities(root))
    office = _deep(root, "publishingOfficeID") or _deep(root, "senderID")
    return Warning(
        source="lalert",
        telegram=category,
        title=title or _KINDS.get(category, "Lアラート"),
        office=_deep(root, "publishingOfficeName") or office,
        series=f"LALERT|{status}|{document}|{office or ''.join(c.code for c in cities[:1])}",
        event_id=document or None,
        status=status,
        action=action,
        issued_at=moment(_deep(root, "ReportDateTime")) or sent,
        headline=_headline(root),
        items=tuple(_items(root, category, action, cities, notes)),
        raw_sha256=raw_sha256,
        sent_at=sent,
        serial=_deep(root, "documentRevision"),
        deviations=tuple(notes),
        input=name,
    )


def _items(
    root: Element, category: str, action: str, cities: list[WarningArea], notes: list[str]
) -> list[WarningItem]:
    items = []
    if category == EVACUATION and action != "cancel":
        items = [
            item
            for detail in root.iter("{*}Detail")
            for item in _evacuation(detail, cities, notes)
        ]  # fmt: skip
    return items or [_whole(root, category, action, cities, notes)]


def _whole(
    root: Element, category: str, action: str, cities: list[WarningArea], notes: list[str]
) -> WarningItem:
    """The message as one item: information for the cities it names."""
    if action != "cancel":
        notes.append("kept_whole")
    return WarningItem(
        "evacuation" if category == EVACUATION else "other",
        None,
        _deep(root, "Title") or _KINDS.get(category, "Lアラート"),
        None,
        "lifted" if action == "cancel" else "information",
        () if action == "cancel" else tuple(cities),
        until=moment(_deep(root, "ValidDateTime")),
    )


def _evacuation(
    detail: Element, cities: list[WarningArea], notes: list[str]
) -> Iterator[WarningItem]:
    """One item per district of one 発令区分 × 発令・解除; 解除 repeats what it lifts."""
    sort = text(detail, "Sort")
    lifted = text(detail, "IssueOrLift") == _LIFTED
    severity = _severity(sort, notes)
    areas = [area for holder in detail.iterchildren("{*}Areas")
             for area in holder.iterchildren("{*}Area")]  # fmt: skip
    for area in areas or [detail]:
        count = first(area, "Object")
        yield WarningItem(
            "evacuation",
            None,
            _LIFTED if lifted else sort or _KINDS[EVACUATION],
            None,
            "lifted" if lifted else severity,
            (*_district(area, cities), *cities),
            last_kind=sort if lifted else "",
            households=_number(count, "Households", notes),
            head_count=_number(count, "HeadCount", notes),
            at=moment(text(area, "DateTime")),
        )


def _district(area: Element, cities: list[WarningArea]) -> Iterator[WarningArea]:
    """The district by name; it has no code of its own, so the city's stands before it."""
    location = first(area, "Location")
    name = " ".join("".join(map(str, location.itertext())).split()) if location is not None else ""
    if name:
        code = cities[0].code if cities else ""
        yield WarningArea(f"{code}/{name}" if code else "", name, "area")


def _severity(sort: str, notes: list[str]) -> str:
    plain = unicodedata.normalize("NFKC", sort)
    for word, severity in _SORTS:
        if word in plain:
            return severity
    note = f"unknown_code:{sort[:20]}"
    if note not in notes:
        notes.append(note)
    return "warning"


def _number(parent: Element | None, name: str, notes: list[str]) -> int | None:
    """A whole number; None where it is not stated, or is stated as something else."""
    written = unicodedata.normalize("NFKC", text(parent, name)).replace(",", "")
    if not written:
        return None
    match = re.match(r"約?(\d{1,9})(?:世帯|人|名)?$", written)
    if match is None:
        notes.append(f"not_a_number:{name}")
    return int(match[1]) if match else None


def _category(root: Element) -> str:
    """``commons:category``; messages without one are told apart by their content."""
    named = _deep(root, "category")
    return named or next((kind for kind in _KINDS if any(root.iter("{*}" + kind))), "")


def _deep(root: Element, name: str) -> str:
    found = next(root.iter("{*}" + name), None)
    return (found.text or "").strip() if found is not None else ""


def _headline(root: Element) -> str:
    headline = next(root.iter("{*}Headline"), None)
    said = "" if headline is None else _deep(headline, "Text")
    return said or _deep(root, "Message") or _deep(root, "contentDescription")


def _cities(root: Element) -> Iterator[WarningArea]:
    for target in root.iter("{*}targetArea"):
        code = _deep(target, "jisX0402")
        if code:
            yield WarningArea(code, _deep(target, "areaName"), "city")


def _action(root: Element) -> str:
    if _deep(root, "InfoType") == "取消":
        return "cancel"
    return _ACTIONS.get(_deep(root, "distributionType").lower(), "issue")


def _status(root: Element) -> str:
    written = _deep(root, "distributionStatus")
    if written.lower() not in _STATUSES:
        raise WarningRefused(
            "unknown_status",
            f"distributionStatus が読めません: {written[:40]!r}",
            "本番か訓練か分からない電文は使いません。原文を見て人が判断してください。",
        )
    return _STATUSES[written.lower()]


def _sent(root: Element) -> datetime:
    sent = moment(_deep(root, "dateTimeSent")) or moment(_deep(root, "DateTime"))
    if sent is None:
        raise WarningRefused("incomplete", "dateTimeSent が時刻として読めません。")
    return sent
