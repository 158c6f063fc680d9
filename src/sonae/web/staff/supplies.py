"""物資と日報: what all shelters ask for, step by step; their daily reports beside each other; both as files."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.sheltering import interface as sheltering
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import states, tablefile
from sonae.web.sheltering import names
from sonae.web.templatetags.sonae import in_world

STEPS: Final = {"asked": ("arranged", "sent"), "arranged": ("sent",)}
"""What headquarters may say next of a request."""


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the open requests of all shelters, urgent and oldest first, and the reports of a day."""
    day = _day(request.GET.get("day", ""))
    found = sheltering.supplies(only_open=True)
    rows = [(one, names.SUPPLY_KINDS.get(one.request.kind, ""), _steps(one)) for one in found]
    reports = _reports(day)
    context = {
        "rows": rows,
        "urgent": sum(one.request.urgent for one in found),
        "day": day,
        "reports": reports,
        "people": sum(one.figures["people"] for one in reports),
        "meals": sum(one.figures["meals_needed"] for one in reports),
    }
    return render(request, "staff/supplies.html", context)


def _steps(one: sheltering.SupplyView) -> list[tuple[str, object]]:
    return [(step, states.state("supply", step)[0]) for step in STEPS.get(one.request.state, ())]


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return clock.now().astimezone(JST).date()


def _reports(day: date) -> list[sheltering.DailyReport]:
    """Return the last report of each shelter on a day, by name."""
    last: dict[int, sheltering.DailyReport] = {}
    for one in sheltering.reports(day=day):
        last.setdefault(one.facility_id, one)
    return sorted(last.values(), key=lambda one: one.facility.public_id)


@audience(Audience.OPERATOR)
def step(request: HttpRequest) -> HttpResponse:
    """Say what became of a request."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    typed = request.POST.get("request", "")
    pk = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 16 else 0
    try:
        row = sheltering.step(actor_of(request), pk, request.POST.get("to", ""))
    except SonaeError as refused:
        if refused.code in ("forbidden", "not_found"):
            raise
        flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
    else:
        flash.success(request, _("%(name)sを記録しました。") % {"name": row.item})
    return HttpResponseRedirect(in_world("/staff/supplies/"))


@audience(Audience.STAFF)
def as_file(request: HttpRequest, kind: str) -> HttpResponse:
    """Every request as CSV or XLSX, for whoever procures and for the prefecture."""
    head = [
        _("避難所"), _("施設ID"), _("分類"), _("品名"), _("数量"), _("届いた数"), _("単位"), _("至急"),
        _("状態"), _("要請日時"), _("備考"),
    ]  # fmt: skip
    rows = [_row(one) for one in sheltering.supplies()]
    now = f"{clock.now().astimezone(JST):%Y-%m-%d %H:%M}"
    return tablefile.as_file(kind, "supplies", _("物資の要請　%(now)s") % {"now": now}, head, rows)


def _row(one: sheltering.SupplyView) -> list[Any]:
    row = one.request
    return [
        row.facility.name, row.facility.public_id, str(names.SUPPLY_KINDS.get(row.kind, row.kind)),
        row.item, row.quantity, one.received, row.unit, _("至急") if row.urgent else "",
        str(states.state("supply", row.state)[0]),
        f"{row.asked_at.astimezone(JST):%Y-%m-%d %H:%M}", row.note,
    ]  # fmt: skip
