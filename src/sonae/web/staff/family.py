"""家族からの申し出: a family phones or comes to say how somebody is; one form, about anybody."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.exchange.interface import inquiries
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import VisitorFacts
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.web import words
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

FACTS: Final = ("name", "kana", "birth_date", "address")
STATED: Final = (
    *FACTS, "teller", "relation", "contact", "check", "status", "direction", "place", "at", "note",
)  # fmt: skip
_CHECKS_OF: Final = {"call_back": "call_back", "known": "known"}
"""How an inquiry's asker was made sure of → how it is said here; any document is a document."""


@audience(Audience.OPERATOR)
def about(request: HttpRequest, person: str) -> HttpResponse:
    """Take down what the family of a person who was found says."""
    actor = actor_of(request)
    found = safety.history(actor, person)
    return _form(request, actor, found.person, found)


@audience(Audience.OPERATOR)
def unknown(request: HttpRequest) -> HttpResponse:
    """Take down what a family says of somebody who was not found anywhere."""
    return _form(request, actor_of(request), None, None)


def _form(
    request: HttpRequest, actor: Actor, person: str | None, found: safety.History | None
) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            target = _taken(request, actor, person)
        except SonaeError as error:
            if error.code in ("not_found", "forbidden"):
                raise
            problem = f"{error.detail} {error.hint or ''}".strip()
        else:
            flash.success(
                request, _("申し出を記録しました。家族から聞いたこととして、時系列に残っています。")
            )
            return HttpResponseRedirect(in_world(f"/staff/people/{target}/"))
    typed = _typed(request)
    context = {
        "one": found,
        "typed": typed,
        "problem": problem,
        "checks": [(key, words.TELLER_CHECKS[key]) for key in safety.CHECKS],
        "conditions": [(key, words.CONDITIONS[key]) for key in safety.STATED],
        "places": [(key, words.DIRECTIONS[key]) for key in safety.HEARD_PLACES],
        "form": request.POST.get("form") or str(uuid7()),
    }
    return render(request, "staff/family.html", context, status=422 if problem else 200)


def _typed(request: HttpRequest) -> dict[str, str]:
    """Return what was typed; at first what an inquiry of the same family has said already."""
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in STATED}
    typed = dict.fromkeys(STATED, "") | {"name": request.GET.get("name", "")[:120]}
    number = request.GET.get("inquiry", "")
    if number.isascii() and number.isdecimal() and len(number) < 16:
        row = inquiries.request_of(int(number))
        checked = _CHECKS_OF.get(row.identity, "document" if row.identity else "")
        typed |= {
            "teller": row.asker_name, "relation": row.relation, "contact": row.asker_contact,
            "check": checked,
        }  # fmt: skip
    return typed


def _taken(request: HttpRequest, actor: Actor, person: str | None) -> str:
    """Record what the form says; return the key of the person it is about."""
    typed: dict[str, Any] = _typed(request)
    try:
        form = UUID(request.POST.get("form", ""))
    except ValueError:
        raise SonaeError("unprocessable", _("もう一度、画面を開いてやり直してください。")) from None
    facts = VisitorFacts(*(typed[name].strip()[:120] for name in FACTS))
    teller = safety.Teller(
        typed["teller"].strip()[:60], typed["relation"].strip()[:40],
        typed["contact"].strip()[:60], typed["check"],
    )  # fmt: skip
    return safety.family_statement(
        actor, person or facts, teller, status=typed["status"],
        direction=typed["direction"] or "report", place=typed["place"], at=moment_of(typed["at"]),
        note=typed["note"], form=form,
    )  # fmt: skip
