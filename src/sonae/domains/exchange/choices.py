"""What a resident decides on the own page: who may be told how one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.exchange import rules
from sonae.platform.access import Actor
from sonae.platform.db import writing

CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "kin": ("law", "more", "no"),
    "acquaintance": ("law", "more", "no"),
    "public": ("no", "more"),
}
"""Group → what can be chosen, the first by itself: as the law has it, also where one is, nothing."""
MORE: Final[Mapping[str, frozenset[str]]] = {
    "kin": frozenset({"held", "injury", "condition", "whereabouts"}),
    "acquaintance": frozenset({"held", "injury", "condition"}),
    "public": frozenset({"held", "name", "kana", "injury", "condition"}),
}
"""What ``more`` consents to."""


def chosen(actor: Actor, subject: int) -> dict[str, str]:
    """Return group → what the resident has decided, the law's way where nothing was."""
    found = {group: options[0] for group, options in CHOICES.items()}
    for row in reversed(consent.grants_of(actor, subject)):
        if row.purpose == "safety_inquiry" and row.recipient in CHOICES and not row.withdrawn_at:
            found[row.recipient] = "more" if row.kinds else "no"
    return found


def choose(actor: Actor, subject: int, wanted: Mapping[str, str]) -> None:
    """Put a resident's decisions in force; what was decided before is withdrawn, not erased."""
    for group, choice in wanted.items():
        if choice not in CHOICES.get(group, ()):
            raise SonaeError("unprocessable", "えらび方が正しくありません。")
    with writing():
        before = chosen(actor, subject)
        for group in rules.GROUPS:
            choice = wanted.get(group, before[group])
            if choice != before[group]:
                _change(actor, subject, group, choice)


def _change(actor: Actor, subject: int, group: str, choice: str) -> None:
    for row in consent.grants_of(actor, subject):
        same = row.purpose == "safety_inquiry" and row.recipient == group
        if same and not row.withdrawn_at:
            consent.withdraw(actor, row.pk)
    if choice == "more":
        consent.grant(actor, subject, group, "safety_inquiry", MORE[group])
    elif choice == "no" and group != "public":
        consent.grant(actor, subject, group, "safety_inquiry", ())
