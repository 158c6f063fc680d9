"""What telegrams of volcanoes, tornadoes, early warnings and information say, by reading them.

Everything whose kinds stand in the headline or in 緊急地震速報's body, and what is kept whole:
file → (telegram, status, action, lines). A line: (phenomenon, code, kind, level, severity, type of
place, number of places, one of their codes).
"""

from __future__ import annotations

Entry = tuple[str, str | None, str, int | None, str, str, int, str]
Told = tuple[str, str, str, list[Entry]]

TOLD: dict[str, Told] = {
    # 噴火警報・予報: the volcano, its municipalities, and what they should do.
    "45_01_01_200522_VFVO50.xml": (
        "VFVO50", "actual", "issue", [
            ("volcano", "13", "レベル３（入山規制）", None, "warning", "volcano", 1, "306"),
            ("volcano", "02", "火口周辺警報", None, "warning", "city", 4, "2032300"),
            ("volcano", "43", "火口周辺警報：入山規制等", None, "warning", "city", 4, "1042500"),
        ],
    ),
    "45_03_01_200731_VFVO50.xml": (
        "VFVO50", "actual", "issue", [
            ("volcano", "11", "レベル１（活火山であることに留意）", None, "information", "volcano", 1, "350"),
            ("volcano", "04", "噴火予報：警報解除", None, "lifted", "city", 2, "1042600"),
            ("volcano", "45", "活火山であることに留意", None, "lifted", "city", 2, "1042500"),
            ("volcano", "45", "活火山であることに留意", None, "information", "city", 1, "1042100"),
        ],
    ),
    "44_02_01_200522_VFVO51.xml": (
        "VFVO51", "actual", "issue", [
            ("volcano", "12", "レベル２（火口周辺規制）", None, "warning", "volcano", 1, "350"),
        ],
    ),
    "43_01_01_200522_VFVO52.xml": (
        "VFVO52", "actual", "issue",
        [("volcano", "52", "噴火", None, "information", "volcano", 1, "306")],
    ),
    "43_02_01_200522_VFVO52.xml": (
        "VFVO52", "actual", "correct",
        [("volcano", "56", "噴火多発", None, "information", "volcano", 1, "306")],
    ),
    "66_01_02_210514_VFVO54.xml": (
        "VFVO54", "actual", "issue", [
            ("volcano", "07", "降灰予報（速報）", None, "information", "volcano", 1, "506"),
            ("volcano", "72", "やや多量の降灰", None, "information", "city", 1, "4620100"),
            ("volcano", "71", "少量の降灰", None, "information", "city", 1, "4620100"),
            ("volcano", "75", "小さな噴石の落下", None, "information", "city", 1, "4620100"),
        ],
    ),
    "67_01_02_140927_VFVO56.xml": (
        "VFVO56", "actual", "issue",
        [("volcano", "62", "噴火したもよう", None, "warning", "volcano", 1, "312")],
    ),
    "46_01_01_170103_VFSVii.xml": (
        "VFSV", "actual", "issue", [
            ("volcano", "36", "周辺海域警戒", None, "warning", "volcano", 1, "506"),
            ("volcano", "31", "海上警報（噴火警報）", None, "warning", "area", 1, "5200"),
        ],
    ),
    # 竜巻: 東京地方 is 発表細分 and 一次細分区域 at once and counts once.
    "19_01_01_091210_VPHW50.xml": (
        "VPHW50", "actual", "issue", [
            ("tornado", "1", "竜巻注意情報", None, "advisory", "area", 6, "130013"),
            ("tornado", "1", "竜巻注意情報", None, "advisory", "city", 53, "1330800"),
        ],
    ),
    "19_02_01_111226_VPHW50.xml": (
        "VPHW50", "actual", "issue", [
            ("tornado", "1", "竜巻注意情報", None, "advisory", "prefecture", 1, "260000"),
            ("tornado", "1", "竜巻注意情報", None, "advisory", "area", 9, "260023"),
            ("tornado", "1", "竜巻注意情報", None, "advisory", "city", 26, "2646500"),
        ],
    ),
    "62_01_02_130412_VPNO50.xml": (
        "VPNO50", "actual", "issue", [
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "prefecture", 1, "290000"),
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "area", 7, "290013"),
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "city", 40, "2920701"),
        ],
    ),
    "62_01_04_130412_VPNO50.xml": (
        "VPNO50", "actual", "issue", [
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "prefecture", 1, "290000"),
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "area", 3, "290022"),
            ("heavy_rain", "33", "大雨特別警報", None, "emergency", "city", 11, "2944900"),
        ],
    ),
    "18_02_01_111226_VPOA50.xml": (
        "VPOA50", "actual", "issue",
        [("record_rain", "1", "記録的短時間大雨情報", None, "critical", "prefecture", 1, "260000")],
    ),
    "91_01_01_241031_VXSUii.xml": (
        "VXSU", "actual", "issue", [
            ("flood", "21", "レベル２氾濫注意報", 2, "advisory", "river", 2, "8201813100"),
            ("flood", "21", "レベル２氾濫注意報", 2, "advisory", "prefecture", 1, "040000"),
        ],
    ),
    # 緊急地震速報: 予報 01 of one area; 警報 with 震度６弱 is the law's 特別警報.
    "77_01_03_240613_VXSE45.xml": (
        "VXSE45", "actual", "issue", [
            ("earthquake", "01", "緊急地震速報（予報）", None, "information", "area", 1, "622"),
            ("earthquake", "01", "緊急地震速報（予報）", None, "information", "prefecture", 1, "9380"),
        ],
    ),
    "77_01_06_240613_VXSE45.xml": (
        "VXSE45", "actual", "issue", [
            ("earthquake", "11", "緊急地震速報（警報）", None, "warning", "area", 1, "622"),
            ("earthquake", "10", "緊急地震速報（警報）", None, "warning", "area", 7, "632"),
            ("earthquake", "11", "緊急地震速報（警報）", None, "warning", "prefecture", 1, "9380"),
            ("earthquake", "10", "緊急地震速報（警報）", None, "warning", "prefecture", 3, "9390"),
            ("earthquake", "31", "緊急地震速報（警報）", None, "warning", "area", 3, "9942"),
        ],
    ),
    "37_01_01_240613_VXSE43.xml": (
        "VXSE43", "actual", "issue", [
            ("earthquake", "11", "緊急地震速報（警報）", None, "warning", "area", 1, "622"),
            ("earthquake", "10", "緊急地震速報（警報）", None, "warning", "area", 8, "632"),
            ("earthquake", "11", "緊急地震速報（警報）", None, "warning", "prefecture", 1, "9380"),
            ("earthquake", "10", "緊急地震速報（警報）", None, "warning", "prefecture", 4, "9440"),
            ("earthquake", "31", "緊急地震速報（警報）", None, "warning", "area", 3, "9951"),
        ],
    ),
    "77_01_01_240613_VXSE45.xml": (
        "VXSE45", "actual", "issue",
        [("earthquake", None, "緊急地震速報（地震動予報）", None, "information", "", 0, "")],
    ),
    "54_01_01_100514_VXSE42.xml": (
        "VXSE42", "test", "issue",
        [("earthquake", None, "緊急地震速報配信テスト", None, "information", "", 0, "")],
    ),
    "32-35_01_02_240613_VXSE52.xml": (
        "VXSE52", "exercise", "issue",
        [("earthquake", None, "震源に関する情報", None, "information", "", 0, "")],
    ),
    "32-35_03_01_100514_VXSE60.xml": (
        "VXSE60", "actual", "issue",
        [("earthquake", None, "地震回数に関する情報", None, "information", "", 0, "")],
    ),
    "32-35_09_01_191111_VXSE56.xml": (
        "VXSE56", "actual", "issue",
        [("earthquake", None, "地震の活動状況等に関する情報", None, "information", "", 0, "")],
    ),
    "32-35_06_09_240613_VXSE61.xml": (
        "VXSE61", "actual", "issue",
        [("earthquake", None, "顕著な地震の震源要素更新のお知らせ", None, "information", "", 0, "")],
    ),
    "32-39_11_03_250206_VTSE51.xml": (
        "VTSE51", "actual", "issue", [
            ("tsunami", None, "各地の満潮時刻・津波到達予想時刻に関する情報", None,
             "information", "", 0, ""),
        ],
    ),
    "32-39_12_05_250206_VTSE52.xml": (
        "VTSE52", "exercise", "issue",
        [("tsunami", None, "沖合の津波観測に関する情報", None, "information", "area", 8, "40090")],
    ),
    # 南海トラフ: the keyword says whether anybody should act.
    "74_01_01_200512_VYSE50.xml": (
        "VYSE50", "actual", "issue",
        [("earthquake", None, "南海トラフ地震臨時情報（調査中）", None, "information", "", 0, "")],
    ),
    "74_01_04_200512_VYSE50.xml": (
        "VYSE50", "actual", "issue",
        [("earthquake", None, "南海トラフ地震臨時情報（巨大地震警戒）", None, "warning", "", 0, "")],
    ),
    "74_01_05_200512_VYSE50.xml": (
        "VYSE50", "actual", "issue",
        [("earthquake", None, "南海トラフ地震臨時情報（巨大地震注意）", None, "advisory", "", 0, "")],
    ),
    "75_01_01_200512_VYSE51.xml": (
        "VYSE51", "actual", "issue",
        [("earthquake", None, "南海トラフ地震関連解説情報（第１号）", None, "information", "", 0, "")],
    ),
    "57_03_01_240401_VPFT50.xml": (
        "VPFT50", "actual", "issue",
        [("other", None, "埼玉県熱中症警戒アラート", None, "advisory", "prefecture", 1, "110000")],
    ),
    # 気象解説情報: tags, never warnings.
    "83_01_01_241226_VPZJ51.xml": (
        "VPZJ51", "actual", "issue",
        [("other", None, "線状降水帯予測", None, "information", "area", 2, "010900")],
    ),
    "84_01_01_241226_VPCJ51.xml": (
        "VPCJ51", "actual", "issue", [
            ("other", None, "強い冬型", None, "information", "area", 1, "010300"),
            ("other", None, "大雪", None, "information", "area", 1, "010300"),
        ],
    ),
    "85_01_01_250630_VPFJ51.xml": (
        "VPFJ51", "actual", "issue", [
            ("other", None, tag, None, "information", "area", 3, "130030")
            for tag in ("台風", "大雨", "落雷", "突風", "強風", "高波")
        ],
    ),
    "89_01_01_250630_VMCJ55.xml": (
        "VMCJ55", "actual", "issue",
        [("other", None, "副振動", None, "information", "area", 2, "015020")],
    ),
    "87_01_01_250630_VMCJ53.xml": (
        "VMCJ53", "actual", "issue",
        [("other", None, "大潮", None, "information", "area", 1, "010000")],
    ),
    "88_01_01_250630_VMCJ54.xml": (
        "VMCJ54", "actual", "issue",
        [("other", None, "大潮", None, "information", "area", 1, "010900")],
    ),
    "75_01_04_200512_VYSE52.xml": (
        "VYSE51", "actual", "issue",
        [("earthquake", None, "南海トラフ地震関連解説情報", None, "information", "", 0, "")],
    ),
    # At sea: for ships, never a storm on land.
    "13_01_01_130906_VPCU50.xml": (
        "VPCU50", "actual", "issue", [
            ("other", "22", "海上暴風警報", None, "warning", "area", 1, "1110"),
            ("other", "21", "海上強風警報", None, "warning", "area", 1, "1140"),
            ("other", "20", "海上風警報", None, "warning", "area", 3, "1150"),
            ("other", "11", "海上濃霧警報", None, "warning", "area", 1, "1110"),
        ],
    ),
    "13_05_01_110207_VPCU50.xml": (
        "VPCU50", "actual", "issue",
        [("other", "00", "海上警報解除", None, "lifted", "area", 1, "3000")],
    ),
    "13_09_01_200630_VPCU51.xml": (
        "VPCU51", "actual", "issue",
        [("other", "21", "海上強風警報", None, "warning", "area", 2, "6010")],
    ),
}  # fmt: skip

