"""受付端末: all terminals on one page, how each is by what it told last; enrol, lock, wipe, end."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/staff/terminals/"
PURPOSES: Final = {
    "desk": lazy("受付"),
    "gate": lazy("出入口"),
    "round": lazy("巡回"),
    "edge": lazy("中継"),
    "spare": lazy("予備"),
}
TROUBLES: Final = {
    "revoked": (lazy("使用を終えた"), ""),
    "wiping": (lazy("消去を指示済み・未確認"), "bad"),
    "wiped": (lazy("消去を確認"), "good"),
    "locked": (lazy("停止を命令中"), "caution"),
    "never": (lazy("まだ通信がない"), "caution"),
    "refused": (lazy("受理されない記録"), "bad"),
    "unsent": (lazy("未送信"), "bad"),
    "silent": (lazy("通信が途絶えている"), "caution"),
    "clock": (lazy("時計がずれている"), "caution"),
    "list": (lazy("名簿の期限切れ"), "caution"),
    "battery": (lazy("電池が少ない"), "caution"),
    "version": (lazy("古い版"), ""),
}
"""What is to be looked into, in words, with the tone of its badge (`safety.ORDER`)."""
WELL: Final = "well"


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Show every terminal; do what a pressed button says with those ticked."""
    if request.method == "POST":
        return _act(request)
    return render(request, "staff/fleet.html", _page(request))


def _page(request: HttpRequest, **more: Any) -> dict[str, Any]:
    """Return what the page shows: counts by trouble, the rows of the chosen one."""
    rows = safety.fleet(actor_of(request))
    counted = Counter(name for row in rows for name in (row.troubles or (WELL,)))
    wanted = request.GET.get("only", "")
    tabs = [(WELL, _("異状なし")), *((name, told[0]) for name, told in TROUBLES.items())]
    shown = [r for r in rows if not wanted or wanted in (r.troubles or (WELL,))]
    return {
        "rows": [
            (row, PURPOSES.get(row.terminal.purpose, ""), [TROUBLES[name] for name in row.troubles])
            for row in shown
        ],
        "total": len(rows),
        "unsent": sum(row.terminal.waiting or 0 for row in rows),
        "tabs": [(name, label, counted[name]) for name, label in tabs if counted[name]],
        "only": wanted,
        "purposes": PURPOSES.items(),
        "facilities": shelters.facilities(),
        "most": safety.MOST_AT_ONCE,
        **more,
    }


def _act(request: HttpRequest) -> HttpResponse:
    """Do what the button says; tokens of new terminals are shown in the answer and never again."""
    post, actor, verb = request.POST, actor_of(request), request.POST.get("verb", "")
    try:
        if verb == "enrol":
            return _enrolled(request)
        if verb == "revoke":
            ended = sum(safety.revoke_terminal(code, actor=actor) for code in post.getlist("code"))
            flash.success(request, _("%(count)d台の使用を終えました。") % {"count": ended})
        else:
            count = safety.command(actor, post.getlist("code"), verb)
            told = _("%(count)d台に命令しました。端末が次に通信したときに実行されます。")
            flash.success(request, told % {"count": count})
    except SonaeError as refused:
        if refused.code == "forbidden":
            raise
        if verb == "enrol":
            context = _page(request, problem=refused, typed=post)
            return render(request, "staff/fleet.html", context, status=422)
        flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
    return HttpResponseRedirect(in_world(HOME))


def _drawn(text: str) -> SafeString:
    return mark_safe(qr.svg(text))  # noqa: S308 - drawn by us, no text in it


def _enrolled(request: HttpRequest) -> HttpResponse:
    """Enrol, and show a QR per terminal, to be photographed by it or printed and burnt."""
    post = request.POST
    typed = post.get("count", "").strip()
    count = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 4 else 0
    made = safety.enrol_many(
        actor_of(request), post.get("shelter", ""), post.get("name", ""), count, post.get("purpose", "")
    )  # fmt: skip
    root = f"{settings.ISSUER}{in_world('/reception/device/')}"
    rows = [(one, _drawn(f"{root}#enrol={token}"), token) for one, token in made]
    told = {"rows": rows, "root": root, "city": settings.ISSUER}
    return render(request, "staff/fleet_enrolled.html", told)
