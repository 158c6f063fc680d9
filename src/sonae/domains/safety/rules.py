"""Pure decisions of the ledger: the fold over sightings, who counts as accounted for, urgency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

DIRECTIONS: Final = (
    "in", "out", "move", "shelter_at_home", "in_car", "elsewhere", "hospital", "report", "void",
)  # fmt: skip
"""``elsewhere``: with relatives, in a hotel, in another city (the place says which). ``report`` says
how someone is without a change of place; ``void`` takes a sighting back."""
STATED: Final = ("safe", "injured", "needs_help", "unknown")
"""What one person alone may say of somebody."""
DECEASED: Final = "deceased"
"""Only by two authorised people (`deaths`)."""
STATUSES: Final = (*STATED, DECEASED)
DEATH_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "proposed": ("agreed", "refused", "withdrawn"),
    "agreed": ("undone",),
}
"""What may become of a `DeathConfirmation`."""
DEATH_BASES: Final = ("certificate", "police", "hospital", "other")
"""By what a death is known: 死亡診断書・死体検案書, the police, a hospital, other."""
CALLS: Final = ("needs_help", "injured")
"""Statuses that are a call for help."""
SOURCES: Final = (
    "reception", "self", "family", "carer", "school", "patrol", "paper", "post", "other_city",
    "city", "system",
)  # fmt: skip
"""Who says so; ``post``: a message in public, ``other_city``: another municipality's list."""
HEARSAY: Final = frozenset({"family", "school", "post", "other_city"})
"""Who says how somebody is without standing beside that person."""
FIRST_HAND: Final = frozenset({"self", "reception", "carer", "patrol", "city"})
PRESENT: Final = frozenset({"in", "move"})
"""Directions after which a person is inside the facility."""
SETTLED: Final = PRESENT | {"shelter_at_home", "in_car", "elsewhere", "hospital"}
"""Directions after which it is known where a person stays."""
STALE: Final = timedelta(hours=12)
"""What was last heard of somebody longer ago than this is shown as old."""
STILL_SETTLED: Final = timedelta(hours=72)
"""Someone settled in a shelter this recently is accounted for when danger comes."""
CONCURRENT: Final = timedelta(minutes=10)
"""Check-ins at two facilities closer together than this cannot both be one person walking."""


class Event(NamedTuple):
    """What the fold needs of one sighting."""

    id: UUID
    direction: str
    status: str
    facility: int | None
    place: str
    occurred_at: datetime
    clock: str
    device: str
    supersedes: UUID | None
    taken_back: bool = False
    """By a sighting that may be another person's: it was not this one who came."""
    source: str = ""
    bound_for: int | None = None


class State(NamedTuple):
    """Where and how one person is, after all sightings known."""

    direction: str
    status: str
    facility: int | None
    place: str
    seen_at: datetime
    clock: str
    conflict: bool
    bound_for: int | None = None
    """The facility for which somebody left and where nobody has seen the person arrive."""


LINK_SOURCES: Final = ("auto", "review", "reception", "family")
"""How it was found out that a visitor is somebody: by matching, at the review desk, by word."""


class Link(NamedTuple):
    """What the ledger needs of one `PersonLink`; neither ``resident`` nor ``other`` ends the link."""

    id: UUID
    visitor: int
    resident: int | None
    other: int | None
    proposed: bool
    undo: bool
    clock: str
    supersedes: UUID | None


def in_force(links: Iterable[Link]) -> dict[int, Link]:
    """Return visitor → the link in force, one that ends the link included.

    The last by clock of those that nothing supersedes; the same for every order and any duplication.
    What supersedes counts only as long as nothing has superseded it in turn: an undo
    gives back what was before, and an undo of that brings the link back.
    """
    once = {one.id: one for one in links if not one.proposed}
    ordered = sorted(once.values(), key=_in_order)
    gone: set[UUID] = set()
    for one in reversed(ordered):
        old = once.get(one.supersedes) if one.supersedes and one.id not in gone else None
        if old is not None and _in_order(old) < _in_order(one):
            gone.add(old.id)
    return {one.visitor: one for one in ordered if not one.undo and one.id not in gone}


