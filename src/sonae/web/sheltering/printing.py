"""Paper twins of the pages of a shelter: filled from the record, or blank to be written on by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import qr
from sonae.domains.safety import interface as safety
from sonae.domains.sheltering import interface as sheltering
from sonae.domains.shelters import interface as shelters
from sonae.platform import audit, paper
from sonae.platform.access import Actor, Audience, actor_of, audience
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise
from sonae.web import states, words
from sonae.web.reception.recording import NEEDS
from sonae.web.sheltering import names

TEMPLATE: Final = Path(__file__).resolve().parents[1] / "papers" / "shelter.typ"
FORMS: Final[dict[str, Any]] = {
    "checkin": lazy("避難者受付票（白紙）"),
    "people": lazy("点呼・配食・健康の表（世帯ごとのQR付き）"),
    "supplies": lazy("物資の要請票（白紙）"),
    "guests": lazy("入館者名簿（白紙）"),
    "report": lazy("避難所日報（いまの数字）"),
    "handover": lazy("引継ぎ票（いまの数字）"),
}
"""The forms of one shelter."""
_VALID: Final = timedelta(days=7)
"""How long the QR of a printed sheet is read: the sheet is old by then."""
Part = dict[str, Any]


@audience(Audience.RECEPTION)
def form(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """One form as PDF, made now and kept nowhere; that it was printed is on record."""
    make, actor = _FORMS.get(form), actor_of(request)
    place = shelters.facility(pk)
    if make is None or place is None:
        raise SonaeError("not_found", _("この様式はありません。"))
    title, lead, parts = make(actor, pk, request.GET.get(form, ""))
    drill = f"【{_('訓練')}】" if is_exercise() else ""
    printed = paper.render(
        TEMPLATE,
        {
            "title": f"{drill}{title}　{place.name}", "lead": lead, "parts": parts,
            "made": f"{clock.now().astimezone(JST):%Y-%m-%d %H:%M}",
            "foot": _("個人の情報が含まれます。使い終わったら、本部に返してください。"),
        },
    )  # fmt: skip
    with writing():
        audit.record(actor.id, "sheltering.printed", f"facility:{place.public_id}", name=title)
    headers = {"Content-Disposition": f'attachment; filename="{form}-{place.public_id}.pdf"'}
    return HttpResponse(printed.pdf, content_type="application/pdf", headers=headers)


def _table(name: str, head: Sequence[str], widths: Sequence[int], rows: Sequence[Any]) -> Part:
    return {"kind": "table", "name": name, "head": head, "widths": widths, "rows": rows}


def _facts(name: str, rows: Sequence[tuple[str, str]]) -> Part:
    even = [*rows, *([("", "")] if len(rows) % 2 else [])]
    return {"kind": "facts", "name": name, "rows": even}


def _text(name: str, text: str) -> Part:
    return {"kind": "text", "name": name, "text": text or "－"}


def _blank(columns: int, rows: int) -> list[list[str]]:
    return [[""] * columns for _row in range(rows)]


def _checkin(_actor: Actor, _pk: int, _which: str) -> tuple[str, str, list[Part]]:
    """The card that a household fills in at a desk without power: what the desk's screen asks."""
    head = [
        _("氏名"), _("フリガナ"), _("生年月日"), _("性別"), _("けが・病気・薬・アレルギー"),
        _("車いす・介護・乳児など"),
    ]  # fmt: skip
    told = [(_("住所"), ""), (_("電話"), ""), (_("着いた日時"), ""), (_("ペット"), "")]
    told += [(_("車中泊・在宅"), ""), (_("部屋"), "")]
    notes = _text(_("安否を家族などに伝えてよいか・そのほか"), "\n\n")
    return (
        _("避難者受付票"),
        _("世帯で1枚書いてください。係の人があとで入力します。書けるところだけでかまいません。"),
        [
            _facts(_("世帯"), told),
            _table(_("来ている人"), head, (4, 4, 3, 1, 5, 4), _blank(6, 7)),
            notes,
        ],
    )


def _people(actor: Actor, pk: int, _which: str) -> tuple[str, str, list[Part]]:
    """Everybody inside by household, with a QR per household that the desk's search reads."""
    rows, home, people = [], "", safety.inside(actor, pk)
    codes = _codes([one.person for one in people])
    for one in people:
        first, home = one.home != home, one.home
        needs = "・".join(str(NEEDS.get(code, code)) for code in one.needs)
        rows.append([codes.get(one.person, "") if first else " ", one.name, needs, *["□"] * 5, ""])
    head = [
        "QR",
        _("氏名"),
        _("支援"),
        _("点呼"),
        _("点呼"),
        _("朝"),
        _("昼"),
        _("夕"),
        _("体温・症状"),
    ]
    lead = _("名前を一覧に出さない人は、載っていません。QRは受付と配食の検索で読めます。")
    return (
        _("点呼・配食・健康の表"),
        lead,
        [_table(_("いまいる人"), head, (3, 6, 5, 2, 2, 2, 2, 2, 5), rows or _blank(9, 12))],
    )


