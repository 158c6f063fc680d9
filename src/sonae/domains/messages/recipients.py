"""Whom a message is for: once per mailbox and household, and an ending only for whom was called out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity.interface import on_duty
from sonae.domains.messages.models import Delivery, Message, Transmission
from sonae.domains.messages.rules import CHUNK
from sonae.domains.residents.interface import Resident
from sonae.platform.db import bulk_insert

ENDINGS = ("lifting", "cancellation")


@dataclass(frozen=True)
class Mailbox:
    """One address: the resident it belongs to, and those of the same household who gave it too."""

    resident: int | None
    address: str
    language: str
    others: tuple[int, ...] = ()


def add_deliveries(transmission: Transmission, message: Message) -> int:
    """Make one delivery per mailbox of a transmission; return how many."""
    found = list(_mailboxes(transmission, message))
    return bulk_insert(
        Delivery,
        {
            "transmission_id": [transmission.pk] * len(found),
            "resident_id": [one.resident for one in found],
            "others": [list(one.others) for one in found],
            "address": [one.address for one in found],
            "language": [one.language for one in found],
            "chunk": [number // CHUNK for number in range(len(found))],
            "status": ["created"] * len(found),
            "error": [""] * len(found),
        },
    )


def _mailboxes(transmission: Transmission, message: Message) -> Iterable[Mailbox]:
    """Those whom earlier words about the topic reached; else, unless it ends, those whom it means.

    Nobody who never heard of it is told that it is over (a mail server that was set up later).
    """
    reached = _reached(transmission, message)
    return reached if reached or message.kind in ENDINGS else _meant(message)


def _reached(transmission: Transmission, message: Message) -> list[Mailbox]:
    """Return every mailbox that has, or may have, an earlier message about the topic."""
    rows = Delivery.objects.filter(
        transmission__municipality=transmission.municipality,
        transmission__world=transmission.world,
        transmission__message__topic=message.topic,
        transmission__channel=transmission.channel,
        transmission__pk__lt=transmission.pk,
    ).exclude(status__in=("failed", "overtaken"))
    found = {
        (one.address, one.resident_id): Mailbox(
            one.resident_id, one.address, one.language, tuple(one.others)
        )
        for one in rows.order_by("pk")
    }
    return list(found.values())


def _meant(message: Message) -> list[Mailbox]:
    """Return the mailboxes of the residents of the area who want e-mail, or of those on duty.

    People of one household who share an address get one mail for all of them; a shielded person's
    mail is that person's alone.
    """
    if "duty" in message.audience:
        return [Mailbox(None, one.email, one.language) for one in on_duty()]
    people = Resident.objects.filter(channel="email").exclude(email="")
    if "order" in message.audience:
        homes = evacuation.homes_of(evacuation.order(message.audience["order"]))
        people = people.filter(household__in=homes)
    rows = people.order_by("pk").values_list("pk", "email", "language", "household", "shielded")
    shared: dict[tuple[str, int, int], list[tuple[int, str]]] = {}
    for pk, address, language, household, shielded in rows:
        key = (address, household, pk if shielded else 0)
        shared.setdefault(key, []).append((pk, language))
    return [
        Mailbox(owners[0][0], key[0], owners[0][1], tuple(pk for pk, _language in owners[1:]))
        for key, owners in shared.items()
    ]
