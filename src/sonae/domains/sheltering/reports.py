"""The daily report (避難所日報) and the handover between shifts (引継ぎ), made of what is on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import health, rules
from sonae.domains.sheltering.board import guests
from sonae.domains.sheltering.entry import facility_for, name_of, said
from sonae.domains.sheltering.models import DailyReport, Handover
from sonae.domains.sheltering.rooms import rooms
from sonae.domains.sheltering.supplies import supplies
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import take_turn, writing


def figures(facility_pk: int) -> dict[str, Any]:
    """Return the shelter in numbers as of now, as JSON: people, needs, health, supplies, rooms, guests.

    Everything is taken from the record at this moment; what nobody recorded is not in it.
    """
    told = safety.summary(facility_pk)
    place = next((p for p in shelters.places() if p.facility.pk == facility_pk), None)
    return {
        "as_of": clock.now().astimezone(JST).isoformat(timespec="minutes"),
        "state": place.state if place else "unknown",
        "capacity": place.capacity if place else None,
        "people": told.people, "households": told.households, "visitors": told.visitors,
        "in_car": told.in_car, "at_home": told.at_home, "injured": told.injured,
        "registrants": told.registrants, "needs": dict(told.needs), "ages": dict(told.ages),
        "sexes": dict(told.sexes), "meals_needed": told.people + told.supported,
        "health": health.counts(facility_pk), "supplies": _supplies(facility_pk),
        "rooms": [[v.room.name, v.room.use, v.people, v.room.capacity] for v in rooms(facility_pk)],
        "guests": sum(one.left_at is None for one in guests(facility_pk)),
    }  # fmt: skip


def _supplies(facility_pk: int) -> list[list[Any]]:
    """Return the open requests: item, how much is to come, unit, whether urgent, state."""
    return [
        [v.request.item, v.left, v.request.unit, v.request.urgent, v.request.state]
        for v in supplies(facility_pk, only_open=True)
    ]


def condition(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the typed part of a report: a state per lifeline and free text; what is not known says so."""
    made = {}
    for line in rules.LIFELINES:
        said_of = typed.get(line, "") or "unknown"
        if said_of not in rules.LIFELINE_STATES:
            raise SonaeError("unreadable", "ライフラインの状態を選んでください。")
        made[line] = said_of
    for key in ("building", "trouble", "plan"):
        made[key] = typed.get(key, "").replace("\x00", "").strip()[:1000]
    return made


def report(actor: Actor, facility_pk: int, typed: Mapping[str, str]) -> DailyReport:
    """Send the report of today in: the numbers as of now and what was typed; kept as it was."""
    facility, now = facility_for(actor, facility_pk), clock.now()
    row = DailyReport(
        facility=facility, day=now.astimezone(JST).date(), at=now, by=name_of(actor),
        figures=figures(facility_pk), condition=condition(typed),
    )  # fmt: skip
    with writing():
        row.save()
        audit.record(
            actor.id, "sheltering.daily_report", f"report:{row.pk}",
            name=facility.name, people=row.figures["people"],
        )  # fmt: skip
    return row


def reports(facility_pk: int | None = None, day: date | None = None) -> list[DailyReport]:
    """Return the reports of a shelter or a day, newest first."""
    rows = DailyReport.objects.select_related("facility").order_by("-at", "-pk")
    if facility_pk is not None:
        rows = rows.filter(facility=facility_pk)
    return list(rows.filter(day=day) if day is not None else rows[:60])


def write_handover(actor: Actor, facility_pk: int, text: str) -> Handover:
    """Write down what the next shift must know; the numbers of this moment are kept with it."""
    facility = facility_for(actor, facility_pk)
    row = Handover(
        facility=facility, text=said(text, 4000, "伝えること"), figures=figures(facility_pk),
        at=clock.now(), by=name_of(actor), by_id=actor.id,
    )  # fmt: skip
    with writing():
        row.save()
        audit.record(
            actor.id, "sheltering.handover", f"facility:{facility.public_id}", name=facility.name
        )
    return row


def take_handover(actor: Actor, facility_pk: int, pk: int) -> Handover:
    """Say that one has read it and takes over; somebody else than who wrote it."""
    facility_for(actor, facility_pk)
    with writing():
        take_turn("handover")
        row = Handover.objects.filter(pk=pk, facility=facility_pk).first()
        if row is None:
            raise SonaeError("not_found", "この引継ぎは登録されていません。")
        if row.taken_at is not None:
            raise SonaeError("conflict", f"{row.taken_by}さんが、もう受けています。")
        if row.by_id == actor.id:
            raise SonaeError(
                "conflict",
                "自分の引継ぎは受けられません。",
                "次の担当者がログインして受けてください。",
            )
        row.taken_at, row.taken_by = clock.now(), name_of(actor)
        row.save(update_fields=["taken_at", "taken_by"])
        audit.record(actor.id, "sheltering.handover_taken", f"handover:{row.pk}", name=row.by)
    return row


def handovers(facility_pk: int, limit: int = 20) -> list[Handover]:
    """Return the handovers of a shelter, newest first."""
    return list(Handover.objects.filter(facility=facility_pk).order_by("-at", "-pk")[:limit])
