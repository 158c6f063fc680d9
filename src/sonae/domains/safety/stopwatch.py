"""The stopwatch of reception (受付の時間): what check-ins took, beside paper and earlier drills.

The device times each check-in from the first input to the acknowledgement; a household's time is shared
among those who came, because what is published elsewhere is per person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from statistics import fmean, median, quantiles
from typing import Any, Final, NamedTuple

from django.db.models import CharField
from django.db.models.functions import Cast, Substr

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.safety import rules
from sonae.domains.safety.models import DrillReport, Sighting
from sonae.engines import queueing
from sonae.engines.queueing import Queue
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current

FEW: Final = 20
"""Of fewer timed people a median is told with the warning that it says little."""
MOST_PEOPLE: Final = 200_000
MOST_HOURS: Final = 48
_MOST_DESKS: Final = 400
_SHOWN: Final = 6
_HOUR: Final = len("2026-11-22 03")


class Published(NamedTuple):
    """A figure that others have published: seconds a person, how, and who says so."""

    way: str
    seconds: float
    source: str


PUBLISHED: Final = (
    Published("paper", 262, "デジタル庁・神奈川県 小田原市 2023年10月"),
    Published("card", 26, "デジタル庁・神奈川県 小田原市 2023年10月"),
    Published("tablet", 352, "デジタル庁・神奈川県 小田原市 2023年10月"),
    Published("paper", 333, "デジタル庁 金沢市 2025年2月（56人）"),
    Published("digital", 32, "デジタル庁 金沢市 2025年2月（56人）"),
    Published("paper", 117, "荒尾市の実証（公表値から換算）"),
    Published("face", 43, "荒尾市の実証（公表値から換算）"),
)
"""Trials of the field; ``tablet`` is one on which evacuees typed for themselves."""


@dataclass(frozen=True)
class Times:
    """Check-in times of some people in seconds each; None where nobody was timed.

    ``per_hour``: people an hour at one desk that never stands idle. ``desks``: devices that timed.
    """

    people: int
    desks: int
    middle: float | None
    ninety: float | None
    mean: float | None

    @property
    def per_hour(self) -> int | None:
        """People an hour and desk."""
        return round(3600 / self.mean) if self.mean else None


@dataclass(frozen=True)
class Stopwatch:
    """The times of a day: of all, and by facility (name → times) where anybody was timed."""

    day: date
    all: Times
    places: dict[str, Times]


def times_of(seconds: Sequence[float], desks: int) -> Times:
    """Return what a list of times says."""
    if not seconds:
        return Times(0, 0, None, None, None)
    ninety = quantiles(seconds, n=10, method="inclusive")[8] if len(seconds) > 1 else seconds[0]
    return Times(len(seconds), desks, median(seconds), ninety, fmean(seconds))


def _rows(day: date) -> list[tuple[float, str, str]]:
    """Return seconds, device and facility of everybody timed on a day (JST)."""
    start = datetime.combine(day, time(), JST)
    found = Sighting.objects.filter(
        seconds__isnull=False, refusal="", direction__in=rules.SETTLED,
        occurred_at__gte=start, occurred_at__lt=start + timedelta(days=1),
    ).order_by()  # fmt: skip
    return [
        (seconds, device, place or "")
        for seconds, device, place in found.values_list("seconds", "device", "facility__name")
        if seconds is not None
    ]


def stopwatch(day: date) -> Stopwatch:
    """Return the times of a day in the world in force."""
    rows, held = _rows(day), defaultdict[str, list[tuple[float, str]]](list)
    for seconds, device, place in rows:
        held[place].append((seconds, device))
    places = {
        name: times_of([one for one, _ in found], len({device for _, device in found}))
        for name, found in sorted(held.items())
    }
    return Stopwatch(day, times_of([r[0] for r in rows], len({r[1] for r in rows})), places)


def days(limit: int = 30) -> list[date]:
    """Return the days on which anybody was timed, newest first.

    The database gives the hours (UTC, as both databases write them), 24 a day at most, and no row.
    """
    rows = Sighting.objects.filter(seconds__isnull=False, refusal="", direction__in=rules.SETTLED)
    hour = Substr(Cast("occurred_at", CharField()), 1, _HOUR)
    found = rows.annotate(hour=hour).order_by("-hour").values_list("hour", flat=True).distinct()
    hours = [datetime.fromisoformat(f"{one}:00+00:00") for one in found[: 24 * limit]]
    return list(dict.fromkeys(at.astimezone(JST).date() for at in hours))[:limit]


def keep(actor: Actor, name: str, day: date) -> DrillReport:
    """Keep the times of a day to be compared with later ones; `SonaeError` when nobody was timed."""
    require(actor, Audience.OPERATOR)
    told, label = stopwatch(day), name.strip()[:80]
    if not told.all.people or not label:
        raise SonaeError("unreadable", "名前が空か、この日に計った受付がありません。")
    figures = {"all": asdict(told.all), "places": {n: asdict(t) for n, t in told.places.items()}}
    with writing():
        row = DrillReport.objects.create(
            name=label, world=current().world.value, day=day, figures=figures,
            kept_at=clock.now(), kept_by=actor.name or actor.id,
        )  # fmt: skip
        audit.record(actor.id, "drill_report_kept", f"drill:{row.pk}", name=label)
    return row


def drill_reports() -> list[tuple[DrillReport, Times]]:
    """Return the kept days of both worlds, newest first, with the times of all."""
    return [
        (row, Times(**row.figures["all"])) for row in DrillReport.objects.order_by("-day", "-pk")
    ]


def queues(day: date, people: int, hours: float, seconds: float | None = None) -> list[Queue]:
    """Return how long so many would wait at n desks, from the least that keep up onwards.

    Of the times measured on the day, drawn at random; ``seconds``: everybody takes that long instead.
    An empty list when nothing was measured and nothing given.
    """
    if not 1 <= people <= MOST_PEOPLE or not 0 < hours <= MOST_HOURS:
        raise SonaeError(
            "unreadable", "人数か時間が正しくありません。", f"{MOST_PEOPLE:,}人、{MOST_HOURS}時間までです。"
        )  # fmt: skip
    services: Any = [seconds] if seconds else [row[0] for row in _rows(day)]
    if not services:
        return []
    least = queueing.least_desks(people, hours * 3600, fmean(services))
    if least > _MOST_DESKS:
        raise SonaeError(
            "conflict", f"窓口が{least}要ります。", "時間を延ばすか、人数を分けてください。"
        )
    first = max(1, least - 1)
    return [
        queueing.simulate(people, hours * 3600, services, desks)
        for desks in range(first, first + _SHOWN)
    ]
