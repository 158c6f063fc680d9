"""Reads: what is in force now or was at any time, what arrived, its raw bytes, what needs a person."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.warnings import rules
from sonae.domains.warnings.models import Telegram, WarningEnd, WarningInForce, WarningInput
from sonae.domains.warnings.response import Rule, drafts_orders
from sonae.domains.warnings.response_rules import rules as response_rules
from sonae.domains.warnings.rules import Place
from sonae.engines.warnings import InForce, Warning, difference
from sonae.engines.warnings import in_force as fold
from sonae.engines.warnings.changes import Change
from sonae.engines.warnings.claims import Claim
from sonae.engines.warnings.model import SEVERITY_RANK, Ring, WarningArea
from sonae.platform.access import Actor, Audience, require
from sonae.platform.scope import current_world

# Telegrams older than this matter only as the last word of a series that nobody ended.
WINDOW = timedelta(days=14)
# Heard whatever they name: tsunami series join, and the summary of the country ends by silence.
HEARD = ("VTSE41", rules.SUMMARY)
# Summaries come every ten minutes; older ones only tell since when.
_SUMMARY_WINDOW = timedelta(hours=24)
# 時系列情報 comes at 5, 11, 17 and 23 o'clock; one that missed its successor twice says nothing now.
_HOURS_COUNT = timedelta(hours=18)
_PAGE = re.compile(r"（([0-9]{1,2})/([0-9]{1,2})）")


@dataclass(frozen=True)
class WarnedHazard:
    """The gravest warning in force here for one hazard.

    ``level`` is 警戒レベル相当 as stated (None: none stated), ``expected_level`` the highest level that
    any of its telegrams expects within its forecast, ``expected_at`` when that begins, ``telegram``
    the primary key of what says so. ``draft_order``: whether the response rules let the plan
    suggest an order for it. ``rises``: every level expected above ``level``, lowest first, with the
    earliest time that any of its telegrams gives for it.
    """

    hazard: str
    level: int | None
    severity: str
    expected_level: int | None
    expected_at: datetime | None
    since: datetime
    kind: str
    telegram: int
    draft_order: bool = True
    rises: tuple[tuple[int, datetime], ...] = ()


def place(via: str = "") -> Place:
    """Where the municipality in force is, as far as telegrams name it.

    ``via``: the input, whose ``areas`` name further areas that are ours on that line.
    """
    city = municipalities.municipality()
    points = [(city.longitude, city.latitude)]
    points += [(town.longitude, town.latitude) for town in municipalities.towns()]
    named = [name.strip() for name in str(settings_of(via).get("areas", "")).split(",")]
    areas = dict(city.warning_areas)
    if any(named):
        areas["area"] = [*areas.get("area", ()), *filter(None, named)]
    return Place(city.code, areas, tuple(points))


def settings_of(via: str) -> Mapping[str, Any]:
    """The plain settings of the input of that name; none for what is no input."""
    found = WarningInput.objects.filter(name=via).values_list("options", flat=True).first()
    return found or {}


def in_force(at: datetime | None = None) -> list[WarningInForce]:
    """What is in force for the municipality, gravest first: now, or as it was known at ``at``.

    For a past moment the lines are made anew (unsaved) from what had been received by then.
    """
    if at is None:
        moment = clock.now()
        rows = WarningInForce.objects.filter(Q(until=None) | Q(until__gt=moment))
        return sorted(rows.select_related("telegram").defer(*_HEAVY), key=_reading_order)
    return sorted(compute(clock.aware(at)), key=_reading_order)


_HEAVY = ("telegram__raw", "telegram__content", "telegram__ours")


def _reading_order(line: WarningInForce) -> tuple[int, int, bool, str, str]:
    rank = SEVERITY_RANK[line.severity]
    return -rank, -(line.level or 0), line.area_type != "city", line.area_code, line.phenomenon


def compute(at: datetime) -> list[WarningInForce]:
    """The lines for the municipality from all that was received by ``at``, not saved."""
    telegrams = {row.sha256: row for row in relevant(at)}
    warnings = [Warning.from_json(row.ours) for row in telegrams.values() if row.ours]
    gone = {(one.series, one.area_code, one.phenomenon) for one in ended_by_people(at)}

    def ended(claim: Claim) -> bool:
        series = telegrams[claim.warning.raw_sha256].series
        return (series, _area_code(claim.area), claim.item.phenomenon) in gone

    lines = [
        _row(line, telegrams[line.raw_sha256])
        for status in _statuses()
        for line in fold(warnings, at=at, status=status, arrived=True, ended=ended)
    ]
    return _once(lines)


def ended_by_people(at: datetime | None = None) -> list[WarningEnd]:
    """What people ended and no later telegram of the series took up again, newest first."""
    moment = at or clock.now()
    rows = WarningEnd.objects.filter(ended_at__lte=moment).exclude(undone_at__lte=moment)
    later = Telegram.objects.filter(
        series=OuterRef("series"),
        ours__isnull=False,
        received_at__gt=OuterRef("ended_at"),
        received_at__lte=moment,
    )
    return list(rows.filter(~Exists(later)).order_by("-ended_at"))


def _statuses() -> tuple[str, ...]:
    """試験 shares the exercise world with 訓練 but is no part of an exercise's picture."""
    return ("actual",) if current_world() == "live" else ("exercise",)


