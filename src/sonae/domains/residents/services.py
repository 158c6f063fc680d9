"""Verbs of the register: load it whole, store a shared position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sonae.core import clock
from sonae.core.kana import search_key
from sonae.domains.municipalities.interface import Municipality, renew_register_version
from sonae.domains.residents.models import AssistanceRegistrant, Household, Position, Resident
from sonae.domains.residents.rules import given_key, name_key
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import current_municipality

Columns = Mapping[str, Sequence[Any]]


def load_register(
    households: Columns, residents: Columns, registrants: Columns, *, actor: Actor = SYSTEM
) -> int:
    """Load a whole register into an empty one, as columns of the tables; return how many residents.

    ``households``: column names of `Household`. ``residents``: those of `Resident`, with
    ``household`` = position in ``households`` (from 0) in place of ``household_id``; keys are made
    here. ``registrants``: those of `AssistanceRegistrant` with ``resident`` = position in
    ``residents``. RuntimeError when there is a register already: a full load never mixes.
    """
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        if Household.objects.exists():
            raise RuntimeError("the register is not empty")
        homes = _insert(Household, households, "number")
        people = {
            **{name: values for name, values in residents.items() if name != "household"},
            "household_id": [homes[at] for at in residents["household"]],
            "kana_key": [search_key(kana) for kana in residents["kana"]],
            "given_key": [given_key(kana) for kana in residents["kana"]],
            "name_key": [name_key(name) for name in residents["name"]],
        }
        keys = _insert(Resident, people, "resident_id")
        helped = {
            **{name: values for name, values in registrants.items() if name != "resident"},
            "resident_id": [keys[at] for at in registrants["resident"]],
        }
        _insert(AssistanceRegistrant, helped, None)
        renew_register_version()
        audit.record(actor.id, "register_loaded", residents=len(keys))
    return len(keys)


def _insert(
    model: type[Household | Resident | AssistanceRegistrant], columns: Columns, by: str | None
) -> list[int]:
    """Insert columns and return the new primary keys in their order (found again by a unique column)."""
    size = len(next(iter(columns.values()), ()))
    bulk_insert(model, {"municipality": [current_municipality()] * size, **columns})
    if by is None:
        return []
    keys = dict(model.objects.values_list(by, "pk"))
    return [keys[value] for value in columns[by]]


def clear_register(*, actor: Actor) -> None:
    """Remove the whole register of a demo municipality; refused for a real one."""
    require(actor, Audience.ADMINISTRATOR)
    if not Municipality.objects.get(pk=current_municipality()).is_demo:
        raise RuntimeError("only a demo register can be cleared")
    with writing():
        for model in (Position, AssistanceRegistrant, Resident, Household):
            model.objects.all()._raw_delete("default")
        renew_register_version()
        audit.record(actor.id, "register_cleared")


def share_position(
    actor: Actor,
    resident_pk: int,
    latitude: float,
    longitude: float,
    accuracy_m: float | None = None,
) -> None:
    """Keep the position a resident agreed to share just now (the last one only)."""
    with writing():
        Position.objects.update_or_create(
            resident_id=resident_pk,
            defaults={
                "latitude": latitude,
                "longitude": longitude,
                "accuracy_m": accuracy_m,
                "at": clock.now(),
            },
        )
