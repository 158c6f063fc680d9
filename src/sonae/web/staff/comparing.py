"""国と市の一覧の照合: each difference beside its twin, settled by a person; sites inside their own hazard."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.hazards import interface as hazards
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Question
from sonae.engines.shelters.danger import contradictions
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.staff import listwords
from sonae.web.templatetags.sonae import in_world

VIEWS = ("open", "settled", "one_side", "unsure")
MOST_PLACES = 60


@audience(Audience.STAFF)
def compare(request: HttpRequest) -> HttpResponse:
    """List what the list in force and the other one say differently, open questions first."""
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    found = shelters.questions()
    counted = Counter(name for one in found for name in _views(one))
    chosen = [one for one in found if view in _views(one)]
    context = {
        "reference": shelters.reference(),
        "view": view,
        "tabs": [(name, label, counted[name]) for name, label in _tabs()],
        "questions": [_told(one, view) for one in chosen[:MOST_PLACES]],
        "more": max(0, len(chosen) - MOST_PLACES),
        "same": sum(one.match.status == "same" for one in found),
        "choices": listwords.CHOICES.items(),
        "drill": is_exercise(),
    }
    return render(request, "staff/table/compare.html", context)


def _tabs() -> list[tuple[str, str]]:
    """Return the views with their names."""
    return [
        ("open", _("決めていない")), ("settled", _("決めた")), ("one_side", _("片方だけ")),
        ("unsure", _("同じ施設か不明")),
    ]  # fmt: skip


def _views(one: Question) -> set[str]:
    """Return in which views a facility stands."""
    if one.match.status in {"national_only", "municipal_only"}:
        return {"one_side"}
    if one.match.status == "unsure":
        return {"unsure"}
    return ({"open"} if one.open else set()) | ({"settled"} if one.settled else set())


def _told(one: Question, view: str) -> dict[str, Any]:
    """Return one facility with its differences in words."""
    match = one.match
    shown = [d for d in match.differences if view != "settled" or d.field in one.settled]
    return {
        "place": one.place,
        "match": match,
        "metres": None
        if match.pair is None or match.pair.metres is None
        else round(match.pair.metres),
        "only": listwords.ORIGINS["national" if match.national else "municipal"],
        "may_settle": match.status == "different" and one.place is not None,
        "rows": [
            {
                "difference": d,
                "name": listwords.field(d.field),
                "national": listwords.value(d.field, d.national),
                "municipal": listwords.value(d.field, d.municipal),
                "settled": (made := one.settled.get(d.field)),
                "choice": listwords.CHOICES[made.choice] if made else "",
            }
            for d in shown
        ],
    }


@audience(Audience.OPERATOR)
def settle(request: HttpRequest) -> HttpResponse:
    """Record a choice about one difference and come back to the list."""
    if request.method == "POST":
        sent = request.POST
        key = sent.get("facility", "")
        try:
            made = shelters.settle(
                actor_of(request), key_of(key), sent.get("field", ""),
                sent.get("choice", ""), sent.get("note", ""),
            )  # fmt: skip
        except SonaeError as error:
            if error.code == "forbidden":
                raise
            flash.error(request, f"{error.detail} {error.hint}".strip())
        else:
            told = {"name": made.facility.name, "field": listwords.field(made.field),
                    "choice": listwords.CHOICES[made.choice]}  # fmt: skip
            flash.success(request, _("記録しました：%(name)s「%(field)s」%(choice)s") % told)
    return HttpResponseRedirect(in_world("/staff/shelters/table/compare/"))


@audience(Audience.STAFF)
def danger(request: HttpRequest) -> HttpResponse:
    """List sites that lie inside the danger zone of a hazard they are designated for."""
    places = {one.facility.pk: one for one in shelters.places() if one.site is not None}
    layers = hazards.layers()
    found = contradictions([shelters.listed_of(one) for one in places.values()], layers)
    checked = sorted({one.hazard for one in layers})
    context = {
        "rows": [
            {
                "found": one,
                "place": places[one.site.row],
                "hazard": words.hazard(one.hazard),
                "mark": listwords.MARKS[one.designation],
            }
            for one in found
        ],
        "sites": len({one.site.row for one in found}),
        "checked": [words.hazard(code) for code in checked],
        "unchecked": [words.hazard(code) for code in words.HAZARDS if code not in checked],
        "maps": hazards.maps(),
    }
    return render(request, "staff/table/danger.html", context)
