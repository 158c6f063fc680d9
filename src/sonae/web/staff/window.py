"""窓口: one household without a phone: its card as a file, and its マイ・タイムライン written for it."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation.interface import HouseholdTimeline, timelines
from sonae.domains.residents import interface as residents
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import papercard
from sonae.web.citizen import owngoal, plan
from sonae.web.citizen.walkers import Goer
from sonae.web.templatetags.sonae import in_world

PURPOSE = "window"
MOST = 20


def _home(actor: Actor, pk: int) -> tuple[residents.Household, list[residents.Person]]:
    """Return the household of a resident with the people the clerk may see; ``not_found`` without one."""
    people = residents.household_of(actor, pk, purpose=PURPOSE)
    home = residents.Household.objects.select_related("town").filter(
        pk__in={one.household for one in people}
    )
    found = home.first()
    if found is None:
        raise SonaeError("not_found", _("この世帯は見つかりませんでした。"))
    return found, people


def _plan(
    actor: Actor, home: residents.Household, people: list[residents.Person]
) -> HouseholdTimeline | None:
    """Return the household's stored plan; that the clerk saw it is on record of everyone in it."""
    pks = [one.pk for one in people]
    row = timelines.timeline_of(actor, home.pk)
    if row is not None:
        kinds = ("household", "needs", "destination")
        consent.disclose(actor, pks, purpose=PURPOSE, kinds=kinds, shielded=())
    return row


@audience(Audience.OPERATOR)
def search(request: HttpRequest) -> HttpResponse:
    """Find the household by a name, a reading, a birth date, a card or a code."""
    typed, problem, found = request.GET.get("q", "").strip()[:120], "", None
    if typed:
        try:
            found = residents.search(actor_of(request), typed, limit=MOST, purpose=PURPOSE)
        except SonaeError as refused:
            problem = refused.detail
    context = {"q": typed, "found": found, "problem": problem, "frozen": is_exercise()}
    return render(request, "staff/window.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def home(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the household with its plan, and what can be done for it here."""
    actor = actor_of(request)
    found, people = _home(actor, pk)
    row = _plan(actor, found, people)
    context = {
        "home": plan.home_of(found),
        "town": found.town,
        "people": people,
        "row": row,
        "own": owngoal.of(row) if row else None,
        "goal": plan.GOAL_NAMES[row.goal] if row else "",
        "pk": pk,
        "frozen": is_exercise(),
        "codes": _codes(found, people),
    }
    return render(request, "staff/window_home.html", context)


def _codes(
    home: residents.Household, people: list[residents.Person]
) -> list[tuple[str, str, str, datetime | None]]:
    """Return (kind, identifier, whose, reported lost since) of every code of a household."""
    own = dict(
        residents.Resident.objects.filter(pk__in=[one.pk for one in people]).values_list(
            "pk", "resident_id"
        )
    )
    qr, lost = residents.qr, residents.lostcodes.lost
    rows = [(qr.HOUSEHOLD, home.card_code, _("世帯の避難カード"))] if home.card_code else []
    rows += [(qr.PERSON, own[one.pk], one.name) for one in people if one.pk in own]
    since = {
        (kind, row.identifier): row.reported_at
        for kind in (qr.HOUSEHOLD, qr.PERSON)
        for row in lost(kind, [code for what, code, _whose in rows if what == kind]).values()
    }
    return [(kind, code, whose, since.get((kind, code))) for kind, code, whose in rows]


@audience(Audience.OPERATOR)
def lost(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the codes of a lost card void, or let them count again when it was found."""
    actor = actor_of(request)
    found, people = _home(actor, pk)
    kind, code = request.POST.get("kind", ""), request.POST.get("code", "")
    if (kind, code) not in {(what, own) for what, own, _whose, _at in _codes(found, people)}:
        raise SonaeError("not_found", _("このQRコードは、この世帯のものではありません。"))
    if request.POST.get("found"):
        residents.lostcodes.found_again(actor, kind, code)
        flash.success(request, _("QRコードをまた使えるようにしました。"))
    else:
        residents.lostcodes.report_lost(actor, kind, code)
        flash.success(
            request,
            _(
                "今までのQRコードを使えなくしました。新しいカードは、いまから使えます。通信のない受付端末には、次につながったときに伝わります。"
            ),
        )
    return HttpResponseRedirect(in_world(f"/staff/cards/window/{pk}/"))


@audience(Audience.OPERATOR)
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The household's card as a file for a printer: A6, PDF/A."""
    if is_exercise():
        raise SonaeError(
            "conflict", _("訓練では、実在の人のカードを印刷しません。本番の画面で行ってください。")
        )
    actor = actor_of(request)
    found, _people = _home(actor, pk)
    made = papercard.sheets(actor, [found])
    if not made:
        raise SonaeError("not_found", _("この世帯は見つかりませんでした。"))
    headers = {"Content-Disposition": 'inline; filename="hinan-card.pdf"'}
    return HttpResponse(
        papercard.one_card(made[0]), content_type="application/pdf", headers=headers
    )


@audience(Audience.OPERATOR)
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """The three questions, asked by the clerk and answered by whoever stands there."""
    actor = actor_of(request)
    found, people = _home(actor, pk)
    rolling = residents.wheelchairs([one.pk for one in people])
    members = frozenset({"wheelchair"} if rolling else ())
    goer = Goer(members, found.floor or 0, found.storeys or 0)
    back = f"/staff/cards/window/{pk}/", _("世帯のページへ")
    row = _plan(actor, found, people)
    kept = plan.Kept(plan.home_of(found), goer, row, f"{back[0]}plan/", back, found.pk)
    return plan.keep(request, kept)


@audience(Audience.OPERATOR)
def change(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Bring the plan before back, take a destination back, or have all of it forgotten."""
    found, _people = _home(actor_of(request), pk)
    return plan.alter(request, verb, f"/staff/cards/window/{pk}/plan/", found.pk)
