"""One sentence first: what to do, where, until when. Everything else on a page comes after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.web import words

NOWHERE = {
    "none_designated": lazy("この災害に指定された避難場所は市内にありません。"),
    "none_open": lazy("指定された避難場所は、すべて満員か閉鎖です。"),
    "not_connected": lazy("避難場所まで歩ける道がつながっていません。"),
    "no_network": lazy("まわりの道が分からないため、避難場所を選べません。"),
}
"""Why no place is named, beside the advice to leave."""


@dataclass(frozen=True)
class Advised:
    """What a sentence is made of: the plan's codes, the goal's name, minutes of walking (None: unknown).

    ``part``: it holds for the gravest part of a town, not for all of it.
    """

    decision: str
    departure: str
    leave_by: datetime | None
    goal: str
    minutes: float | None
    reason: str = ""
    part: bool = False


def _walk(minutes: float | None) -> str:
    """Return the minutes in brackets, or nothing when they are unknown."""
    if minutes is None:
        return ""
    return _("（%(walk)s）") % {"walk": words.walking_minutes(minutes)}


def moment(at: datetime) -> str:
    """Return a time today as a clock shows it, else with its day."""
    local = at.astimezone(JST)
    same = local.date() == clock.now().astimezone(JST).date()
    return words.spoken(local, "clock" if same else "short")


def sentence(one: Advised) -> str:
    """Return what to do, where and until when; for a divided town whom it is for as well."""
    if not one.part:
        return _told(one)
    if one.decision == "leave_unknown":
        return _("この町には、危険かどうか調べられていない所があります。") + _told(
            replace(one, part=False), surveyed=""
        )
    return _(
        "この町は、場所によって危険が違います。危険な所にいる人と、分からない人は、次のとおりです。"
    ) + _told(one)


def _told(one: Advised, surveyed: str | None = None) -> str:
    """Return what to do, where and until when; ``surveyed`` takes the place of who lacks a survey."""
    if one.departure == "too_late":
        return _("外へ出ないで、いますぐ上の階か、崖や川からいちばん遠い部屋へ移ってください。")
    if one.decision == "upstairs":
        return _("外へ出ないで、いますぐ上の階へ移り、警報が終わるまで下りないでください。")
    if one.decision == "stay":
        return _("いまいる階にとどまり、警報が終わるまで外へ出ないでください。")
    if not one.goal:
        why = str(NOWHERE.get(one.reason, NOWHERE["none_designated"]))
        return _("いますぐ危険な場所から離れてください。%(why)s") % {"why": why}
    return _leaving(
        one, _("ここは危険かどうか調べられていません。") if surveyed is None else surveyed
    )


def _leaving(one: Advised, unsurveyed: str) -> str:
    """Return the sentence for who has somewhere to go; unsurveyed ground is never called dangerous."""
    told = {"goal": one.goal, "walk": _walk(one.minutes)}
    if one.departure == "leave_by" and one.leave_by is not None:
        told["time"] = moment(one.leave_by)
        if one.decision == "leave_unknown":
            return (
                unsurveyed
                + _("%(time)sまでに%(goal)sへ避難することを考えてください%(walk)s。") % told
            )
        return _("%(time)sまでに出発して、%(goal)sへ避難してください%(walk)s。") % told
    if one.departure == "prepare":
        return _("いつでも%(goal)sへ出発できるように、いま準備してください%(walk)s。") % told
    if one.decision == "leave_unknown":
        return unsurveyed + _("いま%(goal)sへ避難することを考えてください%(walk)s。") % told
    return _("いますぐ%(goal)sへ避難してください%(walk)s。") % told


def outside(hazards: str, *, town: bool = False) -> str:
    """Return the sentence for a place, or a whole ``town``, outside the danger that is warned of."""
    if town:
        return _(
            "この町は、いま警戒している災害（%(hazards)s）の危険区域の外です。危ないと感じたら、すぐに避難してください。"
        ) % {"hazards": hazards}
    return _(
        "ここは、いま警戒している災害（%(hazards)s）の危険区域の外です。危ないと感じたら、すぐに避難してください。"
    ) % {"hazards": hazards}


def uncertain(hazards: str) -> str:
    """Return the sentence for a town of which no map tells where its danger begins and ends."""
    return _(
        "この町の中のどこが、いま警戒している災害（%(hazards)s）で危険かは、分かっていません。危ないと感じたら、すぐに避難してください。"
    ) % {"hazards": hazards}


def ordered(order: str, level: int, zone: str) -> str:
    """Return the sentence for an ordered town from which the plan sends nobody away.

    ``zone``: what the maps say there of the hazard that the order is about.
    """
    told = {"order": order}
    if zone == "outside":
        return _ordered_outside(told)
    if level >= 5:
        return (
            _(
                "この町に%(order)sが出ています。危険な所にいる人と、分からない人は、上の階など少しでも安全な所へ、いますぐ移ってください。"
            )
            % told
        )
    if level == 4:
        return (
            _(
                "この町に%(order)sが出ています。危険な所にいる人と、分からない人は、いますぐ避難してください。"
            )
            % told
        )
    return (
        _(
            "この町に%(order)sが出ています。危険な所にいる人と、分からない人は、時間のかかる人から避難を始めてください。"
        )
        % told
    )


def _ordered_outside(told: dict[str, str]) -> str:
    """Return the sentence for an ordered place that lies outside on the maps."""
    return (
        _(
            "この町に%(order)sが出ています。地図では危険区域の外ですが、危ないと感じたら、すぐに避難してください。"
        )
        % told
    )


def quiet(goal: str, hazard: str, minutes: float | None, *, sure: str = "calm") -> str:
    """Return the sentence for quiet times: nothing to do now, and where to go when it comes.

    ``sure``: calm; ``warned`` (something is in force that the plan is not about); ``deaf`` (nobody can
    say whether anything is).
    """
    told = {
        "calm": _("いま、避難の必要はありません。"),
        "warned": _("警報が出ています。いまの状況を確かめてください。"),
        "deaf": _("警報を受け取れていないため、いま避難が必要かどうかは分かりません。"),
    }[sure]
    if not goal:
        return told + _("災害ごとの避難先を確かめておきましょう。")
    return told + _("%(hazard)sのときは、%(goal)sへ避難します%(walk)s。") % {
        "hazard": hazard,
        "goal": goal,
        "walk": _walk(minutes),
    }
