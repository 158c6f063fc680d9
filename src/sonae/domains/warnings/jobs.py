"""Outbox subscribers of the domain."""

from typing import Any

from sonae.domains.warnings import services
from sonae.platform.outbox import subscribe


@subscribe(services.LAPSE)
def lapse(payload: dict[str, Any]) -> None:
    """A warning with an end of its own ended: bring what is in force up to date."""
    services.refresh()
