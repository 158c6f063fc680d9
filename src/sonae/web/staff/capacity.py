"""受入見込み: how many people to expect where, who is left over and why, and what-ifs beside the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import typed
from sonae.core.errors import SonaeError
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.shelters import interface as shelters
from sonae.platform.access import Audience, actor_of, audience
from sonae.web import words
from sonae.web.templatetags.sonae import in_world

CAUSES = {
    "no_site": lazy("この災害に使える避難先がない"),
    "no_route": lazy("道がつながらない"),
    "known_capacity_full": lazy("定員が分かる避難先がすべて満員"),
    "unknown_capacity": lazy("残るのは定員不明の避難先だけ"),
}
TOTALS = (
    ("people", lazy("これから避難する人"), ""),
    ("served", lazy("定員の中に入れる人"), ""),
    ("uncounted", lazy("定員不明の避難先へ向かう人"), ""),
    ("left", lazy("入れる避難先がない人"), ""),
    ("redirected", lazy("最寄りとは別の避難先を案内する人"), ""),
    ("mean_m", lazy("歩く距離の平均"), "m"),
)
NO_LINE: Mapping[str, int] = {"coming": 0, "nearest": 0, "present": -1, "capacity": -1}


@dataclass(frozen=True)
class Line:
    """One facility: what a computation expects there (``told``), and in a what-if (``then``)."""

    place: shelters.Place
    told: Mapping[str, Any]
    then: Mapping[str, Any] | None = None

    @property
    def capacity(self) -> int | None:
        """People it takes, None = unknown."""
        return _capacity(self.told, self.place)

    @property
    def present(self) -> int | None:
        """People inside when it was computed, None = never reported."""
        return int(self.told["present"]) if int(self.told["present"]) >= 0 else None

    @property
    def then_capacity(self) -> int | None:
        """People it would take, None = unknown."""
        return _capacity(self.then or NO_LINE, self.place)

    @property
    def total(self) -> int:
        """People there and people to come."""
        return _total(self.told)

    @property
    def then_total(self) -> int:
        """The same in the what-if."""
        return _total(self.then or NO_LINE)

    @property
    def change(self) -> int:
        """More people expected than now, or fewer."""
        return self.then_total - self.total

    @property
    def percent(self) -> int | None:
        """Share of the capacity that will be used; None when it is unknown or nothing."""
        return round(100 * self.total / self.capacity) if self.capacity else None

    @property
    def admitting(self) -> bool:
        """Whether people are sent there now."""
        return self.place.state in shelters.ADMITTING

    @property
    def can_open(self) -> bool:
        """Whether it could be opened: not sent to now, and nothing says that it cannot be used."""
        return not self.admitting and self.place.facility.usable != "no"


def _capacity(line: Mapping[str, Any], place: shelters.Place) -> int | None:
    """Return the capacity a computation used, or the place's own where it used none."""
    found = int(line["capacity"])
    return found if found >= 0 else None if line is not NO_LINE else place.capacity


def _total(line: Mapping[str, Any]) -> int:
    return int(line["coming"]) + max(int(line["present"]), 0)


def lines(now: Mapping[str, Any], then: Mapping[str, Any] | None = None) -> list[Line]:
    """Return every emergency site and every place with people, the fullest first."""
    told = {site["pk"]: site for site in now.get("sites", [])}
    other = {site["pk"]: site for site in then.get("sites", [])} if then else {}
    found = [
        Line(place, told.get(pk, NO_LINE), other.get(pk, NO_LINE) if then else None)
        for place in shelters.places(safety.occupancies())
        if (pk := place.facility.pk) in told or pk in other or place.site
    ]
    return sorted(found, key=lambda one: (one.percent is None, -(one.percent or 0), -one.total))


def totals(
    now: Mapping[str, Any], then: Mapping[str, Any] | None = None
) -> list[tuple[str, str, int, int | None, int | None]]:
    """Return name, unit, number now, number in the what-if, and the difference."""
    return [
        (str(name), unit, _number(now, key), _number(then, key), _number(then, key, now))
        if then
        else (str(name), unit, _number(now, key), None, None)
        for key, name, unit in TOTALS
    ]


def _number(found: Mapping[str, Any], key: str, less: Mapping[str, Any] | None = None) -> int:
    """Return one total, less the same of another computation."""
    left = sum(found["unserved"].values()) if key == "left" else found.get(key, 0)
    value = int(left)
    return value - _number(less, key) if less is not None else value


def causes(
    now: Mapping[str, Any], then: Mapping[str, Any] | None = None
) -> list[tuple[str, int, int | None]]:
    """Return the people left over by cause, now and in the what-if."""
    return [
        (str(name), now["unserved"].get(code, 0), then["unserved"].get(code, 0) if then else None)
        for code, name in CAUSES.items()
    ]


def _unserved(found: Mapping[str, Any], *causes: str) -> int:
    """Return how many people are left over for these causes."""
    return sum(int(found["unserved"].get(code, 0)) for code in causes)


def towns(found: Mapping[str, Any]) -> list[tuple[int, str, int, str]]:
    """Return towns with people left over: key, name, people, causes for reading; the most first."""
    names = {str(town.pk): town.name for town in municipalities.towns()}
    rows = [
        (
            int(pk),
            names.get(pk, _("不明")),
            sum(by_cause.values()),
            "・".join(f"{CAUSES[code]} {people:,}" for code, people in by_cause.items()),
        )
        for pk, by_cause in found.get("towns", {}).items()
    ]
    return sorted(rows, key=lambda row: -row[2])


