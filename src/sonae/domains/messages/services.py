"""Verbs of messages: write, approve, freeze, hand over, correct, cancel, acknowledge."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core import signing

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages import ports
from sonae.domains.messages.models import Delivery, Message, Transmission, Wording
from sonae.domains.messages.rules import ACKNOWLEDGE_DAYS, CHUNK, MESSAGE_TRANSITIONS
from sonae.domains.messages.wording import Facts, texts
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import current, is_exercise

SEND = "transmission.send"
CHANNELS = ("web", "cap", "mail")
_SALT = "sonae.acknowledge"


def facts_of(order: EvacuationOrder, kind: str) -> Facts:
    """Return what the texts need of an order."""
    here = municipality()
    return Facts(
        kind=kind,
        level=order.level,
        hazard=order.hazard,
        towns=[town.name for town in order.towns.order_by("code")],
        whole_city=order.whole_city,
        reason=order.reason,
        city=here.name,
        city_en=here.name_en,
        at=clock.now(),
        exercise=is_exercise(),
    )


def _write(
    order: EvacuationOrder, kind: str, status: str, actor: str, refers_to: int | None
) -> Message:
    """Write one message with all its texts."""
    message = Message.objects.create(
        kind=kind,
        status=status,
        order=order,
        refers_to_id=refers_to,
        audience={"order": order.pk},
        channels=list(CHANNELS),
        drafted_by=actor,
        drafted_at=clock.now(),
    )
    Wording.objects.bulk_create(
        Wording(
            message=message,
            channel=channel,
            language=language,
            subject=text.subject,
            body=text.body,
        )
        for (channel, language), text in texts(facts_of(order, kind)).items()
    )
    return message


def send_order(order_pk: int) -> Message:
    """Send the message of an issued order, with its correction and cancellation prepared beside it.

    The order's approval by two people is the message's approval. Sent once, whatever is repeated.
    """
    with writing():
        known = Message.objects.filter(order=order_pk, kind="order").first()
        if known is not None:
            return known
        order = evacuation.order(order_pk)
        message = _write(order, "order", "draft", order.drafted_by, None)
        for kind in ("correction", "cancellation"):
            _write(order, kind, "prepared", SYSTEM.id, message.pk)
        _release(message, order.decided_by)
    return message


def send_end(order_pk: int, how: str) -> Message:
    """Tell everyone whom the order had reached that it was lifted, or cancelled as a mistake."""
    kind = "lifting" if how == "lifted" else "cancellation"
    with writing():
        order = evacuation.order(order_pk)
        first = Message.objects.filter(order=order, kind="order").first()
        known = Message.objects.filter(order=order, kind=kind).exclude(status="prepared").first()
        if known is not None:
            return known
        waiting = Message.objects.filter(order=order, kind=kind, status="prepared").first()
        message = waiting or _write(order, kind, "draft", SYSTEM.id, first.pk if first else None)
        _release(message, order.decided_by)
    return message


def correct(actor: Actor, message_pk: int, reason: str) -> Message:
    """Send the prepared correction with a new reason through every channel used before."""
    require(actor, Audience.APPROVER)
    with writing():
        first = _message(message_pk)
        if first.order is None:
            raise SonaeError("conflict", "この伝達文には訂正がありません。")
        if first.order.status != "issued":
            # After the end of an order its correction would call people out again.
            raise SonaeError("conflict", "この避難情報はもう発令中ではないため、訂正は送れません。")
        Message.objects.filter(refers_to=first, kind="correction", status="prepared").update(
            status="dropped"
        )
        order = first.order
        order.reason = reason.strip() or order.reason
        order.save(update_fields=["reason"])
        message = _write(order, "correction", "prepared", actor.id, first.pk)
        _release(message, actor.id)
        audit.record(actor.id, "message.correct", f"message:{first.pk}", reason=reason.strip())
    return message


def _message(message_pk: int) -> Message:
    """Return one message of the world in force."""
    found = Message.objects.filter(pk=message_pk).first()
    if found is None:
        raise SonaeError("not_found", "この伝達文はありません。")
    return found


def _release(message: Message, approved_by: str) -> None:
    """Approve a message and freeze one transmission per channel."""
    if "approved" not in MESSAGE_TRANSITIONS[message.status]:
        raise SonaeError("conflict", "この伝達文はすでに送信されています。")
    now = clock.now()
    message.status, message.approved_by, message.approved_at = "approved", approved_by, now
    message.sent_at = now
    message.save()
    for channel in message.channels:
        if ports.available(channel):
            _freeze(message, channel)


def _freeze(message: Message, channel: str) -> None:
    """Make the frozen copy for a channel, its deliveries and the work to be done."""
    frozen = {
        wording.language: {"subject": wording.subject, "body": wording.body}
        for wording in Wording.objects.filter(message=message, channel=channel)
    }
    transmission = Transmission.objects.create(
        message=message,
        channel=channel,
        frozen=frozen,
        identifier=f"urn:uuid:{uuid.uuid4()}",
        created_at=clock.now(),
    )
    transmission.recipients = _deliveries(transmission, message) if channel == "mail" else 0
    transmission.save(update_fields=["recipients"])
    chunks = max((transmission.recipients + CHUNK - 1) // CHUNK, 1)
    for chunk in range(chunks):
        outbox.publish(
            SEND,
            {"transmission": transmission.pk, "chunk": chunk},
            order_key=f"{channel}:{message.pk}:{chunk}",
            dedupe_key=f"{SEND}:{transmission.pk}:{chunk}",
            priority=2,
        )


def _reached_before(
    transmission: Transmission, message: Message
) -> list[tuple[int | None, str, str]]:
    """Return the recipients of the message that this one corrects or ends, on the same channel."""
    if message.refers_to_id is None:
        return []
    rows = Delivery.objects.filter(
        transmission__message=message.refers_to_id, transmission__channel=transmission.channel
    )
    return [(one.resident_id, one.address, one.language) for one in rows]


def _meant(message: Message) -> list[tuple[int | None, str, str]]:
    """Return the residents of the order's area who want e-mail."""
    homes = evacuation.homes_of(evacuation.order(message.audience["order"]))
    people = Resident.objects.filter(household__in=homes, channel="email").exclude(email="")
    return list(people.values_list("pk", "email", "language"))


