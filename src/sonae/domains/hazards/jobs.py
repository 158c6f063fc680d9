"""Outbox subscribers of the hazards."""

from datetime import datetime
from typing import Any

from sonae.domains.hazards import obstacles
from sonae.platform.outbox import subscribe


@subscribe(obstacles.EXPIRED)
def end_of_reports(payload: dict[str, Any]) -> None:
    """Some reports are over: ways may be open again."""
    obstacles.expired(datetime.fromisoformat(payload["at"]))
