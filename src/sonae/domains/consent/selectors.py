"""Reads: who looked at a resident's data."""

from sonae.domains.consent.models import AccessEvent
from sonae.platform.access import Actor, Audience, require


def accesses(actor: Actor, subject: int, limit: int = 100) -> list[AccessEvent]:
    """Return who looked at one's data, newest first; for oneself or an administrator."""
    if actor.resident_id != subject:
        require(actor, Audience.ADMINISTRATOR)
    return list(AccessEvent.objects.filter(subject=subject).order_by("-at", "-pk")[:limit])