def _in_order(link: Link) -> tuple[str, str]:
    return link.clock, link.id.hex


def ends(links: Iterable[Link]) -> dict[int, tuple[str, int]]:
    """Return visitor → who it is at the end of its chain: ``("r", resident)`` or ``("v", visitor)``.

    Only of those who are linked. Of two links made apart that close a circle, the later one is left
    out (`links.link` refuses what it can see).
    """
    step: dict[int, Link] = {}
    for one in sorted(in_force(links).values(), key=_in_order):
        if one.resident is not None or (
            one.other is not None and one.visitor not in chain(step, one.other)
        ):
            step[one.visitor] = one
    return {visitor: _end(step, visitor) for visitor in step}


def chain(step: Mapping[int, Link], visitor: int) -> list[int]:
    """Return the visitors from one to the end of its chain, itself first."""
    passed = [visitor]
    while (one := step.get(passed[-1])) is not None and one.other is not None:
        passed.append(one.other)
    return passed


def _end(step: Mapping[int, Link], visitor: int) -> tuple[str, int]:
    last = chain(step, visitor)[-1]
    one = step.get(last)
    return ("r", one.resident) if one is not None and one.resident is not None else ("v", last)


def standing(events: Iterable[Event]) -> list[Event]:
    """Return the events that count, in the order of their clocks: superseded ones and voids are out.

    A void or a correction counts against its target even when that arrives later or never.
    """
    known = list(events)
    if len(known) == 1 and known[0].supersedes is None:
        return known if known[0].direction != "void" and not known[0].taken_back else []
    once = {event.id: event for event in known}
    gone = {event.supersedes for event in once.values() if event.supersedes is not None}
    gone |= {event.id for event in once.values() if event.taken_back}
    left = [e for e in once.values() if e.id not in gone and e.direction != "void"]
    return sorted(left, key=lambda event: (event.clock, event.id.hex))


def _whereabouts(moves: Iterable[Event]) -> Event | None:
    """Return the move that says where a person is; leaving a place one is no longer at says nothing."""
    where: Event | None = None
    for event in moves:
        left_elsewhere = (
            where is not None
            and event.direction == "out"
            and where.direction in SETTLED
            and event.facility not in (None, where.facility)
        )
        where = where if left_elsewhere else event
    return where


def fold(events: Iterable[Event]) -> State | None:
    """Fold one person's sightings into the state; the same for every order and any duplication."""
    left = standing(events)
    if len(left) == 1:  # as nearly all are at a shelter's desk
        [one] = left
        facility = one.facility if one.direction in SETTLED else None
        return State(
            one.direction, one.status, facility, one.place, one.occurred_at, one.clock, False,
            one.bound_for,
        )  # fmt: skip
    return _folded(left) if left else None


def _folded(left: Sequence[Event]) -> State:
    """Fold several standing events, in order."""
    moves = [event for event in left if event.direction != "report"]
    where, last = _whereabouts(moves) or left[-1], left[-1]
    dead = any(event.status == DECEASED for event in left)
    return State(
        direction=where.direction,
        status=DECEASED if dead else last.status,
        facility=where.facility if where.direction in SETTLED else None,
        place=last.place or where.place,
        seen_at=max(event.occurred_at for event in left),
        clock=last.clock,
        conflict=disputed(left) != "",
        bound_for=where.bound_for,
    )


