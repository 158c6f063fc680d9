"""漢字の形: forms of one character in two widths, so that 廣塚 finds 広塚 and 髙橋 finds 高橋.

``SAME`` holds forms that the official reduction (文字情報基盤 縮退マップ) takes to one character: 邉 and 辺.
``KIN`` holds what people write for each other although both are characters in their own right: 嶋 and
島, 龍 and 竜. 斎 and 斉 are different characters and meet in neither. Both tables are small and ours;
`engines.matching.characters` adds the full official one where it was loaded.

Equal forms put two writings on one list; they never say that two names are one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

SAME: Final = (
    "辺邉邊 高髙 崎﨑嵜 浜濱濵 斎齋 斉齊 島嶌 吉𠮷 桜櫻 沢澤 広廣 国國 真眞 恵惠 栄榮 円圓 条條 蔵藏 浅淺 関關 鉄鐵 豊豐 "
    "与與 将將 静靜 寿壽 実實 礼禮 弥彌 館舘 桑桒 柳栁 万萬 児兒 来來 学學 宝寶 応應 渋澁 経經 総總 聡聰 亀龜 芸藝 尚尙 "
    "穂穗 満滿 渓溪 奥奧 壮壯 帯帶 為爲 駅驛 縄繩 塩鹽 橋槗 鶏鷄 竪豎 県縣 区區 旧舊 淵渕渊 秋穐 涼凉 仏佛 伝傳 会會 "
    "画畫 覚覺 楽樂 気氣 帰歸 暁曉 勲勳 蛍螢 顕顯 厳嚴 剣劍 粋粹 砕碎 参參 慎愼 尽盡 図圖 数數 声聲 銭錢 禅禪 双雙 荘莊 "
    "属屬 続續 台臺 択擇 鋳鑄 庁廳 聴聽 逓遞 点點 当當 独獨 読讀 拝拜 麦麥 発發 払拂 並竝 黙默 訳譯 薬藥 予豫 余餘 誉譽 "
    "揺搖 謡謠 覧覽 両兩 猟獵 塁壘 励勵 霊靈 齢齡 恋戀 炉爐 労勞 湾灣 秘祕 柏栢 刈苅 間閒 岳嶽 船舩 鷗鴎 岡崗 隠隱 亜亞 "
    "圧壓 囲圍 医醫 稲稻 飲飮 衛衞 仮假 価價 絵繪 壊壞 懐懷 拡擴 陥陷 巻卷 歓歡 観觀 拠據 挙擧 峡峽 挟挾 狭狹 郷鄕 駆驅 "
    "径徑 茎莖 継繼 軽輕 研硏 検檢 権權 献獻 験驗 恒恆 号號 済濟 剤劑 雑雜 桟棧 賛贊 糸絲 辞辭 釈釋 収收 従從 縦縱 粛肅 "
    "処處 叙敍 焼燒 証證 称稱 奨奬 乗乘 浄淨 嬢孃 譲讓 触觸 嘱囑 寝寢 随隨 専專 戦戰 践踐 潜潛 繊纖 捜搜 挿插 装裝 対對 "
    "体體 滞滯 担擔 単單 団團 断斷 弾彈 遅遲 昼晝 勅敕 鎮鎭 転轉 届屆 弐貳 覇霸 売賣 姫姬 瓶甁 翻飜 様樣 楼樓 弁辨瓣辯 "
    "乱亂 悪惡 歯齒 虫蟲 蔣蒋 萊莱 穎頴"
)
KIN: Final = (
    "島嶋 瀬瀨 徳德 黒黑 曽曾 遥遙 竜龍 富冨 増增 峰峯 滝瀧 芦蘆 萌萠 巣巢 郎郞 薫薰 歩步 温溫 篭籠 穣穰 砺礪 麹麴 "
    "藤籐籘䕨 野埜 園薗 梅楳 桧檜 槙槇 桝枡 緑綠 緒緖 灯燈 頼賴 録錄 亘亙 凜凛 尭堯 巌巖 晃晄 松枩 杉椙 坂阪 横橫 虚虛 "
    "掲揭 黄黃 蚕蠶 枢樞 摂攝 毎每 麺麵 暦曆 歴歷 浜滨 辺边𨘢 兎兔菟莵"
)


def table(groups: str) -> dict[int, str]:
    """Return the translation of groups of forms: every form to the first of its group."""
    return {ord(form): group[0] for group in groups.split() for form in group[1:]}


_SAME: Final = table(SAME)
_TABLE: Final = table(KIN) | _SAME
# Ideographic variation selectors choose a glyph, not a name.
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def written(text: str) -> str:
    """Return a text in NFKC, without variation selectors: one code for one character."""
    return unicodedata.normalize("NFKC", _SELECTORS.sub("", text))


def plain(text: str) -> str:
    """Return a text in NFKC with 新字 for 旧字 and common variants, without variation selectors."""
    return written(text).translate(_TABLE)
