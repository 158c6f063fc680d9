"""What the telegrams say, written down by reading them (not by printing what our reader makes).

Weather, by city area: file → lines of (phenomenon, code, kind, level, severity, number of cities, one of
the cities). Codes and names are those of the telegram's ``Body/Warning（市町村等）``.
"""

from __future__ import annotations

Line = tuple[str, str | None, str, int | None, str, int, str]

WEATHER: dict[str, list[Line]] = {
    "15_01_01_091210_VPWW50.xml": [
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 23, "4038400"),
        ("thunder", "14", "雷注意報", None, "advisory", 60, "4064700"),
        ("storm", "15", "強風注意報", None, "advisory", 17, "4064700"),
        ("wave", "16", "波浪注意報", None, "advisory", 9, "4038300"),
        ("flood", "18", "洪水注意報", None, "advisory", 23, "4038400"),
    ],
    "15_08_01_130412_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 27, "2920100"),
        ("thunder", "14", "雷注意報", None, "advisory", 40, "2945300"),
        ("storm", "15", "強風注意報", None, "advisory", 40, "2920100"),
        ("flood", "18", "洪水注意報", None, "advisory", 22, "2942700"),
        ("flood", "04", "洪水警報", None, "warning", 18, "2920200"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 13, "2920300"),
    ],
    "15_08_02_130412_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 40, "2920300"),
        ("thunder", "14", "雷注意報", None, "advisory", 40, "2920100"),
        ("storm", "15", "強風注意報", None, "advisory", 40, "2920100"),
        ("flood", "18", "洪水注意報", None, "advisory", 15, "2942600"),
        ("flood", "04", "洪水警報", None, "warning", 25, "2942700"),
    ],
    "15_08_03_160628_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 27, "2945300"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 13, "2942700"),
        ("thunder", "14", "雷注意報", None, "advisory", 40, "2920100"),
        ("storm", "15", "強風注意報", None, "advisory", 40, "2920100"),
        ("flood", "18", "洪水注意報", None, "advisory", 18, "2920300"),
        ("flood", "04", "洪水警報", None, "warning", 18, "2936300"),
        ("flood", "00", "解除", None, "lifted", 4, "2934300"),
    ],
    "15_08_04_160628_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 11, "2920702"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 17, "2920900"),
        ("heavy_rain", "00", "解除", None, "lifted", 12, "2920300"),
        ("thunder", "00", "解除", None, "lifted", 40, "2920100"),
        ("storm", "00", "解除", None, "lifted", 40, "2920100"),
        ("flood", "00", "解除", None, "lifted", 23, "2920200"),
        ("flood", "18", "洪水注意報", None, "advisory", 10, "2940200"),
        ("flood", "04", "洪水警報", None, "warning", 3, "2945100"),
    ],
    "15_08_05_130412_VPWW53.xml": [
        ("heavy_rain", "00", "解除", None, "lifted", 28, "2920702"),
        ("flood", "00", "解除", None, "lifted", 13, "2944900"),
    ],
    "15_09_03_130826_VPWW53.xml": [
        ("heavy_rain", "00", "解除", None, "lifted", 30, "3020100"),
        ("flood", "00", "解除", None, "lifted", 30, "3036600"),
        ("wave", "07", "波浪警報", None, "warning", 18, "3042800"),
        ("storm", "15", "強風注意報", None, "advisory", 30, "3020100"),
    ],
    "15_10_03_160628_VPWW53.xml": [
        ("storm", "35", "暴風特別警報", None, "emergency", 41, "2810000"),
        ("wave", "37", "波浪特別警報", None, "emergency", 18, "2858600"),
        ("storm_surge", "38", "高潮特別警報", None, "emergency", 15, "2810000"),
        ("storm_surge", "19", "高潮注意報", None, "advisory", 3, "2821000"),
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 8, "2820100"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 4, "2836500"),
        ("flood", "04", "洪水警報", None, "warning", 8, "2848100"),
        ("flood", "18", "洪水注意報", None, "advisory", 4, "2822100"),
    ],
    "15_11_01_150916_VPWW54.xml": [
        ("storm_surge", "08", "高潮警報", None, "warning", 18, "3520100"),
        ("dry", "21", "乾燥注意報", None, "advisory", 19, "3550200"),
        ("frost", "24", "霜注意報", None, "advisory", 19, "3520100"),
    ],
    "15_11_02_150916_VPWW54.xml": [
        ("heavy_rain", "03", "大雨警報", None, "warning", 14, "1620100"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 1, "1632100"),
        ("flood", "04", "洪水警報", None, "warning", 14, "1634300"),
        ("flood", "18", "洪水注意報", None, "advisory", 1, "1632100"),
        ("storm", "05", "暴風警報", None, "warning", 14, "1620100"),
        ("wave", "07", "波浪警報", None, "warning", 9, "1620100"),
        ("storm_surge", "08", "高潮警報", None, "warning", 9, "1634300"),
        ("thunder", "14", "雷注意報", None, "advisory", 15, "1634300"),
        ("snow_melt", "17", "融雪注意報", None, "advisory", 14, "1620100"),
        ("fog", "20", "濃霧注意報", None, "advisory", 14, "1634300"),
        ("avalanche", "22", "なだれ注意報", None, "advisory", 14, "1620100"),
    ],
    "15_12_01_161130_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 3, "3220200"),
        ("heavy_rain", "03", "大雨警報", None, "warning", 3, "3244800"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 8, "3220100"),
        ("thunder", "14", "雷注意報", None, "advisory", 15, "3250500"),
        ("flood", "18", "洪水注意報", None, "advisory", 8, "3250100"),
        ("flood", "04", "洪水警報", None, "warning", 6, "3244900"),
    ],
    "15_12_01_161130_VPWW54.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 3, "3244900"),
        ("heavy_rain", "03", "大雨警報", None, "warning", 3, "3220500"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 8, "3250100"),
        ("thunder", "14", "雷注意報", None, "advisory", 15, "3220100"),
        ("flood", "18", "洪水注意報", None, "advisory", 8, "3220100"),
        ("flood", "04", "洪水警報", None, "warning", 6, "3220200"),
    ],
    "15_12_02_161130_VPWW53.xml": [
        ("heavy_rain", "03", "大雨警報", None, "warning", 13, "1310100"),
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 1, "1342100"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 21, "1310200"),
        ("flood", "04", "洪水警報", None, "warning", 14, "1342100"),
        ("flood", "18", "洪水注意報", None, "advisory", 21, "1322000"),
        ("thunder", "14", "雷注意報", None, "advisory", 41, "1342100"),
        ("storm", "35", "暴風特別警報", None, "emergency", 1, "1342100"),
        ("wave", "37", "波浪特別警報", None, "emergency", 1, "1342100"),
        ("storm_surge", "38", "高潮特別警報", None, "emergency", 1, "1342100"),
    ],
    "15_12_03_161130_VPWW53.xml": [
        ("storm", "15", "強風注意報", None, "advisory", 33, "1410000"),
        ("wave", "16", "波浪注意報", None, "advisory", 2, "1413000"),
        ("wave", "07", "波浪警報", None, "warning", 13, "1420100"),
    ],
    "15_13_01_161226_VPWW54.xml": [
        ("storm", "05", "暴風警報", None, "warning", 23, "1312300"),
        ("wave", "07", "波浪警報", None, "warning", 6, "1310200"),
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 1, "1342100"),
        ("flood", "04", "洪水警報", None, "warning", 1, "1342100"),
        ("storm", "35", "暴風特別警報", None, "emergency", 1, "1342100"),
        ("wave", "37", "波浪特別警報", None, "emergency", 1, "1342100"),
        ("storm_surge", "38", "高潮特別警報", None, "emergency", 1, "1342100"),
        ("thunder", "14", "雷注意報", None, "advisory", 1, "1342100"),
    ],
    "15_14_01_170216_VPWW53.xml": [
        ("heavy_rain", "33", "大雨特別警報", None, "emergency", 2, "1310400"),
        ("heavy_rain", "03", "大雨警報", None, "warning", 2, "1312100"),
        ("flood", "04", "洪水警報", None, "warning", 3, "1330800"),
    ],
    "15_15_01_220314_VPWW54.xml": [
        ("storm_surge", "08", "高潮警報", None, "warning", 1, "3640300"),
    ],
    "15_17_01_250123_VPWW54.xml": [
        ("heavy_rain", "03", "大雨警報", None, "warning", 10, "3220100"),
        ("heavy_rain", "10", "大雨注意報", None, "advisory", 5, "3234300"),
        ("thunder", "14", "雷注意報", None, "advisory", 19, "3252800"),
        ("storm", "15", "強風注意報", None, "advisory", 19, "3220100"),
        ("wave", "16", "波浪注意報", None, "advisory", 10, "3252800"),
        ("flood", "18", "洪水注意報", None, "advisory", 3, "3220300"),
        ("flood", "04", "洪水警報", None, "warning", 5, "3220400"),
        # Body/Notice: 〈レベル４大雨危険警報〉松江市
        ("heavy_rain", None, "レベル４大雨危険警報", 4, "critical", 1, "3220100"),
    ],
    "15_16_01_241031_VPWW56.xml": [
        ("landslide", "49", "レベル４土砂災害危険警報", 4, "critical", 1, "0121400"),
        ("landslide", "09", "レベル３土砂災害警報", 3, "warning", 1, "0151100"),
        ("landslide", "29", "レベル２土砂災害注意報", 2, "advisory", 8, "0152000"),
    ],
    "15_16_02_250630_VPWW57.xml": [
        ("storm_surge", "48", "レベル４高潮危険警報", 4, "critical", 3, "2620200"),
        ("storm_surge", "08", "レベル３高潮警報", 3, "warning", 2, "2621200"),
    ],
    "15_16_03_241226_VPWW55.xml": [
        ("heavy_rain", "43", "レベル４大雨危険警報", 4, "critical", 1, "0121400"),
        ("heavy_rain", "03", "レベル３大雨警報", 3, "warning", 1, "0151100"),
        ("heavy_rain", "10", "レベル２大雨注意報", 2, "advisory", 8, "0151200"),
    ],
    "15_16_04_250630_VPWW58.xml": [
        ("storm", "05", "暴風警報", None, "warning", 2, "0121400"),
        ("storm", "15", "強風注意報", None, "advisory", 8, "0151200"),
    ],
    "15_16_05_241226_VPWW59.xml": [
        ("wave", "07", "波浪警報", None, "warning", 2, "0151100"),
        ("wave", "16", "波浪注意報", None, "advisory", 7, "0151200"),
    ],
    "15_16_07_241226_VPWW61.xml": [
        ("thunder", "14", "雷注意報", None, "advisory", 1, "0121400"),
        ("snow_melt", "17", "融雪注意報", None, "advisory", 1, "0151100"),
        ("fog", "20", "濃霧注意報", None, "advisory", 1, "0151200"),
        ("dry", "21", "乾燥注意報", None, "advisory", 1, "0151300"),
        ("avalanche", "22", "なだれ注意報", None, "advisory", 1, "0151400"),
        ("cold", "23", "低温注意報", None, "advisory", 2, "0151600"),
        ("frost", "24", "霜注意報", None, "advisory", 1, "0151700"),
        ("ice_accretion", "25", "着氷注意報", None, "advisory", 1, "0151800"),
        ("snow_accretion", "26", "着雪注意報", None, "advisory", 1, "0151900"),
    ],
    "15_16_07_250630_VPWW61.xml": [
        ("thunder", "14", "雷注意報", None, "advisory", 1, "0121400"),
        ("snow_melt", "17", "融雪注意報", None, "advisory", 1, "0151100"),
        ("fog", "20", "濃霧注意報", None, "advisory", 1, "0151200"),
        ("dry", "21", "乾燥注意報", None, "advisory", 1, "0151300"),
        ("avalanche", "22", "なだれ注意報", None, "advisory", 1, "0151400"),
        ("cold", "23", "低温注意報", None, "advisory", 2, "0152000"),
        ("frost", "24", "霜注意報", None, "advisory", 1, "0151700"),
        ("ice_accretion", "25", "着氷注意報", None, "advisory", 1, "0151800"),
        ("snow_accretion", "26", "着雪注意報", None, "advisory", 1, "0151900"),
    ],
    "15_16_08_241226_VPWW57.xml": [
        ("storm_surge", "48", "レベル４高潮危険警報", 4, "critical", 4, "0151400"),
    ],
    "15_16_08_250630_VPWW57.xml": [
        ("storm_surge", "48", "レベル４高潮危険警報", 4, "critical", 4, "0121400"),
    ],
    "15_17_01_241226_VPWW55.xml": [
        ("heavy_rain", "03", "レベル３大雨警報", 3, "warning", 10, "3250500"),
        ("heavy_rain", "10", "レベル２大雨注意報", 2, "advisory", 5, "3234300"),
        ("heavy_rain", "00", "解除", None, "lifted", 1, "3252800"),
    ],
    "15_17_01_250630_VPWW55.xml": [
        ("heavy_rain", "03", "レベル３大雨警報", 3, "warning", 10, "3220100"),
        ("heavy_rain", "10", "レベル２大雨注意報", 2, "advisory", 5, "3244900"),
        ("heavy_rain", "00", "解除", None, "lifted", 1, "3252800"),
    ],
    "15_17_01_241226_VPWW56.xml": [
        ("landslide", "49", "レベル４土砂災害危険警報", 4, "critical", 2, "3220900"),
        ("landslide", "29", "レベル２土砂災害注意報", 2, "advisory", 13, "3220100"),
    ],
    "15_17_01_250630_VPWW56.xml": [
        ("landslide", "49", "レベル４土砂災害危険警報", 4, "critical", 2, "3250500"),
        ("landslide", "29", "レベル２土砂災害注意報", 2, "advisory", 13, "3250100"),
    ],
    "17_02_01_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 2, "0133100")],
    "17_02_02_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 3, "0133300")],
    "17_03_01_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 1, "3320900")],
    "17_03_02_190529_VXWW50.xml": [("landslide", "1", "解除", None, "lifted", 1, "3320900")],
    "17_03_03_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 20, "3366300")],
    "17_03_04_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 25, "3321100")],
    "17_03_05_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 26, "3364300")],
    "17_03_06_190529_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 27, "3320400")],
    "17_03_07_190529_VXWW50.xml": [
        ("landslide", "3", "警戒", 4, "critical", 22, "3310000"),
        ("landslide", "1", "解除", None, "lifted", 5, "3320400"),
    ],
    "17_03_08_190529_VXWW50.xml": [
        ("landslide", "3", "警戒", 4, "critical", 9, "3320700"),
        ("landslide", "1", "解除", None, "lifted", 13, "3310000"),
    ],
    "17_03_09_190529_VXWW50.xml": [
        ("landslide", "3", "警戒", 4, "critical", 1, "3320700"),
        ("landslide", "1", "解除", None, "lifted", 8, "3320800"),
    ],
    "17_03_10_190529_VXWW50.xml": [("landslide", "1", "解除", None, "lifted", 1, "3320700")],
    "17_04_01_250630_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 3, "1420600")],
    "17_04_02_250630_VXWW50.xml": [("landslide", "3", "警戒", 4, "critical", 4, "1438200")],
    "17_04_03_250630_VXWW50.xml": [("landslide", "1", "解除", None, "lifted", 4, "1438400")],
}

