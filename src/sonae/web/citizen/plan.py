"""マイ・タイムライン in three questions: stored for a household, or carried in an address without log-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Walker, timelines
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.profiles import NIGHT
from sonae.engines.evacuation.timeline import MEMBERS, STAYS, Answers, Step, steps
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.citizen import me, owngoal, walkers, where
from sonae.web.citizen.nearest import choose
from sonae.web.citizen.owngoal import OwnGoal
from sonae.web.citizen.walkers import Goer
from sonae.web.templatetags.sonae import in_world

LEAVING_NAMES = {
    "on_foot": lazy("歩いて行く"),
    "fetched": lazy("だれかに迎えに来てもらう"),
    "car": lazy("自分たちの車で行く"),
}
GOAL_NAMES = {
    "site": lazy("市が指定した避難場所"),
    "own": lazy("自分で決めた所（親せきの家、駐車場など）"),
    "home": lazy("家にとどまる（いま住んでいる階）"),
    "upstairs": lazy("家の上の階に残る"),
}
STAY_TEXTS = {
    ("home", "yes"): lazy("この家では、家にとどまることができます。"),
    ("upstairs", "yes"): lazy("この家では、上の階に残ることができます。"),
    "no": lazy("この家では選べません。"),
    "unknown": lazy("この家で安全か分かっていないため、選べません。"),
}
VERBS = {
    "undo": (timelines.undo, lazy("前の計画に戻しました。")),
    "withdraw": (timelines.withdraw_destination, lazy("自分で決めた行き先を取り消しました。")),
    "forget": (timelines.forget, lazy("計画を消しました。控えも残っていません。")),
}
"""What can be done to a stored plan, and how it is thanked for."""
MINE = "/me/plan/"


@dataclass(frozen=True)
class Line:
    """One step as it is read: sentences, and the times counted from the announcement of its level."""

    step: Step
    actions: tuple[str, ...]
    night_minutes: float | None


@dataclass(frozen=True)
class Goal:
    """Where the plan leads per hazard: name of the hazard, of the site, metres, minutes, needs."""

    hazard: str
    name: str
    metres: float | None
    minutes: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Home:
    """What a plan is made for: a place in degrees and its floors.

    ``located`` False: the house itself is not known, only its town; nothing is said of it then.
    ``ground``: of the town, where no more than that is known; the place is then its middle.
    """

    name: str
    latitude: float
    longitude: float
    floor: int
    storeys: int
    located: bool = True
    ground: evacuation.Ground | None = None


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen: code, name, whether it was, and for staying whether it may be."""

    code: str
    name: str
    on: bool
    allowed: str = "yes"
    text: str = ""


def goals_of(home: Home, walker: Walker) -> list[Goal]:
    """Return the designated site for each usual hazard, with what it offers."""
    places = shelters.places()
    offered = {code for place in places for code in place.hazards}
    found = []
    for code in (one for one in where.USUAL if one in offered):
        choice = choose(home.latitude, home.longitude, code, places, walker, by_day=True)
        if choice is not None:
            facility = choice.place.facility
            found.append(
                Goal(
                    words.hazard(code), walkers.name_of(facility), choice.distance_m,
                    choice.minutes, tuple(walkers.offered(facility, walker)),
                )
            )  # fmt: skip
        else:
            found.append(Goal(words.hazard(code), "", None, None, ()))
    return found


def lines_of(answers: Answers, goals: list[Goal]) -> list[Line]:
    """Return the five steps; the walk is the longest of all hazards' sites, which is the safe one."""
    known = [goal.minutes for goal in goals if goal.minutes is not None]
    walks = answers.goal == "site" and answers.leaving == "on_foot"
    walk = max(known) if known and walks else None
    night = None if walk is None else walk / NIGHT.value - walk
    return [
        Line(
            step,
            tuple(_(text) for text in step.actions),
            None if step.there_minutes is None or night is None else step.there_minutes + night,
        )
        for step in steps(answers, walk)
    ]


def shown(home: Home, answers: Answers, own: OwnGoal | None) -> dict[str, Any]:
    """Return what both pages show of a plan."""
    goer = Goer(answers.members, home.floor, home.storeys)
    goals = goals_of(home, goer.walker)
    return {
        "home": home,
        "answers": answers,
        "goer": goer,
        "own": own,
        "goals": goals if answers.goal not in STAYS else [],
        "lines": lines_of(answers, goals),
        "who": words.listed(
            [str(walkers.MEMBER_NAMES[m]) for m in MEMBERS if m in answers.members]
        ),
        "leaving_name": LEAVING_NAMES[answers.leaving],
        "goal_name": GOAL_NAMES[answers.goal],
    }


