"""氏名の公表: the list, the check against 支援措置, two approvals, the file for the prefecture."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import publications
from sonae.platform.access import Audience, actor_of, audience, permits
from sonae.web import inquirywords, words
from sonae.web.tablefile import harmless
from sonae.web.templatetags.sonae import in_world

PATH = "/staff/inquiries/names/"
COLUMNS = ("番号", "区分", "氏名", "フリガナ", "住所（大字まで）", "年齢", "性別")


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """List publications; draft a new one of everyone not accounted for now."""
    actor = actor_of(request)
    if request.method == "POST":
        try:
            made = publications.prepare(actor, request.POST.get("title", ""))
        except SonaeError as error:
            flash.error(request, f"{error.detail}{error.hint}")
            return HttpResponseRedirect(in_world(PATH))
        return HttpResponseRedirect(in_world(f"{PATH}{made.pk}/"))
    context = {"rows": publications.publications(actor), "policy": publications.policy_now()}
    return render(request, "staff/inquiries/names.html", context)


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the names that would be published now, and the step that comes next."""
    actor = actor_of(request)
    row = publications.publication_of(pk)
    lines = publications.lines(actor, row)
    approver = permits(frozenset({Audience.APPROVER}), actor.role)
    context = {
        "row": row,
        "policy": exchange.rules.publication_policy(row.policy),
        "lines": [(one, inquirywords.sex(one.sex)) for one in lines],
        "waiting": sum(one.waits_for_kin for one in lines),
        "found": publications.withdrawn(actor, row),
        "dead": [(one, inquirywords.sex(one.sex)) for one in publications.dead_to_add(actor, row)],
        "may_approve": approver
        and row.state in ("checked", "approved")
        and actor.id not in publications.hands_in(row),
    }
    return render(request, "staff/inquiries/name.html", context)


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take one step with a publication."""
    back = HttpResponseRedirect(in_world(f"{PATH}{pk}/"))
    if request.method != "POST":
        return back
    actor, typed = actor_of(request), request.POST.get
    entry = key_of(typed("entry", ""))
    acts: dict[str, Callable[[], object]] = {
        "check": lambda: publications.check(actor, pk),
        "approve": lambda: publications.approve(actor, pk),
        "return": lambda: publications.send_back(actor, pk),
        "end": lambda: publications.end(actor, pk),
        "take-out": lambda: publications.take_out(actor, pk, entry, typed("why", "")),
        "add": lambda: publications.add_deceased(actor, pk, entry, typed("kin", "")),
        "kin": lambda: publications.note_kin(actor, pk, entry, typed("kin", "")),
    }
    if verb not in acts:
        raise SonaeError("not_found", _("この操作はありません。"))
    if verb == "check" and typed("sure", "") != "1":
        flash.error(request, _("最新の支援措置の一覧と照合したら、印を付けてください。"))
        return back
    try:
        acts[verb]()
    except SonaeError as error:
        flash.error(request, f"{error.detail}{error.hint}")
    else:
        flash.success(request, _("記録しました。"))
    return back


@audience(Audience.OPERATOR)
def as_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The file for the prefecture: names to publish, then the numbers of those taken out.

    Handing over is an act, on record with its time: a link that is followed or prefetched is none.
    """
    if request.method != "POST":
        return HttpResponseRedirect(in_world(f"{PATH}{pk}/"))
    handed = publications.hand_over(actor_of(request), pk)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    at = clock.now().astimezone(JST)
    table.writerow([f"安否不明者の氏名（公表用） {words.spoken(at, 'long')} 現在"])
    table.writerow(COLUMNS)
    for one in handed.lines:
        kind = "死亡" if one.kind == "deceased" else "安否不明"
        age = "" if one.age is None else str(one.age)
        sex = inquirywords.sex(one.sex)
        texts = (harmless(text) for text in (one.name, one.kana, one.town))
        table.writerow([one.pk, kind, *texts, age, sex])
    for number in handed.withdrawn:
        table.writerow([number, "取下げ", "", "", "", "", ""])
    headers = {"Content-Disposition": f'attachment; filename="names-{pk}-{at:%Y%m%d-%H%M}.csv"'}
    body = "\ufeff" + out.getvalue()
    return HttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)
