"""Proving an address (double opt-in): a number is sent to it, and who types it in has read it.

The number goes the way of every message, so that it is tried again like one and its fate is on record.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any, Final

from django.utils.crypto import constant_time_compare, salted_hmac

from sonae.core import clock, typed
from sonae.core.errors import SonaeError
from sonae.domains.messages.contacts import leave_room, owner_of
from sonae.domains.messages.models import ContactPoint, Delivery, Message
from sonae.domains.messages.recipients import MOBILE
from sonae.domains.messages.rules import PROOF_MINUTES
from sonae.domains.messages.services import release, write_texts
from sonae.domains.messages.wording import Text
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents.interface import Resident
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor
from sonae.platform.db import writing

VALID: Final = timedelta(minutes=PROOF_MINUTES)
MOST_TRIES: Final = 5
MOST_A_DAY: Final = 5
"""Numbers sent for one resident in a day: nobody fills a stranger's mailbox through us."""
_ADDRESS: Final = re.compile(r"[!-;=?A-~]{1,64}@(?=.{3,60}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_SAID: Final = {
    "ja": ("確認番号 {code}（{city}）", "確認番号は {code} です。30分以内に「お知らせの受け取り方」のページに入れてください。\n\n心当たりがないときは、無視してください。何も届くようになりません。"),
    "ja-x-easy": ("番号（ばんごう） {code}（{city}）", "番号（ばんごう）は {code} です。30分（さんじゅっぷん）の 間（あいだ）に 入れて（いれて）ください。\n\n知らない（しらない）ときは、すてて ください。"),
    "en": ("Code {code} ({city})", "Your code is {code}. Enter it within 30 minutes on the page where you asked for it.\n\nIf you did not ask for it, ignore this message. Nothing else will be sent to you."),
}  # fmt: skip


def _hash(pk: int, code: str) -> str:
    return salted_hmac("sonae.contact", f"{pk}:{code}", algorithm="sha256").hexdigest()


def add_mail(actor: Actor, address: str, language: str) -> ContactPoint:
    """Send a number to a mailbox of one's own; it counts once the number has come back.

    `SonaeError` ``unprocessable`` for what is no address, ``conflict`` for one in use already,
    ``too_many`` after several in a day.
    """
    given = address.strip()
    if not _ADDRESS.fullmatch(given):
        raise SonaeError(
            "unprocessable", "メールアドレスの形が正しくありません。", "例：name@example.jp"
        )
    return _asked(actor, "mail", given, language)


def add_phone(actor: Actor, number: str, language: str) -> ContactPoint:
    """Send a number to a mobile phone of one's own by SMS; refusals as in `add_mail`."""
    given = re.sub(r"[^0-9+]", "", typed.number(number))
    given = re.sub(r"^\+81", "0", given)
    if not MOBILE.fullmatch(given):
        raise SonaeError(
            "unprocessable", "携帯電話の番号の形が正しくありません。", "例：090-1234-5678"
        )
    return _asked(actor, "sms", given, language)


def _asked(actor: Actor, channel: str, given: str, language: str) -> ContactPoint:
    """Send a number; what has ended stays so until the number has come back."""
    owner = owner_of(actor)
    with writing():
        _not_too_often(owner)
        made, new = ContactPoint.objects.get_or_create(
            resident_id=owner, channel=channel, address=given, defaults={"added_at": clock.now()}
        )
        if not new and made.confirmed_at is not None and made.ended_at is None:
            raise SonaeError("conflict", "この宛先は、もう登録されています。")
        code = f"{secrets.randbelow(10**6):06d}"
        made.code, made.code_until = _hash(made.pk, code), clock.now() + VALID
        made.code_tries, made.confirmed_at, made.added_at = 0, None, clock.now()
        made.save()
        _send(made, code, language if language in _SAID else "ja")
        audit.record(actor.id, "contact_asked", f"contact:{made.pk}", channel=channel)
    return made


def _not_too_often(owner: int) -> None:
    since = clock.now() - timedelta(days=1)
    sent = Message.objects.filter(
        kind="proof", topic__startswith=f"proof:{owner}:", drafted_at__gte=since
    )
    if sent.count() >= MOST_A_DAY:
        raise SonaeError(
            "too_many", "確認番号を送れるのは、1日に5回までです。", "明日、もう一度試してください。"
        )


