"""Reads of messages: what is public now, transmissions, receipts, who was not reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Case, Count, F, Max, Q, Value, When
from django.utils import translation

from sonae.core import clock
from sonae.domains.messages.models import Delivery, Message, Transmission, Wording
from sonae.domains.messages.rules import EXPIRES_HOURS
from sonae.domains.messages.services import outcomes
from sonae.platform.access import Actor, Audience, require


@dataclass(frozen=True)
class PublicItem:
    """One item of the public page and the feed, in the reader's language."""

    message: int
    identifier: str
    kind: str
    level: int | None
    subject: str
    body: str
    sent_at: datetime


def public_items(channel: str = "web") -> list[PublicItem]:
    """Return what the city published in the last 22.5 hours, newest first, in the language in force.

    Of each topic its newest word: nobody may read an order beside its cancellation.
    """
    since = clock.now() - timedelta(hours=EXPIRES_HOURS)
    rows = Transmission.objects.filter(channel=channel, created_at__gte=since)
    rows = rows.select_related("message__order").order_by("-created_at", "-pk")
    newest: dict[str, Transmission] = {}
    for row in rows:
        newest.setdefault(row.message.topic, row)
    return [_item(row) for row in newest.values()]


def _item(row: Transmission) -> PublicItem:
    """Return one transmission as a public item."""
    text = row.frozen.get(translation.get_language() or "ja") or row.frozen["ja"]
    order = row.message.order
    return PublicItem(
        row.message_id, row.identifier, row.message.kind, order.level if order else None,
        text["subject"], text["body"], row.created_at,
    )  # fmt: skip


def message(message_pk: int) -> Message | None:
    """Return one message of the world in force, or None; the proof of an address is its owner's affair."""
    rows = Message.objects.select_related("order", "refers_to").exclude(kind="proof")
    return rows.filter(pk=message_pk).first()


def messages(limit: int = 50) -> list[Message]:
    """Return messages that were sent or wait, newest first.

    Prepared ones show beside theirs, alarms to the officers on duty with the rules, proofs of an address
    nowhere.
    """
    rows = Message.objects.exclude(status__in=("prepared", "dropped")).exclude(
        kind__in=("alarm", "proof")
    )
    return list(rows.select_related("order").order_by("-drafted_at", "-pk")[:limit])


def messages_of_order(order_pk: int) -> list[Message]:
    """Return every message that was sent about an order, newest first."""
    rows = Message.objects.filter(order=order_pk, status="approved").select_related("order")
    return list(rows.order_by("-sent_at", "-pk"))


def notices_of(firing_pks: Iterable[int]) -> dict[int, Message]:
    """Return firing of a rule (primary key) → the notice that it drafted or sent."""
    rows = Message.objects.filter(firing__in=list(firing_pks), kind="notice")
    return {row.firing_id: row for row in rows if row.firing_id is not None}


def sent_of_topics(topics: Iterable[str], channel: str) -> list[Transmission]:
    """Return what one channel carried about some topics, newest first."""
    rows = Transmission.objects.filter(channel=channel, message__topic__in=list(topics))
    return list(rows.select_related("message__order").order_by("-created_at", "-pk"))


def wordings(message_pk: int) -> list[Wording]:
    """Return every text of a message, by channel and language."""
    return list(Wording.objects.filter(message=message_pk).order_by("channel", "language"))


def transmissions(message_pk: int | None = None) -> list[Transmission]:
    """Return transmissions, newest first, of one message or of all."""
    rows = Transmission.objects.select_related("message__order").order_by("-created_at", "-pk")
    return list(rows if message_pk is None else rows.filter(message=message_pk))


def published(channel: str, since: datetime) -> list[Transmission]:
    """Return what a channel that readers come to got since then, newest first."""
    rows = Transmission.objects.filter(channel=channel, created_at__gte=since)
    return list(rows.select_related("message__order").order_by("-created_at", "-pk"))


def published_as(channel: str, identifier: str) -> Transmission | None:
    """Return what such a channel got under an identifier, however long ago, or None."""
    rows = Transmission.objects.filter(channel=channel, identifier=identifier)
    return rows.select_related("message__order").first()


def newest(limit: int) -> list[Transmission]:
    """Return the newest transmissions of what `messages` lists, without their texts."""
    rows = Transmission.objects.exclude(message__kind__in=("alarm", "proof")).defer("frozen")
    return list(rows.select_related("message__order").order_by("-created_at", "-pk")[:limit])


@dataclass(frozen=True)
class Calls:
    """How often officers on duty were called (alarms of rules), how many failed, and when last."""

    count: int
    failed: int
    newest: datetime | None


def calls() -> Calls:
    """Count the calls to the officers on duty."""
    found = Transmission.objects.filter(message__kind="alarm").aggregate(
        count=Count("pk"), failed=Count("pk", filter=Q(status="failed")), newest=Max("created_at")
    )
    return Calls(**found)


def receipts(transmission_pk: int) -> dict[str, int]:
    """Return delivery status → count of one transmission."""
    rows = Delivery.objects.filter(transmission=transmission_pk)
    return outcomes(rows.order_by().values_list("status").annotate(n=Count("pk")))


def receipts_by_town(transmission_pk: int) -> list[tuple[str, int, int]]:
    """Return (town, recipients, reached) of one transmission; shielded people count without a town."""
    town = Case(
        When(resident__shielded=True, then=Value("")), default=F("resident__household__town__name")
    )
    rows = Delivery.objects.filter(transmission=transmission_pk).order_by().annotate(town=town)
    found: dict[str, list[int]] = {}
    counted = rows.values_list("town", "status").annotate(n=Count("pk"))
    for name, status, count in counted:
        pair = found.setdefault(name or "", [0, 0])
        pair[0] += count
        pair[1] += count if status in ("handed_over", "acknowledged") else 0
    return [(name, total, reached) for name, (total, reached) in sorted(found.items())]


@dataclass(frozen=True)
class Unreached:
    """A delivery that failed: ``address`` shows who carries it, nothing for shielded people."""

    town: str
    address: str
    error: str


def unreached(actor: Actor, transmission_pk: int, limit: int = 200) -> list[Unreached]:
    """Return failed deliveries with the counterpart's reason, for operators; no address in full."""
    require(actor, Audience.OPERATOR)
    rows = Delivery.objects.filter(transmission=transmission_pk, status="failed")
    rows = rows.select_related("resident__household__town", "transmission").order_by("pk")
    return [_unreached(row) for row in rows[:limit]]


def _unreached(row: Delivery) -> Unreached:
    """Return what may be shown of a failed delivery."""
    who, shown = row.resident, _masked(row.transmission.channel, row.address)
    hidden = who is not None and who.shielded
    said = row.error.replace(row.address, "…" if hidden else shown) if row.address else row.error
    if hidden:
        return Unreached("", "", said)
    town = who.household.town if who is not None else None
    return Unreached(town.name if town else "", shown, said)


def _masked(channel: str, address: str) -> str:
    """Return what staff may see of an address: who carries it, never the address itself."""
    if channel == "mail":
        return f"…@{address.rpartition('@')[2]}"
    if channel == "push":
        return urlsplit(address).hostname or ""
    return f"…{address[-2:]}" if channel == "sms" else ""


def prepared(message_pk: int) -> list[Message]:
    """Return the correction and cancellation that wait beside a message."""
    return list(Message.objects.filter(refers_to=message_pk, status="prepared").order_by("kind"))
