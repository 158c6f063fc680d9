"""避難情報: the orders, their drafting, the request for approval and the mayor's decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import townname, typed
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import ORDER_NAMES, EvacuationOrder
from sonae.domains.messages import interface as messages
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.municipalities.interface import Town
from sonae.domains.shelters.interface import HAZARDS
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.web import kept, words
from sonae.web.drawing.townpicker import TownChoice, town_picker
from sonae.web.templatetags.sonae import in_world


@dataclass(frozen=True)
class Choice:
    """One town to tick: ``inside`` and ``unknown`` people of it by the plan in force."""

    town: Town
    inside: int
    unknown: int
    chosen: bool


def choices(chosen: Sequence[int]) -> list[Choice]:
    """Return every town, those with people in danger first."""
    counts = evacuation.counts().get("towns", {})
    found = []
    for town in municipalities.towns():
        inside, unknown = counts.get(str(town.pk), (0, 0))
        found.append(Choice(town, inside, unknown, town.pk in chosen))
    return sorted(
        found,
        key=lambda one: (
            -one.inside, -one.unknown, *townname.order(one.town.name, one.town.kana), one.town.code
        ),
    )  # fmt: skip


def _grouped(offered: Sequence[Choice]) -> list[tuple[str, list[Choice]]]:
    """Return the towns for the list: those with people in danger first, the rest by reading."""
    counted = [one for one in offered if one.inside or one.unknown]
    rest = {one.town.pk: one for one in offered if not (one.inside or one.unknown)}
    groups = [(_("危険な場所に人がいる町（多い順）"), counted)] if counted else []
    for name, towns in municipalities.towns_in_order():
        if rows := [rest[town.pk] for town in towns if town.pk in rest]:
            groups.append((words.town_row(name), rows))
    return groups


_WAITING = ("draft", "returned", "submitted")
_ENDED = ("lifted", "cancelled", "replaced", "rejected", "discarded")


@dataclass(frozen=True)
class Row:
    """An order in the list; ``outgrown``: the level warned of now where a waiting one asks for more."""

    order: EvacuationOrder
    outgrown: int | None


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """List all orders, those in force and those waiting first."""
    rows = [Row(one, evacuation.outgrown(one)) for one in evacuation.orders()]
    context = {
        "waiting": [row for row in rows if row.order.status in _WAITING],
        "in_force": [row for row in rows if row.order.status == "issued"],
        "ended": [row for row in rows if row.order.status in _ENDED],
        "names": ORDER_NAMES,
    }
    return render(request, "staff/orders/list.html", context)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Read the form of a draft."""
    level = request.POST.get("level", "")
    return {
        "level": int(level) if level.isdecimal() and len(level) < 3 else 0,
        "hazard": request.POST.get("hazard", ""),
        "whole_city": request.POST.get("whole_city") == "1",
        "towns": [
            int(pk) for pk in request.POST.getlist("towns") if pk.isdecimal() and len(pk) < 12
        ],
        "reason": request.POST.get("reason", ""),
    }


def _drawn(one: Choice) -> TownChoice:
    """Return one town for the picture."""
    town = one.town
    return TownChoice(town.pk, town.name, town.longitude, town.latitude, one.inside, one.chosen)


def _form(
    request: HttpRequest, values: dict[str, Any], order: EvacuationOrder | None
) -> HttpResponse:
    """Show the form of a draft with what was typed."""
    offered = choices(values["towns"])
    context = {
        "order": order,
        "values": values,
        "levels": [(level, name) for level, name in ORDER_NAMES.items()],
        "hazards": [(code, words.hazard(code)) for code in HAZARDS],
        "groups": _grouped(offered),
        "counted": any(one.inside or one.unknown for one in offered),
        "picture": town_picker([_drawn(one) for one in offered]),
    }
    return render(request, "staff/orders/form.html", context)


def _saved(
    request: HttpRequest,
    values: dict[str, Any],
    save: Callable[[], EvacuationOrder],
    order: EvacuationOrder | None,
) -> HttpResponse:
    """Save a draft and show it, or show the form again with what is wrong."""
    try:
        made = save()
    except SonaeError as error:
        flash.error(request, error.detail)
        return _form(request, values, order)
    kept.forget()
    flash.success(request, _("保存しました。対象は %(n)s人です。") % {"n": f"{made.people:,}"})
    return HttpResponseRedirect(in_world(f"/staff/orders/{made.pk}/"))


@audience(Audience.OPERATOR)
def new(request: HttpRequest) -> HttpResponse:
    """Draft an order by hand: nothing is chosen beforehand; the plan's towns where asked for."""
    actor = actor_of(request)
    if request.method == "POST":
        values = _typed(request)
        return _saved(request, values, lambda: evacuation.draft_order(actor, **values), None)
    wanted = request.GET.get("exposed") == "1"
    exposed = [one.town.pk for one in choices([]) if one.inside] if wanted else []
    start = {"level": 0, "hazard": "", "whole_city": False, "towns": exposed, "reason": ""}
    return _form(request, start, None)


