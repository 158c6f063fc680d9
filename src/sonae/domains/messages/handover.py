"""Handing frozen copies to their channels: once per recipient, in order, and never quietly given up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.messages import ports
from sonae.domains.messages.contacts import leave_link
from sonae.domains.messages.models import ContactPoint, Delivery, Transmission
from sonae.domains.messages.ports import Handed, Parcel, Recipient
from sonae.domains.messages.rules import EXPIRES_HOURS, PROOF_MINUTES, TRANSMISSION_TRANSITIONS
from sonae.domains.messages.services import link_for, own_limits, queue
from sonae.domains.residents.interface import Resident
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.outbox import Permanent, Retry

ONE_USE: Final = timedelta(days=1)
"""Uses of one address by the city within this time are one line on the list of who looked."""
WITHHELD: Final = "この宛先には、開示の判断により送れません"
ENDED: Final = "登録が取り消されたため、送りませんでした"
LONGEST_WAIT = timedelta(hours=1)
OVERTAKEN = "あとの伝達に置きかえられました"
REFUSED = "{count}件の宛先が相手に断られました"
TOO_LATE = "相手につながらないまま期限が過ぎました"

_MAILBOX: Final = re.compile(r"[^\s<>'\"(){}:,;（）]+@[^\s<>'\"(){}:,;（）]+")
_NUMBER: Final = re.compile(r"(?<!\d)(?:\+?81[- ]?|0)[789]0(?:[- ]?\d){4,8}")
"""A mobile phone, in an answer that may have been cut inside it."""


def transmit(transmission_pk: int, chunk: int) -> None:
    """Hand one chunk to its channel; what was handed over before is not handed over again.

    No transaction is open while the counterpart is spoken to; outcomes are stored group by group.
    What a later message about the same topic overtook is not sent any more: nobody may read an
    order after its cancellation.
    """
    transmission = Transmission.objects.select_related("message__order").get(pk=transmission_pk)
    _close_overtaken(transmission)
    rows = _waiting(transmission).filter(chunk=chunk).select_related("contact")
    people = list(rows.order_by("pk"))
    if transmission.recipients and not people:
        _finish(transmission)
        return
    if _too_late(transmission):
        _give_up(transmission)
        return
    _start(transmission)
    people = _may_be_told(transmission, people)
    try:
        if people or not transmission.recipients:
            for group in _handed(transmission, people):
                _store(group)
    except Retry as error:
        said = unaddressed(str(error))
        _mark(transmission, error=said)
        raise Retry(_wait(transmission, error.seconds), said) from None
    except Permanent as error:
        said = unaddressed(str(error))
        _mark(transmission, status="failed", error=said)
        raise Permanent(said) from None
    _finish(transmission)


def unaddressed(said: str) -> str:
    """Return a counterpart's words without the addresses and mobile phones that it quotes.

    Staff read them, and whose address it is may be under 支援措置.
    """
    return _NUMBER.sub("…", _MAILBOX.sub("…", said))


def _waiting(transmission: Transmission) -> QuerySet[Delivery]:
    """Return the deliveries that were not handed over yet."""
    return Delivery.objects.filter(transmission=transmission, status="created")


def _start(transmission: Transmission) -> None:
    """Note the first try."""
    if transmission.started_at is None:
        _mark(transmission, status="sending", started_at=clock.now())


KINDS: Final = {"mail": "email", "sms": "phone", "push": "device", "line": "device"}
"""Which kind of personal data each channel is given."""


def _may_be_told(transmission: Transmission, people: Sequence[Delivery]) -> list[Delivery]:
    """Return those whose address may be used now: the one decision on disclosure, recorded.

    What was taken back since the message was approved is not used any more, and says so.
    """
    owners = {pk for one in people for pk in one.owners}
    shielded = Resident.held.filter(pk__in=owners, shielded=True).values_list("pk", flat=True)
    kind = KINDS.get(transmission.channel, "")
    made = consent.disclose(
        SYSTEM, sorted(owners), purpose="notification", kinds=(kind,), shielded=set(shielded),
        once_in=ONE_USE,
    )  # fmt: skip
    over = _ended(transmission, people, owners)
    kept, refused = [], []
    for one in people:
        allowed = all(kind in made[pk].fields for pk in one.owners)
        if allowed and one.pk not in over:
            kept.append(one)
        else:
            refused.append(Handed(one.pk, "failed", ENDED if one.pk in over else WITHHELD))
    _store(refused)
    return kept


def _ended(transmission: Transmission, people: Sequence[Delivery], owners: set[int]) -> set[int]:
    """Return the deliveries (primary keys) to addresses at which nobody wants anything any more.

    What was erased is one of them, and so is a mailbox of the register that its owner has ended. A
    mailbox that a household shares goes on as long as one of them wants it. The number that proves an
    address is what its owner has just asked for.
    """
    if transmission.message.kind == "proof":
        return set()
    rows = ContactPoint.objects.filter(channel=transmission.channel, resident__in=owners)
    left = set(rows.exclude(ended_at=None).values_list("resident_id", "address"))
    return {
        one.pk
        for one in people
        if not _address(one)
        or (one.owners and all((pk, _address(one)) in left for pk in one.owners))
    }


def _handed(transmission: Transmission, people: Sequence[Delivery]) -> Iterator[Sequence[Handed]]:
    """Speak to the channel; stop between groups when something newer is to be said instead."""
    # A link without a host would lead nowhere: then the mail says nothing of one.
    linked = bool(settings.ISSUER) and transmission.message.kind not in ("alarm", "proof")
    recipients = [
        Recipient(
            one.pk, _address(one), one.language, link_for(*one.owners) if linked else "",
            one.contact.keys if one.contact else "", leave_link(one.pk) if linked else "",
        )
        for one in people
    ]  # fmt: skip
    left = transmission.created_at + _worth(transmission) - clock.now()
    parcel = Parcel(
        transmission.identifier, transmission.frozen, recipients, transmission.message.topic,
        max(int(left.total_seconds()), 0), own_limits(),
    )  # fmt: skip
    for group in _sent(transmission.channel, parcel):
        yield group
        if not parcel.halt.is_set() and _later(transmission).exists():
            _close_overtaken(transmission)
            parcel.halt.set()


def _sent(channel: str, parcel: Parcel) -> Iterator[Sequence[Handed]]:
    """Speak to a channel; one that is set up no more, or wrongly, stops and says so."""
    try:
        yield from ports.sender(channel)(parcel)
    except SonaeError as error:
        if error.code != "not_configured":
            raise
        raise Permanent(error.detail + ports.faults().get(channel, "")) from error


def _address(one: Delivery) -> str:
    """Return where a delivery goes now: a browser's subscription moves, and its keys with it."""
    return one.contact.address if one.contact is not None else one.address


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


