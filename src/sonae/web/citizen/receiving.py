"""お知らせの受け取り方: where the city tells me, on which devices and addresses; added, proved and ended."""

from __future__ import annotations

import json
import re
from typing import Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.messages import interface as messages
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/me/notices/"
_DEVICES: Final = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "CrOS", "Linux")
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def label_of(agent: str) -> str:
    """Return what a browser's owner would call it, from what it says of itself: 「iPhone Safari」."""
    device = next((one for one in _DEVICES if one in agent), "")
    browser = next((name for mark, name in _BROWSERS if re.search(rf"\b{mark}\w*/", agent)), "")
    return " ".join(part for part in (device.replace("Macintosh", "Mac"), browser) if part)


@audience(Audience.RESIDENT)
def page(request: HttpRequest) -> HttpResponse:
    """Show one's contact points and the ways to add one."""
    return _page(request)


def _page(request: HttpRequest, problem: SonaeError | None = None) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "contacts": [
            (one, words.contact_end(one.ended_why)) for one in messages.contacts_of(actor)
        ],
        "register_mail": messages.register_mail(actor),
        "key": messages.public_push_key() if messages.available("push") else "",
        "may_mail": messages.available("mail"),
        "may_sms": messages.available("sms"),
        "may_change": not is_exercise(),
        "typed": request.POST if problem else {},
        "problem": problem,
    }
    return render(request, "citizen/receiving.html", context, status=422 if problem else 200)


@audience(Audience.RESIDENT)
def change(request: HttpRequest, verb: str) -> HttpResponse:
    """Do what a button says; the domain decides what is allowed."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(HOME))
    try:
        told = _done(request, verb)
    except SonaeError as error:
        if error.code in ("not_found", "no_resident"):
            raise
        return _page(request, error)
    flash.success(request, told)
    return HttpResponseRedirect(in_world(HOME))


def _done(request: HttpRequest, verb: str) -> str:
    """Take one step and say what has become of it."""
    actor, post = actor_of(request), request.POST
    if verb == "push":
        messages.add_push(
            actor, post.get("endpoint", ""), post.get("p256dh", ""), post.get("auth", ""),
            label_of(request.headers.get("User-Agent", "")),
        )  # fmt: skip
        return _("この端末を登録しました。次のお知らせから届きます。")
    if verb == "mail":
        messages.add_mail(actor, post.get("address", ""), get_language() or "ja")
        return _("確認番号をメールで送りました。届いた番号を入れると、登録が終わります。")
    if verb == "phone":
        messages.add_phone(actor, post.get("number", ""), get_language() or "ja")
        return _("確認番号をSMSで送りました。届いた番号を入れると、登録が終わります。")
    if verb == "confirm":
        messages.confirm_contact(actor, key_of(post.get("contact", "")), post.get("code", ""))
        return _("確かめました。次のお知らせから届きます。")
    if verb == "end":
        messages.end_contact(actor, key_of(post.get("contact", "")))
        return _("取り消しました。そこへは、もう送りません。")
    if verb == "end-mail":
        messages.end_register_mail(actor)
        return _("取り消しました。そこへは、もう送りません。")
    if verb == "forget":
        messages.forget_contacts(actor)
        return _("連絡先をすべて消しました。")
    raise SonaeError("not_found", _("この操作はありません。"))


@audience(Audience.RESIDENT)
def export(request: HttpRequest) -> HttpResponse:
    """Everything that is stored about one's contact points, and what was sent there, as JSON."""
    text = json.dumps(messages.export_contacts(actor_of(request)), ensure_ascii=False, indent=1)
    return HttpResponse(
        text,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="notices.json"'},
    )


@csrf_exempt  # a worker has no page: the old endpoint, known to that browser alone, is the credential
@audience(Audience.PUBLIC)
def renew(request: HttpRequest) -> HttpResponse:
    """Take a browser's new subscription in the place of the one its push service has replaced."""
    if request.method != "POST" or is_exercise():
        return HttpResponse(status=405)
    post = request.POST
    try:
        messages.renew_push(
            post.get("old", ""),
            post.get("endpoint", ""),
            post.get("p256dh", ""),
            post.get("auth", ""),
        )
    except SonaeError:
        return HttpResponse(status=422)
    # The same answer whether anybody is registered under it or not.
    return HttpResponse(status=204)


@csrf_exempt  # mail programs press it by themselves, without a page (RFC 8058)
@audience(Audience.PUBLIC)
def leaving(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET (scanners follow links by themselves), end on POST what is sent to this address."""
    messages.leaving(token)
    if request.method == "POST":
        messages.leave(token)
    answer = render(request, "citizen/leaving.html", {"done": request.method == "POST"})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
