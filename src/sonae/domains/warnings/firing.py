"""From what changed to what is done about it: firings of the response rules, and their alarms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from sonae.core import clock
from sonae.domains.warnings import response
from sonae.domains.warnings.models import RuleFiring, WarningInForce, WarningInput
from sonae.domains.warnings.response import Rule
from sonae.domains.warnings.response_rules import rules
from sonae.domains.warnings.selectors import in_force
from sonae.engines.warnings import difference
from sonae.engines.warnings.changes import Change
from sonae.engines.warnings.claims import NOWHERE
from sonae.engines.warnings.model import SEVERITY_RANK
from sonae.engines.warnings.wording import severity_of_level
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise

FIRED: Final = "rule.fired"
DUTY_ALARM: Final = "duty.alarm"
RECENT: Final = timedelta(hours=1)
"""What was announced longer ago is sent by people only; what went out within it goes out once."""
TWINS_APART: Final = timedelta(minutes=10)
"""Two reports of one event may be this far apart (old and new system, two lines)."""
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
        _fired(by_code[code], severity, changes, before, at)
        for (code, _phenomenon, severity, _telegram), changes in groups.items()
    ]


def _decided(known: Sequence[Rule], change: WarningChange) -> tuple[Rule, str] | None:
    """The rule that decides about a change, and the severity that it counts with."""
    line = change.after
    if line is None:
        return None
    if change.what in ("began", "rose") or _another_event(change) or _now_certain(change):
        rule = response.deciding(known, change.phenomenon, line.severity)
        if rule is not None:
            return rule, line.severity
    if change.expects_more:
        severity = severity_of_level(max(each["level"] for each in line.forecast))
        rule = response.deciding(known, change.phenomenon, severity, "expected")
        return (rule, severity) if rule is not None else None
    return None


def _another_event(change: WarningChange) -> bool:
    """Whether an unchanged line tells of a new event: a second missile, a second record rain.

    Reports end by themselves; the next of the same kind is news, an update or a twin of it is not.
    """
    old, new = change.before, change.after
    if old is None or new is None or new.until is None or old.telegram_id == new.telegram_id:
        return False
    if new.phenomenon == "civil_protection" and new.telegram.headline != old.telegram.headline:
        return new.telegram.received_at > old.telegram.received_at
    return new.since - old.since > TWINS_APART and new.telegram.series != old.telegram.series


def _now_certain(change: WarningChange) -> bool:
    """Whether a trusted line says now what only others had said, which nothing was sent for."""
    old, new = change.before, change.after
    if old is None or new is None or change.what != "unchanged":
        return False
    return old.telegram_id != new.telegram_id and not _trusted(old) and _trusted(new)


def _trusted(line: WarningInForce) -> bool:
    """Whether a line's telegram came on an input on which nobody else can speak.

    In an exercise everything counts as trusted: it is to show what would happen.
    """
    if is_exercise():
        return True
    kinds = WarningInput.objects.filter(name=line.telegram.via).values_list("kind", flat=True)
    return any(kind in response.TRUSTED_LINES for kind in kinds)


def _fired(
    rule: Rule,
    severity: str,
    changes: list[WarningChange],
    before: Sequence[WarningInForce],
    at: datetime,
) -> RuleFiring:
    """Store one firing and publish what follows from it."""
    lines = [change.after for change in changes if change.after is not None]
    worst = lines[0]
    why = _not_sent(changes, before, at) if "send_notice" in rule.actions else ""
    actions = response.without_sending(rule.actions) if why else rule.actions
    firing = RuleFiring.objects.create(
        telegram=worst.telegram,
        at=at,
        rule=asdict(rule),
        trigger=rule.trigger,
        phenomenon=worst.phenomenon,
        kind=worst.kind,
        level=worst.level,
        severity=severity,
        areas=[line.area_name for line in lines],
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


def _not_sent(
    changes: Sequence[WarningChange], before: Sequence[WarningInForce], at: datetime
) -> str:
    """Why nothing is sent to the public by itself; empty when it is."""
    lines = [change.after for change in changes if change.after is not None]
    telegram = lines[0].telegram
    said = max(filter(None, (telegram.issued_at, telegram.sent_at)), default=telegram.received_at)
    if not all(map(_trusted, lines)):
        return "この受信経路は発信者を確かめられないため、自動では送らず案にしました。"
    if at - said > RECENT:
        return "発表から1時間より長くたっているため、自動では送らず案にしました。"
    if not any(map(_another_event, changes)) and _told_already(lines, before, at):
        return "同じ内容を、ほかの経路の電文ですでに自動で知らせてあるため、案にしました。"
    return ""


def _told_already(
    lines: Sequence[WarningInForce], before: Sequence[WarningInForce], at: datetime
) -> bool:
    """Whether the same went out within the hour and has held since: another line tells of it.

    What ended in between (解除, 取消) and begins anew is said anew.
    """
    rank = SEVERITY_RANK[lines[0].severity]
    areas = {line.area_name for line in lines}
    held = [
        line
        for line in before
        if line.phenomenon == lines[0].phenomenon and SEVERITY_RANK[line.severity] >= rank
    ]
    earlier = RuleFiring.objects.filter(
        phenomenon=lines[0].phenomenon, at__gt=at - RECENT, at__lte=at
    )
    return bool(held) and any(
        "send_notice" in one.actions
        and SEVERITY_RANK[one.severity] >= rank
        and (areas <= set(one.areas) or NOWHERE.name in areas | set(one.areas))
        for one in earlier
    )


def _supersede_calls(firing: RuleFiring) -> None:
    """Let the graver call about a phenomenon take the place of lighter ones that still wait."""
    rank = SEVERITY_RANK[firing.severity]
    lighter = [name for name in SEVERITY_RANK if SEVERITY_RANK[name] < rank]
    waiting = RuleFiring.objects.filter(calling=True, phenomenon=firing.phenomenon)
    waiting.filter(severity__in=lighter).exclude(pk=firing.pk).update(
        calling=False, seen_at=firing.at, seen_by="（より重い呼び出し）"
    )


def _follow(firing: RuleFiring) -> None:
    """Hand the consequences to those who carry them out."""
    if {"draft_notice", "send_notice"} & set(firing.actions):
        outbox.publish(FIRED, {"firing": firing.pk}, dedupe_key=f"{FIRED}:{firing.pk}", priority=1)
    if "alarm" in firing.actions:
        where = (
            "、".join(one for one in firing.areas[:5] if one != NOWHERE.name) or "区域の記載なし"
        )
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


def holds(
    phenomenon: str,
    severity: str,
    areas: Iterable[str],
    lines: Iterable[WarningInForce] | None = None,
) -> bool:
    """Whether a warning of a phenomenon, at least as grave, is in force in one of the areas (names).

    ``lines``: what is in force, where the caller has it already.
    """
    rank, named = SEVERITY_RANK[severity], set(areas)
    return any(
        line.phenomenon == phenomenon
        and SEVERITY_RANK[line.severity] >= rank
        and line.area_name in named
        for line in (in_force() if lines is None else lines)
    )


def announced(firing: RuleFiring) -> str:
    """The severity that a firing's telegram announced for now; `severity` may be what is expected."""
    if firing.trigger != "expected":
        return firing.severity
    return severity_of_level(firing.level) if firing.level else "information"


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
