"""Outbox subscribers of the domain."""

from datetime import datetime
from typing import Any

from sonae.core import clock
from sonae.domains.warnings import retention, services
from sonae.platform.outbox import Retry, subscribe


@subscribe(services.LAPSE)
def lapse(payload: dict[str, Any]) -> None:
    """A warning with an end of its own ended: bring what is in force up to date.

    Too early (an exercise that was paused), it is looked at again.
    """
    left = (datetime.fromisoformat(payload["at"]) - clock.now()).total_seconds()
    if left > 0:
        raise Retry(clock.real_seconds(left) + 1, "the end is not reached yet")
    services.refresh()


@subscribe(retention.PRUNE)
def prune(payload: dict[str, Any]) -> None:
    """Once a day: remove what only repeated, or never concerned us, and is old enough."""
    retention.prune()
