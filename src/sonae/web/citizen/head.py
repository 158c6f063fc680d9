"""The first thing a page says about a place: one sentence, its colour, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import PlaceAdvice
from sonae.domains.municipalities.interface import Town
from sonae.domains.warnings import interface as warnings
from sonae.web import words
from sonae.web.citizen import sentence, walkers
from sonae.web.citizen.dangers import Danger
from sonae.web.citizen.sentence import Advised

Calm = tuple[str, str, float | None]


@dataclass(frozen=True)
class Head:
    """``text`` the sentence; ``tone`` the class of its box; ``why`` rule and ``source``; ``notes`` more.

    ``order`` is the mayor's order for the town in words with its ``level``, when one is in force.
    """

    text: str
    tone: str
    why: str = ""
    source: str = ""
    hazard: str = ""
    notes: tuple[str, ...] = ()
    order: str = ""
    level: int = 0


@dataclass(frozen=True)
class Ordered:
    """An order in force for a town: in words, its level (0: none), the hazard it is about."""

    name: str = ""
    level: int = 0
    hazard: str = ""


def order_for(town: Town | None) -> Ordered:
    """Return the gravest order in force for a town (or for the whole city)."""
    orders = [
        order
        for order in evacuation.orders_in_force()
        if order.whole_city or (town and any(one.pk == town.pk for one in order.towns.all()))
    ]
    if not orders:
        return Ordered()
    return Ordered(_(evacuation.ORDER_NAMES[orders[0].level]), orders[0].level, orders[0].hazard)


def watched() -> str:
    """Return the hazards that the plan is about now, for reading; empty in quiet times."""
    run = evacuation.current_run()
    names = [words.hazard(item["hazard"]) for item in run.hazards] if run else []
    return "・".join(dict.fromkeys(names))


def tone_of(decision: str, departure: str, level: int) -> str:
    """Return the class of the box: the mayor's level first, then how much it hurries."""
    if level:
        return f"level-{level}"
    if departure in ("too_late", "leave_now") or decision == "upstairs":
        return "grave"
    return "calm" if decision == evacuation.NOT_EXPOSED else "watch"


def notes_of(advice: PlaceAdvice, walker: evacuation.Walker) -> tuple[str, ...]:
    """Return what is known of the site for the walker's needs, what it refuses first."""
    facility = advice.way.facility if advice.way else None
    if facility is None or not advice.decision.startswith("leave"):
        return ()
    refused = (_("必要なことがすべてかなう避難場所は、いまありません。"),) if advice.unmet else ()
    return (*refused, *walkers.offered(facility, walker))


def of_place(
    advice: PlaceAdvice,
    walker: evacuation.Walker,
    order: Ordered,
    dangers: Sequence[Danger],
    calm: Calm = ("", "", None),
    *,
    town: bool = False,
) -> Head:
    """Return the head for a place, or for a whole ``town``, of which the maps say ``dangers``.

    ``calm`` (goal, hazard, minutes) is what quiet times name.
    """
    name, level = order.name, order.level
    tone = tone_of(advice.decision, advice.departure, level)
    if advice.decision == evacuation.NOT_EXPOSED:
        sure = _sure()
        tone = tone if level or (sure == "calm" and advice.whole) else "watch"
        text = _not_exposed(advice, order, dangers, calm, sure, town=town)
        return Head(text, tone, order=name, level=level)
    way = advice.way
    goal = walkers.name_of(way.facility) if way and way.facility else ""
    text = sentence.sentence(
        Advised(
            advice.decision, advice.departure, advice.leave_by, goal,
            way.minutes if way else None, way.reason if way else "", not advice.whole,
        )
    )  # fmt: skip
    because = advice.because
    return Head(
        text, tone, _(because.ja) if because else "",
        because.source if because else "", words.hazard(advice.hazard),
        notes_of(advice, walker), name, level,
    )  # fmt: skip


def _not_exposed(
    advice: PlaceAdvice,
    order: Ordered,
    dangers: Sequence[Danger],
    calm: Calm,
    sure: str,
    *,
    town: bool,
) -> str:
    """Return the sentence for a place that the plan sends nobody away from."""
    if order.name:
        zones = {one.hazard: one.zone for one in dangers}
        zone = zones.get(order.hazard, "unknown") if advice.whole else "unknown"
        return sentence.ordered(order.name, order.level, zone)
    if names := watched():
        return sentence.outside(names, town=town) if advice.whole else sentence.uncertain(names)
    return sentence.quiet(*calm, sure=sure)


def _sure() -> str:
    """Tell whether it is known that nothing grave is in force."""
    graver = {"emergency", "critical", "warning"}
    if any(line.severity in graver or (line.level or 0) >= 3 for line in warnings.in_force()):
        return "warned"
    return "calm" if warnings.hearing() else "deaf"