def _codes(people: Sequence[str]) -> dict[str, str]:
    """Return person → the SVG of the household's QR, for residents."""
    keys = [int(one[1:]) for one in people if one.startswith("r")]
    rows = residents.Resident.objects.filter(pk__in=keys, shielded=False)
    until = clock.now() + _VALID
    drawn: dict[str, str] = {}
    found = {}
    for pk, code in rows.values_list("pk", "household__card_code"):
        if code:
            if code not in drawn:
                drawn[code] = qr.svg(qr.make(qr.HOUSEHOLD, code, until))
            found[f"r{pk}"] = drawn[code]
    return found


def _supplies(_actor: Actor, pk: int, _which: str) -> tuple[str, str, list[Part]]:
    held = [
        [one.request.item, str(one.left), one.request.unit, states.state("supply", one.request.state)[0], ""]
        for one in sheltering.supplies(pk, only_open=True)
    ]  # fmt: skip
    head = [_("品名・大きさ"), _("数量"), _("単位"), _("いつまでに"), _("備考")]
    now = [_("品名"), _("あと"), _("単位"), _("状態"), _("届いた数")]
    parts = [_table(_("要請中"), now, (6, 2, 2, 3, 4), held)] if held else []
    blank = _table(_("新しい要請"), head, (6, 2, 2, 3, 4), _blank(5, 15))
    return _("物資の要請票"), "", [*parts, blank]


def _guests(_actor: Actor, _pk: int, _which: str) -> tuple[str, str, list[Part]]:
    head = [_("入館"), _("氏名"), _("所属"), _("用件"), _("退館")]
    return _("入館者名簿"), "", [_table(_("入館者"), head, (2, 4, 4, 5, 2), _blank(5, 22))]


def _report(_actor: Actor, pk: int, which: str) -> tuple[str, str, list[Part]]:
    """A report as it was sent, or with the numbers of now and room to write."""
    row = next((one for one in sheltering.reports(pk) if str(one.pk) == which), None)
    told = row.figures if row else sheltering.figures(pk)
    held = row.condition if row else {}
    lead = (
        _("報告 %(at)s　%(who)s") % {"at": words.spoken(row.at.astimezone(JST)), "who": row.by}
        if row
        else _("未報告の下書きです。")
    )
    lines = [
        (str(name), str(names.LIFELINE_STATES.get(held.get(code, ""), "")))
        for code, name in names.LIFELINES.items()
    ]
    written = [
        _text(label, held.get(key, ""))
        for key, label in (
            ("building", _("建物の状態")),
            ("trouble", _("困っていること")),
            ("plan", _("これからの予定")),
        )
    ]
    return _("避難所日報"), lead, [*_figures(told), _facts(_("ライフライン"), lines), *written]


def _handover(_actor: Actor, pk: int, which: str) -> tuple[str, str, list[Part]]:
    row = next((one for one in sheltering.handovers(pk) if str(one.pk) == which), None)
    told = row.figures if row else sheltering.figures(pk)
    hung = [[one.title, one.text] for one in sheltering.board(pk)]
    people = [(_("渡した人"), row.by if row else ""), (_("受けた人"), row.taken_by if row else "")]
    parts = [_text(_("伝えること"), row.text if row else "\n\n\n\n"), _facts(_("担当"), people)]
    board = [_table(_("掲示"), [_("見出し"), _("本文")], (2, 5), hung)] if hung else []
    return _("引継ぎ票"), "", [*parts, *_figures(told), *board]


def _figures(told: dict[str, Any]) -> list[Part]:
    """Return the numbers of a report as parts of a paper."""
    unknown = _("不明")
    health = told["health"]
    facts = [
        (_("いつの数字か"), str(told["as_of"]).replace("T", " ")[:16]),
        (_("状態"), str(states.state("facility", told["state"])[0])),
        (_("避難者"), _("%(people)d人　%(homes)d世帯") % {"people": told["people"], "homes": told["households"]}),
        (_("定員"), unknown if told["capacity"] is None else str(told["capacity"])),
        (_("住民登録にない人"), str(told["visitors"])),
        (_("車中泊・在宅で支援"), f"{told['in_car']}・{told['at_home']}"),
        (_("けが・助けが必要"), str(told["injured"])),
        (_("要支援者名簿の人"), str(told["registrants"])),
        (_("必要な食事（1回）"), str(told["meals_needed"])),
        (_("発熱・別室を勧める人"), f"{health['fever']}・{health['apart']}"),
    ]  # fmt: skip
    people = [(str(name), str(told["ages"].get(code, 0))) for code, name in names.AGES.items()]
    people += [(str(name), str(told["sexes"].get(code, 0))) for code, name in names.SEXES.items()]
    needs = [(str(NEEDS.get(code, code)), str(count)) for code, count in told["needs"].items()]
    supplies = [
        [item, str(left), unit, _("至急") if urgent else "", str(states.state("supply", state)[0])]
        for item, left, unit, urgent, state in told["supplies"]
    ]
    head = [_("品名"), _("あと"), _("単位"), _("至急"), _("状態")]
    parts = [_facts(_("避難所の数字"), facts), _facts(_("年齢と性別"), people)]
    parts += [_facts(_("必要な支援"), needs)] if needs else []
    return parts + (
        [_table(_("届いていない物資"), head, (6, 2, 2, 2, 3), supplies)] if supplies else []
    )


_FORMS: Final[dict[str, Callable[[Actor, int, str], tuple[str, str, list[Part]]]]] = {
    "checkin": _checkin, "people": _people, "supplies": _supplies, "guests": _guests,
    "report": _report, "handover": _handover,
}  # fmt: skip
