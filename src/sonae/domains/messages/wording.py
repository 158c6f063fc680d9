"""The words of messages (文面): per kind, level, channel and language, as data.

Level first, then where, what to do, why (避難情報に関するガイドライン). Where many towns are meant, a few
and their number stand there and all of them at the end: whoever reads no further knows what to do.
Texts are our own; the terms are the guideline's. An exercise says so in its subject, first and last line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sonae.core.clock import JST
from sonae.domains.messages.channels import (
    CHANNELS,
    Limit,
    Limits,
    cut,
    limit,
    packed,
    room_of,
)

KINDS: Final = ("order", "lifting", "cancellation", "correction")

FEW: Final = 5
"""Towns named before what to do."""
_NAMES = {
    "ja": {3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保"},
    "ja-x-easy": {3: "高齢者等避難（こうれいしゃ とう ひなん）", 4: "避難指示（ひなん しじ）", 5: "緊急安全確保（きんきゅう あんぜん かくほ）"},
    "en": {3: "Evacuation of the Elderly, Etc.", 4: "Evacuation Instruction", 5: "Emergency Safety Measures"},
}  # fmt: skip
_HAZARDS = {
    "ja": {"flood": "洪水", "inland_flood": "大雨による浸水", "landslide": "土砂災害", "storm_surge": "高潮",
           "tsunami": "津波", "earthquake": "地震", "volcano": "火山", "fire": "大規模な火事"},
    "ja-x-easy": {"flood": "川の水（かわの みず）", "inland_flood": "雨の水（あめの みず）", "landslide": "がけくずれ", "storm_surge": "海の水（うみの みず）",
                  "tsunami": "津波（つなみ）", "earthquake": "地震（じしん）", "volcano": "火山（かざん）", "fire": "火事（かじ）"},
    "en": {"flood": "river flood", "inland_flood": "flooding by heavy rain", "landslide": "landslide", "storm_surge": "storm surge",
           "tsunami": "tsunami", "earthquake": "earthquake", "volcano": "volcanic eruption", "fire": "large fire"},
}  # fmt: skip
_ACTIONS = {
    "ja": {
        3: "危険な場所にいる高齢者や、避難に時間のかかる人は、いま避難を始めてください。ほかの人も避難の準備をしてください。",
        4: "危険な場所にいる人は、全員、いますぐ避難してください。",
        5: "命が危険な状況です。いまいる場所より少しでも安全な場所へ、ただちに移ってください。避難場所への移動が危ないときは、建物の高い階や、がけから離れた部屋へ。",
    },
    "ja-x-easy": {
        3: "お年寄り（としより）や 体（からだ）の 弱い（よわい）人は、いま 逃げて（にげて）ください。ほかの人も 準備（じゅんび）を してください。",
        4: "危ない（あぶない）ところにいる人は、みんな いますぐ 逃げて（にげて）ください。",
        5: "とても 危ない（あぶない）です。すぐに 安全（あんぜん）な ところへ 行って（いって）ください。外（そと）が 危ないときは、家（いえ）の 高い（たかい）階（かい）へ。",
    },
    "en": {
        3: "Elderly people and anyone who needs time to evacuate must leave dangerous places now. Everyone else should prepare to leave.",
        4: "Everyone in a dangerous place must evacuate now.",
        5: "Lives are in danger. Move at once to any safer place. If going outside is dangerous, go to a high floor or a room away from slopes.",
    },
}  # fmt: skip
_HEAD = {
    "ja": {"order": "警戒レベル{level} {name}", "lifting": "{name}を解除", "cancellation": "{name}の取消（誤って送信）", "correction": "訂正：警戒レベル{level} {name}"},
    "ja-x-easy": {"order": "警戒レベル{level} {name}", "lifting": "{name}は おわりました", "cancellation": "まちがいです：{name}", "correction": "なおしました：警戒レベル{level} {name}"},
    "en": {"order": "Level {level} {name}", "lifting": "{name} lifted", "cancellation": "Cancelled: {name} sent by mistake", "correction": "Correction: Level {level} {name}"},
}  # fmt: skip
_SAY = {
    "ja": {"where": "対象：{where}", "every": "対象のすべて：{where}", "why": "理由：{why}", "at": "{city}　{at}", "act": "とるべき行動：{act}",
           "all": "{city}の全域", "more": "ほか{n}町",
           "lifting": "{hazard}による{name}を解除しました。引き続き、川やがけには近づかないでください。",
           "cancellation": "先ほどお送りした{name}は誤りでした。取り消します。ご心配をおかけしました。",
           "correction": "先ほどの内容のうち、理由を次のように訂正します。対象と行動は変わりません。"},
    "ja-x-easy": {"where": "場所（ばしょ）：{where}", "every": "場所（ばしょ）の ぜんぶ：{where}", "why": "どうして：{why}", "at": "{city}　{at}", "act": "すること：{act}",
                  "all": "{city}の ぜんぶ", "more": "ほか{n}の 町（まち）",
                  "lifting": "{hazard}の {name}は おわりました。川（かわ）や がけには まだ 行かないで（いかないで）ください。",
                  "cancellation": "さっきの {name}は まちがいです。なにも しなくて いいです。ごめんなさい。",
                  "correction": "さっきの お知らせ（おしらせ）の 理由（りゆう）を なおします。場所（ばしょ）と すること は 同じ（おなじ）です。"},
    "en": {"where": "Area: {where}", "every": "Full list: {where}", "why": "Reason: {why}", "at": "{city}, {at}", "act": "What to do: {act}",
           "all": "all of {city}", "more": "and {n} more",
           "lifting": "The {name} for {hazard} has been lifted. Keep away from rivers and slopes.",
           "cancellation": "The {name} sent a moment ago was a mistake and is cancelled. We apologise.",
           "correction": "The reason given in the previous message has been corrected. The area and what to do are unchanged."},
}  # fmt: skip
_DRILL = {
    "ja": ("【訓練】", "これは訓練です。実際の避難情報ではありません。"),
    "ja-x-easy": (
        "【訓練（くんれん）】",
        "これは 訓練（くんれん）です。本当（ほんとう）では ありません。",
    ),
    "en": ("[DRILL] ", "This is a drill, not a real alert."),
}


def drill_words(language: str) -> tuple[str, str]:
    """Return the mark of an exercise's subject, and the line that says so."""
    return _DRILL[language]


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def spoken_at(at: datetime, language: str) -> str:
    """Return a moment in JST as people say it: 7月1日 10:00, in English 1 July 10:00."""
    local = at.astimezone(JST)
    day = f"{local.month}月{local.day}日"
    if language == "en":
        day = f"{local.day} {_MONTHS[local.month - 1]}"
    return f"{day} {local:%H:%M}"


