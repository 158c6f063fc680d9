"""安否照会: taken in, who is meant found, drafted, decided by another person, given; all on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import SafetyRequest, inquiries, people
from sonae.domains.municipalities import interface as municipalities
from sonae.platform import paper
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.web import inquirywords, words
from sonae.web.templatetags.sonae import in_world

TEMPLATE = Path(__file__).resolve().parents[1] / "papers" / "answer.typ"
VIEWS = {
    "open": ("received", "drafted", "decided"),
    "done": ("given", "withdrawn"),
}
STATED = (
    "channel", "asker", "asker_name", "asker_body", "asker_address", "asker_contact", "relation",
    "reason", "name", "kana", "birth_date", "sex", "address", "note",
)  # fmt: skip


def stated(request: HttpRequest) -> dict[str, str]:
    """Return what was typed into the form of an inquiry."""
    return {name: request.POST.get(name, "").strip() for name in STATED}


@audience(Audience.OPERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """List inquiries: what waits, the oldest first; or what is done."""
    view = request.GET.get("view", "open")
    view = view if view in VIEWS else "open"
    rows = inquiries.requests(actor_of(request), VIEWS[view])
    context = {
        "rows": [(row, inquirywords.ASKERS[row.asker]) for row in rows],
        "view": view,
        "policy": people.policy(),
    }
    return render(request, "staff/inquiries/list.html", context)


@audience(Audience.OPERATOR)
def new(request: HttpRequest) -> HttpResponse:
    """Take an inquiry in at the window, by phone or by letter."""
    typed: dict[str, str] = {"channel": "window"}
    problem = ""
    if request.method == "POST":
        typed = stated(request)
        try:
            row, _key = inquiries.receive(actor_of(request), inquiries.NewRequest(**typed))
        except SonaeError as error:
            problem = error.detail
        else:
            flash.success(
                request, _("照会を受け付けました。本人確認を記録し、たずねる人をさがしてください。")
            )
            return HttpResponseRedirect(in_world(f"/staff/inquiries/{row.pk}/"))
    context = {
        "typed": typed,
        "problem": problem,
        "askers": inquirywords.ASKERS.items(),
        "channels": [(key, inquirywords.CHANNELS[key]) for key in ("window", "phone", "letter")],
    }
    return render(request, "staff/inquiries/new.html", context, status=422 if problem else 200)


def _chosen(actor: Actor, row: SafetyRequest) -> dict[str, str] | None:
    """Return who was found to be meant, as far as the desk may see; None for nobody."""
    if row.visitor is not None:
        shown = people.visible_visitors(type(row.visitor).objects.filter(pk=row.visitor.pk))
        one = row.visitor
        told = {"name": one.name, "kana": one.kana, "birth_date": one.birth_date}
        return {**told, "address": one.address} if shown else None
    if row.resident is None:
        return None
    resident = row.resident
    made = consent.disclose(
        actor, [resident.pk], purpose="safety_inquiry",
        kinds=("name", "kana", "birth_date", "address"),
        shielded={resident.pk} if resident.shielded else set(),
    )[resident.pk]  # fmt: skip
    if made.outcome != "permit":
        return None
    home = resident.household
    return {
        "name": resident.name, "kana": resident.kana, "birth_date": resident.birth_date,
        "address": f"{home.town.name}{home.address}",
    }  # fmt: skip


@audience(Audience.OPERATOR)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one inquiry with the step that comes next."""
    actor = actor_of(request)
    row = inquiries.request_of(pk)
    answers = inquiries.answers_of(row)
    told = inquiries.told_now(row, answers[0] if answers else None)
    text = request.GET.get("q", "").strip()
    search, trouble = None, ""
    if text and row.state in ("received", "drafted"):
        try:
            search = people.candidates(actor, text)
        except SonaeError as error:
            trouble = error.detail
    chosen = _chosen(actor, row)
    facts, rule = inquiries.preview(actor, pk) if row.state == "received" else ({}, "")
    context = {
        "row": row,
        "asker": inquirywords.ASKERS[row.asker],
        "channel": inquirywords.CHANNELS[row.channel],
        "identity": (inquirywords.IDENTITIES | inquirywords.BY_KEY).get(row.identity, ""),
        "identities": inquirywords.IDENTITIES.items(),
        "channels": [
            (key, name)
            for key, name in inquirywords.CHANNELS.items()
            if key != "online" or row.channel == "online"
        ],
        "chosen": chosen,
        "q": text or row.kana or row.name,
        "found": search,
        "trouble": trouble,
        "preview": inquirywords.told(facts),
        "preview_as_of": inquirywords.as_of(facts),
        "rule": words.ground(rule) if chosen else "",
        "nothing": inquirywords.nothing(),
        "answers": [_shown(one, told if not at else {}) for at, one in enumerate(answers)],
        "policy": people.policy(),
        "may_decide": row.state == "drafted"
        and permits(frozenset({Audience.APPROVER}), actor.role)
        and answers[0].drafted_by != actor.id,
    }
    return render(request, "staff/inquiries/detail.html", context)


