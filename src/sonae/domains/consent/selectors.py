"""Reads: who looked at a resident's data, what a resident has consented to or refused."""

from collections.abc import Iterable

from django.db.models import Q

from sonae.core import clock
from sonae.domains.consent.models import AccessEvent, ConsentGrant
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts
from sonae.platform.scope import current_municipality


def accesses(actor: Actor, subject: int, limit: int = 100) -> list[AccessEvent]:
    """Return who looked at one's data, newest first; for oneself or an administrator.

    Of both worlds: the register is one, and a look during an exercise is a look at a real person.
    """
    if actor.resident_id != subject:
        require(actor, Audience.ADMINISTRATOR)
    rows = AccessEvent.everywhere.filter(municipality=current_municipality(), subject=subject)
    return list(rows.order_by("-pk")[:limit])


def grants_of(actor: Actor, subject: int) -> list[ConsentGrant]:
    """Return a resident's consents and refusals, withdrawn ones included, newest first."""
    if actor.resident_id != subject:
        require(actor, Audience.RECEPTION)
    return list(ConsentGrant.objects.filter(subject=subject).order_by("-granted_at", "-pk"))


def agreeing(recipient: str, purpose: str, among: Iterable[int] | None = None) -> set[int]:
    """Return the residents whose consent for a recipient and purpose is in force and not refused.

    ``among``: only of these. It finds whom to ask about; what may be told decides `disclose`.
    """
    now = clock.now()
    rows = ConsentGrant.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), recipient=recipient, purpose=purpose,
        granted_at__lte=now, withdrawn_at=None,
    )  # fmt: skip
    asked = [rows] if among is None else [rows.filter(subject__in=part) for part in parts(among)]
    said: dict[bool, set[int]] = {True: set(), False: set()}
    for part in asked:
        for pk, kinds in part.values_list("subject", "kinds"):
            said[bool(kinds)].add(pk)
    return said[True] - said[False]
