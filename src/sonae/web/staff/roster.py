"""避難行動要支援者名簿 and 個別避難計画: list, one person's entry and plan, consents, paper."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents.interface import plans
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import rosterpapers
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/register/roster/"


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the roster, a page at a time, by town and by whether there is a plan."""
    get = request.GET.get
    town, page = key_of(get("town", "")) or None, key_of(get("page", "")) or 1
    planned = {"yes": True, "no": False}.get(get("planned", ""))
    found, more = plans.roster(actor_of(request), town=town, page=page, planned=planned)
    context = {
        "listed": found,
        "page": page,
        "more": more,
        "town": town,
        "planned": get("planned", ""),
        "size": plans.roster_size(town),
        "towns": municipalities.towns_in_order(),
        "bodies": plans.BODIES,
        "drill": is_exercise(),
    }
    return render(request, "staff/register/roster.html", context)


@audience(Audience.OPERATOR)
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Show and change one entry with its plan, supporters and consents."""
    actor, problem, typed = actor_of(request), None, None
    found = plans.entry(actor, pk)
    if request.method == "POST":
        typed = _typed(request)
        try:
            plans.save_entry(
                actor, pk, typed["registrant"], typed["plan"], seen=request.POST.get("seen")
            )
            flash.success(request, _("保存しました。"))
            return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
        except SonaeError as error:
            problem = error
    shown = typed or {
        "registrant": plans.as_json(found.registrant),
        "plan": plans.plan_json(found.plan) or {"supporters": []},
    }
    helpers = [*shown["plan"]["supporters"], {}][: plans.MOST_SUPPORTERS]
    context = {
        "one": found, "registrant": shown["registrant"], "plan": shown["plan"], "problem": problem,
        "seen": plans.stamp(pk),
        "helpers": list(enumerate(helpers, 1)), "drill": is_exercise(),
        "consents": [(body, state, _grant_of(found, body)) for body, state in found.consents.items()],
    }  # fmt: skip
    status = 200 if problem is None else 409 if problem.code == "edit_conflict" else 422
    return render(request, "staff/register/entry.html", context, status=status)


def _grant_of(found: plans.Entry, body: str) -> Any:
    """Return the consent or refusal in force for a body, or None."""
    held = [one for one in found.grants if one.recipient == body and one.withdrawn_at is None]
    return held[-1] if held else None


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Return what the form says."""
    post = request.POST.get
    registrant = {name: post(name, "") for name in plans.REGISTRANT if name != "wheelchair"}
    helpers: list[dict[str, Any]] = [
        {**{name: post(f"{name}{at}", "") for name in plans.SUPPORTER if name != "agreed"},
         "agreed": post(f"agreed{at}", "") == "1"}
        for at in range(1, plans.MOST_SUPPORTERS + 1)
    ]  # fmt: skip
    plan = {name: post(name, "") for name in plans.PLAN}
    return {
        "registrant": {**registrant, "wheelchair": post("wheelchair", "") == "1"},
        "plan": {**plan, "supporters": [one for one in helpers if one["name"].strip()]},
    }


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Record a consent or a refusal for a body, withdraw it, or take the person off the roster."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    actor, post = actor_of(request), request.POST.get
    target = f"{HOME}{pk}/"
    try:
        if verb == "consent":
            plans.answer_consent(
                actor, pk, post("body", ""), post("answer", ""), post("phase", "peacetime"),
                seen=key_of(post("seen", "")) if "seen" in request.POST else None,
            )  # fmt: skip
            flash.success(request, _("記録しました。"))
        elif verb == "remove":
            plans.take_off(actor, pk, post("reason", ""))
            flash.success(request, _("名簿から外しました。記録は残っています。"))
            target = HOME
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as error:
        if error.code in ("not_found", "forbidden"):
            raise
        flash.error(request, f"{error.detail} {error.hint or ''}".strip())
    return HttpResponseRedirect(in_world(target))


@audience(Audience.OPERATOR)
def plan_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Return one person's plan on paper."""
    body = rosterpapers.plan(plans.entry(actor_of(request), pk))
    headers = {"Content-Disposition": f'attachment; filename="plan-{pk}.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


@audience(Audience.OPERATOR)
def as_pdf(request: HttpRequest) -> HttpResponse:
    """Return the roster of a town on paper, for a body that may have it now."""
    get = request.GET.get
    town, body = key_of(get("town", "")), get("body", "")
    if not town or body not in plans.BODIES:
        flash.error(request, _("町と提供先を選んでください。"))
        return HttpResponseRedirect(in_world(HOME))
    found = plans.for_body(actor_of(request), town, body)
    if not found:
        flash.error(
            request,
            _(
                "この町に、いまこの提供先へ渡せる人はいません。同意・条例・緊急の名簿提供のどれかが要ります。"
            ),
        )
        return HttpResponseRedirect(in_world(f"{HOME}?town={town}"))
    made = rosterpapers.roster(found, town, body, actor_of(request))
    headers = {"Content-Disposition": 'attachment; filename="roster.pdf"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)