@audience(Audience.OPERATOR)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft or an order that came back."""
    order, actor = evacuation.order(pk), actor_of(request)
    if request.method == "POST":
        values = _typed(request)
        return _saved(request, values, lambda: evacuation.edit(actor, pk, **values), order)
    held = {
        "level": order.level, "hazard": order.hazard, "whole_city": order.whole_city,
        "towns": [town.pk for town in order.towns.all()], "reason": order.reason,
    }  # fmt: skip
    return _form(request, held, order)


_ENDS = {"lift": "lifting", "cancel": "cancellation"}
"""Kind of the message that ends an order, by the verb."""


def _texts(order: EvacuationOrder, kind: str = "") -> list[dict[str, Any]]:
    """Return the final texts of an order for every channel and language."""
    kind = kind or {"lifted": "lifting", "cancelled": "cancellation"}.get(order.status, "order")
    made = messages.texts(messages.facts_of(order, kind))
    return [
        {
            "channel": words.channel(channel),
            "language": words.language(language),
            "subject": text.subject,
            "body": text.body,
            "size": messages.size(channel, text.body),
        }
        for (channel, language), text in sorted(
            made.items(), key=lambda item: words.text_order(*item[0])
        )
        if channel in messages.COPIED or (channel != "cap" and messages.available(channel))
    ]


@audience(Audience.STAFF)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one order: area, people, its way so far, the texts, and what the reader may do now."""
    order, actor = evacuation.order(pk), actor_of(request)
    own = actor.id in (order.drafted_by, order.submitted_by)
    sent = messages.messages_of_order(order.pk)
    context = {
        "order": order,
        "towns": [town.name for town in order.towns.order_by("code")],
        "picture": _picture(order),
        "texts": [] if sent else _texts(order),
        "outgrown": evacuation.outgrown(order),
        "name": _(ORDER_NAMES[order.level]),
        "may_edit": order.status in ("draft", "returned") and _may(actor, Audience.OPERATOR),
        "may_decide": order.status == "submitted" and _may(actor, Audience.APPROVER) and not own,
        "own": own and order.status == "submitted",
        "may_end": order.status == "issued" and _may(actor, Audience.APPROVER),
        "sent": sent,
        "ways": _ways(),
    }
    return render(request, "staff/orders/detail.html", context)


def _picture(order: EvacuationOrder) -> str:
    """Draw where an order applies: the mayor decides on places, not on a hundred names."""
    meant = {one.pk for one in order.towns.all()}
    everywhere = [one.pk for one in municipalities.towns()] if order.whole_city else [*meant]
    return town_picker([_drawn(one) for one in choices(everywhere)])


def _ways() -> dict[str, list[str]]:
    """Return the channels that will carry an order, and those that are not set up."""
    found: dict[str, list[str]] = {"ready": [], "missing": []}
    for channel in messages.SENT_BY:
        found["ready" if messages.available(channel) else "missing"].append(words.channel(channel))
    return found


def _may(actor: Actor, wanted: Audience) -> bool:
    """Tell whether an actor may do what an audience may."""
    return permits(frozenset({wanted}), actor.role)


_LEADS_TO = {
    "submit": "submitted", "return": "returned", "reject": "rejected", "approve": "issued",
    "lift": "lifted", "cancel": "cancelled", "discard": "discarded",
}  # fmt: skip
"""Where a verb takes an order: who presses the button of an older page is told that it is done."""
_TOLD = {
    "submit": "決裁を依頼しました。", "return": "差し戻しました。", "reject": "却下しました。",
    "approve": "発令しました。伝達を始めています。", "lift": "解除しました。伝達を始めています。",
    "cancel": "取り消しました。取消の伝達を始めています。",
    "discard": "案を取り下げました。記録は「終わったもの」に残ります。",
}  # fmt: skip


def _do(actor: Actor, order: EvacuationOrder, verb: str, request: HttpRequest) -> None:
    """Do what the button says."""
    reason = request.POST.get("reason", "")
    if verb == "approve" and typed.number(request.POST.get("people", "")) != str(order.people):
        raise SonaeError(
            "unreadable", _("対象人数が一致しません。画面の人数を確かめて入力してください。")
        )
    acts: dict[str, Callable[[], object]] = {
        "submit": lambda: evacuation.submit(actor, order.pk),
        "discard": lambda: evacuation.discard(actor, order.pk),
        "return": lambda: evacuation.return_(actor, order.pk, reason),
        "reject": lambda: evacuation.reject(actor, order.pk, reason),
        "approve": lambda: evacuation.approve(actor, order.pk),
        "lift": lambda: evacuation.lift(actor, order.pk),
        "cancel": lambda: evacuation.cancel(actor, order.pk),
    }
    if verb not in acts:
        raise SonaeError("not_found", _("この操作はありません。"))
    acts[verb]()


def _confirm(request: HttpRequest, order: EvacuationOrder, verb: str) -> HttpResponse:
    """Show what ending an order will say, before the one click that says it everywhere."""
    if order.status != "issued":
        return HttpResponseRedirect(in_world(f"/staff/orders/{order.pk}/"))
    used = [
        words.channel(sent.channel)
        for one in messages.messages_of_order(order.pk)
        if one.kind == "order"
        for sent in messages.transmissions(one.pk)
    ]
    context = {
        "order": order,
        "verb": verb,
        "texts": _texts(order, _ENDS[verb]),
        "channels": used,
        "may_end": _may(actor_of(request), Audience.APPROVER),
    }
    return render(request, "staff/orders/confirm.html", context)


@audience(Audience.OPERATOR)
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Take one step with an order; the domain decides whether it is allowed.

    Ending one shows first what will be said, to how many, and by which channels.
    """
    if request.method != "POST":
        if verb in _ENDS:
            return _confirm(request, evacuation.order(pk), verb)
        return HttpResponseRedirect(in_world(f"/staff/orders/{pk}/"))
    order = evacuation.order(pk)
    if order.status == _LEADS_TO.get(verb):
        flash.info(request, _("この操作は、もう済んでいます。いまの状態は下のとおりです。"))
        return HttpResponseRedirect(in_world(f"/staff/orders/{pk}/"))
    try:
        _do(actor_of(request), order, verb, request)
    except SonaeError as error:
        flash.error(request, error.detail)
    else:
        kept.forget()
        flash.success(request, _(_TOLD[verb]))
    return HttpResponseRedirect(in_world(f"/staff/orders/{pk}/"))
