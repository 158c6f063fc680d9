"""Meals and goods per person (配食): everybody gets the first portion once, seconds only knowingly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import rules
from sonae.domains.sheltering.entry import facility_for, name_of, number, said
from sonae.domains.sheltering.models import Meal, MealHandout
from sonae.platform import audit
from sonae.platform.access import Actor
from sonae.platform.db import take_turn, writing


@dataclass(frozen=True)
class MealView:
    """A distribution in numbers: entitled people, those served, seconds given, portions left.

    ``left`` is None where the portions were not counted.
    """

    meal: Meal
    entitled: int
    served: int
    seconds: int

    @property
    def left(self) -> int | None:
        """Portions still there by the count, None when nobody counted."""
        if self.meal.portions is None:
            return None
        return self.meal.portions - self.served - self.seconds


@dataclass(frozen=True)
class Diner:
    """Somebody entitled, and what was already given: ``helpings`` portions."""

    who: safety.Inside
    helpings: int


def begin(
    actor: Actor, facility_pk: int, name: str, portions: str = "", allergens: Sequence[str] = ()
) -> Meal:
    """Begin a distribution; ``portions`` empty = not counted."""
    facility = facility_for(actor, facility_pk)
    meal = Meal(
        facility=facility,
        name=said(name, 80, "配るもの"),
        portions=number(portions, "用意した数", least=0) if portions.strip() else None,
        allergens=[one for one in rules.ALLERGENS if one in allergens],
        begun_at=clock.now(),
        begun_by=name_of(actor),
    )
    with writing():
        meal.save()
        audit.record(
            actor.id, "sheltering.meal_begun", f"meal:{meal.pk}",
            name=f"{facility.name} {meal.name}", portions=meal.portions,
        )  # fmt: skip
    return meal


def end(actor: Actor, facility_pk: int, meal_pk: int) -> Meal:
    """End a distribution; nothing is handed out for it any more."""
    meal = _meal(actor, facility_pk, meal_pk)
    with writing():
        meal.ended_at = clock.now()
        meal.save(update_fields=["ended_at"])
        audit.record(actor.id, "sheltering.meal_ended", f"meal:{meal.pk}", name=meal.name)
    return meal


def _meal(actor: Actor, facility_pk: int, meal_pk: int) -> Meal:
    facility_for(actor, facility_pk)
    meal = Meal.objects.select_related("facility").filter(pk=meal_pk, facility=facility_pk).first()
    if meal is None:
        raise SonaeError("not_found", "この配食は登録されていません。")
    if meal.ended_at is not None:
        raise SonaeError("conflict", "この配食は終わっています。", "新しい配食を始めてください。")
    return meal


def hand_out(
    actor: Actor, facility_pk: int, meal_pk: int, people: Sequence[str], *, seconds: bool = False
) -> list[str]:
    """Give a portion to each of these people; return the keys of those who got one now.

    Who already had one gets none, whoever pressed the button first, unless these are ``seconds``; then
    who had none yet gets none: firsts go before seconds.
    """
    meal = _meal(actor, facility_pk, meal_pk)
    with writing():
        take_turn("meals")
        safety.require_inside(facility_pk, people)
        given = _given(meal, people)
        lucky = [one for one in dict.fromkeys(people) if bool(given[one]) == seconds]
        now, who = clock.now(), name_of(actor)
        MealHandout.objects.bulk_create(
            [
                MealHandout(meal=meal, person=one, helping=given[one] + 1, at=now, by=who)
                for one in lucky
            ]
        )
    return lucky


def _given(meal: Meal, people: Sequence[str]) -> Counter[str]:
    """Return person → portions had."""
    rows = MealHandout.objects.filter(meal=meal, person__in=people)
    found: Counter[str] = Counter()
    for person, helping in rows.values_list("person", "helping"):
        found[person] = max(found[person], helping)
    return found


def take_back(actor: Actor, facility_pk: int, meal_pk: int, person: str) -> None:
    """Take the last portion of a person back (a wrong button)."""
    meal = _meal(actor, facility_pk, meal_pk)
    with writing():
        row = MealHandout.objects.filter(meal=meal, person=person).order_by("-helping").first()
        if row is None:
            raise SonaeError("conflict", "この人には、まだ渡していません。")
        row.delete()
        audit.record(actor.id, "sheltering.meal_taken_back", f"meal:{meal.pk}", name=meal.name)


def meals(facility_pk: int, limit: int = 20) -> list[MealView]:
    """Return the distributions of a shelter, newest first, in numbers."""
    rows = list(Meal.objects.filter(facility=facility_pk).order_by("-begun_at", "-pk")[:limit])
    told = safety.summary(facility_pk) if rows else None
    entitled = told.people + told.supported if told else 0
    counted: dict[int, Counter[bool]] = {row.pk: Counter() for row in rows}
    handed = MealHandout.objects.filter(meal__in=rows).values_list("meal", "helping")
    for meal, helping in handed:
        counted[meal][helping > 1] += 1
    return [MealView(r, entitled, counted[r.pk][False], counted[r.pk][True]) for r in rows]


def diners(actor: Actor, facility_pk: int, meal_pk: int, shown: str = "") -> list[Diner]:
    """Return who is entitled with what each had; ``shown``: only whom a card, QR or name finds.

    Somebody under 支援措置 is found by the own card alone.
    """
    facility_for(actor, facility_pk)
    meal = Meal.objects.filter(pk=meal_pk, facility=facility_pk).first()
    if meal is None:
        raise SonaeError("not_found", "この配食は登録されていません。")
    people = _found(actor, facility_pk, shown.strip())
    given = _given(meal, [one.person for one in people])
    return [Diner(one, given[one.person]) for one in people]


def _found(actor: Actor, facility_pk: int, shown: str) -> list[safety.Inside]:
    if shown:
        how, cards = residents.presented(shown)
        if how:
            return safety.presented_inside(actor, facility_pk, [one.pk for one in cards])
    people = safety.inside(actor, facility_pk)
    homes = {one.home for one in people if shown in one.name or shown in one.kana}
    return [one for one in people if one.home in homes]
