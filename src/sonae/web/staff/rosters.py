"""名簿: what has been brought, what is wrong with it, a person's yes, and how far the matching is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.residents import interface as residents
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import Roster, RosterFacts
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import rosterwords
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/rosters/"
MOST_ROWS = 200
"""So many lines on one page."""
ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xlsm"
FIELDS = ("kind", "facility", "place", "as_of", "written_by", "name")


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the rosters and the two ways in: a file, or typing."""
    return render(request, "staff/rosters/overview.html", _overview(request))


def _overview(request: HttpRequest) -> dict[str, Any]:
    return {
        "listed": [(one, rosterwords.KINDS[one.roster.kind]) for one in rosters.rosters(actor_of(request))],
        "run": rosters.run_of(None),
        **form_context({}),
    }  # fmt: skip


def form_context(typed: dict[str, str]) -> dict[str, Any]:
    """Return what the form about a roster as a whole needs; ``typed``: what was entered before."""
    now = clock.now().astimezone(clock.JST)
    return {
        "accepted": ACCEPTED,
        "kinds": rosterwords.KINDS.items(),
        "places": [one for one in shelters.facilities() if shelters.shelter_of(one) or one.usable != "no"],
        "default_time": now.strftime("%Y-%m-%dT%H:%M"),
        "typed": typed,
    }  # fmt: skip


def typed_of(request: HttpRequest) -> dict[str, str]:
    """Return what was entered about the roster as a whole."""
    return {name: request.POST.get(name, "").strip() for name in FIELDS}


def facts_of(typed: dict[str, str]) -> RosterFacts:
    """Read the form; `SonaeError` ``unreadable`` for a time that is none."""
    try:
        as_of = datetime.fromisoformat(typed["as_of"])
    except ValueError as error:
        raise SonaeError(
            "unreadable", _("名簿の日時を読めません。"), _("いつの時点の名簿かを入れてください。")
        ) from error
    place = typed["facility"]
    return RosterFacts(
        kind=typed["kind"], as_of=as_of if as_of.tzinfo else as_of.replace(tzinfo=clock.JST),
        facility_pk=key_of(place) if place.isdecimal() else None, place=typed["place"],
        written_by=typed["written_by"], name=typed["name"],
    )  # fmt: skip


def told(error: SonaeError) -> str:
    """Return what went wrong and what to do, in one line."""
    return f"{error.detail} {error.hint}".strip()


@audience(Audience.OPERATOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in as a draft and show it."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(HOME))
    typed, file = typed_of(request), request.FILES.get("file")
    try:
        if file is None:
            raise SonaeError(
                "empty_file",
                _("ファイルが選ばれていません。"),
                _("CSVかExcelの名簿を選んでください。"),
            )
        roster = rosters.take_in(actor_of(request), file.read(), file.name or "", facts_of(typed))
    except SonaeError as error:
        flash.error(request, told(error))
        return render(
            request, "staff/rosters/overview.html",
            _overview(request) | form_context(typed), status=422,
        )  # fmt: skip
    return HttpResponseRedirect(in_world(f"{HOME}{roster.pk}/"))


@audience(Audience.OPERATOR)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one roster: a draft with its defects, or what became of its lines."""
    actor = actor_of(request)
    roster = rosters.roster_named(actor, pk)
    page = max(1, key_of(request.GET.get("page", "")))
    count = rosters.line_count(pk)
    lines = rosters.lines_of(actor, pk, MOST_ROWS, (page - 1) * MOST_ROWS)
    rosters.look(actor, pk, "roster_seen", [one.line for one in lines])
    context = {
        "roster": roster,
        "kind": rosterwords.KINDS[roster.kind],
        "lines": lines,
        "count": count,
        "page": page,
        "pages": max(1, -(-count // MOST_ROWS)),
        "faults": rosterwords.faults(roster.defects),
        "defects": [rosterwords.defect(one) for one in roster.defects[:MOST_ROWS]],
        "more_defects": max(0, len(roster.defects) - MOST_ROWS),
        "pictures": rosters.files_of(actor, pk),
        "run": rosters.run_of(pk),
        "columns": _columns(roster),
        "headless": rosters.has_no_heading(roster),
        "items": rosterwords.item_names(),
        "typed": not roster.digest,
        "backs": [
            one | {"at": datetime.fromisoformat(one["at"])} for one in reversed(roster.taken_back)
        ],
    }
    return render(request, "staff/rosters/show.html", context)


def _columns(roster: Roster) -> list[tuple[int, str, str]]:
    """Return number, heading and item of every column of a file."""
    pairs = zip(roster.headings, roster.mapping, strict=False)
    return [(n, heading, item) for n, (heading, item) in enumerate(pairs)]


@audience(Audience.OPERATOR)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a draft again with the columns as the form says."""
    if request.method == "POST":
        actor = actor_of(request)
        roster = rosters.roster_named(actor, pk)
        chosen = [request.POST.get(f"column-{n}", "") for n in range(len(roster.headings))]
        try:
            heading = "headless" not in request.POST
            rosters.remap(actor, pk, chosen, heading=heading)
            if heading:
                told_so = _(
                    "列の対応を直し、読み直しました。同じ見出しの名簿では、次から自動で使います。"
                )
            else:
                told_so = _("見出しのない表として、いちばん上の行から読み直しました。")
            flash.success(request, told_so)
        except SonaeError as error:
            flash.error(request, told(error))
    return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))


