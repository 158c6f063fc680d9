"""Verbs of contact points: where a resident wants to be told, added, proved, ended by its owner.

Both worlds share them: an exercise changes nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core import signing
from django.db.models import F

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.messages.models import ContactPoint, Delivery
from sonae.domains.messages.pushkeys import known_service, padded
from sonae.platform import audit
from sonae.platform.access import Actor, Role
from sonae.platform.db import writing
from sonae.platform.scope import current, is_exercise
from sonae.platform.sealing import seal, unseal

MOST: Final = 10
"""Contact points of one channel per person; the oldest gives way."""
_SEAL: Final = "push keys"
_LEAVE: Final = "sonae.leave"
ENDS: Final = ("owner", "replaced", "oldest", "gone")
"""Why a contact point ended: by its owner, by another person on the same device, as the oldest of too
many, or because the counterpart has given it up."""


def sealed_keys(sealed: str) -> Mapping[str, str]:
    """Return what a push is encrypted for (p256dh, auth; base64url); `SonaeError` if it cannot be opened."""
    found = json.loads(unseal(_SEAL, sealed))
    return dict(found)


def owner_of(actor: Actor) -> int:
    """Return whose contact points an actor may change: the own, and never in an exercise."""
    if actor.role is not Role.RESIDENT or actor.resident_id is None:
        raise SonaeError(
            "no_resident",
            "この利用者は、住民の記録と結び付いていません。",
            "市の窓口で、利用者と住民の記録を結び付けてもらってください。",
        )
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、連絡先を変えられません。", "本番の画面で行ってください。"
        )
    return actor.resident_id


def contacts_of(actor: Actor) -> list[ContactPoint]:
    """Return one's own contact points, those in use first, then the newest."""
    if actor.resident_id is None:
        return []
    rows = ContactPoint.objects.filter(resident=actor.resident_id).order_by("-added_at", "-pk")
    return sorted(rows, key=lambda one: one.ended_at is not None)


def _checked(endpoint: str, p256dh: str, auth: str) -> str:
    """Return the keys sealed; `SonaeError` ``unprocessable`` for what no browser would send."""
    refused = SonaeError(
        "unprocessable",
        "この端末の登録を受け取れません。",
        "ブラウザーを新しくしてから、もう一度試してください。",
    )
    if len(endpoint) > 1000 or not known_service(endpoint):
        raise refused
    try:
        point, secret = padded(p256dh), padded(auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise refused from None
    if len(point) != 65 or len(secret) != 16:
        raise refused
    return seal(_SEAL, json.dumps({"p256dh": p256dh, "auth": auth}))


def add_push(actor: Actor, endpoint: str, p256dh: str, auth: str, label: str = "") -> ContactPoint:
    """Register this browser for Web Push; its own yes to the browser is the confirmation.

    A browser belongs to the last person who registered it. Registering again renews it.
    """
    owner = owner_of(actor)
    keys, now = _checked(endpoint, p256dh, auth), clock.now()
    with writing():
        same = ContactPoint.objects.filter(channel="push", address=endpoint)
        same.exclude(resident=owner).filter(ended_at=None).update(
            ended_at=now, ended_why="replaced"
        )
        made, _new = ContactPoint.objects.update_or_create(
            resident_id=owner, channel="push", address=endpoint,
            defaults={"keys": keys, "label": label[:80], "added_at": now, "confirmed_at": now,
                      "ended_at": None, "ended_why": ""},
        )  # fmt: skip
        leave_room(owner, "push")
        audit.record(actor.id, "contact_added", f"contact:{made.pk}", channel="push")
    return made


def leave_room(owner: int, channel: str) -> None:
    """End the oldest of more than `MOST` in use."""
    rows = ContactPoint.objects.filter(resident=owner, channel=channel, ended_at=None)
    many = list(rows.order_by("-added_at", "-pk").values_list("pk", flat=True)[MOST:])
    ContactPoint.objects.filter(pk__in=many).update(ended_at=clock.now(), ended_why="oldest")


def renew_push(old: str, endpoint: str, p256dh: str, auth: str) -> bool:
    """Put a browser's new subscription in the place of the one that its push service has replaced.

    The old endpoint is a secret that only that browser and its service know: who has it may move it.
    False when nobody is registered under it.
    """
    keys = _checked(endpoint, p256dh, auth)
    with writing():
        rows = ContactPoint.objects.select_for_update().filter(channel="push", address=old)
        rows = rows.exclude(ended_why__in=("owner", "replaced"))
        row = rows.order_by(F("ended_at").asc(nulls_first=True), "-added_at").first()
        if row is None:
            return False
        taken = ContactPoint.objects.filter(channel="push", address=endpoint).exclude(pk=row.pk)
        if taken.exists():
            return False
        row.address, row.keys, row.added_at = endpoint, keys, clock.now()
        row.ended_at, row.ended_why = None, ""
        row.save()
        audit.record("browser", "contact_renewed", f"contact:{row.pk}", channel="push")
    return True


def end_contact(actor: Actor, pk: int) -> ContactPoint:
    """End one of one's own contact points; nothing is sent there any more."""
    owner = owner_of(actor)
    with writing():
        row = ContactPoint.objects.select_for_update().filter(pk=pk, resident=owner).first()
        if row is None:
            raise SonaeError("not_found", "この連絡先は登録されていません。")
        if row.ended_at is None:
            row.ended_at, row.ended_why, row.code = clock.now(), "owner", ""
            row.save(update_fields=["ended_at", "ended_why", "code"])
            audit.record(actor.id, "contact_ended", f"contact:{row.pk}", channel=row.channel)
    return row


def leave_link(delivery: int) -> str:
    """Return the link by which whoever got a delivery ends what is sent to that address (RFC 8058)."""
    token = signing.dumps([current().municipality, delivery], salt=_LEAVE, compress=True)
    return f"{settings.ISSUER}/u/{token}"


def leaving(token: str) -> Delivery:
    """Return the delivery that a link to leave came with; `SonaeError` ``not_found`` for any other."""
    try:
        city, pk = signing.loads(token, salt=_LEAVE)
    except (signing.BadSignature, ValueError):
        city, pk = "", 0
    row = Delivery.objects.select_related("transmission").filter(pk=pk).first()
    here = current()
    if row is None or city != here.municipality or row.transmission.world != here.world.value:
        raise SonaeError(
            "not_found",
            "このリンクは正しくありません。",
            "届いたメールのリンクを、そのまま開いてください。",
        )
    return row


def leave(token: str) -> None:
    """End what is sent to the address that a link came to, for everybody who shares it; no log-in.

    The link is the credential, as mail programs press it by themselves (RFC 8058). What the register
    holds is not changed, only not used.
    """
    delivery, now = leaving(token), clock.now()
    channel = delivery.transmission.channel
    with writing():
        for owner in delivery.owners if delivery.address else ():
            row, _new = ContactPoint.objects.get_or_create(
                resident_id=owner, channel=channel, address=delivery.address,
                defaults={"added_at": now},
            )  # fmt: skip
            if row.ended_at is None:
                row.ended_at, row.ended_why = now, "owner"
                row.save(update_fields=["ended_at", "ended_why"])
                audit.record("link", "contact_ended", f"contact:{row.pk}", channel=channel)
