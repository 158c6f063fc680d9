"""避難所にいる人の名簿: now or as of any time, as a file, on paper, and the list that hangs there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Sheltered
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import Facility
from sonae.platform import audit, paper
from sonae.platform.access import Audience, actor_of, audience
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise
from sonae.web import inquirywords, states, tablefile, words
from sonae.web.staff.safety import moment_of
from sonae.web.templatetags.sonae import in_world

TEMPLATE: Final = Path(__file__).resolve().parent.parent / "papers" / "sheltered.typ"
COLUMNS: Final = (
    lazy("氏名"), lazy("フリガナ"), lazy("生年月日"), lazy("性別"), lazy("住所"),
    lazy("支援を必要とする事由"), lazy("安否"), lazy("最後の記録"), lazy("住民・来訪者"),
)  # fmt: skip


def _place(pk: int) -> Facility:
    found = next((one for one in shelters.facilities() if one.pk == pk), None)
    if found is None:
        raise SonaeError("not_found", _("この施設は登録されていません。"))
    return found


def _asked(request: HttpRequest) -> datetime | None:
    """Return the moment asked for, None for now."""
    return moment_of(request.GET.get("at", ""))


def _written(people: Sequence[Sheltered]) -> list[tuple[Sheltered, list[str]]]:
    """Return everybody with the cells of the table, as every form of the list has them."""
    return [
        (
            one,
            [
                one.name, one.kana, words.born(one.birth_date),
                str(inquirywords.SEXES.get(one.sex, "")), one.address, one.needs,
                states.state("condition", one.status)[0],
                words.spoken(one.since.astimezone(JST)),
                _("住民") if one.resident_pk else _("来訪者"),
            ],
        )
        for one in people
    ]  # fmt: skip


@audience(Audience.OPERATOR)
def overview(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who is in a shelter, or was at a time; the looks are on the people's records."""
    place, problem, at = _place(pk), "", None
    people: list[Sheltered] = []
    try:
        at = _asked(request)
        people = safety.sheltered(actor_of(request), pk, at)
    except SonaeError as error:
        if error.code == "forbidden":
            raise
        problem = f"{error.detail} {error.hint or ''}".strip()
    context = {
        "place": place,
        "at": at,
        "typed": request.GET.get("at", ""),
        "as_of": at or clock.now(),
        "people": _written(people),
        "problem": problem,
        "columns": [str(name) for name in COLUMNS],
        "drill": is_exercise(),
    }
    return render(request, "staff/sheltered.html", context, status=422 if problem else 200)


@audience(Audience.OPERATOR)
def as_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Return the list as CSV or XLSX; that it was taken is on record."""
    if kind not in ("csv", "xlsx"):
        raise SonaeError("not_found", _("この形式では保存できません。"))
    place, at, actor = _place(pk), _asked(request), actor_of(request)
    rows = _written(safety.sheltered(actor, pk, at))
    moment = (at or clock.now()).astimezone(JST)
    with writing():
        audit.record(
            actor.id, "sheltered_exported", place.public_id, as_of=moment.isoformat(), kind=kind
        )
    title = f"{place.name} 避難者名簿 {words.spoken(moment, 'long')} 現在"
    name = f"hinansha-{place.public_id}-{moment:%Y%m%d-%H%M}"
    return tablefile.as_file(
        kind, name, title, [str(one) for one in COLUMNS], [cells for _one, cells in rows]
    )


@audience(Audience.OPERATOR)
def as_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the list on paper (A4 across) for those who run the shelter."""
    place, at, actor = _place(pk), _asked(request), actor_of(request)
    rows = _written(safety.sheltered(actor, pk, at))
    moment = (at or clock.now()).astimezone(JST)
    with writing():
        audit.record(
            actor.id, "sheltered_exported", place.public_id, as_of=moment.isoformat(), kind="pdf"
        )
    return _paper(
        _("避難者名簿"), place, moment, [str(name) for name in COLUMNS[:8]],
        [cells[:8] for _one, cells in rows], [16, 18, 18, 6, 26, 18, 12, 14],
        _("個人の秘密です。避難所の運営のほかに使わず、はり出さないでください。"), across=True,
    )  # fmt: skip


@audience(Audience.OPERATOR)
def posted(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the list that may hang in the shelter: those who are here and have agreed."""
    place = _place(pk)
    rows = safety.posted_list(actor_of(request), place)
    if not rows:
        flash.error(
            request,
            _(
                "いまここにいる人で、掲示に同意した人はいません。下の表で、本人の答えを記録してください。"
            ),
        )
        return HttpResponseRedirect(in_world(f"/staff/shelters/{pk}/people/"))
    return _paper(
        _("この避難所にいる人（掲示用）"), place, clock.now().astimezone(JST),
        [_("氏名"), _("フリガナ"), _("町")], [list(one) for one in rows], [10, 12, 10],
        _("のせてよいと答えた人だけです。ほかの人がいるかどうかは、お答えできません。"), across=False,
    )  # fmt: skip


def _paper(
    title: str, place: Facility, moment: datetime, head: list[str], rows: list[list[str]],
    widths: list[int], note: str, *, across: bool,
) -> HttpResponse:  # fmt: skip
    data: dict[str, Any] = {
        "title": title, "city": municipalities.municipality().name, "place": place.name,
        "as_of": _("%(at)s 現在") % {"at": words.spoken(moment, "long")}, "head": head, "rows": rows,
        "widths": widths, "notes": [note], "across": across,
    }  # fmt: skip
    printed = paper.render(TEMPLATE, data)
    if printed.missing:
        data["notes"].append(_("書体にない字を「〓」にしました。氏名を手で書き足してください。"))
        printed = paper.render(TEMPLATE, data)
    headers = {"Content-Disposition": f'attachment; filename="hinansha-{place.public_id}.pdf"'}
    return HttpResponse(printed.pdf, content_type="application/pdf", headers=headers)


@audience(Audience.OPERATOR)
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """Note who has agreed to stand on the list that hangs there."""
    target = HttpResponseRedirect(in_world(f"/staff/shelters/{pk}/people/"))
    if request.method != "POST":
        return target
    shown, ticked = request.POST.getlist("shown"), set(request.POST.getlist("posted"))
    actor = actor_of(request)
    here = {one.person for one in safety.sheltered(actor, pk)}
    try:
        changed = safety.agree_to_post(actor, [one for one in shown if one in here], ticked)
    except SonaeError as error:
        flash.error(request, f"{error.detail} {error.hint or ''}".strip())
    else:
        flash.success(request, _("%(count)d人の答えを記録しました。") % {"count": changed})
    return target