def _deliveries(transmission: Transmission, message: Message) -> int:
    """Make one delivery per recipient: those an earlier message reached, else the order's residents."""
    rows = _reached_before(transmission, message) or _meant(message)
    unique = {address: (pk, address, language) for pk, address, language in rows}
    found = list(unique.values())
    return bulk_insert(
        Delivery,
        {
            "transmission_id": [transmission.pk] * len(found),
            "resident_id": [pk for pk, _, _ in found],
            "address": [address for _, address, _ in found],
            "language": [language for _, _, language in found],
            "chunk": [number // CHUNK for number in range(len(found))],
            "status": ["created"] * len(found),
            "error": [""] * len(found),
        },
    )


def link_for(resident_pk: int | None) -> str:
    """Return the personal link of 「無事です」: signed, for this world, for one purpose, expiring."""
    if resident_pk is None:
        return settings.ISSUER
    token = signing.dumps([current().world.value, resident_pk], salt=_SALT, compress=True)
    drill = "/drill" if is_exercise() else ""
    return f"{settings.ISSUER}{drill}/a/{token}"


def resident_of(token: str) -> int:
    """Return whose link a token is; `SonaeError` when it is forged, expired or of the other world."""
    try:
        world, resident = signing.loads(token, salt=_SALT, max_age=timedelta(days=ACKNOWLEDGE_DAYS))
    except signing.SignatureExpired:
        raise SonaeError(
            "not_found", "このリンクは期限が切れています。", "市のページから知らせてください。"
        ) from None
    except signing.BadSignature:
        raise SonaeError("not_found", "このリンクは正しくありません。") from None
    if world != current().world.value:
        raise SonaeError(
            "not_found",
            "このリンクは訓練用です。" if world == "exercise" else "このリンクは本番用です。",
        )
    return int(resident)


def acknowledge(token: str, status: str, note: str = "") -> None:
    """Record that the owner of a link says how he or she is, and mark the deliveries as read."""
    if status not in ("safe", "needs_help"):
        raise SonaeError("unreadable", "「無事です」か「助けが必要です」を選んでください。")
    resident = resident_of(token)
    actor = Actor(f"link:{resident}", None, resident_id=resident)
    safety.report_self([resident], status, note=note, actor=actor)
    with writing():
        Delivery.objects.filter(
            resident=resident, status="handed_over", transmission__world=current().world.value
        ).update(status="acknowledged", at=clock.now())


def outcomes(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return a complete count by delivery status."""
    counts = dict.fromkeys(("created", "handed_over", "failed", "acknowledged"), 0)
    counts.update(dict(rows))
    return counts
