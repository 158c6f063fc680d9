"""What other domains, feeds and screens may use of warnings."""

from sonae.domains.warnings.inputs import (
    Health,
    add_input,
    input_named,
    inputs,
    remove_input,
    set_enabled,
)
from sonae.domains.warnings.models import Telegram, WarningInForce, WarningInput
from sonae.domains.warnings.ports import InputKind, Link, Option, Receiver, kinds, register
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
from sonae.domains.warnings.supervisor import Supervisor

__all__ = [
    "Accepted",
    "Health",
    "InputKind",
    "Link",
    "Option",
    "Receiver",
    "Supervisor",
    "Telegram",
    "WarnedHazard",
    "WarningInForce",
    "WarningInput",
    "accept",
    "acknowledge",
    "add_input",
    "alarms",
    "history",
    "in_force",
    "input_named",
    "inputs",
    "kinds",
    "last_received",
    "raw",
    "refresh",
    "register",
    "remove_input",
    "rescan",
    "set_enabled",
    "telegram",
    "warned_hazards",
]
