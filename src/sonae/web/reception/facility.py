"""Which facility a desk works for: kept in the session, chosen once a shift."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility, Place
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import current
from sonae.web import words
from sonae.web.templatetags.sonae import in_world

KEY = "reception_facility"


def chosen(request: HttpRequest) -> Facility | None:
    """Return the facility of this desk, or None before one was chosen in this municipality."""
    held = request.session.get(KEY)
    if not isinstance(held, list) or held[0] != current().municipality:
        return None
    return shelters.facility(held[1])


def required(request: HttpRequest) -> Facility:
    """Return the facility of this desk; `SonaeError` that says what to do when there is none."""
    found = chosen(request)
    if found is None:
        raise SonaeError(
            "conflict",
            _("先に、受付をする避難所を選んでください。"),
            in_world("/reception/choose/"),
        )
    return found


@audience(Audience.RECEPTION)
def choose(request: HttpRequest) -> HttpResponse:
    """Choose the facility: those that are open come first; searched by name."""
    if request.method == "POST":
        return _keep(request)
    query = request.GET.get("q", "").strip()
    places = shelters.places(safety.occupancies())
    rows = [p for p in places if query in p.facility.name + p.facility.kana]
    context = {"places": sorted(rows, key=_order), "query": query, "desk": chosen(request)}
    return render(request, "reception/choose.html", context)


def _order(place: Place) -> tuple[int, bool, str]:
    """Open places first, then shelters, then the rest, by name."""
    rank = {"open": 0, "full": 1, "preparing": 2}.get(place.state, 3)
    return rank, place.shelter is None, place.facility.kana or place.facility.name


def _keep(request: HttpRequest) -> HttpResponse:
    """Remember the facility for this session."""
    typed = request.POST.get("facility", "")
    found = shelters.facility(int(typed)) if typed.isdecimal() else None
    if found is None:
        raise SonaeError("not_found", _("この施設は登録されていません。"))
    request.session[KEY] = [current().municipality, found.pk]
    return HttpResponseRedirect(in_world("/reception/"))


@audience(Audience.RECEPTION)
def report(request: HttpRequest) -> HttpResponse:
    """Report the state of the desk's facility."""
    place, state = required(request), request.POST.get("state", "")
    try:
        shelters.set_state(actor_of(request), place.pk, state)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
    else:
        name = words.state("facility", state)[0]
        flash.success(request, _("記録しました：%(state)s") % {"state": name})
    return HttpResponseRedirect(in_world("/reception/"))
