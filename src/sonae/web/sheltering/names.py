"""Words for the codes of running a shelter, each in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy as lazy

ROOM_USES: Final[dict[str, Any]] = {
    "general": lazy("一般"),
    "family": lazy("家族"),
    "women": lazy("女性"),
    "infant": lazy("乳児・授乳"),
    "care": lazy("介護・福祉"),
    "infectious": lazy("感染症の区画"),
    "pets": lazy("ペット"),
    "other": lazy("その他"),
}
SUPPLY_KINDS: Final[dict[str, Any]] = {
    "water": lazy("飲み水"),
    "food": lazy("食べ物"),
    "bedding": lazy("寝具"),
    "clothing": lazy("衣類"),
    "hygiene": lazy("衛生用品・トイレ"),
    "infant": lazy("乳児用品"),
    "medical": lazy("医療・介護用品"),
    "equipment": lazy("設備・燃料"),
    "other": lazy("その他"),
}
ALLERGENS: Final[dict[str, Any]] = {
    "egg": lazy("卵"),
    "milk": lazy("乳"),
    "wheat": lazy("小麦"),
    "buckwheat": lazy("そば"),
    "peanut": lazy("落花生"),
    "shrimp": lazy("えび"),
    "crab": lazy("かに"),
    "walnut": lazy("くるみ"),
}
GUESTS: Final[dict[str, Any]] = {
    "visitor": lazy("面会"),
    "volunteer": lazy("ボランティア"),
    "official": lazy("市や県の職員"),
    "medical": lazy("医療・福祉"),
    "press": lazy("報道"),
    "other": lazy("その他"),
}
SYMPTOMS: Final[dict[str, Any]] = {
    "cough": lazy("せき"),
    "breath": lazy("息が苦しい"),
    "vomiting": lazy("吐いた"),
    "diarrhoea": lazy("下痢"),
    "rash": lazy("発疹"),
    "headache": lazy("頭痛"),
    "chest": lazy("胸の痛み"),
    "legs": lazy("足の痛み・むくみ"),
    "sleep": lazy("眠れない"),
    "mood": lazy("気分が落ち込む"),
}
LIFELINES: Final[dict[str, Any]] = {
    "electricity": lazy("電気"),
    "water": lazy("水道"),
    "gas": lazy("ガス"),
    "sewage": lazy("トイレ・下水"),
    "phone": lazy("電話・通信"),
    "heating": lazy("冷暖房"),
}
LIFELINE_STATES: Final[dict[str, Any]] = {
    "works": lazy("使える"),
    "partly": lazy("一部使える"),
    "down": lazy("使えない"),
    "unknown": lazy("不明"),
}
AGES: Final[dict[str, Any]] = {
    "infant": lazy("0〜5歳"),
    "child": lazy("6〜17歳"),
    "adult": lazy("18〜64歳"),
    "old": lazy("65〜74歳"),
    "very_old": lazy("75歳以上"),
    "unknown": lazy("年齢は不明"),
}
SEXES: Final[dict[str, Any]] = {"1": lazy("男"), "2": lazy("女"), "unknown": lazy("性別は不明")}
MOVES: Final[dict[str, Any]] = {
    "coming": (lazy("移動中"), "caution"),
    "late": (lazy("3時間たっても着いていません。どこにいるか不明"), "bad"),
    "arrived": (lazy("着いた"), "good"),
    "elsewhere": (lazy("別の所で確認"), ""),
}
"""What became of somebody who left for another shelter, in words and with the tone of its badge."""
SECTIONS: Final[dict[str, Any]] = {
    "moves": lazy("移動"),
    "rooms": lazy("部屋"),
    "supplies": lazy("物資"),
    "meals": lazy("配食"),
    "health": lazy("健康"),
    "board": lazy("掲示板"),
    "guests": lazy("入館者"),
    "report": lazy("日報"),
    "handover": lazy("引継ぎ"),
}
"""The pages of one shelter, in the order of a day."""