@dataclass(frozen=True)
class Facts:
    """What a message is about; ``towns`` names of the area, empty with ``whole_city``.

    ``limits``: lengths of channels in which this city differs (`channels`).
    """

    kind: str
    level: int
    hazard: str
    towns: Sequence[str]
    whole_city: bool
    reason: str
    city: str
    city_en: str
    at: datetime
    exercise: bool
    limits: Limits = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """One text: ``subject`` (headline) and ``body``."""

    subject: str
    body: str


def area(facts: Facts, language: str, most: int | None = None) -> str:
    """Return the area in words; ``most`` towns at first sight and for the ear, which keeps no long list.

    Whoever reads must find the own town, so that in writing every one is named somewhere.
    """
    say = _SAY[language]
    most = len(facts.towns) if most is None else most
    if facts.whole_city:
        return say["all"].format(city=_city(facts, language))
    joint = ", " if language == "en" else "、"
    named = joint.join(facts.towns[:most])
    rest = len(facts.towns) - most
    return named + joint + say["more"].format(n=rest) if rest > 0 else named


def _city(facts: Facts, language: str) -> str:
    return facts.city_en if language == "en" else facts.city


def headline(facts: Facts, language: str) -> str:
    """Return the level and the name of the order, marked in an exercise."""
    name = _NAMES[language][facts.level]
    head = _HEAD[language][facts.kind].format(level=facts.level, name=name)
    return (_DRILL[language][0] if facts.exercise else "") + head


