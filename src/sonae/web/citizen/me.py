"""わたしの避難: my household's danger, what to do and why, where to go, by when; 無事です; who looked."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import blocked, papercard, words
from sonae.web.citizen import head, looks, owngoal, walkers
from sonae.web.citizen.dangers import Danger, dangers_at
from sonae.web.citizen.front import situation
from sonae.web.citizen.head import Head
from sonae.web.citizen.nearest import Choice, choose, instead_of
from sonae.web.citizen.walkers import Goer
from sonae.web.citizen.where import USUAL, current_hazards
from sonae.web.drawing import RoutePlace, route_map
from sonae.web.templatetags.sonae import in_world

MOST_ACCESSES = 30
MOST_EVENTS = 1_000
PLACES = {
    "": ("report", lazy("言わない")),
    "home": ("shelter_at_home", lazy("自宅")),
    "family": ("elsewhere", lazy("家族・知人の家")),
    "car": ("in_car", lazy("車の中")),
    "shelter": ("report", lazy("避難所（受付はまだ）")),
    "elsewhere": ("elsewhere", lazy("そのほかの場所")),
}
"""Where people may say they are, with the direction of the sighting that results."""

DEPARTURES = {
    "leave_now": lazy("いますぐ出発してください"),
    "leave_by": lazy("この時刻までに出発してください"),
    "prepare": lazy("いつでも出られるように準備してください"),
    "too_late": lazy(
        "外へ出るのが危険かもしれません。近くの頑丈な建物か、建物の上の階へ移ってください"
    ),
    "no_need": lazy("移動の必要はありません"),
}
REASONS = {
    "none_designated": lazy(
        "この災害に指定された避難場所がありません。危険な場所から離れ、市の案内に従ってください。"
    ),
    "none_open": lazy(
        "指定された避難場所がすべて満員か閉鎖です。危険な場所から離れ、市の案内に従ってください。"
    ),
    "not_connected": lazy(
        "家から避難場所まで、歩ける道がつながっていません。市に連絡してください。"
    ),
    "no_network": lazy("家のまわりの道の情報がないため、道順を計算できません。"),
    "partial": lazy("避難場所は、この災害では一部だけが使えます。"),
    "expected_full": lazy(
        "この避難先は満員になる見込みで、ほかに空きのある避難先もありません。向かう前に、避難先のページで空きを確かめてください。"
    ),
}


@dataclass(frozen=True)
class Member:
    """One person of the household with what is known of where he or she is."""

    resident: residents.Resident
    state: safety.PersonState | None

    @property
    def told(self) -> str:
        """The present state in words."""
        return words.whereabouts(self.state) if self.state else _("まだ連絡がありません")


@dataclass(frozen=True)
class Household:
    """The signed-in resident's own home, people and advice."""

    actor: Actor
    home: residents.Household
    members: list[Member]
    advice: dict[int, evacuation.Advice]
    timeline: evacuation.HouseholdTimeline | None

    @property
    def goer(self) -> Goer:
        """Who goes: as the household stated, and wheelchairs that the roster knows of."""
        told = set(self.timeline.members) if self.timeline else set()
        if residents.wheelchairs([one.resident.pk for one in self.members]):
            told.add("wheelchair")
        return Goer(frozenset(told), self.home.floor or 0, self.home.storeys or 0)


def household(actor: Actor, *, once_in: timedelta = timedelta()) -> Household:
    """Return one's own household; who looks is recorded for the others of it, as for anyone.

    ``once_in``: looks within this time are one.
    """
    home, people = residents.own_home(actor), residents.own_household(actor)
    if home is None or not people:
        raise SonaeError(
            "no_resident",
            _("この利用者は、住民の記録と結び付いていません。"),
            _("市の窓口で、利用者と住民の記録を結び付けてもらってください。"),
        )
    permitted = _permitted(actor, people, once_in)
    pks = [one.pk for one in people if one.pk in permitted]
    states = safety.state_of(pks)
    members = [Member(one, states.get(one.pk)) for one in people if one.pk in permitted]
    timeline = evacuation.timelines.timeline_of(actor)
    return Household(actor, home, members, evacuation.advice_of(pks), timeline)


