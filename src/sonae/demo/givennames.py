"""Given names of the demo city (名): by sex and generation, kanji with reading.

Older women often bear katakana names; children's names follow the fashion of their years. A name
of a generation is also given, more rarely, in the neighbouring ones.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# The first birth year of each generation; the lists below are in the same order.
GENERATIONS = (1900, 1936, 1950, 1965, 1980, 1995, 2008)

_MALE = (
    "清 キヨシ;正雄 マサオ;茂 シゲル;三郎 サブロウ;義雄 ヨシオ;武 タケシ;正 タダシ;勇 イサム;"
    "一郎 イチロウ;二郎 ジロウ;喜一 キイチ;栄一 エイイチ;武雄 タケオ;敏雄 トシオ;金次郎 キンジロウ;"
    "吉雄 ヨシオ;辰雄 タツオ;貞夫 サダオ;善吉 ゼンキチ;重雄 シゲオ;源太郎 ゲンタロウ;庄一 ショウイチ;"
    "末吉 スエキチ;幸吉 コウキチ;忠 タダシ",
    "勝 マサル;弘 ヒロシ;実 ミノル;進 ススム;昭 アキラ;勲 イサオ;稔 ミノル;博 ヒロシ;功 イサオ;"
    "勝利 カツトシ;紀夫 ノリオ;征夫 ユキオ;忠雄 タダオ;幸雄 ユキオ;昭二 ショウジ;和夫 カズオ;"
    "照夫 テルオ;文雄 フミオ;光男 ミツオ;邦夫 クニオ;孝 タカシ;昇 ノボル;守 マモル;幸男 ユキオ;"
    "良一 リョウイチ;健二 ケンジ;哲夫 テツオ;英雄 ヒデオ",
    "茂 シゲル;修 オサム;隆 タカシ;誠 マコト;博 ヒロシ;明 アキラ;豊 ユタカ;和彦 カズヒコ;"
    "正人 マサト;洋一 ヨウイチ;清志 キヨシ;浩 ヒロシ;敏夫 トシオ;英明 ヒデアキ;秀樹 ヒデキ;"
    "康夫 ヤスオ;俊彦 トシヒコ;信一 シンイチ;正之 マサユキ;繁 シゲル;悟 サトル;健一 ケンイチ;"
    "政弘 マサヒロ;義明 ヨシアキ;利夫 トシオ;一男 カズオ;恒夫 ツネオ;剛 ツヨシ",
    "浩 ヒロシ;誠 マコト;哲也 テツヤ;健 ケン;直樹 ナオキ;学 マナブ;浩二 コウジ;和也 カズヤ;"
    "隆 タカシ;剛 ツヨシ;聡 サトシ;徹 トオル;健太郎 ケンタロウ;浩一 コウイチ;達也 タツヤ;"
    "康弘 ヤスヒロ;英樹 ヒデキ;大輔 ダイスケ;雅之 マサユキ;伸一 シンイチ;秀明 ヒデアキ;勝彦 カツヒコ;"
    "智之 トモユキ;和弘 カズヒロ;裕之 ヒロユキ;祐二 ユウジ;茂樹 シゲキ;賢治 ケンジ",
    "大輔 ダイスケ;健太 ケンタ;拓也 タクヤ;翔太 ショウタ;亮 リョウ;直人 ナオト;雄太 ユウタ;"
    "達也 タツヤ;大樹 ダイキ;拓哉 タクヤ;翔 ショウ;一樹 カズキ;雄一 ユウイチ;祐介 ユウスケ;"
    "裕介 ユウスケ;慎也 シンヤ;俊介 シュンスケ;和樹 カズキ;健 タケル;康平 コウヘイ;智也 トモヤ;"
    "竜也 タツヤ;龍也 タツヤ;淳 ジュン;真 マコト;洋平 ヨウヘイ;誠也 セイヤ",
    "翔 ショウ;拓海 タクミ;大輝 ダイキ;蓮 レン;駿 シュン;翼 ツバサ;海斗 カイト;颯太 ソウタ;"
    "優斗 ユウト;陸 リク;大翔 ヒロト;悠斗 ユウト;樹 イツキ;匠 タクミ;隼人 ハヤト;涼太 リョウタ;"
    "和真 カズマ;陽太 ヨウタ;航 ワタル;智輝 トモキ;健斗 ケント;雄大 ユウダイ;直哉 ナオヤ;"
    "奏太 ソウタ;圭吾 ケイゴ;太一 タイチ",
    "湊 ミナト;蓮 レン;大和 ヤマト;陽翔 ハルト;悠真 ユウマ;律 リツ;蒼 アオイ;樹 イツキ;"
    "朝陽 アサヒ;碧 アオ;湊斗 ミナト;新 アラタ;凪 ナギ;暖 ダン;颯 ハヤテ;結翔 ユイト;悠人 ユウト;"
    "伊織 イオリ;瑛太 エイタ;奏 カナデ;琉生 ルイ;旭 アサヒ;楓真 フウマ;慶 ケイ;朔 サク;大晴 タイセイ",
)

_FEMALE = (
    "キヨ キヨ;ハル ハル;トミ トミ;フミ フミ;ヨシ ヨシ;キク キク;ミヨ ミヨ;千代 チヨ;静子 シズコ;"
    "ハツ ハツ;シゲ シゲ;サト サト;イネ イネ;ミツ ミツ;久子 ヒサコ;文子 フミコ;芳子 ヨシコ;"
    "トシ トシ;カネ カネ;タケ タケ;キミ キミ;スミ スミ;ウメ ウメ;アキ アキ;富子 トミコ;ツネ ツネ;"
    "ヨシ子 ヨシコ;八重子 ヤエコ",
    "和子 カズコ;幸子 サチコ;節子 セツコ;洋子 ヨウコ;弘子 ヒロコ;美智子 ミチコ;勝子 カツコ;"
    "信子 ノブコ;美代子 ミヨコ;京子 キョウコ;智子 トモコ;悦子 エツコ;敏子 トシコ;栄子 エイコ;"
    "恵美子 エミコ;順子 ジュンコ;啓子 ケイコ;君子 キミコ;征子 セイコ;和枝 カズエ;キヨ子 キヨコ;"
    "トシ子 トシコ;良子 リョウコ;千恵子 チエコ;礼子 レイコ;ミチ子 ミチコ;光子 ミツコ;孝子 タカコ",
    "恵子 ケイコ;京子 キョウコ;洋子 ヨウコ;幸子 サチコ;裕子 ユウコ;由美子 ユミコ;久美子 クミコ;"
    "明美 アケミ;真由美 マユミ;直美 ナオミ;陽子 ヨウコ;智子 トモコ;順子 ジュンコ;典子 ノリコ;"
    "悦子 エツコ;純子 ジュンコ;千恵子 チエコ;美智子 ミチコ;ひろみ ヒロミ;律子 リツコ;富美子 フミコ;"
    "和美 カズミ;早苗 サナエ;恭子 キョウコ;るり子 ルリコ;好美 ヨシミ;まさ子 マサコ;美佐子 ミサコ",
    "裕子 ユウコ;陽子 ヨウコ;智子 トモコ;直美 ナオミ;由美 ユミ;久美子 クミコ;真由美 マユミ;"
    "香織 カオリ;恵 メグミ;美穂 ミホ;美紀 ミキ;理恵 リエ;美香 ミカ;さおり サオリ;純子 ジュンコ;"
    "幸恵 ユキエ;千春 チハル;明子 アキコ;優子 ユウコ;綾子 アヤコ;由香 ユカ;真理子 マリコ;"
    "奈緒美 ナオミ;典子 ノリコ;朋子 トモコ;和香子 ワカコ;ゆかり ユカリ;志保 シホ",
    "愛 アイ;美穂 ミホ;麻衣 マイ;舞 マイ;恵 メグミ;彩 アヤ;綾 アヤ;友美 トモミ;千尋 チヒロ;"
    "美咲 ミサキ;香織 カオリ;絵美 エミ;瞳 ヒトミ;沙織 サオリ;由佳 ユカ;真由 マユ;早紀 サキ;"
    "理沙 リサ;里奈 リナ;葵 アオイ;遥 ハルカ;春香 ハルカ;久実 クミ;裕美 ヒロミ;奈々 ナナ;"
    "亜希子 アキコ;佳奈 カナ;智美 トモミ",
    "美咲 ミサキ;さくら サクラ;七海 ナナミ;葵 アオイ;陽菜 ヒナ;優花 ユウカ;彩花 アヤカ;萌 モエ;"
    "未来 ミク;優奈 ユウナ;千夏 チナツ;桃子 モモコ;結衣 ユイ;愛美 マナミ;遥 ハルカ;楓 カエデ;"
    "凜 リン;真央 マオ;琴音 コトネ;美優 ミユ;彩乃 アヤノ;茜 アカネ;菜摘 ナツミ;玲奈 レナ;"
    "明日香 アスカ;詩織 シオリ;友香 ユカ",
    "陽葵 ヒマリ;結菜 ユイナ;凛 リン;芽依 メイ;紬 ツムギ;葵 アオイ;莉子 リコ;澪 ミオ;結愛 ユア;"
    "咲良 サクラ;心春 コハル;杏 アン;美月 ミヅキ;詩 ウタ;ひなた ヒナタ;柚葉 ユズハ;花 ハナ;"
    "楓 カエデ;琴葉 コトハ;翠 スイ;陽菜 ヒナ;ひまり ヒマリ;心結 ミユ;彩葉 イロハ;凪 ナギ;"
    "朱莉 アカリ;乃愛 ノア;雫 シズク",
)

# Names of people whose family came from abroad, in the katakana of the register.
FOREIGN = (
    "グエン ヴァン・ミン:グエン ヴァン ミン:m:vi;グエン ティ・ラン:グエン ティ ラン:f:vi;"
    "チャン ティ・フオン:チャン ティ フオン:f:vi;王 偉:オウ イ:m:zh;李 娜:リ ナ:f:zh;"
    "張 敏:チョウ ビン:f:zh;陳 浩:チン コウ:m:zh;金 秀賢:キム スヒョン:m:ko;朴 智恩:パク チウン:f:ko;"
    "サントス マリア:サントス マリア:f:tl;クルス ジョセフ:クルス ジョセフ:m:tl;"
    "シルバ カルロス:シルバ カルロス:m:pt;タパ サンジャイ:タパ サンジャイ:m:ne;"
    "スミス エマ:スミス エマ:f:en;ブラウン ジェームズ:ブラウン ジェームズ:m:en;"
    "レ ティ・ホア:レ ティ ホア:f:vi;ファム クアン:ファム クアン:m:vi;劉 洋:リュウ ヨウ:m:zh"
)

# Weight of a name in its own generation and in the ones before and after it.
_OWN, _NEIGHBOUR = 1.0, 0.18


@dataclass(frozen=True)
class GivenNameTable:
    """Given names of one sex.

    ``kanji``, ``kana``: (N,) object arrays. ``cumulative``: (G, N) cumulative probabilities per
    generation of `GENERATIONS`.
    """

    kanji: npt.NDArray[np.object_]
    kana: npt.NDArray[np.object_]
    cumulative: npt.NDArray[np.float64]

    def draw(
        self, generation: npt.NDArray[np.int64], uniform: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.int64]:
        """Return one name index per person from generations and uniforms in [0, 1)."""
        chosen = np.zeros(len(generation), np.int64)
        for number in range(len(GENERATIONS)):
            members = np.nonzero(generation == number)[0]
            chosen[members] = np.searchsorted(self.cumulative[number], uniform[members], "right")
        return np.minimum(chosen, len(self.kanji) - 1)


def generation_of(birth_year: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the index into `GENERATIONS` of each birth year."""
    return np.maximum(np.searchsorted(np.array(GENERATIONS), birth_year, "right") - 1, 0)


def given_name_table(sex: str) -> GivenNameTable:
    """Build the table for ``sex`` (``male`` or ``female``)."""
    lists = [text.split(";") for text in (_MALE if sex == "male" else _FEMALE)]
    names = sorted({name for members in lists for name in members})
    position = {name: number for number, name in enumerate(names)}
    weight = np.zeros((len(lists), len(names)))
    for generation, members in enumerate(lists):
        # A few fashionable names make up much of a generation: Zipf-like weights.
        for rank, name in enumerate(members):
            weight[generation, position[name]] = 1.0 / (rank + 4) ** 0.7
    spread = _OWN * weight
    spread[1:] += _NEIGHBOUR * weight[:-1]
    spread[:-1] += _NEIGHBOUR * weight[1:]
    split = [name.split(" ") for name in names]
    return GivenNameTable(
        np.array([s[0] for s in split], object),
        np.array([s[1] for s in split], object),
        np.cumsum(spread / spread.sum(axis=1, keepdims=True), axis=1),
    )
