"""What other domains, feeds and screens may use of warnings."""

from sonae.domains.warnings.firing import (
    DUTY_ALARM,
    FIRED,
    alarm_duty,
    firing,
    firings,
    take_note,
    waiting_alarms,
)
from sonae.domains.warnings.inputs import (
    Health,
    add_input,
    input_named,
    inputs,
    remove_input,
    set_enabled,
)
from sonae.domains.warnings.models import (
    ResponseRule,
    RuleFiring,
    Telegram,
    WarningInForce,
    WarningInput,
)
from sonae.domains.warnings.ports import InputKind, Link, Option, Receiver, kinds, register
from sonae.domains.warnings.response import ACTIONS, TRIGGERS, Rule
from sonae.domains.warnings.response_rules import (
    PlacedRule,
    move_rule,
    placed_rules,
    reset_rule,
    rule_named,
    save_rule,
)
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
    "ACTIONS",
    "DUTY_ALARM",
    "FIRED",
    "TRIGGERS",
    "Accepted",
    "Health",
    "InputKind",
    "Link",
    "Option",
    "PlacedRule",
    "Receiver",
    "ResponseRule",
    "Rule",
    "RuleFiring",
    "Supervisor",
    "Telegram",
    "WarnedHazard",
    "WarningInForce",
    "WarningInput",
    "accept",
    "acknowledge",
    "add_input",
    "alarm_duty",
    "alarms",
    "firing",
    "firings",
    "history",
    "in_force",
    "input_named",
    "inputs",
    "kinds",
    "last_received",
    "move_rule",
    "placed_rules",
    "raw",
    "refresh",
    "register",
    "remove_input",
    "rescan",
    "reset_rule",
    "rule_named",
    "save_rule",
    "set_enabled",
    "take_note",
    "telegram",
    "waiting_alarms",
    "warned_hazards",
]
