"""The words of notices about warnings (お知らせ): what was announced, where, what to do, who says so.

A notice passes on what the weather service or the state announced. It never carries a 警戒レベル of
the city: the level of a telegram is 「相当」 and is said as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sonae.domains.messages.channels import (
    LANGUAGES,
    SENT,
    Limit,
    Limits,
    cut,
    limit,
    packed,
    room_of,
)
from sonae.domains.messages.wording import Text, drill_words, spoken_at
from sonae.engines.warnings.claims import NOWHERE

NOTICE_KINDS: Final = ("notice", "lifting", "cancellation")
NAMED_AREAS: Final = 8
UNNAMED: Final = NOWHERE.name

# In Japanese the telegram's own name of the warning is said.
_WHAT: Final = {
    "ja-x-easy": {
        "heavy_rain": "つよい 雨（あめ）", "landslide": "がけくずれ", "flood": "川（かわ）の 水（みず）",
        "storm_surge": "海（うみ）の 水（みず）", "tsunami": "津波（つなみ）", "earthquake": "地震（じしん）",
        "volcano": "火山（かざん）", "storm": "とても つよい 風（かぜ）", "snow_storm": "つよい 風（かぜ）と 雪（ゆき）",
        "heavy_snow": "たくさんの 雪（ゆき）", "wave": "高い（たかい）波（なみ）", "tornado": "たつまき",
        "record_rain": "とても つよい 雨（あめ）", "linear_rainband": "とても つよい 雨（あめ）",
        "civil_protection": "国（くに）からの 危険（きけん）の お知らせ（おしらせ）", "other": "危険（きけん）の お知らせ（おしらせ）",
    },
    "en": {
        "heavy_rain": "heavy rain", "landslide": "landslides", "flood": "flooding", "storm_surge": "storm surge",
        "tsunami": "tsunami", "earthquake": "earthquake", "volcano": "volcanic eruption", "storm": "storm winds",
        "snow_storm": "snowstorm", "heavy_snow": "heavy snow", "wave": "high waves", "tornado": "tornado",
        "record_rain": "record-breaking rain", "linear_rainband": "torrential rain (linear rainband)",
        "civil_protection": "civil protection alert", "other": "warning",
    },
}  # fmt: skip
_GRAVE: Final = {
    "ja-x-easy": {"emergency": "とても 危ない（あぶない）", "critical": "とても 危ない（あぶない）",
                  "warning": "危ない（あぶない）", "advisory": "気をつけて（きをつけて）", "information": "気をつけて（きをつけて）"},
    "en": {"emergency": "Emergency warning", "critical": "Critical warning", "warning": "Warning",
           "advisory": "Advisory", "information": "Information"},
}  # fmt: skip

_ACT: Final = {
    "ja": {
        "civil_protection": "近くの頑丈な建物の中か、地下へ避難してください。建物がないときは物かげに身をかくすか、地面にふせて頭を守ってください。屋内では、窓から離れてください。",
        "tsunami": "海岸や川のそばから、いますぐ高い場所へ逃げてください。警報が解除されるまで、戻らないでください。",
        "tsunami_advisory": "海の中や海岸は危険です。海から上がり、海岸から離れてください。",
        "water": "川やがけのそば、低い土地は危険です。市の避難情報と、川や雨の最新の情報を確かめ、早めに安全な場所へ移ってください。",
        "now": "命に危険が及ぶ状況です。いまいる場所より少しでも安全な場所へ、ただちに移ってください。外が危ないときは、建物の高い階や、がけから離れた部屋へ。",
        "wind": "外に出るのをひかえ、丈夫な建物の中で、窓から離れて過ごしてください。",
        "volcano": "火口の周辺から離れてください。噴石や火山灰に気をつけ、市の避難情報を確かめてください。",
        "earthquake": "あわてず、まず身を守ってください。火を消し、出口を確保し、次の揺れに備えてください。",
        "other": "最新の情報を確かめ、身の安全を守ってください。",
    },
    "ja-x-easy": {
        "civil_protection": "近く（ちかく）の 丈夫（じょうぶ）な 建物（たてもの）の 中（なか）か、地下（ちか）へ 行って（いって）ください。建物（たてもの）が ないときは、地面（じめん）に ふせて 頭（あたま）を 守って（まもって）ください。",
        "tsunami": "海（うみ）や 川（かわ）から いますぐ 離れて（はなれて）、高い（たかい）ところへ 逃げて（にげて）ください。もどらないで ください。",
        "tsunami_advisory": "海（うみ）は 危ない（あぶない）です。海（うみ）から 出て（でて）、離れて（はなれて）ください。",
        "water": "川（かわ）や がけは 危ない（あぶない）です。早く（はやく）安全（あんぜん）な ところへ 行って（いって）ください。",
        "now": "とても 危ない（あぶない）です。すぐに 安全（あんぜん）な ところへ 行って（いって）ください。外（そと）が 危ないときは、建物（たてもの）の 高い（たかい）階（かい）へ。",
        "wind": "外（そと）に 出ないで（でないで）ください。窓（まど）から 離れて（はなれて）ください。",
        "volcano": "山（やま）から 離れて（はなれて）ください。石（いし）や 灰（はい）が 飛んで（とんで）きます。",
        "earthquake": "まず 体（からだ）を 守って（まもって）ください。火（ひ）を 消して（けして）ください。また 揺れる（ゆれる）かもしれません。",
        "other": "新しい（あたらしい）お知らせ（おしらせ）を 見て（みて）、体（からだ）を 守って（まもって）ください。",
    },
    "en": {
        "civil_protection": "Go into a sturdy building or underground. With no building near, hide behind cover or lie down and protect your head. Indoors, keep away from windows.",
        "tsunami": "Leave the coast and rivers at once and go to high ground. Do not return until the warning is lifted.",
        "tsunami_advisory": "The sea and the shore are dangerous. Get out of the water and leave the shore.",
        "water": "Rivers, slopes and low ground are dangerous. Check the city's evacuation orders and move to a safe place early.",
        "now": "Lives are in danger. Move at once to any safer place. If going outside is dangerous, go to a high floor or a room away from slopes.",
        "wind": "Stay indoors in a sturdy building and keep away from windows.",
        "volcano": "Keep away from the crater. Beware of rocks and ash, and follow the city's evacuation orders.",
        "earthquake": "Protect yourself first. Put out flames, secure your way out and expect further shaking.",
        "other": "Check the latest information and protect yourself.",
    },
}  # fmt: skip
_SAY: Final = {
    "ja": {"head": "{kind}", "told": "{office}が{kind}を発表しました（{at}）。", "where": "区域：{where}", "more": "ほか{n}区域",
           "level": "警戒レベル{level}相当の情報です。避難情報（高齢者等避難・避難指示・緊急安全確保）は、市が別に出します。",
           "act": "とるべき行動：{act}", "from": "{city}　この情報は、発表された内容を市がそのままお伝えするものです。",
           "lifting_head": "{kind}は終わりました", "lifting": "{kind}は終わりました（{at}）。引き続き、危険な場所には近づかないでください。",
           "cancellation_head": "取消：{kind}のお知らせ", "cancellation": "先ほどお送りした「{kind}」のお知らせは誤りでした。取り消します。ご心配をおかけしました。"},
    "ja-x-easy": {"head": "{what}　{grave}", "told": "{what}の お知らせ（おしらせ）です（{at}）。", "where": "場所（ばしょ）：{where}", "more": "ほか{n}",
                  "level": "警戒レベル（けいかいレベル）{level}と 同じ（おなじ）くらい 危ない（あぶない）です。逃げる（にげる）ときの お知らせ（おしらせ）は、市（し）が 出します（だします）。",
                  "act": "すること：{act}", "from": "{city}",
                  "lifting_head": "{what}の お知らせ（おしらせ）は おわりました", "lifting": "{what}の お知らせ（おしらせ）は おわりました（{at}）。危ない（あぶない）ところには まだ 行かないで（いかないで）ください。",
                  "cancellation_head": "まちがいです：{what}の お知らせ（おしらせ）", "cancellation": "さっきの {what}の お知らせ（おしらせ）は まちがいです。なにも しなくて いいです。ごめんなさい。"},
    "en": {"head": "{grave}: {what}", "told": "{grave} for {what}, announced {at} ({kind}).", "where": "Area: {where}", "more": "and {n} more",
           "level": "This corresponds to alert level {level}. Evacuation orders are issued separately by the city.",
           "act": "What to do: {act}", "from": "{city}: passed on as announced.",
           "lifting_head": "Ended: {what}", "lifting": "The warning for {what} has ended ({at}). Keep away from dangerous places.",
           "cancellation_head": "Cancelled: notice about {what}", "cancellation": "The notice about {what} sent a moment ago was a mistake and is cancelled. We apologise."},
}  # fmt: skip
_OWN: Final = {
    "ja": {"lifting_head": "終わりました：{what}", "lifting": "「{what}」は終わりました（{at}）。ご協力ありがとうございました。",
           "cancellation_head": "取消：{what}", "cancellation": "先ほどお送りした「{what}」は誤りでした。取り消します。ご心配をおかけしました。"},
    "ja-x-easy": {"lifting_head": "おわりました：{what}", "lifting": "「{what}」は おわりました（{at}）。",
                  "cancellation_head": "まちがいです：{what}", "cancellation": "さっきの「{what}」は まちがいです。ごめんなさい。"},
    "en": {"lifting_head": "Over: {what}", "lifting": "“{what}” is over ({at}). Thank you for your cooperation.",
           "cancellation_head": "Cancelled: {what}", "cancellation": "“{what}” sent a moment ago was a mistake and is cancelled. We apologise."},
}  # fmt: skip
_WIND: Final = frozenset({"storm", "snow_storm", "heavy_snow", "wave", "tornado"})
_WATER: Final = frozenset(
    {"heavy_rain", "landslide", "flood", "storm_surge", "record_rain", "linear_rainband"}
)


@dataclass(frozen=True)
class NoticeFacts:
    """What a notice is about: a warning as it was announced, and the city that passes it on.

    ``kind`` of message (`NOTICE_KINDS`); ``announced`` the warning's own name; ``level`` 警戒レベル相当.
    ``own``: language → subject of a notice that people wrote, of which only the end is worded here.
    """

    kind: str
    announced: str
    phenomenon: str
    severity: str
    level: int | None
    areas: Sequence[str]
    headline: str
    office: str
    issued_at: datetime
    city: str
    city_en: str
    at: datetime
    exercise: bool
    own: Mapping[str, str] | None = None
    limits: Limits = field(default_factory=dict)


def what_to_do(phenomenon: str, severity: str) -> str:
    """Return which advice fits a warning (key of the texts)."""
    if phenomenon in ("civil_protection", "volcano", "earthquake"):
        return phenomenon
    if phenomenon == "tsunami":
        return "tsunami_advisory" if severity in ("advisory", "information") else "tsunami"
    if phenomenon in _WATER:
        return "now" if severity == "emergency" else "water"
    return "wind" if phenomenon in _WIND else "other"


def notice_texts(facts: NoticeFacts) -> dict[tuple[str, str], Text]:
    """Return every text of a notice: (channel, language) → text, each within its channel's limit."""
    made: dict[tuple[str, str], Text] = {}
    for language in LANGUAGES:
        drill, _line = drill_words(language)
        head = (drill if facts.exercise else "") + _head(facts, language)
        city = facts.city_en if language == "en" else facts.city
        said = fitted(Text(head, _body(facts, language)), city, language, facts.limits)
        made |= {(channel, language): text for channel, text in said.items()}
    return made


