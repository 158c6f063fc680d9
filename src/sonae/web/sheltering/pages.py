"""The pages of one shelter: each shows what is on record and takes one form at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.web.reception import facility as desk
from sonae.web.reception.recording import NEEDS
from sonae.web.sheltering import names, printing
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/reception/shelter/"


@audience(Audience.RECEPTION)
def here(request: HttpRequest) -> HttpResponse:
    """Go to the shelter of this desk, or to the choice of one."""
    place = desk.chosen(request)
    target = "/reception/choose/" if place is None else f"{HOME}{place.pk}/"
    return HttpResponseRedirect(in_world(target))


def place_of(pk: int) -> shelters.Place:
    """Return a facility with its state and head-count; `SonaeError` ``not_found``."""
    found = shelters.places(safety.occupancies(), heard=safety.heard())
    place = next((one for one in found if one.facility.pk == pk), None)
    if place is None:
        raise SonaeError("not_found", _("この施設は登録されていません。"))
    return place


def _frame(pk: int, name: str) -> dict[str, Any]:
    """Return what every page of a shelter shows: the place and the menu."""
    menu = [(code, label, code == name) for code, label in names.SECTIONS.items()]
    return {"place": place_of(pk), "menu": menu, "root": in_world(f"{HOME}{pk}/"), "section": name}


@audience(Audience.RECEPTION)
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how the shelter stands: people and their needs, what is asked for, who is ill, what hangs."""
    told = safety.summary(pk)
    context = {
        **_frame(pk, ""),
        "told": told,
        "needs": needs_of(told),
        "ages": ages_of(told),
        "doubts": safety.doubts(actor_of(request), pk),
        "supplies": sheltering.supplies(pk, only_open=True),
        "health": sheltering.counts(pk),
        "rooms": sheltering.rooms(pk),
        "board": sheltering.board(pk),
        "guests": [one for one in sheltering.guests(pk) if one.left_at is None],
        "handover": next(iter(sheltering.handovers(pk, 1)), None),
        "report": next(iter(sheltering.reports(pk)), None),
        "forms": printing.FORMS,
    }
    return render(request, "sheltering/overview.html", context)


def needs_of(told: safety.Summary) -> list[tuple[str, int]]:
    """Return the needs noted at the desk in words, the most frequent first."""
    return [(str(NEEDS.get(code, code)), count) for code, count in told.needs.most_common()]


def ages_of(told: safety.Summary) -> list[tuple[str, int]]:
    """Return the rows of ages in words, the youngest first."""
    return [(str(label), told.ages[code]) for code, label in names.AGES.items()]


def _moves(actor: Actor, pk: int) -> dict[str, Any]:
    """Who is on the way here and who left for elsewhere; how many of either are on no list is not told."""
    return {
        "coming": [
            (one, names.MOVES[one.word], [NEEDS.get(code, code) for code in one.who.needs])
            for one in safety.coming(actor, pk)
        ],
        "sent": [(one, names.MOVES[one.word]) for one in safety.sent(actor, pk)],
    }


def _rooms(actor: Actor, pk: int) -> dict[str, Any]:
    return {
        "rows": [(one, names.ROOM_USES.get(one.room.use, "")) for one in sheltering.rooms(pk)],
        "uses": names.ROOM_USES.items(),
        "people": safety.inside(actor, pk),
        "capacity": sheltering.capacity_of(pk),
    }


def _supplies(_actor: Actor, pk: int) -> dict[str, Any]:
    rows = [(one, names.SUPPLY_KINDS.get(one.request.kind, "")) for one in sheltering.supplies(pk)]
    return {
        "rows": rows,
        "receipts": sheltering.receipts(pk),
        "kinds": names.SUPPLY_KINDS.items(),
        "open": sheltering.OPEN_SUPPLIES,
    }


def _meals(_actor: Actor, pk: int) -> dict[str, Any]:
    return {"rows": sheltering.meals(pk), "allergens": names.ALLERGENS.items()}


def _health(actor: Actor, pk: int) -> dict[str, Any]:
    rows = [
        (one, [names.SYMPTOMS.get(code, code) for code in one.check.symptoms])
        for one in sheltering.latest(actor, pk)
    ]
    return {
        "rows": rows,
        "people": safety.inside(actor, pk),
        "symptoms": names.SYMPTOMS.items(),
        "fever": sheltering.FEVER,
    }


def _board(_actor: Actor, pk: int) -> dict[str, Any]:
    return {"rows": sheltering.board(pk)}


