"""住民情報: files in, what is wrong with them, what they would change, a person's yes, undo."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import RegisterEdition, editions, previews, undoing
from sonae.engines.register.items import items_of, refused
from sonae.platform import audit
from sonae.platform.access import Audience, Role, actor_of, audience
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise
from sonae.web.staff import registerwords as told
from sonae.web.tablefile import harmless
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/register/"
MOST_ROWS = 300
TILES = {
    "register": ("new", "changed", "moved", "gone", "left", "back", "same", "left_out"),
    "registrants": ("new", "changed", "gone", "same", "left_out"),
    "plans": ("new", "plans", "changed", "same", "left_out"),
}


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the edition in force, how well homes are placed, what waits, and the form to send a file."""
    return render(request, "staff/register/overview.html", _overview())


def _overview() -> dict[str, Any]:
    rows = editions.editions()
    places = residents.homes.by_place()
    return {
        "editions": [(one, told.PURPOSES[one.purpose]) for one in rows],
        "in_force": editions.in_force(),
        "waiting": [one for one in rows if one.state in editions.OPEN],
        "people": residents.Resident.objects.filter(shielded=False).count(),
        "homes": sum(places.values()),
        "places": [(told.PLACES[key], places[key]) for key in told.PLACES if key in places],
        "unplaced": places.get("town", 0) + places.get("none", 0),
        "purposes": told.PURPOSES.items(),
        "drill": is_exercise(),
    }


@audience(Audience.ADMINISTRATOR)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in; nothing in force changes by that."""
    if request.method != "POST":
        return HttpResponseRedirect(in_world(HOME))
    sent = request.FILES.get("file")
    typed = {name: request.POST.get(name, "") for name in ("purpose", "as_of", "kind")}
    try:
        if sent is None:
            raise SonaeError("empty_file", _("ファイルが選ばれていません。"))
        row = editions.take_in(
            actor_of(request), sent.read(), sent.name or "", purpose=typed["purpose"] or "register",
            whole=typed["kind"] != "daily", as_of=typed["as_of"],
        )  # fmt: skip
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint or ''}".strip())
        return render(
            request, "staff/register/overview.html", _overview() | {"typed": typed}, status=422
        )
    return HttpResponseRedirect(in_world(_page(row)))


def _page(row: RegisterEdition) -> str:
    """Return the page on which an edition goes on."""
    return f"{HOME}{row.pk}/columns/" if row.state == "mapping" else f"{HOME}{row.pk}/"


@audience(Audience.ADMINISTRATOR)
def points(request: HttpRequest) -> HttpResponse:
    """Take a list of address points in, and say how many homes it placed."""
    sent = request.FILES.get("file")
    if request.method == "POST":
        try:
            if sent is None:
                raise SonaeError("empty_file", _("ファイルが選ばれていません。"))
            made = residents.homes.load_points(actor_of(request), sent.read(), sent.name or "")
        except SonaeError as error:
            flash.error(request, f"{error.detail} {error.hint or ''}".strip())
        else:
            numbers = {
                name: f"{getattr(made, name):,}" for name in ("rows", "points", "unused", "placed")
            }
            flash.success(
                request,
                _(
                    "%(rows)s行のうち%(points)s行を使い、%(placed)s世帯の位置が分かりました。使えない行：%(unused)s"
                )
                % numbers,
            )
    return HttpResponseRedirect(in_world(HOME))


@audience(Audience.ADMINISTRATOR, Audience.APPROVER)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one edition: how far it is, its defects, and as long as it waits, all that it would change."""
    actor = actor_of(request)
    row = editions.edition(actor, pk)
    summary, seen = row.summary, previews.preview(actor, row)
    counts = summary.get("counts", {})
    context = {
        "edition": row,
        "purpose": told.PURPOSES[row.purpose],
        "busy": editions.progress(row),
        "waiting": row.state in ("waiting", "agreed"),
        "second": editions.needs_second(row),
        "mine": any(one["id"] == actor.id for one in row.agreed),
        "tiles": [(name, counts.get(name, 0)) for name in TILES[row.purpose]],
        "items": [(told.item(code), count) for code, count in summary.get("items", {}).items()
                  if code != "shielded" or actor.role is Role.ADMINISTRATOR],
        "doubts": [told.doubt(one) for one in summary.get("doubts", ())],
        "legible": seen.legible,
        "changed": [(one, told.told(one["told"])) for one in seen.changed],
        "left": [(one, told.told(one["told"])) for one in seen.left],
        "homes": [(one, told.told(one["told"])) for one in seen.homes],
        "new": seen.new,
        "empty": not any(counts.get(n, 0) for n in (*TILES[row.purpose][:6], "homes_changed", "homes_new") if n != "same"),
        "faults": told.faults(row.defect_counts),
        "defects": [told.defect(one) for one in seen.defects[:MOST_ROWS]],
        "more_defects": max(0, sum(row.defect_counts.values()) - MOST_ROWS),
        "undo_why": undoing.why_not(row) if row.state == "in_force" else "",
        "undo_two": row.state == "in_force" and undoing.needs_second(row),
        "undo_asked": undoing.asked(row),
        "firsts": [one for one in row.agreed if one.get("step") != "undo"],
        "drill": is_exercise(),
        "admin": actor.role is Role.ADMINISTRATOR,
        "actor_id": actor.id,
    }  # fmt: skip
    return render(request, "staff/register/edition.html", context)