def fitted(whole: Text, city: str, language: str, own: Limits | None = None) -> dict[str, Text]:
    """Return one text as each channel that is sent to can hold it: channel → text.

    Short channels say the subject and the city, then the paragraphs that still fit, each whole.
    """
    mark = f" ({city})" if language == "en" else f"（{city}）"
    paragraphs = whole.body.split("\n\n")
    made = {}
    for channel in SENT:
        title, body = limit(channel, "subject", own), room_of(channel, own)
        subject = (
            _signed(whole.subject, mark, title) if channel == "mail" else cut(whole.subject, title)
        )
        if body is None:
            made[channel] = Text(subject, whole.body)
        else:
            top = [] if title else [_signed(whole.subject, mark, body)]
            made[channel] = Text(subject, packed([*top, *paragraphs], body))
    return made


def _signed(subject: str, city: str, within: Limit | None) -> str:
    """Return a subject with the city's name after it, which goes before the subject is cut."""
    if within is None or within.fits(subject + city):
        return subject + city
    return cut(subject, within)


def _words(facts: NoticeFacts, language: str) -> dict[str, str]:
    known = _WHAT.get(language, {})
    what = known.get(facts.phenomenon, known.get("other", facts.announced))
    own = (facts.own or {}).get(language)
    return {
        "kind": own or facts.announced,
        "what": own or what,
        "grave": _GRAVE.get(language, {}).get(facts.severity, ""),
        "office": facts.office,
        "city": facts.city_en if language == "en" else facts.city,
        "at": spoken_at(facts.issued_at if facts.kind == "notice" else facts.at, language),
    }


