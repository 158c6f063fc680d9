"""伝達: what was sent, by which channel, who received it; correcting in one step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import Message, Transmission, Wording
from sonae.platform.access import Audience, actor_of, audience, permits
from sonae.web import kept, words
from sonae.web.staff import notices
from sonae.web.templatetags.sonae import in_world


def _channel(one: Transmission) -> dict[str, Any]:
    """Return one transmission with its receipts for reading."""
    counts = messages.receipts(one.pk)
    reached = counts["handed_over"] + counts["acknowledged"]
    return {
        "pk": one.pk,
        "name": words.channel(one.channel),
        "status": one.status,
        "recipients": one.recipients,
        "reached": reached,
        "percent": round(100 * reached / one.recipients) if one.recipients else None,
        "at": one.created_at,
        "finished": one.finished_at,
        "error": one.error,
        **counts,
    }


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """List what was sent, newest first, with every channel's progress."""
    rows = [
        {
            "message": one,
            "where": _where(one),
            "channels": [_channel(t) for t in messages.transmissions(one.pk)],
        }
        for one in messages.messages()
        if one.status == "approved"
    ]
    context = {
        "rows": rows,
        "open": messages.notices_open(),
        "over": messages.over(),
        "channels": messages.describe(),
    }
    return render(request, "staff/messages/list.html", context)


def _where(one: Message) -> str:
    """Return the area of a message's order, or what a notice is about, shortened."""
    if one.order is None:
        return str(one.about.get("announced", ""))
    if one.order.whole_city:
        return _("市内全域")
    names = [town.name for town in one.order.towns.order_by("code")]
    more = _(" ほか%(n)d町字") % {"n": len(names) - 3} if len(names) > 3 else ""
    return "、".join(names[:3]) + more


def _one(pk: int) -> Message:
    """Return one message or say that there is none."""
    found = messages.message(pk)
    if found is None:
        raise SonaeError("not_found", _("この伝達文はありません。"))
    return found


@audience(Audience.STAFF)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one message: its texts, receipts per channel and town, who was not reached."""
    one, actor = _one(pk), actor_of(request)
    sent = messages.transmissions(pk)
    may_see = permits(frozenset({Audience.OPERATOR}), actor.role)
    context = {
        "message": one,
        "texts": _texts(one, {t.channel for t in sent}),
        "step": notices.steps(actor, one) if one.kind == "notice" else None,
        "channels": [_channel(t) for t in sent],
        "towns": [row for t in sent if t.recipients for row in messages.receipts_by_town(t.pk)],
        "reach": messages.reach(pk),
        "unreached": [d for t in sent if may_see for d in messages.unreached(actor, t.pk)],
        "prepared": messages.prepared(pk),
        "may_resend": may_see,
        "may_correct": permits(frozenset({Audience.APPROVER}), actor.role)
        and one.kind == "order"
        and one.order is not None
        and one.order.status == "issued",
    }
    return render(request, "staff/messages/detail.html", context)


def _texts(one: Message, used: set[str]) -> list[Wording]:
    """Return what was sent (before that: what will be), what people read in Japanese first."""
    shown = [text for text in messages.wordings(one.pk) if not used or text.channel in used]
    return sorted(shown, key=lambda text: words.text_order(text.channel, text.language))


@audience(Audience.APPROVER)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the correction will say, then send it through every channel that the message used."""
    reason = request.POST.get("reason", "").strip()
    if request.method == "POST" and reason and request.POST.get("sure") != "1":
        return _preview(request, _one(pk), reason)
    if request.method == "POST":
        try:
            messages.correct(actor_of(request), pk, reason)
        except SonaeError as error:
            flash.error(request, error.detail)
        else:
            kept.forget()
            flash.success(request, _("訂正の伝達を始めました。"))
    return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))


def _preview(request: HttpRequest, one: Message, reason: str) -> HttpResponse:
    """Show the correction in every language before the one click that says it everywhere."""
    if one.order is None:
        raise SonaeError("conflict", _("この伝達文には訂正がありません。"))
    facts = replace(messages.facts_of(one.order, "correction"), reason=reason)
    texts = messages.texts(facts)
    context = {
        "message": one,
        "reason": reason,
        "title": _("訂正を確かめる"),
        "button": _("使ったすべての手段へ訂正を送る"),
        "texts": [(language, texts["web", language]) for language in messages.LANGUAGES],
        "channels": [words.channel(sent.channel) for sent in messages.transmissions(one.pk)],
    }
    return render(request, "staff/messages/confirm.html", context)


@audience(Audience.OPERATOR)
def resend(request: HttpRequest, pk: int, transmission: int) -> HttpResponse:
    """Try a channel that had stopped again, for those whom it has not reached."""
    if request.method == "POST":
        try:
            messages.resend(actor_of(request), transmission)
        except SonaeError as error:
            flash.error(request, error.detail)
        else:
            kept.forget()
            flash.success(request, _("もう一度送っています。"))
    return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))
