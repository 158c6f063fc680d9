"""お知らせ: changing, requesting, approving and ending what is passed on about a warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from sonae.core.errors import SonaeError
from sonae.domains.messages import interface as messages
from sonae.domains.messages.interface import LANGUAGES, Message, Text
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.web import kept, words
from sonae.web.templatetags.sonae import in_world

_TOLD = {
    "submit": gettext_noop("決裁を依頼しました。"),
    "approve": gettext_noop("送信を始めました。"),
    "return": gettext_noop("差し戻しました。"),
    "drop": gettext_noop("案を取り下げました。"),
    "lifting": gettext_noop("終わったことを知らせています。"),
    "cancellation": gettext_noop("取消を知らせています。"),
}
_TITLES = {
    "lifting": gettext_lazy("終わったことを知らせる"),
    "cancellation": gettext_lazy("誤りだったので取り消す"),
}


def steps(actor: Actor, message: Message) -> dict[str, Any]:
    """Return what the reader may do with a notice now."""
    operator = permits(frozenset({Audience.OPERATOR}), actor.role)
    approver = permits(frozenset({Audience.APPROVER}), actor.role)
    own = actor.id in (message.drafted_by, message.submitted_by)
    waiting, sent = message.status in ("draft", "returned"), message.status == "approved"
    ended = sent and not messages.prepared(message.pk)
    return {
        "may_edit": waiting and operator,
        "may_drop": operator and message.status in ("draft", "returned", "submitted"),
        "may_decide": message.status == "submitted" and approver and not own,
        "own": own and message.status == "submitted",
        "may_end": sent and approver and not ended,
        "ended": ended,
        "over": sent and not ended and messages.is_over(message),
        "replaced": messages.replaced_by(message),
        "may_correct": sent and operator and not ended and messages.is_own(message),
    }


@audience(Audience.OPERATOR)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the words of a draft in every language; what was typed stays when something is wrong."""
    message = messages.message(pk)
    if message is None or message.kind != "notice":
        raise SonaeError("not_found", _("このお知らせはありません。"))
    shown = {
        one.language: Text(one.subject, one.body)
        for one in messages.wordings(pk)
        if one.channel == "web"
    }
    if request.method == "POST":
        shown = _typed(request)
        try:
            messages.edit_notice(actor_of(request), pk, shown)
        except SonaeError as error:
            flash.error(request, error.detail)
        else:
            kept.forget()
            flash.success(request, _("保存しました。"))
            return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))
    context = {"message": message, "texts": [(one, shown[one]) for one in LANGUAGES]}
    return render(request, "staff/messages/notice_form.html", context)


def _typed(request: HttpRequest) -> dict[str, Text]:
    return {
        language: Text(
            request.POST.get(f"subject-{language}", ""),
            request.POST.get(f"body-{language}", "").replace("\r\n", "\n"),
        )
        for language in LANGUAGES
    }


@audience(Audience.OPERATOR)
def write(request: HttpRequest) -> HttpResponse:
    """Write a notice that no warning stands behind: a pattern to begin with, then the words."""
    like = request.GET.get("like", "")
    shown, status = dict(messages.PATTERNS.get(like, messages.PATTERNS["other"])), 200
    if request.method == "POST":
        shown = _typed(request)
        try:
            made = messages.draft_own(actor_of(request), shown)
        except SonaeError as error:
            flash.error(request, error.detail)
            status = 422
        else:
            kept.forget()
            flash.success(request, _("お知らせの案を保存しました。決裁を依頼してください。"))
            return HttpResponseRedirect(in_world(f"/staff/messages/{made.pk}/"))
    context = {
        "texts": [(one, shown[one]) for one in LANGUAGES],
        "patterns": [(key, words.NOTICE_PATTERNS[key]) for key in messages.PATTERNS],
        "like": like if like in messages.PATTERNS else "other",
    }
    return render(request, "staff/messages/notice_form.html", context, status=status)


def _confirm(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Show what an ending will say before the one click that says it everywhere."""
    message = messages.message(pk)
    if message is None or message.kind != "notice":
        raise SonaeError("not_found", _("このお知らせはありません。"))
    texts = messages.ending_texts(message, verb)
    context = {
        "message": message,
        "title": _TITLES[verb],
        "button": _("使ったすべての手段へ送る"),
        "texts": [(language, texts[language]) for language in LANGUAGES],
        "channels": [words.channel(sent.channel) for sent in messages.transmissions(pk)],
        "blocked": verb == "lifting" and not messages.may_lift(message),
    }
    return render(request, "staff/messages/confirm.html", context)


def _correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft the correction of a notice and open its words."""
    try:
        made = messages.correct_own(actor_of(request), pk)
    except SonaeError as error:
        flash.error(request, error.detail)
        return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))
    flash.success(request, _("訂正の案を作りました。文を直して、決裁を依頼してください。"))
    return HttpResponseRedirect(in_world(f"/staff/messages/{made.pk}/edit/"))


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take one step with a notice; the domain decides whether it is allowed."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))
    actor = actor_of(request)
    if verb in ("lifting", "cancellation") and request.POST.get("sure") != "1":
        return _confirm(request, pk, verb)
    if verb == "correct":
        return _correct(request, pk)
    acts: dict[str, Callable[[], object]] = {
        "submit": lambda: messages.submit_notice(actor, pk),
        "approve": lambda: messages.approve_notice(actor, pk),
        "return": lambda: messages.return_notice(actor, pk, request.POST.get("reason", "")),
        "drop": lambda: messages.drop_notice(actor, pk),
        "lifting": lambda: messages.end_notice(actor, pk, "lifting"),
        "cancellation": lambda: messages.end_notice(actor, pk, "cancellation"),
    }
    if verb not in acts:
        raise SonaeError("not_found", _("この操作はありません。"))
    try:
        acts[verb]()
    except SonaeError as error:
        flash.error(request, error.detail)
    else:
        kept.forget()
        flash.success(request, _(_TOLD[verb]))
    return HttpResponseRedirect(in_world(f"/staff/messages/{pk}/"))