def disputed(left: Sequence[Event]) -> str:
    """Return what the standing events of one person, in order, say that cannot be: nothing if all fits.

    ``two_places``: checked in at two places at practically one time. ``two_words``: somebody far away
    says safe of whom called for help in person. ``alive``: seen after two people had confirmed the
    death.
    """
    if not left:
        return ""
    moves = [event for event in left if event.direction != "report"]
    where = _whereabouts(moves)
    if where is not None and _in_two_places(moves, where):
        return "two_places"
    death = next((place for place, one in enumerate(left) if one.status == DECEASED), None)
    if death is not None:
        after = left[death + 1 :]
        return "alive" if any(one.status not in (DECEASED, "unknown") for one in after) else ""
    return "two_words" if _contradicted(left) else ""


def last_word(left: Sequence[Event]) -> str:
    """Return the status that a new sighting about the place alone repeats, so that it changes none.

    A call for help that only somebody far away has contradicted stays one. Of the dead it says
    nothing: a death is written by two people.
    """
    if any(event.status == DECEASED for event in left):
        return "unknown"
    if _contradicted(left):
        return next(event.status for event in reversed(left) if event.source in FIRST_HAND)
    return left[-1].status


def _contradicted(left: Sequence[Event]) -> bool:
    """Tell whether the last word is that of somebody far away, against the person's own call."""
    if left[-1].source not in HEARSAY or left[-1].status != "safe":
        return False
    own = [event for event in left if event.source in FIRST_HAND]
    return bool(own) and own[-1].status in CALLS


def _in_two_places(moves: Sequence[Event], where: Event) -> bool:
    """Tell whether two devices checked the person in at two facilities at practically one time."""
    if where.direction != "in" or len(moves) == 1:
        return False
    return bool(_apart(moves, where))


def _apart(moves: Sequence[Event], where: Event) -> list[tuple[Event, Event]]:
    """Return the check-ins here and elsewhere that cannot both be one person walking.

    Whoever says "moved here" knew of the other place: what was before it is settled.
    """
    last = max((place for place, one in enumerate(moves) if one.direction == "move"), default=-1)
    since = [event for event in moves[last + 1 :] if event.direction == "in"]
    return [
        (here, there)
        for here in since
        for there in since
        if here.facility == where.facility != there.facility
        and abs(here.occurred_at - there.occurred_at) < CONCURRENT
        and here.device != there.device
    ]


def two_places(left: Sequence[Event]) -> list[Event]:
    """Return the check-ins of a dispute about two places, the newest first, each place once."""
    moves = [event for event in left if event.direction != "report"]
    where = _whereabouts(moves)
    pairs = _apart(moves, where) if where is not None else []
    found: dict[int | None, Event] = {}
    for event in [event for pair in pairs[::-1] for event in pair]:
        found.setdefault(event.facility, event)
    return list(found.values())


def accounted_since(events: Iterable[Event], added_at: datetime) -> datetime | None:
    """Return since when a person counts as accounted for who came under inquiry at that moment.

    The first standing sighting after it that says how the person is; someone who had settled
    somewhere within `STILL_SETTLED` before it and is still there counts from that moment itself, and
    so does whose death before it is confirmed, however long ago.
    The statement that adds people to an inquiry (`inquiries`) says the same in SQL.
    """
    left = standing(events)
    before = [event for event in left if event.occurred_at <= added_at]
    state = fold(before) if before else None
    if state is not None and state.status == DECEASED:
        return added_at
    if (
        state is not None
        and state.direction in SETTLED
        and state.status != "unknown"
        and state.seen_at >= added_at - STILL_SETTLED
    ):
        return added_at
    times = [e.occurred_at for e in left if e.occurred_at > added_at and e.status != "unknown"]
    return min(times, default=None)


NEED_WHEELCHAIR, NEED_REGISTERED, NEED_OLD, NEED_SMALL, NEED_OTHER = 100, 80, 50, 40, 10
OLD_AGE, SMALL_AGE = 75, 7
DANGER_UNKNOWN = 30
GRAVE_DANGER = 70
"""From here on: flooded over the first floor, or a landslide special zone (bands of the desk)."""