# Tsunami, by 津波予報区: (code, kind, severity) → number of areas.
TSUNAMI: dict[str, tuple[str, str, dict[tuple[str, str, str], int]]] = {
    "samples/32-39_11_02_250206_VTSE41.xml": (
        "actual",
        "20110311144640",
        {
            ("53", "大津波警報：発表", "emergency"): 3,
            ("51", "津波警報", "warning"): 5,
            ("62", "津波注意報", "advisory"): 15,
            ("71", "津波予報（若干の海面変動）", "information"): 20,
        },
    ),
    "samples/32-39_11_09_250206_VTSE41.xml": (
        "actual",
        "20110311144640",
        {
            ("52", "大津波警報", "emergency"): 4,
            ("51", "津波警報", "warning"): 4,
            ("62", "津波注意報", "advisory"): 15,
            ("71", "津波予報（若干の海面変動）", "information"): 20,
        },
    ),
    "samples/32-39_11_11_250206_VTSE41.xml": (
        "actual",
        "20110311144640",
        {
            ("52", "大津波警報", "emergency"): 4,
            ("53", "大津波警報：発表", "emergency"): 2,
            ("51", "津波警報", "warning"): 7,
            ("62", "津波注意報", "advisory"): 23,
            ("71", "津波予報（若干の海面変動）", "information"): 15,
        },
    ),
    "samples/32-39_11_13_250206_VTSE41.xml": (
        "actual",
        "20110311144640",
        {
            ("71", "津波予報（若干の海面変動）", "information"): 51,
            ("72", "津波予報（若干の海面変動）", "information"): 15,
        },
    ),
    "samples/32-39_12_02_250206_VTSE41.xml": (
        "exercise",
        "20160901071000",
        {
            ("53", "大津波警報：発表", "emergency"): 29,
            ("51", "津波警報", "warning"): 15,
            ("62", "津波注意報", "advisory"): 22,
        },
    ),
    "samples/32-39_13_07_250206_VTSE41.xml": (
        "exercise",
        "20181204180000",
        {("60", "津波注意報解除", "lifted"): 5},
    ),
    "samples/38-39_02_01_250206_VTSE41.xml": (
        "actual",
        "20151114055157",
        {
            ("62", "津波注意報", "advisory"): 3,
            ("71", "津波予報（若干の海面変動）", "information"): 7,
        },
    ),
    "samples/38-39_02_04_250206_VTSE41.xml": (
        "actual",
        "20151114055157 20151114061750",
        {("60", "津波注意報解除", "lifted"): 3},
    ),
    "real/20220918154907_08013775_VTSE41.xml": (
        "actual",
        "20220918154449",
        {
            ("62", "津波注意報", "advisory"): 1,
            ("71", "津波予報（若干の海面変動）", "information"): 4,
        },
    ),
    "real/20220918171502_07401528_VTSE41.xml": (
        "actual",
        "20220918154449",
        {("60", "津波注意報解除", "lifted"): 1},
    ),
    "real/20231009064018_06274659_VTSE41.xml": (
        "actual",
        "20231009052500",
        {("62", "津波注意報", "advisory"): 2},
    ),
    "real/20231009082436_00085500_VTSE41.xml": (
        "actual",
        "20231009052500",
        {
            ("62", "津波注意報", "advisory"): 9,
            ("71", "津波予報（若干の海面変動）", "information"): 6,
        },
    ),
}

