"""What other domains and the screens may use of evacuation."""

from sonae.domains.evacuation.models import Advice, EvacuationOrder, PlanRun
from sonae.domains.evacuation.networks import city, load_network
from sonae.domains.evacuation.selectors import (
    PersonalAdvice,
    Way,
    advice_of,
    best_way,
    counts,
    current_run,
    personal_advice,
    rule,
)
from sonae.domains.evacuation.services import replan

__all__ = [
    "Advice",
    "EvacuationOrder",
    "PersonalAdvice",
    "PlanRun",
    "Way",
    "advice_of",
    "best_way",
    "city",
    "counts",
    "current_run",
    "load_network",
    "personal_advice",
    "replan",
    "rule",
]