def _area_code(area: WarningArea) -> str:
    return (area.code or area.name)[:120]


def _row(line: InForce, telegram: Telegram) -> WarningInForce:
    return WarningInForce(
        telegram=telegram,
        area_code=_area_code(line.area),
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
        polygon=[[list(point) for point in ring] for ring in line.area.polygon],
    )


def _once(rows: Iterable[WarningInForce]) -> list[WarningInForce]:
    """One row per area code, phenomenon and kind: the table's own rule."""
    found: dict[tuple[str, str, str], WarningInForce] = {}
    for row in rows:
        found.setdefault((row.area_code, row.phenomenon, row.kind), row)
    return list(found.values())


def relevant(at: datetime) -> QuerySet[Telegram]:
    """Telegrams received by ``at`` that can have a say about us."""
    rows = Telegram.objects.filter(received_at__lte=at, ours__isnull=False)
    rows = rows.exclude(telegram_type=rules.HOURS)
    newer = Q(sent_at__gt=OuterRef("sent_at")) | Q(sent_at=OuterRef("sent_at"), action="cancel")
    last_word = Q(holds=True) & ~Exists(rows.filter(newer, series=OuterRef("series")))
    followed = rows.filter(_followed())
    summary = Q(telegram_type=rules.SUMMARY)
    newest = rows.filter(summary).order_by("-sent_at").values("pk")[:1]
    # The newest summary counts however old: what it had ended must not come back.
    recent = followed.filter(sent_at__gte=at - WINDOW).exclude(
        summary & Q(sent_at__lt=at - _SUMMARY_WINDOW) & ~Q(pk__in=newest)
    )
    return (recent | followed.filter(last_word, sent_at__lt=at - WINDOW)).defer("raw", "content")


def _followed() -> Q:
    """A series that named us once is followed to its end, because a cancellation names no place.

    So are tsunami and CAP messages, whose series join, and the summary of the whole country.
    """
    named = Telegram.objects.filter(concerns_us=True).values("series")
    return Q(series__in=named) | Q(source="cap") | Q(telegram_type__in=HEARD)


def is_followed(warning: Warning) -> bool:
    """Whether a telegram belongs to what `relevant` looks at."""
    if warning.telegram == rules.HOURS:
        return False
    if warning.source == "cap" or warning.telegram in HEARD:
        return True
    return Telegram.objects.filter(series=warning.series[:300], concerns_us=True).exists()


@dataclass(frozen=True)
class ExpectedHours:
    """One phenomenon for which 時系列情報 expects something: hours still to come, earliest first.

    ``steps`` are forecasts in JSON (``level`` or ``severity``, ``from``, ``to``).
    """

    kind: str
    condition: str
    phenomenon: str
    areas: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    telegram: Telegram


def expected_hours(at: datetime | None = None) -> list[ExpectedHours]:
    """What the newest 時系列情報 about us expects after ``at``: a forecast, never a warning."""
    moment = clock.aware(at) if at else clock.now()
    rows = Telegram.objects.filter(
        telegram_type=rules.HOURS, concerns_us=True, received_at__lte=moment,
        received_at__gt=moment - _HOURS_COUNT, status__in=_statuses(),
    )  # fmt: skip
    newest: dict[str, Telegram] = {}
    for row in rows.defer("raw", "content").order_by("-sent_at"):
        newest.setdefault(row.series, row)
    return [
        found
        for row in newest.values()
        if row.ours and row.action != "cancel"
        for found in _hours_to_come(row, moment)
    ]


def _hours_to_come(row: Telegram, moment: datetime) -> Iterable[ExpectedHours]:
    for item in Warning.from_json(row.ours or {}).items:
        steps = tuple(
            step.to_json() for step in item.forecast if step.end is None or step.end > moment
        )
        if steps:
            areas = tuple(area.name for area in item.areas)
            yield ExpectedHours(item.kind, item.condition, item.phenomenon, areas, steps, row)


def rings_of(line: WarningInForce) -> tuple[Ring, ...]:
    """The drawn outline of a line's area, rings of (longitude, latitude); empty where it has none."""
    return tuple(tuple((x, y) for x, y in ring) for ring in line.polygon)


