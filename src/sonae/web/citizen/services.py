"""ほかのサービス: which services one uses, what each may know in ordinary times and in a disaster."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.openid import interface as openid
from sonae.domains.openid.interface import Service, ServiceUse
from sonae.domains.residents.interface import Resident
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.web import words
from sonae.web.oauth.authorize import TIERS
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/me/services/"
ASKS: Final = {
    "first_only": (
        lazy("はじめの1回だけ"),
        lazy("使いはじめるときに、そのサービスが求めるものを、まとめてたずねます。"),
    ),
    "each_new_kind": (
        lazy("新しい種類の情報のたびに"),
        lazy("まだ答えていない種類の情報を求められたときだけ、たずねます。"),
    ),
    "every_time": (
        lazy("ログインのたびに、毎回"),
        lazy("答えは、その1回のログインだけに使います。"),
    ),
}
"""The three answers to how often one wants to be asked."""


@audience(Audience.RESIDENT)
def services(request: HttpRequest) -> HttpResponse:
    """Show the services one uses and change what they may know, each by one press."""
    actor = actor_of(request)
    person = Resident.objects.filter(pk=actor.resident_id or 0).first()
    if person is None:
        raise SonaeError("not_found", _("このアカウントは住民の記録とつながっていません。"))
    if request.method == "POST":
        flash.success(request, _changed(actor, request.POST))
        return HttpResponseRedirect(in_world(HOME))
    wish = consent.preferences([person.pk]).get(person.pk, consent.ASK_UNLESS_CHOSEN)
    context = {
        "asks": [(code, *told, code == wish) for code, told in ASKS.items()],
        "wish": wish,
        "cards": [_card(actor, one, person) for one in openid.using.used(actor)],
        "shielded": person.shielded,
    }
    return render(request, "citizen/services.html", context)


def _card(actor: Actor, use: ServiceUse, person: Resident) -> dict[str, Any]:
    """Return one service with its table: kind, given in ordinary times, given in a disaster, by law."""
    row = use.service
    held, law = openid.using.standing(actor, row), openid.using.by_law(row, person)
    now = openid.using.decided(row, person, row.kinds, "", recorded=False).fields
    codes = [code for code in words.DATA_KINDS if code in row.kinds]
    return {
        "use": use,
        "service": row,
        "tier": TIERS[row.tier],
        "kinds": [
            (code, words.data_kind(code), code in held["peacetime"].given,
             code in held["emergency"].given, code in law)
            for code in codes
        ],
        "now": [words.data_kind(code) for code in codes if code in now],
        "body": words.supporter(row.body) if law else "",
    }  # fmt: skip


def _changed(actor: Actor, post: Any) -> str:
    """Do what was pressed and say what has become of it."""
    if choice := post.get("ask"):
        consent.set_ask(actor, actor.resident_id or 0, choice)
        return _("保存しました。次のログインから、このようにたずねます。")
    row = _used(actor, post.get("service", ""))
    if "end" in post:
        openid.using.end(actor, row)
        return _("%(name)sの利用をやめました。もう、何も読めません。") % {"name": row.name}
    phase, _colon, rest = post.get("cell", "").partition(":")
    kind, _colon, wanted = rest.partition(":")
    openid.using.change(actor, row, phase, kind, wanted == "on")
    told = {"name": row.name, "kind": words.data_kind(kind)}
    if wanted == "on":
        return _("%(name)sに%(kind)sを渡すようにしました。") % told
    return _("%(name)sに%(kind)sを渡すのをやめました。") % told


def _used(actor: Actor, client_id: str) -> Service:
    """Return a service that the person uses; `SonaeError` ``not_found``."""
    for use in openid.using.used(actor):
        if use.service.client_id == client_id:
            return use.service
    raise SonaeError("not_found", _("このサービスは、使っていません。"))