def _permitted(actor: Actor, people: list[residents.Resident], once_in: timedelta) -> set[int]:
    """Return the members whose data this person may see (one decision point, recorded)."""
    made = consent.disclose(
        actor,
        [one.pk for one in people],
        purpose="personal_page",
        kinds=("name", "address", "danger", "safety", "destination"),
        shielded={one.pk for one in people if one.shielded},
        household={one.pk for one in people},
        once_in=once_in,
    )
    return {pk for pk, decision in made.items() if decision.outcome == "permit"}


@dataclass(frozen=True)
class Action:
    """What the household should do: the decision with its rule, the place, the way, the time.

    ``way``: metres, metres in danger and minutes to the place, which is another than the plan's when
    that one refuses what the household needs. ``reasons``: every rule that held, as sentence and
    source. ``closed``: why the place is another than the usual one.
    """

    advice: evacuation.Advice
    departure: str
    reason: str
    facility: shelters.Place | None
    way: evacuation.Way
    picture: SafeString | str
    head: Head
    reasons: list[tuple[str, str]]
    near: tuple[blocked.Shown, ...] = ()
    closed: str = ""

    @property
    def late(self) -> bool:
        """Whether setting out may itself be deadly."""
        return self.advice.departure == "too_late"


def action_of(house: Household) -> Action | None:
    """Return the advice for the person signed in, else for the member in the gravest danger."""
    if not house.advice:
        return None
    own = house.advice.get(house.actor.resident_id or 0)
    gravest = own or max(house.advice.values(), key=lambda advice: advice.rank)
    personal = evacuation.personal_advice(gravest.resident_id)
    if personal is None:
        return None
    advice = personal.advice
    way, unmet = _fitting_way(house, personal)
    place = _place(way.facility.pk if way.facility else None)
    shown = place is not None and (own is not None or not personal.moved)
    near = blocked.beside([personal.start, *way.line], blocked.shown()) if shown else []
    return Action(
        advice,
        str(DEPARTURES.get(advice.departure, "")),
        str(REASONS.get(advice.reason, "")),
        place,
        way,
        _picture(personal, place, way, near) if place and shown else "",
        _head(house, personal, way, unmet),
        [(_(rule.ja), rule.source) for rule in personal.reasons],
        tuple(near),
        walkers.closed_instead(_closed(house, personal, place)) if place else "",
    )


def _closed(
    house: Household, personal: evacuation.PersonalAdvice, named: shelters.Place
) -> shelters.Place | None:
    """Return the closed or full place where the household expects to be sent, None otherwise."""
    longitude, latitude = personal.start
    walker, hazard = house.goer.walker, personal.advice.hazard
    return instead_of(latitude, longitude, hazard, shelters.places(), named, walker)


def _fitting_way(
    house: Household, personal: evacuation.PersonalAdvice
) -> tuple[evacuation.Way, tuple[str, ...]]:
    """Return the plan's way, or the way to a site that takes the household's wheelchair and pets.

    And the needs that no site is free to meet.
    """
    advice, walker = personal.advice, house.goer.walker
    leaves = advice.decision.startswith("leave")
    goal = advice.facility if leaves else None
    planned = evacuation.Way(
        goal, advice.distance_m, advice.danger_m, advice.minutes, personal.line,
        advice.reason == "partial", advice.reason,
    )  # fmt: skip
    if goal is None or not walker.refused_by(goal):
        return planned, ()
    longitude, latitude = personal.start
    other = evacuation.advise(latitude, longitude, walker, town=house.home.town_id)
    if other.way is None or other.way.facility is None or other.unmet:
        return planned, walker.refused_by(goal)
    return other.way, ()


