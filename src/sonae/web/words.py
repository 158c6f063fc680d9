"""Words and figures for people: times, distances, hazards, states. Unknown is said, never hidden."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock, romaji, townname, wareki
from sonae.core.errors import SonaeError

_WEEKDAYS = (lazy("月"), lazy("火"), lazy("水"), lazy("木"), lazy("金"), lazy("土"), lazy("日"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

HAZARDS = {
    "flood": lazy("洪水"),
    "inland_flood": lazy("内水氾濫"),
    "landslide": lazy("土砂災害"),
    "storm_surge": lazy("高潮"),
    "tsunami": lazy("津波"),
    "earthquake": lazy("地震"),
    "fire": lazy("大規模な火事"),
    "volcano": lazy("火山"),
}
"""The eight hazards a 指定緊急避難場所 is designated for (災害対策基本法施行令 第20条の4)."""

GROUPS = {
    "elderly": lazy("高齢者"),
    "disabled": lazy("障害のある人"),
    "child": lazy("子ども"),
    "other": lazy("支援が必要な人"),
}

ORDERERS = {
    "headquarters": lazy("災害対策本部"),
    "mayor": lazy("市長"),
    "manager": lazy("施設の管理者"),
    "residents": lazy("住民（自主開設）"),
    "prefecture": lazy("県"),
    "other": lazy("その他"),
}
"""By whose word a shelter was opened or closed (`shelters.ORDERERS`)."""

LEFT_OUT = {
    "motorway": lazy("自動車専用道路"),
    "private": lazy("立入禁止・私有の道"),
    "unbuilt": lazy("工事中・計画中・廃止の道"),
    "not_a_way": lazy("歩く道ではないもの"),
    "unknown_kind": lazy("種類の分からないもの"),
    "indoor": lazy("建物の中の通路"),
    "ford": lazy("川の中を渡る道"),
    "mountain": lazy("険しい登山道"),
    "lift": lazy("エレベーター"),
}
"""Why a line of a road file is not for people who evacuate on foot."""

NETWORK_PROBLEMS = {
    "not_a_line": lazy("線ではない"),
    "bad_position": lazy("緯度経度が正しくない"),
    "missing_node": lazy("点の位置がファイルにない"),
    "zero_length": lazy("長さが0"),
    "too_few_points": lazy("点が1つしかない"),
    "duplicate": lazy("同じ線が2度ある"),
    "not_a_number": lazy("数として読めない"),
}
NETWORK_ACTIONS = {"left_out": lazy("使わない"), "kept": lazy("この値だけ使わない")}

PHENOMENA = {
    "heavy_rain": lazy("大雨"),
    "landslide": lazy("土砂災害"),
    "flood": lazy("洪水"),
    "storm_surge": lazy("高潮"),
    "tsunami": lazy("津波"),
    "earthquake": lazy("地震"),
    "volcano": lazy("火山"),
    "civil_protection": lazy("国民保護"),
    "linear_rainband": lazy("線状降水帯"),
    "record_rain": lazy("記録的短時間大雨"),
    "tornado": lazy("竜巻"),
    "storm": lazy("暴風・強風"),
    "snow_storm": lazy("暴風雪・風雪"),
    "heavy_snow": lazy("大雪"),
    "wave": lazy("波浪"),
    "thunder": lazy("雷"),
    "fog": lazy("濃霧"),
    "dry": lazy("乾燥"),
    "avalanche": lazy("なだれ"),
    "cold": lazy("低温"),
    "frost": lazy("霜"),
    "ice_accretion": lazy("着氷"),
    "snow_accretion": lazy("着雪"),
    "snow_melt": lazy("融雪"),
    "evacuation": lazy("避難情報（他団体）"),
    "other": lazy("そのほか"),
}
"""What a warning is about (`engines.warnings.model.PHENOMENA`)."""

SEVERITIES = {
    "emergency": lazy("特別警報級（レベル5相当）"),
    "critical": lazy("危険警報級（レベル4相当）から"),
    "warning": lazy("警報級（レベル3相当）から"),
    "advisory": lazy("注意報級（レベル2相当）から"),
    "information": lazy("情報もふくめてすべて"),
}
"""From which severity on a response rule is about a warning, gravest first."""

NOTICE_PATTERNS = {
    "water": lazy("断水"),
    "boil": lazy("水の煮沸"),
    "road": lazy("通行止め"),
    "other": lazy("そのほか（白紙）"),
}
"""Patterns of notices that people write."""

GRADES = {
    "emergency": lazy("特別警報級"),
    "critical": lazy("危険警報級"),
    "warning": lazy("警報級"),
    "advisory": lazy("注意報級"),
}
"""How grave the hours of 時系列情報 are where their scale has no levels."""

RULE_ACTIONS = {
    "draft_order": lazy("避難情報の案を作る"),
    "draft_notice": lazy("お知らせの案を作る"),
    "send_notice": lazy("お知らせを自動で送る"),
    "alarm": lazy("当番を呼び出す"),
}
TRIGGERS = {
    "raised": lazy("発表された・重くなったとき"),
    "expected": lazy("これから重くなる見込みのとき"),
}

OBSTACLES = {
    "closed": lazy("通行止め"),
    "collapsed": lazy("崩壊地点"),
    "flooded": lazy("浸水"),
}
"""What somebody saw or ordered on the roads (`hazards.Obstacle.kind`)."""

DEFECTS = {
    "unreadable_value": lazy("読めない値"),
    "unreadable_colour": lazy("凡例にない色"),
    "broken_tile": lazy("壊れたタイル"),
    "missing_tile": lazy("タイルがない"),
    "no_area": lazy("面の図形がない"),
    "invalid_shape": lazy("図形の誤り（交差など）"),
    "unreadable_file": lazy("読めないファイル"),
}
DEFECT_ACTIONS = {
    "unknown": lazy("分からない所として扱った"),
    "left_out": lazy("取り込まなかった"),
    "corrected": lazy("直した"),
    "kept": lazy("そのまま取り込んだ"),
}

CHANNELS = {
    "mail": lazy("メール"),
    "push": lazy("プッシュ通知"),
    "line": lazy("LINE"),
    "sms": lazy("SMS"),
    "radio": lazy("防災行政無線"),
    "urgent": lazy("緊急速報メール"),
    "x": lazy("X（旧Twitter）"),
    "web": lazy("市のページ"),
    "cap": lazy("CAP配信"),
    "recorder": lazy("訓練の記録"),
}

CONTACT_ENDS = {
    "owner": lazy("自分で取り消しました"),
    "replaced": lazy("同じ端末を、別の人が登録しました"),
    "oldest": lazy("登録が10件をこえたため、いちばん古いものを終えました"),
    "gone": lazy("届かなくなりました。使うときは、もう一度登録してください"),
}
"""Why a contact point ended (`messages.contacts.ENDS`), as its owner reads it."""

LANGUAGES = {
    "ja": lazy("日本語"),
    "ja-x-easy": lazy("やさしい日本語"),
    "en": lazy("英語"),
}
"""Languages of a message (BCP 47), Japanese first: the order in which texts are shown."""
_TEXT_ORDER = ("web", "mail", "push", "line", "sms", "radio", "urgent", "x", "recorder", "cap")

PURPOSES = {
    "rescue": lazy("救助・安否の確認"),
    "reception": lazy("避難所の受付"),
    "reception_presented": lazy("避難所の受付（カードを見せたとき）"),
    "notification": lazy("避難の連絡"),
    "personal_page": lazy("わたしの避難のページ"),
    "account": lazy("アカウントの手続き"),
    "cards": lazy("避難カードの印刷"),
    "window": lazy("窓口での手続き"),
    "safety_inquiry": lazy("安否の照会への回答"),
    "exchange": lazy("ほかの市町村への提供"),
    "name_publication": lazy("氏名の公表の準備"),
    "posted_list": lazy("避難所の掲示"),
    "service": lazy("連携サービスへの提供"),
}
SUPPORTERS = {
    "消防機関": lazy("消防機関（消防署・消防団）"),
    "警察": lazy("警察"),
    "民生委員・児童委員": lazy("民生委員・児童委員"),
    "社会福祉協議会": lazy("社会福祉協議会"),
    "自主防災組織": lazy("自主防災組織"),
}
"""避難支援等関係者 (`consent.SUPPORTERS`); records name them as the Act does, in any language."""
GROUNDS = {
    "self": lazy("本人"),
    "household": lazy("同じ世帯の家族"),
    "duty_city": lazy("災害のときの市の仕事（法律）"),
    "duty_shelter": lazy("避難所の受付の仕事（法律）"),
    "shield": lazy("支援措置により開示しない"),
    "shield_officer": lazy("支援措置：市が決めた担当者が命を守るため"),
    "shield_presented": lazy("支援措置：カードを見せたので名前だけ"),
    "shield_notification": lazy("支援措置：連絡先だけ"),
    "emergency": lazy("緊急時の名簿提供（法律）"),
    "ordinance": lazy("市の条例"),
    "consent": lazy("本人の同意"),
    "refusal": lazy("本人が断っている"),
    "no_ground": lazy("見てよい理由がない"),
    "unknown_words": lazy("見てよい理由がない"),
    "safety_inquiry": lazy("安否を答えてよい相手（法律）"),
    "exchange": lazy("市町村どうしの提供（法律）"),
    "name_publication": lazy("安否不明者の氏名の公表"),
}
DATA_KINDS = {
    "name": lazy("氏名"),
    "kana": lazy("フリガナ"),
    "birth_date": lazy("生年月日"),
    "sex": lazy("性別"),
    "address": lazy("住所"),
    "phone": lazy("電話番号"),
    "email": lazy("メールアドレス"),
    "household": lazy("家族"),
    "needs": lazy("必要な支援"),
    "position": lazy("いる場所"),
    "danger": lazy("家の危険"),
    "safety": lazy("安否"),
    "destination": lazy("自分で決めた行き先"),
    "held": lazy("安否情報があるかどうか"),
    "injury": lazy("けが・病気の有無"),
    "condition": lazy("けが・病気のようす"),
    "whereabouts": lazy("いまいる所"),
    "town": lazy("住所（大字まで）"),
    "age": lazy("年齢"),
    "device": lazy("通知先の端末・LINE"),
}
"""What disclosures are for, on what ground, of what (`consent.rules`), as residents read it."""

PLACE_KINDS = {
    "relatives": lazy("親せき・知人の家"),
    "car_park": lazy("駐車場（車の中）"),
    "hotel": lazy("ホテル・旅館"),
    "other": lazy("そのほかの場所"),
}
"""What an own destination can be (`evacuation.timelines.PLACE_KINDS`)."""

DANGER_BANDS = {
    "grave": lazy("特に危険"),
    "inside": lazy("危険区域"),
    "unknown": lazy("未調査・地図にない危険"),
}
NEED_BANDS = {
    "registrant": lazy("要支援者"),
    "slow": lazy("高齢者・幼児"),
    "other": lazy("そのほか"),
}

SOURCES = {
    "reception": lazy("避難所の受付"),
    "self": lazy("本人"),
    "family": lazy("家族"),
    "carer": lazy("介護・支援の人"),
    "school": lazy("学校"),
    "patrol": lazy("見回り"),
    "paper": lazy("紙の名簿"),
    "post": lazy("SNSなどの投稿"),
    "other_city": lazy("ほかの市区町村"),
    "city": lazy("市の職員"),
    "system": lazy("システム"),
}
"""Who says so (`safety.SOURCES`)."""
TELLER_CHECKS = {
    "call_back": lazy("登録の番号に電話をかけ直して確かめた"),
    "document": lazy("窓口で、公的な書類で確かめた"),
    "known": lazy("職員がその人を知っている"),
    "unchecked": lazy("まだ確かめていない"),
}
"""How it was made sure who speaks for a family (`safety.CHECKS`)."""
DIRECTIONS = {
    "in": lazy("受付した"),
    "out": lazy("出た"),
    "move": lazy("移ってきた"),
    "shelter_at_home": lazy("自宅にいる"),
    "in_car": lazy("車の中にいる"),
    "elsewhere": lazy("ほかの場所にいる（親せき・宿・ほかの市など）"),
    "hospital": lazy("病院にいる"),
    "report": lazy("連絡"),
}
"""What a sighting says of where somebody is (`safety.DIRECTIONS`)."""
CONDITIONS = {
    "safe": lazy("無事"),
    "injured": lazy("けが"),
    "needs_help": lazy("助けが必要"),
    "unknown": lazy("分からない"),
    "deceased": lazy("死亡（2人で確認）"),
}
"""How somebody is, as the desk of the headquarters reads it (`safety.STATUSES`)."""
DISPUTES = {
    "two_places": lazy("ほぼ同じ時刻に、2か所で受付されています。"),
    "two_words": lazy("本人が助けを求めたあとに、離れた人が「無事」と言っています。"),
    "alive": lazy("死亡を確認したあとに、本人を見たという記録があります。"),
}
"""What cannot both be (`safety.rules.disputed`)."""
LINK_STEPS = {
    "linked": lazy("結び付けた"),
    "proposed": lazy("結び付けを提案"),
    "refused": lazy("提案を退けた"),
    "ended": lazy("別の人とした"),
    "undone": lazy("取り消した"),
}
"""What was said of who somebody is (`safety.LinkStep`)."""
DEATH_BASES = {
    "certificate": lazy("死亡診断書・死体検案書"),
    "police": lazy("警察からの連絡"),
    "hospital": lazy("病院からの連絡"),
    "other": lazy("そのほか（備考に書く）"),
}

PATROL_RESULTS = {
    "1": lazy("家にいて無事"),
    "2": lazy("けがをしている"),
    "3": lazy("助けが必要"),
    "4": lazy("留守・会えない"),
    "5": lazy("ほかの場所へ行ったと聞いた"),
}
"""Answers at the door (`safety.patrols.RESULTS`), by the key that is pressed."""


def hazard(code: str) -> str:
    """Return the name of a hazard in the reader's language."""
    return str(HAZARDS.get(code, code))


