"""Handing frozen copies to their channels: once per recipient, in order, and never quietly given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages import ports
from sonae.domains.messages.models import Delivery, Transmission
from sonae.domains.messages.ports import Handed, Parcel, Recipient
from sonae.domains.messages.rules import EXPIRES_HOURS, TRANSMISSION_TRANSITIONS
from sonae.domains.messages.services import link_for
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.outbox import Permanent, Retry

LONGEST_WAIT = timedelta(hours=1)
OVERTAKEN = "あとの伝達に置きかえられました"
REFUSED = "{count}件の宛先が相手に断られました"
TOO_LATE = "相手につながらないまま期限が過ぎました"


def transmit(transmission_pk: int, chunk: int) -> None:
    """Hand one chunk to its channel; what was handed over before is not handed over again.

    No transaction is open while the counterpart is spoken to; outcomes are stored group by group.
    What a later message about the same topic overtook is not sent any more: nobody may read an
    order after its cancellation.
    """
    transmission = Transmission.objects.select_related("message__order").get(pk=transmission_pk)
    _close_overtaken(transmission)
    people = list(_waiting(transmission).filter(chunk=chunk).order_by("pk"))
    if transmission.recipients and not people:
        _finish(transmission)
        return
    if _too_late(transmission):
        _give_up(transmission)
        return
    _start(transmission)
    try:
        for group in _handed(transmission, people):
            _store(group)
    except Retry as error:
        _mark(transmission, error=str(error))
        raise Retry(_wait(transmission, error.seconds), str(error)) from error
    except Permanent as error:
        _mark(transmission, status="failed", error=str(error))
        raise
    _finish(transmission)


def _waiting(transmission: Transmission) -> QuerySet[Delivery]:
    """Return the deliveries that were not handed over yet."""
    return Delivery.objects.filter(transmission=transmission, status="created")


def _start(transmission: Transmission) -> None:
    """Note the first try."""
    if transmission.started_at is None:
        _mark(transmission, status="sending", started_at=clock.now())


def _handed(transmission: Transmission, people: Sequence[Delivery]) -> Iterator[Sequence[Handed]]:
    """Speak to the channel; stop between groups when something newer is to be said instead."""
    # A link without a host would lead nowhere: then the mail says nothing of one.
    linked = bool(settings.ISSUER) and transmission.message.kind != "alarm"
    recipients = [
        Recipient(one.pk, one.address, one.language, link_for(*one.owners) if linked else "")
        for one in people
    ]
    parcel = Parcel(transmission.identifier, transmission.frozen, recipients)
    for group in ports.sender(transmission.channel)(parcel):
        yield group
        if _later(transmission).exists():
            _close_overtaken(transmission)
            return


def _later(transmission: Transmission) -> QuerySet[Transmission]:
    """Return what was released later about the same on the same channel.

    An order that takes the place of another overtakes what is left of that one's message.
    """
    rows = Transmission.objects.filter(channel=transmission.channel, pk__gt=transmission.pk)
    same = Q(message__topic=transmission.message.topic)
    order = transmission.message.order
    if order is not None and order.status == "replaced":
        same |= Q(message__order__replaces=order)
    return rows.filter(same)


def _close_overtaken(transmission: Transmission) -> None:
    """Take back what an earlier message about the same topic has not handed over."""
    newest = _later(transmission).exists()
    about = Q(transmission__message__topic=transmission.message.topic)
    about &= Q(transmission__municipality=transmission.municipality)
    about &= Q(transmission__world=transmission.world)
    older = about & Q(transmission__channel=transmission.channel)
    older &= (
        Q(transmission__pk__lte=transmission.pk)
        if newest
        else Q(transmission__pk__lt=transmission.pk)
    )
    with writing():
        Delivery.objects.filter(older, status="created").update(
            status="overtaken", error=OVERTAKEN, at=clock.now()
        )


def _too_late(transmission: Transmission) -> bool:
    """Tell whether an alert is too old to be sent: it would speak of yesterday."""
    return clock.now() - transmission.created_at > timedelta(hours=EXPIRES_HOURS)


def _wait(transmission: Transmission, least: float) -> float:
    """Return seconds until the next try: the longer it has lasted, the longer, an hour at most."""
    lasted = (clock.now() - transmission.created_at).total_seconds()
    return max(least, min(lasted / 4, LONGEST_WAIT.total_seconds()))


def _give_up(transmission: Transmission) -> None:
    """Say openly that the rest was not reached."""
    with writing():
        _waiting(transmission).update(status="failed", error=TOO_LATE, at=clock.now())
    _mark(transmission, status="failed", error=TOO_LATE, finished_at=clock.now())


def _finish(transmission: Transmission) -> None:
    """Close a transmission once nobody waits any more; refused for everyone, it has failed."""
    if _waiting(transmission).exists():
        return
    every = Delivery.objects.filter(transmission=transmission)
    refused = every.filter(status="failed").count()
    nobody = refused > 0 and not every.exclude(status__in=("failed", "overtaken")).exists()
    told = REFUSED.format(count=refused) if refused else ""
    with writing():
        Transmission.objects.filter(pk=transmission.pk, finished_at=None).update(
            status="failed" if nobody else "handed_over", finished_at=clock.now(), error=told
        )


def _mark(transmission: Transmission, **changes: Any) -> None:
    with writing():
        Transmission.objects.filter(pk=transmission.pk).update(**changes)


def _store(group: Sequence[Handed]) -> None:
    """Store what became of some deliveries; a hand-over is a fact, even one just overtaken."""
    now = clock.now()
    by_outcome: dict[tuple[str, str], list[int]] = {}
    for one in group:
        by_outcome.setdefault((one.status, one.error[:200]), []).append(one.delivery)
    with writing():
        for (status, error), keys in by_outcome.items():
            Delivery.objects.filter(pk__in=keys, status__in=("created", "overtaken")).update(
                status=status, error=error, at=now
            )


def resend(actor: Actor, transmission_pk: int) -> Transmission:
    """Try a failed transmission again for those whom it has not reached (the cause was removed)."""
    require(actor, Audience.OPERATOR)
    with writing():
        found = Transmission.objects.select_for_update().filter(pk=transmission_pk).first()
        if found is None:
            raise SonaeError("not_found", "この送信はありません。")
        if found.status != "failed" or "sending" not in TRANSMISSION_TRANSITIONS[found.status]:
            raise SonaeError("conflict", "止まった送信だけを、もう一度送れます。")
        if _too_late(found):
            raise SonaeError("conflict", "古い伝達は送れません。新しく発令または訂正してください。")
        found.status, found.error = "sending", ""
        chunks = list(_waiting(found).order_by("chunk").values_list("chunk", flat=True).distinct())
        if found.recipients and not chunks:
            raise SonaeError(
                "conflict",
                "送り直せる宛先がありません。",
                "断られた宛先は、登録されたアドレスを本人に確かめてください。",
            )
        found.finished_at = None
        for chunk in chunks or [0]:
            outbox.publish(
                "transmission.send", {"transmission": found.pk, "chunk": chunk}, priority=2
            )
        found.save(update_fields=["status", "error", "finished_at"])
        audit.record(actor.id, "message.resend", f"transmission:{found.pk}")
    return found
