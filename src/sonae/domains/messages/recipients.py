"""Whom a message is for and by which channel first: once per address and household.

A person is told by the first channel of the own order that is available and has an address: what was
registered and confirmed (`ContactPoint`), else what the register knows. An ending goes to every
address that was told before, on the channel that told it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import on_duty
from sonae.domains.messages.channels import PERSONAL
from sonae.domains.messages.models import ContactPoint, Delivery, Message, Transmission
from sonae.domains.messages.rules import CHUNK
from sonae.domains.residents.interface import Resident
from sonae.platform.db import bulk_insert
from sonae.platform.scope import current

ENDINGS: Final = ("lifting", "cancellation")
MOBILE: Final = re.compile(r"0[789]0\d{8}")


@dataclass(frozen=True)
class Mailbox:
    """One address: the resident it belongs to, and those of the same household who gave it too."""

    resident: int | None
    address: str
    language: str
    others: tuple[int, ...] = ()
    contact: int | None = None


Boxes = dict[str, list[Mailbox]]
"""Channel → the addresses to which it hands a message."""


def add_deliveries(transmission: Transmission, found: Sequence[Mailbox]) -> range:
    """Make one delivery per address of a transmission, behind those it has; return their chunks.

    One chunk without anybody where there is nobody to tell: what is published is handed over too.
    """
    held = Delivery.objects.filter(transmission=transmission)
    last = held.order_by("-chunk").values_list("chunk", flat=True).first()
    first = 0 if last is None else last + 1
    bulk_insert(
        Delivery,
        {
            "transmission_id": [transmission.pk] * len(found),
            "resident_id": [one.resident for one in found],
            "contact_id": [one.contact for one in found],
            "others": [list(one.others) for one in found],
            "address": [one.address for one in found],
            "language": [one.language for one in found],
            "chunk": [first + number // CHUNK for number in range(len(found))],
            "status": ["created"] * len(found),
            "error": [""] * len(found),
        },
    )
    return range(first, first + max(-(-len(found) // CHUNK), 1))


def first_round(message: Message, channels: Collection[str]) -> Boxes:
    """Return whom each of these channels tells at first.

    Those whom earlier words about the topic reached, each where it was reached; when nobody was, and
    unless it ends something, those whom it means. Nobody who never heard of it is told that it is over.
    """
    earlier = _reached(message)
    if earlier or message.kind in ENDINGS:
        return {channel: boxes for channel, boxes in earlier.items() if channel in channels}
    if "contact" in message.audience:
        one = ContactPoint.objects.get(pk=message.audience["contact"])
        box = Mailbox(one.resident_id, one.address, one.resident.language, (), one.pk)
        return {one.channel: [box]}
    if "duty" in message.audience:
        return {"mail": [Mailbox(None, one.email, one.language) for one in on_duty()]}
    return planned(meant(message), channels)


def _reached(message: Message) -> Boxes:
    """Return every address that has, or may have, an earlier message about the topic, by channel."""
    scope = current()
    rows = Delivery.objects.filter(
        transmission__municipality=scope.municipality,
        transmission__world=scope.world.value,
        transmission__message__topic=message.topic,
    )
    rows = rows.exclude(transmission__message=message).exclude(status__in=("failed", "overtaken"))
    boxes: dict[str, dict[tuple[str, int | None], Mailbox]] = defaultdict(dict)
    told = rows.order_by("pk").values_list(
        "transmission__channel", "resident_id", "address", "language", "others", "contact_id",
        "contact__address",
    )  # fmt: skip
    for channel, resident, told_at, language, others, contact, moved_to in told:
        if address := moved_to or told_at:  # What its owner has erased is empty.
            box = Mailbox(resident, address, language, tuple(others), contact)
            boxes[channel][address, resident] = box
    return {channel: list(found.values()) for channel, found in boxes.items()}


def meant(message: Message) -> QuerySet[Resident]:
    """Return the residents of the area of a message, or all."""
    people = Resident.objects.all()
    if "order" in message.audience:
        homes = evacuation.homes_of(evacuation.order(message.audience["order"]))
        people = people.filter(household__in=homes)
    return people


def planned(
    people: QuerySet[Resident],
    channels: Collection[str],
    *,
    among: Collection[int] | None = None,
    used: Mapping[int, Collection[str]] | None = None,
) -> Boxes:
    """Return the first channel of everybody that is among ``channels`` and has an address.

    ``among``: only these people; ``used``: channels that were tried for a person, which are passed
    over: then it is the next one. People of one household who share an address are told once for all
    of them; a shielded person is told alone.
    """
    usable = [code for code in PERSONAL if code in channels]
    own, ended = _contacts(usable), ended_mails()
    shared: dict[tuple[str, str, int, int], list[tuple[int, str, int | None]]] = {}
    rows = people.order_by("pk").values_list(
        "pk", "email", "phone", "channel", "language", "household", "shielded"
    )
    for pk, email, phone, wish, language, household, shielded in rows:
        if among is not None and pk not in among:
            continue
        tried = (used or {}).get(pk, ())
        left = [code for code in usable if code not in tried]
        known = Known("" if (pk, email) in ended else email, phone, wish, bool(tried))
        for channel, address, contact in _first(own.get(pk, {}), left, known):
            key = (channel, address, household, pk if shielded else 0)
            shared.setdefault(key, []).append((pk, language, contact))
    boxes: Boxes = defaultdict(list)
    for (channel, address, _household, _alone), owners in shared.items():
        pk, language, contact = owners[0]
        others = tuple(other for other, _language, _contact in owners[1:])
        boxes[channel].append(Mailbox(pk, address, language, others, contact))
    return dict(boxes)


@dataclass(frozen=True)
class Known:
    """What the register holds of one person; ``again``: another channel has been tried already."""

    email: str
    phone: str
    wish: str
    again: bool


def _first(
    own: Mapping[str, list[tuple[str, int]]], usable: Iterable[str], known: Known
) -> Iterator[tuple[str, str, int | None]]:
    """Give channel, address and contact point of one person: every address of the first channel."""
    for channel in usable:
        if channel in own:
            yield from ((channel, address, contact) for address, contact in own[channel])
            return
        address = _of_register(channel, known)
        if address:
            yield channel, address, None
            return


def _of_register(channel: str, known: Known) -> str:
    """Return the address that the register holds for a channel its person has asked for, or nothing.

    Whom another channel has not reached is told by SMS too where the city knows a mobile phone.
    """
    if channel == "mail" and known.wish == "email":
        return known.email
    number = re.sub(r"[^0-9]", "", known.phone)
    asked = known.wish == "sms" or known.again
    if channel == "sms" and asked and known.wish != "none" and MOBILE.fullmatch(number):
        return number
    return ""


def ended_mails() -> set[tuple[int, str]]:
    """Return (resident, address) of mailboxes at which their owners want nothing any more."""
    rows = ContactPoint.objects.filter(channel="mail").exclude(ended_at=None)
    return set(rows.values_list("resident_id", "address"))


def _contacts(channels: Sequence[str]) -> dict[int, dict[str, list[tuple[str, int]]]]:
    """Return resident → channel → the confirmed addresses with their contact points."""
    rows = ContactPoint.objects.filter(channel__in=channels, ended_at=None)
    rows = rows.exclude(confirmed_at=None)
    found: dict[int, dict[str, list[tuple[str, int]]]] = {}
    told = rows.order_by("pk").values_list("resident_id", "channel", "address", "pk")
    for resident, channel, address, pk in told:
        found.setdefault(resident, {}).setdefault(channel, []).append((address, pk))
    return found
