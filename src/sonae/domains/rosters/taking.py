"""Taking a roster over (名簿の取り込み): one visitor and one sighting per line, whole or not at all.

And taking it back: as if it had never been taken over, but for the record of both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import ClockReading, uuid7
from sonae.domains.rosters.bringing import remove_pictures, waiting
from sonae.domains.rosters.models import MatchQuestion, Roster, RosterLine
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


def take_back(actor: Actor, roster_pk: int, reason: str) -> Roster:
    """Undo a taking over: the roster is a draft again, and nobody counts or is linked by it.

    Every sighting of it that still stands is taken back, every link of people of whom nothing else is
    said is ended, their questions leave the review desk. What was said of somebody since by others
    stays. `SonaeError` ``unprocessable`` without a reason, ``conflict`` when it is not taken over.
    """
    require(actor, Audience.OPERATOR)
    if not reason.strip():
        raise SonaeError(
            "unprocessable", "取り消す理由を書いてください。", "例：ちがう避難所の名簿だった。"
        )
    with writing():
        for turn in ("rosters", "review", "safety"):
            take_turn(turn)
        roster = waiting(roster_pk, "taken")
        lines = list(RosterLine.objects.filter(roster=roster).order_by("row"))
        people = safety.undo_all(actor, [line.sighting for line in lines])
        _leave(actor, {line.visitor_id for line in lines if line.visitor_id}, reason)
        for line in lines:
            # Taken over again they are new events: what was taken back stays taken back.
            line.key, line.sighting, line.visitor = uuid7(), uuid7(), None
            line.band, line.probability = "", None
        RosterLine.objects.bulk_update(
            lines, ["key", "sighting", "visitor", "band", "probability"], batch_size=500
        )
        _note_back(actor, roster, reason, people)
        audit.record(
            actor.id, "roster_taken_back", f"roster:{roster.pk}", lines=len(lines), people=people,
            reason=reason.strip()[:200],
        )  # fmt: skip
    return roster


def _leave(actor: Actor, visitors: set[int], reason: str) -> None:
    """Let go of the visitors of whom nothing is said any more: links, questions, candidates."""
    gone = visitors - safety.still_spoken_of(visitors)
    safety.unlink_all(actor, gone, reason.strip())
    listed = sorted(gone)
    for start in range(0, len(listed), _AT_ONCE):
        rows = MatchQuestion.objects.filter(visitor__in=listed[start : start + _AT_ONCE])
        rows.update(state="settled", leased_until=0.0)
    _forget_candidates(gone)


def _forget_candidates(gone: set[int]) -> None:
    """Take people off the questions whether somebody else is one of them."""
    for row in MatchQuestion.objects.filter(kind="duplicate").exclude(state="settled"):
        left = [one for one in row.candidates if one["person"] not in gone]
        if len(left) < len(row.candidates):
            row.candidates, row.state = left, row.state if left else "settled"
            row.save(update_fields=["candidates", "state"])


def _note_back(actor: Actor, roster: Roster, reason: str, people: int) -> None:
    """Make the roster a draft again that says what became of it before."""
    roster.taken_back = [
        *roster.taken_back,
        {
            "taken_at": roster.taken_at.isoformat() if roster.taken_at else "",
            "taken_by": roster.taken_by, "at": clock.now().isoformat(), "people": people,
            "by": (actor.name or actor.id)[:120], "reason": reason.strip()[:200],
        },
    ]  # fmt: skip
    roster.state, roster.taken_at, roster.taken_by = "waiting", None, ""
    roster.save(update_fields=["state", "taken_at", "taken_by", "taken_back"])


def pictures_due(roster_pk: int) -> None:
    """Remove the photographs of a roster that was taken over long ago."""
    remove_pictures(SYSTEM, roster_pk)
