"""地図: the city as a picture first, and as a map that can be moved where the browser can."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, audience
from sonae.web import blocked, livemap
from sonae.web.drawing import Ground, TownMark, town_map
from sonae.web.staff import mapdata
from sonae.web.templatetags.sonae import in_world

WHATS = ("unaccounted", "exposed")


def marks(what: str) -> list[TownMark]:
    """Return every town with the count that is asked for: unaccounted, or people in danger."""
    exposed = evacuation.counts().get("towns", {})
    left, calls = safety.unaccounted_by_town(), safety.help_by_town()
    found = []
    for town in municipalities.towns():
        inside, unsurveyed = exposed.get(str(town.pk), (0, 0))
        urgent = calls.get(town.pk, 0)
        count = left.get(town.pk, 0) + urgent
        if what == "exposed":
            count, urgent = inside + unsurveyed, inside
        found.append(TownMark(town.name, town.longitude, town.latitude, count, urgent))
    return found


def why_none(what: str) -> str:
    """Return why no town has a count: nobody was asked for, or everybody is where they should be."""
    if what == "exposed":
        run = evacuation.current_run()
        if run is None or not run.hazards:
            return _("避難が必要な警報は出ていないので、危険な場所にいる人を数えていません。")
        return _("警報の出ている危険の区域に、人はいません。")
    inquiry = safety.current_inquiry()
    if inquiry is None:
        return _("安否確認はまだ始まっていないので、数えていません。")
    if inquiry.closed_at is not None:
        return _("安否確認は終わっています。安否の分からない人はいません。")
    return _("対象の人は、全員の安否が分かっています。")


def picture(what: str, drawn: list[TownMark]) -> SafeString:
    """Draw the towns and the places that are open."""
    title = (
        _("町ごとの安否未確認の人数")
        if what == "unaccounted"
        else _("町ごとの危険な場所にいる人数")
    )
    total = sum(mark.count for mark in drawn)
    described = (
        _("%(total)s人。内訳は下の表にあります。") % {"total": f"{total:,}"}
        if total
        else why_none(what)
    )
    open_now = [
        (place.facility.longitude, place.facility.latitude)
        for place in shelters.places()
        if place.state in {"open", "full"}
    ]
    blocks = [one.drawn for one in blocked.shown()]
    return town_map(
        drawn, title=title, description=described, places=open_now, grounds=grounds(), blocks=blocks
    )


def grounds() -> list[Ground]:
    """Return the picture of the streets, where the network is loaded."""
    bounds = mapdata.street_bounds()
    return [Ground(in_world("/staff/map/streets.png"), **bounds)] if bounds else []


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the picture with its table, and offer the movable map where it is installed."""
    what = request.GET.get("what", "")
    what = what if what in WHATS else "unaccounted"
    drawn = marks(what)
    counted = sorted((mark for mark in drawn if mark.count), key=lambda mark: -mark.count)
    context = {
        "what": what,
        "picture": picture(what, drawn),
        "marks": counted,
        "why_none": "" if counted else why_none(what),
        "blocked": blocked.shown(),
        "live_map": livemap.config(
            what=what,
            towns=in_world("/staff/map/towns.json"),
            facilities=in_world("/shelters/map.json"),
            obstacles=in_world("/map/obstacles.json"),
        ),
    }
    return render(request, "staff/map.html", context)
