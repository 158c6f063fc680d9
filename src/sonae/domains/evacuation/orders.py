"""Verbs of evacuation orders (避難情報): draft, submit, discard, return, reject, approve, lift, cancel.

Only the mayor orders (災害対策基本法 第60条); a machine drafts at most. Whoever drafted or submitted
can never approve. Every step is audited, and what follows from it leaves through the outbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Max, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation.models import EvacuationOrder
from sonae.domains.evacuation.rules import (
    ORDER_NAMES,
    ORDER_STATUS_NAMES,
    ORDER_TRANSITIONS,
    planning_level,
)
from sonae.domains.municipalities.interface import Town
from sonae.domains.residents.interface import Household, Resident
from sonae.domains.warnings import interface as warnings
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

EDITABLE = ("draft", "returned")
IN_FORCE = ("issued",)
ACTS = {"returned": "return", "rejected": "reject", "lifted": "lift", "cancelled": "cancel"}
"""Name of the act in the audit, by the status it leads to."""


def draft_order(
    actor: Actor,
    *,
    level: int,
    hazard: str,
    towns: Sequence[int] = (),
    whole_city: bool = False,
    reason: str = "",
    plan_run: int | None = None,
    telegram: int | None = None,
    replaces: int | None = None,
) -> EvacuationOrder:
    """Draft an order for towns (primary keys) or the whole city; the people meant are counted."""
    require(actor, Audience.OPERATOR)
    _check(level, hazard, towns, whole_city)
    with writing():
        take_turn("orders")
        last = EvacuationOrder.objects.aggregate(n=Max("number"))["n"] or 0
        order = EvacuationOrder.objects.create(
            number=last + 1,
            level=level,
            hazard=hazard,
            whole_city=whole_city,
            reason=reason.strip(),
            plan_run_id=plan_run,
            telegram_id=telegram,
            replaces_id=replaces,
            drafted_by=actor.id,
            drafted_at=clock.now(),
        )
        _set_towns(order, towns)
        _log(actor, order, "draft")
    return order


def _check(level: int, hazard: str, towns: Sequence[int], whole_city: bool) -> None:
    """Refuse an order that says nothing."""
    if level not in ORDER_NAMES:
        raise SonaeError("unreadable", "警戒レベルは3、4、5のどれかです。")
    if not hazard:
        raise SonaeError("unreadable", "災害の種類を選んでください。")
    if not towns and not whole_city:
        raise SonaeError("unreadable", "対象の町字を1つ以上選ぶか、市内全域を選んでください。")


def _set_towns(order: EvacuationOrder, towns: Sequence[int]) -> None:
    """Store the area and count whom it means."""
    order.towns.set(Town.objects.filter(pk__in=towns))
    _count(order)


def _count(order: EvacuationOrder) -> None:
    """Store how many people and households an order means by the register of now."""
    homes = homes_of(order)
    order.households = homes.count()
    order.people = Resident.objects.filter(household__in=homes).count()
    order.save(update_fields=["households", "people"])


def homes_of(order: EvacuationOrder) -> QuerySet[Household]:
    """Return the households that an order means."""
    if order.whole_city:
        return Household.objects.all()
    return Household.objects.filter(town__in=order.towns.all())


def edit(
    actor: Actor,
    order_pk: int,
    *,
    level: int,
    hazard: str,
    towns: Sequence[int],
    whole_city: bool,
    reason: str,
) -> EvacuationOrder:
    """Change a draft, or an order that came back; the one who edits counts as its drafter."""
    require(actor, Audience.OPERATOR)
    _check(level, hazard, towns, whole_city)
    with writing():
        order = _locked(order_pk)
        if order.status not in EDITABLE:
            raise SonaeError("conflict", "申請中または決裁済みの避難情報は変更できません。")
        order.level, order.hazard, order.reason = level, hazard, reason.strip()
        order.whole_city, order.drafted_by = whole_city, actor.id
        order.save()
        _set_towns(order, towns)
        _log(actor, order, "edit")
    return order


def _locked(order_pk: int) -> EvacuationOrder:
    """Return the order for a change; other writers wait."""
    order = EvacuationOrder.objects.select_for_update().filter(pk=order_pk).first()
    if order is None:
        raise SonaeError("not_found", "この避難情報はありません。")
    return order


def _log(actor: Actor, order: EvacuationOrder, act: str, **detail: Any) -> None:
    """Write the audit record of one act."""
    facts = {"level": order.level, "hazard": order.hazard, "people": order.people, **detail}
    audit.record(actor.id, f"order.{act}", f"order:{order.number}", **facts)


def _move(order: EvacuationOrder, to: str) -> None:
    """Take one step of the state machine, or refuse."""
    if to not in ORDER_TRANSITIONS[order.status]:
        now = ORDER_STATUS_NAMES[order.status]
        raise SonaeError("conflict", f"いまの状態（{now}）からはこの操作はできません。")
    order.status = to


def submit(actor: Actor, order_pk: int) -> EvacuationOrder:
    """Ask for approval; people are counted again, because the approver confirms their number."""
    require(actor, Audience.OPERATOR)
    with writing():
        order = _locked(order_pk)
        _move(order, "submitted")
        order.submitted_by, order.submitted_at = actor.id, clock.now()
        order.save()
        _count(order)
        _log(actor, order, "submit")
    return order


def discard(actor: Actor, order_pk: int) -> EvacuationOrder:
    """Take a draft off the desk that nobody will submit (取り下げ); it stays on record."""
    require(actor, Audience.OPERATOR)
    with writing():
        order = _locked(order_pk)
        _move(order, "discarded")
        order.decided_by, order.decided_at = actor.id, clock.now()
        order.save()
        _log(actor, order, "discard")
    return order


def _decide(actor: Actor, order_pk: int, to: str, reason: str) -> EvacuationOrder:
    """Return or reject with a reason."""
    require(actor, Audience.APPROVER)
    if not reason.strip():
        raise SonaeError("unreadable", "理由を入力してください。起案者がそれを見て直します。")
    with writing():
        order = _locked(order_pk)
        _move(order, to)
        order.decided_by, order.decided_at = actor.id, clock.now()
        order.decision_reason = reason.strip()
        order.save()
        _log(actor, order, ACTS[to], reason=reason.strip())
    return order


def return_(actor: Actor, order_pk: int, reason: str) -> EvacuationOrder:
    """Send a submitted order back to its drafter with a reason (差し戻し)."""
    return _decide(actor, order_pk, "returned", reason)


def reject(actor: Actor, order_pk: int, reason: str) -> EvacuationOrder:
    """Refuse a submitted order for good, with a reason (却下)."""
    return _decide(actor, order_pk, "rejected", reason)


def approve(actor: Actor, order_pk: int) -> EvacuationOrder:
    """Issue a submitted order; an order that it replaces ends, if no town is left without one.

    Refused for whoever drafted or submitted it. Publishes ``order.issued {order}``.
    """
    require(actor, Audience.APPROVER)
    with writing():
        order = _locked(order_pk)
        if actor.id in (order.drafted_by, order.submitted_by):
            raise SonaeError("forbidden", "起案または申請をした人は、決裁できません。")
        _move(order, "issued")
        now = clock.now()
        order.decided_by, order.decided_at, order.issued_at = actor.id, now, now
        order.save()
        _replace(order)
        _log(actor, order, "issue", households=order.households)
        outbox.publish(
            "order.issued",
            {"order": order.pk},
            order_key=f"order:{order.pk}",
            dedupe_key=f"issued:{order.pk}",
            priority=1,
        )
    return order


def _replace(order: EvacuationOrder) -> None:
    """End what this order takes the place of; a town without one as grave keeps the old.

    That is the order it names, and every order for the same hazard, not graver, whose towns all have
    this one or another as grave.
    """
    others = [one for one in orders_in_force() if one.pk != order.pk]
    alike = [one for one in others if one.hazard == order.hazard]
    for old in others:
        lighter = old in alike and old.level <= order.level
        if old.pk != order.replaces_id and not lighter:
            continue
        graver = [one for one in alike if one.level > old.level]
        if _all_in(old, [order, *graver]):
            _move(old, "replaced")
            old.ended_at = order.issued_at
            old.save(update_fields=["status", "ended_at"])


def _all_in(old: EvacuationOrder, others: Sequence[EvacuationOrder]) -> bool:
    """Tell whether every town of an order is in one of the others."""
    if any(one.whole_city for one in others):
        return True
    return not old.whole_city and town_pks(old) <= set().union(*map(town_pks, others))


def replaced_by(order: EvacuationOrder) -> list[EvacuationOrder]:
    """Return the orders that ended when this one was issued in their place."""
    if order.issued_at is None:
        return []
    return list(EvacuationOrder.objects.filter(status="replaced", ended_at=order.issued_at))


def outgrown(order: EvacuationOrder) -> int | None:
    """Return the level that is warned of now where a waiting order asks for more; None where it fits.

    An order for a hazard that no warning speaks of is the mayor's own judgement.
    """
    if order.status not in (*EDITABLE, "submitted") or order.telegram_id is None:
        return None
    warned = warnings.warned_hazards().get(order.hazard)
    now = (planning_level(warned.hazard, warned.level, warned.severity) if warned else 0) or 0
    return now if now < order.level else None


def covers(order: EvacuationOrder, other: EvacuationOrder) -> bool:
    """Tell whether an order means every town that the other means."""
    return _all_in(other, [order])


def town_pks(order: EvacuationOrder) -> set[int]:
    """Return the towns (primary keys) ticked in an order."""
    return {town.pk for town in order.towns.all()}


def _end(actor: Actor, order_pk: int, to: str) -> EvacuationOrder:
    """End an order in force and announce it."""
    require(actor, Audience.APPROVER)
    with writing():
        order = _locked(order_pk)
        _move(order, to)
        order.ended_at = clock.now()
        order.save()
        _log(actor, order, ACTS[to])
        outbox.publish(
            "order.ended",
            {"order": order.pk, "how": to},
            order_key=f"order:{order.pk}",
            dedupe_key=f"ended:{order.pk}",
            priority=1,
        )
    return order


def lift(actor: Actor, order_pk: int) -> EvacuationOrder:
    """Lift an order: the danger has passed (解除)."""
    return _end(actor, order_pk, "lifted")


def cancel(actor: Actor, order_pk: int) -> EvacuationOrder:
    """Cancel an order that was issued by mistake (取消)."""
    return _end(actor, order_pk, "cancelled")


def order(order_pk: int) -> EvacuationOrder:
    """Return one order of the world in force."""
    found = EvacuationOrder.objects.filter(pk=order_pk).first()
    if found is None:
        raise SonaeError("not_found", "この避難情報はありません。")
    return found


def orders(*, open_only: bool = False) -> list[EvacuationOrder]:
    """Return orders, newest first; ``open_only``: in force, or waiting for somebody."""
    rows = EvacuationOrder.objects.order_by("-number").prefetch_related("towns")
    if open_only:
        rows = rows.filter(status__in=(*EDITABLE, "submitted", *IN_FORCE))
    return list(rows)


def orders_in_force() -> list[EvacuationOrder]:
    """Return the orders in force, the gravest first."""
    rows = EvacuationOrder.objects.filter(status__in=IN_FORCE).prefetch_related("towns")
    return list(rows.order_by("-level", "-number"))


def levels_in_force() -> tuple[int, dict[int, int]]:
    """Return the level ordered for the whole municipality (0 = none), and town → level ordered there."""
    whole, towns = 0, dict[int, int]()
    for order in reversed(orders_in_force()):
        if order.whole_city:
            whole = order.level
        for town in order.towns.all():
            towns[town.pk] = order.level
    return whole, towns
