"""Visitors: what is known of them by now, found by any writing; whom nothing is said of; forgetting."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable
from functools import lru_cache

from django.db.models import Exists, OuterRef, Q, QuerySet

from sonae.core.kana import search_key
from sonae.core.wareki import FuzzyDate
from sonae.domains.residents import interface as residents
from sonae.domains.safety.models import PersonState, Sighting, Visitor, VisitorEntry
from sonae.domains.safety.whose import Eyes
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import parts, writing


def spoken_of() -> QuerySet[Visitor]:
    """Return the visitors of whom anything is said that was not taken back, linked ones included."""
    said = PersonState.objects.filter(visitor=OuterRef("pk"))
    linked = Q(resident__isnull=False) | Q(same_as__isnull=False)
    return Visitor.objects.filter(linked | Q(Exists(said)))


def still_spoken_of(visitor_pks: Collection[int]) -> set[int]:
    """Return those of the visitors with a sighting of their own that was not taken back or corrected."""
    found: set[int] = set()
    for part in parts(visitor_pks):
        own = Sighting.objects.filter(visitor__in=part, refusal="").exclude(direction="void")
        newer = Sighting.objects.filter(supersedes=OuterRef("pk"), refusal="")
        found |= set(own.filter(~Exists(newer)).values_list("visitor", flat=True))
    return found


def corrections(visitor_pks: Collection[int] | None = None) -> dict[int, VisitorEntry]:
    """Return visitor → what was last written of him or her, of those asked for (None: of all)."""
    rows = VisitorEntry.objects.order_by("at", "pk")
    asked = (
        [rows] if visitor_pks is None else [rows.filter(visitor__in=p) for p in parts(visitor_pks)]
    )
    return {row.visitor_id: row for part in asked for row in part}


def corrected(one: Visitor, entry: VisitorEntry | None) -> Visitor:
    """Return a visitor as known by now; a copy that is not to be saved: what was first written stays."""
    if entry is None:
        return one
    made = copy.copy(one)
    made.name, made.kana = entry.name, entry.kana
    made.birth_date, made.address = entry.birth_date, entry.address
    return made


def known_by_now(rows: Iterable[Visitor]) -> list[Visitor]:
    """Return visitors as known by now, in the order given; copies as `corrected` makes them."""
    listed = list(rows)
    later = corrections([one.pk for one in listed])
    return [corrected(one, later.get(one.pk)) for one in listed]


def written_like(eyes: Eyes, text: str) -> dict[int, bool]:
    """Return visitors in their own right, for a reader, by any name under which they were ever written.

    Each word of ``text`` stands in one writing, in any form of a 漢字 or spelling of the kana, or is the
    birth date; True where a name begins with it. Whoever was joined to another is found as that one.
    """
    words, born = residents.terms(text)
    if not words and born is None:
        return {}
    ends = dict(Visitor.objects.filter(same_as__isnull=False).values_list("pk", "same_as"))
    own = set(eyes.own().values_list("pk", flat=True))
    found: dict[int, bool] = {}
    for model, key in ((Visitor, "pk"), (VisitorEntry, "visitor")):
        for pk, name, kana, known in model.objects.values_list(key, "name", "kana", "birth_date"):
            root = eyes.hidden.get(pk) or ends.get(pk, pk)
            if root not in own or (born is not None and not _may_be(born, known)):
                continue
            begins = _called(words, name, kana) if words else True
            if begins is not None:
                found[root] = found.get(root, False) or begins
    return found


def _called(words: str, name: str, kana: str) -> bool | None:
    """Tell whether a name begins with what was typed; None where some word of it is not in it."""
    keys, typed = _keys(name, kana), _keys(words, words)
    if any(key.startswith(whole) for key in keys for whole in typed):
        return True
    each = [_keys(word, word) for word in words.split()]
    held = all(any(one in key for key in keys for one in word) for word in each)
    return False if held else None


@lru_cache(maxsize=200_000)
def _keys(name: str, kana: str) -> frozenset[str]:
    """Return the keys under which a name is found: its 漢字 in one form, its kana in one spelling."""
    return frozenset({residents.name_key(name), search_key(kana), search_key(name)} - {""})


def _may_be(born: FuzzyDate, known: str) -> bool:
    """Tell whether a birth date as far as it is known may be a date."""
    first, last = str(born.earliest), str(born.latest)
    return bool(known) and first[: len(known)] <= known <= last[: len(known)]


def forget_visitors(actor: Actor, keys: Collection[str], device: str = "") -> int:
    """Blank what was ever written of visitors (by `Visitor.key`); their sightings stay. Return how many.

    Of the sightings that came by ``device``, what was written of the place and beside it goes as well:
    whoever gave it asked for that. Take them back before, so that no state repeats it.
    """
    require(actor, Audience.OPERATOR)
    with writing():
        if device:
            seen = Sighting.objects.filter(visitor__key__in=keys, device=device)
            seen.update(place="", note="", needs=[])
        rows = Visitor.objects.filter(key__in=keys)
        count = rows.update(name="", kana="", birth_date="", address="")
        VisitorEntry.objects.filter(visitor__key__in=keys).update(
            name="", kana="", sex="", birth_date="", address="", phone="", home_city="", note=""
        )
        if count:
            audit.record(actor.id, "visitors_forgotten", count=count)
    return count
