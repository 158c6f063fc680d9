"""Reads: what is in force now or was at any time, what arrived, its raw bytes, what needs a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.warnings import rules
from sonae.domains.warnings.models import Telegram, WarningInForce
from sonae.domains.warnings.rules import Place
from sonae.engines.warnings import InForce, Warning
from sonae.engines.warnings import in_force as fold
from sonae.engines.warnings.model import SEVERITY_RANK
from sonae.platform.access import Actor, Audience, require
from sonae.platform.scope import current_world

# Telegrams older than this matter only as the last word of a series that nobody ended.
WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class WarnedHazard:
    """The gravest warning in force here for one hazard.

    ``level`` is 警戒レベル相当 as stated (None: none stated), ``expected_level`` the highest level that
    the telegram expects within its forecast and ``expected_at`` when that begins, ``telegram`` the primary key of what says so.
    """

    hazard: str
    level: int | None
    severity: str
    expected_level: int | None
    expected_at: datetime | None
    since: datetime
    kind: str
    telegram: int


def place() -> Place:
    """Where the municipality in force is, as far as telegrams name it."""
    city = municipalities.municipality()
    points = [(city.longitude, city.latitude)]
    points += [(town.longitude, town.latitude) for town in municipalities.towns()]
    return Place(city.code, city.warning_areas, tuple(points))


def in_force(at: datetime | None = None) -> list[WarningInForce]:
    """What is in force for the municipality, gravest first: now, or as it was known at ``at``.

    For a past moment the lines are made anew (unsaved) from what had been received by then.
    """
    if at is None:
        moment = clock.now()
        rows = WarningInForce.objects.filter(Q(until=None) | Q(until__gt=moment))
        return sorted(rows.select_related("telegram").defer(*_HEAVY), key=_reading_order)
    return sorted(compute(clock.aware(at)), key=_reading_order)


_HEAVY = ("telegram__raw", "telegram__content")


def _reading_order(line: WarningInForce) -> tuple[int, int, bool, str, str]:
    rank = SEVERITY_RANK[line.severity]
    return -rank, -(line.level or 0), line.area_type != "city", line.area_code, line.phenomenon


def compute(at: datetime) -> list[WarningInForce]:
    """The lines for the municipality from all that was received by ``at``, not saved."""
    telegrams = {row.sha256: row for row in relevant(at)}
    warnings = {
        row.sha256: Warning.from_json(row.content) for row in telegrams.values() if row.content
    }
    here = place()
    lines = [
        line
        for status in _statuses()
        for line in fold(warnings.values(), at=at, status=status, arrived=True)
        if rules.line_concerns(line, warnings[line.raw_sha256], here)
    ]
    return _once([_row(line, telegrams[line.raw_sha256]) for line in lines])


def _statuses() -> tuple[str, ...]:
    """試験 shares the exercise world with 訓練 but is no part of an exercise's picture."""
    return ("actual",) if current_world() == "live" else ("exercise",)


def _row(line: InForce, telegram: Telegram) -> WarningInForce:
    return WarningInForce(
        telegram=telegram,
        area_code=(line.area.code or line.area.name)[:120],
        area_name=line.area.name[:500],
        area_type=line.area.type,
        phenomenon=line.phenomenon,
        kind=line.kind[:200],
        kind_code=(line.kind_code or "")[:40],
        condition=line.condition[:200],
        level=line.level,
        severity=line.severity,
        since=line.since,
        until=line.until,
        forecast=[forecast.to_json() for forecast in line.forecast],
    )


def _once(rows: Iterable[WarningInForce]) -> list[WarningInForce]:
    """One row per area code, phenomenon and kind: the table's own rule."""
    found: dict[tuple[str, str, str], WarningInForce] = {}
    for row in rows:
        found.setdefault((row.area_code, row.phenomenon, row.kind), row)
    return list(found.values())


def relevant(at: datetime) -> QuerySet[Telegram]:
    """Telegrams received by ``at`` that can have a say about us.

    A series that named us once is followed to its end, because a cancellation names no place; so
    are tsunami and CAP messages, whose series join.
    """
    rows = Telegram.objects.filter(received_at__lte=at, content__isnull=False)
    ours = rows.filter(concerns_us=True, series=OuterRef("series"))
    followed = rows.filter(Exists(ours) | Q(source="cap") | Q(telegram_type__startswith="VTSE"))
    newer = Q(sent_at__gt=OuterRef("sent_at")) | Q(sent_at=OuterRef("sent_at"), action="cancel")
    later = rows.filter(newer, series=OuterRef("series"))
    last_word = Q(holds=True) & ~Exists(later)
    return followed.filter(Q(sent_at__gte=at - WINDOW) | last_word).defer("raw")


def warned_hazards() -> dict[str, WarnedHazard]:
    """Hazard → the gravest warning in force for it here (flood, landslide, storm_surge …)."""
    found: dict[str, WarnedHazard] = {}
    for line in in_force():
        for hazard in rules.hazards_of(line.phenomenon, line.condition):
            held = found.get(hazard)
            this = (line.severity, line.level)
            if held is None or rules.worse(this, (held.severity, held.level)):
                found[hazard] = _warned(hazard, line)
    return found


def _warned(hazard: str, line: WarningInForce) -> WarnedHazard:
    expected = max((each["level"] for each in line.forecast), default=None)
    starts = [each["from"] for each in line.forecast if each["level"] == expected and each["from"]]
    begins = min(map(datetime.fromisoformat, starts), default=None)
    return WarnedHazard(
        hazard, line.level, line.severity, expected, begins, line.since, line.kind, line.telegram_id
    )


def history(limit: int = 100, *, ours_only: bool = False) -> list[Telegram]:
    """Telegrams as they arrived, newest first, without their raw bytes."""
    rows = Telegram.objects.defer("raw").order_by("-received_at", "-pk")
    return list((rows.filter(concerns_us=True) if ours_only else rows)[:limit])


def telegram(telegram_pk: int) -> Telegram:
    """One telegram of the world in force; ``not_found`` otherwise."""
    found = Telegram.objects.defer("raw").filter(pk=telegram_pk).first()
    if found is None:
        raise SonaeError("not_found", "この電文はありません。")
    return found


def raw(actor: Actor, telegram_pk: int) -> bytes:
    """The bytes as they were received, for staff."""
    require(actor, Audience.STAFF)
    found = Telegram.objects.filter(pk=telegram_pk).values_list("raw", flat=True).first()
    if found is None:
        raise SonaeError("not_found", "この電文はありません。")
    return bytes(found)


def alarms() -> list[Telegram]:
    """What was received and could not be understood, and nobody has looked at yet; newest first."""
    waiting = Telegram.objects.filter(
        state__in=(Telegram.REFUSED, Telegram.UNKNOWN), seen_at__isnull=True
    )
    return list(waiting.defer("raw").order_by("-received_at", "-pk"))


def last_received() -> datetime | None:
    """When anything was last received: a silent feed must not look like a quiet day."""
    return Telegram.objects.order_by("-received_at").values_list("received_at", flat=True).first()
