"""Types that are known by name and kept whole: forecasts, observations, charts, notices.

Title in the form of ``wording.normal`` → code. None of them says that a warning is in force; naming
them keeps the daily forecast from being shown to a person as 「電文の種類が分からない」. Several codes may
share a title (one per typhoon): the first stands for them where no file's name says more.
"""

from __future__ import annotations

from typing import Final

NAMED_ONLY: Final[dict[str, str]] = {
    # It ended at the switch of 2026.
    "大雨危険度通知": "VPRN50",
    "早期注意情報(明後日まで)": "VPFD61",
    "警報級の可能性(明日まで)": "VPFD60",
    "警報級の可能性(明後日以降)": "VPFW60",
    "府県気象情報": "VPFJ50",
    "地方気象情報": "VPCJ50",
    "全般気象情報": "VPZJ50",
    "全般天候情報": "VPZI50",
    "地方天候情報": "VPCI50",
    "早期天候情報": "VPAW51",
    "全般潮位情報": "VMCJ50",
    "地方潮位情報": "VMCJ51",
    "府県潮位情報": "VMCJ52",
    "府県天気予報": "VPFD50",
    "府県天気予報(R1)": "VPFD51",
    "府県天気概況": "VPFG50",
    "府県週間天気予報": "VPFW50",
    "地方季節予報(2週間気温予報)": "VPCK70",
    "全般季節予報(2週間気温予報)": "VPZK70",
    "地方1か月予報": "VPCK50",
    "地方3か月予報": "VPCK50",
    "地方暖・寒候期予報": "VPCK50",
    "全般1か月予報": "VPZK50",
    "全般3か月予報": "VPZK50",
    "全般暖・寒候期予報": "VPZK50",
    "地方海上予報": "VPCY50",
    "地方海上予報(H28)": "VPCY51",
    "台風の暴風域に入る確率": "VPTA50",
    "全般台風情報": "VPTI50",
    "全般台風情報(定型)": "VPTI51",
    "全般台風情報(詳細)": "VPTI52",
    "台風解析・予報情報(3日予報)": "VPTW40",
    "台風解析・予報情報(5日予報)": "VPTW50",
    "台風解析・予報情報(5日予報)(H30)": "VPTW60",
    "季節観測": "VGSK50",
    "生物季節観測": "VGSK55",
    "特殊気象報": "VGSK60",
    "紫外線観測データ": "VGUV50",
    "地上実況図": "VZSA50",
    "地上24時間予想図": "VZSF50",
    "地上48時間予想図": "VZSF51",
    "アジア太平洋地上実況図": "VZSA60",
    "アジア太平洋海上悪天24時間予想図": "VZSF60",
    "アジア太平洋海上悪天48時間予想図": "VZSF61",
    "地震・津波に関するお知らせ": "VZSE40",
    "火山に関するお知らせ": "VZVO40",
}
AT_SEA: Final[dict[str, str]] = {
    "地方海上警報": "VPCU50",
    "地方海上警報(H28)": "VPCU51",
    "全般海上警報(定時)": "VPZU50",
    "全般海上警報(臨時)": "VPZU51",
    "全般海上警報(定時)(H29)": "VPZU52",
    "全般海上警報(臨時)(H29)": "VPZU53",
}
"""Warnings for ships: read by their names, for sea areas."""
EXPLAINED: Final[dict[str, str]] = {
    "全般気象解説情報": "VPZJ51",
    "地方気象解説情報": "VPCJ51",
    "府県気象解説情報": "VPFJ51",
    "全般気象解説情報(潮位)": "VMCJ53",
    "地方気象解説情報(潮位)": "VMCJ54",
    "府県気象解説情報(潮位)": "VMCJ55",
}
"""気象解説情報 of 2026, told apart by 情報タグ."""