def asked(home: Home, answers: Answers | None, place: timelines.Destination) -> dict[str, Any]:
    """Return the three questions with what was answered before, and whether one may stay."""
    chosen = answers or Answers()
    goer = Goer(chosen.members, home.floor, home.storeys)
    stay = _staying(home, goer.walker)
    return {
        "home": home,
        "chosen": chosen,
        "place": place,
        "members": [(c, str(n), c in chosen.members) for c, n in walkers.MEMBER_NAMES.items()],
        "ways": [(c, str(n), c == chosen.leaving) for c, n in LEAVING_NAMES.items()],
        "goal_choices": [
            Choice(code, str(name), code == chosen.goal, *_stay(stay, code))
            for code, name in GOAL_NAMES.items()
        ],
        "kinds": [(c, str(n), c == place.kind) for c, n in words.PLACE_KINDS.items()],
    }


def _stay(stay: evacuation.Staying, goal: str) -> tuple[str, str]:
    """Return whether a way of staying may be chosen, and in words why; other goals always may."""
    if goal not in STAYS:
        return "yes", ""
    told, why = stay.allows(goal), stay.why(goal)
    text = STAY_TEXTS[goal, "yes"] if told == "yes" else STAY_TEXTS[told]
    return told, f"{text}{_(why) if why else ''}"


def _answers(data: QueryDict) -> Answers | None:
    """Read the three answers; None when they were not given, or are none that the page offers."""
    leaving, goal = data.get("leaving", ""), data.get("goal", "")
    members = {part for text in data.getlist("m") for part in text.split(",") if part}
    try:
        return Answers(frozenset(members), leaving, goal)
    except ValueError:
        return None


def _destination(data: QueryDict) -> tuple[timelines.Destination, list[municipalities.Town]]:
    """Read an own destination; with the towns to choose from where its name fits several."""
    kind = data.get("kind", "")
    kind = kind if kind in timelines.PLACE_KINDS else ""
    name = " ".join(data.get("name", "").split())[: timelines.LONGEST_NAME]
    outside = data.get("outside") == "1"
    typed = data.get("place_town", "").strip()[:80]
    by_code = [town for town in municipalities.towns() if town.code == typed]
    found = by_code or (municipalities.search_towns(typed) if typed and not outside else [])
    town = found[0] if len(found) == 1 else None
    return timelines.Destination(kind, name, town, outside), found if len(found) != 1 else []


def _problem(data: QueryDict, answers: Answers | None, choices: list[municipalities.Town]) -> str:
    """Return what is wrong with the answers, in words; nothing when they can be used."""
    if answers is None:
        return _("3つの質問すべてに答えてください。")
    if answers.goal != "own":
        return ""
    if data.get("kind", "") not in timelines.PLACE_KINDS:
        return _("行き先がどんな所かを選んでください。")
    typed = data.get("place_town", "").strip()
    if typed and data.get("outside") != "1":
        if choices:
            return _("行き先の町が%(count)d件あります。一覧からえらんでください。") % {
                "count": len(choices)
            }
        if _destination(data)[0].town is None:
            return _("行き先の町「%(name)s」は見つかりませんでした。") % {"name": typed}
    return ""


# --- kept for a household ----------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A plan that is stored: whose home, at which address of ours, and for whom it is shown.

    ``window`` is the household that a clerk writes for; None for the signed-in resident's own.
    """

    home: Home
    goer: Goer
    row: evacuation.HouseholdTimeline | None
    url: str
    back: tuple[str, str]
    window: int | None = None

    @property
    def context(self) -> dict[str, Any]:
        """What the templates need to know of it."""
        layout = "base.html" if self.window is None else "base_staff.html"
        back, name = self.back
        return {
            "mine": True, "row": self.row, "url": in_world(self.url), "layout": layout,
            "back": in_world(back), "back_name": name, "window": self.window is not None,
        }  # fmt: skip


def home_of(row: residents.Household) -> Home:
    """Return a household's home as a plan needs it."""
    name = f"{words.town(row.town)} {row.address}"
    return Home(name, row.latitude, row.longitude, row.floor or 0, row.storeys or 0, row.located)


def keep(request: HttpRequest, kept: Kept) -> HttpResponse:
    """Show a stored plan, or ask the three questions; store the answers."""
    if request.method == "POST":
        return _stored(request, kept)
    home, row = kept.home, kept.row
    if row is None or request.GET.get("edit"):
        place = timelines.destination_of(row) if row else None
        given = timelines.answers_of(row) if row else Answers(kept.goer.members)
        context = asked(home, given, place or timelines.Destination())
        return render(request, "citizen/plan_ask.html", {**context, **kept.context})
    answers = timelines.answers_of(row)
    context = {**shown(home, answers, owngoal.of(row)), "problem": staying_problem(home, answers)}
    undo = timelines.can_undo(actor_of(request), kept.window)
    more = {**kept.context, "undo": undo, "frozen": is_exercise()}
    return render(request, "citizen/plan.html", {**context, **more})


