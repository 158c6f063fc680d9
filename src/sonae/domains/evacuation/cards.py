"""避難カードの一括印刷: who may ask for the cards of whole towns, how far it is, and when the file goes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
from django.conf import settings
from django.db.models import Count, QuerySet
from numpy.typing import NDArray

from sonae.core import clock, townname
from sonae.core.errors import SonaeError
from sonae.domains.evacuation.models import CardBatch
from sonae.domains.evacuation.selectors import (
    Walker,
    graphs_for,
    sites_for,
)
from sonae.domains.evacuation.services import city_or_empty, engine_sites
from sonae.domains.residents.interface import Household
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.engines.evacuation.graph import RouteTree
from sonae.engines.evacuation.planning import SiteChooser
from sonae.platform import audit, outbox
from sonae.platform.access import Actor, Audience, Role, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality, is_exercise

REQUESTED = "cards.requested"
EXPIRED = "cards.expired"
MOST_HOUSEHOLDS: Final = 3000
"""In one file: more is no bundle that a person carries from door to door."""
KEPT_FOR: Final = timedelta(days=1)
AT_ONCE: Final = 100
_DIGITS: Final = re.compile(r"(\d+)")


def homes_in(towns: Sequence[int]) -> QuerySet[Household]:
    """Return the households of towns (primary keys), to be counted or walked."""
    return Household.objects.filter(town__in=towns)


def homes_by_town() -> dict[int, int]:
    """Return town (primary key) → households."""
    rows = Household.objects.order_by().values_list("town").annotate(n=Count("pk"))
    return dict(rows)


def request(actor: Actor, towns: Sequence[int], purpose: str) -> CardBatch:
    """Ask for the cards of towns (primary keys); they are made by the worker.

    `SonaeError` ``unreadable`` without a town or a purpose, ``too_large`` beyond `MOST_HOUSEHOLDS`,
    ``conflict`` in an exercise: its cards would be real people's.
    """
    require(actor, Audience.OPERATOR)
    if is_exercise():
        raise SonaeError("conflict", "訓練では、実在の人のカードを印刷しません。")
    if not towns or not purpose.strip():
        raise SonaeError("unreadable", "町を1つ以上選び、何のために配るかを書いてください。")
    total = homes_in(towns).count()
    if not total:
        raise SonaeError("not_found", "選んだ町に、登録された世帯がありません。")
    if total > MOST_HOUSEHOLDS:
        raise SonaeError(
            "too_large",
            f"{total:,}世帯あります。1回に{MOST_HOUSEHOLDS:,}世帯までです。",
            "町を分けて印刷してください。",
        )
    with writing():
        batch = CardBatch.objects.create(
            towns=sorted(towns), purpose=purpose.strip()[:120], requested_by=actor.id,
            requested_name=actor.name[:120], requested_at=clock.now(), total=total,
        )  # fmt: skip
        audit.record(
            actor.id, "cards.request", f"cards:{batch.pk}", towns=sorted(towns), households=total
        )
        outbox.publish(REQUESTED, {"batch": batch.pk}, order_key="cards", priority=8)
        outbox.publish(EXPIRED, {"batch": batch.pk}, delay=KEPT_FOR.total_seconds(), priority=9)
    return batch


def batches(actor: Actor) -> list[CardBatch]:
    """Return the batches of this municipality, newest first."""
    require(actor, Audience.OPERATOR)
    return list(CardBatch.objects.order_by("-pk")[:50])


def batch(actor: Actor, pk: int) -> CardBatch:
    """Return one batch."""
    require(actor, Audience.OPERATOR)
    row = CardBatch.objects.filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この一括印刷はありません。")
    return row


def asker(row: CardBatch) -> Actor:
    """Return who asked, in whose name the disclosures of a batch are recorded."""
    return Actor(row.requested_by, Role.OPERATOR, row.requested_name)


def file_of(row: CardBatch) -> Path:
    """Return where the file of a batch lies."""
    return Path(settings.HOME) / "cards" / f"{current_municipality()}-{row.pk}.pdf"


def begin(pk: int) -> CardBatch | None:
    """Take up a batch; None when it is done, removed or given up. A broken attempt begins anew."""
    with writing():
        row = CardBatch.objects.filter(pk=pk, state__in=("waiting", "working")).first()
        if row is not None:
            row.state, row.done, row.left_out = "working", 0, 0
            row.save(update_fields=["state", "done", "left_out"])
    return row


def advance(row: CardBatch, done: int, left_out: int) -> None:
    """Note how far a batch is."""
    with writing():
        CardBatch.objects.filter(pk=row.pk).update(done=done, left_out=left_out)


def finish(row: CardBatch, pdf: bytes, pages: int) -> None:
    """Put the file in place, whole or not at all, and say that it is there."""
    file = file_of(row)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_suffix(f".{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pdf)
    part.replace(file)
    with writing():
        done = CardBatch.objects.filter(pk=row.pk, state="working").update(
            state="ready", pages=pages, finished_at=clock.now()
        )
    if not done:  # removed while it was being made
        file.unlink(missing_ok=True)


def fail(row: CardBatch, problem: str) -> None:
    """Say why a batch cannot be made."""
    with writing():
        CardBatch.objects.filter(pk=row.pk).update(
            state="failed", problem=problem[:400], finished_at=clock.now()
        )


def fetch(actor: Actor, pk: int) -> bytes:
    """Return the file of a batch; that it was fetched, and by whom, is on record."""
    row = batch(actor, pk)
    file = file_of(row)
    if row.state != "ready" or not file.exists():
        raise SonaeError("not_found", "このPDFは、もうありません。もう一度作ってください。")
    with writing():
        audit.record(actor.id, "cards.fetch", f"cards:{pk}", households=row.done - row.left_out)
    return file.read_bytes()


def remove(actor: Actor, pk: int) -> None:
    """Remove the file of a batch before its time."""
    row = batch(actor, pk)
    _remove(row)
    with writing():
        audit.record(actor.id, "cards.remove", f"cards:{pk}")


def expire(pk: int) -> None:
    """Remove the file of a batch whose day is over."""
    row = CardBatch.objects.filter(pk=pk).first()
    if row is not None:
        _remove(row)


def _remove(row: CardBatch) -> None:
    with writing():
        CardBatch.objects.filter(pk=row.pk).exclude(state="failed").update(state="removed")
    file_of(row).unlink(missing_ok=True)


def by_address(homes: QuerySet[Household]) -> list[Household]:
    """Return households as one walks: by the town's reading, then by the numbers of the address."""

    def walked(home: Household) -> tuple[object, ...]:
        parts = _DIGITS.split(home.address)
        numbers = [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
        return (*townname.order(home.town.name, home.town.kana), home.town.code, numbers, home.pk)

    return sorted(homes.select_related("town"), key=walked)


def in_parts(homes: Sequence[Household]) -> Iterator[Sequence[Household]]:
    """Give households some at a time."""
    for start in range(0, len(homes), AT_ONCE):
        yield homes[start : start + AT_ONCE]


_Tree = tuple[RouteTree, NDArray[np.int64]]


class SiteFinder:
    """The designated site of many homes: one route tree per hazard and walker answers them all.

    A card hangs for years: what is closed, full or under water tonight does not stand on it.
    """

    def __init__(self) -> None:
        """Read the facilities once; a batch is of one moment."""
        self._facilities = {row.pk: row for row in shelters.facilities()}
        self._trees: dict[tuple[str, Walker, bool], _Tree | None] = {}

    def site(
        self, home: Household, hazard: str, walker: Walker
    ) -> tuple[Facility | None, float | None]:
        """Return the site for a home and the metres to it by road; None without a site or a way.

        Of a home of which only the town is known it is the town's site, at no known distance; where not
        even that is known, none.
        A site known to refuse the walker's needs is named only where no other is left.
        """
        if home.place == "none":
            return None, None
        plain = Walker(walker.profile, walker.groups, pets=walker.pets)
        found = self._reached(home, hazard, plain, any_site=False)
        if found[0] is None and plain.needs:
            return self._reached(home, hazard, plain, any_site=True)
        return found

    def _reached(
        self, home: Household, hazard: str, walker: Walker, *, any_site: bool
    ) -> tuple[Facility | None, float | None]:
        key = (hazard, walker, any_site)
        if key not in self._trees:
            self._trees[key] = self._tree(*key)
        found = self._trees[key]
        if found is None or home.node is None:
            return None, None
        tree, pks = found
        best = int(tree.site[home.node])
        if best < 0:
            return None, None
        metres = float(tree.distance_m[home.node]) + (home.node_metres or 0.0)
        return self._facilities.get(int(pks[best])), metres if home.located else None

    def _tree(self, hazard: str, walker: Walker, any_site: bool) -> _Tree | None:
        """Return the tree towards the sites of a hazard and their primary keys, None without any."""
        table = sites_for(walker, any_site=any_site, lasting=True)
        city = city_or_empty()
        graphs = graphs_for(city, (hazard,), lasting=True)
        chooser = SiteChooser(graphs, engine_sites(table), (hazard,), city.trees)
        _code, chosen = chooser.choose(1, walker.groups)
        if not len(chosen):
            return None
        return chooser.tree(chosen, walker.stairs), np.asarray(table.pk)[chosen]