def channel(code: str) -> str:
    """Return the name of a channel in the reader's language."""
    return str(CHANNELS.get(code, code))


def contact_end(code: str) -> str:
    """Return why a contact point ended, in the reader's language."""
    return str(CONTACT_ENDS.get(code, code))


def language(code: str) -> str:
    """Return the name of a message's language."""
    return str(LANGUAGES.get(code, code))


def text_order(channel: str, language: str) -> tuple[int, int]:
    """Return what texts are sorted by: Japanese first, what people read before what machines do."""
    languages = list(LANGUAGES)
    return (
        languages.index(language) if language in languages else len(languages),
        _TEXT_ORDER.index(channel) if channel in _TEXT_ORDER else len(_TEXT_ORDER),
    )


def purpose(code: str) -> str:
    """Return what data was looked at for."""
    return str(PURPOSES.get(code, code))


def ground(code: str) -> str:
    """Return by what right data was looked at."""
    return str(GROUNDS.get(code, code))


def supporter(body: str) -> str:
    """Return the name of a body that supports people; another one as it was written."""
    return str(SUPPORTERS.get(body, body))


def data_kind(code: str) -> str:
    """Return the name of a kind of personal data."""
    return str(DATA_KINDS.get(code, code))


def whereabouts(state: Any) -> str:
    """Return where and how a person is, from the folded state (`safety.PersonState`)."""
    if state.status == "deceased":
        # Nobody learns of a death from a page; the desk has its own words for it.
        return _("市の担当者から連絡します")
    if state.status == "needs_help":
        return _("助けが必要です")
    if state.status == "injured":
        return _("けがをしています")
    if state.direction in {"in", "move"} and state.facility:
        return _("%(place)sにいます") % {"place": state.facility.name}
    fixed = {
        "shelter_at_home": _("自宅にいます"),
        "in_car": _("車の中にいます"),
        "hospital": _("病院にいます"),
        "out": _("避難所を出ました"),
    }
    if text := fixed.get(state.direction):
        return text
    told = _("無事です") if state.status == "safe" else _("連絡がありました")
    return f"{told}（{state.place}）" if state.place else told


