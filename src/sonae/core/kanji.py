"""漢字の形: one form for 旧字 and common variants, so that 廣塚 finds 広塚 and 髙橋 finds 高橋.

Equal forms put two writings on one list; they never say that two names are one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_FORMS: Final = (
    "辺邉邊 高髙 崎﨑嵜 浜濱濵 斎齋 斉齊 島嶋嶌 吉𠮷 桜櫻 沢澤 広廣 国國 真眞 恵惠 瀬瀨 徳德 黒黑 曽曾 遥遙 竜龍 栄榮 円圓 "
    "条條 蔵藏 浅淺 関關 鉄鐵 豊豐 与與 将將 静靜 寿壽 実實 礼禮 弥彌 富冨 館舘 桑桒 柳栁 増增 万萬 児兒 来來 学學 "
    "宝寶 応應 峰峯 滝瀧 渋澁 経經 総總 聡聰 芦蘆 萌萠 亀龜 芸藝 尚尙 巣巢 郎郞 穂穗 薫薰 満滿 渓溪 奥奧 壮壯 帯帶 "
    "歩步 温溫 為爲 駅驛 縄繩 塩鹽 橋槗 鶏鷄 竪豎 篭籠 穣穰 砺礪 麹麴 県縣 区區 旧舊"
)
_TABLE: Final = {ord(other): group[0] for group in _FORMS.split() for other in group[1:]}
# Ideographic variation selectors choose a glyph, not a name.
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def plain(text: str) -> str:
    """Return a text in NFKC with 新字 for 旧字 and common variants, without variation selectors."""
    return unicodedata.normalize("NFKC", _SELECTORS.sub("", text)).translate(_TABLE)