# Earthquakes: file → (telegram, EventID, {(intensity, type of place): number}).
QUAKE: dict[str, tuple[str, str, dict[tuple[str, str], int]]] = {
    "samples/32-35_01_01_100806_VXSE51.xml": (
        "VXSE51",
        "20090811050711",
        {
            ("震度６弱", "prefecture"): 1,
            ("震度６弱", "area"): 2,
            ("震度５強", "area"): 2,
            ("震度４", "prefecture"): 7,
            ("震度４", "area"): 11,
            ("震度３", "area"): 22,
            ("震度３", "prefecture"): 8,
        },
    ),
    "samples/32-35_04_01_100831_VXSE51.xml": (
        "VXSE51",
        "20100125161221",
        {
            ("震度４", "prefecture"): 1,
            ("震度４", "area"): 2,
            ("震度３", "area"): 3,
            ("震度３", "prefecture"): 1,
        },
    ),
    "samples/32-35_08_02_100915_VXSE51.xml": (
        "VXSE51",
        "20100705065610",
        {
            ("震度４", "prefecture"): 2,
            ("震度４", "area"): 4,
            ("震度３", "area"): 5,
            ("震度３", "prefecture"): 1,
        },
    ),
    "real/20210217140808_0_VXSE51_010000.xml": (
        "VXSE51",
        "20210217230627",
        {("震度３", "prefecture"): 2, ("震度３", "area"): 2},
    ),
    "real/20210219091253_0_VXSE51_010000.xml": (
        "VXSE51",
        "20210219181113",
        {("震度４", "prefecture"): 1, ("震度４", "area"): 1},
    ),
    "real/20210216071046_0_VXSE53_270000.xml": (
        "VXSE53",
        "20210216160714",
        {("震度１", "prefecture"): 1, ("震度１", "area"): 1, ("震度１", "city"): 1},
    ),
    "real/20210217140958_0_VXSE53_010000.xml": (
        "VXSE53",
        "20210217230627",
        {
            ("震度３", "prefecture"): 2,
            ("震度３", "area"): 2,
            ("震度３", "city"): 2,
            ("震度２", "city"): 32,
            ("震度１", "city"): 66,
            ("震度２", "area"): 3,
            ("震度１", "prefecture"): 4,
            ("震度１", "area"): 7,
        },
    ),
    "real/20210217190220_0_VXSE53_010000.xml": (
        "VXSE53",
        "20210218035836",
        {
            ("震度３", "prefecture"): 1,
            ("震度３", "area"): 1,
            ("震度３", "city"): 2,
            ("震度２", "city"): 41,
            ("震度１", "city"): 119,
            ("震度２", "area"): 6,
            ("震度２", "prefecture"): 4,
            ("震度１", "area"): 9,
            ("震度１", "prefecture"): 4,
        },
    ),
    "samples/32-35_08_07_240613_VXSE53.xml": (
        "VXSE53",
        "20100705065610",
        {
            ("震度４", "prefecture"): 2,
            ("震度４", "area"): 4,
            ("震度４", "city"): 9,
            ("震度３", "city"): 66,
            ("震度３", "area"): 12,
            ("震度２", "city"): 154,
            ("震度１", "city"): 147,
            ("震度３", "prefecture"): 4,
            ("震度２", "area"): 29,
            ("震度２", "prefecture"): 9,
            ("震度１", "area"): 22,
            ("震度１", "prefecture"): 3,
        },
    ),
}

