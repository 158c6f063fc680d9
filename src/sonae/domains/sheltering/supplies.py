"""Supplies (物資): asked for, arranged, sent, received in parts; what came unasked is received too."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.sheltering import rules
from sonae.domains.sheltering.entry import facility_for, name_of, number, one_of, said
from sonae.domains.sheltering.models import SupplyReceipt, SupplyRequest
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing


@dataclass(frozen=True)
class SupplyView:
    """A request with how much of it has arrived."""

    request: SupplyRequest
    received: int

    @property
    def left(self) -> int:
        """How much is still to come, never below nothing."""
        return max(0, self.request.quantity - self.received)


def ask(
    actor: Actor, facility_pk: int, kind: str, item: str, quantity: str, unit: str,
    *, urgent: bool = False, note: str = "",
) -> SupplyRequest:  # fmt: skip
    """Ask for something; headquarters sees it at once."""
    facility = facility_for(actor, facility_pk)
    now, who = clock.now(), name_of(actor)
    row = SupplyRequest(
        facility=facility, kind=one_of(kind, rules.SUPPLY_KINDS, "分類"),
        item=said(item, 80, "品名"), quantity=number(quantity, "数量"), unit=said(unit, 12, "単位"),
        urgent=urgent, note=note.strip()[:200], asked_at=now, asked_by=who, changed_at=now,
        changed_by=who,
    )  # fmt: skip
    with writing():
        row.save()
        _audit(actor, row, "sheltering.supply_asked")
    return row


def step(actor: Actor, pk: int, to: str) -> SupplyRequest:
    """Say what became of a request (`rules.SUPPLY_STEPS`): arranged, sent, cancelled, asked again.

    Arranging and sending are headquarters' word; ``received`` comes from receipts alone.
    """
    require(actor, Audience.OPERATOR if to in ("arranged", "sent") else Audience.RECEPTION)
    with writing():
        take_turn("supplies")
        row = _request(pk)
        if to == "received" or not rules.may_become(row.state, to):
            raise SonaeError(
                "conflict",
                f"「{row.item}」は、いまこの操作ができません。",
                "ほかの人が先に進めたかもしれません。ページを読み直してください。",
            )
        _put(actor, row, to)
        _audit(actor, row, "sheltering.supply_step")
    return row


def receive(
    actor: Actor, facility_pk: int, quantity: str, *,
    request_pk: int | None = None, item: str = "", unit: str = "", giver: str = "",
) -> SupplyReceipt:  # fmt: skip
    """Receive something: part or all of a request, or what came unasked (``item`` and ``unit``).

    A request is received once as much as asked for has come; more than that is recorded as it is.
    """
    facility = facility_for(actor, facility_pk)
    came, now = number(quantity, "数量"), clock.now()
    with writing():
        take_turn("supplies")
        row = _request(request_pk, facility_pk) if request_pk is not None else None
        if row is not None and row.state == "cancelled":
            raise SonaeError(
                "conflict", "取り消した要請です。", "頼んでいない物として受け取れます。"
            )
        made = SupplyReceipt.objects.create(
            facility=facility, request=row, quantity=came, at=now, by=name_of(actor),
            item=row.item if row else said(item, 80, "品名"),
            unit=row.unit if row else said(unit, 12, "単位"), giver=giver.strip()[:80],
        )  # fmt: skip
        if row is not None and row.state != "received" and _received(row.pk) >= row.quantity:
            _put(actor, row, "received")
        audit.record(
            actor.id, "sheltering.supply_received", f"facility:{facility.public_id}",
            name=f"{facility.name} {made.item}", quantity=came, unit=made.unit,
        )  # fmt: skip
    return made


def _request(pk: int, facility_pk: int | None = None) -> SupplyRequest:
    rows = SupplyRequest.objects.select_related("facility").filter(pk=pk)
    found = (rows.filter(facility=facility_pk) if facility_pk is not None else rows).first()
    if found is None:
        raise SonaeError("not_found", "この要請は登録されていません。")
    return found


def _put(actor: Actor, row: SupplyRequest, state: str) -> None:
    row.state, row.changed_at, row.changed_by = state, clock.now(), name_of(actor)
    row.save(update_fields=["state", "changed_at", "changed_by"])


def _audit(actor: Actor, row: SupplyRequest, act: str) -> None:
    audit.record(
        actor.id, act, f"supply:{row.pk}", name=f"{row.facility.name} {row.item}",
        quantity=row.quantity, unit=row.unit, step=row.state,
    )  # fmt: skip


def _received(pk: int) -> int:
    return SupplyReceipt.objects.filter(request=pk).aggregate(n=Sum("quantity"))["n"] or 0


def supplies(facility_pk: int | None = None, *, only_open: bool = False) -> list[SupplyView]:
    """Return the requests of a shelter or of all, urgent and oldest first, finished ones last."""
    rows = SupplyRequest.objects.select_related("facility")
    if facility_pk is not None:
        rows = rows.filter(facility=facility_pk)
    if only_open:
        rows = rows.filter(state__in=rules.OPEN_SUPPLIES)
    came = SupplyReceipt.objects.filter(request__isnull=False).values_list("request")
    sums = dict(came.annotate(n=Sum("quantity")))
    found = [SupplyView(row, sums.get(row.pk, 0)) for row in rows]
    return sorted(found, key=_urgency)


def _urgency(one: SupplyView) -> tuple[bool, bool, int]:
    row = one.request
    return row.state not in rules.OPEN_SUPPLIES, not row.urgent, row.pk


def receipts(facility_pk: int, limit: int = 50) -> list[SupplyReceipt]:
    """Return what arrived at a shelter, newest first."""
    return list(SupplyReceipt.objects.filter(facility=facility_pk).order_by("-at", "-pk")[:limit])
