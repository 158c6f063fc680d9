"""The noticeboard (掲示板) and the guest book (入館者): what hangs there, and who is in without staying."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.sheltering import rules
from sonae.domains.sheltering.entry import facility_for, name_of, one_of, said
from sonae.domains.sheltering.models import BoardNotice, Guest
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import writing


def put_up(
    actor: Actor, facility_pk: int, title: str, text: str,
    *, public: bool = False, until: datetime | None = None,
) -> BoardNotice:  # fmt: skip
    """Put a notice up; ``public``: on the shelter's public page as well."""
    facility, now = facility_for(actor, facility_pk), clock.now()
    if until is not None and until <= now:
        raise SonaeError(
            "unreadable", "掲示の期限が過ぎています。", "これからの日時にしてください。"
        )
    row = BoardNotice(
        facility=facility, title=said(title, 80, "見出し"), text=said(text, 2000, "本文"),
        public=public, until=until, put_up_at=now, put_up_by=name_of(actor),
    )  # fmt: skip
    with writing():
        row.save()
        _audit(actor, row, "sheltering.notice_put_up")
    return row


def take_down(actor: Actor, facility_pk: int, pk: int) -> BoardNotice:
    """Take a notice down; it stays on record."""
    facility_for(actor, facility_pk)
    rows = BoardNotice.objects.select_related("facility").filter(pk=pk, facility=facility_pk)
    row = rows.filter(taken_down_at=None).first()
    if row is None:
        raise SonaeError("not_found", "この掲示は、もう外されています。")
    with writing():
        row.taken_down_at = clock.now()
        row.save(update_fields=["taken_down_at"])
        _audit(actor, row, "sheltering.notice_taken_down")
    return row


def _audit(actor: Actor, row: BoardNotice, act: str) -> None:
    audit.record(
        actor.id, act, f"notice:{row.pk}", name=f"{row.facility.name}「{row.title}」",
        public=row.public,
    )  # fmt: skip


def board(facility_pk: int, *, public: bool = False) -> list[BoardNotice]:
    """Return what hangs on a shelter's board now, newest first; ``public``: what everybody may read."""
    rows = BoardNotice.objects.filter(facility=facility_pk, taken_down_at=None)
    rows = rows.filter(Q(until=None) | Q(until__gt=clock.now()))
    return list((rows.filter(public=True) if public else rows).order_by("-put_up_at", "-pk"))


def public_boards() -> dict[int, list[BoardNotice]]:
    """Return facility → what everybody may read of its board now, newest first."""
    rows = BoardNotice.objects.filter(public=True, taken_down_at=None)
    found: dict[int, list[BoardNotice]] = {}
    for row in rows.filter(Q(until=None) | Q(until__gt=clock.now())).order_by("-put_up_at", "-pk"):
        found.setdefault(row.facility_id, []).append(row)
    return found


def come(
    actor: Actor, facility_pk: int, kind: str, name: str, organisation: str = "", purpose: str = ""
) -> Guest:
    """Let a guest in: visitor, volunteer, official …; in no head-count of evacuees."""
    row = Guest(
        facility=facility_for(actor, facility_pk), kind=one_of(kind, rules.GUESTS, "種類"),
        name=said(name, 80, "氏名"), organisation=organisation.strip()[:80],
        purpose=purpose.strip()[:120], came_at=clock.now(), by=name_of(actor),
    )  # fmt: skip
    with writing():
        row.save()
    return row


def leave(actor: Actor, facility_pk: int, pk: int) -> Guest:
    """Let a guest out; a second press changes nothing."""
    facility_for(actor, facility_pk)
    row = Guest.objects.filter(pk=pk, facility=facility_pk).first()
    if row is None:
        raise SonaeError("not_found", "この人は入館の記録にありません。")
    if row.left_at is None:
        with writing():
            row.left_at = clock.now()
            row.save(update_fields=["left_at"])
    return row


def guests(facility_pk: int, limit: int = 100) -> list[Guest]:
    """Return the guest book: who is still in first, then those who left, newest first."""
    rows = Guest.objects.filter(facility=facility_pk)
    inside = list(rows.filter(left_at=None).order_by("came_at", "pk"))
    return inside + list(rows.exclude(left_at=None).order_by("-left_at", "-pk")[:limit])
