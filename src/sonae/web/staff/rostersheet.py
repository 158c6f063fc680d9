"""名簿の入力: paper typed line by line, beside its photograph; as fast as a spreadsheet, also without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.rosters import interface as rosters
from sonae.engines.rosters.items import COLUMNS, MOST, NAMES
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import rosterwords
from sonae.web.staff.rosters import HOME, facts_of, form_context, told, typed_of
from sonae.web.templatetags.sonae import in_world

BLANK = 10
"""Empty lines below the last one that is written."""
_MODES = {"age": "numeric", "phone": "tel"}


@audience(Audience.OPERATOR)
def begin(request: HttpRequest) -> HttpResponse:
    """Ask where and when the paper was written, then open the sheet."""
    typed = {"kind": "paper"}
    status = 200
    if request.method == "POST":
        typed = typed_of(request)
        try:
            roster = rosters.begin_typed(actor_of(request), facts_of(typed))
            return HttpResponseRedirect(in_world(f"{HOME}{roster.pk}/type/"))
        except SonaeError as error:
            flash.error(request, told(error))
            status = 422
    context = form_context(typed)
    context["kinds"] = [(code, name) for code, name in rosterwords.KINDS.items() if code != "file"]
    return render(request, "staff/rosters/begin.html", context, status=status)


@audience(Audience.OPERATOR)
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the sheet; keep what was typed; or go on to looking at it."""
    actor = actor_of(request)
    roster = rosters.roster_named(actor, pk)
    version = rosters.typed_version(
        roster
    )  # before the rows: it may be older than they are, not newer
    rows = _posted(request) if request.method == "POST" else rosters.typed_rows(roster)
    status, elsewhere = 200, False
    if request.method == "POST":
        done = "check" in request.POST
        try:
            rosters.save_typed(actor, pk, rows, done=done, version=request.POST.get("version", ""))
            if request.headers.get("X-Autosave"):
                return HttpResponse(
                    status=204, headers={"X-Sheet-Version": rosters.typed_version(roster)}
                )
            if done:
                return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
            flash.success(request, _("途中まで保存しました。"))
            return HttpResponseRedirect(in_world(f"{HOME}{pk}/type/"))
        except SonaeError as error:
            elsewhere = error.code == "edit_conflict"
            status = 409 if elsewhere else 422
            if request.headers.get("X-Autosave"):
                return HttpResponse(status=status)
            flash.error(request, told(error))
    elif roster.state not in {"typing", "waiting"} or roster.digest:
        return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    context = _context(request, pk, rows) | {"version": version, "elsewhere": elsewhere}
    return render(request, "staff/rosters/type.html", context, status=status)


def _context(request: HttpRequest, pk: int, rows: list[dict[str, str]]) -> dict[str, Any]:
    actor = actor_of(request)
    blank = min(len(rows) + BLANK, rosters.MOST_TYPED) - len(rows)
    return {
        "roster": rosters.roster_named(actor, pk),
        "columns": [(item, _(NAMES[item]), MOST[item], _MODES.get(item, "")) for item in COLUMNS],
        "rows": [[row.get(item, "") for item in COLUMNS] for row in rows]
        + [[""] * len(COLUMNS)] * max(blank, 0),
        "pictures": rosters.files_of(actor, pk),
        "most": rosters.MOST_TYPED,
    }


def _posted(request: HttpRequest) -> list[dict[str, str]]:
    """Return the rows of the form, down to the last in which something stands."""
    columns = {item: request.POST.getlist(item) for item in COLUMNS}
    count = max((len(values) for values in columns.values()), default=0)
    rows = [
        {item: values[n] if n < len(values) else "" for item, values in columns.items()}
        for n in range(count)
    ]
    while rows and not any(text.strip() for text in rows[-1].values()):
        rows.pop()
    return rows


@audience(Audience.OPERATOR)
def pictures(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep photographs of the paper beside the sheet."""
    if request.method == "POST":
        try:
            files = request.FILES.getlist("pictures")
            for one in files:
                rosters.add_picture(actor_of(request), pk, one.read(), one.name or "")
            flash.success(request, _("写真を%(count)s枚加えました。") % {"count": len(files)})
        except SonaeError as error:
            flash.error(request, told(error))
    return HttpResponseRedirect(in_world(f"{HOME}{pk}/type/"))


@audience(Audience.OPERATOR)
def picture(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """Return one photograph; the look is recorded."""
    return HttpResponse(rosters.picture(actor_of(request), pk, file), content_type="image/jpeg")