def _send(contact: ContactPoint, code: str, language: str) -> None:
    """Send the number to the address alone, in the language of the page; a newer one overtakes it."""
    here, now = municipality(), clock.now()
    message = Message.objects.create(
        kind="proof", topic=f"proof:{contact.resident_id}:{contact.pk}",
        audience={"contact": contact.pk}, channels=[contact.channel],
        drafted_by=SYSTEM.id, drafted_at=now,
    )  # fmt: skip
    subject, body = _SAID[language]
    told = {"code": code, "city": here.name_en if language == "en" else here.name}
    text = Text(subject.format(**told), body.format(**told))
    write_texts(message, dict.fromkeys([(contact.channel, x) for x in _SAID], text))
    release(message, SYSTEM.id)


def confirm_contact(actor: Actor, pk: int, code: str) -> ContactPoint:
    """Let an address count from now on: its owner has read the number there."""
    owner = owner_of(actor)
    given = re.sub(r"\D", "", code.translate({ord("０") + n: str(n) for n in range(10)}))
    with writing():
        row = ContactPoint.objects.select_for_update().filter(pk=pk, resident=owner).first()
        if row is None:
            raise SonaeError("not_found", "この連絡先は登録されていません。")
        row.code_tries += 1
        row.save(update_fields=["code_tries"])
        right = constant_time_compare(row.code, _hash(row.pk, given)) and bool(row.code)
        fresh = row.code_until is not None and clock.now() < row.code_until
        if right and fresh and row.code_tries <= MOST_TRIES:
            row.code, row.code_until = "", None
            row.confirmed_at, row.ended_at, row.ended_why = clock.now(), None, ""
            row.save()
            leave_room(owner, row.channel)
            audit.record(actor.id, "contact_confirmed", f"contact:{row.pk}", channel=row.channel)
            return row
    if not fresh or row.code_tries > MOST_TRIES:
        raise SonaeError(
            "unprocessable", "この番号は、もう使えません。", "番号をもう一度送ってください。"
        )
    raise SonaeError("unprocessable", "番号が違います。", "届いた6けたの番号を入れてください。")


def register_mail(actor: Actor) -> str:
    """Return one's own mailbox as the city's register has it, while it is used; else nothing."""
    row = Resident.objects.filter(pk=actor.resident_id or 0, channel="email").first()
    if row is None or not row.email:
        return ""
    held = ContactPoint.objects.filter(resident=row.pk, channel="mail", address=row.email)
    return "" if held.exists() else row.email


def end_register_mail(actor: Actor) -> None:
    """Let nothing be sent to the register's mailbox any more; the register itself stays as it is."""
    owner, address, now = owner_of(actor), register_mail(actor), clock.now()
    if not address:
        raise SonaeError("not_found", "この連絡先は登録されていません。")
    with writing():
        made = ContactPoint.objects.create(
            resident_id=owner, channel="mail", address=address, added_at=now,
            ended_at=now, ended_why="owner",
        )  # fmt: skip
        audit.record(actor.id, "contact_ended", f"contact:{made.pk}", channel="mail")


def forget_contacts(actor: Actor) -> int:
    """Erase one's own contact points and the addresses in the records of what was sent there.

    What the city's register holds stays, and so does the wish that nothing be sent to it.
    """
    owner, kept = owner_of(actor), register_address(actor)
    with writing():
        rows = ContactPoint.objects.filter(resident=owner)
        rows = rows.exclude(channel="mail", address=kept, ended_why="owner")
        Delivery.objects.filter(contact__in=rows).update(address="")
        count, _by = rows.delete()
        audit.record(actor.id, "contact_erased", f"resident:{owner}", count=count)
    return count


def register_address(actor: Actor) -> str:
    """Return the mailbox that the register has of the actor, used or not."""
    return str(
        Resident.objects.filter(pk=actor.resident_id or 0).values_list("email", flat=True).first()
        or ""
    )


def export_contacts(actor: Actor) -> dict[str, Any]:
    """Return all that is stored of one's contact points, and what was sent to oneself, as plain data."""
    owner = actor.resident_id or 0
    rows = ContactPoint.objects.filter(resident=owner).order_by("pk")
    sent = Delivery.objects.filter(resident=owner).select_related("transmission__message")
    return {
        "contact_points": [
            {
                "channel": one.channel, "address": one.address, "label": one.label,
                "added_at": _iso(one.added_at), "confirmed_at": _iso(one.confirmed_at),
                "ended_at": _iso(one.ended_at), "ended_why": one.ended_why,
            }
            for one in rows
        ],
        "register_mail": register_mail(actor),
        "sent": [
            {
                "channel": one.transmission.channel, "kind": one.transmission.message.kind,
                "address": one.address, "status": one.status, "at": _iso(one.at),
                "world": one.transmission.world,
            }
            for one in sent.order_by("pk")
        ],
    }  # fmt: skip


def _iso(at: Any) -> str | None:
    return at.isoformat() if at else None
