"""PFIF: a file from outside as a draft with its defects, then taken over; the city's own out."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.exchange.interface import pfifin, pfifout
from sonae.engines.pfif import writing as pfif
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import inquirywords
from sonae.web.templatetags.sonae import in_world

PATH = "/staff/inquiries/pfif/"


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Take a file in as a draft; list those that came, and whom they tell of."""
    actor = actor_of(request)
    problem, hint = "", ""
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            if sent is None:
                raise SonaeError("unprocessable", _("ファイルを選んでください。"))
            if (sent.size or 0) > pfifin.MOST_BYTES:
                raise SonaeError("too_large", _("20 MBまでのファイルを選んでください。"))
            terms = pfifin.Terms(
                request.POST.get("source", "family"),
                tuple(request.POST.get("domains", "").replace(",", " ").split()),
                request.POST.get("photos") == "1",
            )
            made = pfifin.take_in(actor, sent.name or "", sent.read(), terms)
            return HttpResponseRedirect(in_world(f"{PATH}{made.pk}/"))
        except SonaeError as error:
            problem, hint = error.detail, error.hint
    context = {
        "editions": pfifin.editions(actor),
        "sought": [
            (one, inquirywords.PFIF_STATUSES.get(one.note.data.get("status", ""), ""))
            if one.note
            else (one, "")
            for one in pfifin.sought(actor)
        ],
        "problem": problem,
        "hint": hint,
    }
    return render(request, "staff/inquiries/pfif.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what taking a file over would do, or did, and its defects."""
    row = pfifin.edition_of(pk)
    defects = [
        (one, inquirywords.PROBLEMS[one["problem"]], inquirywords.ACTIONS[one["action"]])
        for one in row.defects
    ]
    counts = [
        (name, row.counts[key]) for key, name in inquirywords.COUNTS.items() if row.counts.get(key)
    ]
    context = {"row": row, "defects": defects, "counts": counts}
    return render(request, "staff/inquiries/pfif_one.html", context)


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take a draft over, or drop it."""
    if request.method == "POST":
        do = {"confirm": pfifin.confirm, "discard": pfifin.discard}.get(verb)
        if do is None:
            raise SonaeError("not_found", _("この操作はありません。"))
        try:
            do(actor_of(request), pk)
        except SonaeError as error:
            flash.error(request, error.detail)
        else:
            flash.success(request, _("記録しました。"))
    return HttpResponseRedirect(in_world(f"{PATH}{pk}/"))


@audience(Audience.OPERATOR)
def export(request: HttpRequest) -> HttpResponse:
    """Everybody who has consented to it, as PFIF 1.4 (XML or CSV); recorded for each."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    rows = pfifout.export(actor_of(request), request.POST.get("domain", ""))
    as_csv = request.POST.get("form") == "csv"
    # Written whole before the answer begins: the scope ends with the request.
    body = "".join(pfif.as_csv(rows) if as_csv else pfif.as_xml(rows))
    name = f"pfif-{clock.today():%Y%m%d}.{'csv' if as_csv else 'xml'}"
    kind = "text/csv" if as_csv else "application/xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=f"{kind}; charset=utf-8", headers=headers)