def _guests(_actor: Actor, pk: int) -> dict[str, Any]:
    rows = [(one, names.GUESTS.get(one.kind, "")) for one in sheltering.guests(pk)]
    return {"rows": rows, "kinds": names.GUESTS.items()}


def _report(_actor: Actor, pk: int) -> dict[str, Any]:
    told = safety.summary(pk)
    return {
        "told": told,
        "needs": needs_of(told),
        "ages": ages_of(told),
        "health": sheltering.counts(pk),
        "lifelines": names.LIFELINES.items(),
        "lifeline_states": names.LIFELINE_STATES.items(),
        "rows": sheltering.reports(pk),
    }


def _handover(actor: Actor, pk: int) -> dict[str, Any]:
    return {"rows": sheltering.handovers(pk), "own": actor.id}


_SHOWN: Final[dict[str, Callable[[Actor, int], dict[str, Any]]]] = {
    "moves": _moves, "rooms": _rooms, "supplies": _supplies, "meals": _meals, "health": _health, "board": _board,
    "guests": _guests, "report": _report, "handover": _handover,
}  # fmt: skip


def _number(post: QueryDict, name: str) -> int:
    """Return a primary key that a button carries; 0 for anything else."""
    typed = post.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 16 else 0


def _arrive(actor: Actor, pk: int, post: QueryDict) -> str:
    count = len(safety.arrive(actor, pk, post.getlist("person")))
    return _("%(count)d人が着いたことを記録しました。") % {"count": count}


