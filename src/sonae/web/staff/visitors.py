"""来訪者: people who are nobody of the register, in their own right: list, search, facts, their city."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import rosterwords
from sonae.web.staff.rosters import told
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/visitors/"
PAGE = 100


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Show who is here and nobody of the register."""
    text = request.GET.get("q", "")
    page = max(1, key_of(request.GET.get("page", "")))
    guests, count, problem = list[rosters.Guest](), 0, ""
    try:
        guests, count = rosters.visitors(
            actor_of(request), text, limit=PAGE, offset=(page - 1) * PAGE
        )
    except SonaeError as error:
        if error.code == "forbidden":
            raise
        problem = told(error)
    context = {
        "guests": guests, "count": count, "q": text, "page": page, "problem": problem,
        "pages": max(1, -(-count // PAGE)),
    }  # fmt: skip
    return render(request, "staff/visitors/overview.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one person and keep what is written better."""
    actor, typed, status = actor_of(request), None, 200
    if request.method == "POST" and "posted" in request.POST:
        return _post(request, pk)
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in rosters.EDITED}
        try:
            rosters.describe(actor, pk, typed)
            flash.success(request, _("書き足しました。前の記載も残っています。"))
            return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
        except SonaeError as error:
            if error.code in {"not_found", "forbidden"}:
                raise
            flash.error(request, told(error))
            status = 422
    guest, entries = rosters.visitor(actor, pk)
    who = guest.who
    known = {
        "name": who.name, "kana": who.kana, "sex": who.sex, "birth_date": who.birth_date,
        "address": who.address, "phone": who.phone, "home_city": guest.home_city, "note": who.note,
    }  # fmt: skip
    context = {
        "guest": guest, "earlier": entries, "typed": typed or known,
        "sexes": rosterwords.SEXES.items(), "sightings": rosters.seen(actor, pk),
        "posted": bool(safety.agreed([f"v{pk}"])),
    }  # fmt: skip
    return render(request, "staff/visitors/one.html", context, status=status)


def _post(request: HttpRequest, pk: int) -> HttpResponse:
    """Note whether a visitor may stand on the list that hangs in the shelter."""
    actor, yes = actor_of(request), request.POST["posted"] == "yes"
    rosters.visitor(actor, pk)  # nobody who is somebody else by now
    safety.agree_to_post(actor, [f"v{pk}"], [f"v{pk}"] if yes else [])
    flash.success(request, _("掲示の答えを記録しました。"))
    return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
