"""安否照会 in words: who asks, how it was made sure, what is told, and the one wording of no answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.clock import JST
from sonae.web import words

ASKERS = {
    "kin_household": lazy("同居の家族"),
    "kin": lazy("親族（同居していない）"),
    "institution": lazy("職場・学校・病院など"),
    "acquaintance": lazy("知人・友人"),
    "municipality": lazy("ほかの市町村・都道府県"),
    "police": lazy("警察・消防"),
}
CHANNELS = {
    "window": lazy("窓口"),
    "phone": lazy("電話"),
    "letter": lazy("文書・メール"),
    "online": lazy("この市のページ"),
}
IDENTITIES = {
    "my_number_card": lazy("マイナンバーカード"),
    "licence": lazy("運転免許証"),
    "passport": lazy("旅券"),
    "residence_card": lazy("在留カード"),
    "other_card": lazy("そのほかの公的な書類"),
    "call_back": lazy("電話をかけ直して確かめた"),
    "official_letter": lazy("公文書（市町村・警察など）"),
    "known": lazy("職員が本人を知っている"),
}
BY_KEY = {"partner_key": lazy("登録した市町村の鍵")}
"""How another city has shown who it is; no clerk chooses it."""
SEXES = {"1": lazy("男"), "2": lazy("女")}
INJURIES = {"no": lazy("なし"), "yes": lazy("あり"), "unknown": lazy("分からない")}
CONDITIONS = {
    "safe": lazy("無事を確認"),
    "injured": lazy("けがをしている"),
    "needs_help": lazy("助けを求めている"),
    "unknown": lazy("連絡があった"),
    "deceased": lazy("亡くなった"),
}
CHOICES = {
    "law": lazy("法律の範囲で答えてよい"),
    "more": lazy("くわしく答えてよい"),
    "no": lazy("答えないでほしい"),
}
GROUPS = {
    "kin": lazy("家族・親族"),
    "acquaintance": lazy("知人、職場、学校"),
    "public": lazy("だれでも（安否情報サイトなどへの公開）"),
}
MORE = {
    "kin": lazy("けがのようすのほかに、いまいる所も"),
    "acquaintance": lazy("けがの有無とようすも"),
    "public": lazy("氏名とけがの有無"),
}
PROBLEMS = {
    "missing": lazy("必要な項目がない"),
    "bad_id": lazy("記録IDの形が正しくない"),
    "other_domain": lazy("認めていない発行元"),
    "bad_date": lazy("日時として読めない"),
    "bad_value": lazy("値が決まりに合わない"),
    "unknown_field": lazy("知らない項目"),
    "twice": lazy("同じ項目が2度ある"),
    "too_long": lazy("長すぎる"),
    "photo": lazy("写真のアドレス"),
}
ACTIONS = {
    "left_out": lazy("この記録を取り込まない"),
    "kept": lazy("長さを切って取り込む"),
    "dropped": lazy("この項目だけ取り込まない"),
}
COUNTS = {
    "person": lazy("人の記録"),
    "note": lazy("メモ"),
    "new": lazy("新しい記録"),
    "newer": lazy("持っているものより新しい"),
    "same_or_older": lazy("すでにある（変えない）"),
    "heard": lazy("無事・連絡ありとして台帳に入る"),
    "sightings": lazy("台帳に入れた"),
    "dead": lazy("亡くなったという知らせ（台帳には入れない）"),
    "expired": lazy("期限が過ぎている（日付だけ残す）"),
    "left_out": lazy("取り込まない"),
    "defects": lazy("欠陥"),
}
PFIF_STATUSES = {
    "information_sought": lazy("さがしている"),
    "is_note_author": lazy("本人が書いた"),
    "believed_alive": lazy("生きていると聞いた"),
    "believed_missing": lazy("行方が分からない"),
    "believed_dead": lazy("亡くなったと聞いた"),
}


def nothing() -> str:
    """Return the one sentence for unknown, shielded and refused: it tells nothing of which it is."""
    return _(
        "この照会にお答えできる安否情報はありません。市が情報を持っていないときも、"
        "ご本人を守るためにお答えできないときも、同じ文でお知らせしています。"
    )


def told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what an answer tells as (what, value), in the order of the official form."""
    lines: list[tuple[str, str]] = []
    for kind in ("name", "kana", "birth_date", "sex", "address", "phone"):
        if kind in facts:
            text = sex(facts[kind]) if kind == "sex" else str(facts[kind])
            lines.append((words.data_kind(kind), text))
    if "held" in facts and len(facts) <= 2:
        lines.append((_("安否情報"), _("この方の安否情報が、市に届いています。")))
    if "injury" in facts:
        lines.append((words.data_kind("injury"), _said(str(INJURIES[facts["injury"]]), facts)))
    if "condition" in facts:
        safe = "heard_from" in facts and facts["condition"] == "safe"
        text = _("無事") if safe else str(CONDITIONS[facts["condition"]])
        lines.append((words.data_kind("condition"), _said(text, facts)))
    if "whereabouts" in facts:
        lines.append((words.data_kind("whereabouts"), _place(facts["whereabouts"])))
    return lines


def _said(text: str, facts: Mapping[str, Any]) -> str:
    """Return how somebody is, with who said so where nobody of the city has seen it."""
    source = facts.get("heard_from")
    if not source:
        return text
    return _("%(what)s（%(who)sから聞いた）") % {"what": text, "who": words.SOURCES[source]}


def sex(code: str) -> str:
    """Return a sex in words; empty where it is not known."""
    return str(SEXES.get(code, ""))


def _place(where: Mapping[str, str]) -> str:
    """Return where the person is, in the words of the ledger."""
    name = where.get("facility", "")
    state = SimpleNamespace(
        status="unknown", direction=where.get("direction", ""), place=where.get("place", ""),
        facility=SimpleNamespace(name=name) if name else None,
    )  # fmt: skip
    return words.whereabouts(state)


def as_of(facts: Mapping[str, Any]) -> datetime | None:
    """Return since when an answer was true, in Japan's time."""
    text = facts.get("as_of")
    return datetime.fromisoformat(text).astimezone(JST) if text else None