@audience(Audience.OPERATOR)
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take a draft over, put it aside, or match its lines once more."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    actor, target = actor_of(request), f"{HOME}{pk}/"
    try:
        if verb == "take":
            rosters.take_over(actor, pk)
            flash.success(request, _("取り込みました。人数に加わり、住民との照合が始まります。"))
        elif verb == "discard":
            rosters.discard(actor, pk)
            flash.success(request, _("取りやめました。人数は変わっていません。"))
            target = HOME
        elif verb == "back":
            rosters.take_back(actor, pk, request.POST.get("reason", ""))
            flash.success(
                request,
                _(
                    "取り込みを取り消しました。この名簿の人は数えられていません。直して取り込み直せます。"
                ),
            )
        elif verb == "match":
            rosters.ask(actor, pk)
            flash.success(request, _("照合を始めます。"))
        elif verb == "forget":
            gone = rosters.remove_pictures(actor, pk)
            flash.success(request, _("写真を%(count)s枚消しました。") % {"count": gone})
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as error:
        if error.code in {"not_found", "forbidden"}:
            raise
        flash.error(request, told(error))
    return HttpResponseRedirect(in_world(target))


@audience(Audience.OPERATOR)
def match_all(request: HttpRequest) -> HttpResponse:
    """Match everybody who is nobody of the register yet."""
    if request.method == "POST":
        rosters.ask(actor_of(request))
        flash.success(request, _("まだ照合されていない人を、もう一度照合します。"))
    return HttpResponseRedirect(in_world(HOME))


@audience(Audience.STAFF)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part of the page that moves; when it is done the browser loads the whole page."""
    run = rosters.run_named(pk)
    answer = render(request, "staff/rosters/run.html", {"run": run})
    if run.state not in {"waiting", "running"}:
        answer["HX-Refresh"] = "true"
    return answer


@audience(Audience.OPERATOR)
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one line as written, and (where this clerk may know) who it was found to be."""
    actor = actor_of(request)
    found = rosters.line_named(actor, pk)
    rosters.look(actor, found.roster_id, "roster_line_seen", [found])
    link = rosters.outcome(actor, found.visitor_id) if found.visitor_id else None
    resident = None
    if link is not None and link.resident_id is not None:
        home = residents.homes_of(actor, [link.resident_id]).get(link.resident_id, [])
        resident = next((one for one in home if one.pk == link.resident_id), None)
    [state] = [
        one.state for one in rosters.lines_of(actor, found.roster_id, 1, _before(found))
    ]  # fmt: skip
    context = {
        "line": found, "roster": found.roster, "link": link, "resident": resident, "state": state,
        "cells": zip(found.roster.headings, found.cells, strict=False),
        "sex": rosterwords.sex(found.sex),
    }  # fmt: skip
    return render(request, "staff/rosters/line.html", context)


def _before(line: rosters.RosterLine) -> int:
    """Return how many lines stand before this one."""
    return rosters.RosterLine.objects.filter(roster=line.roster_id, row__lt=line.row).count()


@audience(Audience.OPERATOR)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a line on the review desk once more."""
    actor = actor_of(request)
    found = rosters.line_named(actor, pk)
    if request.method != "POST" or found.visitor_id is None:
        return HttpResponseRedirect(in_world(f"{HOME}lines/{pk}/"))
    try:
        question = rosters.ask_again(actor, found.visitor_id)
    except SonaeError as error:
        flash.error(request, told(error))
        return HttpResponseRedirect(in_world(f"{HOME}lines/{pk}/"))
    return HttpResponseRedirect(in_world(f"/staff/review/{question.pk}/"))