# Rivers: file → (EventID, code, kind, level, severity, areas).
RIVER: dict[str, tuple[str, str, str, int, str, list[tuple[str, str, str]]]] = {
    "16_01_01_220728_VXKOii.xml": (
        "830303020300",
        "20",
        "氾濫注意情報",
        2,
        "advisory",
        [
            ("123456789012", "○○川上流", "river"),
            ("1234567890", "○○川", "river"),
            ("9876543210", "△△川", "river"),
            ("990000", "○○県", "prefecture"),
            ("990000", "△△県", "prefecture"),
            ("0000000", "○○市", "city"),
            ("0000000", "△△市", "city"),
            ("0000000", "◇◇市", "city"),
            ("0000000", "□□市", "city"),
        ],
    ),
    "16_02_02_220728_VXKOii.xml": (
        "890904000100",
        "30",
        "氾濫警戒情報",
        3,
        "warning",
        [
            ("890904000100", "六角川", "river"),
            ("8909040001", "六角川", "river"),
            ("8909040120", "武雄川", "river"),
            ("410000", "佐賀県", "prefecture"),
            ("4120600", "武雄市", "city"),
            ("4120900", "嬉野市", "city"),
            ("4142300", "大町町", "city"),
            ("4142400", "江北町", "city"),
            ("4142500", "白石町", "city"),
        ],
    ),
    "16_04_01_220728_VXKOii.xml": (
        "123456789012",
        "53",
        "氾濫発生情報（氾濫水の予報）",
        5,
        "emergency",
        [
            ("123456789012", "○○川上流", "river"),
            ("1234567890", "○○川", "river"),
            ("9876543210", "△△川", "river"),
            ("990000", "○○県", "prefecture"),
            ("990000", "△△県", "prefecture"),
            ("0000000", "○○市", "city"),
            ("0000000", "△△市", "city"),
            ("0000000", "□□市", "city"),
        ],
    ),
    "16_05_01_210630_VXKOii.xml": (
        "123456789012",
        "30",
        "氾濫警戒情報",
        3,
        "warning",
        [
            ("123456789012", "○○川上流", "river"),
            ("1234567890", "○○川", "river"),
            ("9876543210", "△△川", "river"),
            ("990000", "○○県", "prefecture"),
            ("990000", "△△県", "prefecture"),
        ],
    ),
}

