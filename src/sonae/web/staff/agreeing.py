"""2人での照合: links that wait for a second person."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.identity.interface import citysettings
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import Proposal
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import rosterwords
from sonae.web.staff.chronicle import names_of
from sonae.web.staff.review import Cell, compared
from sonae.web.staff.rosters import told
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/review/agree/"


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what waits for a second person, and how it is decided here."""
    actor = actor_of(request)
    found = rosters.proposals(actor)
    names = names_of({one.link.by for one in found})
    context = {
        "rows": [(one, _cells(one), names.get(one.link.by, "")) for one in found],
        "two": citysettings.link_needs_two(),
    }
    return render(request, "staff/review/agree.html", context)


def _cells(one: Proposal) -> list[tuple[str, Cell]]:
    """Return what was written beside what it is held to be, thing by thing, differences marked."""
    who, other = one.who, one.resident or one.other
    if other is None:
        return []
    age = _("%(age)s歳") % {"age": who.age} if who.age else ""
    said = (who.name, who.kana, who.birth_date or age, rosterwords.sex(who.sex), who.address)
    return list(zip(said, compared(who, other), strict=True))


@audience(Audience.OPERATOR)
def answer(request: HttpRequest, link: UUID, verb: str) -> HttpResponse:
    """Agree to a proposal, or turn it down."""
    actor, back = actor_of(request), HttpResponseRedirect(in_world(HOME))
    if request.method != "POST":
        return back
    try:
        if verb == "agree":
            rosters.agree(actor, link)
            flash.success(request, _("同じ人として記録しました。"))
        elif verb == "refuse":
            rosters.refuse(actor, link, request.POST.get("reason", ""))
            flash.success(request, _("結び付けませんでした。数は変わっていません。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as error:
        if error.code == "not_found":
            raise
        flash.error(request, told(error))
    return back
