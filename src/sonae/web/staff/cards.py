"""避難カードの一括印刷: choose towns, watch the progress, fetch one file for door-to-door, remove it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.evacuation.interface import CardBatch, cards
from sonae.domains.municipalities import interface as municipalities
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.templatetags.sonae import in_world


def _towns(row: CardBatch) -> str:
    """Return the names of a batch's towns."""
    wanted = set(row.towns)
    return words.listed([town.name for town in municipalities.towns() if town.pk in wanted])


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Ask for the cards of towns; list what was asked for."""
    problem, hint, purpose = "", "", ""
    chosen: list[int] = []
    actor = actor_of(request)
    if request.method == "POST":
        chosen = [key_of(pk) for pk in request.POST.getlist("town") if pk.isdecimal()]
        purpose = request.POST.get("purpose", "")
        known = {town.pk for town in municipalities.towns()}
        try:
            made = cards.request(actor, [pk for pk in chosen if pk in known], purpose)
            return HttpResponseRedirect(in_world(f"/staff/cards/{made.pk}/"))
        except SonaeError as refused:
            problem, hint = refused.detail, refused.hint or ""
    rows = [(row, _towns(row)) for row in cards.batches(actor)]
    homes = cards.homes_by_town()
    groups = [
        (words.town_row(name), [(town, homes.get(town.pk, 0)) for town in towns])
        for name, towns in municipalities.towns_in_order()
    ]
    context = {
        "groups": groups,
        "chosen": chosen,
        "purpose": purpose,
        "problem": problem,
        "hint": hint,
        "rows": rows,
        "most": cards.MOST_HOUSEHOLDS,
        "frozen": is_exercise(),
    }
    return render(request, "staff/cards.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a batch is; the page asks again by itself until it is ready."""
    row = cards.batch(actor_of(request), pk)
    context = {"row": row, "towns": _towns(row), "busy": row.state in ("waiting", "working")}
    return render(request, "staff/cards_batch.html", context)


@audience(Audience.OPERATOR)
def fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """The file; fetching it is on record."""
    body = cards.fetch(actor_of(request), pk)
    headers = {"Content-Disposition": f'attachment; filename="hinan-cards-{pk}.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


@audience(Audience.OPERATOR)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove the file before its time."""
    if request.method == "POST":
        cards.remove(actor_of(request), pk)
    return HttpResponseRedirect(in_world(f"/staff/cards/{pk}/"))
