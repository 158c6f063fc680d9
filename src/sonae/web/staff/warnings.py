"""警報: what is in force, what arrived with its raw text, and what could not be read."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import kept, words
from sonae.web.staff import warnmap
from sonae.web.staff.pretty import readable
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

MOST = 200


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is in force now or was at a moment, alarms first, and the telegrams as they arrived."""
    ours, at = request.GET.get("all") != "1", moment_of(request.GET.get("at", ""))
    if at is not None and at > clock.now():
        # Nothing is known of a time to come, and the page must not say that it was.
        told = _("%(shown)s は、まだ来ていません。今の状況を表示しています。")
        flash.warning(request, told % {"shown": words.spoken(at, "long")})
        at = None
    lines = warnings.in_force(at)
    context = {
        "lines": lines,
        "expected": warnings.expected_hours(at),
        "ended": warnings.ended_by_people(at),
        "drawn": warnmap.draw(lines),
        "at": at,
        "as_of": at or clock.now(),
        "then": urlencode({"at": f"{at:%Y-%m-%dT%H:%M}"}) if at else "",
        "alarms": warnings.alarms() if at is None else [],
        "inputs": warnings.inputs(),
        "telegrams": warnings.history(MOST, ours_only=ours, at=at),
        "ours": ours,
        "hearing": warnings.hearing(),
        "received": warnings.last_received(at),
        "most": MOST,
    }
    return render(request, "staff/warnings.html", context)


@audience(Audience.STAFF)
def telegram(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one telegram: what was understood, and the raw text as received."""
    found = warnings.telegram(pk)
    raw = warnings.raw(actor_of(request), pk)
    before, changed = warnings.changes(pk)
    context = {
        "before": before,
        "changed": [_change(one) for one in changed],
        "telegram": found,
        "raw": readable(raw),
        "size": len(raw),
        "items": _items(found.content),
        "notes": (found.content or {}).get("deviations", []),
    }
    return render(request, "staff/telegram.html", context)


def _change(one: Any) -> dict[str, object]:
    """Return one change in words."""
    return {
        "area": one.area_name,
        "phenomenon": words.PHENOMENA.get(one.phenomenon, one.phenomenon),
        "what": one.what,
        "before": one.before,
        "after": one.after,
    }


def _items(content: object) -> list[dict[str, object]]:
    """Return the items of a telegram's normal form, with their areas joined for reading."""
    if not isinstance(content, dict):
        return []
    return [
        {**item, "names": "、".join(area.get("name", "") for area in item.get("areas", [])[:30])}
        for item in content.get("items", [])
    ]


@audience(Audience.STAFF)
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the bytes exactly as received."""
    body = warnings.raw(actor_of(request), pk)
    headers = {"Content-Disposition": f'attachment; filename="telegram-{pk}.xml"'}
    return HttpResponse(body, content_type="application/octet-stream", headers=headers)


@audience(Audience.OPERATOR)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a line that no telegram ended: first what it means and why, then the act itself."""
    area, phenomenon = request.GET.get("area", ""), request.GET.get("phenomenon", "")
    line = warnings.line_in_force(pk, area, phenomenon)
    if line is None:
        raise SonaeError("not_found", _("この警報は、もう発表中ではありません。"))
    reason, status = request.POST.get("reason", ""), 200
    if request.method == "POST":
        try:
            warnings.end_warning(actor_of(request), pk, area, phenomenon, reason)
        except SonaeError as error:
            flash.error(request, f"{error.detail} {error.hint}".strip())
            status = 422
        else:
            kept.forget()
            flash.success(request, _("終わらせました。次の電文が届くまでは、元に戻せます。"))
            return HttpResponseRedirect(in_world("/staff/warnings/"))
    context = {"line": line, "reason": reason}
    return render(request, "staff/warning_end.html", context, status=status)


@audience(Audience.OPERATOR)
def undo_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a warning back in force that a person had ended."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    try:
        warnings.undo_end(actor_of(request), pk)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
    else:
        kept.forget()
        flash.success(request, _("元に戻しました。この警報はまた発表中です。"))
    return HttpResponseRedirect(in_world("/staff/warnings/"))


@audience(Audience.OPERATOR)
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a telegram count whose date lies ahead: a person has read it."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    try:
        warnings.use_dated_ahead(actor_of(request), pk)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
    else:
        kept.forget()
        flash.success(request, _("この電文を、受信した時刻のものとして使います。"))
    return HttpResponseRedirect(in_world(f"/staff/warnings/{pk}/"))


@audience(Audience.OPERATOR)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an alarm off the list once a person has looked at it."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    warnings.acknowledge(actor_of(request), pk)
    flash.success(request, _("確認済みにしました。電文は履歴に残っています。"))
    return HttpResponseRedirect(in_world("/staff/warnings/"))
