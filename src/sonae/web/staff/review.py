"""照合の確認: one person as written beside at most five who it may be; answered by keys, mouse or form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from sonae.core import clock, wareki
from sonae.core.errors import SonaeError
from sonae.core.typed import key_of
from sonae.domains.residents.interface import Person
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import Asked, Choice, Written
from sonae.platform.access import Audience, actor_of, audience
from sonae.web.staff import rosterwords
from sonae.web.staff.differences import Part, marked
from sonae.web.staff.rosters import told
from sonae.web.templatetags.sonae import in_world

HOME = "/staff/review/"
_WIDTH, _ZERO = 160.0, 60.0
"""Width of the picture of the weights, and where nothing speaks for or against."""
_BIT = 2.5
"""Width of one bit; what is beyond the picture ends at its edge."""


@dataclass(frozen=True)
class Bar:
    """One weight: its name, in bits, and its bar, which begins where the one before it ended."""

    name: str
    bits: float
    start: float
    width: float
    good: bool


@dataclass(frozen=True)
class Cell:
    """One thing compared: its name, the candidate's writing in parts, whether anything differs."""

    name: str
    parts: tuple[Part, ...]
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One candidate of the page."""

    choice: Choice
    percent: int
    cells: list[Cell]
    bars: list[Bar]
    total: float


def rows_of(asked: Asked) -> list[Row]:
    """Return the candidates with their differences and weights."""
    return [_row(asked.who, one) for one in asked.choices]


def _row(who: Written, one: Choice) -> Row:
    other = one.resident or one.written
    if other is None:
        raise SonaeError("not_found", _("この候補は登録されていません。"))
    bars = _bars(one.weights)
    total = sum(bar.bits for bar in bars)
    return Row(one, round(100 * one.probability), compared(who, other), bars, total)


def compared(who: Written, other: Written | Person) -> list[Cell]:
    """Return two writings of what may be one person, thing by thing."""
    sex = rosterwords.sex(other.sex)
    note = _born_note(who, other.birth_date)
    return [
        Cell(_("氏名"), marked(who.name, other.name)),
        Cell(_("フリガナ"), marked(who.kana, other.kana)),
        Cell(_("生年月日"), marked(who.birth_date, other.birth_date), note),
        Cell(_("性別"), marked(rosterwords.sex(who.sex), sex)),
        Cell(_("住所"), marked(who.address, other.address)),
    ]


def _born_note(who: Written, born: str) -> str:
    """Return the candidate's birth date as people say it, with the age where the paper has one."""
    day = wareki.parse(born) if born else None
    if day is None or day.earliest is None or not day.exact:
        return ""
    said = wareki.format_long(day.earliest)
    if who.age:
        on = who.line.roster.as_of if who.line else clock.now()
        years = wareki.age(day.earliest, on.astimezone(clock.JST).date())
        said += "　" + _("%(age)s歳（紙には%(written)s歳）") % {"age": years, "written": who.age}
    return said


def _bars(weights: Mapping[str, float]) -> list[Bar]:
    """Return the weights one upon the other (a waterfall), those that say nothing left out."""
    bars, at = [], _ZERO
    for name, bits in weights.items():
        if abs(bits) < 0.05:
            continue
        end = at + bits * _BIT
        left, right = sorted(min(max(x, 0.0), _WIDTH) for x in (at, end))
        width = max(round(right - left, 1), 1.0)
        bars.append(
            Bar(rosterwords.weight_name(name), round(bits, 1), round(left, 1), width, bits >= 0)
        )
        at = end
    return bars


@audience(Audience.OPERATOR)
def desk(request: HttpRequest) -> HttpResponse:
    """Show the next question, or that there is none."""
    actor = actor_of(request)
    question = rosters.take_next(actor)
    if question is None:
        return render(request, "staff/review/desk.html", _around(request))
    return _page(request, question)


@audience(Audience.OPERATOR)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one question that this clerk holds."""
    actor = actor_of(request)
    question = rosters.MatchQuestion.objects.filter(pk=pk).first()
    if question is None or not rosters.keep(actor, pk):
        flash.warning(request, _("この行は、照合が済んだか、ほかの職員が見ています。"))
        return HttpResponseRedirect(in_world(HOME))
    return _page(request, question)


def _page(request: HttpRequest, question: rosters.MatchQuestion) -> HttpResponse:
    asked = rosters.asked(actor_of(request), question)
    line = asked.who.line
    context = {
        "asked": asked, "question": question, "who": asked.who, "rows": rows_of(asked),
        "roster": line.roster if line else None, "sex": rosterwords.sex(asked.who.sex),
        "twice": question.kind == "duplicate",
    }  # fmt: skip
    return render(request, "staff/review/desk.html", _around(request) | context)


def _around(request: HttpRequest) -> dict[str, Any]:
    """Return what stands around every question: how far it is, and the answer to take back."""
    actor = actor_of(request)
    found = rosters.progress(actor)
    return {
        "progress": found,
        "total": found.answered + found.open + found.later + found.second,
        "last": rosters.last_answer(actor),
        "said": {"person": _("1人を選んだ"), "none": _("だれでもない"), "later": _("あとで")},
    }


@audience(Audience.OPERATOR)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an answer and go on to the next question."""
    if request.method == "POST":
        person = request.POST.get("person", "")
        what = "person" if person.isdecimal() else request.POST.get("answer", "")
        try:
            made = rosters.answer(
                actor_of(request), pk, what, key_of(person) if person.isdecimal() else None
            )
            flash.success(request, _said(made))
        except SonaeError as error:
            flash.error(request, told(error))
    return HttpResponseRedirect(in_world(HOME))


def _said(made: rosters.MatchDecision) -> str:
    if made.answer == "later":
        return _("あとでもう一度聞きます。")
    if made.proposed and made.question.state == "open":
        return _("先の職員の答えと違いました。もう一度、別の職員に聞きます。")
    if made.proposed:
        return _("記録しました。もう1人の職員が確かめると決まります。")
    if made.answer == "none":
        return _("候補のだれでもない、と記録しました。")
    return _("同じ人として記録しました。")


@audience(Audience.OPERATOR)
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last answer back and show its question again."""
    actor, pk = actor_of(request), request.POST.get("decision", "")
    if request.method != "POST" or not pk.isdecimal():
        return HttpResponseRedirect(in_world(HOME))
    try:
        question = rosters.undo(actor, key_of(pk))
    except SonaeError as error:
        flash.error(request, told(error))
        return HttpResponseRedirect(in_world(HOME))
    flash.success(request, _("取り消しました。すべて、答える前に戻っています。"))
    return HttpResponseRedirect(in_world(f"{HOME}{question.pk}/"))


@audience(Audience.OPERATOR)
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the question while it is being looked at; 409 when another clerk has it by now."""
    held = request.method == "POST" and rosters.keep(actor_of(request), pk)
    return HttpResponse(status=204 if held else 409)
