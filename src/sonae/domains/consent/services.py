"""Verbs: disclose (decide and record), grant, withdraw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sonae.core import clock
from sonae.domains.consent.models import AccessEvent, ConsentGrant
from sonae.domains.consent.rules import Decision, Facts, Grant, Question, decide
from sonae.platform.access import Actor, Role
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import current

_CITY_ROLES = {Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR}


def recipient_kind(actor: Actor, subject: int, household: Collection[int] = ()) -> str:
    """Return which kind of recipient an actor is towards one resident."""
    if actor.resident_id is not None and actor.resident_id == subject:
        return "self"
    if actor.resident_id is not None and subject in household:
        return "household"
    if actor.role in _CITY_ROLES or actor.id == "system":
        return "city"
    if actor.role is Role.RECEPTION or actor.id.startswith("terminal:"):
        return "shelter"
    return "public"


def disclose(
    actor: Actor,
    subjects: Sequence[int],
    *,
    purpose: str,
    kinds: Iterable[str],
    shielded: Collection[int],
    household: Collection[int] = (),
    phase: str = "emergency",
) -> dict[int, Decision]:
    """Decide for every subject (resident primary keys) and record each answer in one pass.

    ``shielded``: which of them are 支援措置対象者. ``household``: residents of the actor's own
    household. Return subject → decision; show only ``fields`` of those permitted.
    """
    at = clock.now()
    grants = _grants(subjects)
    asked = frozenset(kinds)
    made = {
        subject: decide(
            Question(
                recipient_kind(actor, subject, household), actor.id, purpose, asked, phase, at
            ),
            Facts(shielded=subject in shielded, grants=grants.get(subject, ())),
        )
        for subject in subjects
    }
    record(actor, purpose, made)
    return made


def _grants(subjects: Sequence[int]) -> Mapping[int, Sequence[Grant]]:
    """Return the consents of the subjects."""
    found: dict[int, list[Grant]] = defaultdict(list)
    for row in ConsentGrant.objects.filter(subject__in=subjects):
        found[row.subject].append(
            Grant(
                row.recipient,
                row.purpose,
                frozenset(row.kinds),
                row.phase,
                row.granted_at,
                row.expires_at,
                row.withdrawn_at,
            )
        )
    return found


def record(actor: Actor, purpose: str, made: Mapping[int, Decision]) -> None:
    """Write one `AccessEvent` per decision, whatever it was; one's own look is not recorded."""
    shown = {subject: one for subject, one in made.items() if one.rule != "self"}
    if not shown:
        return
    scope, count = current(), len(shown)
    with writing():
        bulk_insert(
            AccessEvent,
            {
                "municipality": [scope.municipality] * count,
                "world": [scope.world.value] * count,
                "subject": list(shown),
                "at": [clock.now()] * count,
                "recipient": [f"{actor.name or actor.id}"[:120]] * count,
                "purpose": [purpose] * count,
                "fields": [sorted(one.fields) for one in shown.values()],
                "decision": [one.outcome for one in shown.values()],
                "rule": [one.rule for one in shown.values()],
                "trace": [list(one.trace) for one in shown.values()],
            },
        )


def grant(
    actor: Actor,
    subject: int,
    recipient: str,
    purpose: str,
    kinds: Iterable[str],
    phase: str = "both",
) -> ConsentGrant:
    """Record a consent of a resident (empty ``kinds`` = a refusal)."""
    with writing():
        return ConsentGrant.objects.create(
            subject=subject,
            recipient=recipient,
            purpose=purpose,
            kinds=sorted(kinds),
            phase=phase,
            granted_at=clock.now(),
        )


def withdraw(actor: Actor, grant_pk: int) -> None:
    """Withdraw a consent; it stops counting at once."""
    with writing():
        ConsentGrant.objects.filter(pk=grant_pk, withdrawn_at=None).update(withdrawn_at=clock.now())