def town(one: Any) -> str:
    """Return the name of a `Town`; in English the Latin letters go before, as far as it has a reading."""
    roman = townname.english(one.name, one.kana) if get_language() == "en" else ""
    return f"{roman} {one.name}" if roman else str(one.name)


def listed(names: Sequence[str]) -> str:
    """Return names in a row, as the reader's language writes it."""
    return (", " if get_language() == "en" else "、").join(names)


def town_row(name: str) -> str:
    """Return the name of a group of towns: a row of the syllabary, or the first and last town."""
    if len(name) > 1:
        return name
    if get_language() != "en":
        return f"{name}行"
    return f"{romaji.to_roman(name)} … ({name})"


def destination(one: Any) -> str:
    """Return an own destination (`evacuation.timelines.Destination`) in words: kind, name, where."""
    where = _("市の外") if one.outside else town(one.town) if one.town else _("場所は未記入")
    kind = str(PLACE_KINDS.get(one.kind, one.kind))
    return _("%(kind)s（%(where)s）") % {
        "kind": f"{kind}：{one.name}" if one.name else kind,
        "where": where,
    }


def born(birth_date: str) -> str:
    """Return a birth date (ISO, as far as it is known) with its 和暦 first; in English as it is."""
    try:
        day = date.fromisoformat(birth_date)
        return (
            birth_date if get_language() == "en" else f"{wareki.format_short(day)}（{birth_date}）"
        )
    except (ValueError, SonaeError):
        return birth_date