def _shown(one: exchange.SafetyAnswer, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "row": one,
        "lines": inquirywords.told(told),
        "as_of": inquirywords.as_of(told),
        "rule": words.ground(one.rule if told or not one.facts else "no_ground"),
        "how": inquirywords.CHANNELS.get(one.how, ""),
    }


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take one step; the domain decides whether it is allowed."""
    back = HttpResponseRedirect(in_world(f"/staff/inquiries/{pk}/"))
    if request.method != "POST":
        return back
    actor, typed = actor_of(request), request.POST.get
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "identify": (
            lambda: inquiries.identify(actor, pk, typed("identity", "")),
            _("本人確認を記録しました。"),
        ),
        "choose": (lambda: inquiries.choose(actor, pk, typed("key", "")), _("記録しました。")),
        "draft": (lambda: inquiries.draft(actor, pk), _("起案しました。ほかの人が決裁します。")),
        "decide": (lambda: inquiries.decide(actor, pk), _("決裁しました。回答してください。")),
        "return": (
            lambda: inquiries.give_back(actor, pk, typed("why", "")),
            _("差し戻しました。"),
        ),
        "give": (lambda: inquiries.give(actor, pk, typed("how", "")), _("回答を記録しました。")),
        "withdraw": (lambda: inquiries.withdraw_request(actor, pk), _("照会を取り下げました。")),
    }
    if verb not in acts:
        raise SonaeError("not_found", _("この操作はありません。"))
    do, told = acts[verb]
    try:
        do()
    except SonaeError as error:
        flash.error(request, f"{error.detail}{error.hint}")
    else:
        flash.success(request, told)
    return back


@audience(Audience.OPERATOR)
def printed(request: HttpRequest, pk: int) -> HttpResponse:
    """The decided answer as a letter (PDF/A) to hand over."""
    row = inquiries.request_of(pk)
    if row.state not in ("decided", "given"):
        raise SonaeError("conflict", _("決裁が終わると印刷できます。"))
    answer = inquiries.answers_of(row)[0]
    told = inquiries.told_now(row, answer)
    lines, moment = inquirywords.told(told), inquirywords.as_of(told)
    data = {
        "title": _("安否照会への回答"),
        "city": municipalities.municipality().name,
        "number": _("受付番号 %(number)d") % {"number": row.number},
        "day": f"{clock.now().astimezone(JST):%Y-%m-%d}",
        "to": row.asker_body or row.asker_name,
        "asked": _("たずねられた方：%(name)s") % {"name": row.name},
        "lines": lines,
        "as_of": _("%(at)s 現在") % {"at": words.spoken(moment, "long")} if moment else "",
        "nothing": "" if lines else inquirywords.nothing(),
        "foot": _(
            "災害対策基本法 第86条の15による回答です。お知りになったことは、ほかの目的に使わないでください。"
        ),
    }
    body = paper.render(TEMPLATE, data).pdf
    headers = {"Content-Disposition": f'inline; filename="anpi-kaito-{row.number}.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


@audience(Audience.OPERATOR)
def policy(request: HttpRequest) -> HttpResponse:
    """Show the tables of who may be told what; an administrator chooses."""
    if request.method == "POST":
        if not permits(frozenset({Audience.ADMINISTRATOR}), actor_of(request).role):
            raise SonaeError("forbidden", _("表を選ぶのは管理者の仕事です。"))
        exchange.policies.choose(
            actor_of(request), request.POST.get("answer", ""), request.POST.get("publication", "")
        )
        flash.success(request, _("変えました。これからの起案に使われます。"))
        return HttpResponseRedirect(in_world("/staff/inquiries/policy/"))
    tables = [
        (one, [(name, _kinds(one.table[key])) for key, name in inquirywords.ASKERS.items()])
        for one in exchange.rules.answer_policies()
    ]
    context = {
        "tables": tables,
        "publications": [
            (one, _kinds(one.fields), "deceased" in one.needs_kin, "unaccounted" in one.needs_kin)
            for one in exchange.rules.publication_policies()
        ],
        "answer": people.policy().key,
        "publication": exchange.publications.policy_now().key,
    }
    return render(request, "staff/inquiries/policy.html", context)


def _kinds(kinds: frozenset[str]) -> list[str]:
    return [words.data_kind(code) for code in words.DATA_KINDS if code in kinds]
