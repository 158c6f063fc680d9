"""施設の一覧: upload, what is wrong with it, what it would change, and a person's yes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityList, Upload
from sonae.engines.shelters.readers import SUFFIXES
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.scope import is_exercise
from sonae.web.staff import listwords
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/shelters/table/"
MOST_ROWS = 300
"""So many rows of a kind on one page; the rest is in the file to download."""


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the list in force, what waits for a person, and the form to send a list."""
    return render(request, "staff/table/overview.html", _overview())


def _overview() -> dict[str, Any]:
    """Return what the page shows."""
    editions = shelters.editions()
    replacing = [one for one in editions if one.purpose == "replace"]
    places = [one for one in shelters.places() if one.site or one.shelter]
    return {
        "editions": editions,
        "waiting": next((one for one in replacing if one.state == "waiting"), None),
        "in_force": next((one for one in replacing if one.state == "in_force"), None),
        "refused": replacing[0] if replacing and replacing[0].state == "refused" else None,
        "facilities": len(places),
        "unknown_capacity": sum(one.capacity is None for one in places),
        "reference": shelters.reference(),
        "accepted": ",".join(SUFFIXES),
        "drill": is_exercise(),
        "origins": listwords.ORIGINS.items(),
    }


@audience(Audience.OPERATOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a list in and show what it would change; what cannot be read changes nothing."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(HOME))
    files = [Upload(one.name or "", one.read()) for one in request.FILES.getlist("files")]
    typed = {
        key: request.POST.get(key, "") for key in ("purpose", "origin", "source", "source_date")
    }
    elsewhere = request.POST.get("elsewhere") == "1"
    try:
        edition = shelters.take_in(actor_of(request), files, elsewhere=elsewhere, **typed)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return render(
            request,
            "staff/table/overview.html",
            _overview() | {"typed": typed, "refusal": error.code},
            status=422,
        )
    if edition.state == "refused":
        detail, hint = edition.result.get("detail", ""), edition.result.get("hint", "")
        flash.error(
            request, _("読めませんでした。いまの一覧はそのままです。") + f" {detail} {hint}"
        )
        return HttpResponseRedirect(in_world(HOME))
    if edition.purpose == "compare":
        return HttpResponseRedirect(in_world(f"{HOME}compare/"))
    return HttpResponseRedirect(in_world(f"{HOME}{edition.pk}/"))


@audience(Audience.STAFF)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one list: its defects, and as long as it waits, all that it would change."""
    edition = shelters.edition_named(pk)
    waiting = edition.state == "waiting" and edition.purpose == "replace"
    context = {
        "edition": edition,
        "waiting": waiting,
        "faults": listwords.summary(edition.defects),
        "defects": [listwords.defect(one) for one in edition.defects[:MOST_ROWS]],
        "most": MOST_ROWS,
        "more_defects": max(0, len(edition.defects) - MOST_ROWS),
        "origin": listwords.ORIGINS[edition.origin],
        "drill": is_exercise(),
        **(_preview(edition) if waiting else {}),
    }
    return render(request, "staff/table/show.html", context)


def _preview(edition: FacilityList) -> dict[str, Any]:
    """Return what a waiting list would change, in words."""
    seen = shelters.stamp()
    found = shelters.preview_of(edition, safety.occupancies())
    changes = found.changes
    return {
        "preview": found,
        "seen": seen,
        "doubts": [listwords.doubt(one) for one in found.doubts],
        "changed": [
            (found.before[old], [listwords.change(one) for one in told])
            for (old, _new), told in list(changes.changed.items())[:MOST_ROWS]
        ],
        "more_changed": max(0, len(changes.changed) - MOST_ROWS),
        "new": [found.after[at] for at in found.fresh],
        "returning": [
            (one.place, [listwords.change(told) for told in one.changes]) for one in found.returning
        ],
        "left_out": [(one, listwords.problem_name(why)) for one, why in found.left_out],
        "settled": [(place, listwords.change(one)) for place, one in found.settled],
        "same": len(changes.kept) - len(changes.changed),
    }


@audience(Audience.STAFF)
def defects(request: HttpRequest, pk: int) -> HttpResponse:
    """Return all defects of a list as JSON Lines, as ``sonae shelters check --defects`` writes them."""
    edition = shelters.edition_named(pk)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in edition.defects)
    headers = {"Content-Disposition": f'attachment; filename="defects-{pk}.jsonl"'}
    return HttpResponse(lines, content_type="application/jsonl; charset=utf-8", headers=headers)


@audience(Audience.OPERATOR)
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Put a waiting list in force, put it aside, or offer an earlier one again."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    try:
        target = _decided(request, pk, verb)
    except SonaeError as error:
        if error.code in {"not_found", "forbidden"}:
            raise
        flash.error(request, f"{error.detail} {error.hint}".strip())
        target = f"{HOME}{pk}/"
    return HttpResponseRedirect(in_world(target))


def _decided(request: HttpRequest, pk: int, verb: str) -> str:
    """Do what was decided and return where to go."""
    actor = actor_of(request)
    if verb == "agree":
        found = shelters.put_in_force(
            actor, pk, seen=request.POST.get("seen", ""), agreed=request.POST.getlist("agreed"),
            people=safety.occupancies,
        )  # fmt: skip
        flash.success(request, _("この一覧を使い始めました。避難先の計算がやり直されます。"))
        if found.retained:
            names = "、".join(one.place.facility.name for one in found.retained)
            flash.warning(request, _("使用中なので残した施設：%(names)s") % {"names": names})
        return HOME
    if verb == "discard":
        shelters.discard(actor, pk)
        flash.success(request, _("取りやめました。いまの一覧はそのままです。"))
        return HOME
    if verb == "again":
        return f"{HOME}{shelters.take_again(actor, pk).pk}/"
    raise SonaeError("not_found", _("この操作はありません。"))