def _set_room(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.set_room(
        actor, pk, post.get("name", ""), post.get("use", ""), post.get("capacity", ""),
        is_open=post.get("closed", "") == "", note=post.get("note", ""),
    )  # fmt: skip
    return _("%(name)sを記録しました。") % {"name": row.name}


def _assign(actor: Actor, pk: int, post: QueryDict) -> str:
    count = sheltering.assign(actor, pk, _number(post, "room"), post.getlist("person"))
    return _("%(count)d人の部屋を記録しました。") % {"count": count}


def _ask(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.ask(
        actor, pk, post.get("kind", ""), post.get("item", ""), post.get("quantity", ""),
        post.get("unit", ""), urgent=post.get("urgent", "") != "", note=post.get("note", ""),
    )  # fmt: skip
    told = {"item": row.item, "count": row.quantity, "unit": row.unit}
    return _("要請しました：%(item)s %(count)d%(unit)s") % told


def _receive(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.receive(
        actor, pk, post.get("quantity", ""), request_pk=_number(post, "request") or None,
        item=post.get("item", ""), unit=post.get("unit", ""), giver=post.get("giver", ""),
    )  # fmt: skip
    told = {"item": row.item, "count": row.quantity, "unit": row.unit}
    return _("受け取りました：%(item)s %(count)d%(unit)s") % told


def _step(actor: Actor, _pk: int, post: QueryDict) -> str:
    row = sheltering.step(actor, _number(post, "request"), post.get("to", ""))
    return _("%(name)sを記録しました。") % {"name": row.item}


def _begin(actor: Actor, pk: int, post: QueryDict) -> str:
    chosen = post.getlist("allergen")
    row = sheltering.begin(actor, pk, post.get("name", ""), post.get("portions", ""), chosen)
    return _("%(name)sを始めました。") % {"name": row.name}


def _note(actor: Actor, pk: int, post: QueryDict) -> str:
    sheltering.note(
        actor, pk, post.get("person", ""), post.get("celsius", ""), post.getlist("symptom"),
        look_after=post.get("look_after", "") != "", text=post.get("text", ""),
    )  # fmt: skip
    return _("健康チェックを記録しました。")


def _put_up(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.put_up(
        actor, pk, post.get("title", ""), post.get("text", ""),
        public=post.get("public", "") != "", until=moment_of(post.get("until", "")),
    )  # fmt: skip
    return _("掲示しました：%(title)s") % {"title": row.title}


def _take_down(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.take_down(actor, pk, _number(post, "notice"))
    return _("外しました：%(title)s") % {"title": row.title}


def _come(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.come(
        actor, pk, post.get("kind", ""), post.get("name", ""), post.get("organisation", ""),
        post.get("purpose", ""),
    )  # fmt: skip
    return _("入館を記録しました：%(name)s") % {"name": row.name}


def _leave(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.leave(actor, pk, _number(post, "guest"))
    return _("退館を記録しました：%(name)s") % {"name": row.name}


def _send_report(actor: Actor, pk: int, post: QueryDict) -> str:
    sheltering.report(actor, pk, {key: str(value) for key, value in post.items()})
    return _("日報を災害対策本部に報告しました。")


def _hand_over(actor: Actor, pk: int, post: QueryDict) -> str:
    sheltering.write_handover(actor, pk, post.get("text", ""))
    return _("引継ぎを書きました。次の担当者が受けると、ここに名前が出ます。")


def _take_over(actor: Actor, pk: int, post: QueryDict) -> str:
    row = sheltering.take_handover(actor, pk, _number(post, "handover"))
    return _("%(name)sさんから引き継ぎました。") % {"name": row.by}


_VERBS: Final[dict[tuple[str, str], Callable[[Actor, int, QueryDict], str]]] = {
    ("moves", "arrive"): _arrive,
    ("rooms", "set"): _set_room, ("rooms", "assign"): _assign,
    ("supplies", "ask"): _ask, ("supplies", "receive"): _receive, ("supplies", "step"): _step,
    ("meals", "begin"): _begin, ("health", "note"): _note,
    ("board", "put_up"): _put_up, ("board", "take_down"): _take_down,
    ("guests", "come"): _come, ("guests", "leave"): _leave,
    ("report", "send"): _send_report,
    ("handover", "write"): _hand_over, ("handover", "take"): _take_over,
}  # fmt: skip


@audience(Audience.RECEPTION)
def section(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Show one page of a shelter; a form posted to it is done once, or shown again with what was typed."""
    show = _SHOWN.get(name)
    if show is None:
        raise SonaeError("not_found", _("このページはありません。"))
    actor, problem = actor_of(request), None
    if request.method == "POST":
        verb = _VERBS.get((name, request.POST.get("verb", "")))
        if verb is None:
            raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
        try:
            flash.success(request, verb(actor, pk, request.POST))
        except SonaeError as refused:
            if refused.code in ("forbidden", "not_found"):
                raise
            problem = refused
        else:
            return HttpResponseRedirect(in_world(f"{HOME}{pk}/{name}/"))
    typed = request.POST if problem else {}
    context = {**_frame(pk, name), **show(actor, pk), "problem": problem, "typed": typed}
    return render(request, f"sheltering/{name}.html", context, status=422 if problem else 200)


@audience(Audience.RECEPTION)
def meal(request: HttpRequest, pk: int, meal: int) -> HttpResponse:
    """Hand a meal out: find by card, QR or name, tick, give; who had one is told when."""
    actor, query = actor_of(request), request.GET.get("q", "").strip()
    if request.method == "POST":
        try:
            _serve(request, actor, pk, meal)
        except SonaeError as refused:
            if refused.code in ("forbidden", "not_found"):
                raise
            flash.error(request, f"{refused.detail} {refused.hint or ''}".strip())
        return HttpResponseRedirect(in_world(f"{HOME}{pk}/meals/{meal}/"))
    view = next((one for one in sheltering.meals(pk, 200) if one.meal.pk == meal), None)
    if view is None:
        raise SonaeError("not_found", _("この配食は登録されていません。"))
    context = {
        **_frame(pk, "meals"),
        "view": view,
        "query": query,
        "rows": sheltering.diners(actor, pk, meal, query),
        "contains": [names.ALLERGENS[code] for code in view.meal.allergens],
    }
    return render(request, "sheltering/meal.html", context)


def _serve(request: HttpRequest, actor: Actor, pk: int, meal: int) -> None:
    """Do what the pressed button of the meal's page says, and tell what became of it."""
    post, verb = request.POST, request.POST.get("verb", "")
    if verb == "end":
        flash.success(
            request, _("%(name)sを終えました。") % {"name": sheltering.end(actor, pk, meal).name}
        )
        return
    if verb == "back":
        sheltering.take_back(actor, pk, meal, post.get("back", ""))
        flash.success(request, _("1食を取り消しました。"))
        return
    people, seconds = post.getlist("person"), verb == "seconds"
    if not people:
        raise SonaeError(
            "unreadable", _("だれも選ばれていません。"), _("渡した人に印をつけてください。")
        )
    lucky = sheltering.hand_out(actor, pk, meal, people, seconds=seconds)
    if lucky:
        flash.success(request, _("%(count)d人に渡しました。") % {"count": len(lucky)})
    if left := len(set(people)) - len(lucky):
        told = (
            _("%(count)d人は、まだ1食目を受け取っていません。おかわりは記録していません。")
            if seconds
            else _("%(count)d人は、もう受け取っています。二重には記録していません。")
        )
        flash.error(request, told % {"count": left})
