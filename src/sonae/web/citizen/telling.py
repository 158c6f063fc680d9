"""安否をたずねられたとき: who may be told how one is, decided by oneself, and changed at any time."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import choices as chosen
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import inquirywords
from sonae.web.templatetags.sonae import in_world


@audience(Audience.RESIDENT)
def choices(request: HttpRequest) -> HttpResponse:
    """Show and change the resident's decisions."""
    actor = actor_of(request)
    if actor.resident_id is None:
        raise SonaeError("not_found", _("このアカウントは住民の記録とつながっていません。"))
    if request.method == "POST":
        wanted = {group: request.POST[group] for group in chosen.CHOICES if group in request.POST}
        chosen.choose(actor, actor.resident_id, wanted)
        flash.success(request, _("保存しました。これからの照会に使われます。"))
        return HttpResponseRedirect(in_world("/me/telling/"))
    held = chosen.chosen(actor, actor.resident_id)
    groups = [
        (
            group,
            inquirywords.GROUPS[group],
            [
                (key, inquirywords.CHOICES[key], inquirywords.MORE[group] if key == "more" else "",
                 held[group] == key)
                for key in options
            ],
        )
        for group, options in chosen.CHOICES.items()
    ]  # fmt: skip
    return render(request, "citizen/telling.html", {"groups": groups})
