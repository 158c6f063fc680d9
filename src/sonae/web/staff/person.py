"""One person on the desk: search, everything said of somebody in order, what was heard, what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.residents import interface as residents
from sonae.domains.safety import interface as safety
from sonae.platform.access import Actor, Audience, actor_of, audience, permits
from sonae.web import words
from sonae.web.staff.chronicle import names_of
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

HOME: Final = "/staff/people/"
MOST: Final = 20


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Find somebody of the register, or a visitor; what does not fit and what waits for two people."""
    actor, typed = actor_of(request), request.GET.get("q", "").strip()[:120]
    found, visitors, problem = None, list[safety.Visitor](), ""
    try:
        if typed:
            found = residents.search(actor, typed, limit=MOST, purpose="rescue")
            visitors = safety.visitors_called(actor, typed, MOST)
    except SonaeError as refused:
        problem = refused.detail
    context = {
        "q": typed,
        "found": found,
        "visitors": visitors,
        "problem": problem,
        "disputed": _disputed(actor),
        "deaths": _deaths(actor),
    }
    return render(request, "staff/people.html", context, status=422 if problem else 200)


def _disputed(actor: Actor) -> list[safety.History]:
    """Return the people of whom something is said that cannot be, as far as the reader may know them."""
    found = []
    for row in safety.conflicts(actor)[:MOST]:
        try:
            found.append(safety.history(actor, row.person))
        except SonaeError:
            continue
    return found


def _deaths(actor: Actor) -> list[tuple[Any, safety.History]]:
    """Return the confirmations that wait for a second person, with whom they are about."""
    if not permits(frozenset({Audience.OPERATOR}), actor.role):
        return []
    found = []
    for row in safety.deaths_waiting(actor):
        try:
            found.append((row, safety.history(actor, row.person)))
        except SonaeError:
            continue
    return found


@audience(Audience.STAFF)
def show(request: HttpRequest, person: str) -> HttpResponse:
    """Show one person's history; the look is recorded where the person can read it."""
    return _page(request, person)