def _head(
    house: Household,
    personal: evacuation.PersonalAdvice,
    way: evacuation.Way,
    unmet: tuple[str, ...],
) -> Head:
    """Return the household's one sentence; its own destination leads where no map speaks against it."""
    advice = personal.advice
    order = head.order_for(house.home.town)
    told = evacuation.PlaceAdvice(
        advice.decision, advice.departure, advice.leave_by, personal.rule, advice.hazard,
        advice.zone, way, unmet, personal.reasons,
    )  # fmt: skip
    made = head.of_place(told, house.goer.walker, order, ())
    own = owngoal.of(house.timeline)
    leaving = advice.decision.startswith("leave") and advice.departure != "too_late"
    return owngoal.led(made, own, told) if own and leaving else made


def _place(facility_pk: int | None) -> shelters.Place | None:
    """Return one facility with its state and head-count."""
    found = shelters.places(safety.occupancies())
    return next((place for place in found if place.facility.pk == facility_pk), None)


def _picture(
    personal: evacuation.PersonalAdvice,
    place: shelters.Place,
    way: evacuation.Way,
    near: list[blocked.Shown],
) -> SafeString:
    """Draw the way from home, or from where the reader has said to be."""
    goal = place.facility
    told = {"name": goal.name, "distance": words.distance(way.distance_m)}
    start = _("いまいる場所") if personal.moved else _("家")
    said = (
        _("いまいる場所から%(name)sまで、%(distance)s。")
        if personal.moved
        else _("家から%(name)sまで、%(distance)s。")
    )
    return route_map(
        RoutePlace(start, *personal.start),
        RoutePlace(goal.name, goal.longitude, goal.latitude),
        way.line,
        title=_("%(name)sへの道") % told,
        description=said % told,
        key="-me",
        blocks=[one.drawn for one in near],
    )


def usual_places(
    home: residents.Household,
    walker: evacuation.Walker | None = None,
    *,
    lasting: bool = False,
) -> list[tuple[str, Choice | None]]:
    """Return the designated place per hazard for quiet times, and (``lasting``) for the card."""
    places = shelters.places()
    offered = {code for place in places for code in place.hazards}
    asked = [
        code
        for code in words.HAZARDS
        if code in offered and (code in USUAL or code in evacuation.CHECKED)
    ]
    return [
        (
            words.hazard(code),
            choose(home.latitude, home.longitude, code, places, walker, lasting=lasting),
        )
        for code in asked
    ]


def calm_head(
    house: Household, usual: list[tuple[str, Choice | None]], dangers: list[Danger]
) -> Head:
    """Return the sentence for a household that the plan knows in no danger."""
    first = next(((name, one) for name, one in usual if one), None)
    calm: tuple[str, str, float | None] = ("", "", None)
    if first is not None and first[1] is not None:
        calm = (walkers.name_of(first[1].place.facility), first[0], first[1].minutes)
    nothing = evacuation.PlaceAdvice(evacuation.NOT_EXPOSED)
    order = head.order_for(house.home.town)
    return head.of_place(nothing, house.goer.walker, order, dangers, calm)


def answer(house: Household) -> dict[str, Any]:
    """Return what the household is told: the sentence, the action with its way, the usual places."""
    action = action_of(house)
    usual = usual_places(house.home, house.goer.walker)
    dangers = dangers_at(
        house.home.latitude, house.home.longitude, current_hazards(), located=house.home.located
    )
    own = owngoal.of(house.timeline)
    return {
        "house": house,
        "head": action.head if action else calm_head(house, usual, dangers),
        "action": action,
        "dangers": dangers,
        "usual": usual,
        "own": own,
        "own_refused": own is not None and owngoal.refused(own),
        "goer": house.goer,
    }


def owner_of(actor: Actor) -> str:
    """Return a word that tells one account's extract on a phone from another's, and nothing else."""
    secret = settings.SECRET_KEY.encode()
    return hmac.new(secret, f"extract {actor.id}".encode(), hashlib.sha256).hexdigest()[:16]


