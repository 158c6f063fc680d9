"""What lists of facilities say, in words: fields, values, doubts, defects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.domains.shelters import interface as shelters
from sonae.engines.defects import ACTIONS
from sonae.engines.shelters.changes import Change, Doubt
from sonae.engines.shelters.problems import PROBLEMS
from sonae.web import words

FIELDS = {
    "name": lazy("名称"),
    "address": lazy("所在地"),
    "kana": lazy("カナ"),
    "kind": lazy("指定の種類"),
    "position": lazy("緯度・経度"),
    "capacity": lazy("収容人数"),
    "restricted_to": lazy("受入対象者"),
    "usable": lazy("使用できるか"),
}
MARKS = {
    "yes": lazy("○ 指定"),
    "partial": lazy("△ 一部指定"),
    "no": lazy("× 指定なし"),
    "unknown": lazy("不明"),
}
KINDS = {
    "both": lazy("指定緊急避難場所・指定避難所"),
    "emergency_site": lazy("指定緊急避難場所"),
    "shelter": lazy("指定避難所"),
}
ORIGINS = {"national": lazy("国の一覧"), "municipal": lazy("市の一覧")}
CHOICES = {
    "national": lazy("国を採る"),
    "municipal": lazy("市を採る"),
    "both": lazy("両方を記す"),
}
DOUBTS = {
    "many_changed": lazy("「%(field)s」が、%(total)s件のうち%(count)s件で変わります。"),
    "capacities_leap": lazy("収容人数が2倍近く、または半分近くに変わる施設が%(count)s件あります。"),
    "capacities_lost": lazy("収容人数が「不明」になる施設が%(count)s件あります。"),
    "designations_lost": lazy("「%(field)s」の指定がなくなる施設が%(count)s件あります。"),
    "many_gone": lazy("一覧からなくなる施設が、%(total)s件のうち%(count)s件あります。"),
    "moved_far": lazy("位置が500mより遠くへ動く施設が%(count)s件あります。"),
    "far_from_towns": lazy("市のどの町からも5kmより遠い施設が%(count)s件あります。"),
    "other_place": lazy("同じIDが別の施設を指すように見えるものが%(count)s件あります。"),
    "sites_missing": lazy(
        "届いたファイルには、災害ごとの指定が書かれた指定緊急避難場所が1件もありません（いまは%(count)s件）。指定緊急避難場所のファイルを選び忘れていないか確かめ、2つのファイルは一緒に選んで送ってください。"
    ),
    "shelters_missing": lazy(
        "届いたファイルには、指定避難所だけの施設か、指定避難所の行が1件もありません（いま指定避難所は%(count)s件）。指定避難所のファイルを選び忘れていないか確かめ、2つのファイルは一緒に選んで送ってください。"
    ),
    "same_id": lazy("別の施設なのに同じIDが付いている行が%(count)s件あります。"),
    "rows_differ": lazy(
        "同じ施設なのに値が食い違う行が%(count)s件あります（先の行の値を使います。下の欠陥の一覧を見てください）。"
    ),
    "closed": lazy("「使用できない」になる施設が%(count)s件あります。"),
    "reopens": lazy(
        "使用できないとされていて、新しい一覧にはそう書かれていない施設が%(count)s件あります（使えるかは「不明」になります）。"
    ),
    "closes_in_use": lazy(
        "いま開いているか人がいるのに「使用できない」になる施設が%(count)s件あります。"
    ),
}
"""What a person is asked before a list comes into force (`engines.shelters.changes.Doubt`)."""


def field(name: str) -> str:
    """Return the name of a compared value."""
    return str(FIELDS[name]) if name in FIELDS else words.hazard(name)


def value(name: str, said: Any) -> str:
    """Return a compared value for reading; unknown is said."""
    if name in words.HAZARDS:
        return str(MARKS.get(said, said))
    if name == "kind":
        return str(KINDS.get(said, said))
    if name == "capacity":
        return _("不明") if said is None else f"{said:,}"
    if name == "position":
        return _("不明") if not said or None in said else f"{said[0]:.6f}, {said[1]:.6f}"
    if name == "restricted_to":
        return words.groups(list(said)) if said else _("制限なし")
    if name == "usable":
        told = said if isinstance(said, str) else "".join(said[1:]) if said[0] == "no" else ""
        return (
            _("使用できません：%(why)s") % {"why": told}
            if told not in {"", "unknown", "yes"}
            else "–"
        )
    return str(said) or "–"


@dataclass(frozen=True)
class Told:
    """One change in words."""

    field: str
    before: str
    after: str


def change(one: Change) -> Told:
    """Return a change in words."""
    return Told(field(one.field), value(one.field, one.before), value(one.field, one.after))


def noted(one: shelters.ListSettlement) -> dict[str, Any]:
    """Return a settlement in words: what both lists said, and what was chosen by whom."""
    return {
        "made": one,
        "field": field(one.field),
        "national": value(one.field, one.national),
        "municipal": value(one.field, one.municipal),
        "choice": CHOICES[one.choice],
    }


@dataclass(frozen=True)
class Asked:
    """One doubt in words, under the key of its box in the form."""

    key: str
    sentence: str
    names: str
    more: int


def doubt(one: Doubt, most: int = 8) -> Asked:
    """Return a doubt in words."""
    told = {"field": field(one.field) if one.field else "", "count": one.count, "total": one.total}
    names = "、".join(one.names[:most])
    key = shelters.doubt_key(one.code, one.field)
    return Asked(key, str(DOUBTS[one.code]) % told, names, max(0, len(one.names) - most))


@dataclass(frozen=True)
class Fault:
    """One kind of defect with how often it occurs, and one defect of a row in words."""

    name: str
    advice: str
    grave: bool
    count: int


def summary(defects: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """Return the kinds of defects, grave ones first, then by how many there are."""
    counted = Counter(str(one["problem"]) for one in defects)
    found = [
        Fault(problem_name(code), _(known.advice) if (known := PROBLEMS.get(code)) else "",
              bool(known and known.grave), count)
        for code, count in counted.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.grave, -one.count))


def problem_name(code: str) -> str:
    """Return the name of a kind of defect."""
    return _(PROBLEMS[code].name) if code in PROBLEMS else code


def defect(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return one defect for a table; row 0 is the whole file."""
    return {
        **one, "name": problem_name(str(one["problem"])), "done": _(ACTIONS[str(one["action"])]),
        "grave": one["problem"] in PROBLEMS and PROBLEMS[str(one["problem"])].grave,
    }  # fmt: skip
