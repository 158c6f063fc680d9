"""設定: who may see people under 支援措置 to save a life, whether links take two people; by two people."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import SettingChange, citysettings
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.platform.scope import is_exercise
from sonae.web.staff.chronicle import names_of
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/staff/settings/"


def _what(row: SettingChange) -> str:
    """Return a change in words."""
    if row.setting == citysettings.OFFICERS:
        name = row.account.get_full_name() if row.account else ""
        return (
            _("%(name)sを、支援措置の担当者にする") if row.wanted
            else _("%(name)sを、支援措置の担当者から外す")
        ) % {"name": name}  # fmt: skip
    return (
        _("本人との結び付けに、2人の確認を求める")
        if row.wanted
        else _("本人との結び付けを、1人でできるようにする")
    )


@audience(Audience.ADMINISTRATOR, Audience.APPROVER)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the settings, what waits for a second person, and what was changed before."""
    return _page(request)


def _page(request: HttpRequest, problem: SonaeError | None = None) -> HttpResponse:
    actor = actor_of(request)
    rows = citysettings.changes(actor)
    names = names_of({who for one in rows for who in (one.proposed_by, one.decided_by)} - {""})
    shown: list[dict[str, Any]] = [
        {
            "row": one,
            "what": _what(one),
            "proposed_by": names.get(one.proposed_by, ""),
            "decided_by": names.get(one.decided_by, ""),
            "may_agree": _may_agree(actor, one),
        }
        for one in rows
    ]
    context = {
        "officers": citysettings.officers(),
        "others": citysettings.may_become_officer(),
        "two": citysettings.link_needs_two(),
        "waiting": [one for one in shown if one["row"].state == "waiting"],
        "decided": [one for one in shown if one["row"].state != "waiting"],
        "may_propose": permits(frozenset({Audience.ADMINISTRATOR}), actor.role)
        and not is_exercise(),
        "drill": is_exercise(),
        "typed": request.POST if problem else {},
        "problem": problem,
    }
    return render(request, "staff/settings.html", context, status=422 if problem else 200)


def _may_agree(actor: Actor, row: SettingChange) -> bool:
    mine = row.proposed_by == actor.id or row.account_id == actor.account_id
    return row.state == "waiting" and not mine and not is_exercise()


@audience(Audience.ADMINISTRATOR, Audience.APPROVER)
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Propose a change, agree to one, or turn one down; the domain decides who may."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(HOME))
    try:
        flash.success(request, _done(actor_of(request), verb, request.POST))
    except SonaeError as error:
        if error.code in ("not_found", "forbidden"):
            raise
        return _page(request, error)
    return HttpResponseRedirect(in_world(HOME))


def _done(actor: Actor, verb: str, post: Any) -> str:
    """Take one step and say what has become of it."""
    change, reason = _number(post.get("change", "")), post.get("reason", "")
    if verb == "officer":
        row = citysettings.propose(
            actor, citysettings.OFFICERS, post.get("wanted") == "1", reason,
            _number(post.get("account", "")),
        )  # fmt: skip
    elif verb == "link":
        row = citysettings.propose(actor, citysettings.LINK_TWO, post.get("wanted") == "1", reason)
    elif verb == "agree":
        row = citysettings.agree(actor, change)
    elif verb == "refuse":
        citysettings.refuse(actor, change, reason)
        return _("取りやめました。設定は変わっていません。")
    else:
        raise SonaeError("not_found", _("この操作はありません。"))
    if row.state == "waiting":
        return _("提案しました。もう1人が確かめるまで、設定は変わりません。")
    return _("設定を変えました。だれが、なぜ変えたかが記録に残っています。")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
