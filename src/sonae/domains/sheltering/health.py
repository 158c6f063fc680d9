"""Health checks (健康チェック): asked and noted by carers; who should be seen, who should be apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import rules
from sonae.domains.sheltering.entry import facility_for, name_of
from sonae.domains.sheltering.models import HealthCheck, Room
from sonae.domains.sheltering.rooms import room_of
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import writing

RECENT: Final = timedelta(hours=24)


@dataclass(frozen=True)
class HealthView:
    """The last check of somebody inside: ``apart`` offer a room apart, ``at_once`` fetch medical help.

    ``housed_apart``: the person already stays in a room of use ``infectious``.
    """

    who: safety.Inside
    check: HealthCheck
    housed_apart: bool

    @property
    def apart(self) -> bool:
        """Whether a room apart should be offered."""
        return rules.apart(self.check.celsius, self.check.symptoms) and not self.housed_apart

    @property
    def at_once(self) -> bool:
        """Whether somebody who knows medicine should look now."""
        return rules.at_once(self.check.symptoms)


def note(
    actor: Actor, facility_pk: int, person: str, celsius: str = "", symptoms: Sequence[str] = (),
    *, look_after: bool = False, text: str = "",
) -> HealthCheck:  # fmt: skip
    """Note what was asked and seen of somebody inside; `SonaeError` when nothing was."""
    facility = facility_for(actor, facility_pk)
    known = [one for one in rules.SYMPTOMS if one in symptoms]
    warm, told = _celsius(celsius), text.strip()[:400]
    with writing():
        safety.require_inside(facility_pk, [person])
        row = HealthCheck.objects.create(
            facility=facility, person=person, celsius=warm, symptoms=known,
            look_after=look_after, note=told, at=clock.now(), by=name_of(actor),
        )  # fmt: skip
        # What it says of the person stands in the check alone, not in the city's chronology.
        audit.record(actor.id, "sheltering.health", f"facility:{facility.public_id}")
    return row


def _celsius(typed: str) -> float | None:
    """Return a typed temperature (全角 too); `SonaeError` for what no living body has."""
    text = typed.strip().translate(str.maketrans("０１２３４５６７８９．", "0123456789."))
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not rules.COLDEST <= found <= rules.HOTTEST:
        raise SonaeError(
            "unreadable", "体温を読めません。", f"{rules.COLDEST:.0f}から{rules.HOTTEST:.0f}までの数で。例：36.5"
        )  # fmt: skip
    return round(found, 1)


def latest(actor: Actor, facility_pk: int) -> list[HealthView]:
    """Return the last check of everybody inside who was checked, the most pressing first."""
    checks = HealthCheck.objects.filter(facility=facility_pk).order_by("at", "pk")
    last = {one.person: one for one in checks}
    people = safety.inside(actor, facility_pk, sorted(last))
    apart = set(Room.objects.filter(facility=facility_pk, use="infectious").values_list("pk"))
    rooms = room_of(facility_pk, {one.person: one.place for one in people})
    made = [HealthView(one, last[one.person], (rooms.get(one.person),) in apart) for one in people]
    return sorted(made, key=lambda v: (not v.at_once, not v.apart, not v.check.look_after))


def counts(facility_pk: int) -> dict[str, int]:
    """Return how many people inside were checked within a day, have fever, should be apart or seen."""
    rows = HealthCheck.objects.filter(facility=facility_pk, at__gte=clock.now() - RECENT)
    last = {one.person: one for one in rows.order_by("at", "pk")}
    here = safety.PersonState.objects.filter(facility=facility_pk, person__in=list(last))
    found = [last[person] for person in here.values_list("person", flat=True)]
    return {
        "checked": len(found),
        "fever": sum(one.celsius is not None and one.celsius >= rules.FEVER for one in found),
        "apart": sum(rules.apart(one.celsius, one.symptoms) for one in found),
        "at_once": sum(rules.at_once(one.symptoms) for one in found),
        "look_after": sum(one.look_after for one in found),
    }
