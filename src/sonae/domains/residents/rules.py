"""How names are found at a desk: keys under which different spellings meet (住民記録標準仕様書 2.1.2)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sonae.core.kana import search_key

_FORMS: Final = (
    "辺邉邊 高髙 崎﨑嵜 浜濱濵 斎齋 斉齊 島嶋嶌 吉𠮷 桜櫻 沢澤 広廣 国國 真眞 恵惠 瀬瀨 徳德 黒黑 曽曾 遥遙 竜龍 栄榮 円圓 "
    "条條 蔵藏 浅淺 関關 鉄鐵 豊豐 与與 将將 静靜 寿壽 実實 礼禮 弥彌 富冨 館舘 桑桒 柳栁 増增 万萬 児兒 来來 学學 "
    "宝寶 応應 峰峯 滝瀧 渋澁 経經 総總 聡聰 芦蘆 萌萠 亀龜 芸藝 尚尙 巣巢 郎郞 穂穗 薫薰 満滿 渓溪 奥奧 壮壯 帯帶 "
    "歩步 温溫 為爲"
)
_TABLE: Final = {ord(other): group[0] for group in _FORMS.split() for other in group[1:]}
# Ideographic variation selectors choose a glyph, not a name.
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def name_key(name: str) -> str:
    """Return the search key of a written name: no spaces, 新字 for 旧字 and common variants.

    Equal keys put two names on one list at the desk; they never say that two people are one.
    """
    folded = unicodedata.normalize("NFKC", _SELECTORS.sub("", name)).translate(_TABLE)
    return "".join(folded.split())


def given_key(kana: str) -> str:
    """Return the search key of the given name in ``family given`` kana; empty without a space."""
    _family, _space, given = " ".join(kana.split()).partition(" ")
    return search_key(given)
