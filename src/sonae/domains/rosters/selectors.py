"""Reads of rosters: the list, one with its lines and states, and what its report of defects says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.residents import interface as residents
from sonae.domains.rosters.models import MatchQuestion, MatchRun, Roster, RosterFile, RosterLine
from sonae.domains.safety import interface as safety
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing

ONE_LOOK: Final = timedelta(hours=1)
_WRITTEN: Final = ("name", "kana", "birth_date", "sex", "address", "phone")


@dataclass(frozen=True)
class Listed:
    """A roster in the list: how many lines, and its last matching."""

    roster: Roster
    lines: int
    run: MatchRun | None


@dataclass(frozen=True)
class LineState:
    """A line with what became of it: ``waiting`` (not matched), ``open``, ``settled`` or ``stranger``.

    ``settled`` says no more than that: by whom and as whom is not told here (支援措置).
    """

    line: RosterLine
    state: str


def rosters(actor: Actor, limit: int = 50) -> list[Listed]:
    """Return rosters, newest first."""
    require(actor, Audience.STAFF)
    rows = Roster.objects.select_related("facility").defer("defects").order_by("-brought_at", "-pk")
    found = list(rows[:limit])
    runs = {run.roster_id: run for run in MatchRun.objects.filter(roster__in=found).order_by("pk")}
    counts = {one.pk: RosterLine.objects.filter(roster=one).count() for one in found}
    return [Listed(one, counts[one.pk], runs.get(one.pk)) for one in found]


def roster_named(actor: Actor, pk: int) -> Roster:
    """Return one roster; `SonaeError` ``not_found``."""
    require(actor, Audience.OPERATOR)
    found = Roster.objects.select_related("facility").filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この名簿はありません。")
    return found


def lines_of(actor: Actor, roster_pk: int, limit: int = 100, offset: int = 0) -> list[LineState]:
    """Return the lines of a roster in the paper's order."""
    require(actor, Audience.OPERATOR)
    rows = RosterLine.objects.filter(roster=roster_pk).select_related("visitor").order_by("row")
    lines = list(rows[offset : offset + limit])
    states = dict(
        MatchQuestion.objects.filter(
            kind="register", visitor__in=[one.visitor_id for one in lines if one.visitor_id]
        ).values_list("visitor", "state")
    )
    return [LineState(one, _state(one, states)) for one in lines]


def look(actor: Actor, roster_pk: int, what: str, lines: Sequence[RosterLine] | None = None) -> int:
    """Put on record that lines of a roster (None: all) were seen or given out; return how many.

    ``what``: ``roster_seen``, ``roster_line_seen``, ``roster_exported`` … Who is known to be a resident can
    read it as well, once an hour for one pair of eyes.
    """
    rows = RosterLine.objects.filter(roster=roster_pk)
    if lines is not None:
        rows = rows.filter(pk__in=[one.pk for one in lines])
    visitors = list(rows.order_by().values_list("visitor", flat=True))
    links = safety.links_of(filter(None, visitors))
    people = sorted({link.resident_id for link in links.values() if link.resident_id is not None})
    shielded = residents.Resident.held.filter(pk__in=people, shielded=True)
    with writing():
        audit.record(actor.id, what, f"roster:{roster_pk}", rows=len(visitors))
        consent.disclose(
            actor, people, purpose="rescue", kinds=_WRITTEN, once_in=ONE_LOOK,
            shielded=set(shielded.values_list("pk", flat=True)),
        )  # fmt: skip
    return len(visitors)


def _state(line: RosterLine, states: dict[int, str]) -> str:
    if line.visitor_id is None or line.visitor_id not in states:
        return "waiting"
    return "settled" if states[line.visitor_id] == "settled" else "open"


def line_count(roster_pk: int) -> int:
    """Return how many lines a roster has."""
    return RosterLine.objects.filter(roster=roster_pk).count()


def files_of(actor: Actor, roster_pk: int, kind: str = "picture") -> list[RosterFile]:
    """Return the files of a roster that are still kept, without their contents."""
    require(actor, Audience.OPERATOR)
    rows = RosterFile.objects.filter(roster=roster_pk, kind=kind, removed_at=None)
    return list(rows.defer("sealed").order_by("pk"))


def run_of(roster_pk: int | None) -> MatchRun | None:
    """Return the last matching of a roster, or (None) of everybody."""
    return MatchRun.objects.filter(roster=roster_pk).order_by("-pk").first()


def run_named(pk: int) -> MatchRun:
    """Return one matching; `SonaeError` ``not_found``."""
    found = MatchRun.objects.filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この照合はありません。")
    return found


def line_named(actor: Actor, pk: int) -> RosterLine:
    """Return one line; `SonaeError` ``not_found``."""
    require(actor, Audience.OPERATOR)
    found = RosterLine.objects.select_related("roster__facility").filter(pk=pk).first()
    if found is None:
        raise SonaeError("not_found", "この行はありません。")
    return found