def groups(codes: list[str]) -> str:
    """Return the groups a shelter is restricted to, joined for reading."""
    return "・".join(str(GROUPS.get(code, code)) for code in codes)


def _long_ago(at: datetime) -> bool:
    """Tell whether a moment needs its year: it is not of the present one."""
    return at.year != clock.now().year


def spoken(at: datetime, style: str = "short") -> str:
    """Return a local time: ``short`` 11月20日 14:05 · ``clock`` 14:05 · ``second`` with seconds · ``long``."""
    if style == "clock":
        return f"{at:%H:%M}"
    if style == "second":
        return f"{spoken(at)}:{at:%S}"
    if get_language() == "en":
        year = f" {at.year}" if style == "long" or _long_ago(at) else ""
        return f"{at.day} {_MONTHS[at.month - 1]}{year} {at:%H:%M}"
    year = f"{at.year}年" if style == "long" or _long_ago(at) else ""
    day = f"（{_WEEKDAYS[at.weekday()]}）" if style == "long" else ""
    return f"{year}{at.month}月{at.day}日{day} {at:%H:%M}"


def distance(value: float | None) -> str:
    """Return metres for people: 10 m steps below a kilometre, 0.1 km above."""
    if value is None:
        return _("距離は不明")
    if value < 995:
        return f"{max(10, round(value, -1)):.0f} m"
    return f"{value / 1000:.1f} km"


def walking_minutes(value: float | None) -> str:
    """Return walking minutes, rounded up: arriving early is the safe error."""
    if value is None:
        return _("時間は不明")
    return _("歩いて約%(count)d分") % {"count": max(1, math.ceil(value))}
