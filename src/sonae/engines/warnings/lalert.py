"""Lアラート (EDXL-DE + PCX), v1 形式（公開資料に基づく）: kept whole until its own issue deepens it.

Status, identity and target areas are read, so that a drill stays a drill and the message is seen.
"""

from __future__ import annotations

from datetime import datetime

from sonae.engines.warnings.model import Warning, WarningArea, WarningItem, WarningRefused
from sonae.engines.warnings.report import Element, moment

_STATUSES = {"actual": "actual", "exercise": "exercise", "system": "test", "test": "test"}
_ACTIONS = {"report": "issue", "update": "correct", "cancel": "cancel"}


def read_lalert(root: Element, raw_sha256: str, name: str, deviations: tuple[str, ...]) -> Warning:
    """The warning of one ``EDXLDistribution``: one item with the municipalities it names."""
    status, action = _status(root), _ACTIONS.get(_deep(root, "distributionType").lower(), "issue")
    sent = _sent(root)
    title = _deep(root, "Title")
    document = _deep(root, "documentID") or _deep(root, "distributionID")
    evacuation = any(root.iter("{*}EvacuationOrder"))
    item = WarningItem(
        "evacuation" if evacuation else "other",
        None,
        title or "Lアラート",
        None,
        "lifted" if action == "cancel" else "information",
        tuple(_areas(root)),
    )
    return Warning(
        source="lalert",
        telegram="EvacuationOrder" if evacuation else "",
        title=title,
        office=_deep(root, "publishingOfficeName") or _deep(root, "senderID"),
        series=f"LALERT|{status}|{document}",
        event_id=document or None,
        status=status,
        action=action,
        issued_at=sent,
        headline=_headline(root),
        items=(item,),
        raw_sha256=raw_sha256,
        sent_at=sent,
        serial=_deep(root, "documentRevision"),
        deviations=(*deviations, "kept_whole"),
        input=name,
    )


def _deep(root: Element, name: str) -> str:
    found = next(root.iter("{*}" + name), None)
    return (found.text or "").strip() if found is not None else ""


def _headline(root: Element) -> str:
    headline = next(root.iter("{*}Headline"), None)
    return "" if headline is None else _deep(headline, "Text")


def _areas(root: Element) -> list[WarningArea]:
    found = []
    for target in root.iter("{*}targetArea"):
        code = _deep(target, "jisX0402")
        if code:
            found.append(WarningArea(code, _deep(target, "areaName"), "city"))
    return found


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