# 府県気象防災速報: file → (series, phenomenon, kind, severity, areas).
FLASH: dict[str, tuple[str, str, str, str, list[tuple[str, str, str]]]] = {
    "82_01_01_241031_VPBS50.xml": (
        "VPBS50|銚子地方気象台|actual|JPTE202309081000",
        "linear_rainband",
        "線状降水帯発生",
        "critical",
        [
            ("120010", "北西部", "area"),
            ("120020", "北東部", "area"),
            ("120030", "南部", "area"),
        ],
    ),
    "82_01_02_250630_VPBS50.xml": (
        "VPBS50|網走地方気象台|actual|JPSB202307131329",
        "record_rain",
        "記録雨",
        "critical",
        [("013010", "網走地方", "area"), ("0154300", "美幌町", "city")],
    ),
    "82_01_03_241031_VPBS50.xml": (
        "VPBS50|彦根地方気象台|actual|JPOD240001",
        "heavy_snow",
        "短時間大雪",
        "warning",
        [("250020", "北部", "area")],
    ),
    "85(82)_02_02_250630_VPBS50.xml": (
        "VPBS50|福井地方気象台|actual|JPNC240004",
        "heavy_snow",
        "短時間大雪",
        "warning",
        [("180010", "嶺北", "area"), ("180020", "嶺南", "area")],
    ),
    "85(82)_02_05_250630_VPBS50.xml": (
        "VPBS50|福井地方気象台|actual|JPNC240004",
        "heavy_snow",
        "短時間大雪",
        "warning",
        [("180010", "嶺北", "area"), ("180020", "嶺南", "area")],
    ),
}

# Cancellations: file → (telegram, phenomenon).
CANCELLED = {
    "32-35_10_01_220510_VXSE51.xml": ("VXSE51", "earthquake"),
    "32-39_05_12_100915_VXSE53.xml": ("VXSE53", "earthquake"),
    "37_01_03_240613_VXSE43.xml": ("VXSE43", "earthquake"),
    "38-39_03_03_210805_VTSE51.xml": ("VTSE51", "tsunami"),
    "67_01_04_140927_VFVO56.xml": ("VFVO56", "volcano"),
    "74_03_01_220318_VYSE50.xml": ("VYSE50", "earthquake"),
    "01_01_02_091210_VGSK50.xml": ("VGSK50", "other"),
}
