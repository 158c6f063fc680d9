"""Verbs of messages: write, approve, freeze, hand over, correct, cancel, acknowledge."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import EvacuationOrder
from sonae.domains.messages import ports
from sonae.domains.messages.channels import PUBLISHED, SENT, Limits, limit, measured
from sonae.domains.messages.models import Delivery, Message, Transmission, Wording
from sonae.domains.messages.recipients import Mailbox, add_deliveries, first_round
from sonae.domains.messages.rules import (
    ACKNOWLEDGE_DAYS,
    LADDER_MINUTES,
    MESSAGE_TRANSITIONS,
    RENEW_HOURS,
)
from sonae.domains.messages.wording import Facts, Text, texts
from sonae.domains.municipalities.interface import municipality
from sonae.domains.safety import interface as safety
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import World, current, is_exercise

RENEW = "message.renew"
_STANDING = ("order", "correction", "renewal")
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
        limits=own_limits(),
    )


def own_limits() -> Limits:
    """Return the lengths of channels in which this city differs (its contracts with carriers)."""
    return dict(municipality().settings.get("channel_limits") or {})


def size(channel: str, body: str) -> tuple[int, int] | None:
    """Return how long a body is and may be on a channel, as it counts; None where nothing limits it."""
    within = limit(channel, "body", own_limits())
    return (measured(body, within.unit), within.most) if within else None


def _write(
    order: EvacuationOrder, kind: str, status: str, actor: str, refers_to: int | None
) -> Message:
    """Write one message with all its texts."""
    message = Message.objects.create(
        kind=kind,
        status=status,
        order=order,
        topic=f"order:{order.pk}",
        refers_to_id=refers_to,
        audience={"order": order.pk},
        channels=list(SENT),
        drafted_by=actor,
        drafted_at=clock.now(),
    )
    _word(message, order)
    return message


def _word(message: Message, order: EvacuationOrder) -> None:
    """Write every text of a message about an order anew."""
    write_texts(message, texts(facts_of(order, message.kind)))


def write_texts(message: Message, said: Mapping[tuple[str, str], Text]) -> None:
    """Store the texts of a message, (channel, language) → text, in the place of any it had."""
    Wording.objects.filter(message=message).delete()
    Wording.objects.bulk_create(
        Wording(
            message=message,
            channel=channel,
            language=language,
            subject=text.subject,
            body=text.body,
        )
        for (channel, language), text in said.items()
    )


def send_order(order_pk: int) -> Message | None:
    """Send the message of an issued order, with its correction and cancellation prepared beside it.

    The order's approval by two people is the message's approval. Sent once, whatever is repeated;
    None when the order has ended before it could be said: nobody is called out for it any more.
    """
    with writing():
        known = Message.objects.filter(order=order_pk, kind="order").first()
        if known is not None:
            return known
        order = evacuation.order(order_pk)
        if order.status != "issued":
            return None
        message = _write(order, "order", "draft", order.drafted_by, None)
        for kind in ("correction", "cancellation"):
            _write(order, kind, "prepared", SYSTEM.id, message.pk)
        release(message, order.decided_by)
        _begin_ladder(order)
    return message


def _begin_ladder(order: EvacuationOrder) -> None:
    """Look after a while who has not answered (`ladder`)."""
    outbox.publish(
        "message.step", {"order": order.pk, "number": 1},
        delay=LADDER_MINUTES[order.level] * 60, dedupe_key=f"message.step:{order.pk}:1",
    )  # fmt: skip


def send_end(order_pk: int, how: str) -> Message | None:
    """Tell everyone whom the order had reached that it was lifted, or cancelled as a mistake.

    None when the order itself was never said.
    """
    kind = "lifting" if how == "lifted" else "cancellation"
    with writing():
        order = evacuation.order(order_pk)
        first = Message.objects.filter(order=order, kind="order").first()
        if first is None:
            return None
        known = Message.objects.filter(order=order, kind=kind).exclude(status="prepared").first()
        if known is not None:
            return known
        waiting = Message.objects.filter(order=order, kind=kind, status="prepared").first()
        message = waiting or _write(order, kind, "draft", SYSTEM.id, first.pk)
        if waiting is not None:
            # Prepared at the issue: its time would be that of the order.
            _word(message, order)
        release(message, order.decided_by)
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
        order, before = first.order, first.order.reason
        order.reason = reason.strip() or order.reason
        order.save(update_fields=["reason"])
        message = _write(order, "correction", "prepared", actor.id, first.pk)
        release(message, actor.id)
        audit.record(
            actor.id, "message.correct", f"message:{first.pk}", reason=order.reason, before=before
        )
    return message


def renew(order_pk: int) -> Message | None:
    """Publish the words of an order anew while it is in force, before they expire; nobody is mailed.

    The mayor's decision holds until it is lifted (災害対策基本法 第60条): no new approval is asked.
    Too early (a clock that was changed), it looks again later.
    """
    with writing():
        order = evacuation.order(order_pk)
        said = Message.objects.filter(order=order, kind__in=_STANDING, status="approved")
        newest = said.order_by("-sent_at", "-pk").first()
        if order.status != "issued" or newest is None or newest.sent_at is None:
            return None
        left = time_to_renew(newest)
        if left is not None:
            renew_later({"order": order_pk}, left)
            return None
        message = again(newest)
        release(message, order.decided_by)
        audit.record(SYSTEM.id, RENEW, f"message:{message.pk}", order=order.number)
    return message


def time_to_renew(newest: Message) -> timedelta | None:
    """Return how long a publication still stands before it is to be renewed; None when it is time."""
    if newest.sent_at is None:
        return None
    left = newest.sent_at + timedelta(hours=RENEW_HOURS) - clock.now()
    return left if left > timedelta() else None


def again(newest: Message) -> Message:
    """Make a message of the same words for the channels that readers come to."""
    message = Message.objects.create(
        kind="renewal",
        order=newest.order,
        topic=newest.topic,
        about=newest.about,
        firing=newest.firing,
        refers_to=newest,
        audience=newest.audience,
        channels=list(PUBLISHED),
        drafted_by=SYSTEM.id,
        drafted_at=clock.now(),
    )
    for wording in Wording.objects.filter(message=newest, channel__in=PUBLISHED):
        wording.pk, wording.message = None, message
        wording.save(force_insert=True)
    return message


def renew_later(what: dict[str, int], wait: timedelta) -> None:
    """Look after ``wait`` whether an order's or a notice's publication is to be renewed."""
    outbox.publish(RENEW, what, delay=wait.total_seconds() + 1)


def _message(message_pk: int) -> Message:
    """Return one message of the world in force."""
    found = Message.objects.filter(pk=message_pk).first()
    if found is None:
        raise SonaeError("not_found", "この伝達文はありません。")
    return found


def release(message: Message, approved_by: str) -> None:
    """Approve a message and freeze one transmission per channel; call inside `writing`."""
    if "approved" not in MESSAGE_TRANSITIONS[message.status]:
        raise SonaeError("conflict", "この伝達文はすでに送信されています。")
    now = clock.now()
    message.status, message.approved_by, message.approved_at = "approved", approved_by, now
    message.sent_at = now
    message.save()
    usable = [channel for channel in message.channels if ports.available(channel)]
    boxes = first_round(message, usable)
    for channel in usable:
        if channel in PUBLISHED or boxes.get(channel):
            hand_on(message, channel, boxes.get(channel, ()))
    if message.kind in _STANDING and message.order_id is not None:
        renew_later({"order": message.order_id}, timedelta(hours=RENEW_HOURS))
    elif message.topic.startswith("notice:") and message.kind in ("notice", "renewal"):
        first = int(message.topic.partition(":")[2])
        renew_later({"notice": first}, timedelta(hours=RENEW_HOURS))


def _freeze(message: Message, channel: str) -> Transmission:
    """Make the frozen copy of a message for a channel."""
    frozen = {
        wording.language: {"subject": wording.subject, "body": wording.body}
        for wording in Wording.objects.filter(message=message, channel=channel)
    }
    return Transmission.objects.create(
        message=message,
        channel=channel,
        frozen=frozen,
        identifier=f"urn:uuid:{uuid.uuid4()}",
        created_at=clock.now(),
    )


def hand_on(message: Message, channel: str, boxes: Sequence[Mailbox]) -> None:
    """Let a channel hand a message to these addresses, behind those it has; call inside `writing`.

    The copy that a channel got first is what it tells later too.
    """
    rows = Transmission.objects.select_for_update().filter(message=message, channel=channel)
    transmission = rows.first() or _freeze(message, channel)
    chunks = add_deliveries(transmission, boxes)
    if transmission.finished_at is not None:
        transmission.status, transmission.finished_at, transmission.error = "sending", None, ""
    transmission.recipients += len(boxes)
    transmission.save(update_fields=["recipients", "status", "finished_at", "error"])
    for chunk in chunks:
        queue(transmission, chunk, priority=_urgency(message), once=True)


TOPICS: Final = {
    "web": "transmission.send",
    "cap": "transmission.send",
    "push": "transmission.push",
    "line": "transmission.line",
    "mail": "transmission.mail",
    "sms": "transmission.sms",
}
"""Channel → topic of the outbox: each that waits for others has a lane, so that none delays another."""


def queue(transmission: Transmission, chunk: int, *, priority: int, once: bool = False) -> None:
    """Let one chunk of a transmission be handed to its channel; call inside `writing`."""
    outbox.publish(
        TOPICS[transmission.channel],
        {"transmission": transmission.pk, "chunk": chunk},
        order_key=f"{transmission.channel}:{transmission.message_id}:{chunk}",
        dedupe_key=f"transmission:{transmission.pk}:{chunk}" if once else None,
        priority=priority,
    )


def _urgency(message: Message) -> int:
    """Return the outbox priority: level 5 goes before level 4 before level 3, alarms first."""
    if message.kind == "alarm":
        return 0
    grave = {"emergency": 5, "critical": 4}.get(message.about.get("severity", ""), 3)
    return 6 - (message.order.level if message.order else grave)


def link_for(*residents: int) -> str:
    """Return the personal link of 「無事です」: signed, for this city and world, one purpose, expiring.

    For the people who share a mailbox it is one link; without anyone it is the city's page.
    """
    if not residents:
        return settings.ISSUER
    here = current()
    token = signing.dumps(
        [here.municipality, here.world.value, *residents], salt=_SALT, compress=True
    )
    drill = "/drill" if is_exercise() else ""
    return f"{settings.ISSUER}{drill}/a/{token}"


def residents_of(token: str) -> list[int]:
    """Return whose link a token is; `SonaeError` when it is forged, expired or of elsewhere."""
    try:
        city, world, *residents = signing.loads(
            token, salt=_SALT, max_age=timedelta(days=ACKNOWLEDGE_DAYS)
        )
    except signing.SignatureExpired:
        raise SonaeError(
            "not_found", "このリンクは期限が切れています。", "市のページから知らせてください。"
        ) from None
    except signing.BadSignature:
        raise SonaeError("not_found", "このリンクは正しくありません。") from None
    if city in list(World):
        raise SonaeError(
            "not_found", "このリンクは古い形のため使えません。", "市のページから知らせてください。"
        )
    if city != current().municipality:
        raise SonaeError("not_found", "このリンクはほかの市町村のものです。")
    if world != current().world.value:
        raise SonaeError(
            "not_found",
            "このリンクは訓練用です。" if world == "exercise" else "このリンクは本番用です。",
        )
    return [int(resident) for resident in residents]


def link_actor(residents: Sequence[int]) -> Actor:
    """Return who holds a link: the first of those it was made for."""
    return Actor(f"link:{residents[0]}", None, resident_id=residents[0])


def acknowledge(token: str, status: str, note: str = "", who: Iterable[int] | None = None) -> None:
    """Record how the owners of a link are (``who`` of them; default all) and mark the delivery."""
    if status not in ("safe", "needs_help"):
        raise SonaeError("unreadable", "「無事です」か「助けが必要です」を選んでください。")
    owners = residents_of(token)
    meant = [pk for pk in owners if who is None or pk in set(who)]
    if not meant:
        raise SonaeError("unreadable", "だれのことか選ばれていません。名前に印を付けてください。")
    safety.report_self(meant, status, place=note[:120], note=note, actor=link_actor(owners))
    with writing():
        Delivery.objects.filter(
            resident=owners[0],
            status="handed_over",
            transmission__world=current().world.value,
        ).update(status="acknowledged", at=clock.now())


def outcomes(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return a complete count by delivery status."""
    counts = dict.fromkeys(("created", "handed_over", "failed", "acknowledged"), 0)
    counts.update(dict(rows))
    return counts
