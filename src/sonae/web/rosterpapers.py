"""個別避難計画 and 避難行動要支援者名簿 on paper; who stands on it was decided by `consent.disclose`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from sonae.core import clock
from sonae.core.clock import JST
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.residents.interface import plans
from sonae.platform import paper
from sonae.platform.access import Actor
from sonae.web import words

TEMPLATE: Final = Path(__file__).resolve().parent / "papers" / "roster.typ"


def plan(one: plans.Entry) -> bytes:
    """Return one person's plan (A4): the legal items, where to, by which way, with whom."""
    return _printed({"title": _("個別避難計画"), "plan": _plan(one), "rows": [], **_frame("", "")})


def roster(found: Sequence[plans.Entry], town: int, body: str, actor: Actor) -> bytes:
    """Return the roster of a town (A4 across) for the body named on it."""
    names = {one.pk: one.name for one in municipalities.towns()}
    lead = _("提供先：%(body)s　%(town)s　%(count)s人") % {
        "body": body, "town": names.get(town, ""), "count": f"{len(found):,}",
    }  # fmt: skip
    rows = [_row(one) for one in found]
    told = {"title": _("避難行動要支援者名簿"), "plan": None, "rows": rows}
    return _printed({**told, **_frame(lead, _("依頼 %(who)s") % {"who": actor.name or actor.id})})


def _printed(data: dict[str, Any]) -> bytes:
    """Return the PDF; letters that no font has are named on the page, to be written by hand."""
    printed = paper.render(TEMPLATE, data)
    if printed.missing:
        data["notes"].append(_("書体にない字を「〓」にしました。氏名を手で書き足してください。"))
        printed = paper.render(TEMPLATE, data)
    return printed.pdf


def _frame(lead: str, asked: str) -> dict[str, Any]:
    """Return what stands around: city, day, how to treat the paper (第49条の13: 秘密保持義務)."""
    city = municipalities.municipality()
    made = clock.now().astimezone(JST)
    return {
        "city": city.name,
        "made": _("作成 %(made)s") % {"made": f"{made:%Y-%m-%d %H:%M}"},
        "lead": f"{lead}　{asked}".strip("　"),
        "notes": [
            _("個人の秘密です。避難の支援のほかに使わず、ほかの人に見せないでください（災害対策基本法 第49条の13）。")
        ],
        "head": [_("氏名"), _("生年月日・性別"), _("住所又は居所"), _("連絡先"), _("必要とする事由"), _("実施者・避難先")],
    }  # fmt: skip


def _sex(code: str) -> str:
    return {"1": _("男"), "2": _("女")}.get(code, _("不明"))


def _row(one: plans.Entry) -> list[str]:
    """Return one line of the roster; a dash where nothing was decided for, never "unknown" or "none"."""
    helper = one.supporters[0] if one.supporters else None
    whom = " ".join(filter(None, (helper.name, helper.phone))) if helper else ""
    reason = "　".join(
        filter(None, (one.registrant.reason, _("車いす") if one.registrant.wheelchair else ""))
    )

    def absent(kind: str, word: str) -> str:
        return word if kind in one.fields else "–"

    return [
        f"{one.name}\n{one.kana}",
        f"{one.birth_written or words.born(one.birth_date) or '–'}\n"
        f"{_sex(one.sex) if 'sex' in one.fields else '–'}",
        one.registrant.dwelling or one.address or "–",
        "\n".join(filter(None, (one.phone, one.registrant.contact))) or absent("phone", _("不明")),
        reason or "–",
        "\n".join(filter(None, (whom, one.plan.destination if one.plan else "")))
        or absent("needs", _("計画なし")),
    ]


def _plan(one: plans.Entry) -> dict[str, Any]:
    """Return the parts of one plan."""
    held, row = one.plan, one.registrant
    dwelling = row.dwelling or one.address
    facts = [
        (_("氏名"), f"{one.name}（{one.kana}）"),
        (_("生年月日・性別"), f"{one.birth_written or words.born(one.birth_date)}　{_sex(one.sex)}"),
        (_("住所又は居所"), dwelling),
        (_("電話番号その他の連絡先"), "　".join(filter(None, (one.phone, row.contact, one.email))) or _("不明")),
        (_("避難支援等を必要とする事由"), "　".join(filter(None, (row.reason, row.care_level, _("車いす") if row.wheelchair else "")))),
        (_("特記事項"), row.note or "–"),
    ]  # fmt: skip
    way = [
        (
            _("避難施設その他の避難場所"),
            held.destination if held and held.destination else _("未定"),
        ),
        (_("避難路その他の避難経路"), held.route if held and held.route else _("未定")),
        (_("避難支援の方法"), held.measures if held and held.measures else "–"),
    ]
    helpers = [
        [str(h.order), h.name, h.relation, h.phone, h.address, _("有") if h.agreed else _("未確認")]
        for h in one.supporters
    ]
    consents = [
        (body, {"yes": _("同意"), "no": _("拒否")}.get(state, _("未確認")))
        for body, state in one.consents.items()
    ]
    return {
        "facts": facts, "way": way, "helpers": helpers, "consents": consents,
        "helper_head": [_("順"), _("氏名又は名称"), _("本人との関係"), _("電話番号その他の連絡先"), _("住所又は居所"), _("引き受け")],
        "who": _("避難支援等実施者"), "where": _("避難先と経路"), "agreed": _("名簿・計画の平時からの提供"),
        "nobody": _("避難支援等実施者は決まっていません。"),
    }  # fmt: skip
