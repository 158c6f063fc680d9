"""Signs that are taken for one another: by the eye (strokes alike), or by the typing (said alike).

Small tables of our own, made by looking at how the signs are drawn and said; nothing of them comes
from the tables that matching uses.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Final

_ALIKE: Final = (
    "大太犬木 末未 土士 千干十 田由申甲 日目白自 人入八 力刀 己巳 石右 名各 村材 林森 島鳥 間問 原厚 佐住 池地 "
    "幸辛 子了 斎斉 裕祐枯 祐佑 徳得 恵思 宏広 弘引 浩活 清晴青 智知 和利 雄雌 夫天 正止 久欠 文丈 光先 克兄 "
    "男勇 昌晶 昭照 郎朗部 次欠 治冶沼 花茶 奈余 菜莱 真直 貞員 義養 茂成 隆降 陽揚 陸睦 健建 進准 道通 剛鋼 "
    "誠城 康庸 俊後 純紀 絵結 葉菓 愛受 百白 鈴鉛 高商 松杉 梅海 岩岸 崎埼 坂板 塚塔 宮官 安女 本木 今令 永水 "
    "丸九 北比 西酉 東束 谷合 関間 神紳 柴紫 菅管 萩荻 堀掘 堤提 浅残 津律 瀬頼 熊態 玉王 米来 金全 黒里 "
    "上土 小水 川州 山出 野里 三二 一二 美実 綾緑 静清 優憂 彩採 紗沙 紗約 香番 春奏 律津 蓮運 颯楓 遥遙 "
    "翔翌 樹橋 哉裁 弥弦 之乏 司可 介分 輔補 重車 信倍 保係 伸仲 延廷 政改 敏繁 哲誓 晃光 暁晩 杏李 桃挑"
)
_KANA_ALIKE: Final = (
    "シツ ソン クワ コユ スヌ ナメ チテ ルレ アマ ウワ ケク フワ ミシ ラヲ ヒセ ノメ エユ タク ヨコ モキ "
    "さき ちら ねれわ るろ めぬ はほ こに いり つう あお けは まも しり くへ ゆか たに"
)
_DIGITS_ALIKE: Final = "17 06 49 38 56 27 14 35"
# How a name sign is commonly said, with the signs that a conversion program offers for it.
_SAID: Final = (
    "光弘浩宏孝洋公晃康幸功耕 弘浩広博裕宏洋寛 明昭秋章晃彰 正雅昌政将真 義吉良好芳佳美 和一数 隆孝高貴崇敬 "
    "俊敏利年寿 信伸延宣 康安泰靖保 幸雪由行 美実三未海 恵江枝絵 恵啓圭敬慶桂 純淳順潤 真進信伸慎 健賢憲謙 "
    "介助祐輔 郎朗 次治二司 夫男雄生 人斗登 也哉矢弥 香花佳加夏 奈菜那名 里理莉利 沙紗佐咲 優祐裕勇悠雄 彩綾文 "
    "智知友朋 直尚 真麻 春晴陽 茂重繁 樹貴紀希記 太多 代世 津都 子湖 愛藍 翔昇彰 涼良亮 蓮廉 萌恵 "
    "藤籐 沢澤 阿安 太大 河川 原腹 島嶋 井居 本元 谷矢 崎先 池地"
)
# What people write by hand in place of the form in the register.
PLAIN: Final = {
    "邊": "辺", "邉": "辺", "髙": "高", "齋": "斎", "齊": "斉", "𠮷": "吉", "﨑": "崎", "嶋": "島", "澤": "沢",
    "廣": "広", "濱": "浜", "濵": "浜", "櫻": "桜", "國": "国", "關": "関", "條": "条", "冨": "富", "瀧": "滝",
    "龍": "竜", "惠": "恵", "眞": "真", "德": "徳", "榮": "栄", "壽": "寿", "實": "実", "萬": "万", "豐": "豊",
    "學": "学", "圓": "円", "藏": "蔵", "淵": "渕",
}  # fmt: skip
# What somebody of eighty writes though the register has the new form.
FORMAL: Final = {"沢": "澤", "広": "廣", "浜": "濱", "国": "國", "恵": "惠", "辺": "邊", "斎": "齋", "斉": "斎", "寿": "壽"}  # fmt: skip
KANA_HABITS: Final = (
    ("ズ", "ヅ"), ("ヅ", "ズ"), ("ジ", "ヂ"), ("オオ", "オウ"), ("オウ", "オオ"), ("コウ", "コオ"), ("ユウ", "ユー"),
    ("エイ", "エエ"), ("ショ", "シヨ"), ("シュ", "シユ"), ("ッ", "ツ"), ("ョウ", "ョー"), ("ウ", ""), ("ガ", "カ"),
    ("カ", "ガ"), ("ダ", "タ"), ("タ", "ダ"), ("サ", "ザ"), ("ザ", "サ"), ("ゾ", "ソ"), ("バ", "ハ"), ("ブ", "フ"),
)  # fmt: skip


def _table(*groups: str) -> dict[str, str]:
    out: dict[str, str] = defaultdict(str)
    for group in " ".join(groups).split():
        for sign in group:
            out[sign] += "".join(other for other in group if other != sign)
    return dict(out)


ALIKE: Final = _table(_ALIKE, _KANA_ALIKE, _DIGITS_ALIKE)
SAID: Final = _table(_SAID)


def hiragana(text: str) -> str:
    """Return katakana as hiragana."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)


def misread(rng: random.Random, text: str, share: float, gap: float) -> str:
    """Return a text as read: ``share`` of the signs that have a look-alike are taken for it, and the
    share ``gap`` of all cannot be read at all.
    """
    out = []
    for sign in text:
        if sign in ALIKE and rng.random() < share:
            sign = rng.choice(ALIKE[sign])
        elif not sign.isspace() and rng.random() < gap:
            sign = rng.choice(("●", "？", "〓", "", "□"))
        out.append(sign)
    return "".join(out)


def by_sound(rng: random.Random, text: str) -> str:
    """Return a name with one sign exchanged for another that is said the same way."""
    places = [n for n, sign in enumerate(text) if sign in SAID]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + rng.choice(SAID[text[at]]) + text[at + 1 :]


def habit(rng: random.Random, reading: str) -> str:
    """Return a reading as somebody writes who spells by ear."""
    fits = [pair for pair in KANA_HABITS if pair[0] in reading[1:]]
    if not fits:
        return reading
    old, new = rng.choice(fits)
    return reading[0] + reading[1:].replace(old, new, 1)
