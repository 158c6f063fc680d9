"""From channel to channel until somebody answers: push → LINE → mail → SMS → at the door.

An order is told again, by the next channel of each person, to those of whom nothing has been heard
since: not on the ledger, not by a link, and nobody is on the way to them. Nothing goes twice to one
address. Whose channels are used up is left to people: patrol sheets and the list of the missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Final

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import ports
from sonae.domains.messages.channels import PERSONAL
from sonae.domains.messages.models import Delivery, Message, Transmission
from sonae.domains.messages.recipients import meant, planned
from sonae.domains.messages.rules import LADDER_MINUTES
from sonae.domains.messages.services import hand_on
from sonae.domains.safety import interface as safety
from sonae.platform import outbox
from sonae.platform.db import writing

STEP: Final = "message.step"


def _later(order_pk: int, number: int) -> None:
    level = evacuation.order(order_pk).level
    outbox.publish(
        STEP,
        {"order": order_pk, "number": number},
        delay=LADDER_MINUTES[level] * 60,
        dedupe_key=f"{STEP}:{order_pk}:{number}",
    )


def _newest(order_pk: int) -> Message | None:
    """Return what is said of an order now: its message, or the last correction of it."""
    rows = Message.objects.filter(order=order_pk, kind__in=("order", "correction"))
    return rows.filter(status="approved").order_by("-sent_at", "-pk").first()


def step(order_pk: int, number: int) -> dict[str, int]:
    """Tell those who have not answered by their next channel; return channel → how many addresses.

    ``number`` 0: only those whom every channel so far has refused, who need not wait for anybody's
    answer. Ends with the order, and when nobody is left who has another channel.
    """
    with writing():
        message, order = _newest(order_pk), evacuation.order(order_pk)
        if message is None or message.sent_at is None or order.status != "issued":
            return {}
        tried = _tried(message.topic)
        people = meant(message)
        waiting = safety.quiet(people.values_list("pk", flat=True), message.sent_at)
        if number == 0:
            waiting = {pk for pk in waiting if pk in tried and tried[pk].lost}
        usable = [code for code in PERSONAL if ports.available(code)]
        used = {pk: one.channels for pk, one in tried.items()}
        boxes = planned(people, usable, among=waiting, used=used)
        for channel, found in boxes.items():
            hand_on(message, channel, found)
        told = {channel: len(found) for channel, found in boxes.items()}
        if number and (told or number == 1):
            _later(order_pk, number + 1)
    return told


@dataclass
class _Tried:
    """What was tried for one person about one topic; ``lost``: nothing of it has arrived or may yet."""

    channels: set[str]
    told: bool = False
    open: bool = False
    answered: bool = False

    @property
    def lost(self) -> bool:
        """Tell whether every channel has refused."""
        return not (self.told or self.open or self.answered)


def _tried(topic: str) -> Mapping[int, _Tried]:
    """Return resident → what was tried, for everybody to whom something about a topic was to go."""
    rows = Delivery.objects.filter(transmission__in=_transmissions(topic)).exclude(resident=None)
    found: dict[int, _Tried] = defaultdict(lambda: _Tried(set()))
    told = rows.values_list("resident_id", "others", "transmission__channel", "status")
    for resident, others, channel, status in told:
        for pk in (resident, *others):
            if pk is None:
                continue
            one = found[pk]
            one.channels.add(channel)
            one.told |= status == "handed_over"
            one.open |= status in ("created", "sending", "overtaken")
            one.answered |= status == "acknowledged"
    return dict(found)


def _transmissions(topic: str) -> Collection[int]:
    return Transmission.objects.filter(message__topic=topic).values_list("pk", flat=True)


@dataclass
class Reach:
    """How an order has reached the people of one town; every person stands in one column.

    ``answered``: heard of since; ``visited``: not heard of, and on an open patrol sheet; ``told``:
    handed over and nothing heard of this one; ``under_way``: not handed over yet; ``refused`` by every channel;
    ``nowhere``: no address is known.
    """

    town: str
    answered: int = 0
    visited: int = 0
    told: int = 0
    under_way: int = 0
    refused: int = 0
    nowhere: int = 0

    @property
    def meant(self) -> int:
        """Everybody of the town whom the order means."""
        return sum(getattr(self, one.name) for one in fields(self) if one.name != "town")


def reach(message_pk: int) -> list[Reach]:
    """Return how an order's message has reached whom it means, by town; those under 支援措置 left out."""
    message = Message.objects.filter(pk=message_pk, kind__in=("order", "correction")).first()
    if message is None or message.sent_at is None:
        return []
    first = Message.objects.filter(topic=message.topic, kind="order").exclude(sent_at=None).first()
    tried = _tried(message.topic)
    people = meant(message).filter(shielded=False)
    rows = list(people.values_list("pk", "household__town__name"))
    since = first.sent_at if first is not None and first.sent_at else message.sent_at
    pks = [pk for pk, _town in rows]
    silent = safety.quiet(pks, since, visited=True)
    unvisited = safety.quiet(pks, since)
    found: dict[str, Reach] = {}
    for pk, town in rows:
        one = found.setdefault(town, Reach(town))
        column = _column(tried.get(pk), silent=pk in silent, visited=pk not in unvisited)
        setattr(one, column, getattr(one, column) + 1)
    return [found[town] for town in sorted(found)]


def _column(tried: _Tried | None, *, silent: bool, visited: bool) -> str:
    """Return in which column of `Reach` one person stands."""
    if not silent:
        return "answered"
    if visited:
        return "visited"
    if tried is None:
        return "nowhere"
    if tried.told or tried.answered:  # Somebody pressed at that address: it need not be this one.
        return "told"
    return "under_way" if tried.open else "refused"