def _lines(facts: Facts, language: str) -> list[str]:
    """Return the body's lines in order: level, where, what to do, why; then every town, if they are many."""
    say = _SAY[language]
    names = {
        "name": _NAMES[language][facts.level],
        "hazard": _HAZARDS[language].get(facts.hazard, facts.hazard),
    }
    where = say["where"].format(where=area(facts, language))
    if facts.kind in ("lifting", "cancellation"):
        return [say[facts.kind].format(**names), where]
    why = facts.reason if language == "ja" and facts.reason else names["hazard"]
    lines = [
        headline(facts, language),
        say["where"].format(where=area(facts, language, FEW)),
        say["act"].format(act=_ACTIONS[language][facts.level]),
        say["why"].format(why=why),
    ]
    if len(facts.towns) > FEW and not facts.whole_city:
        lines.append(say["every"].format(where=area(facts, language)))
    return [say["correction"], *lines] if facts.kind == "correction" else lines


def _full(facts: Facts, language: str) -> str:
    """Return the text for mail, page and feed."""
    lines = _lines(facts, language)
    moment = spoken_at(facts.at, language)
    lines.append(_SAY[language]["at"].format(city=_city(facts, language), at=moment))
    if facts.exercise:
        drill = _DRILL[language][1]
        lines = [drill, *lines, drill]
    return "\n\n".join(lines)


_CALLS = {
    3: "高齢者など、避難に時間のかかる人は、いま避難を始めてください。",
    4: "危険な場所から、全員、いますぐ避難してください。",
    5: "命の危険が迫っています。ただちに、安全を確保してください。",
}
"""The call to act of a spoken text: short, because it is heard once in the rain."""


def _spoken_head(facts: Facts) -> str:
    """Return what is said twice: the call, the level, what to do."""
    name = _NAMES["ja"][facts.level]
    call = "訓練放送、訓練放送。" if facts.exercise else "緊急放送、緊急放送。"
    if facts.kind == "lifting":
        return f"{'訓練放送です。' if facts.exercise else ''}{name}を解除しました。"
    if facts.kind == "cancellation":
        return f"{call}先ほどの{name}は誤りでした。取り消します。"
    correction = "先ほどの放送を訂正します。" if facts.kind == "correction" else ""
    return f"{call}{correction}警戒レベル{facts.level}、{name}。{_CALLS[facts.level]}"


def _spoken(facts: Facts, most: int, why: str) -> str:
    """Return a spoken text that names ``most`` towns at most."""
    head = _spoken_head(facts)
    few = most == 0 and not facts.whole_city
    where = f"市内の{len(facts.towns)}町" if few else area(facts, "ja", most)
    lines = [head, head, f"対象は、{where}です。"]
    if facts.kind in ("order", "correction"):
        lines += [f"理由は、{why}です。", _ACTIONS["ja"][facts.level]]
    elif facts.kind == "lifting":
        lines.append("引き続き、川やがけには近づかないでください。")
    lines.append(f"こちらは、{facts.city}です。")
    return "\n".join([*lines, "これで、訓練放送を終わります。"] if facts.exercise else lines)


def _radio(facts: Facts) -> str:
    """Return the text to be read out: call, level and call to act, all twice; where, why, what to do.

    The order of 防災行政無線 texts; Japanese only, within about ninety seconds. What is too long
    names fewer towns and the hazard for its reason; a sentence is never cut.
    """
    hazard = _HAZARDS["ja"].get(facts.hazard, facts.hazard)
    given = " ".join(facts.reason.split()).rstrip("。") or hazard
    tries = [*((most, given) for most in (5, 3, 1, 0)), (0, hazard)]
    spoken = (_spoken(facts, most, why) for most, why in tries)
    within = limit("radio", "body", facts.limits)
    return next((text for text in spoken if _fits(text, within)), _spoken(facts, 0, hazard))


def _fits(text: str, within: Limit | None) -> bool:
    return within is None or within.fits(text)


_BRIEF = {
    "ja": {3: "高齢者や避難に時間のかかる人は、いま避難してください。", 4: "危険な場所から、全員、いますぐ避難してください。", 5: "命が危険です。ただちに身の安全を確保してください。"},
    "ja-x-easy": {3: "お年寄り（としより）は いま 逃げて（にげて）ください。", 4: "みんな いますぐ 逃げて（にげて）ください。", 5: "すぐに 安全（あんぜん）な ところへ 行って（いって）ください。"},
    "en": {3: "Elderly people and anyone who needs time: leave now.", 4: "Everyone in a dangerous place: leave now.", 5: "Protect your life at once."},
}  # fmt: skip
"""What to do, for channels that hold a few lines."""
_COUNTED = {"ja": "{n}町が対象", "ja-x-easy": "{n}の 町（まち）", "en": "{n} areas"}
_ENDED = {
    "ja": {"lifting": "{name}解除", "cancellation": "{name}取消"},
    "ja-x-easy": {"lifting": "{name} おわり", "cancellation": "{name} まちがい"},
    "en": {"lifting": "{name} lifted", "cancellation": "{name} cancelled"},
}
_TITLES = {
    "ja": "警戒レベル{level}{name}",
    "ja-x-easy": "レベル{level} {name}",
    "en": "Level {level} {name}",
}