@audience(Audience.STAFF)
def overview(request: HttpRequest) -> HttpResponse:
    """Show what to expect where, and the form of a what-if."""
    made, run = evacuation.current_assignment(), evacuation.current_run()
    context: dict[str, Any] = {
        "made": made,
        "run": run if run is not None and run.hazards else None,
        "what_ifs": [(one, told_changes(one)) for one in evacuation.what_ifs()],
    }
    if made is not None:
        context |= {
            "summary": made.summary,
            "totals": totals(made.summary),
            "causes": causes(made.summary),
            "left": _number(made.summary, "left"),
            "full": _unserved(made.summary, "known_capacity_full", "unknown_capacity"),
            "wayless": _unserved(made.summary, "no_site", "no_route"),
            "towns": towns(made.summary),
            "lines": lines(made.summary),
            "flooded": evacuation.sites_under_water(),
            "hazards": "・".join(words.hazard(item["hazard"]) for item in made.run.hazards),
        }
    return render(request, "staff/capacity.html", context)


def _asked(request: HttpRequest) -> evacuation.Changes:
    """Read the form: boxes to close and to open, and numbers of people that differ from before."""
    posted = request.POST
    people: dict[int, int] = {}
    for name, value in posted.items():
        pk, text = name.removeprefix("capacity-"), typed.number(str(value))
        if name == f"capacity-{pk}" and pk.isdecimal() and text:
            if not text.isdecimal():
                raise SonaeError(
                    "unreadable", _("受入人数は0以上の整数で入力してください。"), _("例：250")
                )
            people[int(pk)] = int(text)
    boxes = {
        name: frozenset(int(pk) for pk in posted.getlist(name) if pk.isdecimal())
        for name in ("close", "open")
    }
    return evacuation.Changes(boxes["close"], boxes["open"], people)


@audience(Audience.OPERATOR)
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a what-if and go to its page, which shows how far it is."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    try:
        made = evacuation.ask(actor_of(request), _asked(request))
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return HttpResponseRedirect(in_world("/staff/capacity/#what-if"))
    return HttpResponseRedirect(in_world(f"/staff/capacity/{made.pk}/"))


def told_changes(found: evacuation.WhatIf) -> list[str]:
    """Return what a what-if changes, in sentences."""
    changes = evacuation.changes_of(found.changes)
    names = {row.pk: row.name for row in shelters.facilities()}
    said = [_("%(name)sを閉める") % {"name": names.get(pk, "?")} for pk in sorted(changes.close)]
    said += [_("%(name)sを開く") % {"name": names.get(pk, "?")} for pk in sorted(changes.open)]
    return said + [
        _("%(name)sの受入人数を%(people)s人にする")
        % {"name": names.get(pk, "?"), "people": f"{people:,}"}
        for pk, people in sorted(changes.capacity.items())
    ]


def _context(found: evacuation.WhatIf) -> dict[str, Any]:
    """Return what the page of a what-if shows."""
    context: dict[str, Any] = {"one": found, "changes": told_changes(found)}
    if found.result:
        now, then = found.result["now"], found.result["then"]
        context |= {
            "totals": totals(now, then),
            "causes": causes(now, then),
            "lines": [line for line in lines(now, then) if line.change or _listed(line, found)],
            "towns": towns(then),
        }
    return context


def _listed(line: Line, found: evacuation.WhatIf) -> bool:
    """Tell whether the what-if is about this facility."""
    changes = evacuation.changes_of(found.changes)
    pk = line.place.facility.pk
    return pk in changes.close or pk in changes.open or pk in changes.capacity


@audience(Audience.STAFF)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a what-if beside the present plan, or how far it is."""
    return render(request, "staff/what_if.html", _context(evacuation.what_if(pk)))


@audience(Audience.STAFF)
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part of the page that moves; when it is done the browser loads the whole page."""
    found = evacuation.what_if(pk)
    answer = render(request, "staff/parts/what_if.html", {"one": found})
    if found.status not in {"waiting", "running"}:
        answer["HX-Refresh"] = "true"
    return answer


@audience(Audience.OPERATOR)
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether it is meant, naming every report that will be made; then make them."""
    found = evacuation.what_if(pk)
    if request.method != "POST":
        context = {"one": found, "steps": evacuation.steps(found)}
        return render(request, "staff/what_if_adopt.html", context)
    try:
        done = evacuation.adopt(actor_of(request), pk)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint}".strip())
        return HttpResponseRedirect(in_world(f"/staff/capacity/{pk}/"))
    flash.success(
        request,
        _("試算 第%(number)s号を採用し、%(count)s件を報告しました。計画は自動で計算し直します。")
        % {"number": found.number, "count": len(done)},
    )
    return HttpResponseRedirect(in_world("/staff/capacity/"))


@audience(Audience.OPERATOR)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Discard a what-if; the present plan was never touched."""
    if request.method != "POST":
        raise SonaeError("unreadable", _("このアドレスは、ボタンから使います。"))
    evacuation.discard_what_if(actor_of(request), pk)
    flash.success(request, _("試算を取り消しました。いまの計画は変わっていません。"))
    return HttpResponseRedirect(in_world("/staff/capacity/"))