def _head(facts: NoticeFacts, language: str) -> str:
    key = "head" if facts.kind == "notice" else f"{facts.kind}_head"
    say = _OWN[language] if facts.own else _SAY[language]
    return " ".join(say[key].format(**_words(facts, language)).split("\n"))


def _body(facts: NoticeFacts, language: str) -> str:
    say, words = _SAY[language], _words(facts, language)
    where = say["where"].format(where=_where(facts, language))
    if facts.own:
        lines = [_OWN[language][facts.kind].format(**words)]
    elif facts.kind != "notice":
        lines = [say[facts.kind].format(**words), where]
    else:
        advice = _ACT[language][what_to_do(facts.phenomenon, facts.severity)]
        lines = [say["told"].format(**words), where, say["act"].format(act=advice)]
        if language == "ja" and facts.headline:
            lines.append(facts.headline)
        if facts.level is not None and facts.level >= 2:
            lines.append(say["level"].format(level=facts.level))
    lines.append(words["city"] if facts.own else say["from"].format(**words))
    if facts.exercise:
        _mark, drill = drill_words(language)
        lines = [drill, *lines, drill]
    return "\n\n".join(lines)


def _where(facts: NoticeFacts, language: str) -> str:
    joint = ", " if language == "en" else "、"
    named = [area for area in facts.areas if area and area != UNNAMED] or [
        facts.city_en if language == "en" else facts.city
    ]
    rest = len(named) - NAMED_AREAS
    more = [_SAY[language]["more"].format(n=rest)] if rest > 0 else []
    return joint.join([*named[:NAMED_AREAS], *more])
