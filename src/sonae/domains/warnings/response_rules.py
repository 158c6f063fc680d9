"""The municipality's response rules (対応ルール): reading, changing, ordering, back to the default."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings.models import ResponseRule
from sonae.domains.warnings.response import DEFAULTS, Rule, checked
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing

_DEFAULT: Final = {rule.code: rule for rule in DEFAULTS}
_OWN: Final = re.compile(r"own-(\d+)")


@dataclass(frozen=True)
class PlacedRule:
    """A rule in its place; ``row`` None for a default that nobody touched."""

    position: float
    rule: Rule
    row: ResponseRule | None

    @property
    def is_default(self) -> bool:
        """Whether a default of this code exists: taking the row away brings it back."""
        return self.rule.code in _DEFAULT


def rules() -> list[Rule]:
    """The rules in the order in which they decide."""
    return [one.rule for one in placed_rules()]


def placed_rules() -> list[PlacedRule]:
    """Every rule with its place, in the order in which they decide."""
    rows = {row.code: row for row in ResponseRule.objects.all()}
    found = []
    for position, rule in enumerate(DEFAULTS, 1):
        row = rows.pop(rule.code, None)
        found.append(_placed(row) if row else PlacedRule(float(position), rule, None))
    found += [_placed(row) for row in rows.values()]
    return sorted(found, key=lambda one: (one.position, one.rule.code))


def _placed(row: ResponseRule) -> PlacedRule:
    rule = Rule(
        row.code, row.name, tuple(row.phenomena), row.least, tuple(row.actions), row.trigger,
        row.enabled,
    )  # fmt: skip
    return PlacedRule(row.position, rule, row)


def rule_named(code: str) -> PlacedRule:
    """One rule by its code; ``not_found`` otherwise."""
    for one in placed_rules():
        if one.rule.code == code:
            return one
    raise SonaeError("not_found", "この対応ルールはありません。")


def save_rule(actor: Actor, rule: Rule) -> Rule:
    """Change a rule, or add one of the city's own (code empty), at the front (administrator).

    `SonaeError` ``unprocessable`` with what is wrong; nothing is changed then.
    """
    require(actor, Audience.ADMINISTRATOR)
    checked(rule)
    with writing():
        take_turn("response rules", every_world=True)
        known = placed_rules()
        if rule.code:
            position = rule_named(rule.code).position
        else:
            rule = replace(rule, code=_free_code(known))
            position = known[0].position - 1
        _store(actor, rule, position)
        audit.record(
            actor.id, "rule.save", f"rule:{rule.code}", least=rule.least, trigger=rule.trigger,
            phenomena=list(rule.phenomena), actions=list(rule.actions), enabled=rule.enabled,
        )  # fmt: skip
    return rule


def _position(code: str) -> float:
    """The place of a default that nobody moved."""
    return 1.0 + [rule.code for rule in DEFAULTS].index(code)


def _free_code(known: Sequence[PlacedRule]) -> str:
    used = [int(match[1]) for one in known if (match := _OWN.fullmatch(one.rule.code))]
    return f"own-{max(used, default=0) + 1}"


def _store(actor: Actor, rule: Rule, position: float) -> None:
    ResponseRule.objects.update_or_create(
        code=rule.code,
        defaults={
            "position": position,
            "name": rule.name.strip()[:60],
            "phenomena": list(rule.phenomena),
            "least": rule.least,
            "actions": list(rule.actions),
            "trigger": rule.trigger,
            "enabled": rule.enabled,
            "changed_by": actor.id,
            "changed_at": clock.now(),
        },
    )


def move_rule(actor: Actor, code: str, *, up: bool) -> None:
    """Let a rule decide one place earlier or later (administrator); at the end nothing happens."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        take_turn("response rules", every_world=True)
        rule_named(code)
        known = placed_rules()
        at = next(n for n, one in enumerate(known) if one.rule.code == code)
        other = at - 1 if up else at + 1
        if not 0 <= other < len(known):
            return
        _store(actor, known[at].rule, known[other].position)
        _store(actor, known[other].rule, known[at].position)
        audit.record(actor.id, "rule.move", f"rule:{code}", up=up)


def reset_rule(actor: Actor, code: str) -> None:
    """Bring a default back, or remove a rule of the city's own (administrator)."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        take_turn("response rules", every_world=True)
        held = rule_named(code)
        usual = _DEFAULT.get(code)
        if usual is not None and held.position != _position(code):
            # It keeps its place in the order, which others were moved around.
            _store(actor, usual, held.position)
        else:
            ResponseRule.objects.filter(code=code).delete()
        audit.record(actor.id, "rule.reset", f"rule:{code}")
