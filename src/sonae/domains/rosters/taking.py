"""Taking a roster over (名簿の取り込み): one visitor and one sighting per line, whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import ClockReading
from sonae.domains.rosters.bringing import remove_pictures, waiting
from sonae.domains.rosters.models import Roster, RosterLine
from sonae.domains.rosters.runs import ask
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting, Visitor, VisitorFacts
from sonae.engines.rosters.condition import condition
from sonae.engines.rosters.items import heading_of
from sonae.platform import audit, outbox
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import take_turn, writing

PICTURES_DUE: Final = "roster.pictures_due"
PICTURES_KEPT: Final = timedelta(days=30)
"""So long after taking over, photographs help whoever reviews a line; then they go."""
SOURCES: Final = {"paper": "paper", "file": "paper", "city": "other_city", "family": "family"}
_AT_ONCE: Final = 2000


def take_over(actor: Actor, roster_pk: int) -> Roster:
    """Let a draft count: everybody on it becomes a visitor seen there at the roster's time.

    Done twice it is done once. Then the lines are matched with the register by a job.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("rosters")
        roster = waiting(roster_pk, "waiting")
        lines = list(RosterLine.objects.filter(roster=roster).order_by("row"))
        if not lines:
            raise SonaeError("empty_file", "取り込める行が1つもありません。")
        seen = [_sighting(actor, roster, line) for line in lines]
        for start in range(0, len(seen), _AT_ONCE):
            safety.record(seen[start : start + _AT_ONCE])
        _join_visitors(lines)
        roster.state, roster.taken_at = "taken", clock.now()
        roster.taken_by = (actor.name or actor.id)[:120]
        roster.save(update_fields=["state", "taken_at", "taken_by"])
        outbox.publish(PICTURES_DUE, {"roster": roster.pk}, delay=PICTURES_KEPT.total_seconds())
        audit.record(
            actor.id, "roster_taken_over", f"roster:{roster.pk}", lines=len(lines),
            digest=roster.digest,
        )  # fmt: skip
        ask(actor, roster.pk)
    return roster


def _join_visitors(lines: list[RosterLine]) -> None:
    """Note which visitor each line has become."""
    keys = {line.key.hex: line for line in lines}
    for start in range(0, len(lines), _AT_ONCE):
        part = list(keys)[start : start + _AT_ONCE]
        for key, pk in Visitor.objects.filter(key__in=part).values_list("key", "pk"):
            keys[key].visitor_id = pk
    RosterLine.objects.bulk_update(lines, ["visitor"], batch_size=500)


def _sighting(actor: Actor, roster: Roster, line: RosterLine) -> NewSighting:
    """Return what a line says of where somebody is; its order is that of the paper, not of typing."""
    ms = clock.unix_ms(roster.as_of)
    tick = ClockReading(ms, line.row & 0xFFFF, f"roster{roster.pk}")
    left, note = line.said.get("left", ""), line.said.get("note", "")
    inside = roster.facility_id is not None
    asked = heading_of("status", roster.headings, roster.mapping)
    return NewSighting(
        id=line.sighting,
        direction="out" if left and inside else "in" if inside else "report",
        occurred_at=roster.as_of,
        clock=str(tick),
        source=SOURCES[roster.kind] if SOURCES[roster.kind] in safety.SOURCES else "paper",
        visitor=VisitorFacts(
            line.name, line.kana, line.birth_date, line.address, person=line.key.hex
        ),
        facility_pk=roster.facility_id,
        place=roster.place,
        status=condition(line.said.get("status", ""), asked) or "unknown",
        device=f"roster:{roster.pk}",
        actor=actor.id,
        needs=[line.said["needs"]] if line.said.get("needs") else [],
        note=" ".join(one for one in (left and f"退所 {left}", note) if one),
    )


def pictures_due(roster_pk: int) -> None:
    """Remove the photographs of a roster that was taken over long ago."""
    remove_pictures(SYSTEM, roster_pk)
