"""How long telegrams are kept: for ever what changed something, a while what only said it again.

Two things may go, each after its own number of days (`Municipality.settings` ``retention``:
``repeated_days``, ``others_days``; 0 keeps everything):

- **confirmations**: a telegram of a state that holds until it is lifted, which says of us just what
  the one before it in its series said, is not the newest of its series, and had nothing else about us
  sent since that one (集約通報 every ten minutes). The telegram that began the state stays and counts
  them (``confirmed``, ``confirmed_until``).
- **others'**: what never concerned us and belongs to no series that did.

Never what a person has not looked at yet, what anything refers to (an order, a firing, a plan, a line
in force), or the last word of a series: what is in force, now and as of any moment, stays the same
(since when may become truer: a state told every ten minutes is looked back on for a day only).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from sonae.core import clock
from sonae.domains.municipalities.interface import municipality
from sonae.domains.warnings import rules, selectors
from sonae.domains.warnings.models import Telegram
from sonae.engines.warnings.families import BY_TELEGRAM
from sonae.platform import audit, outbox
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import is_exercise

PRUNE: Final = "warnings.prune"
DEFAULT_DAYS: Final = {"repeated_days": 30, "others_days": 90}
_AT_ONCE: Final = 200


@dataclass
class Pruned:
    """What was removed, or would be: telegrams by kind, and bytes of raw text."""

    repeated: int = 0
    others: int = 0
    raw_bytes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    types: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Confirmation:
    """A telegram that only repeats, and the one that began what it repeats."""

    pk: int
    began: int
    at: datetime


def days() -> dict[str, int]:
    """Return the city's numbers of days over the defaults."""
    given = municipality().settings.get("retention") or {}
    return {name: int(given.get(name, default)) for name, default in DEFAULT_DAYS.items()}


def prune(*, dry_run: bool = False) -> Pruned:
    """Remove what may go by now, in small transactions; ``dry_run`` only counts."""
    kept, now, done = days(), clock.now(), Pruned()
    if kept["repeated_days"]:
        for chunk in _chunks(list(_confirmations(now - timedelta(days=kept["repeated_days"])))):
            done.repeated += _remove(chunk, done, dry_run)
    if kept["others_days"]:
        others = _others(now - timedelta(days=kept["others_days"]))
        pks = [_Confirmation(pk, 0, now) for pk in others.values_list("pk", flat=True)]
        for chunk in _chunks(pks):
            done.others += _remove(chunk, done, dry_run)
    if (done.repeated or done.others) and not dry_run:
        with writing():
            audit.record(
                "system", PRUNE, repeated=done.repeated, others=done.others, types=done.types,
                bytes=done.raw_bytes, oldest=_text(done.oldest), newest=_text(done.newest),
            )  # fmt: skip
    return done


def prune_later() -> None:
    """Have `prune` run once this day; called as telegrams arrive, inside `writing`."""
    if not is_exercise():
        day = clock.now().astimezone(clock.JST).date().isoformat()
        outbox.publish(PRUNE, {"day": day}, dedupe_key=f"{PRUNE}:{day}", delay=60, priority=9)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _chunks(found: list[_Confirmation]) -> Iterator[list[_Confirmation]]:
    for start in range(0, len(found), _AT_ONCE):
        yield found[start : start + _AT_ONCE]


def _free(rows: QuerySet[Telegram]) -> QuerySet[Telegram]:
    """Only those to which nothing refers: every foreign key to a telegram, whoever has it."""
    for relation in Telegram._meta.related_objects:
        holders: Any = relation.related_model._base_manager
        rows = rows.filter(~Exists(holders.filter(**{relation.field.name: OuterRef("pk")})))
    return rows


def _removable(before: datetime) -> QuerySet[Telegram]:
    rows = Telegram.objects.filter(state=Telegram.READ, error="", received_at__lt=before)
    return _free(rows)