def _title(facts: Facts, language: str, within: Limit | None) -> str:
    """Return a title that fits: level and name, then the name alone; an exercise is marked in each."""
    name = _NAMES[language][facts.level]
    mark = _DRILL[language][0] if facts.exercise else ""
    short = _ENDED[language].get(facts.kind, _TITLES[language])
    tries = [headline(facts, language), mark + short.format(level=facts.level, name=name)]
    if facts.kind not in _ENDED[language]:
        tries.append(mark + name)
    return next((text for text in tries if _fits(text, within)), cut(tries[-1], within))


def _where_for(facts: Facts, language: str, most: int | None) -> str:
    """Return the line of the area with ``most`` towns at most; with none their number."""
    if most == 0 and not facts.whole_city:
        return _COUNTED[language].format(n=len(facts.towns))
    return _SAY[language]["where"].format(where=area(facts, language, most))


def _briefer(facts: Facts, language: str) -> Iterator[list[str]]:
    """Give what a short text says after its headline, each try with fewer words: where, what to do, why."""
    say, level = _SAY[language], facts.level
    hazard = _HAZARDS[language].get(facts.hazard, facts.hazard)
    if facts.kind in ("lifting", "cancellation"):
        ended = say[facts.kind].format(name=_NAMES[language][level], hazard=hazard)
        yield from ([ended, _where_for(facts, language, most)] for most in (None, 5, 3, 1, 0))
        yield [ended]
        return
    given = " ".join(facts.reason.split())
    why = say["why"].format(why=given if language == "ja" and given else hazard)
    full, brief = say["act"].format(act=_ACTIONS[language][level]), _BRIEF[language][level]
    because = say["why"].format(why=hazard)
    for most, act, reason in (
        (None, full, why), (None, brief, why), (None, brief, because), (5, brief, because),
        (3, brief, because), (3, brief, ""), (1, brief, ""), (0, brief, ""),
    ):  # fmt: skip
        yield [_where_for(facts, language, most), act, reason]
    yield [brief]


def _short(facts: Facts, language: str, channel: str, *, titled: bool = False) -> str:
    """Return a body for a channel of few characters: level, place, action, reason, as many as fit.

    ``titled``: the level stands in the title already. A sentence is never cut.
    """
    within = room_of(channel, facts.limits)
    city = f" ({facts.city_en})" if language == "en" else f"（{facts.city}）"
    drill = [_DRILL[language][1]] if facts.exercise else []
    top = drill if titled else [_title(facts, language, within) + city]
    lines: list[str] = []
    for lines in _briefer(facts, language):
        text = "\n".join(line for line in [*top, *lines, *([] if titled else drill)] if line)
        if _fits(text, within):
            return text
    return packed([*top, *lines], within)


def texts(facts: Facts) -> dict[tuple[str, str], Text]:
    """Return every text of a message: (channel, language) → text, each within its channel's limit."""
    return {
        (channel, language): _text(facts, channel, language)
        for channel, one in CHANNELS.items()
        for language in one.languages
    }


def _text(facts: Facts, channel: str, language: str) -> Text:
    """Return the text for one channel in one language."""
    title = limit(channel, "subject", facts.limits)
    head = headline(facts, language)
    if channel == "radio":
        return Text(head, _radio(facts))
    if channel in ("web", "cap"):
        return Text(cut(head, title), _full(facts, language))
    if channel == "mail":
        city = f" ({facts.city_en})" if language == "en" else f"（{facts.city}）"
        return Text(cut(head + city, title), _full(facts, language))
    full = _full(facts, language)
    if channel == "line" and _fits(full, room_of(channel, facts.limits)):
        return Text(head, full)
    return Text(
        _title(facts, language, title), _short(facts, language, channel, titled=channel == "push")
    )
