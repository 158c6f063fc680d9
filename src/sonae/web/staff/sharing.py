"""緊急時の名簿提供: declare, another person's decision, in force, ended; everything handed out under it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import EmergencySharing
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import plans
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.staff.chronicle import names_of
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/staff/sharing/"
HOURS: Final = (6, 12, 24, 48, 72)
PER_PAGE: Final = 100


def kind_names(kinds: Any) -> list[str]:
    """Return kinds of data in words, in the order of the roster."""
    return [words.data_kind(code) for code in words.DATA_KINDS if code in kinds]


def _shown(row: EmergencySharing, names: dict[str, str]) -> dict[str, Any]:
    """Return one sharing for a page."""
    bodies = row.bodies or list(consent.SUPPORTERS)
    return {
        "row": row,
        "state": consent.state_of(row),
        "bodies": [words.supporter(one) for one in bodies],
        "kinds": kind_names(row.kinds),
        "hours": round(
            (row.expires_at - (row.approved_at or row.declared_at)) / timedelta(hours=1)
        ),
        "declared_by": names.get(row.declared_by, ""),
        "approved_by": names.get(row.approved_by, ""),
        "ended_by": names.get(row.ended_by, ""),
    }


def _all_shown(rows: list[EmergencySharing]) -> list[dict[str, Any]]:
    people = {one for row in rows for one in (row.declared_by, row.approved_by, row.ended_by)}
    names = names_of(people - {""})
    return [_shown(row, names) for row in rows]


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is in force and what waits, and declare a new one."""
    actor, problem = actor_of(request), None
    typed = _typed(request)
    if request.method == "POST":
        try:
            row = _declare(actor, typed)
        except SonaeError as error:
            problem = error
        else:
            flash.success(request, _("起案しました。ほかの決裁者が決裁するまで、何も渡せません。"))
            return HttpResponseRedirect(in_world(f"{HOME}{row.pk}/"))
    rows = _all_shown(consent.sharings(actor))
    context = {
        "open": [one for one in rows if one["state"] in ("in_force", "draft")],
        "over": [one for one in rows if one["state"] not in ("in_force", "draft")],
        "bodies": [(one, words.supporter(one)) for one in consent.SUPPORTERS],
        "kinds": [
            (code, words.data_kind(code))
            for code in words.DATA_KINDS
            if code in consent.ROSTER and code != "name"
        ],
        "hours": HOURS,
        "basis": consent.SHARING_BASIS,
        "typed": typed,
        "problem": problem,
        "idle": is_exercise() and not municipalities.municipality().is_demo,
    }
    return render(request, "staff/sharing/list.html", context, status=422 if problem else 200)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Return what the form says; before anything was sent, all items, 24 hours and nobody."""
    if request.method != "POST":
        return {"reason": "", "bodies": [], "kinds": sorted(consent.ROSTER), "hours": "24"}
    post = request.POST
    return {
        "reason": post.get("reason", ""),
        "bodies": post.getlist("body"),
        "kinds": post.getlist("kind"),
        "hours": post.get("hours", ""),
    }


def _declare(actor: Actor, typed: dict[str, Any]) -> EmergencySharing:
    """Draft what the form says; a name is always among the items, because it is a roster."""
    if not typed["bodies"]:
        raise SonaeError("unprocessable", _("渡す相手を1つ以上えらんでください。"))
    if not typed["reason"].strip():
        raise SonaeError(
            "unprocessable",
            _("理由を書いてください。"),
            _("だれの命を、何から守るためかが、あとで読んでわかるように。"),
        )
    hours = int(typed["hours"]) if typed["hours"] in {str(one) for one in HOURS} else 0
    return consent.declare_sharing(
        actor, typed["reason"], {"name", *typed["kinds"]}, hours, typed["bodies"]
    )


def _handed_out(actor: Actor, pk: int) -> list[consent.Handed]:
    """Return what was handed out, without who has come under 支援措置 since, in no number either."""
    hidden = residents.shielded_pks()
    return [
        replace(one, people=tuple(pk for pk in one.people if pk not in hidden))
        for one in consent.handed_out(actor, pk)
    ]


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one sharing: how it came, what the reader may do, and everything handed out under it."""
    actor = actor_of(request)
    row = consent.sharing(actor, pk)
    [shown] = _all_shown([row])
    handed = _handed_out(actor, pk)
    names = names_of({one.by for one in handed})
    context = {
        "one": shown,
        "handed": [
            (
                len(handed) - place,
                one,
                words.supporter(one.body),
                kind_names(one.kinds),
                names.get(one.by, ""),
            )
            for place, one in enumerate(handed)
        ],
        "people": len({pk for one in handed for pk in one.people}),
        "own": row.declared_by == actor.id,
        "may_approve": shown["state"] == "draft"
        and permits(frozenset({Audience.APPROVER}), actor.role)
        and row.declared_by != actor.id,
        "now": clock.now(),
        "drill": is_exercise(),
    }
    return render(request, "staff/sharing/detail.html", context)


@audience(Audience.OPERATOR)
def people(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Show about whom data went out at once; this look is on their record as well."""
    actor = actor_of(request)
    row, handed = consent.sharing(actor, pk), _handed_out(actor, pk)
    # Counted from the oldest, so that an address goes on meaning the same act.
    if not 1 <= place <= len(handed):
        raise SonaeError("not_found", _("この記録はありません。"))
    one = handed[len(handed) - place]
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 6 else 1
    start = (max(number, 1) - 1) * PER_PAGE
    context = {
        "row": row,
        "one": one,
        "body": words.supporter(one.body),
        "kinds": kind_names(one.kinds),
        "by": names_of({one.by}).get(one.by, ""),
        "listed": plans.people(actor, one.people[start : start + PER_PAGE]),
        "page": max(number, 1),
        "more": start + PER_PAGE < len(one.people),
    }
    return render(request, "staff/sharing/people.html", context)


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Approve a draft, or end it; the domain decides who may."""
    back = HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    if request.method != "POST":
        return back
    actor = actor_of(request)
    try:
        if verb == "approve":
            consent.approve_sharing(actor, pk)
            flash.success(request, _("決裁しました。いまから、えらんだ相手に名簿を渡せます。"))
        elif verb == "end":
            consent.end_sharing(actor, pk)
            flash.success(request, _("終わらせました。これより後は、この根拠では渡せません。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as error:
        if error.code == "not_found":
            raise
        flash.error(request, f"{error.detail} {error.hint or ''}".strip())
    return back
