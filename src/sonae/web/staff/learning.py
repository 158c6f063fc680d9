"""照合の重み: what was learnt from clerks' answers, its figures before and after, and a person's yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.rosters import interface as rosters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff.rosters import told
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/review/weights/"
FIGURES = (
    ("precision", lazy("一番目の候補が正しい割合"), True),
    ("recall", lazy("住民の行のうち、正しく見つけた割合"), True),
    ("auto_precision", lazy("自動で照合した行が正しい割合"), True),
    ("auto_recall", lazy("住民の行のうち、自動で照合できた割合"), True),
    ("top_five", lazy("正しい人が5人の候補に入る割合"), True),
    ("outsiders_linked", lazy("住民でないのに照合した行"), False),
)


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show every edition of the weights with its figures."""
    found = rosters.models(actor_of(request))
    context = {
        "models": [(one, _rows(one.figures)) for one in found],
        "answers": len(rosters.decided()),
        "in_force": any(one.state == "in_force" for one in found),
    }
    return render(request, "staff/review/weights.html", context)


def _rows(figures: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Return name, before and after of every figure."""
    before, after = figures["before"], figures["after"]
    return [
        (str(name), _figure(before.get(key), share), _figure(after.get(key), share))
        for key, name, share in FIGURES
    ]


def _figure(value: float | None, share: bool) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f}%" if share else f"{value:,}"


@audience(Audience.ADMINISTRATOR)
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Put weights in force, aside, or out of force."""
    if request.method == "POST":
        try:
            rosters.decide_model(actor_of(request), pk, verb)
            flash.success(request, _("記録しました。次の照合から変わります。"))
        except SonaeError as error:
            if error.code in {"not_found", "forbidden"}:
                raise
            flash.error(request, told(error))
    return HttpResponseRedirect(in_world(HOME))
