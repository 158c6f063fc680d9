"""What a phone keeps: manifest, icons, service worker, the page for no connection, one's own extract."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.residents.interface import qr
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web.citizen import citypiece, me, owngoal, plan
from sonae.web.citizen.front import city_name
from sonae.web.citizen.shared import for_everyone
from sonae.web.citizen.where import current_hazards
from sonae.web.drawing import icon_png
from sonae.web.papercard import CARD_VALID
from sonae.web.templatetags.sonae import asset

ICON_SIZES = (180, 192, 512)
ONE_LOOK = timedelta(minutes=30)
"""A page that renews its copy is one look at the family within this time."""
_WORKER = Path(__file__).resolve().parents[1] / "static" / "sw.js"


@audience(Audience.PUBLIC)
def manifest(request: HttpRequest) -> HttpResponse:
    """The web application manifest: the city's page on the home screen."""
    name = city_name()
    icons = [
        {"src": f"/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
        for size in ICON_SIZES
    ]
    maskable = {"src": "/icon-maskable.png", "sizes": "512x512", "type": "image/png"}
    body = {
        "name": f"{name} {_('防災・避難情報')}",
        "short_name": _("避難"),
        "lang": (get_language() or "ja").split("-")[0],
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f4f6f9",
        "theme_color": "#083676",
        "icons": [*icons, {**maskable, "purpose": "maskable"}],
        "shortcuts": [
            {"name": _("わたしの避難"), "url": "/me/"},
            {"name": _("避難先をさがす"), "url": "/where/"},
        ],
    }
    text = json.dumps(body, ensure_ascii=False)
    return HttpResponse(text, content_type="application/manifest+json; charset=utf-8")


@audience(Audience.PUBLIC)
def icon(request: HttpRequest, name: str) -> HttpResponse:
    """An icon of the home screen, drawn by us."""
    known = {str(size): size for size in ICON_SIZES} | {"maskable": 512}
    if name not in known:
        raise SonaeError("not_found", _("このページはありません。"))
    body = icon_png(known[name], maskable=name == "maskable")
    return HttpResponse(
        body, content_type="image/png", headers={"Cache-Control": "public, max-age=86400"}
    )


@audience(Audience.PUBLIC)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: our file, with the addresses of what it keeps before it."""
    shell = [asset(name) for name in ("sonae.css", "offline.js", "locate.js", "icon.svg")]
    head = f"const SHELL = {json.dumps(['/offline/', *filter(None, shell)])};\n"
    return HttpResponse(
        head + _WORKER.read_text("utf-8"),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )


@audience(Audience.PUBLIC)
@for_everyone("offline")
def shell(request: HttpRequest) -> bytes:
    """The page for who has no connection and nothing kept: what to do all the same."""
    return render_to_string("citizen/offline.html", {"here": "/offline/"}, request=request).encode()


@audience(Audience.RESIDENT)
def extract(request: HttpRequest) -> HttpResponse:
    """The household's extract for the phone: what to do, the way, the map, the plan, the code.

    No names, no list of who looked, no form, no token: whoever finds the phone learns no more of the
    family than its paper card tells.
    """
    if is_exercise():
        raise SonaeError("not_found", _("訓練の画面は、この電話に残せません。"))
    actor = actor_of(request)
    house = _nameless(me.household(actor, once_in=ONE_LOOK))
    home = house.home
    told = me.answer(house)
    ends = clock.now() + CARD_VALID
    row = house.timeline
    answers = evacuation.timelines.answers_of(row) if row else None
    place = plan.Home("", home.latitude, home.longitude, home.floor or 0, home.storeys or 0,
                      home.located)  # fmt: skip
    kept = answers if answers and not plan.staying_problem(place, answers) else None
    steps = plan.shown(place, kept, owngoal.of(row)) if kept else {}
    context = {
        **told,
        "steps": steps,
        "lines": steps.get("lines"),
        "map": _map(house, told),
        "owner": me.owner_of(actor),
        "code": me.code_of(qr.HOUSEHOLD, home.card_code, ends) if home.card_code else "",
        "ends": ends,
    }
    return render(request, "citizen/kept.html", context)


def _nameless(house: me.Household) -> me.Household:
    """Return the household without the words in which it named its own destination (unsaved)."""
    if house.timeline is None:
        return house
    bare = copy(house.timeline)
    bare.place_name = ""
    return replace(house, timeline=bare)


def _map(house: me.Household, told: dict[str, object]) -> SafeString:
    """Return the piece of city map about the home with every site that the answer names."""
    action = told["action"]
    goals = [choice.place.facility.pk for _name, choice in told["usual"] if choice]  # type: ignore[attr-defined]
    if isinstance(action, me.Action) and action.facility:
        goals.insert(0, action.facility.facility.pk)
    hazard = (current_hazards() or ["flood"])[0]
    home = house.home
    return citypiece.piece(home.latitude, home.longitude, goals, hazard, name=_("家"))
