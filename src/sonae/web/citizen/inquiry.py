"""安否をたずねる: a family asks from anywhere, and reads the answer at an address only it has."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import inquiries, rules
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import inquirywords
from sonae.web.staff.inquiries import stated
from sonae.web.templatetags.sonae import in_world


@audience(Audience.PUBLIC)
def ask(request: HttpRequest) -> HttpResponse:
    """Take an inquiry in; what was typed stays when something is missing."""
    typed: dict[str, str] = {}
    problem, hint = "", ""
    if request.method == "POST":
        typed = {**stated(request), "channel": "online"}
        try:
            _row, key = inquiries.receive(actor_of(request), inquiries.NewRequest(**typed))
        except SonaeError as error:
            problem, hint = error.detail, error.hint
        else:
            return HttpResponseRedirect(in_world(f"/inquiry/{key}/"))
    context = {
        "typed": typed,
        "problem": problem,
        "hint": hint,
        "askers": [(key, inquirywords.ASKERS[key]) for key in rules.ONLINE_ASKERS],
        "once": uuid4().hex,
    }
    response = render(request, "citizen/inquiry.html", context, status=422 if problem else 200)
    response["Cache-Control"] = "private, no-store"
    return response


@audience(Audience.PUBLIC)
def answer(request: HttpRequest, key: str) -> HttpResponse:
    """Show how far the inquiry is, or its answer; the same page whyever there is none."""
    found = inquiries.read_online(key)
    context = {
        "row": found.request,
        "answered": found.answered,
        "lines": inquirywords.told(found.facts),
        "as_of": inquirywords.as_of(found.facts),
        "nothing": inquirywords.nothing(),
        "elsewhere": found.answered and found.how != "online",
        "address": request.build_absolute_uri(),
    }
    response = render(request, "citizen/inquiry_answer.html", context)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