def _page(request: HttpRequest, person: str, problem: str = "", status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    found = safety.history(actor, person)
    may = permits(frozenset({Audience.OPERATOR}), actor.role)
    deaths = safety.deaths_of(actor, found.keys) if may else []
    names = names_of({step.sighting.actor for step in found.steps})
    context = {
        "one": found,
        "told": words.CONDITIONS.get(found.state.status) if found.state else None,
        "where": words.DIRECTIONS.get(found.state.direction) if found.state else None,
        "dispute": words.DISPUTES.get(found.dispute, ""),
        "sides": [_line(row, names) for row in found.sides],
        "steps": [(_line(step.sighting, names), step) for step in found.steps],
        "deaths": [(row, words.DEATH_BASES.get(row.basis, row.basis)) for row in deaths],
        "no_death": not any(row.state in ("proposed", "agreed") for row in deaths),
        "may_agree": permits(frozenset({Audience.APPROVER}), actor.role),
        "sources": [(key, words.SOURCES[key]) for key in safety.HEARD],
        "conditions": [(key, words.CONDITIONS[key]) for key in safety.STATED],
        "places": [(key, words.DIRECTIONS[key]) for key in safety.HEARD_PLACES],
        "bases": words.DEATH_BASES.items(),
        "story": _story(actor, found),
        "form": str(uuid7()),
        "typed": request.POST,
        "problem": problem,
        "stale": found.state is not None and clock.now() - found.state.seen_at > safety.STALE,
        "actor": actor,
    }
    return render(request, "staff/person.html", context, status=status)


def _story(actor: Actor, found: safety.History) -> list[tuple[str, safety.LinkStep, str]]:
    """Return what people have said of who this is: in words, the event, by whom."""
    steps = safety.link_story(actor, found)
    names = names_of({one.link.by for one in steps})
    return [(str(words.LINK_STEPS[one.what]), one, names.get(one.link.by, "")) for one in steps]


def _line(row: safety.Sighting, names: dict[str, str]) -> dict[str, Any]:
    """Return one sighting in words."""
    return {
        "row": row,
        "source": words.SOURCES.get(row.source, row.source),
        "what": words.DIRECTIONS.get(row.direction, row.direction),
        "to": row.bound_for.name if row.bound_for else "",
        "where": "　".join(
            part for part in (row.facility.name if row.facility else "", row.place) if part
        ),
        "who": names.get(row.actor, ""),
    }


@audience(Audience.OPERATOR)
def act(request: HttpRequest, person: str, verb: str) -> HttpResponse:
    """Take something down, settle, undo, or take a step about a death."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    if verb not in ACTS:
        raise SonaeError("not_found", _("この操作はありません。"))
    try:
        flash.success(request, ACTS[verb](request, actor_of(request), person))
    except SonaeError as refused:
        if refused.code in ("forbidden", "not_found"):
            raise
        problem = f"{refused.detail} {refused.hint or ''}".strip()
        return _page(request, person, problem, 422)
    return HttpResponseRedirect(in_world(f"{HOME}{person}/"))


def _heard(request: HttpRequest, actor: Actor, person: str) -> str:
    post = request.POST.get
    safety.take_down(
        actor, person, source=post("source", ""), status=post("status", ""),
        direction=post("direction", "report"), place=post("place", ""),
        at=moment_of(post("at", "")), teller=post("teller", ""), note=post("note", ""),
        form=_uuid(post("form", "")),
    )  # fmt: skip
    return _("記録しました。だれが言ったことかも残っています。")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise SonaeError("unprocessable", _("もう一度、画面を開いてやり直してください。")) from None


def _settle(request: HttpRequest, actor: Actor, person: str) -> str:
    side = _uuid(request.POST.get("side", ""))
    safety.settle(actor, person, side, request.POST.get("reason", ""))
    return _("食い違いを整理しました。どちらの記録も残っています。取り消すこともできます。")


def _undo(request: HttpRequest, actor: Actor, person: str) -> str:
    wanted = _uuid(request.POST.get("sighting", ""))
    if wanted not in {step.sighting.pk for step in safety.history(actor, person).steps}:
        raise SonaeError("not_found", _("この記録はありません。"))
    safety.undo(actor, wanted)
    return _("この記録を取り消しました。消えてはいません。")


def _unlink(request: HttpRequest, actor: Actor, person: str) -> str:
    wanted = request.POST.get("visitor", "")
    known = {str(one.pk): one.pk for one, _link in safety.history(actor, person).aliases}
    if wanted not in known:
        raise SonaeError("not_found", _("この人は登録されていません。"))
    safety.unlink(actor, known[wanted], request.POST.get("reason", ""))
    return _("結び付きを解きました。別の人として数えます。")


def _death(request: HttpRequest, actor: Actor, person: str) -> str:
    post = request.POST.get
    at = moment_of(post("at", ""))
    safety.propose_death(
        actor, person, post("basis", ""), at or clock.now(), post("place", ""), post("note", "")
    )
    return _("提案しました。もう1人が確かめるまで、どこにも出ません。")


def _decide(request: HttpRequest, actor: Actor, person: str) -> str:
    wanted, step = request.POST.get("death", ""), request.POST.get("step", "")
    keys = safety.history(actor, person).keys
    rows = {str(row.pk): row for row in safety.deaths_of(actor, keys)}
    if wanted not in rows:
        raise SonaeError("not_found", _("この死亡の確認はありません。"))
    safety.decide_death(actor, rows[wanted].pk, step, request.POST.get("note", ""))
    return _("記録しました。")


ACTS: Final[dict[str, Callable[[HttpRequest, Actor, str], str]]] = {
    "heard": _heard,
    "settle": _settle,
    "undo": _undo,
    "unlink": _unlink,
    "death": _death,
    "decide": _decide,
}
