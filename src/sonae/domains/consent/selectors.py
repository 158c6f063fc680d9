"""Reads: who looked at a resident's data, what a resident has consented to or refused."""

from sonae.domains.consent.models import AccessEvent, ConsentGrant
from sonae.platform.access import Actor, Audience, require
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
