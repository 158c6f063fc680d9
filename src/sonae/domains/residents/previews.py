"""What a page may show of a file of the register (取り込みの下見): examples by name, defects with values.

They are kept as they were when the file was compared. They are shown only while the register is still
the one that it was compared with: whoever has come under 支援措置 since is in no such example, and that
nothing is shown says only that the register has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q

from sonae.domains.consent import interface as consent
from sonae.domains.municipalities.interface import municipality
from sonae.domains.residents.models import Household, RegisterEdition, Resident
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

ONE_LOOK: Final = timedelta(hours=1)
_KINDS: Final = ("name", "kana", "birth_date", "sex", "address", "phone", "email", "household", "needs")  # fmt: skip
_UNREAD: Final = ("mapping", "refused")
Example = Mapping[str, Any]


@dataclass(frozen=True)
class Preview:
    """Examples of what changes and defects by row; ``legible``: the register is still the one compared.

    Otherwise there are no examples, and defects say row and column without the value.
    """

    legible: bool
    changed: Sequence[Example] = ()
    left: Sequence[Example] = ()
    homes: Sequence[Example] = ()
    new: Sequence[Example] = ()
    defects: Sequence[Example] = field(default=())


def preview(actor: Actor, row: RegisterEdition) -> Preview:
    """Return what may be shown of a file; every person shown is on record as looked at."""
    require(actor, Audience.ADMINISTRATOR, Audience.APPROVER)
    legible, said = _legible(row), row.summary
    if not legible:
        return Preview(False, defects=without_values(row.defects))
    told = [*said.get("changed", ()), *said.get("left", ())]
    known = _seen(actor, {one["pk"] for one in told}, said.get("homes", ()))
    hidden = _hidden_keys(said)
    with writing():
        audit.record(actor.id, "register.file_seen", f"edition:{row.pk}", people=len(known))
    return Preview(
        True,
        [one for one in said.get("changed", ()) if one["pk"] in known],
        [one for one in said.get("left", ()) if one["pk"] in known],
        [one for one in said.get("homes", ()) if one["number"] not in hidden],
        [one for one in said.get("new", ()) if one["number"] not in hidden],
        row.defects,
    )


def _legible(row: RegisterEdition) -> bool:
    """Tell whether the register is as it was when the file was compared (or never was)."""
    if row.state in _UNREAD:
        return True
    now = municipality().register_version
    compared = {"waiting": row.stamp, "agreed": row.stamp, "in_force": row.version}
    return compared.get(row.state) == now


def _seen(actor: Actor, people: set[int], homes: Sequence[Example]) -> set[int]:
    """Return who of the people may be shown, and record it, of who lives in the homes shown too."""
    numbers = [one["number"] for one in homes]
    living = Resident.objects.filter(household__number__in=numbers).values_list("pk", flat=True)
    everyone = sorted({*people, *living})
    shielded = Resident.held.filter(pk__in=everyone, shielded=True).values_list("pk", flat=True)
    made = consent.disclose(
        actor, everyone, purpose="rescue", kinds=_KINDS, shielded=set(shielded), phase="peacetime",
        once_in=ONE_LOOK,
    )  # fmt: skip
    hidden = set(shielded)
    return {pk for pk in people if pk not in hidden and "name" in made[pk].fields}


def _hidden_keys(said: Mapping[str, Any]) -> set[str]:
    """Return numbers of homes and people among the examples that are those of shielded people."""
    numbers = [one["number"] for part in ("homes", "new") for one in said.get(part, ())]
    homes = Household.held.filter(number__in=numbers, resident__shielded=True)
    people = Resident.held.filter(
        Q(number__in=numbers) | Q(resident_id__in=numbers), shielded=True
    ).values_list("number", "resident_id")
    return {*homes.values_list("number", flat=True), *(key for pair in people for key in pair)}


def without_values(defects: Sequence[Example]) -> list[dict[str, Any]]:
    """Return defects with row, column and what is wrong, without what the cells say."""
    return [{**one, "value": "", "detail": ""} for one in defects]


def numbers(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays of a summary when the file has been decided on: numbers, nobody by name."""
    return {name: summary[name] for name in ("counts", "items", "doubts") if name in summary}
