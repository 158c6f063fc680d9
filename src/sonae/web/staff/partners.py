"""ほかの市町村への提供: who may read by which law until when; the key is shown once; each look on record."""

from __future__ import annotations

from datetime import datetime, time

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import partners
from sonae.platform.access import Audience, actor_of, audience, permits
from sonae.web import words
from sonae.web.templatetags.sonae import in_world

PATH = "/staff/inquiries/partners/"
STATED = ("code", "name", "prefecture", "basis", "until")


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """List the cities; an administrator enrols one and gets its key, shown only now."""
    actor = actor_of(request)
    typed = {name: request.POST.get(name, "").strip() for name in STATED}
    kinds = request.POST.getlist("kind") or list(partners.KINDS)
    problem, key = "", ""
    if request.method == "POST":
        try:
            _row, key = partners.enrol(
                actor, typed["code"], typed["name"], typed["prefecture"], typed["basis"],
                request.POST.getlist("kind"), _end_of(typed["until"]),
            )  # fmt: skip
        except SonaeError as error:
            problem = error.detail
    context = {
        "rows": [
            (row, partners.is_open(row), partners.told_count(row.pk), _names(row.kinds))
            for row in partners.partners(actor)
        ],
        "may_change": permits(frozenset({Audience.ADMINISTRATOR}), actor.role),
        "typed": typed,
        "kinds": [(code, words.data_kind(code), code in kinds) for code in partners.KINDS],
        "bases": partners.BASES,
        "problem": problem,
        "key": key,
        "today": clock.today().isoformat(),
    }
    return render(request, "staff/inquiries/partners.html", context, status=422 if problem else 200)


def _end_of(day: str) -> datetime:
    """Return the end of a day in Japan; `SonaeError` for no day."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time(23, 59, 59), JST)
    except ValueError:
        raise SonaeError("unprocessable", _("期限の日を選んでください。")) from None


def _names(kinds: list[str]) -> list[str]:
    return [words.data_kind(code) for code in partners.KINDS if code in kinds]


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a city was told, person by person."""
    actor = actor_of(request)
    row = next((one for one in partners.partners(actor) if one.pk == pk), None)
    if row is None:
        raise SonaeError("not_found", _("この提供先はありません。"))
    told = [(one, _names(one.fields)) for one in partners.disclosures(actor, pk)]
    context = {"row": row, "open": partners.is_open(row), "told": told}
    return render(request, "staff/inquiries/partner.html", context)


@audience(Audience.ADMINISTRATOR)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """End a city's access now."""
    if request.method == "POST":
        partners.stop(actor_of(request), pk)
        flash.success(request, _("止めました。この鍵では、もう読めません。"))
    return HttpResponseRedirect(in_world(PATH))
