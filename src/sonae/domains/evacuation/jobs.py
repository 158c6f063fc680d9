"""Outbox subscribers of the plan."""

from typing import Any

from sonae.domains.evacuation import services, suggestions
from sonae.platform.outbox import subscribe


@subscribe("warning.changed")
def replan_for_warning(payload: dict[str, Any]) -> None:
    """A warning for us changed: plan for everyone anew."""
    services.replan("warning", payload.get("telegram"))


@subscribe("shelter.changed")
def replan_for_facility(payload: dict[str, Any]) -> None:
    """A facility opened, filled or closed while people are on their way: plan anew."""
    services.replan_for_facilities()


@subscribe("city.changed")
def replan_for_city(payload: dict[str, Any]) -> None:
    """The list of facilities, a hazard layer or the network changed: plan anew."""
    services.replan_for_city(payload["what"])


@subscribe(services.SUPERSEDED)
def forget_superseded(payload: dict[str, Any]) -> None:
    """Remove the advice that a newer plan replaced."""
    services.forget_superseded()


@subscribe("plan.ready")
def draft_orders(payload: dict[str, Any]) -> None:
    """Suggest the orders that the plan calls for; people decide."""
    suggestions.draft_from_plan(payload["run"])
