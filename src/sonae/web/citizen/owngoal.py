"""An own destination beside the designated site: allowed, and said honestly what the maps know of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import HouseholdTimeline, PlaceAdvice
from sonae.web import words
from sonae.web.citizen.head import Head
from sonae.web.citizen.sentence import Advised, sentence


@dataclass(frozen=True)
class OwnGoal:
    """A stated destination: in words, and per mapped hazard what is known of the place."""

    text: str
    zones: tuple[tuple[str, str], ...]

    def zone(self, hazards: frozenset[str] = frozenset()) -> str:
        """Return inside, outside or unknown over these hazards (none given: all that are mapped).

        A hazard without a map is unknown.
        """
        known = dict(self.zones)
        found = [known.get(one, "unknown") for one in hazards] if hazards else [*known.values()]
        return evacuation.timelines.worst_zone(found)

    @property
    def worst(self) -> str:
        """What is known over all hazards."""
        return self.zone()


def of_destination(found: evacuation.timelines.Destination) -> OwnGoal:
    """Return a destination with what the maps say of it."""
    return OwnGoal(words.destination(found), tuple(evacuation.timelines.zones_of(found).items()))


def of(row: HouseholdTimeline | None) -> OwnGoal | None:
    """Return a household's own destination, None when it goes elsewhere."""
    found = evacuation.timelines.destination_of(row) if row else None
    return of_destination(found) if found else None


def refused(own: OwnGoal) -> bool:
    """Tell whether the maps speak against an own destination in what is warned of now."""
    run = evacuation.current_run()
    warned = frozenset(item["hazard"] for item in run.hazards) if run else frozenset()
    return bool(warned) and own.zone(warned) == "inside"


def led(made: Head, own: OwnGoal, advice: PlaceAdvice) -> Head:
    """Return the head that leads to the own destination, unless it lies in what is warned of now."""
    run = evacuation.current_run()
    warned = frozenset(item["hazard"] for item in run.hazards) if run else frozenset()
    told = {"goal": own.text}
    zone = own.zone(warned)
    if zone == "inside":
        note = _(
            "自分で決めた行き先「%(goal)s」は、危険区域の中です。上の避難場所へ向かってください。"
        )
        return replace(made, notes=(note % told, *made.notes))
    note = (
        _("自分で決めた行き先です。いま警戒している災害の危険区域の外です。")
        if zone == "outside"
        else _("自分で決めた行き先です。そこが危険かどうかは、分かっていません。")
    )
    text = sentence(Advised(advice.decision, advice.departure, advice.leave_by, own.text, None))
    return replace(made, text=text, notes=(note, *made.notes))
