"""Emergency sharing (緊急時の名簿提供): declared by one, put in force by another, ended by anybody.

Without it the roster of those who need help goes to supporters by consent or ordinance alone
(災害対策基本法 第49条の11); with it, to save lives, without asking anybody, for three days at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent.models import AccessEvent, EmergencySharing
from sonae.domains.consent.rules import LONGEST_SHARING, ROSTER, SHARING_BASIS, SUPPORTERS
from sonae.domains.municipalities.interface import municipality
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise


@dataclass(frozen=True)
class Handed:
    """What went out at once under a sharing: when, to whom, by which member of staff, about whom."""

    at: datetime
    body: str
    by: str
    people: tuple[int, ...]
    kinds: tuple[str, ...]


# --- reading -----------------------------------------------------------------------------------


def state_of(row: EmergencySharing, at: datetime | None = None) -> str:
    """Return draft, lapsed (a draft too old to approve), dropped, in_force, expired or ended."""
    over = row.expires_at <= (at or clock.now())
    if row.ended_at is not None:
        return "ended" if row.approved_at else "dropped"
    if row.approved_at is None:
        return "lapsed" if over else "draft"
    return "expired" if over else "in_force"


def _in_force() -> QuerySet[EmergencySharing]:
    """Return the sharings in force, the one approved last first."""
    rows = EmergencySharing.objects.filter(
        approved_at__lte=clock.now(), expires_at__gt=clock.now(), ended_at=None
    )
    return rows.order_by("-approved_at", "-pk")


def sharings_now() -> list[EmergencySharing]:
    """Return every sharing in force, the one approved last first."""
    return list(_in_force())


def sharing_for(body: str) -> EmergencySharing | None:
    """Return the sharing by which a body may have the roster now: of those that name it, the last.

    So a narrower one takes the place of a wider one. None in an exercise of a real city: the register
    is no part of the exercise, and nobody's life is in danger there.
    """
    if is_exercise() and not municipality().is_demo:
        return None
    return next((one for one in _in_force() if not one.bodies or body in one.bodies), None)


def sharings(actor: Actor) -> list[EmergencySharing]:
    """Return all sharings and drafts of this world, newest first."""
    require(actor, Audience.OPERATOR)
    return list(EmergencySharing.objects.order_by("-pk"))


def sharing(actor: Actor, pk: int) -> EmergencySharing:
    """Return one sharing; `SonaeError` ``not_found``."""
    require(actor, Audience.OPERATOR)
    found = EmergencySharing.objects.filter(pk=pk).first()
    if found is None:
        raise _unknown()
    return found


def sharings_waiting() -> int:
    """Return how many drafts wait for somebody else's approval."""
    return EmergencySharing.objects.filter(
        approved_at=None, ended_at=None, expires_at__gt=clock.now()
    ).count()


def handed_out(actor: Actor, pk: int) -> list[Handed]:
    """Return every disclosure under a sharing, newest first; what one act gave out is one of them."""
    require(actor, Audience.OPERATOR)
    found: dict[tuple[datetime, str, str], tuple[list[int], set[str]]] = defaultdict(
        lambda: ([], set())
    )
    rows = AccessEvent.objects.filter(sharing=pk).order_by("pk")
    for at, body, by, subject, kinds in rows.values_list(
        "at", "recipient", "asked_by", "subject", "fields"
    ):
        people, told = found[at, body, by]
        people.append(subject)
        told.update(kinds)
    made = [
        Handed(*key, tuple(people), tuple(sorted(told))) for key, (people, told) in found.items()
    ]
    return sorted(made, key=lambda one: one.at, reverse=True)


# --- writing -----------------------------------------------------------------------------------


def declare_sharing(
    actor: Actor, reason: str, kinds: Iterable[str], hours: float, bodies: Iterable[str] = ()
) -> EmergencySharing:
    """Draft an emergency sharing for ``hours`` from its approval (72 at most).

    ``bodies`` of `SUPPORTERS`: who may have the roster; every supporter where none is named.
    """
    require(actor, Audience.OPERATOR)
    wanted, whom, length = sorted(set(kinds)), set(bodies), timedelta(hours=hours)
    if not reason.strip() or not wanted or not ROSTER.issuperset(wanted):
        raise SonaeError("unreadable", "理由と、名簿の項目を1つ以上指定してください。")
    if not whom.issubset(SUPPORTERS):
        raise SonaeError("unreadable", "提供先は、一覧から選んでください。")
    if not timedelta(0) < length <= LONGEST_SHARING:
        raise SonaeError(
            "unreadable", "期間は72時間までです。必要なら終わる前に改めて起案してください。"
        )
    with writing():
        made = EmergencySharing.objects.create(
            reason=reason.strip()[:200], basis=SHARING_BASIS, kinds=wanted,
            bodies=[one for one in SUPPORTERS if one in whom], declared_by=actor.id,
            declared_at=clock.now(), expires_at=clock.now() + length,
        )  # fmt: skip
        audit.record(
            actor.id, "sharing_declared", f"sharing:{made.pk}", kinds=wanted, hours=hours,
            bodies=made.bodies, reason=made.reason,
        )  # fmt: skip
    return made


def approve_sharing(actor: Actor, sharing_pk: int) -> EmergencySharing:
    """Put a drafted sharing in force; never by the person who drafted it."""
    require(actor, Audience.APPROVER)
    with writing():
        row = _locked(sharing_pk)
        if row.declared_by == actor.id:
            raise SonaeError("forbidden", "起案した本人は決裁できません。")
        if state_of(row) != "draft":
            raise SonaeError("conflict", "この起案は、もう決裁できません。")
        row.expires_at = clock.now() + (row.expires_at - row.declared_at)
        row.approved_by, row.approved_at = actor.id, clock.now()
        row.save()
        audit.record(actor.id, "sharing_approved", f"sharing:{row.pk}")
    return row


def end_sharing(actor: Actor, sharing_pk: int) -> None:
    """End a sharing (or drop a draft) before its time; one person is enough for less disclosure."""
    require(actor, Audience.OPERATOR)
    with writing():
        row = _locked(sharing_pk)
        if row.ended_at is None:
            row.ended_by, row.ended_at = actor.id, clock.now()
            row.save()
            act = "sharing_ended" if row.approved_at else "sharing_dropped"
            audit.record(actor.id, act, f"sharing:{row.pk}")


def _locked(pk: int) -> EmergencySharing:
    """Return one sharing, held against changes by others until the end of the transaction."""
    row = EmergencySharing.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> SonaeError:
    return SonaeError("not_found", "この名簿提供は登録されていません。")
