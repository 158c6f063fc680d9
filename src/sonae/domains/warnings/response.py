"""What a warning does here: the rules as data, their safe defaults, and which one decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sonae.core.errors import SonaeError
from sonae.engines.warnings.model import PHENOMENA, SEVERITIES, SEVERITY_RANK

ACTIONS: Final = ("draft_order", "draft_notice", "send_notice", "alarm")
"""What a rule may do; none of them is 「何もしない」."""
TRIGGERS: Final = ("raised", "expected")
"""``raised``: it began or became graver; ``expected``: a telegram announces a higher level."""
TRUSTED_LINES: Final = frozenset({"jma-feed", "dmdata", "jma-socket", "jalert-csv", "jalert-mail"})
"""Kinds of inputs on which nobody else can speak: only what comes on these is sent by itself."""

_SLOW: Final = ("storm", "snow_storm", "heavy_snow", "wave")
_WATER: Final = ("flood", "heavy_rain", "landslide", "storm_surge")


@dataclass(frozen=True)
class Rule:
    """One response rule (対応ルール): for which warnings, and what is done.

    ``phenomena`` empty: every one. ``least`` is the least severity that it is about.
    """

    code: str
    name: str
    phenomena: tuple[str, ...]
    least: str
    actions: tuple[str, ...]
    trigger: str = "raised"
    enabled: bool = True

    def fits(self, phenomenon: str, severity: str, trigger: str) -> bool:
        """Whether this rule is about such a change."""
        about = not self.phenomena or phenomenon in self.phenomena
        grave = SEVERITY_RANK[severity] >= SEVERITY_RANK[self.least]
        return self.enabled and trigger == self.trigger and about and grave


DEFAULTS: Final[tuple[Rule, ...]] = (
    Rule("civil-protection", "国民保護情報", ("civil_protection",), "information",
         ("send_notice", "alarm")),
    Rule("tsunami", "津波警報・大津波警報", ("tsunami",), "warning",
         ("draft_order", "send_notice", "alarm")),
    Rule("emergency", "特別警報・レベル5相当", (), "emergency",
         ("draft_order", "send_notice", "alarm")),
    Rule("tsunami-advisory", "津波注意報", ("tsunami",), "advisory", ("draft_notice", "alarm")),
    Rule("volcano", "噴火警報", ("volcano",), "warning", ("draft_order", "draft_notice", "alarm")),
    Rule("earthquake", "地震", ("earthquake",), "warning", ("draft_order", "draft_notice", "alarm")),
    Rule("rain-now", "線状降水帯・記録的短時間大雨", ("linear_rainband", "record_rain"), "information",
         ("draft_order", "draft_notice", "alarm")),
    Rule("water", "洪水・大雨・土砂・高潮（レベル3相当から）", _WATER, "warning", ("draft_order", "alarm")),
    Rule("wind-and-snow", "暴風・大雪・波浪の警報", _SLOW, "warning", ("draft_notice", "alarm")),
    Rule("other-warning", "そのほかの警報", (), "warning", ("draft_order", "alarm")),
    Rule("expected", "レベル4以上になる見込み", (), "critical", ("alarm",), trigger="expected"),
)  # fmt: skip
"""What a city does that has decided nothing: the first that fits decides, all else does nothing.

Automatic words to the public only for 特別警報-class, tsunami and civil protection, where minutes
count and the message is the weather service's or the state's own (災害対策基本法 第56条 伝達).
"""


def deciding(
    rules: Sequence[Rule], phenomenon: str, severity: str, trigger: str = "raised"
) -> Rule | None:
    """The first rule that is about such a change; None: it does nothing here."""
    return next((rule for rule in rules if rule.fits(phenomenon, severity, trigger)), None)


def drafts_orders(rules: Sequence[Rule], phenomenon: str, severity: str) -> bool:
    """Whether the rules let the plan suggest an order for such a warning."""
    rule = deciding(rules, phenomenon, severity)
    return rule is not None and "draft_order" in rule.actions


def checked(rule: Rule) -> Rule:
    """The rule itself; `SonaeError` ``unprocessable`` when it says something that cannot be."""
    if not rule.name.strip():
        raise SonaeError("unprocessable", "ルールの名前を入力してください。")
    for name, allowed, given in (
        ("現象", PHENOMENA, rule.phenomena),
        ("重大さ", SEVERITIES, (rule.least,)),
        ("することがら", ACTIONS, rule.actions),
        ("きっかけ", TRIGGERS, (rule.trigger,)),
    ):
        unknown = [one for one in given if one not in allowed]
        if unknown:
            raise SonaeError("unprocessable", f"{name}「{unknown[0]}」はありません。")
    if "send_notice" in rule.actions and "draft_notice" in rule.actions:
        raise SonaeError(
            "unprocessable", "「お知らせを自動で送る」と「お知らせの案を作る」は、どちらか1つです。"
        )
    if rule.trigger == "expected" and {"send_notice", "draft_order"} & set(rule.actions):
        raise SonaeError(
            "unprocessable",
            "見込みだけでは、避難情報の案もお知らせの自動送信もできません。お知らせの案か呼び出しにしてください。",
        )
    return rule


def without_sending(actions: Sequence[str]) -> tuple[str, ...]:
    """The same actions, with a draft for people in the place of what would be sent by itself."""
    return tuple("draft_notice" if one == "send_notice" else one for one in actions)
