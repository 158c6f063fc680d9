"""Where to go: the site designated for the hazard, by town or by position, never merely the nearest."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, audience
from sonae.web import blocked, kept, livemap, words
from sonae.web.citizen import head, walkers
from sonae.web.citizen.dangers import Danger, dangers_at, dangers_over
from sonae.web.citizen.head import Head
from sonae.web.citizen.nearest import Choice, candidates, choose
from sonae.web.citizen.walkers import Goer
from sonae.web.drawing import RoutePlace, route_map
from sonae.web.templatetags.sonae import Link, in_world

MOST_MATCHES = 40
LONGEST_QUERY = 80
"""Longer than any address; the field of the page takes no more."""
FRESH_SECONDS = 3.0
USUAL = ("flood", "inland_flood", "landslide", "earthquake")
"""Hazards answered in quiet times, as far as any site is designated for them."""


@dataclass(frozen=True)
class Spot:
    """Where the reader is, in degrees, and what to call it; ``query`` finds it again."""

    name: str
    latitude: float
    longitude: float
    query: dict[str, str]
    town: municipalities.Town | None = None

    @property
    def ground(self) -> evacuation.Ground | None:
        """All of the town, None for a position: an answer for a town holds for whoever lives there."""
        return evacuation.ground_of(self.town) if self.town else None


@dataclass(frozen=True)
class Match:
    """A town that fits the search, and the link to its answer."""

    town: municipalities.Town
    href: str

    @property
    def name(self) -> str:
        """The town's name in the reader's language."""
        return words.town(self.town)


@dataclass(frozen=True)
class Row:
    """Towns whose reading begins in one row of the syllabary."""

    name: str
    towns: list[Match]


@dataclass(frozen=True)
class Answer:
    """The answer for hazards that lead to the same place by the same way, or the reason for none."""

    hazards: tuple[str, ...]
    choice: Choice | None
    reason: str = ""
    picture: SafeString | str = ""
    notes: tuple[str, ...] = ()
    near: tuple[blocked.Shown, ...] = ()

    @property
    def key(self) -> str:
        """A word that tells the answers of a page apart."""
        return self.hazards[0]

    @property
    def hazard_names(self) -> str:
        """The hazards, for reading."""
        return "・".join(words.hazard(code) for code in self.hazards)

    @property
    def place(self) -> shelters.Place | None:
        """The designated place, or None."""
        return self.choice.place if self.choice else None

    @property
    def partial(self) -> bool:
        """Whether only part of the place is designated for one of the hazards."""
        place = self.place
        return place is not None and any(place.designated(h) == "partial" for h in self.hazards)

    @property
    def closed(self) -> str:
        """Say why people are not sent where they expect to be, nothing where they are."""
        return walkers.closed_instead(self.choice.instead_of if self.choice else None)

    @property
    def reported_at(self) -> datetime | None:
        """When the place's state was last reported."""
        return self.place.report.at if self.place and self.place.report else None

    @property
    def source(self) -> str:
        """Where the designation comes from, with its date."""
        facility = self.place.facility if self.place else None
        return f"{facility.source} {facility.source_date}".strip() if facility else ""


def _link(query: dict[str, str], page: str = "/where/") -> str:
    """Return the address of an answer inside the world."""
    return in_world(f"{page}?{urlencode(query)}")


def _match(town: municipalities.Town, hazard: str, page: str) -> Match:
    """Return a town with its link; a chosen hazard stays chosen."""
    return Match(town, _link({"town": town.code, **({"hazard": hazard} if hazard else {})}, page))


def syllabary(hazard: str, page: str = "/where/") -> list[Row]:
    """Return all towns by the row of their reading; those without a reading come last."""
    return [
        Row(words.town_row(name), [_match(town, hazard, page) for town in found])
        for name, found in municipalities.towns_in_order()
    ]


def _position(text: str) -> Spot | None:
    """Return the spot of ``lat,lon`` in degrees, or None when it is no place in Japan."""
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not (20 <= latitude <= 46 and 122 <= longitude <= 154):
        return None
    return Spot(_("いまいる場所"), latitude, longitude, {"at": f"{latitude:.4f},{longitude:.4f}"})


def spot_asked(request: HttpRequest) -> Spot | None:
    """Return where the reader is, by position or by town code."""
    if at := request.GET.get("at"):
        return _position(at)
    code = request.GET.get("town", "")
    town = next((town for town in municipalities.towns() if town.code == code), None)
    return _spot_of(town) if town else None


def sought(request: HttpRequest) -> tuple[Spot | None, list[municipalities.Town]]:
    """Return where the reader is, by position, town code or a name that fits one town; else what fits."""
    query = typed(request)
    found = municipalities.search_towns(query) if 0 < len(query) <= LONGEST_QUERY else []
    spot = spot_asked(request)
    if spot is None and len(found) == 1:
        spot = _spot_of(found[0])
    return spot, found


