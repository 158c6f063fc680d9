"""The first thing a page says about a place: one sentence, its colour, and why."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import PlaceAdvice
from sonae.domains.municipalities.interface import Town
from sonae.domains.warnings import interface as warnings
from sonae.web import words
from sonae.web.citizen import sentence, walkers
from sonae.web.citizen.sentence import Advised


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


def order_for(town: Town | None) -> tuple[str, int]:
    """Return the gravest order in force for a town (or for the whole city) in words, and its level."""
    orders = [
        order
        for order in evacuation.orders_in_force()
        if order.whole_city or (town and any(one.pk == town.pk for one in order.towns.all()))
    ]
    return (_(evacuation.ORDER_NAMES[orders[0].level]), orders[0].level) if orders else ("", 0)


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
    order: tuple[str, int],
    calm: tuple[str, str, float | None] = ("", "", None),
) -> Head:
    """Return the head for a place; ``calm`` (goal, hazard, minutes) is what quiet times name."""
    name, level = order
    tone = tone_of(advice.decision, advice.departure, level)
    if advice.decision == evacuation.NOT_EXPOSED:
        sure = _sure()
        tone = tone if level or sure == "calm" else "watch"
        return Head(_not_exposed(name, calm, sure), tone, order=name, level=level)
    way = advice.way
    goal = walkers.name_of(way.facility) if way and way.facility else ""
    text = sentence.sentence(
        Advised(
            advice.decision, advice.departure, advice.leave_by, goal,
            way.minutes if way else None, way.reason if way else "",
        )
    )  # fmt: skip
    because = advice.because
    return Head(
        text, tone, _(because.ja) if because else "",
        because.source if because else "", words.hazard(advice.hazard),
        notes_of(advice, walker), name, level,
    )  # fmt: skip


def _not_exposed(order: str, calm: tuple[str, str, float | None], sure: str) -> str:
    """Return the sentence for a place that the maps know no danger for."""
    if order:
        return sentence.ordered(order)
    if names := watched():
        return sentence.outside(names)
    return sentence.quiet(*calm, sure=sure)


def _sure() -> str:
    """Tell whether it is known that nothing grave is in force."""
    graver = {"emergency", "critical", "warning"}
    if any(line.severity in graver or (line.level or 0) >= 3 for line in warnings.in_force()):
        return "warned"
    return "calm" if warnings.hearing() else "deaf"
