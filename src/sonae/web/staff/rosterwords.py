"""Rosters in words: kinds, items, defects, why a candidate fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.engines.defects import ACTIONS
from sonae.engines.rosters.items import NAMES
from sonae.engines.rosters.problems import PROBLEMS

KINDS = {
    "paper": lazy("避難所の紙の名簿"),
    "file": lazy("避難所の表（CSV・Excel）"),
    "city": lazy("ほかの市区町村からの名簿"),
    "family": lazy("家族などからの申し出"),
}
SEXES = {"1": lazy("男"), "2": lazy("女")}
COMPARED = {
    "surname": lazy("姓"), "given": lazy("名"), "birth": lazy("生年月日"), "address": lazy("住所"),
    "sex": lazy("性別"), "phone": lazy("電話番号"), "card": lazy("同じ紙の人"),
}  # fmt: skip
"""What the engine compares, for the picture of the weights."""


@dataclass(frozen=True)
class Fault:
    """One kind of defect of a roster: how often, what it is, and what was done."""

    name: str
    count: int
    advice: str
    grave: bool


def faults(defects: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return the defects by kind, those that leave people out first."""
    counts = Counter(str(one["problem"]) for one in defects)
    lost = {str(one["problem"]) for one in defects if one["action"] == "left_out"}
    found = [
        Fault(_(PROBLEMS[code][0]), count, _(PROBLEMS[code][1]), code in lost)
        for code, count in counts.items()
    ]
    return sorted(found, key=lambda one: (not one.grave, -one.count))


def defect(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return one defect for a line of the report."""
    code, action = one["problem"], one["action"]
    return {
        "row": one["row"], "column": one["column"], "value": one["value"], "detail": one["detail"],
        "name": _(PROBLEMS[code][0]), "done": _(ACTIONS[action]),
    }  # fmt: skip


def item_names() -> list[tuple[str, str]]:
    """Return items and their names, for the choice of what a column is."""
    return [(code, _(name)) for code, name in NAMES.items()]


def weight_name(code: str) -> str:
    """Return the name of a comparison."""
    return str(COMPARED.get(code, code))


def sex(code: str) -> str:
    """Return a sex in words; nothing for an unknown one."""
    return str(SEXES.get(code, ""))
