"""What is happening here and what to do, in one sentence first: orders, then warnings, then nothing.

The mayor's orders and the levels of telegrams (相当) are never merged: an order always leads, and a
telegram's level is always called 相当.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.web import words

NAMED_TOWNS = 6
"""So many towns are named in a heading; the rest is counted, and all are listed below it."""


class OrderSeen(Protocol):
    """What the page needs of an order in force."""

    level: int
    hazard: str
    whole_city: bool
    issued_at: datetime | None


class LineSeen(Protocol):
    """What the page needs of a warning in force."""

    phenomenon: str
    kind: str
    level: int | None
    severity: str
    area_name: str
    since: datetime


@dataclass(frozen=True)
class OrderShown:
    """One order in force as residents read it."""

    level: int
    hazard: str
    where: str
    towns: tuple[str, ...]
    issued_at: datetime | None


@dataclass(frozen=True)
class Situation:
    """The head of the page: ``level`` colours it (None = calm or no level stated).

    ``by_mayor`` tells an evacuation order from a telegram's 相当.
    """

    kind: str
    level: int | None
    by_mayor: bool
    lead: str
    action: str
    orders: tuple[OrderShown, ...] = ()
    hazards: tuple[str, ...] = ()


_ORDER_LEADS = {
    5: lazy("命の危険があります。いますぐ安全を確保してください。"),
    4: lazy("危険な場所にいる人は、全員いますぐ避難してください。"),
    3: lazy("高齢者や避難に時間がかかる人は、危険な場所から避難してください。"),
}
_ORDER_ACTIONS = {
    5: lazy(
        "外へ出るのが危険なときは、建物の上の階や、崖から離れた部屋など、いまより少しでも安全な所へ移ってください。"
    ),
    4: lazy("避難する所までの道が危険なときは、近くの安全な建物や、建物の上の階へ移ってください。"),
    3: lazy(
        "そのほかの人も、いつでも避難できるように準備してください。危ないと感じたら、自分から避難してください。"
    ),
}
_LEVEL_LEADS = {
    5: lazy("災害がすでに起きているおそれがあります。すぐに命を守る行動をとってください。"),
    4: lazy("危険な場所にいる人は、市からの避難情報を待たず、自分から避難してください。"),
    3: lazy("高齢者や避難に時間がかかる人は、自分から避難を始めてください。"),
    2: lazy("家のまわりの危険と、避難先を確かめてください。"),
}
_PLAIN_LEADS = {
    "tsunami": lazy("海岸や川から離れ、すぐに高い所へ避難してください。"),
    "civil_protection": lazy(
        "近くの頑丈な建物の中か、地下へ避難してください。建物がないときは、物かげに身をかくすか、地面にふせて頭を守ってください。"
    ),
    "earthquake": lazy("まず身を守り、落ち着いて行動してください。"),
    "volcano": lazy("火山に近づかず、市と気象台の情報に従ってください。"),
}
_GRAVE = {"emergency", "critical", "warning"}


def describe(
    orders: Sequence[tuple[OrderSeen, Sequence[str]]],
    lines: Sequence[LineSeen],
    city: str,
    *,
    hearing: bool = True,
) -> Situation:
    """Return the head of the page from the orders in force (with their towns) and the warnings.

    ``lines`` come gravest first. ``city`` is the municipality's name in the reader's language.
    Not ``hearing`` (no line is alive), nothing in force means that it is not known.
    """
    if orders:
        return _ordered(orders, city)
    grave = [line for line in lines if line.severity in _GRAVE or (line.level or 0) >= 2]
    if not grave and not hearing:
        return _deaf(city)
    return _warned(grave) if grave else _calm(lines, city)


def _deaf(city: str) -> Situation:
    """Return the head when warnings cannot be received: not 「警報なし」 but unknown."""
    lead = _("いま、%(city)sに避難情報は出ていません。警報が出ているかどうかは、分かりません。")
    action = _(
        "このページは、いま警報を受け取れていません。テレビ・ラジオや気象庁のページで確かめてください。"
    )
    return Situation("unknown", None, False, lead % {"city": city}, action)


def _ordered(orders: Sequence[tuple[OrderSeen, Sequence[str]]], city: str) -> Situation:
    """Return the head for evacuation orders: the gravest one speaks, all are listed."""
    ranked = sorted(orders, key=lambda pair: (-pair[0].level, pair[0].hazard))
    shown = tuple(_shown(order, towns, city) for order, towns in ranked)
    level = shown[0].level
    hazards = tuple(dict.fromkeys(order.hazard for order, _towns in ranked))
    lead, action = str(_ORDER_LEADS[level]), str(_ORDER_ACTIONS[level])
    return Situation("order", level, True, lead, action, shown, hazards)


def _shown(order: OrderSeen, towns: Sequence[str], city: str) -> OrderShown:
    """Return one order for reading."""
    where = _("%(city)s全域") % {"city": city} if order.whole_city else named(towns)
    return OrderShown(order.level, words.hazard(order.hazard), where, tuple(towns), order.issued_at)


def named(towns: Sequence[str]) -> str:
    """Return towns for a heading: the first few by name, the rest as a number."""
    if len(towns) <= NAMED_TOWNS:
        return words.listed(towns)
    head = words.listed(towns[:NAMED_TOWNS])
    return _("%(towns)sなど%(count)d町") % {"towns": head, "count": len(towns)}


def _warned(lines: Sequence[LineSeen]) -> Situation:
    """Return the head for warnings without an order; the level is the highest that is stated."""
    level = max((line.level for line in lines if line.level), default=None)
    gravest = lines[0]
    plain = _PLAIN_LEADS.get(gravest.phenomenon)
    if plain is not None and gravest.level is None:
        lead = str(plain)
    elif level is not None and level >= 2:
        lead = str(_LEVEL_LEADS[level])
    else:
        lead = _("%(kind)sが出ています。これからの情報に気をつけてください。") % {
            "kind": gravest.kind
        }
    action = _("市からの避難情報は、いまのところ出ていません。出たときは、ここに表示します。")
    kind = "grave" if gravest.severity == "emergency" else "warning"
    return Situation(kind, level, False, lead, action)


def _calm(lines: Sequence[LineSeen], city: str) -> Situation:
    """Return the head when nothing grave is in force: say so, and what is worth doing now."""
    if lines:
        lead = _("いま、%(city)sに避難情報は出ていません。注意報などが出ています。") % {
            "city": city
        }
    else:
        lead = _("いま、%(city)sに避難情報や警報は出ていません。") % {"city": city}
    action = _("今のうちに、家のまわりの危険と、災害ごとの避難先を確かめておきましょう。")
    return Situation("calm", None, False, lead, action)
