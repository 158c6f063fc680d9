"""Forgetting: what a visitor's name and address were, when nobody may keep them any longer."""

from __future__ import annotations

from collections.abc import Collection

from sonae.domains.safety.models import Visitor
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing


def forget_visitors(actor: Actor, keys: Collection[str]) -> int:
    """Blank the personal data of visitors (by `Visitor.key`); their sightings stay. Return how many."""
    require(actor, Audience.OPERATOR)
    with writing():
        rows = Visitor.objects.filter(key__in=keys)
        count = rows.update(name="", kana="", birth_date="", address="")
        if count:
            audit.record(actor.id, "visitors_forgotten", count=count)
    return count
