"""Verbs of the register: load it whole, store a shared position."""

from __future__ import annotations

from sonae.core import clock
from sonae.domains.municipalities.interface import Municipality, renew_register_version
from sonae.domains.residents.models import (
    AssistanceRegistrant,
    EvacuationPlan,
    Household,
    LostCode,
    Position,
    ProtectionMeasure,
    RegisterEdition,
    Resident,
    ResidentHistory,
    Supporter,
)
from sonae.domains.residents.register import Columns, insert_homes, insert_people
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import bulk_insert, writing
from sonae.platform.scope import current_municipality


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
        if Household.held.exists():
            raise RuntimeError("the register is not empty")
        edition = _edition(actor, len(residents.get("name", ())))
        homes = insert_homes(households)
        people = {name: values for name, values in residents.items() if name != "household"}
        people["household_id"] = [homes[at] for at in residents["household"]]
        people["added_in_id"] = [edition.pk] * edition.rows
        keys = insert_people(people)
        helped = {name: values for name, values in registrants.items() if name != "resident"}
        bulk_insert(AssistanceRegistrant, {
            "municipality": [current_municipality()] * len(registrants["resident"]),
            "dwelling": [""] * len(registrants["resident"]),
            "contact": [""] * len(registrants["resident"]),
            "note": [""] * len(registrants["resident"]),
            "resident_id": [keys[at] for at in registrants["resident"]], **helped,
        })  # fmt: skip
        renew_register_version()
        audit.record(actor.id, "register_loaded", f"edition:{edition.pk}", residents=len(keys))
    return len(keys)


def _edition(actor: Actor, rows: int) -> RegisterEdition:
    """Return the edition that a register made as columns is: it was never a file."""
    now = clock.now()
    who = (actor.name or actor.id)[:120]
    return RegisterEdition.objects.create(
        state="in_force", file="", rows=rows, uploaded_at=now, uploaded_by=who, decided_at=now,
        decided_by=who, summary={"counts": {"new": rows, "present": 0}},
    )  # fmt: skip


def clear_register(*, actor: Actor) -> None:
    """Remove the whole register of a demo municipality; refused for a real one."""
    require(actor, Audience.ADMINISTRATOR)
    if not Municipality.objects.get(pk=current_municipality()).is_demo:
        raise RuntimeError("only a demo register can be cleared")
    with writing():
        for model in (ResidentHistory, LostCode, ProtectionMeasure, Position, Supporter, EvacuationPlan,
                      AssistanceRegistrant, Resident, Household, RegisterEdition):  # fmt: skip
            model.everywhere.filter(municipality=current_municipality())._raw_delete("default")
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
