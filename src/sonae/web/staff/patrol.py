"""見回り票: sheets of a town in walking order, printed; what comes back by QR, number or whole sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.platform import audit, paper
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise
from sonae.web import words
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/staff/patrol/"
TEMPLATE: Final = Path(__file__).resolve().parents[1] / "papers" / "patrol.typ"


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the sheets with how far they are, where a number is typed, and how to make more."""
    left = safety.unaccounted_by_town()
    towns = [
        (words.town_row(name), [(one, left[one.pk]) for one in found if left.get(one.pk)])
        for name, found in municipalities.towns_in_order()
    ]
    context = {
        "sheets": safety.sheets(actor_of(request)),
        "towns": [(name, found) for name, found in towns if found],
        "bodies": words.SUPPORTERS.items(),
        "needs": words.NEED_BANDS.items(),
    }
    return render(request, "staff/patrol.html", context)


@audience(Audience.OPERATOR)
def make(request: HttpRequest) -> HttpResponse:
    """Make the sheets of a town."""
    _posted(request)
    post = request.POST.get
    town, need = post("town", ""), post("need", "")
    try:
        made = safety.make_sheets(
            actor_of(request),
            int(town) if town.isascii() and town.isdecimal() and len(town) < 16 else 0,
            carrier=post("body", "") if post("body", "") in words.SUPPORTERS else "",
            walker=post("walker", ""),
            need=need if need in safety.NEEDS else "",
        )
    except SonaeError as refused:
        flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
        return HttpResponseRedirect(in_world(HOME))
    flash.success(request, _("見回り票を%(count)d枚作りました。") % {"count": len(made)})
    if len(made) > 1:
        return HttpResponseRedirect(in_world(HOME))
    return HttpResponseRedirect(in_world(f"{HOME}{made[0].pk}/"))


def _posted(request: HttpRequest) -> None:
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))


@audience(Audience.OPERATOR)
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one sheet: its lines, and a field per line for the whole of it to be typed."""
    view, lines = safety.sheet_of(actor_of(request), pk)
    return render(request, "staff/patrol_sheet.html", _sheet(view, lines))


def _sheet(
    view: safety.SheetView,
    lines: list[safety.LineView],
    typed: Mapping[int, tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Return what the page of a sheet shows; ``typed``: what could not be recorded, to be mended."""
    said = typed or {}
    rows = [
        (one, words.PATROL_RESULTS.get(one.result, ""), *said.get(one.line.pk, ("", "")))
        for one in lines
    ]
    return {"view": view, "rows": rows, "results": words.PATROL_RESULTS}


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Record a typed sheet, end it, or take one line back."""
    _posted(request)
    actor, target = actor_of(request), f"{HOME}{pk}/"
    try:
        if verb == "report":
            return _report(request, pk)
        if verb == "end":
            safety.end_sheet(actor, pk)
            flash.success(
                request,
                _("この票を終えました。戻っていない人は、次の票に入れられます。"),
            )
        elif verb == "undo":
            line = request.POST.get("line", "")
            safety.undo_line(actor, int(line) if line.isdecimal() and len(line) < 16 else 0)
            flash.success(request, _("取り消しました。この人は、まだ確認できていません。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
    except SonaeError as refused:
        if refused.code == "forbidden":
            raise
        flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
    return HttpResponseRedirect(in_world(target))


def _report(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a whole typed sheet; what cannot be read is shown again with what was typed."""
    actor = actor_of(request)
    view, lines = safety.sheet_of(actor, pk)
    typed = {one.line.pk: _typed(request, one) for one in lines}
    wrong = {
        key for key, (result, _note) in typed.items() if result and result not in safety.RESULTS
    }
    problem = _("1から5の番号で入れてください。") if wrong else ""
    if not wrong:
        wanted = {key: answer for key, answer in typed.items() if answer[0]}
        try:
            new = safety.report_lines(actor, wanted, at=_when(request)) if wanted else 0
        except SonaeError as refused:
            problem = refused.detail
        else:
            flash.success(request, _("%(count)d人の結果を記録しました。") % {"count": new})
            return HttpResponseRedirect(in_world(f"{HOME}{pk}/"))
    context = {
        **_sheet(view, lines, typed), "wrong": wrong, "problem": problem,
        "at": request.POST.get("at", ""),
    }  # fmt: skip
    return render(request, "staff/patrol_sheet.html", context, status=422)


