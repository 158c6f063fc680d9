"""Outbox subscribers of the ledger."""

from typing import Any

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import inquiries, selectors
from sonae.platform.outbox import subscribe


@subscribe("plan.ready")
def open_inquiry(payload: dict[str, Any]) -> None:
    """Everyone whom the plan found in danger must be accounted for."""
    inquiries.open_inquiry(payload["run"])


@subscribe("order.issued")
def inquire_after_ordered(payload: dict[str, Any]) -> None:
    """Whom an order means must be accounted for, also where the maps know no danger."""
    inquiries.include_order(payload["order"])


@subscribe("order.ended")
def forget_mistaken(payload: dict[str, Any]) -> None:
    """An order was cancelled as a mistake: nobody is missing because of it."""
    if payload["how"] == "cancelled":
        inquiries.retract_order(payload["order"])


@subscribe("capacity.due", slow=True)
def place_everyone(payload: dict[str, Any]) -> None:
    """Give everyone on the way a place with room, knowing who is somewhere already."""
    evacuation.place_everyone(payload["run"], selectors.settled())


@subscribe("capacity.what_if")
def work_out(payload: dict[str, Any]) -> None:
    """Compute what somebody at the desk asked for."""
    evacuation.work_out(payload["what_if"], selectors.settled())
