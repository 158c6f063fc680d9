"""Which facility a desk works for: kept in the session, chosen once a shift."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import kana
from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility, Place
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import current
from sonae.web import states
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
    """Choose the facility, in groups by what is likely; searched by name or reading."""
    if request.method == "POST":
        return _keep(request)
    query = request.GET.get("q", "").strip()
    places = [p for p in shelters.places(safety.occupancies()) if _fits(p, query)]
    context = {"groups": _groups(places), "query": query, "desk": chosen(request)}
    return render(request, "reception/choose.html", context)


def _fits(place: Place, query: str) -> bool:
    """Tell whether a facility's name or reading contains what was typed."""
    one = place.facility
    if query in one.name:
        return True
    return kana.is_kana(query) and kana.search_key(query) in kana.search_key(one.kana)


def _groups(places: list[Place]) -> list[tuple[str, str, list[Place]]]:
    """Return (code, name, places by reading): open ones first, those reported closed last."""
    names = {
        "open": _("開いている所"),
        "shelter": _("開設は未確認の避難所"),
        "site": _("開設は未確認の避難場所"),
        "closed": _("閉鎖と報告された所"),
    }
    found: dict[str, list[Place]] = {code: [] for code in names}
    for place in sorted(places, key=lambda p: p.facility.kana or p.facility.name):
        found[_group(place)].append(place)
    return [(code, names[code], rows) for code, rows in found.items() if rows]


def _group(place: Place) -> str:
    if place.state in ("open", "full", "preparing"):
        return "open"
    if place.state == "closed":
        return "closed"
    return "site" if place.shelter is None else "shelter"


def _keep(request: HttpRequest) -> HttpResponse:
    """Remember the facility for this session."""
    typed = request.POST.get("facility", "")
    found = shelters.facility(key_of(typed)) if typed.isdecimal() else None
    if found is None:
        raise SonaeError("not_found", _("この施設は登録されていません。"))
    request.session[KEY] = [current().municipality, found.pk]
    return HttpResponseRedirect(in_world("/reception/"))


@audience(Audience.RECEPTION)
def report(request: HttpRequest) -> HttpResponse:
    """Report the state of the desk's facility."""
    place, post = required(request), request.POST.get
    state, told = post("state", ""), (post("ordered_by", ""), post("congestion", ""))
    try:
        shelters.set_state(
            actor_of(request), place.pk, state, ordered_by=told[0], congestion=told[1],
            capacity=sheltering.opening_capacity(place.pk, state),
        )  # fmt: skip
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
    else:
        name = states.state("facility", state)[0]
        flash.success(request, _("記録しました：%(state)s") % {"state": name})
    return HttpResponseRedirect(in_world("/reception/"))
