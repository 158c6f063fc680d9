"""あなたの情報を見た人: who looked at one's data, in words; looks that follow each other summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sonae.domains.consent.interface import AccessEvent
from sonae.platform.scope import World
from sonae.web import words

ONE_VISIT = timedelta(minutes=30)
"""Equal looks no further apart than this are one line with a count."""


@dataclass(frozen=True)
class Look:
    """One line: ``count`` equal looks of one recipient between ``first`` and ``last``."""

    recipient: str
    purpose: str
    rule: str
    fields: tuple[str, ...]
    permitted: bool
    exercise: bool
    first: datetime
    last: datetime
    count: int = 1

    def _like(self, other: Look) -> bool:
        """Tell whether two differ in nothing but time."""
        same = replace(other, first=self.first, last=self.last, count=self.count)
        return same == self


def _of(event: AccessEvent) -> Look:
    return Look(
        event.recipient,
        words.purpose(event.purpose),
        words.ground(event.rule),
        tuple(words.data_kind(code) for code in words.DATA_KINDS if code in event.fields),
        event.decision == "permit",
        event.world == World.EXERCISE.value,
        event.at,
        event.at,
    )


def summed(events: Sequence[AccessEvent], most: int) -> list[Look]:
    """Return at most ``most`` lines of events (newest first), newest first."""
    found: list[Look] = []
    for look in map(_of, events):
        place = next((n for n, held in enumerate(found) if held._like(look)), None)
        if place is not None and found[place].first - look.last <= ONE_VISIT:
            held = found[place]
            found[place] = replace(held, first=look.first, count=held.count + 1)
        elif len(found) < most:
            found.append(look)
    return found
