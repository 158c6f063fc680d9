"""警報: what is in force, what arrived with its raw text, and what could not be read."""

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.warnings import interface as warnings
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff.pretty import readable
from sonae.web.templatetags.sonae import in_world

MOST = 200


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is in force, alarms first, and the telegrams as they arrived."""
    ours = request.GET.get("all") != "1"
    context = {
        "lines": warnings.in_force(),
        "alarms": warnings.alarms(),
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
    context = {
        "telegram": found,
        "raw": readable(raw),
        "size": len(raw),
        "items": _items(found.content),
        "notes": (found.content or {}).get("deviations", []),
    }
    return render(request, "staff/telegram.html", context)


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