def changes(telegram_pk: int) -> tuple[Telegram | None, list[Change[InForce]]]:
    """What a telegram changed for us against the one before it in its series, and which that was.

    Lines that stay as they are are left out; nothing is compared with what was never in the series.
    """
    row = telegram(telegram_pk)
    if row.ours is None or row.sent_at is None:
        return None, []
    older = Telegram.objects.filter(series=row.series, ours__isnull=False).exclude(pk=row.pk)
    older = older.filter(
        Q(sent_at__lt=row.sent_at) | Q(sent_at=row.sent_at, received_at__lt=row.received_at)
    )
    before = older.defer("raw", "content").order_by("-sent_at", "-received_at").first()
    found = difference(_alone(before), _alone(row))
    return before, [one for one in found if one.what != "unchanged" or one.details]


def _alone(row: Telegram | None) -> list[InForce]:
    """What one telegram says that is in force when it is sent, whatever came after it."""
    if row is None or row.sent_at is None or not row.ours:
        return []
    status = row.status or "actual"
    return fold([Warning.from_json(row.ours)], at=row.sent_at, status=status, arrived=True)


def warned_hazards() -> dict[str, WarnedHazard]:
    """Hazard → the gravest warning in force for it here (flood, landslide, storm_surge …).

    What is expected next is the worst that any of the hazard's warnings expects: 大雨 at level 2 may
    announce level 4 while the river is at 3.
    """
    found: dict[str, list[WarningInForce]] = {}
    for line in in_force():
        for hazard in rules.hazards_of(line.phenomenon, line.condition):
            found.setdefault(hazard, []).append(line)
    known = response_rules()
    return {hazard: _warned(hazard, lines, known) for hazard, lines in found.items()}


def _warned(hazard: str, lines: Sequence[WarningInForce], known: Sequence[Rule]) -> WarnedHazard:
    """Sum up the lines of one hazard, gravest first."""
    worst = lines[0]
    forecasts = [each for line in lines for each in line.forecast]
    expected = max((each["level"] for each in forecasts), default=None)
    starts = [each["from"] for each in forecasts if each["level"] == expected]
    return WarnedHazard(
        hazard=hazard,
        level=worst.level,
        severity=worst.severity,
        expected_level=expected,
        expected_at=min(map(datetime.fromisoformat, starts), default=None),
        since=worst.since,
        kind=worst.kind,
        telegram=worst.telegram_id,
        draft_order=any(
            drafts_orders(known, line.phenomenon, line.severity)
            for line in lines
            if SEVERITY_RANK[line.severity] >= SEVERITY_RANK["warning"]
        ),
        rises=_rises(forecasts, worst.level or 0),
    )


def _rises(forecasts: Sequence[Mapping[str, Any]], level: int) -> tuple[tuple[int, datetime], ...]:
    """Return each level forecast above ``level`` with the earliest time it begins."""
    begins: dict[int, datetime] = {}
    for each in forecasts:
        if each["level"] > level:
            start = datetime.fromisoformat(each["from"])
            begins[each["level"]] = min(start, begins.get(each["level"], start))
    return tuple(sorted(begins.items()))


def history(
    limit: int = 100, *, ours_only: bool = False, at: datetime | None = None
) -> list[Telegram]:
    """Telegrams as they arrived (by ``at``), newest first, without their raw bytes.

    The pages of a satellite's long text are one, with how many of them are there.
    """
    rows = Telegram.objects.defer("raw").order_by("-received_at", "-pk")
    if at is not None:
        rows = rows.filter(received_at__lte=at)
    return _one_of_pages((rows.filter(concerns_us=True) if ours_only else rows)[:limit])


def _one_of_pages(rows: Iterable[Telegram]) -> list[Telegram]:
    """Put the pages of one text where its newest page stands: 「（2/3）」, the text, … for a gap."""
    shown: list[Telegram] = []
    texts: dict[tuple[object, ...], tuple[Telegram, int, dict[int, str]]] = {}
    for row in rows:
        page = _PAGE.match(row.headline) if row.source == "qzss" else None
        if page is None:
            shown.append(row)
            continue
        key = (row.telegram_type, row.status, row.issued_at, page[2])
        if key not in texts:
            texts[key] = (row, int(page[2]), {})
            shown.append(row)
        texts[key][2].setdefault(int(page[1]), row.headline[page.end() :])
    for row, total, pages in texts.values():
        told = "".join(pages.get(number, "…") for number in range(1, total + 1))
        row.headline = f"（{len(pages)}/{total}）{re.sub('…+', '…', told)}"
    return shown


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


def last_received(at: datetime | None = None) -> datetime | None:
    """When anything was last received (by ``at``): a silent feed must not look like a quiet day."""
    rows = Telegram.objects.order_by("-received_at")
    if at is not None:
        rows = rows.filter(received_at__lte=at)
    return rows.values_list("received_at", flat=True).first()
