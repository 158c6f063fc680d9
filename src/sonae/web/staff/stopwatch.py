"""受付の時間: what check-ins took, beside paper, published trials and earlier drills; how many desks to open."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.templatetags.sonae import in_world

WAYS: Final = {
    "paper": lazy("紙"),
    "card": lazy("マイナンバーカード"),
    "tablet": lazy("共用タブレットに本人が入力"),
    "digital": lazy("デジタル"),
    "face": lazy("顔認証"),
}


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the times of a day, what they compare with, and the queue that they mean."""
    days = safety.timed_days()
    day = _day(request.GET.get("day", "")) or (days[0] if days else _today())
    told = safety.stopwatch(day)
    context = {
        "told": told,
        "days": days,
        "few": safety.FEW,
        "published": [(one, WAYS[one.way], _times(one.seconds, told)) for one in safety.PUBLISHED],
        "kept": safety.drill_reports(),
        **_queue(request, day),
    }
    return render(
        request, "staff/stopwatch.html", context, status=422 if context["problem"] else 200
    )


def _today() -> date:
    return clock.now().astimezone(JST).date()


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _times(seconds: float, told: safety.Stopwatch) -> float | None:
    """Return how many times faster than a published figure the median of the day is."""
    return round(seconds / told.all.middle, 1) if told.all.middle else None


def _queue(request: HttpRequest, day: date) -> dict[str, Any]:
    """Return the simulated queue that was asked for, or why there is none."""
    typed = {key: request.GET.get(key, "").strip() for key in ("people", "hours", "seconds")}
    found: dict[str, Any] = {"typed": typed, "queues": [], "problem": None, "asked": False}
    if not typed["people"]:
        return found
    try:
        people, hours = int(typed["people"]), float(typed["hours"] or "1")
        seconds = float(typed["seconds"]) if typed["seconds"] else None
        if seconds is not None and not 1 <= seconds <= 3600:
            raise ValueError
        found["queues"] = safety.queues(day, people, hours, seconds)
        found["asked"] = True
    except ValueError:
        found["problem"] = SonaeError(
            "unreadable", _("数を読めません。"), _("人数・時間・秒数を数字で入れてください。")
        )
    except SonaeError as refused:
        found["problem"] = refused
    return found


@audience(Audience.OPERATOR)
def keep(request: HttpRequest) -> HttpResponse:
    """Keep a day to be compared with later ones."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    day = _day(request.POST.get("day", "")) or _today()
    try:
        safety.keep(actor_of(request), request.POST.get("name", ""), day)
    except SonaeError as refused:
        if refused.code == "forbidden":
            raise
        flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
    else:
        flash.success(request, _("残しました。次の訓練と比べられます。"))
    return HttpResponseRedirect(in_world(f"/staff/stopwatch/?day={day}"))