def _stored(request: HttpRequest, kept: Kept) -> HttpResponse:
    """Store the three answers, or show them again with what is wrong."""
    answers = _answers(request.POST)
    place, choices = _destination(request.POST)
    problem = _problem(request.POST, answers, choices)
    if not problem and answers is not None:
        try:
            timelines.state(actor_of(request), answers, place, kept.window)
        except SonaeError as refused:
            problem = refused.detail
        else:
            flash.success(request, _("計画を保存しました。"))
            return HttpResponseRedirect(in_world(kept.url))
    context = {**asked(kept.home, answers, place), "problem": problem, "towns": choices[:40]}
    return render(request, "citizen/plan_ask.html", {**context, **kept.context}, status=422)


def alter(request: HttpRequest, verb: str, url: str, window: int | None = None) -> HttpResponse:
    """Undo the last change, withdraw the own destination, or have the whole plan forgotten."""
    if verb not in VERBS:
        raise SonaeError("not_found", _("このページはありません。"))
    if request.method == "POST":
        act, thanks = VERBS[verb]
        try:
            act(actor_of(request), window)
        except SonaeError as refused:
            flash.error(request, refused.detail)
        else:
            flash.success(request, str(thanks))
    return HttpResponseRedirect(in_world(url))


@audience(Audience.RESIDENT)
def mine(request: HttpRequest) -> HttpResponse:
    """The signed-in resident's own plan."""
    house = me.household(actor_of(request))
    back = "/me/", _("わたしの避難へ")
    return keep(request, Kept(home_of(house.home), house.goer, house.timeline, MINE, back))


@audience(Audience.RESIDENT)
def change(request: HttpRequest, verb: str) -> HttpResponse:
    """Change the signed-in resident's own plan."""
    return alter(request, verb, MINE)


# --- without one -------------------------------------------------------------------------------


@audience(Audience.PUBLIC)
def public(request: HttpRequest) -> HttpResponse:
    """Make a plan for a town or a position; everything is in the address, nothing is stored."""
    spot, found = where.sought(request)
    if spot is None:
        asking = where.asking(where.typed(request), found, "", False, "/plan/")
        return render(request, "citizen/plan_ask.html", {**asking, "seek": True})
    goer = walkers.read(request.GET)
    home = Home(
        spot.name, spot.latitude, spot.longitude, goer.floor, goer.storeys, True, spot.ground
    )
    answers = _answers(request.GET)
    place, choices = _destination(request.GET)
    problem = walkers.problem_of(request.GET)
    if "goal" in request.GET and not problem:
        problem = _problem(request.GET, answers, choices) or staying_problem(home, answers)
        if not problem and answers is not None:
            return _carried(request, spot, home, answers, place)
    context = {**asked(home, answers or Answers(goer.members), place), "spot": spot, "goer": goer}
    context |= {"problem": problem, "towns": choices[:40]}
    return render(request, "citizen/plan_ask.html", context)


def _staying(home: Home, walker: Walker) -> evacuation.Staying:
    """Return how the home could be stayed in; unknown where the house is not known."""
    return evacuation.staying(
        home.latitude, home.longitude, walker, home.ground, known=home.located
    )


def staying_problem(home: Home, answers: Answers | None) -> str:
    """Return why staying cannot be planned, nothing when it can or is not asked for."""
    if answers is None or answers.goal not in STAYS:
        return ""
    stay = _staying(home, Goer(answers.members, home.floor, home.storeys).walker)
    told, text = _stay(stay, answers.goal)
    if told == "yes":
        return ""
    if home.ground is None:
        return text
    return text + _(
        "町の全体で安全と分かるときだけ選べます。家の場所で調べるには、家で「いまいる場所でさがす」を押してください。"
    )


def _carried(
    request: HttpRequest,
    spot: where.Spot,
    home: Home,
    answers: Answers,
    place: timelines.Destination,
) -> HttpResponse:
    """Show a plan that its address carries. The name of an own destination is never in an address."""
    bare = timelines.Destination(place.kind, "", place.town, place.outside)
    own = owngoal.of_destination(bare) if answers.goal == "own" else None
    query = {
        **spot.query, **Goer(answers.members, home.floor, home.storeys).query,
        "leaving": answers.leaving, "goal": answers.goal,
    }  # fmt: skip
    if answers.goal == "own":
        query |= {"kind": place.kind, "outside": "1" if place.outside else ""}
        query |= {"place_town": place.town.code if place.town else ""}
    carried = urlencode({key: value for key, value in query.items() if value})
    context = {**shown(home, answers, own), "again": "?" + urlencode({**spot.query})}
    link = request.build_absolute_uri(in_world("/plan/?" + carried))
    return render(request, "citizen/plan.html", {**context, "link": link})
