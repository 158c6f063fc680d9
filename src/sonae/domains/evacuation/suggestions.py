"""Drafts of orders that a plan run suggests: never issued by a machine, never twice for one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from sonae.domains.evacuation import orders
from sonae.domains.evacuation.models import EvacuationOrder, PlanRun
from sonae.platform.access import SYSTEM
from sonae.platform.db import writing

_ALIVE = ("draft", "returned", "submitted", "issued")
_SETTLED = ("rejected", "discarded", "lifted", "cancelled")


def draft_from_plan(run_pk: int) -> list[EvacuationOrder]:
    """Draft what a plan run suggests: per warned hazard, one order for the towns not yet cared for.

    Hazards for which the response rules want no draft are left out.

    A town is cared for when an order of that level or higher is in force or waiting, or when people
    have decided otherwise (却下, 取り下げ, 解除, 取消) knowing the same telegram. A waiting draft that the
    system made is raised or widened instead of adding another.
    """
    run = PlanRun.objects.filter(pk=run_pk, current=True).first()
    if run is None or not run.counts:
        return []
    towns = run.counts["hazard_towns"]
    return [
        made
        for item in run.hazards
        if item["draft_order"]
        and towns[item["hazard"]]
        and (made := _suggest(run, item, set(towns[item["hazard"]])))
    ]


def _suggest(run: PlanRun, item: dict[str, Any], towns: set[int]) -> EvacuationOrder | None:
    """Draft for one warned hazard, or change the waiting draft; None when nothing is to be added."""
    alike = EvacuationOrder.objects.filter(hazard=item["hazard"]).prefetch_related("towns")
    decided = Q(status__in=_SETTLED, telegram=item["telegram"])
    heeded = alike.filter(Q(status__in=_ALIVE) | decided, level__gte=item["level"])
    missing = _left(towns, heeded)
    if not missing:
        return None
    reason = f"{item['kind']}が発表されたため"
    waiting = alike.filter(status="draft", drafted_by=SYSTEM.id, level__lte=item["level"]).first()
    if waiting is not None:
        return _widen(run, item, waiting, missing, reason)
    lower = alike.filter(status="issued", level__lt=item["level"]).order_by("-level").first()
    return orders.draft_order(
        SYSTEM,
        level=item["level"],
        hazard=item["hazard"],
        towns=sorted(missing),
        reason=reason,
        plan_run=run.pk,
        telegram=item["telegram"],
        replaces=lower.pk if lower else None,
    )


def _widen(
    run: PlanRun, item: dict[str, Any], waiting: EvacuationOrder, missing: set[int], reason: str
) -> EvacuationOrder:
    """Raise a waiting draft to the warned level and add the towns it lacks."""
    with writing():
        made = orders.edit(
            SYSTEM,
            waiting.pk,
            level=item["level"],
            hazard=item["hazard"],
            towns=sorted(missing | orders.town_pks(waiting)),
            whole_city=waiting.whole_city,
            reason=reason,
        )
        made.plan_run, made.telegram_id = run, item["telegram"]
        made.save(update_fields=["plan_run", "telegram"])
    return made


def _left(towns: set[int], heeded: Iterable[EvacuationOrder]) -> set[int]:
    """Return the towns that none of these orders means."""
    left = set(towns)
    for one in heeded:
        if one.whole_city:
            return set()
        left -= orders.town_pks(one)
    return left
