"""One person's page in the register: what is registered now, where the home lies, every change; 支援措置."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import registerwords as told
from sonae.web.templatetags.sonae import in_world


@audience(Audience.OPERATOR)
def find(request: HttpRequest) -> HttpResponse:
    """Find somebody by what the desk's field understands."""
    typed, problem, found = request.GET.get("q", ""), None, None
    try:
        found = (
            residents.search(actor_of(request), typed, purpose="rescue") if typed.strip() else None
        )
    except SonaeError as error:
        problem = error
    context = {"q": typed, "found": found, "problem": problem}
    return render(request, "staff/register/find.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one person as registered, the others of the home, and what changed when."""
    story = residents.history.story(actor_of(request), pk)
    one = story.resident
    context = {
        "one": one,
        "home": one.household,
        "place": told.PLACES[one.household.place],
        "placed": one.household.located,
        "reason": told.value("left_reason", one.left_reason),
        "sex": told.value("sex", one.sex),
        "others": story.others,
        "steps": [
            (
                step,
                told.item(step.item),
                told.value(step.item, step.before),
                told.value(step.item, step.after),
            )
            for step in story.steps
        ],
    }
    return render(request, "staff/register/person.html", context)


@audience(Audience.ADMINISTRATOR)
def shield(request: HttpRequest) -> HttpResponse:
    """Begin, renew or end a 支援措置 by the number; no list, and the same answer for every wrong number."""
    typed = {name: request.POST.get(name, "") for name in
             ("number", "verb", "begun_on", "until", "together", "note")}  # fmt: skip
    problem, actor = None, actor_of(request)
    if request.method == "POST":
        try:
            if typed["verb"] == "lift":
                residents.shields.lift_shield(actor, typed["number"], typed["note"])
            else:
                residents.shields.set_shield(
                    actor, typed["number"], begun_on=typed["begun_on"], until=typed["until"],
                    provisional=typed["verb"] == "provisional", together=typed["together"].split(),
                    note=typed["note"],
                )  # fmt: skip
            flash.success(request, _("記録しました。"))
            return HttpResponseRedirect(in_world("/staff/register/shield/"))
        except SonaeError as error:
            problem = error
    context = {"typed": typed, "problem": problem}
    return render(request, "staff/register/shield.html", context, status=422 if problem else 200)
