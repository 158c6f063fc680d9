"""What other domains, feeds and screens may use of warnings."""

from sonae.domains.warnings.models import Telegram, WarningInForce
from sonae.domains.warnings.selectors import (
    WarnedHazard,
    alarms,
    history,
    in_force,
    last_received,
    raw,
    telegram,
    warned_hazards,
)
from sonae.domains.warnings.services import Accepted, accept, acknowledge, refresh, rescan

__all__ = [
    "Accepted",
    "Telegram",
    "WarnedHazard",
    "WarningInForce",
    "accept",
    "acknowledge",
    "alarms",
    "history",
    "in_force",
    "last_received",
    "raw",
    "refresh",
    "rescan",
    "telegram",
    "warned_hazards",
]