def _confirmations(before: datetime) -> Iterator[_Confirmation]:
    """Telegrams of series about us that only repeat the one before them, the newest left out."""
    series = (
        Telegram.objects.filter(ours__isnull=False, received_at__lt=before)
        .exclude(series="").exclude(source="cap")
        .order_by().values_list("series", flat=True).distinct()
    )  # fmt: skip
    for name in list(series):
        if not _lasting(name):
            continue
        free = set(_removable(before).filter(series=name).values_list("pk", flat=True))
        if free:
            yield from _repeats(name, free)


def _lasting(series: str) -> bool:
    """Whether it holds until it is lifted; a report that lapses is lengthened by each repetition."""
    family = BY_TELEGRAM.get(series.partition("|")[0])
    return family is not None and family.lapses is None and not family.foretells


def _between(others: list[datetime], after: datetime, until: datetime) -> bool:
    return bisect_right(others, until) > bisect_right(others, after)


def _repeats(series: str, free: set[int]) -> Iterator[_Confirmation]:
    """Walk one series in its own order; a run is what says the same, by whatever is received."""
    elsewhere = Telegram.objects.filter(concerns_us=True, sent_at__isnull=False)
    times = elsewhere.exclude(series=series).values_list("sent_at", flat=True)
    others = sorted(at for at in times if at is not None)
    rows = Telegram.objects.filter(series=series, ours__isnull=False)
    columns = ("pk", "ours", "action", "sent_at", "received_at")
    told = list(rows.order_by("sent_at", "received_at", "pk").values(*columns))
    began: dict[str, Any] | None = None
    for at, row in enumerate(told[:-1]):
        same = (
            began is not None
            and _says(row) == _says(began)
            and not _between(others, began["sent_at"], row["sent_at"])
        )
        # One that came later than its successor was news when it came: it stays.
        in_turn = same and row["received_at"] <= told[at + 1]["received_at"]
        if in_turn and began is not None and row["received_at"] >= began["received_at"]:
            if row["pk"] in free:
                yield _Confirmation(row["pk"], began["pk"], row["received_at"])
        else:
            began = row


def _says(row: dict[str, Any]) -> tuple[object, ...]:
    """What a telegram says of us; its own time and headline are no part of it."""
    items = (row["ours"] or {}).get("items", [])
    return row["action"], (row["ours"] or {}).get("event_id"), str(items)


def _others(before: datetime) -> QuerySet[Telegram]:
    """What never concerned us, of no series that ever did."""
    ours = Telegram.objects.filter(concerns_us=True).values("series")
    rows = _removable(before).filter(concerns_us=False).exclude(series__in=ours)
    return rows.exclude(Q(source="cap") | Q(telegram_type__in=(rules.SUMMARY, *selectors.HEARD)))


def _remove(chunk: Iterable[_Confirmation], done: Pruned, dry_run: bool) -> int:
    """Remove one chunk, counting confirmations at the telegram that began the state."""
    found = {one.pk: one for one in chunk}
    with writing():
        take_turn("warnings")
        rows = list(_free(Telegram.objects.filter(pk__in=found)).defer("content", "ours"))
        for row in rows:
            done.raw_bytes += len(row.raw)
            done.types[row.telegram_type] = done.types.get(row.telegram_type, 0) + 1
            done.oldest = min(filter(None, (done.oldest, row.received_at)))
            done.newest = max(filter(None, (done.newest, row.received_at)))
        if not dry_run:
            _count([found[row.pk] for row in rows if found[row.pk].began])
            Telegram.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _count(confirmations: Iterable[_Confirmation]) -> None:
    for one in confirmations:
        began = Telegram.objects.only("confirmed", "confirmed_until").get(pk=one.began)
        began.confirmed += 1
        began.confirmed_until = max(filter(None, (began.confirmed_until, one.at)))
        began.save(update_fields=["confirmed", "confirmed_until"])
