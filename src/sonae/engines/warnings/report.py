"""The envelope of 気象庁防災情報XML: Control and Head, common to every telegram.

``Control/DateTime`` is in UTC and orders a series; ``Head/ReportDateTime`` is the official time of
issue. A telegram without status or time is refused: guessing could send a drill to the public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from lxml import etree

from sonae.core.clock import JST
from sonae.engines.warnings.model import WarningRefused

Element = etree._Element

_STATUSES = {"通常": "actual", "訓練": "exercise", "試験": "test"}
_ACTIONS = {"発表": "issue", "訂正": "correct", "取消": "cancel", "遅延": "issue"}
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


@dataclass(slots=True)
class Report:
    """One JMA telegram's envelope; ``head`` and ``body`` are for the family's reader."""

    title: str
    office: str
    status: str
    action: str
    sent_at: datetime
    issued_at: datetime
    head_title: str
    event_id: str
    serial: str
    headline: str
    valid_until: datetime | None
    head: Element
    body: Element | None
    deviations: list[str] = field(default_factory=list)

    def informations(self) -> Iterator[Element]:
        """The blocks of Head/Headline/Information."""
        for headline in self.head.iterchildren("{*}Headline"):
            yield from headline.iterchildren("{*}Information")


def first(parent: Element | None, name: str) -> Element | None:
    """The first child with the local name ``name``, in any namespace."""
    if parent is None:
        return None
    return next(parent.iterchildren("{*}" + name), None)


def text(parent: Element | None, name: str) -> str:
    """The trimmed text of the first child ``name``; empty when there is none."""
    if parent is not None:
        for child in parent.iterchildren("{*}" + name):
            return (child.text or "").strip()
    return ""


def values(parent: Element | None) -> dict[str, str]:
    """Local name → trimmed text of every child; the first of a name counts."""
    out: dict[str, str] = {}
    for child in parent if parent is not None else ():
        name = bare(child.tag)
        if name not in out:
            text = child.text
            out[name] = text.strip() if text else ""
    return out


@lru_cache(maxsize=4096)
def bare(tag: str) -> str:
    """A tag without its namespace; a telegram repeats few tags thousands of times."""
    return tag[tag.rfind("}") + 1 :]


def local(element: Element) -> str:
    """The tag without its namespace."""
    return bare(element.tag)


def moment(written: str, assumed: tzinfo = JST) -> datetime | None:
    """An ISO time as aware JST; None when it is not one. A time without offset is ``assumed``."""
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=assumed)
    try:
        return parsed.astimezone(JST)
    except OverflowError:
        return None


def duration(written: str) -> timedelta | None:
    """An ISO 8601 duration of days, hours, minutes and seconds; None when it is not one."""
    match = _DURATION.fullmatch(written)
    if match is None or not any(match.groups()):
        return None
    return timedelta(**{unit: int(value) for unit, value in match.groupdict().items() if value})


def open_report(root: Element) -> Report:
    """Read Control and Head; ``incomplete`` or ``unknown_status`` where they do not say enough."""
    control, head = first(root, "Control"), first(root, "Head")
    if control is None or head is None:
        raise WarningRefused("incomplete", "Control または Head がありません。")
    control_says, head_says = values(control), values(head)
    deviations: list[str] = []
    sent_at = _required_time(control_says.get("DateTime", ""), "Control/DateTime", UTC)
    issued_at = moment(head_says.get("ReportDateTime", ""))
    if issued_at is None:
        issued_at = sent_at
        deviations.append("no_report_time")
    return Report(
        title=control_says.get("Title", ""),
        office=control_says.get("EditorialOffice", ""),
        status=_status(control_says.get("Status", "")),
        action=_action(head_says.get("InfoType", ""), deviations),
        sent_at=sent_at,
        issued_at=issued_at,
        head_title=head_says.get("Title", ""),
        event_id=head_says.get("EventID", ""),
        serial=head_says.get("Serial", ""),
        headline=text(first(head, "Headline"), "Text"),
        valid_until=moment(head_says.get("ValidDateTime", "")),
        head=head,
        body=first(root, "Body"),
        deviations=deviations,
    )


def _required_time(written: str, where: str, assumed: tzinfo) -> datetime:
    found = moment(written, assumed)
    if found is None:
        raise WarningRefused("incomplete", f"{where} が時刻として読めません: {written[:40]!r}")
    return found


def _status(written: str) -> str:
    if written not in _STATUSES:
        raise WarningRefused(
            "unknown_status",
            f"運用種別（Control/Status）が 通常・訓練・試験 のどれでもありません: {written[:40]!r}",
            "本番か訓練か分からない電文は使いません。原文を見て人が判断してください。",
        )
    return _STATUSES[written]


def _action(written: str, deviations: list[str]) -> str:
    if written not in _ACTIONS:
        deviations.append(f"unknown_info_type:{written[:20]}")
    return _ACTIONS.get(written, "issue")
