"""対応ルール: what a warning does here, what the rules did and why, and whom they call."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.messages import interface as messages
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.interface import PlacedRule, Rule, RuleFiring
from sonae.platform.access import Audience, actor_of, audience, permits
from sonae.web import kept, words
from sonae.web.templatetags.sonae import in_world

MOST = 100
_NEW = Rule("", "", (), "warning", ("alarm",))


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the alarms that wait, the rules in their order, and what they did."""
    actor = actor_of(request)
    officers, firings = identity.on_duty(), warnings.firings(MOST)
    context = {
        "alarms": [_told(one) for one in warnings.waiting_alarms()],
        "rules": [_row(one) for one in warnings.placed_rules()],
        "firings": _with_results(firings),
        "most": MOST,
        "may_change": _may(request, Audience.ADMINISTRATOR),
        "may_note": _may(request, Audience.OPERATOR),
        "officers": [one.get_full_name() for one in officers],
        "on_duty": any(one.pk == actor.account_id for one in officers),
    }
    return render(request, "staff/rules.html", context)


@audience(Audience.STAFF)
def calls(request: HttpRequest) -> HttpResponse:
    """The calls that wait, for a page that stays open; nothing (204) while they are those it shows."""
    waiting = warnings.waiting_alarms()
    newest = waiting[0].pk if waiting else 0
    if request.GET.get("shown") == f"{newest}-{len(waiting)}":
        return HttpResponse(status=204)
    return render(request, "staff/parts/calls.html")


def _may(request: HttpRequest, wanted: Audience) -> bool:
    return permits(frozenset({wanted}), actor_of(request).role)


def _row(one: PlacedRule) -> dict[str, Any]:
    """Return one rule in words."""
    rule = one.rule
    return {
        "rule": rule,
        "about": "・".join(str(words.PHENOMENA[name]) for name in rule.phenomena),
        "least": words.SEVERITIES[rule.least],
        "trigger": words.TRIGGERS[rule.trigger],
        "actions": [
            words.RULE_ACTIONS[name] for name in words.RULE_ACTIONS if name in rule.actions
        ],
        "changed": one.row,
        "is_default": one.is_default,
    }


def _told(firing: RuleFiring) -> dict[str, Any]:
    """Return one firing in words: what happened, which rule and which telegram, what was done."""
    done = [words.RULE_ACTIONS[name] for name in words.RULE_ACTIONS if name in firing.actions]
    return {
        "firing": firing,
        "rule": firing.rule["name"],
        "trigger": words.TRIGGERS[firing.trigger],
        "actions": done,
        "areas": "、".join(firing.areas[:6]),
        "more": max(0, len(firing.areas) - 6),
    }


def _with_results(firings: list[RuleFiring]) -> list[dict[str, Any]]:
    """Return firings in words with what they led to: the drafts of orders and the notice."""
    orders: dict[int | None, list[evacuation.EvacuationOrder]] = {}
    for order in evacuation.orders():
        orders.setdefault(order.telegram_id, []).append(order)
    notices = messages.notices_of(one.pk for one in firings)
    return [
        {
            **_told(one),
            "orders": orders.get(one.telegram_id, []) if "draft_order" in one.actions else [],
            "no_order": "draft_order" in one.actions and one.telegram_id not in orders,
            "notice": notices.get(one.pk),
        }
        for one in firings
    ]


@audience(Audience.ADMINISTRATOR)
def edit(request: HttpRequest, code: str = "") -> HttpResponse:
    """Change a rule, or add one; what was typed stays when something is wrong."""
    placed = warnings.rule_named(code) if code else None
    rule = placed.rule if placed else _NEW
    if request.method != "POST":
        return _form(request, rule, placed)
    typed = _typed(request, code)
    if "send_notice" in typed.actions and request.POST.get("agreed") != "1":
        flash.error(request, _("自動で送るには、下の確認に印を付けてください。"))
        return _form(request, typed, placed, status=422)
    try:
        warnings.save_rule(actor_of(request), typed)
    except SonaeError as error:
        flash.error(request, error.detail)
        return _form(request, typed, placed, status=422)
    kept.forget()
    flash.success(request, _("「%(name)s」を保存しました。") % {"name": typed.name})
    return HttpResponseRedirect(in_world("/staff/rules/"))


def _typed(request: HttpRequest, code: str) -> Rule:
    given = request.POST
    return Rule(
        code,
        given.get("name", "").strip(),
        tuple(given.getlist("phenomena")),
        given.get("least", ""),
        tuple(given.getlist("actions")),
        given.get("trigger", ""),
        given.get("enabled") == "1",
    )


def _form(
    request: HttpRequest, rule: Rule, placed: PlacedRule | None, status: int = 200
) -> HttpResponse:
    context = {
        "rule": rule,
        "code": placed.rule.code if placed else "",
        "phenomena": words.PHENOMENA.items(),
        "severities": words.SEVERITIES.items(),
        "actions": words.RULE_ACTIONS.items(),
        "triggers": words.TRIGGERS.items(),
    }
    return render(request, "staff/rule.html", context, status=status)


@audience(Audience.ADMINISTRATOR)
def act(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Move a rule up or down, or bring its default back."""
    if request.method == "POST":
        actor = actor_of(request)
        if verb in ("up", "down"):
            warnings.move_rule(actor, code, up=verb == "up")
        elif verb == "reset":
            warnings.reset_rule(actor, code)
            flash.success(request, _("既定に戻しました。独自のルールは消えました。"))
        else:
            raise SonaeError("not_found", _("この操作はありません。"))
        kept.forget()
    return HttpResponseRedirect(in_world("/staff/rules/#rules"))


@audience(Audience.OPERATOR)
def seen(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Take an alarm, or all of them, off the screens."""
    if request.method == "POST":
        wanted = [pk] if pk is not None else [one.pk for one in warnings.waiting_alarms()]
        for each in wanted:
            warnings.take_note(actor_of(request), each)
        kept.forget()
        flash.success(request, _("確認済みにしました。記録は下の一覧に残っています。"))
    return HttpResponseRedirect(in_world("/staff/rules/"))


@audience(Audience.STAFF)
def duty(request: HttpRequest) -> HttpResponse:
    """Let alarms be mailed to the one who asks, or no more."""
    if request.method == "POST":
        wanted = request.POST.get("wanted") == "1"
        try:
            identity.set_duty_mail(actor_of(request), wanted)
        except SonaeError as error:
            flash.error(request, error.detail)
        else:
            told = _("これから、呼び出しをあなたのメールに送ります。")
            flash.success(request, told if wanted else _("呼び出しのメールを止めました。"))
    return HttpResponseRedirect(in_world("/staff/rules/#duty"))
