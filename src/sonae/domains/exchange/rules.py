"""Pure decisions of the exchange: who counts as what, which step follows which, the policy tables."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from sonae.core.errors import SonaeError

ASKERS: Final[Mapping[str, str]] = {
    "kin_household": "kin", "kin": "kin", "institution": "acquaintance",
    "acquaintance": "acquaintance", "municipality": "municipality", "police": "police",
}  # fmt: skip
"""Who asks → the group that residents consent to or refuse."""
GROUPS: Final = ("kin", "acquaintance", "public")
"""What a resident decides about on the own page."""
ONLINE_ASKERS: Final = ("kin_household", "kin", "institution", "acquaintance")
CHANNELS: Final = ("window", "phone", "letter", "online")
IDENTITIES: Final = (
    "my_number_card", "licence", "passport", "residence_card", "other_card", "call_back",
    "official_letter", "known",
)  # fmt: skip
"""How it was made sure who asks (施行規則 第8条の3第2項); the number of a document is never kept."""
BY_KEY: Final = "partner_key"
"""Another city that has asked with the key given to it: no clerk chooses this."""
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "received": ("drafted", "withdrawn"),
    "drafted": ("drafted", "received", "decided", "withdrawn"),
    "decided": ("given", "received", "withdrawn"),
    "given": (),
    "withdrawn": (),
}
"""安否照会: state → states that may follow."""
PUBLICATION_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "draft": ("checked", "ended"),
    "checked": ("approved", "draft", "ended"),
    "approved": ("in_force", "draft", "ended"),
    "in_force": ("ended",),
    "ended": (),
}
"""氏名の公表: state → states that may follow."""
LIVING_STATUSES: Final[Mapping[str, str]] = {
    "safe": "no", "injured": "yes", "needs_help": "unknown", "unknown": "unknown",
}  # fmt: skip
"""Status of the ledger → 負傷・疾病の該当."""


@dataclass(frozen=True)
class AnswerPolicy:
    """Who may be told what: ``table`` maps `ASKERS` to kinds; ``source`` is where it stands.

    ``compared``: whether the table was laid beside the text of the law when it was written here; that
    of 施行規則 第8条の3 was not, and the page tells whoever chooses.
    """

    key: str
    name: str
    source: str
    table: Mapping[str, frozenset[str]]
    compared: bool = False


@dataclass(frozen=True)
class PublicationPolicy:
    """What is published of whom; ``needs_kin``: of which people only with their family's consent."""

    key: str
    name: str
    source: str
    fields: frozenset[str]
    needs_kin: frozenset[str]


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("policies.toml").read_text("utf-8"))


def answer_policies() -> list[AnswerPolicy]:
    """Return the tables that a municipality can choose from, the default first."""
    return [_answer_policy(key, row) for key, row in _tables()["answers"].items()]


def _answer_policy(key: str, row: Mapping[str, Any]) -> AnswerPolicy:
    table = {asker: frozenset(row[asker]) for asker in ASKERS}
    return AnswerPolicy(key, row["name"], row["source"], table, row["compared"])


def answer_policy(key: str | None) -> AnswerPolicy:
    """Return one table; the default, which tells least, for a name that is not there."""
    known = {one.key: one for one in answer_policies()}
    return known.get(key or "", answer_policies()[0])


def publication_policies() -> list[PublicationPolicy]:
    """Return the rules of publication, the default first."""
    return [
        PublicationPolicy(
            key, row["name"], row["source"], frozenset(row["fields"]), frozenset(row["needs_kin"])
        )
        for key, row in _tables()["publication"].items()
    ]


def publication_policy(key: str | None) -> PublicationPolicy:
    """Return one rule of publication; the default for a name that is not there."""
    known = {one.key: one for one in publication_policies()}
    return known.get(key or "", publication_policies()[0])


def step(steps: Mapping[str, tuple[str, ...]], before: str, after: str) -> None:
    """Refuse a step that may not follow: `SonaeError` ``conflict``."""
    if after not in steps.get(before, ()):
        raise SonaeError(
            "conflict", "いまの状態では、この操作はできません。", "画面を読み直してください。"
        )
