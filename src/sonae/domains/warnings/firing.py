"""From what changed to what is done about it: firings of the response rules, and their alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from sonae.core import clock
from sonae.domains.warnings import response
from sonae.domains.warnings.models import RuleFiring, WarningInForce
from sonae.domains.warnings.response import Rule
from sonae.domains.warnings.response_rules import rules
from sonae.engines.warnings import difference
from sonae.engines.warnings.changes import Change
from sonae.engines.warnings.model import SEVERITY_RANK
from sonae.engines.warnings.wording import severity_of_level
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

FIRED: Final = "rule.fired"
DUTY_ALARM: Final = "duty.alarm"
ONCE_IN: Final = timedelta(hours=1)
"""The same words about the same areas are sent to the public once in this time."""
WarningChange = Change[WarningInForce]


def fire(
    before: Sequence[WarningInForce], after: Sequence[WarningInForce], at: datetime
) -> list[RuleFiring]:
    """Fire the rules for what began, rose or is newly expected; call inside the recomputation.

    ``after`` are saved rows. One firing per rule, phenomenon, severity and telegram, with its areas.
    """
    known = rules()
    groups: dict[tuple[str, str, str, int], list[WarningChange]] = {}
    for change in difference(before, after):
        found = _decided(known, change)
        if found is not None and change.after is not None:
            rule, severity = found
            key = (rule.code, change.phenomenon, severity, change.after.telegram_id)
            groups.setdefault(key, []).append(change)
    by_code = {rule.code: rule for rule in known}
    return [
        _fired(by_code[code], severity, changes, at)
        for (code, _phenomenon, severity, _telegram), changes in groups.items()
    ]


def _decided(known: Sequence[Rule], change: WarningChange) -> tuple[Rule, str] | None:
    """The rule that decides about a change, and the severity that it counts with."""
    line = change.after
    if line is None:
        return None
    if change.what in ("began", "rose"):
        rule = response.deciding(known, change.phenomenon, line.severity)
        if rule is not None:
            return rule, line.severity
    if change.expects_more:
        severity = severity_of_level(max(each["level"] for each in line.forecast))
        rule = response.deciding(known, change.phenomenon, severity, "expected")
        return (rule, severity) if rule is not None else None
    return None


def _fired(rule: Rule, severity: str, changes: list[WarningChange], at: datetime) -> RuleFiring:
    """Store one firing and publish what follows from it."""
    lines = [change.after for change in changes if change.after is not None]
    worst = lines[0]
    areas = [line.area_name for line in lines]
    actions, why = response.held_back(rule, worst.telegram.source)
    if "send_notice" in actions and _said(worst.phenomenon, severity, areas, at):
        actions = tuple(one for one in actions if one != "send_notice")
        why = "同じ区域への同じ内容は、すでに自動で知らせてあります。"
    firing = RuleFiring.objects.create(
        telegram=worst.telegram,
        at=at,
        rule=asdict(rule),
        trigger=rule.trigger,
        phenomenon=worst.phenomenon,
        kind=worst.kind,
        level=worst.level,
        severity=severity,
        areas=areas,
        actions=list(actions),
        held_back=why,
        calling="alarm" in actions,
    )
    if firing.calling:
        _supersede_calls(firing)
    audit.record(
        f"rule:{rule.code}", FIRED, f"firing:{firing.pk}", actions=list(actions), held_back=why
    )
    _follow(firing)
    return firing


def _supersede_calls(firing: RuleFiring) -> None:
    """Let the graver call about a phenomenon take the place of lighter ones that still wait."""
    rank = SEVERITY_RANK[firing.severity]
    lighter = [name for name in SEVERITY_RANK if SEVERITY_RANK[name] < rank]
    waiting = RuleFiring.objects.filter(calling=True, phenomenon=firing.phenomenon)
    waiting.filter(severity__in=lighter).exclude(pk=firing.pk).update(
        calling=False, seen_at=firing.at, seen_by="（より重い呼び出し）"
    )


def _said(phenomenon: str, severity: str, areas: Iterable[str], at: datetime) -> bool:
    """Whether this was sent to the public within the hour: another line tells of the same."""
    earlier = RuleFiring.objects.filter(phenomenon=phenomenon, at__gt=at - ONCE_IN, at__lte=at)
    rank = SEVERITY_RANK[severity]
    named = set(areas)
    return any(
        "send_notice" in one.actions
        and SEVERITY_RANK[one.severity] >= rank
        and named <= set(one.areas)
        for one in earlier
    )


def _follow(firing: RuleFiring) -> None:
    """Hand the consequences to those who carry them out."""
    if {"draft_notice", "send_notice"} & set(firing.actions):
        outbox.publish(FIRED, {"firing": firing.pk}, dedupe_key=f"{FIRED}:{firing.pk}", priority=1)
    if "alarm" in firing.actions:
        where = "、".join(firing.areas[:5])
        when = "が見込まれます" if firing.trigger == "expected" else ""
        alarm_duty(
            f"firing:{firing.pk}",
            f"{firing.kind}{when}（{where}）",
            f"{firing.telegram.headline}\n\nルール「{firing.rule['name']}」が作動しました。"
            f"電文 {firing.telegram.telegram_type}、{firing.telegram.office}。",
        )


def alarm_duty(key: str, subject: str, body: str) -> None:
    """Call the officers on duty, once for a ``key``; call inside `writing`."""
    outbox.publish(
        DUTY_ALARM,
        {"key": key, "subject": subject, "body": body},
        dedupe_key=f"{DUTY_ALARM}:{key}",
        priority=1,
    )


def firings(limit: int = 100) -> list[RuleFiring]:
    """What the rules did, newest first."""
    return list(_listed().order_by("-at", "-pk")[:limit])


def _listed() -> QuerySet[RuleFiring]:
    """Firings with what is shown of their telegrams."""
    heavy = ("telegram__raw", "telegram__content", "telegram__ours")
    return RuleFiring.objects.select_related("telegram").defer(*heavy)


def firing(firing_pk: int) -> RuleFiring | None:
    """One firing of the world in force, or None."""
    return _listed().filter(pk=firing_pk).first()


def waiting_alarms() -> list[RuleFiring]:
    """The alarms that nobody has taken note of, newest first."""
    return list(_listed().filter(calling=True).order_by("-at", "-pk"))


def take_note(actor: Actor, firing_pk: int) -> None:
    """Take an alarm off the screens: an operator has seen it."""
    require(actor, Audience.OPERATOR)
    with writing():
        rows = RuleFiring.objects.filter(pk=firing_pk, calling=True)
        if rows.update(calling=False, seen_at=clock.now(), seen_by=actor.name or actor.id):
            audit.record(actor.id, "rule.seen", f"firing:{firing_pk}")