def typed(request: HttpRequest) -> str:
    """Return what was typed to find a town, cut just behind the longest that is searched for."""
    return request.GET.get("q", "").strip()[: LONGEST_QUERY + 1]


def hazard_asked(request: HttpRequest) -> str:
    """Return the hazard that the reader chose, or nothing."""
    hazard = request.GET.get("hazard", "")
    return hazard if hazard in words.HAZARDS else ""


def query_of(spot: Spot, hazard: str, goer: Goer) -> dict[str, str]:
    """Return the query that asks for the same answer again, in one order."""
    return {**spot.query, **goer.query, **({"hazard": hazard} if hazard else {})}


@audience(Audience.PUBLIC)
def where(request: HttpRequest) -> HttpResponse:
    """Ask for a town, or answer where to go from there for each hazard that matters now."""
    hazard = hazard_asked(request)
    spot, found = sought(request)
    goer = walkers.read(request.GET)
    query = typed(request)
    problem = walkers.problem_of(request.GET)
    if spot is not None and "town" in spot.query:
        number = municipalities.names_a_house(query) and "town" not in request.GET
        return _for_town(request, spot, hazard, goer, {"numbered": number, "odd_floors": problem})
    if spot is not None:
        context = {**answered(spot, hazard, goer), "odd_floors": problem}
        return render(request, "citizen/where.html", context)
    asked = bool(request.GET.get("at") or request.GET.get("town"))
    return render(request, "citizen/where.html", asking(query, found, hazard, asked))


def _for_town(
    request: HttpRequest, spot: Spot, hazard: str, goer: Goer, said: dict[str, object]
) -> HttpResponse:
    """Answer for a town: the same for everybody there, so a whole town asks for one rendering.

    ``said``: what the page tells of the question itself; few answers differ in it.
    """

    query = query_of(spot, hazard, goer)

    def rendered() -> bytes:
        here = "/where/?" + urlencode(query)
        context = {**answered(spot, hazard, goer), **said, "here": here}
        return render_to_string("citizen/where.html", context, request=request).encode()

    with kept.for_all(request):
        page = kept.keep(f"where:{urlencode({**query, **said})}", FRESH_SECONDS, rendered)
    return kept.answer(request, page, packed=True)


def _spot_of(town: municipalities.Town) -> Spot:
    """Return a town as a spot."""
    return Spot(words.town(town), town.latitude, town.longitude, {"town": town.code}, town)


def asking(
    query: str, found: list[municipalities.Town], hazard: str, asked: bool, page: str = "/where/"
) -> dict[str, object]:
    """Return the page that asks for a town, with what was found and what went wrong.

    ``page``: the page that answers for the town chosen.
    """
    problem = ""
    if asked:
        problem = _("その場所は分かりませんでした。町の名前でさがしてください。")
    elif len(query) > LONGEST_QUERY:
        problem = _("長すぎて、さがせません。町の名前だけを入力してください。")
    elif query and not found:
        problem = _(
            "「%(query)s」に合う町は見つかりませんでした。下の一覧からえらんでください。"
        ) % {"query": query}
    elif len(found) > MOST_MATCHES:
        problem = _("%(count)d件あります。もう少し長く入力してください。") % {"count": len(found)}
    return {
        "query": query[:LONGEST_QUERY],
        "readable": municipalities.can_be_read(),
        "problem": problem,
        "chosen": hazard,
        "goer": Goer(),
        "page": page,
        "matches": [_match(town, hazard, page) for town in found[:MOST_MATCHES]],
        "rows": syllabary(hazard, page),
    }


def answered(spot: Spot, hazard: str, goer: Goer) -> dict[str, object]:
    """Return the one sentence, then the answers for the chosen hazard, else for those warned of,
    else for the usual ones."""
    places = shelters.places()
    current = [code for code in current_hazards() if code in words.HAZARDS]
    offered = [code for code in words.HAZARDS if any(code in place.hazards for place in places)]
    asked = [hazard] if hazard else current or [code for code in USUAL if code in offered]
    same = {**spot.query, **goer.query}
    links = [Link(_link(same), _("いま必要なもの") if current else _("主なもの"), not hazard)]
    links += [
        Link(_link({**same, "hazard": code}), words.hazard(code), code == hazard)
        for code in dict.fromkeys([*current, *offered])
    ]
    answers = _answers(spot, asked, places, goer.walker)
    ground = spot.ground
    dangers = (
        dangers_over(ground, current)
        if ground
        else dangers_at(spot.latitude, spot.longitude, current)
    )
    return {
        "spot": spot,
        "head": _head(spot, goer, answers, dangers),
        "live_map": _live_map(query_of(spot, hazard, goer), asked),
        "goer": goer,
        "readable": municipalities.can_be_read(),
        "chosen": hazard,
        "current": current,
        "hazards": links,
        "answers": answers,
        "dangers": dangers,
        "divided": ground is not None and any(one.zone != "outside" for one in dangers),
        "plan": in_world("/plan/?" + urlencode(same)),
        "extract": in_world("/where/map.svg?" + urlencode(query_of(spot, hazard, goer))),
    }


