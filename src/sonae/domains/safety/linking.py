"""Who is who: link events stored by set union, and every visitor's end of the chain kept with it.

The one writer of `PersonLink`. A link moves sightings from one fold to another and changes none of
them, so that ending it gives back exactly what was before (docs/decisions/0014).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from sonae.domains.safety import rules
from sonae.domains.safety.folding import fold_again, forget_states
from sonae.domains.safety.models import PersonLink, Visitor
from sonae.platform.db import bulk_insert, parts, take_turn, writing
from sonae.platform.scope import current, every_municipality

COLUMNS: Final = (
    "id", "visitor_id", "resident_id", "other_id", "proposed", "undo", "clock", "supersedes",
)  # fmt: skip
"""Of `PersonLink`, in the order of `rules.Link`."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """One link event as it was made, here or elsewhere; ``at`` and ``clock`` by who made it."""

    id: UUID
    visitor_pk: int
    source: str
    by: str
    at: datetime
    clock: str
    resident_pk: int | None = None
    other_pk: int | None = None
    reason: str = ""
    probability: float | None = None
    proposed: bool = False
    undo: bool = False
    supersedes: UUID | None = None


def record_links(batch: Sequence[NewLink]) -> list[str]:
    """Store link events and fold everyone whom they touch, in one transaction.

    Idempotent by id, the same for every order. Return ``accepted`` or ``duplicate`` for each, in
    order; when it returns, they are on disk.
    """
    if not batch:
        return []
    with writing():
        take_turn("safety")
        known = _known({one.id for one in batch})
        fresh: dict[UUID, NewLink] = {}
        told = []
        for one in batch:
            new = one.id not in known and one.id not in fresh
            told.append("accepted" if new else "duplicate")
            if new:
                fresh[one.id] = one
        _insert(list(fresh.values()))
        _refold({one.visitor_pk for one in fresh.values() if not one.proposed})
    return told


@every_municipality()
def _known(ids: set[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for part in parts(ids):
        found |= set(PersonLink.everywhere.filter(pk__in=part).values_list("pk", flat=True))
    return found


def _insert(fresh: Sequence[NewLink]) -> None:
    scope, count = current(), len(fresh)
    bulk_insert(
        PersonLink,
        {
            "municipality": [scope.municipality] * count,
            "world": [scope.world.value] * count,
            "id": [one.id for one in fresh],
            "visitor_id": [one.visitor_pk for one in fresh],
            "resident_id": [one.resident_pk for one in fresh],
            "other_id": [one.other_pk for one in fresh],
            "proposed": [one.proposed for one in fresh],
            "undo": [one.undo for one in fresh],
            "source": [one.source for one in fresh],
            "reason": [one.reason[:400] for one in fresh],
            "probability": [one.probability for one in fresh],
            "by": [one.by[:120] for one in fresh],
            "at": [one.at for one in fresh],
            "clock": [one.clock for one in fresh],
            "supersedes": [one.supersedes for one in fresh],
        },
    )


def _refold(touched: set[int]) -> None:
    """Work out who these visitors, and all that hang together with them, are; fold who changed."""
    if not touched:
        return
    links = list(component(touched))
    roots = rules.ends(links)
    everyone = touched | {one.visitor for one in links} | {o.other for o in links if o.other}
    changed = _point(everyone, roots)
    residents = {pk for old, new in changed.values() for kind, pk in (old, new) if kind == "r"}
    ends = {pk for old, new in changed.values() for kind, pk in (old, new) if kind == "v"}
    linked = set(changed) & set(roots)
    forget_states("v", sorted(linked))
    fold_again("r", sorted(residents))
    fold_again("v", sorted(ends - linked))


def link_anew() -> None:
    """Work out from the links alone who every visitor is."""
    rows = Visitor.objects.filter(Q(resident__isnull=False) | Q(same_as__isnull=False))
    rows.update(resident=None, same_as=None)
    links = list(_links(PersonLink.objects.all()))
    _point({one.visitor for one in links}, rules.ends(links))


def component(visitors: Iterable[int]) -> Iterator[rules.Link]:
    """Give the links of visitors and of all that any link has ever joined to them."""
    seen: set[int] = set()
    todo = set(visitors)
    told: set[UUID] = set()
    while todo:
        seen |= todo
        found: list[rules.Link] = []
        for part in parts(todo):
            rows = PersonLink.objects.filter(proposed=False)
            found += _links(rows.filter(visitor__in=part))
            found += _links(rows.filter(other__in=part))
        for one in found:
            if one.id not in told:
                told.add(one.id)
                yield one
        todo = {pk for one in found for pk in (one.visitor, one.other) if pk} - seen


def _links(rows: QuerySet[PersonLink]) -> Iterator[rules.Link]:
    return (rules.Link(*row) for row in rows.values_list(*COLUMNS))


def _point(
    visitors: Iterable[int], roots: Mapping[int, tuple[str, int]]
) -> dict[int, tuple[tuple[str, int], tuple[str, int]]]:
    """Store who visitors are; return visitor → who it was and is, of those that changed."""
    changed = {}
    rows = []
    for part in parts(visitors):
        for row in Visitor.objects.filter(pk__in=part).only("pk", "resident_id", "same_as_id"):
            old, new = _end_of(row), roots.get(row.pk, ("v", row.pk))
            if old != new:
                changed[row.pk] = old, new
                row.resident_id = new[1] if new[0] == "r" else None
                row.same_as_id = new[1] if new[0] == "v" and new[1] != row.pk else None
                rows.append(row)
    Visitor.objects.bulk_update(rows, ["resident", "same_as"], batch_size=300)
    return changed


def _end_of(row: Visitor) -> tuple[str, int]:
    return (
        ("r", row.resident_id) if row.resident_id is not None else ("v", row.same_as_id or row.pk)
    )
