"""What other domains and the screens may use of evacuation."""

from sonae.domains.evacuation.models import Advice, EvacuationOrder, PlanRun
from sonae.domains.evacuation.networks import city, load_network
from sonae.domains.evacuation.orders import (
    approve,
    cancel,
    discard,
    draft_order,
    edit,
    homes_of,
    lift,
    order,
    orders,
    orders_in_force,
    reject,
    return_,
    submit,
)
from sonae.domains.evacuation.rules import ORDER_NAMES, ORDER_TRANSITIONS
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
    "ORDER_NAMES",
    "ORDER_TRANSITIONS",
    "Advice",
    "EvacuationOrder",
    "PersonalAdvice",
    "PlanRun",
    "Way",
    "advice_of",
    "approve",
    "best_way",
    "cancel",
    "city",
    "counts",
    "current_run",
    "discard",
    "draft_order",
    "edit",
    "homes_of",
    "lift",
    "load_network",
    "order",
    "orders",
    "orders_in_force",
    "personal_advice",
    "reject",
    "replan",
    "return_",
    "rule",
    "submit",
]
