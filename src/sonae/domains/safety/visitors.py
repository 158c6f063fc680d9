"""Visitors: of whom something is still said; forgetting what nobody may keep any longer."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from sonae.domains.safety.models import PersonState, Sighting, Visitor
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, writing


def spoken_of() -> QuerySet[Visitor]:
    """Return the visitors of whom anything is said that was not taken back, linked ones included."""
    said = PersonState.objects.filter(visitor=OuterRef("pk"))
    linked = Q(resident__isnull=False) | Q(same_as__isnull=False)
    return Visitor.objects.filter(linked | Q(Exists(said)))


def still_spoken_of(visitor_pks: Collection[int]) -> set[int]:
    """Return those of the visitors with a sighting of their own that was not taken back or corrected."""
    found: set[int] = set()
    for part in parts(visitor_pks):
        own = Sighting.objects.filter(visitor__in=part, refusal="").exclude(direction="void")
        newer = Sighting.objects.filter(supersedes=OuterRef("pk"), refusal="")
        found |= set(own.filter(~Exists(newer)).values_list("visitor", flat=True))
    return found


def forget_visitors(actor: Actor, keys: Collection[str], device: str = "") -> int:
    """Blank the personal data of visitors (by `Visitor.key`); their sightings stay. Return how many.

    Of the sightings that came by ``device``, what was written of the place and beside it goes as well:
    whoever gave it asked for that. Take them back before, so that no state repeats it.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        if device:
            seen = Sighting.objects.filter(visitor__key__in=keys, device=device)
            seen.update(place="", note="", needs=[])
        rows = Visitor.objects.filter(key__in=keys)
        count = rows.update(name="", kana="", birth_date="", address="")
        if count:
            audit.record(actor.id, "visitors_forgotten", count=count)
    return count