def _worth(transmission: Transmission) -> timedelta:
    """Return how long it is worth telling: a number that proves an address as long as it holds."""
    if transmission.message.kind == "proof":
        return timedelta(minutes=PROOF_MINUTES)
    return timedelta(hours=EXPIRES_HOURS)


def _too_late(transmission: Transmission) -> bool:
    """Tell whether an alert is too old to be sent: it would speak of yesterday."""
    return clock.now() - transmission.created_at > _worth(transmission)


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
        if refused and transmission.message.order_id is not None:
            # Whom every channel refused need not wait for the others' answers.
            outbox.publish(
                "message.step", {"order": transmission.message.order_id, "number": 0},
                dedupe_key=f"refused:{transmission.pk}:{refused}",
            )  # fmt: skip


def _mark(transmission: Transmission, **changes: Any) -> None:
    with writing():
        Transmission.objects.filter(pk=transmission.pk).update(**changes)


def _store(group: Sequence[Handed]) -> None:
    """Store what became of some deliveries; a hand-over is a fact, even one just overtaken.

    An address that the counterpart has given up is used no more, and its owner is told why.
    """
    if not group:
        return
    now = clock.now()
    by_outcome: dict[tuple[str, str], list[int]] = {}
    for one in group:
        by_outcome.setdefault((one.status, unaddressed(one.error)[:200]), []).append(one.delivery)
    with writing():
        for (status, error), keys in by_outcome.items():
            Delivery.objects.filter(pk__in=keys, status__in=("created", "overtaken")).update(
                status=status, error=error, at=now
            )
        for one in (one for one in group if one.gone):
            ContactPoint.objects.filter(delivery=one.delivery, ended_at=None).update(
                ended_at=now, ended_why="gone"
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
            queue(found, chunk, priority=2)
        found.save(update_fields=["status", "error", "finished_at"])
        audit.record(actor.id, "message.resend", f"transmission:{found.pk}")
    return found