@audience(Audience.ADMINISTRATOR)
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose which column is which item; the guess is filled in, the first rows stand beside it."""
    actor, problem = actor_of(request), None
    row = editions.edition(actor, pk)
    chosen = dict(row.columns.get("columns", {}))
    if request.method == "POST":
        turn = request.POST.get("heading")
        chosen = {head: request.POST.get(f"c{at}", "") for at, head in enumerate(row.headings)}
        try:
            heading = None if turn is None else turn == "yes"
            row = editions.choose_columns(actor, pk, chosen, heading=heading)
            return HttpResponseRedirect(in_world(_page(row)))
        except SonaeError as error:
            if error.code in ("not_found", "forbidden"):
                raise
            problem = error
    seen = editions.samples(row)
    context = {
        "edition": row,
        "purpose": told.PURPOSES[row.purpose],
        "rows": [
            {
                "at": at, "heading": head, "chosen": chosen.get(head, ""), "refused": refused(head),
                "samples": [cells[at] for cells in seen if at < len(cells) and cells[at].strip()][:3],
            }
            for at, head in enumerate(row.headings)
        ],
        "items": [(one.code, told.item(one.code)) for one in items_of(row.purpose)],
        "heading": bool(row.columns.get("heading", True)),
        "layout": editions.layouts().get(str(row.columns.get("layout", "")), ""),
        "problem": problem,
        "detail": row.problem,
    }  # fmt: skip
    return render(request, "staff/register/columns.html", context, status=422 if problem else 200)


@audience(Audience.ADMINISTRATOR, Audience.APPROVER)
def defects(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the defects of an edition as CSV that a spreadsheet opens (UTF-8 with BOM)."""
    actor = actor_of(request)
    row = editions.edition(actor, pk)
    seen = previews.preview(actor, row)
    with writing():
        audit.record(actor.id, "register.defects_exported", f"edition:{pk}", rows=len(seen.defects))
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(
        [_("行"), _("列"), _("値"), _("何が"), _("したこと"), _("説明"), _("どうするか")]
    )
    advice = {one.name: one.advice for one in told.faults(row.defect_counts)}
    for one in map(told.defect, seen.defects):
        cells = [one["row"] or "", one["column"], one["value"], one["name"], one["done"], one["detail"],
                 advice.get(one["name"], "")]  # fmt: skip
        writer.writerow([harmless(str(cell)) for cell in cells])
    headers = {"Content-Disposition": f'attachment; filename="defects-{pk}.csv"'}
    return HttpResponse(
        "\ufeff" + held.getvalue(), content_type="text/csv; charset=utf-8", headers=headers
    )


@audience(Audience.ADMINISTRATOR, Audience.APPROVER)
def decide(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Agree to an edition, put it aside, compare it again, or undo it."""
    target = f"{HOME}{pk}/"
    if request.method != "POST":
        return HttpResponseRedirect(in_world(target))
    try:
        _decided(request, pk, verb)
    except SonaeError as error:
        if error.code in ("not_found", "forbidden"):
            raise
        flash.error(request, f"{error.detail} {error.hint or ''}".strip())
    return HttpResponseRedirect(in_world(target))


def _decided(request: HttpRequest, pk: int, verb: str) -> None:
    """Do what was decided, and say what happened."""
    actor = actor_of(request)
    if verb == "agree":
        row = editions.confirm(
            actor, pk, seen=request.POST.get("seen", ""), agreed=request.POST.getlist("agreed")
        )
        said = {
            "agreed": _(
                "1人目の確認を記録しました。別の管理者か決裁者が確かめると、反映されます。"
            ),
            "applying": _("書き込みを始めました。"),
            "in_force": _("反映しました。避難の計算がやり直されます。"),
        }
        if row.state in said:
            flash.success(request, said[row.state])
        else:
            told = (row.problem.get(part) for part in ("detail", "hint"))
            flash.error(request, " ".join(filter(None, told)))
    elif verb == "discard":
        editions.discard(actor, pk)
        flash.success(request, _("取りやめました。いまの住民情報はそのままです。"))
    elif verb == "again":
        editions.again(actor, pk)
    elif verb == "undo":
        row = undoing.undo(actor, pk)
        flash.success(
            request,
            _("取り消しました。反映する前の内容に戻っています。")
            if row.state == "undone"
            else _(
                "取り消しの提案を記録しました。別の管理者か決裁者が確かめると、取り消されます。"
            ),
        )
    elif verb == "keep":
        undoing.keep(actor, pk)
        flash.success(request, _("取り消しの提案を取り下げました。この版は反映されたままです。"))
    else:
        raise SonaeError("not_found", _("この操作はありません。"))