# Types that say nothing of warnings in force: file → the code that its title alone gives. Read from
# the titles of the samples; each must be known by name, because an unknown one alarms a person.
KEPT: dict[str, str] = {
    "14_01_01_130906_VPCY50.xml": "VPCY50",
    "20_02_01_160628_VPZJ50.xml": "VPZJ50",
    "21_01_01_160628_VPCJ50.xml": "VPCJ50",
    "22_01_01_100514_VPFJ50.xml": "VPFJ50",
    "23_01_01_160628_VPFG50.xml": "VPFG50",
    "24_11_01_190925_VPFD51.xml": "VPFD51",
    "27_01_01_091210_VPFW50.xml": "VPFW50",
    "29_01_01_140129_VPZI50.xml": "VPZI50",
    "30_01_01_100915_VPCI50.xml": "VPCI50",
    "42_01_01_100514_VZSE40.xml": "VZSE40",
    "42_02_01_071130_VZVO40.xml": "VZVO40",
    "48_01_01_100514_VMCJ50.xml": "VMCJ50",
    "52_01_01_140129_VPCK50.xml": "VPCK50",
    "59_01_01_130523_VZSF50.xml": "VZSF50",
    "68_01_01_220831_VPFD60.xml": "VPFD60",
    "72_01_01_190327_VPAW51.xml": "VPAW51",
    "73_02_01_210309_VPRN50.xml": "VPRN50",
    "76_01_01_200630_VPTA50.xml": "VPTA50",
    "90_01_01_241031_VPFD61.xml": "VPFD61",
    "06_02_01_100514_VPTI50.xml": "VPTI50",
    "01_01_01_091210_VGSK50.xml": "VGSK50",
    "05_01_01_100806_VGUV50.xml": "VGUV50",
    "02_01_01_201224_VGSK55.xml": "VGSK55",
    "03_01_01_091210_VGSK60.xml": "VGSK60",
    "49_01_01_130826_VMCJ51.xml": "VMCJ51",
    "50_01_01_100514_VMCJ52.xml": "VMCJ52",
    "71_01_01_190327_VPCK70.xml": "VPCK70",
    "14_07_02_240528_VPCY51.xml": "VPCY51",
    "24_04_01_100806_VPFD50.xml": "VPFD50",
    "07_01_01_100514_VPTI51.xml": "VPTI51",
    "08_01_01_110126_VPTI52.xml": "VPTI52",
    "09_01_03_091210_VPTW40.xml": "VPTW40",
    # One title for several typhoons: the number stands only in the file's name.
    "09_02_02_091210_VPTW41.xml": "VPTW40",
    "10_01_03_091210_VPTW50.xml": "VPTW50",
    "10_02_01_091210_VPTW51.xml": "VPTW50",
    "10_03_01_171016_VPTW60.xml": "VPTW60",
    "10_05_05_200826_VPTW61.xml": "VPTW60",
    "51_01_01_140129_VPZK50.xml": "VPZK50",
    "70_01_01_190327_VPZK70.xml": "VPZK70",
    "60_01_01_130523_VZSF51.xml": "VZSF51",
    "64_01_01_130523_VZSF60.xml": "VZSF60",
}