def _typed(request: HttpRequest, one: safety.LineView) -> tuple[str, str]:
    """Return what was typed for a line: the key and the note."""
    result = request.POST.get(f"r{one.line.pk}", "").strip()
    return result.translate(_NARROW), request.POST.get(f"n{one.line.pk}", "").strip()


_NARROW: Final = str.maketrans("１２３４５", "12345")


def _when(request: HttpRequest) -> datetime | None:
    return moment_of(request.POST.get("at", ""))


@audience(Audience.OPERATOR)
def line(request: HttpRequest) -> HttpResponse:
    """Find a line by its number as scanned or typed, and record the answer by one key or one tap."""
    actor, code = actor_of(request), request.POST.get("code", request.GET.get("code", "")).strip()
    context: dict[str, Any] = {"code": code, "results": words.PATROL_RESULTS}
    if not code:
        return render(request, "staff/patrol_line.html", context)
    try:
        found = safety.line_with(actor, code)
        result = request.POST.get("result", "")
        if request.method == "POST" and result:
            safety.report_lines(actor, {found.line.pk: (result, request.POST.get("note", ""))})
            told = {"name": found.name, "result": words.PATROL_RESULTS.get(result, result)}
            flash.success(request, _("記録しました：%(name)s　%(result)s") % told)
            return HttpResponseRedirect(in_world(f"{HOME}line/"))
    except SonaeError as refused:
        if refused.code == "forbidden":
            raise
        context["problem"], context["hint"] = refused.detail, refused.hint or ""
        return render(request, "staff/patrol_line.html", context, status=422)
    context |= {"found": found, "told": words.PATROL_RESULTS.get(found.result, "")}
    return render(request, "staff/patrol_line.html", context)


@audience(Audience.OPERATOR)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet on paper; it is made now and kept nowhere. That it was printed is on record."""
    actor = actor_of(request)
    view, lines = safety.sheet_of(actor, pk)
    printed = paper.render(TEMPLATE, _paper(view, lines))
    with writing():
        audit.record(actor.id, "patrol.printed", f"sheet:{view.sheet.number}", lines=len(lines))
    name = f"patrol-{view.sheet.number:03d}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(printed.pdf, content_type="application/pdf", headers=headers)


def _paper(view: safety.SheetView, lines: list[safety.LineView]) -> dict[str, Any]:
    """Return the sheet as the template wants it."""
    row = view.sheet
    told = {"number": f"{row.number:03d}", "town": row.town.name}
    made = row.made_at.astimezone(JST)
    drill = f"【{_('訓練')}】" if is_exercise() else ""
    return {
        "title": drill + _("見回り票 %(number)s　%(town)s") % told,
        "made": f"{made:%Y-%m-%d %H:%M}",
        "lead": _("安否が確認できていない%(count)d人。上から順に回ってください。")
        % {"count": len(lines)},
        "carrier": " ".join(part for part in (row.carrier, row.walker) if part),
        "carrier_label": _("回る人"),
        "when_label": _("回った日時"),
        "results": [f"{key} {name}" for key, name in words.PATROL_RESULTS.items()],
        "help": _(
            "命の危険があるときは、その場で119番。助けが必要な人は、すぐ本部に電話してください。"
        ),
        "foot": _("個人の情報です。終わったら、この票を必ず本部に返してください。"),
        "head": [_("順"), _("氏名・住所"), _("結果"), _("わかったこと"), _("番号")],
        "rows": [_row(one) for one in lines],
    }


def _row(one: safety.LineView) -> dict[str, Any]:
    """Return one line of the paper."""
    return {
        "place": one.place,
        "name": one.name,
        "kana": one.kana,
        "born": words.born(one.birth_date) if one.birth_date else "",
        "address": one.address,
        "phone": one.phone,
        "helper": one.helper,
        "code": f"{one.line.code[:4]}-{one.line.code[4:]}",
        "qr": qr.svg(one.line.code, mask=2),
    }
