"""死亡の確認: nobody is written down as dead by one person.

One person proposes, another who may approve agrees; then, and only then, a sighting says so. Until
then nothing of it leaves the desk of the headquarters. A mistake is taken back by one person, at
once: the void brings back exactly what was known before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.safety import rules
from sonae.domains.safety.models import DeathConfirmation, Visitor
from sonae.domains.safety.people import keys_of
from sonae.domains.safety.services import NewSighting, VisitorFacts, record
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing


def propose_death(
    actor: Actor, person: str, basis: str, occurred_at: datetime, place: str = "", note: str = ""
) -> DeathConfirmation:
    """Propose that a person's death be recorded; it changes nothing yet.

    ``basis`` of `rules.DEATH_BASES`. `SonaeError` ``conflict`` when it was proposed or recorded.
    """
    require(actor, Audience.OPERATOR)
    if basis not in rules.DEATH_BASES:
        raise SonaeError("unprocessable", "何で確認したかを選んでください。")
    if occurred_at > clock.now():
        raise SonaeError("unprocessable", "確認された日時が、いまより後になっています。")
    with writing():
        take_turn("safety")
        keys = keys_of(actor, person)
        if _of(keys, "proposed", "agreed"):
            raise SonaeError("conflict", "この人の死亡の確認は、もう出ています。")
        made = DeathConfirmation.objects.create(
            person=keys[0], basis=basis, place=place.strip()[:200], note=note.strip()[:400],
            occurred_at=occurred_at, proposed_by=actor.id, proposed_name=actor.name[:120],
            proposed_at=clock.now(),
        )  # fmt: skip
        audit.record(actor.id, "death.proposed", f"death:{made.pk}")
    return made


def decide_death(actor: Actor, pk: int, step: str, note: str = "") -> DeathConfirmation:
    """Agree to, refuse, withdraw or undo a confirmation (`rules.DEATH_STEPS`).

    Agreeing and refusing are for another person than who proposed; undoing needs a reason.
    """
    require(actor, Audience.APPROVER if step in ("agreed", "refused") else Audience.OPERATOR)
    with writing():
        take_turn("safety")
        row = DeathConfirmation.objects.filter(pk=pk).first()
        if row is None:
            raise SonaeError("not_found", "この死亡の確認はありません。")
        if step not in rules.DEATH_STEPS.get(row.state, ()):
            raise SonaeError("conflict", "この死亡の確認は、もう状態が変わっています。")
        _check(actor, row, step, note)
        row.state, row.decided_note = step, note.strip()[:400]
        row.decided_by, row.decided_name = actor.id, actor.name[:120]
        row.decided_at = clock.now()
        if step == "agreed":
            row.sighting = uuid7()
        elif step == "undone":
            row.undoing = uuid7()
        row.save()
        if step in ("agreed", "undone"):
            _write(actor, row)
        audit.record(actor.id, f"death.{step}", f"death:{row.pk}")
    return row


def _check(actor: Actor, row: DeathConfirmation, step: str, note: str) -> None:
    if step in ("agreed", "refused") and row.proposed_by == actor.id:
        raise SonaeError("forbidden", "提案した本人は決裁できません。ほかの人が確かめてください。")
    if step == "agreed" and _of(keys_of(actor, row.person), "agreed"):
        raise SonaeError(
            "conflict", "この人の死亡は、もう記録されています。この提案は退けてください。"
        )
    if step == "withdrawn" and row.proposed_by != actor.id:
        raise SonaeError("forbidden", "取り下げられるのは、提案した本人です。")
    if step == "undone" and not note.strip():
        raise SonaeError("unprocessable", "取り消す理由を書いてください。")


def _write(actor: Actor, row: DeathConfirmation) -> None:
    """Write the sighting that says so, or the void that takes it back."""
    identifier = row.undoing or row.sighting
    if identifier is None:
        return
    visitor = Visitor.objects.get(pk=int(row.person[1:])) if row.person[0] == "v" else None
    [result] = record(
        [
            NewSighting(
                id=identifier,
                direction="void" if row.undoing else "out",
                occurred_at=row.occurred_at,
                clock="",
                source="city",
                resident_pk=int(row.person[1:]) if visitor is None else None,
                visitor=VisitorFacts(person=visitor.key) if visitor else None,
                place="" if row.undoing else row.place,
                status="unknown" if row.undoing else rules.DECEASED,
                device="web",
                actor=actor.id,
                note=row.decided_note if row.undoing else row.note,
                supersedes=row.sighting if row.undoing else None,
            )
        ]
    )
    if result.status != "accepted":
        raise SonaeError("conflict", "この死亡の確認は、もう状態が変わっています。")


def _of(people: Iterable[str], *states: str) -> list[DeathConfirmation]:
    rows = DeathConfirmation.objects.filter(person__in=list(people), state__in=states)
    return list(rows.order_by("-pk"))


def deaths_waiting(actor: Actor) -> list[DeathConfirmation]:
    """Return the confirmations that wait for a second person, oldest first, for the desk."""
    require(actor, Audience.OPERATOR)
    return list(DeathConfirmation.objects.filter(state="proposed").order_by("pk"))


def deaths_of(actor: Actor, people: Iterable[str]) -> list[DeathConfirmation]:
    """Return all confirmations of a person's keys, whatever became of them, newest first."""
    require(actor, Audience.OPERATOR)
    return list(DeathConfirmation.objects.filter(person__in=list(people)).order_by("-pk"))