def _head(spot: Spot, goer: Goer, answers: list[Answer], dangers: list[Danger]) -> Head:
    """Return the first sentence: of what is in force now, else of the first usual hazard."""
    town = spot.town.pk if spot.town else 0
    advice = evacuation.advise(
        spot.latitude, spot.longitude, goer.walker, town=town, ground=spot.ground
    )
    first = next((one for one in answers if one.choice), None)
    calm: tuple[str, str, float | None] = ("", "", None)
    if first is not None and first.choice is not None:
        goal = walkers.name_of(first.choice.place.facility)
        calm = (goal, first.hazard_names, first.choice.minutes)
    order = head.order_for(spot.town)
    return head.of_place(advice, goer.walker, order, dangers, calm, town=spot.town is not None)


def _live_map(query: dict[str, str], asked: list[str]) -> str:
    """Return the settings of the movable map: the ways from here, over the zones of these hazards."""
    shown = [
        row.name
        for row in hazards.maps()
        if row.hazard in asked and row.kind in {"depth", "zone"} and row.scale != "L1"
    ]
    return livemap.config(
        places=in_world(f"/where/map.json?{urlencode(query)}"),
        obstacles=in_world("/map/obstacles.json"),
        shown=shown,
    )


def current_hazards() -> list[str]:
    """Return the hazards of orders in force and of warnings, those with an order first."""
    ordered = [order.hazard for order in evacuation.orders_in_force()]
    warned = [
        hazard
        for hazard, line in warnings.warned_hazards().items()
        if (line.level or 0) >= 2 or line.severity in {"emergency", "critical", "warning"}
    ]
    return list(dict.fromkeys([*ordered, *warned]))


def _answers(
    spot: Spot, asked: list[str], places: list[shelters.Place], walker: evacuation.Walker
) -> list[Answer]:
    """Return the answers; hazards with the same place and way share one."""
    grouped: dict[tuple[object, ...], list[tuple[str, Choice]]] = {}
    missing: list[Answer] = []
    reports = blocked.shown()
    for hazard in asked:
        choice = choose(spot.latitude, spot.longitude, hazard, places, walker)
        if choice is None:
            missing.append(Answer((hazard,), None, _no_site(hazard, places)))
        else:
            same = (choice.place.facility.pk, round(choice.distance_m), round(choice.danger_m))
            grouped.setdefault(same, []).append((hazard, choice))
    found = [
        _answer(spot, tuple(hazard for hazard, _choice in group), group[0][1], reports, walker)
        for group in grouped.values()
    ]
    return [*found, *missing]


def _answer(
    spot: Spot,
    hazards: tuple[str, ...],
    choice: Choice,
    reports: list[blocked.Shown],
    walker: evacuation.Walker,
) -> Answer:
    """Return one answer with its picture and with what is reported on the roads near the way."""
    goal = choice.place.facility
    ends = [(spot.longitude, spot.latitude), (goal.longitude, goal.latitude)]
    near = blocked.beside([ends[0], *choice.line, ends[1]], reports)
    offered = tuple(walkers.offered(goal, walker))
    return Answer(hazards, choice, "", _picture(spot, choice, near), offered, tuple(near))


def _picture(spot: Spot, choice: Choice, near: list[blocked.Shown]) -> SafeString:
    """Draw the way, and what is reported on the roads beside it."""
    goal = choice.place.facility
    words_of_it = {
        "spot": spot.name,
        "name": goal.name,
        "distance": words.distance(choice.distance_m),
    }
    return route_map(
        RoutePlace(spot.name, spot.longitude, spot.latitude),
        RoutePlace(goal.name, goal.longitude, goal.latitude),
        choice.line,
        title=_("%(name)sへの道") % words_of_it,
        description=_("%(spot)sから%(name)sまで、%(distance)s。") % words_of_it,
        key=f"-{goal.pk}-{choice.distance_m:.0f}",
        blocks=[one.drawn for one in near],
    )


def _no_site(hazard: str, places: list[shelters.Place]) -> str:
    """Say why no place is named: none designated, none that can be used, or no way to any now."""
    name = {"hazard": words.hazard(hazard)}
    if candidates(hazard, places):
        return _(
            "いま通れる道が分かりません。近くの頑丈な建物か、建物の上の階へ移ってください。動けないときや命の危険があるときは、119番に電話してください。"
        )
    if any(hazard in place.hazards for place in places):
        return (
            _(
                "%(hazard)sに指定された避難場所は、いますべて使えないか満員です。案内を待たず、危険な場所から離れてください。"
            )
            % name
        )
    return (
        _(
            "%(hazard)sに指定された避難場所は、市内にありません。危険な場所から離れ、市の案内に従ってください。"
        )
        % name
    )
