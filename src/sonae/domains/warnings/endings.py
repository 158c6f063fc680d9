"""What people decide about the life of a warning: that it is over, that a wrongly dated one counts, or
that a file is only history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import selectors, services
from sonae.domains.warnings.models import Telegram, WarningEnd, WarningInForce
from sonae.engines.warnings import DATED_AHEAD, Warning, WarningRefused, in_force, read_all
from sonae.engines.warnings.families import reasonable_life
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing


def line_in_force(telegram_pk: int, area_code: str, phenomenon: str) -> WarningInForce | None:
    """The line that a telegram put in force for an area, or None where it is over."""
    return next(
        (
            line
            for line in selectors.in_force()
            if (line.telegram_id, line.area_code, line.phenomenon)
            == (telegram_pk, area_code, phenomenon)
        ),
        None,
    )


def end_warning(
    actor: Actor, telegram_pk: int, area_code: str, phenomenon: str, reason: str
) -> WarningEnd:
    """End a line that no telegram ended, with a reason; the next telegram of its series overrules it."""
    require(actor, Audience.OPERATOR)
    if not reason.strip():
        raise SonaeError(
            "unprocessable", "終わらせる理由を入力してください。", "後から確かめるために残します。"
        )
    with writing():
        take_turn("warnings")
        line = line_in_force(telegram_pk, area_code, phenomenon)
        if line is None:
            raise SonaeError("not_found", "この警報は、もう発表中ではありません。")
        made = WarningEnd.objects.create(
            telegram_id=line.telegram_id,
            series=line.telegram.series,
            area_code=line.area_code,
            area_name=line.area_name,
            phenomenon=line.phenomenon,
            kind=line.kind,
            reason=reason.strip(),
            ended_by=actor.name or actor.id,
            ended_at=clock.now(),
        )
        services.recomputed()
        _log(actor, "warnings.ended", made)
    return made


def undo_end(actor: Actor, end_pk: int) -> None:
    """Take back that a person ended a warning; it is in force again, and no rule fires for that."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("warnings")
        made = next((one for one in selectors.ended_by_people() if one.pk == end_pk), None)
        if made is None:
            raise SonaeError(
                "conflict",
                "取り消せません。",
                "すでに取り消されたか、そのあとに新しい電文が届いています。",
            )
        made.undone_by, made.undone_at = actor.name or actor.id, clock.now()
        made.save(update_fields=["undone_by", "undone_at"])
        services.recomputed(firing_rules=False)
        _log(actor, "warnings.end_undone", made)


def use_dated_ahead(actor: Actor, telegram_pk: int) -> bool:
    """Let a telegram count that was kept back because its date lies ahead; whether anything changed.

    It takes its place by when it was received. `SonaeError` ``conflict`` where none waits.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("warnings")
        row = Telegram.objects.filter(pk=telegram_pk, error=DATED_AHEAD).first()
        if row is None:
            raise SonaeError("conflict", "この電文は、使うかどうかを決める電文ではありません。")
        row.seen_at, row.seen_by = clock.now(), actor.name or actor.id
        changed = services.use_as_received(row)
        audit.record(actor.id, "warnings.dated_ahead_used", f"telegram:{row.pk}", title=row.title)
    return changed


def _log(actor: Actor, act: str, made: WarningEnd) -> None:
    name = f"{made.kind}（{made.area_name}）"
    audit.record(actor.id, act, f"telegram:{made.telegram_id}", name=name, reason=made.reason)


@dataclass(frozen=True)
class Outdated:
    """An old telegram: what it warned of, when it was issued, and whether it would hold even now."""

    title: str
    issued_at: datetime
    days: int
    would_hold: bool

    @property
    def told(self) -> str:
        """What was done with it, in words."""
        issued = f"{self.issued_at.astimezone(clock.JST):%Y-%m-%d %H:%M}"
        return (
            f"{self.days}日前（{issued}）の「{self.title}」です。古いため、発表中にはしていません。"
        )


def outdated(raw: bytes, at: datetime | None = None) -> Outdated | None:
    """Whether these bytes are older than their kind reasonably lasts; None where not, or unreadable.

    A cancellation or an end is never too old: it can only end something.
    """
    moment = at or clock.now()
    try:
        messages = read_all(raw)
    except WarningRefused:
        return None
    old = [one for one in messages if _warns(one) and _age(one, moment) > reasonable_life(one)]
    if not old or len(old) < len([one for one in messages if _warns(one)]):
        return None
    newest = max(old, key=lambda one: one.issued_at)
    return Outdated(
        title=newest.head_title or newest.title,
        issued_at=newest.issued_at,
        days=_age(newest, moment).days,
        would_hold=bool(in_force(old, at=moment, status=newest.status)),
    )


def _age(warning: Warning, moment: datetime) -> timedelta:
    return moment - max(warning.issued_at, warning.sent_at)


def _warns(warning: Warning) -> bool:
    return warning.action != "cancel" and any(item.in_force for item in warning.items)
