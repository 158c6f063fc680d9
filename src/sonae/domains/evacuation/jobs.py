"""Outbox subscribers of the plan."""

from typing import Any

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import basemap, capacity, cards, services, suggestions
from sonae.platform.db import writing
from sonae.platform.outbox import Permanent, subscribe


@subscribe("warning.changed")
def replan_for_warning(payload: dict[str, Any]) -> None:
    """A warning for us changed: plan for everyone anew."""
    services.replan("warning", payload.get("telegram"))


@subscribe("shelter.changed")
def replan_for_facility(payload: dict[str, Any]) -> None:
    """A facility opened, filled or closed while people are on their way: plan anew."""
    services.replan_for_facilities()


@subscribe("order.issued")
def replan_for_order(payload: dict[str, Any]) -> None:
    """The mayor has ordered: what people are told must not fall behind it."""
    services.replan_for_order()


@subscribe("order.ended")
def replan_after_order(payload: dict[str, Any]) -> None:
    """An order was lifted or replaced: advice goes by the warnings again."""
    services.replan_for_order()


@subscribe("city.changed")
def replan_for_city(payload: dict[str, Any]) -> None:
    """The list of facilities, a hazard layer or the network changed: plan anew."""
    services.replan_for_city(payload["what"])


@subscribe("city.changed")
def renew_map_for_city(payload: dict[str, Any]) -> None:
    """The network or a hazard layer changed: the map that shows them is out of date."""
    if payload["what"] in {"network", "hazards"}:
        with writing():
            basemap.renew_soon()


@subscribe(basemap.DUE, slow=True)
def renew_map(payload: dict[str, Any]) -> None:
    """Make the base map anew, unless an earlier call has made the same already."""
    try:
        basemap.build_basemap()
    except SonaeError as error:
        raise Permanent(str(error)) from error


@subscribe(capacity.CHANGED)
def tell_seats(payload: dict[str, Any]) -> None:
    """Seats were given that somebody does not know of yet: lay them over the plan."""
    capacity.tell_seats()


@subscribe(services.SUPERSEDED)
def forget_superseded(payload: dict[str, Any]) -> None:
    """Remove the advice that a newer plan replaced."""
    services.forget_superseded()


@subscribe("plan.ready")
def draft_orders(payload: dict[str, Any]) -> None:
    """Suggest the orders that the plan calls for; people decide."""
    suggestions.draft_from_plan(payload["run"])


@subscribe(cards.EXPIRED)
def remove_cards(payload: dict[str, Any]) -> None:
    """The file with the cards of whole towns has lain long enough."""
    cards.expire(payload["batch"])
