"""What files of the register say, in words: items, values, doubts, defects, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.engines.defects import ACTIONS
from sonae.engines.register.items import ITEMS
from sonae.engines.register.problems import PROBLEMS
from sonae.web import words

PURPOSES = {
    "register": lazy("住民情報"),
    "registrants": lazy("避難行動要支援者名簿"),
    "plans": lazy("個別避難計画"),
}
COLUMNS = {
    "birth_date": lazy("生年月日"),
    "birth_written": lazy("書かれた生年月日"),
    "left_on": lazy("住民でなくなった日"),
    "left_reason": lazy("住民でなくなった事由"),
    "home.town": lazy("町字"),
    "home.address": lazy("住所"),
    "home.place": lazy("家の位置"),
    "home.storeys": lazy("建物の階数"),
    "home.floor": lazy("居住階"),
    "place": lazy("家の位置"),
    "supporters": lazy("避難支援等実施者"),
    "made_on": lazy("作成日"),
    "registrant": lazy("避難行動要支援者名簿"),
    "plan": lazy("個別避難計画"),
}
REASONS = {
    "moved_out": lazy("転出"),
    "died": lazy("死亡"),
    "removed": lazy("台帳からなくなった"),
    "undone": lazy("取り込みの取り消し"),
}
PLACES = {
    "home": lazy("家の位置が分かっている"),
    "point": lazy("住所の点を使っている"),
    "town": lazy("町の代表点を使っている（家の位置は不明）"),
    "none": lazy("場所が分からない"),
}
DOUBTS = {
    "many_gone": lazy(
        "台帳からなくなる人が、%(total)s人のうち%(count)s人います。ファイルが途中で切れていませんか。"
    ),
    "many_changed": lazy(
        "「%(item)s」が、%(total)s人のうち%(count)s人で変わります。列がずれていませんか。"
    ),
    "left_out": lazy("使えない行が%(count)s行あります。その人は、いまの内容のまま残ります。"),
    "nobody_gone": lazy(
        "だれの行か分からない行があるため、ファイルにいない%(count)s人も、いまのまま残します。行を直して出し直してください。"
    ),
    "shields_lifted": lazy("支援措置を外す行があります。担当課に確かめてください。"),
    "shields_unread": lazy(
        "支援措置の欄を読めない行が%(count)s件あります。その人は支援措置の対象として扱います。担当課に確かめてください。"
    ),
    "unplaced": lazy(
        "家の位置が分からない世帯が、%(total)s世帯のうち%(count)s世帯あります。避難先までの道のりは、目安になります。"
    ),
}


def item(code: str) -> str:
    """Return the name of an item or of a column of the register."""
    if code in COLUMNS:
        return str(COLUMNS[code])
    plain = code.removeprefix("home.")
    return _(ITEMS[plain].name) if plain in ITEMS else plain


def value(code: str, said: Any) -> str:
    """Return a value for reading; nothing is a dash."""
    if code == "sex":
        return {"1": _("男"), "2": _("女")}.get(str(said), _("不明"))
    if code == "left_reason":
        return str(REASONS.get(said, said)) or "–"
    if code in ("place", "home.place"):
        return str(PLACES.get(said, said)) or "–"
    if isinstance(said, bool):
        return _("有") if said else _("無")
    if code == "birth_date":
        return words.born(said) or "–"
    if isinstance(said, dict):
        told = [f"{item(name)}：{value(name, inner)}" for name, inner in said.items() if inner]
        return "、".join(told) or "–"
    if isinstance(said, list):
        return "、".join(str(one.get("name", "")) for one in said if isinstance(one, dict)) or "–"
    return "–" if said in (None, "") else str(said)


def told(changes: list[list[Any]]) -> list[tuple[str, str, str]]:
    """Return (item, before, after) in words; of a birth date in words only the words."""
    old = {one[0]: one[1] for one in changes}
    written = old.keys() & {"birth_written"}
    hidden = {"birth_first", "birth_last", "latitude", "longitude"}
    hidden |= {"birth_date"} if written else set()
    return [
        (item(name), _before(name, before, old), value(name, after))
        for name, before, after in changes
        if name not in hidden
    ]


def _before(name: str, before: Any, old: Mapping[str, Any]) -> str:
    """Return what stood there; a birth date that had no words stood there as a day."""
    if name == "birth_written" and not before:
        return value("birth_date", old.get("birth_date", ""))
    return value(name, before)


@dataclass(frozen=True)
class Fault:
    """One kind of defect in words, and how often it occurs."""

    name: str
    advice: str
    grave: bool
    count: int


def faults(counts: Mapping[str, int]) -> list[Fault]:
    """Return the kinds of defects, grave ones first, then by how many there are."""
    found = [
        Fault(_(PROBLEMS[code].name), _(PROBLEMS[code].advice), PROBLEMS[code].grave, count)
        for code, count in counts.items()
        if code in PROBLEMS
    ]
    return sorted(found, key=lambda one: (not one.grave, -one.count))


def defect(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return one defect in words for a table."""
    known = PROBLEMS.get(str(one["problem"]))
    return {
        **one,
        "name": _(known.name) if known else one["problem"],
        "grave": bool(known and known.grave),
        "done": _(ACTIONS[str(one["action"])]),
    }


def doubt(one: Mapping[str, Any]) -> dict[str, str]:
    """Return one doubt: the key of its box and the sentence."""
    numbers = {"count": f"{one['count']:,}", "total": f"{one['total']:,}"}
    told = {**numbers, "item": item(str(one["item"])) if one["item"] else ""}
    return {"key": str(one["key"]), "sentence": str(DOUBTS[str(one["code"])]) % told}