@audience(Audience.RESIDENT)
def me(request: HttpRequest) -> HttpResponse:
    """Show the resident's own page."""
    actor = actor_of(request)
    house = household(actor)
    top, _lines = situation()
    context = {
        **answer(house),
        "situation": top,
        "owner": owner_of(actor),
        "places": PLACES.items(),
        "accesses": looks.summed(
            consent.accesses(actor, actor.resident_id or 0, MOST_EVENTS), MOST_ACCESSES
        ),
    }
    return render(request, "citizen/me.html", context)


@audience(Audience.RESIDENT)
def report(request: HttpRequest) -> HttpResponse:
    """Store 無事です or 助けが必要です for the members who were ticked."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world("/me/"))
    actor = actor_of(request)
    own = {one.pk for one in residents.own_household(actor)}
    chosen = [pk for one in request.POST.getlist("who") if (pk := key_of(one)) in own]
    status = request.POST.get("status", "")
    if status not in {"safe", "needs_help"}:
        raise SonaeError("unreadable", _("「無事です」か「助けが必要です」を選んでください。"))
    if not chosen:
        flash.error(request, _("だれのことか選ばれていません。名前に印を付けてください。"))
        return HttpResponseRedirect(in_world("/me/"))
    _store(actor, chosen, status, request)
    return HttpResponseRedirect(in_world("/me/"))


def _store(actor: Actor, chosen: list[int], status: str, request: HttpRequest) -> None:
    """Record the report of each person, one's own as oneself and the others as family, and thank."""
    where = request.POST.get("place", "")
    direction, name = PLACES.get(where, PLACES[""])
    note = request.POST.get("note", "").strip()[:200]
    place = str(name) if where in {"family", "shelter", "elsewhere"} else ""
    place = "：".join(part for part in (place, note) if part)
    mine = [pk for pk in chosen if pk == actor.resident_id]
    others = [pk for pk in chosen if pk != actor.resident_id]
    for people, source in ((mine, "self"), (others, "family")):
        if people:
            safety.report_self(
                people,
                status,
                direction=direction,
                place=place,
                note=note,
                actor=actor,
                source=source,
            )
    count = {"count": len(chosen)}
    if status == "safe":
        flash.success(request, _("%(count)d人の無事を市に伝えました。") % count)
    else:
        flash.warning(
            request,
            _(
                "%(count)d人が助けを必要としていることを市に伝えました。命の危険があるときは119番に電話してください。"
            )
            % count,
        )


@audience(Audience.RESIDENT)
def card(request: HttpRequest) -> HttpResponse:
    """Show the household's card for printing: who, where to go per hazard, the QR for reception."""
    actor = actor_of(request)
    house = household(actor)
    ends = clock.now() + papercard.CARD_VALID
    codes = [
        (member, code_of(qr.PERSON, member.resident.resident_id, ends)) for member in house.members
    ]
    context = {
        "house": house,
        "usual": usual_places(house.home, house.goer.walker, lasting=True),
        "home_code": code_of(qr.HOUSEHOLD, house.home.card_code, ends)
        if house.home.card_code
        else "",
        "codes": codes,
        "ends": ends,
    }
    return render(request, "citizen/card.html", context)


@audience(Audience.RESIDENT)
def card_pdf(request: HttpRequest) -> HttpResponse:
    """The same card as a file for a printer: A6, PDF/A."""
    if is_exercise():
        raise SonaeError(
            "conflict", _("訓練では、実在の人のカードを印刷しません。本番の画面で行ってください。")
        )
    house = household(actor_of(request))
    people = [one.resident for one in house.members]
    body = papercard.one_card(papercard.Sheet(house.home, people, house.goer.walker))
    headers = {"Content-Disposition": 'inline; filename="hinan-card.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


def code_of(kind: str, identifier: str, ends: datetime) -> SafeString:
    """Return the signed QR code that the reception reads without a network."""
    return mark_safe(qr.svg(qr.make(kind, identifier, ends)))  # noqa: S308 - drawn by us
