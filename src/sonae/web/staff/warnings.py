"""警報: what is in force, what arrived with its raw text, and what could not be read."""

from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import words
from sonae.web.staff import warnmap
from sonae.web.staff.pretty import readable
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

MOST = 200


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is in force now or was at a moment, alarms first, and the telegrams as they arrived."""
    ours, at = request.GET.get("all") != "1", moment_of(request.GET.get("at", ""))
    lines = warnings.in_force(at)
    context = {
        "lines": lines,
        "expected": warnings.expected_hours(at),
        "drawn": warnmap.draw(lines),
        "at": at,
        "as_of": at or clock.now(),
        "alarms": warnings.alarms() if at is None else [],
        "inputs": warnings.inputs(),
        "telegrams": warnings.history(MOST, ours_only=ours),
        "ours": ours,
        "received": warnings.last_received(),
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
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an alarm off the list once a person has looked at it."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    warnings.acknowledge(actor_of(request), pk)
    flash.success(request, _("確認済みにしました。電文は履歴に残っています。"))
    return HttpResponseRedirect(in_world("/staff/warnings/"))
